/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffer objects as the rest of the driver uses them: lookup, locking, placement,
 * pinning, and the pages behind them.
 *
 * Locking: a lookup returns a reference, which mockgpu_bo_put() drops. mockgpu_bo_lock()
 * takes the reservation. All functions that take a buffer and are not about references
 * or the lock need it locked, unless they say otherwise.
 * Units: pages count from 0 in a buffer, sizes are in bytes.
 * Errors: a negative errno that an ioctl can return.
 */
#ifndef MOCKGPU_BO_H
#define MOCKGPU_BO_H

#include <linux/mm.h>

#include "mockgpu_extent.h"
#include "mockgpu_types.h"
#include "mockgpu_vram.h"

/**
 * struct mockgpu_backing - the pages behind a buffer, wherever they are
 * @vram: VRAM that has them, or NULL for system pages
 * @extent: where in @vram
 * @pages: the system pages
 * @npages: their number
 * @heads: of system pages a bit for each, set where a block begins; NULL when all blocks
 *	have the same order
 * @order: of system pages the order of every block, without @heads
 * @generation: changes whenever the buffer gets other pages; unique in the device
 *
 * Valid while the buffer stays locked or pinned.
 */
struct mockgpu_backing {
	const struct mockgpu_vram *vram;
	struct mockgpu_extent extent;
	struct page **pages;
	unsigned long npages;
	const unsigned long *heads;
	u32 order;
	u64 generation;
};

/**
 * mockgpu_backing_is_bar - whether the pages are in a BAR
 * @backing: the pages of a buffer
 *
 * Return: true when they are: they have no struct pages, or only while the device is plugged.
 */
static inline bool mockgpu_backing_is_bar(const struct mockgpu_backing *backing)
{
	return backing->vram && !backing->vram->pages;
}

/**
 * mockgpu_backing_page - get the struct page of a page
 * @backing: the pages of a buffer
 * @page: index of the page
 *
 * The caller is between drm_dev_enter() and drm_dev_exit(): struct pages in a BAR go with the
 * device.
 *
 * Return: the page, or NULL when there is none.
 */
static inline struct page *mockgpu_backing_page(const struct mockgpu_backing *backing,
						unsigned long page)
{
	const struct mockgpu_vram *vram = backing->vram;
	unsigned long at;

	if (!vram)
		return backing->pages[page];
	at = mockgpu_extent_page(&backing->extent, page);
	if (vram->pages)
		return vram->pages[at];
	return vram->bar_pages ? pfn_to_page(vram->pfn + at) : NULL;
}

/**
 * mockgpu_backing_pfn - get the page frame number of a page
 * @backing: the pages of a buffer
 * @page: index of the page
 *
 * Return: the number.
 */
static inline unsigned long mockgpu_backing_pfn(const struct mockgpu_backing *backing,
						unsigned long page)
{
	if (!backing->vram)
		return page_to_pfn(backing->pages[page]);
	return mockgpu_vram_pfn(backing->vram, mockgpu_extent_page(&backing->extent, page));
}

struct mockgpu_bo *mockgpu_bo_lookup(struct drm_file *file, u32 handle);
struct mockgpu_bo *mockgpu_bo_lookup_locked(struct drm_file *file, u32 handle);
struct mockgpu_bo *mockgpu_bo_lookup_owned(struct drm_file *file, u32 handle);
void mockgpu_bo_put(struct mockgpu_bo *bo);
void mockgpu_bo_put_locked(struct mockgpu_bo *bo);
int mockgpu_bo_lock(struct mockgpu_bo *bo);
void mockgpu_bo_unlock(struct mockgpu_bo *bo);

bool mockgpu_bo_backing(struct mockgpu_bo *bo, struct mockgpu_backing *backing);
void mockgpu_bo_note_bar(struct mockgpu_bo *bo);
bool mockgpu_bo_has_pages(struct mockgpu_bo *bo);
void mockgpu_backing_block(const struct mockgpu_backing *backing, unsigned long page,
			   u32 *order, u32 *index);

u32 mockgpu_bo_placement(struct mockgpu_bo *bo);
void mockgpu_ttm_placement(struct mockgpu_bo *bo, struct ttm_placement *placement, u32 where);
int mockgpu_bo_movable(struct mockgpu_bo *bo);
int mockgpu_bo_validate(struct mockgpu_bo *bo, u32 where);
int mockgpu_bo_restore(struct mockgpu_bo *bo);
int mockgpu_bo_wait_moved(struct mockgpu_bo *bo, bool interruptible);
int mockgpu_bo_place(struct mockgpu_bo *bo);
int mockgpu_bo_pin_placed(struct mockgpu_bo *bo);

#endif /* MOCKGPU_BO_H */
