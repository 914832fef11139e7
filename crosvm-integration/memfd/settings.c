// SPDX-License-Identifier: GPL-2.0-only
/* The environment variables, see memfd.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memfd.h"
#include "mockgpu.h"
#include "number.h"

/* 2 MiB, the block size that amdgpu uses when memory allows it. */
#define ORDER 9

/* Each list ends with NULL. */
static const char *const placements[] = {
	[MOCKGPU_PLACEMENT_GTT] = "gtt",
	[MOCKGPU_PLACEMENT_VRAM] = "vram",
	NULL
};

static const char *const faults[] = {
	[MOCKGPU_FAULT_SINGLE] = "single",
	[MOCKGPU_FAULT_PREFAULT] = "prefault",
	[MOCKGPU_FAULT_HUGE] = "huge",
	[MOCKGPU_FAULT_READ_ONLY] = "read-only",
	[MOCKGPU_FAULT_HUGE_READ_ONLY] = "huge-read-only",
	NULL
};

static const char *const switches[] = { "0", "1", NULL };

/* The value of a variable, or NULL if it is not set or empty. */
static const char *value_of(const char *variable)
{
	const char *value = secure_getenv(variable);

	return value && *value ? value : NULL;
}

static void __attribute__((noreturn)) refuse(const char *variable, const char *value,
					     const char *use)
{
	fprintf(stderr, "mockgpu memfd: %s=%s: use %s\n", variable, value, use);
	_exit(MEMFD_WRONG_VALUE);
}

static uint32_t choose(const char *variable, const char *const *words, const char *use)
{
	const char *value = value_of(variable);
	uint32_t i;

	if (!value)
		return 0;
	for (i = 0; words[i]; i++)
		if (!strcmp(words[i], value))
			return i;
	refuse(variable, value, use);
}

/* @parse: mockgpu_kind_parse() or the like; its name number 0 is the default. */
static uint32_t choose_parsed(const char *variable, int (*parse)(const char *name), const char *use)
{
	const char *value = value_of(variable);
	int choice = value ? parse(value) : 0;

	if (choice < 0)
		refuse(variable, value, use);
	return choice;
}

static uint32_t choose_order(void)
{
	const char *value = value_of("MOCKGPU_MEMFD_ORDER");
	uint64_t order = ORDER;

	if (value && (number_parse(value, &order) || order > MOCKGPU_MAX_ORDER))
		refuse("MOCKGPU_MEMFD_ORDER", value, "0 to 10");
	return order;
}

static uint64_t choose_size(const char *variable, uint64_t otherwise)
{
	const char *value = value_of(variable);
	uint64_t size = otherwise;

	if (value && (size_parse(value, &size) || !size))
		refuse(variable, value, "a size in bytes, as 4096 or 2M");
	return size;
}

void memfd_settings_read(struct memfd_settings *settings)
{
	const uint32_t kind = choose_parsed("MOCKGPU_MEMFD_KIND", mockgpu_kind_parse,
					    "ttm, noncompound, compound, split or reserved");
	const uint32_t order = choose_order();

	*settings = (struct memfd_settings){
		.create = {
			.kind = kind,
			/* The pool chooses the orders itself. */
			.order = kind == MOCKGPU_KIND_TTM ? 0 : order,
			.caching = choose_parsed("MOCKGPU_MEMFD_CACHING", mockgpu_caching_parse,
						 "cached, wc or uc"),
			.placement = choose("MOCKGPU_MEMFD_PLACEMENT", placements, "gtt or vram"),
			.fault_mode = choose("MOCKGPU_MEMFD_FAULT", faults,
					     "single, prefault, huge, read-only or huge-read-only"),
		},
		.anonymous = choose_size("MOCKGPU_MEMFD_ANONYMOUS", 0),
		.min = choose_size("MOCKGPU_MEMFD_MIN", getpagesize()),
		.log = choose("MOCKGPU_MEMFD_LOG", switches, "0 or 1"),
	};
}
