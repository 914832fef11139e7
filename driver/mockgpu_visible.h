/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM that the CPU cannot access.
 *
 * Locking: what is about a buffer needs its lock. Which part of VRAM it is never changes after
 * mockgpu_visible_init().
 * Units: pages.
 * Errors: -EBUSY for a pinned buffer, -EOPNOTSUPP where the CPU can access all of VRAM.
 */
#ifndef MOCKGPU_VISIBLE_H
#define MOCKGPU_VISIBLE_H

#include "mockgpu_types.h"

struct vm_fault;

int mockgpu_visible_init(struct mockgpu_device *mdev);
const struct ttm_place *mockgpu_visible_place(struct mockgpu_bo *bo);
bool mockgpu_bo_is_visible(struct mockgpu_bo *bo);
bool mockgpu_visible_evict(struct mockgpu_bo *bo, struct ttm_placement *placement);
int mockgpu_bo_make_visible(struct mockgpu_bo *bo);
int mockgpu_bo_hide(struct mockgpu_bo *bo);
vm_fault_t mockgpu_visible_fault(struct mockgpu_bo *bo, const struct vm_fault *vmf);

#endif /* MOCKGPU_VISIBLE_H */
