// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module and its DRM driver.
 *
 * User space sees a device only when nothing can fail any more: do_init_module() frees
 * a module whose init fails, even while somebody has its files open.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>

#include "mockgpu_bar_pages.h"
#include "mockgpu_copy.h"
#include "mockgpu_cutoff.h"
#include "mockgpu_debugfs.h"
#include "mockgpu_device.h"
#include "mockgpu_drv.h"
#include "mockgpu_gem.h"
#include "mockgpu_ioctl.h"
#include "mockgpu_kunit.h"
#include "mockgpu_move.h"
#include "mockgpu_pci.h"
#include "mockgpu_poison.h"
#include "mockgpu_submit.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_test_inject.h"
#include "mockgpu_test_observe.h"
#include "mockgpu_version.h"
#include "mockgpu_vm.h"

#define MOCKGPU_DESC	"mock GPU with non-compound TTM pages"

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "number of mock GPUs: 1, or 2 to share buffers between two; the second has no /dev/mockgpu (default 1)");

static char *vram[MOCKGPU_DEVICES_MAX];
static unsigned int vram_named;
module_param_array(vram, charp, &vram_named, 0444);
MODULE_PARM_DESC(vram, "what the VRAM of each device is: ram, or for one of them bar, which needs a PCI device 1af4:1110 (ivshmem-plain), or cutoff, which needs vram_base, for example vram=bar or devices=2 vram=ram,bar (default ram)");

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
	DRM_IOCTL_DEF_DRV(MOCKGPU_GET_PARAM, mockgpu_get_param_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_COPY, mockgpu_bo_copy_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_SUBMIT, mockgpu_submit_ioctl,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(MOCKGPU_BO_USERPTR, mockgpu_bo_userptr_ioctl,
			  DRM_RENDER_ALLOW),
};

/*
 * Whether an ioctl number in the driver's range is unassigned. The core would return
 * EINVAL, which does not tell an old driver from a bad argument.
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

/* Not DRM_GEM_FOPS, which has its own get_unmapped_area since 7.0. */
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

/* A client number is never reused: see mockgpu_bo.owner. */
static int mockgpu_open_client(struct drm_device *drm, struct drm_file *file)
{
	static atomic_long_t clients;

	file->driver_priv = (void *)atomic_long_inc_return(&clients);
	return 0;
}

static const struct drm_driver mockgpu_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.ioctls = mockgpu_ioctls,
	.num_ioctls = ARRAY_SIZE(mockgpu_ioctls),
	.fops = &mockgpu_fops,
	.open = mockgpu_open_client,
	.gem_prime_import = mockgpu_gem_prime_import,
	MOCKGPU_DRIVER_PRIME
	MOCKGPU_DRIVER_SHOW_FDINFO
	.debugfs_init = mockgpu_debugfs_init,
	.name = MOCKGPU_NAME,
	.desc = MOCKGPU_DESC,
	/*
	 * 1.1: MOCKGPU_GET_PARAM; 1.2: MOCKGPU_PARAM_VRAM_SOURCE; 1.3: MOCKGPU_SUBMIT;
	 * 1.4: MOCKGPU_BO_USERPTR
	 */
	.major = 1,
	.minor = 4,
	MOCKGPU_DRIVER_DATE
};

/* Those without a bus. */
static struct mockgpu_device *mockgpu_devices[MOCKGPU_DEVICES_MAX];

/* The device with a BAR, which is not ours to keep: mockgpu_pci.c has it. */
static int mockgpu_bar_index = -1;
static bool mockgpu_has_pci;

/* Also undoes an incomplete mockgpu_init(). */
static void mockgpu_exit(void)
{
	unsigned int i;

	if (mockgpu_has_pci)
		mockgpu_pci_fini();
	for (i = MOCKGPU_DEVICES_MAX; i--;)
		if (mockgpu_devices[i])
			mockgpu_device_destroy(mockgpu_devices[i]);
	mockgpu_fail_fini();
}

static int __init mockgpu_bar_create(void)
{
	int ret = mockgpu_pci_init(&mockgpu_driver, mockgpu_bar_index, devices);

	mockgpu_has_pci = !ret;
	return ret;
}

static int __init mockgpu_plain_create(unsigned int i)
{
	struct mockgpu_device *mdev = mockgpu_device_create(&mockgpu_driver, i, devices);

	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	mockgpu_devices[i] = mdev;
	return 0;
}

/* In their order, since DRM numbers the minors now. */
static int __init mockgpu_devices_create(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < devices && !ret; i++)
		ret = i == mockgpu_bar_index ? mockgpu_bar_create() : mockgpu_plain_create(i);
	return ret;
}

static int __init mockgpu_devices_expose(unsigned int i)
{
	return i == mockgpu_bar_index ? mockgpu_pci_expose() :
					mockgpu_device_register(mockgpu_devices[i]);
}

/* Once the first is registered the module must stay, with or without the others. */
static int __init mockgpu_devices_register(void)
{
	unsigned int i;
	int ret;

	ret = mockgpu_devices_expose(0);
	if (ret)
		return ret;
	for (i = 1; i < devices; i++) {
		ret = mockgpu_devices_expose(i);
		if (!ret)
			continue;
		pr_err("device %u cannot be registered (%d): left out\n", i, ret);
		if (!mockgpu_devices[i])
			continue;
		mockgpu_device_destroy(mockgpu_devices[i]);
		mockgpu_devices[i] = NULL;
	}
	return 0;
}

/* Find the device that gets the BAR, and the one that gets RAM that was cut off. */
static int __init mockgpu_vram_parse(int *cutoff)
{
	unsigned int i;

	if (vram_named > devices) {
		pr_err("vram= names %u devices, but devices=%u\n", vram_named, devices);
		return -EINVAL;
	}
	for (i = 0; i < vram_named; i++) {
		if (!strcmp(vram[i], "bar") && mockgpu_bar_index < 0) {
			mockgpu_bar_index = i;
		} else if (!strcmp(vram[i], "cutoff") && *cutoff < 0) {
			*cutoff = i;
		} else if (strcmp(vram[i], "ram")) {
			pr_err("vram=%s is neither ram nor the one bar or cutoff\n", vram[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static int __init mockgpu_init(void)
{
	int cutoff = -1;
	int ret;

	if (!devices || devices > MOCKGPU_DEVICES_MAX) {
		pr_err("devices=%u is not 1 or 2\n", devices);
		return -EINVAL;
	}
	ret = mockgpu_vram_parse(&cutoff) ?: mockgpu_cutoff_init(cutoff) ?:
	      mockgpu_bar_pages_init(mockgpu_bar_index >= 0) ?:
	      mockgpu_poison_init(mockgpu_bar_index >= 0);
	if (ret)
		return ret;
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
MODULE_VERSION(MOCKGPU_VERSION);
MODULE_LICENSE("GPL");
MODULE_INFO(test, "Y");
MOCKGPU_IMPORT_DMA_BUF;
