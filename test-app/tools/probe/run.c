// SPDX-License-Identifier: GPL-2.0-only
/* Tries every page kind and block order, on both mapping paths. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "array.h"
#include "behaviour.h"
#include "hostmap.h"
#include "kmsg.h"
#include "probe.h"
#include "sysfs.h"
#include "vmm.h"

/* One block of orders 9 and 10, some of the others; ttm: 9, 6, 1 and 0. */
static const struct {
	uint32_t order;
	size_t pages;
} probe_sizes[] = { { 0, 16 }, { 1, 16 }, { 4, 64 }, { 9, 512 }, { 10, 1024 } };

#define PROBE_TTM_PAGES (512 + 64 + 2 + 1)

/* As many pages of the plain node's buffer: by default more than a block. */
#define PROBE_NODE_PAGES (512 + 16)

/* Each access order has its own first access and alignment. */
static const struct exercise_case probe_cases[EXERCISE_ORDERS] = {
	[EXERCISE_HEADS_FIRST] = { .access_order = EXERCISE_HEADS_FIRST, .first = GUEST_READ },
	[EXERCISE_TAILS_FIRST] = {
		.access_order = EXERCISE_TAILS_FIRST, .first = GUEST_WRITE, .skewed = true,
	},
	[EXERCISE_BACKWARDS] = {
		.access_order = EXERCISE_BACKWARDS, .first = GUEST_READ, .skewed = true,
	},
	[EXERCISE_RANDOM] = { .access_order = EXERCISE_RANDOM, .first = GUEST_WRITE },
};

static void probe_note_failure(struct probe_result *result, const struct exercise *exercise,
			       const struct exercise_case *what, uint64_t page)
{
	const struct explain_page failed = {
		.bo = exercise->bo.handle ? &exercise->bo : NULL,
		.memory = exercise->memory,
		.gpa = exercise_gpa(what),
		.page = page,
		.info = &exercise->before[page],
	};

	result->failed = true;
	result->caching = mockgpu_caching_name(exercise->bo.caching);
	explain_look(&result->failure, &failed);
}

/* The page to report: the first with EFAULT, else the one that the judge names. */
static uint64_t probe_first_failed(const struct exercise *exercise,
				   const struct judgement *judgement)
{
	size_t i;

	for (i = 0; judgement->verdict == JUDGE_REPRODUCED && i < exercise->pages; i++) {
		if (exercise->result[i] == GUEST_EFAULT)
			return i;
	}
	return judgement->page;
}

static void probe_note(struct probe_result *result, const struct exercise *exercise,
		       const struct exercise_case *what, const struct judgement *judgement)
{
	result->mapped[what->access_order] = judgement->mapped;
	if (judgement->mapped < result->fewest)
		result->fewest = judgement->mapped;
	if (judgement->verdict > result->verdict || !result->text[0]) {
		result->verdict = judgement->verdict;
		snprintf(result->text, sizeof(result->text), "%s", judgement->text);
		snprintf(result->pages, sizeof(result->pages), "%s", judgement->pages);
	}
	if (judgement->verdict != JUDGE_OK && !result->failed)
		probe_note_failure(result, exercise, what, probe_first_failed(exercise, judgement));
}

void probe_note_error(struct probe_result *result, const char *error)
{
	result->verdict = JUDGE_NOT_OK;
	result->fewest = 0;
	snprintf(result->text, sizeof(result->text), "%s", error);
	result->pages[0] = '\0';
}

/* Known for this host: KVM refuses such a memslot. */
static void probe_note_refusal(struct probe_result *result, const char *error)
{
	probe_note_error(result, error);
	result->verdict = JUDGE_REPRODUCED;
}

void probe_try(struct probe_result *result, const struct probe_context *context,
	       struct exercise *exercise)
{
	size_t i;
	int ret;

