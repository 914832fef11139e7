// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submissions: work that the engine does later, with DRM sync objects that tell when
 * (explicit synchronisation) and fences on the buffers (implicit). The engine is held, so each
 * state can be looked at for as long as needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "clock.h"
#include "driver.h"
#include "engine.h"
#include "pattern.h"
#include "reload.h"
#include "sync.h"

/* Not a multiple of a block. */
#define PAGES 150

FIXTURE(submit) {
	struct driver driver;
	struct mockgpu_bo bo;
	struct drm_mockgpu_sync sync;
	int hold;
};

FIXTURE_VARIANT(submit) {
	uint32_t kind;
	uint32_t order;
	uint32_t placement;
};

FIXTURE_VARIANT_ADD(submit, noncompound) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
	.order = 4,
};

FIXTURE_VARIANT_ADD(submit, vram) {
	.kind = MOCKGPU_KIND_TTM,
	.placement = MOCKGPU_PLACEMENT_VRAM,
};

FIXTURE_SETUP(submit)
{
	struct drm_mockgpu_bo_create want = {
		.kind = variant->kind,
		.order = variant->order,
		.placement = variant->placement,
	};

	driver_setup(_metadata, &self->driver);
	want.size = PAGES * self->driver.page;
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, drmSyncobjCreate(self->driver.fd, 0, &self->sync.handle));
	self->hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, self->hold);
}

FIXTURE_TEARDOWN(submit)
{
	if (self->hold >= 0)
		engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, drmSyncobjDestroy(self->driver.fd, self->sync.handle));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	driver_teardown(_metadata, &self->driver);
}

/* Count the bytes of a mapping that differ from @value. */
static size_t bytes_other(const struct mockgpu_bo *bo, uint8_t value)
{
	const uint8_t *map = bo->map;
	size_t i, count = 0;

	for (i = 0; i < bo->size; i++)
		count += map[i] != value;
	return count;
}

TEST_F(submit, it_returns_before_it_is_done)
{
	const int fd = self->driver.fd;

	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 0xa5, &self->sync));
	EXPECT_EQ(2, driver_usage(_metadata, fd).jobs);
	clock_pause(A_WHILE);
	EXPECT_EQ(-ETIME, sync_wait(fd, self->sync, 0));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, sync_wait(fd, self->sync, SYNC_IN_TIME));
	EXPECT_EQ(0, bytes_other(&self->bo, 0xa5));
}

/* A GPU's work stops no CPU: whoever looks too early sees what was there before. */
TEST_F(submit, a_fault_does_not_wait)
{
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 1, &self->sync));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(-ETIME, sync_wait(self->driver.fd, self->sync, 0));
}

TEST_F(submit, a_timeline_has_points)
{
	const int fd = self->driver.fd;
	struct drm_mockgpu_sync sync = self->sync;
	uint64_t point = 77;

	for (sync.point = 1; sync.point <= 3; sync.point++)
		ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, sync.point, &sync));
	EXPECT_EQ(0, drmSyncobjQuery(fd, &sync.handle, &point, 1));
	EXPECT_EQ(0, point);
	sync.point = 2;
	EXPECT_EQ(-ETIME, sync_wait(fd, sync, 0));
	engine_release(_metadata, &self->hold);
	sync.point = 3;
	EXPECT_EQ(0, sync_wait(fd, sync, SYNC_IN_TIME));
	EXPECT_EQ(0, drmSyncobjQuery(fd, &sync.handle, &point, 1));
	EXPECT_EQ(3, point);
	EXPECT_EQ(0, bytes_other(&self->bo, 3));
}

/* A submission without buffers is a fence. Its delay is kept. */
TEST_F(submit, it_takes_its_time)
{
	const struct drm_mockgpu_submit args = {
		.signals = (uintptr_t)&self->sync,
		.signal_count = 1,
		.delay = 300000,
	};
	double begin;

	engine_release(_metadata, &self->hold);
	begin = clock_now();
	ASSERT_EQ(0, mockgpu_submit(self->driver.fd, &args));
	EXPECT_EQ(-ETIME, sync_wait(self->driver.fd, self->sync, 0));
	EXPECT_EQ(0, sync_wait(self->driver.fd, self->sync, SYNC_IN_TIME));
	EXPECT_LE(0.3, clock_now() - begin);
}

