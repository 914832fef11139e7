// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module and its DRM devices.
 *
 * User space sees a device only when nothing can fail any more: do_init_module() frees
 * a module whose init fails without a look at who has opened its files.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "mockgpu_types.h"
#include "tests/visible.h"

#define MOCKGPU_NAME	"mockgpu"
#define MOCKGPU_DESC	"mock GPU with non-compound TTM pages"
#define MOCKGPU_DEVICES_MAX	2

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "number of mock GPUs: 1, or 2 to share buffers between two; the second has no /dev/mockgpu (default 1)");

static const struct drm_ioctl_desc mockgpu_ioctls[] = {
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_CREATE, mockgpu_bo_create_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_MMAP_OFFSET, mockgpu_bo_mmap_offset_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_QUERY, mockgpu_bo_query_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_PAGES, mockgpu_bo_pages_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_ZAP, mockgpu_bo_zap_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_SNAPSHOT, mockgpu_bo_snapshot_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_COMPARE, mockgpu_bo_compare_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_INJECT, mockgpu_bo_inject_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_MOVE, mockgpu_bo_move_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_SWAPOUT, mockgpu_bo_swapout_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_PIN, mockgpu_bo_pin_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_SET_CACHING, mockgpu_bo_set_caching_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_REVOKE, mockgpu_bo_revoke_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_SET_FAULT, mockgpu_bo_set_fault_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_COPY, mockgpu_bo_copy_ioctl,
			  DRM_RENDER_ALLOW),
};

/*
 * Whether a number in the driver's part of DRM's range has no ioctl. The core would
 * answer EINVAL, from which nobody can tell an old driver from a bad call.
 */
VISIBLE_IF_KUNIT bool mockgpu_ioctl_is_unknown(unsigned int cmd)
{
	unsigned int nr = DRM_IOCTL_NR(cmd);

	if (_IOC_TYPE(cmd) != DRM_IOCTL_BASE || nr < DRM_COMMAND_BASE ||
	    nr >= DRM_COMMAND_END)
		return false;
	nr -= DRM_COMMAND_BASE;
	return nr >= ARRAY_SIZE(mockgpu_ioctls) || !mockgpu_ioctls[nr].func;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_ioctl_is_unknown);

static long mockgpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (mockgpu_ioctl_is_unknown(cmd))
		return -ENOTTY;
	return drm_ioctl(file, cmd, arg);
}

#ifdef CONFIG_COMPAT
static long mockgpu_compat_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	if (mockgpu_ioctl_is_unknown(cmd))
		return -ENOTTY;
	return drm_compat_ioctl(file, cmd, arg);
}
#endif

/* DRM_GEM_FOPS has another get_unmapped_area since 7.0. */
static const struct file_operations mockgpu_fops = {
	.owner = THIS_MODULE,
	.open = drm_open,
	.release = drm_release,
	.unlocked_ioctl = mockgpu_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = mockgpu_compat_ioctl,
#endif
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
	.get_unmapped_area = mockgpu_get_unmapped_area,
#endif
	.show_fdinfo = drm_show_fdinfo,
	MOCKGPU_FOP_UNSIGNED_OFFSET
};

/* Files come and go, their numbers do not come again: see mockgpu_bo.owner. */
static int mockgpu_open_client(struct drm_device *drm, struct drm_file *file)
{
	static atomic_long_t clients;

	file->driver_priv = (void *)atomic_long_inc_return(&clients);
	return 0;
}

static const struct drm_driver mockgpu_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER,
	.ioctls = mockgpu_ioctls,
	.num_ioctls = ARRAY_SIZE(mockgpu_ioctls),
	.fops = &mockgpu_fops,
	.open = mockgpu_open_client,
	.gem_prime_import = mockgpu_import,
	MOCKGPU_DRIVER_PRIME
	MOCKGPU_DRIVER_SHOW_FDINFO
	.debugfs_init = mockgpu_debugfs_init,
	.name = MOCKGPU_NAME,
	.desc = MOCKGPU_DESC,
	.major = 1,
	MOCKGPU_DRIVER_DATE
};

static const char * const mockgpu_device_names[MOCKGPU_DEVICES_MAX] = {
	MOCKGPU_NAME, MOCKGPU_NAME "-peer",
};

static struct mockgpu_device *mockgpu_devices[MOCKGPU_DEVICES_MAX];

static int mockgpu_device_init(struct mockgpu_device *mdev)
{
	int ret;

	INIT_LIST_HEAD(&mdev->list);
	if (mockgpu_should_fail("device_init"))
		return -ENOMEM;
	ret = drmm_mutex_init(&mdev->drm, &mdev->list_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&mdev->drm, &mdev->inject_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&mdev->drm, &mdev->swap_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&mdev->drm, &mdev->plug_lock);
	if (ret)
		return ret;
	/* The second bound keeps tt->pages within what kvmalloc() gives. */
	mdev->pages_max = min(totalram_pages() / 2 / devices,
			      (unsigned long)INT_MAX / sizeof(struct page *));
	ret = mockgpu_ttm_init(mdev);
	if (!ret && !mdev->index)
		ret = mockgpu_node_check(mdev);
	return ret;
}

/* For a parent that has none of its own: faux devices. */
static struct device_dma_parameters mockgpu_dma_parms;

