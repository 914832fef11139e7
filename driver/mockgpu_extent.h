/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in VRAM a buffer is: in one run of pages, or scattered in blocks.
 *
 * Locking: an extent is as valid as the resource that it describes. Who needs it longer, as a
 * job of the engine, takes a reference to its blocks, which never change.
 * Units: pages. Those of a buffer count from 0, those of VRAM from its beginning.
 */
#ifndef MOCKGPU_EXTENT_H
#define MOCKGPU_EXTENT_H

#include <linux/kref.h>
#include <linux/types.h>

/**
 * struct mockgpu_block - a block of VRAM that a buffer has
 * @first: index of the block's first page in the buffer
 * @start: its first page in VRAM
 * @npages: its size, a power of two
 */
struct mockgpu_block {
	unsigned long first;
	unsigned long start;
	unsigned long npages;
};

/**
 * struct mockgpu_blocks - all blocks of a buffer
 * @ref: references
 * @count: number of blocks
 * @runs: number of contiguous parts that they make in the order of the buffer
 * @end: first page of VRAM behind all of them
 * @block: the blocks, in the order of the buffer
 */
struct mockgpu_blocks {
	struct kref ref;
	u32 count;
	u32 runs;
	unsigned long end;
	struct mockgpu_block block[];
};

/**
 * struct mockgpu_extent - where in VRAM a buffer is
 * @start: its first page in VRAM
 * @blocks: its blocks, or NULL when it is one run from @start on
 */
struct mockgpu_extent {
	unsigned long start;
	struct mockgpu_blocks *blocks;
};

struct mockgpu_blocks *mockgpu_blocks_create(u32 count);
void mockgpu_blocks_add(struct mockgpu_blocks *blocks, u32 i, unsigned long start,
			unsigned long npages);
void mockgpu_blocks_put(struct mockgpu_blocks *blocks);

void mockgpu_extent_get(const struct mockgpu_extent *extent);
void mockgpu_extent_put(const struct mockgpu_extent *extent);
unsigned long mockgpu_extent_page(const struct mockgpu_extent *extent, unsigned long page);
unsigned long mockgpu_extent_run(const struct mockgpu_extent *extent, unsigned long page,
				 unsigned long npages);
unsigned long mockgpu_extent_block(const struct mockgpu_extent *extent, unsigned long page);

/**
 * mockgpu_extent_is_scattered - whether it is more than one run
 * @extent: the extent
 *
 * Return: true when it is: no address in the kernel's mapping of VRAM is that of the buffer.
 */
static inline bool mockgpu_extent_is_scattered(const struct mockgpu_extent *extent)
{
	return extent->blocks && extent->blocks->runs > 1;
}

/**
 * mockgpu_extent_end - get the first page of VRAM behind an extent
 * @extent: the extent
 * @npages: size of the buffer
 *
 * Return: the page.
 */
static inline unsigned long mockgpu_extent_end(const struct mockgpu_extent *extent,
					       unsigned long npages)
{
	return extent->blocks ? extent->blocks->end : extent->start + npages;
}

#endif /* MOCKGPU_EXTENT_H */
