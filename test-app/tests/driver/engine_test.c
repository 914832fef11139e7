// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves that take time (module parameter move_delay): the call returns at once, the engine
 * copies later, and whoever needs the contents waits for it. Here the engine is held, so each
 * state can be looked at for as long as needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "driver.h"
#include "engine.h"
#include "pattern.h"

/* Not a multiple of a block. */
#define PAGES 150

FIXTURE(engine) {
	struct driver driver;
	struct mockgpu_bo bo;
	int hold;
};

FIXTURE_VARIANT(engine) {
	uint32_t kind;
	uint32_t order;
	uint32_t caching;
};

FIXTURE_VARIANT_ADD(engine, ttm) {
	.kind = MOCKGPU_KIND_TTM,
};

FIXTURE_VARIANT_ADD(engine, noncompound) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
	.order = 4,
};

FIXTURE_SETUP(engine)
{
	driver_setup(_metadata, &self->driver);
	driver_move_delay(_metadata, &self->driver, 1);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, variant->kind, variant->order,
				       variant->caching, PAGES * self->driver.page, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	self->hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, self->hold);
}

FIXTURE_TEARDOWN(engine)
{
	if (self->hold >= 0)
		engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* What moves a buffer with its contents. */
static int to_vram(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int to_new_pages(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int to_vram_and_back(struct mockgpu_bo *bo)
{
	int ret = to_vram(bo);

	return ret ? ret : mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, 0);
}

static int (*const moves[])(struct mockgpu_bo *bo) = { to_vram, to_new_pages, to_vram_and_back };

/* Jobs of each. */
static const uint64_t jobs[] = { 1, 1, 2 };

/* A move returns before the contents are there; the old pages stay until then. */
TEST_F(engine, a_move_returns_at_once)
{
	struct mockgpu_usage usage = {};

	ASSERT_EQ(0, to_vram(&self->bo));
	EXPECT_EQ(MOCKGPU_PLACEMENT_VRAM, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(1, usage.jobs);
	EXPECT_EQ(self->driver.before.vram + PAGES, usage.vram);
	EXPECT_EQ(self->driver.before.populated + PAGES, usage.populated);
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));
	EXPECT_EQ(0, mockgpu_wait_idle(self->driver.fd));
}

/* A debugger's access does not go through the page table. */
static int debug_it(struct mockgpu_bo *bo)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), ret = -1;
	void *copy = malloc(bo->size);

	if (mem >= 0 && copy && pread(mem, copy, bo->size, (uintptr_t)bo->map) == (ssize_t)bo->size)
		ret = pattern_differences(copy, bo->size, 1);
	close(mem);
	free(copy);
	return ret;
}

/* Get mmap_lock for writing. Whoever waits with it held would make this hang. */
static void expect_mmap_works(struct __test_metadata *_metadata, size_t size)
{
	void *other = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT_NE(MAP_FAILED, other);
	EXPECT_EQ(0, munmap(other, size));
}

/*
 * @what has to wait until the engine goes on, and then has to succeed. A debugger's access
 * waits with mmap_lock held, because access_remote_vm() takes it.
 */
static void expect_waits(struct __test_metadata *_metadata, struct mockgpu_bo *bo, int *hold,
			 int (*what)(struct mockgpu_bo *bo))
{
	struct waiter waiter;

	waiter_start(_metadata, &waiter, bo, what);
	if (what != debug_it)
		expect_mmap_works(_metadata, bo->size);
	EXPECT_EQ(0, waiter.done);
	waiter_end(_metadata, &waiter, hold);
}

static int access_it(struct mockgpu_bo *bo)
{
	return pattern_differences(bo->map, bo->size, 1);
}

static int copy_it(struct mockgpu_bo *bo)
{
	struct mockgpu_bo other;
	int ret = mockgpu_bo_clone(bo, &other);

	if (ret)
		return ret;
	ret = pattern_differences(other.map, other.size, 1);
	return mockgpu_bo_destroy(&other) || ret;
}

static int poll_it(struct mockgpu_bo *bo)
{
	struct pollfd dmabuf = { .fd = mockgpu_bo_export(bo), .events = POLLIN };
	int ret = poll(&dmabuf, 1, 30000);

	close(dmabuf.fd);
	return ret != 1;
}

