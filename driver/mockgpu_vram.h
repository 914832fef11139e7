/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM: what TTM manages as the GPU's own memory.
 *
 * Locking: a resource belongs to a buffer and is protected by its lock. VRAM itself
 * never changes between mockgpu_vram_init() and mockgpu_vram_fini().
 * Units: resources count in pages, sizes are in bytes.
 * Errors: -EOPNOTSUPP without VRAM, -E2BIG for more than all of it.
 */
#ifndef MOCKGPU_VRAM_H
#define MOCKGPU_VRAM_H

#include <linux/mm.h>

#include "mockgpu_extent.h"
#include "mockgpu_types.h"

/* A carve-out consists of blocks of 2 MiB, and no block of VRAM counts as larger. */
#define MOCKGPU_VRAM_ORDER	get_order(SZ_2M)

int mockgpu_vram_init(struct mockgpu_device *mdev);
void mockgpu_vram_fini(struct mockgpu_device *mdev);
unsigned long mockgpu_vram_used(struct mockgpu_device *mdev);
int mockgpu_vram_check(struct mockgpu_device *mdev, const struct mockgpu_bo_desc *desc);
u32 mockgpu_vram_caching(struct mockgpu_device *mdev);
u32 mockgpu_vram_source(struct mockgpu_device *mdev);
u32 mockgpu_vram_manager(struct mockgpu_device *mdev);
u32 mockgpu_vram_order(const struct mockgpu_extent *extent, unsigned long page);
struct page **mockgpu_vram_pages(const struct mockgpu_vram *vram,
				 const struct mockgpu_extent *extent, unsigned long npages);
int mockgpu_vram_vmap(const struct mockgpu_vram *vram, const struct mockgpu_extent *extent,
		      unsigned long npages, struct iosys_map *map);
void mockgpu_vram_vunmap(const struct iosys_map *map);

/**
 * mockgpu_vram_bytes - get the size of VRAM
 * @vram: VRAM
 *
 * Return: bytes.
 */
static inline u64 mockgpu_vram_bytes(const struct mockgpu_vram *vram)
{
	return (u64)vram->npages << PAGE_SHIFT;
}

/**
 * mockgpu_vram_pfn - get the page frame number of a page of VRAM
 * @vram: VRAM
 * @page: index of the page in VRAM
 *
 * Return: the number.
 */
static inline unsigned long mockgpu_vram_pfn(const struct mockgpu_vram *vram, unsigned long page)
{
	return vram->pages ? page_to_pfn(vram->pages[page]) : vram->pfn + page;
}

void mockgpu_vram_lose(struct mockgpu_device *mdev);
void mockgpu_vram_clear(struct mockgpu_device *mdev,
			const struct ttm_resource *res, size_t size);
int mockgpu_vram_access(struct mockgpu_bo *bo, unsigned long offset, void *buf,
			int len, int write);

/* For struct ttm_device_funcs. */
int mockgpu_vram_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res);
unsigned long mockgpu_vram_io_mem_pfn(struct ttm_buffer_object *tbo,
				      unsigned long page);

#endif /* MOCKGPU_VRAM_H */
