/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM in RAM that was cut off from the kernel: module parameters vram=cutoff and vram_base.
 *
 * Locking: as mockgpu_vram.h.
 * Errors: a negative errno that loading the module can return.
 */
#ifndef MOCKGPU_CUTOFF_H
#define MOCKGPU_CUTOFF_H

#include "mockgpu_types.h"

int mockgpu_cutoff_init(int index);
bool mockgpu_cutoff_is_wanted(struct mockgpu_device *mdev);
int mockgpu_cutoff_map(struct mockgpu_device *mdev);
void mockgpu_cutoff_unmap(struct mockgpu_device *mdev);

#endif /* MOCKGPU_CUTOFF_H */
