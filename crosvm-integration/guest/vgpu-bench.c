// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgpu-bench: in a Linux guest, measure how long a blob of the host's memory takes to create
 * and map, to touch for the first time, and to unmap and destroy, compared with a memfd of the
 * same size.
 *
 * The sources take turns, so that other load on the machine affects all of them. Prints the
 * median of the rounds in microseconds, and its ratio to the memfd's.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mockgpu_drm.h"
#include "mockgpu_version.h"
#include "number.h"
#include "option.h"
#include "patience.h"
#include "virtgpu.h"
#include "access_order.h"

#define PAGE 4096ull
#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define ROUNDS 5
#define ROUNDS_MAX 99
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

enum step {
	STEP_MAP,	/* create and map it */
	STEP_TOUCH,	/* write to every page */
	STEP_UNMAP,	/* unmap and destroy it */
	STEPS,
};

static const char *const step_names[STEPS] = { "map", "touch", "unmap" };

static const unsigned long long sizes[] = { 4 * KIB, 2 * MIB, 64 * MIB };

/* The others are compared with the first one. */
static const struct {
	const char *name;
	uint64_t blob_id;
} sources[] = {
	{ "memfd", VGPU_BLOB_ID_MEMFD },
	{ "noncompound_9", VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 9, 0) },
	{ "ttm", VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0) },
};

#define SOURCES ARRAY_SIZE(sources)

/* Microseconds in each round. */
struct times {
	double at[SOURCES][STEPS][ROUNDS_MAX];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

/* Wait until the device has done everything it was asked for. */
static int wait_for_device(int fd)
{
	struct pollfd poll_fd = { .events = POLLIN };
	int ret = virtgpu_submit(fd, NULL, 0, -1, NULL, &poll_fd.fd);

	if (ret)
		return ret;
	ret = poll(&poll_fd, 1, PATIENCE_MS) == 1 ? 0 : -ETIMEDOUT;
	close(poll_fd.fd);
	return ret;
}

/* Touched pages of all blobs. */
static size_t touched;

static void touch_all(void *map, size_t pages)
{
	size_t step;

	for (step = 0; step < pages; step++)
		((volatile char *)map)[page_in_order(step, pages) * PAGE] = 1;
	touched += step;
}

/* Measure one blob; 0 or -errno. */
static int measure(int fd, uint64_t blob_id, uint64_t size, double *times)
{
	struct virtgpu_blob blob;
	double at[STEPS + 1];
	int ret, step;

	at[0] = now();
	ret = virtgpu_vram_create(fd, blob_id, size, &blob);
	if (ret)
		return ret;
	ret = virtgpu_blob_map(&blob);
	at[1] = now();
	if (!ret)
		touch_all(blob.map, size / PAGE);
	at[2] = now();
	virtgpu_blob_destroy(&blob);
	if (!ret)
		ret = wait_for_device(fd);
	at[3] = now();
	for (step = 0; step < STEPS; step++)
		times[step] = at[step + 1] - at[step];
	return ret;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, int count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static void report(struct times *times, unsigned long long size, int rounds)
{
	size_t source;
	int step;

	for (step = 0; step < STEPS; step++) {
		double control = median(times->at[0][step], rounds);

		for (source = 1; source < SOURCES; source++) {
			double time = median(times->at[source][step], rounds);

			printf("bench: kib=%llu step=%s source=%s ", size / KIB, step_names[step],
			       sources[source].name);
			printf("us=%.0f memfd_us=%.0f ratio=%.2f\n", time, control,
			       time / control);
		}
	}
}

static int compare(int fd, unsigned long long size, int rounds)
{
	static struct times times;
	double once[STEPS];
	int ret, round, step;
	size_t source;

	/* The first round does not count: it includes work that is done only once. */
	for (round = -1; round < rounds; round++) {
		for (source = 0; source < SOURCES; source++) {
			ret = measure(fd, sources[source].blob_id, size, once);
			if (ret) {
				fprintf(stderr, "vgpu-bench: %s of %llu KiB: %s\n",
					sources[source].name, size / KIB, strerror(-ret));
				return ret;
			}
			for (step = 0; round >= 0 && step < STEPS; step++)
				times.at[source][step][round] = once[step];
		}
	}
	report(&times, size, rounds);
	return 0;
}

const char *argp_program_version = "vgpu-bench " MOCKGPU_VERSION;

static const char doc[] =
	"In a guest, compares the times of a blob of the host's memory with those of a\n"
	"memfd of the same size. ROUNDS is 1 to 99 (default 5).\n"
	"\vExit status: 0 measured, 1 error, 2 wrong usage.";

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	uint64_t *rounds = state->input;

	if (key != ARGP_KEY_ARG || state->arg_num)
		return ARGP_ERR_UNKNOWN;
	if (!number_parse(text, rounds) && *rounds && *rounds <= ROUNDS_MAX)
		return 0;
	return option_refuse(state, "'%s': not a number from 1 to %d", text, ROUNDS_MAX);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option, .doc = doc, .args_doc = "[ROUNDS]",
	};
	uint64_t rounds = ROUNDS;
	size_t i;
	int fd;

	option_parse(&argp, argc, argv, 0, &rounds);
	fd = virtgpu_open();
	if (fd < 0) {
		fprintf(stderr, "vgpu-bench: no virtio-gpu: %s\n", strerror(-fd));
		return 1;
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (compare(fd, sizes[i], rounds))
			return 1;
	}
	close(fd);
	report_touched(touched);
	return 0;
}
