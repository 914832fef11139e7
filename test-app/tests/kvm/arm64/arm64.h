/* SPDX-License-Identifier: GPL-2.0-only */
/* Helpers for tests of arm64. Include it after kselftest_harness.h. */
#ifndef MOCKGPU_TEST_ARM64_H
#define MOCKGPU_TEST_ARM64_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "mockgpu.h"
#include "touch.h"
#include "vmm.h"

/* One pass of a vCPU over pages of at most @size bytes. Return: how many ended with @wanted. */
static inline size_t arm64_pass(struct __test_metadata *_metadata, struct vmm *vm,
				struct touch *touch, size_t size, enum guest_result wanted)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(vm, 0);
	size_t i, count = 0;

	memset(touch->result, GUEST_PENDING, size);
	EXPECT_EQ(0, touch_run(vcpu, touch))
		TH_LOG("the guest ended with: %s", vmm_vcpu_strexit(vcpu));
	EXPECT_EQ(0, touch->spurious);
	for (i = 0; i < size; i++)
		count += touch->result[i] == wanted;
	return count;
}

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
