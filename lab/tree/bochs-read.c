// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD: read() of at most 64 KiB.
 *
 * Bochs 3.0 reads an optramimage in one go into memory that it has in blocks of 128 KiB and
 * more, which are not one behind the other (docs/findings/emulated-vmx.md). It goes on after
 * a short read, at the right place.
 */
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST 65536

ssize_t read(int fd, void *to, size_t size)
{
	return syscall(SYS_read, fd, to, size < MOST ? size : MOST);
}

/* What read() is called by in a program that was built with _FORTIFY_SOURCE. */
ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
ssize_t __read_chk(int fd, void *to, size_t size, size_t room)
{
	return size > room ? -1 : read(fd, to, size);
}
