// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: how a mockgpu buffer hangs together
 *
 * Every buffer is a &struct ttm_buffer_object in a GEM object, placed in
 * TTM_PL_TT or TTM_PL_VRAM at its creation, so that it has its pages at once. Only
 * where these come from differs: the kernel's ttm_pool, blocks of the driver's own
 * (driver/mockgpu_pages.c), or the carve-out (driver/mockgpu_vram.c). All the rest is TTM's: fake
 * offsets, faults, unmapping, moves, eviction, swapping.
 */
#include <linux/sizes.h>
#include <linux/wait_bit.h>

#include <drm/drm_managed.h>
#include <drm/ttm/ttm_range_manager.h>

#include "mockgpu_types.h"
#include "tests/visible.h"
#include "mockgpu_trace.h"

/* The GPU's address space: so large that RAM ends first (mockgpu_bo_charge()). */
#define MOCKGPU_GTT_PAGES	(SZ_64T >> PAGE_SHIFT)

/* amdgpu tells TTM the same: its page tables gain from 2 MiB (amdgpu_ttm.c). */
#define MOCKGPU_BENEFICIAL_ORDER	get_order(SZ_2M)

static const struct ttm_place mockgpu_places[MOCKGPU_PLACEMENT_COUNT] = {
	[MOCKGPU_PLACEMENT_GTT] = { .mem_type = TTM_PL_TT },
	[MOCKGPU_PLACEMENT_VRAM] = { .mem_type = TTM_PL_VRAM },
	[MOCKGPU_PLACEMENT_SYSTEM] = { .mem_type = TTM_PL_SYSTEM },
};

static bool mockgpu_eviction_valuable(struct ttm_buffer_object *tbo,
				      const struct ttm_place *place)
{
	struct ttm_buffer_object *only;

	if (mockgpu_swap_is_for(ttm_to_mockgpu_device(tbo->bdev), &only))
		return tbo == only;
	return ttm_bo_eviction_valuable(tbo, place);
}

VISIBLE_IF_KUNIT void mockgpu_evict_flags(struct ttm_buffer_object *tbo,
					  struct ttm_placement *placement)
{
	/* What TTM splits off a buffer to free it later: its contents are nobody's. */
	if (!mockgpu_bo_is_ours(tbo)) {
		placement->num_placement = 0;
		return;
	}
	if (tbo->resource->mem_type == TTM_PL_VRAM)
		mockgpu_ttm_placement(placement, MOCKGPU_PLACEMENT_GTT);
	else
		mockgpu_ttm_placement(placement, MOCKGPU_PLACEMENT_SYSTEM);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_evict_flags);

/* Whether there is something to copy. Pages that TTM populates come zeroed. */
static bool mockgpu_has_contents(struct ttm_buffer_object *tbo)
{
	if (!tbo->resource)
		return false;
	if (tbo->resource->mem_type == TTM_PL_VRAM)
		return true;
	return tbo->ttm && (ttm_tt_is_populated(tbo->ttm) ||
			    tbo->ttm->page_flags & TTM_TT_FLAG_SWAPPED);
}

static int mockgpu_move_contents(struct ttm_buffer_object *tbo,
				 struct ttm_operation_ctx *ctx,
				 struct ttm_resource *new_mem)
{
	bool to_vram = new_mem->mem_type == TTM_PL_VRAM;
	int ret;

	if (mockgpu_has_contents(tbo)) {
		ret = ttm_bo_wait_ctx(tbo, ctx);
		if (ret)
			return ret;
		if (to_vram)
			mockgpu_bo_flush(to_mockgpu_bo(tbo));
		if (to_vram || tbo->resource->mem_type == TTM_PL_VRAM)
			return ttm_bo_move_memcpy(tbo, ctx, new_mem);
	} else if (to_vram) {
		mockgpu_vram_clear(ttm_to_mockgpu_device(tbo->bdev), new_mem,
				   tbo->base.size);
	}
	/* System and GTT: the same pages. */
	ttm_bo_move_null(tbo, new_mem);
	return 0;
}

static int mockgpu_move(struct ttm_buffer_object *tbo, bool evict,
			struct ttm_operation_ctx *ctx,
			struct ttm_resource *new_mem, struct ttm_place *hop)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(tbo->bdev);
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	/* Before 6.2 TTM says of a new one that it is in system memory. */
	bool first = !bo->placed || !tbo->resource;
	int from = first ? -1 : (int)tbo->resource->mem_type;
	int ret;

	dma_resv_assert_held(tbo->base.resv);
	if (mockgpu_should_fail("move"))
		return -ENOMEM;
	/*
	 * In system memory nobody has addresses of it: who asks for them gets it moved
	 * to GTT first (mockgpu_dmabuf_place()), and it is never pinned there
	 * (mockgpu_bo_pin_placed()).
	 */
	if (from > TTM_PL_SYSTEM)
		mockgpu_dmabuf_notify_move(bo);
	ret = mockgpu_move_contents(tbo, ctx, new_mem);
	trace_mockgpu_bo_move(bo, from, new_mem->mem_type, evict, ret);
	if (ret)
		return ret;
	bo->moves += !first;
	bo->placed = true;
	if (new_mem->mem_type == TTM_PL_VRAM)
		bo->vram_generation = atomic64_inc_return(&mdev->generation);
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

/**
 * mockgpu_ttm_placement - TTM's words for a placement
 * @placement: out
 * @where: enum mockgpu_placement
 */
void mockgpu_ttm_placement(struct ttm_placement *placement, u32 where)
{
	mockgpu_placement_init(placement, &mockgpu_places[where]);
}

static void mockgpu_ttm_fini(struct drm_device *drm, void *data)
{
	struct mockgpu_device *mdev = data;

	/* TTM may still be freeing the last ones from its workqueue. */
	wait_var_event(&mdev->bos, !atomic_read(&mdev->bos));
	mockgpu_vram_fini(mdev);
	ttm_range_man_fini(&mdev->ttm, TTM_PL_TT);
	ttm_device_fini(&mdev->ttm);
}

/**
 * mockgpu_ttm_init - set up TTM; it goes with the DRM device
 * @mdev: the device
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_ttm_init(struct mockgpu_device *mdev)
{
	struct drm_device *drm = &mdev->drm;
	int ret;

	if (mockgpu_should_fail("ttm_device"))
		return -ENOMEM;
	ret = mockgpu_ttm_device_init(&mdev->ttm, &mockgpu_ttm_funcs, drm->dev,
				      drm->anon_inode->i_mapping,
				      drm->vma_offset_manager,
				      MOCKGPU_BENEFICIAL_ORDER);
	if (ret)
		return ret;
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
	if (mockgpu_should_fail("ttm_action")) {
		mockgpu_ttm_fini(drm, mdev);
		return -ENOMEM;
	}
	return drmm_add_action_or_reset(drm, mockgpu_ttm_fini, mdev);

err_gtt:
	ttm_range_man_fini(&mdev->ttm, TTM_PL_TT);
err_device:
	ttm_device_fini(&mdev->ttm);
	return ret;
}
