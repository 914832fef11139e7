/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls that move, pin, swap out and revoke a buffer. TTM does the work.
 *
 * Locking: the ioctls take the buffer's lock, SWAPOUT mockgpu_device.swap_lock first.
 * Errors: as documented in uapi/mockgpu_drm.h.
 */
#ifndef MOCKGPU_MOVE_H
#define MOCKGPU_MOVE_H

#include "mockgpu_types.h"

bool mockgpu_swap_is_for(struct mockgpu_device *mdev,
			 struct ttm_buffer_object **tbo);
int mockgpu_bo_move_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);
int mockgpu_bo_set_caching_ioctl(struct drm_device *drm, void *data,
				 struct drm_file *file);
int mockgpu_bo_pin_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file);
int mockgpu_bo_swapout_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file);
int mockgpu_bo_revoke_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);

#endif /* MOCKGPU_MOVE_H */
