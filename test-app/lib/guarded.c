// SPDX-License-Identifier: GPL-2.0-only
/* Touching memory that may be gone, see guarded.h. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "guarded.h"

static __thread sigjmp_buf guarded_jump;
static __thread volatile sig_atomic_t guarded_active;

static void guarded_handler(int sig)
{
	if (guarded_active)
		siglongjmp(guarded_jump, sig);
	/* Not ours: returning repeats the access, with the default action. */
	signal(sig, SIG_DFL);
}

int guarded_init(void)
{
	/* Not masked in the handler, so that no mask has to be restored. */
	struct sigaction action = {
		.sa_handler = guarded_handler,
		.sa_flags = SA_NODEFER,
	};

	if (sigaction(SIGBUS, &action, NULL) || sigaction(SIGSEGV, &action, NULL))
		return -errno;
	return 0;
}

int guarded(void (*touch)(void *arg), void *arg)
{
	int sig = sigsetjmp(guarded_jump, 0);

	if (!sig) {
		guarded_active = 1;
		touch(arg);
	}
	guarded_active = 0;
	return sig;
}