	result->total = exercise->pages;
	result->fewest = exercise->pages;
	for (i = 0; i < EXERCISE_ORDERS; i++) {
		struct exercise_case what = probe_cases[i];
		struct judgement judgement;

		if (getrandom(&what.seed, sizeof(what.seed), 0) != sizeof(what.seed)) {
			probe_note_error(result, "no random seed");
			return;
		}
		what.hook = context->hook;
		what.opaque = context->opaque;
		ret = exercise_run(exercise, &what);
		if (ret == -EINVAL && context->refuses) {
			probe_note_refusal(result, exercise->error);
			return;
		} else if (ret) {
			probe_note_error(result, exercise->error);
			return;
		}
		judgement = judge(&exercise->evidence);
		if (context->refused)
			context->refused(exercise, &judgement);
		probe_note(result, exercise, &what, &judgement);
	}
}

static void probe_name(struct probe_result *result, const char *path, uint32_t kind,
		       uint32_t order)
{
	const char *node = strcmp(path, "node") ? "" : "node-";

	result->path = path;
	result->kind = mockgpu_kind_name(kind);
	result->order = order;
	if (kind == MOCKGPU_KIND_TTM)
		snprintf(result->test, sizeof(result->test), "%s%s", node, result->kind);
	else
		snprintf(result->test, sizeof(result->test), "%s%s-o%" PRIu32, node,
			 result->kind, order);
}

static void probe_skip(struct probe_result *result, size_t pages, const char *why)
{
	result->total = pages;
	result->verdict = JUDGE_SKIP;
	snprintf(result->text, sizeof(result->text), "%s", why);
}

static void probe_gem(struct probe_result *result, const struct probe_context *context,
		      uint32_t kind, uint32_t order, size_t pages)
{
	struct exercise exercise;
	int ret;

	probe_name(result, "gem", kind, order);
	ret = exercise_init(&exercise, context->drm, kind, order, pages, context->vm,
			    context->kmsg);
	if (ret == -ENOMEM && order)
		probe_skip(result, pages, exercise.error);
	else if (ret)
		probe_note_error(result, exercise.error);
	else
		probe_try(result, context, &exercise);
	exercise_fini(&exercise);
}

static void probe_all_gem(struct probe_report *report, const struct probe_context *context)
{
	uint32_t kind;
	size_t i;

	probe_gem(&report->result[report->count++], context, MOCKGPU_KIND_TTM, 0,
		  PROBE_TTM_PAGES);
	for (kind = MOCKGPU_KIND_NONCOMPOUND; kind < MOCKGPU_KIND_COUNT; kind++) {
		for (i = 0; i < ARRAY_SIZE(probe_sizes); i++)
			probe_gem(&report->result[report->count++], context, kind,
				  probe_sizes[i].order, probe_sizes[i].pages);
	}
}

/* As uapi/mockgpu_drm.h documents the kind: the driver cannot query these pages. */
static struct drm_mockgpu_page probe_promised_page(int kind, unsigned int order, size_t page)
{
	bool head = !(page % (1u << order));
	bool counted = head || kind == MOCKGPU_KIND_SPLIT || kind == MOCKGPU_KIND_RESERVED;

	return (struct drm_mockgpu_page){
		.count = counted,
		.flags = (head ? MOCKGPU_PAGE_HEAD : MOCKGPU_PAGE_TAIL) |
			 (kind == MOCKGPU_KIND_RESERVED ? MOCKGPU_PAGE_RESERVED : 0),
	};
}

