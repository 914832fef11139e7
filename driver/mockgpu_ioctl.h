/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls that describe the device, create buffers, describe them and unmap them.
 *
 * Locking: each takes the buffer's lock where it needs it.
 * Errors: as documented in uapi/mockgpu_drm.h.
 */
#ifndef MOCKGPU_IOCTL_H
#define MOCKGPU_IOCTL_H

#include "mockgpu_types.h"

int mockgpu_get_param_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);
int mockgpu_bo_create_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);
int mockgpu_bo_userptr_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file);
int mockgpu_bo_mmap_offset_ioctl(struct drm_device *drm, void *data,
				 struct drm_file *file);
int mockgpu_bo_query_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int mockgpu_bo_zap_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file);

#endif /* MOCKGPU_IOCTL_H */
