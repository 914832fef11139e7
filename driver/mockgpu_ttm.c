// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: how a mockgpu buffer is put together
 *
 * Every buffer is a &struct ttm_buffer_object inside of a GEM object. It is created in
 * TTM_PL_TT or TTM_PL_VRAM, so it has its pages at once. Buffers differ only in where
 * their pages come from: the kernel's ttm_pool, blocks of the driver's own
 * (mockgpu_pages.c), the carve-out (mockgpu_vram.c), or a process (mockgpu_userptr.c). TTM
 * does everything else: fake offsets, faults, unmapping, moves, eviction, swapping.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_managed.h>
#include <drm/ttm/ttm_pool.h>
#include <drm/ttm/ttm_range_manager.h>

#include "mockgpu_blit.h"
#include "mockgpu_bo.h"
#include "mockgpu_engine.h"
#include "mockgpu_gem.h"
#include "mockgpu_kunit.h"
#include "mockgpu_move.h"
#include "mockgpu_pages.h"
#include "mockgpu_prime.h"
#include "mockgpu_shrink.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_trace.h"
#include "mockgpu_ttm.h"
#include "mockgpu_visible.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

static bool dma_pool;
module_param(dma_pool, bool, 0444);
MODULE_PARM_DESC(dma_pool, "pages of kind ttm come from dma_alloc_attrs(), as those of amdgpu where it needs swiotlb; not with shrinker=1 (default N)");

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

/* Only pages of the pool can be backed up, and the lender of others does as the borrower. */
static bool mockgpu_bo_wants_backup(struct mockgpu_bo *bo)
{
	if (bo->desc.kind != MOCKGPU_KIND_TTM)
		return false;
	return bo->can_back_up || (bo->parent && bo->parent->can_back_up) ||
	       mockgpu_bo_device(bo)->shrink.shrinker;
}

/* Without a description, the pages are cached ones of the pool. */
static void mockgpu_tt_describe(struct mockgpu_tt *tt, struct mockgpu_bo *bo)
{
	bo->can_back_up = mockgpu_bo_wants_backup(bo);
	tt->purgeable = bo->desc.flags & MOCKGPU_BO_DISCARDABLE;
	tt->bo = bo;
	tt->kind = bo->desc.kind;
	tt->order = bo->desc.order;
	if (bo->desc.flags & MOCKGPU_BO_PAGE_MAPPING)
		tt->mapping = bo->tbo.bdev->dev_mapping;
}

/* An import has device addresses instead of pages, user memory neither. */
static int mockgpu_tt_init(struct mockgpu_tt *tt, struct ttm_buffer_object *tbo,
			   u32 page_flags)
{
	enum ttm_caching caching = tt->bo ? mockgpu_ttm_caching(tt->bo->desc.caching) :
					    ttm_cached;

	if (mockgpu_should_fail("tt_init"))
		return -ENOMEM;
	if (tbo->type == ttm_bo_type_sg)
		return ttm_sg_tt_init(&tt->ttm, tbo, page_flags, caching);
	if (tt->bo && tt->bo->can_back_up)
		return mockgpu_tt_init_backup(tt, tbo, page_flags, caching);
	return ttm_tt_init(&tt->ttm, tbo, page_flags, caching, 0);
}

/**
 * mockgpu_tt_create - &ttm_device_funcs.ttm_tt_create
 * @tbo: the buffer object
 * @page_flags: TTM_TT_FLAG_*
 *
 * Return: its tt, not populated, or NULL.
 */
VISIBLE_IF_KUNIT struct ttm_tt *mockgpu_tt_create(struct ttm_buffer_object *tbo,
						  u32 page_flags)
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
 * @ttm: the tt, not populated
 */
VISIBLE_IF_KUNIT void mockgpu_tt_destroy(struct ttm_device *bdev, struct ttm_tt *ttm)
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

	/* First, since contents that came back from a backup are nowhere else any more. */
	ret = mockgpu_pages_prepare(tt);
	if (ret)
		return ret;
	if (mockgpu_tt_is_backed_up(&tt->ttm))
		ret = mockgpu_tt_restore(bdev, tt, ctx);
	else
		ret = ttm_pool_alloc(&bdev->pool, &tt->ttm, ctx);
	if (ret) {
		mockgpu_pages_forget(tt);
		return ret;
	}
	ret = mockgpu_pages_record(tt);
	if (ret)
		ttm_pool_free(&bdev->pool, &tt->ttm);
	return ret;
}

