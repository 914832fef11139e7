// SPDX-License-Identifier: GPL-2.0-only
/*
 * The life of a device.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include "mockgpu_device.h"
#include "mockgpu_engine.h"
#include "mockgpu_node.h"
#include "mockgpu_pm.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_ttm.h"

static const char * const mockgpu_device_names[MOCKGPU_DEVICES_MAX] = {
	MOCKGPU_NAME, MOCKGPU_NAME "-peer",
};

static int mockgpu_device_init(struct mockgpu_device *mdev, unsigned int devices)
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
	ret = drmm_mutex_init(&mdev->drm, &mdev->user_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&mdev->drm, &mdev->swap_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&mdev->drm, &mdev->plug_lock);
	if (ret)
		return ret;
	/* The second bound keeps tt->pages within the limit of kvmalloc(). */
	mdev->pages_max = min(totalram_pages() / 2 / devices,
			      (unsigned long)INT_MAX / sizeof(struct page *));
	ret = mockgpu_ttm_init(mdev);
	if (ret)
		return ret;
	ret = mockgpu_pm_init(mdev);
	if (!ret && !mdev->index)
		ret = mockgpu_node_check(mdev);
	return ret;
}

/* For a parent that has none of its own, as faux devices. */
static struct device_dma_parameters mockgpu_dma_parms;

static struct mockgpu_device *mockgpu_device_alloc(struct device *parent,
						   const struct drm_driver *driver)
{
	int ret;

	ret = parent->dma_mask ? dma_set_mask_and_coherent(parent, DMA_BIT_MASK(64)) :
				 dma_coerce_mask_and_coherent(parent, DMA_BIT_MASK(64));
	if (ret)
		return ERR_PTR(ret);
	/* As amdgpu_ttm_init(): any number of contiguous pages is one segment. */
	if (!parent->dma_parms)
		parent->dma_parms = &mockgpu_dma_parms;
	dma_set_max_seg_size(parent, UINT_MAX);
	if (mockgpu_should_fail("device"))
		return ERR_PTR(-ENOMEM);
	return devm_drm_dev_alloc(parent, driver, struct mockgpu_device, drm);
}

/**
 * mockgpu_device_make - create a device on a bus that user space does not see yet
 * @parent: the bus's device, whose devres frees it
 * @driver: the DRM driver
 * @index: number of the device, from 0
 * @devices: number of devices there will be, which share the memory
 *
 * Return: the device, to be ended with mockgpu_device_unplug(), or an ERR_PTR().
 */
struct mockgpu_device *mockgpu_device_make(struct device *parent,
					   const struct drm_driver *driver,
					   unsigned int index, unsigned int devices)
{
	struct mockgpu_device *mdev;
	int ret;

	mdev = mockgpu_device_alloc(parent, driver);
	if (IS_ERR(mdev))
		return mdev;
	mdev->index = index;
	ret = mockgpu_device_init(mdev, devices);
	return ret ? ERR_PTR(ret) : mdev;
}

/**
 * mockgpu_device_create - create a device without a bus that user space does not see yet
 * @driver: the DRM driver
 * @index: number of the device, from 0
 * @devices: number of devices there will be, which share the memory
 *
 * Return: the device, to be destroyed with mockgpu_device_destroy(), or an ERR_PTR().
 */
struct mockgpu_device *mockgpu_device_create(const struct drm_driver *driver,
					     unsigned int index, unsigned int devices)
{
	struct mockgpu_device *mdev;
	struct device *parent;

	if (mockgpu_should_fail("parent"))
		return ERR_PTR(-ENOMEM);
	parent = mockgpu_parent_create(mockgpu_device_names[index]);
	if (IS_ERR(parent))
		return ERR_CAST(parent);
	/* The resources of devm are released before it, see mockgpu_device_destroy(). */
	if (mockgpu_should_fail("devres") ||
	    !devres_open_group(parent, NULL, GFP_KERNEL)) {
		mockgpu_parent_destroy(parent);
		return ERR_PTR(-ENOMEM);
	}
	mdev = mockgpu_device_make(parent, driver, index, devices);
	if (IS_ERR(mdev)) {
		devres_release_group(parent, NULL);
		mockgpu_parent_destroy(parent);
	}
	return mdev;
}

/**
 * mockgpu_device_register - expose a device to user space
 * @mdev: the device
 *
 * It works without /dev/mockgpu too. The lock keeps mockgpu_device_unplug() out until
 * all of the device is registered.
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_device_register(struct mockgpu_device *mdev)
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
 * Open files stay open, but every ioctl and mmap() fails with ENODEV and every access to
 * a mapping gets SIGBUS. May be called again.
 */
void mockgpu_device_unplug(struct mockgpu_device *mdev)
{
	mutex_lock(&mdev->plug_lock);
	if (mdev->plugged) {
		mdev->plugged = false;
		mockgpu_engine_free(mdev);
		mockgpu_node_unregister(mdev);
		drm_dev_unplug(&mdev->drm);
	}
	mutex_unlock(&mdev->plug_lock);
}

/**
 * mockgpu_device_destroy - unplug a device and free it
 * @mdev: the device, registered or not
 */
void mockgpu_device_destroy(struct mockgpu_device *mdev)
{
	struct device *parent = mdev->drm.dev;

	mockgpu_device_unplug(mdev);
	devres_release_group(parent, NULL);
	mockgpu_parent_destroy(parent);
}
