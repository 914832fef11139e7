/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a process as a buffer: MOCKGPU_KIND_USERPTR.
 *
 * How to use it. Validate the buffer with no lock held. Lock its reservation, prepare everything,
 * reserve a slot for a fence. Then, under mockgpu_userptr_lock(), ask whether it is still valid;
 * if so, publish the fence before unlocking, else begin again. Until the fence signals the pages
 * stay. Under that lock, and until the fence signals, nothing may allocate memory: whoever frees
 * memory waits for it.
 *
 * All functions accept a buffer of another kind, which is always valid. Without HMM in the kernel
 * there is no user memory.
 * Units: pages count from 0 in a buffer.
 * Errors: -EFAULT, -ESRCH: see struct drm_mockgpu_bo_userptr.
 */
#ifndef MOCKGPU_USERPTR_H
#define MOCKGPU_USERPTR_H

#include <linux/errno.h>

#include "mockgpu_types.h"

#ifdef MOCKGPU_HAVE_USERPTR
int mockgpu_userptr_create(struct mockgpu_bo *bo, u64 address, u32 flags);
void mockgpu_userptr_destroy(struct mockgpu_bo *bo);
int mockgpu_userptr_validate(struct mockgpu_bo *bo);
void mockgpu_userptr_lock(struct mockgpu_device *mdev);
void mockgpu_userptr_unlock(struct mockgpu_device *mdev);
bool mockgpu_userptr_is_valid(struct mockgpu_bo *bo);
void mockgpu_userptr_dirty(struct mockgpu_bo *bo, unsigned long first, unsigned long npages);
const unsigned long *mockgpu_userptr_pages(const struct mockgpu_bo *bo);
bool mockgpu_userptr_is_writable(const struct mockgpu_bo *bo);
u32 mockgpu_userptr_invalidations(const struct mockgpu_bo *bo);
u32 mockgpu_userptr_faults(const struct mockgpu_bo *bo);
#else
static inline int mockgpu_userptr_create(struct mockgpu_bo *bo, u64 address, u32 flags)
{
	return -EOPNOTSUPP;
}

static inline void mockgpu_userptr_destroy(struct mockgpu_bo *bo) {}

static inline int mockgpu_userptr_validate(struct mockgpu_bo *bo)
{
	return 0;
}

static inline void mockgpu_userptr_lock(struct mockgpu_device *mdev) {}
static inline void mockgpu_userptr_unlock(struct mockgpu_device *mdev) {}

static inline bool mockgpu_userptr_is_valid(struct mockgpu_bo *bo)
{
	return true;
}

static inline void mockgpu_userptr_dirty(struct mockgpu_bo *bo, unsigned long first,
					 unsigned long npages) {}

static inline const unsigned long *mockgpu_userptr_pages(const struct mockgpu_bo *bo)
{
	return NULL;
}

static inline bool mockgpu_userptr_is_writable(const struct mockgpu_bo *bo)
{
	return true;
}

static inline u32 mockgpu_userptr_invalidations(const struct mockgpu_bo *bo)
{
	return 0;
}

static inline u32 mockgpu_userptr_faults(const struct mockgpu_bo *bo)
{
	return 0;
}
#endif

#endif /* MOCKGPU_USERPTR_H */