/**
 * mockgpu_tt_populate - &ttm_device_funcs.ttm_tt_populate
 * @bdev: the TTM device
 * @ttm: the tt
 * @ctx: TTM's context
 *
 * Return: 0, -ENODEV for a revoked buffer, or a negative errno of the source of the pages.
 */
static int mockgpu_tt_populate(struct ttm_device *bdev, struct ttm_tt *ttm,
			       struct ttm_operation_ctx *ctx)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(bdev);
	struct mockgpu_tt *tt = to_mockgpu_tt(ttm);
	int ret;

	/* The device asks for the pages whenever it uses them. */
	if (tt->kind == MOCKGPU_KIND_USERPTR)
		return 0;
	if (mockgpu_tt_is_import(ttm))
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
		mockgpu_pages_set_mapping(tt, tt->mapping);
	atomic_long_add(ttm->num_pages, &mdev->populated);
	mockgpu_shrink_add(mdev, tt);
	return 0;
}

/**
 * mockgpu_tt_unpopulate - &ttm_device_funcs.ttm_tt_unpopulate
 * @bdev: the TTM device
 * @ttm: the tt
 */
static void mockgpu_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *ttm)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(bdev);
	struct mockgpu_tt *tt = to_mockgpu_tt(ttm);

	if (tt->kind == MOCKGPU_KIND_USERPTR)
		return;
	if (mockgpu_tt_is_import(ttm)) {
		mockgpu_import_unpopulate(tt);
		return;
	}
	atomic_long_sub(ttm->num_pages, &mdev->populated);
	mockgpu_shrink_sub(mdev, tt);
	mockgpu_tt_uncharge(mdev, tt);
	if (tt->mapping)
		mockgpu_pages_set_mapping(tt, NULL);
	if (tt->kind != MOCKGPU_KIND_TTM) {
		mockgpu_pages_free(tt);
		return;
	}
	mockgpu_pages_forget(tt);
	ttm_pool_free(&bdev->pool, ttm);
}

/* The GPU's address space: so large that RAM runs out first (mockgpu_bo_charge()). */
#define MOCKGPU_GTT_PAGES	(SZ_64T >> PAGE_SHIFT)

/* As amdgpu_ttm.c: a GPU's page tables benefit from 2 MiB. */
#define MOCKGPU_BENEFICIAL_ORDER	get_order(SZ_2M)

static bool mockgpu_eviction_valuable(struct ttm_buffer_object *tbo,
				      const struct ttm_place *place)
{
	struct ttm_buffer_object *only;

	if (mockgpu_swap_is_for(ttm_to_mockgpu_device(tbo->bdev), &only))
		return tbo == only;
	return ttm_bo_eviction_valuable(tbo, place);
}

/*
 * Without a placement TTM frees the memory and calls nobody: neither mappings nor importers know
 * (ttm_bo_evict(), ttm_bo_pipeline_gutting()). The lock keeps new ones out until it has done so.
 */
static void mockgpu_discard(struct mockgpu_bo *bo, struct ttm_placement *placement)
{
	placement->num_placement = 0;
	ttm_bo_unmap_virtual(&bo->tbo);
	mockgpu_dmabuf_notify_move(bo);
	WRITE_ONCE(bo->bar_pfn, 0);
	bo->discarded = true;
	bo->discards++;
}

VISIBLE_IF_KUNIT void mockgpu_evict_flags(struct ttm_buffer_object *tbo,
					  struct ttm_placement *placement)
{
	struct mockgpu_bo *bo;

	/* Nobody needs the contents of a ghost object. */
	if (!mockgpu_bo_is_ours(tbo)) {
		placement->num_placement = 0;
		return;
	}
	bo = to_mockgpu_bo(tbo);
	if (tbo->resource->mem_type != TTM_PL_VRAM)
		mockgpu_ttm_placement(bo, placement, MOCKGPU_PLACEMENT_SYSTEM);
	else if (bo->desc.flags & MOCKGPU_BO_DISCARDABLE)
		mockgpu_discard(bo, placement);
	else if (!mockgpu_visible_evict(bo, placement))
		mockgpu_ttm_placement(bo, placement, MOCKGPU_PLACEMENT_GTT);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_evict_flags);

