// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages: their state for every kind and order, that they come zeroed and are freed, what
 * snapshot and compare see, and the damage that can be injected.
 */
#include <errno.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "pattern.h"

/* The largest buffer here: two blocks of the largest order and part of another. */
#define PAGES_MAX ((2 << MOCKGPU_MAX_ORDER) + 7)

FIXTURE(page) {
	struct driver driver;
	size_t size;
	struct drm_mockgpu_page *pages;
};

/**
 * struct promise - what the pages of a kind must be
 * @kind: enum mockgpu_kind
 * @flags: flags of every page, besides HEAD and TAIL
 * @tail_count: reference count of the pages after the first of a block
 */
struct promise {
	uint32_t kind;
	uint32_t flags;
	uint32_t tail_count;
};

FIXTURE_VARIANT(page) {
	struct promise promise;
};

FIXTURE_VARIANT_ADD(page, ttm) {
	.promise = { .kind = MOCKGPU_KIND_TTM },
};

FIXTURE_VARIANT_ADD(page, noncompound) {
	.promise = { .kind = MOCKGPU_KIND_NONCOMPOUND },
};

FIXTURE_VARIANT_ADD(page, compound) {
	.promise = { .kind = MOCKGPU_KIND_COMPOUND, .flags = MOCKGPU_PAGE_COMPOUND },
};

FIXTURE_VARIANT_ADD(page, split) {
	.promise = { .kind = MOCKGPU_KIND_SPLIT, .tail_count = 1 },
};

FIXTURE_VARIANT_ADD(page, reserved) {
	.promise = {
		.kind = MOCKGPU_KIND_RESERVED,
		.flags = MOCKGPU_PAGE_RESERVED,
		.tail_count = 1,
	},
};

FIXTURE_SETUP(page)
{
	driver_setup(_metadata, &self->driver);
	self->size = self->driver.page;
	self->pages = calloc(PAGES_MAX, sizeof(*self->pages));
	ASSERT_NE(NULL, self->pages);
}

FIXTURE_TEARDOWN(page)
{
	free(self->pages);
	driver_teardown(_metadata, &self->driver);
}

static void create(struct __test_metadata *_metadata, const struct driver *driver,
		   uint32_t kind, uint32_t order, uint64_t npages, struct mockgpu_bo *bo)
{
	ASSERT_EQ(0, mockgpu_bo_create(driver->fd, kind, order, MOCKGPU_CACHING_CACHED,
				       npages * driver->page, bo));
}

static void destroy(struct __test_metadata *_metadata, struct mockgpu_bo *bo)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(bo));
}

/* What page @i of a buffer must be, if its block starts at @head. */
static struct drm_mockgpu_page wanted(const struct drm_mockgpu_page *pages, uint64_t head,
				      uint64_t i, uint32_t order,
				      const struct promise *promise)
{
	struct drm_mockgpu_page page = {
		.pfn = pages[head].pfn + (i - head),
		.count = i == head ? 1 : promise->tail_count,
		.flags = i == head ? MOCKGPU_PAGE_HEAD : MOCKGPU_PAGE_TAIL,
		.order = order,
		.index = i - head,
	};

	/* A compound page consists of more than one page. */
	if (promise->kind != MOCKGPU_KIND_COMPOUND || order)
		page.flags |= promise->flags;
	return page;
}

static int same(const struct drm_mockgpu_page *a, const struct drm_mockgpu_page *b)
{
	return a->pfn == b->pfn && a->count == b->count && a->flags == b->flags &&
	       a->order == b->order && a->index == b->index;
}

static void expect_same(struct __test_metadata *_metadata, uint64_t i,
			const struct drm_mockgpu_page *right, const struct drm_mockgpu_page *seen)
{
	EXPECT_TRUE(same(right, seen)) {
		TH_LOG("page %llu: pfn %#llx count %u flags %#x order %u index %u",
		       (unsigned long long)i, seen->pfn, seen->count, seen->flags, seen->order,
		       seen->index);
		TH_LOG("should be: pfn %#llx count %u flags %#x order %u index %u", right->pfn,
		       right->count, right->flags, right->order, right->index);
	}
}

/* The order to ask for: ttm does not let the caller choose. */
static uint32_t order_of(uint32_t kind, uint32_t order)
{
	return kind == MOCKGPU_KIND_TTM ? 0 : order;
}

/*
 * All pages of a buffer: blocks of the right shape in sequence, each of consecutive pages
 * with an aligned first one. ttm chooses the order of each block.
 */
