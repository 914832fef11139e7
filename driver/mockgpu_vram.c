// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM: a PCI BAR (mockgpu_bar.c), a carve-out of system memory that stands in for one, or RAM
 * that was cut off from the kernel (mockgpu_cutoff.c).
 *
 * The carve-out looks to the CPU much like a BAR. Every page is PG_reserved and has a count
 * of its own, so KVM takes no reference (kvm_pfn_to_refcounted_page(), kvm_is_mmio_pfn()).
 * Blocks of 2 MiB suit a GPU's page tables. On x86 it is write-combining, as amdgpu's.
 * Elsewhere the kernel's own mapping cannot be changed, and a second one of another type
 * would not be coherent.
 *
 * A part of VRAM that becomes a buffer's is cleared, or overwritten completely, before
 * the buffer can be mapped, see mockgpu_move().
 */
#include <linux/cc_platform.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_range_manager.h>

#include "mockgpu_bar.h"
#include "mockgpu_buddy.h"
#include "mockgpu_cutoff.h"
#include "mockgpu_dmem.h"
#include "mockgpu_kunit.h"
#include "mockgpu_pages.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_visible.h"
#include "mockgpu_vram.h"

#ifdef CONFIG_X86
#define MOCKGPU_VRAM_CACHING	ttm_write_combined
#define MOCKGPU_VRAM_PROT	pgprot_writecombine(PAGE_KERNEL)
#else
#define MOCKGPU_VRAM_CACHING	ttm_cached
#define MOCKGPU_VRAM_PROT	PAGE_KERNEL
#endif

static unsigned long vram_size = 64ul << 20;
module_param(vram_size, ulong, 0444);
MODULE_PARM_DESC(vram_size, "size of VRAM of each device in bytes, a multiple of 2 MiB, 0 for none (default 67108864)");

static char *vram_manager = "range";
module_param(vram_manager, charp, 0444);
MODULE_PARM_DESC(vram_manager, "how VRAM is given to buffers: range: each gets one contiguous part; buddy: blocks, which may be scattered, from the kernel's allocator that amdgpu and xe use (default range)");

static unsigned long vram_block;
module_param(vram_block, ulong, 0444);
MODULE_PARM_DESC(vram_block, "for tests, with vram_manager=buddy: scatter every buffer, with blocks of so many bytes in its first 2 MiB, larger ones later; a power of two from the page size to 2097152, 0: as large as possible (default 0)");

static void mockgpu_vram_free(struct mockgpu_vram *vram)
{
	unsigned long i;

	for (i = 0; i < vram->npages && vram->pages[i]; i += 1ul << MOCKGPU_VRAM_ORDER)
		mockgpu_block_free(MOCKGPU_KIND_RESERVED, MOCKGPU_VRAM_ORDER,
				   vram->pages[i]);
	kvfree(vram->pages);
}

static int mockgpu_vram_alloc(struct mockgpu_vram *vram)
{
	unsigned long i, j;
	struct page *head;

	if (mockgpu_should_fail("vram"))
		return -ENOMEM;
	vram->pages = kvcalloc(vram->npages, sizeof(*vram->pages), GFP_KERNEL);
	if (!vram->pages)
		return -ENOMEM;
	for (i = 0; i < vram->npages; i += 1ul << MOCKGPU_VRAM_ORDER) {
		head = mockgpu_block_alloc(MOCKGPU_KIND_RESERVED, MOCKGPU_VRAM_ORDER);
		if (!head) {
			mockgpu_vram_free(vram);
			return -ENOMEM;
		}
		for (j = 0; j < 1ul << MOCKGPU_VRAM_ORDER; j++)
			vram->pages[i + j] = head + j;
	}
	return 0;
}

static int mockgpu_vram_map(struct mockgpu_vram *vram)
{
	void *vaddr;
	int ret;

	vram->caching = MOCKGPU_VRAM_CACHING;
	ret = mockgpu_pages_set_caching(vram->pages, vram->npages, vram->caching);
	if (ret)
		return ret;
	if (mockgpu_should_fail("vram_map"))
		goto err_caching;
	/* TTM copies from and to bus.addr, so the mapping must be contiguous. */
	vaddr = vmap(vram->pages, vram->npages, VM_MAP, MOCKGPU_VRAM_PROT);
	if (vaddr) {
		iosys_map_set_vaddr(&vram->map, vaddr);
		return 0;
	}
err_caching:
	mockgpu_pages_reset_caching(vram->pages, vram->npages, vram->caching);
	return -ENOMEM;
}

