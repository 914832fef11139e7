/* SPDX-License-Identifier: GPL-2.0-only */
/* The mappings of a process, this one or another. */
#ifndef MOCKGPU_VMA_H
#define MOCKGPU_VMA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * struct vma - one mapping, from /proc/PID/smaps
 * @start: its first byte
 * @end: behind its last
 * @access: "rw-s"
 * @offset: where it begins in its file
 * @major: number of the file's file system
 * @minor: the same
 * @inode: of the file; 0 without one
 * @path: the file's name as the kernel gives it, may be empty
 * @flags: line VmFlags, with a blank behind each name
 */
struct vma {
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
FILE *vma_walk(pid_t pid);

/* Get the next mapping; false behind the last one. */
bool vma_next(FILE *vmas, struct vma *vma);

/* Tell whether the mapping has a flag of Documentation/filesystems/proc.rst, such as "pf". */
bool vma_has(const struct vma *vma, const char *flag);

/* Find the mapping at an address; 0, -ENOENT without one, -EACCES or another -errno. */
int vma_find(pid_t pid, uint64_t address, struct vma *vma);

#endif /* MOCKGPU_VMA_H */
