// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-bench: measure how long a buffer takes to create and to touch. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "clock.h"
#include "mockgpu_version.h"
#include "option.h"

/* Sizes are multiples of a huge page. */
#define BENCH_SIZE_MIB_UNIT 2

const char *argp_program_version = "mockgpu-bench " MOCKGPU_VERSION;

static const char bench_doc[] =
	"Measures how long it takes to create a large buffer, to touch each of its\n"
	"pages once and to free it, with the mockgpu module and with other sources of\n"
	"shared memory. Every round uses all sources and starts with another one.\n"
	"Only times of the same round are compared.\n"
	"\vA buffer of mockgpu has at most half of the machine's memory. As root the\n"
	"program raises vm.nr_overcommit_hugepages and udmabuf's size_limit_mb while\n"
	"it runs.\n"
	"\n"
	"Exit status: 0 measured, 1 a source failed during the run, 2 wrong usage, 4\n"
	"nothing to measure (no module mockgpu, no permission).";

static const struct argp_option bench_option_list[] = {
	{ "size", 's', "N", 0, "size of a buffer in MiB, even (default 1024)", 0 },
	{ "rounds", 'r', "N", 0, "number of rounds, 1 to 101 (default 5)", 0 },
	{ "json", 'j', NULL, 0, "print one JSON object for machines", 0 },
	{}
};

struct bench_options {
	uint64_t mib;
	uint64_t rounds;
	bool json;
};

static void bench_touch(const struct bench_buffer *buffer)
{
	size_t step = getpagesize();
	size_t i;

	for (i = 0; i < buffer->size; i += step)
		((volatile char *)buffer->map)[i] = 1;
}

static int bench_free(struct bench_buffer *buffer)
{
	if (buffer->fd < 0)
		return mockgpu_bo_destroy(&buffer->bo);
	if (munmap(buffer->map, buffer->size) || close(buffer->fd))
		return -errno;
	return 0;
}

static int bench_measure(int drm, const struct bench_source *source, uint64_t size,
			 struct bench_times *times, unsigned int round)
{
	struct bench_buffer buffer = { .fd = -1, .size = size };
	double start = clock_now() * 1e3, made, touched;
	int ret;

	ret = source->make(drm, &buffer);
	if (ret)
		return ret;
	made = clock_now() * 1e3;
	bench_touch(&buffer);
	touched = clock_now() * 1e3;
	ret = bench_free(&buffer);
	times->ms[BENCH_CREATE][round] = made - start;
	times->ms[BENCH_TOUCH][round] = touched - made;
	times->ms[BENCH_FREE][round] = clock_now() * 1e3 - touched;
	times->ms[BENCH_TOTAL][round] = touched - start;
	return ret;
}

/*
 * A source that has failed is not tried again. The order changes with each round, because
 * a source may leave memory in a state that helps or hinders the next one.
 */
static void bench_round(int drm, struct bench *bench, unsigned int round)
{
	unsigned int i;

	for (i = 0; i < bench_source_count && !bench_is_interrupted(); i++) {
		unsigned int index = (i + round) % bench_source_count;
		struct bench_times *times = &bench->times[index];

		if (!times->error)
			times->error = bench_measure(drm, &bench_sources[index], bench->size,
						     times, round);
	}
}

/* The first use is slow: run round 0 twice and keep the second result. */
static void bench_rounds(int drm, struct bench *bench)
{
	unsigned int round;

	fprintf(stderr, "mockgpu-bench: warming up\n");
	bench_round(drm, bench, 0);
	for (round = 0; round < bench->rounds && !bench_is_interrupted(); round++) {
		fprintf(stderr, "mockgpu-bench: round %u of %u\n", round + 1, bench->rounds);
		bench_round(drm, bench, round);
	}
}

/* All sources of mockgpu must work, except huge entries on a kernel without them. */
static int bench_result(const struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench_source_count; i++) {
		int error = -bench->times[i].error;

		if (!error || error == EOPNOTSUPP || !bench_sources[i].mockgpu)
			continue;
		fprintf(stderr, "mockgpu-bench: no buffer of %" PRIu64 " MiB of %s (%s)%s\n",
			bench->size >> 20, bench_sources[i].name, strerror(error),
			error == E2BIG ? ": more than half of memory, see --size" : "");
		return BENCH_FAILED;
	}
	return BENCH_DONE;
}

static int bench_run(struct bench *bench, bool json)
{
	char why[256];
	int drm, ret;

	drm = mockgpu_open(why, sizeof(why));
	if (drm < 0) {
		fprintf(stderr, "mockgpu-bench: %s\n", why);
		return BENCH_CANNOT;
	}
	bench_catch_signals();
	ret = bench_limits_raise(bench->size);
	if (ret)
		fprintf(stderr, "mockgpu-bench: cannot raise the kernel's limits (%s)\n",
			strerror(-ret));
	bench_rounds(drm, bench);
	bench_limits_restore();
	close(drm);
	if (bench_is_interrupted())
		return BENCH_FAILED;
	if (json)
		bench_print_json(bench);
	else
		bench_print_text(bench);
	return bench_result(bench);
}

static error_t bench_option(int key, char *text, struct argp_state *state)
{
	struct bench_options *options = state->input;

	switch (key) {
	case 's':
		return option_number(state, key, text, 2, 1 << 20, &options->mib);
	case 'r':
		return option_number(state, key, text, 1, BENCH_ROUNDS_MAX, &options->rounds);
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_END:
		if (options->mib % BENCH_SIZE_MIB_UNIT)
			return option_refuse(state, "--size '%" PRIu64 "': not even",
					     options->mib);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = bench_option_list, .parser = bench_option, .doc = bench_doc,
	};
	struct bench_options options = { .mib = 1024, .rounds = 5 };
	static struct bench bench;

	option_parse(&argp, argc, argv, 0, &options);
	bench.size = options.mib << 20;
	bench.rounds = options.rounds;
	return bench_run(&bench, options.json);
}
