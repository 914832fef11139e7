/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mock's only engine, which copies between two buffers.
 *
 * Locking: the ioctl locks one buffer at a time and pins both while it copies. User memory it does
 * not pin, but locks both sides together if they are that, and gives them a fence.
 * Errors: as documented in uapi/mockgpu_drm.h.
 */
#ifndef MOCKGPU_COPY_H
#define MOCKGPU_COPY_H

#include <linux/iosys-map.h>

#include "mockgpu_types.h"

/**
 * struct mockgpu_copy_side - where a copy reads or writes
 * @user: pages of user memory, see mockgpu_userptr_pages(), or NULL
 * @map: kernel mapping of all of the buffer, without @user
 * @offset: where it begins, in bytes
 */
struct mockgpu_copy_side {
	const unsigned long *user;
	struct iosys_map map;
	u64 offset;
};

int mockgpu_bo_copy_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);

#ifdef MOCKGPU_HAVE_KUNIT
int mockgpu_copy_bytes(struct mockgpu_copy_side *dst, struct mockgpu_copy_side *src, u64 size,
		       void *bounce);
bool mockgpu_copy_is_possible(struct mockgpu_bo *dst, struct mockgpu_bo *src,
			      const struct drm_mockgpu_bo_copy *args);
#endif

#endif /* MOCKGPU_COPY_H */
