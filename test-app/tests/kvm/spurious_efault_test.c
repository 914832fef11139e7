// SPDX-License-Identifier: GPL-2.0-only
/*
 * EFAULT without a reason. KVM lets the driver fault in a page and then looks for the entry;
 * if there is none it returns EFAULT and does not retry: hva_to_pfn_remapped() in
 * virt/kvm/kvm_main.c, the same from 6.1 to 7.3. That happens when the entry was zapped again
 * in between, and when the handler returned without installing one, as TTM does when a signal
 * is pending (ttm_bo_vm_reserve(), VM_FAULT_NOPAGE). A VMM that stops at EFAULT, as QEMU and
 * crosvm do, ends there.
 *
 * The test checks the exact number where it is known, that the very next retry works, and that
 * no data is lost. A kernel that retries by itself is ok.
 */

#include <signal.h>
#include <string.h>

#include "kselftest_harness.h"

#include "live.h"

#define ZAPS 3000
/* Number of small entries. */
#define PAGES 32
/* A fault without an entry follows every NTH - 1 pages, except the last ones. */
#define NTH 5
#define NOPAGES 7
#define SIGNALS 20
#define LAST_ROUNDS 20

FIXTURE(spurious) {
	struct live live;
};

FIXTURE_VARIANT(spurious) {
	struct drm_mockgpu_bo_create want;
};

FIXTURE_VARIANT_ADD(spurious, ptes) {
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_SPLIT },
};

FIXTURE_VARIANT_ADD(spurious, prefault) {
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_SPLIT,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
};

FIXTURE_VARIANT_ADD(spurious, pmds) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
};

FIXTURE_SETUP(spurious)
{
	if (live_setup(_metadata, &self->live, &variant->want, 2))
		live_vm(_metadata, &self->live);
}

FIXTURE_TEARDOWN(spurious)
{
	live_teardown(_metadata, &self->live);
}

/* How often it happens is luck; the rate goes to the log. */
TEST_F(spurious, a_zap_races_a_fault)
{
	struct live *live = &self->live;
	unsigned int i;

	live_start(_metadata, live, true);
	for (i = 0; i < ZAPS; i++)
		ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	ksft_print_msg("%u zaps, %llu times EFAULT\n", ZAPS,
		       (unsigned long long)live_efaults(live));
	live_conclude_storm(_metadata, live, ZAPS);
}

/* Every NTH fault installs no entry: this does not depend on luck. */
TEST_F(spurious, a_fault_handler_that_returns_without_an_entry)
{
	struct live *live = &self->live;
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	static uint8_t result[512];
	struct touch touch = {
		.op = GUEST_READ, .gpa = LIVE_GPA, .seed = LIVE_SEED,
		.accesses = live->pages, .result = result,
	};
	struct drm_mockgpu_bo_query before, after;

	if (variant->want.fault_mode == MOCKGPU_FAULT_HUGE)
		SKIP(return, "the mode is one of 4 KiB entries");
	ASSERT_EQ(0, mockgpu_bo_set_fault(&live->bo, MOCKGPU_FAULT_NOPAGE, NTH));
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	before = bo_query(_metadata, &live->bo);
	EXPECT_EQ(0, touch_run(vcpu, &touch));
	EXPECT_EQ(0, touch.wrong_words);
	after = bo_query(_metadata, &live->bo);
	/* Faults without an entry are not counted. */
	EXPECT_EQ(PAGES, after.faults - before.faults);
	if (!touch.spurious)
		return;
	EXPECT_EQ(NOPAGES, touch.spurious);
	verdict_known(_metadata, "known: each of %u faults without an entry gave EFAULT", NOPAGES);
}

/* A vCPU that is told to stop meets it in its last round: it must finish that, as others do. */
TEST_F(spurious, an_efault_in_the_last_round)
{
	struct live *live = &self->live;
	uint64_t efaults = 0;
	unsigned int i;

	if (variant->want.fault_mode == MOCKGPU_FAULT_HUGE)
		SKIP(return, "the mode is one of 4 KiB entries");
	ASSERT_EQ(0, mockgpu_bo_set_fault(&live->bo, MOCKGPU_FAULT_NOPAGE, 2));
	for (i = 0; i < LAST_ROUNDS; i++) {
		live_clear(live);
		live_start(_metadata, live, true);
		live_wait(_metadata, live);
		ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
		live_stop(_metadata, live);
		efaults += live_efaults(live);
	}
	if (efaults)
		verdict_known(_metadata, "known, by luck: %llu spurious EFAULT, the retry worked",
			      (unsigned long long)efaults);
}

/* Signals while a swapped-out buffer is brought back, by a handler that takes its time. */
TEST_F(spurious, signals_while_a_buffer_comes_back)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	struct live *live = &self->live;
	unsigned int round, i, j;

	/* As long as signals arrive, every retry may fail. */
	live_start(_metadata, live, true);
	for (round = 0; round < 20; round++) {
		ASSERT_EQ(0, mockgpu_bo_swapout(&live->bo));
		for (i = 0; i < SIGNALS; i++) {
			for (j = 0; j < live->vcpus; j++)
				pthread_kill(live->runner[j].thread, SIGUSR1);
			nanosleep(&pause, NULL);
		}
		live_wait(_metadata, live);
	}
	ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
	live_stop(_metadata, live);
	ksft_print_msg("%llu times EFAULT\n", (unsigned long long)live_efaults(live));
	live_conclude(_metadata, live, SIGNALS);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
