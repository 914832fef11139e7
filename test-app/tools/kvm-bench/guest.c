// SPDX-License-Identifier: GPL-2.0-only
/* What the guest does. */

#include <errno.h>

#include "kvm_bench.h"
#include "touch.h"

/**
 * kvm_bench_guest_touch() - let a vCPU write to pages, one after the other
 * @vcpu: the vCPU
 * @gpa: guest physical address of page 0
 * @first: the first page
 * @pages: how many
 *
 * Return: see above; -EFAULT as soon as a page of a work list could not be touched.
 */
int kvm_bench_guest_touch(struct vmm_vcpu *vcpu, uint64_t gpa, uint32_t first, uint32_t pages)
{
	uint32_t sequence[GUEST_WORK_ITEMS];
	uint8_t result[GUEST_WORK_ITEMS];
	uint32_t done, i;

	for (done = 0; done < pages; done += GUEST_WORK_ITEMS) {
		struct touch touch = {
			.op = GUEST_WRITE, .sequence = sequence, .result = result,
			.gpa = gpa + ((uint64_t)first + done) * GUEST_PAGE_SIZE,
			.accesses = pages - done,
		};
		int ret;

		if (touch.accesses > GUEST_WORK_ITEMS)
			touch.accesses = GUEST_WORK_ITEMS;
		for (i = 0; i < touch.accesses; i++)
			sequence[i] = i;
		ret = touch_run(vcpu, &touch);
		if (ret)
			return ret;
		for (i = 0; i < touch.accesses; i++)
			if (result[i] != GUEST_MAPPED)
				return -EFAULT;
	}
	return 0;
}
