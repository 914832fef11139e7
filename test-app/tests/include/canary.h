/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer that takes over the pages which another one gave up, full of canaries: values
 * that nobody may touch any more. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_CANARY_H
#define MOCKGPU_TEST_CANARY_H

#include <sched.h>

#include "live.h"

#define CANARY_SEED 0xcafe

/* Buffers that are made to find the pages that another one gave up. */
#define CANARY_TRIES 16

/* Make a buffer of blocks of @order and fill it. In VRAM it gets the lowest part that is free. */
static inline void canary_make_of(struct __test_metadata *_metadata, struct live *live,
				  struct mockgpu_bo *canary, unsigned int order)
{
	const struct drm_mockgpu_bo_create want = {
		.size = live->pages * (uint64_t)GUEST_PAGE_SIZE,
		.kind = live->bo.kind,
		.order = order,
		.placement = live->placement,
	};

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, canary));
	ASSERT_EQ(0, mockgpu_bo_map(canary, NULL));
	guest_fill(canary->map, live->pages, CANARY_SEED);
}

/*
 * Pages that were freed last are allocated first, those of a split block as single pages, from
 * the list of the CPU that freed them (struct per_cpu_pages).
 */
static inline void canary_make(struct __test_metadata *_metadata, struct live *live,
			       struct mockgpu_bo *canary)
{
	canary_make_of(_metadata, live, canary,
		       live->bo.kind == MOCKGPU_KIND_SPLIT ? 0 : live->bo.order);
}

/* Wait until a move that takes time has freed the pages that it took from a buffer. */
static inline void canary_wait(struct __test_metadata *_metadata, const struct live *live,
			       uint64_t populated)
{
	struct mockgpu_usage usage = {};
	unsigned int tries;

	for (tries = 0; tries < 10000; tries++) {
		ASSERT_EQ(0, mockgpu_usage_get(live->driver.fd, &usage));
		if (usage.populated == populated)
			return;
		clock_pause(1);
	}
	EXPECT_EQ(populated, usage.populated);
}

/* Return: how many of the pages in @before the buffer has. */
static inline size_t canary_common(struct __test_metadata *_metadata, const struct live *live,
				   const struct mockgpu_bo *canary,
				   struct drm_mockgpu_page *before)
{
	struct drm_mockgpu_page *after = bo_pages(_metadata, canary);
	const size_t common = bo_common(before, after, live->pages);

	free(after);
	return common;
}

/* Let the calling thread run on the next of the CPUs @allowed after @cpu. Return: that one. */
static inline int canary_next_cpu(struct __test_metadata *_metadata, const cpu_set_t *allowed,
				  int cpu)
{
	cpu_set_t one;

	do
		cpu = (cpu + 1) % CPU_SETSIZE;
	while (!CPU_ISSET(cpu, allowed));
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(one), &one));
	return cpu;
}

/*
 * Make buffers until one has some of the pages in @before. After a move that takes time, one of
 * TTM's workers frees them (ttm_bo_release()), on any CPU; and since such a CPU only frees, the
 * pages soon leave its list, where they merge to blocks again. So try every CPU, with single
 * pages and with blocks, and keep what lies before them until the end.
 */
static inline size_t canary_make_search(struct __test_metadata *_metadata, struct live *live,
					struct mockgpu_bo *canary,
					struct drm_mockgpu_page *before)
{
	struct mockgpu_bo others[CANARY_TRIES] = {};
	size_t i, used, common = 0;
	cpu_set_t allowed;
	int cpu = -1;

	ASSERT_EQ(0, sched_getaffinity(0, sizeof(allowed), &allowed));
	for (used = 0; used < CANARY_TRIES && !common; used++) {
		others[used] = *canary;
		if (used % 2 == 0)
			cpu = canary_next_cpu(_metadata, &allowed, cpu);
		canary_make_of(_metadata, live, canary, used % 2 ? live->bo.order : 0);
		common = canary_common(_metadata, live, canary, before);
	}
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(allowed), &allowed));
	for (i = 0; i < used; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&others[i]));
	return common;
}

/* Give the buffer new pages and a new one its old ones. Return: how many it really got. */
static inline size_t canary_take_pages(struct __test_metadata *_metadata, struct live *live,
				       struct mockgpu_bo *canary)
{
	struct drm_mockgpu_page *before;
	struct mockgpu_usage usage = {};
	size_t common;

	/* Only the first time it is still where it was created. */
	if (live->placement == MOCKGPU_PLACEMENT_VRAM)
		EXPECT_EQ(0, mockgpu_bo_move(&live->bo, live->placement, 0));
	before = bo_pages(_metadata, &live->bo);
	EXPECT_EQ(0, mockgpu_usage_get(live->driver.fd, &usage));
	EXPECT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	if (live->driver.delay)
		canary_wait(_metadata, live, usage.populated);
	canary_make(_metadata, live, canary);
	common = canary_common(_metadata, live, canary, before);
	if (!common && live->driver.delay)
		common = canary_make_search(_metadata, live, canary, before);
	free(before);
	return common;
}

#endif /* MOCKGPU_TEST_CANARY_H */
