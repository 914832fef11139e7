// SPDX-License-Identifier: GPL-2.0-only
/* Exercise a buffer in a guest, see exercise.h. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/arch.h"
#include "buffer.h"
#include "exercise.h"
#include "explain.h"
#include "hostmap.h"
#include "kmsg.h"
#include "touch.h"

#define EXERCISE_SLOT 1

__attribute__((format(printf, 3, 4)))
static int exercise_error(struct exercise *exercise, int err, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(exercise->error, sizeof(exercise->error), format, args);
	va_end(args);
	if (len >= 0 && len < (int)sizeof(exercise->error))
		snprintf(exercise->error + len, sizeof(exercise->error) - len, ": %s",
			 strerror(-err));
	return err;
}

static uint64_t *exercise_word(struct exercise *exercise, size_t page, uint32_t word)
{
	return (uint64_t *)(exercise->memory + page * GUEST_PAGE_SIZE) + word;
}

static bool exercise_writes_first(const struct exercise_case *what)
{
	return what->first == GUEST_WRITE || what->first == GUEST_STORE;
}

/* What a word holds: the data of a pass, or code that returns it. */
static uint64_t exercise_value(enum guest_op op, uint64_t seed, size_t page, uint32_t word)
{
	uint64_t value = guest_value(seed, page, word);

	return op == GUEST_EXECUTE ? guest_code(value) : value;
}

static void exercise_fill_page(struct exercise *exercise, size_t page, enum guest_op op,
			       uint64_t seed)
{
	size_t i;

	for (i = 0; i < GUEST_WORDS; i++)
		*exercise_word(exercise, page, guest_words[i]) =
			exercise_value(op, seed, page, guest_words[i]);
}

static void exercise_check_page(struct exercise *exercise, size_t page, enum guest_op op,
				uint64_t seed)
{
	struct judge_wrong *wrong = &exercise->evidence.host_wrong;
	size_t i;

	for (i = 0; i < GUEST_WORDS; i++) {
		uint64_t right = exercise_value(op, seed, page, guest_words[i]);
		uint64_t seen = *(volatile uint64_t *)exercise_word(exercise, page, guest_words[i]);

		if (seen == right)
			continue;
		if (!wrong->words++) {
			wrong->page = page;
			wrong->word = guest_words[i];
			wrong->right = right;
			wrong->seen = seen;
		}
	}
}

static size_t exercise_add_blocks(struct exercise *exercise, size_t done, bool heads)
{
	size_t i;

	for (i = 0; i < exercise->pages; i++) {
		if (heads == !(exercise->before[i].flags & MOCKGPU_PAGE_TAIL))
			exercise->sequence[done++] = i;
	}
	return done;
}

/* Fisher-Yates; the values of guest_value() serve as random numbers. */
static void exercise_shuffle(struct exercise *exercise, uint64_t seed)
{
	size_t i;

	for (i = exercise->pages - 1; i > 0; i--) {
		size_t j = guest_value(seed, i, 0) % (i + 1);
		uint32_t page = exercise->sequence[i];

		exercise->sequence[i] = exercise->sequence[j];
		exercise->sequence[j] = page;
	}
}

static void exercise_plan_sequence(struct exercise *exercise, const struct exercise_case *what)
{
	const bool heads_first = what->access_order == EXERCISE_HEADS_FIRST;
	size_t i;

	if (heads_first || what->access_order == EXERCISE_TAILS_FIRST) {
		i = exercise_add_blocks(exercise, 0, heads_first);
		exercise_add_blocks(exercise, i, !heads_first);
		return;
	}
	for (i = 0; i < exercise->pages; i++)
		exercise->sequence[i] = exercise->pages - 1 - i;
	if (what->access_order == EXERCISE_RANDOM)
		exercise_shuffle(exercise, what->seed);
}

static int exercise_read_pages(struct exercise *exercise, struct drm_mockgpu_page *pages)
{
	int64_t count = mockgpu_bo_pages(&exercise->bo, 0, exercise->pages, pages);

	if (count < 0)
		return exercise_error(exercise, count, "looking at the pages");
	if ((size_t)count != exercise->pages)
		return exercise_error(exercise, -EIO, "looking at the pages gave %lld of %zu",
				      (long long)count, exercise->pages);
	return 0;
}

static int exercise_look_before(struct exercise *exercise)
{
	int ret;

	if (!exercise->bo.handle)
		return 0;
	ret = mockgpu_bo_snapshot(&exercise->bo);
	if (ret)
		return exercise_error(exercise, ret, "taking a snapshot of the pages");
	return exercise_read_pages(exercise, exercise->before);
}

