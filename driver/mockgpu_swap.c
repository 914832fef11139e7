// SPDX-License-Identifier: GPL-2.0-only
/*
 * Swapping one chosen buffer out.
 */
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>

#include <drm/drm_file.h>

#include "mockgpu_types.h"
#include "tests/visible.h"

/**
 * mockgpu_swap_is_for - whether a call of TTM's is for mockgpu_bo_swapout()
 * @mdev: the device
 * @tbo: out: the buffer object that it is for
 *
 * Only what the swapping task itself asks TTM is: others evict and swap as ever.
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
 * TTM has no exported function for one buffer. ttm_device_swapout() asks
 * mockgpu_eviction_valuable() about each, and takes one that the caller holds
 * locked when the context says so.
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
	/* Without memory for the contents TTM goes on to the next and finds none. */
	return ret ? min(ret, 0) : -ENOMEM;
}

static int mockgpu_bo_swapout(struct mockgpu_bo *bo)
{
	int ret;

	ret = mockgpu_bo_movable(bo);
	if (ret)
		return ret;
	if (mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM) {
		ret = mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
		if (ret)
			return ret;
	}
	return mockgpu_bo_pages(bo) ? mockgpu_bo_swapout_only(bo) : 0;
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

	if (args->flags)
		return -EINVAL;
	ret = mutex_lock_interruptible(&mdev->swap_lock);
	if (ret)
		return ret;
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo)) {
		ret = PTR_ERR(bo);
	} else {
		ret = mockgpu_bo_swapout(bo);
		mockgpu_bo_put_locked(bo);
	}
	mutex_unlock(&mdev->swap_lock);
	return ret;
}
