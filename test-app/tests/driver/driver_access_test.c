// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debugger can do with a mapping through /proc/PID/mem: read and write it at any
 * address and with any length, within the rights and bounds of the mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "driver.h"
#include "pattern.h"

#define PAGES 4

FIXTURE(access) {
	struct driver driver;
	struct mockgpu_bo bo;
	size_t page;
	int mem;
};

static bool has_access(struct __test_metadata *_metadata, struct _test_data_access *self)
{
	struct mockgpu_bo bo;
	bool has;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &(struct drm_mockgpu_bo_create) {
		.size = self->page, .kind = MOCKGPU_KIND_SPLIT,
	}, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	has = bo_has_access(_metadata, &bo);
	ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
	return has;
}

FIXTURE_SETUP(access)
{
	driver_setup(_metadata, &self->driver);
	self->page = self->driver.page;
	self->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->mem);
	if (!has_access(_metadata, self))
		SKIP(return, BO_NO_ACCESS);
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, close(self->mem));
	driver_teardown(_metadata, &self->driver);
}

static void make(struct __test_metadata *_metadata, struct _test_data_access *self,
		 const struct drm_mockgpu_bo_create *want)
{
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
}

static void make_plain(struct __test_metadata *_metadata, struct _test_data_access *self)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * self->page, .kind = MOCKGPU_KIND_SPLIT,
	};

	make(_metadata, self, &want);
}

/* By words: every memory type allows that. */
static size_t words_not_of(const struct mockgpu_bo *bo, const unsigned char *wanted)
{
	const uint64_t *seen = bo->map;
	size_t i, count = 0;
	uint64_t word;

	for (i = 0; i < bo->size / sizeof(word); i++) {
		memcpy(&word, wanted + i * sizeof(word), sizeof(word));
		count += __atomic_load_n(&seen[i], __ATOMIC_RELAXED) != word;
	}
	return count;
}

/* Read @size bytes, replace them, and check all of the buffer. */
static void expect_access(struct __test_metadata *_metadata, struct _test_data_access *self,
			  unsigned char *wanted, size_t offset, size_t size)
{
	uintptr_t at = (uintptr_t)self->bo.map + offset;
	unsigned char *bytes = malloc(size);
	size_t i;

	ASSERT_NE(NULL, bytes);
	EXPECT_EQ(size, pread(self->mem, bytes, size, at));
	EXPECT_EQ(0, memcmp(bytes, wanted + offset, size));
	for (i = 0; i < size; i++)
		wanted[offset + i] = ~bytes[i];
	EXPECT_EQ(size, pwrite(self->mem, wanted + offset, size, at));
	EXPECT_EQ(0, words_not_of(&self->bo, wanted));
	free(bytes);
}

static void expect_all_accesses(struct __test_metadata *_metadata,
				struct _test_data_access *self)
{
	const struct {
		size_t offset;
		size_t size;
	} access[] = {
		{ 0, 8 }, { 1, 7 }, { 3, 61 }, { 6, 2 }, { 12, 4 }, { 7, 1 },
		{ self->page - 5, 11 }, { self->page + 1, 2 * self->page + 3 },
		{ PAGES * self->page - 9, 9 }, { 0, PAGES * self->page },
	};
	unsigned char *wanted = malloc(self->bo.size);
	size_t i;

	ASSERT_NE(NULL, wanted);
	for (i = 0; i < self->bo.size / 8; i++)
		((uint64_t *)wanted)[i] = pattern_value(i, 1);
	for (i = 0; i < ARRAY_SIZE(access); i++)
		expect_access(_metadata, self, wanted, access[i].offset, access[i].size);
	free(wanted);
}

/* With ttm_bo_vm_access(), unaligned accesses to uncached memory oops on arm64. */
TEST_F(access, any_address_and_length_will_do)
{
	struct drm_mockgpu_bo_create want = { .size = PAGES * self->page };

	for (want.kind = 0; want.kind < MOCKGPU_KIND_COUNT; want.kind++) {
		want.order = want.kind == MOCKGPU_KIND_TTM ? 0 : 1;
		for (want.caching = 0; want.caching < MOCKGPU_CACHING_COUNT; want.caching++) {
			make(_metadata, self, &want);
			expect_all_accesses(_metadata, self);
			ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
		}
	}
}

TEST_F(access, in_vram_and_swapped_out_too)
{
	make_plain(_metadata, self);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	expect_all_accesses(_metadata, self);
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	expect_all_accesses(_metadata, self);
}

static void expect_read_only(struct __test_metadata *_metadata,
			     struct _test_data_access *self, const void *map)
{
	uint64_t word = 0;

	EXPECT_EQ(8, pread(self->mem, &word, sizeof(word), (uintptr_t)map + 8));
	EXPECT_EQ(pattern_value(1, 1), word);
	word = ~word;
	EXPECT_EQ(-1, pwrite(self->mem, &word, sizeof(word), (uintptr_t)map + 8));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 1));
}

TEST_F(access, a_mapping_that_is_read_only_now_is_not_written)
{
	make_plain(_metadata, self);
	ASSERT_EQ(0, mprotect(self->bo.map, self->bo.size, PROT_READ));
	expect_read_only(_metadata, self, self->bo.map);
	ASSERT_EQ(0, mprotect(self->bo.map, self->bo.size, PROT_READ | PROT_WRITE));
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
}

/* Whoever got such a dma-buf from another process has no other way to write either. */
TEST_F(access, a_read_only_dmabuf_is_not_written)
{
	int fd = -1;
	void *map;

	make_plain(_metadata, self);
	ASSERT_EQ(0, drmPrimeHandleToFD(self->driver.fd, self->bo.handle, DRM_CLOEXEC, &fd));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	map = mmap(NULL, self->bo.size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, self->bo.size, PROT_READ | PROT_WRITE));
	expect_read_only(_metadata, self, map);
	EXPECT_EQ(0, munmap(map, self->bo.size));
	EXPECT_EQ(0, close(fd));
}

TEST_F(access, nothing_beyond_the_end_of_a_mapping)
{
	char *bytes = calloc(PAGES, self->page);
	size_t half = PAGES / 2 * self->page;
	char *map;

	ASSERT_NE(NULL, bytes);
	make_plain(_metadata, self);
	map = self->bo.map;
	ASSERT_EQ(0, munmap(map + half, half));
	EXPECT_EQ(half, pread(self->mem, bytes, 2 * half, (uintptr_t)map));
	EXPECT_EQ(0, pattern_differences(bytes, half, 1));
	EXPECT_EQ(9, pread(self->mem, bytes, 10, (uintptr_t)map + half - 9));
	EXPECT_EQ(9, pwrite(self->mem, bytes, 10, (uintptr_t)map + half - 9));
	EXPECT_EQ(-1, pread(self->mem, bytes, 1, (uintptr_t)map + half));
	EXPECT_EQ(EIO, errno);
	free(bytes);
}

TEST_F(access, nothing_of_a_revoked_buffer)
{
	uint64_t word = 0;

	make_plain(_metadata, self);
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-1, pread(self->mem, &word, sizeof(word), (uintptr_t)self->bo.map));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(self->mem, &word, sizeof(word), (uintptr_t)self->bo.map));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, word);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
