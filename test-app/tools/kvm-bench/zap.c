// SPDX-License-Identifier: GPL-2.0-only
/* A driver takes its memory away from running vCPUs, which then fault it in again. */

#include <pthread.h>

#include "clock.h"
#include "kvm_bench.h"

#define ZAP_VCPUS_MAX 4

enum zap_step { ZAP_ZAP, ZAP_REFAULT };

/**
 * struct zap_lane - a vCPU in a thread of its own, with its share of the pages
 * @passes: how often it has touched them
 * @stop: it ends after this pass
 * @error: 0 or -errno
 * @thread: the thread
 * @vcpu: the vCPU
 * @gpa: guest physical address of its first page
 * @pages: how many
 */
struct zap_lane {
	_Atomic unsigned int passes;
	_Atomic bool stop;
	_Atomic int error;
	pthread_t thread;
	struct vmm_vcpu *vcpu;
	uint64_t gpa;
	uint32_t pages;
};

/**
 * struct zap - one measurement
 * @memory: the memory
 * @vm: the VM
 * @lanes: its vCPUs
 * @count: how many
 */
struct zap {
	struct kvm_bench_memory memory;
	struct vmm *vm;
	struct zap_lane lanes[ZAP_VCPUS_MAX];
	unsigned int count;
};

static void *zap_lane_run(void *arg)
{
	struct zap_lane *lane = arg;

	do {
		lane->error = bench_guest_touch(lane->vcpu, lane->gpa, lane->pages);
		lane->passes++;
	} while (!lane->error && !lane->stop);
	return NULL;
}

/* Let all vCPUs end after their pass; 0 or the first error. */
static int zap_end(struct zap *zap, unsigned int started)
{
	unsigned int i;
	int ret = 0;

	/* Twice, for gcc's analyzer, which does not see that no level is higher. */
	for (i = 0; i < started && i < ZAP_VCPUS_MAX; i++)
		zap->lanes[i].stop = true;
	for (i = 0; i < started && i < ZAP_VCPUS_MAX; i++) {
		pthread_join(zap->lanes[i].thread, NULL);
		if (!ret)
			ret = zap->lanes[i].error;
	}
	return ret;
}

static int zap_begin(struct zap *zap, bool once)
{
	unsigned int i;
	int ret;

	for (i = 0; i < zap->count; i++) {
		zap->lanes[i].passes = 0;
		zap->lanes[i].stop = once;
		ret = -pthread_create(&zap->lanes[i].thread, NULL, zap_lane_run, &zap->lanes[i]);
		if (ret) {
			zap_end(zap, i);
			return ret;
		}
	}
	return 0;
}

static int zap_pass(struct zap *zap)
{
	int ret = zap_begin(zap, true);

	return ret ? ret : zap_end(zap, zap->count);
}

/* Each vCPU is in the guest, and has all of its pages. */
static void zap_wait(struct zap *zap)
{
	unsigned int i;

	for (i = 0; i < zap->count; i++)
		while (!zap->lanes[i].passes)
			clock_pause(1);
}

static int zap_measure_zap(struct zap *zap, struct kvm_bench_point *point)
{
	int ret, ended;

	ret = zap_begin(zap, false);
	if (ret)
		return ret;
	zap_wait(zap);
	kvm_bench_begin(zap->vm, 0, point);
	ret = kvm_bench_memory_zap(&zap->memory);
	kvm_bench_end(zap->vm, 0, point);
	ended = zap_end(zap, zap->count);
	return ret ? ret : ended;
}

static int zap_measure_refault(struct zap *zap, struct kvm_bench_point *point)
{
	int ret = zap_pass(zap);

	if (!ret)
		ret = kvm_bench_memory_zap(&zap->memory);
	if (ret)
		return ret;
	kvm_bench_begin(zap->vm, zap->count, point);
	ret = zap_pass(zap);
	kvm_bench_end(zap->vm, zap->count, point);
	return ret;
}

static int zap_prepare(struct zap *zap)
{
	uint32_t share = zap->memory.size / GUEST_PAGE_SIZE / zap->count;
	unsigned int i;
	int ret;

	kvm_bench_memory_populate(&zap->memory);
	ret = vmm_create(&zap->vm, zap->count);
	if (!ret)
		ret = vmm_slot_set(zap->vm, KVM_BENCH_SLOT, KVM_BENCH_GPA, zap->memory.map,
				   zap->memory.size, 0);
	for (i = 0; !ret && i < zap->count; i++)
		zap->lanes[i] = (struct zap_lane){
			.vcpu = vmm_vcpu_get(zap->vm, i), .pages = share,
			.gpa = KVM_BENCH_GPA + (uint64_t)i * share * GUEST_PAGE_SIZE,
		};
	return ret;
}

static int zap_measure(int drm, const struct kvm_bench_source *source, uint64_t size,
		       unsigned int level, struct kvm_bench_point *points)
{
	struct zap zap = { .count = level };
	int ret;

	ret = kvm_bench_memory_make(drm, source, size, &zap.memory);
	if (ret)
		return ret;
	ret = zap_prepare(&zap);
	if (!ret)
		ret = zap_measure_zap(&zap, &points[ZAP_ZAP]);
	if (!ret)
		ret = zap_measure_refault(&zap, &points[ZAP_REFAULT]);
	vmm_destroy(zap.vm);
	kvm_bench_memory_free(&zap.memory);
	return ret;
}

const struct kvm_bench kvm_bench_zap = {
	.name = "zap",
	.what = "memory is zapped under vCPUs that write to it; with the vCPUs stopped it is\n"
		"zapped again, and they write to all of it, each to its share",
	.unit = "vCPUs", .levels = { 1, 2, ZAP_VCPUS_MAX }, .mib = 64,
	.steps = { [ZAP_ZAP] = "zap", [ZAP_REFAULT] = "refault" },
	.sources = { KVM_BENCH_MEMFD, KVM_BENCH_MEMFD_HUGE, KVM_BENCH_SPLIT, KVM_BENCH_TTM,
		     KVM_BENCH_NONCOMPOUND_HUGE },
	.source_count = 5,
	.measure = zap_measure,
};