static void expect_blocks(struct __test_metadata *_metadata, const struct driver *driver,
			  struct drm_mockgpu_page *pages, uint32_t order, uint64_t npages,
			  const struct promise *promise)
{
	struct drm_mockgpu_page right;
	struct mockgpu_bo bo;
	uint64_t i, head = 0;

	order = order_of(promise->kind, order);
	create(_metadata, driver, promise->kind, order, npages, &bo);
	ASSERT_EQ(npages, mockgpu_bo_pages(&bo, 0, npages, pages));
	for (i = 0; i < npages; i++) {
		if (!i || i == head + (1ull << order)) {
			head = i;
			if (promise->kind == MOCKGPU_KIND_TTM)
				order = pages[i].order;
			ASSERT_GE(MOCKGPU_MAX_ORDER, order);
			EXPECT_EQ(0, pages[i].pfn & ((1ull << order) - 1));
		}
		right = wanted(pages, head, i, order, promise);
		expect_same(_metadata, i, &right, &pages[i]);
	}
	/* The pool allocates no more than requested. */
	if (promise->kind == MOCKGPU_KIND_TTM)
		EXPECT_EQ(npages, head + (1ull << order));
	destroy(_metadata, &bo);
}

TEST_F(page, state_is_what_the_kind_promises)
{
	uint32_t order;

	for (order = 0; order <= MOCKGPU_MAX_ORDER; order++)
		expect_blocks(_metadata, &self->driver, self->pages, order, 2ull << order,
			      &variant->promise);
}

TEST_F(page, state_is_right_for_a_size_that_is_no_multiple_of_the_block)
{
	uint32_t order, i;

	for (order = 0; order <= MOCKGPU_MAX_ORDER; order++) {
		const uint64_t block = 1ull << order;
		const uint64_t sizes[] = { 1, block + 1, 2 * block + 7, 2 * block - 1 };

		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			expect_blocks(_metadata, &self->driver, self->pages, order, sizes[i],
				      &variant->promise);
	}
}

TEST_F(page, state_is_untouched_by_mapping_and_faults)
{
	const uint32_t kind = variant->promise.kind;
	struct drm_mockgpu_bo_compare compare;
	struct mockgpu_bo bo;
	uint32_t order;

	for (order = 0; order <= MOCKGPU_MAX_ORDER; order++) {
		create(_metadata, &self->driver, kind, order_of(kind, order), 33, &bo);
		ASSERT_EQ(0, mockgpu_bo_snapshot(&bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		memset(bo.map, 0x55, bo.size);
		ASSERT_EQ(0, mockgpu_bo_compare(&bo, &compare));
		EXPECT_EQ(0, compare.changed);
		ASSERT_EQ(0, mockgpu_bo_zap(&bo));
		ASSERT_EQ(0, mockgpu_bo_unmap(&bo));
		ASSERT_EQ(0, mockgpu_bo_compare(&bo, &compare));
		EXPECT_EQ(0, compare.changed);
		destroy(_metadata, &bo);
	}
}

/* main() has left most of the free memory dirty; so does each round here. */
static void expect_zeroed(struct __test_metadata *_metadata, const struct driver *driver,
			  uint32_t kind, uint32_t order, uint32_t caching)
{
	volatile uint64_t *words;
	struct mockgpu_bo bo;
	int round;
	size_t i;

	for (round = 0; round < 2; round++) {
		ASSERT_EQ(0, mockgpu_bo_create(driver->fd, kind, order, caching,
					       600 * driver->page, &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		words = bo.map;
		EXPECT_TRUE(pattern_is_zero(bo.map, bo.size)) {
			TH_LOG("order %u caching %u round %d", order, caching, round);
		}
		/* Not memset(): on arm64 uncached is Device memory, where "dc zva" faults. */
		for (i = 0; i < bo.size / sizeof(*words); i++)
			words[i] = ~0ull;
		destroy(_metadata, &bo);
	}
}

TEST_F(page, pages_are_zero_though_they_were_used_before)
{
	const uint32_t kind = variant->promise.kind;
	uint32_t order, caching;

	for (order = 0; order <= order_of(kind, MOCKGPU_MAX_ORDER); order += 5)
		for (caching = 0; caching < MOCKGPU_CACHING_COUNT; caching++)
			expect_zeroed(_metadata, &self->driver, kind, order, caching);
}

/*
 * Free memory in pages, from /proc/zoneinfo: on the free lists and on the lists of each CPU,
 * which may hold thousands of freed pages.
 */
static long memory_free(struct __test_metadata *_metadata)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	long value, sum = 0;
	char line[256];

	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, " pages free %ld", &value) == 1 ||
		    sscanf(line, " count: %ld", &value) == 1)
			sum += value;
	}
	fclose(file);
	EXPECT_LT(0, sum);
	return sum;
}

