/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has to hold after anything was done to the driver, for the tools that
 * print TAP: it holds no more than before, and the kernel did not complain.
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
 * @kmsg: watches the kernel log
 * @before: what the driver held
 */
struct leak_check {
	int fd;
	int kmsg;
	struct mockgpu_usage before;
};

/**
 * leak_check_begin() - look at the driver before it is used
 * @check: out
 * @why: out: on failure one sentence for people
 * @size: room at @why in bytes
 *
 * Return: 0 or -errno: no module, no rights, no debugfs.
 */
int leak_check_begin(struct leak_check *check, char *why, size_t size);

/**
 * leak_check_is_clean() - whether the driver holds what it held before
 * @check: from leak_check_begin()
 * @out: where both are printed, as TAP comments
 *
 * Everybody else must have given back what they had of the driver. What TTM
 * frees from a workqueue gets some seconds for it.
 *
 * Return: true when it does.
 */
bool leak_check_is_clean(struct leak_check *check, FILE *out);

/**
 * leak_check_log_is_clean() - whether the kernel did not complain
 * @check: from leak_check_begin()
 * @out: where its first complaint is printed, as a TAP comment
 *
 * Return: true when it did not.
 */
bool leak_check_log_is_clean(struct leak_check *check, FILE *out);

/** leak_check_end() - undo leak_check_begin() */
void leak_check_end(struct leak_check *check);

#endif /* MOCKGPU_TEST_LEAK_CHECK_H */
