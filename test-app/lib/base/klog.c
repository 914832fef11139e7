// SPDX-License-Identifier: GPL-2.0-only
/* The kernel log from its beginning, see klog.h. */

#include <stdlib.h>
#include <sys/klog.h>

#include "klog.h"

/* klogctl(): read the whole log, and get its size. */
#define KLOG_READ_ALL 3
#define KLOG_SIZE 10

char *klog_read(void)
{
	int size = klogctl(KLOG_SIZE, NULL, 0);
	char *log = size > 0 ? malloc(size + 1) : NULL;
	int got = log ? klogctl(KLOG_READ_ALL, log, size) : -1;

	if (got < 0) {
		free(log);
		return NULL;
	}
	log[got] = '\0';
	return log;
}
