/* SPDX-License-Identifier: GPL-2.0-only */
/* One pass of a vCPU over pages. Include it after kselftest_harness.h. */
#ifndef MOCKGPU_TEST_PASS_H
#define MOCKGPU_TEST_PASS_H

#include <stdint.h>
#include <string.h>

#include "touch.h"
#include "vmm.h"

/* One pass of a vCPU over pages of at most @size bytes. Return: how many ended with @wanted. */
static inline size_t touch_pass(struct __test_metadata *_metadata, struct vmm *vm,
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

/**
 * struct pass - repeated passes of a vCPU over all pages of a buffer at VMM_BUFFER_GPA
 * @touch: the last one
 * @pages: number of pages, at most those of @result
 * @seed: of the data that the guest expects
 * @result: of the last one, by page
 */
struct pass {
	struct touch touch;
	size_t pages;
	uint64_t seed;
	uint8_t result[512];
};

/* The guest touches every page. Return: how many ended with @wanted. */
static inline size_t pass_all(struct __test_metadata *_metadata, struct vmm *vm,
			      struct pass *pass, enum guest_op op, enum guest_result wanted)
{
	pass->touch = (struct touch){
		.op = op, .gpa = VMM_BUFFER_GPA, .seed = pass->seed, .accesses = pass->pages,
		.result = pass->result,
	};
	return touch_pass(_metadata, vm, &pass->touch, pass->pages, wanted);
}

#endif /* MOCKGPU_TEST_PASS_H */
