/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's account of memory. Include it after kselftest_harness.h. */
#ifndef MOCKGPU_TEST_MEMINFO_H
#define MOCKGPU_TEST_MEMINFO_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The KiB that /proc/meminfo has for @name, for example "MemFree". */
static inline uint64_t meminfo_kib(struct __test_metadata *_metadata, const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	const size_t length = strlen(name);
	unsigned long long kib;
	bool found = false;
	char line[128];

	ASSERT_NE(NULL, file);
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, name, length) &&
			sscanf(line + length, ": %llu kB", &kib) == 1;
	fclose(file);
	ASSERT_TRUE(found);
	return kib;
}

#endif /* MOCKGPU_TEST_MEMINFO_H */
