// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in the dmem cgroup controller (6.14, CONFIG_CGROUP_DMEM), as amdgpu's and xe's: region
 * "drm/<device>/vram". TTM charges the group of whoever creates or moves a buffer there, and evicts
 * buffers of a group that is at its dmem.max, or since 7.3 above one that was lowered.
 */
#include <linux/cgroup_dmem.h>
#include <linux/err.h>

#include <drm/drm_drv.h>
#include <drm/ttm/ttm_resource.h>

#include "mockgpu_dmem.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_vram.h"

#ifdef MOCKGPU_HAVE_DMEM_RECLAIM
/* As amdgpu_vram_mgr_dmem_reclaim(). */
static int mockgpu_dmem_reclaim(struct dmem_cgroup_pool_state *pool, u64 target_bytes, void *priv)
{
	struct mockgpu_device *mdev = priv;
	int ret, idx;

	if (!drm_dev_enter(&mdev->drm, &idx))
		return -ENODEV;
	ret = ttm_resource_manager_dmem_reclaim(pool, target_bytes,
						ttm_manager_type(&mdev->ttm, TTM_PL_VRAM));
	drm_dev_exit(idx);
	return ret;
}

static const struct dmem_cgroup_ops mockgpu_dmem_ops = {
	.reclaim = mockgpu_dmem_reclaim,
};
#endif

static struct dmem_cgroup_region *mockgpu_dmem_register(struct mockgpu_device *mdev, u64 size)
{
#ifdef MOCKGPU_HAVE_DMEM_RECLAIM
	const struct dmem_cgroup_init init = {
		.size = size,
		.ops = &mockgpu_dmem_ops,
		.reclaim_priv = mdev,
	};

	return dmem_cgroup_register_region(&init, "drm/%s/vram", mdev->drm.unique);
#else
	return dmem_cgroup_register_region(size, "drm/%s/vram", mdev->drm.unique);
#endif
}

/**
 * mockgpu_dmem_init - have VRAM charged to cgroups
 * @mdev: the device, with TTM's manager for VRAM
 *
 * Return: 0, also where the kernel has no such controller, or a negative errno.
 */
int mockgpu_dmem_init(struct mockgpu_device *mdev)
{
	struct dmem_cgroup_region *region;

	if (mockgpu_should_fail("dmem"))
		return -ENOMEM;
	region = mockgpu_dmem_register(mdev, mockgpu_vram_bytes(&mdev->vram));
	if (IS_ERR(region))
		return PTR_ERR(region);
	ttm_manager_type(&mdev->ttm, TTM_PL_VRAM)->cg = region;
	return 0;
}

/**
 * mockgpu_dmem_fini - undo mockgpu_dmem_init()
 * @mdev: the device, without buffers
 */
void mockgpu_dmem_fini(struct mockgpu_device *mdev)
{
	struct ttm_resource_manager *man = ttm_manager_type(&mdev->ttm, TTM_PL_VRAM);

	/* Waits for reclaim, which uses the manager. */
	if (man->cg)
		dmem_cgroup_unregister_region(man->cg);
	man->cg = NULL;
}
