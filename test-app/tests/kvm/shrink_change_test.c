// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's buffer is backed up and comes back, over and over, as under memory pressure on xe:
 * pages go one by one, blocks are split when memory runs out in between, and the next access of a
 * vCPU brings all of it back in other pages. No vCPU may see a page that went, or miss a write.
 */

#include "kselftest_harness.h"

#include "canary.h"
#include "live.h"
#include "reload.h"
#include "swap.h"
#include "sysfs.h"

#define ROUNDS 24
#define ROUNDS_LONG 2000

FIXTURE(shrink) {
	struct live live;
	struct mockgpu_bo canary;
};

FIXTURE_VARIANT(shrink) {
	struct drm_mockgpu_bo_create want;
	unsigned int vcpus;
};

FIXTURE_VARIANT_ADD(shrink, single_2) {
	.want = { .size = 37 << 12 },
	.vcpus = 2,
};

FIXTURE_VARIANT_ADD(shrink, prefault_4) {
	.want = { .size = 128 << 12, .fault_mode = MOCKGPU_FAULT_PREFAULT },
	.vcpus = 4,
};

FIXTURE_VARIANT_ADD(shrink, wc_2) {
	.want = { .size = 37 << 12, .caching = MOCKGPU_CACHING_WC,
		  .flags = MOCKGPU_BO_PAGE_MAPPING },
	.vcpus = 2,
};

FIXTURE_VARIANT_ADD(shrink, huge_2) {
	.want = { .size = 512 << 12, .fault_mode = MOCKGPU_FAULT_HUGE },
	.vcpus = 2,
};

FIXTURE_SETUP(shrink)
{
	ASSERT_EQ(0, module_want("shrinker=1"));
	live_setup_mapped(_metadata, &self->live, &variant->want, variant->vcpus);
}

FIXTURE_TEARDOWN(shrink)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->canary));
	live_teardown(_metadata, &self->live);
}

static unsigned int rounds(void)
{
	return test_is_long() ? ROUNDS_LONG : ROUNDS;
}

static struct mockgpu_usage usage_of(struct __test_metadata *_metadata, const struct live *live)
{
	return driver_usage(_metadata, live->driver.fd);
}

static int on_request(struct live *live)
{
	return mockgpu_bo_backup(&live->bo);
}

static int in_reclaim(struct live *live)
{
	return mockgpu_shrink(live->driver.fd, live->pages);
}

/* Each time it has really gone, and the vCPUs have brought it back. */
static void back_it_up(struct __test_metadata *_metadata, struct live *live,
		       int (*change)(struct live *live))
{
	const uint64_t before = usage_of(_metadata, live).backed_up;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < rounds(); round++) {
		ASSERT_EQ(0, change(live));
		live_wait(_metadata, live);
		EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	EXPECT_EQ(live->pages * rounds(), usage_of(_metadata, live).backed_up - before);
	EXPECT_EQ(rounds(), bo_query(_metadata, &live->bo).swapouts);
}

TEST_F(shrink, on_request)
{
	back_it_up(_metadata, &self->live, on_request);
}

TEST_F(shrink, in_reclaim)
{
	back_it_up(_metadata, &self->live, in_reclaim);
}

/* The kernel's own reclaim, beside everything else that it drops. */
TEST_F(shrink, when_caches_are_dropped)
{
	struct live *live = &self->live;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < 4; round++) {
		const uint64_t before = usage_of(_metadata, live).backed_up;

		ASSERT_EQ(0, sysfs_write("/proc/sys/vm/drop_caches", "2"));
		EXPECT_LE(before + live->pages, usage_of(_metadata, live).backed_up);
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

/* Without a pause: vCPUs fault while it goes. */
TEST_F(shrink, all_the_time)
{
	struct live *live = &self->live;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < 4 * rounds(); round++)
		ASSERT_EQ(0, round % 2 ? on_request(live) : in_reclaim(live));
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, 4 * rounds());
}

/* Another buffer gets the pages that went, and no vCPU touches them any more. */
TEST_F(shrink, the_pages_are_somebody_elses)
{
	struct live *live = &self->live;
	size_t reused = 0;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < rounds() || (!reused && round < 8 * rounds()); round++) {
		struct drm_mockgpu_page *before;
		unsigned int i;

		/* All of it is there: the vCPUs have just been. */
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
		before = bo_pages(_metadata, &live->bo);
		ASSERT_EQ(0, on_request(live));
		canary_make(_metadata, live, &self->canary);
		reused += canary_common(_metadata, live, &self->canary, before);
		free(before);
		live_wait(_metadata, live);
		EXPECT_EQ(0, guest_differences(self->canary.map, live->pages, CANARY_SEED));
		for (i = 0; i < live->vcpus; i++)
			EXPECT_EQ(0, live_lane_differences(self->canary.map, live->pages, i, 0));
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->canary));
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	ksft_print_msg("%zu pages were handed to another buffer\n", reused);
	EXPECT_NE(0, reused);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	swap_begin();
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
