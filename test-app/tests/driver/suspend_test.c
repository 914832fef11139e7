// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host goes to sleep and wakes up, as far as /sys/power/pm_test=freezer takes it: drivers are
 * told, processes frozen and thawed.
 */
#include "kselftest_harness.h"

#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "suspend.h"

#define PAGES 70

FIXTURE(suspend) {
	struct driver driver;
	struct mockgpu_bo vram;
	struct mockgpu_bo gtt;
};

static void make(struct __test_metadata *_metadata, int fd, uint32_t placement,
		 struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * (uint64_t)getpagesize(), .placement = placement,
	};

	ASSERT_EQ(0, mockgpu_bo_make(fd, &want, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	pattern_fill(bo->map, bo->size, 1);
}

FIXTURE_SETUP(suspend)
{
	driver_setup(_metadata, &self->driver);
	make(_metadata, self->driver.fd, MOCKGPU_PLACEMENT_VRAM, &self->vram);
	make(_metadata, self->driver.fd, MOCKGPU_PLACEMENT_GTT, &self->gtt);
}

FIXTURE_TEARDOWN(suspend)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->vram));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->gtt));
	driver_teardown(_metadata, &self->driver);
}

/* Where a buffer is, with what it has always contained. */
static void expect_at(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
		      uint32_t placement, uint32_t state)
{
	EXPECT_EQ(0, pattern_differences(bo->map, bo->size, 1));
	bo_expect_at(_metadata, bo, placement, state);
}

TEST_F(suspend, vram_is_empty_before)
{
	struct mockgpu_usage usage = {};
	const uint32_t moves = bo_query(_metadata, &self->gtt).moves;

	ASSERT_EQ(0, suspend_to("freeze"));
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(0, usage.vram);
	expect_at(_metadata, &self->vram, MOCKGPU_PLACEMENT_GTT, 0);
	expect_at(_metadata, &self->gtt, MOCKGPU_PLACEMENT_GTT, 0);
	EXPECT_EQ(moves, bo_query(_metadata, &self->gtt).moves);
	/* It moves back when somebody asks, and the next night is like the first. */
	ASSERT_EQ(0, mockgpu_bo_move(&self->vram, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, suspend_to("freeze"));
	expect_at(_metadata, &self->vram, MOCKGPU_PLACEMENT_GTT, 0);
}

TEST_F(suspend, what_is_pinned_stays)
{
	ASSERT_EQ(0, mockgpu_bo_pin(&self->vram, MOCKGPU_PIN));
	ASSERT_EQ(0, suspend_to("freeze"));
	expect_at(_metadata, &self->vram, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_PINNED);
}

/* All system memory has to fit into the image, too. */
TEST_F(suspend, hibernation_swaps_all_out)
{
	if (!suspend_hibernates())
		SKIP(return, SUSPEND_NO_DISK);
	ASSERT_EQ(0, suspend_to("disk"));
	EXPECT_EQ(MOCKGPU_BO_SWAPPED, bo_query(_metadata, &self->vram).state);
	EXPECT_EQ(MOCKGPU_BO_SWAPPED, bo_query(_metadata, &self->gtt).state);
	expect_at(_metadata, &self->vram, MOCKGPU_PLACEMENT_SYSTEM, 0);
	expect_at(_metadata, &self->gtt, MOCKGPU_PLACEMENT_SYSTEM, 0);
}

/* While the engine still moves: the contents are those of the last move. */
TEST_F(suspend, in_the_middle_of_a_move)
{
	unsigned int i;

	driver_move_delay(_metadata, &self->driver, 100000);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mockgpu_bo_move(&self->vram, MOCKGPU_PLACEMENT_VRAM, 0));
		ASSERT_EQ(0, suspend_to("freeze"));
		expect_at(_metadata, &self->vram, MOCKGPU_PLACEMENT_GTT, 0);
	}
}

int main(int argc, char **argv)
{
	const char *why = suspend_unusable();

	if (why)
		ksft_exit_skip("%s\n", why);
	return driver_run(argc, argv);
}
