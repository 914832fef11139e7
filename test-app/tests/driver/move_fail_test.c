// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every step of a move, a swapout and a revocation is made to fail, one after the other:
 * the call reports it, the contents are where they were, nothing is left behind.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "debugfs.h"
#include "driver.h"
#include "pattern.h"

#define PAGES 20

/* More steps than any of these calls has. */
#define STEPS 200

FIXTURE(fail) {
	struct driver driver;
};

/* What is done to a buffer in GTT with contents, as preparation and as the call. */
struct step {
	uint32_t kind;
	int (*prepare)(struct mockgpu_bo *bo);
	int (*call)(struct mockgpu_bo *bo);
	unsigned long delay;
};

FIXTURE_VARIANT(fail) {
	struct step step;
};

static int nothing(struct mockgpu_bo *bo)
{
	(void)bo;
	return 0;
}

static int to_vram(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int to_gtt(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, 0);
}

static int to_system(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_SYSTEM, 0);
}

static int to_new_pages(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int to_swap(struct mockgpu_bo *bo)
{
	return mockgpu_bo_swapout(bo);
}

static int to_write_combined(struct mockgpu_bo *bo)
{
	return mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_WC);
}

static int touch(struct mockgpu_bo *bo)
{
	return pattern_touch(bo->map, 1) ? -EFAULT : 0;
}

static int pin(struct mockgpu_bo *bo)
{
	return mockgpu_bo_pin(bo, MOCKGPU_PIN);
}

static int to_nowhere(struct mockgpu_bo *bo)
{
	return mockgpu_bo_revoke(bo);
}

/* Another buffer takes all of VRAM: this one is evicted. */
static int evict(struct mockgpu_bo *bo)
{
	struct mockgpu_usage usage;
	struct drm_mockgpu_bo_create want = { .placement = MOCKGPU_PLACEMENT_VRAM };
	struct mockgpu_bo all;
	int ret;

	ret = mockgpu_usage_get(bo->fd, &usage);
	if (ret)
		return ret;
	want.size = usage.vram_max * getpagesize();
	ret = mockgpu_bo_make(bo->fd, &want, &all);
	return ret ? ret : mockgpu_bo_destroy(&all);
}

