/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests that change a buffer while vCPUs run on it. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_LIVE_H
#define MOCKGPU_TEST_LIVE_H

#include <sys/mman.h>

#include "bo.h"
#include "buffer.h"
#include "clock.h"
#include "driver.h"
#include "failure.h"
#include "guest/arch.h"
#include "hostmap.h"
#include "judge.h"
#include "program.h"
#include "runner.h"
#include "sequence.h"
#include "touch.h"
#include "verdict.h"

#define LIVE_SLOT 1
#define LIVE_GPA VMM_BUFFER_GPA
#define LIVE_VCPUS_MAX 4
#define LIVE_SEED 0x11fe

/**
 * struct live - a buffer in a guest with running vCPUs
 * @driver: the driver's client
 * @vm: the VM
 * @bo: the buffer, mapped where the memslot is
 * @pages: its size in pages
 * @placement: where it was created
 * @vcpus: how many run
 * @runner: their runners
 */
struct live {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
	uint32_t pages;
	uint32_t placement;
	unsigned int vcpus;
	struct runner runner[LIVE_VCPUS_MAX];
};

static inline uint64_t *live_word(void *map, uint32_t page, uint32_t word)
{
	return (uint64_t *)((char *)map + (size_t)page * GUEST_PAGE_SIZE) + word;
}

/* Reset the state to that before live_start(). */
static inline void live_clear(struct live *live)
{
	uint32_t page, lane;

	for (page = 0; page < live->pages; page++)
		for (lane = 0; lane < live->vcpus; lane++)
			*live_word(live->bo.map, page, guest_lane_word(lane)) = 0;
}

/* Count the wrong words of a lane. */
static inline size_t live_lane_differences(void *map, uint32_t pages, uint32_t lane,
					   uint64_t value)
{
	size_t wrong = 0;
	uint32_t page;

	for (page = 0; page < pages; page++)
		wrong += *live_word(map, page, guest_lane_word(lane)) != value;
	return wrong;
}

/* Create a buffer whose memslot can have large entries. Return: 0 or -errno. */
static inline int live_make(struct __test_metadata *_metadata, struct live *live,
			    const struct drm_mockgpu_bo_create *want)
{
	int ret = vm_buffer_make(live->driver.fd, want, &live->bo);
	char *at;

	if (ret)
		return ret;
	at = hostmap_reserve(live->bo.size);
	ASSERT_NE(NULL, at);
	ASSERT_EQ(0, mockgpu_bo_map(&live->bo, at));
	live->pages = bo_npages(&live->bo);
	live->placement = want->placement;
	guest_fill(live->bo.map, live->pages, LIVE_SEED);
	return 0;
}

/* Print what is known of a page that a vCPU could not access. */
static inline void live_explain(struct live *live, unsigned int vcpu, uint32_t page)
{
	const struct explain_page failed = {
		.vm = live->vm, .vcpu = vcpu, .bo = &live->bo, .memory = live->bo.map,
		.gpa = LIVE_GPA, .page = page, .op = GUEST_READ, .seed = LIVE_SEED,
	};

	failure_explain(&failed);
}

/* Where a vCPU that has ended was last, or the page that it found wrong. */
static inline void live_explain_end(struct live *live, unsigned int vcpu)
{
	const struct guest_work *work = vmm_vcpu_work(vmm_vcpu_get(live->vm, vcpu));
	const uint32_t item = work->wrong_count ? work->wrong_item : GUEST_STEP_ITEM(work->step);

	if (!live->runner[vcpu].running && item < live->pages)
		live_explain(live, vcpu, work->page[item]);
}

/* Each page as it is now; pages that cannot be queried (VRAM, no buffer) pass as counted. */
static inline void live_look(struct live *live, struct drm_mockgpu_page *pages)
{
	size_t i;

	if (live->bo.handle && mockgpu_bo_pages(&live->bo, 0, live->pages, pages) == live->pages)
		return;
	for (i = 0; i < live->pages; i++)
		pages[i] = (struct drm_mockgpu_page){ .count = 1 };
}