static int swap_it(struct mockgpu_bo *bo)
{
	int ret = mockgpu_bo_swapout(bo);

	return ret ? ret : access_it(bo);
}

static int pull_it_to_system(struct mockgpu_bo *bo)
{
	int ret = mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_SYSTEM, 0);

	return ret ? ret : access_it(bo);
}

static int (*const accesses[])(struct mockgpu_bo *bo) = {
	access_it, debug_it, copy_it, poll_it, swap_it, pull_it_to_system,
};

TEST_F(engine, whoever_needs_the_contents_waits)
{
	const bool debuggable = bo_has_access(_metadata, &self->bo);
	struct mockgpu_usage usage;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		for (j = 0; j < ARRAY_SIZE(accesses); j++) {
			if (accesses[j] == debug_it && !debuggable)
				continue;
			ASSERT_EQ(0, moves[i](&self->bo));
			ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
			EXPECT_EQ(jobs[i], usage.jobs);
			expect_waits(_metadata, &self->bo, &self->hold, accesses[j]);
			EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1))
				TH_LOG("move %zu, access %zu", i, j);
			ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
			ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
			self->hold = mockgpu_hold(self->driver.fd);
			ASSERT_LE(0, self->hold);
		}
	}
}

/* Reap a child. Return: its status, or -1 after 10 s. */
static int reap(pid_t child)
{
	int tries, status;

	for (tries = 0; tries < 1000; tries++) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status;
		clock_pause(10);
	}
	return -1;
}

/* The access of a child: by its own instruction, or by the kernel for it. */
static void access_in_child(const struct mockgpu_bo *bo, int to, bool by_kernel)
{
	if (by_kernel)
		_exit(write(to, bo->map, 1) != 1);
	peek(bo->map);
	_exit(0);
}

TEST_F(engine, who_waits_can_be_killed)
{
	int by_kernel, ends[2];
	pid_t child;

	ASSERT_EQ(0, to_vram(&self->bo));
	for (by_kernel = 0; by_kernel < 2; by_kernel++) {
		ASSERT_EQ(0, pipe(ends));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			access_in_child(&self->bo, ends[1], by_kernel);
		clock_pause(A_WHILE);
		EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
		ASSERT_EQ(0, kill(child, SIGKILL));
		EXPECT_EQ(SIGKILL, reap(child));
		EXPECT_EQ(0, close(ends[0]) | close(ends[1]));
	}
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

static int signal_pipe;

static void tell(int signal)
{
	if (write(signal_pipe, "", 1) != 1)
		_exit(signal);
}

/* A signal is handled while the access waits, which then goes on. */
TEST_F(engine, who_waits_handles_signals)
{
	struct pollfd end = { .events = POLLIN };
	int ends[2];
	pid_t child;

	ASSERT_EQ(0, to_new_pages(&self->bo));
	ASSERT_EQ(0, pipe(ends));
	signal_pipe = ends[1];
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Or it would hold the engine too. */
		close(self->hold);
		signal(SIGUSR1, tell);
		tell(SIGUSR1);
		access_in_child(&self->bo, -1, false);
	}
	end.fd = ends[0];
	ASSERT_EQ(1, read(ends[0], &ends[1], 1));
	clock_pause(A_WHILE);
	ASSERT_EQ(0, kill(child, SIGUSR1));
	EXPECT_EQ(1, poll(&end, 1, 10000));
	clock_pause(A_WHILE);
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, reap(child));
	EXPECT_EQ(0, close(ends[0]) | close(signal_pipe));
}

