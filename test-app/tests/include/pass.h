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

#endif /* MOCKGPU_TEST_PASS_H */
