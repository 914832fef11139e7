// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel settings that limit the size of a buffer, raised for a run and restored after it.
 * This needs root; without it, a source may fail.
 */

#include <errno.h>

#include "bench.h"
#include "sysfs.h"

#define BENCH_HUGE_PAGE (2ull << 20)
#define BENCH_MIB (1ull << 20)

/**
 * struct bench_limit - one setting, a number
 * @path: its file; a kernel without the file does not have the limit
 * @unit: bytes in one unit of the setting
 * @before: its value before the run
 * @raised: the run has changed it
 */
static struct bench_limit {
	const char *path;
	uint64_t unit;
	unsigned long before;
	bool raised;
} bench_limits[] = {
	/* Surplus huge pages come from free memory and return to it: none is reserved. */
	{ .path = "/proc/sys/vm/nr_overcommit_hugepages", .unit = BENCH_HUGE_PAGE },
	{ .path = "/sys/module/udmabuf/parameters/size_limit_mb", .unit = BENCH_MIB },
};

static int bench_limit_raise(struct bench_limit *limit, uint64_t size)
{
	unsigned long wanted = (size + limit->unit - 1) / limit->unit;
	int ret = sysfs_read_number(limit->path, &limit->before);

	if (ret || limit->before >= wanted)
		return ret == -ENOENT ? 0 : ret;
	ret = sysfs_write_number(limit->path, wanted);
	limit->raised = !ret;
	return ret;
}

/**
 * bench_limits_raise() - allow buffers of this size
 * @size: bytes
 *
 * Return: 0 or the -errno of the first setting that could not be changed.
 */
int bench_limits_raise(uint64_t size)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bench_limits); i++) {
		ret = bench_limit_raise(&bench_limits[i], size);
		if (ret)
			return ret;
	}
	return 0;
}

/** bench_limits_restore() - undo bench_limits_raise() */
void bench_limits_restore(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bench_limits); i++) {
		if (bench_limits[i].raised)
			sysfs_write_number(bench_limits[i].path, bench_limits[i].before);
		bench_limits[i].raised = false;
	}
}
