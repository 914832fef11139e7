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

#include "mockgpu_types.h"

/**
 * struct mockgpu_backing - the pages behind a buffer, wherever they are
 * @pages: a page for each page of the buffer; NULL in a BAR
 * @pfn: page frame number of the first page, without @pages: they are contiguous
 * @in_bar: there are struct pages in a BAR, while the device is plugged
 * @npages: their number
 * @heads: a bit for each page, set where a block begins; NULL when all blocks have
 *	the same order
 * @order: the order of every block, without @heads
 * @offset: index of the first page in its block, without @heads
 * @generation: changes whenever the buffer gets other pages; unique in the device
 *
 * Valid while the buffer stays locked or pinned.
 */
struct mockgpu_backing {
	struct page **pages;
	unsigned long pfn;
	bool in_bar;
	unsigned long npages;
	const unsigned long *heads;
	u32 order;
	unsigned long offset;
	u64 generation;
};

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
	return backing->pages ? page_to_pfn(backing->pages[page]) : backing->pfn + page;
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
	if (backing->pages)
		return backing->pages[page];
	return backing->in_bar ? pfn_to_page(backing->pfn + page) : NULL;
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
