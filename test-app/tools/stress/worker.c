// SPDX-License-Identifier: GPL-2.0-only
/* One worker process, from its start to its end. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exporter.h"
#include "fault_guard.h"
#include "stress.h"

static unsigned int stress_choose(struct prng *prng)
{
	unsigned int all = 0, i;
	uint64_t draw;

	for (i = 0; i < stress_op_count; i++)
		all += stress_ops[i].weight;
	draw = prng_below(prng, all);
	for (i = 0; draw >= stress_ops[i].weight; i++)
		draw -= stress_ops[i].weight;
	return i;
}

static bool stress_may_fail(const struct stress_op *op, const struct stress_slot *slot, int error)
{
	const int *known;

	if (error == ENODEV)
		return slot->ref.ledger && atomic_load(&slot->ref.ledger->revoking);
	for (known = op->errors; *known; known++)
		if (*known == error)
			return true;
	return false;
}

/* Lock the slot as the operation needs it. */
static void stress_run(struct stress_thread *thread, struct stress_slot *slot, unsigned int index)
{
	struct stress_counts *counts = thread->worker->setup->counts;
	const struct stress_op *op = &stress_ops[index];
	bool wants_empty = op->use == STRESS_EMPTY;
	int ret;

	if (wants_empty == !!slot->ref.ledger)
		return;
	thread->doing = op->name;
	workers_beat(thread->worker->workers, thread->worker->number, thread->number, op->name);
	ret = op->run(thread, slot);
	if (ret < 0 && !stress_may_fail(op, slot, -ret))
		workers_note(thread->worker->workers, "worker %u thread %u: '%s' failed with %s",
			     thread->worker->number, thread->number, op->name,
			     strerrorname_np(-ret));
	if (ret <= 0)
		atomic_fetch_add(ret ? &counts->refused[index] : &counts->done[index], 1);
}

static void *stress_thread(void *arg)
{
	struct stress_thread *thread = arg;
	struct stress_worker *worker = thread->worker;

	while (!workers_stopping(worker->workers)) {
		struct stress_slot *slot = &worker->slot[prng_below(&thread->prng, STRESS_SLOTS)];
		unsigned int index = stress_choose(&thread->prng);

		if (stress_ops[index].use == STRESS_USE)
			pthread_rwlock_rdlock(&slot->lock);
		else
			pthread_rwlock_wrlock(&slot->lock);
		stress_run(thread, slot, index);
		pthread_rwlock_unlock(&slot->lock);
	}
	workers_beat(worker->workers, worker->number, thread->number, NULL);
	return NULL;
}

static bool stress_hides(int fd)
{
	uint64_t size = 0, visible = 0;

	mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_SIZE, &size);
	mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_VISIBLE, &visible);
	return visible < size;
}

static int stress_worker_init(struct stress_worker *worker)
{
	unsigned int i;

	worker->page = getpagesize();
	/* The part of tags that is unique to this worker, among earlier ones too. */
	worker->tags = (uint64_t)worker->setup->lives << 32;
	worker->fd = mockgpu_open(NULL, 0);
	worker->hides = stress_hides(worker->fd);
	worker->vgem = exporter_vgem_open();
	pthread_mutex_init(&worker->handles, NULL);
	for (i = 0; i < STRESS_SLOTS; i++) {
		pthread_rwlock_init(&worker->slot[i].lock, NULL);
		worker->slot[i].dmabuf = -1;
		worker->slot[i].ref.fd = -1;
	}
	return worker->fd < 0 ? worker->fd : fault_guard_init();
}

static int stress_threads(struct stress_worker *worker)
{
	struct stress_thread thread[WORKERS_THREADS_MAX] = {};
	pthread_t id[WORKERS_THREADS_MAX];
	unsigned int i, count = worker->setup->threads;
	int ret = 0;

	for (i = 0; i < count && !ret; i++) {
		thread[i].worker = worker;
		thread[i].number = i;
		thread[i].prng = prng_of(worker->setup->seed,
					 worker->setup->lives * WORKERS_THREADS_MAX + i);
		ret = -pthread_create(&id[i], NULL, stress_thread, &thread[i]);
	}
	for (count = ret ? i - 1 : i, i = 0; i < count; i++)
		pthread_join(id[i], NULL);
	return ret;
}

/** stress_work() - what a worker process does */
int stress_work(struct workers *workers, unsigned int member, void *setup)
{
	struct stress_worker *worker = calloc(1, sizeof(*worker));
	int ret = -ENOMEM;

	if (worker) {
		worker->workers = workers;
		worker->number = member;
		worker->setup = setup;
		ret = stress_worker_init(worker);
	}
	if (!ret)
		ret = stress_threads(worker);
	if (ret)
		workers_note(workers, "worker %u cannot start: %s", member, strerrorname_np(-ret));
	/* The process ends without closing anything: the driver must clean up. */
	return ret ? 1 : 0;
}
