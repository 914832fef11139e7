// SPDX-License-Identifier: GPL-2.0-only
/* Restore what was changed, see undo.h. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "undo.h"

/* More than any program needs. */
#define UNDO_MAX 4

static struct undo {
	pid_t owner;
	pid_t guard;
	int end;		/* the guard waits for EOF on this */
} undos[UNDO_MAX];
static size_t undo_count;

/* EOF comes once every process that has the other end of the pipe is gone. */
static void undo_wait(int pipe)
{
	char byte;

	while (read(pipe, &byte, 1) < 0 && errno == EINTR)
		;
}

static void undo_guard(int pipe, void (*undo)(const void *data), const void *data)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE };
	size_t i;

	setsid();
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	undo_wait(pipe);
	undo(data);
	_exit(0);
}

/* A forked process may get here as well. */
static void undo_now(void)
{
	while (undo_count && undos[undo_count - 1].owner == getpid()) {
		const struct undo *last = &undos[--undo_count];

		if (write(last->end, "", 1) == 1)
			waitpid(last->guard, NULL, 0);
		close(last->end);
	}
}

int undo_at_end(void (*undo)(const void *data), const void *data)
{
	struct undo *new = &undos[undo_count];
	int ends[2], i;

	if (undo_count == UNDO_MAX)
		return -ENOSPC;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	if (!undo_count && atexit(undo_now))
		goto err;
	new->guard = fork();
	if (new->guard < 0)
		goto err;
	if (!new->guard) {
		/* This guard must not keep the pipes of the others open. */
		for (i = 0; i < (int)undo_count; i++)
			close(undos[i].end);
		close(ends[1]);
		undo_guard(ends[0], undo, data);
	}
	close(ends[0]);
	new->owner = getpid();
	new->end = ends[1];
	undo_count++;
	return 0;

err:
	close(ends[0]);
	close(ends[1]);
	return -ENOMEM;
}
