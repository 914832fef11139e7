/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Worker processes under a watch: who ends how is known, and who hangs is found,
 * shown and killed. The parent alone calls the functions but workers_beat(),
 * workers_note() and workers_stopping(), which are for the workers.
 */
#ifndef MOCKGPU_TEST_WORKERS_H
#define MOCKGPU_TEST_WORKERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define WORKERS_MAX 16
#define WORKERS_THREADS_MAX 8
#define WORKERS_NOTES_MAX 8
#define WORKERS_NOTE_MAX 512

/**
 * struct workers_thread - what one thread of a worker says about itself
 * @beats: steps begun so far; only this thread writes
 * @doing: the step, a constant string, or NULL when it has ended
 */
struct workers_thread {
	_Atomic uint64_t beats;
	const char * _Atomic doing;
};

/**
 * struct workers_shared - memory that parent and workers have in common
 * @stop: the workers shall end
 * @failures: calls of workers_note()
 * @note: the text of the first ones
 * @thread: by member and thread
 */
struct workers_shared {
	atomic_bool stop;
	atomic_uint failures;
	char note[WORKERS_NOTES_MAX][WORKERS_NOTE_MAX];
	struct workers_thread thread[WORKERS_MAX][WORKERS_THREADS_MAX];
};

/**
 * struct worker - one worker process, as the parent sees it
 * @pid: its process, 0 when none runs
 * @status: of the last one, as from waitpid()
 * @hung: it made no step for too long; it was killed
 * @stuck: it did not even go after SIGKILL
 * @seen: beats of its threads at the last look
 * @since: second at which each became that
 */
struct worker {
	pid_t pid;
	int status;
	bool hung;
	bool stuck;
	uint64_t seen[WORKERS_THREADS_MAX];
	uint64_t since[WORKERS_THREADS_MAX];
};

/**
 * struct workers - worker processes
 * @members: how many
 * @threads: of each
 * @patience: seconds a step may take
 * @out: where hangs are described, in lines that begin with "# "
 * @shared: shared with the workers
 * @member: by number
 */
struct workers {
	unsigned int members;
	unsigned int threads;
	unsigned int patience;
	FILE *out;
	struct workers_shared *shared;
	struct worker member[WORKERS_MAX];
};

/**
 * workers_init() - prepare the workers without starting anybody
 * @workers: with members, threads, patience and out set and the rest 0
 *
 * Return: 0 or -errno; then workers_fini() undoes it.
 */
int workers_init(struct workers *workers);

/** workers_fini() - undo workers_init(); no worker may run */
void workers_fini(struct workers *workers);

/**
 * workers_start() - start one worker
 * @workers: the workers
 * @member: which, not running
 * @work: what it does; the process exits with what this returns, 0 to 255
 * @arg: given to it
 *
 * The worker dies with its parent.
 *
 * Return: 0 or -errno.
 */
int workers_start(struct workers *workers, unsigned int member,
		  int (*work)(struct workers *workers, unsigned int member, void *arg), void *arg);

/**
 * workers_look() - see who ended and who hangs; call it every now and then
 * @workers: the workers
 *
 * A worker whose thread has not made a step for patience seconds is described
 * and killed.
 *
 * Return: how many run.
 */
unsigned int workers_look(struct workers *workers);

/**
 * workers_kill() - end a worker with SIGKILL and wait for that
 * @workers: the workers
 * @member: which
 */
void workers_kill(struct workers *workers, unsigned int member);

/** workers_stop() - tell all workers to end and watch until they have */
void workers_stop(struct workers *workers);

/**
 * workers_all_ended() - whether every worker came to its end by itself, with 0
 * @workers: the workers, of which nobody runs any more
 *
 * What workers_kill() ended is nobody's fault if its status was set to 0 then. Prints
 * about each other one a line that begins with "# ".
 *
 * Return: true when they did.
 */
bool workers_all_ended(const struct workers *workers);

/** workers_stopping() - whether a worker shall end */
static inline bool workers_stopping(const struct workers *workers)
{
	return atomic_load_explicit(&workers->shared->stop, memory_order_relaxed);
}

/**
 * workers_beat() - a worker's thread says what it does next
 * @workers: the workers
 * @member: the worker
 * @thread: the thread
 * @doing: a constant string; NULL: nothing any more
 */
static inline void workers_beat(struct workers *workers, unsigned int member,
				unsigned int thread, const char *doing)
{
	struct workers_thread *self = &workers->shared->thread[member][thread];

	atomic_store_explicit(&self->doing, doing, memory_order_relaxed);
	atomic_fetch_add_explicit(&self->beats, 1, memory_order_relaxed);
}

/**
 * workers_note() - a worker found something wrong
 * @workers: the workers
 * @format: one line; the first WORKERS_NOTES_MAX are kept
 */
void workers_note(struct workers *workers, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * workers_no_failures() - whether nobody called workers_note()
 * @workers: the workers
 *
 * Prints what is kept, in lines that begin with "# ".
 *
 * Return: true when nobody did.
 */
bool workers_no_failures(const struct workers *workers);

#endif /* MOCKGPU_TEST_WORKERS_H */
