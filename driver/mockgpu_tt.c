// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer's system pages as TTM sees them: struct ttm_tt.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/ttm/ttm_pool.h>

#include "mockgpu_types.h"
#include "tests/visible.h"

static enum ttm_caching mockgpu_ttm_caching(u32 caching)
{
	switch (caching) {
	case MOCKGPU_CACHING_WC:
		return ttm_write_combined;
	case MOCKGPU_CACHING_UC:
		return ttm_uncached;
	default:
		return ttm_cached;
	}
}

/* What the buffer's pages are to be; without it they are cached ones of the pool. */
static void mockgpu_tt_describe(struct mockgpu_tt *tt, struct mockgpu_bo *bo)
{
	tt->bo = bo;
	tt->kind = bo->desc.kind;
	tt->order = bo->desc.order;
	if (bo->desc.flags & MOCKGPU_BO_PAGE_MAPPING)
		tt->mapping = bo->tbo.bdev->dev_mapping;
}

/* An import has device addresses in the place of pages. */
static int mockgpu_tt_init(struct mockgpu_tt *tt, struct ttm_buffer_object *tbo,
			   u32 page_flags)
{
	enum ttm_caching caching = tt->bo ? mockgpu_ttm_caching(tt->bo->desc.caching) :
					    ttm_cached;

	if (mockgpu_should_fail("tt_init"))
		return -ENOMEM;
	if (tbo->type == ttm_bo_type_sg)
		return ttm_sg_tt_init(&tt->ttm, tbo, page_flags, caching);
	return ttm_tt_init(&tt->ttm, tbo, page_flags, caching, 0);
}

/**
 * mockgpu_tt_create - &ttm_device_funcs.ttm_tt_create
 * @tbo: the buffer object
 * @page_flags: TTM_TT_FLAG_*
 *
 * Return: its tt, without pages, or NULL.
 */
struct ttm_tt *mockgpu_tt_create(struct ttm_buffer_object *tbo, u32 page_flags)
{
	struct mockgpu_tt *tt;

	if (mockgpu_should_fail("tt"))
		return NULL;
	tt = kzalloc_obj(*tt, GFP_KERNEL_ACCOUNT);
	if (!tt)
		return NULL;
	if (mockgpu_bo_is_ours(tbo))
		mockgpu_tt_describe(tt, to_mockgpu_bo(tbo));
	if (mockgpu_tt_init(tt, tbo, page_flags)) {
		kfree(tt);
		return NULL;
	}
	return &tt->ttm;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_tt_create);

/**
 * mockgpu_tt_destroy - &ttm_device_funcs.ttm_tt_destroy
 * @bdev: the TTM device
 * @ttm: the tt, without pages
 */
void mockgpu_tt_destroy(struct ttm_device *bdev, struct ttm_tt *ttm)
{
	ttm_tt_fini(ttm);
	kfree(to_mockgpu_tt(ttm));
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_tt_destroy);

static int mockgpu_tt_alloc(struct ttm_device *bdev, struct mockgpu_tt *tt,
			    struct ttm_operation_ctx *ctx)
{
	int ret;

	if (tt->kind != MOCKGPU_KIND_TTM)
		return mockgpu_pages_alloc(tt);

	ret = ttm_pool_alloc(&bdev->pool, &tt->ttm, ctx);
	if (ret)
		return ret;
	ret = mockgpu_pages_record(tt);
	if (ret)
		ttm_pool_free(&bdev->pool, &tt->ttm);
	return ret;
}

/* amdgpu_ttm_tt_populate() does the same, so that unmapping finds them. */
static void mockgpu_tt_set_mapping(struct ttm_tt *ttm, struct address_space *mapping)
{
	unsigned long i;

	for (i = 0; i < ttm->num_pages; i++) {
		ttm->pages[i]->mapping = mapping;
		if (!(i % MOCKGPU_RESCHED_PAGES))
			cond_resched();
	}
}

/**
 * mockgpu_tt_populate - &ttm_device_funcs.ttm_tt_populate
 * @bdev: the TTM device
 * @ttm: the tt
 * @ctx: how
 *
 * Return: 0, -ENODEV when the buffer is revoked, or a negative errno of the source
 * of its pages.
 */
int mockgpu_tt_populate(struct ttm_device *bdev, struct ttm_tt *ttm,
			struct ttm_operation_ctx *ctx)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(bdev);
	struct mockgpu_tt *tt = to_mockgpu_tt(ttm);
	int ret;

	if (ttm->page_flags & TTM_TT_FLAG_EXTERNAL)
		return mockgpu_import_populate(tt);
	if (tt->revoked)
		return -ENODEV;
	if (mockgpu_should_fail("populate"))
		return -ENOMEM;
	tt->generation = atomic64_inc_return(&mdev->generation);
	tt->flushed = false;
	ret = mockgpu_tt_alloc(bdev, tt, ctx);
	if (ret)
		return ret;
	if (tt->mapping)
		mockgpu_tt_set_mapping(ttm, tt->mapping);
	atomic_long_add(ttm->num_pages, &mdev->populated);
	return 0;
}

/**
 * mockgpu_tt_unpopulate - &ttm_device_funcs.ttm_tt_unpopulate
 * @bdev: the TTM device
 * @ttm: the tt
 */
void mockgpu_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *ttm)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(bdev);
	struct mockgpu_tt *tt = to_mockgpu_tt(ttm);

	if (ttm->page_flags & TTM_TT_FLAG_EXTERNAL) {
		mockgpu_import_unpopulate(tt);
		return;
	}
	atomic_long_sub(ttm->num_pages, &mdev->populated);
	if (tt->mapping)
		mockgpu_tt_set_mapping(ttm, NULL);
	if (tt->kind != MOCKGPU_KIND_TTM) {
		mockgpu_pages_free(tt);
		return;
	}
	mockgpu_pages_forget(tt);
	ttm_pool_free(&bdev->pool, ttm);
}