/*
 * Let the driver compare all pages with its snapshot. @seen is set to @pages with the
 * pages as they are now, or stays NULL when nothing differs.
 */
static int exercise_look(struct exercise *exercise, struct drm_mockgpu_page *pages,
			 const struct drm_mockgpu_page **seen)
{
	struct drm_mockgpu_bo_compare compare;
	int ret;

	if (!exercise->bo.handle)
		return 0;
	ret = mockgpu_bo_compare(&exercise->bo, &compare);
	if (ret)
		return exercise_error(exercise, ret, "comparing the pages with the snapshot");
	if (!compare.changed)
		return 0;
	ret = exercise_read_pages(exercise, pages);
	if (ret)
		return ret;
	/* A change the driver saw counts, even if it has been reverted since. */
	pages[compare.first] = compare.after;
	*seen = pages;
	return 0;
}

static int exercise_look_at_log(struct exercise *exercise)
{
	int found;

	if (exercise->kmsg < 0)
		return 0;
	found = kmsg_complaints(exercise->kmsg, exercise->complaint, sizeof(exercise->complaint));
	if (found < 0)
		return exercise_error(exercise, found, "reading the kernel log");
	exercise->evidence.complaints = found;
	return 0;
}

static int exercise_hook(struct exercise *exercise, const struct exercise_case *what,
			 enum exercise_stage stage)
{
	int ret = what->hook ? what->hook(exercise, stage, what->opaque) : 0;

	return ret ? exercise_error(exercise, ret, "the hook of stage %d", stage) : 0;
}

uint64_t exercise_gpa(const struct exercise_case *what)
{
	return VMM_BUFFER_GPA + (what->skewed ? GUEST_PAGE_SIZE : 0);
}

/* Return: the first page whose access has an unexpected result, or @accesses. */
static size_t exercise_first_unexpected(const struct exercise *exercise, size_t accesses)
{
	size_t i;

	for (i = 0; i < accesses; i++) {
		const uint32_t page = exercise->sequence[i];

		if (exercise->result[page] == GUEST_EFAULT && exercise->evidence.refusal_known &&
		    judge_page_refusable(&exercise->before[page]))
			continue;
		if (exercise->result[page] != GUEST_MAPPED)
			break;
	}
	return i;
}

static void exercise_explain(struct exercise *exercise, const struct exercise_case *what,
			     enum guest_op op, uint64_t seed, size_t accesses)
{
	const size_t at = exercise_first_unexpected(exercise, accesses);
	const struct explain_page failed = {
		.vm = exercise->vm,
		.bo = exercise->bo.handle ? &exercise->bo : NULL,
		.memory = exercise->memory,
		.gpa = exercise_gpa(what),
		.page = at < accesses ? exercise->sequence[at] : 0,
		.op = op,
		.seed = seed,
		.info = &exercise->before[at < accesses ? exercise->sequence[at] : 0],
	};

	if (exercise->explain && at < accesses)
		exercise->explain(&failed);
}

/* One pass of the guest over the first @accesses pages of exercise->sequence. */
static int exercise_touch(struct exercise *exercise, const struct exercise_case *what,
			  enum guest_op op, uint64_t seed, size_t accesses)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(exercise->vm, 0);
	struct judge_wrong *wrong = &exercise->evidence.guest_wrong;
	struct touch touch = {
		.op = op,
		.gpa = exercise_gpa(what),
		.seed = seed,
		.sequence = exercise->sequence,
		.accesses = accesses,
		.result = exercise->result,
	};
	int ret = touch_run(vcpu, &touch);

	if (ret)
		return exercise_error(exercise, ret, "running the guest: %s",
				      vmm_vcpu_strexit(vcpu));
	if (touch.wrong_words && !wrong->words) {
		wrong->page = touch.wrong_page;
		wrong->word = touch.wrong_word;
		wrong->right = guest_value(seed, touch.wrong_page, touch.wrong_word);
		wrong->seen = touch.wrong_value;
	}
	wrong->words += touch.wrong_words;
	exercise->evidence.spurious += touch.spurious;
	exercise_explain(exercise, what, op, seed, accesses);
	return 0;
}

static bool exercise_reached(const struct exercise *exercise, size_t page)
{
	return exercise->result[page] == GUEST_MAPPED || exercise->result[page] == GUEST_WRONG;
}

/* Keep only the pages that the guest could reach. */
static size_t exercise_keep_mapped(struct exercise *exercise)
{
	size_t i, kept = 0;

	for (i = 0; i < exercise->pages; i++) {
		if (exercise_reached(exercise, exercise->sequence[i]))
			exercise->sequence[kept++] = exercise->sequence[i];
	}
	return kept;
}

