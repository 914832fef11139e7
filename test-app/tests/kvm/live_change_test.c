// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes under running vCPUs: the driver moves, zaps, swaps out and revokes a buffer, the
 * VMM changes its mappings and memslots, while 1, 2 and 4 vCPUs count in every page of it. A
 * vCPU must find the last word it wrote at each access, whichever page it is in by now: a
 * stale page or a lost write shows as a wrong number in the guest.
 *
 * KVM follows through its MMU notifier: kvm_mmu_notifier_invalidate_range_start() and
 * mmu_invalidate_retry_gfn() in virt/kvm/kvm_main.c, Documentation/virt/kvm/locking.rst.
 */

#include <fcntl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "arch.h"
#include "array.h"
#include "clock.h"
#include "hostmap.h"
#include "live.h"

/* Number of times for each change. */
#define ROUNDS 2
#define STORM_ROUNDS (20 * ROUNDS)

FIXTURE(change) {
	struct live live;
};

/* @delay: how long a move takes, in microseconds, while the call has returned; 0: at once */
FIXTURE_VARIANT(change) {
	struct drm_mockgpu_bo_create want;
	unsigned int vcpus;
	unsigned long delay;
};

/* The kind that every kernel maps, then those like amdgpu's. */
FIXTURE_VARIANT_ADD(change, split_1) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
	.vcpus = 1,
};

FIXTURE_VARIANT_ADD(change, split_4) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
	.vcpus = 4,
};

FIXTURE_VARIANT_ADD(change, noncompound_2) {
	.want = { .size = 40 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4 },
	.vcpus = 2,
};

FIXTURE_VARIANT_ADD(change, ttm_prefault_2) {
	.want = { .size = 37 << 12, .kind = MOCKGPU_KIND_TTM,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
	.vcpus = 2,
};

FIXTURE_VARIANT_ADD(change, huge_2) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
	.vcpus = 2,
};

/* A vCPU's fault meets a buffer whose contents are not there yet. */
FIXTURE_VARIANT_ADD(change, split_later_4) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
	.vcpus = 4,
	.delay = 300,
};

FIXTURE_VARIANT_ADD(change, ttm_later_4) {
	.want = { .size = 37 << 12, .kind = MOCKGPU_KIND_TTM,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
	.vcpus = 4,
	.delay = 300,
};

FIXTURE_VARIANT_ADD(change, vram_2) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
	.vcpus = 2,
};

FIXTURE_VARIANT_ADD(change, vram_huge_2) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = MOCKGPU_FAULT_HUGE },
	.vcpus = 2,
};

FIXTURE_SETUP(change)
{
	live_setup_mapped(_metadata, &self->live, &variant->want, variant->vcpus);
	driver_move_delay(_metadata, &self->live.driver, variant->delay);
}

FIXTURE_TEARDOWN(change)
{
	live_teardown(_metadata, &self->live);
}

static int change_zap(struct live *live)
{
	return mockgpu_bo_zap(&live->bo);
}

static int change_pages(struct live *live)
{
	return mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int change_to_vram(struct live *live)
{
	return mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int change_to_gtt(struct live *live)
{
	return mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0);
}

static int change_swapout(struct live *live)
{
	return mockgpu_bo_swapout(&live->bo);
}

static int change_to_wc(struct live *live)
{
	return mockgpu_bo_set_caching(&live->bo, MOCKGPU_CACHING_WC);
}

static int change_to_uc(struct live *live)
{
	return mockgpu_bo_set_caching(&live->bo, MOCKGPU_CACHING_UC);
}

static int change_to_cached(struct live *live)
{
	return mockgpu_bo_set_caching(&live->bo, MOCKGPU_CACHING_CACHED);
}

/* A round ends in GTT, with the state in which it started there. */
static const struct {
	const char *name;
	int (*change)(struct live *live);
} changes[] = {
	{ "zap", change_zap },
	{ "new pages", change_pages },
	{ "to VRAM", change_to_vram },
	{ "to GTT", change_to_gtt },
	{ "swap out", change_swapout },
	{ "to GTT again", change_to_gtt },
	{ "write-combined", change_to_wc },
	{ "uncached", change_to_uc },
	{ "cached", change_to_cached },
};

TEST_F(change, the_driver_changes_it)
{
	struct live *live = &self->live;
	unsigned int round, i;

	live_start(_metadata, live, true);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < ARRAY_SIZE(changes); i++) {
			ASSERT_EQ(0, changes[i].change(live))
				TH_LOG("round %u: %s", round, changes[i].name);
			live_wait(_metadata, live);
			EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED))
				TH_LOG("round %u: %s", round, changes[i].name);
		}
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

