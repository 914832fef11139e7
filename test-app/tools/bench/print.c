// SPDX-License-Identifier: GPL-2.0-only
/* The results, for people and for machines. */

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

/** bench_print_text() - tables */
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
	printf("\ncreate: made and mapped; memfd-huge gets its pages with the touch. touch: one\n"
	       "write to each page. total: both. In brackets the lowest and the highest of a round.\n"
	       "\nTotals, each compared within its round:\n");
	for (i = 0; i < bench_source_count; i++)
		bench_print_ratios(bench, i);
	printf("\n");
	for (i = 0; i < bench_source_count; i++)
		printf("%-17s %s\n", bench_sources[i].name, bench_sources[i].what);
}

static void bench_json_spread(const char *name, const struct bench_spread *spread)
{
	printf("\"%s\": {\"median\": %.3f, \"min\": %.3f, \"max\": %.3f}", name,
	       spread->median, spread->min, spread->max);
}

static void bench_json_ratios(const struct bench *bench, unsigned int index)
{
	const char *comma = "";
	struct bench_spread ratio;
	unsigned int i;

	printf(", \"ratios\": {");
	for (i = 0; i < bench_source_count; i++) {
		if (!bench_ratio(bench, index, i, &ratio))
			continue;
		printf("%s", comma);
		bench_json_spread(bench_sources[i].name, &ratio);
		comma = ", ";
	}
	printf("}");
}

static void bench_json_source(const struct bench *bench, unsigned int index)
{
	const struct bench_times *times = &bench->times[index];
	struct bench_spread spread;
	unsigned int step;
	char name[16];

	printf("%s\n  {\"name\": \"%s\", \"mockgpu\": %s", index ? "," : "",
	       bench_sources[index].name, bench_sources[index].mockgpu ? "true" : "false");
	if (times->error)
		printf(", \"error\": \"%s\"", strerrorname_np(-times->error));
	for (step = 0; step < BENCH_STEPS && !times->error; step++) {
		snprintf(name, sizeof(name), "%s_ms", bench_step_names[step]);
		spread = bench_spread(times->ms[step], bench->rounds);
		printf(", ");
		bench_json_spread(name, &spread);
	}
	if (bench_sources[index].mockgpu)
		bench_json_ratios(bench, index);
	printf("}");
}

/** bench_print_json() - one object */
void bench_print_json(const struct bench *bench)
{
	struct utsname uts = {};
	unsigned int i;

	uname(&uts);
	printf("{\"release\": \"%s\", \"machine\": \"%s\",\n", uts.release, uts.machine);
	printf(" \"bytes\": %" PRIu64 ", \"rounds\": %u, \"sources\": [", bench->size,
	       bench->rounds);
	for (i = 0; i < bench_source_count; i++)
		bench_json_source(bench, i);
	printf("]}\n");
}
