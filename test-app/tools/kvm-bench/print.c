// SPDX-License-Identifier: GPL-2.0-only
/* Prints the results, as a table and as JSON. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "array.h"
#include "kvm_bench.h"

static struct bench_spread spread_of(const struct kvm_bench_point *points, unsigned int rounds,
				     const struct kvm_bench_point *others)
{
	double values[BENCH_ROUNDS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < rounds; i++)
		values[i] = others ? points[i].us / others[i].us : points[i].us;
	return bench_spread(values, rounds);
}

static const char * const count_names[] = { "faults", "exits", "ipis" };

static uint64_t count_at(const struct kvm_bench_point *point, unsigned int which)
{
	const uint64_t counts[] = { point->faults, point->exits, point->ipis };

	return counts[which];
}

/* Interrupts make a fault or exit more or less in a round. */
static uint64_t median_of(const struct kvm_bench_point *points, unsigned int rounds,
			  unsigned int which)
{
	double values[BENCH_ROUNDS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		if (count_at(&points[i], which) == UINT64_MAX)
			return UINT64_MAX;
		values[i] = count_at(&points[i], which);
	}
	return bench_spread(values, rounds).median;
}

static const struct kvm_bench_source *source_at(const struct kvm_bench_result *result,
						unsigned int index)
{
	return &kvm_bench_sources[result->bench->sources[index]];
}

/** kvm_bench_print_head() - print what stands above the tables */
void kvm_bench_print_head(void)
{
	struct utsname uts = {};
	unsigned int i;

	uname(&uts);
	printf("kernel %s; medians; times: as a multiple of the first kind's in the same round\n",
	       uts.release);
	for (i = 0; i < KVM_BENCH_SOURCES_MAX; i++)
		printf("  %-16s %s\n", kvm_bench_sources[i].name, kvm_bench_sources[i].what);
}

static void print_count(uint64_t count)
{
	if (count == UINT64_MAX)
		printf(" %9s", "-");
	else
		printf(" %9" PRIu64, count);
}

static void print_step(const struct kvm_bench_result *result, unsigned int index,
		       unsigned int step)
{
	const struct kvm_bench_point *points = result->points[index][step];
	struct bench_spread spread;
	unsigned int which;

	printf("%-8s %-16s", result->bench->steps[step], source_at(result, index)->name);
	if (result->error[index]) {
		printf(" %s\n", strerror(-result->error[index]));
		return;
	}
	for (which = 0; which < ARRAY_SIZE(count_names); which++)
		print_count(median_of(points, result->rounds, which));
	printf(" %12.0f", spread_of(points, result->rounds, NULL).median);
	if (index && !result->error[0]) {
		spread = spread_of(points, result->rounds, result->points[0][step]);
		printf("  %6.2f (%.2f to %.2f)", spread.median, spread.min, spread.max);
	}
	printf("\n");
}

/** kvm_bench_print_text() - print a table */
void kvm_bench_print_text(const struct kvm_bench_result *result)
{
	const struct kvm_bench *bench = result->bench;
	unsigned int index, step, which;

	printf("\n%s, %u %s", bench->name, result->level, bench->unit);
	if (result->size)
		printf(", %" PRIu64 " MiB", result->size >> 20);
	printf(", %u rounds:\n%s\n%-25s", result->rounds, bench->what, "");
	for (which = 0; which < ARRAY_SIZE(count_names); which++)
		printf(" %9s", count_names[which]);
	printf(" %12s  %6s\n", "us", "times");
	for (step = 0; bench->steps[step]; step++)
		for (index = 0; index < bench->source_count; index++)
			print_step(result, index, step);
}

static void json_counts(struct json *json, const struct kvm_bench_point *points,
			unsigned int rounds)
{
	unsigned int which;
	uint64_t count;

	for (which = 0; which < ARRAY_SIZE(count_names); which++) {
		count = median_of(points, rounds, which);
		if (count != UINT64_MAX)
			json_number(json, count_names[which], count);
	}
}

static void print_json_point(const struct kvm_bench_result *result, unsigned int index,
			     unsigned int step)
{
	const struct kvm_bench_point *points = result->points[index][step];
	struct json json = { .out = stdout };
	struct bench_spread spread;

	json_object(&json, NULL);
	json_string(&json, "bench", result->bench->name);
	json_number(&json, result->bench->unit, result->level);
	json_number(&json, "bytes", result->size);
	json_number(&json, "rounds", result->rounds);
	json_string(&json, "step", result->bench->steps[step]);
	json_string(&json, "source", source_at(result, index)->name);
	if (result->error[index]) {
		json_string(&json, "error", strerrorname_np(-result->error[index]));
		json_end(&json);
		return;
	}
	json_counts(&json, points, result->rounds);
	spread = spread_of(points, result->rounds, NULL);
	bench_json_spread(&json, "us", &spread);
	if (index && !result->error[0]) {
		json_string(&json, "compared_with", source_at(result, 0)->name);
		spread = spread_of(points, result->rounds, result->points[0][step]);
		bench_json_spread(&json, "ratio", &spread);
	}
	json_end(&json);
}

/** kvm_bench_print_json() - print an object for each source and step, a line each */
void kvm_bench_print_json(const struct kvm_bench_result *result)
{
	unsigned int index, step;

	for (index = 0; index < result->bench->source_count; index++)
		for (step = 0; result->bench->steps[step]; step++)
			print_json_point(result, index, step);
}
