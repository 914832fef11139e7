/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices on the PCI bus of the machine. */
#ifndef MOCKGPU_TEST_PCI_H
#define MOCKGPU_TEST_PCI_H

#include <glob.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sysfs.h"

#define DEVICES "/sys/bus/pci/devices/"

/* Find the last one with that device ID. Return: whether there is one; @name, as "0000:00:1e.0". */
static inline bool pci_find(uint16_t device, char *name, size_t size)
{
	glob_t found;
	size_t i;

	if (glob(DEVICES "*", 0, NULL, &found))
		return false;
	for (i = 0; i < found.gl_pathc; i++) {
		char path[300], value[32];

		snprintf(path, sizeof(path), "%s/device", found.gl_pathv[i]);
		if (!sysfs_read(path, value, sizeof(value)) && strtoul(value, NULL, 0) == device)
			snprintf(name, size, "%s", strrchr(found.gl_pathv[i], '/') + 1);
	}
	globfree(&found);
	return name[0];
}

#endif /* MOCKGPU_TEST_PCI_H */
