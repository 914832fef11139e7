// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "pattern.h"

uint64_t pattern_value(size_t word, uint64_t seed)
{
	return (word + 1) * 0x9e3779b97f4a7c15ull ^ seed;
}

void pattern_fill(void *at, size_t size, uint64_t seed)
{
	uint64_t *words = at;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++)
		words[i] = pattern_value(i, seed);
}

size_t pattern_differences(const void *at, size_t size, uint64_t seed)
{
	const uint64_t *words = at;
	size_t i, count = 0;

	for (i = 0; i < size / sizeof(*words); i++)
		count += __atomic_load_n(&words[i], __ATOMIC_RELAXED) != pattern_value(i, seed);
	return count;
}

int pattern_is_zero(const void *at, size_t size)
{
	const volatile uint64_t *words = at;
	size_t i;

	/* Not memcmp(): uncached memory on arm64 allows aligned accesses only. */
	for (i = 0; i < size / sizeof(*words); i++)
		if (words[i])
			return 0;
	return 1;
}

static sigjmp_buf touch_jump;

static void touch_handler(int signal)
{
	siglongjmp(touch_jump, signal);
}

int pattern_touch(void *at, int write)
{
	volatile char *byte = at;
	struct sigaction action = { .sa_handler = touch_handler }, segv, bus;
	int signal;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	signal = sigsetjmp(touch_jump, 1);
	if (!signal) {
		if (write)
			*byte = *byte;
		else
			(void)*byte;
	}
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return signal;
}
