// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host goes to sleep while guests run on buffers in VRAM: the driver evicts them while vCPUs
 * still run, as xe does, then the vCPUs' threads are frozen in KVM_RUN, and all goes on. As far as
 * /sys/power/pm_test=freezer takes it.
 */

#include "kselftest_harness.h"

#include "live.h"
#include "suspend.h"

/* Hibernation takes its time to find memory for the image. */
#define NIGHTS 3
#define NIGHTS_ON_DISK 1

FIXTURE(suspend) {
	struct live live;
};

/* @delay: how long a move takes, in microseconds, while the call has returned; 0: at once */
FIXTURE_VARIANT(suspend) {
	struct drm_mockgpu_bo_create want;
	unsigned int vcpus;
	unsigned long delay;
};

FIXTURE_VARIANT_ADD(suspend, vram_4) {
	.want = { .size = 37 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
	.vcpus = 4,
};

FIXTURE_VARIANT_ADD(suspend, vram_huge_2) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = MOCKGPU_FAULT_HUGE },
	.vcpus = 2,
};

/* The engine is at work when everything is frozen. */
FIXTURE_VARIANT_ADD(suspend, vram_later_2) {
	.want = { .size = 37 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
	.vcpus = 2,
	.delay = 300,
};

FIXTURE_SETUP(suspend)
{
	live_setup_mapped(_metadata, &self->live, &variant->want, variant->vcpus);
	driver_move_delay(_metadata, &self->live.driver, variant->delay);
}

FIXTURE_TEARDOWN(suspend)
{
	live_teardown(_metadata, &self->live);
}

/* vCPUs count on through some nights, and find what they wrote before. */
static void sleep_through(struct __test_metadata *_metadata, struct live *live, const char *state,
			  unsigned int nights)
{
	unsigned int night;

	live_start(_metadata, live, true);
	for (night = 0; night < nights; night++) {
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		live_wait(_metadata, live);
		ASSERT_EQ(0, suspend_to(state));
		/* Hibernation swaps it out, too, if no vCPU's fault has it at that moment. */
		EXPECT_NE(MOCKGPU_PLACEMENT_VRAM, bo_query(_metadata, &live->bo).placement);
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

TEST_F(suspend, vcpus_run_on)
{
	sleep_through(_metadata, &self->live, "freeze", NIGHTS);
}

TEST_F(suspend, vcpus_run_on_after_hibernation)
{
	if (!suspend_hibernates())
		SKIP(return, SUSPEND_NO_DISK);
	sleep_through(_metadata, &self->live, "disk", NIGHTS_ON_DISK);
}

int main(int argc, char **argv)
{
	const char *why = suspend_unusable();

	if (why)
		ksft_exit_skip("%s\n", why);
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
