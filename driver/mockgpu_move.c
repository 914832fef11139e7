// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that change their place or their pages because somebody asks. The work
 * is TTM's, so that to user mappings happens what happens with a real driver.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <drm/drm_file.h>

#include "mockgpu_types.h"
#include "mockgpu_trace.h"

static const struct ttm_operation_ctx mockgpu_move_ctx = {
	.interruptible = true,
	.gfp_retry_mayfail = true,
};

/**
 * mockgpu_bo_movable - whether a locked buffer may get another place
 * @bo: the buffer
 *
 * Return: 0, -EINVAL for an import, whose pages are the exporter's, -ENODEV when it
 * is revoked, -EBUSY when it is pinned.
 */
int mockgpu_bo_movable(struct mockgpu_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	if (bo->import)
		return -EINVAL;
	if (bo->revoked)
		return -ENODEV;
	return bo->tbo.pin_count ? -EBUSY : 0;
}

/**
 * mockgpu_bo_validate - bring a locked buffer to a placement
 * @bo: the buffer
 * @where: enum mockgpu_placement
 *
 * Return: 0, -EBUSY when it is pinned elsewhere, -ENODEV when it is revoked and so has
 * nothing to bring, or another negative errno of ttm_bo_validate(); with 0 the buffer has pages,
 * but for MOCKGPU_PLACEMENT_SYSTEM.
 */
int mockgpu_bo_validate(struct mockgpu_bo *bo, u32 where)
{
	struct ttm_operation_ctx ctx = mockgpu_move_ctx;
	struct ttm_placement placement;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_should_fail("place"))
		return -ENOMEM;
	if (bo->tbo.pin_count && mockgpu_bo_placement(bo) != where)
		return -EBUSY;
	mockgpu_ttm_placement(&placement, where);
	return ttm_bo_validate(&bo->tbo, &placement, &ctx);
}

static void mockgpu_pages_copy(struct ttm_tt *to, struct ttm_tt *from)
{
	unsigned long i;

	for (i = 0; i < to->num_pages; i++) {
		copy_highpage(to->pages[i], from->pages[i]);
		cond_resched();
	}
}

/**
 * mockgpu_bo_renew - give a locked buffer in GTT other pages with the same contents
 * @bo: the buffer, not pinned
 * @caching: enum mockgpu_caching of the new pages
 *
 * A second buffer lends its struct ttm_tt, so that all accounting is TTM's. The
 * old pages are freed after the new ones were allocated: none comes back.
 *
 * Return: 0 or a negative errno, after which nothing has changed.
 */
static int mockgpu_bo_renew(struct mockgpu_bo *bo, u32 caching)
{
	struct mockgpu_bo_desc desc = bo->desc;
	struct ttm_operation_ctx ctx = mockgpu_move_ctx;
	struct mockgpu_bo *lender;
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	ret = ttm_bo_wait_ctx(&bo->tbo, &ctx);
	if (ret)
		return ret;
	desc.caching = caching;
	desc.placement = MOCKGPU_PLACEMENT_GTT;
	lender = mockgpu_bo_create(mockgpu_bo_device(bo), &desc, bo, true);
	if (IS_ERR(lender))
		return PTR_ERR(lender);
	ttm_bo_unmap_virtual(&bo->tbo);
	mockgpu_dmabuf_notify_move(bo);
	mockgpu_bo_flush(bo);
	mockgpu_pages_copy(lender->tbo.ttm, bo->tbo.ttm);
	swap(bo->tbo.ttm, lender->tbo.ttm);
	swap(to_mockgpu_tt(bo->tbo.ttm)->bo, to_mockgpu_tt(lender->tbo.ttm)->bo);
	trace_mockgpu_bo_move(bo, TTM_PL_TT, TTM_PL_TT, false, 0);
	bo->desc.caching = caching;
	bo->moves++;
	mockgpu_bo_put(lender);
	return 0;
}

static int mockgpu_bo_move(struct mockgpu_bo *bo, u32 placement, bool new_pages)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	u32 before = mockgpu_bo_placement(bo);
	int ret;

	ret = mockgpu_bo_movable(bo);
	if (ret)
		return ret;
	if (placement == MOCKGPU_PLACEMENT_VRAM) {
		ret = mockgpu_vram_check(mdev, bo->desc.size);
		if (ret)
			return ret;
	}
	ret = mockgpu_bo_validate(bo, placement);
	if (ret || !new_pages || before == MOCKGPU_PLACEMENT_VRAM)
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
	bool new_pages = args->flags & MOCKGPU_MOVE_NEW_PAGES;
	struct mockgpu_bo *bo;
	int ret;

	if (args->placement >= MOCKGPU_PLACEMENT_COUNT || args->reserved ||
	    args->flags & ~MOCKGPU_MOVE_NEW_PAGES)
		return -EINVAL;
	if (new_pages && args->placement != MOCKGPU_PLACEMENT_GTT)
		return -EINVAL;
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = mockgpu_bo_move(bo, args->placement, new_pages);
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