/* The engine cannot access SYSTEM: such a move is two, and complete if it ends there. */
TEST_F(engine, between_vram_and_system_it_goes_over_gtt)
{
	struct drm_mockgpu_bo_query query;

	engine_release(_metadata, &self->hold);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0));
	query = bo_query(_metadata, &self->bo);
	ASSERT_EQ(0, to_vram(&self->bo));
	EXPECT_EQ(query.moves + 2, bo_query(_metadata, &self->bo).moves);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0));
	EXPECT_EQ(query.moves + 4, bo_query(_metadata, &self->bo).moves);
	EXPECT_EQ(MOCKGPU_PLACEMENT_SYSTEM, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	/* At once it is one move. */
	ASSERT_EQ(0, mockgpu_move_delay_set(0));
	ASSERT_EQ(0, to_vram(&self->bo));
	EXPECT_EQ(query.moves + 5, bo_query(_metadata, &self->bo).moves);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

/* In VRAM, cleared by the CPU. */
static int make_another(struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = bo->size,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct mockgpu_bo other;
	int ret;

	ret = mockgpu_bo_make(bo->fd, &want, &other);
	if (ret)
		return ret;
	ret = mockgpu_bo_map(&other, NULL) || !pattern_is_zero(other.map, other.size);
	return mockgpu_bo_destroy(&other) || ret;
}

/*
 * The VRAM of an evicted buffer has a new owner before the contents have left it, who must
 * neither destroy nor see them: whether the engine clears it for him or the CPU.
 */
TEST_F(engine, evicted_vram_changes_hands_unread)
{
	struct drm_mockgpu_bo_create want = {
		.size = self->driver.before.vram_max * self->driver.page,
		.placement = MOCKGPU_PLACEMENT_VRAM,
		.fault_mode = MOCKGPU_FAULT_PREFAULT,
	};
	struct mockgpu_usage usage = {};
	struct mockgpu_bo all, next;

	engine_release(_metadata, &self->hold);
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &all));
	ASSERT_EQ(0, mockgpu_bo_map(&all, NULL));
	pattern_fill(all.map, all.size, 3);
	self->hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, self->hold);

	want.size = self->bo.size;
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &next));
	EXPECT_EQ(MOCKGPU_PLACEMENT_VRAM, bo_query(_metadata, &next).placement);
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &all).placement);
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(2, usage.jobs);
	ASSERT_EQ(0, mockgpu_move_delay_set(0));
	expect_waits(_metadata, &self->bo, &self->hold, make_another);
	ASSERT_EQ(0, mockgpu_bo_map(&next, NULL));
	EXPECT_TRUE(pattern_is_zero(next.map, next.size));
	EXPECT_EQ(0, pattern_differences(all.map, all.size, 3));
	EXPECT_EQ(0, mockgpu_bo_destroy(&next));
	EXPECT_EQ(0, mockgpu_bo_destroy(&all));
}

/* A buffer that nobody has any more keeps its pages until the engine has done with them. */
TEST_F(engine, the_last_user_goes_first)
{
	struct mockgpu_usage usage = {};

	ASSERT_EQ(0, to_vram_and_back(&self->bo));
	ASSERT_EQ(0, to_new_pages(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	clock_pause(A_WHILE);
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(3, usage.jobs);
	EXPECT_LE(self->driver.before.populated + 2 * PAGES, usage.populated);
	EXPECT_EQ(self->driver.before.vram + PAGES, usage.vram);
}

/* In its delay a job has not ended either. */
TEST_F(engine, a_job_in_its_delay_is_held)
{
	const unsigned int delay = 2000;
	struct mockgpu_usage usage = {};

	engine_release(_metadata, &self->hold);
	ASSERT_EQ(0, mockgpu_move_delay_set(delay * 1000));
	ASSERT_EQ(0, to_vram(&self->bo));
	clock_pause(A_WHILE);
	self->hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, self->hold);
	clock_pause(delay);
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(1, usage.jobs);
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

/* TTM waits 15 s for a GPU where it cannot go on without it. */
TEST_F(engine, what_cannot_wait_for_ever_is_busy)
{
	if (!test_is_long())
		SKIP(return, "takes half a minute: MOCKGPU_LONG=1");
	ASSERT_EQ(0, to_new_pages(&self->bo));
	EXPECT_EQ(-EBUSY, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-EBUSY, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0));
	engine_release(_metadata, &self->hold);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, mockgpu_bo_revoke(&self->bo));
}

TEST_F(engine, a_bad_delay_is_refused)
{
	EXPECT_EQ(-EINVAL, mockgpu_move_delay_set(MOCKGPU_FAULT_DELAY_MAX + 1ul));
	EXPECT_EQ(-ERANGE, mockgpu_move_delay_set(~0ul));
	EXPECT_EQ(0, mockgpu_move_delay_set(MOCKGPU_FAULT_DELAY_MAX));
	EXPECT_EQ(0, mockgpu_move_delay_set(0));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
