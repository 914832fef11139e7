/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kselftest_harness.h with a longer time limit for each test and with a SKIP() that hides no
 * failure, included before every test program (Makefile). The harness allows 30 s, which a
 * kernel with sanitizers under emulation needs just to allocate half of memory. The lab's
 * limit for the cell ends what hangs.
 */
#ifndef MOCKGPU_HARNESS_H
#define MOCKGPU_HARNESS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/*
 * The kernel's own SKIP() drops earlier failures: a test that fails an expectation and then
 * skips would be green.
 */
static inline void test_skip(struct __test_metadata *_metadata)
{
	struct __test_results *results = _metadata->results;

	if (_metadata->exit_code == KSFT_FAIL) {
		TH_LOG("would skip, but has failed: %s", results->reason);
		results->reason[0] = '\0';
		return;
	}
	fprintf(TH_LOG_STREAM, "#      SKIP      %s\n", results->reason);
	_metadata->exit_code = KSFT_SKIP;
	_metadata->trigger = 0;
}

#undef SKIP
#define SKIP(statement, fmt, ...) do { \
	snprintf(_metadata->results->reason, sizeof(_metadata->results->reason), fmt, \
		 ##__VA_ARGS__); \
	test_skip(_metadata); \
	statement; \
} while (0)

/* Set by 'make test-long'. */
static inline bool test_is_long(void)
{
	return getenv("MOCKGPU_LONG");
}

/*
 * The long form does about ten times as much in each test, and a test's limit is in seconds of
 * the clock, however busy the machine is. A limit of the machine's own ends a cell that hangs.
 */
static inline void test_stretch_limits(void)
{
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;

	for (fixture = __fixture_list; test_is_long() && fixture; fixture = fixture->next)
		for (test = fixture->tests; test; test = test->next)
			test->timeout *= 10;
}

#define test_harness_run(argc, argv) (test_stretch_limits(), test_harness_run(argc, argv))

#endif /* MOCKGPU_HARNESS_H */
