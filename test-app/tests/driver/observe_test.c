// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver tells about itself is there and true: fdinfo, debugfs, trace
 * events, module parameters.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "arch.h"
#include "driver.h"
#include "pattern.h"
#include "reload.h"
#include "sysfs.h"

FIXTURE(observe) {
	struct driver driver;
	size_t page;
};

FIXTURE_SETUP(observe)
{
	driver_setup(_metadata, &self->driver);
	self->page = self->driver.page;
}

FIXTURE_TEARDOWN(observe)
{
	driver_teardown(_metadata, &self->driver);
}

/* All of a file, as a string in @text; its length, or -1. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n, all = 0;

	if (fd < 0)
		return -1;
	while ((n = read(fd, text + all, size - 1 - all)) > 0)
		all += n;
	close(fd);
	text[all] = '\0';
	return n < 0 ? -1 : all;
}

/* What fdinfo says after "<key>:<tab>", to the end of all, or "" without the key. */
static const char *info(struct __test_metadata *_metadata, int fd, const char *key)
{
	static char text[4096];
	char path[64], line[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	EXPECT_LT(0, read_file(path, text, sizeof(text)));
	snprintf(line, sizeof(line), "\n%s:\t", key);
	at = strstr(text, line);
	EXPECT_NE(NULL, at)
		TH_LOG("no %s in:\n%s", key, text);
	return at ? at + strlen(line) : "";
}

/* The value of a memory key in bytes: "drm-total-gtt:	12 KiB". */
static uint64_t memory(struct __test_metadata *_metadata, int fd, const char *region)
{
	char key[64], *end;
	uint64_t value;

	snprintf(key, sizeof(key), "drm-%s", region);
	value = strtoull(info(_metadata, fd, key), &end, 10);
	if (!strncmp(end, " KiB\n", 5))
		return value << 10;
	if (!strncmp(end, " MiB\n", 5))
		return value << 20;
	EXPECT_EQ('\n', *end);
	return value;
}

TEST_F(observe, fdinfo_names_the_driver_and_the_client)
{
	int other = mockgpu_open(NULL, 0);
	unsigned long id, other_id;

	ASSERT_LE(0, other);
	EXPECT_EQ(0, strncmp("mockgpu\n", info(_metadata, self->driver.fd, "drm-driver"), 8));
	id = strtoul(info(_metadata, self->driver.fd, "drm-client-id"), NULL, 10);
	other_id = strtoul(info(_metadata, other, "drm-client-id"), NULL, 10);
	EXPECT_NE(0, id);
	EXPECT_NE(0, other_id);
	EXPECT_NE(id, other_id);
	EXPECT_EQ(0, close(other));
}

TEST_F(observe, fdinfo_counts_memory)
{
	static const char * const keys[] = {
		"total-system", "shared-system", "resident-system",
		"total-gtt", "shared-gtt", "resident-gtt",
		"total-vram", "shared-vram", "resident-vram",
	};
	int fd = self->driver.fd, other = mockgpu_open(NULL, 0), dmabuf;
	struct mockgpu_bo first, second, again;
	unsigned int i;

	ASSERT_LE(0, other);
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		EXPECT_EQ(0, memory(_metadata, fd, keys[i]));
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, 3 * self->page, &first));
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_SPLIT, 2, 0, 5 * self->page, &second));
	EXPECT_EQ(8 * self->page, memory(_metadata, fd, "total-gtt"));
	EXPECT_EQ(8 * self->page, memory(_metadata, fd, "resident-gtt"));
	EXPECT_EQ(0, memory(_metadata, fd, "shared-gtt"));
	EXPECT_EQ(0, memory(_metadata, fd, "total-vram"));
	EXPECT_EQ(0, memory(_metadata, other, "total-gtt"));

	dmabuf = mockgpu_bo_export(&second);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, mockgpu_bo_import(other, dmabuf, &again));
	EXPECT_EQ(8 * self->page, memory(_metadata, fd, "total-gtt"));
	EXPECT_EQ(5 * self->page, memory(_metadata, fd, "shared-gtt"));
	EXPECT_EQ(5 * self->page, memory(_metadata, other, "total-gtt"));
	EXPECT_EQ(5 * self->page, memory(_metadata, other, "shared-gtt"));

	EXPECT_EQ(0, mockgpu_bo_destroy(&again));
	EXPECT_EQ(0, mockgpu_bo_destroy(&second));
	EXPECT_EQ(3 * self->page, memory(_metadata, fd, "total-gtt"));
	EXPECT_EQ(0, mockgpu_bo_destroy(&first));
	EXPECT_EQ(0, memory(_metadata, fd, "total-gtt"));
	EXPECT_EQ(0, close(dmabuf));
	EXPECT_EQ(0, close(other));
}

