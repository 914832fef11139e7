/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer that takes over the pages which another one gave up, full of canaries: values
 * that nobody may touch any more. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_CANARY_H
#define MOCKGPU_TEST_CANARY_H

#include "live.h"

#define CANARY_SEED 0xcafe

/*
 * Pages that were freed last are allocated first: blocks and single pages alike. In VRAM the
 * range manager gives the lowest part that is free.
 */
static inline void canary_make(struct __test_metadata *_metadata, struct live *live,
			       struct mockgpu_bo *canary)
{
	const struct drm_mockgpu_bo_create want = {
		.size = live->pages * (uint64_t)GUEST_PAGE_SIZE,
		.kind = live->bo.kind,
		.order = live->bo.kind == MOCKGPU_KIND_SPLIT ? 0 : live->bo.order,
		.placement = live->placement,
	};

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, canary));
	ASSERT_EQ(0, mockgpu_bo_map(canary, NULL));
	guest_fill(canary->map, live->pages, CANARY_SEED);
}

/* Give the buffer new pages and a new one its old ones. Return: how many it really got. */
static inline size_t canary_take_pages(struct __test_metadata *_metadata, struct live *live,
				       struct mockgpu_bo *canary)
{
	struct drm_mockgpu_page *before, *reused;
	size_t common;

	/* Only the first time it is still where it was created. */
	if (live->placement == MOCKGPU_PLACEMENT_VRAM)
		EXPECT_EQ(0, mockgpu_bo_move(&live->bo, live->placement, 0));
	before = bo_pages(_metadata, &live->bo);
	EXPECT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	canary_make(_metadata, live, canary);
	reused = bo_pages(_metadata, canary);
	common = bo_common(before, reused, live->pages);
	free(before);
	free(reused);
	return common;
}

#endif /* MOCKGPU_TEST_CANARY_H */
