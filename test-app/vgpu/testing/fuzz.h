/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count what a fuzz target did and print it on standard error when the process ends; count its
 * open descriptors; let no fault be hidden. Each target includes this once.
 */
#ifndef VGPU_FUZZ_H
#define VGPU_FUZZ_H

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "fault_guard.h"

/* What libFuzzer calls: once, and for each input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The fault guard is for files that are truncated, SIGBUS. It must not hide an access to what is
 * not mapped, SIGSEGV, from the sanitizers.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct sigaction segv;

	(void)argc;
	(void)argv;
	/* As server_signals() does. */
	signal(SIGPIPE, SIG_IGN);
	return sigaction(SIGSEGV, NULL, &segv) || fault_guard_init() ||
	       sigaction(SIGSEGV, &segv, NULL);
}

/* Messages sent, steps made, ring walks started, or register accesses made. */
static uint64_t fuzz_done;

/* Standard error as it was before libFuzzer's -close_fd_mask=2, for the lines of the servers. */
static int fuzz_log;

static void __attribute__((constructor)) fuzz_begin(void)
{
	fuzz_log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
}

static void __attribute__((destructor)) fuzz_tell(void)
{
	dprintf(fuzz_log, "done: %" PRIu64 "\n", fuzz_done);
}

/* More than any target opens at a time. */
#define FUZZ_FDS 256

/* How many descriptors are open: as many before an input as after it, or one has leaked. */
static inline unsigned int fuzz_fds(void)
{
	unsigned int count = 0;
	int fd;

	for (fd = 0; fd < FUZZ_FDS; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

#endif /* VGPU_FUZZ_H */