TEST_F(observe, debugfs_lists_each_buffer)
{
	struct mockgpu_buffer list[3];
	struct mockgpu_bo first, second;
	int fd = self->driver.fd;
	int before = mockgpu_buffers_get(fd, NULL, 0);

	ASSERT_EQ(0, before);
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_RESERVED, 2, 0, 3 * self->page, &first));
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, 7 * self->page, &second));
	ASSERT_EQ(0, mockgpu_bo_map(&first, NULL));
	pattern_fill(first.map, first.size, 1);
	ASSERT_EQ(0, mockgpu_bo_zap(&first));
	ASSERT_EQ(2, mockgpu_buffers_get(fd, list, ARRAY_SIZE(list)));
	EXPECT_EQ(list[0].id + 1, list[1].id);
	EXPECT_EQ(3 * self->page, list[0].size);
	EXPECT_STREQ("reserved", list[0].kind);
	EXPECT_STREQ("gtt", list[0].placement);
	EXPECT_EQ(1, list[0].populated);
	EXPECT_EQ(1, list[0].maps);
	EXPECT_EQ(3, list[0].faults);
	EXPECT_EQ(1, list[0].zaps);
	EXPECT_EQ(0, list[0].pins);
	EXPECT_EQ(0, list[0].exported);
	EXPECT_EQ(0, list[0].moves);
	EXPECT_EQ(7 * self->page, list[1].size);
	EXPECT_STREQ("ttm", list[1].kind);
	EXPECT_EQ(0, list[1].maps);
	ASSERT_EQ(0, mockgpu_bo_inject(&second, MOCKGPU_INJECT_REF_GET, 0));
	ASSERT_EQ(2, mockgpu_buffers_get(fd, list, ARRAY_SIZE(list)));
	EXPECT_EQ(1, list[1].pins);
	ASSERT_EQ(0, mockgpu_bo_inject(&second, MOCKGPU_INJECT_REF_PUT, 0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&first));
	ASSERT_EQ(1, mockgpu_buffers_get(fd, list, ARRAY_SIZE(list)));
	EXPECT_STREQ("ttm", list[0].kind);
	EXPECT_EQ(0, mockgpu_bo_destroy(&second));
}

