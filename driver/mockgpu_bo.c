// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects as the rest of the driver uses them.
 */
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "mockgpu_bo.h"
#include "mockgpu_buddy.h"
#include "mockgpu_kunit.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_visible.h"
#include "mockgpu_vram.h"

/**
 * mockgpu_bo_put - drop a reference to a buffer
 * @bo: the buffer
 */
void mockgpu_bo_put(struct mockgpu_bo *bo)
{
	drm_gem_object_put(&bo->tbo.base);
}

/**
 * mockgpu_bo_lock - lock a buffer: take its reservation
 * @bo: the buffer
 *
 * Return: 0 or -ERESTARTSYS.
 */
int mockgpu_bo_lock(struct mockgpu_bo *bo)
{
	/* Like a signal. User space must not see ERESTARTSYS unless there is one. */
	if (mockgpu_should_fail("lock"))
		return -EINTR;
	return ttm_bo_reserve(&bo->tbo, true, false, NULL);
}

/**
 * mockgpu_bo_unlock - undo mockgpu_bo_lock()
 * @bo: the buffer
 */
void mockgpu_bo_unlock(struct mockgpu_bo *bo)
{
	ttm_bo_unreserve(&bo->tbo);
}

/**
 * mockgpu_bo_put_locked - unlock a buffer and drop a reference to it
 * @bo: the buffer
 */
void mockgpu_bo_put_locked(struct mockgpu_bo *bo)
{
	mockgpu_bo_unlock(bo);
	mockgpu_bo_put(bo);
}

/**
 * mockgpu_bo_lookup - look up the buffer of a handle
 * @file: the client
 * @handle: its GEM handle
 *
 * Return: the buffer, to be dropped with mockgpu_bo_put(), or NULL.
 */
struct mockgpu_bo *mockgpu_bo_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *gem = drm_gem_object_lookup(file, handle);

	return gem ? gem_to_mockgpu_bo(gem) : NULL;
}

/**
 * mockgpu_bo_lookup_locked - look up the buffer of a handle and lock it
 * @file: the client
 * @handle: its GEM handle
 *
 * Return: the buffer, to be dropped with mockgpu_bo_put_locked(), or an ERR_PTR():
 * -ENOENT, -ERESTARTSYS.
 */
struct mockgpu_bo *mockgpu_bo_lookup_locked(struct drm_file *file, u32 handle)
{
	struct mockgpu_bo *bo = mockgpu_bo_lookup(file, handle);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOENT);
	ret = mockgpu_bo_lock(bo);
	if (!ret)
		return bo;
	mockgpu_bo_put(bo);
	return ERR_PTR(ret);
}

/**
 * mockgpu_bo_lookup_owned - look up and lock a buffer that the client created
 * @file: the client
 * @handle: its GEM handle
 *
 * For operations that change a buffer for everybody who has it: PRIME gives everybody who
 * receives the dma-buf a handle of the same buffer. Imports and user memory are not checked,
 * because these operations refuse them anyway.
 *
 * Return: as mockgpu_bo_lookup_locked(), or -EPERM for a client that neither created the
 * buffer nor has CAP_SYS_ADMIN.
 */
struct mockgpu_bo *mockgpu_bo_lookup_owned(struct drm_file *file, u32 handle)
{
	struct mockgpu_bo *bo = mockgpu_bo_lookup_locked(file, handle);

	if (IS_ERR(bo) || mockgpu_bo_is_external(bo) || bo->owner == mockgpu_client(file) ||
	    capable(CAP_SYS_ADMIN))
		return bo;
	mockgpu_bo_put_locked(bo);
	return ERR_PTR(-EPERM);
}

static bool mockgpu_bo_in_vram(struct mockgpu_bo *bo)
{
	return bo->tbo.resource && bo->tbo.resource->mem_type == TTM_PL_VRAM;
}

/**
 * mockgpu_bo_backing - get the pages behind a buffer
 * @bo: the buffer, locked or pinned
 * @backing: out
 *
 * This is the only place that knows where a buffer's own pages are.
 *
 * Return: true, or false when there are none: the buffer is swapped out or revoked, or
 * it is an import, of which a device knows addresses only, or user memory, see
 * mockgpu_userptr_pages().
 */
