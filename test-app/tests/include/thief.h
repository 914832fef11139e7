/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer that gets the pages which another one gives up, full of canaries. Include
 * it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_THIEF_H
#define MOCKGPU_TEST_THIEF_H

#include "live.h"

#define THIEF_SEED 0xcafe

/* Pages that were freed last are given out first: blocks and single ones alike. */
static inline void thief_make(struct __test_metadata *_metadata, struct live *live,
			      struct mockgpu_bo *thief)
{
	const struct drm_mockgpu_bo_create want = {
		.size = live->pages * (uint64_t)GUEST_PAGE_SIZE,
		.kind = live->bo.kind,
		.order = live->bo.kind == MOCKGPU_KIND_SPLIT ? 0 : live->bo.order,
	};

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, thief));
	ASSERT_EQ(0, mockgpu_bo_map(thief, NULL));
	guest_fill(thief->map, live->pages, THIEF_SEED);
}

/* The buffer gets other pages, a new one the old ones: how many it really got. */
static inline size_t thief_steal(struct __test_metadata *_metadata, struct live *live,
				 struct mockgpu_bo *thief)
{
	struct drm_mockgpu_page *before = bo_pages(_metadata, &live->bo), *stolen;
	size_t common;

	EXPECT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	thief_make(_metadata, live, thief);
	stolen = bo_pages(_metadata, thief);
	common = bo_common(before, stolen, live->pages);
	free(before);
	free(stolen);
	return common;
}

#endif /* MOCKGPU_TEST_THIEF_H */
