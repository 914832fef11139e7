// SPDX-License-Identifier: GPL-2.0-only
/* One page of one buffer, in a guest, explained. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define EXPLAIN_SEED 0x1e55

/* A number and nothing else, up to @max; -EINVAL. */
static int probe_parse_number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return errno || *end || end == text || text[0] == '-' || *value > max ? -EINVAL : 0;
}

/* KIND[:ORDER] */
static int probe_parse_buffer(const char *text, uint32_t *kind, unsigned long *order)
{
	const char *colon = strchr(text, ':');
	char name[32];
	int ret;

	snprintf(name, sizeof(name), "%.*s", colon ? (int)(colon - text) : (int)strlen(text), text);
	ret = mockgpu_kind_parse(name);
	if (ret < 0)
		return ret;
	*kind = ret;
	if (*kind == MOCKGPU_KIND_TTM)
		*order = 0;
	return colon ? probe_parse_number(colon + 1, *kind == MOCKGPU_KIND_TTM ? 0 :
					  MOCKGPU_MAX_ORDER, order) : 0;
}

/* As many pages as a block has, 512 at the least. */
static size_t probe_explain_pages(unsigned long order)
{
	return order > 9 ? 1ul << order : 512;
}

/* The explanation of a page that nobody has touched. */
static int probe_explain_page(struct exercise *exercise, uint64_t page)
{
	const struct exercise_case what = { .first = GUEST_READ };
	const struct explain_page asked = {
		.vm = exercise->vm, .bo = &exercise->bo, .memory = exercise->memory,
		.gpa = exercise_gpa(&what), .page = page, .op = GUEST_READ, .seed = EXPLAIN_SEED,
	};
	static struct explanation explanation;
	int ret;

	guest_fill_page(exercise->memory + page * GUEST_PAGE_SIZE, EXPLAIN_SEED, page);
	ret = mockgpu_bo_zap(&exercise->bo);
	if (!ret)
		ret = vmm_slot_set(exercise->vm, 1, asked.gpa, exercise->memory,
				   exercise->pages * GUEST_PAGE_SIZE, 0);
	if (ret)
		return ret;
	ret = explain_access(&explanation, &asked);
	explain_print(&explanation, "", stdout);
	vmm_slot_delete(exercise->vm, 1);
	return ret ? ret : explanation.result != GUEST_MAPPED;
}

int probe_explain(const char *buffer, const char *page, char *why, size_t size)
{
	uint32_t kind = MOCKGPU_KIND_NONCOMPOUND;
	unsigned long order = 9, number = 1;
	struct exercise exercise = {};
	int drm, ret;

	snprintf(why, size, "no such buffer: KIND[:ORDER] wanted");
	if (buffer && probe_parse_buffer(buffer, &kind, &order))
		return -EINVAL;
	snprintf(why, size, "no such page: 0 to %zu wanted", probe_explain_pages(order) - 1);
	if (page && probe_parse_number(page, probe_explain_pages(order) - 1, &number))
		return -EINVAL;
	drm = mockgpu_open(why, size);
	if (drm < 0)
		return -ENODEV;
	ret = exercise_init(&exercise, drm, kind, order, probe_explain_pages(order), NULL, -1);
	snprintf(why, size, "%s", exercise.error);
	if (!ret) {
		printf("%s, order %lu, ", mockgpu_kind_name(kind), order);
		ret = probe_explain_page(&exercise, number);
		snprintf(why, size, "%s", ret < 0 ? strerror(-ret) : "");
	}
	exercise_fini(&exercise);
	close(drm);
	return ret == -EINVAL ? -EIO : ret;
}