TEST_F(page, memory_is_level_after_200_rounds)
{
	/* 519 pages: of the largest order most of the last block is unused. */
	const long npages = 519, rounds = 200, orders = MOCKGPU_MAX_ORDER + 1;
	const uint32_t kind = variant->promise.kind;
	long before = 0, round;
	struct mockgpu_bo bo;

	for (round = -20; round < rounds; round++) {
		/* Measured after a warm-up, which fills the allocator's caches. */
		if (!round)
			before = memory_free(_metadata);
		create(_metadata, &self->driver, kind, order_of(kind, labs(round) % orders),
		       npages, &bo);
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		memset(bo.map, 1, 16 * self->size);
		destroy(_metadata, &bo);
	}
	/* Others use memory too, so up to every 20th page may be missing. */
	EXPECT_GT(npages * rounds / 20, before - memory_free(_metadata));
}

#define LOOK_PAGES 40
#define LOOK_ORDER 4

/* Two buffers of one kind: three blocks, the last one partly used. */
FIXTURE(look) {
	struct driver driver;
	struct mockgpu_bo bo;
	struct mockgpu_bo other;
	struct drm_mockgpu_page pages[LOOK_PAGES];
};

FIXTURE_SETUP(look)
{
	driver_setup(_metadata, &self->driver);
	create(_metadata, &self->driver, MOCKGPU_KIND_NONCOMPOUND, LOOK_ORDER, LOOK_PAGES,
	       &self->bo);
	create(_metadata, &self->driver, MOCKGPU_KIND_NONCOMPOUND, LOOK_ORDER, LOOK_PAGES,
	       &self->other);
}

FIXTURE_TEARDOWN(look)
{
	destroy(_metadata, &self->bo);
	destroy(_metadata, &self->other);
	driver_teardown(_metadata, &self->driver);
}

TEST_F(look, a_window_of_pages_is_that_window)
{
	struct drm_mockgpu_page window[LOOK_PAGES + 1];
	uint64_t first, count;

	ASSERT_EQ(LOOK_PAGES, mockgpu_bo_pages(&self->bo, 0, LOOK_PAGES, self->pages));
	for (first = 0; first < LOOK_PAGES; first += 13) {
		for (count = 0; count <= LOOK_PAGES - first; count += 9) {
			memset(window, 0xee, sizeof(window));
			ASSERT_EQ(count, mockgpu_bo_pages(&self->bo, first, count, window));
			EXPECT_EQ(0, memcmp(window, self->pages + first, count * sizeof(*window)));
			/* Nothing is written past it. */
			EXPECT_EQ(0xeeeeeeeeeeeeeeeeull, window[count].pfn);
		}
	}
}

TEST_F(look, a_window_ends_with_the_buffer)
{
	EXPECT_EQ(LOOK_PAGES, mockgpu_bo_pages(&self->bo, 0, ~0ull, self->pages));
	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, LOOK_PAGES - 1, LOOK_PAGES, self->pages));
	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, LOOK_PAGES - 1, 1ull << 63, self->pages));
	EXPECT_EQ(-EINVAL, mockgpu_bo_pages(&self->bo, LOOK_PAGES, 1, self->pages));
	EXPECT_EQ(-EINVAL, mockgpu_bo_pages(&self->bo, 1ull << 32, 1, self->pages));
	EXPECT_EQ(-EINVAL, mockgpu_bo_pages(&self->bo, ~0ull, 2, self->pages));
}