/* One access to every page, judged as in kvm_map_test. */
static inline struct judgement live_judge(struct live *live)
{
	static struct drm_mockgpu_page before[GUEST_WORK_ITEMS];
	static uint32_t sequence[GUEST_WORK_ITEMS];
	static uint8_t result[GUEST_WORK_ITEMS];
	struct touch touch = {
		.op = GUEST_READ, .gpa = LIVE_GPA, .seed = LIVE_SEED,
		.sequence = sequence, .accesses = live->pages, .result = result,
	};
	struct judge_evidence evidence = {
		.pages = live->pages, .result = result, .before = before, .complaint = "",
		.refusal_known = judge_refusal_known(),
	};
	size_t i;

	live_look(live, before);
	memset(result, GUEST_PENDING, sizeof(result));
	for (i = 0; i < live->pages; i++)
		sequence[i] = i;
	sequence_shuffle(sequence, live->pages);
	/* A page that was not reached has no result, which is not ok. */
	touch_run(vmm_vcpu_get(live->vm, 0), &touch);
	evidence.spurious = touch.spurious;
	evidence.guest_wrong = (struct judge_wrong){
		.words = touch.wrong_words, .page = touch.wrong_page, .word = touch.wrong_word,
		.right = guest_value(LIVE_SEED, touch.wrong_page, touch.wrong_word),
		.seen = touch.wrong_value,
	};
	return judge(&evidence);
}

/*
 * Tell whether the guest can access every page. A kernel may refuse the pages it is known to
 * refuse, all of them and no others: anything else fails the test.
 */
static inline bool live_maps(struct __test_metadata *_metadata, struct live *live)
{
	struct judgement judgement = live_judge(live);

	EXPECT_NE(JUDGE_NOT_OK, judgement.verdict) {
		TH_LOG("%s", judgement.text);
		live_explain(live, 0, judgement.page);
	}
	return judgement.verdict == JUDGE_OK;
}

static inline void live_vm_with(struct __test_metadata *_metadata, struct live *live,
				const struct vmm_options *options)
{
	ASSERT_EQ(0, vmm_create_with(&live->vm, live->vcpus, options));
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, live->bo.size, 0));
}

static inline void live_vm(struct __test_metadata *_metadata, struct live *live)
{
	const struct vmm_options options = {};

	live_vm_with(_metadata, live, &options);
}

/*
 * Set up the driver's client, and a buffer for @vcpus that run. If the kernel cannot create
 * such a buffer, the test is skipped and nothing else is set up.
 */
static inline bool live_setup(struct __test_metadata *_metadata, struct live *live,
			      const struct drm_mockgpu_bo_create *want, unsigned int vcpus)
{
	const char *unsafe = behaviour_unsafe_buffer(want);

	driver_setup(_metadata, &live->driver);
	live->vcpus = vcpus;
	if (unsafe)
		SKIP(return false, "%s", unsafe);
	if (!mockgpu_supports(live->driver.fd, MOCKGPU_PARAM_FAULT_MODES, want->fault_mode))
		SKIP(return false, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, live_make(_metadata, live, want));
	return true;
}

/* The same with the VM, for a test that is skipped where the guest cannot map every page. */
static inline void live_setup_mapped(struct __test_metadata *_metadata, struct live *live,
				     const struct drm_mockgpu_bo_create *want,
				     unsigned int vcpus)
{
	if (!live_setup(_metadata, live, want, vcpus))
		return;
	live_vm(_metadata, live);
	if (!live_maps(_metadata, live))
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
}

/* Start all vCPUs; with @again those that end with EFAULT retry forever. */
static inline void live_start(struct __test_metadata *_metadata, struct live *live, bool again)
{
	unsigned int i;

	for (i = 0; i < live->vcpus; i++) {
		live->runner[i].again = again;
		ASSERT_EQ(0, runner_start(&live->runner[i], vmm_vcpu_get(live->vm, i), LIVE_GPA,
					  live->pages));
	}
}

