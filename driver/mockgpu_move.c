// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that change their placement, their pages or their memory because somebody
 * asks. TTM does the work, so user mappings see what they see with a real driver.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include <drm/drm_file.h>

#include "mockgpu_blit.h"
#include "mockgpu_bo.h"
#include "mockgpu_gem.h"
#include "mockgpu_kunit.h"
#include "mockgpu_move.h"
#include "mockgpu_prime.h"
#include "mockgpu_shrink.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_trace.h"
#include "mockgpu_visible.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

/**
 * mockgpu_bo_renew - give a buffer in GTT new pages with the same contents
 * @bo: the buffer, not pinned
 * @caching: enum mockgpu_caching of the new pages
 *
 * A second buffer lends its struct ttm_tt, so all accounting is TTM's. The old pages are
 * freed after the new ones are allocated, so none of them comes back. If the engine copies,
 * TTM keeps the second buffer, which then has the old pages, until its fence signals.
 *
 * Return: 0 or a negative errno, after which nothing has changed.
 */
static int mockgpu_bo_renew(struct mockgpu_bo *bo, u32 caching)
{
	struct mockgpu_bo_desc desc = bo->desc;
	struct mockgpu_bo *lender;
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	desc.caching = caching;
	desc.placement = MOCKGPU_PLACEMENT_GTT;
	lender = mockgpu_bo_create(mockgpu_bo_device(bo), &desc, bo, true);
	if (IS_ERR(lender))
		return PTR_ERR(lender);
	ret = mockgpu_blit_pages(bo, lender->tbo.ttm);
	if (ret) {
		mockgpu_bo_put(lender);
		return ret;
	}
	swap(bo->tbo.ttm, lender->tbo.ttm);
	swap(to_mockgpu_tt(bo->tbo.ttm)->bo, to_mockgpu_tt(lender->tbo.ttm)->bo);
	trace_mockgpu_bo_move(bo, TTM_PL_TT, TTM_PL_TT, false, 0);
	bo->desc.caching = caching;
	bo->moves++;
	mockgpu_bo_put(lender);
	return 0;
}

static int mockgpu_bo_move(struct mockgpu_bo *bo, u32 placement, u32 flags)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	u32 before = mockgpu_bo_placement(bo);
	int ret;

	ret = mockgpu_bo_movable(bo);
	if (ret)
		return ret;
	if (flags & MOCKGPU_MOVE_INVISIBLE)
		return mockgpu_bo_hide(bo);
	if (placement == MOCKGPU_PLACEMENT_VRAM) {
		ret = mockgpu_vram_check(mdev, &bo->desc);
		if (ret)
			return ret;
	}
	ret = mockgpu_bo_validate(bo, placement);
	if (ret || !(flags & MOCKGPU_MOVE_NEW_PAGES) || before == MOCKGPU_PLACEMENT_VRAM)
		return ret;
	return mockgpu_bo_renew(bo, bo->desc.caching);
}

