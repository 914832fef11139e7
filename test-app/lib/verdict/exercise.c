// SPDX-License-Identifier: GPL-2.0-only
/* Trying a buffer in a guest, see exercise.h. */

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

#define TRIAL_SLOT 1

__attribute__((format(printf, 3, 4)))
static int trial_error(struct trial *trial, int err, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(trial->error, sizeof(trial->error), format, args);
	va_end(args);
	if (len >= 0 && len < (int)sizeof(trial->error))
		snprintf(trial->error + len, sizeof(trial->error) - len, ": %s",
			 strerror(-err));
	return err;
}

static uint64_t *trial_word(struct trial *trial, size_t page, uint32_t word)
{
	return (uint64_t *)(trial->memory + page * GUEST_PAGE_SIZE) + word;
}

static bool trial_writes_first(const struct trial_case *what)
{
	return what->first == GUEST_WRITE || what->first == GUEST_STORE;
}

/* What a page holds: the data of a pass, or code that returns it. */
static uint64_t trial_value(enum guest_op op, uint64_t seed, size_t page, uint32_t word)
{
	uint64_t value = guest_value(seed, page, word);

	return op == GUEST_EXECUTE ? guest_code(value) : value;
}

static void trial_fill_page(struct trial *trial, size_t page, enum guest_op op, uint64_t seed)
{
	size_t i;

	for (i = 0; i < GUEST_WORDS; i++)
		*trial_word(trial, page, guest_words[i]) =
			trial_value(op, seed, page, guest_words[i]);
}

