/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mock's only engine, which copies between two buffers.
 *
 * Locking: the ioctl locks one buffer at a time and pins both while it copies.
 * Errors: as documented in uapi/mockgpu_drm.h.
 */
#ifndef MOCKGPU_COPY_H
#define MOCKGPU_COPY_H

#include "mockgpu_types.h"

struct iosys_map;

int mockgpu_bo_copy_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);

#ifdef MOCKGPU_HAVE_KUNIT
int mockgpu_copy_bytes(struct iosys_map *dst, u64 dst_offset,
		       struct iosys_map *src, u64 src_offset, u64 size);
bool mockgpu_copy_is_possible(struct mockgpu_bo *dst, struct mockgpu_bo *src,
			      const struct drm_mockgpu_bo_copy *args);
#endif

#endif /* MOCKGPU_COPY_H */
