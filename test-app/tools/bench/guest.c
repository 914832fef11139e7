// SPDX-License-Identifier: GPL-2.0-only
/* What the benchmarks with a guest share. */

#include <errno.h>
#include <stdio.h>

#include "behaviour.h"
#include "bench.h"
#include "buffer.h"
#include "touch.h"

/**
 * bench_open_for_guests() - open the driver, for buffers that guests are given
 *
 * Return: from mockgpu_open(); negative after one line on standard error that says why not.
 */
int bench_open_for_guests(void)
{
	const char *unusable = vm_buffer_unusable();
	char why[256];
	int drm = -ENODEV;

	if (!unusable)
		unusable = behaviour_unsafe();
	if (!unusable)
		drm = mockgpu_open(why, sizeof(why));
	if (drm < 0)
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, unusable ?: why);
	return drm;
}

/**
 * bench_guest_touch() - let a vCPU write to pages, one after the other
 * @vcpu: the vCPU
 * @gpa: guest physical address of the first
 * @pages: how many
 *
 * Return: 0; -EFAULT as soon as a page of a work list could not be touched; as touch_run().
 */
int bench_guest_touch(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t pages)
{
	uint32_t sequence[GUEST_WORK_ITEMS];
	uint8_t result[GUEST_WORK_ITEMS];
	uint32_t i;
	int ret;

	for (i = 0; i < GUEST_WORK_ITEMS; i++)
		sequence[i] = i;
	while (pages) {
		struct touch touch = {
			.op = GUEST_WRITE, .sequence = sequence, .result = result, .gpa = gpa,
			.accesses = pages < GUEST_WORK_ITEMS ? pages : GUEST_WORK_ITEMS,
		};

		ret = touch_run(vcpu, &touch);
		if (ret)
			return ret;
		for (i = 0; i < touch.accesses; i++)
			if (result[i] != GUEST_MAPPED)
				return -EFAULT;
		gpa += touch.accesses * GUEST_PAGE_SIZE;
		pages -= touch.accesses;
	}
	return 0;
}