TEST_F(observe, debugfs_and_fdinfo_follow_a_buffer)
{
	int fd = self->driver.fd;
	struct mockgpu_buffer buffer;
	struct mockgpu_bo bo;

	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, MOCKGPU_CACHING_WC,
				       4 * self->page, &bo));
	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_STREQ("vram", buffer.placement);
	EXPECT_EQ(1, buffer.moves);
	EXPECT_EQ(MOCKGPU_CACHING_WC, buffer.caching);
	EXPECT_EQ(4 * self->page, memory(_metadata, fd, "total-vram"));
	EXPECT_EQ(4 * self->page, memory(_metadata, fd, "resident-vram"));
	EXPECT_EQ(0, memory(_metadata, fd, "total-gtt"));

	ASSERT_EQ(0, mockgpu_bo_swapout(&bo));
	ASSERT_EQ(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_STREQ("system", buffer.placement);
	EXPECT_EQ(0, buffer.populated);
	EXPECT_EQ(1, buffer.swapouts);
	EXPECT_EQ(4 * self->page, memory(_metadata, fd, "total-system"));
	EXPECT_EQ(0, memory(_metadata, fd, "resident-system"));
	EXPECT_EQ(0, memory(_metadata, fd, "total-vram"));

	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_set_caching(&bo, MOCKGPU_CACHING_CACHED));
	EXPECT_EQ(4 * self->page, memory(_metadata, fd, "resident-gtt"));
	ASSERT_EQ(0, mockgpu_bo_revoke(&bo));
	ASSERT_EQ(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_EQ(1, buffer.revoked);
	EXPECT_EQ(MOCKGPU_CACHING_CACHED, buffer.caching);
	EXPECT_EQ(0, buffer.populated);
	EXPECT_EQ(0, memory(_metadata, fd, "resident-gtt"));
	EXPECT_EQ(0, memory(_metadata, fd, "resident-system"));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

/* A mapping counts by areas: two halves after a hole, twice with a child. */
TEST_F(observe, debugfs_counts_mappings)
{
	struct mockgpu_buffer buffer;
	struct mockgpu_bo bo;
	int fd = self->driver.fd, status;
	pid_t child;

	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, 3 * self->page, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	ASSERT_EQ(0, munmap((char *)bo.map + self->page, self->page));
	ASSERT_EQ(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_EQ(2, buffer.maps);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(mockgpu_buffers_get(fd, &buffer, 1) == 1 ? buffer.maps : 100);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(4, WEXITSTATUS(status));
	EXPECT_EQ(0, mockgpu_bo_unmap(&bo));
	ASSERT_EQ(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_EQ(0, buffer.maps);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

#define TRACING "/sys/kernel/tracing/instances/mockgpu_test"

/* Lines of the trace that hold both strings. */
static unsigned int traced(const char *trace, const char *event, const char *what)
{
	unsigned int count = 0;
	const char *line, *end;
	char text[512];

	for (line = trace; (end = strchr(line, '\n')); line = end + 1) {
		snprintf(text, sizeof(text), "%.*s", (int)(end - line), line);
		count += strstr(text, event) && strstr(text, what);
	}
	return count;
}

TEST_F(observe, every_step_of_a_buffer_can_be_traced)
{
	static char trace[65536];
	struct mockgpu_buffer buffer;
	char id[32], size[64];
	struct mockgpu_bo bo;

	if (mkdir(TRACING, 0700) && errno != EEXIST)
		SKIP(return, "no trace instance can be made (%s): mount tracefs", strerror(errno));
	ASSERT_EQ(0, sysfs_write(TRACING "/events/mockgpu/enable", "1"));
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 3, 0,
				       8 * self->page, &bo));
	ASSERT_EQ(1, mockgpu_buffers_get(self->driver.fd, &buffer, 1));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	EXPECT_EQ(0, pattern_touch((char *)bo.map + 5 * self->page, 0));
	EXPECT_EQ(0, pattern_touch((char *)bo.map + 6 * self->page, 1));
	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_revoke(&bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
	ASSERT_EQ(0, sysfs_write(TRACING "/events/mockgpu/enable", "0"));
	ASSERT_LT(0, read_file(TRACING "/trace", trace, sizeof(trace)));
	ASSERT_EQ(0, rmdir(TRACING));

	snprintf(id, sizeof(id), " id=%" PRIu64 " ", buffer.id);
	snprintf(size, sizeof(size), "%ssize=%" PRIu64 " kind=1 order=3", id, bo.size);
	EXPECT_EQ(1, traced(trace, "mockgpu_bo_alloc:", size));
	EXPECT_EQ(1, traced(trace, "mockgpu_bo_revoke:", size));
	EXPECT_EQ(1, traced(trace, "mockgpu_bo_free:", size));
	snprintf(size, sizeof(size), "%spage=5 read result=0x100", id);
	EXPECT_EQ(1, traced(trace, "mockgpu_bo_fault:", size));
	EXPECT_EQ(2, traced(trace, "mockgpu_bo_fault:", id));
	snprintf(size, sizeof(size), "%sfrom=nowhere to=gtt result=0", id);
	EXPECT_EQ(1, traced(trace, "mockgpu_bo_move:", size));
	snprintf(size, sizeof(size), "%sfrom=gtt to=vram result=0", id);
	EXPECT_EQ(1, traced(trace, "mockgpu_bo_move:", size));
}

/* Whether the module's file says "parm=<name>:", which is what modinfo shows. */
static int is_described(const char *file, size_t size, const char *name)
{
	char text[300];

	snprintf(text, sizeof(text), "parm=%s:", name);
	return !!memmem(file, size, text, strlen(text));
}

TEST_F(observe, every_parameter_is_described)
{
	unsigned int count = 0;
	struct dirent *entry;
	struct stat st;
	void *file;
	DIR *dir;
	int fd;

	if (!module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module's file");
	fd = open(module_file(), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	ASSERT_NE(MAP_FAILED, file);
	dir = opendir(MOCKGPU_PARAMETERS);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		EXPECT_TRUE(is_described(file, st.st_size, entry->d_name))
			TH_LOG("%s", entry->d_name);
		count++;
	}
	EXPECT_LE(6, count);
	closedir(dir);
	EXPECT_EQ(0, munmap(file, st.st_size));
	EXPECT_EQ(0, close(fd));
}

/* What debugfs entry answers to @text; the errno of the question. */
static int ask_entry(struct __test_metadata *_metadata, int drm, const char *text)
{
	int fd = mockgpu_debugfs_open(drm, "entry", O_RDWR);
	int ret;

	ASSERT_LE(0, fd);
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	if (!ret)
		EXPECT_EQ(-1, write(fd, text, strlen(text)));
	EXPECT_EQ(0, close(fd));
	return ret;
}

TEST_F(observe, an_entry_of_the_page_table)
{
	const int drm = self->driver.fd;
	struct drm_mockgpu_page page;
	struct mockgpu_entry entry;
	struct mockgpu_bo bo;
	char *at;

	ASSERT_EQ(0, mockgpu_bo_create(drm, MOCKGPU_KIND_NONCOMPOUND, 2, MOCKGPU_CACHING_UC,
				       8 * self->page, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	at = (char *)bo.map + 5 * self->page;
	EXPECT_EQ(0, mockgpu_entry_get(drm, at, &entry));
	EXPECT_FALSE(entry.present);
	peek(at);
	EXPECT_EQ(0, mockgpu_entry_get(drm, at + 17, &entry));
	EXPECT_TRUE(entry.present);
	EXPECT_TRUE(entry.writable);
	EXPECT_TRUE(entry.special);
	EXPECT_FALSE(entry.large);
	EXPECT_EQ(1, mockgpu_bo_pages(&bo, 5, 1, &page));
	EXPECT_EQ(page.pfn, entry.pfn);
	if (ARCH_KEEPS_TYPES)
		EXPECT_STREQ("uncached-minus", mockgpu_entry_caching(&entry));
	ASSERT_EQ(0, mprotect(at, self->page, PROT_READ));
	EXPECT_EQ(0, mockgpu_entry_get(drm, at, &entry));
	EXPECT_FALSE(entry.writable);
	/* No such mapping, and memory with pages of its own. */
	EXPECT_EQ(-ENOENT, mockgpu_entry_get(drm, NULL, &entry));
	EXPECT_EQ(-ENOENT, mockgpu_entry_get(drm, &entry, &entry));
	EXPECT_EQ(-ENOENT, ask_entry(_metadata, drm, "0xffffffffffff0000"));
	EXPECT_EQ(-EINVAL, ask_entry(_metadata, drm, "where?"));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
