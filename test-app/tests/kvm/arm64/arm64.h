/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers for tests of arm64. Include it after kselftest_harness.h. */
#ifndef MOCKGPU_TEST_ARM64_H
#define MOCKGPU_TEST_ARM64_H

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "mockgpu.h"
#include "vmm.h"

/*
 * Create a memslot over a mapped buffer in the only way left on a CPU whose KVM refuses
 * cacheable VM_PFNMAP memory: KVM checks the VMAs when the slot is created. So anonymous
 * memory is there at that time, and the buffer is mapped over it afterwards.
 */
static inline int arm64_slot_behind(struct vmm *vm, unsigned int slot, uint64_t gpa,
				    struct mockgpu_bo *bo, uint32_t flags)
{
	void *at = bo->map;
	int ret;

	if (mmap(at, bo->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		return -errno;
	ret = vmm_slot_set(vm, slot, gpa, at, bo->size, flags);
	bo->map = NULL;
	return ret ? ret : mockgpu_bo_map(bo, at);
}

#endif /* MOCKGPU_TEST_ARM64_H */