bool mockgpu_bo_backing(struct mockgpu_bo *bo, struct mockgpu_backing *backing)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct ttm_tt *ttm = bo->tbo.ttm;

	*backing = (struct mockgpu_backing) { .npages = mockgpu_bo_npages(bo) };
	if (mockgpu_bo_in_vram(bo)) {
		backing->vram = &mdev->vram;
		backing->extent = mockgpu_vram_extent(mdev, bo->tbo.resource);
		backing->generation = bo->vram_generation;
		return true;
	}
	if (!ttm || !ttm_tt_is_populated(ttm) || mockgpu_tt_is_import(ttm))
		return false;
	backing->pages = ttm->pages;
	backing->heads = to_mockgpu_tt(ttm)->heads;
	backing->order = to_mockgpu_tt(ttm)->order;
	backing->generation = to_mockgpu_tt(ttm)->generation;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_backing);

/**
 * mockgpu_bo_note_bar - note where in a BAR a buffer is, for who cannot take its lock
 * @bo: the buffer, which has just been moved
 */
void mockgpu_bo_note_bar(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	unsigned long pfn = 0;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_in_vram(bo) && !mdev->vram.pages)
		pfn = mdev->vram.pfn + mockgpu_vram_extent(mdev, bo->tbo.resource).start;
	WRITE_ONCE(bo->bar_pfn, pfn);
}

/**
 * mockgpu_bo_has_pages - whether a buffer has pages now
 * @bo: the buffer
 *
 * Return: as mockgpu_bo_backing().
 */
bool mockgpu_bo_has_pages(struct mockgpu_bo *bo)
{
	struct mockgpu_backing backing;

	dma_resv_assert_held(bo->tbo.base.resv);
	return mockgpu_bo_backing(bo, &backing);
}

/**
 * mockgpu_backing_block - find the block that a page was allocated in
 * @backing: the pages of a buffer
 * @page: index of the page
 * @order: out: order of its block
 * @index: out: index of the page in its block
 */
void mockgpu_backing_block(const struct mockgpu_backing *backing, unsigned long page,
			   u32 *order, u32 *index)
{
	unsigned long head, next;

	if (backing->vram) {
		*order = mockgpu_vram_order(&backing->extent, page);
		*index = mockgpu_extent_page(&backing->extent, page) & (BIT(*order) - 1);
		return;
	}
	if (!backing->heads) {
		*order = backing->order;
		*index = page & (BIT(backing->order) - 1);
		return;
	}
	/* The first page is a head, or mockgpu_pages_record() would have refused. */
	head = find_last_bit(backing->heads, page + 1);
	next = find_next_bit(backing->heads, backing->npages, page + 1);
	*order = ilog2(next - head);
	*index = page - head;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_backing_block);

/**
 * mockgpu_bo_placement - where a buffer is
 * @bo: the buffer
 *
 * Return: enum mockgpu_placement.
 */
u32 mockgpu_bo_placement(struct mockgpu_bo *bo)
{
	if (mockgpu_bo_in_vram(bo))
		return MOCKGPU_PLACEMENT_VRAM;
	if (bo->tbo.resource && bo->tbo.resource->mem_type == TTM_PL_TT)
		return MOCKGPU_PLACEMENT_GTT;
	return MOCKGPU_PLACEMENT_SYSTEM;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_placement);

static const struct ttm_place mockgpu_place_gtt = { .mem_type = TTM_PL_TT };
static const struct ttm_place mockgpu_place_system = { .mem_type = TTM_PL_SYSTEM };

/**
 * mockgpu_ttm_placement - translate a placement for TTM
 * @bo: the buffer
 * @placement: out
 * @where: enum mockgpu_placement
 */
void mockgpu_ttm_placement(struct mockgpu_bo *bo, struct ttm_placement *placement, u32 where)
{
	switch (where) {
	case MOCKGPU_PLACEMENT_GTT:
		mockgpu_placement_init(placement, &mockgpu_place_gtt);
		break;
	case MOCKGPU_PLACEMENT_VRAM:
		mockgpu_placement_init(placement, mockgpu_visible_place(bo));
		break;
	default:
		mockgpu_placement_init(placement, &mockgpu_place_system);
	}
}

