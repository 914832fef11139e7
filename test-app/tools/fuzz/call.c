// SPDX-License-Identifier: GPL-2.0-only
/* One ioctl: its arguments, the call, and the check of its result. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include <xf86drm.h>

#include "fuzz.h"

/**
 * struct fuzz_try - one call of an ioctl
 * @call: its entry in fuzz_calls
 * @index: the index of the entry
 * @fd: the DRM file
 * @request: with a size and direction that may be wrong
 * @args: the argument
 * @before: the argument as it was before the call
 * @wrong: the driver must refuse it
 * @bent: @request has a wrong size or direction
 */
struct fuzz_try {
	const struct fuzz_call *call;
	unsigned int index;
	int fd;
	unsigned long request;
	unsigned char *args;
	unsigned char before[FUZZ_ARGS_KNOWN];
	bool wrong;
	bool bent;
};

static size_t fuzz_args_size(const struct fuzz_call *call)
{
	return _IOC_SIZE(call->request);
}

/* Change the size and direction; the argument's memory has that size. */
static void fuzz_bend(struct fuzz_worker *worker, struct fuzz_try *try)
{
	static const unsigned int dirs[] = {
		_IOC_NONE, _IOC_READ, _IOC_WRITE, _IOC_READ | _IOC_WRITE,
	};
	unsigned int number = _IOC_NR(try->call->request);
	unsigned int dir = dirs[prng_below(&worker->prng, ARRAY_SIZE(dirs))];
	size_t most = FUZZ_ARGS_MAX;
	size_t size;

	if (prng_chance(&worker->prng, 80))
		most = 2 * fuzz_args_size(try->call);
	size = prng_below(&worker->prng, most);
	memmove(worker->arena, try->args, fuzz_args_size(try->call));
	try->args = worker->arena;
	try->request = _IOC(dir, DRM_IOCTL_BASE, number, size);
	try->bent = true;
}

static void fuzz_fill(struct fuzz_worker *worker, struct fuzz_try *try)
{
	const struct fuzz_saved *saved = &worker->saved[try->index];
	const struct fuzz_field *field;
	bool old = saved->count && prng_chance(&worker->prng, 40);

	if (old)
		memcpy(try->args, saved->args[prng_below(&worker->prng, saved->count)],
		       fuzz_args_size(try->call));
	for (field = try->call->fields; field->size; field++) {
		bool keeps = field->type != FUZZ_HANDLE && field->type != FUZZ_FD &&
			     field->type != FUZZ_POINTER;

		if (!old || !keeps || prng_chance(&worker->prng, 20))
			fuzz_field_fill(worker, try->fd, field, try->args);
	}
	if (try->call->tame)
		try->call->tame(worker, try->fd, try->args);
}

static unsigned int fuzz_choose(struct prng *prng)
{
	unsigned int all = 0, i;
	uint64_t draw;

	for (i = 0; i < FUZZ_CALLS; i++)
		all += fuzz_calls[i].weight;
	draw = prng_below(prng, all);
	for (i = 0; draw >= fuzz_calls[i].weight; i++)
		draw -= fuzz_calls[i].weight;
	return i;
}

static void fuzz_prepare(struct fuzz_worker *worker, struct fuzz_try *try)
{
	const struct fuzz_field *field;

	try->index = fuzz_choose(&worker->prng);
	try->call = &fuzz_calls[try->index];
	try->fd = fuzz_client_any(worker);
	try->request = try->call->request;
	/* The argument ends where inaccessible memory begins. */
	try->args = worker->arena + FUZZ_ARGS_MAX - fuzz_args_size(try->call);
	try->wrong = false;
	try->bent = false;
	fuzz_fill(worker, try);
	for (field = try->call->fields; field->size; field++)
		try->wrong |= fuzz_field_is_wrong(field, try->args);
	memcpy(try->before, try->args, fuzz_args_size(try->call));
	/* Never for the shared client: a handle that nobody notes would stay open. */
	if (try->fd != worker->client[0] && prng_chance(&worker->prng, 4))
		fuzz_bend(worker, try);
}

/* Keep arguments that reached new code, to vary them. */
static void fuzz_save(struct fuzz_worker *worker, const struct fuzz_try *try)
{
	struct fuzz_saved *saved = &worker->saved[try->index];
	unsigned int slot = saved->count;

	if (slot == FUZZ_CORPUS)
		slot = prng_below(&worker->prng, FUZZ_CORPUS);
	else
		saved->count++;
	memcpy(saved->args[slot], try->before, fuzz_args_size(try->call));
}

static bool fuzz_may_fail(const struct fuzz_worker *worker, const struct fuzz_try *try, int error)
{
	const int *known = try->call->errors;

	/* With a wrong size, or a direction in which nothing is copied. */
	if (try->bent && (error == EFAULT || error == EINVAL || error == ENOMEM))
		return true;
	if (error == EPERM && (try->call->privileged || try->call->restricted))
		return !worker->privileged;
	/* fuzz_action_fail() made a step fail: a lock fails with this error. */
	if (worker->failing && (error == ENOMEM || error == EINTR))
		return true;
	for (; *known; known++)
		if (*known == error)
			return true;
	return false;
}

/* Print the argument as it was before the call, in hexadecimal. */
static void fuzz_complain(struct fuzz_worker *worker, const struct fuzz_try *try, const char *what)
{
	char text[2 * FUZZ_ARGS_KNOWN + FUZZ_ARGS_KNOWN / 4 + 1];
	size_t i, used = 0;

	for (i = 0; i < fuzz_args_size(try->call); i += 4) {
		uint32_t word;

		memcpy(&word, try->before + i, 4);
		used += sprintf(text + used, " %08x", word);
	}
	workers_note(worker->workers,
		     "worker %u, step %" PRIu64 ": %s %s, request %#lx, argument%s",
		     worker->number, worker->step, try->call->name, what, try->request, text);
}

static void fuzz_judge(struct fuzz_worker *worker, const struct fuzz_try *try, int error)
{
	char what[64];

	if (!error && try->wrong && !try->bent) {
		fuzz_complain(worker, try, "was accepted although a member is wrong");
	} else if (!error && try->call->privileged && !worker->privileged) {
		fuzz_complain(worker, try, "succeeded without CAP_SYS_ADMIN");
	} else if (error && !fuzz_may_fail(worker, try, error)) {
		snprintf(what, sizeof(what), "failed with %s", strerrorname_np(error));
		fuzz_complain(worker, try, what);
	}
}

/* Whether the kernel read and wrote the whole argument. */
static bool fuzz_is_known(const struct fuzz_try *try)
{
	return _IOC_SIZE(try->request) >= fuzz_args_size(try->call) &&
	       _IOC_DIR(try->request) == _IOC_DIR(try->call->request);
}

/** fuzz_ioctl() - call one ioctl */
void fuzz_ioctl(struct fuzz_worker *worker)
{
	struct fuzz_counts *counts = worker->setup->counts;
	struct fuzz_try try;
	unsigned int edges;
	int error;

	fuzz_prepare(worker, &try);
	workers_beat(worker->workers, worker->number, 0, try.call->name);
	fuzz_kcov_begin();
	error = ioctl(try.fd, try.request, try.args) ? errno : 0;
	edges = fuzz_kcov_end();
	if (edges && !try.bent) {
		atomic_fetch_add(&counts->edges, edges);
		fuzz_save(worker, &try);
	}
	atomic_fetch_add(error ? &counts->failed[try.index] : &counts->passed[try.index], 1);
	fuzz_judge(worker, &try, error);
	if (!error && try.call->done && fuzz_is_known(&try))
		try.call->done(worker, try.fd, try.args);
}
