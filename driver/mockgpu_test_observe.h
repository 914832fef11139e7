/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MOCKGPU_BO_PAGES, SNAPSHOT and COMPARE: the state of a buffer's pages. For
 * CAP_SYS_ADMIN only, since page frame numbers and reference counts are the kernel's.
 *
 * Locking: the ioctls take the buffer's lock, PAGES for some pages at a time.
 * Errors: as documented in uapi/mockgpu_test.h.
 */
#ifndef MOCKGPU_TEST_OBSERVE_H
#define MOCKGPU_TEST_OBSERVE_H

#include "mockgpu_types.h"

int mockgpu_bo_pages_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int mockgpu_bo_snapshot_ioctl(struct drm_device *drm, void *data,
			      struct drm_file *file);
int mockgpu_bo_compare_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file);
void mockgpu_snapshot_free(struct mockgpu_snapshot *snapshot);

#endif /* MOCKGPU_TEST_OBSERVE_H */
