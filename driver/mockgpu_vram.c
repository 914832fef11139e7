// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM: a carve-out of system memory that stands in for the GPU's own.
 *
 * It looks to the CPU like a PCI BAR. Every page is PG_reserved and has a count of its own,
 * so KVM takes no reference (kvm_pfn_to_refcounted_page(), kvm_is_mmio_pfn()). Blocks of
 * 2 MiB suit a GPU's page tables. On x86 it is write-combining, as amdgpu's. Elsewhere
 * the kernel's own mapping cannot be changed, and a second one of another type would not
 * be coherent.
 *
 * A part of VRAM that becomes a buffer's is cleared, or overwritten completely, before
 * the buffer can be mapped, see mockgpu_move().
 */
#include <linux/cc_platform.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_range_manager.h>

#include "mockgpu_kunit.h"
#include "mockgpu_pages.h"
#include "mockgpu_test_fail.h"
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

	vram->npages = vram_size >> PAGE_SHIFT;
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
	int ret;

	ret = mockgpu_pages_set_caching(vram->pages, vram->npages, MOCKGPU_VRAM_CACHING);
	if (ret)
		return ret;
	if (mockgpu_should_fail("vram_map"))
		goto err_caching;
	/* TTM copies from and to bus.addr, so the mapping must be contiguous. */
	vram->vaddr = vmap(vram->pages, vram->npages, VM_MAP, MOCKGPU_VRAM_PROT);
	if (vram->vaddr)
		return 0;
err_caching:
	mockgpu_pages_reset_caching(vram->pages, vram->npages, MOCKGPU_VRAM_CACHING);
	return -ENOMEM;
}

static void mockgpu_vram_unmap(struct mockgpu_vram *vram)
{
	vunmap(vram->vaddr);
	mockgpu_pages_reset_caching(vram->pages, vram->npages, MOCKGPU_VRAM_CACHING);
}

static int mockgpu_vram_setup(struct mockgpu_device *mdev)
{
	struct mockgpu_vram *vram = &mdev->vram;
	int ret;

	ret = mockgpu_vram_alloc(vram);
	if (ret)
		return ret;
	ret = mockgpu_vram_map(vram);
	if (ret)
		goto err_free;
	ret = mockgpu_should_fail("vram_manager") ? -ENOMEM : 0;
	if (!ret)
		ret = ttm_range_man_init(&mdev->ttm, TTM_PL_VRAM, false, vram->npages);
	if (ret)
		goto err_unmap;
	return 0;

err_unmap:
	mockgpu_vram_unmap(vram);
err_free:
	mockgpu_vram_free(vram);
	return ret;
}

/**
 * mockgpu_vram_init - allocate VRAM and hand it to TTM
 * @mdev: the device, with TTM set up
 *
 * There is no VRAM where memory is encrypted: TTM maps VRAM decrypted, which is right for
 * a BAR and wrong for a carve-out of RAM.
 *
 * Return: 0, also without VRAM (vram_size=0); -EINVAL for a bad vram_size, -ENOMEM.
 */
int mockgpu_vram_init(struct mockgpu_device *mdev)
{
	int ret = -EINVAL;

	if (!vram_size)
		return 0;
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		drm_info(&mdev->drm, "no VRAM, since memory is encrypted\n");
		return 0;
	}
	if (vram_size % SZ_2M == 0 && vram_size >> PAGE_SHIFT <= mdev->pages_max)
		ret = mockgpu_vram_setup(mdev);
	if (ret) {
		drm_err(&mdev->drm, "no VRAM of vram_size=%lu is possible (%d)\n",
			vram_size, ret);
		mdev->vram.npages = 0;
	}
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
	ttm_range_man_fini(&mdev->ttm, TTM_PL_VRAM);
	mockgpu_vram_unmap(&mdev->vram);
	mockgpu_vram_free(&mdev->vram);
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
 * @size: its size in bytes
 *
 * Return: 0, -EOPNOTSUPP without VRAM, -E2BIG when it is larger than VRAM.
 */
int mockgpu_vram_check(struct mockgpu_device *mdev, u64 size)
{
	if (!mdev->vram.npages)
		return -EOPNOTSUPP;
	return size >> PAGE_SHIFT > mdev->vram.npages ? -E2BIG : 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_check);

/**
 * mockgpu_vram_pages - get the pages of a part of VRAM
 * @mdev: the device
 * @res: the part
 *
 * Return: the pages.
 */
struct page **mockgpu_vram_pages(struct mockgpu_device *mdev,
				 const struct ttm_resource *res)
{
	return mdev->vram.pages + res->start;
}

static u8 *mockgpu_vram_vaddr(struct mockgpu_device *mdev,
			      const struct ttm_resource *res)
{
	return mdev->vram.vaddr + (res->start << PAGE_SHIFT);
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
	u8 *vaddr = mockgpu_vram_vaddr(mdev, res);
	size_t done;

	for (done = 0; done < size; done += PAGE_SIZE) {
		memset(vaddr + done, 0, PAGE_SIZE);
		cond_resched();
	}
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_clear);

/**
 * mockgpu_vram_io_mem_reserve - &ttm_device_funcs.io_mem_reserve
 * @bdev: the TTM device
 * @res: a resource of any placement
 *
 * Return: 0.
 */
int mockgpu_vram_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	res->bus.addr = mockgpu_vram_vaddr(ttm_to_mockgpu_device(bdev), res);
	res->bus.is_iomem = true;
	res->bus.caching = MOCKGPU_VRAM_CACHING;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_io_mem_reserve);

/**
 * mockgpu_vram_caching - get the memory type of the CPU's mappings of VRAM
 *
 * Return: enum mockgpu_caching.
 */
u32 mockgpu_vram_caching(void)
{
	const enum ttm_caching caching = MOCKGPU_VRAM_CACHING;

	return caching == ttm_cached ? MOCKGPU_CACHING_CACHED : MOCKGPU_CACHING_WC;
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

	return page_to_pfn(mockgpu_vram_pages(mdev, tbo->resource)[page]);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_io_mem_pfn);

/**
 * mockgpu_vram_access - read or write a buffer in VRAM
 * @bo: the buffer, locked
 * @offset: bytes from its start
 * @buf: buffer to copy to or from
 * @len: bytes, not beyond the end of @bo
 * @write: whether to write
 *
 * Return: @len.
 */
int mockgpu_vram_access(struct mockgpu_bo *bo, unsigned long offset, void *buf,
			int len, int write)
{
	u8 *vaddr = mockgpu_vram_vaddr(mockgpu_bo_device(bo), bo->tbo.resource) + offset;

	if (write)
		memcpy(vaddr, buf, len);
	else
		memcpy(buf, vaddr, len);
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_vram_access);
