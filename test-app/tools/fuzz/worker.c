// SPDX-License-Identifier: GPL-2.0-only
/* One fuzzing process, from its start to its end. */

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "fault_guard.h"
#include "fuzz.h"

/* Every fourth worker gives up its privileges. */
#define FUZZ_UNPRIVILEGED 4
#define FUZZ_NOBODY 65534

static int fuzz_worker_memory(struct fuzz_worker *worker)
{
	size_t size = FUZZ_ARGS_MAX + 2 * worker->page;

	worker->arena = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (worker->arena == MAP_FAILED)
		return -1;
	worker->read_only = worker->arena + FUZZ_ARGS_MAX + worker->page;
	if (mprotect(worker->arena + FUZZ_ARGS_MAX, worker->page, PROT_NONE))
		return -1;
	if (mprotect(worker->read_only, worker->page, PROT_READ))
		return -1;
	size = FUZZ_MEMORY_PAGES * worker->page;
	worker->memory = mmap(NULL, size + worker->page, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (worker->memory == MAP_FAILED)
		return -1;
	return mprotect(worker->memory + size, worker->page, PROT_NONE);
}

static int fuzz_worker_files(struct fuzz_worker *worker)
{
	unsigned int i;

	worker->client[0] = worker->setup->shared_fd;
	for (i = 1; i < FUZZ_CLIENTS; i++) {
		worker->client[i] = mockgpu_open(NULL, 0);
		if (worker->client[i] < 0)
			return -1;
	}
	for (i = 0; i < FUZZ_FDS; i++)
		worker->fd[i] = -1;
	return 0;
}

static int fuzz_worker_init(struct fuzz_worker *worker)
{
	if (fault_guard_init() || fuzz_worker_memory(worker) || fuzz_worker_files(worker))
		return -1;
	/* After opening the files, which now is no longer possible. */
	worker->privileged = worker->number % FUZZ_UNPRIVILEGED != FUZZ_UNPRIVILEGED - 1;
	fuzz_kcov_open();
	return worker->privileged ? 0 : setuid(FUZZ_NOBODY);
}

static bool fuzz_is_late(const struct fuzz_worker *worker)
{
	if (workers_stopping(worker->workers))
		return true;
	return worker->setup->deadline && clock_now() >= worker->setup->deadline;
}

/** fuzz_work() - what a worker process does */
int fuzz_work(struct workers *workers, unsigned int member, void *setup)
{
	static struct fuzz_worker self; /* one per process */
	struct fuzz_worker *worker = &self;

	worker->workers = workers;
	worker->number = member;
	worker->setup = setup;
	worker->page = getpagesize();
	worker->prng = prng_of(worker->setup->seed, member);
	if (fuzz_worker_init(worker)) {
		workers_note(workers, "worker %u cannot start: %m", member);
		return 1;
	}
	for (; worker->step < worker->setup->steps && !fuzz_is_late(worker); worker->step++) {
		fuzz_step(worker);
		atomic_fetch_add(&worker->setup->counts->steps, 1);
	}
	workers_beat(workers, member, 0, NULL);
	/* The process ends without closing anything: the driver must clean up. */
	return 0;
}