/**
 * mockgpu_bo_move_ioctl - DRM_IOCTL_MOCKGPU_BO_MOVE
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_move
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_move_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_mockgpu_bo_move *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (args->placement >= MOCKGPU_PLACEMENT_COUNT || args->reserved ||
	    args->flags & ~(MOCKGPU_MOVE_NEW_PAGES | MOCKGPU_MOVE_INVISIBLE))
		return -EINVAL;
	if (args->flags & MOCKGPU_MOVE_NEW_PAGES && args->placement != MOCKGPU_PLACEMENT_GTT)
		return -EINVAL;
	if (args->flags & MOCKGPU_MOVE_INVISIBLE && args->placement != MOCKGPU_PLACEMENT_VRAM)
		return -EINVAL;
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = mockgpu_bo_move(bo, args->placement, args->flags);
	mockgpu_bo_put_locked(bo);
	return ret;
}

static int mockgpu_bo_set_caching(struct mockgpu_bo *bo, u32 caching)
{
	int ret;

	ret = mockgpu_bo_movable(bo);
	if (ret || bo->desc.caching == caching)
		return ret;
	if (mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM) {
		bo->desc.caching = caching;
		return 0;
	}
	ret = mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
	if (ret)
		return ret;
	return mockgpu_bo_renew(bo, caching);
}

/**
 * mockgpu_bo_set_caching_ioctl - DRM_IOCTL_MOCKGPU_BO_SET_CACHING
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_set_caching
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_set_caching_ioctl(struct drm_device *drm, void *data,
				 struct drm_file *file)
{
	struct drm_mockgpu_bo_set_caching *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (args->caching >= MOCKGPU_CACHING_COUNT || args->flags || args->reserved)
		return -EINVAL;
	bo = mockgpu_bo_lookup_owned(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = mockgpu_bo_set_caching(bo, args->caching);
	mockgpu_bo_put_locked(bo);
	return ret;
}

static int mockgpu_bo_pin(struct mockgpu_bo *bo)
{
	int ret;

	if (mockgpu_bo_is_external(bo))
		return -EINVAL;
	if (bo->revoked)
		return -ENODEV;
	if (bo->pinned)
		return -EBUSY;
	ret = mockgpu_bo_pin_placed(bo);
	bo->pinned = !ret;
	return ret;
}

static int mockgpu_bo_unpin(struct mockgpu_bo *bo)
{
	if (!bo->pinned)
		return -ENOENT;
	ttm_bo_unpin(&bo->tbo);
	bo->pinned = false;
	return 0;
}

/**
 * mockgpu_bo_pin_ioctl - DRM_IOCTL_MOCKGPU_BO_PIN
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_pin
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_pin_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_mockgpu_bo_pin *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (args->op > MOCKGPU_UNPIN || args->flags || args->reserved)
		return -EINVAL;
	bo = mockgpu_bo_lookup_owned(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = args->op == MOCKGPU_PIN ? mockgpu_bo_pin(bo) : mockgpu_bo_unpin(bo);
	mockgpu_bo_put_locked(bo);
	return ret;
}

/**
 * mockgpu_swap_is_for - whether a call from TTM is on behalf of mockgpu_bo_swapout()
 * @mdev: the device
 * @tbo: out: the buffer object to swap out
 *
 * Only calls in the task that swaps out are; all others evict and swap as usual.
 *
 * Return: true when it is.
 */
bool mockgpu_swap_is_for(struct mockgpu_device *mdev, struct ttm_buffer_object **tbo)
{
	if (READ_ONCE(mdev->swap_task) != current)
		return false;
	*tbo = &mdev->swap_bo->tbo;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_swap_is_for);

/*
 * TTM exports no function that swaps out one buffer. ttm_device_swapout() asks
 * mockgpu_eviction_valuable() about each, and accepts one that the caller has locked if
 * the context says so.
 */
static int mockgpu_bo_swapout_only(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct ttm_operation_ctx ctx = {
		.interruptible = true,
		.resv = bo->tbo.base.resv,
		.allow_res_evict = true,
	};
	int ret;

	if (mockgpu_should_fail("swapout"))
		return -ENOMEM;
	mdev->swap_bo = bo;
	WRITE_ONCE(mdev->swap_task, current);
	ret = ttm_device_swapout(&mdev->ttm, &ctx, GFP_KERNEL);
	WRITE_ONCE(mdev->swap_task, NULL);
	mdev->swap_bo = NULL;
	/* Without memory for the contents TTM goes on to the next one, and finds none. */
	return ret ? min(ret, 0) : -ENOMEM;
}

/*
 * TTM counts the pages of a buffer that it may swap out, and does not stop when the buffer is
 * backed up. So the first time, the buffer gets pages that it does not count.
 */
static int mockgpu_bo_prepare_backup(struct mockgpu_bo *bo)
{
	int ret;

	if (!mockgpu_bo_has_pages(bo) || mockgpu_tt_can_back_up(bo->tbo.ttm))
		return 0;
	ret = mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
	if (ret)
		return ret;
	return mockgpu_bo_renew(bo, bo->desc.caching);
}

