/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Swap space in a RAM disk, where the host has none: TTM backs up only what could be swapped out.
 * Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_SWAP_H
#define MOCKGPU_TEST_SWAP_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "mockgpu.h"
#include "undo.h"

#define SWAP_DISK "/dev/ram0"
/* In MiB; a test needs no more. */
#define SWAP_SIZE 96ul

/* What a program skips with where MOCKGPU_PARAM_SWAPOUT is 0. */
#define SWAP_NO_BACKUP "this kernel cannot back buffers up (6.15)"

/* Whether swap_on() has made some. */
static bool swap_is_ours;

static inline unsigned long swap_free(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : info.freeswap * info.mem_unit;
}

/* As mkswap(8): the header of version 1 at the start of the first page, the magic at its end. */
static inline int swap_format(int fd)
{
	const size_t page = getpagesize();
	char *header = calloc(1, page);
	uint32_t *words = (uint32_t *)(header + 1024);
	int ret;

	if (!header)
		return -ENOMEM;
	words[0] = 1;
	words[1] = (SWAP_SIZE << 20) / page - 1;
	memcpy(header + page - 10, "SWAPSPACE2", 10);
	ret = pwrite(fd, header, page, 0) == (ssize_t)page ? 0 : -errno;
	free(header);
	return ret;
}

static inline int swap_on(void)
{
	return swapon(SWAP_DISK, 0) ? -errno : 0;
}

static inline int swap_off(void)
{
	return swapoff(SWAP_DISK) ? -errno : 0;
}

static inline void swap_undo(const void *data)
{
	(void)data;
	swap_off();
	if (system("modprobe -q -r brd"))
		return;
}

/* Have swap space until the program ends. Return: 0 or -errno. */
static inline int swap_have(void)
{
	int fd, ret;

	if (swap_free() >= SWAP_SIZE << 20)
		return 0;
	if (system("modprobe -q brd rd_nr=1 rd_size=98304"))
		return -ENOENT;
	fd = open(SWAP_DISK, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = swap_format(fd);
	close(fd);
	if (!ret)
		ret = undo_at_end(swap_undo, NULL);
	if (!ret)
		ret = swap_on();
	swap_is_ours = !ret;
	return ret;
}

/* What main() of such a program calls first: it skips or ends the program where there is none. */
static inline void swap_begin(void)
{
	uint64_t flags = 0;
	char why[256];
	int fd = mockgpu_open(why, sizeof(why)), ret;

	if (fd < 0)
		ksft_exit_skip("%s\n", why);
	ret = mockgpu_get_param(fd, MOCKGPU_PARAM_SWAPOUT, &flags);
	close(fd);
	if (ret || !(flags & MOCKGPU_SWAPOUT_BACKUP))
		ksft_exit_skip("%s\n", SWAP_NO_BACKUP);
	ret = swap_have();
	if (ret)
		ksft_exit_skip("no swap space, and none can be made: %s\n", strerror(-ret));
}

#endif /* MOCKGPU_TEST_SWAP_H */