/* The second pass: data goes the other way. */
static int exercise_turn_round(struct exercise *exercise, const struct exercise_case *what)
{
	size_t mapped = exercise_keep_mapped(exercise);
	size_t i;
	int ret;

	if (!exercise_writes_first(what)) {
		ret = exercise_touch(exercise, what, GUEST_WRITE, ~what->seed, mapped);
		for (i = 0; !ret && i < exercise->pages; i++) {
			if (exercise_reached(exercise, i))
				exercise_check_page(exercise, i, GUEST_WRITE, ~what->seed);
			else
				exercise_check_page(exercise, i, what->first, what->seed);
		}
		return ret;
	}
	for (i = 0; i < mapped; i++) {
		exercise_check_page(exercise, exercise->sequence[i], GUEST_WRITE, what->seed);
		exercise_fill_page(exercise, exercise->sequence[i], GUEST_READ, ~what->seed);
	}
	return exercise_touch(exercise, what, GUEST_READ, ~what->seed, mapped);
}

/* After a swapout there are no pages to look at until the guest has touched them. */
static int exercise_change(struct exercise *exercise, const struct exercise_case *what)
{
	int ret = what->change(exercise, what->opaque);

	if (ret)
		return exercise_error(exercise, ret, "changing the buffer");
	memset(exercise->result, GUEST_PENDING, exercise->pages);
	ret = exercise_touch(exercise, what, GUEST_READ, what->seed, exercise->pages);
	return ret ? ret : exercise_look_before(exercise);
}

/* What happens while the guest has the buffer. */
static int exercise_use(struct exercise *exercise, const struct exercise_case *what)
{
	int ret;

	ret = exercise_touch(exercise, what, what->first, what->seed, exercise->pages);
	if (!ret)
		ret = exercise_hook(exercise, what, EXERCISE_TOUCHED);
	if (!ret && what->change)
		ret = exercise_change(exercise, what);
	if (!ret)
		ret = exercise_look(exercise, exercise->during, &exercise->evidence.during);
	if (!ret)
		ret = exercise_turn_round(exercise, what);
	return ret;
}

static int exercise_slot_attach(struct exercise *exercise, const struct exercise_case *what)
{
	return vmm_slot_set(exercise->vm, EXERCISE_SLOT, exercise_gpa(what), exercise->memory,
			    exercise->pages * GUEST_PAGE_SIZE, 0);
}

static int exercise_slot_detach(struct exercise *exercise, const struct exercise_case *what)
{
	(void)what;
	return vmm_slot_delete(exercise->vm, EXERCISE_SLOT);
}

static const struct exercise_attach_ops exercise_slot_ops = {
	exercise_slot_attach, exercise_slot_detach,
};

static int exercise_use_inside(struct exercise *exercise, const struct exercise_case *what)
{
	const struct exercise_attach_ops *ops = what->attach_ops ?: &exercise_slot_ops;
	int ret, err;

	ret = ops->attach(exercise, what);
	if (ret)
		return exercise_error(exercise, ret, "bringing the buffer into the guest");
	ret = exercise_hook(exercise, what, EXERCISE_ATTACHED);
	if (!ret)
		ret = exercise_use(exercise, what);
	err = ops->detach(exercise, what);
	if (!ret && err)
		ret = exercise_error(exercise, err, "taking the buffer out of the guest");
	return ret;
}

static int exercise_prepare(struct exercise *exercise, const struct exercise_case *what)
{
	size_t i;
	int ret;

	if (!exercise_writes_first(what)) {
		for (i = 0; i < exercise->pages; i++)
			exercise_fill_page(exercise, i, what->first, what->seed);
	} else if (exercise->bo.handle) {
		ret = mockgpu_bo_zap(&exercise->bo);
		if (ret)
			return exercise_error(exercise, ret, "zapping the buffer");
	}
	ret = exercise_look_before(exercise);
	if (!ret)
		exercise_plan_sequence(exercise, what);
	return ret;
}

int exercise_run(struct exercise *exercise, const struct exercise_case *what)
{
	int ret;

	exercise->evidence = (struct judge_evidence){
		.pages = exercise->pages,
		.result = exercise->result,
		.before = exercise->before,
		.complaint = exercise->complaint,
		.refusal_known = judge_refusal_known(),
	};
	memset(exercise->result, GUEST_PENDING, exercise->pages);
	ret = exercise_prepare(exercise, what);
	if (!ret)
		ret = exercise_hook(exercise, what, EXERCISE_PREPARED);
	if (!ret)
		ret = exercise_use_inside(exercise, what);
	if (!ret)
		ret = exercise_hook(exercise, what, EXERCISE_REMOVED);
	if (!ret)
		ret = exercise_look(exercise, exercise->after, &exercise->evidence.after);
	if (!ret)
		ret = exercise_look_at_log(exercise);
	return ret;
}

