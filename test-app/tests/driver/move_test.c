// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves: contents are kept, pages change where they must, no mapping shows an old page, and
 * nobody can read what is left behind.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "driver.h"
#include "meminfo.h"
#include "pattern.h"

/* Not a multiple of a block. */
#define PAGES 150

FIXTURE(move) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_VARIANT(move) {
	uint32_t kind;
	uint32_t order;
	uint32_t flags;
	unsigned long delay;
};

FIXTURE_VARIANT_ADD(move, ttm) {
	.kind = MOCKGPU_KIND_TTM,
};

FIXTURE_VARIANT_ADD(move, ttm_with_page_mapping) {
	.kind = MOCKGPU_KIND_TTM,
	.flags = MOCKGPU_BO_PAGE_MAPPING,
};

FIXTURE_VARIANT_ADD(move, noncompound) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
	.order = 4,
};

FIXTURE_VARIANT_ADD(move, compound) {
	.kind = MOCKGPU_KIND_COMPOUND,
	.order = 9,
};

FIXTURE_VARIANT_ADD(move, split) {
	.kind = MOCKGPU_KIND_SPLIT,
	.order = 3,
};

FIXTURE_VARIANT_ADD(move, reserved) {
	.kind = MOCKGPU_KIND_RESERVED,
	.order = 10,
};

/* By the engine, after the call. */
FIXTURE_VARIANT_ADD(move, ttm_later) {
	.kind = MOCKGPU_KIND_TTM,
	.delay = 2000,
};

FIXTURE_VARIANT_ADD(move, noncompound_later) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
	.order = 4,
	.delay = 2000,
};

FIXTURE_SETUP(move)
{
	struct drm_mockgpu_bo_create want = {
		.kind = variant->kind,
		.order = variant->order,
		.flags = variant->flags,
	};

	driver_setup(_metadata, &self->driver);
	want.size = PAGES * self->driver.page;
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	driver_move_delay(_metadata, &self->driver, variant->delay);
}

FIXTURE_TEARDOWN(move)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static void expect_held(struct __test_metadata *_metadata, const struct driver *driver,
			uint64_t populated, uint64_t vram)
{
	struct mockgpu_usage usage = {};
	unsigned int tries;

	/* TTM frees what the engine has copied from a workqueue. */
	EXPECT_EQ(0, mockgpu_wait_idle(driver->fd));
	for (tries = 0; tries < 100; tries++) {
		EXPECT_EQ(0, mockgpu_usage_get(driver->fd, &usage));
		if (!driver->delay || (usage.populated == driver->before.populated + populated &&
				       usage.vram == driver->before.vram + vram))
			break;
		clock_pause(10);
	}
	EXPECT_EQ(driver->before.populated + populated, usage.populated);
	EXPECT_EQ(driver->before.vram + vram, usage.vram);
}

/* After a move no entry is left, and the next accesses find the data in the new pages. */
static void expect_moved(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			 struct drm_mockgpu_page *before, size_t common)
{
	struct drm_mockgpu_page *after = bo_pages(_metadata, bo);

	EXPECT_EQ(common, bo_common(before, after, bo_npages(bo)));
	EXPECT_EQ(bo_npages(bo), bo_missing(_metadata, bo));
	EXPECT_EQ(0, pattern_differences(bo->map, bo->size, 1));
	pattern_fill(bo->map, bo->size, 2);
	EXPECT_EQ(0, bo_elsewhere(_metadata, bo, 2));
	pattern_fill(bo->map, bo->size, 1);
	free(before);
	free(after);
}

TEST_F(move, to_vram_and_back)
{
	struct drm_mockgpu_page *before = bo_pages(_metadata, &self->bo);

	expect_held(_metadata, &self->driver, PAGES, 0);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(MOCKGPU_PLACEMENT_VRAM, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).moves);
	expect_held(_metadata, &self->driver, 0, PAGES);
	expect_moved(_metadata, &self->bo, before, 0);

	before = bo_pages(_metadata, &self->bo);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(2, bo_query(_metadata, &self->bo).moves);
	expect_held(_metadata, &self->driver, PAGES, 0);
	expect_moved(_metadata, &self->bo, before, 0);
}

TEST_F(move, to_new_pages)
{
	struct drm_mockgpu_page *before = bo_pages(_metadata, &self->bo);
	const uint64_t block = 1 << variant->order;

	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).moves);
	expect_held(_metadata, &self->driver, PAGES, 0);
	driver_expect_usage(_metadata, &self->driver, 1, (PAGES + block - 1) / block * block);
	expect_moved(_metadata, &self->bo, before, 0);
}

