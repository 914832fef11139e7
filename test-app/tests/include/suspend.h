/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Send the host to sleep, almost: with /sys/power/pm_test=freezer (CONFIG_PM_DEBUG) drivers are
 * told, processes are frozen, and all is undone again (Documentation/power/
 * basic-pm-debugging.rst).
 */
#ifndef MOCKGPU_TEST_SUSPEND_H
#define MOCKGPU_TEST_SUSPEND_H

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

#define SUSPEND_TEST "/sys/power/pm_test"
/* How many seconds it stays so, 5 if nobody says otherwise. */
#define SUSPEND_DELAY "/sys/module/suspend/parameters/pm_test_delay"

/* What a test skips with where suspend_hibernates() fails. */
#define SUSPEND_NO_DISK "this kernel cannot hibernate here"

/* Tell whether suspend_to("disk") can work: Documentation/ABI/testing/sysfs-power. */
static inline bool suspend_hibernates(void)
{
	char modes[128];

	return sysfs_read("/sys/power/disk", modes, sizeof(modes)) >= 0 &&
	       !strstr(modes, "[disabled]");
}

/* Why it cannot be done here, and what to do; NULL if it can. */
static inline const char *suspend_unusable(void)
{
	if (access(SUSPEND_TEST, W_OK))
		return "no " SUSPEND_TEST " to write to: it takes root and CONFIG_PM_DEBUG";
	return NULL;
}

/* Go to state @state of /sys/power/state, "freeze" or "disk". Return: 0 or -errno. */
static inline int suspend_to(const char *state)
{
	int ret, end;

	ret = sysfs_write(SUSPEND_TEST, "freezer");
	if (ret)
		return ret;
	/* Where the delay is fixed it just takes longer. */
	sysfs_write(SUSPEND_DELAY, "0");
	ret = sysfs_write("/sys/power/state", state);
	end = sysfs_write(SUSPEND_TEST, "none");
	return ret ? ret : end;
}

#endif /* MOCKGPU_TEST_SUSPEND_H */
