// SPDX-License-Identifier: GPL-2.0-only
/* Tries memory that is not mockgpu's, of whose pages nothing is known. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include "fault_guard.h"
#include "hostmap.h"
#include "kmsg.h"
#include "probe.h"
#include "vmm.h"

/**
 * struct foreign - a source while it is tried
 * @source: the source
 * @memory: where it is mapped
 */
struct foreign {
	const struct probe_source *source;
	void *memory;
};

static int foreign_map(const struct foreign *foreign)
{
	const struct probe_source *source = foreign->source;

	return mmap(foreign->memory, source->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    source->fd, source->offset) == MAP_FAILED ? -errno : 0;
}

/* The guest's first access is the first one since the mapping was made: there are no entries. */
static int foreign_map_again(struct exercise *exercise, enum exercise_stage stage, void *opaque)
{
	(void)exercise;
	return stage == EXERCISE_PREPARED ? foreign_map(opaque) : 0;
}

/* Page by page nobody can say what a kernel before 6.13 should refuse. */
static void foreign_refused(const struct exercise *exercise, struct judgement *judgement)
{
	size_t i, refused = 0;

	if (judgement->reason != JUDGE_REFUSED)
		return;
	for (i = 0; i < exercise->pages; i++)
		refused += exercise->result[i] == GUEST_EFAULT;
	if (judge_refusal_known())
		judgement->verdict = JUDGE_REPRODUCED;
	snprintf(judgement->text, sizeof(judgement->text), "%zu of %zu pages give EFAULT%s",
		 refused, judgement->total, judge_refusal_known() ?
		 ", as those without a reference count do before 6.13" : "");
}

static void foreign_exercise(struct probe_result *result, struct probe_context *context,
			     struct foreign *foreign, const struct drm_mockgpu_page *pages)
{
	struct exercise exercise = { .vm = NULL };
	int ret = foreign_map(foreign);

	context->hook = foreign_map_again;
	context->refused = foreign_refused;
	context->opaque = foreign;
	if (ret)
		probe_note_error(result, strerror(-ret));
	else if (exercise_init_memory(&exercise, foreign->memory, pages, result->total, context->vm,
				      context->kmsg))
		probe_note_error(result, exercise.error);
	else
		probe_try(result, context, &exercise);
	exercise_fini(&exercise);
	result->caching = "?";
	result->failure.told = false;
}

/*
 * Why its contents cannot be read. A hole of a file on a full tmpfs is SIGBUS for this process and
 * EFAULT for KVM_RUN, which looks as if KVM could not map it.
 */
static const char *foreign_unreadable(const struct foreign *foreign)
{
	struct statvfs system;

	if (!fstatvfs(foreign->source->fd, &system) && system.f_blocks && !system.f_bavail)
		return "its file has holes and its file system is full (see df): no fault of KVM";
	return "its contents cannot be read, and so not be restored";
}

/* With its contents as they were afterwards, which may be somebody's. */
static void foreign_exercise_kept(struct probe_result *result, struct probe_context *context,
				  struct foreign *foreign, const struct drm_mockgpu_page *pages,
				  void *contents)
{
	const size_t size = foreign->source->size;
	int ret = foreign_map(foreign);

	if (ret || fault_guard_read(contents, foreign->memory, size)) {
		probe_note_error(result, foreign_unreadable(foreign));
		return;
	}
	foreign_exercise(result, context, foreign, pages);
	if (foreign_map(foreign) || fault_guard_write(foreign->memory, contents, size))
		probe_note_error(result, "its contents could not be restored");
}

static void foreign_try(struct probe_result *result, struct probe_context *context,
			const struct probe_source *source)
{
	struct foreign foreign = { source, hostmap_reserve(source->size) };
	struct drm_mockgpu_page *pages;
	char *contents = malloc(source->size);
	size_t i;

	snprintf(result->test, sizeof(result->test), "%s", source->test);
	result->path = source->path;
	result->kind = "?";
	result->total = source->size / GUEST_PAGE_SIZE;
	pages = calloc(result->total, sizeof(*pages));
	for (i = 0; pages && i < result->total; i++)
		pages[i].count = 1;
	if (!foreign.memory || !pages || !contents)
		probe_note_error(result, "no memory");
	else if (strcmp(source->path, "mmap"))
		foreign_exercise(result, context, &foreign, pages);
	else
		foreign_exercise_kept(result, context, &foreign, pages, contents);
	if (foreign.memory)
		munmap(foreign.memory, source->size);
	free(contents);
	free(pages);
}

static void foreign_conclude(struct probe_report *report, const char *name)
{
	static const char cannot[] = "This host cannot map memory of %s into guests: %s: %s.";
	static const char can[] = "This host can map memory of %s into guests: every page maps.";
	const struct probe_result *worst = &report->result[0];
	size_t i;

	for (i = 1; i < report->count; i++) {
		if (report->result[i].verdict > worst->verdict)
			worst = &report->result[i];
	}
	report->fit = worst->verdict == JUDGE_OK;
	if (report->fit)
		snprintf(report->text, sizeof(report->text), can, name);
	else
		snprintf(report->text, sizeof(report->text), cannot, name, worst->test,
			 worst->text);
}

int probe_run_sources(struct probe_report *report, const struct probe_sources *sources)
{
	/* Only root may read the log. */
	struct probe_context context = { .drm = -1, .kmsg = kmsg_open() };
	unsigned int i;
	int ret;

	fault_guard_init();
	ret = vmm_create(&context.vm, 1);
	if (ret) {
		snprintf(report->text, sizeof(report->text), "KVM cannot create a VM: %s",
			 strerror(-ret));
	} else {
		for (i = 0; i < sources->count; i++)
			foreign_try(&report->result[report->count++], &context,
				    &sources->source[i]);
		foreign_conclude(report, sources->name);
	}
	probe_close(&context);
	return ret;
}
