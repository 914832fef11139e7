// SPDX-License-Identifier: GPL-2.0-only
/*
 * Use after free: the pages that a buffer gives up are handed to another one at once and
 * filled with canaries. No vCPU may ever read or change a canary, whatever it was doing when
 * the pages went: running in the guest, entering it, or in user space with a TLB that still
 * has them.
 *
 * User space cannot widen the windows in which an IPI is on its way.
 *
 * KVM must have removed its entries and flushed every TLB before the invalidation returns to
 * the driver (kvm_unmap_gfn_range() and kvm_flush_remote_tlbs()).
 */

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "clock.h"
#include "kvmstat.h"
#include "live.h"
#include "canary.h"

/* Page invalidations; in all buffers and modes together the long form does a million of them. */
#define ENOUGH 4000ul
#define ENOUGH_LONG 50000ul

FIXTURE(stale) {
	struct live live;
	struct mockgpu_bo canary;
};

/* @delay: how long a move takes, in microseconds, while the call has returned; 0: at once */
FIXTURE_VARIANT(stale) {
	struct drm_mockgpu_bo_create want;
	unsigned long delay;
};

FIXTURE_VARIANT_ADD(stale, split) {
	.want = { .size = 128 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
};

FIXTURE_VARIANT_ADD(stale, noncompound) {
	.want = { .size = 128 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
};

FIXTURE_VARIANT_ADD(stale, huge) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
};

FIXTURE_VARIANT_ADD(stale, split_later) {
	.want = { .size = 128 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
	.delay = 300,
};

FIXTURE_VARIANT_ADD(stale, vram) {
	.want = { .size = 128 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
};

FIXTURE_VARIANT_ADD(stale, vram_huge) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = MOCKGPU_FAULT_HUGE },
};

FIXTURE_SETUP(stale)
{
	live_setup_mapped(_metadata, &self->live, &variant->want, 2);
	driver_move_delay(_metadata, &self->live.driver, variant->delay);
}

FIXTURE_TEARDOWN(stale)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->canary));
	live_teardown(_metadata, &self->live);
}

/*
 * Whether there must be another round: which free pages the allocator hands out next is its own
 * affair, above all when TTM frees them from a workqueue.
 */
static bool goes_on(unsigned int round, unsigned int rounds, size_t reused)
{
	return round < rounds || (!reused && round < 8 * rounds);
}

static unsigned int rounds_of(const struct live *live)
{
	return (test_is_long() ? ENOUGH_LONG : ENOUGH) * test_times() / live->pages + 1;
}

/* Only the canaries and the zeros of a new buffer. */
static void expect_untouched(struct __test_metadata *_metadata, struct live *live,
			     struct mockgpu_bo *canary)
{
	unsigned int i;

	EXPECT_EQ(0, guest_differences(canary->map, live->pages, CANARY_SEED));
	for (i = 0; i < live->vcpus; i++)
		EXPECT_EQ(0, live_lane_differences(canary->map, live->pages, i, 0));
}

static void expect_reuse(struct __test_metadata *_metadata, size_t reused)
{
	ksft_print_msg("%zu pages were handed to another buffer\n", reused);
	EXPECT_NE(0, reused);
}

TEST_F(stale, while_they_run)
{
	struct live *live = &self->live;
	unsigned int round, rounds = rounds_of(live);
	size_t reused = 0;

	live_start(_metadata, live, true);
	for (round = 0; round < rounds; round++) {
		reused += canary_take_pages(_metadata, live, &self->canary);
		/* Every fourth time the guest gets time in which it would certainly go wrong. */
		if (round % 4 == 0)
			live_wait(_metadata, live);
		expect_untouched(_metadata, live, &self->canary);
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->canary));
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	expect_reuse(_metadata, reused);
}

/* The vCPUs return after their pages went to @canary, and must use the new ones. */
static void come_back(struct __test_metadata *_metadata, struct live *live,
		      struct mockgpu_bo *canary)
{
	EXPECT_TRUE(live_maps(_metadata, live));
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	expect_untouched(_metadata, live, canary);
	EXPECT_EQ(0, mockgpu_bo_destroy(canary));
	live_clear(live);
}

/* A vCPU in user space is not interrupted: it must flush when it returns. */
TEST_F(stale, while_they_are_in_user_space)
{
	struct live *live = &self->live;
	unsigned int round;
	size_t reused = 0;

	for (round = 0; goes_on(round, 16, reused); round++) {
		EXPECT_TRUE(live_maps(_metadata, live));
		reused += canary_take_pages(_metadata, live, &self->canary);
		come_back(_metadata, live, &self->canary);
	}
	expect_reuse(_metadata, reused);
}

static void wake_up(int signal)
{
	(void)signal;
}

static void *run_vcpu(void *vcpu)
{
	vmm_vcpu_run(vcpu);
	return NULL;
}