static int mockgpu_move(struct ttm_buffer_object *tbo, bool evict,
			struct ttm_operation_ctx *ctx,
			struct ttm_resource *new_mem, struct ttm_place *hop)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(tbo->bdev);
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	/* Before 6.2 a new buffer has a resource, in system memory. */
	bool first = !bo->placed || !tbo->resource;
	int from = first ? -1 : (int)tbo->resource->mem_type;
	int ret;

	dma_resv_assert_held(tbo->base.resv);
	if (mockgpu_should_fail("move"))
		return -ENOMEM;
	ret = mockgpu_blit_hop(tbo, new_mem, hop);
	if (ret)
		return ret;
	/*
	 * Nobody has addresses of a buffer in SYSTEM: it moves to GTT before an importer
	 * gets any (mockgpu_dmabuf_place()), and it is never pinned in SYSTEM
	 * (mockgpu_bo_pin_placed()).
	 */
	if (from > TTM_PL_SYSTEM)
		mockgpu_dmabuf_notify_move(bo);
	ret = mockgpu_blit_move(tbo, evict, ctx, new_mem);
	trace_mockgpu_bo_move(bo, from, new_mem->mem_type, evict, ret);
	if (ret)
		return ret;
	bo->moves += !first;
	bo->placed = true;
	bo->discarded = false;
	if (new_mem->mem_type == TTM_PL_VRAM)
		bo->vram_generation = atomic64_inc_return(&mdev->generation);
	mockgpu_bo_note_bar(bo);
	return 0;
}

VISIBLE_IF_KUNIT void mockgpu_swap_notify(struct ttm_buffer_object *tbo)
{
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);

	if (!mockgpu_bo_is_ours(tbo))
		return;
	bo->swapouts++;
	mockgpu_bo_flush(bo);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_swap_notify);

static const struct ttm_device_funcs mockgpu_ttm_funcs = {
	.ttm_tt_create = mockgpu_tt_create,
	.ttm_tt_destroy = mockgpu_tt_destroy,
	.ttm_tt_populate = mockgpu_tt_populate,
	.ttm_tt_unpopulate = mockgpu_tt_unpopulate,
	.eviction_valuable = mockgpu_eviction_valuable,
	.evict_flags = mockgpu_evict_flags,
	.move = mockgpu_move,
	.swap_notify = mockgpu_swap_notify,
	.io_mem_reserve = mockgpu_vram_io_mem_reserve,
	.io_mem_pfn = mockgpu_vram_io_mem_pfn,
};

static void mockgpu_ttm_fini(struct drm_device *drm, void *data)
{
	struct mockgpu_device *mdev = data;

	mockgpu_shrink_fini(mdev);
	/* TTM may still be freeing the last ones in its workqueue. */
	wait_var_event(&mdev->bos, !atomic_read(&mdev->bos));
	/* No buffer waits for what the engine may still be doing. */
	mockgpu_engine_fini(mdev);
	mockgpu_vram_fini(mdev);
	ttm_range_man_fini(&mdev->ttm, TTM_PL_TT);
	ttm_device_fini(&mdev->ttm);
}

/**
 * mockgpu_ttm_init - set up TTM, until the DRM device is released
 * @mdev: the device
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_ttm_init(struct mockgpu_device *mdev)
{
	struct drm_device *drm = &mdev->drm;
	int ret;

	ret = mockgpu_engine_init(mdev);
	if (ret)
		return ret;
	ret = -ENOMEM;
	if (mockgpu_should_fail("ttm_device"))
		goto err_engine;
	ret = mockgpu_ttm_device_init(&mdev->ttm, &mockgpu_ttm_funcs, drm->dev,
				      drm->anon_inode->i_mapping,
				      drm->vma_offset_manager,
				      MOCKGPU_BENEFICIAL_ORDER, dma_pool);
	if (ret)
		goto err_engine;
	if (mockgpu_should_fail("gtt_manager"))
		ret = -ENOMEM;
	else
		ret = ttm_range_man_init(&mdev->ttm, TTM_PL_TT, true,
					 MOCKGPU_GTT_PAGES);
	if (ret)
		goto err_device;
	ret = mockgpu_vram_init(mdev);
	if (ret)
		goto err_gtt;
	ret = mockgpu_shrink_init(mdev, !dma_pool);
	if (ret)
		goto err_vram;
	if (mockgpu_should_fail("ttm_action")) {
		mockgpu_ttm_fini(drm, mdev);
		return -ENOMEM;
	}
	return drmm_add_action_or_reset(drm, mockgpu_ttm_fini, mdev);

err_vram:
	mockgpu_vram_fini(mdev);
err_gtt:
	ttm_range_man_fini(&mdev->ttm, TTM_PL_TT);
err_device:
	ttm_device_fini(&mdev->ttm);
err_engine:
	mockgpu_engine_fini(mdev);
	return ret;
}
