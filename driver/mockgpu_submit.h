/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Work that user space gives to the engine, with buffers that it uses and DRM sync objects.
 *
 * Locking: the ioctl locks all buffers of a submission at once.
 * Errors: as documented in uapi/mockgpu_drm.h.
 */
#ifndef MOCKGPU_SUBMIT_H
#define MOCKGPU_SUBMIT_H

#include "mockgpu_types.h"

int mockgpu_submit_ioctl(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* MOCKGPU_SUBMIT_H */
