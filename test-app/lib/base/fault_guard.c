// SPDX-License-Identifier: GPL-2.0-only
/* Touching memory that may be gone, see fault_guard.h. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "fault_guard.h"

static __thread sigjmp_buf guarded_jump;
static __thread volatile sig_atomic_t guarded_active;
static __thread volatile uintptr_t guarded_start;
static __thread volatile size_t guarded_size;

static const int guarded_signals[] = { SIGBUS, SIGSEGV };
static struct sigaction guarded_before[2];
static int guarded_error;

static void guarded_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (guarded_active && (uintptr_t)info->si_addr - guarded_start < guarded_size)
		siglongjmp(guarded_jump, sig);
	/* Not ours: returning repeats the access, for whoever had the signal before. */
	sigaction(sig, &guarded_before[sig != guarded_signals[0]], NULL);
}

static void guarded_install(void)
{
	/* Not masked in the handler, so that no mask has to be restored. */
	struct sigaction action = {
		.sa_sigaction = guarded_handler,
		.sa_flags = SA_NODEFER | SA_SIGINFO,
	};
	int i;

	for (i = 0; i < 2; i++) {
		if (sigaction(guarded_signals[i], &action, &guarded_before[i]))
			guarded_error = -errno;
	}
}

int guarded_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int ret = pthread_once(&once, guarded_install);

	return ret ? -ret : guarded_error;
}

int guarded_range(void (*touch)(void *arg), void *arg, const void *start, size_t size)
{
	int sig = sigsetjmp(guarded_jump, 0);

	if (!sig) {
		guarded_start = (uintptr_t)start;
		guarded_size = size;
		guarded_active = 1;
		/* The compiler must not move the access out of here. */
		atomic_signal_fence(memory_order_seq_cst);
		touch(arg);
		atomic_signal_fence(memory_order_seq_cst);
	}
	guarded_active = 0;
	return sig;
}

int guarded(void (*touch)(void *arg), void *arg)
{
	return guarded_range(touch, arg, NULL, SIZE_MAX);
}

struct guarded_copy {
	void *to;
	const void *from;
	size_t size;
};

static void guarded_copy(void *arg)
{
	const struct guarded_copy *copy = arg;

	memcpy(copy->to, copy->from, copy->size);
}

int guarded_read(void *to, const void *from, size_t size)
{
	struct guarded_copy copy = { to, from, size };

	return guarded_range(guarded_copy, &copy, from, size) ? -EFAULT : 0;
}

int guarded_write(void *to, const void *from, size_t size)
{
	struct guarded_copy copy = { to, from, size };

	return guarded_range(guarded_copy, &copy, to, size) ? -EFAULT : 0;
}
