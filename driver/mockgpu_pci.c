// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device whose VRAM is a PCI BAR. QEMU's ivshmem has what it takes: a prefetchable
 * 64-bit BAR of memory of any size, and nothing that would mind who uses it.
 *
 * There is no MODULE_DEVICE_TABLE(): the module must not load by itself wherever somebody
 * uses ivshmem.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/pci.h>

#include <drm/drm_print.h>

#include "mockgpu_bar.h"
#include "mockgpu_device.h"
#include "mockgpu_pci.h"
#include "mockgpu_poison.h"
#include "mockgpu_test_fail.h"

static const struct pci_device_id mockgpu_pci_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{}
};

/*
 * The one device with a BAR, maybe bound more than once, one after the other.
 *
 * @exposed: module init has succeeded, so a device that comes now is registered at once
 * @mdev: the device, while it is bound
 * @error: why the last attempt to bind one failed
 */
static struct {
	const struct drm_driver *driver;
	unsigned int index;
	unsigned int devices;
	bool exposed;
	struct mockgpu_device *mdev;
	int error;
} mockgpu_pci;

static DEFINE_MUTEX(mockgpu_pci_lock);	/* all of mockgpu_pci */

static int mockgpu_pci_enable(struct pci_dev *pdev)
{
	u16 command;
	int ret;

	ret = pci_enable_device_mem(pdev);
	if (ret)
		return ret;
	/* Somebody may have switched it off behind the back of the PCI core. */
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	ret = command & PCI_COMMAND_MEMORY ? 0 : -EIO;
	if (!ret)
		ret = pci_request_region(pdev, MOCKGPU_BAR, KBUILD_MODNAME);
	if (ret)
		pci_disable_device(pdev);
	return ret;
}

static void mockgpu_pci_disable(struct pci_dev *pdev)
{
	pci_release_region(pdev, MOCKGPU_BAR);
	pci_disable_device(pdev);
}

static int mockgpu_pci_start(struct pci_dev *pdev)
{
	struct mockgpu_device *mdev;
	int ret;

	mdev = mockgpu_device_make(&pdev->dev, mockgpu_pci.driver, mockgpu_pci.index,
				   mockgpu_pci.devices);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);
	ret = mockgpu_poison_register(mdev);
	if (ret)
		return ret;
	if (mockgpu_pci.exposed) {
		ret = mockgpu_device_register(mdev);
		if (ret) {
			mockgpu_poison_unregister(mdev);
			return ret;
		}
	}
	pci_set_drvdata(pdev, mdev);
	mockgpu_pci.mdev = mdev;
	return 0;
}

static int mockgpu_pci_try(struct pci_dev *pdev)
{
	int ret;

	if (mockgpu_bar_is_mapped()) {
		pci_err(pdev, "the device that was removed still has open files or dma-bufs\n");
		return -EBUSY;
	}
	ret = mockgpu_should_fail("pci") ? -ENOMEM : mockgpu_pci_enable(pdev);
	if (ret) {
		pci_err(pdev, "BAR %d cannot be used (%d)\n", MOCKGPU_BAR, ret);
		return ret;
	}
	ret = mockgpu_pci_start(pdev);
	if (ret)
		mockgpu_pci_disable(pdev);
	return ret;
}

/* Always ENODEV, about which the driver core does not add a line to ours. */
static int mockgpu_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = -ENODEV;

	mutex_lock(&mockgpu_pci_lock);
	/* One is enough. */
	if (!mockgpu_pci.mdev) {
		ret = mockgpu_pci_try(pdev);
		mockgpu_pci.error = ret;
	}
	mutex_unlock(&mockgpu_pci_lock);
	return ret ? -ENODEV : 0;
}

/* devres drops the DRM device afterwards. */
static void mockgpu_pci_remove(struct pci_dev *pdev)
{
	struct mockgpu_device *mdev = pci_get_drvdata(pdev);

	mutex_lock(&mockgpu_pci_lock);
	mockgpu_pci.mdev = NULL;
	mutex_unlock(&mockgpu_pci_lock);
	mockgpu_device_unplug(mdev);
	mockgpu_poison_unregister(mdev);
	mockgpu_pci_disable(pdev);
}

static struct pci_driver mockgpu_pci_driver = {
	.name = KBUILD_MODNAME,
	.id_table = mockgpu_pci_ids,
	.probe = mockgpu_pci_probe,
	.remove = mockgpu_pci_remove,
	.driver.probe_type = PROBE_FORCE_SYNCHRONOUS,
};

/* Say why no device was bound. Return: the errno. */
static int mockgpu_pci_explain(void)
{
	struct pci_dev *pdev;
	int ret;

	/* There is a line already. */
	if (mockgpu_pci.error)
		return mockgpu_pci.error;
	pdev = pci_get_device(mockgpu_pci_ids[0].vendor, mockgpu_pci_ids[0].device, NULL);
	if (!pdev) {
		pr_err("vram=bar needs a PCI device 1af4:1110 (ivshmem-plain), and there is none\n");
		return -ENODEV;
	}
	ret = pdev->dev.driver ? -EBUSY : -ENODEV;
	pci_err(pdev, "vram=bar needs this device, which %s has\n",
		dev_driver_string(&pdev->dev));
	pci_dev_put(pdev);
	return ret;
}

/**
 * mockgpu_pci_init - create the device that has a BAR, which user space does not see yet
 * @driver: the DRM driver
 * @index: number of the device, from 0
 * @devices: number of devices there will be
 *
 * Return: 0; or, after a line in the kernel log, -ENODEV without such a PCI device, -EBUSY
 * when another driver has it or its BAR, -EIO when its memory decoding is off, -EINVAL when
 * the BAR is too small, -EOPNOTSUPP for memory_failure=Y on a kernel without it, -ENOMEM.
 */
int mockgpu_pci_init(const struct drm_driver *driver, unsigned int index,
		     unsigned int devices)
{
	int ret;

	mockgpu_pci.driver = driver;
	mockgpu_pci.index = index;
	mockgpu_pci.devices = devices;
	ret = pci_register_driver(&mockgpu_pci_driver);
	if (ret)
		return ret;
	mutex_lock(&mockgpu_pci_lock);
	if (!mockgpu_pci.mdev)
		ret = mockgpu_pci_explain();
	mutex_unlock(&mockgpu_pci_lock);
	if (ret)
		pci_unregister_driver(&mockgpu_pci_driver);
	return ret;
}

/**
 * mockgpu_pci_expose - expose the device to user space
 *
 * Return: 0; -ENODEV when it is gone already; or a negative errno of
 * mockgpu_device_register().
 */
int mockgpu_pci_expose(void)
{
	int ret = -ENODEV;

	mutex_lock(&mockgpu_pci_lock);
	if (mockgpu_pci.mdev)
		ret = mockgpu_device_register(mockgpu_pci.mdev);
	/* Without the first device the module goes, without another it stays. */
	mockgpu_pci.exposed = !ret || mockgpu_pci.index;
	mutex_unlock(&mockgpu_pci_lock);
	return ret;
}

/**
 * mockgpu_pci_fini - undo mockgpu_pci_init()
 */
void mockgpu_pci_fini(void)
{
	pci_unregister_driver(&mockgpu_pci_driver);
}
