/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has to hold after anything was done to the driver, for the tools that
 * print TAP: it holds no more than before, and the kernel did not complain.
 */
#ifndef MOCKGPU_TEST_AFTERMATH_H
#define MOCKGPU_TEST_AFTERMATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "debugfs.h"

/**
 * struct aftermath - from aftermath_begin()
 * @fd: the render node
 * @kmsg: watches the kernel log
 * @before: what the driver held
 */
struct aftermath {
	int fd;
	int kmsg;
	struct mockgpu_usage before;
};

/**
 * aftermath_begin() - look at the driver before it is used
 * @aftermath: out
 * @why: out: on failure one sentence for people
 * @size: room at @why in bytes
 *
 * Return: 0 or -errno: no module, no rights, no debugfs.
 */
int aftermath_begin(struct aftermath *aftermath, char *why, size_t size);

/**
 * aftermath_is_level() - whether the driver holds what it held before
 * @aftermath: from aftermath_begin()
 * @out: where both are printed, as TAP comments
 *
 * Everybody else must have given back what they had of the driver. What TTM
 * frees from a workqueue gets some seconds for it.
 *
 * Return: true when it does.
 */
bool aftermath_is_level(struct aftermath *aftermath, FILE *out);

/**
 * aftermath_is_quiet() - whether the kernel did not complain
 * @aftermath: from aftermath_begin()
 * @out: where its first complaint is printed, as a TAP comment
 *
 * Return: true when it did not.
 */
bool aftermath_is_quiet(struct aftermath *aftermath, FILE *out);

/** aftermath_end() - undo aftermath_begin() */
void aftermath_end(struct aftermath *aftermath);

#endif /* MOCKGPU_TEST_AFTERMATH_H */
