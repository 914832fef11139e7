/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device loses power, or what it had in VRAM.
 *
 * Locking: mockgpu_power_wake() is for page faults, with the buffer locked. The others take
 * list_lock, and buffers only by trylock.
 * Errors: -ENODEV when the device is unplugged.
 */
#ifndef MOCKGPU_POWER_H
#define MOCKGPU_POWER_H

#include "mockgpu_types.h"

int mockgpu_power_reset(struct mockgpu_device *mdev);
int mockgpu_power_d3(struct mockgpu_device *mdev);
void mockgpu_power_wake(struct mockgpu_bo *bo);

#endif /* MOCKGPU_POWER_H */
