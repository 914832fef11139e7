// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults at a bad moment: of a task that is killed while the kernel accesses the
 * buffer for it, and while the fault mode changes. The modes themselves are in
 * fault_mode_test.c.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "clock.h"
#include "driver.h"
#include "pattern.h"

#define HUGE_SIZE (2ul << 20)

/* How long a task may take to die, and a fault without a delay to be handled. */
#define SOON 10.0

/* Kernel accesses to @at: the pipe is empty and its other end open. */
static void from_user(int pipe[2], void *at, size_t size)
{
	if (write(pipe[1], at, size) < 0)
		_exit(1);
}

static void to_user(int pipe[2], void *at, size_t size)
{
	char byte = 1;

	if (write(pipe[1], &byte, 1) < 0 || read(pipe[0], at, size) < 0)
		_exit(1);
}

FIXTURE(killed) {
	struct driver driver;
	struct mockgpu_bo bo;
	int pipe[2];
};

FIXTURE_VARIANT(killed) {
	void (*access)(int pipe[2], void *at, size_t size);
};

FIXTURE_VARIANT_ADD(killed, from_user) {
	.access = from_user,
};

FIXTURE_VARIANT_ADD(killed, to_user) {
	.access = to_user,
};

FIXTURE_SETUP(killed)
{
	driver_setup(_metadata, &self->driver);
	memset(&self->bo, 0, sizeof(self->bo));
	ASSERT_EQ(0, pipe(self->pipe));
}

FIXTURE_TEARDOWN(killed)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, close(self->pipe[0]));
	EXPECT_EQ(0, close(self->pipe[1]));
	driver_teardown(_metadata, &self->driver);
}

static pid_t start(struct __test_metadata *_metadata,
		   void (*access)(int pipe[2], void *at, size_t size), int pipe[2],
		   const struct mockgpu_bo *bo)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		access(pipe, bo->map, 1);
		_exit(0);
	}
	return child;
}

/* Tasks still there after a while are released, so the next test can run. */
static void expect_death(struct __test_metadata *_metadata, pid_t child,
			 const struct mockgpu_bo *bo)
{
	double end = clock_now() + SOON;
	pid_t gone;
	int status;

	ASSERT_EQ(0, kill(child, SIGKILL));
	do {
		gone = waitpid(child, &status, WNOHANG);
		clock_pause(1);
	} while (!gone && clock_now() < end);
	EXPECT_EQ(child, gone);
	if (gone == child)
		return;
	EXPECT_EQ(0, mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_SINGLE, 0));
	EXPECT_EQ(0, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(child, waitpid(child, &status, 0));
}

/* During a fault that does not end by itself, or not soon. */
static void kill_in_fault(struct __test_metadata *_metadata, struct _test_data_killed *self,
			  const struct _fixture_variant_killed *variant, uint32_t mode,
			  uint32_t arg)
{
	const struct drm_mockgpu_bo_create want = {
		.size = self->driver.page, .fault_mode = mode, .fault_arg = arg,
	};
	pid_t child;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	child = start(_metadata, variant->access, self->pipe, &self->bo);
	clock_pause(300);
	expect_death(_metadata, child, &self->bo);
}

TEST_F(killed, while_a_fault_is_slow)
{
	double begin = clock_now();

	kill_in_fault(_metadata, self, variant, MOCKGPU_FAULT_SLOW, MOCKGPU_FAULT_DELAY_MAX);
	/* The signal has ended it, not the end of the delay. */
	EXPECT_GT(MOCKGPU_FAULT_DELAY_MAX / 1e6, clock_now() - begin);
}

TEST_F(killed, while_no_fault_gets_an_entry)
{
	kill_in_fault(_metadata, self, variant, MOCKGPU_FAULT_NOPAGE, 1);
}

