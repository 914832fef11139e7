// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mappings of buffers: what can be mapped, what a mapping is, and that it outlives
 * everything but its own munmap().
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "driver.h"
#include "hostmap.h"
#include "pattern.h"

#define PAGES 24

FIXTURE(map) {
	struct driver driver;
	size_t page;
	struct mockgpu_bo bo;
	uint64_t offset;
};

/* PAGES is not a multiple of the block: the last block is partly used. */
FIXTURE_SETUP(map)
{
	driver_setup(_metadata, &self->driver);
	self->page = self->driver.page;
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 4,
				       MOCKGPU_CACHING_CACHED, PAGES * self->page, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &self->offset));
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(map, data_is_there_through_every_mapping)
{
	void *second;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	second = mmap(NULL, self->bo.size, PROT_READ, MAP_SHARED, self->bo.fd, self->offset);
	ASSERT_NE(MAP_FAILED, second);
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(0, pattern_differences(second, self->bo.size, 1));
	EXPECT_EQ(0, munmap(second, self->bo.size));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

TEST_F(map, data_is_right_for_every_kind_order_and_caching)
{
	uint32_t kind, order, caching;

	for (kind = 0; kind < MOCKGPU_KIND_COUNT; kind++) {
		uint32_t last = kind == MOCKGPU_KIND_TTM ? 0 : MOCKGPU_MAX_ORDER;

		for (order = 0; order <= last; order += 5) {
			for (caching = 0; caching < MOCKGPU_CACHING_COUNT; caching++) {
				struct mockgpu_bo bo;

				ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, kind, order,
							       caching, 70 * self->page, &bo));
				ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
				pattern_fill(bo.map, bo.size, kind);
				EXPECT_EQ(0, mockgpu_bo_zap(&bo));
				EXPECT_EQ(0, pattern_differences(bo.map, bo.size, kind)) {
					TH_LOG("kind %u order %u caching %u", kind, order, caching);
				}
				EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
			}
		}
	}
}

TEST_F(map, the_mapping_is_pfnmap)
{
	char flags[256];
	int i;
	static const char * const wanted[] = { "sh", "pf", "io", "de", "dd" };

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	ASSERT_EQ(0, hostmap_vma_flags(self->bo.map, flags, sizeof(flags)));
	for (i = 0; i < (int)ARRAY_SIZE(wanted); i++) {
		EXPECT_NE(NULL, strstr(flags, wanted[i])) {
			TH_LOG("no '%s' in '%s'", wanted[i], flags);
		}
	}
	/* With VM_MIXEDMAP the pages would be counted. */
	EXPECT_EQ(NULL, strstr(flags, "mm"));
}

/*
 * The page walker behind pagemap and mincore() skips VM_PFNMAP: only the driver's fault
 * count tells whether a page was mapped.
 */
static uint64_t faults(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_query query = {};

	EXPECT_EQ(0, mockgpu_bo_query(bo, &query));
	return query.faults;
}

static void expect_one_fault(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			     size_t offset, int write)
{
	char *at = (char *)bo->map + offset;
	uint64_t before = faults(_metadata, bo);

	if (write)
		poke(at, 1);
	else
		peek(at);
	EXPECT_EQ(before + 1, faults(_metadata, bo));
	/* A page that was read first can be written without another fault. */
	poke(at, 2);
	EXPECT_EQ(before + 1, faults(_metadata, bo));
}

TEST_F(map, a_touch_maps_one_page)
{
	int i;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	EXPECT_EQ(0, faults(_metadata, &self->bo));
	for (i = 0; i < PAGES; i++)
		expect_one_fault(_metadata, &self->bo, i * self->page, i & 1);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	for (i = PAGES; i--;)
		expect_one_fault(_metadata, &self->bo, i * self->page, i & 1);
}

