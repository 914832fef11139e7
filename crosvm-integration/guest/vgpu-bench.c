// SPDX-License-Identifier: GPL-2.0-only
/*
 * vgpu-bench: in a Linux guest, measure how long a blob of the host's memory takes to create
 * and map, to touch for the first time, and to unmap and destroy, compared with a memfd of the
 * same size; and if the guest has several virtio-gpu devices, with the first of them.
 *
 * The sources and devices take turns, so that other load on the machine affects all of them.
 * Prints the median of the rounds in microseconds, and the median of the ratios within a round,
 * with the lowest and the highest.
 */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mockgpu_drm.h"
#include "mockgpu_version.h"
#include "number.h"
#include "option.h"
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

#define DEVICES_MAX 2

/**
 * struct device - a virtio-gpu device
 * @name: what to call it; NULL if it is the only one
 * @fd: its render node
 */
struct device {
	const char *name;
	int fd;
};

/**
 * struct options - options of the command line
 * @rounds: how many rounds count
 * @devices: how many devices
 * @device: the devices
 */
struct options {
	uint64_t rounds;
	unsigned int devices;
	struct device device[DEVICES_MAX];
};

/* Microseconds in each round. */
struct times {
	double at[DEVICES_MAX][SOURCES][STEPS][ROUNDS_MAX];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
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
		ret = virtgpu_wait_device(fd);
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

static double median(const double *values, int count)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), by_value);
	return sorted[count / 2];
}

/* The times of one step, and how many times as long they are as @base's of the same rounds. */
static void print_ratio(const double *times, const char *base_name, const double *base, int rounds)
{
	double ratio[ROUNDS_MAX];
	int i;

	for (i = 0; i < rounds; i++)
		ratio[i] = times[i] / base[i];
	qsort(ratio, rounds, sizeof(*ratio), by_value);
	printf("us=%.0f %s_us=%.0f ratio=%.2f least=%.2f most=%.2f\n", median(times, rounds),
	       base_name, median(base, rounds), ratio[rounds / 2], ratio[0], ratio[rounds - 1]);
}

static void print_point(const struct device *device, size_t source, int step,
			unsigned long long size)
{
	printf("bench: kib=%llu step=%s source=%s ", size / KIB, step_names[step],
	       sources[source].name);
	if (device->name)
		printf("device=%s ", device->name);
}

static void report(const struct options *options, const struct times *times,
		   unsigned long long size)
{
	const struct device *device = options->device;
	size_t source;
	unsigned int i;
	int step;

	for (i = 0; i < options->devices * STEPS; i++) {
		const double (*at)[STEPS][ROUNDS_MAX] = times->at[i / STEPS];

		step = i % STEPS;
		for (source = 1; source < SOURCES; source++) {
			print_point(device + i / STEPS, source, step, size);
			print_ratio(at[source][step], "memfd", at[0][step], options->rounds);
		}
		for (source = 0; i >= STEPS && source < SOURCES; source++) {
			print_point(device + i / STEPS, source, step, size);
			print_ratio(at[source][step], device->name, times->at[0][source][step],
				    options->rounds);
		}
	}
}

/* One round with each source of each device; the first does not count. */
static int run_round(const struct options *options, struct times *times, int round,
		     unsigned long long size)
{
	double once[STEPS];
	unsigned int i;
	int ret, step;

	for (i = 0; i < options->devices * SOURCES; i++) {
		size_t device = i % options->devices, source = i / options->devices;

		ret = measure(options->device[device].fd, sources[source].blob_id, size, once);
		if (ret) {
			fprintf(stderr, "vgpu-bench: %s of %llu KiB: %s\n", sources[source].name,
				size / KIB, strerror(-ret));
			return ret;
		}
		for (step = 0; round >= 0 && step < STEPS; step++)
			times->at[device][source][step][round] = once[step];
	}
	return 0;
}

static int compare(const struct options *options, unsigned long long size)
{
	static struct times times;
	int ret, round;

	/* The first round includes work that is done only once. */
	for (round = -1; round < (int)options->rounds; round++) {
		ret = run_round(options, &times, round, size);
		if (ret)
			return ret;
	}
	report(options, &times, size);
	return 0;
}

const char *argp_program_version = "vgpu-bench " MOCKGPU_VERSION;

static const char doc[] =
	"In a guest, compares the times of a blob of the host's memory with those of a\n"
	"memfd of the same size. ROUNDS is 1 to 99 (default 5). NAME=ADDRESS is a device\n"
	"on the PCI bus and what to call it; with two of them, the second is compared\n"
	"with the first, for the largest size only.\n"
	"\vExit status: 0 measured, 1 error, 2 wrong usage.";

/* Open the render node of the device at a PCI address; -1 if there is none. */
static int open_device(const char *address)
{
	char path[PATH_MAX];
	glob_t found;
	int fd = -1;

	/* The parent of a DRM device is the PCI device, or the virtio device below that. */
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/{,virtio*/}drm/renderD*", address);
	if (glob(path, GLOB_BRACE, NULL, &found))
		return -1;
	snprintf(path, sizeof(path), "/dev/dri/%s", strrchr(found.gl_pathv[0], '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	globfree(&found);
	return fd;
}

static error_t parse_device(const struct argp_state *state, char *text)
{
	struct options *options = state->input;
	struct device *device = &options->device[options->devices];
	char *address = strchr(text, '=');

	if (!address || options->devices == DEVICES_MAX)
		return option_refuse(state, "'%s': not one of at most %d NAME=ADDRESS", text,
				     DEVICES_MAX);
	*address++ = '\0';
	device->name = text;
	device->fd = open_device(address);
	if (device->fd < 0)
		return option_refuse(state, "'%s': no virtio-gpu there", address);
	options->devices++;
	return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (state->arg_num)
		return parse_device(state, text);
	if (!number_parse(text, &options->rounds) && options->rounds &&
	    options->rounds <= ROUNDS_MAX)
		return 0;
	return option_refuse(state, "'%s': not a number from 1 to %d", text, ROUNDS_MAX);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_option, .doc = doc, .args_doc = "[ROUNDS [NAME=ADDRESS...]]",
	};
	struct options options = { .rounds = ROUNDS };
	size_t i;

	option_parse(&argp, argc, argv, 0, &options);
	if (!options.devices) {
		options.devices = 1;
		options.device[0].fd = virtgpu_open();
	}
	if (options.device[0].fd < 0) {
		fprintf(stderr, "vgpu-bench: no virtio-gpu: %s\n", strerror(-options.device[0].fd));
		return 1;
	}
	for (i = options.devices > 1 ? ARRAY_SIZE(sizes) - 1 : 0; i < ARRAY_SIZE(sizes); i++) {
		if (compare(&options, sizes[i]))
			return 1;
	}
	report_touched(touched);
	return 0;
}
