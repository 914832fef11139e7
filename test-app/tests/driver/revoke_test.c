// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revocation: the memory is gone for everybody, at once and for good, whatever state the
 * buffer was in; handle and mapping stay.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "debugfs.h"
#include "driver.h"
#include "pattern.h"

#define PAGES 40

FIXTURE(revoke) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_VARIANT(revoke) {
	uint32_t kind;
	uint32_t placement;
	uint32_t fault_mode;
	int swapped;
};

FIXTURE_VARIANT_ADD(revoke, ttm) {
	.kind = MOCKGPU_KIND_TTM,
};

FIXTURE_VARIANT_ADD(revoke, noncompound) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
};

FIXTURE_VARIANT_ADD(revoke, vram) {
	.placement = MOCKGPU_PLACEMENT_VRAM,
};

FIXTURE_VARIANT_ADD(revoke, system) {
	.placement = MOCKGPU_PLACEMENT_SYSTEM,
};

FIXTURE_VARIANT_ADD(revoke, swapped) {
	.swapped = 1,
};

FIXTURE_VARIANT_ADD(revoke, prefault) {
	.fault_mode = MOCKGPU_FAULT_PREFAULT,
};

FIXTURE_VARIANT_ADD(revoke, read_only) {
	.fault_mode = MOCKGPU_FAULT_READ_ONLY,
};

FIXTURE_VARIANT_ADD(revoke, huge) {
	.fault_mode = MOCKGPU_FAULT_HUGE,
};

FIXTURE_SETUP(revoke)
{
	struct drm_mockgpu_bo_create want = {
		.kind = variant->kind,
		.fault_mode = variant->fault_mode,
	};
	int ret;

	memset(&self->bo, 0, sizeof(self->bo));
	driver_setup(_metadata, &self->driver);
	want.size = PAGES * self->driver.page;
	if (variant->fault_mode == MOCKGPU_FAULT_HUGE) {
		want.kind = MOCKGPU_KIND_NONCOMPOUND;
		want.order = 9;
		want.size = 512 * self->driver.page;
	}
	ret = mockgpu_bo_make(self->driver.fd, &want, &self->bo);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, variant->placement, 0));
	/* Map it again, unless it has no pages. */
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	if (variant->swapped)
		ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
}

FIXTURE_TEARDOWN(revoke)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* The driver holds a buffer, but none of its memory. */
static void expect_nothing_held(struct __test_metadata *_metadata, const struct driver *driver)
{
	struct mockgpu_usage usage = {};

	EXPECT_EQ(0, mockgpu_usage_get(driver->fd, &usage));
	EXPECT_EQ(driver->before.buffers + 1, usage.buffers);
	EXPECT_EQ(driver->before.pages, usage.pages);
	EXPECT_EQ(driver->before.populated, usage.populated);
	EXPECT_EQ(driver->before.vram, usage.vram);
}

static void expect_sigbus(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			  char *map)
{
	size_t i, signals = 0;

	for (i = 0; i < bo_npages(bo); i++)
		signals += pattern_touch(map + i * getpagesize(), i & 1) == SIGBUS;
	EXPECT_EQ(bo_npages(bo), signals);
}

TEST_F(revoke, every_later_touch_is_a_sigbus)
{
	uint64_t offset;
	char *second;
	int i;

	/* The same once more changes nothing. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
		EXPECT_EQ(MOCKGPU_BO_REVOKED, bo_query(_metadata, &self->bo).state);
		expect_sigbus(_metadata, &self->bo, self->bo.map);
		expect_nothing_held(_metadata, &self->driver);
	}
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
	second = mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, self->bo.fd, offset);
	ASSERT_NE(MAP_FAILED, second);
	expect_sigbus(_metadata, &self->bo, second);
	EXPECT_EQ(0, munmap(second, self->bo.size));
	expect_nothing_held(_metadata, &self->driver);
}

TEST_F(revoke, nothing_brings_the_memory_back)
{
	struct drm_mockgpu_bo_compare compare;
	struct drm_mockgpu_page page;
	struct mockgpu_bo other;
	uint32_t place;

	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	for (place = 0; place < MOCKGPU_PLACEMENT_COUNT; place++)
		EXPECT_EQ(-ENODEV, mockgpu_bo_move(&self->bo, place, 0));
	EXPECT_EQ(-ENODEV, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT,
					   MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(-ENODEV, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_set_caching(&self->bo, MOCKGPU_CACHING_WC));
	EXPECT_EQ(-ENODEV, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(-ENOENT, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	EXPECT_EQ(-ENODATA, mockgpu_bo_pages(&self->bo, 0, 1, &page));
	EXPECT_EQ(-ENODATA, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(-ENODATA, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(-ENODATA, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 0));
	EXPECT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SINGLE, 0));
	expect_nothing_held(_metadata, &self->driver);

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 0, 0,
				       self->driver.page, &other));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&other, 0, &self->bo, 0, 8));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&self->bo, 0, &other, 0, 8));
	EXPECT_EQ(-ENODATA, mockgpu_bo_inject_foreign(&other, 0, &self->bo, 0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	expect_nothing_held(_metadata, &self->driver);
}

TEST_F(revoke, a_debugger_finds_nothing)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint64_t word = 1;

	ASSERT_LE(0, mem);
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-1, pread(mem, &word, sizeof(word), (uintptr_t)self->bo.map));
	EXPECT_EQ(-1, pwrite(mem, &word, sizeof(word), (uintptr_t)self->bo.map));
	expect_nothing_held(_metadata, &self->driver);
	EXPECT_EQ(0, close(mem));
}

/* A raised reference pins it, where there is a struct page that can have one. */
static bool raises(struct __test_metadata *_metadata, const struct driver *driver,
		   const struct mockgpu_bo *bo)
{
	if (bo_query(_metadata, bo).placement != MOCKGPU_PLACEMENT_VRAM ||
	    bo_vram_has_pages(_metadata, driver->fd))
		return true;
	EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_GET, 3));
	return false;
}

