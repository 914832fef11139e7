// SPDX-License-Identifier: GPL-2.0-only
/* mockgpu-probe --explain: what happens to one page of one buffer in a guest. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "probe.h"

#define EXPLAIN_SEED 0x1e55

int probe_page_set_buffer(struct probe_page *page, const char *text)
{
	size_t length = strcspn(text, ":");
	uint64_t order = page->order;
	char name[32];
	int kind;

	snprintf(name, sizeof(name), "%.*s", (int)length, text);
	kind = mockgpu_kind_parse(name);
	if (kind < 0)
		return kind;
	if (kind == MOCKGPU_KIND_TTM)
		order = 0;
	if (text[length] && (number_parse(text + length + 1, &order) ||
			     order > (kind == MOCKGPU_KIND_TTM ? 0 : MOCKGPU_MAX_ORDER)))
		return -EINVAL;
	page->kind = kind;
	page->order = order;
	return 0;
}

/* The pages of a block, but at least 512. */
size_t probe_page_count(const struct probe_page *page)
{
	return page->order > 9 ? 1ul << page->order : 512;
}

/* The explanation of a page that the guest has not touched yet. */
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

int probe_explain(const struct probe_page *page, char *why, size_t size)
{
	struct exercise exercise = {};
	int drm, ret;

	drm = mockgpu_open(why, size);
	if (drm < 0)
		return -ENODEV;
	ret = exercise_init(&exercise, drm, page->kind, page->order, probe_page_count(page), NULL,
			    -1);
	snprintf(why, size, "%s", exercise.error);
	if (!ret) {
		printf("%s, order %u, ", mockgpu_kind_name(page->kind), page->order);
		ret = probe_explain_page(&exercise, page->number);
		snprintf(why, size, "%s", ret < 0 ? strerror(-ret) : "");
	}
	exercise_fini(&exercise);
	close(drm);
	return ret;
}