TEST_F(map, a_zap_takes_the_mappings_and_keeps_the_data)
{
	struct drm_mockgpu_bo_query query;
	void *second;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	second = mmap(NULL, self->bo.size, PROT_READ, MAP_SHARED, self->bo.fd, self->offset);
	ASSERT_NE(MAP_FAILED, second);
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(0, pattern_differences(second, self->bo.size, 2));
	EXPECT_EQ(2 * PAGES, faults(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
	EXPECT_EQ(3 * PAGES, faults(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(second, self->bo.size, 2));
	EXPECT_EQ(4 * PAGES, faults(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_query(&self->bo, &query));
	EXPECT_EQ(1, query.zaps);
	EXPECT_EQ(0, munmap(second, self->bo.size));
}

TEST_F(map, nothing_beyond_the_end_can_be_mapped)
{
	static const struct {
		int start, pages;
	} beyond[] = {
		{ 0, PAGES + 1 }, { 0, 2 * PAGES }, { 1, PAGES }, { PAGES - 1, 2 },
		{ PAGES, 1 },
		/* Within the buffer, but GEM maps from the start only (drm_gem_mmap()). */
		{ 1, 1 }, { 1, PAGES - 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, beyond[i].pages * self->page, PROT_READ,
					   MAP_SHARED, self->bo.fd,
					   self->offset + beyond[i].start * self->page)) {
			TH_LOG("%d pages from page %d", beyond[i].pages, beyond[i].start);
		}
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST_F(map, an_offset_without_a_buffer_cannot_be_mapped)
{
	const uint64_t offsets[] = { 0, self->page, 1ull << 40, ~(self->page - 1) >> 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->bo.fd,
					   offsets[i] & ~(self->page - 1))) {
			TH_LOG("offset %#llx", (unsigned long long)offsets[i]);
		}
		EXPECT_TRUE(errno == EINVAL || errno == EOVERFLOW);
	}
}

TEST_F(map, the_first_pages_can_be_mapped_alone)
{
	char *part = mmap(NULL, 3 * self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->bo.fd,
			  self->offset);

	ASSERT_NE(MAP_FAILED, part);
	pattern_fill(part, 3 * self->page, 3);
	EXPECT_EQ(0, munmap(part, 3 * self->page));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	EXPECT_EQ(0, pattern_differences(self->bo.map, 3 * self->page, 3));
}

TEST_F(map, a_private_mapping_is_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				   self->bo.fd, self->offset));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->bo.size, PROT_READ, MAP_PRIVATE, self->bo.fd,
				   self->offset));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(map, mprotect_holds)
{
	char *last;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	last = (char *)self->bo.map + self->bo.size - 1;
	pattern_fill(self->bo.map, self->bo.size, 4);
	ASSERT_EQ(0, mprotect(self->bo.map, self->bo.size, PROT_READ));
	EXPECT_EQ(SIGSEGV, pattern_touch(self->bo.map, 1));
	EXPECT_EQ(SIGSEGV, pattern_touch(last, 1));
	EXPECT_EQ(0, pattern_touch(last, 0));
	/* Also for entries created from now on. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_touch(last, 0));
	EXPECT_EQ(SIGSEGV, pattern_touch(last, 1));
	ASSERT_EQ(0, mprotect(self->bo.map, self->bo.size, PROT_NONE));
	EXPECT_EQ(SIGSEGV, pattern_touch(last, 0));
	ASSERT_EQ(0, mprotect(self->bo.map, self->bo.size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, pattern_touch(last, 1));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 4));
}

TEST_F(map, a_hole_in_a_mapping_is_a_hole)
{
	char *map;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	map = self->bo.map;
	pattern_fill(map, self->bo.size, 5);
	ASSERT_EQ(0, munmap(map + 7 * self->page, self->page));
	EXPECT_EQ(SIGSEGV, pattern_touch(map + 7 * self->page, 0));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(map, 7 * self->page, 5));
	/* After the hole the words continue with their own numbers. */
	EXPECT_EQ(pattern_value(8 * self->page / 8, 5), *(uint64_t *)(map + 8 * self->page));
	EXPECT_EQ(pattern_value(self->bo.size / 8 - 1, 5), ((uint64_t *)(map + self->bo.size))[-1]);
}

