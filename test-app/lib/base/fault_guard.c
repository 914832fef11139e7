// SPDX-License-Identifier: GPL-2.0-only
/* Access to memory that may be gone, see fault_guard.h. */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "fault_guard.h"

static __thread sigjmp_buf fault_guard_jump;
static __thread volatile sig_atomic_t fault_guard_active;
static __thread volatile uintptr_t fault_guard_start;
static __thread volatile size_t fault_guard_size;

static const int fault_guard_signals[] = { SIGBUS, SIGSEGV };
static struct sigaction fault_guard_before[2];
static int fault_guard_error;

static void fault_guard_handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (fault_guard_active && (uintptr_t)info->si_addr - fault_guard_start < fault_guard_size)
		siglongjmp(fault_guard_jump, sig);
	/* Not ours: return, so the access faults again for the previous handler. */
	sigaction(sig, &fault_guard_before[sig != fault_guard_signals[0]], NULL);
}

static void fault_guard_install(void)
{
	/* Not masked in the handler, so there is no mask to restore. */
	struct sigaction action = {
		.sa_sigaction = fault_guard_handler,
		.sa_flags = SA_NODEFER | SA_SIGINFO,
	};
	int i;

	for (i = 0; i < 2; i++) {
		if (sigaction(fault_guard_signals[i], &action, &fault_guard_before[i]))
			fault_guard_error = -errno;
	}
}

int fault_guard_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int ret = pthread_once(&once, fault_guard_install);

	return ret ? -ret : fault_guard_error;
}

int fault_guard_range(void (*touch)(void *arg), void *arg, const void *start, size_t size)
{
	int sig = sigsetjmp(fault_guard_jump, 0);

	if (!sig) {
		fault_guard_start = (uintptr_t)start;
		fault_guard_size = size;
		fault_guard_active = 1;
		/* Keep the compiler from moving the access out of the guarded region. */
		atomic_signal_fence(memory_order_seq_cst);
		touch(arg);
		atomic_signal_fence(memory_order_seq_cst);
	}
	fault_guard_active = 0;
	return sig;
}

int fault_guard(void (*touch)(void *arg), void *arg)
{
	return fault_guard_range(touch, arg, NULL, SIZE_MAX);
}

struct fault_guard_copy {
	void *to;
	const void *from;
	size_t size;
};

static void fault_guard_copy(void *arg)
{
	const struct fault_guard_copy *copy = arg;

	memcpy(copy->to, copy->from, copy->size);
}

int fault_guard_read(void *to, const void *from, size_t size)
{
	struct fault_guard_copy copy = { to, from, size };

	return fault_guard_range(fault_guard_copy, &copy, from, size) ? -EFAULT : 0;
}

int fault_guard_write(void *to, const void *from, size_t size)
{
	struct fault_guard_copy copy = { to, from, size };

	return fault_guard_range(fault_guard_copy, &copy, to, size) ? -EFAULT : 0;
}
