// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to a GPU behind the backs of those who use it: a reset in which VRAM loses its
 * contents while mappings stay, and D3, in which VRAM keeps them while mappings go.
 */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "sync.h"

#define PAGES 70

/*
 * @vram: a buffer in VRAM
 * @gtt: one that is not
 */
FIXTURE(power) {
	struct driver driver;
	struct mockgpu_bo vram;
	struct mockgpu_bo gtt;
	struct drm_mockgpu_sync sync;
	int hold;
};

FIXTURE_VARIANT(power) {
	uint32_t fault_mode;
};

FIXTURE_VARIANT_ADD(power, entries_of_4k) {};

FIXTURE_VARIANT_ADD(power, large_entries) {
	.fault_mode = MOCKGPU_FAULT_HUGE,
};

static void make(struct __test_metadata *_metadata, int fd, uint32_t placement,
		 uint32_t fault_mode, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = fault_mode ? 2 << 20 : PAGES * getpagesize(),
		.placement = placement,
		.fault_mode = fault_mode,
		.flags = fault_mode ? MOCKGPU_BO_CONTIGUOUS : 0,
	};
	int ret = mockgpu_bo_make(fd, &want, bo);

	if (ret == -EOPNOTSUPP && fault_mode)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	pattern_fill(bo->map, bo->size, 1);
}

FIXTURE_SETUP(power)
{
	self->hold = -1;
	driver_setup(_metadata, &self->driver);
	make(_metadata, self->driver.fd, MOCKGPU_PLACEMENT_VRAM, variant->fault_mode, &self->vram);
	make(_metadata, self->driver.fd, MOCKGPU_PLACEMENT_GTT, 0, &self->gtt);
	ASSERT_EQ(0, drmSyncobjCreate(self->driver.fd, 0, &self->sync.handle));
}

FIXTURE_TEARDOWN(power)
{
	if (self->hold >= 0)
		engine_release(_metadata, &self->hold);
	if (self->sync.handle)
		EXPECT_EQ(0, drmSyncobjDestroy(self->driver.fd, self->sync.handle));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->vram));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->gtt));
	EXPECT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	driver_teardown(_metadata, &self->driver);
}

static uint64_t faults(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	return bo_query(_metadata, bo).faults;
}

/* Wait for the sync object. Return: 1, or the error that its fence has signaled with. */
static int wait_for_fence(struct __test_metadata *_metadata, int fd, struct drm_mockgpu_sync sync)
{
	int file, status;

	EXPECT_EQ(0, drmSyncobjExportSyncFile(fd, sync.handle, &file));
	EXPECT_EQ(0, sync_wait(fd, sync, SYNC_IN_TIME));
	status = sync_file_status(file);
	EXPECT_EQ(0, close(file));
	return status;
}

TEST_F(power, a_reset_loses_vram_and_no_mapping)
{
	const int fd = self->driver.fd;
	const uint64_t vram = faults(_metadata, &self->vram), gtt = faults(_metadata, &self->gtt);
	uint64_t before = 0, after = 0;

	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_RESETS, &before));
	ASSERT_EQ(0, mockgpu_reset(fd));
	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_RESETS, &after));
	EXPECT_EQ(before + 1, after);
	EXPECT_TRUE(pattern_is_zero(self->vram.map, self->vram.size));
	EXPECT_EQ(0, pattern_differences(self->gtt.map, self->gtt.size, 1));
	EXPECT_EQ(vram, faults(_metadata, &self->vram));
	EXPECT_EQ(gtt, faults(_metadata, &self->gtt));
	bo_expect_at(_metadata, &self->vram, MOCKGPU_PLACEMENT_VRAM, 0);
	/* It works as before. */
	pattern_fill(self->vram.map, self->vram.size, 2);
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->vram, 2));
}

TEST_F(power, a_reset_cancels_pending_work)
{
	const int fd = self->driver.fd;

	self->hold = mockgpu_hold(fd);
	ASSERT_LE(0, self->hold);
	ASSERT_EQ(0, mockgpu_bo_fill(&self->gtt, 0xa5, &self->sync));
	ASSERT_EQ(0, mockgpu_reset(fd));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(-ECANCELED, wait_for_fence(_metadata, fd, self->sync));
	EXPECT_EQ(0, pattern_differences(self->gtt.map, self->gtt.size, 1));
	/* What comes after it is done. */
	ASSERT_EQ(0, mockgpu_bo_fill(&self->gtt, 0, &self->sync));
	EXPECT_EQ(1, wait_for_fence(_metadata, fd, self->sync));
	EXPECT_TRUE(pattern_is_zero(self->gtt.map, self->gtt.size));
}

/* Work of 100 s in all. */
TEST_F(power, a_reset_waits_for_no_delay)
{
	const struct drm_mockgpu_submit args = {
		.signals = (uintptr_t)&self->sync,
		.signal_count = 1,
		.delay = MOCKGPU_SUBMIT_DELAY_MAX,
	};
	unsigned int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, mockgpu_submit(self->driver.fd, &args));
	ASSERT_EQ(0, mockgpu_reset(self->driver.fd));
	EXPECT_EQ(-ECANCELED, wait_for_fence(_metadata, self->driver.fd, self->sync));
}

/* What leaves VRAM after the reset has lost its contents; what comes there has not. */
TEST_F(power, moves_are_done_all_the_same)
{
	const int fd = self->driver.fd;

	driver_move_delay(_metadata, &self->driver, 1);
	self->hold = mockgpu_hold(fd);
	ASSERT_LE(0, self->hold);
	ASSERT_EQ(0, mockgpu_bo_move(&self->vram, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_move(&self->gtt, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_reset(fd));
	engine_release(_metadata, &self->hold);
	EXPECT_TRUE(pattern_is_zero(self->vram.map, self->vram.size));
	EXPECT_EQ(0, pattern_differences(self->gtt.map, self->gtt.size, 1));
}

/* Only mappings of VRAM; the first touch wakes it, the others find it awake. */
TEST_F(power, d3_removes_mappings_of_vram)
{
	const uint64_t vram = faults(_metadata, &self->vram), gtt = faults(_metadata, &self->gtt);
	const uint64_t wakes = driver_usage(_metadata, self->driver.fd).wakes;
	const unsigned int entries = !variant->fault_mode ? PAGES :
		driver_has_large_vram(_metadata, self->driver.fd) ? 1 : bo_npages(&self->vram);

	ASSERT_EQ(0, mockgpu_d3(self->driver.fd));
	EXPECT_EQ(0, pattern_differences(self->gtt.map, self->gtt.size, 1));
	EXPECT_EQ(gtt, faults(_metadata, &self->gtt));
	EXPECT_EQ(wakes, driver_usage(_metadata, self->driver.fd).wakes);
	EXPECT_EQ(0, pattern_differences(self->vram.map, self->vram.size, 1));
	EXPECT_EQ(vram + entries, faults(_metadata, &self->vram));
	EXPECT_EQ(wakes + 1, driver_usage(_metadata, self->driver.fd).wakes);
	/* A second sleep, from which nobody wakes it. */
	ASSERT_EQ(0, mockgpu_d3(self->driver.fd));
	EXPECT_EQ(wakes + 1, driver_usage(_metadata, self->driver.fd).wakes);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
