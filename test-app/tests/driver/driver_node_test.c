// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plain node /dev/mockgpu, and the module as a whole: it must not be unloaded while
 * anybody uses it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "debugfs.h"
#include "driver.h"
#include "hostmap.h"
#include "sysfs.h"

#define NODE_KIND MOCKGPU_PARAMETERS "node_kind"
#define NODE_ORDER MOCKGPU_PARAMETERS "node_order"
#define NODE_SIZE MOCKGPU_PARAMETERS "node_size"

FIXTURE(node) {
	struct driver driver;
	int fd;
	uint64_t size;
	size_t page;
	/* What one of its buffers is charged for. */
	uint64_t charge;
};

static unsigned long number(struct __test_metadata *_metadata, const char *path)
{
	unsigned long value = 0;

	EXPECT_EQ(0, sysfs_read_number(path, &value));
	return value;
}

static int kind_parameter(struct __test_metadata *_metadata)
{
	char name[32];

	EXPECT_EQ(0, sysfs_read(NODE_KIND, name, sizeof(name)));
	return mockgpu_kind_parse(name);
}

FIXTURE_SETUP(node)
{
	uint64_t block;
	char why[256];
	int kind;

	driver_setup(_metadata, &self->driver);
	self->page = self->driver.page;
	self->fd = mockgpu_node_open(O_RDWR, &self->size, why, sizeof(why));
	ASSERT_LE(0, self->fd) {
		TH_LOG("%s", why);
	}
	kind = kind_parameter(_metadata);
	ASSERT_LE(0, kind);
	block = kind == MOCKGPU_KIND_TTM ? 1 : 1ull << number(_metadata, NODE_ORDER);
	self->charge = (self->size / self->page + block - 1) / block * block;
}

FIXTURE_TEARDOWN(node)
{
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	driver_teardown(_metadata, &self->driver);
}

static void *map(struct __test_metadata *_metadata, int fd, uint64_t size, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	ASSERT_NE(MAP_FAILED, at);
	return at;
}

TEST_F(node, has_the_size_of_the_parameter)
{
	EXPECT_EQ(number(_metadata, NODE_SIZE), self->size);
	EXPECT_EQ(self->size, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(-1, lseek(self->fd, -1, SEEK_SET));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, lseek(self->fd, 1, SEEK_END));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(node, is_a_character_device_for_root)
{
	struct stat st;

	ASSERT_EQ(0, fstat(self->fd, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0, st.st_mode & 0007);
}

TEST_F(node, has_a_buffer_from_the_first_mapping_on)
{
	void *at;

	driver_expect_usage(_metadata, &self->driver, 0, 0);
	at = map(_metadata, self->fd, self->page, 0);
	driver_expect_usage(_metadata, &self->driver, 1, self->charge);
	EXPECT_EQ(0, munmap(at, self->page));
	/* The buffer lives as long as the file: mapping again finds the data again. */
	driver_expect_usage(_metadata, &self->driver, 1, self->charge);
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

TEST_F(node, the_mapping_is_pfnmap)
{
	static const char * const wanted[] = { "sh", "pf", "io", "de", "dd" };
	void *at = map(_metadata, self->fd, self->size, 0);
	char flags[256];
	size_t i;

	ASSERT_EQ(0, hostmap_vma_flags(at, flags, sizeof(flags)));
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		EXPECT_NE(NULL, strstr(flags, wanted[i])) {
			TH_LOG("no '%s' in '%s'", wanted[i], flags);
		}
	}
	EXPECT_EQ(0, munmap(at, self->size));
}

TEST_F(node, mappings_of_one_file_share_a_buffer)
{
	uint64_t *all = map(_metadata, self->fd, self->size, 0);
	size_t last = self->size / self->page - 1, words = self->page / sizeof(*all), i;
	uint64_t *part;

	for (i = 0; i <= last; i++) {
		EXPECT_EQ(0, all[i * words]);
		all[i * words] = i + 1;
	}
	part = map(_metadata, self->fd, self->page, last * self->page);
	EXPECT_EQ(last + 1, part[0]);
	part[1] = 0xbeef;
	EXPECT_EQ(0xbeef, all[last * words + 1]);
	EXPECT_EQ(0, munmap(part, self->page));
	EXPECT_EQ(0, munmap(all, self->size));
}

TEST_F(node, two_files_have_a_buffer_each)
{
	int other = mockgpu_node_open(O_RDWR, NULL, NULL, 0);
	uint64_t *mine, *theirs;

	ASSERT_LE(0, other);
	mine = map(_metadata, self->fd, self->page, 0);
	theirs = map(_metadata, other, self->page, 0);
	driver_expect_usage(_metadata, &self->driver, 2, 2 * self->charge);
	*mine = 1;
	EXPECT_EQ(0, *theirs);
	*theirs = 2;
	EXPECT_EQ(1, *mine);
	EXPECT_EQ(0, munmap(mine, self->page));
	EXPECT_EQ(0, munmap(theirs, self->page));
	EXPECT_EQ(0, close(other));
}

TEST_F(node, nothing_beyond_the_end_can_be_mapped)
{
	const struct {
		uint64_t offset, size;
	} beyond[] = {
		{ 0, self->size + self->page }, { self->page, self->size },
		{ self->size - self->page, 2 * self->page }, { self->size, self->page },
		{ 1ull << 40, self->page },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, beyond[i].size, PROT_READ, MAP_SHARED, self->fd,
					   beyond[i].offset)) {
			TH_LOG("%#llx bytes at %#llx", (unsigned long long)beyond[i].size,
			       (unsigned long long)beyond[i].offset);
		}
		EXPECT_EQ(EINVAL, errno);
	}
	/* And no buffer was created for them. */
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

TEST_F(node, a_private_mapping_is_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->fd,
				   0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(node, a_read_only_file_gives_read_only_mappings)
{
	int readonly = mockgpu_node_open(O_RDONLY, NULL, NULL, 0);
	void *at;

	ASSERT_LE(0, readonly);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, readonly,
				   0));
	EXPECT_EQ(EACCES, errno);
	at = mmap(NULL, 2 * self->page, PROT_READ, MAP_SHARED, readonly, 0);
	ASSERT_NE(MAP_FAILED, at);
	EXPECT_EQ(0, peek(at));
	EXPECT_EQ(-1, mprotect(at, self->page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(0, munmap(at, 2 * self->page));
	EXPECT_EQ(0, close(readonly));
}

TEST_F(node, the_kind_can_be_chosen_for_those_who_open_it_next)
{
	struct mockgpu_buffer buffers[2] = { 0 };
	int kind = kind_parameter(_metadata), other, reserved;
	void *first, *second;

	ASSERT_EQ(0, sysfs_write(NODE_KIND, "reserved\n"));
	reserved = kind_parameter(_metadata);
	other = mockgpu_node_open(O_RDWR, NULL, NULL, 0);
	EXPECT_EQ(-EINVAL, sysfs_write(NODE_KIND, "no such kind"));
	EXPECT_EQ(MOCKGPU_KIND_RESERVED, kind_parameter(_metadata));
	ASSERT_EQ(0, sysfs_write(NODE_KIND, mockgpu_kind_name(kind)));
	EXPECT_EQ(MOCKGPU_KIND_RESERVED, reserved);
	ASSERT_LE(0, other);
	first = map(_metadata, self->fd, self->page, 0);
	second = map(_metadata, other, self->page, 0);
	ASSERT_EQ(2, mockgpu_buffers_get(self->driver.fd, buffers, ARRAY_SIZE(buffers)));
	EXPECT_STREQ(mockgpu_kind_name(kind), buffers[0].kind);
	EXPECT_STREQ("reserved", buffers[1].kind);
	EXPECT_EQ(0, munmap(first, self->page));
	EXPECT_EQ(0, munmap(second, self->page));
	EXPECT_EQ(0, close(other));
}

TEST_F(node, is_for_mapping_only)
{
	char byte = 0;

	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ftruncate(self->fd, self->size));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->fd, DRM_IOCTL_MOCKGPU_BO_CREATE, &byte));
	EXPECT_EQ(ENOTTY, errno);
}

