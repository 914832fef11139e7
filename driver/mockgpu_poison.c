// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in a BAR that fails: the device tells memory_failure() who maps a page of it.
 *
 * The kernel has no struct page to mark and no rmap to follow, so it asks the driver that has
 * registered the range for each VMA of its files (collect_procs_pfn() in mm/memory-failure.c).
 * In 7.3 only nvgrace-gpu registers one; what a kernel does for amdgpu's VRAM is what it does
 * here without the parameter, which is nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bo.h"
#include "mockgpu_poison.h"
#include "mockgpu_test_fail.h"

static bool poison_told;
module_param_named(memory_failure, poison_told, bool, 0444);
MODULE_PARM_DESC(memory_failure, "register VRAM in a BAR with the kernel's memory_failure(), which then sends SIGBUS to who maps a page of it that fails (6.19 and later, default N)");

#ifdef MOCKGPU_HAVE_PFN_ADDRESS_SPACE

#include <linux/memory-failure.h>

#define MOCKGPU_POISON	1

/* There is one BAR at a time; mockgpu_pci.c has the lock. */
static struct pfn_address_space mockgpu_poison_space;

/*
 * Called under i_mmap_rwsem and RCU for a VMA of the device's files: no waiting for a buffer that
 * moves meanwhile, which is asked for where it was or where it goes.
 *
 * Without the check of the VMA's end the kernel would find no address, and send SIGKILL to a
 * process that does not map the page (kill_procs()).
 */
static int mockgpu_poison_pgoff(struct vm_area_struct *vma, unsigned long pfn, pgoff_t *pgoff)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	unsigned long first = READ_ONCE(bo->bar_pfn);
	pgoff_t at;

	if (!first || pfn < first || pfn - first >= mockgpu_bo_npages(bo))
		return -EFAULT;
	at = drm_vma_node_start(&tbo->base.vma_node) + (pfn - first);
	if (at < vma->vm_pgoff || at - vma->vm_pgoff >= vma_pages(vma))
		return -EFAULT;
	*pgoff = at;
	return 0;
}

/**
 * mockgpu_poison_register - tell memory_failure() about VRAM in a BAR, if the user wants that
 * @mdev: the device
 *
 * mockgpu_poison_pgoff() knows buffers in one run only.
 *
 * Return: 0, also if not; -EINVAL with vram_manager=buddy; -EOPNOTSUPP without
 * CONFIG_MEMORY_FAILURE; -EBUSY when somebody has registered a part of the range.
 */
int mockgpu_poison_register(struct mockgpu_device *mdev)
{
	int ret;

	if (!poison_told || !mdev->vram.npages)
		return 0;
	if (mdev->vram.buddy) {
		drm_err(&mdev->drm, "memory_failure=Y needs vram_manager=range\n");
		return -EINVAL;
	}
	mockgpu_poison_space = (struct pfn_address_space) {
		.node.start = mdev->vram.pfn,
		.node.last = mdev->vram.pfn + mdev->vram.npages - 1,
		.mapping = mdev->drm.anon_inode->i_mapping,
		.pfn_to_vma_pgoff = mockgpu_poison_pgoff,
	};
	ret = mockgpu_should_fail("poison") ? -ENOMEM :
					      register_pfn_address_space(&mockgpu_poison_space);
	if (ret)
		drm_err(&mdev->drm, "memory_failure=Y is not possible (%d)\n", ret);
	return ret;
}

/**
 * mockgpu_poison_unregister - undo mockgpu_poison_register()
 * @mdev: the device, unplugged
 */
void mockgpu_poison_unregister(struct mockgpu_device *mdev)
{
	if (poison_told && mdev->vram.npages)
		unregister_pfn_address_space(&mockgpu_poison_space);
}

#else

#define MOCKGPU_POISON	0

int mockgpu_poison_register(struct mockgpu_device *mdev)
{
	return 0;
}

void mockgpu_poison_unregister(struct mockgpu_device *mdev)
{
}

#endif /* MOCKGPU_HAVE_PFN_ADDRESS_SPACE */

/**
 * mockgpu_poison_init - check the module parameter
 * @has_bar: a device has vram=bar
 *
 * Return: 0; or, after a line in the kernel log, -EINVAL without a BAR, -EOPNOTSUPP on a kernel
 * that asks no driver.
 */
int mockgpu_poison_init(bool has_bar)
{
	if (!poison_told)
		return 0;
	if (!has_bar) {
		pr_err("memory_failure=Y needs vram=bar\n");
		return -EINVAL;
	}
	if (!MOCKGPU_POISON) {
		pr_err("memory_failure=Y needs register_pfn_address_space() (6.19)\n");
		return -EOPNOTSUPP;
	}
	return 0;
}