TEST_F(move, to_system_and_back_keeps_the_pages)
{
	struct drm_mockgpu_page *before = bo_pages(_metadata, &self->bo);
	struct drm_mockgpu_bo_compare result;

	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0));
	EXPECT_EQ(MOCKGPU_PLACEMENT_SYSTEM, bo_query(_metadata, &self->bo).placement);
	expect_moved(_metadata, &self->bo, before, PAGES);
	before = bo_pages(_metadata, &self->bo);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	expect_moved(_metadata, &self->bo, before, PAGES);
	ASSERT_EQ(0, mockgpu_bo_compare(&self->bo, &result));
	EXPECT_EQ(0, result.changed);
}

TEST_F(move, to_where_it_is_does_nothing)
{
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(0, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, bo_query(_metadata, &self->bo).moves);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(PAGES, bo_missing(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).moves);
}

TEST_F(move, swapout_and_back)
{
	struct drm_mockgpu_bo_compare result;
	struct drm_mockgpu_page page;

	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(MOCKGPU_BO_SWAPPED, bo_query(_metadata, &self->bo).state);
	EXPECT_EQ(MOCKGPU_PLACEMENT_SYSTEM, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).swapouts);
	EXPECT_EQ(-ENODATA, mockgpu_bo_pages(&self->bo, 0, 1, &page));
	EXPECT_EQ(-ENODATA, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(-ESTALE, mockgpu_bo_compare(&self->bo, &result));
	expect_held(_metadata, &self->driver, 0, 0);

	/* The same once more changes nothing. */
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).swapouts);

	EXPECT_EQ(PAGES, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));
	EXPECT_EQ(0, bo_query(_metadata, &self->bo).state);
	EXPECT_EQ(-ESTALE, mockgpu_bo_compare(&self->bo, &result));
	expect_held(_metadata, &self->driver, PAGES, 0);
}

static const uint32_t places[] = {
	MOCKGPU_PLACEMENT_GTT, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_PLACEMENT_SYSTEM,
	/* And swapped out, which is not a placement. */
	MOCKGPU_PLACEMENT_COUNT,
};

static int go(const struct mockgpu_bo *bo, uint32_t place)
{
	if (place == MOCKGPU_PLACEMENT_COUNT)
		return mockgpu_bo_swapout(bo);
	return mockgpu_bo_move(bo, place, 0);
}

TEST_F(move, from_everywhere_to_everywhere)
{
	uint64_t seed = 1;
	size_t i, j, touch;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(places); j++) {
			for (touch = 0; touch < 2; touch++) {
				ASSERT_EQ(0, go(&self->bo, places[i]));
				if (touch)
					pattern_fill(self->bo.map, self->bo.size, ++seed);
				ASSERT_EQ(0, go(&self->bo, places[j]));
				EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, seed))
					TH_LOG("from %zu to %zu", i, j);
			}
		}
	}
}

/* A raised reference is seen, where there is a struct page that can have one. */
static void expect_raise_seen(struct __test_metadata *_metadata, const struct driver *driver,
			      const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_compare result;

	if (!bo_vram_has_pages(_metadata, driver->fd)) {
		EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_GET, 7));
		return;
	}
	ASSERT_EQ(0, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_GET, 7));
	ASSERT_EQ(0, mockgpu_bo_compare(bo, &result));
	EXPECT_EQ(1, result.changed);
	EXPECT_EQ(7, result.first);
	ASSERT_EQ(0, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_PUT, 7));
}

TEST_F(move, a_snapshot_is_stale_after_a_move)
{
	struct drm_mockgpu_bo_compare result;

	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(-ESTALE, mockgpu_bo_compare(&self->bo, &result));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(-ESTALE, mockgpu_bo_compare(&self->bo, &result));
	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_compare(&self->bo, &result));
	EXPECT_EQ(0, result.changed);
	expect_raise_seen(_metadata, &self->driver, &self->bo);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(-ESTALE, mockgpu_bo_compare(&self->bo, &result));
}

