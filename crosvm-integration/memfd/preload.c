// SPDX-License-Identifier: GPL-2.0-only
/*
 * The functions of libc that mockgpu-memfd.so replaces, see memfd.h.
 *
 * A memfd is recognised by its name, which memfd_create() here begins with MARK, so there is
 * no table to keep right over dup(), close(), fork() and exec(). System calls are made directly:
 * this works before any library has been set up.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memfd.h"

#define MARK "mockgpu-memfd:"
/* Longest name of a memfd: NAME_MAX without the kernel's "memfd:". */
#define NAME_LENGTH 249
#define HUGE_SIZE (2ul << 20)
#define HUGE_FLAGS (MAP_HUGETLB | MAP_HUGE_MASK << MAP_HUGE_SHIFT)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)

static void *real_mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

int memfd_create(const char *name, unsigned int flags)
{
	char marked[NAME_LENGTH + 1];
	int fd;

	if (!name || strlen(name) > NAME_LENGTH) {
		errno = name ? EINVAL : EFAULT;
		return -1;
	}
	snprintf(marked, sizeof(marked), MARK "%.*s", (int)(NAME_LENGTH - strlen(MARK)), name);
	/* The size is encoded as in MAP_HUGE_*. */
	flags &= ~(MFD_HUGETLB | (unsigned int)MAP_HUGE_MASK << MAP_HUGE_SHIFT);
	fd = syscall(SYS_memfd_create, marked, flags);
	if (fd >= 0 && !memfd_links_to(fd, "/memfd:" MARK)) {
		fprintf(stderr, "mockgpu memfd: /proc/self/fd does not name files: mount /proc\n");
		_exit(MEMFD_NO_DEVICE);
	}
	return fd;
}

/* Whether a memfd has no size yet and is to be a buffer of this one. */
static bool is_to_be_buffer(int fd, off_t size, struct memfd_settings *settings)
{
	struct stat stat;

	if (!memfd_links_to(fd, "/memfd:" MARK) || fstat(fd, &stat) || stat.st_size)
		return false;
	memfd_settings_read(settings);
	return size > 0 && (uint64_t)size >= settings->min && size % getpagesize() == 0;
}

