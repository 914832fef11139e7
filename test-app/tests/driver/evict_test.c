// SPDX-License-Identifier: GPL-2.0-only
/*
 * What TTM does by itself: evict from VRAM when it is full, swap out at its page limit; and
 * how pinning prevents both.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "sysfs.h"
#include "uses.h"

/* TTM's own limit for all devices together, in pages. */
#define PAGES_LIMIT "/sys/module/ttm/parameters/pages_limit"

/* Number of buffers that fill VRAM. */
#define PARTS 8

FIXTURE(evict) {
	struct driver driver;
	struct mockgpu_bo bo[PARTS + 2];
	unsigned long limit;
};

FIXTURE_SETUP(evict)
{
	driver_setup(_metadata, &self->driver);
	memset(self->bo, 0, sizeof(self->bo));
	ASSERT_EQ(0, sysfs_read_number(PAGES_LIMIT, &self->limit));
	ASSERT_NE(0, self->limit);
}

FIXTURE_TEARDOWN(evict)
{
	size_t i;

	EXPECT_EQ(0, sysfs_write_number(PAGES_LIMIT, self->limit));
	for (i = 0; i < PARTS + 2; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo[i]));
	driver_teardown(_metadata, &self->driver);
}

static uint64_t part(const struct driver *driver)
{
	return driver->before.vram_max / PARTS * driver->page;
}

static int make_with(const struct driver *driver, uint64_t size, uint32_t flags,
		     struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = size,
		.placement = MOCKGPU_PLACEMENT_VRAM,
		.flags = flags,
	};

	return mockgpu_bo_make(driver->fd, &want, bo);
}

static int make_in_vram(const struct driver *driver, uint64_t size, struct mockgpu_bo *bo)
{
	return make_with(driver, size, 0, bo);
}

/* Only some pages, from the first to the last, have contents: filling all takes long. */
#define SAMPLES 16

static char *sample(const struct mockgpu_bo *bo, size_t i)
{
	size_t page = getpagesize();

	return (char *)bo->map + (bo_npages(bo) - 1) * i / (SAMPLES - 1) * page;
}

static void fill(struct __test_metadata *_metadata, struct mockgpu_bo *bo, uint64_t seed)
{
	size_t i;

	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	for (i = 0; i < SAMPLES; i++)
		pattern_fill(sample(bo, i), getpagesize(), seed * SAMPLES + i);
}

static size_t wrong(const struct mockgpu_bo *bo, uint64_t seed)
{
	size_t i, count = 0;

	for (i = 0; i < SAMPLES; i++)
		count += pattern_differences(sample(bo, i), getpagesize(), seed * SAMPLES + i);
	return count;
}

static void fill_vram(struct __test_metadata *_metadata, const struct driver *driver,
		      struct mockgpu_bo *bo)
{
	size_t i;

	for (i = 0; i < PARTS; i++) {
		ASSERT_EQ(0, make_in_vram(driver, part(driver), &bo[i]));
		fill(_metadata, &bo[i], i);
	}
}

static size_t count_in(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
		       uint32_t placement)
{
	size_t i, count = 0;

	for (i = 0; i < PARTS; i++)
		count += bo_query(_metadata, &bo[i]).placement == placement;
	return count;
}

/* How the buffer may be used for the first time since it was discarded. */
static int touch_it(struct mockgpu_bo *bo)
{
	return use_by_touch(bo, pattern_is_zero);
}

static int read_it(struct mockgpu_bo *bo)
{
	char copy[64] = "x";
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), ret = 0;

	if (pread(mem, copy, sizeof(copy), (uintptr_t)bo->map) != sizeof(copy))
		ret = -errno;
	close(mem);
	return ret || pattern_is_zero(copy, sizeof(copy)) ? ret : -EILSEQ;
}

static int move_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int move_it_to_system(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_SYSTEM, 0);
}

static int renew_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int swap_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_swapout(bo);
}

static int pin_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_pin(bo, MOCKGPU_PIN);
}

static int recache_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_WC);
}

static int fill_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_fill(bo, 0, NULL);
}

static int copy_it(struct mockgpu_bo *bo)
{
	return use_by_copy(bo, pattern_is_zero);
}

static int export_it(struct mockgpu_bo *bo)
{
	return use_by_export(bo, pattern_is_zero);
}

static int revoke_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_revoke(bo);
}

/*
 * Its contents are gone at once, with its mappings; every way to it finds zeros. Where a debugger
 * has no access, that way is left out.
 */
