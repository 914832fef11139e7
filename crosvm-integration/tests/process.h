/* SPDX-License-Identifier: GPL-2.0-only */
/* The programs that serve buffers over a UNIX socket, as processes of a test. */
#ifndef MOCKGPU_TEST_PROCESS_H
#define MOCKGPU_TEST_PROCESS_H

#include <sys/types.h>

/* Time limit of each wait: a server that hangs is a failure. */
#define PATIENCE_MS 10000

/**
 * process_start() - start a program
 * @argv: its arguments, ended by NULL; argv[0] is the name of the program, which lies in
 *	the test's folder
 *
 * It is killed when the calling thread ends.
 *
 * Return: its process id; -1.
 */
pid_t process_start(const char *const argv[]);

/**
 * process_end() - wait for the end of a program, up to PATIENCE_MS
 * @pid: from process_start()
 *
 * Return: its exit status, 128 plus the signal's number, or -1 if it did not end.
 */
int process_end(pid_t pid);

/**
 * process_connect() - connect to a socket that may not exist yet
 * @path: the socket
 *
 * Return: a file descriptor, or -errno after PATIENCE_MS.
 */
int process_connect(const char *path);

#endif /* MOCKGPU_TEST_PROCESS_H */
