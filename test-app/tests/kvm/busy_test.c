// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs meet a buffer whose contents the GPU has yet to copy. The driver's fault handler
 * drops mmap_lock, waits for the copy and wants the fault repeated: VM_FAULT_RETRY, after
 * which fixup_user_fault() sets "unlocked" and KVM looks the page up again
 * (hva_to_pfn_remapped() in virt/kvm/kvm_main.c). Here the engine is held, so they wait for
 * as long as the test wants.
 */

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "kselftest_harness.h"

#include "live.h"

/* How long vCPUs have to wait, in ms. */
#define A_WHILE 300

FIXTURE(busy) {
	struct live live;
	int hold;
};

FIXTURE_VARIANT(busy) {
	struct drm_mockgpu_bo_create want;
	uint32_t to;
};

FIXTURE_VARIANT_ADD(busy, new_pages) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
	.to = MOCKGPU_PLACEMENT_GTT,
};

FIXTURE_VARIANT_ADD(busy, to_vram) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
	.to = MOCKGPU_PLACEMENT_VRAM,
};

FIXTURE_SETUP(busy)
{
	self->hold = -1;
	live_setup_mapped(_metadata, &self->live, &variant->want, 2);
	driver_move_delay(_metadata, &self->live.driver, 1);
}

FIXTURE_TEARDOWN(busy)
{
	if (self->hold >= 0)
		engine_release(_metadata, &self->hold);
	live_teardown(_metadata, &self->live);
}

/*
 * Move it, let the copy wait, and then start the vCPUs. One that had to wait for the buffer's
 * reservation first, as under the call that moves it, would wait for the copy with mmap_lock
 * held: ttm_bo_vm_reserve() uses up the only retry.
 */
static void busy_begin(struct __test_metadata *_metadata, struct live *live, uint32_t to,
		       int *hold)
{
	*hold = mockgpu_hold(live->driver.fd);
	ASSERT_LE(0, *hold);
	ASSERT_EQ(0, mockgpu_bo_move(&live->bo, to, to == MOCKGPU_PLACEMENT_GTT ?
				     MOCKGPU_MOVE_NEW_PAGES : 0));
	live_start(_metadata, live, false);
	clock_pause(A_WHILE);
}

static uint64_t busy_rounds(const struct live *live)
{
	uint64_t rounds = 0;
	unsigned int i;

	for (i = 0; i < live->vcpus; i++)
		rounds += runner_rounds(&live->runner[i]);
	return rounds;
}

TEST_F(busy, the_vcpus_wait)
{
	struct live *live = &self->live;
	uint64_t rounds;
	void *other;

	busy_begin(_metadata, live, variant->to, &self->hold);
	rounds = busy_rounds(live);
	clock_pause(A_WHILE);
	EXPECT_EQ(rounds, busy_rounds(live));
	/* They do not hold mmap_lock: this would hang, and with it the VMM. */
	other = mmap(NULL, live->bo.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT_NE(MAP_FAILED, other);
	EXPECT_EQ(0, munmap(other, live->bo.size));
	EXPECT_EQ(rounds, busy_rounds(live));
	engine_release(_metadata, &self->hold);
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	EXPECT_EQ(0, live_efaults(live));
}

/* Another buffer is there when the copy ends: the vCPUs must look again. */
TEST_F(busy, another_buffer_comes_meanwhile)
{
	struct live *live = &self->live;
	struct mockgpu_bo other = {};
	unsigned int i;
	void *old;

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &variant->want, &other));
	busy_begin(_metadata, live, variant->to, &self->hold);
	old = live->bo.map;
	ASSERT_EQ(0, mockgpu_bo_map(&other, old));
	live->bo.map = NULL;
	engine_release(_metadata, &self->hold);
	live_wait(_metadata, live);
	ASSERT_EQ(0, mockgpu_bo_map(&live->bo, NULL));
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(0, runner_end(&live->runner[i]));
		EXPECT_EQ(0, live_lane_differences(live->bo.map, live->pages, i, 0));
	}
	EXPECT_EQ(0, live_efaults(live));
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* CPU time that a thread has used, in ms. */
static uint64_t busy_cpu_time(struct __test_metadata *_metadata, pthread_t thread)
{
	struct timespec time = {};
	clockid_t clock;

	EXPECT_EQ(0, pthread_getcpuclockid(thread, &clock));
	EXPECT_EQ(0, clock_gettime(clock, &time));
	return time.tv_sec * 1000ull + time.tv_nsec / 1000000;
}

/*
 * A VMM takes a vCPU out of the guest by a signal: to pause it, to deliver an interrupt, to end.
 * KVM_RUN should return EINTR. Up to 7.3 at least it does not while the driver waits: with a
 * signal pending the handler gives up at once, twice, KVM takes that for a reason to look again,
 * and the vCPU spins in the kernel until the GPU is done.
 */
TEST_F(busy, a_signal_ends_the_wait)
{
	struct live *live = &self->live;
	struct runner *runner = &live->runner[0];
	uint64_t idle, spun;
	bool ended;

	live->vcpus = 1;
	busy_begin(_metadata, live, variant->to, &self->hold);
	idle = busy_cpu_time(_metadata, runner->thread);
	clock_pause(A_WHILE);
	/* Without a signal it sleeps. */
	EXPECT_GT(A_WHILE / 4, busy_cpu_time(_metadata, runner->thread) - idle);
	idle = busy_cpu_time(_metadata, runner->thread);
	vmm_vcpu_interrupt(runner->vcpu);
	ASSERT_EQ(0, pthread_kill(runner->thread, SIGUSR1));
	clock_pause(5 * A_WHILE);
	ended = !runner->running;
	spun = ended ? 0 : busy_cpu_time(_metadata, runner->thread) - idle;
	engine_release(_metadata, &self->hold);
	live_wait_for_the_end(live);
	EXPECT_EQ(VMM_EXIT_OTHER, runner->reason)
		TH_LOG("%s", vmm_vcpu_strexit(runner->vcpu));
	EXPECT_EQ(0, runner_end(runner));
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	if (ended)
		return;
	ksft_print_msg("%llu ms of CPU time in %u ms\n", (unsigned long long)spun, 5 * A_WHILE);
	EXPECT_LT(A_WHILE, spun);
	verdict_known(_metadata, "known: a vCPU with a signal spins until the GPU is done");
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
