// SPDX-License-Identifier: GPL-2.0-only
/* KVM's counters of a VMM's guests, in debugfs: what a guest does that says nothing. */

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "watch.h"

static uint64_t read_number(const char *path)
{
	FILE *file = fopen(path, "re");
	uint64_t number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

/* Add a number to the counter of that name. */
static void add(struct counters *counters, const char *name, uint64_t number)
{
	struct counter *one;

	for (one = counters->all; one < counters->all + counters->count; one++) {
		if (!strcmp(one->name, name)) {
			one->value += number;
			return;
		}
	}
	if (counters->count == COUNTERS_MAX)
		return;
	snprintf(one->name, sizeof(one->name), "%s", name);
	one->value = number;
	counters->count++;
}

void counters_read(struct counters *counters, pid_t vmm)
{
	char pattern[64];
	glob_t found;
	size_t i;

	counters->count = 0;
	snprintf(pattern, sizeof(pattern), "/sys/kernel/debug/kvm/%d-*/*", vmm);
	if (glob(pattern, 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		add(counters, strrchr(found.gl_pathv[i], '/') + 1, read_number(found.gl_pathv[i]));
	globfree(&found);
}

/* How much a counter has grown. */
static uint64_t growth(const struct counters *counters, const struct counter *one)
{
	unsigned int i;

	for (i = 0; i < counters->count; i++)
		if (!strcmp(counters->all[i].name, one->name))
			return one->value > counters->all[i].value ?
			       one->value - counters->all[i].value : 0;
	return one->value;
}

void counters_print(const struct counters *before, const struct counters *after, FILE *out)
{
	struct counters grown = *after;
	struct counter *most, *one;
	unsigned int printed;

	for (one = grown.all; one < grown.all + grown.count; one++)
		one->value = growth(before, one);
	for (printed = 0; printed < COUNTERS_TOLD; printed++) {
		most = grown.all;
		for (one = grown.all; one < grown.all + grown.count; one++)
			if (one->value > most->value)
				most = one;
		if (!grown.count || !most->value)
			break;
		fprintf(out, "%s%s %" PRIu64, printed ? ", " : "", most->name, most->value);
		most->value = 0;
	}
	if (!printed)
		fputs("none", out);
}
