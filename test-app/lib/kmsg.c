// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log as an oracle, see kmsg.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "array.h"
#include "kmsg.h"

/* One read() of /dev/kmsg gives one record, never more than this many bytes. */
#define KMSG_RECORD_MAX 8192

/* The first three bits of a record's priority are the level, then the facility. */
#define KMSG_FACILITY(prio) ((prio) >> 3)
#define KMSG_FACILITY_KERNEL 0

static const char *const kmsg_patterns[] = {
	"WARNING: ",
	"BUG: ",
	"Oops",
	"Kernel panic",
	"Internal error: ",
	"general protection fault",
	"unable to handle",
	"Unable to handle",
	"BUG ",
	"Bad page state",
	"Bad page map",
	"refcount_t: ",
	"KASAN: ",
	"KCSAN: ",
	"KFENCE: ",
	"KMSAN: ",
	"UBSAN: ",
	"kmemleak: ",
	"INFO: task ",
	"INFO: rcu_",
	"INFO: possible ",
	"INFO: trying to register non-static key",
	"DEBUG_LOCKS_WARN_ON",
	"soft lockup",
	"hard LOCKUP",
	"Call Trace:",
};

int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (lseek(fd, 0, SEEK_END) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static bool kmsg_is_complaint(const char *record)
{
	const char *text = strchr(record, ';');
	size_t i;

	if (!text || KMSG_FACILITY(strtoul(record, NULL, 10)) != KMSG_FACILITY_KERNEL)
		return false;
	for (i = 0; i < ARRAY_SIZE(kmsg_patterns); i++) {
		if (strstr(text, kmsg_patterns[i]))
			return true;
	}
	return false;
}

static void kmsg_copy_text(char *first, size_t size, const char *record)
{
	const char *text = strchr(record, ';');

	text = text ? text + 1 : record;
	snprintf(first, size, "%.*s", (int)strcspn(text, "\n"), text);
}

int kmsg_complaints(int fd, char *first, size_t size)
{
	char record[KMSG_RECORD_MAX + 1];
	int found = 0;

	first[0] = '\0';
	for (;;) {
		ssize_t len = read(fd, record, KMSG_RECORD_MAX);

		if (len < 0 && errno == EAGAIN)
			return found;
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno != EPIPE)
			return -errno;
		if (len < 0)
			snprintf(record, sizeof(record), "0;kernel log records were lost");
		else
			record[len] = '\0';
		if (len >= 0 && !kmsg_is_complaint(record))
			continue;
		if (!found++)
			kmsg_copy_text(first, size, record);
	}
}
