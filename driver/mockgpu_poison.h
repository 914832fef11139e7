/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM in a BAR that fails.
 *
 * Locking: mockgpu_pci.c calls these under its own.
 */
#ifndef MOCKGPU_POISON_H
#define MOCKGPU_POISON_H

#include "mockgpu_types.h"

bool mockgpu_poison_wanted(void);
int mockgpu_poison_register(struct mockgpu_device *mdev);
void mockgpu_poison_unregister(struct mockgpu_device *mdev);

#endif /* MOCKGPU_POISON_H */