int exercise_end_vm(struct exercise *exercise)
{
	int ret;

	vmm_destroy(exercise->vm);
	exercise->vm = NULL;
	ret = exercise_look(exercise, exercise->gone, &exercise->evidence.gone);
	return ret ? ret : exercise_look_at_log(exercise);
}

static int exercise_init_vm(struct exercise *exercise, struct vmm *vm)
{
	int ret;

	exercise->vm = vm;
	exercise->owns_vm = !vm;
	exercise->result = calloc(exercise->pages, sizeof(*exercise->result));
	exercise->sequence = calloc(exercise->pages, sizeof(*exercise->sequence));
	exercise->before = calloc(exercise->pages, sizeof(*exercise->before));
	exercise->during = calloc(exercise->pages, sizeof(*exercise->during));
	exercise->after = calloc(exercise->pages, sizeof(*exercise->after));
	exercise->gone = calloc(exercise->pages, sizeof(*exercise->gone));
	if (!exercise->result || !exercise->sequence || !exercise->before || !exercise->during ||
	    !exercise->after || !exercise->gone)
		return exercise_error(exercise, -ENOMEM, "room for %zu pages", exercise->pages);
	if (vm)
		return 0;
	ret = vmm_create(&exercise->vm, 1);
	return ret ? exercise_error(exercise, ret, "creating a VM") : 0;
}

static int exercise_make_bo(struct exercise *exercise, int drm, uint32_t kind, uint32_t order)
{
	size_t size = exercise->pages * GUEST_PAGE_SIZE;
	int ret;

	ret = vm_buffer_create(drm, kind, order, MOCKGPU_CACHING_CACHED, size, &exercise->bo);
	if (ret)
		return exercise_error(exercise, ret,
				      "making a buffer of %zu pages, kind %s, order %u",
				      exercise->pages, mockgpu_kind_name(kind), order);
	exercise->memory = hostmap_reserve(size);
	if (!exercise->memory)
		return exercise_error(exercise, -ENOMEM, "room for a mapping of %zu pages",
				      exercise->pages);
	ret = mockgpu_bo_map(&exercise->bo, exercise->memory);
	if (!ret)
		return 0;
	munmap(exercise->memory, size);
	return exercise_error(exercise, ret, "mapping the buffer");
}

int exercise_init(struct exercise *exercise, int drm, uint32_t kind, uint32_t order, size_t pages,
		  struct vmm *vm, int kmsg)
{
	int ret;

	*exercise = (struct exercise){ .pages = pages, .kmsg = kmsg, .owns_bo = true };
	ret = exercise_make_bo(exercise, drm, kind, order);
	return ret ? ret : exercise_init_vm(exercise, vm);
}

int exercise_init_memory(struct exercise *exercise, void *memory,
			 const struct drm_mockgpu_page *blocks, size_t pages, struct vmm *vm,
			 int kmsg)
{
	int ret;

	*exercise = (struct exercise){ .memory = memory, .pages = pages, .kmsg = kmsg };
	ret = exercise_init_vm(exercise, vm);
	if (!ret)
		memcpy(exercise->before, blocks, pages * sizeof(*blocks));
	return ret;
}

int exercise_init_bo(struct exercise *exercise, const struct mockgpu_bo *bo, void *memory,
		     struct vmm *vm, int kmsg)
{
	*exercise = (struct exercise){
		.bo = *bo, .memory = memory, .pages = bo->size / GUEST_PAGE_SIZE, .kmsg = kmsg,
	};
	return exercise_init_vm(exercise, vm);
}

void exercise_fini(struct exercise *exercise)
{
	if (exercise->owns_vm)
		vmm_destroy(exercise->vm);
	if (exercise->owns_bo)
		mockgpu_bo_destroy(&exercise->bo);
	free(exercise->result);
	free(exercise->sequence);
	free(exercise->before);
	free(exercise->during);
	free(exercise->after);
	free(exercise->gone);
}

const char *exercise_order_name(enum exercise_order access_order)
{
	static const char *const name[] = {
		[EXERCISE_HEADS_FIRST] = "heads",
		[EXERCISE_TAILS_FIRST] = "tails",
		[EXERCISE_BACKWARDS] = "backwards",
		[EXERCISE_RANDOM] = "random",
	};

	return name[access_order];
}
