/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests of memory that fails.
 */
#ifndef MOCKGPU_TEST_POISON_H
#define MOCKGPU_TEST_POISON_H

#include <stdint.h>

#include "guest/arch.h"
#include "sysfs.h"

#define HARD_OFFLINE "/sys/devices/system/memory/hard_offline_page"

/* Let a page fail. Return: 0 or -errno. */
static inline int poison(uint64_t pfn)
{
	return sysfs_write_number(HARD_OFFLINE, pfn * GUEST_PAGE_SIZE);
}

#endif /* MOCKGPU_TEST_POISON_H */