static void mockgpu_vram_unmap(struct mockgpu_vram *vram)
{
	vunmap(vram->map.vaddr);
	mockgpu_pages_reset_caching(vram->pages, vram->npages, vram->caching);
}

static int mockgpu_carveout_create(struct mockgpu_vram *vram)
{
	int ret;

	ret = mockgpu_vram_alloc(vram);
	if (ret)
		return ret;
	ret = mockgpu_vram_map(vram);
	if (ret)
		mockgpu_vram_free(vram);
	return ret;
}

static void mockgpu_vram_destroy(struct mockgpu_device *mdev)
{
	switch (mdev->vram.source) {
	case MOCKGPU_VRAM_BAR:
		mockgpu_bar_unmap(mdev);
		break;
	case MOCKGPU_VRAM_CUTOFF:
		mockgpu_cutoff_unmap(mdev);
		break;
	default:
		mockgpu_vram_unmap(&mdev->vram);
		mockgpu_vram_free(&mdev->vram);
	}
}

static bool mockgpu_vram_is_buddy(void)
{
	return sysfs_streq(vram_manager, "buddy");
}

static int mockgpu_vram_manager_check(struct mockgpu_device *mdev)
{
	if (!mockgpu_vram_is_buddy() && !sysfs_streq(vram_manager, "range")) {
		drm_err(&mdev->drm, "vram_manager=%s is neither range nor buddy\n", vram_manager);
		return -EINVAL;
	}
	if (mockgpu_vram_is_buddy() && !MOCKGPU_BUDDY) {
		drm_err(&mdev->drm, "vram_manager=buddy needs a kernel with CONFIG_GPU_BUDDY, or CONFIG_DRM_BUDDY before 7.0\n");
		return -EOPNOTSUPP;
	}
	if (!vram_block)
		return 0;
	if (!mockgpu_vram_is_buddy() || !is_power_of_2(vram_block) || vram_block < PAGE_SIZE ||
	    vram_block > SZ_2M) {
		drm_err(&mdev->drm, "vram_block=%lu is no power of two from the page size to 2 MiB, or without vram_manager=buddy\n",
			vram_block);
		return -EINVAL;
	}
	return 0;
}

static int mockgpu_vram_manager_init(struct mockgpu_device *mdev)
{
	if (mockgpu_should_fail("vram_manager"))
		return -ENOMEM;
	if (mockgpu_vram_is_buddy())
		return mockgpu_buddy_init(mdev, vram_block);
	return ttm_range_man_init(&mdev->ttm, TTM_PL_VRAM, false, mdev->vram.npages);
}

static void mockgpu_vram_manager_fini(struct mockgpu_device *mdev)
{
	if (mdev->vram.buddy)
		mockgpu_buddy_fini(mdev);
	else
		ttm_range_man_fini(&mdev->ttm, TTM_PL_VRAM);
}

/* vmap_pfn() refuses what has struct pages. */
static int mockgpu_vram_blocks_check(struct mockgpu_device *mdev)
{
	if (!mockgpu_vram_is_buddy() || !mdev->vram.bar_pages)
		return 0;
	drm_err(&mdev->drm, "bar_pages needs vram_manager=range\n");
	return -EINVAL;
}

static u32 mockgpu_vram_source_wanted(struct mockgpu_device *mdev)
{
	if (dev_is_pci(mdev->drm.dev))
		return MOCKGPU_VRAM_BAR;
	return mockgpu_cutoff_is_wanted(mdev) ? MOCKGPU_VRAM_CUTOFF : MOCKGPU_VRAM_RAM;
}

static int mockgpu_vram_create(struct mockgpu_device *mdev)
{
	switch (mdev->vram.source) {
	case MOCKGPU_VRAM_BAR:
		return mockgpu_bar_map(mdev);
	case MOCKGPU_VRAM_CUTOFF:
		return mockgpu_cutoff_map(mdev);
	default:
		return mockgpu_carveout_create(&mdev->vram);
	}
}