static int mockgpu_bo_swapout(struct mockgpu_bo *bo, u32 flags)
{
	bool backup = flags & MOCKGPU_SWAPOUT_BACKUP || bo->can_back_up;
	int ret;

	ret = mockgpu_bo_movable(bo);
	if (!ret && backup)
		ret = mockgpu_bo_backup_check(bo);
	if (ret)
		return ret;
	bo->can_back_up = backup;
	if (mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM)
		ret = mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
	if (!ret && backup)
		ret = mockgpu_bo_prepare_backup(bo);
	if (ret)
		return ret;
	if (!mockgpu_bo_has_pages(bo))
		return 0;
	return backup ? mockgpu_bo_backup(bo) : mockgpu_bo_swapout_only(bo);
}

/**
 * mockgpu_bo_swapout_ioctl - DRM_IOCTL_MOCKGPU_BO_SWAPOUT
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_swapout
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_swapout_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file)
{
	struct mockgpu_device *mdev = to_mockgpu_device(drm);
	struct drm_mockgpu_bo_swapout *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (args->flags & ~MOCKGPU_SWAPOUT_BACKUP)
		return -EINVAL;
	ret = mutex_lock_interruptible(&mdev->swap_lock);
	if (ret)
		return ret;
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo)) {
		ret = PTR_ERR(bo);
	} else {
		ret = mockgpu_bo_swapout(bo, args->flags);
		mockgpu_bo_put_locked(bo);
	}
	mutex_unlock(&mdev->swap_lock);
	return ret;
}

/* Swapped-out contents are the buffer's memory, too, and must not survive. */
static void mockgpu_swap_drop(struct ttm_tt *ttm)
{
	mockgpu_tt_drop_backup(to_mockgpu_tt(ttm));
	if (!(ttm->page_flags & TTM_TT_FLAG_SWAPPED))
		return;
	fput(ttm->swap_storage);
	ttm->swap_storage = NULL;
	ttm->page_flags &= ~TTM_TT_FLAG_SWAPPED;
}

/*
 * Without a placement, ttm_bo_validate() frees the pages, but leaves user mappings alone
 * and, since 6.2, the buffer without a resource. Parts of TTM expect one, so allocate it
 * while there is a way back.
 */
static int mockgpu_bo_gut(struct mockgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_placement system, none = {};
	struct ttm_buffer_object *tbo = &bo->tbo;
	struct ttm_resource *res;
	int ret;

	/* TTM frees the memory of an idle buffer at once instead of through a ghost. */
	ret = ttm_bo_wait_ctx(tbo, &ctx);
	if (ret)
		return ret;
	mockgpu_ttm_placement(bo, &system, MOCKGPU_PLACEMENT_SYSTEM);
	if (mockgpu_should_fail("gut"))
		return -ENOMEM;
	ret = ttm_bo_mem_space(tbo, &system, &res, &ctx);
	if (ret)
		return ret;
	ttm_bo_unmap_virtual(tbo);
	mockgpu_dmabuf_notify_move(bo);
	ret = ttm_bo_validate(tbo, &none, &ctx);
	if (!ret && !tbo->resource)
		ttm_bo_assign_mem(tbo, res);
	else
		ttm_resource_free(tbo, &res);
	mockgpu_bo_note_bar(bo);
	return ret;
}

static int mockgpu_bo_revoke(struct mockgpu_bo *bo)
{
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_is_external(bo))
		return -EINVAL;
	if (bo->revoked)
		return 0;
	if (bo->tbo.pin_count)
		return -EBUSY;
	ret = mockgpu_bo_gut(bo);
	if (ret)
		return ret;
	bo->revoked = true;
	/* Populating it fails from now on. */
	to_mockgpu_tt(bo->tbo.ttm)->revoked = true;
	mockgpu_swap_drop(bo->tbo.ttm);
	mockgpu_bo_uncharge_pages(bo);
	trace_mockgpu_bo_revoke(bo);
	return 0;
}

/**
 * mockgpu_bo_revoke_ioctl - DRM_IOCTL_MOCKGPU_BO_REVOKE
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_revoke
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_revoke_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	struct drm_mockgpu_bo_revoke *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (args->flags)
		return -EINVAL;
	bo = mockgpu_bo_lookup_owned(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = mockgpu_bo_revoke(bo);
	mockgpu_bo_put_locked(bo);
	return ret;
}