/* Without a pause: KVM's faults race with the driver's zaps. */
TEST_F(change, the_driver_changes_it_all_the_time)
{
	struct live *live = &self->live;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < STORM_ROUNDS; round++)
		ASSERT_EQ(0, changes[round % 2].change(live));
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, STORM_ROUNDS);
}

/* What moves, to see it under way at any time. */
static int (*const moves[])(struct live *live) = {
	change_pages, change_to_vram, change_to_gtt,
};

#define MOVES 120
/* In all buffers and modes of KVM together more than 100000. */
#define MOVES_LONG 10000

/* No vCPU may ever find a word of earlier, or one that was not there yet. */
TEST_F(change, the_engine_moves_it_all_the_time)
{
	struct live *live = &self->live;
	unsigned int i, count = (test_is_long() ? MOVES_LONG : MOVES) * test_times();

	if (!variant->delay)
		SKIP(return, "moves are complete when the call returns");
	live_start(_metadata, live, true);
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, moves[i % ARRAY_SIZE(moves)](live));
		/* Some moves in a row without a wait, but not until memory is full. */
		if (i % 8 == 7)
			ASSERT_EQ(0, mockgpu_wait_idle(live->driver.fd));
		if (i % 32 == 31)
			live_wait(_metadata, live);
	}
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, count);
}

/* The result of a test whose 3000 zaps caused so many EFAULT. */
static int storm_exit_code(uint64_t efaults)
{
	struct __test_results results = {};
	struct __test_metadata metadata = { .name = "made up", .results = &results };
	struct live live = { .vcpus = 2 };

	metadata.exit_code = KSFT_PASS;
	live.runner[1].efaults = efaults;
	live_conclude_storm(&metadata, &live, 3000);
	return metadata.exit_code;
}

/* The check itself must fail. */
TEST(a_kvm_that_hardly_gets_through_is_seen)
{
	EXPECT_EQ(KSFT_PASS, storm_exit_code(0));
	EXPECT_EQ(KSFT_XFAIL, storm_exit_code(1));
	EXPECT_EQ(KSFT_XFAIL, storm_exit_code(1200));
	EXPECT_EQ(KSFT_FAIL, storm_exit_code(1201));
	EXPECT_EQ(KSFT_FAIL, storm_exit_code(UINT64_MAX));
}

/* How many rounds a vCPU that has ended has done. */
static uint64_t rounds_of(const struct live *live, unsigned int vcpu)
{
	return vmm_vcpu_work(vmm_vcpu_get(live->vm, vcpu))->rounds;
}

/* Run until the vCPUs notice the change: then they retry over and over. */
static void wait_for_efaults(struct __test_metadata *_metadata, struct live *live)
{
	unsigned int i, tries;

	for (i = 0; i < live->vcpus; i++) {
		uint64_t before = live->runner[i].efaults;

		for (tries = 0; live->runner[i].efaults == before && tries < 10000; tries++)
			clock_pause(1);
		ASSERT_NE(before, live->runner[i].efaults)
			TH_LOG("vCPU %u: %s", i, live->runner[i].running ? "no EFAULT" :
			       vmm_vcpu_strexit(live->runner[i].vcpu));
	}
}

static void *away(struct live *live)
{
	munmap(live->bo.map, live->bo.size);
	return live->bo.map;
}

TEST_F(change, munmap_and_mmap_again)
{
	struct live *live = &self->live;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < ROUNDS; round++) {
		void *at = away(live);

		wait_for_efaults(_metadata, live);
		live->bo.map = NULL;
		ASSERT_EQ(0, mockgpu_bo_map(&live->bo, at));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
}

TEST_F(change, mremap_away_and_back)
{
	struct live *live = &self->live;
	void *at = live->bo.map, *other = hostmap_reserve(live->bo.size);
	unsigned int round;

	ASSERT_NE(NULL, other);
	live_start(_metadata, live, true);
	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(other, mremap(at, live->bo.size, live->bo.size,
					MREMAP_MAYMOVE | MREMAP_FIXED, other));
		wait_for_efaults(_metadata, live);
		EXPECT_EQ(0, guest_differences(other, live->pages, LIVE_SEED));
		ASSERT_EQ(at, mremap(other, live->bo.size, live->bo.size,
				     MREMAP_MAYMOVE | MREMAP_FIXED, at));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
}

/*
 * The permission to write is removed: KVM emulates, and what the emulator cannot write is
 * MMIO, see read_only_first_test. arm64 does not emulate memory accesses: there it is EFAULT.
 * The access that ends a vCPU changes nothing.
 */