static int mockgpu_vram_setup(struct mockgpu_device *mdev)
{
	int ret;

	ret = mockgpu_vram_create(mdev);
	if (ret)
		return ret;
	ret = mockgpu_vram_blocks_check(mdev) ?: mockgpu_vram_manager_init(mdev);
	if (ret)
		goto err_destroy;
	ret = mockgpu_dmem_init(mdev);
	if (!ret)
		return 0;
	mockgpu_vram_manager_fini(mdev);
err_destroy:
	mockgpu_vram_destroy(mdev);
	return ret;
}

/* Only a carve-out takes RAM from the kernel. */
static bool mockgpu_vram_size_is_good(struct mockgpu_device *mdev)
{
	return vram_size % SZ_2M == 0 &&
	       (mdev->vram.source != MOCKGPU_VRAM_RAM ||
		vram_size >> PAGE_SHIFT <= mdev->pages_max);
}

/**
 * mockgpu_vram_init - set VRAM up and hand it to TTM
 * @mdev: the device, with TTM set up
 *
 * There is none in RAM where memory is encrypted: TTM maps VRAM decrypted, which is right
 * for a BAR and wrong for RAM.
 *
 * Return: 0, also without VRAM (vram_size=0); -EINVAL for a bad vram_size, vram_visible,
 * vram_manager or vram_block, -EOPNOTSUPP for a vram_manager that the kernel does not have,
 * -ENOMEM, or as mockgpu_bar_map() and mockgpu_cutoff_map().
 */
int mockgpu_vram_init(struct mockgpu_device *mdev)
{
	int ret;

	ret = mockgpu_vram_manager_check(mdev);
	if (ret)
		return ret;
	ret = -EINVAL;
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT) && !dev_is_pci(mdev->drm.dev)) {
		drm_info(&mdev->drm, "no VRAM, since memory is encrypted\n");
		return 0;
	}
	mdev->vram.source = mockgpu_vram_source_wanted(mdev);
	mdev->vram.npages = vram_size >> PAGE_SHIFT;
	if (mockgpu_visible_init(mdev))
		goto err;
	if (!vram_size)
		return 0;
	if (mockgpu_vram_size_is_good(mdev))
		ret = mockgpu_vram_setup(mdev);
	if (!ret)
		return 0;
	drm_err(&mdev->drm, "no VRAM of vram_size=%lu is possible (%d)\n", vram_size, ret);
err:
	mdev->vram.npages = 0;
	return ret;
}

/**
 * mockgpu_vram_fini - undo mockgpu_vram_init()
 * @mdev: the device, without buffers
 */
void mockgpu_vram_fini(struct mockgpu_device *mdev)
{
	if (!mdev->vram.npages)
		return;
	mockgpu_dmem_fini(mdev);
	mockgpu_vram_manager_fini(mdev);
	mockgpu_vram_destroy(mdev);
}

/**
 * mockgpu_vram_used - how much of VRAM is in use
 * @mdev: the device
 *
 * Return: pages.
 */
unsigned long mockgpu_vram_used(struct mockgpu_device *mdev)
{
	if (!mdev->vram.npages)
		return 0;
	return ttm_resource_manager_usage(ttm_manager_type(&mdev->ttm, TTM_PL_VRAM)) >>
	       PAGE_SHIFT;
}

/**
 * mockgpu_vram_check - check whether a buffer can ever fit into VRAM
 * @mdev: the device
 * @desc: the buffer
 *
 * Return: 0, -EOPNOTSUPP without VRAM, -E2BIG when it is larger than the part of VRAM that it
 * may be in.
 */
int mockgpu_vram_check(struct mockgpu_device *mdev, const struct mockgpu_bo_desc *desc)
{
	const struct mockgpu_vram *vram = &mdev->vram;

	if (!vram->npages)
		return -EOPNOTSUPP;
	if (desc->size >> PAGE_SHIFT >
	    (desc->flags & MOCKGPU_BO_CPU_ACCESS ? vram->visible : vram->npages))
		return -E2BIG;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_check);

/**
 * mockgpu_vram_manager - how VRAM is given to buffers
 * @mdev: the device
 *
 * Return: enum mockgpu_vram_manager.
 */
u32 mockgpu_vram_manager(struct mockgpu_device *mdev)
{
	return mdev->vram.buddy ? MOCKGPU_VRAM_BUDDY : MOCKGPU_VRAM_RANGE;
}

/**
 * mockgpu_vram_order - get the order of the block with a page
 * @extent: where a buffer is
 * @page: index of the page in the buffer
 *
 * Return: the order, at most that of 2 MiB.
 */
