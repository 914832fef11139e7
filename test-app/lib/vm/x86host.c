// SPDX-License-Identifier: GPL-2.0-only
/* KVM of this x86 CPU's vendor, see x86host.h. */

#include <stdio.h>
#include <string.h>

#include "sysfs.h"
#include "x86host.h"

/* The flags are all on the line "flags", which is the longest of the file. */
static const char *vendor_of(const char *line)
{
	if (strncmp(line, "flags", strlen("flags")))
		return NULL;
	if (strstr(line, " svm "))
		return "amd";
	return strstr(line, " vmx ") ? "intel" : NULL;
}

const char *x86host_vendor(void)
{
	FILE *cpuinfo = fopen("/proc/cpuinfo", "re");
	const char *vendor = NULL;
	char line[8192];

	while (cpuinfo && !vendor && fgets(line, sizeof(line), cpuinfo))
		vendor = vendor_of(line);
	if (cpuinfo)
		fclose(cpuinfo);
	return vendor ?: "?";
}

static void path_of(const char *parameter, char *path, size_t size)
{
	snprintf(path, size, "/sys/module/kvm_%s/parameters/%s", x86host_vendor(), parameter);
}

void x86host_read(const char *parameter, char *value, size_t size)
{
	char path[128];

	path_of(parameter, path, sizeof(path));
	sysfs_read(path, value, size);
}

bool x86host_is_set(const char *vendor, const char *parameter)
{
	char path[128];

	path_of(parameter, path, sizeof(path));
	return !strcmp(vendor, x86host_vendor()) && sysfs_is_set(path);
}

bool x86host_has_tdp(void)
{
	return x86host_is_set("amd", "npt") || x86host_is_set("intel", "ept");
}