TEST_F(map, a_mapping_moves_but_does_not_grow)
{
	char *moved;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 6);
	EXPECT_EQ(MAP_FAILED, mremap(self->bo.map, self->bo.size, self->bo.size + self->page,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	moved = mmap(NULL, self->bo.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, moved);
	ASSERT_EQ(moved, mremap(self->bo.map, self->bo.size, self->bo.size,
				MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	self->bo.map = moved;
	EXPECT_EQ(0, pattern_differences(moved, self->bo.size, 6));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(moved, self->bo.size, 6));
}

TEST_F(map, a_child_shares_the_memory)
{
	pid_t child;
	int status;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 7);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (pattern_differences(self->bo.map, self->bo.size, 7))
			_exit(1);
		pattern_fill(self->bo.map, self->bo.size, 8);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 8));
}

TEST_F(map, a_mapping_outlives_the_handle)
{
	void *map;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	map = self->bo.map;
	pattern_fill(map, self->bo.size / 2, 9);
	ASSERT_EQ(0, drmCloseBufferHandle(self->bo.fd, self->bo.handle));
	self->bo.handle = 0;
	driver_expect_usage(_metadata, &self->driver, 1, 32);
	/* Some pages were touched, others were not. */
	EXPECT_EQ(0, pattern_differences(map, self->bo.size / 2, 9));
	pattern_fill(map, self->bo.size, 10);
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 10));
	/* Mapping one page is enough to keep it. */
	ASSERT_EQ(0, munmap((char *)map + self->page, self->bo.size - self->page));
	driver_expect_usage(_metadata, &self->driver, 1, 32);
	ASSERT_EQ(0, munmap(map, self->page));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

TEST_F(map, a_mapping_outlives_the_file)
{
	int other = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, mockgpu_bo_create(other, MOCKGPU_KIND_COMPOUND, 2, 0, 8 * self->page, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	ASSERT_EQ(0, close(other));
	pattern_fill(bo.map, bo.size, 11);
	EXPECT_EQ(0, pattern_differences(bo.map, bo.size, 11));
	driver_expect_usage(_metadata, &self->driver, 2, 40);
	EXPECT_EQ(0, munmap(bo.map, bo.size));
}

TEST_F(map, pages_cannot_be_pinned_by_get_user_pages)
{
	char buffer[64];
	struct iovec local = { buffer, sizeof(buffer) }, remote = { NULL, sizeof(buffer) };

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 12);
	remote.iov_base = self->bo.map;
	/* check_vma_flags() in mm/gup.c refuses VM_IO and VM_PFNMAP. */
	EXPECT_EQ(-1, process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(map, a_debugger_can_read_and_write)
{
	uint64_t word = 0;
	uintptr_t at;
	int mem;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 13);
	if (!bo_has_access(_metadata, &self->bo))
		SKIP(return, BO_NO_ACCESS);
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, mem);
	at = (uintptr_t)self->bo.map + 9 * self->page;
	EXPECT_EQ(8, pread(mem, &word, sizeof(word), at));
	EXPECT_EQ(pattern_value(9 * self->page / 8, 13), word);
	word = 0xfeed;
	EXPECT_EQ(8, pwrite(mem, &word, sizeof(word), at));
	EXPECT_EQ(0xfeed, *(uint64_t *)at);
	EXPECT_EQ(0, close(mem));
}

struct toucher {
	struct mockgpu_bo *bo;
	uint64_t wrong;
	int stop;
};

static void *touch(void *arg)
{
	struct toucher *toucher = arg;

	while (!__atomic_load_n(&toucher->stop, __ATOMIC_RELAXED))
		toucher->wrong += pattern_differences(toucher->bo->map, toucher->bo->size, 14);
	return NULL;
}

TEST_F(map, data_stays_right_while_others_zap)
{
	struct toucher toucher = { .bo = &self->bo };
	struct drm_mockgpu_bo_query query;
	pthread_t thread;
	uint64_t zaps;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 14);
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch, &toucher));
	/* Until the two have raced often enough; the harness ends what takes too long. */
	for (zaps = 0; faults(_metadata, &self->bo) < 40 * PAGES; zaps++)
		ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	__atomic_store_n(&toucher.stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, toucher.wrong);
	ASSERT_EQ(0, mockgpu_bo_query(&self->bo, &query));
	EXPECT_EQ(zaps, query.zaps);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
