/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exercise a buffer in a guest: the host and the guest write and read every page in a
 * chosen order, and everything that judge() needs is collected.
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
 * enum exercise_order - the order in which the guest touches pages first
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
 * enum exercise_stage - when a hook is called
 *
 * @EXERCISE_PREPARED: the host has written its data and queried the pages; the guest
 *	cannot reach them yet
 * @EXERCISE_ATTACHED: the guest can reach them and has not
 * @EXERCISE_TOUCHED: the guest has touched every page and still has them
 * @EXERCISE_REMOVED: the memslot is gone; the pages are queried next
 */
enum exercise_stage {
	EXERCISE_PREPARED,
	EXERCISE_ATTACHED,
	EXERCISE_TOUCHED,
	EXERCISE_REMOVED,
};

/**
 * struct exercise_attach_ops - attach a buffer to the guest and detach it
 *
 * @attach: make it accessible at exercise_gpa()
 * @detach: undo that, also after a failure in between
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
 *	GUEST_WRITE, GUEST_STORE: the other way round, and the host has no PTEs at the
 *	guest's first access.
 * @access_order: order of the first accesses
 * @skewed: the GPA is 4 KiB off the host virtual address modulo HOSTMAP_ALIGNMENT, so
 *	only 4 KiB entries are possible; otherwise they are congruent
 * @seed: of the data and of EXERCISE_RANDOM
 * @hook: called at each stage, or NULL; an error ends the case with that error
 * @opaque: for @hook, @attach_ops and @change
 * @attach_ops: NULL for a memslot of its own
 * @change: NULL, or called when the guest has read every page (@first is GUEST_READ) and
 *	still has them. It may move the buffer with its contents. The guest then reads
 *	every page again before anybody else touches one, and only the buffer as it is
 *	then is judged.
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
 * @bo: the buffer object; without a handle if @memory does not belong to one
 * @memory: where the buffer is mapped
 * @pages: its size in pages
 * @kmsg: from kmsg_open(); not owned; -1 without
 * @explain: NULL, or called with the first page of a pass whose access failed, while the
 *	guest still has it
 * @evidence: what was seen in the last case, for judge()
 * @error: the reason for the last error, one line
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
 * exercise_init() - create a buffer to try
 * @exercise: out; to be ended with exercise_fini() whatever is returned
 * @drm: from mockgpu_open(); not owned
 * @kind: enum mockgpu_kind
 * @order: block order
 * @pages: size of the buffer in pages
 * @vm: the VM to use, not owned; NULL to create one
 * @kmsg: from kmsg_open(), or -1 not to watch the log
 *
 * Return: 0; -ENOMEM without free blocks of that order; -errno. @exercise->error has the
 * reason.
 */
int exercise_init(struct exercise *exercise, int drm, uint32_t kind, uint32_t order, size_t pages,
		  struct vmm *vm, int kmsg);

/**
 * exercise_init_memory() - try memory without a buffer object
 * @exercise: as for exercise_init()
 * @memory: where it is mapped, aligned to HOSTMAP_ALIGNMENT; not owned
 * @blocks: its pages as far as they are known: count, and MOCKGPU_PAGE_HEAD or _TAIL.
 *	Nobody can query them, so they are assumed not to change.
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
 * exercise_init_bo() - try a buffer that the caller has created
 * @exercise: as for exercise_init()
 * @bo: the buffer; not owned
 * @memory: where it is mapped in full; not owned
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
 * Return: 0 with @exercise->evidence complete; -errno if it could not be tried, with the
 * reason in @exercise->error.
 */
int exercise_run(struct exercise *exercise, const struct exercise_case *what);

/**
 * exercise_end_vm() - end the VM and query the pages once more
 * @exercise: the exercise, with a VM of its own; the pages without the VM become part of
 *	its evidence
 *
 * Return: as exercise_run().
 */
int exercise_end_vm(struct exercise *exercise);

/**
 * exercise_fini() - end the VM and destroy the buffer if owned, free the rest
 * @exercise: the exercise
 */
void exercise_fini(struct exercise *exercise);

/**
 * exercise_gpa() - get the guest physical address of the buffer in a case
 * @what: the case
 *
 * Return: guest physical address of page 0.
 */
uint64_t exercise_gpa(const struct exercise_case *what);

/**
 * exercise_order_name() - get the name of an access order
 * @access_order: the order
 *
 * Return: "heads", "tails", "backwards" or "random".
 */
const char *exercise_order_name(enum exercise_order access_order);

#endif /* MOCKGPU_TEST_EXERCISE_H */