u32 mockgpu_vram_order(const struct mockgpu_extent *extent, unsigned long page)
{
	unsigned long block = mockgpu_extent_block(extent, page);

	return block ? min_t(u32, ilog2(block), MOCKGPU_VRAM_ORDER) : MOCKGPU_VRAM_ORDER;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_order);

/**
 * mockgpu_vram_pages - list the pages of a buffer
 * @vram: a carve-out
 * @extent: where in it the buffer is
 * @npages: size of the buffer
 *
 * Return: the pages, to be freed with kvfree(), or NULL without memory.
 */
struct page **mockgpu_vram_pages(const struct mockgpu_vram *vram,
				 const struct mockgpu_extent *extent, unsigned long npages)
{
	struct page **pages;
	unsigned long i;

	pages = kvmalloc_array(npages, sizeof(*pages), GFP_KERNEL);
	for (i = 0; pages && i < npages; i++)
		pages[i] = vram->pages[mockgpu_extent_page(extent, i)];
	return pages;
}

static void *mockgpu_vram_vmap_pages(const struct mockgpu_vram *vram,
				     const struct mockgpu_extent *extent, unsigned long npages)
{
	struct page **pages = mockgpu_vram_pages(vram, extent, npages);
	void *vaddr;

	if (!pages)
		return NULL;
	vaddr = vmap(pages, npages, VM_MAP, MOCKGPU_VRAM_PROT);
	kvfree(pages);
	return vaddr;
}

static void *mockgpu_vram_vmap_bar(const struct mockgpu_vram *vram,
				   const struct mockgpu_extent *extent, unsigned long npages)
{
	void *vaddr = NULL;
#ifdef CONFIG_VMAP_PFN
	unsigned long *pfns = kvmalloc_array(npages, sizeof(*pfns), GFP_KERNEL);
	unsigned long i;

	if (!pfns)
		return NULL;
	for (i = 0; i < npages; i++)
		pfns[i] = vram->pfn + mockgpu_extent_page(extent, i);
	vaddr = vmap_pfn(pfns, npages, pgprot_writecombine(PAGE_KERNEL));
	kvfree(pfns);
#endif
	return vaddr;
}

/**
 * mockgpu_vram_vmap - map a scattered buffer into the kernel
 * @vram: VRAM
 * @extent: where in it the buffer is
 * @npages: size of the buffer
 * @map: out, to be passed to mockgpu_vram_vunmap()
 *
 * Return: 0; -EOPNOTSUPP for a BAR on a kernel without CONFIG_VMAP_PFN, -ENOMEM.
 */
int mockgpu_vram_vmap(const struct mockgpu_vram *vram, const struct mockgpu_extent *extent,
		      unsigned long npages, struct iosys_map *map)
{
	void *vaddr;

	if (vram->pages) {
		vaddr = mockgpu_vram_vmap_pages(vram, extent, npages);
		iosys_map_set_vaddr(map, vaddr);
	} else {
		if (!IS_ENABLED(CONFIG_VMAP_PFN))
			return -EOPNOTSUPP;
		vaddr = mockgpu_vram_vmap_bar(vram, extent, npages);
		iosys_map_set_vaddr_iomem(map, (void __iomem __force *)vaddr);
	}
	return vaddr ? 0 : -ENOMEM;
}

/**
 * mockgpu_vram_vunmap - undo mockgpu_vram_vmap()
 * @map: the mapping
 */
void mockgpu_vram_vunmap(const struct iosys_map *map)
{
	vunmap(map->is_iomem ? (void __force *)map->vaddr_iomem : map->vaddr);
}

/* A mapping of a page of VRAM, not to be unmapped. */
static struct iosys_map mockgpu_vram_map_page(struct mockgpu_device *mdev, unsigned long page)
{
	struct iosys_map map = mdev->vram.map;

	iosys_map_incr(&map, page << PAGE_SHIFT);
	return map;
}

static void mockgpu_vram_zero(struct iosys_map *map, size_t size)
{
	size_t done;

	for (done = 0; done < size; done += PAGE_SIZE) {
		iosys_map_memset(map, done, 0, PAGE_SIZE);
		cond_resched();
	}
}

/**
 * mockgpu_vram_lose - lose the contents of all of VRAM, as when it loses power
 * @mdev: the device, with VRAM, plugged
 *
 * Whoever is writing there meanwhile may lose that or not.
 */
