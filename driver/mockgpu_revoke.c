// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revoking a buffer: its memory goes, its handles and mappings stay.
 */
#include <linux/err.h>
#include <linux/file.h>

#include <drm/drm_file.h>

#include "mockgpu_types.h"
#include "mockgpu_trace.h"

/* Contents that were swapped out are as good as pages: nobody may have them. */
static void mockgpu_swap_drop(struct ttm_tt *ttm)
{
	if (!(ttm->page_flags & TTM_TT_FLAG_SWAPPED))
		return;
	fput(ttm->swap_storage);
	ttm->swap_storage = NULL;
	ttm->page_flags &= ~TTM_TT_FLAG_SWAPPED;
}

/*
 * Without a placement ttm_bo_validate() takes the pages away, but neither user
 * mappings nor, from 6.2 on, is there a resource afterwards. Parts of TTM expect
 * one, so it is allocated before there is no way back.
 */
static int mockgpu_bo_gut(struct mockgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_placement system, none = {};
	struct ttm_buffer_object *tbo = &bo->tbo;
	struct ttm_resource *res;
	int ret;

	/* Idle: then TTM frees at once instead of through a second object. */
	ret = ttm_bo_wait_ctx(tbo, &ctx);
	if (ret)
		return ret;
	mockgpu_ttm_placement(&system, MOCKGPU_PLACEMENT_SYSTEM);
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
	return ret;
}

static int mockgpu_bo_revoke(struct mockgpu_bo *bo)
{
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (bo->import)
		return -EINVAL;
	if (bo->revoked)
		return 0;
	if (bo->tbo.pin_count)
		return -EBUSY;
	ret = mockgpu_bo_gut(bo);
	if (ret)
		return ret;
	bo->revoked = true;
	/* From now on whatever asks TTM for its pages gets an error. */
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