TEST_F(change, the_right_to_write_goes_and_comes_back)
{
	struct live *live = &self->live;
	unsigned int i;

	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	ASSERT_EQ(0, mprotect(live->bo.map, live->bo.size, PROT_READ));
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		struct guest_work *work = vmm_vcpu_work(live->runner[i].vcpu);
		const uint32_t page = work->page[GUEST_STEP_ITEM(work->step)];

		EXPECT_EQ(ARCH_NO_WRITE, live->runner[i].reason);
		EXPECT_EQ(work->rounds, *live_word(live->bo.map, page, guest_lane_word(i)));
		EXPECT_EQ(0, runner_end(&live->runner[i]));
	}
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	ASSERT_EQ(0, mprotect(live->bo.map, live->bo.size, PROT_READ | PROT_WRITE));
	live_clear(live);
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	live_stop(_metadata, live);
}

/*
 * Another buffer in its place: each vCPU finds each of its pages wrong once, except for a page
 * that it had already read.
 */
TEST_F(change, another_buffer_in_its_place)
{
	struct live *live = &self->live;
	struct mockgpu_bo other = {};
	unsigned int i;
	void *old;

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &variant->want, &other));
	/* A second mapping shows the old one. */
	old = live->bo.map;
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	ASSERT_EQ(0, mockgpu_bo_map(&other, old));
	live->bo.map = NULL;
	ASSERT_EQ(0, mockgpu_bo_map(&live->bo, NULL));
	/* From here on none of the old pages may change any more. */
	guest_fill(live->bo.map, live->pages, 0xdead);
	for (i = 0; i < live->vcpus; i++)
		memset(live_word(live->bo.map, 0, guest_lane_word(i)), 0xee, 8);
	live_wait(_metadata, live);
	for (i = 0; i < live->vcpus; i++) {
		const uint64_t wrong = runner_end(&live->runner[i]);

		EXPECT_GE(live->pages, wrong);
		EXPECT_LE(live->pages - 1, wrong);
		EXPECT_EQ(0xeeeeeeeeeeeeeeeeull,
			  *live_word(live->bo.map, 0, guest_lane_word(i)));
		EXPECT_EQ(0, live_lane_differences(old, live->pages, i, rounds_of(live, i)));
	}
	EXPECT_EQ(0, live_efaults(live));
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, 0xdead));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

TEST_F(change, a_forked_child_comes_and_goes)
{
	struct live *live = &self->live;
	unsigned int round;

	live_start(_metadata, live, false);
	for (round = 0; round < ROUNDS; round++) {
		pid_t child = fork();
		int status = -1;

		ASSERT_LE(0, child);
		if (!child)
			_exit(guest_differences(live->bo.map, live->pages, LIVE_SEED) != 0);
		live_wait(_metadata, live);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	EXPECT_EQ(0, live_efaults(live));
}

/* Deleted during accesses: only MMIO exits remain; nothing else has changed. */
TEST_F(change, the_memslot_goes)
{
	struct live *live = &self->live;
	unsigned int i;

	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(VMM_EXIT_MMIO, live->runner[i].reason);
		EXPECT_EQ(0, runner_end(&live->runner[i]));
	}
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
}

/* Moved: the same data at the new address, nothing at the old one. */
TEST_F(change, the_memslot_moves)
{
	const uint64_t there = LIVE_GPA + (1ull << 30);
	struct live *live = &self->live;
	unsigned int i;

	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, there, live->bo.map, live->bo.size, 0));
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(VMM_EXIT_MMIO, live->runner[i].reason);
		EXPECT_EQ(0, runner_end(&live->runner[i]));
	}
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, live->bo.size, 0));
	EXPECT_TRUE(live_maps(_metadata, live));
}

/* The mapping outlives the file descriptors it came from. */
TEST_F(change, only_the_mapping_of_a_dmabuf_is_left)
{
	struct live *live = &self->live;
	int dmabuf = mockgpu_bo_export(&live->bo);
	void *at = live->bo.map;
	unsigned int i;

	ASSERT_LE(0, dmabuf);
	live_start(_metadata, live, true);
	ASSERT_EQ(at, mmap(at, live->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			   dmabuf, 0));
	live->bo.map = NULL;
	ASSERT_EQ(0, close(dmabuf));
	live_wait(_metadata, live);
	ASSERT_EQ(0, mockgpu_bo_destroy(&live->bo));
	live_wait(_metadata, live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(0, runner_end(&live->runner[i]));
		EXPECT_EQ(0, live_lane_differences(at, live->pages, i, rounds_of(live, i)));
	}
	EXPECT_EQ(0, guest_differences(at, live->pages, LIVE_SEED));
	EXPECT_EQ(0, munmap(at, variant->want.size));
}