void mockgpu_vram_lose(struct mockgpu_device *mdev)
{
	struct iosys_map map = mdev->vram.map;

	mockgpu_vram_zero(&map, mockgpu_vram_bytes(&mdev->vram));
}

/**
 * mockgpu_vram_clear - clear a part of VRAM
 * @mdev: the device
 * @res: the part
 * @size: its size in bytes
 */
void mockgpu_vram_clear(struct mockgpu_device *mdev,
			const struct ttm_resource *res, size_t size)
{
	struct mockgpu_extent extent = mockgpu_vram_extent(mdev, res);
	unsigned long npages = size >> PAGE_SHIFT, page, run;
	struct iosys_map map;

	for (page = 0; page < npages; page += run) {
		run = mockgpu_extent_run(&extent, page, npages - page);
		map = mockgpu_vram_map_page(mdev, mockgpu_extent_page(&extent, page));
		mockgpu_vram_zero(&map, run << PAGE_SHIFT);
	}
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_clear);

/**
 * mockgpu_vram_io_mem_reserve - &ttm_device_funcs.io_mem_reserve
 * @bdev: the TTM device
 * @res: a resource of any placement
 *
 * A scattered one gets no address: what TTM would do with it, copying and mapping, the driver
 * does itself, and for page faults TTM asks mockgpu_vram_io_mem_pfn().
 *
 * Return: 0.
 */
int mockgpu_vram_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(bdev);
	struct mockgpu_extent extent;
	struct iosys_map map;

	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	extent = mockgpu_vram_extent(mdev, res);
	if (!mockgpu_extent_is_scattered(&extent)) {
		map = mockgpu_vram_map_page(mdev, extent.start);
		/* For TTM both are I/O memory. */
		res->bus.addr = map.is_iomem ? (void __force *)map.vaddr_iomem : map.vaddr;
	}
	res->bus.is_iomem = true;
	res->bus.caching = mdev->vram.caching;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_io_mem_reserve);

/**
 * mockgpu_vram_caching - get the memory type of the CPU's mappings of VRAM
 * @mdev: the device
 *
 * Return: enum mockgpu_caching.
 */
u32 mockgpu_vram_caching(struct mockgpu_device *mdev)
{
	switch (mdev->vram.caching) {
	case ttm_write_combined:
		return MOCKGPU_CACHING_WC;
	case ttm_uncached:
		return MOCKGPU_CACHING_UC;
	default:
		return MOCKGPU_CACHING_CACHED;
	}
}

/**
 * mockgpu_vram_source - what VRAM is made of
 * @mdev: the device
 *
 * Return: enum mockgpu_vram_source.
 */
u32 mockgpu_vram_source(struct mockgpu_device *mdev)
{
	return mdev->vram.npages ? mdev->vram.source : MOCKGPU_VRAM_NONE;
}

/**
 * mockgpu_vram_io_mem_pfn - &ttm_device_funcs.io_mem_pfn
 * @tbo: a buffer object in VRAM, locked
 * @page: index of the page
 *
 * Return: its page frame number.
 */
unsigned long mockgpu_vram_io_mem_pfn(struct ttm_buffer_object *tbo,
				      unsigned long page)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(tbo->bdev);
	struct mockgpu_extent extent = mockgpu_vram_extent(mdev, tbo->resource);

	return mockgpu_vram_pfn(&mdev->vram, mockgpu_extent_page(&extent, page));
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_io_mem_pfn);

/**
 * mockgpu_vram_access - read or write a buffer in VRAM
 * @bo: the buffer, locked
 * @offset: bytes from its start
 * @buf: buffer to copy to or from
 * @len: bytes, not beyond the end of the page
 * @write: whether to write
 *
 * Return: @len.
 */
int mockgpu_vram_access(struct mockgpu_bo *bo, unsigned long offset, void *buf,
			int len, int write)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct mockgpu_extent extent = mockgpu_vram_extent(mdev, bo->tbo.resource);
	unsigned long at = mockgpu_extent_page(&extent, offset >> PAGE_SHIFT);
	struct iosys_map map = mockgpu_vram_map_page(mdev, at);

	if (write)
		iosys_map_memcpy_to(&map, offset_in_page(offset), buf, len);
	else
		iosys_map_memcpy_from(buf, &map, offset_in_page(offset), len);
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_access);
