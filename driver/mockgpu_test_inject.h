/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MOCKGPU_BO_INJECT: deliberate damage, which shows that the test suite's checks can
 * fail. For CAP_SYS_ADMIN only.
 *
 * Locking: mockgpu_device.inject_lock, then the lock of one buffer at a time.
 * Errors: as documented in uapi/mockgpu_test.h.
 */
#ifndef MOCKGPU_TEST_INJECT_H
#define MOCKGPU_TEST_INJECT_H

#include "mockgpu_types.h"

struct vm_fault;

int mockgpu_bo_inject_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);
void mockgpu_inject_release(struct mockgpu_bo *bo);
vm_fault_t mockgpu_inject_fault(struct mockgpu_bo *bo, struct vm_fault *vmf);

/**
 * mockgpu_inject_is_at - whether a fault on a page must map a foreign page
 * @bo: the buffer, locked
 * @page: index of the page
 *
 * Return: true when it must: call mockgpu_inject_fault().
 */
static inline bool mockgpu_inject_is_at(const struct mockgpu_bo *bo, unsigned long page)
{
	return unlikely(bo->foreign.bo) && bo->foreign.at == page;
}

#ifdef MOCKGPU_HAVE_KUNIT
bool mockgpu_inject_args_are_good(const struct drm_mockgpu_bo_inject *args);
#endif

#endif /* MOCKGPU_TEST_INJECT_H */
