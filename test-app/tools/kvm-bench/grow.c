// SPDX-License-Identifier: GPL-2.0-only
/* What one more buffer costs, by how many the process and the VM have. */

#include <errno.h>
#include <stdlib.h>

#include "array.h"
#include "kvm_bench.h"

#define GROW_SIZE (64ull << 10)

enum grow_step { GROW_CREATE, GROW_MAP, GROW_TOUCH, GROW_UNMAP };

/**
 * struct grow - a VM with many buffers, each in a memslot of its own
 * @vm: the VM
 * @drm: from mockgpu_open()
 * @source: where the buffers come from
 * @memory: the buffers
 * @count: how many
 */
struct grow {
	struct vmm *vm;
	int drm;
	const struct kvm_bench_source *source;
	struct kvm_bench_memory *memory;
	unsigned int count;
};

/* The last one's. */
static unsigned int grow_slot(const struct grow *grow)
{
	return KVM_BENCH_SLOT + grow->count - 1;
}

static uint64_t grow_gpa(const struct grow *grow)
{
	return KVM_BENCH_GPA + (grow->count - 1) * GROW_SIZE;
}

static int grow_map(struct grow *grow)
{
	return vmm_slot_set(grow->vm, grow_slot(grow), grow_gpa(grow),
			    grow->memory[grow->count - 1].map, GROW_SIZE, 0);
}

static int grow_create(struct grow *grow)
{
	int ret = kvm_bench_memory_make(grow->drm, grow->source, GROW_SIZE,
					&grow->memory[grow->count]);

	grow->count += !ret;
	return ret;
}

/* Up to @count buffers. */
static int grow_to(struct grow *grow, unsigned int count)
{
	int ret = 0;

	while (!ret && grow->count < count) {
		ret = grow_create(grow);
		if (!ret)
			ret = grow_map(grow);
	}
	return ret;
}

static int grow_touch(struct grow *grow)
{
	return bench_guest_touch(vmm_vcpu_get(grow->vm, 0), grow_gpa(grow),
				 GROW_SIZE / GUEST_PAGE_SIZE);
}

static int grow_unmap(struct grow *grow)
{
	return vmm_slot_delete(grow->vm, grow_slot(grow));
}

static int (* const grow_steps[])(struct grow *grow) = {
	[GROW_CREATE] = grow_create, [GROW_MAP] = grow_map, [GROW_TOUCH] = grow_touch,
	[GROW_UNMAP] = grow_unmap,
};

static int grow_one(struct grow *grow, struct kvm_bench_point *points)
{
	unsigned int step;
	int ret = 0;

	for (step = 0; !ret && step < ARRAY_SIZE(grow_steps); step++) {
		kvm_bench_begin(grow->vm, 1, &points[step]);
		ret = grow_steps[step](grow);
		kvm_bench_end(grow->vm, 1, &points[step]);
	}
	return ret;
}

static int grow_measure(int drm, const struct kvm_bench_source *source, uint64_t size,
			unsigned int level, struct kvm_bench_point *points)
{
	struct grow grow = { .drm = drm, .source = source };
	int ret;

	(void)size;
	grow.memory = calloc(level, sizeof(*grow.memory));
	if (!grow.memory)
		return -ENOMEM;
	ret = vmm_create(&grow.vm, 1);
	if (!ret)
		ret = grow_to(&grow, level - 1);
	if (!ret)
		ret = grow_one(&grow, points);
	vmm_destroy(grow.vm);
	while (grow.count)
		kvm_bench_memory_free(&grow.memory[--grow.count]);
	free(grow.memory);
	return ret;
}

const struct kvm_bench kvm_bench_grow = {
	.name = "grow",
	.what = "the last of many buffers of 64 KiB, each in a memslot of its own, is created,\n"
		"mapped into a guest, touched and unmapped",
	.unit = "buffers", .levels = { 1, 64, 1024, 4096 },
	.steps = { [GROW_CREATE] = "create", [GROW_MAP] = "map", [GROW_TOUCH] = "touch",
		   [GROW_UNMAP] = "unmap" },
	.sources = { KVM_BENCH_MEMFD, KVM_BENCH_TTM },
	.source_count = 2,
	.measure = grow_measure,
};
