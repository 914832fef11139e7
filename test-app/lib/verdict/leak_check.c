// SPDX-License-Identifier: GPL-2.0-only
/* What has to hold afterwards, see leak_check.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "kmsg.h"
#include "leak_check.h"
#include "mockgpu.h"

/* What TTM frees from its workqueue gets this long. */
#define AFTERMATH_TRIES 500
#define AFTERMATH_PAUSE_MS 10

int aftermath_begin(struct aftermath *aftermath, char *why, size_t size)
{
	int ret;

	aftermath->fd = mockgpu_open(why, size);
	if (aftermath->fd < 0)
		return aftermath->fd;
	ret = mockgpu_usage_get(aftermath->fd, &aftermath->before);
	if (ret) {
		snprintf(why, size,
			 "debugfs of mockgpu cannot be read (%s): mount debugfs, run as root",
			 strerror(-ret));
		goto err_close;
	}
	aftermath->kmsg = kmsg_open();
	if (aftermath->kmsg < 0) {
		ret = aftermath->kmsg;
		snprintf(why, size, "/dev/kmsg cannot be read (%s): run as root", strerror(-ret));
		goto err_close;
	}
	return 0;

err_close:
	close(aftermath->fd);
	return ret;
}

static void aftermath_print(const char *when, const struct mockgpu_usage *usage, FILE *out)
{
	fprintf(out,
		"# %s: %" PRIu64 " buffers, charged for %" PRIu64 " pages, with %" PRIu64
		" in memory and %" PRIu64 " in VRAM\n",
		when, usage->buffers, usage->pages, usage->populated, usage->vram);
}

bool aftermath_is_level(struct aftermath *aftermath, FILE *out)
{
	const struct mockgpu_usage *before = &aftermath->before;
	struct mockgpu_usage now = {};
	bool level = false;
	int tries;

	for (tries = 0; tries < AFTERMATH_TRIES && !level; tries++) {
		if (tries)
			clock_pause(AFTERMATH_PAUSE_MS);
		if (mockgpu_usage_get(aftermath->fd, &now))
			break;
		level = now.buffers == before->buffers && now.pages == before->pages &&
			now.populated == before->populated && now.vram == before->vram;
	}
	aftermath_print("before", before, out);
	aftermath_print("after", &now, out);
	return level;
}

bool aftermath_is_quiet(struct aftermath *aftermath, FILE *out)
{
	char first[256];
	int complaints = kmsg_complaints(aftermath->kmsg, first, sizeof(first));

	if (complaints)
		fprintf(out, "# the kernel log says: %s\n",
			complaints < 0 ? strerror(-complaints) : first);
	return !complaints;
}

void aftermath_end(struct aftermath *aftermath)
{
	close(aftermath->kmsg);
	close(aftermath->fd);
}
