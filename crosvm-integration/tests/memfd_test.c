// SPDX-License-Identifier: GPL-2.0-only
/*
 * mockgpu-memfd.so: which memory of a program becomes a buffer and which does not, how that
 * differs from a memfd, and how it ends when there can be none.
 *
 * This program is linked with the library. Others get it by LD_PRELOAD.
 */

#include <fcntl.h>
#include <limits.h>
#include <linux/dma-buf.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "hostmap.h"

#define MIB (1ul << 20)
#define HUGE_SIZE (2 * MIB)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW)
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define ANY (PROT_READ | PROT_WRITE)

FIXTURE(memfd) {
	struct driver driver;
	int fd;
};

FIXTURE_SETUP(memfd)
{
	driver_setup(_metadata, &self->driver);
	self->fd = memfd_create("a test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(memfd)
{
	close(self->fd);
	driver_teardown(_metadata, &self->driver);
}

static off_t size_of(int fd)
{
	struct stat st = { .st_size = -1 };

	return fstat(fd, &st) ? -1 : st.st_size;
}

static bool is_dmabuf(int fd)
{
	struct statfs fs = {};

	return !fstatfs(fd, &fs) && fs.f_type == DMA_BUF_MAGIC;
}

/* Whether this memory is a GPU driver's. */
static bool is_pfnmap(const void *at)
{
	char flags[256];

	return !hostmap_vma_flags(at, flags, sizeof(flags)) && strstr(flags, "pf");
}

static struct mockgpu_buffer last_buffer(struct __test_metadata *_metadata, int fd)
{
	struct mockgpu_buffer buffers[8] = {};
	int count = mockgpu_buffers_get(fd, buffers, 8);

	EXPECT_LT(0, count);
	EXPECT_GE(8, count);
	return buffers[count > 0 && count <= 8 ? count - 1 : 0];
}

TEST_F(memfd, gets_its_size_as_a_buffer)
{
	char *map, *other;

	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_TRUE(is_dmabuf(self->fd));
	EXPECT_EQ((off_t)MIB, size_of(self->fd));
	EXPECT_EQ((off_t)MIB, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->fd, F_GETFD));
	driver_expect_usage(_metadata, &self->driver, 1, MIB / self->driver.page);

	map = mmap(NULL, MIB, ANY, MAP_SHARED, self->fd, 0);
	other = mmap(NULL, self->driver.page, ANY, MAP_SHARED, self->fd, MIB - self->driver.page);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_TRUE(is_pfnmap(map));
	poke(map + MIB - 1, 'x');
	EXPECT_EQ('x', peek(other + self->driver.page - 1));
	EXPECT_EQ(0, munmap(map, MIB));
	EXPECT_EQ(0, munmap(other, self->driver.page));
}

TEST_F(memfd, keeps_its_flag_over_exec)
{
	int fd = memfd_create("no close-on-exec", 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, MIB));
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	EXPECT_TRUE(is_dmabuf(fd));
	EXPECT_EQ(0, close(fd));
}

TEST_F(memfd, does_not_change_its_size)
{
	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_EQ(-1, ftruncate(self->fd, 2 * MIB));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(self->fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, ftruncate(self->fd, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fallocate(self->fd, 0, MIB, 1));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ((off_t)MIB, size_of(self->fd));
}

TEST_F(memfd, has_the_seals_of_that)
{
	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_EQ(SEALS, fcntl(self->fd, F_GET_SEALS));
	EXPECT_EQ(0, fcntl(self->fd, F_ADD_SEALS, SEALS));
	EXPECT_EQ(-1, fcntl(self->fd, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(memfd, is_allocated_by_fallocate)
{
	int other = memfd_create("another", 0);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, fallocate(self->fd, 0, 0, MIB));
	EXPECT_TRUE(is_dmabuf(self->fd));
	EXPECT_EQ(0, fallocate(self->fd, 0, 0, MIB));
	EXPECT_EQ(-1, fallocate(self->fd, FALLOC_FL_KEEP_SIZE, 0, MIB));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, fallocate(self->fd, PUNCH, -1, MIB));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fallocate(self->fd, 0, 0, 0));
	EXPECT_EQ(EINVAL, errno);

	EXPECT_EQ(0, posix_fallocate(other, 0, MIB));
	EXPECT_TRUE(is_dmabuf(other));
	EXPECT_EQ(EPERM, posix_fallocate(other, 0, 2 * MIB));
	EXPECT_EQ(0, close(other));
}

TEST_F(memfd, zeroes_what_is_punched)
{
	const size_t page = self->driver.page;
	char *map;

	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	map = mmap(NULL, MIB, ANY, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 'x', MIB);
	EXPECT_EQ(0, fallocate(self->fd, PUNCH, page, page));
	EXPECT_EQ('x', peek(map + page - 1));
	EXPECT_EQ(0, peek(map + page));
	EXPECT_EQ(0, peek(map + 2 * page - 1));
	EXPECT_EQ('x', peek(map + 2 * page));
	/* What is beyond the end is ignored, as in a memfd. */
	EXPECT_EQ(0, fallocate(self->fd, PUNCH, MIB - page, MIB));
	EXPECT_EQ(0, peek(map + MIB - 1));
	EXPECT_EQ(0, fallocate(self->fd, PUNCH, MIB, MIB));
	EXPECT_EQ(0, munmap(map, MIB));
}

TEST_F(memfd, cannot_be_mapped_private)
{
	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, MIB, ANY, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * MIB, ANY, MAP_SHARED, self->fd, 0));
}

