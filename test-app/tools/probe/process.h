/* SPDX-License-Identifier: GPL-2.0-only */
/* Another process, and the memory behind one of its mappings: process.c. */
#ifndef MOCKGPU_PROBE_PROCESS_H
#define MOCKGPU_PROBE_PROCESS_H

#include <sys/types.h>

#include "vma.h"

/* Descriptors from this number on are not looked at. */
#define PROCESS_FDS 4096

/*
 * Get a descriptor of the file behind a mapping, by which it can be mapped at the same offset: one
 * that the process has open (pidfd_getfd(), which needs the right to trace it). -EBADF if it has
 * none, or another -errno.
 */
int process_vma_open(pid_t pid, const struct vma *vma);

/* Stop the process until this one ends, however it ends; 0 or -errno. Before any thread. */
int process_stop(pid_t pid);

#endif /* MOCKGPU_PROBE_PROCESS_H */
