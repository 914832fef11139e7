/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers in VRAM whose pages have a number and no struct page. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_NUMBERS_H
#define MOCKGPU_TEST_NUMBERS_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bo.h"

/* A page of @bo, which is mapped, is in memory from @first to @last. */
static inline void number_is_in(struct __test_metadata *_metadata, int fd,
				const struct mockgpu_bo *bo, const struct drm_mockgpu_page *page,
				size_t i, uint64_t first, uint64_t last)
{
	const uint32_t where = page->index ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD;
	char *at = (char *)bo->map + i * getpagesize();
	struct mockgpu_entry entry;

	EXPECT_LE(first, page->pfn * getpagesize());
	EXPECT_GE(last, page->pfn * getpagesize());
	EXPECT_EQ(0, page->count);
	EXPECT_EQ(where | MOCKGPU_PAGE_NO_STRUCT, page->flags);
	poke(at, 1);
	ASSERT_EQ(0, mockgpu_entry_get(fd, at, &entry));
	EXPECT_EQ(page->pfn, entry.pfn);
}

/* @bo is contiguous in memory from @first to @last, which has no struct pages. */
static inline void numbers_only(struct __test_metadata *_metadata, int fd,
				const struct mockgpu_bo *bo, uint64_t first, uint64_t last)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, bo);
	struct drm_mockgpu_bo_compare compare;
	size_t i;

	for (i = 0; i < bo_npages(bo); i++) {
		EXPECT_EQ(pages[0].pfn + i, pages[i].pfn);
		number_is_in(_metadata, fd, bo, &pages[i], i, first, last);
	}
	EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_inject(bo, MOCKGPU_INJECT_REF_GET, 0));
	EXPECT_EQ(0, mockgpu_bo_snapshot(bo));
	EXPECT_EQ(0, mockgpu_bo_compare(bo, &compare));
	EXPECT_EQ(0, compare.changed);
	free(pages);
}

/* Leave something in @bo. Return: the number of its first page. */
static inline uint64_t numbers_leave(struct __test_metadata *_metadata,
				     const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_page page = {};

	memset(bo->map, 0x5a, bo->size);
	EXPECT_EQ(1, mockgpu_bo_pages(bo, 0, 1, &page));
	return page.pfn;
}

/* A new buffer at page @pfn shows nothing of what another left there. */
static inline void numbers_are_clean(struct __test_metadata *_metadata,
				     const struct mockgpu_bo *bo, uint64_t pfn)
{
	struct drm_mockgpu_page page = {};
	size_t i;

	EXPECT_EQ(1, mockgpu_bo_pages(bo, 0, 1, &page));
	EXPECT_EQ(pfn, page.pfn);
	for (i = 0; i < bo->size; i++)
		if (((char *)bo->map)[i])
			break;
	EXPECT_EQ(bo->size, i);
}

#endif /* MOCKGPU_TEST_NUMBERS_H */