static struct mockgpu_device *mockgpu_device_alloc(struct device *parent,
						   unsigned int index)
{
	struct mockgpu_device *mdev;
	int ret;

	ret = dma_coerce_mask_and_coherent(parent, DMA_BIT_MASK(64));
	if (ret)
		return ERR_PTR(ret);
	/* As amdgpu_ttm_init() does: pages in a row are one piece, however many. */
	if (!parent->dma_parms)
		parent->dma_parms = &mockgpu_dma_parms;
	dma_set_max_seg_size(parent, UINT_MAX);
	if (mockgpu_should_fail("device"))
		return ERR_PTR(-ENOMEM);
	mdev = devm_drm_dev_alloc(parent, &mockgpu_driver, struct mockgpu_device,
				  drm);
	if (IS_ERR(mdev))
		return mdev;
	mdev->index = index;
	ret = mockgpu_device_init(mdev);
	return ret ? ERR_PTR(ret) : mdev;
}

static struct mockgpu_device *mockgpu_device_create(unsigned int index)
{
	struct mockgpu_device *mdev;
	struct device *parent;

	if (mockgpu_should_fail("parent"))
		return ERR_PTR(-ENOMEM);
	parent = mockgpu_parent_create(mockgpu_device_names[index]);
	if (IS_ERR(parent))
		return ERR_CAST(parent);
	/* What devm hangs on it goes before it, see mockgpu_device_destroy(). */
	if (mockgpu_should_fail("devres") ||
	    !devres_open_group(parent, NULL, GFP_KERNEL)) {
		mockgpu_parent_destroy(parent);
		return ERR_PTR(-ENOMEM);
	}
	mdev = mockgpu_device_alloc(parent, index);
	if (IS_ERR(mdev)) {
		devres_release_group(parent, NULL);
		mockgpu_parent_destroy(parent);
	}
	return mdev;
}

/*
 * From here on user space can have it. Without /dev/mockgpu it is a device too. The
 * lock keeps those who unplug it out until all of it is there.
 */
static int mockgpu_device_register(struct mockgpu_device *mdev)
{
	int ret = -ENOMEM;

	mutex_lock(&mdev->plug_lock);
	if (!mockgpu_should_fail("register"))
		ret = drm_dev_register(&mdev->drm, 0);
	if (!ret) {
		mdev->plugged = true;
		if (!mdev->index)
			mockgpu_node_register(mdev);
	}
	mutex_unlock(&mdev->plug_lock);
	return ret;
}

/**
 * mockgpu_device_unplug - take a device away from user space
 * @mdev: the device
 *
 * What is open stays open, but every ioctl and mmap gives ENODEV and every touch
 * of a mapping SIGBUS. It may be called again.
 */
void mockgpu_device_unplug(struct mockgpu_device *mdev)
{
	mutex_lock(&mdev->plug_lock);
	if (mdev->plugged) {
		mdev->plugged = false;
		mockgpu_node_unregister(mdev);
		drm_dev_unplug(&mdev->drm);
	}
	mutex_unlock(&mdev->plug_lock);
}

static void mockgpu_device_destroy(struct mockgpu_device *mdev)
{
	struct device *parent = mdev->drm.dev;

	mockgpu_device_unplug(mdev);
	devres_release_group(parent, NULL);
	mockgpu_parent_destroy(parent);
}

/* Also undoes a mockgpu_init() that came only so far. */
static void mockgpu_exit(void)
{
	unsigned int i;

	for (i = MOCKGPU_DEVICES_MAX; i--;)
		if (mockgpu_devices[i])
			mockgpu_device_destroy(mockgpu_devices[i]);
	mockgpu_fail_fini();
}

static int __init mockgpu_devices_create(void)
{
	struct mockgpu_device *mdev;
	unsigned int i;

	for (i = 0; i < devices; i++) {
		mdev = mockgpu_device_create(i);
		if (IS_ERR(mdev))
			return PTR_ERR(mdev);
		mockgpu_devices[i] = mdev;
	}
	return 0;
}

/* Once the first is in use the module has to stay, with or without the others. */
static int __init mockgpu_devices_register(void)
{
	unsigned int i;
	int ret;

	ret = mockgpu_device_register(mockgpu_devices[0]);
	if (ret)
		return ret;
	for (i = 1; i < devices; i++) {
		ret = mockgpu_device_register(mockgpu_devices[i]);
		if (!ret)
			continue;
		pr_err("device %u cannot be registered (%d): it is left out\n", i, ret);
		mockgpu_device_destroy(mockgpu_devices[i]);
		mockgpu_devices[i] = NULL;
	}
	return 0;
}

static int __init mockgpu_init(void)
{
	int ret;

	if (!devices || devices > MOCKGPU_DEVICES_MAX) {
		pr_err("devices=%u is not 1 or 2\n", devices);
		return -EINVAL;
	}
	mockgpu_fail_init();
	ret = mockgpu_devices_create();
	if (!ret)
		ret = mockgpu_devices_register();
	if (ret)
		mockgpu_exit();
	return ret;
}

module_init(mockgpu_init);
module_exit(mockgpu_exit);

MODULE_DESCRIPTION(MOCKGPU_DESC);
MODULE_AUTHOR("The mockgpu authors");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
MOCKGPU_IMPORT_DMA_BUF;