/* Whether @ready of a dma-buf is there at once. */
static bool is_ready(int dmabuf, short ready)
{
	struct pollfd fd = { .fd = dmabuf, .events = ready };

	return poll(&fd, 1, 0) == 1 && fd.revents == ready;
}

/* A fence of a reader keeps writers out, that of a writer also readers. */
TEST_F(submit, a_dmabuf_has_its_fence)
{
	struct drm_mockgpu_submit_bo use = { .handle = self->bo.handle };
	const struct drm_mockgpu_submit args = { .bos = (uintptr_t)&use, .bo_count = 1 };
	int dmabuf = mockgpu_bo_export(&self->bo);
	struct pollfd fd = { .fd = dmabuf, .events = POLLOUT };

	ASSERT_LE(0, dmabuf);
	EXPECT_TRUE(is_ready(dmabuf, POLLIN));
	EXPECT_TRUE(is_ready(dmabuf, POLLOUT));
	ASSERT_EQ(0, mockgpu_submit(self->driver.fd, &args));
	EXPECT_TRUE(is_ready(dmabuf, POLLIN));
	EXPECT_FALSE(is_ready(dmabuf, POLLOUT));
	use.flags = MOCKGPU_SUBMIT_WRITE;
	ASSERT_EQ(0, mockgpu_submit(self->driver.fd, &args));
	EXPECT_FALSE(is_ready(dmabuf, POLLIN));
	EXPECT_FALSE(is_ready(dmabuf, POLLOUT));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(1, poll(&fd, 1, 30000));
	EXPECT_TRUE(is_ready(dmabuf, POLLIN));
	EXPECT_EQ(0, close(dmabuf));
}

static int move_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int move_it_to_vram(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int swap_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_swapout(bo);
}

static int copy_it(struct mockgpu_bo *bo)
{
	struct mockgpu_bo other;
	int ret = mockgpu_bo_clone(bo, &other);

	if (ret)
		return ret;
	ret = bytes_other(&other, 0x3c) ? -EILSEQ : 0;
	mockgpu_bo_destroy(&other);
	return ret;
}

/* At once or by the engine: what moves or reads a buffer waits for its work, which is not lost. */
TEST_F(submit, whoever_takes_the_pages_waits)
{
	static int (*const takes[])(struct mockgpu_bo *bo) = {
		move_it, move_it_to_vram, move_it, swap_it, copy_it,
	};
	struct waiter waiter;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(takes); i++) {
		ASSERT_EQ(0, mockgpu_bo_move(&self->bo, variant->placement, 0));
		pattern_fill(self->bo.map, self->bo.size, 1);
		ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 0x3c, NULL));
		waiter_start(_metadata, &waiter, &self->bo, takes[i]);
		/* A move to where it is already is none. */
		if (takes[i] == copy_it || takes[i] == swap_it)
			EXPECT_EQ(0, waiter.done);
		waiter_end(_metadata, &waiter, &self->hold);
		ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
		EXPECT_EQ(0, bytes_other(&self->bo, 0x3c))
			TH_LOG("take %u", i);
		self->hold = mockgpu_hold(self->driver.fd);
		ASSERT_LE(0, self->hold);
	}
}

/* Moves by the engine queue behind the work, and work behind moves. */
TEST_F(submit, moves_and_work_keep_their_order)
{
	driver_move_delay(_metadata, &self->driver, 1);
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 1, NULL));
	ASSERT_EQ(0, move_it_to_vram(&self->bo));
	ASSERT_EQ(0, move_it(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 2, NULL));
	ASSERT_EQ(0, move_it(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 3, &self->sync));
	EXPECT_EQ(-ETIME, sync_wait(self->driver.fd, self->sync, 0));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, sync_wait(self->driver.fd, self->sync, SYNC_IN_TIME));
	EXPECT_EQ(0, bytes_other(&self->bo, 3));
}

