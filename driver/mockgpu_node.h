/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The plain node /dev/mockgpu of the first device.
 *
 * Locking: mockgpu_device.plug_lock for registering and unregistering.
 * Errors: each leaves a line in the kernel log.
 */
#ifndef MOCKGPU_NODE_H
#define MOCKGPU_NODE_H

#include "mockgpu_types.h"

int mockgpu_node_check(struct mockgpu_device *mdev);
void mockgpu_node_register(struct mockgpu_device *mdev);
void mockgpu_node_unregister(struct mockgpu_device *mdev);

#endif /* MOCKGPU_NODE_H */
