/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that a fuzz target puts in the place of others, by the linker's --wrap: calls of f()
 * go to __wrap_f(), which has the original as __real_f().
 */
#ifndef MOCKGPU_TEST_FUZZ_WRAP_H
#define MOCKGPU_TEST_FUZZ_WRAP_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct vgpu_mem;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __real_vgpu_mem_read(const struct vgpu_mem *mem, uint64_t gpa, void *data, size_t size);
int __wrap_vgpu_mem_read(const struct vgpu_mem *mem, uint64_t gpa, void *data, size_t size);
void *__real_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *map, size_t size);
int __wrap_munmap(void *map, size_t size);

#endif /* MOCKGPU_TEST_FUZZ_WRAP_H */