/* Nobody has the buffer, the sync object or the file any more: the engine does its work. */
TEST_F(submit, its_user_may_go_first)
{
	const int fd = mockgpu_open(NULL, 0);
	struct mockgpu_usage before, after = {};
	struct drm_mockgpu_sync sync = {};
	struct mockgpu_bo bo;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, drmSyncobjCreate(fd, 0, &sync.handle));
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_SPLIT, 2, 0, self->bo.size, &bo));
	ASSERT_EQ(0, mockgpu_bo_fill(&bo, 1, &sync));
	ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &before));
	EXPECT_EQ(2, before.jobs);
	EXPECT_EQ(0, close(fd));
	clock_pause(A_WHILE);
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &after));
	EXPECT_EQ(2, after.jobs);
	EXPECT_EQ(before.populated, after.populated);
}

/* A buffer of SYSTEM, or swapped out, comes to where the engine can write it. */
TEST_F(submit, a_buffer_comes_back_for_it)
{
	engine_release(_metadata, &self->hold);
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 9, &self->sync));
	EXPECT_EQ(0, sync_wait(self->driver.fd, self->sync, SYNC_IN_TIME));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_GTT, 0);
	EXPECT_EQ(0, bytes_other(&self->bo, 9));
}

TEST_F(submit, many_buffers_at_once)
{
	struct drm_mockgpu_submit_bo uses[MOCKGPU_SUBMIT_MAX] = {};
	struct mockgpu_bo bos[MOCKGPU_SUBMIT_MAX];
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)uses,
		.bo_count = MOCKGPU_SUBMIT_MAX,
		.signals = (uintptr_t)&self->sync,
		.signal_count = 1,
	};
	unsigned int i;

	for (i = 0; i < MOCKGPU_SUBMIT_MAX; i++) {
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0,
					       3 * self->driver.page, &bos[i]));
		ASSERT_EQ(0, mockgpu_bo_map(&bos[i], NULL));
		uses[i].handle = bos[i].handle;
		uses[i].flags = MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL;
		uses[i].value = i + 1;
	}
	ASSERT_EQ(0, mockgpu_submit(self->driver.fd, &args));
	EXPECT_EQ(1 + MOCKGPU_SUBMIT_MAX, driver_usage(_metadata, self->driver.fd).jobs);
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, sync_wait(self->driver.fd, self->sync, SYNC_IN_TIME));
	for (i = 0; i < MOCKGPU_SUBMIT_MAX; i++) {
		EXPECT_EQ(0, bytes_other(&bos[i], i + 1));
		EXPECT_EQ(0, mockgpu_bo_destroy(&bos[i]));
	}
}

/* More would only be taken to be kept. */
TEST_F(submit, a_full_engine_takes_no_more)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < MOCKGPU_SUBMIT_JOBS_MAX && !ret; i += 2)
		ret = mockgpu_bo_fill(&self->bo, i, NULL);
	EXPECT_EQ(0, ret);
	EXPECT_EQ(-EBUSY, mockgpu_bo_fill(&self->bo, 0, NULL));
	EXPECT_EQ(MOCKGPU_SUBMIT_JOBS_MAX, driver_usage(_metadata, self->driver.fd).jobs);
	engine_release(_metadata, &self->hold);
	ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	EXPECT_EQ(0, mockgpu_bo_fill(&self->bo, 5, NULL));
}