static void trial_check_page(struct trial *trial, size_t page, enum guest_op op, uint64_t seed)
{
	struct judge_wrong *wrong = &trial->evidence.host_wrong;
	size_t i;

	for (i = 0; i < GUEST_WORDS; i++) {
		uint64_t right = trial_value(op, seed, page, guest_words[i]);
		uint64_t seen = *(volatile uint64_t *)trial_word(trial, page, guest_words[i]);

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

static size_t trial_add_blocks(struct trial *trial, size_t done, bool heads)
{
	size_t i;

	for (i = 0; i < trial->pages; i++) {
		if (heads == !(trial->before[i].flags & MOCKGPU_PAGE_TAIL))
			trial->sequence[done++] = i;
	}
	return done;
}

/* Fisher and Yates; the values of guest_value() are as good as random ones. */
static void trial_shuffle(struct trial *trial, uint64_t seed)
{
	size_t i;

	for (i = trial->pages - 1; i > 0; i--) {
		size_t j = guest_value(seed, i, 0) % (i + 1);
		uint32_t page = trial->sequence[i];

		trial->sequence[i] = trial->sequence[j];
		trial->sequence[j] = page;
	}
}

static void trial_plan_sequence(struct trial *trial, const struct trial_case *what)
{
	bool heads_first = what->access_order != TRIAL_TAILS_FIRST;
	size_t i;

	if (what->access_order == TRIAL_HEADS_FIRST || what->access_order == TRIAL_TAILS_FIRST) {
		trial_add_blocks(trial, trial_add_blocks(trial, 0, heads_first), !heads_first);
		return;
	}
	for (i = 0; i < trial->pages; i++)
		trial->sequence[i] = trial->pages - 1 - i;
	if (what->access_order == TRIAL_RANDOM)
		trial_shuffle(trial, what->seed);
}

static int trial_read_pages(struct trial *trial, struct drm_mockgpu_page *pages)
{
	int64_t count = mockgpu_bo_pages(&trial->bo, 0, trial->pages, pages);

	if (count < 0)
		return trial_error(trial, count, "looking at the pages");
	if ((size_t)count != trial->pages)
		return trial_error(trial, -EIO, "looking at the pages gave %lld of %zu",
				   (long long)count, trial->pages);
	return 0;
}

static int trial_look_before(struct trial *trial)
{
	int ret;

	if (!trial->bo.handle)
		return 0;
	ret = mockgpu_bo_snapshot(&trial->bo);
	if (ret)
		return trial_error(trial, ret, "taking a snapshot of the pages");
	return trial_read_pages(trial, trial->before);
}

/*
 * Let the driver compare all pages with its snapshot. @seen is set to @pages
 * with what differs filled in, or stays NULL when nothing does.
 */
static int trial_look(struct trial *trial, struct drm_mockgpu_page *pages,
		      const struct drm_mockgpu_page **seen)
{
	struct drm_mockgpu_bo_compare compare;
	int ret;

	if (!trial->bo.handle)
		return 0;
	ret = mockgpu_bo_compare(&trial->bo, &compare);
	if (ret)
		return trial_error(trial, ret, "comparing the pages with the snapshot");
	if (!compare.changed)
		return 0;
	ret = trial_read_pages(trial, pages);
	if (ret)
		return ret;
	/* What the driver saw change counts, even if it has changed back since. */
	pages[compare.first] = compare.after;
	*seen = pages;
	return 0;
}

static int trial_look_at_log(struct trial *trial)
{
	int found;

	if (trial->kmsg < 0)
		return 0;
	found = kmsg_complaints(trial->kmsg, trial->complaint, sizeof(trial->complaint));
	if (found < 0)
		return trial_error(trial, found, "reading the kernel log");
	trial->evidence.complaints = found;
	return 0;
}

static int trial_hook(struct trial *trial, const struct trial_case *what,
		      enum trial_stage stage)
{
	int ret = what->hook ? what->hook(trial, stage, what->opaque) : 0;

	return ret ? trial_error(trial, ret, "the hook of stage %d", stage) : 0;
}

uint64_t trial_gpa(const struct trial_case *what)
{
	return VMM_VRAM_GPA + (what->skewed ? GUEST_PAGE_SIZE : 0);
}

/* The first page whose access did not go as it does on this kernel, or @accesses. */
static size_t trial_first_unexpected(const struct trial *trial, size_t accesses)
{
	size_t i;

	for (i = 0; i < accesses; i++) {
		const uint32_t page = trial->sequence[i];

		if (trial->result[page] == GUEST_EFAULT && trial->evidence.refusal_known &&
		    judge_page_refusable(&trial->before[page]))
			continue;
		if (trial->result[page] != GUEST_MAPPED)
			break;
	}
	return i;
}

static void trial_explain(struct trial *trial, const struct trial_case *what,
			  enum guest_op op, uint64_t seed, size_t accesses)
{
	const size_t at = trial_first_unexpected(trial, accesses);
	const struct explain_page failed = {
		.vm = trial->vm,
		.bo = trial->bo.handle ? &trial->bo : NULL,
		.memory = trial->memory,
		.gpa = trial_gpa(what),
		.page = at < accesses ? trial->sequence[at] : 0,
		.op = op,
		.seed = seed,
		.info = &trial->before[at < accesses ? trial->sequence[at] : 0],
	};

	if (trial->explain && at < accesses)
		trial->explain(&failed);
}

/* One pass of the guest over the @accesses pages of trial->sequence. */
static int trial_touch(struct trial *trial, const struct trial_case *what,
		       enum guest_op op, uint64_t seed, size_t accesses)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(trial->vm, 0);
	struct judge_wrong *wrong = &trial->evidence.guest_wrong;
	struct touch touch = {
		.op = op,
		.gpa = trial_gpa(what),
		.seed = seed,
		.sequence = trial->sequence,
		.accesses = accesses,
		.result = trial->result,
	};
	int ret = touch_run(vcpu, &touch);

	if (ret)
		return trial_error(trial, ret, "running the guest: %s", vmm_vcpu_strexit(vcpu));
	if (touch.wrong_words && !wrong->words) {
		wrong->page = touch.wrong_page;
		wrong->word = touch.wrong_word;
		wrong->right = guest_value(seed, touch.wrong_page, touch.wrong_word);
		wrong->seen = touch.wrong_value;
	}
	wrong->words += touch.wrong_words;
	trial->evidence.spurious += touch.spurious;
	trial_explain(trial, what, op, seed, accesses);
	return 0;
}

static bool trial_reached(const struct trial *trial, size_t page)
{
	return trial->result[page] == GUEST_MAPPED || trial->result[page] == GUEST_WRONG;
}

/* Leave in the sequence only pages the guest could reach. */
static size_t trial_keep_mapped(struct trial *trial)
{
	size_t i, kept = 0;

	for (i = 0; i < trial->pages; i++) {
		if (trial_reached(trial, trial->sequence[i]))
			trial->sequence[kept++] = trial->sequence[i];
	}
	return kept;
}

/* The second pass: the data goes the other way. */
static int trial_turn_round(struct trial *trial, const struct trial_case *what)
{
	size_t mapped = trial_keep_mapped(trial);
	size_t i;
	int ret;

	if (!trial_writes_first(what)) {
		ret = trial_touch(trial, what, GUEST_WRITE, ~what->seed, mapped);
		for (i = 0; !ret && i < trial->pages; i++) {
			if (trial_reached(trial, i))
				trial_check_page(trial, i, GUEST_WRITE, ~what->seed);
			else
				trial_check_page(trial, i, what->first, what->seed);
		}
		return ret;
	}
	for (i = 0; i < mapped; i++) {
		trial_check_page(trial, trial->sequence[i], GUEST_WRITE, what->seed);
		trial_fill_page(trial, trial->sequence[i], GUEST_READ, ~what->seed);
	}
	return trial_touch(trial, what, GUEST_READ, ~what->seed, mapped);
}

/* After a swapout there are no pages to look at until the guest has touched them. */
static int trial_change(struct trial *trial, const struct trial_case *what)
{
	int ret = what->change(trial, what->opaque);

	if (ret)
		return trial_error(trial, ret, "changing the buffer");
	memset(trial->result, GUEST_PENDING, trial->pages);
	ret = trial_touch(trial, what, GUEST_READ, what->seed, trial->pages);
	return ret ? ret : trial_look_before(trial);
}

/* What happens while the guest has the buffer. */
static int trial_use(struct trial *trial, const struct trial_case *what)
{
	int ret;

	ret = trial_touch(trial, what, what->first, what->seed, trial->pages);
	if (!ret)
		ret = trial_hook(trial, what, TRIAL_TOUCHED);
	if (!ret && what->change)
		ret = trial_change(trial, what);
	if (!ret)
		ret = trial_look(trial, trial->during, &trial->evidence.during);
	if (!ret)
		ret = trial_turn_round(trial, what);
	return ret;
}

static int trial_slot_attach(struct trial *trial, const struct trial_case *what)
{
	return vmm_slot_set(trial->vm, TRIAL_SLOT, trial_gpa(what), trial->memory,
			    trial->pages * GUEST_PAGE_SIZE, 0);
}

static int trial_slot_detach(struct trial *trial, const struct trial_case *what)
{
	(void)what;
	return vmm_slot_delete(trial->vm, TRIAL_SLOT);
}

static const struct trial_attach_ops trial_slot_ops = { trial_slot_attach, trial_slot_detach };

static int trial_use_inside(struct trial *trial, const struct trial_case *what)
{
	const struct trial_attach_ops *ops = what->attach_ops ? what->attach_ops : &trial_slot_ops;
	int ret, err;

	ret = ops->attach(trial, what);
	if (ret)
		return trial_error(trial, ret, "bringing the buffer into the guest");
	ret = trial_use(trial, what);
	err = ops->detach(trial, what);
	if (!ret && err)
		ret = trial_error(trial, err, "taking the buffer out of the guest");
	return ret;
}

static int trial_prepare(struct trial *trial, const struct trial_case *what)
{
	size_t i;
	int ret;

	if (!trial_writes_first(what)) {
		for (i = 0; i < trial->pages; i++)
			trial_fill_page(trial, i, what->first, what->seed);
	} else if (trial->bo.handle) {
		ret = mockgpu_bo_zap(&trial->bo);
		if (ret)
			return trial_error(trial, ret, "zapping the buffer");
	}
	ret = trial_look_before(trial);
	if (!ret)
		trial_plan_sequence(trial, what);
	return ret;
}

int trial_run(struct trial *trial, const struct trial_case *what)
{
	int ret;

	trial->evidence = (struct judge_evidence){
		.pages = trial->pages,
		.result = trial->result,
		.before = trial->before,
		.complaint = trial->complaint,
		.refusal_known = judge_refusal_known(),
	};
	memset(trial->result, GUEST_PENDING, trial->pages);
	ret = trial_prepare(trial, what);
	if (!ret)
		ret = trial_hook(trial, what, TRIAL_PREPARED);
	if (!ret)
		ret = trial_use_inside(trial, what);
	if (!ret)
		ret = trial_hook(trial, what, TRIAL_REMOVED);
	if (!ret)
		ret = trial_look(trial, trial->after, &trial->evidence.after);
	if (!ret)
		ret = trial_look_at_log(trial);
	return ret;
}

int trial_end_vm(struct trial *trial)
{
	int ret;

	vmm_destroy(trial->vm);
	trial->vm = NULL;
	ret = trial_look(trial, trial->gone, &trial->evidence.gone);
	return ret ? ret : trial_look_at_log(trial);
}

static int trial_init_vm(struct trial *trial, struct vmm *vm)
{
	int ret;

	trial->vm = vm;
	trial->owns_vm = !vm;
	trial->result = calloc(trial->pages, sizeof(*trial->result));
	trial->sequence = calloc(trial->pages, sizeof(*trial->sequence));
	trial->before = calloc(trial->pages, sizeof(*trial->before));
	trial->during = calloc(trial->pages, sizeof(*trial->during));
	trial->after = calloc(trial->pages, sizeof(*trial->after));
	trial->gone = calloc(trial->pages, sizeof(*trial->gone));
	if (!trial->result || !trial->sequence || !trial->before || !trial->during ||
	    !trial->after || !trial->gone)
		return trial_error(trial, -ENOMEM, "room for %zu pages", trial->pages);
	if (vm)
		return 0;
	ret = vmm_create(&trial->vm, 1);
	return ret ? trial_error(trial, ret, "creating a VM") : 0;
}

static int trial_make_bo(struct trial *trial, int drm, uint32_t kind, uint32_t order)
{
	size_t size = trial->pages * GUEST_PAGE_SIZE;
	int ret;

	ret = vm_buffer_create(drm, kind, order, MOCKGPU_CACHING_CACHED, size, &trial->bo);
	if (ret)
		return trial_error(trial, ret, "making a buffer of %zu pages, kind %s, order %u",
				   trial->pages, mockgpu_kind_name(kind), order);
	trial->memory = hostmap_reserve(size);
	if (!trial->memory)
		return trial_error(trial, -ENOMEM, "room for a mapping of %zu pages",
				   trial->pages);
	ret = mockgpu_bo_map(&trial->bo, trial->memory);
	if (!ret)
		return 0;
	munmap(trial->memory, size);
	return trial_error(trial, ret, "mapping the buffer");
}

int trial_init(struct trial *trial, int drm, uint32_t kind, uint32_t order, size_t pages,
	       struct vmm *vm, int kmsg)
{
	int ret;

	*trial = (struct trial){ .pages = pages, .kmsg = kmsg, .owns_bo = true };
	ret = trial_make_bo(trial, drm, kind, order);
	return ret ? ret : trial_init_vm(trial, vm);
}

int trial_init_memory(struct trial *trial, void *memory,
		      const struct drm_mockgpu_page *blocks, size_t pages, struct vmm *vm,
		      int kmsg)
{
	int ret;

	*trial = (struct trial){ .memory = memory, .pages = pages, .kmsg = kmsg };
	ret = trial_init_vm(trial, vm);
	if (!ret)
		memcpy(trial->before, blocks, pages * sizeof(*blocks));
	return ret;
}

int trial_init_bo(struct trial *trial, const struct mockgpu_bo *bo, void *memory,
		  struct vmm *vm, int kmsg)
{
	*trial = (struct trial){
		.bo = *bo, .memory = memory, .pages = bo->size / GUEST_PAGE_SIZE, .kmsg = kmsg,
	};
	return trial_init_vm(trial, vm);
}

void trial_fini(struct trial *trial)
{
	if (trial->owns_vm)
		vmm_destroy(trial->vm);
	if (trial->owns_bo)
		mockgpu_bo_destroy(&trial->bo);
	free(trial->result);
	free(trial->sequence);
	free(trial->before);
	free(trial->during);
	free(trial->after);
	free(trial->gone);
}

const char *trial_order_name(enum trial_order access_order)
{
	static const char *const name[] = {
		[TRIAL_HEADS_FIRST] = "heads",
		[TRIAL_TAILS_FIRST] = "tails",
		[TRIAL_BACKWARDS] = "backwards",
		[TRIAL_RANDOM] = "random",
	};

	return name[access_order];
}
