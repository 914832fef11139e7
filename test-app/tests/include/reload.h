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

#include "kmsg.h"
#include "module.h"

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

/* Begin a test of loading, without the module. Return: for reload_end(). */
static inline int reload_begin(struct __test_metadata *_metadata)
{
	int kmsg;

	ASSERT_EQ(0, module_unload_wait());
	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);
	return kmsg;
}

/* End it: the kernel has not complained. */
static inline void reload_end(struct __test_metadata *_metadata, int kmsg)
{
	char first[256];

	EXPECT_EQ(0, kmsg_complaints(kmsg, first, sizeof(first)))
		TH_LOG("the kernel log says: %s", first);
	EXPECT_EQ(0, close(kmsg));
}

#endif /* MOCKGPU_TEST_RELOAD_H */