/**
 * mockgpu_bo_movable - whether a buffer may move
 * @bo: the buffer
 *
 * Return: 0, -EINVAL for an import or user memory, whose pages belong to others, -ENODEV when it
 * is revoked, -EBUSY when it is pinned.
 */
int mockgpu_bo_movable(struct mockgpu_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_is_external(bo))
		return -EINVAL;
	if (bo->revoked)
		return -ENODEV;
	return bo->tbo.pin_count ? -EBUSY : 0;
}

/**
 * mockgpu_bo_validate - move a buffer to a placement
 * @bo: the buffer
 * @where: enum mockgpu_placement
 *
 * On success the buffer has pages, except in MOCKGPU_PLACEMENT_SYSTEM.
 *
 * Return: 0, -EBUSY when it is pinned elsewhere, -ENODEV when it is revoked, or another
 * negative errno of ttm_bo_validate().
 */
int mockgpu_bo_validate(struct mockgpu_bo *bo, u32 where)
{
	struct ttm_operation_ctx ctx = {
		.interruptible = true,
		.gfp_retry_mayfail = true,
	};
	struct ttm_placement placement;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_should_fail("place"))
		return -ENOMEM;
	if (bo->tbo.pin_count && mockgpu_bo_placement(bo) != where)
		return -EBUSY;
	mockgpu_ttm_placement(bo, &placement, where);
	return ttm_bo_validate(&bo->tbo, &placement, &ctx);
}

/**
 * mockgpu_bo_restore - give a buffer memory again that was discarded
 * @bo: the buffer
 *
 * TTM has left it without a resource, which TTM's page fault handler would follow, or before 6.2 in
 * SYSTEM. No signal interrupts it: see mockgpu_bo_make_visible().
 *
 * Return: 0, also when it has memory, or a negative errno of ttm_bo_validate().
 */
int mockgpu_bo_restore(struct mockgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = { .gfp_retry_mayfail = true };
	struct ttm_placement placement;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!bo->discarded || mockgpu_bo_placement(bo) != MOCKGPU_PLACEMENT_SYSTEM)
		return 0;
	if (mockgpu_should_fail("restore"))
		return -ENOMEM;
	mockgpu_ttm_placement(bo, &placement, MOCKGPU_PLACEMENT_GTT);
	return ttm_bo_validate(&bo->tbo, &placement, &ctx);
}

/**
 * mockgpu_bo_wait_moved - wait until a buffer's pages have its contents
 * @bo: the buffer
 * @interruptible: whether a signal may interrupt it
 *
 * Call it before the CPU reads or writes them: the engine may not have copied yet, and what
 * the pages contain until then is nobody's business.
 *
 * Return: 0 or -ERESTARTSYS.
 */
int mockgpu_bo_wait_moved(struct mockgpu_bo *bo, bool interruptible)
{
	long ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	ret = dma_resv_wait_timeout(bo->tbo.base.resv, DMA_RESV_USAGE_KERNEL,
				    interruptible, MAX_SCHEDULE_TIMEOUT);
	return min(ret, 0l);
}

/**
 * mockgpu_bo_place - have a buffer where the device can access it
 * @bo: the buffer; an import is attached and mapped
 *
 * Return: 0 or a negative errno of mockgpu_bo_validate().
 */
int mockgpu_bo_place(struct mockgpu_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_placement(bo) != MOCKGPU_PLACEMENT_SYSTEM)
		return 0;
	return mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
}

/**
 * mockgpu_bo_pin_placed - pin a buffer where the device can access it
 * @bo: the buffer, no import
 *
 * A buffer in SYSTEM moves to GTT first. It could not move later, and an importer that
 * asked for its addresses in SYSTEM would not be told when it is swapped out.
 *
 * Return: 0 or a negative errno of mockgpu_bo_validate(). Undo with ttm_bo_unpin().
 */
int mockgpu_bo_pin_placed(struct mockgpu_bo *bo)
{
	int ret = mockgpu_bo_place(bo);

	if (!ret)
		ttm_bo_pin(&bo->tbo);
	return ret;
}
