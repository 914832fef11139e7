/* SPDX-License-Identifier: GPL-2.0-only */
/* Run another program from a test. */
#ifndef MOCKGPU_TEST_COMMAND_H
#define MOCKGPU_TEST_COMMAND_H

#include <sys/wait.h>
#include <unistd.h>

/* Run a program, found by PATH, to its end. Return: its status as waitpid() has it, or -1. */
static inline int command_run(const char *const argv[])
{
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return child < 0 || waitpid(child, &status, 0) < 0 ? -1 : status;
}

#endif /* MOCKGPU_TEST_COMMAND_H */
