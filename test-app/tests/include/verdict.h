/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests with a verdict. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_VERDICT_H
#define MOCKGPU_TEST_VERDICT_H

#include <stdarg.h>
#include <stdio.h>

/**
 * verdict_known() - end a test as "reproduced": the kernel did what it is known to do
 * @_metadata: the test's
 * @format: what it did and how that is known, one line
 *
 * In TAP this is XFAIL. Call it when every other check has passed.
 */
__attribute__((format(printf, 2, 3)))
static inline void verdict_known(struct __test_metadata *_metadata, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	/* As the harness' SKIP() does for a skipped test. */
	vsnprintf(_metadata->results->reason, sizeof(_metadata->results->reason), format, args);
	va_end(args);
	if (_metadata->exit_code == KSFT_PASS)
		_metadata->exit_code = KSFT_XFAIL;
}

/**
 * verdict_seen() - end a test in which the kernel falls short of what it should do
 * @_metadata: the test's
 * @known: whether this kernel is known to, behaviour_known()
 * @format: as for verdict_known()
 *
 * "Reproduced" if it is known, otherwise a failure. A kernel that does better does not get
 * here and is ok.
 */
#define verdict_seen(_metadata, known, format, ...) do {				\
	EXPECT_TRUE(known)								\
		TH_LOG("not known of this kernel: " format, ##__VA_ARGS__);		\
	verdict_known(_metadata, format, ##__VA_ARGS__);				\
} while (0)

#endif /* MOCKGPU_TEST_VERDICT_H */
