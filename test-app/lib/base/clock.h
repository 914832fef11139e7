/* SPDX-License-Identifier: GPL-2.0-only */
/* Time, as tests and tools measure it and wait for it. */
#ifndef MOCKGPU_TEST_CLOCK_H
#define MOCKGPU_TEST_CLOCK_H

#include <time.h>

/** clock_now() - seconds of CLOCK_MONOTONIC */
static inline double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/** clock_pause() - sleep for so many milliseconds, or until a signal comes */
static inline void clock_pause(unsigned int ms)
{
	const struct timespec pause = { ms / 1000, ms % 1000 * 1000000l };

	nanosleep(&pause, NULL);
}

#endif /* MOCKGPU_TEST_CLOCK_H */