/* Wait until KVM reports that the vCPU sleeps. Return: false after half a minute. */
static bool wait_until_blocked(int stats)
{
	uint64_t blocking = 0;
	int tries;

	for (tries = 0; tries < 30000 && !blocking; tries++) {
		if (kvmstat_get(stats, "blocking", &blocking))
			return false;
		clock_pause(1);
	}
	return blocking;
}

/* Hand out its pages while a vCPU sleeps in the kernel. Return: how many were reused. */
static size_t take_pages_while_halted(struct __test_metadata *_metadata, struct live *live,
				      struct mockgpu_bo *canary)
{
	const struct sigaction action = { .sa_handler = wake_up };
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	uint64_t blocking = 0;
	int stats = kvmstat_vcpu_open(vcpu);
	pthread_t thread;
	size_t reused;

	ASSERT_LE(0, stats);
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_EQ(0, vmm_vcpu_set_state(vcpu, KVM_MP_STATE_HALTED));
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_vcpu, vcpu));
	EXPECT_TRUE(wait_until_blocked(stats));
	reused = canary_take_pages(_metadata, live, canary);
	/* Nobody had to wake it. */
	EXPECT_EQ(0, kvmstat_get(stats, "blocking", &blocking));
	EXPECT_EQ(1, blocking);
	vmm_vcpu_interrupt(vcpu);
	ASSERT_EQ(0, pthread_kill(thread, SIGUSR1));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_EQ(0, vmm_vcpu_set_state(vcpu, KVM_MP_STATE_RUNNABLE));
	EXPECT_EQ(0, close(stats));
	return reused;
}

/* A halted vCPU has left the guest, but its CPU's TLB may still have the pages. */
TEST_F(stale, while_they_are_halted)
{
	const struct vmm_options options = { .irqchip = true };
	struct live *live = &self->live;
	unsigned int round;
	size_t reused = 0;

	vmm_destroy(live->vm);
	live->vm = NULL;
	if (vmm_create_with(&live->vm, live->vcpus, &options))
		SKIP(return, "KVM has no interrupt controllers here that can be made so");
	if (vmm_vcpu_set_state(vmm_vcpu_get(live->vm, 0), KVM_MP_STATE_HALTED))
		SKIP(return, "KVM does not know vCPUs as halted");
	ASSERT_EQ(0, vmm_vcpu_set_state(vmm_vcpu_get(live->vm, 0), KVM_MP_STATE_RUNNABLE));
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, live->bo.size, 0));
	for (round = 0; goes_on(round, 8, reused); round++) {
		EXPECT_TRUE(live_maps(_metadata, live));
		reused += take_pages_while_halted(_metadata, live, &self->canary);
		come_back(_metadata, live, &self->canary);
	}
	expect_reuse(_metadata, reused);
}

/* The check itself must fail: a guest that does reach the other buffer's pages is seen. */
TEST_F(stale, a_reached_page_is_seen)
{
	struct live *live = &self->live;

	canary_make(_metadata, live, &self->canary);
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, self->canary.map,
				  self->canary.size, 0));
	live->vcpus = 1;
	live_start(_metadata, live, true);
	live_wait(_metadata, live);
	EXPECT_EQ(0, runner_end(&live->runner[0]));
	EXPECT_EQ(live->pages, live_lane_differences(self->canary.map, live->pages, 0, 0));
}

/* When the mapping goes, the memory goes too. */
TEST_F(stale, when_the_mapping_goes)
{
	struct live *live = &self->live;
	unsigned int i, round;
	size_t reused = 0;

	for (round = 0; round < 4; round++) {
		struct drm_mockgpu_page *before = bo_pages(_metadata, &live->bo), *after;
		void *at = live->bo.map;

		live_start(_metadata, live, false);
		live_wait(_metadata, live);
		/* Nobody else, least of all the canary buffer, may get the address. */
		ASSERT_EQ(at, mmap(at, live->bo.size, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		live->bo.map = NULL;
		ASSERT_EQ(0, mockgpu_bo_destroy(&live->bo));
		canary_make(_metadata, live, &self->canary);
		after = bo_pages(_metadata, &self->canary);
		reused += bo_common(before, after, live->pages);
		free(before);
		free(after);
		live_wait_for_the_end(live);
		for (i = 0; i < live->vcpus; i++) {
			EXPECT_EQ(0, runner_end(&live->runner[i]));
			EXPECT_EQ(VMM_EXIT_EFAULT, live->runner[i].reason);
		}
		expect_untouched(_metadata, live, &self->canary);
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->canary));
		ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &variant->want, &live->bo));
		ASSERT_EQ(0, mockgpu_bo_map(&live->bo, at));
		guest_fill(live->bo.map, live->pages, LIVE_SEED);
	}
	expect_reuse(_metadata, reused);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
