// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log as an oracle, see kmsg.h. */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complaints.h"
#include "kmsg.h"

/* One read() of /dev/kmsg returns one record of at most this many bytes. */
#define KMSG_RECORD_MAX 8192

/* The low three bits of a record's priority are the level, the others the facility. */
#define KMSG_FACILITY(prio) ((prio) >> 3)
#define KMSG_FACILITY_KERNEL 0

/* KMSG_COMPLAINTS: lib/base/complaints as one regular expression, see the Makefile. */
static pthread_once_t kmsg_once = PTHREAD_ONCE_INIT;
static regex_t kmsg_regex;

/* The expression is our own: if it does not compile, that is our bug. */
static void kmsg_compile(void)
{
	if (regcomp(&kmsg_regex, KMSG_COMPLAINTS, REG_EXTENDED | REG_NOSUB))
		abort();
}

bool kmsg_is_complaint(const char *text)
{
	pthread_once(&kmsg_once, kmsg_compile);
	return !regexec(&kmsg_regex, text, 0, NULL, 0);
}

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

/* Only records of the kernel itself, not what user space wrote to the log. */
static bool kmsg_record_complains(const char *record)
{
	const char *text = strchr(record, ';');

	return text && KMSG_FACILITY(strtoul(record, NULL, 10)) == KMSG_FACILITY_KERNEL &&
	       kmsg_is_complaint(text + 1);
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
		if (len >= 0 && !kmsg_record_complains(record))
			continue;
		if (!found++)
			kmsg_copy_text(first, size, record);
	}
}
