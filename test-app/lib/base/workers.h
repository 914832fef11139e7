/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Supervised worker processes: the parent knows how each one ended, and finds, shows and
 * kills one that hangs. Workers call workers_beat(), workers_note() and
 * workers_stopping(); only the parent calls the others.
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
 * struct workers_thread - what one thread of a worker reports about itself
 * @beats: steps begun so far; only this thread writes it
 * @doing: the step, a constant string, or NULL when the thread is done
 */
struct workers_thread {
	_Atomic uint64_t beats;
	const char * _Atomic doing;
};

/**
 * struct workers_shared - memory shared by the parent and the workers
 * @stop: the workers must end
 * @failures: calls of workers_note()
 * @note: text of the first ones
 * @thread: by worker and thread
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
 * @status: of the last process, as from waitpid()
 * @hung: it made no step for too long and was killed
 * @stuck: it did not even end on SIGKILL
 * @seen: beats of its threads at the last look
 * @since: second at which each of them last changed
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
 * struct workers - a pool of worker processes
 * @members: number of workers
 * @threads: threads per worker
 * @patience: seconds a step may take, and the kernel to end a killed process
 * @out: where hangs are described, in lines that begin with "# "
 * @shared: shared with the workers
 * @member: the workers, by number
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
 * workers_init() - prepare the pool without starting a worker
 * @workers: with members, threads, patience and out set and the rest 0
 *
 * Return: 0, and workers_fini() undoes it; -errno.
 */
int workers_init(struct workers *workers);

/** workers_fini() - undo workers_init(); no worker may be running */
void workers_fini(struct workers *workers);

/**
 * workers_start() - start one worker
 * @workers: the pool
 * @member: which one, not running
 * @work: what it does; the process exits with its return value, 0 to 255
 * @arg: given to it
 *
 * The worker dies with its parent.
 *
 * Return: 0 or -errno.
 */
int workers_start(struct workers *workers, unsigned int member,
		  int (*work)(struct workers *workers, unsigned int member, void *arg), void *arg);

/**
 * workers_look() - check who ended and who hangs; call it regularly
 * @workers: the pool
 *
 * A worker with a thread that made no step for patience seconds is described and killed.
 *
 * Return: how many are running.
 */
unsigned int workers_look(struct workers *workers);

/**
 * workers_kill() - end a worker with SIGKILL and wait for it
 * @workers: the pool
 * @member: which one
 */
void workers_kill(struct workers *workers, unsigned int member);

/** workers_stop() - tell all workers to end and supervise them until they have */
void workers_stop(struct workers *workers);

/**
 * workers_all_ended() - tell whether every worker ended by itself with status 0
 * @workers: the pool; no worker may be running
 *
 * A caller of workers_kill() sets the status to 0 to excuse that worker. Prints a line
 * that begins with "# " about each worker that ended otherwise.
 *
 * Return: true when all did.
 */
bool workers_all_ended(const struct workers *workers);

/** workers_stopping() - tell a worker whether it must end */
static inline bool workers_stopping(const struct workers *workers)
{
	return atomic_load_explicit(&workers->shared->stop, memory_order_relaxed);
}

/**
 * workers_beat() - report what a worker's thread does next
 * @workers: the pool
 * @member: the worker
 * @thread: the thread
 * @doing: a constant string; NULL when the thread is done
 */
static inline void workers_beat(struct workers *workers, unsigned int member,
				unsigned int thread, const char *doing)
{
	struct workers_thread *self = &workers->shared->thread[member][thread];

	atomic_store_explicit(&self->doing, doing, memory_order_relaxed);
	atomic_fetch_add_explicit(&self->beats, 1, memory_order_relaxed);
}

/**
 * workers_note() - report that a worker found something wrong
 * @workers: the pool
 * @format: one line; the first WORKERS_NOTES_MAX are kept
 */
void workers_note(struct workers *workers, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * workers_no_failures() - tell whether nobody called workers_note()
 * @workers: the pool
 *
 * Prints the lines that were kept, each after "# ".
 *
 * Return: true when nobody did.
 */
bool workers_no_failures(const struct workers *workers);

#endif /* MOCKGPU_TEST_WORKERS_H */
