// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinning by ioctl.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>

#include <drm/drm_file.h>

#include "mockgpu_types.h"

/**
 * mockgpu_bo_pin_placed - pin a locked buffer where the device reaches it
 * @bo: the buffer, no import
 *
 * One in SYSTEM is brought to GTT first: later it cannot be moved any more, and who
 * asked for its addresses there would not be told when it is swapped out.
 *
 * Return: 0 or a negative errno of mockgpu_bo_validate(). ttm_bo_unpin() undoes it.
 */
int mockgpu_bo_pin_placed(struct mockgpu_bo *bo)
{
	int ret = 0;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_SYSTEM)
		ret = mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
	if (!ret)
		ttm_bo_pin(&bo->tbo);
	return ret;
}

static int mockgpu_bo_pin(struct mockgpu_bo *bo)
{
	int ret;

	if (bo->import)
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
	bo = mockgpu_bo_lookup_owned(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = args->op == MOCKGPU_PIN ? mockgpu_bo_pin(bo) : mockgpu_bo_unpin(bo);
	mockgpu_bo_put_locked(bo);
	return ret;
}
