/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM in the dmem cgroup controller.
 *
 * Locking: none; called when the device has no buffers.
 * Errors: a negative errno; nothing happens on a kernel without the controller.
 */
#ifndef MOCKGPU_DMEM_H
#define MOCKGPU_DMEM_H

#include "mockgpu_types.h"

#ifdef MOCKGPU_HAVE_DMEM
int mockgpu_dmem_init(struct mockgpu_device *mdev);
void mockgpu_dmem_fini(struct mockgpu_device *mdev);
#else
static inline int mockgpu_dmem_init(struct mockgpu_device *mdev)
{
	return 0;
}

static inline void mockgpu_dmem_fini(struct mockgpu_device *mdev)
{
}
#endif

#endif /* MOCKGPU_DMEM_H */