/* Make a memfd a buffer. Return: 0, or -1 with errno. */
static int become_buffer(int fd, off_t size, const struct memfd_settings *settings,
			 const char *what)
{
	const int flags = syscall(SYS_fcntl, fd, F_GETFD);
	int buffer = memfd_buffer_make(settings, size, what);
	int ret, err;

	if (buffer < 0)
		return -1;
	/* Not dup3(), whose result gcc's analyzer takes for a new descriptor that leaks. */
	ret = syscall(SYS_dup3, buffer, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	err = errno;
	close(buffer);
	errno = err;
	return ret < 0 ? -1 : 0;
}

static off_t size_of(int fd)
{
	return lseek(fd, 0, SEEK_END);
}

int ftruncate(int fd, off_t length)
{
	struct memfd_settings settings;

	if (is_to_be_buffer(fd, length, &settings))
		return become_buffer(fd, length, &settings, "ftruncate");
	if (!memfd_is_buffer(fd))
		return syscall(SYS_ftruncate, fd, length);
	if (length == size_of(fd))
		return 0;
	errno = length < 0 ? EINVAL : EPERM;
	return -1;
}

static int zero(int fd, off_t offset, off_t length)
{
	const off_t size = size_of(fd);
	char *map;

	if (offset >= size)
		return 0;
	map = real_mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -1;
	memset(map + offset, 0, length < size - offset ? length : size - offset);
	munmap(map, size);
	return 0;
}

static int buffer_fallocate(int fd, int mode, off_t offset, off_t length)
{
	if (offset < 0 || length <= 0) {
		errno = EINVAL;
		return -1;
	}
	switch (mode) {
	case FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE:
		return zero(fd, offset, length);
	case 0:
		/* All pages of a buffer are there. */
		if (length <= size_of(fd) - offset)
			return 0;
		errno = EPERM;
		return -1;
	default:
		errno = EOPNOTSUPP;
		return -1;
	}
}

int fallocate(int fd, int mode, off_t offset, off_t length)
{
	struct memfd_settings settings;

	if (!mode && !offset && is_to_be_buffer(fd, length, &settings))
		return become_buffer(fd, length, &settings, "fallocate");
	if (memfd_is_buffer(fd))
		return buffer_fallocate(fd, mode, offset, length);
	return syscall(SYS_fallocate, fd, mode, offset, length);
}

/* libc's own, for files of all other kinds. */
int posix_fallocate(int fd, off_t offset, off_t length)
{
	int (*next)(int fd, off_t offset, off_t length) = dlsym(RTLD_NEXT, "posix_fallocate");
	const int saved = errno;
	int ret;

	if (!memfd_is_buffer(fd) && !memfd_links_to(fd, "/memfd:" MARK))
		return next(fd, offset, length);
	ret = fallocate(fd, 0, offset, length) ? errno : 0;
	errno = saved;
	return ret;
}

static size_t whole_pages(size_t length)
{
	const size_t page = getpagesize();

	return (length + page - 1) / page * page;
}

/* Map a buffer where a 2 MiB entry fits, as get_unmapped_area() of the DRM file does. */
static void *map_aligned(size_t length, int prot, int flags, int fd, off_t offset)
{
	char *area, *map;
	size_t before;
	int err;

	length = whole_pages(length);
	area = real_mmap(NULL, length + HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		return MAP_FAILED;
	before = (offset - (uintptr_t)area) % HUGE_SIZE;
	map = real_mmap(area + before, length, prot, flags | MAP_FIXED, fd, offset);
	err = errno;
	if (map == MAP_FAILED) {
		munmap(area, length + HUGE_SIZE);
		errno = err;
		return MAP_FAILED;
	}
	if (before)
		munmap(area, before);
	munmap(map + length, HUGE_SIZE - before);
	return map;
}

static void *map_buffer(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	flags &= ~HUGE_FLAGS;
	if (addr || flags & (MAP_FIXED | MAP_FIXED_NOREPLACE) || length < HUGE_SIZE)
		return real_mmap(addr, length, prot, flags, fd, offset);
	return map_aligned(length, prot, flags, fd, offset);
}

static void *map_anonymous(size_t length, int prot, int flags,
			   const struct memfd_settings *settings)
{
	int fd = memfd_buffer_make(settings, whole_pages(length), "mmap");
	void *map;
	int err;

	if (fd < 0)
		return MAP_FAILED;
	flags &= ~(MAP_ANONYMOUS | MAP_PRIVATE);
	map = map_buffer(NULL, length, prot, flags | MAP_SHARED, fd, 0);
	err = errno;
	close(fd);
	errno = err;
	return map;
}

/* Not a reservation, a stack, or a part of a larger mapping. */
static bool is_plain_memory(const void *addr, int prot, int flags)
{
	const int special = MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_NORESERVE | MAP_STACK |
			    MAP_GROWSDOWN;

	return !addr && prot == (PROT_READ | PROT_WRITE) && !(flags & special);
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	struct memfd_settings settings;

	if (!(flags & MAP_ANONYMOUS))
		return memfd_is_buffer(fd) ? map_buffer(addr, length, prot, flags, fd, offset) :
					     real_mmap(addr, length, prot, flags, fd, offset);
	if (is_plain_memory(addr, prot, flags)) {
		memfd_settings_read(&settings);
		if (settings.anonymous && length >= settings.anonymous)
			return map_anonymous(length, prot, flags, &settings);
	}
	return real_mmap(addr, length, prot, flags, fd, offset);
}

int fcntl(int fd, int command, ...)
{
	int (*next)(int fd, int command, ...) = dlsym(RTLD_NEXT, "fcntl64");
	va_list list;
	void *argument;

	/* An int, a long or a pointer: libc takes it in the same way. */
	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	if ((command != F_ADD_SEALS && command != F_GET_SEALS) || !memfd_is_buffer(fd))
		return next(fd, command, argument);
	if (command == F_GET_SEALS)
		return SEALS;
	if (!((uintptr_t)argument & ~(uintptr_t)SEALS))
		return 0;
	errno = EPERM;
	return -1;
}

/* The same for programs that are built with _FILE_OFFSET_BITS=64. */
int ftruncate64(int fd, off_t length) __attribute__((alias("ftruncate")));
int fallocate64(int fd, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));
int posix_fallocate64(int fd, off_t offset, off_t length) __attribute__((alias("posix_fallocate")));
void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));
int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));
