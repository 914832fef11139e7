// SPDX-License-Identifier: GPL-2.0-only
/* The descendants of this process, see watch.h. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"

int family_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) ? -errno : 0;
}

static void name_of(pid_t pid, char *name, size_t size)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	snprintf(name, size, "%d", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(name, size, file))
		name[strcspn(name, "\n")] = '\0';
	fclose(file);
}

/* Send @signal to each child, and add their names to @names if there is room. */
static void each_child(int signal, char *names, size_t size)
{
	FILE *children = fopen("/proc/thread-self/children", "re");
	char name[32];
	pid_t pid;

	if (!children)
		return;
	while (fscanf(children, "%d", &pid) == 1) {
		name_of(pid, name, sizeof(name));
		if (names && strlen(names) + strlen(name) + 2 < size) {
			strcat(names, *names ? " " : "");
			strcat(names, name);
		}
		kill(pid, signal);
	}
	fclose(children);
}

/* Reap children. Return: whether none is left within @seconds. */
static bool are_gone(double seconds)
{
	double until = pace_now() + seconds;

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return true;
		if (pid > 0)
			continue;
		if (pace_now() > until)
			return false;
		usleep(20000);
	}
}

void family_end(double patience, char *names, size_t size)
{
	if (are_gone(patience))
		return;
	each_child(SIGTERM, names, size);
	if (are_gone(patience))
		return;
	/* A child that ends may leave its own children to this process. */
	do {
		each_child(SIGKILL, NULL, 0);
	} while (!are_gone(0.2));
}