/* Each member that is wrong, alone. Nothing happens. */
TEST_F(submit, bad_input)
{
	const uint32_t handle = self->bo.handle, sync = self->sync.handle;
	const struct {
		int ret;
		struct drm_mockgpu_submit args;
		struct drm_mockgpu_submit_bo use[2];
		struct drm_mockgpu_sync wait;
		struct drm_mockgpu_sync signal;
	} bad[] = {
		{ -EINVAL, .args.flags = 1 },
		{ -EINVAL, .args.reserved = 1 },
		{ -EINVAL, .args.delay = MOCKGPU_SUBMIT_DELAY_MAX + 1 },
		{ -E2BIG, .args.bo_count = MOCKGPU_SUBMIT_MAX + 1 },
		{ -E2BIG, .args.wait_count = ~0u },
		{ -E2BIG, .args.signal_count = MOCKGPU_SUBMIT_MAX + 1 },
		{ -ENOENT, .args.bo_count = 1, .use[0] = { .handle = 0 } },
		{ -ENOENT, .args.bo_count = 1, .use[0] = { .handle = handle + 1000 } },
		{ -EINVAL, .args.bo_count = 1, .use[0] = { .handle = handle, .flags = 4 } },
		{ -EINVAL, .args.bo_count = 1, .use[0] = { .handle = handle, .reserved = 1 } },
		{ -EINVAL, .args.bo_count = 1, .use[0] = { .handle = handle, .value = 1 } },
		{ -EINVAL, .args.bo_count = 1,
		  .use[0] = { .handle = handle, .flags = MOCKGPU_SUBMIT_FILL } },
		{ -EINVAL, .args.bo_count = 1,
		  .use[0] = { .handle = handle, .value = 256,
			      .flags = MOCKGPU_SUBMIT_FILL | MOCKGPU_SUBMIT_WRITE } },
		{ -EINVAL, .args.bo_count = 2,
		  .use = { { .handle = handle }, { .handle = handle } } },
		{ -ENOENT, .args.wait_count = 1, .wait = { .handle = 0 } },
		{ -EINVAL, .args.wait_count = 1, .wait = { .handle = sync, .flags = 1 } },
		/* Nobody has given it a fence. */
		{ -EINVAL, .args.wait_count = 1, .wait = { .handle = sync } },
		{ -EINVAL, .args.wait_count = 1, .wait = { .handle = sync, .point = 1 } },
		{ -ENOENT, .args.signal_count = 1, .signal = { .handle = 0 } },
		{ -EINVAL, .args.signal_count = 1, .signal = { .handle = sync, .flags = 1 } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct drm_mockgpu_submit args = bad[i].args;

		args.bos = (uintptr_t)bad[i].use;
		args.waits = (uintptr_t)&bad[i].wait;
		args.signals = (uintptr_t)&bad[i].signal;
		EXPECT_EQ(bad[i].ret, mockgpu_submit(self->driver.fd, &args))
			TH_LOG("case %u", i);
	}
	EXPECT_EQ(0, driver_usage(_metadata, self->driver.fd).jobs);
	EXPECT_EQ(-EINVAL, sync_wait(self->driver.fd, self->sync, 0));
}

TEST_F(submit, bad_pointers)
{
	const struct drm_mockgpu_submit bad[] = {
		{ .bo_count = 1 }, { .wait_count = 1 }, { .signal_count = 1 },
		{ .bo_count = 1, .bos = ~0ull }, { .wait_count = 1, .waits = 1ull << 63 },
		{ .signal_count = MOCKGPU_SUBMIT_MAX, .signals = 8 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EFAULT, mockgpu_submit(self->driver.fd, &bad[i]));
	EXPECT_EQ(0, driver_usage(_metadata, self->driver.fd).jobs);
}

TEST_F(submit, a_revoked_buffer_takes_none)
{
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_fill(&self->bo, 1, &self->sync));
	EXPECT_EQ(-EINVAL, sync_wait(self->driver.fd, self->sync, 0));
}

/*
 * Two GPUs: what one waits for is work of the other.
 * @import: @bo, in the second device
 */
FIXTURE(submit_peer) {
	struct driver driver;
	int peer;
	struct mockgpu_bo bo;
	struct mockgpu_bo import;
	int hold;
};

FIXTURE_SETUP(submit_peer)
{
	int dmabuf;

	self->hold = -1;
	self->peer = -1;
	if (!module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module to load with devices=2");
	ASSERT_EQ(0, module_want("devices=2"));
	driver_setup(_metadata, &self->driver);
	self->peer = mockgpu_open_peer();
	ASSERT_LE(0, self->peer);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 4, 0,
				       PAGES * self->driver.page, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	dmabuf = mockgpu_bo_export(&self->bo);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, mockgpu_bo_import(self->peer, dmabuf, &self->import));
	EXPECT_EQ(0, close(dmabuf));
	self->hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, self->hold);
}

