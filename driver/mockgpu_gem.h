/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Creating and destroying buffer objects, and their GEM side.
 *
 * Locking: a new buffer is returned unlocked, unless it shares the reservation of a
 * parent, which the caller holds.
 * Errors: -EINVAL for what can never be, -E2BIG for what can never fit, -ENOMEM.
 */
#ifndef MOCKGPU_GEM_H
#define MOCKGPU_GEM_H

#include "mockgpu_types.h"

int mockgpu_bo_desc_check(struct mockgpu_device *mdev,
			  const struct mockgpu_bo_desc *desc);
struct mockgpu_bo *mockgpu_bo_create(struct mockgpu_device *mdev,
				     const struct mockgpu_bo_desc *desc,
				     struct mockgpu_bo *parent, bool interruptible);
int mockgpu_userptr_check(struct mockgpu_device *mdev,
			  const struct drm_mockgpu_bo_userptr *args);
struct mockgpu_bo *mockgpu_bo_create_userptr(struct mockgpu_device *mdev, u64 address, u64 size,
					     u32 flags);
bool mockgpu_bo_is_ours(const struct ttm_buffer_object *tbo);
void mockgpu_bo_uncharge_pages(struct mockgpu_bo *bo);
bool mockgpu_tt_charge(struct mockgpu_device *mdev, struct mockgpu_tt *tt);
void mockgpu_tt_uncharge(struct mockgpu_device *mdev, struct mockgpu_tt *tt);
struct drm_gem_object *mockgpu_gem_prime_import(struct drm_device *drm,
						struct dma_buf *dmabuf);

#ifdef MOCKGPU_HAVE_KUNIT
int mockgpu_bo_charge(struct mockgpu_device *mdev, struct mockgpu_bo *bo);
void mockgpu_bo_uncharge(struct mockgpu_bo *bo);
#endif

#endif /* MOCKGPU_GEM_H */
