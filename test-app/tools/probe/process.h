/* SPDX-License-Identifier: GPL-2.0-only */
/* The mappings of another process, and the memory behind one of them: process.c. */
#ifndef MOCKGPU_PROBE_PROCESS_H
#define MOCKGPU_PROBE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Descriptors from this number on are not looked at. */
#define PROCESS_FDS 4096

/**
 * struct process_vma - one mapping, from /proc/PID/smaps
 * @start: its first byte
 * @end: behind its last
 * @access: "rw-s"
 * @offset: where it begins in its file
 * @major: number of the file's file system
 * @minor: the same
 * @inode: of the file; 0 without one
 * @path: the file's name as the kernel gives it, may be empty
 * @flags: line VmFlags, with a blank before and behind each name
 */
struct process_vma {
	uint64_t start;
	uint64_t end;
	char access[5];
	uint64_t offset;
	unsigned int major;
	unsigned int minor;
	uint64_t inode;
	char path[256];
	char flags[128];
};

/* Begin a walk over the mappings of a process; NULL with errno set. End it with fclose(). */
FILE *process_vmas(pid_t pid);

/* Get the next mapping; false behind the last one. */
bool process_vma_next(FILE *vmas, struct process_vma *vma);

/* Tell whether the mapping has a flag of Documentation/filesystems/proc.rst, such as "pf". */
bool process_vma_has(const struct process_vma *vma, const char *flag);

/* Find the mapping at an address; 0, -ENOENT without one, -EACCES or another -errno. */
int process_vma_find(pid_t pid, uint64_t address, struct process_vma *vma);

/*
 * Get a descriptor of the file behind a mapping, by which it can be mapped at the same offset: one
 * that the process has open (pidfd_getfd(), which needs the right to trace it). -EBADF if it has
 * none, or another -errno.
 */
int process_vma_open(pid_t pid, const struct process_vma *vma);

/* Stop the process until this one ends, however it ends; 0 or -errno. Before any thread. */
int process_stop(pid_t pid);

#endif /* MOCKGPU_PROBE_PROCESS_H */