TEST_F(memfd, is_the_same_after_dup_and_fork)
{
	char *map;
	int copy, status;
	pid_t pid;

	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	copy = dup(self->fd);
	ASSERT_LE(0, copy);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		map = mmap(NULL, MIB, ANY, MAP_SHARED, copy, 0);
		if (map == MAP_FAILED || ftruncate(copy, 2 * MIB) != -1)
			_exit(1);
		poke(map, 'x');
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	map = mmap(NULL, MIB, ANY, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ('x', peek(map));
	EXPECT_EQ(0, munmap(map, MIB));
	EXPECT_EQ(0, close(copy));
}

TEST_F(memfd, is_aligned_for_large_entries)
{
	char *map, *at;

	setenv("MOCKGPU_MEMFD_KIND", "noncompound", 1);
	ASSERT_EQ(0, ftruncate(self->fd, 4 * HUGE_SIZE));
	map = mmap(NULL, 3 * HUGE_SIZE + 1, ANY, MAP_SHARED | MAP_HUGETLB, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, (uintptr_t)map % HUGE_SIZE);
	poke(map + 3 * HUGE_SIZE, 'x');
	/* What was reserved behind it is free again. */
	at = map + 3 * HUGE_SIZE + self->driver.page;
	EXPECT_EQ(at, mmap(at, self->driver.page, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	EXPECT_EQ(0, munmap(at, self->driver.page));
	EXPECT_EQ(0, munmap(map, 3 * HUGE_SIZE + 1));

	map = mmap(NULL, HUGE_SIZE, ANY, MAP_SHARED, self->fd, self->driver.page);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(self->driver.page, (uintptr_t)map % HUGE_SIZE);
	EXPECT_EQ(0, munmap(map, HUGE_SIZE));
}

TEST_F(memfd, follows_the_environment)
{
	struct mockgpu_buffer buffer;

	setenv("MOCKGPU_MEMFD_KIND", "split", 1);
	setenv("MOCKGPU_MEMFD_ORDER", "3", 1);
	setenv("MOCKGPU_MEMFD_CACHING", "wc", 1);
	setenv("MOCKGPU_MEMFD_FAULT", "prefault", 1);
	ASSERT_EQ(0, ftruncate(self->fd, self->driver.page));
	buffer = last_buffer(_metadata, self->driver.fd);
	EXPECT_STREQ("split", buffer.kind);
	EXPECT_STREQ("gtt", buffer.placement);
	EXPECT_EQ(MOCKGPU_CACHING_WC, buffer.caching);
	/* A block is charged in full. */
	driver_expect_usage(_metadata, &self->driver, 1, 8);
}

TEST_F(memfd, is_in_vram_on_request)
{
	if (!mockgpu_supports(self->driver.fd, MOCKGPU_PARAM_PLACEMENTS, MOCKGPU_PLACEMENT_VRAM))
		SKIP(return, "no VRAM");
	setenv("MOCKGPU_MEMFD_PLACEMENT", "vram", 1);
	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_STREQ("vram", last_buffer(_metadata, self->driver.fd).placement);
}

TEST_F(memfd, faults_as_told)
{
	struct mockgpu_buffer buffer;
	char *map;

	setenv("MOCKGPU_MEMFD_FAULT", "prefault", 1);
	ASSERT_EQ(0, ftruncate(self->fd, 16 * self->driver.page));
	map = mmap(NULL, 16 * self->driver.page, ANY, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 1, 16 * self->driver.page);
	buffer = last_buffer(_metadata, self->driver.fd);
	EXPECT_EQ(1, buffer.faults);
	EXPECT_EQ(0, munmap(map, 16 * self->driver.page));
}

TEST_F(memfd, stays_one_when_small_or_odd)
{
	setenv("MOCKGPU_MEMFD_MIN", "1M", 1);
	ASSERT_EQ(0, ftruncate(self->fd, MIB - self->driver.page));
	EXPECT_FALSE(is_dmabuf(self->fd));
	/* The first size decides. */
	ASSERT_EQ(0, ftruncate(self->fd, MIB));
	EXPECT_FALSE(is_dmabuf(self->fd));
	ASSERT_EQ(0, ftruncate(self->fd, 0));
	ASSERT_EQ(0, ftruncate(self->fd, MIB + 1));
	EXPECT_FALSE(is_dmabuf(self->fd));
	EXPECT_EQ((off_t)MIB + 1, size_of(self->fd));
	EXPECT_EQ(0, fcntl(self->fd, F_GET_SEALS));
	EXPECT_EQ(0, fcntl(self->fd, F_ADD_SEALS, F_SEAL_GROW));
	EXPECT_EQ(-1, ftruncate(self->fd, 2 * MIB));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(memfd, refuses_names_as_the_kernel_does)
{
	char name[251];
	int fd;

	memset(name, 'n', 250);
	name[250] = '\0';
	EXPECT_EQ(-1, memfd_create(name, 0));
	EXPECT_EQ(EINVAL, errno);
	fd = memfd_create(name + 1, 0);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(-1, memfd_create("flags", 1u << 25));
	EXPECT_EQ(EINVAL, errno);
}

/* Not a memfd of this library's memfd_create(). */
TEST_F(memfd, leaves_others_alone)
{
	int real = syscall(SYS_memfd_create, "mockgpu-memfd", 0u);
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	struct mockgpu_bo bo;
	int dmabuf;

	ASSERT_LE(0, real);
	EXPECT_EQ(0, ftruncate(real, MIB));
	EXPECT_FALSE(is_dmabuf(real));
	EXPECT_EQ(0, close(real));

	ASSERT_LE(0, file);
	EXPECT_EQ(0, posix_fallocate(file, 0, MIB));
	EXPECT_EQ(0, fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 2 * MIB));
	EXPECT_EQ(0, ftruncate(file, 2 * MIB));
	EXPECT_EQ((off_t)(2 * MIB), size_of(file));
	EXPECT_EQ(0, close(file));

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0,
				       MOCKGPU_CACHING_CACHED, MIB, &bo));
	dmabuf = mockgpu_bo_export(&bo);
	ASSERT_LE(0, dmabuf);
	EXPECT_EQ(-1, ftruncate(dmabuf, MIB));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(dmabuf, F_GET_SEALS));
	EXPECT_EQ(0, close(dmabuf));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

static void *anonymous(size_t size, int prot, int flags)
{
	return mmap(NULL, size, prot, MAP_ANONYMOUS | flags, -1, 0);
}

TEST_F(memfd, anonymous_memory_is_a_buffer_on_request)
{
	static const struct {
		size_t size;
		int prot;
		int flags;
		bool is_buffer;
	} cases[] = {
		{ MIB, ANY, MAP_PRIVATE, true },
		{ MIB + 1, ANY, MAP_SHARED, true },
		{ MIB - 1, ANY, MAP_PRIVATE, false },
		{ MIB, PROT_NONE, MAP_PRIVATE, false },
		{ MIB, PROT_READ, MAP_PRIVATE, false },
		{ MIB, ANY, MAP_PRIVATE | MAP_NORESERVE, false },
		{ MIB, ANY, MAP_PRIVATE | MAP_STACK, false },
	};
	char *map;
	size_t i;

	map = anonymous(MIB, ANY, MAP_PRIVATE);
	EXPECT_FALSE(is_pfnmap(map));
	EXPECT_EQ(0, munmap(map, MIB));

	setenv("MOCKGPU_MEMFD_ANONYMOUS", "1M", 1);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		map = anonymous(cases[i].size, cases[i].prot, cases[i].flags);
		ASSERT_NE(MAP_FAILED, map);
		EXPECT_EQ(cases[i].is_buffer, is_pfnmap(map))
			TH_LOG("case %zu", i);
		if (cases[i].is_buffer)
			poke(map + cases[i].size - 1, 'x');
		EXPECT_EQ(0, munmap(map, cases[i].size));
	}
	/* malloc() does not call the mmap() that others see. */
	map = malloc(4 * MIB);
	EXPECT_FALSE(is_pfnmap(map));
	free(map);
}

