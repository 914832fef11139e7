// SPDX-License-Identifier: GPL-2.0-only
/* SIGINT and SIGTERM end a run early, but not before it has restored the kernel's settings. */

#include <signal.h>

#include "bench.h"

static volatile sig_atomic_t bench_interrupted;

static void bench_interrupt(int sig)
{
	bench_interrupted = sig;
}

/** bench_catch_signals() - let these signals be noticed by bench_is_interrupted() */
void bench_catch_signals(void)
{
	const struct sigaction interrupt = { .sa_handler = bench_interrupt };

	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGTERM, &interrupt, NULL);
}

/** bench_is_interrupted() - tell whether such a signal has come */
bool bench_is_interrupted(void)
{
	return bench_interrupted;
}