FIXTURE_TEARDOWN(submit_peer)
{
	if (self->hold >= 0)
		engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, mockgpu_wait_idle(self->peer));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->import));
	EXPECT_EQ(0, close(self->peer));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* By a sync object that goes from one to the other. */
TEST_F(submit_peer, one_waits_for_the_other)
{
	struct drm_mockgpu_sync first = {}, there = {}, last = {};
	struct drm_mockgpu_submit args = {
		.waits = (uintptr_t)&there, .wait_count = 1,
		.signals = (uintptr_t)&last, .signal_count = 1,
	};
	int fd;

	ASSERT_EQ(0, drmSyncobjCreate(self->driver.fd, 0, &first.handle));
	ASSERT_EQ(0, drmSyncobjCreate(self->peer, 0, &last.handle));
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 7, &first));
	ASSERT_EQ(0, drmSyncobjHandleToFD(self->driver.fd, first.handle, &fd));
	ASSERT_EQ(0, drmSyncobjFDToHandle(self->peer, fd, &there.handle));
	EXPECT_EQ(0, close(fd));
	ASSERT_EQ(0, mockgpu_submit(self->peer, &args));
	clock_pause(A_WHILE);
	/* Nobody holds the second one. */
	EXPECT_EQ(-ETIME, sync_wait(self->peer, last, 0));
	EXPECT_EQ(1, driver_usage(_metadata, self->peer).jobs);
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, sync_wait(self->peer, last, SYNC_IN_TIME));
	EXPECT_EQ(0, sync_wait(self->driver.fd, first, 0));
	EXPECT_EQ(0, bytes_other(&self->bo, 7));
	EXPECT_EQ(0, drmSyncobjDestroy(self->peer, last.handle));
	EXPECT_EQ(0, drmSyncobjDestroy(self->peer, there.handle));
	EXPECT_EQ(0, drmSyncobjDestroy(self->driver.fd, first.handle));
}

/* By the reservation that both share: without a word from user space. */
TEST_F(submit_peer, a_shared_buffer_is_enough)
{
	struct drm_mockgpu_submit_bo use = { .handle = self->import.handle };
	struct drm_mockgpu_sync last = {};
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)&use, .bo_count = 1,
		.signals = (uintptr_t)&last, .signal_count = 1,
	};

	ASSERT_EQ(0, drmSyncobjCreate(self->peer, 0, &last.handle));
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 8, NULL));
	ASSERT_EQ(0, mockgpu_submit(self->peer, &args));
	clock_pause(A_WHILE);
	EXPECT_EQ(-ETIME, sync_wait(self->peer, last, 0));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, sync_wait(self->peer, last, SYNC_IN_TIME));
	EXPECT_EQ(0, bytes_other(&self->bo, 8));
	EXPECT_EQ(0, drmSyncobjDestroy(self->peer, last.handle));
}

TEST_F(submit_peer, an_import_is_not_filled)
{
	EXPECT_EQ(-EINVAL, mockgpu_bo_fill(&self->import, 1, NULL));
}

TEST_F(submit_peer, a_read_only_import_is_not_written)
{
	struct drm_mockgpu_submit_bo use = { .flags = MOCKGPU_SUBMIT_WRITE };
	const struct drm_mockgpu_submit args = { .bos = (uintptr_t)&use, .bo_count = 1 };
	struct mockgpu_bo bo, import;
	int dmabuf;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0, self->bo.size,
				       &bo));
	ASSERT_EQ(0, drmPrimeHandleToFD(self->driver.fd, bo.handle, DRM_CLOEXEC, &dmabuf));
	ASSERT_EQ(0, mockgpu_bo_import(self->peer, dmabuf, &import));
	use.handle = import.handle;
	EXPECT_EQ(-EACCES, mockgpu_submit(self->peer, &args));
	use.flags = 0;
	EXPECT_EQ(0, mockgpu_submit(self->peer, &args));
	EXPECT_EQ(0, close(dmabuf));
	EXPECT_EQ(0, mockgpu_bo_destroy(&import));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
