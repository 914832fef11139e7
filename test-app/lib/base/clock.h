/* SPDX-License-Identifier: GPL-2.0-only */
/* Time for tests and tools: measure it, wait for it. */
#ifndef MOCKGPU_TEST_CLOCK_H
#define MOCKGPU_TEST_CLOCK_H

#include <time.h>

/** clock_now() - CLOCK_MONOTONIC in seconds */
static inline double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/** clock_pause() - sleep for some milliseconds, or until a signal arrives */
static inline void clock_pause(unsigned int ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&pause, NULL);
}

#endif /* MOCKGPU_TEST_CLOCK_H */
