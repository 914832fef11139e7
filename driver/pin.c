// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning by ioctl.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>

#include <drm/drm_file.h>

#include "mockgpu.h"

static int mockgpu_bo_pin(struct mockgpu_bo *bo)
{
	int ret;

	if (bo->import)
		return -EINVAL;
	if (bo->revoked)
		return -ENODEV;
	if (bo->pinned)
		return -EBUSY;
	/* Who pins it otherwise has seen to its pages. */
	if (!bo->tbo.pin_count && mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_SYSTEM) {
		ret = mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
		if (ret)
			return ret;
	}
	ttm_bo_pin(&bo->tbo);
	bo->pinned = true;
	return 0;
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
 * mockgpu_pin_release - unpin a buffer at its end
 * @bo: a buffer without a handle or a mapping
 */
void mockgpu_pin_release(struct mockgpu_bo *bo)
{
	if (!bo->pinned)
		return;
	dma_resv_lock(bo->tbo.base.resv, NULL);
	mockgpu_bo_unpin(bo);
	mockgpu_bo_unlock(bo);
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
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = args->op == MOCKGPU_PIN ? mockgpu_bo_pin(bo) : mockgpu_bo_unpin(bo);
	mockgpu_bo_put_locked(bo);
	return ret;
}
