// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host sleeps: VRAM loses power, so its buffers move to GTT before, and to swap if the host
 * hibernates. As xe (xe_pm_notifier_callback()) this happens while processes and their guests
 * still run; amdgpu does the same when they are frozen (amdgpu_device_evict_resources()). Nothing
 * moves back by itself. Pinned buffers stay, and the mock's VRAM keeps what it has.
 */
#include <linux/notifier.h>
#include <linux/suspend.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_resource.h>

#include "mockgpu_pm.h"
#include "mockgpu_test_fail.h"

static int mockgpu_pm_evict(struct mockgpu_device *mdev)
{
	if (!mdev->vram.npages)
		return 0;
	return ttm_resource_manager_evict_all(&mdev->ttm,
					      ttm_manager_type(&mdev->ttm, TTM_PL_VRAM));
}

/* As ttm_device_prepare_hibernation(), which exists since 6.17. */
static int mockgpu_pm_swapout(struct mockgpu_device *mdev)
{
	struct ttm_operation_ctx ctx = {};
	int ret;

	do {
		ret = ttm_device_swapout(&mdev->ttm, &ctx, GFP_KERNEL);
	} while (ret > 0);
	return ret;
}

static int mockgpu_pm_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct mockgpu_device *mdev = container_of(nb, struct mockgpu_device, pm);
	int ret, idx;

	if (event != PM_SUSPEND_PREPARE && event != PM_HIBERNATION_PREPARE)
		return NOTIFY_DONE;
	if (!drm_dev_enter(&mdev->drm, &idx))
		return NOTIFY_DONE;
	ret = mockgpu_pm_evict(mdev);
	if (!ret && event == PM_HIBERNATION_PREPARE)
		ret = mockgpu_pm_swapout(mdev);
	drm_dev_exit(idx);
	/* The host sleeps all the same: here VRAM keeps its contents. */
	if (ret)
		drm_warn(&mdev->drm, "not all buffers could leave VRAM (%d)\n", ret);
	return NOTIFY_DONE;
}

static void mockgpu_pm_fini(struct drm_device *drm, void *data)
{
	struct mockgpu_device *mdev = data;

	unregister_pm_notifier(&mdev->pm);
}

/**
 * mockgpu_pm_init - have buffers leave VRAM before the host sleeps, until the DRM device is
 *	released
 * @mdev: the device, with TTM set up
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_pm_init(struct mockgpu_device *mdev)
{
	int ret;

	if (mockgpu_should_fail("pm"))
		return -ENOMEM;
	mdev->pm.notifier_call = mockgpu_pm_notify;
	ret = register_pm_notifier(&mdev->pm);
	return ret ?: drmm_add_action_or_reset(&mdev->drm, mockgpu_pm_fini, mdev);
}
