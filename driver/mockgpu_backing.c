// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages that a buffer has now, wherever they lie.
 */
#include <linux/mm.h>

#include "mockgpu_types.h"
#include "tests/visible.h"

static bool mockgpu_bo_in_vram(struct mockgpu_bo *bo)
{
	return bo->tbo.resource && bo->tbo.resource->mem_type == TTM_PL_VRAM;
}

/**
 * mockgpu_bo_placement - where a locked buffer is
 * @bo: the buffer
 *
 * Return: enum mockgpu_placement.
 */
u32 mockgpu_bo_placement(struct mockgpu_bo *bo)
{
	if (mockgpu_bo_in_vram(bo))
		return MOCKGPU_PLACEMENT_VRAM;
	if (bo->tbo.resource && bo->tbo.resource->mem_type == TTM_PL_TT)
		return MOCKGPU_PLACEMENT_GTT;
	return MOCKGPU_PLACEMENT_SYSTEM;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_placement);

/**
 * mockgpu_bo_pages - the pages of a buffer
 * @bo: the buffer, locked or pinned
 *
 * Return: the pages, or NULL when it has none now: swapped out, revoked, or an
 * import, of which a device knows addresses only.
 */
struct page **mockgpu_bo_pages(struct mockgpu_bo *bo)
{
	struct ttm_tt *ttm = bo->tbo.ttm;

	if (mockgpu_bo_in_vram(bo))
		return mockgpu_vram_pages(mockgpu_bo_device(bo), bo->tbo.resource);
	return ttm && ttm_tt_is_populated(ttm) ? ttm->pages : NULL;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_pages);

/**
 * mockgpu_bo_prot - page protection for a user mapping
 * @bo: a buffer with pages, locked
 * @prot: the protection for cached memory
 *
 * Return: @prot with the memory type of the buffer.
 */
pgprot_t mockgpu_bo_prot(struct mockgpu_bo *bo, pgprot_t prot)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	/* What TTM's own fault handler asks for first. */
	mockgpu_vram_io_mem_reserve(bo->tbo.bdev, bo->tbo.resource);
	return ttm_io_prot(&bo->tbo, bo->tbo.resource, prot);
}

/**
 * mockgpu_bo_block - find the block of a page, as it was allocated
 * @bo: a locked buffer with pages
 * @page: index of the page
 * @order: out: order of its block
 * @index: out: its place there
 */
void mockgpu_bo_block(struct mockgpu_bo *bo, unsigned long page, u32 *order,
		      u32 *index)
{
	if (!mockgpu_bo_in_vram(bo)) {
		mockgpu_pages_block(to_mockgpu_tt(bo->tbo.ttm), page, order, index);
		return;
	}
	*order = MOCKGPU_VRAM_ORDER;
	*index = (bo->tbo.resource->start + page) & ((1ul << MOCKGPU_VRAM_ORDER) - 1);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_block);

/**
 * mockgpu_bo_generation - which pages these are
 * @bo: a locked buffer with pages
 *
 * Return: a number that is another one when the buffer has got other pages.
 */
u64 mockgpu_bo_generation(struct mockgpu_bo *bo)
{
	if (mockgpu_bo_in_vram(bo))
		return bo->vram_generation;
	return to_mockgpu_tt(bo->tbo.ttm)->generation;
}
