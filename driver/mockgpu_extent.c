// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where in VRAM a buffer is. amdgpu walks the list of its blocks with a cursor
 * (amdgpu_res_cursor.h); here any page is found by a binary search, since page faults and page
 * queries ask for one at a time.
 */
#include <linux/bug.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "mockgpu_extent.h"
#include "mockgpu_kunit.h"
#include "mockgpu_test_fail.h"

/**
 * mockgpu_blocks_create - allocate a table of blocks
 * @count: how many, at least 1
 *
 * Return: the table, to be filled by mockgpu_blocks_add() and dropped with
 * mockgpu_blocks_put(), or NULL.
 */
struct mockgpu_blocks *mockgpu_blocks_create(u32 count)
{
	struct mockgpu_blocks *blocks;

	if (mockgpu_should_fail("blocks"))
		return NULL;
	blocks = kvzalloc(struct_size(blocks, block, count), GFP_KERNEL_ACCOUNT);
	if (!blocks)
		return NULL;
	kref_init(&blocks->ref);
	blocks->count = count;
	return blocks;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_blocks_create);

/**
 * mockgpu_blocks_add - fill in a block of a new table
 * @blocks: the table, with all blocks before this one
 * @i: index of the block
 * @start: its first page in VRAM
 * @npages: its size
 */
void mockgpu_blocks_add(struct mockgpu_blocks *blocks, u32 i, unsigned long start,
			unsigned long npages)
{
	struct mockgpu_block *block = &blocks->block[i];
	const struct mockgpu_block *before = i ? block - 1 : NULL;

	WARN_ON_ONCE(!is_power_of_2(npages));
	*block = (struct mockgpu_block) {
		.first = before ? before->first + before->npages : 0,
		.start = start,
		.npages = npages,
	};
	blocks->runs += !before || before->start + before->npages != start;
	blocks->end = max(blocks->end, start + npages);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_blocks_add);

static void mockgpu_blocks_free(struct kref *ref)
{
	kvfree(container_of(ref, struct mockgpu_blocks, ref));
}

/**
 * mockgpu_blocks_put - drop a reference to a table
 * @blocks: the table
 */
void mockgpu_blocks_put(struct mockgpu_blocks *blocks)
{
	kref_put(&blocks->ref, mockgpu_blocks_free);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_blocks_put);

/**
 * mockgpu_extent_get - keep the description of an extent longer than its resource
 * @extent: the extent
 */
void mockgpu_extent_get(const struct mockgpu_extent *extent)
{
	if (extent->blocks)
		kref_get(&extent->blocks->ref);
}

/**
 * mockgpu_extent_put - undo mockgpu_extent_get()
 * @extent: the extent
 */
void mockgpu_extent_put(const struct mockgpu_extent *extent)
{
	if (extent->blocks)
		mockgpu_blocks_put(extent->blocks);
}

/* The block with a page of the buffer: the last one that begins at or before it. */
static u32 mockgpu_blocks_find(const struct mockgpu_blocks *blocks, unsigned long page)
{
	u32 low = 0, high = blocks->count, middle;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (blocks->block[middle].first <= page)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/**
 * mockgpu_extent_page - find a page of a buffer in VRAM
 * @extent: where the buffer is
 * @page: index of the page in the buffer
 *
 * Return: index of the page in VRAM.
 */
unsigned long mockgpu_extent_page(const struct mockgpu_extent *extent, unsigned long page)
{
	const struct mockgpu_block *block;

	if (!extent->blocks)
		return extent->start + page;
	block = &extent->blocks->block[mockgpu_blocks_find(extent->blocks, page)];
	return block->start + page - block->first;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_extent_page);

/**
 * mockgpu_extent_run - see how many pages are contiguous in VRAM
 * @extent: where the buffer is
 * @page: index in the buffer of the first one
 * @npages: most that are of interest, not beyond the end of the buffer
 *
 * Return: their number, 1 to @npages.
 */
unsigned long mockgpu_extent_run(const struct mockgpu_extent *extent, unsigned long page,
				 unsigned long npages)
{
	const struct mockgpu_blocks *blocks = extent->blocks;
	const struct mockgpu_block *block;
	unsigned long run;
	u32 i;

	if (!blocks)
		return npages;
	i = mockgpu_blocks_find(blocks, page);
	block = &blocks->block[i];
	run = block->first + block->npages - page;
	while (run < npages && ++i < blocks->count &&
	       block[1].start == block->start + block->npages)
		run += (++block)->npages;
	return min(run, npages);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_extent_run);

/**
 * mockgpu_extent_block - get the size of the block with a page
 * @extent: where the buffer is
 * @page: index of the page in the buffer
 *
 * Return: pages, a power of two to whose multiple in VRAM the block is aligned, or 0 for an
 * extent without blocks.
 */
unsigned long mockgpu_extent_block(const struct mockgpu_extent *extent, unsigned long page)
{
	if (!extent->blocks)
		return 0;
	return extent->blocks->block[mockgpu_blocks_find(extent->blocks, page)].npages;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_extent_block);
