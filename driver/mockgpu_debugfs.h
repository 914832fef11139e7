/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What root sees in debugfs and every process in its fdinfo.
 *
 * Locking: mockgpu_device.list_lock for the list of buffers; a buffer's own lock is
 * only tried, so a reader never waits for a buffer that is being moved.
 */
#ifndef MOCKGPU_DEBUGFS_H
#define MOCKGPU_DEBUGFS_H

#include "mockgpu_types.h"

struct drm_minor;
struct drm_printer;

void mockgpu_debugfs_init(struct drm_minor *minor);
void mockgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file);

#endif /* MOCKGPU_DEBUGFS_H */
