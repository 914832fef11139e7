/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kselftest_harness.h, included before every test program (Makefile), with
 *
 * - a longer time limit for each test. The harness allows 30 s, which a kernel with sanitizers
 *   under emulation needs just to allocate half of memory. The lab's limit for the cell ends
 *   what hangs;
 * - a SKIP() that hides no failure;
 * - an error for filters that let no test through;
 * - -l and -h also where the tests cannot run.
 */
#ifndef MOCKGPU_HARNESS_H
#define MOCKGPU_HARNESS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
 * MOCKGPU_TIMES=N: a test that repeats something many times does so N times as often, for those who
 * want to be surer than the long form. Return: N, or 1.
 */
static inline unsigned int test_times(void)
{
	const char *times = getenv("MOCKGPU_TIMES");
	int n = times ? atoi(times) : 1;

	return n > 1 ? n : 1;
}

/*
 * The long form does about ten times as much in each test, and a test's limit is in seconds of
 * the clock, however busy the machine is. A limit of the machine's own ends a cell that hangs.
 */
static inline void test_stretch_limits(void)
{
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;

	for (fixture = __fixture_list; fixture; fixture = fixture->next)
		for (test = fixture->tests; test; test = test->next)
			test->timeout *= (test_is_long() ? 10 : 1) * test_times();
}

static int test_argc;
static char **test_argv;

static void __attribute__((constructor)) test_keep_arguments(int argc, char **argv)
{
	test_argc = argc;
	test_argv = argv;
}

/* Whether the only option is to list the tests, or for help. */
static inline bool test_is_asked(int argc, char **argv)
{
	return argc == 2 && (!strcmp(argv[1], "-l") || !strcmp(argv[1], "-h"));
}

/* The harness passes if its filters let no test through. */
static inline void test_need_one(int argc, char **argv)
{
	struct __fixture_variant_metadata none = { .name = "" }, *variant;
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;
	unsigned int count = 0;

	if (test_is_asked(argc, argv))
		return;
	opterr = 0;
	for (fixture = __fixture_list; fixture; fixture = fixture->next)
		for (variant = fixture->variant ?: &none; variant; variant = variant->next)
			for (test = fixture->tests; test; test = test->next)
				count += test_enabled(argc, argv, fixture, variant, test);
	/* test_enabled() leaves it at the end; the harness looks at all options first. */
	optind = 1;
	opterr = 1;
	if (count)
		return;
	fprintf(stderr, "%s: no test is meant by these options: -l lists them\n", argv[0]);
	exit(KSFT_FAIL);
}

#define test_harness_run(argc, argv) \
	(test_stretch_limits(), test_need_one(argc, argv), test_harness_run(argc, argv))

/* What the tests need is not needed to list them. */
static inline void test_list_if_asked(void)
{
	if (test_is_asked(test_argc, test_argv))
		exit(test_harness_run(test_argc, test_argv));
}

#define ksft_exit_skip(...) (test_list_if_asked(), ksft_exit_skip(__VA_ARGS__))

#endif /* MOCKGPU_HARNESS_H */
