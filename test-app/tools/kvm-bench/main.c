// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-kvm-bench: measure what a guest pays for memory of each kind. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "array.h"
#include "behaviour.h"
#include "kvm_bench.h"
#include "mockgpu_version.h"
#include "option.h"

/* A memfd needs a file for each buffer. */
#define BENCH_FILES 8192

const char *argp_program_version = "mockgpu-kvm-bench " MOCKGPU_VERSION;

static const char bench_doc[] =
	"Measures, in the app's own VMM, what a guest pays for memory of each kind:\n"
	"\n"
	"  touch  the first access to each page, with KVM's page faults\n"
	"  zap    a zap under 1, 2 and 4 vCPUs, and the faults after it\n"
	"  grow   one more buffer, beside 0, 63, 1023 and 4095 others\n"
	"\n"
	"Every round uses all kinds and starts with another one. Only times of the\n"
	"same round are compared, with those of the first kind.\n"
	"\vWith --size, touch and zap use that much memory instead of 1024 and 64 MiB.\n"
	"As root the program raises vm.nr_overcommit_hugepages while it runs.\n"
	"\n"
	"Exit status: 0 measured (a kind that this kernel is known to refuse has no\n"
	"times), 1 a measurement failed, 2 wrong usage, 4 nothing to measure (no module\n"
	"mockgpu, no KVM, no permission).";

static const struct argp_option bench_option_list[] = {
	{ "only", 'o', "NAME", 0, "only touch, zap or grow", 0 },
	{ "size", 's', "N", 0, "MiB of memory, a multiple of 8", 0 },
	{ "rounds", 'r', "N", 0, "number of rounds, 1 to 101 (default 5)", 0 },
	{ "json", 'j', NULL, 0, "print one JSON object per line for machines", 0 },
	{}
};

static const struct kvm_bench * const benches[] = {
	&kvm_bench_touch, &kvm_bench_zap, &kvm_bench_grow,
};

struct bench_options {
	const struct kvm_bench *only;
	uint64_t mib;
	uint64_t rounds;
	bool json;
};

/*
 * The order changes with each round, because a source may leave something behind that helps
 * or hinders the next one. A source that has failed is not tried again.
 */
static void bench_round(int drm, struct kvm_bench_result *result, unsigned int round)
{
	const struct kvm_bench *bench = result->bench;
	struct kvm_bench_point points[KVM_BENCH_STEPS_MAX];
	const struct kvm_bench_source *source;
	unsigned int i, step;

	for (i = 0; i < bench->source_count && !bench_is_interrupted(); i++) {
		unsigned int index = (i + round) % bench->source_count;

		if (result->error[index])
			continue;
		memset(points, 0, sizeof(points));
		source = &kvm_bench_sources[bench->sources[index]];
		result->error[index] = bench->measure(drm, source, result->size, result->level,
						      points);
		for (step = 0; step < KVM_BENCH_STEPS_MAX; step++)
			result->points[index][step][round] = points[step];
	}
}

/* Up to 6.12 KVM refuses pages without a reference count; of arm64 some are kept from it. */
static bool bench_is_excused(int error)
{
	return error == -EOPNOTSUPP ||
	       (error == -EFAULT && behaviour_excused(BEHAVIOUR_REFUSES_TAILS));
}

static int bench_failures(const struct kvm_bench_result *result)
{
	const struct kvm_bench *bench = result->bench;
	unsigned int i;
	int ret = BENCH_DONE;

	for (i = 0; i < bench->source_count; i++) {
		const struct kvm_bench_source *source = &kvm_bench_sources[bench->sources[i]];

		if (!result->error[i] || (!source->memfd && bench_is_excused(result->error[i])))
			continue;
		fprintf(stderr, "mockgpu-kvm-bench: %s with %s: %s\n", bench->name, source->name,
			strerror(-result->error[i]));
		ret = BENCH_FAILED;
	}
	return ret;
}

/* Round 0 runs twice, because the first use is slow; the second result counts. */
static int bench_level(int drm, const struct kvm_bench *bench, unsigned int level,
		       const struct bench_options *options)
{
	static struct kvm_bench_result result;
	unsigned int round;

	memset(&result, 0, sizeof(result));
	result.bench = bench;
	result.level = level;
	result.rounds = options->rounds;
	result.size = (options->mib && bench->mib ? options->mib : bench->mib) << 20;
	for (round = 0; round <= options->rounds && !bench_is_interrupted(); round++) {
		fprintf(stderr, "mockgpu-kvm-bench: %s, %u %s: %s %u of %" PRIu64 "\n", bench->name,
			level, bench->unit, round ? "round" : "warming up, round", round,
			options->rounds);
		bench_round(drm, &result, round ? round - 1 : 0);
	}
	if (bench_is_interrupted())
		return BENCH_FAILED;
	if (options->json)
		kvm_bench_print_json(&result);
	else
		kvm_bench_print_text(&result);
	return bench_failures(&result);
}

static int bench_all(int drm, const struct bench_options *options)
{
	int ret = BENCH_DONE;
	unsigned int i, level;

	for (i = 0; i < ARRAY_SIZE(benches); i++) {
		if (options->only && options->only != benches[i])
			continue;
		for (level = 0; benches[i]->levels[level] && !bench_is_interrupted(); level++)
			if (bench_level(drm, benches[i], benches[i]->levels[level], options))
				ret = BENCH_FAILED;
	}
	return bench_is_interrupted() ? BENCH_FAILED : ret;
}

static void bench_prepare(const struct bench_options *options)
{
	const struct rlimit files = { BENCH_FILES, BENCH_FILES };
	uint64_t most = options->mib;
	unsigned int i;
	int ret;

	bench_catch_signals();
	for (i = 0; !options->mib && i < ARRAY_SIZE(benches); i++)
		if (benches[i]->mib > most)
			most = benches[i]->mib;
	ret = bench_limits_raise(most << 20);
	if (ret || setrlimit(RLIMIT_NOFILE, &files))
		fprintf(stderr, "mockgpu-kvm-bench: cannot raise the kernel's limits (%s)\n",
			strerror(ret ? -ret : errno));
}

static int bench_run(const struct bench_options *options)
{
	int drm = bench_open_for_guests();
	int ret;

	if (drm < 0)
		return BENCH_CANNOT;
	setlinebuf(stdout);
	bench_prepare(options);
	if (!options->json)
		kvm_bench_print_head();
	ret = bench_all(drm, options);
	bench_limits_restore();
	close(drm);
	return ret;
}

static const struct kvm_bench *bench_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(benches); i++)
		if (!strcmp(benches[i]->name, name))
			return benches[i];
	return NULL;
}

static error_t bench_option(int key, char *text, struct argp_state *state)
{
	struct bench_options *options = state->input;

	switch (key) {
	case 'o':
		options->only = bench_named(text);
		if (!options->only)
			return option_refuse(state, "--only '%s': not touch, zap or grow", text);
		return 0;
	case 's':
		return option_number(state, key, text, 8, 8 << 10, &options->mib);
	case 'r':
		return option_number(state, key, text, 1, BENCH_ROUNDS_MAX, &options->rounds);
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_END:
		if (options->mib % 8)
			return option_refuse(state, "--size '%" PRIu64 "': not a multiple of 8",
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
	struct bench_options options = { .rounds = 5 };

	option_parse(&argp, argc, argv, 0, &options);
	return bench_run(&options);
}
