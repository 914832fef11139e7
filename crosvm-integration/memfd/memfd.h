/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mockgpu-memfd.so: memory of any program from mockgpu, by LD_PRELOAD.
 *
 *   LD_PRELOAD=.../mockgpu-memfd.so MOCKGPU_MEMFD_KIND=noncompound PROGRAM
 *
 * A memfd that PROGRAM gives its size with ftruncate(), fallocate() or posix_fallocate() is
 * from then on the dma-buf of a buffer of that size: VM_PFNMAP memory of a GPU driver. It is
 * the same file descriptor, so mmap(), munmap(), dup(), fork(), SCM_RIGHTS and KVM work on it
 * without this library. Environment variables choose the buffer:
 *
 *   MOCKGPU_MEMFD_KIND       ttm (default), noncompound, compound, split, reserved
 *   MOCKGPU_MEMFD_ORDER      block order, 0 to MOCKGPU_MAX_ORDER, of a kind other than ttm
 *                            (default: 9, 2 MiB)
 *   MOCKGPU_MEMFD_CACHING    cached (default), wc, uc
 *   MOCKGPU_MEMFD_PLACEMENT  gtt (default), vram
 *   MOCKGPU_MEMFD_FAULT      single (default), prefault, huge, read-only, huge-read-only
 *   MOCKGPU_MEMFD_ANONYMOUS  SIZE: mmap() of anonymous memory that is readable and writable and
 *                            has at least SIZE bytes gives a buffer, too. Without it anonymous
 *                            memory is not touched. malloc() and stacks of threads never are.
 *   MOCKGPU_MEMFD_MIN        SIZE: a smaller memfd stays one (default: a page). So does one
 *                            whose size is not a multiple of the page size.
 *   MOCKGPU_MEMFD_LOG        1: a line on standard error for each buffer
 *
 * They are read at each use. It never falls back: a wrong value ends the program when it
 * starts or at that use, with one line on standard error and exit status 2; a buffer that is
 * wanted without the module, or without the right to open its node, with exit status 4. If the
 * driver refuses a buffer (no memory, no VRAM), the call fails with the driver's errno, after
 * a line. A preloaded program that ends without having asked for a buffer gets a line, too. A
 * program that is linked statically or has more rights than its user does not load it.
 *
 * What differs from a memfd:
 *   - the size is that of the first call and does not change: seals GROW, SHRINK and SEAL are
 *     always there, and ftruncate() to another size fails with EPERM;
 *   - MAP_PRIVATE fails with EINVAL, read() and write() with EINVAL; fstat() gives no S_IFREG;
 *   - a punched hole is zeroed, but its pages stay;
 *   - MFD_HUGETLB and MAP_HUGETLB are dropped: MOCKGPU_MEMFD_FAULT=huge gives 2 MiB entries.
 *     mmap() without an address aligns it for them;
 *   - file descriptors that were made with dup() or sent before it had a size stay a memfd;
 *   - anonymous memory is shared with children, also with MAP_PRIVATE;
 *   - GUP fails, as on all such memory: O_DIRECT, vfio, vhost in the kernel, userfaultfd.
 *
 * It keeps no state but "a buffer was made": any thread may call, and a child after fork().
 */
#ifndef MOCKGPU_MEMFD_H
#define MOCKGPU_MEMFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mockgpu_drm.h"

enum memfd_exit {
	MEMFD_WRONG_VALUE = 2,
	MEMFD_NO_DEVICE = 4,
};

/**
 * struct memfd_settings - what the environment variables say
 * @create: the buffer, without its size
 * @anonymous: bytes from which on anonymous memory is a buffer; 0: never
 * @min: bytes from which on a memfd is a buffer
 * @log: tell of each buffer
 */
struct memfd_settings {
	struct drm_mockgpu_bo_create create;
	uint64_t anonymous;
	uint64_t min;
	bool log;
};

/**
 * memfd_settings_read - read the environment
 * @settings: out
 *
 * Does not return if a value is wrong, see above.
 */
void memfd_settings_read(struct memfd_settings *settings);

/**
 * memfd_buffer_make - create a buffer and give its dma-buf
 * @settings: how
 * @size: bytes, a multiple of the page size
 * @what: the caller's function, for the log
 *
 * Does not return without the module, see above.
 *
 * Return: a file descriptor with FD_CLOEXEC, or -1 with errno, after a line.
 */
int memfd_buffer_make(const struct memfd_settings *settings, uint64_t size, const char *what);

/**
 * memfd_is_buffer - tell whether a file is from memfd_buffer_make()
 * @fd: any file descriptor
 *
 * Keeps errno.
 *
 * Return: true for a buffer of this library, of any process.
 */
bool memfd_is_buffer(int fd);

/**
 * memfd_links_to - tell whether a file has this name in /proc/self/fd
 * @fd: any file descriptor
 * @name: how its name begins
 *
 * Keeps errno.
 *
 * Return: true if it begins so.
 */
bool memfd_links_to(int fd, const char *name);

#endif /* MOCKGPU_MEMFD_H */