TEST_F(look, a_bad_array_is_a_fault)
{
	void *page = mmap(NULL, self->driver.page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(-EFAULT, mockgpu_bo_pages(&self->bo, 0, 1, NULL));
	EXPECT_EQ(-EFAULT, mockgpu_bo_pages(&self->bo, 0, 1, (void *)(1ul << 63)));
	EXPECT_EQ(-EFAULT, mockgpu_bo_pages(&self->bo, 0, LOOK_PAGES, (void *)-8ul));
	EXPECT_EQ(-EFAULT, mockgpu_bo_pages(&self->bo, 0, LOOK_PAGES, page));
	EXPECT_EQ(0, munmap(page, self->driver.page));
}

/* The copy to user space faults on the queried buffer, which must not be locked then. */
TEST_F(look, the_array_may_lie_in_the_buffer_itself)
{
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	ASSERT_EQ(LOOK_PAGES, mockgpu_bo_pages(&self->bo, 0, LOOK_PAGES, self->bo.map));
	ASSERT_EQ(LOOK_PAGES, mockgpu_bo_pages(&self->bo, 0, LOOK_PAGES, self->pages));
	EXPECT_EQ(0, memcmp(self->bo.map, self->pages, sizeof(self->pages)));
}

TEST_F(look, a_large_buffer_is_read_as_a_whole)
{
	const uint64_t npages = 1000;
	struct drm_mockgpu_page *pages = calloc(npages, sizeof(*pages));
	struct mockgpu_bo bo;
	uint64_t i;

	ASSERT_NE(NULL, pages);
	create(_metadata, &self->driver, MOCKGPU_KIND_SPLIT, 3, npages, &bo);
	ASSERT_EQ(npages, mockgpu_bo_pages(&bo, 0, npages, pages));
	for (i = 0; i < npages; i++) {
		EXPECT_EQ(i % 8, pages[i].index);
		EXPECT_EQ(pages[i - i % 8].pfn + i % 8, pages[i].pfn);
	}
	destroy(_metadata, &bo);
	free(pages);
}

static uint64_t changed(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_compare compare;

	EXPECT_EQ(0, mockgpu_bo_compare(bo, &compare));
	return compare.changed;
}

TEST_F(look, compare_needs_a_snapshot)
{
	struct drm_mockgpu_bo_compare compare;

	EXPECT_EQ(-ENODATA, mockgpu_bo_compare(&self->bo, &compare));
	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->other));
	EXPECT_EQ(-ENODATA, mockgpu_bo_compare(&self->bo, &compare));
	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(0, compare.changed);
}

static void expect_raised(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			  uint64_t page, uint32_t count)
{
	struct drm_mockgpu_bo_compare compare;
	struct drm_mockgpu_page now;

	ASSERT_EQ(0, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_GET, page));
	ASSERT_EQ(0, mockgpu_bo_compare(bo, &compare));
	EXPECT_EQ(1, compare.changed);
	EXPECT_EQ(page, compare.first);
	EXPECT_EQ(count, compare.before.count);
	EXPECT_EQ(count + 1, compare.after.count);
	EXPECT_EQ(compare.before.flags, compare.after.flags);
	ASSERT_EQ(1, mockgpu_bo_pages(bo, page, 1, &now));
	expect_same(_metadata, page, &now, &compare.after);
	ASSERT_EQ(0, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_PUT, page));
	EXPECT_EQ(0, changed(_metadata, bo));
}

TEST_F(look, compare_sees_one_raised_count)
{
	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	expect_raised(_metadata, &self->bo, 0, 1);
	expect_raised(_metadata, &self->bo, 1, 0);
	expect_raised(_metadata, &self->bo, 15, 0);
	expect_raised(_metadata, &self->bo, 16, 1);
	expect_raised(_metadata, &self->bo, LOOK_PAGES - 1, 0);
}

TEST_F(look, compare_counts_all_changed_pages)
{
	struct drm_mockgpu_bo_compare compare;
	uint64_t page;

	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	for (page = 3; page < LOOK_PAGES; page += 4)
		ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, page));
	ASSERT_EQ(0, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(LOOK_PAGES / 4, compare.changed);
	EXPECT_EQ(3, compare.first);
	/* A new snapshot records them as they are now. */
	ASSERT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(0, changed(_metadata, &self->bo));
	/* The buffer is destroyed with its counts raised: the driver drops them. */
}

TEST_F(look, a_count_is_raised_once)
{
	EXPECT_EQ(-ENOENT, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 5));
	EXPECT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 5));
	EXPECT_EQ(-EBUSY, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 5));
	EXPECT_EQ(-ENOENT, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 6));
	EXPECT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 5));
	EXPECT_EQ(-ENOENT, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 5));
}

TEST_F(look, inject_refuses_what_is_not_there)
{
	static const uint64_t pages[] = { LOOK_PAGES, 1ull << 32, 1ull << 63, ~0ull };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		EXPECT_EQ(-EINVAL, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, pages[i]));
		EXPECT_EQ(-EINVAL, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, pages[i]));
		EXPECT_EQ(-EINVAL, mockgpu_bo_inject_foreign(&self->bo, pages[i], &self->other, 0));
		EXPECT_EQ(-EINVAL, mockgpu_bo_inject_foreign(&self->bo, 0, &self->other, pages[i]));
	}
	EXPECT_EQ(-EINVAL, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_WARN + 1, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_inject(&self->bo, ~0u, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_WARN, 1));
}

