/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device and a buffer that only exist in memory: what the functions under test
 * look at is set, the rest is 0.
 */
#ifndef MOCKGPU_FAKE_H
#define MOCKGPU_FAKE_H

#include <kunit/test.h>

#include <drm/ttm/ttm_resource.h>

#include "../mockgpu_types.h"

/**
 * struct mockgpu_fake - them
 * @mdev: the device
 * @bo: a buffer of it
 * @tt: its system pages
 * @res: where it is: in TTM_PL_TT
 */
struct mockgpu_fake {
	struct mockgpu_device mdev;
	struct mockgpu_bo bo;
	struct mockgpu_tt tt;
	struct ttm_resource res;
};

/**
 * mockgpu_fake_create - make them; they go with the test
 * @test: the test
 * @npages: pages of the buffer
 *
 * The page array of @tt is there, empty.
 *
 * Return: them.
 */
static inline struct mockgpu_fake *mockgpu_fake_create(struct kunit *test,
						       unsigned long npages)
{
	struct mockgpu_fake *fake = kunit_kzalloc(test, sizeof(*fake), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->tt.bo = &fake->bo;
	fake->tt.ttm.num_pages = npages;
	fake->tt.ttm.caching = ttm_cached;
	fake->tt.ttm.page_flags = TTM_TT_FLAG_PRIV_POPULATED;
	fake->tt.ttm.pages = kunit_kcalloc(test, npages, sizeof(struct page *), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fake->tt.ttm.pages);
	fake->res.mem_type = TTM_PL_TT;
	fake->bo.desc.size = (u64)npages << PAGE_SHIFT;
	fake->bo.tbo.bdev = &fake->mdev.ttm;
	fake->bo.tbo.base.dev = &fake->mdev.drm;
	fake->bo.tbo.base.size = npages << PAGE_SHIFT;
	fake->bo.tbo.resource = &fake->res;
	fake->bo.tbo.ttm = &fake->tt.ttm;
	return fake;
}

#endif /* MOCKGPU_FAKE_H */
