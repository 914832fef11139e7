// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel mappings of a buffer, and coherence with user mappings.
 *
 * On x86 all mappings of a page have the same memory type (mockgpu_pages.c). Elsewhere
 * the kernel's own mapping stays cached. What it has in the cache must be written back
 * and invalidated whenever the pages pass from the kernel to user space or back, as for
 * a non-coherent device. ttm_pool does not do that: on such a machine the buffers of
 * drivers that rely on it cannot be trusted.
 */
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "mockgpu_bo.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

/**
 * mockgpu_bo_prot - get the page protection for a user mapping
 * @bo: a buffer with pages
 * @prot: the protection that cached memory would get
 *
 * Return: @prot with the memory type of the buffer.
 */
pgprot_t mockgpu_bo_prot(struct mockgpu_bo *bo, pgprot_t prot)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	/* TTM's own fault handler does this first, too. */
	mockgpu_vram_io_mem_reserve(bo->tbo.bdev, bo->tbo.resource);
	return ttm_io_prot(&bo->tbo, bo->tbo.resource, prot);
}

static bool mockgpu_tt_has_alias(struct ttm_tt *ttm)
{
	return !IS_ENABLED(CONFIG_X86) && ttm && ttm->caching != ttm_cached &&
	       ttm_tt_is_populated(ttm) && !mockgpu_tt_is_import(ttm);
}

/**
 * mockgpu_bo_flush - make cache and memory agree on a buffer's system pages
 * @bo: the buffer
 *
 * Call it before the kernel uses its cached mapping of uncached pages again: memory has
 * what user space has written since, and the cache may have stale lines. Does nothing
 * where there is no such mapping.
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
 * mockgpu_bo_flush_new - flush, once, pages that the kernel has written
 * @bo: the buffer
 *
 * Call it before the pages are mapped uncached. A buffer without pages is populated first,
 * to flush contents that TTM swaps in, too. If that fails, the caller will see the error
 * when it creates the mapping.
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

/**
 * mockgpu_map_to_iomem - mark a mapping that only I/O accessors may touch
 * @bo: the buffer
 * @map: its mapping, as TTM returned it
 *
 * Where ttm_io_prot() maps uncached pages as device memory, as on arm64, memcpy() and
 * memset() must not be used: unaligned accesses fault, and so does DC ZVA. TTM calls that
 * system memory all the same. The accessors of I/O memory stick to what is allowed, here
 * and in any importer of the buffer. x86 allows everything.
 */
void mockgpu_map_to_iomem(struct mockgpu_bo *bo, struct iosys_map *map)
{
	if (IS_ENABLED(CONFIG_X86) || map->is_iomem || bo->tbo.ttm->caching != ttm_uncached)
		return;
	iosys_map_set_vaddr_iomem(map, (void __iomem __force *)map->vaddr);
}

/* As TTM returned it: by is_iomem TTM knows how to unmap it. */
static void mockgpu_map_from_iomem(struct mockgpu_bo *bo, struct iosys_map *map)
{
	if (map->is_iomem && !bo->tbo.resource->bus.is_iomem)
		iosys_map_set_vaddr(map, (void __force *)map->vaddr_iomem);
}

static bool mockgpu_bo_is_scattered(struct mockgpu_bo *bo, struct mockgpu_backing *backing)
{
	return mockgpu_bo_backing(bo, backing) && backing->vram &&
	       mockgpu_extent_is_scattered(&backing->extent);
}

/* GTT can always be mapped, a scattered buffer in a BAR only with the kernel's help. */
static int mockgpu_bo_make_mappable(struct mockgpu_bo *bo)
{
	struct mockgpu_backing backing;

	if (IS_ENABLED(CONFIG_VMAP_PFN) || bo->tbo.pin_count ||
	    !mockgpu_bo_is_scattered(bo, &backing) || !mockgpu_backing_is_bar(&backing))
		return 0;
	return mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
}

/* TTM takes what is in VRAM for contiguous. */
static int mockgpu_bo_vmap_placed(struct mockgpu_bo *bo, struct iosys_map *map)
{
	struct mockgpu_backing backing;
	int ret;

	if (mockgpu_bo_is_scattered(bo, &backing))
		return mockgpu_vram_vmap(backing.vram, &backing.extent, backing.npages, map);
	ret = ttm_bo_vmap(&bo->tbo, map);
	if (!ret)
		mockgpu_map_to_iomem(bo, map);
	return ret;
}

/**
 * mockgpu_bo_vmap - pin a buffer and map it into the kernel
 * @bo: the buffer, no import
 * @map: out; I/O memory where only its accessors may be used
 *
 * Return: 0; -EOPNOTSUPP for a scattered buffer that is pinned in a BAR already, on a kernel
 * without CONFIG_VMAP_PFN; or another negative errno.
 */
int mockgpu_bo_vmap(struct mockgpu_bo *bo, struct iosys_map *map)
{
	int ret;

	ret = mockgpu_bo_make_mappable(bo);
	if (!ret)
		ret = mockgpu_bo_pin_placed(bo);
	if (ret)
		return ret;
	/* As amdgpu_bo_kmap(). A signal must not end it: dma_buf_vmap() warns about errors. */
	mockgpu_bo_wait_moved(bo, false);
	mockgpu_bo_flush_new(bo);
	ret = mockgpu_bo_vmap_placed(bo, map);
	if (ret)
		ttm_bo_unpin(&bo->tbo);
	return ret;
}

/**
 * mockgpu_bo_vunmap - undo mockgpu_bo_vmap()
 * @bo: the buffer
 * @map: what mockgpu_bo_vmap() returned
 *
 * A buffer may be mapped more than once. ttm_bo_vunmap() forgets where VRAM is mapped
 * (ttm_mem_io_free() clears bus.addr). The next call would then take the address for a
 * mapping of its own and pass it to iounmap(), which would unmap all of VRAM. So set
 * bus.addr again before every call.
 */
void mockgpu_bo_vunmap(struct mockgpu_bo *bo, struct iosys_map *map)
{
	struct mockgpu_backing backing;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_is_scattered(bo, &backing)) {
		mockgpu_vram_vunmap(map);
	} else {
		mockgpu_vram_io_mem_reserve(bo->tbo.bdev, bo->tbo.resource);
		mockgpu_map_from_iomem(bo, map);
		ttm_bo_vunmap(&bo->tbo, map);
	}
	ttm_bo_unpin(&bo->tbo);
}
