/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and unloading mockgpu from a test: a program that has done so leaves the module as
 * it was, or fails.
 */
#ifndef MOCKGPU_TEST_RELOAD_H
#define MOCKGPU_TEST_RELOAD_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"
#include "quiet.h"

/* The harness ends a test with _exit(), so this is for the program's own end. */
static inline void reload_restore(void)
{
	int ret = module_restore();

	if (!ret)
		return;
	ksft_print_msg("mockgpu cannot be loaded as it was before: %s\n", strerror(-ret));
	fflush(stdout);
	_exit(KSFT_FAIL);
}

static void __attribute__((constructor)) reload_restore_at_exit(void)
{
	if (atexit(reload_restore))
		abort();
}

/* Begin a test of loading, without the module. Return: for quiet_end(). */
static inline int reload_begin(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, module_unload_wait());
	return quiet_begin(_metadata);
}

#endif /* MOCKGPU_TEST_RELOAD_H */
