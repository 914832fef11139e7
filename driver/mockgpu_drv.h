/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit tests call in mockgpu_drv.c.
 */
#ifndef MOCKGPU_DRV_H
#define MOCKGPU_DRV_H

#include <linux/types.h>

#ifdef MOCKGPU_HAVE_KUNIT
bool mockgpu_ioctl_is_unknown(unsigned int cmd);
#endif

#endif /* MOCKGPU_DRV_H */
