/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests with a verdict share. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_VERDICT_H
#define MOCKGPU_TEST_VERDICT_H

#include <stdarg.h>
#include <stdio.h>

/**
 * verdict_known() - end a test as "reproduced": the kernel did what it is known to do
 * @_metadata: the test's
 * @format: what it did and where that is known from, one line
 *
 * In TAP that is XFAIL. To be called when every other check has passed.
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
 * verdict_seen() - end a test in which the kernel fell short of what it should do
 * @_metadata: the test's
 * @known: whether this kernel is known to, behaviour_known()
 * @format: as for verdict_known()
 *
 * "Reproduced" where it is known, a failure where it is not. One that does better does
 * not come here and is ok.
 */
#define verdict_seen(_metadata, known, format, ...) do {				\
	EXPECT_TRUE(known)								\
		TH_LOG("not known of this kernel: " format, ##__VA_ARGS__);		\
	verdict_known(_metadata, format, ##__VA_ARGS__);				\
} while (0)

#endif /* MOCKGPU_TEST_VERDICT_H */