/* TTM warns in the kernel log when a copied VMA is not where it expects it. */
TEST_F(node, a_child_shares_the_memory)
{
	uint64_t *at = map(_metadata, self->fd, self->size, 0);
	int status;
	pid_t child;

	at[0] = 1;
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		at[1] = at[0] + 1;
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(2, at[1]);
	EXPECT_EQ(0, munmap(at, self->size));
}

TEST_F(node, a_mapping_outlives_the_file)
{
	uint64_t *at = map(_metadata, self->fd, self->size, 0);

	at[0] = 1;
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	at[self->page] = 2;
	EXPECT_EQ(1, at[0]);
	driver_expect_usage(_metadata, &self->driver, 1, self->charge);
	EXPECT_EQ(0, munmap(at, self->size));
}

/* If it could be unloaded, it would be gone, and the following tests would fail. */
static void expect_module_in_use(struct __test_metadata *_metadata)
{
	EXPECT_EQ(-1, syscall(SYS_delete_module, "mockgpu", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
}

FIXTURE(module) {
	int unused;
};

FIXTURE_SETUP(module)
{
}

FIXTURE_TEARDOWN(module)
{
}

TEST_F(module, stays_while_the_render_node_is_open)
{
	int fd = mockgpu_open(NULL, 0);

	ASSERT_LE(0, fd);
	expect_module_in_use(_metadata);
	EXPECT_EQ(0, close(fd));
}

TEST_F(module, stays_while_the_plain_node_is_open)
{
	int fd = mockgpu_node_open(O_RDONLY, NULL, NULL, 0);

	ASSERT_LE(0, fd);
	expect_module_in_use(_metadata);
	EXPECT_EQ(0, close(fd));
}

TEST_F(module, stays_while_a_buffer_is_mapped)
{
	int fd = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, getpagesize(), &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	ASSERT_EQ(0, close(fd));
	expect_module_in_use(_metadata);
	poke(bo.map, 1);
	EXPECT_EQ(0, munmap(bo.map, bo.size));
}

TEST_F(module, stays_while_the_plain_node_is_mapped)
{
	int fd = mockgpu_node_open(O_RDWR, NULL, NULL, 0);
	char *at;

	ASSERT_LE(0, fd);
	at = map(_metadata, fd, getpagesize(), 0);
	ASSERT_EQ(0, close(fd));
	expect_module_in_use(_metadata);
	poke(at, 1);
	EXPECT_EQ(0, munmap(at, getpagesize()));
}

/* Not every failure is about permissions: opening the render node reports the reason. */
TEST(why_it_cannot_be_opened)
{
	struct rlimit limit, few;
	char why[256] = "";
	int fd;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	few = limit;
	fd = open("/dev/null", O_RDONLY);
	ASSERT_LE(0, fd);
	few.rlim_cur = fd;
	ASSERT_EQ(0, close(fd));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &few));
	EXPECT_EQ(-EMFILE, mockgpu_open(why, sizeof(why)));
	EXPECT_NE(NULL, strstr(why, strerror(EMFILE)))
		TH_LOG("%s", why);
	EXPECT_EQ(NULL, strstr(why, "run as root"));
	EXPECT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	fd = mockgpu_open(why, sizeof(why));
	EXPECT_LE(0, fd)
		TH_LOG("%s", why);
	EXPECT_EQ(0, close(fd));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