/* One fault brings all of the buffer back, which takes a while. */
TEST_F(killed, while_the_buffer_is_swapped_in)
{
	static const unsigned int delays[] = { 1, 2, 4, 8, 16, 32 };
	const struct drm_mockgpu_bo_create want = {
		.size = 32 << 20,
		.kind = MOCKGPU_KIND_NONCOMPOUND,
	};
	size_t i;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		pid_t child;

		ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
		child = start(_metadata, variant->access, self->pipe, &self->bo);
		clock_pause(delays[i]);
		expect_death(_metadata, child, &self->bo);
	}
	/* And its contents are correct. */
	poke(self->bo.map, 1);
	EXPECT_EQ(1, peek(self->bo.map));
}

FIXTURE(change) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_SETUP(change)
{
	driver_setup(_metadata, &self->driver);
	memset(&self->bo, 0, sizeof(self->bo));
}

FIXTURE_TEARDOWN(change)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static void *mover(void *arg)
{
	mockgpu_bo_move(arg, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
	return NULL;
}

static void *changer(void *arg)
{
	const struct mockgpu_bo *bo = arg;

	mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_SINGLE, 0);
	poke((char *)bo->map + getpagesize(), 1);
	return NULL;
}

static void *toucher(void *arg)
{
	poke(((struct mockgpu_bo *)arg)->map, 1);
	return NULL;
}

static void use_one_cpu(struct __test_metadata *_metadata)
{
	cpu_set_t all, one;
	int cpu = 0;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(all), &all));
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
}

/*
 * A fault chooses a 2 MiB entry and must wait for a move. When the move is over, another
 * fault has put a 4 KiB entry into the range, in the new mode. On one CPU everybody waits
 * in the order of arrival, and a woken task runs after the one that wakes it.
 */
TEST_F(change, a_huge_fault_that_had_to_wait)
{
	static void *(*const task[])(void *) = { mover, changer, toucher };
	const struct drm_mockgpu_bo_create want = {
		.size = 32 * HUGE_SIZE,
		.kind = MOCKGPU_KIND_NONCOMPOUND,
		.order = 9,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	};
	pthread_t thread[3];
	unsigned int round, i;
	int ret;

	ret = mockgpu_bo_make(self->driver.fd, &want, &self->bo);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	use_one_cpu(_metadata);
	for (round = 0; round < 5; round++) {
		ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_HUGE, 0));
		ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, pthread_create(&thread[i], NULL, task[i], &self->bo));
			clock_pause(5);
		}
		for (i = 0; i < 3; i++)
			ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(1, peek(self->bo.map));
		EXPECT_EQ(1, peek((char *)self->bo.map + self->driver.page));
		ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
		driver_expect_quiet(_metadata, &self->driver);
	}
}

/* A delay of 1 us, and an argument of another mode that would mean 10 s. */
struct flipper {
	struct mockgpu_bo *bo;
	int stop;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;

	while (!__atomic_load_n(&flipper->stop, __ATOMIC_RELAXED)) {
		mockgpu_bo_set_fault(flipper->bo, MOCKGPU_FAULT_SLOW, 1);
		mockgpu_bo_set_fault(flipper->bo, MOCKGPU_FAULT_SIGBUS, MOCKGPU_FAULT_DELAY_MAX);
	}
	return NULL;
}

TEST_F(change, a_delay_is_never_another_modes_argument)
{
	const struct drm_mockgpu_bo_create want = { .size = self->driver.page };
	struct flipper flipper = { .bo = &self->bo };
	double end, begin, longest = 0;
	pthread_t thread;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &flipper));
	for (end = clock_now() + 4; clock_now() < end;) {
		ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
		begin = clock_now();
		peek(self->bo.map);
		if (longest < clock_now() - begin)
			longest = clock_now() - begin;
	}
	__atomic_store_n(&flipper.stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	/* Not even on a slow machine. */
	EXPECT_GT(MOCKGPU_FAULT_DELAY_MAX / 2e6, longest);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
