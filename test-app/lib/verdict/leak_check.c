// SPDX-License-Identifier: GPL-2.0-only
/* Check for leaks in the driver, see leak_check.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "kmsg.h"
#include "leak_check.h"
#include "mockgpu.h"

/* How long TTM gets to free things from its workqueue. */
#define LEAK_CHECK_TRIES 500
#define LEAK_CHECK_PAUSE_MS 10

int leak_check_begin(struct leak_check *check, char *why, size_t size)
{
	int ret;

	check->fd = mockgpu_open(why, size);
	if (check->fd < 0)
		return check->fd;
	ret = mockgpu_usage_get(check->fd, &check->before);
	if (ret) {
		snprintf(why, size,
			 "debugfs of mockgpu cannot be read (%s): mount debugfs, run as root",
			 strerror(-ret));
		goto err_close;
	}
	check->kmsg = kmsg_open();
	if (check->kmsg < 0) {
		ret = check->kmsg;
		snprintf(why, size, "/dev/kmsg cannot be read (%s): run as root", strerror(-ret));
		goto err_close;
	}
	return 0;

err_close:
	close(check->fd);
	return ret;
}

static void leak_check_print(const char *when, const struct mockgpu_usage *usage, FILE *out)
{
	fprintf(out,
		"# %s: %" PRIu64 " buffers, charged for %" PRIu64 " pages, with %" PRIu64
		" in memory and %" PRIu64 " in VRAM\n",
		when, usage->buffers, usage->pages, usage->populated, usage->vram);
}

bool leak_check_is_clean(struct leak_check *check, FILE *out)
{
	const struct mockgpu_usage *before = &check->before;
	struct mockgpu_usage now = {};
	bool clean = false;
	int tries;

	for (tries = 0; tries < LEAK_CHECK_TRIES && !clean; tries++) {
		if (tries)
			clock_pause(LEAK_CHECK_PAUSE_MS);
		if (mockgpu_usage_get(check->fd, &now))
			break;
		clean = now.buffers == before->buffers && now.pages == before->pages &&
			now.populated == before->populated && now.vram == before->vram;
	}
	leak_check_print("before", before, out);
	leak_check_print("after", &now, out);
	return clean;
}

bool leak_check_log_is_clean(struct leak_check *check, FILE *out)
{
	char first[256];
	int complaints = kmsg_complaints(check->kmsg, first, sizeof(first));

	if (complaints)
		fprintf(out, "# the kernel log says: %s\n",
			complaints < 0 ? strerror(-complaints) : first);
	return !complaints;
}

void leak_check_end(struct leak_check *check)
{
	close(check->kmsg);
	close(check->fd);
}