static void fill_both(struct __test_metadata *_metadata, struct mockgpu_bo *bo,
		      struct mockgpu_bo *other)
{
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	ASSERT_EQ(0, mockgpu_bo_map(other, NULL));
	memset(bo->map, 0x11, bo->size);
	memset(other->map, 0x22, other->size);
}

TEST_F(look, a_foreign_page_is_seen_after_the_next_fault)
{
	const size_t size = self->driver.page;
	char *map;
	uint64_t i;

	fill_both(_metadata, &self->bo, &self->other);
	map = self->bo.map;
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&self->bo, 6, &self->other, 9));
	EXPECT_EQ(0x11, peek(map + 6 * size));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	for (i = 0; i < LOOK_PAGES; i++) {
		EXPECT_EQ(i == 6 ? 0x22 : 0x11, peek(map + i * size)) {
			TH_LOG("page %llu", (unsigned long long)i);
		}
	}
	/* It is that page: a write shows in the other buffer, and only there. */
	poke(map + 6 * size + 8, 0x33);
	for (i = 0; i < LOOK_PAGES; i++)
		EXPECT_EQ(i == 9 ? 0x33 : 0x22, peek((char *)self->other.map + i * size + 8));
}

TEST_F(look, a_foreign_page_stays_though_its_buffer_is_closed)
{
	const size_t size = self->driver.page;
	char *map;

	fill_both(_metadata, &self->bo, &self->other);
	map = self->bo.map;
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&self->bo, 6, &self->other, 9));
	destroy(_metadata, &self->other);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0x22, peek(map + 6 * size));
	driver_expect_usage(_metadata, &self->driver, 2, 2 * 48);
	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
	driver_expect_usage(_metadata, &self->driver, 2, 2 * 48);
	destroy(_metadata, &self->bo);
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

/* Buffers that keep each other alive would never be freed: teardown would see that. */
TEST_F(look, foreign_pages_make_no_circle)
{
	struct mockgpu_bo third;

	create(_metadata, &self->driver, MOCKGPU_KIND_TTM, 0, 2, &third);
	EXPECT_EQ(-EINVAL, mockgpu_bo_inject_foreign(&self->bo, 0, &self->bo, 1));
	EXPECT_EQ(0, mockgpu_bo_inject_foreign(&self->bo, 0, &self->other, 1));
	EXPECT_EQ(-EBUSY, mockgpu_bo_inject_foreign(&self->bo, 2, &third, 0));
	EXPECT_EQ(-EBUSY, mockgpu_bo_inject_foreign(&self->other, 0, &self->bo, 1));
	EXPECT_EQ(-EBUSY, mockgpu_bo_inject_foreign(&self->other, 0, &third, 1));
	EXPECT_EQ(-EBUSY, mockgpu_bo_inject_foreign(&third, 0, &self->bo, 1));
	/* One buffer may lend pages to two. */
	EXPECT_EQ(0, mockgpu_bo_inject_foreign(&third, 0, &self->other, 1));
	destroy(_metadata, &third);
}

TEST_F(look, a_foreign_page_needs_a_handle)
{
	struct mockgpu_bo nothing = { .fd = self->driver.fd, .handle = 4711 };

	EXPECT_EQ(-ENOENT, mockgpu_bo_inject_foreign(&self->bo, 0, &nothing, 0));
	nothing.handle = 0;
	EXPECT_EQ(-ENOENT, mockgpu_bo_inject_foreign(&self->bo, 0, &nothing, 0));
}

/*
 * Leave three quarters of the free memory, but no more than 1 GiB, with something in it.
 * Kernels that clear pages themselves (init_on_alloc=1, Debian's default) hide a driver
 * that does not: boot with init_on_alloc=0 to see one.
 */
static void dirty_free_memory(void)
{
	size_t size = (size_t)sysconf(_SC_AVPHYS_PAGES) * getpagesize() / 4 * 3;
	void *map;

	if (size > 1ul << 30)
		size = 1ul << 30;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		ksft_exit_fail_msg("cannot map %zu bytes: %s\n", size, strerror(errno));
	madvise(map, size, MADV_HUGEPAGE);
	memset(map, 0xa5, size);
	munmap(map, size);
}

int main(int argc, char **argv)
{
	dirty_free_memory();
	return driver_run(argc, argv);
}
