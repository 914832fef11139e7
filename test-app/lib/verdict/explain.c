// SPDX-License-Identifier: GPL-2.0-only
/* Collect what is known of a page in a guest, see explain.h; explain_text.c prints it. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explain.h"
#include "hostmap.h"
#include "kvmtrace.h"
#include "touch.h"

/* Of a page with a struct page: the entry's pfn, for callers with CAP_SYS_ADMIN. */
static void explain_pagemap(uint64_t hva, struct mockgpu_entry *entry)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t value, at = hva / getpagesize() * sizeof(value);

	if (fd < 0)
		return;
	if (pread(fd, &value, sizeof(value), at) == sizeof(value)) {
		/* Documentation/admin-guide/mm/pagemap.rst */
		entry->present = value >> 63;
		entry->pfn = entry->present ? value & ((1ull << 55) - 1) : 0;
	}
	close(fd);
}

static void explain_entry(struct explanation *explanation, struct mockgpu_entry *entry)
{
	const struct mockgpu_bo *bo = explanation->what.bo;
	const bool borrowed = bo && bo->handle;
	int fd = borrowed ? bo->fd : mockgpu_open(NULL, 0);
	int ret = -ENOENT;

	*entry = (struct mockgpu_entry){};
	if (fd >= 0)
		ret = mockgpu_entry_get(fd, (const void *)(uintptr_t)explanation->hva, entry);
	explanation->pfnmap = !ret;
	if (ret)
		explain_pagemap(explanation->hva, entry);
	if (fd >= 0 && !borrowed)
		close(fd);
}

/* Query the driver about the page and the buffer. */
static void explain_ask(struct explanation *explanation)
{
	const struct explain_page *what = &explanation->what;

	explanation->told = what->info;
	if (what->info)
		explanation->info = *what->info;
	if (!what->bo || !what->bo->handle)
		return;
	explanation->queried = !mockgpu_bo_query(what->bo, &explanation->query);
	explanation->told = mockgpu_bo_pages(what->bo, what->page, 1, &explanation->info) == 1;
}

void explain_look(struct explanation *explanation, const struct explain_page *what)
{
	/* The reserved page may be the one that is mapped there. */
	*explanation = (struct explanation){ .what = *what };
	what = &explanation->what;
	explanation->hva = (uintptr_t)what->memory + what->page * GUEST_PAGE_SIZE;
	hostmap_vma_flags((const void *)(uintptr_t)explanation->hva, explanation->vma,
			  sizeof(explanation->vma));
	explain_entry(explanation, &explanation->before);
	explanation->after = explanation->before;
	explain_ask(explanation);
}

/* Turn values into differences. */
static void explain_subtract(struct explanation *explanation, struct vmm_vcpu *vcpu)
{
	struct kvmstat now[EXPLAIN_STATS];
	size_t count = kvmstat_list(explanation->what.vm, vcpu, now, EXPLAIN_STATS);
	size_t i;

	if (count != explanation->stat_count)
		explanation->stat_count = 0;
	for (i = 0; i < explanation->stat_count; i++)
		explanation->stats[i].value = now[i].value - explanation->stats[i].value;
}

/* An empty pass, so the guest's own memory is mapped and does not show in the trace. */
static int explain_warm_up(struct vmm_vcpu *vcpu)
{
	struct guest_work *work = vmm_vcpu_work(vcpu);
	int ret;

	memset(work, 0, sizeof(*work));
	ret = vmm_vcpu_start(vcpu);
	if (!ret && vmm_vcpu_run(vcpu) != VMM_EXIT_DOORBELL)
		ret = -EIO;
	return ret;
}

/* Keep only the lines of the trace that name the page; there may be none. */
static void explain_cut_trace(struct explanation *explanation)
{
	const struct explain_page *what = &explanation->what;
	const uint64_t number = what->gpa / GUEST_PAGE_SIZE + what->page;
	char *from = explanation->trace, *to = from, *end;
	char gfn[32], block[32];

	snprintf(gfn, sizeof(gfn), "%" PRIx64, number);
	snprintf(block, sizeof(block), " gfn %" PRIx64 " ", number / 512 * 512);
	for (; (end = strchr(from, '\n')); from = end + 1) {
		const size_t length = end + 1 - from;
		bool keep;

		*end = '\0';
		keep = strstr(from, gfn) || strstr(from, block) ||
		       (!strstr(from, " gfn ") && !strstr(from, " address "));
		*end = '\n';
		if (!keep)
			continue;
		memmove(to, from, length);
		to += length;
	}
	*to = '\0';
}

/* The guest's access, as one pass over one page. */
static int explain_touch(struct explanation *explanation, struct vmm_vcpu *vcpu)
{
	const struct explain_page *what = &explanation->what;
	const uint32_t page = what->page;
	uint8_t *result = calloc(what->page + 1, sizeof(*result));
	struct touch touch = {
		.op = what->op, .gpa = what->gpa, .seed = what->seed,
		.sequence = &page, .accesses = 1, .result = result,
	};
	int ret;

	if (!result)
		return -ENOMEM;
	ret = touch_run(vcpu, &touch);
	explanation->ran = true;
	explanation->result = result[page];
	explanation->spurious = touch.spurious;
	free(result);
	return ret;
}

int explain_access(struct explanation *explanation, const struct explain_page *what)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(what->vm, what->vcpu);
	struct kvmtrace trace;
	int ret;

	explain_look(explanation, what);
	what = &explanation->what;
	ret = explain_warm_up(vcpu);
	if (ret)
		return ret;
	explanation->stat_count = kvmstat_list(what->vm, vcpu, explanation->stats, EXPLAIN_STATS);
	explanation->trace_error = what->untraced ? -ENODATA : kvmtrace_begin(&trace);
	ret = explain_touch(explanation, vcpu);
	if (!explanation->trace_error)
		kvmtrace_end(&trace, explanation->trace, sizeof(explanation->trace));
	explain_cut_trace(explanation);
	explain_subtract(explanation, vcpu);
	snprintf(explanation->exit, sizeof(explanation->exit), "%s", vmm_vcpu_strexit(vcpu));
	explain_entry(explanation, &explanation->after);
	explain_ask(explanation);
	return ret;
}

int64_t explain_stat(const struct explanation *explanation, const char *name)
{
	size_t i;

	for (i = 0; i < explanation->stat_count; i++) {
		if (!strcmp(explanation->stats[i].name, name))
			return explanation->stats[i].value;
	}
	return 0;
}
