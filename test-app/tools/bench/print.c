// SPDX-License-Identifier: GPL-2.0-only
/* Prints the results, as tables and as JSON. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench.h"

static const char * const bench_step_names[BENCH_STEPS] = {
	[BENCH_CREATE] = "create",
	[BENCH_TOUCH] = "touch",
	[BENCH_FREE] = "free",
	[BENCH_TOTAL] = "total",
};

static void bench_print_times(const struct bench *bench, unsigned int index)
{
	const struct bench_times *times = &bench->times[index];
	struct bench_spread spread;
	unsigned int step;

	printf("%-17s", bench_sources[index].name);
	if (times->error) {
		printf(" cannot be made: %s\n", strerror(-times->error));
		return;
	}
	for (step = 0; step < BENCH_STEPS; step++) {
		spread = bench_spread(times->ms[step], bench->rounds);
		printf(" %9.1f", spread.median);
	}
	printf("  (%.1f to %.1f)\n", spread.min, spread.max);
}

static void bench_print_ratios(const struct bench *bench, unsigned int index)
{
	struct bench_spread ratio;
	unsigned int i;

	if (!bench_sources[index].mockgpu)
		return;
	for (i = 0; i < bench_source_count; i++)
		if (bench_ratio(bench, index, i, &ratio))
			printf("%-17s %6.2f times %-11s (%.2f to %.2f)\n",
			       bench_sources[index].name, ratio.median, bench_sources[i].name,
			       ratio.min, ratio.max);
}

/** bench_print_text() - print tables */
void bench_print_text(const struct bench *bench)
{
	struct utsname uts = {};
	unsigned int i;

	uname(&uts);
	printf("%" PRIu64 " MiB, %u rounds, kernel %s\n\nMedians in ms:\n", bench->size >> 20,
	       bench->rounds, uts.release);
	printf("%-17s %9s %9s %9s %9s\n", "", "create", "touch", "free", "total");
	for (i = 0; i < bench_source_count; i++)
		bench_print_times(bench, i);
	printf("\ncreate: create and map; memfd-huge allocates its pages on touch. touch: one\n"
	       "write to each page. total: both. In brackets the lowest and the highest of a round.\n"
	       "\nTotals, each compared within its round:\n");
	for (i = 0; i < bench_source_count; i++)
		bench_print_ratios(bench, i);
	printf("\n");
	for (i = 0; i < bench_source_count; i++)
		printf("%-17s %s\n", bench_sources[i].name, bench_sources[i].what);
}

void bench_json_spread(struct json *json, const char *name, const struct bench_spread *spread)
{
	json_object(json, name);
	json_decimal(json, "median", spread->median, 3);
	json_decimal(json, "min", spread->min, 3);
	json_decimal(json, "max", spread->max, 3);
	json_end(json);
}

static void bench_json_ratios(struct json *json, const struct bench *bench, unsigned int index)
{
	struct bench_spread ratio;
	unsigned int i;

	json_object(json, "ratios");
	for (i = 0; i < bench_source_count; i++)
		if (bench_ratio(bench, index, i, &ratio))
			bench_json_spread(json, bench_sources[i].name, &ratio);
	json_end(json);
}

static void bench_json_source(struct json *json, const struct bench *bench, unsigned int index)
{
	const struct bench_times *times = &bench->times[index];
	struct bench_spread spread;
	unsigned int step;
	char name[16];

	json_object(json, NULL);
	json_string(json, "name", bench_sources[index].name);
	json_bool(json, "mockgpu", bench_sources[index].mockgpu);
	if (times->error)
		json_string(json, "error", strerrorname_np(-times->error));
	for (step = 0; step < BENCH_STEPS && !times->error; step++) {
		snprintf(name, sizeof(name), "%s_ms", bench_step_names[step]);
		spread = bench_spread(times->ms[step], bench->rounds);
		bench_json_spread(json, name, &spread);
	}
	if (bench_sources[index].mockgpu)
		bench_json_ratios(json, bench, index);
	json_end(json);
}

/** bench_print_json() - print one object */
void bench_print_json(const struct bench *bench)
{
	struct json json = { .out = stdout };
	struct utsname uts = {};
	unsigned int i;

	uname(&uts);
	json_object(&json, NULL);
	json_string(&json, "release", uts.release);
	json_string(&json, "machine", uts.machine);
	json_number(&json, "bytes", bench->size);
	json_number(&json, "rounds", bench->rounds);
	json_array(&json, "sources");
	for (i = 0; i < bench_source_count; i++)
		bench_json_source(&json, bench, i);
	json_end(&json);
	json_end(&json);
}
