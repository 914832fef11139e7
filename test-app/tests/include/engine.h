/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests that hold the engine (mockgpu_hold()) and see who waits for it. Include it
 * after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_ENGINE_H
#define MOCKGPU_TEST_ENGINE_H

#include <pthread.h>

#include "clock.h"
#include "driver.h"
#include "mockgpu.h"

/* How long something has to wait that must wait, in ms. */
#define A_WHILE 200

/**
 * struct waiter - a thread that does something which has to wait
 * @done: out: it has done it
 * @ret: out: the result
 * @what: what it does
 * @bo: the buffer
 * @thread: the thread
 */
struct waiter {
	_Atomic int done;
	int ret;
	int (*what)(struct mockgpu_bo *bo);
	struct mockgpu_bo *bo;
	pthread_t thread;
};

static inline void *waiter_run(void *arg)
{
	struct waiter *waiter = arg;

	waiter->ret = waiter->what(waiter->bo);
	waiter->done = 1;
	return NULL;
}

/* Start it, and give it time to get to where it has to wait. */
static inline void waiter_start(struct __test_metadata *_metadata, struct waiter *waiter,
				struct mockgpu_bo *bo, int (*what)(struct mockgpu_bo *bo))
{
	*waiter = (struct waiter){ .bo = bo, .what = what };
	ASSERT_EQ(0, pthread_create(&waiter->thread, NULL, waiter_run, waiter));
	clock_pause(A_WHILE);
}

/* Let the engine go on; then it succeeds. */
static inline void waiter_end(struct __test_metadata *_metadata, struct waiter *waiter, int *hold)
{
	engine_release(_metadata, hold);
	ASSERT_EQ(0, pthread_join(waiter->thread, NULL));
	EXPECT_EQ(0, waiter->ret);
	EXPECT_EQ(1, waiter->done);
}

#endif /* MOCKGPU_TEST_ENGINE_H */
