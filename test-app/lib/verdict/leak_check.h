/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Invariants after any use of the driver, for the tools that print TAP: it holds no more
 * than before, and the kernel did not complain.
 */
#ifndef MOCKGPU_TEST_LEAK_CHECK_H
#define MOCKGPU_TEST_LEAK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "debugfs.h"

/**
 * struct leak_check - from leak_check_begin()
 * @fd: the render node
 * @kmsg: from kmsg_open()
 * @before: what the driver held before
 */
struct leak_check {
	int fd;
	int kmsg;
	struct mockgpu_usage before;
};

/**
 * leak_check_begin() - record what the driver holds before it is used
 * @check: out
 * @why: out: on failure one sentence for people
 * @size: bytes at @why
 *
 * Return: 0 or -errno: no module, no permission, no debugfs.
 */
int leak_check_begin(struct leak_check *check, char *why, size_t size);

/**
 * leak_check_is_clean() - tell whether the driver holds what it held before
 * @check: from leak_check_begin()
 * @out: where both are printed, as TAP comments
 *
 * All other users must have released what they held of the driver. What TTM frees from a
 * workqueue gets some seconds.
 *
 * Return: true when it does.
 */
bool leak_check_is_clean(struct leak_check *check, FILE *out);

/**
 * leak_check_log_is_clean() - tell whether the kernel did not complain
 * @check: from leak_check_begin()
 * @out: where its first complaint is printed, as a TAP comment
 *
 * Return: true when it did not.
 */
bool leak_check_log_is_clean(struct leak_check *check, FILE *out);

/** leak_check_end() - undo leak_check_begin() */
void leak_check_end(struct leak_check *check);

#endif /* MOCKGPU_TEST_LEAK_CHECK_H */
