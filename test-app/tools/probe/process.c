// SPDX-License-Identifier: GPL-2.0-only
/* Another process, and the memory behind one of its mappings. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "process.h"
#include "undo.h"

/* Map one page of it, as the process did; a DRM driver only lets who opened the file. */
static bool can_map(int fd, uint64_t offset)
{
	void *at = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (at == MAP_FAILED)
		return false;
	munmap(at, getpagesize());
	return true;
}

static bool is_mapped_there(int fd, const struct vma *vma)
{
	struct stat stat;

	return !fstat(fd, &stat) && stat.st_ino == vma->inode &&
	       major(stat.st_dev) == vma->major && minor(stat.st_dev) == vma->minor &&
	       can_map(fd, vma->offset);
}

int process_vma_open(pid_t pid, const struct vma *vma)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int i, fd, ret = -EBADF;

	if (pidfd < 0)
		return -errno;
	for (i = 0; ret == -EBADF && i < PROCESS_FDS; i++) {
		fd = syscall(SYS_pidfd_getfd, pidfd, i, 0);
		if (fd < 0 && errno != EBADF)
			ret = -errno;
		else if (fd >= 0 && is_mapped_there(fd, vma))
			ret = fd;
		else if (fd >= 0)
			close(fd);
	}
	close(pidfd);
	return ret;
}

static void go_on(const void *pid)
{
	kill(*(const pid_t *)pid, SIGCONT);
}

int process_stop(pid_t pid)
{
	static pid_t stopped;
	int ret;

	stopped = pid;
	ret = undo_at_end(go_on, &stopped);
	if (!ret && kill(pid, SIGSTOP))
		ret = -errno;
	return ret;
}
