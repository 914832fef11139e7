// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's buffer in VRAM that the CPU cannot access (module parameter vram_visible), as on a
 * GPU with a small BAR. The guest's touch is a page fault of the VMM's mapping, in which the
 * driver moves the buffer: KVM's MMU notifier runs while KVM asks for the page, so it has to
 * ask again (mmu_invalidate_retry_gfn() in virt/kvm/kvm_main.c).
 */

#include "kselftest_harness.h"

#include "live.h"
#include "reload.h"

#define MIB (1ull << 20)
#define VISIBLE (4 * MIB)
#define PARAMETERS "vram_size=16777216 vram_visible=4194304"

FIXTURE(visible) {
	struct live live;
};

/* @delay: how long a move takes, in microseconds, while the call has returned; 0: at once */
FIXTURE_VARIANT(visible) {
	struct drm_mockgpu_bo_create want;
	unsigned int vcpus;
	unsigned long delay;
};

/* Where they go when the visible part is full is a kind of page that every kernel maps. */
#define IN_VRAM(pages, block, mode) { \
	.size = (pages) << 12, .kind = MOCKGPU_KIND_SPLIT, .order = block, \
	.placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = mode, \
}

FIXTURE_VARIANT_ADD(visible, single_1) {
	.want = IN_VRAM(32, 4, MOCKGPU_FAULT_SINGLE),
	.vcpus = 1,
};

FIXTURE_VARIANT_ADD(visible, prefault_4) {
	.want = IN_VRAM(37, 4, MOCKGPU_FAULT_PREFAULT),
	.vcpus = 4,
};

FIXTURE_VARIANT_ADD(visible, huge_2) {
	.want = IN_VRAM(512, 9, MOCKGPU_FAULT_HUGE),
	.vcpus = 2,
};

/* The touch meets a buffer that is visible already, but has no contents yet. */
FIXTURE_VARIANT_ADD(visible, later_4) {
	.want = IN_VRAM(37, 4, MOCKGPU_FAULT_PREFAULT),
	.vcpus = 4,
	.delay = 300,
};

FIXTURE_SETUP(visible)
{
	ASSERT_EQ(0, module_want(PARAMETERS));
	live_setup_mapped(_metadata, &self->live, &variant->want, variant->vcpus);
	driver_move_delay(_metadata, &self->live.driver, variant->delay);
}

FIXTURE_TEARDOWN(visible)
{
	live_teardown(_metadata, &self->live);
}

static int hide(const struct live *live)
{
	return mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_MOVE_INVISIBLE);
}

/* The first touch of any page brings it, with what it contains. */
TEST_F(visible, the_guest_brings_it)
{
	struct live *live = &self->live;
	unsigned int round;

	for (round = 0; round < 5; round++) {
		const uint32_t moves = bo_query(_metadata, &live->bo).moves;

		ASSERT_EQ(0, hide(live));
		bo_expect_at(_metadata, &live->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
		EXPECT_TRUE(live_maps(_metadata, live));
		bo_expect_at(_metadata, &live->bo, MOCKGPU_PLACEMENT_VRAM, 0);
		EXPECT_EQ(moves + 2, bo_query(_metadata, &live->bo).moves);
	}
}

#define MOVES 100
#define MOVES_LONG 1000

/* Sent away without a pause. Nobody may find a word of earlier. */
TEST_F(visible, it_is_sent_away_all_the_time)
{
	const uint32_t wanted = test_is_long() ? MOVES_LONG : MOVES;
	struct live *live = &self->live;
	const uint32_t before = bo_query(_metadata, &live->bo).moves;
	uint32_t moves = 0, round;

	live_start(_metadata, live, true);
	for (round = 0; moves < wanted; round++) {
		ASSERT_EQ(0, hide(live));
		if (round % 16 == 15)
			live_wait(_metadata, live);
		moves = bo_query(_metadata, &live->bo).moves - before;
	}
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, moves);
}

/* Others have the visible part for themselves. */
TEST_F(visible, without_room_it_goes_to_gtt)
{
	const struct drm_mockgpu_bo_create want = {
		.size = VISIBLE, .placement = MOCKGPU_PLACEMENT_VRAM,
		.flags = MOCKGPU_BO_CPU_ACCESS,
	};
	struct live *live = &self->live;
	struct mockgpu_bo full = {};
	unsigned int round;

	ASSERT_EQ(0, hide(live));
	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, &full));
	bo_expect_at(_metadata, &full, MOCKGPU_PLACEMENT_VRAM, 0);
	live_start(_metadata, live, true);
	for (round = 0; round < 5; round++) {
		live_wait(_metadata, live);
		bo_expect_at(_metadata, &live->bo, MOCKGPU_PLACEMENT_GTT, 0);
		ASSERT_EQ(0, hide(live));
	}
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	bo_expect_at(_metadata, &full, MOCKGPU_PLACEMENT_VRAM, 0);
	EXPECT_EQ(0, mockgpu_bo_destroy(&full));
}

/* SIGBUS for the VMM is EFAULT for the guest, until it may move again. */
TEST_F(visible, a_pinned_one_is_refused)
{
	struct live *live = &self->live;
	unsigned int i;

	ASSERT_EQ(0, hide(live));
	ASSERT_EQ(0, mockgpu_bo_pin(&live->bo, MOCKGPU_PIN));
	live_start(_metadata, live, false);
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(VMM_EXIT_EFAULT, live->runner[i].reason);
		EXPECT_EQ(0, runner_end(&live->runner[i]));
	}
	ASSERT_EQ(0, mockgpu_bo_pin(&live->bo, MOCKGPU_UNPIN));
	EXPECT_TRUE(live_maps(_metadata, live));
	bo_expect_at(_metadata, &live->bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
