/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-bufs: buffers that are exported, and buffers that are imports of foreign ones.
 *
 * Locking: an import shares the reservation of its dma-buf, so locking the buffer
 * locks the dma-buf. Callbacks of the dma-buf core that say so come with it held.
 * Errors: a negative errno of ours or, for an import, of its exporter.
 */
#ifndef MOCKGPU_PRIME_H
#define MOCKGPU_PRIME_H

#include "mockgpu_types.h"

struct sg_table;
struct vm_area_struct;

struct dma_buf *mockgpu_dmabuf_export(struct drm_gem_object *gem, int flags);
struct drm_gem_object *mockgpu_dmabuf_own(struct drm_device *drm,
					  struct dma_buf *dmabuf);
void mockgpu_dmabuf_notify_move(struct mockgpu_bo *bo);

int mockgpu_import_attach(struct mockgpu_bo *bo);
void mockgpu_import_release(struct mockgpu_bo *bo);
int mockgpu_import_populate(struct mockgpu_tt *tt);
void mockgpu_import_unpopulate(struct mockgpu_tt *tt);
bool mockgpu_import_is_writable(const struct mockgpu_bo *bo);
int mockgpu_import_mmap(struct mockgpu_bo *bo, struct vm_area_struct *vma);

#ifdef MOCKGPU_HAVE_KUNIT
bool mockgpu_import_table_fits(struct sg_table *sgt, unsigned long npages);
#endif

#endif /* MOCKGPU_PRIME_H */