TEST_F(evict, what_is_discarded_is_zero)
{
	int (*uses[])(struct mockgpu_bo *bo) = {
		touch_it, read_it, move_it, move_it_to_system, renew_it, swap_it, pin_it,
		recache_it, fill_it, copy_it, export_it, revoke_it,
	};
	const uint64_t all = self->driver.before.vram_max * self->driver.page;
	const uint64_t size = 37 * self->driver.page;
	struct mockgpu_bo *bo = &self->bo[0], *other = &self->bo[1];
	struct mockgpu_usage usage;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		ASSERT_EQ(0, make_with(&self->driver, size, MOCKGPU_BO_DISCARDABLE, bo));
		ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
		pattern_fill(bo->map, bo->size, 1);
		if (uses[i] == read_it && !bo_has_access(_metadata, bo))
			uses[i] = touch_it;
		ASSERT_EQ(0, make_in_vram(&self->driver, all, other));
		EXPECT_EQ(1, bo_query(_metadata, bo).discards);
		ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
		EXPECT_EQ(self->driver.before.populated, usage.populated);
		EXPECT_EQ(usage.vram_max, usage.vram);
		ASSERT_EQ(0, mockgpu_bo_destroy(other));
		EXPECT_EQ(0, uses[i](bo))
			TH_LOG("use %zu", i);
		if (uses[i] != revoke_it)
			EXPECT_EQ(0, touch_it(bo));
		ASSERT_EQ(0, mockgpu_bo_destroy(bo));
	}
}

/* The buffer that has its place now, in which all bytes are 0x5a, is not to be seen in it. */
TEST_F(evict, what_is_discarded_shows_nothing_of_others)
{
	const uint64_t all = self->driver.before.vram_max * self->driver.page;
	const uint64_t size = 37 * self->driver.page;
	struct mockgpu_bo *bo = &self->bo[0], *other = &self->bo[1];

	ASSERT_EQ(0, make_with(&self->driver, size, MOCKGPU_BO_DISCARDABLE, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	pattern_fill(bo->map, bo->size, 1);
	ASSERT_EQ(0, make_in_vram(&self->driver, all, other));
	ASSERT_EQ(0, mockgpu_bo_fill(other, 0x5a, NULL));
	ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	EXPECT_TRUE(pattern_is_zero(bo->map, bo->size));
	pattern_fill(bo->map, bo->size, 2);
	EXPECT_EQ(0, pattern_differences(bo->map, bo->size, 2));
	bo_expect_at(_metadata, bo, MOCKGPU_PLACEMENT_GTT, 0);
	bo_expect_at(_metadata, other, MOCKGPU_PLACEMENT_VRAM, 0);
}

TEST_F(evict, a_full_vram_gives_way)
{
	struct mockgpu_usage usage;
	size_t i;

	fill_vram(_metadata, &self->driver, self->bo);
	EXPECT_EQ(PARTS, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_VRAM));
	ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(usage.vram_max, usage.vram);
	EXPECT_EQ(self->driver.before.populated, usage.populated);

	/* One page more. */
	ASSERT_EQ(0, make_in_vram(&self->driver, self->driver.page, &self->bo[PARTS]));
	EXPECT_EQ(1, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_GTT));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo[PARTS], NULL));
	EXPECT_TRUE(pattern_is_zero(self->bo[PARTS].map, self->driver.page));
	/* And half of VRAM. */
	ASSERT_EQ(0, make_in_vram(&self->driver, part(&self->driver) * PARTS / 2,
				  &self->bo[PARTS + 1]));
	EXPECT_LE(PARTS / 2, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_GTT));
	for (i = 0; i < PARTS; i++) {
		struct drm_mockgpu_bo_query query = bo_query(_metadata, &self->bo[i]);

		EXPECT_EQ(query.placement == MOCKGPU_PLACEMENT_GTT, query.moves);
		EXPECT_EQ(0, wrong(&self->bo[i], i));
	}
}

TEST_F(evict, all_of_vram_for_one)
{
	size_t i;

	fill_vram(_metadata, &self->driver, self->bo);
	ASSERT_EQ(0, make_in_vram(&self->driver, part(&self->driver) * PARTS, &self->bo[PARTS]));
	EXPECT_EQ(PARTS, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_GTT));
	for (i = 0; i < PARTS; i++)
		EXPECT_EQ(0, wrong(&self->bo[i], i));
	/* And back; each evicts the large one or nothing. */
	for (i = 0; i < PARTS; i++)
		ASSERT_EQ(0, mockgpu_bo_move(&self->bo[i], MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(PARTS, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_VRAM));
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &self->bo[PARTS]).placement);
	for (i = 0; i < PARTS; i++)
		EXPECT_EQ(0, wrong(&self->bo[i], i));
}

TEST_F(evict, pinned_buffers_stay_in_vram)
{
	size_t i;

	fill_vram(_metadata, &self->driver, self->bo);
	for (i = 0; i < PARTS; i++)
		ASSERT_EQ(0, mockgpu_bo_pin(&self->bo[i], MOCKGPU_PIN));
	EXPECT_EQ(-ENOMEM, make_in_vram(&self->driver, self->driver.page, &self->bo[PARTS]));
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 0, 0,
				       self->driver.page, &self->bo[PARTS]));
	EXPECT_EQ(-ENOMEM, mockgpu_bo_move(&self->bo[PARTS], MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &self->bo[PARTS]).placement);
	EXPECT_EQ(PARTS, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_VRAM));

	/* Only one may be evicted, and that one is. */
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo[5], MOCKGPU_UNPIN));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo[PARTS], MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &self->bo[5]).placement);
	EXPECT_EQ(PARTS - 1, count_in(_metadata, self->bo, MOCKGPU_PLACEMENT_VRAM));
	for (i = 0; i < PARTS; i++)
		EXPECT_EQ(0, wrong(&self->bo[i], i));
}

