/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM that the kernel was told to leave alone: in a cell of the lab, whose kernel has
 * lab.cutoff=ADDRESS on its command line.
 */
#ifndef MOCKGPU_TEST_CUTOFF_H
#define MOCKGPU_TEST_CUTOFF_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Return: its address, 0 if there is none. */
static inline uint64_t cutoff_base(void)
{
	char line[4096] = "", *at;
	FILE *file = fopen("/proc/cmdline", "re");

	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	at = strstr(line, " lab.cutoff=");
	return at ? strtoull(strchr(at, '=') + 1, NULL, 0) : 0;
}

#endif /* MOCKGPU_TEST_CUTOFF_H */
