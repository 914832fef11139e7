/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stress test of all operations at once: processes with threads share buffers, move them while
 * others use them, and are killed. ops.c has the table of operations; ledger.h explains how wrong
 * data is noticed.
 */
#ifndef MOCKGPU_STRESS_H
#define MOCKGPU_STRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "array.h"
#include "ledger.h"
#include "mockgpu.h"
#include "prng.h"
#include "workers.h"

#define STRESS_SLOTS 16
/* Most pages of a usual buffer, and of a large one. */
#define STRESS_PAGES 32
#define STRESS_PAGES_MANY 512
/* A huge entry of x86-64 and, with 4 KiB pages, of arm64. */
#define STRESS_PAGES_HUGE 512
#define STRESS_ORDER_HUGE 9
#define STRESS_ERRORS 8
#define STRESS_OPS_MAX 32

/**
 * struct stress_counts - statistics, shared by all workers
 * @done: by operation: how often it was done
 * @refused: by operation: how often the driver refused it with an allowed error
 * @kills: workers killed
 */
struct stress_counts {
	_Atomic uint64_t done[STRESS_OPS_MAX];
	_Atomic uint64_t refused[STRESS_OPS_MAX];
	_Atomic uint64_t kills;
};

/**
 * struct stress_setup - parameters of all workers
 * @seed: seed of all random numbers
 * @threads: threads of each worker
 * @post: a pair of sockets: buffers are sent to the first and received from the second
 * @counts: statistics
 * @lives: workers started so far, so that each has its own random numbers
 */
struct stress_setup {
	uint64_t seed;
	unsigned int threads;
	int post[2];
	struct stress_counts *counts;
	unsigned int lives;
};

/**
 * struct stress_slot - a slot for a buffer
 * @lock: held for writing to change the members, for reading to use the buffer
 * @bo: the buffer; without a handle if it is only a dma-buf
 * @ref: its ledger; without memory the slot is empty
 * @dmabuf: the dma-buf of a buffer without a handle, else -1
 */
struct stress_slot {
	pthread_rwlock_t lock;
	struct mockgpu_bo bo;
	struct ledger_ref ref;
	int dmabuf;
};

/**
 * struct stress_worker - one process
 * @workers: all workers
 * @number: number of this one
 * @setup: parameters of all workers
 * @fd: its DRM file
 * @vgem: its DRM file of vgem, or -1
 * @page: page size in bytes
 * @hides: whether a part of VRAM is out of the CPU's reach
 * @tags: next tag of a buffer
 * @handles: serialises the creation and closing of handles: an import can return
 *	the handle of another slot
 * @slot: its buffers
 */
struct stress_worker {
	struct workers *workers;
	unsigned int number;
	struct stress_setup *setup;
	int fd;
	int vgem;
	size_t page;
	bool hides;
	_Atomic uint64_t tags;
	pthread_mutex_t handles;
	struct stress_slot slot[STRESS_SLOTS];
};

/**
 * struct stress_thread - one thread of a worker
 * @worker: the worker
 * @number: number of this thread
 * @prng: its generator of random numbers
 * @doing: name of the current operation
 */
struct stress_thread {
	struct stress_worker *worker;
	unsigned int number;
	struct prng prng;
	const char *doing;
};

/**
 * enum stress_use - what an operation needs
 *
 * @STRESS_EMPTY: an empty slot, locked for writing
 * @STRESS_CHANGE: a buffer, locked for writing
 * @STRESS_USE: a buffer, locked for reading
 */
enum stress_use {
	STRESS_EMPTY,
	STRESS_CHANGE,
	STRESS_USE,
};

/** STRESS_NOTHING - the result of an operation that had nothing to work on. */
#define STRESS_NOTHING 1

/**
 * struct stress_op - one operation
 * @name: its name in the report
 * @weight: how often it is done, relative to others
 * @use: what it needs
 * @run: run it; returns 0, STRESS_NOTHING or a negative errno
 * @errors: errors that it may return, ended by 0; ENODEV is allowed for revoked buffers
 * @optional: some kernels do not support it
 */
struct stress_op {
	const char *name;
	unsigned int weight;
	enum stress_use use;
	int (*run)(struct stress_thread *thread, struct stress_slot *slot);
	int errors[STRESS_ERRORS];
	bool optional;
};

extern const struct stress_op stress_ops[];
extern const unsigned int stress_op_count;

/* look.c */
void stress_complain(struct stress_thread *thread, const struct stress_slot *slot,
		     const char *what, uint64_t page);
void stress_look(struct stress_thread *thread, struct stress_slot *slot, void *map);
void stress_look_at_all(struct stress_thread *thread, struct stress_slot *slot, void *map);

/* share.c */
int stress_op_send(struct stress_thread *thread, struct stress_slot *slot);
int stress_op_receive(struct stress_thread *thread, struct stress_slot *slot);
int stress_op_map_dmabuf(struct stress_thread *thread, struct stress_slot *slot);
int stress_op_vgem(struct stress_thread *thread, struct stress_slot *slot);
int stress_op_udmabuf(struct stress_thread *thread, struct stress_slot *slot);
int stress_op_heap(struct stress_thread *thread, struct stress_slot *slot);

/* slot.c */
void stress_slot_clear(struct stress_worker *worker, struct stress_slot *slot);

/* worker.c */
int stress_work(struct workers *workers, unsigned int member, void *setup);

#endif /* MOCKGPU_STRESS_H */
