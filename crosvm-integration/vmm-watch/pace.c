// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the machine is, see watch.h.
 *
 * A CPU clock cannot tell: in a virtual machine it advances while the host gives the CPU to
 * another process. Even on a busy machine a short piece of work sometimes runs without an
 * interruption, which shows the time that it takes at best.
 */

#include <time.h>

#include "watch.h"

#define PIECE 100000
#define PIECES 16

double pace_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void work(void)
{
	volatile uint32_t value = 1;
	unsigned int i;

	for (i = 0; i < PIECE; i++)
		value = value * 1664525 + 1013904223;
}

void pace_measure(struct pace *pace)
{
	unsigned int i;

	for (i = 0; i < PIECES; i++) {
		double began = pace_now(), took;

		work();
		took = pace_now() - began;
		if (!pace->best || took < pace->best)
			pace->best = took;
		pace->sum += took;
		pace->count++;
	}
}

void pace_window(struct pace *pace)
{
	pace->sum = 0;
	pace->count = 0;
}

double pace_slowness(const struct pace *pace)
{
	double slowness = pace->count ? pace->sum / pace->count / pace->best : 1;

	return slowness > PACE_SLOWEST ? PACE_SLOWEST : slowness;
}