/*
 * A vCPU that was between its read and its write when the page changed writes its word into
 * the new page unnoticed. So the wrong word is written again, until it is found.
 */
#define MISSES 100

static void change_spoil_until_seen(struct __test_metadata *_metadata,
				    const struct runner *runner, uint64_t *word, uint64_t value)
{
	const struct guest_work *work = vmm_vcpu_work(runner->vcpu);
	unsigned int i;

	for (i = 0; i < MISSES && !__atomic_load_n(&work->wrong_count, __ATOMIC_SEQ_CST); i++) {
		__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
		ASSERT_EQ(0, runner_wait(runner, ROUNDS));
	}
}

/*
 * The check itself must fail: the guest gets a page of another buffer instead of its own, with
 * @words in the places of its vCPUs' words. Each vCPU must notice.
 */
static void change_expect_seen(struct __test_metadata *_metadata, struct live *live, uint32_t page,
			       struct mockgpu_bo *other, const uint64_t *words)
{
	unsigned int i;

	for (i = 0; i < live->vcpus; i++)
		*live_word(other->map, page, guest_lane_word(i)) = words[i];
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&live->bo, page, other, page));
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	live_wait(_metadata, live);
	for (i = 0; i < live->vcpus; i++) {
		const struct guest_work *work = vmm_vcpu_work(live->runner[i].vcpu);

		change_spoil_until_seen(_metadata, &live->runner[i],
					live_word(other->map, page, guest_lane_word(i)), words[i]);
		EXPECT_LE(1, runner_end(&live->runner[i]));
		EXPECT_EQ(page, work->page[work->wrong_item]);
		EXPECT_EQ(words[i], work->wrong_value);
	}
}

/* The vCPUs run, and there is another buffer like theirs. */
static void change_begin_beside(struct __test_metadata *_metadata, struct live *live,
				const struct drm_mockgpu_bo_create *want,
				struct mockgpu_bo *other)
{
	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, want, other));
	ASSERT_EQ(0, mockgpu_bo_map(other, NULL));
	live_start(_metadata, live, true);
	live_wait(_metadata, live);
}

TEST_F(change, a_wrong_page_is_seen)
{
	const uint64_t nothing[LIVE_VCPUS_MAX] = {};
	struct live *live = &self->live;
	struct mockgpu_bo other = {};

	if (variant->want.fault_mode == MOCKGPU_FAULT_HUGE)
		SKIP(return, "a page of another buffer comes by a 4 KiB entry");
	change_begin_beside(_metadata, live, &variant->want, &other);
	change_expect_seen(_metadata, live, live->pages / 2, &other, nothing);
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* As after a move whose zap was lost: a page with what the vCPUs wrote some time ago. */
TEST_F(change, a_stale_page_is_seen)
{
	uint64_t old[LIVE_VCPUS_MAX] = {};
	struct live *live = &self->live;
	struct mockgpu_bo other = {};
	unsigned int i;

	if (variant->want.fault_mode == MOCKGPU_FAULT_HUGE)
		SKIP(return, "a page of another buffer comes by a 4 KiB entry");
	change_begin_beside(_metadata, live, &variant->want, &other);
	for (i = 0; i < live->vcpus; i++)
		old[i] = runner_rounds(&live->runner[i]);
	live_wait(_metadata, live);
	change_expect_seen(_metadata, live, live->pages / 3, &other, old);
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* The check itself must fail: a page that every kernel maps, but not here, is not excused. */
TEST_F(change, a_page_that_does_not_map_is_seen)
{
	struct live *live = &self->live;
	struct judgement judgement;

	ASSERT_EQ(0, munmap(live->bo.map, GUEST_PAGE_SIZE));
	judgement = live_judge(live);
	EXPECT_EQ(JUDGE_NOT_OK, judgement.verdict);
	EXPECT_EQ(JUDGE_REFUSED, judgement.reason)
		TH_LOG("%s", judgement.text);
	EXPECT_EQ(0, judgement.page);
}

/* A defined failure at the next access; the host gets SIGBUS, see revoke_test. */
TEST_F(change, the_driver_revokes_it)
{
	struct live *live = &self->live;
	unsigned int i;

	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	ASSERT_EQ(0, mockgpu_bo_revoke(&live->bo));
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(VMM_EXIT_EFAULT, live->runner[i].reason);
		EXPECT_EQ(0, runner_end(&live->runner[i]));
	}
	/* A retry does not bring it back. */
	EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(vmm_vcpu_get(live->vm, 0)));
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