TEST_F(revoke, not_while_it_is_pinned)
{
	const bool has_count = raises(_metadata, &self->driver, &self->bo);
	struct mockgpu_bo other;

	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(-EBUSY, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(MOCKGPU_BO_PINNED, bo_query(_metadata, &self->bo).state);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	if (has_count)
		ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 3));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	if (has_count) {
		EXPECT_EQ(-EBUSY, mockgpu_bo_revoke(&self->bo));
		ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 3));
	}

	/* One of its pages is mapped by another buffer. */
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 0, 0,
				       self->driver.page, &other));
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&other, 0, &self->bo, 0));
	EXPECT_EQ(-EBUSY, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	EXPECT_EQ(0, mockgpu_bo_revoke(&self->bo));
	expect_nothing_held(_metadata, &self->driver);
}

/* The foreign page belongs to another buffer, but goes with this mapping too. */
TEST_F(revoke, a_foreign_page_is_not_mapped_any_more)
{
	struct mockgpu_bo other;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 0, 0,
				       self->driver.page, &other));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&self->bo, 1, &other, 0));
	EXPECT_EQ(0, pattern_touch((char *)self->bo.map + self->driver.page, 0));
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	expect_sigbus(_metadata, &self->bo, self->bo.map);
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

TEST_F(revoke, importers_and_their_mappings_are_told)
{
	struct mockgpu_buffer buffer[8] = {};
	int dmabuf, count;
	char *map;

	dmabuf = mockgpu_bo_export(&self->bo);
	ASSERT_LE(0, dmabuf);
	map = mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 1));
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	expect_sigbus(_metadata, &self->bo, map);
	count = mockgpu_buffers_get(self->driver.fd, buffer, ARRAY_SIZE(buffer));
	ASSERT_LE(1, count);
	ASSERT_GE((int)ARRAY_SIZE(buffer), count);
	EXPECT_LE(1, buffer[count - 1].notifies);
	EXPECT_EQ(0, munmap(map, self->bo.size));
	EXPECT_EQ(0, close(dmabuf));
	expect_nothing_held(_metadata, &self->driver);
}

struct reader {
	const struct mockgpu_bo *bo;
	int ready;
	int signal;
};

static void *read_until_signal(void *arg)
{
	struct reader *reader = arg;
	size_t i, npages = bo_npages(reader->bo);

	for (i = 0; !reader->signal; i++) {
		reader->signal = pattern_touch((char *)reader->bo->map +
					       i % npages * getpagesize(), i & 1);
		__atomic_store_n(&reader->ready, i > npages, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(revoke, whoever_is_reading_is_stopped)
{
	struct reader reader = { .bo = &self->bo };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, read_until_signal, &reader));
	while (!__atomic_load_n(&reader.ready, __ATOMIC_RELAXED))
		sched_yield();
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(SIGBUS, reader.signal);
}

static bool is_gone(const struct mockgpu_bo *bo)
{
	return pattern_touch(bo->map, 0) == SIGBUS;
}

TEST_F(revoke, a_child_is_stopped_too)
{
	bo_expect_in_child(_metadata, &self->bo, mockgpu_bo_revoke, is_gone);
}

TEST_F(revoke, rounds_leave_nothing_behind)
{
	/* Of 30 rounds each has another kind, caching and placement. */
	const int rounds = test_is_long() ? 100 : 30;
	int i;

	for (i = 0; i < rounds; i++) {
		const struct drm_mockgpu_bo_create want = {
			.size = 33 * self->driver.page,
			.kind = i % MOCKGPU_KIND_COUNT,
			.caching = i / 5 % MOCKGPU_CACHING_COUNT,
			.placement = i / 15 % 2,
		};
		struct mockgpu_bo bo;

		ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		memset(bo.map, 1, bo.size);
		if (i % 3 == 0)
			ASSERT_EQ(0, mockgpu_bo_swapout(&bo));
		ASSERT_EQ(0, mockgpu_bo_revoke(&bo));
		ASSERT_EQ(SIGBUS, pattern_touch(bo.map, 0));
		ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
	}
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
