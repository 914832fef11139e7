// SPDX-License-Identifier: GPL-2.0-only
/*
 * The CPU's memory type of pages.
 *
 * On x86 the type of a user mapping is the one that the kernel's own mapping of
 * the page has (track_pfn_insert(), since 6.17 pfnmap_setup_cachemode_pfn()), so
 * that one has to change. Elsewhere the page protection of the user mapping is
 * enough, as for ttm_pool.
 */
#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "mockgpu.h"

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
