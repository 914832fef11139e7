/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Worker processes under a watch: who ends how is known, and who hangs is found,
 * shown and killed. The parent alone calls the functions but crew_beat(),
 * crew_note() and crew_stopping(), which are for the workers.
 */
#ifndef MOCKGPU_TEST_CREW_H
#define MOCKGPU_TEST_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define CREW_MEMBERS_MAX 16
#define CREW_THREADS_MAX 8
#define CREW_NOTES_MAX 8
#define CREW_NOTE_MAX 512

/**
 * struct crew_thread - what one thread of a worker says about itself
 * @beats: steps begun so far; only this thread writes
 * @doing: the step, a constant string, or NULL when it has ended
 */
struct crew_thread {
	_Atomic uint64_t beats;
	const char * _Atomic doing;
};

/**
 * struct crew_shared - memory that parent and workers have in common
 * @stop: the workers shall end
 * @failures: calls of crew_note()
 * @note: the text of the first ones
 * @thread: by member and thread
 */
struct crew_shared {
	atomic_bool stop;
	atomic_uint failures;
	char note[CREW_NOTES_MAX][CREW_NOTE_MAX];
	struct crew_thread thread[CREW_MEMBERS_MAX][CREW_THREADS_MAX];
};

/**
 * struct crew_member - one worker process, as the parent sees it
 * @pid: its process, 0 when none runs
 * @status: of the last one, as from waitpid()
 * @hung: it made no step for too long; it was killed
 * @stuck: it did not even go after SIGKILL
 * @seen: beats of its threads at the last look
 * @since: second at which each became that
 */
struct crew_member {
	pid_t pid;
	int status;
	bool hung;
	bool stuck;
	uint64_t seen[CREW_THREADS_MAX];
	uint64_t since[CREW_THREADS_MAX];
};

/**
 * struct crew - worker processes
 * @members: how many
 * @threads: of each
 * @patience: seconds a step may take
 * @out: where hangs are described, in lines that begin with "# "
 * @shared: shared with the workers
 * @member: by number
 */
struct crew {
	unsigned int members;
	unsigned int threads;
	unsigned int patience;
	FILE *out;
	struct crew_shared *shared;
	struct crew_member member[CREW_MEMBERS_MAX];
};

/**
 * crew_init() - prepare a crew without starting anybody
 * @crew: with members, threads, patience and out set and the rest 0
 *
 * Return: 0 or -errno; then crew_fini() undoes it.
 */
int crew_init(struct crew *crew);

/** crew_fini() - undo crew_init(); no worker may run */
void crew_fini(struct crew *crew);

/**
 * crew_start() - start one worker
 * @crew: the crew
 * @member: which, not running
 * @work: what it does; the process exits with what this returns, 0 to 255
 * @arg: given to it
 *
 * The worker dies with its parent.
 *
 * Return: 0 or -errno.
 */
int crew_start(struct crew *crew, unsigned int member,
	       int (*work)(struct crew *crew, unsigned int member, void *arg), void *arg);

/**
 * crew_look() - see who ended and who hangs; call it every now and then
 * @crew: the crew
 *
 * A worker whose thread has not made a step for patience seconds is described
 * and killed.
 *
 * Return: how many run.
 */
unsigned int crew_look(struct crew *crew);

/**
 * crew_kill() - end a worker with SIGKILL and wait for that
 * @crew: the crew
 * @member: which
 */
void crew_kill(struct crew *crew, unsigned int member);

/** crew_stop() - tell all workers to end and watch until they have */
void crew_stop(struct crew *crew);

/**
 * crew_all_ended() - whether every worker came to its end by itself, with 0
 * @crew: the crew, of which nobody runs any more
 *
 * What crew_kill() ended is nobody's fault if its status was set to 0 then. Prints
 * about each other one a line that begins with "# ".
 *
 * Return: true when they did.
 */
bool crew_all_ended(const struct crew *crew);

/** crew_stopping() - whether a worker shall end */
static inline bool crew_stopping(const struct crew *crew)
{
	return atomic_load_explicit(&crew->shared->stop, memory_order_relaxed);
}

/**
 * crew_beat() - a worker's thread says what it does next
 * @crew: the crew
 * @member: the worker
 * @thread: the thread
 * @doing: a constant string; NULL: nothing any more
 */
static inline void crew_beat(struct crew *crew, unsigned int member,
			     unsigned int thread, const char *doing)
{
	struct crew_thread *self = &crew->shared->thread[member][thread];

	atomic_store_explicit(&self->doing, doing, memory_order_relaxed);
	atomic_fetch_add_explicit(&self->beats, 1, memory_order_relaxed);
}

/**
 * crew_note() - a worker found something wrong
 * @crew: the crew
 * @format: one line; the first CREW_NOTES_MAX are kept
 */
void crew_note(struct crew *crew, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * crew_is_content() - whether nobody called crew_note()
 * @crew: the crew
 *
 * Prints what is kept, in lines that begin with "# ".
 *
 * Return: true when nobody did.
 */
bool crew_is_content(const struct crew *crew);

#endif /* MOCKGPU_TEST_CREW_H */