TEST_F(move, page_mapping_is_set_on_system_pages_only)
{
	const bool has = bo_vram_has_pages(_metadata, self->driver.fd);
	struct drm_mockgpu_page *pages;
	size_t i, set = 0;

	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	pages = bo_pages(_metadata, &self->bo);
	for (i = 0; i < PAGES; i++)
		set += !!(pages[i].flags & MOCKGPU_PAGE_MAPPING);
	EXPECT_EQ(variant->flags ? PAGES : 0, set);
	free(pages);

	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	pages = bo_pages(_metadata, &self->bo);
	for (i = 0; i < PAGES; i++) {
		uint32_t where = pages[i].index ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD;
		uint32_t block = 1u << pages[i].order;

		EXPECT_EQ(where | (has ? MOCKGPU_PAGE_RESERVED : MOCKGPU_PAGE_NO_STRUCT),
			  pages[i].flags);
		EXPECT_EQ(has, pages[i].count);
		EXPECT_EQ(pages[i].index, pages[i].pfn % block);
		if (bo_query(_metadata, &self->bo).vram_blocks > 1)
			continue;
		EXPECT_EQ(9, pages[i].order);
		EXPECT_EQ((pages[0].index + i) % 512, pages[i].index);
	}
	free(pages);
}

struct toucher {
	const struct mockgpu_bo *bo;
	uint64_t wrong;
	uint64_t rounds;
	int stop;
};

/* Read the first half; write and read back the second. */
static void *touch(void *arg)
{
	struct toucher *toucher = arg;
	volatile uint64_t *words = toucher->bo->map;
	size_t count = toucher->bo->size / sizeof(*words), step = getpagesize() / sizeof(*words);
	size_t i;

	while (!__atomic_load_n(&toucher->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < count / 2; i += step)
			toucher->wrong += words[i] != pattern_value(i, 1);
		for (; i < count; i += step) {
			toucher->wrong += words[i] != pattern_value(i, 1) + toucher->rounds;
			words[i]++;
		}
		__atomic_store_n(&toucher->rounds, toucher->rounds + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F(move, data_stays_right_while_it_moves)
{
	struct toucher toucher = { .bo = &self->bo };
	pthread_t thread;
	int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, touch, &toucher));
	for (i = 0; i < 40 || __atomic_load_n(&toucher.rounds, __ATOMIC_RELAXED) < 10; i++) {
		ASSERT_EQ(0, go(&self->bo, places[i % ARRAY_SIZE(places)]));
		ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT,
					     MOCKGPU_MOVE_NEW_PAGES));
	}
	__atomic_store_n(&toucher.stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, toucher.wrong);
}

static int move_and_fill(const struct mockgpu_bo *bo)
{
	int ret = mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);

	pattern_fill(bo->map, bo->size, 2);
	return ret;
}

static bool is_filled(const struct mockgpu_bo *bo)
{
	return !pattern_differences(bo->map, bo->size, 2);
}

TEST_F(move, a_child_sees_the_new_pages)
{
	bo_expect_in_child(_metadata, &self->bo, move_and_fill, is_filled);
}

TEST_F(move, a_bad_argument_is_refused)
{
	struct drm_mockgpu_bo_create large = {
		.kind = variant->kind,
		.size = (self->driver.before.vram_max + 1) * self->driver.page,
	};
	struct mockgpu_bo bo;

	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_COUNT, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, ~0u, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, 0, 2));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM,
					   MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_SYSTEM,
					   MOCKGPU_MOVE_NEW_PAGES));
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &large, &bo));
	EXPECT_EQ(-E2BIG, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	large.placement = MOCKGPU_PLACEMENT_VRAM;
	EXPECT_EQ(-E2BIG, mockgpu_bo_make(self->driver.fd, &large, &bo));
	large.placement = MOCKGPU_PLACEMENT_SYSTEM;
	EXPECT_EQ(-EINVAL, mockgpu_bo_make(self->driver.fd, &large, &bo));
	EXPECT_EQ(0, bo_missing(_metadata, &self->bo));
}

/* Tests that do not need a buffer of one kind. */
FIXTURE(device) {
	struct driver driver;
};

FIXTURE_SETUP(device)
{
	driver_setup(_metadata, &self->driver);
}

FIXTURE_TEARDOWN(device)
{
	driver_teardown(_metadata, &self->driver);
}

