// SPDX-License-Identifier: GPL-2.0-only
/* A guest touches memory that the host has mapped, for the first time. */

#include "hostmap.h"
#include "kvm_bench.h"
#include "touch.h"

/*
 * Let the payload run once with a full work list, so that its own pages are mapped and no
 * fault of theirs counts.
 */
static int touch_warm_up(struct vmm *vm)
{
	static char page[GUEST_PAGE_SIZE] __attribute__((aligned(GUEST_PAGE_SIZE)));
	static const uint32_t sequence[GUEST_WORK_ITEMS];
	uint8_t result;
	struct touch touch = {
		.op = GUEST_WRITE, .gpa = KVM_BENCH_GPA, .sequence = sequence,
		.accesses = GUEST_WORK_ITEMS, .result = &result,
	};
	int ret = vmm_slot_set(vm, KVM_BENCH_SLOT, KVM_BENCH_GPA, page, sizeof(page), 0);

	return ret ? ret : touch_run(vmm_vcpu_get(vm, 0), &touch);
}

static int touch_measure_in(struct vmm *vm, const struct kvm_bench_memory *memory,
			    struct kvm_bench_point *point)
{
	uint64_t gpa = KVM_BENCH_GPA + HOSTMAP_ALIGNMENT;
	int ret = touch_warm_up(vm);

	if (!ret)
		ret = vmm_slot_set(vm, KVM_BENCH_SLOT + 1, gpa, memory->map, memory->size, 0);
	if (ret)
		return ret;
	kvm_bench_begin(vm, 1, point);
	ret = bench_guest_touch(vmm_vcpu_get(vm, 0), gpa, memory->size / GUEST_PAGE_SIZE);
	kvm_bench_end(vm, 1, point);
	return ret;
}

static int touch_measure(int drm, const struct kvm_bench_source *source, uint64_t size,
			 unsigned int level, struct kvm_bench_point *points)
{
	struct kvm_bench_memory memory;
	struct vmm *vm = NULL;
	int ret;

	ret = kvm_bench_memory_make(drm, source, size, &memory);
	if (ret)
		return ret;
	kvm_bench_memory_populate(&memory);
	ret = vmm_create(&vm, level);
	if (!ret)
		ret = touch_measure_in(vm, &memory, points);
	vmm_destroy(vm);
	kvm_bench_memory_free(&memory);
	return ret;
}

const struct kvm_bench kvm_bench_touch = {
	.name = "touch",
	.what = "a guest writes once to each page of memory that the host has mapped",
	.unit = "vCPUs", .levels = { 1 }, .mib = 1024,
	.steps = { "touch" },
	.sources = { KVM_BENCH_MEMFD_HUGE, KVM_BENCH_MEMFD, KVM_BENCH_SPLIT, KVM_BENCH_TTM,
		     KVM_BENCH_NONCOMPOUND_HUGE },
	.source_count = 5,
	.measure = touch_measure,
};
