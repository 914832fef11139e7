/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and unloading mockgpu from a test: a program that has done so leaves the module as
 * it was, or fails.
 */
#ifndef MOCKGPU_TEST_RELOAD_H
#define MOCKGPU_TEST_RELOAD_H

#include <errno.h>
#include <stdio.h>
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

/* Loading fails with @error, and leaves nothing. */
static inline void reload_refused(struct __test_metadata *_metadata, int error,
				  const char *parameters)
{
	EXPECT_EQ(error, module_load(parameters))
		TH_LOG("%s", parameters);
	EXPECT_FALSE(module_is_loaded());
	EXPECT_EQ(-1, access(MOCKGPU_NODE, F_OK));
}

/* More than any kernel has. */
#define RELOAD_STEPS_MAX 40

/*
 * Let each step of loading with @parameters fail, until it is loaded. Return: how many there are.
 */
static inline unsigned int reload_steps(struct __test_metadata *_metadata, const char *parameters)
{
	char text[256];
	unsigned int nth;
	int ret = -1;

	for (nth = 1; nth < RELOAD_STEPS_MAX; nth++) {
		snprintf(text, sizeof(text), "%s fail_load=%u", parameters, nth);
		ret = module_load(text);
		/* It also loads without the plain node. */
		if (!ret && !access(MOCKGPU_NODE, F_OK))
			break;
		if (!ret) {
			EXPECT_EQ(0, module_unload_wait());
			continue;
		}
		EXPECT_EQ(-ENOMEM, ret)
			TH_LOG("step %u", nth);
		EXPECT_FALSE(module_is_loaded());
	}
	EXPECT_EQ(0, ret);
	return nth - 1;
}

#endif /* MOCKGPU_TEST_RELOAD_H */