#define FAIL_VARIANT(name, kind_, prepare_, call_) \
	FIXTURE_VARIANT_ADD(fail, name) { \
		.step = { MOCKGPU_KIND_##kind_, prepare_, call_ }, \
	}

FAIL_VARIANT(move_to_vram, TTM, nothing, to_vram);
FAIL_VARIANT(move_from_vram, TTM, to_vram, to_gtt);
FAIL_VARIANT(move_from_vram_to_own_pages, NONCOMPOUND, to_vram, to_gtt);
FAIL_VARIANT(move_to_system, TTM, nothing, to_system);
FAIL_VARIANT(move_to_new_pages, TTM, nothing, to_new_pages);
FAIL_VARIANT(move_to_new_own_pages, SPLIT, nothing, to_new_pages);
FAIL_VARIANT(move_swapped_to_vram, TTM, to_swap, to_vram);
FAIL_VARIANT(swapout, TTM, nothing, to_swap);
FAIL_VARIANT(swapout_from_vram, TTM, to_vram, to_swap);
FAIL_VARIANT(swapin_by_touch, TTM, to_swap, touch);
FAIL_VARIANT(swapin_to_own_pages_by_touch, RESERVED, to_swap, touch);
FAIL_VARIANT(swapin_by_move, TTM, to_swap, to_gtt);
FAIL_VARIANT(swapin_by_pin, TTM, to_swap, pin);
FAIL_VARIANT(set_caching, TTM, nothing, to_write_combined);
FAIL_VARIANT(set_caching_of_own_pages, NONCOMPOUND, to_swap, to_write_combined);
FAIL_VARIANT(revoke, TTM, nothing, to_nowhere);
FAIL_VARIANT(revoke_in_vram, TTM, to_vram, to_nowhere);
FAIL_VARIANT(revoke_swapped, TTM, to_swap, to_nowhere);
FAIL_VARIANT(evict, TTM, to_vram, evict);

/* The same by the engine, after the call. */
#define FAIL_VARIANT_LATER(name, kind_, prepare_, call_) \
	FIXTURE_VARIANT_ADD(fail, name##_later) { \
		.step = { MOCKGPU_KIND_##kind_, prepare_, call_, 1 }, \
	}

FAIL_VARIANT_LATER(move_to_vram, TTM, nothing, to_vram);
FAIL_VARIANT_LATER(move_from_vram, NONCOMPOUND, to_vram, to_gtt);
FAIL_VARIANT_LATER(move_from_vram_to_system, TTM, to_vram, to_system);
FAIL_VARIANT_LATER(move_to_new_pages, SPLIT, nothing, to_new_pages);
FAIL_VARIANT_LATER(move_swapped_to_vram, TTM, to_swap, to_vram);
FAIL_VARIANT_LATER(swapout_from_vram, TTM, to_vram, to_swap);
FAIL_VARIANT_LATER(revoke_in_vram, TTM, to_vram, to_nowhere);
FAIL_VARIANT_LATER(evict, TTM, to_vram, evict);

FIXTURE_SETUP(fail)
{
	driver_setup(_metadata, &self->driver);
	driver_move_delay(_metadata, &self->driver, variant->step.delay);
}

FIXTURE_TEARDOWN(fail)
{
	EXPECT_EQ(0, mockgpu_fail_set(self->driver.fd, 0));
	driver_teardown(_metadata, &self->driver);
}

static void expect_intact(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	bool revoked = bo_query(_metadata, bo).state & MOCKGPU_BO_REVOKED;

	EXPECT_EQ(revoked ? SIGBUS : 0, pattern_touch(bo->map, 0));
	if (!revoked)
		EXPECT_EQ(0, pattern_differences(bo->map, bo->size, 1));
}

/* Make step @nth fail. Return: whether there is such a step. */
static int fail_at(struct __test_metadata *_metadata, const struct driver *driver,
		   const struct step *step, unsigned long nth)
{
	unsigned long left;
	struct mockgpu_bo bo;
	char point[32];
	int failed, ret;

	ASSERT_EQ(0, mockgpu_bo_create(driver->fd, step->kind, 0, 0, PAGES * driver->page, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	pattern_fill(bo.map, bo.size, 1);
	ASSERT_EQ(0, step->prepare(&bo));
	ASSERT_EQ(0, mockgpu_fail_set(driver->fd, nth));
	ret = step->call(&bo);
	ASSERT_EQ(0, mockgpu_fail_get(driver->fd, &left, point, sizeof(point)));
	ASSERT_EQ(0, mockgpu_fail_set(driver->fd, 0));
	failed = !!strcmp(point, "-");
	/* drmIoctl() retries after a signal, the CPU after a failed fault. */
	if (!failed) {
		EXPECT_EQ(0, ret);
	} else if (strcmp(point, "lock") && step->call != touch) {
		EXPECT_EQ(-ENOMEM, ret)
			TH_LOG("step %lu: %s", nth, point);
	}
	expect_intact(_metadata, &bo);
	/* With no step failing it succeeds. */
	if (ret) {
		EXPECT_EQ(0, step->call(&bo))
			TH_LOG("after step %lu: %s", nth, point);
	}
	expect_intact(_metadata, &bo);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	driver_expect_usage(_metadata, driver, 0, 0);
	return failed;
}

TEST_F(fail, every_step)
{
	unsigned long nth = 1;

	while (nth < STEPS && fail_at(_metadata, &self->driver, &variant->step, nth))
		nth++;
	/* At least the buffer's lock can be interrupted. */
	EXPECT_LT(1, nth);
	EXPECT_GT(STEPS, nth);
	TH_LOG("%lu steps", nth - 1);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
