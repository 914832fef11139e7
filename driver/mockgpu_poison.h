/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM in a BAR that fails.
 *
 * Locking: module init calls mockgpu_poison_init(), mockgpu_pci.c the others under its lock.
 */
#ifndef MOCKGPU_POISON_H
#define MOCKGPU_POISON_H

#include "mockgpu_types.h"

int mockgpu_poison_init(bool has_bar);
int mockgpu_poison_register(struct mockgpu_device *mdev);
void mockgpu_poison_unregister(struct mockgpu_device *mdev);

#endif /* MOCKGPU_POISON_H */
