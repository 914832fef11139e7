// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a GPU behind the backs of those who use it. Both are asked for in debugfs, since
 * a mock neither hangs nor saves power.
 *
 * Reset, with VRAM lost (amdgpu's mode 1): work ends with an error, the contents of VRAM are gone,
 * and neither mappings nor MMU notifiers tell anybody. amdgpu brings back page tables only.
 *
 * D3: whoever touches VRAM must wake the device first, so all mappings of VRAM are removed, and the
 * next page fault wakes it. As xe (xe_bo_runtime_pm_release_mmap_offset()); amdgpu sleeps only
 * without mappings. VRAM keeps its contents, as in D3hot.
 */
#include <linux/atomic.h>
#include <linux/dma-resv.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include <drm/drm_drv.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bo.h"
#include "mockgpu_engine.h"
#include "mockgpu_power.h"
#include "mockgpu_vram.h"

/**
 * mockgpu_power_reset - reset the GPU; VRAM loses its contents
 * @mdev: the device
 *
 * Return: 0 or -ENODEV.
 */
int mockgpu_power_reset(struct mockgpu_device *mdev)
{
	int idx;

	if (!drm_dev_enter(&mdev->drm, &idx))
		return -ENODEV;
	mockgpu_engine_reset(mdev);
	if (mdev->vram.npages)
		mockgpu_vram_lose(mdev);
	atomic_inc(&mdev->resets);
	drm_dev_exit(idx);
	return 0;
}

/* One that is locked may be on its way to VRAM, or not: a zap too many harms nobody. */
static bool mockgpu_power_must_zap(struct mockgpu_bo *bo)
{
	bool is_vram;

	if (!dma_resv_trylock(bo->tbo.base.resv))
		return true;
	is_vram = mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM;
	dma_resv_unlock(bo->tbo.base.resv);
	return is_vram;
}

/**
 * mockgpu_power_d3 - let the device sleep until somebody touches VRAM
 * @mdev: the device
 *
 * Return: 0 or -ENODEV.
 */
int mockgpu_power_d3(struct mockgpu_device *mdev)
{
	struct mockgpu_bo *bo;
	int idx;

	if (!drm_dev_enter(&mdev->drm, &idx))
		return -ENODEV;
	/* First, so that a fault from here on wakes it. */
	atomic_set(&mdev->asleep, 1);
	mutex_lock(&mdev->list_lock);
	list_for_each_entry(bo, &mdev->list, link)
		if (mockgpu_power_must_zap(bo))
			drm_vma_node_unmap(&bo->tbo.base.vma_node, mdev->ttm.dev_mapping);
	mutex_unlock(&mdev->list_lock);
	drm_dev_exit(idx);
	return 0;
}

/**
 * mockgpu_power_wake - wake the device, for a page fault
 * @bo: the buffer, locked
 */
void mockgpu_power_wake(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM &&
	    atomic_cmpxchg(&mdev->asleep, 1, 0))
		atomic_inc(&mdev->wakes);
}
