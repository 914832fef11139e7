// SPDX-License-Identifier: GPL-2.0-only
/* This process's own mappings, see hostmap.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "arch.h"
#include "hostmap.h"
#include "vma.h"

void *hostmap_reserve(size_t size)
{
	size_t room = size + HOSTMAP_ALIGNMENT;
	uintptr_t start, aligned;
	void *map;

	map = mmap(NULL, room, ARCH_RESERVE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		   -1, 0);
	if (map == MAP_FAILED)
		return NULL;
	start = (uintptr_t)map;
	aligned = (start + HOSTMAP_ALIGNMENT - 1) & ~(uintptr_t)(HOSTMAP_ALIGNMENT - 1);
	if (aligned > start)
		munmap(map, aligned - start);
	munmap((void *)(aligned + size), start + room - aligned - size);
	return (void *)aligned;
}

bool hostmap_is_present(const void *address)
{
	struct rusage before, after;

	getrusage(RUSAGE_THREAD, &before);
	(void)*(const volatile char *)address;
	getrusage(RUSAGE_THREAD, &after);
	return before.ru_minflt + before.ru_majflt == after.ru_minflt + after.ru_majflt;
}

bool hostmap_is_hidden(const void *address, size_t size)
{
	uintptr_t start, end, done = (uintptr_t)address;
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long inode;
	char line[512], access[5];

	if (!maps)
		return false;
	/* Regions are in ascending order: each must start where the last one ended. */
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %lu", &start, &end,
			   access, &inode) != 4 || end <= done)
			continue;
		if (start > done || strcmp(access, "---p") || inode)
			break;
		done = end;
	}
	fclose(maps);
	return done >= (uintptr_t)address + size;
}

int hostmap_vma_flags(const void *address, char *flags, size_t size)
{
	struct vma vma;
	int ret = vma_find(getpid(), (uintptr_t)address, &vma);

	if (ret)
		return ret;
	/* Without the blank behind the last one. */
	snprintf(flags, size, "%.*s", (int)strlen(vma.flags) - 1, vma.flags);
	return 0;
}
