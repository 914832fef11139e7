/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of a device: created, registered, unplugged, destroyed, in this order.
 *
 * Locking: module init and exit create, register and destroy; mockgpu_pci.c does for a
 * device on a bus. mockgpu_device_unplug() may be called at any time between registering
 * and destroying, by anybody.
 */
#ifndef MOCKGPU_DEVICE_H
#define MOCKGPU_DEVICE_H

#include "mockgpu_types.h"

#define MOCKGPU_NAME		"mockgpu"
#define MOCKGPU_DEVICES_MAX	2

struct device;
struct drm_driver;

struct mockgpu_device *mockgpu_device_make(struct device *parent,
					   const struct drm_driver *driver,
					   unsigned int index, unsigned int devices);
struct mockgpu_device *mockgpu_device_create(const struct drm_driver *driver,
					     unsigned int index, unsigned int devices);
int mockgpu_device_register(struct mockgpu_device *mdev);
void mockgpu_device_unplug(struct mockgpu_device *mdev);
void mockgpu_device_destroy(struct mockgpu_device *mdev);

#endif /* MOCKGPU_DEVICE_H */