/* Wait until every vCPU has done all pages, in a round that started after this call. */
static inline void live_wait(struct __test_metadata *_metadata, struct live *live)
{
	unsigned int i;
	int ret;

	for (i = 0; i < live->vcpus; i++) {
		ret = runner_wait(&live->runner[i], 2);
		if (ret) {
			TH_LOG("vCPU %u: %s", i, vmm_vcpu_strexit(live->runner[i].vcpu));
			live_explain_end(live, i);
		}
		ASSERT_EQ(0, ret);
	}
}

/* Wait until all have ended by themselves. */
static inline void live_wait_for_the_end(const struct live *live)
{
	unsigned int i;

	for (i = 0; i < live->vcpus; i++)
		while (live->runner[i].running)
			clock_pause(1);
}

/* Stop them. Nothing they read may have been wrong, and the words they wrote last are there. */
static inline void live_stop(struct __test_metadata *_metadata, struct live *live)
{
	unsigned int i;

	for (i = 0; i < live->vcpus; i++) {
		uint64_t rounds, wrong;

		wrong = runner_end(&live->runner[i]);
		rounds = vmm_vcpu_work(vmm_vcpu_get(live->vm, i))->rounds;
		EXPECT_EQ(0, wrong)
			TH_LOG("vCPU %u read %#llx in page %u", i, (unsigned long long)
			       vmm_vcpu_work(vmm_vcpu_get(live->vm, i))->wrong_value,
			       vmm_vcpu_work(vmm_vcpu_get(live->vm, i))->wrong_item);
		EXPECT_EQ(VMM_EXIT_DOORBELL, live->runner[i].reason);
		EXPECT_EQ(0, live_lane_differences(live->bo.map, live->pages, i, rounds));
		if (wrong || live->runner[i].reason != VMM_EXIT_DOORBELL)
			live_explain_end(live, i);
	}
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
}

static inline uint64_t live_efaults(const struct live *live)
{
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < live->vcpus; i++)
		count += live->runner[i].efaults;
	return count;
}

/*
 * Known in every kernel up to 7.3 at least: if the driver zaps an entry after KVM called its
 * fault handler and before KVM looks at the entry, the result is EFAULT instead of a retry:
 * hva_to_pfn_remapped() in virt/kvm/kvm_main.c calls follow_pfnmap_start() a second time and
 * returns its error. Whether a test meets that is luck, which lab/compare reads in the words.
 */
static inline void live_known(struct __test_metadata *_metadata, const struct live *live)
{
	const uint64_t efaults = live_efaults(live);

	if (efaults)
		verdict_known(_metadata, "known, by luck: %llu spurious EFAULT, the retry worked",
			      (unsigned long long)efaults);
}

/* One of so many retries must succeed. */
#define LIVE_MAX_CONSECUTIVE 16

static inline void live_conclude(struct __test_metadata *_metadata, const struct live *live,
				 uint64_t max_consecutive)
{
	unsigned int i;

	for (i = 0; i < live->vcpus; i++)
		EXPECT_GE(max_consecutive, live->runner[i].max_consecutive);
	live_known(_metadata, live);
}

/*
 * The same where the driver zaps without a pause, @zaps times, so a retry may meet the next
 * zap. One zap spoils at most one try of each vCPU; one of 60 is typical
 * (docs/findings/spurious-efault.md). With more than one of 5, KVM hardly makes progress.
 */
#define LIVE_STORM_RATE 5

static inline void live_conclude_storm(struct __test_metadata *_metadata, const struct live *live,
				       uint64_t zaps)
{
	EXPECT_GE(zaps * live->vcpus / LIVE_STORM_RATE, live_efaults(live));
	live_known(_metadata, live);
}

/* The end of a test, also of one that failed halfway. */
static inline void live_teardown(struct __test_metadata *_metadata, struct live *live)
{
	unsigned int i;

	for (i = 0; i < live->vcpus; i++)
		runner_end(&live->runner[i]);
	vmm_destroy(live->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&live->bo));
	driver_teardown(_metadata, &live->driver);
}

/* main() of a program that needs the driver and KVM. */
static inline int live_run(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return driver_run(argc, argv);
}

#endif /* MOCKGPU_TEST_LIVE_H */
