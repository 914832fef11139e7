// SPDX-License-Identifier: GPL-2.0-only
/* Statistics over the rounds. */

#include <stdlib.h>
#include <string.h>

#include "bench.h"

static int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/**
 * bench_spread() - summarise many values
 * @values: the values
 * @count: their number, 1 to BENCH_ROUNDS_MAX
 */
struct bench_spread bench_spread(const double *values, unsigned int count)
{
	double sorted[BENCH_ROUNDS_MAX];

	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), bench_compare);
	return (struct bench_spread) {
		.median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2,
		.min = sorted[0],
		.max = sorted[count - 1],
	};
}

/**
 * bench_ratio() - compare the total of two sources, round by round
 * @bench: the run
 * @source: index of a source of mockgpu
 * @other: index of one that is not
 * @ratio: out: @source as a multiple of @other
 *
 * Return: false if one of them has no times.
 */
bool bench_ratio(const struct bench *bench, unsigned int source, unsigned int other,
		 struct bench_spread *ratio)
{
	const struct bench_times *a = &bench->times[source], *b = &bench->times[other];
	double values[BENCH_ROUNDS_MAX] = { 0 };
	unsigned int i;

	if (!bench_sources[source].mockgpu || bench_sources[other].mockgpu || a->error || b->error)
		return false;
	for (i = 0; i < bench->rounds; i++)
		values[i] = a->ms[BENCH_TOTAL][i] / b->ms[BENCH_TOTAL][i];
	*ratio = bench_spread(values, bench->rounds);
	return true;
}
