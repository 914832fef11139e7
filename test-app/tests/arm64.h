/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of arm64 share. */
#ifndef MOCKGPU_TEST_ARM64_H
#define MOCKGPU_TEST_ARM64_H

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "mockgpu.h"
#include "vmm.h"

/*
 * A memslot over a mapped buffer by the way round that is left on a CPU whose KVM
 * refuses cacheable VM_PFNMAP memory: KVM looks at the VMAs when the slot is made. So
 * anonymous memory is there then, and the buffer comes behind KVM's back.
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
