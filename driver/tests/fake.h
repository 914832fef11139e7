/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device and a buffer without TTM or DRM behind them: only the members that the
 * functions under test read are set, all others are 0.
 */
#ifndef MOCKGPU_FAKE_H
#define MOCKGPU_FAKE_H

#include <kunit/test.h>

#include <drm/ttm/ttm_resource.h>

#include "../mockgpu_types.h"

/**
 * struct mockgpu_fake - a fake device with one buffer
 * @mdev: the device
 * @bo: the buffer
 * @tt: its system pages
 * @res: its resource, in TTM_PL_TT
 */
struct mockgpu_fake {
	struct mockgpu_device mdev;
	struct mockgpu_bo bo;
	struct mockgpu_tt tt;
	struct ttm_resource res;
};

/**
 * mockgpu_fake_create - create a fake device with one buffer
 * @test: the test, which frees it
 * @npages: number of pages of the buffer
 *
 * The page array of @tt is allocated and empty.
 *
 * Return: the fake.
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
