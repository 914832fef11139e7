/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kselftest_harness.h with a longer time limit for each test, included ahead of
 * every test program (Makefile). The harness gives 30 s, which a kernel with
 * sanitizers under emulation needs for a single allocation of half of memory.
 * What hangs is ended by the lab's limit for the cell.
 */
#ifndef MOCKGPU_HARNESS_H
#define MOCKGPU_HARNESS_H

#include <stdbool.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

/* Asked for by 'make test-long'. */
static inline bool test_is_long(void)
{
	return getenv("MOCKGPU_LONG");
}

#endif /* MOCKGPU_HARNESS_H */
