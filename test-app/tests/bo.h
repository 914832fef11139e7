/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests of one mapped buffer share: its state, its pages, and whether the
 * mapping shows them. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_BO_H
#define MOCKGPU_TEST_BO_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "driver.h"
#include "mockgpu.h"
#include "pattern.h"

static inline struct drm_mockgpu_bo_query bo_query(struct __test_metadata *_metadata,
						   const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_query query = {};

	EXPECT_EQ(0, mockgpu_bo_query(bo, &query));
	return query;
}

static inline size_t bo_npages(const struct mockgpu_bo *bo)
{
	return bo->size / getpagesize();
}

/* All pages of @bo, to be freed with free(). */
static inline struct drm_mockgpu_page *bo_pages(struct __test_metadata *_metadata,
						const struct mockgpu_bo *bo)
{
	size_t npages = bo_npages(bo);
	struct drm_mockgpu_page *pages = calloc(npages, sizeof(*pages));

	ASSERT_NE(NULL, pages);
	EXPECT_EQ(npages, mockgpu_bo_pages(bo, 0, npages, pages));
	return pages;
}

/* How many pages of the mapping had no entry in the page table; now all have. */
static inline size_t bo_missing(struct __test_metadata *_metadata,
				const struct mockgpu_bo *bo)
{
	uint64_t before = bo_query(_metadata, bo).faults;
	size_t i;

	for (i = 0; i < bo_npages(bo); i++)
		peek((char *)bo->map + i * getpagesize());
	return bo_query(_metadata, bo).faults - before;
}

/*
 * How many words of @bo's pages, as the kernel finds them, are not what
 * pattern_fill() wrote to the mapping: 0 when the mapping shows these very pages.
 * A debugger's way of access goes through the driver, not through the page table.
 */
static inline size_t bo_elsewhere(struct __test_metadata *_metadata,
				  const struct mockgpu_bo *bo, uint64_t seed)
{
	void *copy = malloc(bo->size);
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	size_t wrong;

	ASSERT_NE(NULL, copy);
	ASSERT_LE(0, mem);
	EXPECT_EQ(bo->size, pread(mem, copy, bo->size, (uintptr_t)bo->map));
	wrong = pattern_differences(copy, bo->size, seed);
	EXPECT_EQ(0, close(mem));
	free(copy);
	return wrong;
}

static inline int bo_compare_pfn(const void *a, const void *b)
{
	const struct drm_mockgpu_page *left = a, *right = b;

	return (left->pfn > right->pfn) - (left->pfn < right->pfn);
}

/* How many of @npages page frame numbers are in both; @before gets sorted. */
static inline size_t bo_common(struct drm_mockgpu_page *before,
			       const struct drm_mockgpu_page *after, size_t npages)
{
	size_t i, count = 0;

	qsort(before, npages, sizeof(*before), bo_compare_pfn);
	for (i = 0; i < npages; i++)
		count += !!bsearch(&after[i], before, npages, sizeof(*before), bo_compare_pfn);
	return count;
}

#endif /* MOCKGPU_TEST_BO_H */