static void probe_try_node(struct probe_result *result, const struct probe_context *context,
			   int fd, size_t pages, int kind)
{
	struct drm_mockgpu_page blocks[PROBE_NODE_PAGES];
	/* The plain node has offset 0: any address that is not a multiple of the block will do. */
	size_t aside = behaviour_seen(BEHAVIOUR_GUESSES) ? 2 * GUEST_PAGE_SIZE : 0;
	char *room = hostmap_reserve(aside + pages * GUEST_PAGE_SIZE);
	struct exercise exercise = { .vm = NULL };
	char *memory = room ? room + aside : NULL;
	size_t i;

	for (i = 0; i < pages; i++)
		blocks[i] = probe_promised_page(kind, result->order, i);
	if (!memory || mmap(memory, pages * GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		probe_note_error(result, strerror(errno));
	else if (exercise_init_memory(&exercise, memory, blocks, pages, context->vm,
				      context->kmsg))
		probe_note_error(result, exercise.error);
	else
		probe_try(result, context, &exercise);
	exercise_fini(&exercise);
	if (room)
		munmap(room, aside + pages * GUEST_PAGE_SIZE);
}

static void probe_node(struct probe_result *result, const struct probe_context *context)
{
	size_t pages = PROBE_NODE_PAGES;
	char kind_name[16], why[256];
	unsigned long order = 0;
	uint64_t size;
	int kind, fd;

	fd = mockgpu_node_open(O_RDWR, &size, why, sizeof(why));
	if (fd < 0) {
		probe_name(result, "node", MOCKGPU_KIND_NONCOMPOUND, 0);
		probe_note_error(result, why);
		return;
	}
	kind = sysfs_read(MOCKGPU_PARAMETERS "node_kind", kind_name, sizeof(kind_name)) ?
		-1 : mockgpu_kind_parse(kind_name);
	sysfs_read_number(MOCKGPU_PARAMETERS "node_order", &order);
	probe_name(result, "node", kind, order);
	if (size / GUEST_PAGE_SIZE < pages)
		pages = size / GUEST_PAGE_SIZE;
	if (kind < 0 || kind == MOCKGPU_KIND_TTM)
		probe_skip(result, pages, "the plain node does not tell its blocks");
	else
		probe_try_node(result, context, fd, pages, kind);
	close(fd);
}

static size_t probe_count(const struct probe_report *report, enum judge_verdict verdict)
{
	size_t i, count = 0;

	for (i = 0; i < report->count; i++)
		count += report->result[i].verdict == verdict;
	return count;
}

static void probe_conclude(struct probe_report *report)
{
	static const char unfit[] = "This host cannot map such buffers into guests";
	size_t bad = probe_count(report, JUDGE_NOT_OK);
	size_t known = probe_count(report, JUDGE_REPRODUCED);
	size_t i;

	for (i = 0; bad && report->result[i].verdict != JUDGE_NOT_OK; i++)
		;
	report->fit = !bad && !known;
	if (bad)
		snprintf(report->text, sizeof(report->text),
			 "%s, and not only for the known reason: %s: %s.", unfit,
			 report->result[i].test, report->result[i].text);
	else if (known && report->host.refuses_cacheable)
		snprintf(report->text, sizeof(report->text),
			 "%s: its CPU lacks FEAT_S2FWB or CTR_EL0.DIC, without which KVM refuses drivers' cacheable memory since Linux 6.17 (%zu of %zu buffers).",
			 unfit, known, report->count);
	else if (known)
		snprintf(report->text, sizeof(report->text),
			 "%s: its KVM refuses pages without a reference count, %s (%zu of %zu buffers).",
			 unfit, "as every kernel before Linux 6.13 does", known, report->count);
	else
		snprintf(report->text, sizeof(report->text),
			 "This host can map such buffers into guests: every page of every tried buffer maps.");
}

static int probe_open(struct probe_context *context, char *why, size_t size)
{
	int ret;

	*context = (struct probe_context){ .drm = -1, .kmsg = -1 };
	context->drm = mockgpu_open(why, size);
	if (context->drm < 0)
		return context->drm;
	context->kmsg = kmsg_open();
	if (context->kmsg < 0) {
		snprintf(why, size, "cannot read /dev/kmsg: %s", strerror(-context->kmsg));
		return context->kmsg;
	}
	ret = vmm_create(&context->vm, 1);
	if (ret)
		snprintf(why, size, "KVM cannot create a VM: %s", strerror(-ret));
	return ret;
}

void probe_close(struct probe_context *context)
{
	vmm_destroy(context->vm);
	if (context->kmsg >= 0)
		close(context->kmsg);
	if (context->drm >= 0)
		close(context->drm);
}

int probe_run(struct probe_report *report)
{
	struct probe_context context;
	int ret;

	ret = probe_open(&context, report->text, sizeof(report->text));
	if (!ret) {
		probe_host_look_at_vm(&report->host, context.vm);
		context.refuses = report->host.refuses_cacheable;
		probe_all_gem(report, &context);
		probe_node(&report->result[report->count++], &context);
		probe_conclude(report);
	}
	probe_close(&context);
	return ret;
}