#define THREADS 4
#define ROUNDS 50

static void *make_and_free(void *failed)
{
	const int page = getpagesize();
	char *map;
	int fd, i;

	for (i = 0; i < ROUNDS; i++) {
		fd = memfd_create("thread", 0);
		if (fd < 0 || ftruncate(fd, page))
			return failed;
		map = mmap(NULL, page, ANY, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED || close(fd))
			return failed;
		poke(map, 1);
		if (munmap(map, page))
			return failed;
	}
	return NULL;
}

TEST_F(memfd, threads_make_them_together)
{
	pthread_t threads[THREADS];
	void *ret;
	int i;

	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, make_and_free, self));
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], &ret));
		EXPECT_EQ(NULL, ret);
	}
}

/*
 * What ends a program runs in a child, whose standard error comes back.
 * Return: the exit status, or -1.
 */
static int ends(void (*body)(const void *data), const void *data, char *text, size_t size)
{
	int out[2], status;
	ssize_t got = 0, n;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		dup2(out[1], STDERR_FILENO);
		body(data);
		_exit(0);
	}
	close(out[1]);
	while (got < (ssize_t)size - 1 && (n = read(out[0], text + got, size - 1 - got)) > 0)
		got += n;
	text[got] = '\0';
	close(out[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Run a program that makes no memfd, with the library beside this program preloaded. */
static void preloaded(const void *data)
{
	const char *const *setting = data;
	char path[PATH_MAX], preload[PATH_MAX + 32];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length < 0)
		_exit(99);
	path[length] = '\0';
	*strrchr(path, '/') = '\0';
	snprintf(preload, sizeof(preload), "%s/memfd/mockgpu-memfd.so", path);
	setenv("LD_PRELOAD", preload, 1);
	if (setting)
		setenv(setting[0], setting[1], 1);
	execlp("true", "true", NULL);
	_exit(99);
}

static int lines_of(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

TEST_F(memfd, a_wrong_value_ends_the_program)
{
	static const char *const wrong[][2] = {
		{ "MOCKGPU_MEMFD_KIND", "import" },
		{ "MOCKGPU_MEMFD_ORDER", "11" },
		{ "MOCKGPU_MEMFD_ORDER", "-1" },
		{ "MOCKGPU_MEMFD_CACHING", "warm" },
		{ "MOCKGPU_MEMFD_PLACEMENT", "system" },
		{ "MOCKGPU_MEMFD_FAULT", "hug" },
		{ "MOCKGPU_MEMFD_ANONYMOUS", "0" },
		{ "MOCKGPU_MEMFD_MIN", "lots" },
		{ "MOCKGPU_MEMFD_LOG", "yes" },
	};
	char text[512], begins[128];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(2, ends(preloaded, wrong[i], text, sizeof(text)));
		snprintf(begins, sizeof(begins), "mockgpu memfd: %s=%s: use ", wrong[i][0],
			 wrong[i][1]);
		EXPECT_EQ(0, strncmp(begins, text, strlen(begins)))
			TH_LOG("%s", text);
		EXPECT_EQ(1, lines_of(text));
	}
}

TEST_F(memfd, a_program_without_memfd_gets_a_line)
{
	char text[512];

	EXPECT_EQ(0, ends(preloaded, NULL, text, sizeof(text)));
	EXPECT_STREQ("mockgpu memfd: true has no memfd of such a size: no buffer was made\n", text);
}

static void size_it(const void *data)
{
	const off_t *size = data;
	int fd = memfd_create("sized", 0);

	if (!ftruncate(fd, *size))
		_exit(99);
	_exit(errno == E2BIG && !is_dmabuf(fd) ? 0 : 98);
}

static void size_without_device(const void *data)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/dev/dri", "tmpfs", 0, NULL))
		_exit(97);
	size_it(data);
}

TEST_F(memfd, without_the_device_the_program_ends)
{
	const off_t size = MIB;
	char text[512];

	EXPECT_EQ(4, ends(size_without_device, &size, text, sizeof(text)));
	EXPECT_EQ(0, strncmp("mockgpu memfd: the render node of mockgpu is not there", text, 54))
		TH_LOG("%s", text);
	EXPECT_EQ(1, lines_of(text));
}

TEST_F(memfd, what_the_driver_refuses_fails_with_a_line)
{
	const off_t size = 1ll << 46;
	char text[512], line[512];

	EXPECT_EQ(0, ends(size_it, &size, text, sizeof(text)));
	snprintf(line, sizeof(line), "mockgpu memfd: ftruncate: no buffer of %lld bytes, %s: %s\n",
		 (long long)size, "ttm, order 0", strerror(E2BIG));
	EXPECT_STREQ(line, text);
}

TEST_HARNESS_MAIN
