/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exercising a buffer in a guest: the host and the guest write and read every page,
 * in a chosen order, and everything that judge() wants to know is collected.
 */
#ifndef MOCKGPU_TEST_EXERCISE_H
#define MOCKGPU_TEST_EXERCISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/protocol.h"
#include "hostmap.h"
#include "judge.h"
#include "mockgpu.h"

struct explain_page;
struct exercise;
struct exercise_case;
struct vmm;

/**
 * enum exercise_order - in which order the guest touches pages first
 *
 * @EXERCISE_HEADS_FIRST: the first page of every block, then the others
 * @EXERCISE_TAILS_FIRST: the others, then the first page of every block
 * @EXERCISE_BACKWARDS: from the last page to the first
 * @EXERCISE_RANDOM: shuffled by the seed
 */
enum exercise_order {
	EXERCISE_HEADS_FIRST,
	EXERCISE_TAILS_FIRST,
	EXERCISE_BACKWARDS,
	EXERCISE_RANDOM,
};

#define EXERCISE_ORDERS 4

/**
 * enum exercise_stage - moments at which a hook is called
 *
 * @EXERCISE_PREPARED: the host wrote its data and looked at the pages; the guest
 *	cannot reach them yet
 * @EXERCISE_TOUCHED: the guest has touched every page and still has them
 * @EXERCISE_REMOVED: the memslot is gone, the pages will be looked at next
 */
enum exercise_stage {
	EXERCISE_PREPARED,
	EXERCISE_TOUCHED,
	EXERCISE_REMOVED,
};

/**
 * struct exercise_attach_ops - how a buffer gets into the guest and out again
 *
 * @attach: make it reachable at exercise_gpa()
 * @detach: end that, also where something in between has failed
 *
 * Both return 0 or -errno.
 */
struct exercise_attach_ops {
	int (*attach)(struct exercise *exercise, const struct exercise_case *what);
	int (*detach)(struct exercise *exercise, const struct exercise_case *what);
};

/**
 * struct exercise_case - what to try
 *
 * @first: the guest's first access to each page. GUEST_READ, GUEST_EXECUTE: the host
 *	writes, the guest reads or calls, then the guest writes and the host reads.
 *	GUEST_WRITE, GUEST_STORE: the other way round, and at the guest's first access
 *	the host has no PTEs.
 * @access_order: that of the first access
 * @skewed: the GPA is 4 KiB off the host virtual address modulo
 *	HOSTMAP_ALIGNMENT, so that only 4 KiB entries will do; otherwise it is
 *	congruent
 * @seed: of the data and of EXERCISE_RANDOM
 * @hook: called at each stage, or NULL; an error ends the case with it
 * @opaque: for @hook, @attach_ops and @change
 * @attach_ops: NULL for a memslot of the buffer's own
 * @change: NULL, or called when the guest has read every page (@first is
 *	GUEST_READ) and still has them: may move the buffer, with its contents.
 *	The guest then reads every page anew, before anybody else touches one,
 *	and all that is judged is the buffer as it is then.
 */
struct exercise_case {
	enum guest_op first;
	enum exercise_order access_order;
	bool skewed;
	uint64_t seed;
	int (*hook)(struct exercise *exercise, enum exercise_stage stage, void *opaque);
	void *opaque;
	const struct exercise_attach_ops *attach_ops;
	int (*change)(struct exercise *exercise, void *opaque);
};

/**
 * struct exercise - a buffer and the VM it is tried in
 *
 * @vm: the VM; NULL after exercise_end_vm()
 * @bo: the buffer object, without a handle where @memory is something else's
 * @memory: where the buffer is mapped
 * @pages: its pages
 * @kmsg: from kmsg_open(); not owned; -1 without
 * @explain: NULL, or called with the first page of a pass whose access failed, while the
 *	guest still has it
 * @evidence: what was seen in the last case, for judge()
 * @error: the reason of the last error, one line
 * @result: enum guest_result of the guest's first access to each page
 * @before: each page before the last case
 */
struct exercise {
	struct vmm *vm;
	struct mockgpu_bo bo;
	char *memory;
	size_t pages;
	int kmsg;
	void (*explain)(const struct explain_page *failed);
	struct judge_evidence evidence;
	char error[192];
	uint8_t *result;
	struct drm_mockgpu_page *before;
	/* private: */
	bool owns_vm;
	bool owns_bo;
	uint32_t *sequence;
	struct drm_mockgpu_page *during;
	struct drm_mockgpu_page *after;
	struct drm_mockgpu_page *gone;
	char complaint[192];
};

/**
 * exercise_init() - make a buffer to try
 * @exercise: filled in; to be ended with exercise_fini() whatever is returned
 * @drm: from mockgpu_open(); not owned
 * @kind: enum mockgpu_kind
 * @order: block order
 * @pages: size of the buffer
 * @vm: the VM to use, not owned; NULL: one of its own
 * @kmsg: from kmsg_open(), or -1 not to watch the log
 *
 * Return: 0; -ENOMEM where no such blocks are free; -errno. @exercise->error has
 * the reason.
 */
int exercise_init(struct exercise *exercise, int drm, uint32_t kind, uint32_t order, size_t pages,
		  struct vmm *vm, int kmsg);

/**
 * exercise_init_memory() - try memory that has no buffer object
 * @exercise: as for exercise_init()
 * @memory: where it is mapped, aligned to HOSTMAP_ALIGNMENT; not owned
 * @blocks: its pages as far as they are known: count, and MOCKGPU_PAGE_HEAD or
 *	_TAIL. Nobody can look at them, so they are taken to stay as they are.
 * @pages: entries in @blocks
 * @vm: as for exercise_init()
 * @kmsg: as for exercise_init()
 *
 * Return: as exercise_init().
 */
int exercise_init_memory(struct exercise *exercise, void *memory,
			 const struct drm_mockgpu_page *blocks, size_t pages, struct vmm *vm,
			 int kmsg);

/**
 * exercise_init_bo() - try a buffer that somebody else made
 * @exercise: as for exercise_init()
 * @bo: the buffer; not owned
 * @memory: where all of it is mapped; not owned
 * @vm: as for exercise_init()
 * @kmsg: as for exercise_init()
 *
 * Return: as exercise_init().
 */
int exercise_init_bo(struct exercise *exercise, const struct mockgpu_bo *bo, void *memory,
		     struct vmm *vm, int kmsg);

/**
 * exercise_run() - try one case
 * @exercise: the exercise
 * @what: the case
 *
 * Return: 0 with @exercise->evidence complete; -errno when it could not be tried,
 * with the reason in @exercise->error.
 */
int exercise_run(struct exercise *exercise, const struct exercise_case *what);

/**
 * exercise_end_vm() - end the VM and look at the pages once more
 * @exercise: the exercise, with a VM of its own; its evidence gets the pages without
 *	the VM
 *
 * Return: as exercise_run().
 */
int exercise_end_vm(struct exercise *exercise);

/**
 * exercise_fini() - end the VM, destroy the buffer, free everything of the exercise's own
 * @exercise: the exercise
 */
void exercise_fini(struct exercise *exercise);

/**
 * exercise_gpa() - tell where a case puts the buffer in the guest
 * @what: the case
 *
 * Return: guest physical address of page 0.
 */
uint64_t exercise_gpa(const struct exercise_case *what);

/**
 * exercise_order_name() - name an access order
 * @access_order: the order
 *
 * Return: "heads", "tails", "backwards" or "random".
 */
const char *exercise_order_name(enum exercise_order access_order);

#endif /* MOCKGPU_TEST_EXERCISE_H */
