/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host sleeps.
 *
 * Locking: called by the core, with its own lock outside of all of the driver's.
 */
#ifndef MOCKGPU_PM_H
#define MOCKGPU_PM_H

#include "mockgpu_types.h"

int mockgpu_pm_init(struct mockgpu_device *mdev);

#endif /* MOCKGPU_PM_H */
