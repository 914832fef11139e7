// SPDX-License-Identifier: MIT
/* The kind of new buffers, see settings.h. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

#define DIGIT(n) #n
#define STRING(n) DIGIT(n)

/* The names are those of the module's parameters; each list ends with NULL. */
static const char *const kinds[] = {
	[MOCKGPU_KIND_TTM] = "ttm",
	[MOCKGPU_KIND_NONCOMPOUND] = "noncompound",
	[MOCKGPU_KIND_COMPOUND] = "compound",
	[MOCKGPU_KIND_SPLIT] = "split",
	[MOCKGPU_KIND_RESERVED] = "reserved",
	NULL
};

static const char *const cachings[] = {
	[MOCKGPU_CACHING_CACHED] = "cached",
	[MOCKGPU_CACHING_WC] = "wc",
	[MOCKGPU_CACHING_UC] = "uc",
	NULL
};

static const char *const placements[] = {
	[MOCKGPU_PLACEMENT_GTT] = "gtt",
	[MOCKGPU_PLACEMENT_VRAM] = "vram",
	NULL
};

static const char *const orders[] = {
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", STRING(MOCKGPU_MAX_ORDER), NULL
};

static int refuse(const char *variable, const char *value, const char *const *words)
{
	fprintf(stderr, "mockgpu gbm: %s=%s: use", variable, value);
	for (; *words; words++)
		fprintf(stderr, "%s %s", words[1] ? "" : " or", *words);
	fputc('\n', stderr);
	return -EINVAL;
}

/* @choice does not change if the variable is not set or empty. */
static int choose(const char *variable, const char *const *words, uint32_t *choice)
{
	const char *value = secure_getenv(variable);
	uint32_t i;

	if (!value || !*value)
		return 0;
	for (i = 0; words[i]; i++) {
		if (!strcmp(words[i], value)) {
			*choice = i;
			return 0;
		}
	}
	return refuse(variable, value, words);
}

int settings_read(struct drm_mockgpu_bo_create *create)
{
	uint32_t order = SETTINGS_ORDER;

	*create = (struct drm_mockgpu_bo_create){
		.kind = MOCKGPU_KIND_TTM,
		.caching = MOCKGPU_CACHING_CACHED,
		.placement = MOCKGPU_PLACEMENT_GTT,
	};
	if (choose("MOCKGPU_GBM_KIND", kinds, &create->kind) ||
	    choose("MOCKGPU_GBM_ORDER", orders, &order) ||
	    choose("MOCKGPU_GBM_CACHING", cachings, &create->caching) ||
	    choose("MOCKGPU_GBM_PLACEMENT", placements, &create->placement))
		return -EINVAL;
	/* The pool chooses the orders itself. */
	if (create->kind != MOCKGPU_KIND_TTM)
		create->order = order;
	return 0;
}