TEST_F(device, what_is_left_behind_reads_as_zero)
{
	const struct drm_mockgpu_bo_create want = {
		.size = self->driver.before.vram_max * self->driver.page,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct mockgpu_bo all, next;

	/* All of VRAM, with contents in every page of it. */
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &all));
	ASSERT_EQ(0, mockgpu_bo_map(&all, NULL));
	EXPECT_TRUE(pattern_is_zero(all.map, all.size));
	memset(all.map, 0xa5, all.size);
	ASSERT_EQ(0, mockgpu_bo_move(&all, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &next));
	ASSERT_EQ(0, mockgpu_bo_map(&next, NULL));
	EXPECT_TRUE(pattern_is_zero(next.map, next.size));
	ASSERT_EQ(0, mockgpu_bo_destroy(&next));

	/* The same for system pages, which the move frees. */
	ASSERT_EQ(0, mockgpu_bo_move(&all, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0,
				       MOCKGPU_CACHING_CACHED, all.size, &next));
	ASSERT_EQ(0, mockgpu_bo_map(&next, NULL));
	EXPECT_TRUE(pattern_is_zero(next.map, next.size));
	ASSERT_EQ(0, mockgpu_bo_destroy(&next));
	ASSERT_EQ(0, mockgpu_bo_destroy(&all));
}

TEST_F(device, many_rounds_leave_nothing_behind)
{
	const unsigned int rounds = test_is_long() ? 1000 : 250, warm = rounds / 10;
	const size_t size = 64 * self->driver.page;
	uint64_t before = 0;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		struct mockgpu_bo bo;

		/* The first rounds may fill caches. */
		if (i == warm)
			before = meminfo_kib(_metadata, "MemAvailable");
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, i % MOCKGPU_KIND_COUNT, 0,
					       i / 5 % MOCKGPU_CACHING_COUNT, size, &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		pattern_fill(bo.map, self->driver.page, i);
		ASSERT_EQ(0, go(&bo, places[i % 4]));
		ASSERT_EQ(0, go(&bo, places[i / 4 % 4]));
		ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
		ASSERT_EQ(0, pattern_differences(bo.map, self->driver.page, i));
		ASSERT_EQ(0, go(&bo, places[i / 16 % 4]));
		ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
	}
	/* Losing one buffer a round is 56 MiB; in the long form one page a round is 3.5 MiB. */
	EXPECT_LT(before, meminfo_kib(_metadata, "MemAvailable") + 3000)
		TH_LOG("%llu KiB were available, %llu are", (unsigned long long)before,
		       (unsigned long long)meminfo_kib(_metadata, "MemAvailable"));
}

/**
 * struct copier - one of two threads that copy the same buffer
 * @dst: destination
 * @src: source
 * @start: both wait there
 * @ret: out: 0 or the first error
 */
struct copier {
	struct mockgpu_bo dst;
	const struct mockgpu_bo *src;
	pthread_barrier_t *start;
	int ret;
};

static void *copy_often(void *arg)
{
	struct copier *copier = arg;
	int i;

	pthread_barrier_wait(copier->start);
	for (i = 0; i < 40 && !copier->ret; i++)
		copier->ret = mockgpu_bo_copy(&copier->dst, 0, copier->src, 0, copier->src->size);
	return NULL;
}

/*
 * The kernel maps a buffer for each copy. ttm_bo_vunmap() for the first copy would forget
 * where VRAM is mapped, and for the second it would remove that mapping.
 */
TEST_F(device, two_copies_at_a_time_leave_vram_mapped)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 512 * self->driver.page,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct copier copier[2] = {};
	pthread_barrier_t start;
	struct mockgpu_bo src;
	pthread_t thread[2];
	int i;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &src));
	ASSERT_EQ(0, mockgpu_bo_map(&src, NULL));
	pattern_fill(src.map, src.size, 1);
	ASSERT_EQ(0, pthread_barrier_init(&start, NULL, 2));
	for (i = 0; i < 2; i++) {
		copier[i] = (struct copier) { .src = &src, .start = &start };
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0,
					       MOCKGPU_CACHING_CACHED, src.size, &copier[i].dst));
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, copy_often, &copier[i]));
	}
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, copier[i].ret);
		ASSERT_EQ(0, mockgpu_bo_map(&copier[i].dst, NULL));
		EXPECT_EQ(0, pattern_differences(copier[i].dst.map, src.size, 1));
		ASSERT_EQ(0, mockgpu_bo_destroy(&copier[i].dst));
	}
	EXPECT_EQ(0, pthread_barrier_destroy(&start));
	ASSERT_EQ(0, mockgpu_bo_destroy(&src));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
