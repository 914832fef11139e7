// SPDX-License-Identifier: GPL-2.0-only
/* The mappings of another process, and the memory behind one of them. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "process.h"
#include "undo.h"

FILE *process_vmas(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	return fopen(path, "re");
}

/* The first line of a VMA in smaps; all other lines begin with a name. */
static bool vma_parse(struct process_vma *vma, const char *line)
{
	int end = 0;

	*vma = (struct process_vma){ .start = 0 };
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &vma->start, &vma->end, vma->access, &vma->offset, &vma->major, &vma->minor,
		   &vma->inode, &end) != 7)
		return false;
	snprintf(vma->path, sizeof(vma->path), "%.*s", (int)strcspn(line + end, "\n"), line + end);
	return true;
}

bool process_vma_next(FILE *vmas, struct process_vma *vma)
{
	static const char flags[] = "VmFlags: ";
	bool found = false;
	char line[512];

	while (fgets(line, sizeof(line), vmas)) {
		if (strncmp(line, flags, strlen(flags))) {
			struct process_vma next;

			if (vma_parse(&next, line)) {
				*vma = next;
				found = true;
			}
			continue;
		}
		snprintf(vma->flags, sizeof(vma->flags), " %.*s ",
			 (int)strcspn(line + strlen(flags), "\n"), line + strlen(flags));
		if (found)
			return true;
	}
	return false;
}

bool process_vma_has(const struct process_vma *vma, const char *flag)
{
	char word[8];

	snprintf(word, sizeof(word), " %s ", flag);
	return strstr(vma->flags, word);
}

int process_vma_find(pid_t pid, uint64_t address, struct process_vma *vma)
{
	FILE *vmas = process_vmas(pid);
	int ret = -ENOENT;

	if (!vmas)
		return -errno;
	while (ret && process_vma_next(vmas, vma)) {
		if (address >= vma->start && address < vma->end)
			ret = 0;
	}
	/* Opening it needs no right, reading does. */
	if (ret && ferror(vmas))
		ret = -EACCES;
	fclose(vmas);
	return ret;
}

/* Map one page of it, as the process did; a DRM driver only lets who opened the file. */
static bool can_map(int fd, uint64_t offset)
{
	void *at = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (at == MAP_FAILED)
		return false;
	munmap(at, getpagesize());
	return true;
}

static bool is_mapped_there(int fd, const struct process_vma *vma)
{
	struct stat stat;

	return !fstat(fd, &stat) && stat.st_ino == vma->inode &&
	       major(stat.st_dev) == vma->major && minor(stat.st_dev) == vma->minor &&
	       can_map(fd, vma->offset);
}

int process_vma_open(pid_t pid, const struct process_vma *vma)
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