TEST_F(evict, a_pinned_buffer_stays_as_it_is)
{
	struct drm_mockgpu_bo_compare compare;
	struct mockgpu_bo *bo = &self->bo[0];
	uint32_t place;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 3, 0,
				       24 * self->driver.page, bo));
	fill(_metadata, bo, 1);
	EXPECT_EQ(-ENOENT, mockgpu_bo_pin(bo, MOCKGPU_UNPIN));
	ASSERT_EQ(0, mockgpu_bo_pin(bo, MOCKGPU_PIN));
	EXPECT_EQ(-EBUSY, mockgpu_bo_pin(bo, MOCKGPU_PIN));
	EXPECT_EQ(MOCKGPU_BO_PINNED, bo_query(_metadata, bo).state);
	ASSERT_EQ(0, mockgpu_bo_snapshot(bo));
	for (place = 0; place < MOCKGPU_PLACEMENT_COUNT; place++)
		EXPECT_EQ(-EBUSY, mockgpu_bo_move(bo, place, 0));
	EXPECT_EQ(-EBUSY, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(-EBUSY, mockgpu_bo_swapout(bo));
	EXPECT_EQ(-EBUSY, mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_WC));
	EXPECT_EQ(-EBUSY, mockgpu_bo_revoke(bo));
	EXPECT_EQ(0, bo_query(_metadata, bo).moves);
	/* Zapping does not count as one. */
	EXPECT_EQ(0, mockgpu_bo_zap(bo));
	EXPECT_EQ(0, wrong(bo, 1));
	ASSERT_EQ(0, mockgpu_bo_compare(bo, &compare));
	EXPECT_EQ(0, compare.changed);

	ASSERT_EQ(0, mockgpu_bo_pin(bo, MOCKGPU_UNPIN));
	EXPECT_EQ(-ENOENT, mockgpu_bo_pin(bo, MOCKGPU_UNPIN));
	EXPECT_EQ(0, bo_query(_metadata, bo).state);
	EXPECT_EQ(0, mockgpu_bo_swapout(bo));
	/* Pinning brings it back; unpinning changes nothing. */
	ASSERT_EQ(0, mockgpu_bo_pin(bo, MOCKGPU_PIN));
	EXPECT_EQ(MOCKGPU_BO_PINNED, bo_query(_metadata, bo).state);
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, bo).placement);
	EXPECT_EQ(0, wrong(bo, 1));
}

TEST_F(evict, a_lower_limit_swaps_others_out)
{
	const uint64_t npages = 300;
	struct mockgpu_usage usage;
	size_t i, swapped = 0;

	for (i = 0; i < PARTS; i++) {
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, i % MOCKGPU_KIND_COUNT, 0,
					       i % MOCKGPU_CACHING_COUNT,
					       npages * self->driver.page, &self->bo[i]));
		fill(_metadata, &self->bo[i], i);
	}
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo[3], MOCKGPU_PIN));
	/* Nothing happens until somebody needs pages. */
	ASSERT_EQ(0, sysfs_write_number(PAGES_LIMIT, 1));
	ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(self->driver.before.populated + PARTS * npages, usage.populated);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0,
				       npages * self->driver.page, &self->bo[PARTS]));
	for (i = 0; i < PARTS; i++)
		swapped += bo_query(_metadata, &self->bo[i]).state == MOCKGPU_BO_SWAPPED;
	EXPECT_EQ(PARTS - 1, swapped);
	EXPECT_EQ(MOCKGPU_BO_PINNED, bo_query(_metadata, &self->bo[3]).state);
	ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(self->driver.before.populated + 2 * npages, usage.populated);

	/* Each one that comes back pushes the previous one out. */
	for (i = 0; i < PARTS; i++) {
		EXPECT_EQ(0, wrong(&self->bo[i], i));
		ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
		EXPECT_EQ(self->driver.before.populated + 2 * npages, usage.populated);
	}
	ASSERT_EQ(0, sysfs_write_number(PAGES_LIMIT, self->limit));
	for (i = 0; i < PARTS; i++)
		EXPECT_EQ(0, wrong(&self->bo[i], i));
	ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(self->driver.before.populated + PARTS * npages, usage.populated);
}

TEST_F(evict, swapping_one_out_leaves_the_others)
{
	size_t i, j;

	for (i = 0; i < PARTS; i++) {
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0,
					       16 * self->driver.page, &self->bo[i]));
		fill(_metadata, &self->bo[i], i);
	}
	/* Last one first: TTM itself would start with the least recently used. */
	for (i = PARTS; i--;) {
		ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo[i]));
		for (j = 0; j < PARTS; j++)
			EXPECT_EQ(j >= i ? MOCKGPU_BO_SWAPPED : 0,
				  bo_query(_metadata, &self->bo[j]).state);
	}
	for (i = 0; i < PARTS; i++)
		EXPECT_EQ(0, wrong(&self->bo[i], i));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
