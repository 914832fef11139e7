/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI device with the BAR that vram=bar uses, for tests of it. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_BAR_H
#define MOCKGPU_TEST_BAR_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver.h"
#include "pci.h"
#include "reload.h"
#include "sysfs.h"

#define DRIVER "/sys/bus/pci/drivers/mockgpu/"
#define VENDOR 0x1af4
#define DEVICE 0x1110
#define BAR 2
#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2

/* Its name; found once, since a test removes it for a while. */
static char slot[64];

static inline bool find_slot(void)
{
	return pci_find(DEVICE, slot, sizeof(slot));
}

/* Write to a file of the PCI device. Return: 0 or -errno. */
static inline int tell_device(const char *file, const char *value)
{
	char path[200];

	snprintf(path, sizeof(path), DEVICES "%s/%s", slot, file);
	return sysfs_write(path, value);
}

static inline bool is_bound(void)
{
	char path[200];

	snprintf(path, sizeof(path), DRIVER "%s", slot);
	return !access(path, F_OK);
}

/* The addresses of the BAR, both included. */
static inline void bar_range(struct __test_metadata *_metadata, uint64_t *first, uint64_t *last)
{
	char path[200], line[200], *end;
	unsigned int i;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "%s/resource", slot);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	for (i = 0; i <= BAR; i++)
		ASSERT_NE(NULL, fgets(line, sizeof(line), file));
	fclose(file);
	*first = strtoull(line, &end, 16);
	*last = strtoull(end, NULL, 16);
	ASSERT_LT(*first, *last);
}

/* Switch the device's memory decoding on or off, behind the back of the kernel. */
static inline void set_decoding(struct __test_metadata *_metadata, bool on)
{
	char path[200];
	uint16_t command;
	int fd;

	snprintf(path, sizeof(path), DEVICES "%s/config", slot);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2, pread(fd, &command, 2, PCI_COMMAND));
	command = on ? command | PCI_COMMAND_MEMORY : command & ~PCI_COMMAND_MEMORY;
	ASSERT_EQ(2, pwrite(fd, &command, 2, PCI_COMMAND));
	close(fd);
}

/* main() of a program about it that has found the module's file. */
static inline int bar_run(int argc, char **argv)
{
	if (!find_slot())
		ksft_exit_skip("this machine has no PCI device 1af4:1110 (ivshmem-plain)\n");
	return driver_run(argc, argv);
}

#endif /* MOCKGPU_TEST_BAR_H */
