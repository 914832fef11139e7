// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU's memory type of pages.
 *
 * On x86 the type of a user mapping is the one that the kernel's own mapping of
 * the page has (track_pfn_insert(), since 6.17 pfnmap_setup_cachemode_pfn()), so
 * that one has to change. Elsewhere the kernel's own mapping stays cached, and what it
 * has in the cache has to be written back and forgotten whenever the pages go from the
 * kernel to user space or back, as for a device that is not coherent. ttm_pool does not
 * do that: on such a machine the buffers of drivers that rely on it are not to be trusted.
 */
#include <linux/dma-mapping.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "mockgpu_types.h"

/**
 * mockgpu_pages_reset_caching - undo mockgpu_pages_set_caching()
 * @pages: as there
 * @npages: as there
 * @caching: as there
 */
void mockgpu_pages_reset_caching(struct page **pages, unsigned long npages,
				 enum ttm_caching caching)
{
#ifdef CONFIG_X86
	if (caching != ttm_cached)
		set_pages_array_wb(pages, npages);
#endif
}

/**
 * mockgpu_pages_set_caching - give pages a memory type
 * @pages: the pages, cached
 * @npages: how many
 * @caching: the type
 *
 * Return: 0, or -ENOMEM with all pages cached as before.
 */
int mockgpu_pages_set_caching(struct page **pages, unsigned long npages,
			      enum ttm_caching caching)
{
	int ret = 0;

	if (caching != ttm_cached && mockgpu_should_fail("caching"))
		return -ENOMEM;
#ifdef CONFIG_X86
	if (caching == ttm_write_combined)
		ret = set_pages_array_wc(pages, npages);
	else if (caching == ttm_uncached)
		ret = set_pages_array_uc(pages, npages);
#endif
	if (!ret)
		return 0;
	/* Some may have changed. The reason is never told; mostly it is memory. */
	mockgpu_pages_reset_caching(pages, npages, caching);
	return -ENOMEM;
}

static bool mockgpu_tt_has_alias(struct ttm_tt *ttm)
{
	return !IS_ENABLED(CONFIG_X86) && ttm && ttm->caching != ttm_cached &&
	       ttm_tt_is_populated(ttm) && !(ttm->page_flags & TTM_TT_FLAG_EXTERNAL);
}

/**
 * mockgpu_bo_flush - let the cache and memory agree on a buffer's system pages
 * @bo: the buffer, locked
 *
 * To be called before the kernel's cached mapping of uncached pages is used again: what
 * user space has written since is in memory, and old lines of it may be in the cache.
 * Does nothing where there is no such mapping.
 */
void mockgpu_bo_flush(struct mockgpu_bo *bo)
{
	struct ttm_tt *ttm = bo->tbo.ttm;
	struct device *dev = bo->tbo.base.dev->dev;
	unsigned long i;
	dma_addr_t addr;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!mockgpu_tt_has_alias(ttm))
		return;
	for (i = 0; i < ttm->num_pages; i++) {
		addr = dma_map_page(dev, ttm->pages[i], 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (!dma_mapping_error(dev, addr))
			dma_unmap_page(dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (!(i % MOCKGPU_RESCHED_PAGES))
			cond_resched();
	}
	bo->flushes++;
}

/**
 * mockgpu_bo_flush_new - the same, once, for pages that the kernel has written
 * @bo: the buffer, locked
 *
 * To be called before an uncached mapping of the pages is made. Pages that are not there
 * come first, since TTM fills those that were swapped out after it has populated them.
 * Whoever makes the mapping finds out itself when they cannot come.
 */
void mockgpu_bo_flush_new(struct mockgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_tt *ttm = bo->tbo.ttm;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (IS_ENABLED(CONFIG_X86) || !ttm || ttm->caching == ttm_cached ||
	    bo->tbo.resource->mem_type == TTM_PL_VRAM)
		return;
	if (!ttm_tt_is_populated(ttm) && mockgpu_bo_populate(&bo->tbo, &ctx))
		return;
	if (!to_mockgpu_tt(ttm)->flushed)
		mockgpu_bo_flush(bo);
	to_mockgpu_tt(ttm)->flushed = true;
}
