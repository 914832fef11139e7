// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in a PCI BAR, as that of a real GPU: no struct pages, no RAM in the eyes of e820 or
 * memblock, and write-combining, which amdgpu reserves in the same way
 * (amdgpu_bo_init() in amdgpu_object.c). mockgpu_bar_pages.c gives it struct pages on request.
 * What lies in RAM without struct pages (mockgpu_cutoff.c) is mapped in the same way.
 *
 * The kernel's mapping lives as long as the DRM device, so an importer that has it
 * (dma_buf_vmap()) does not fault. The driver itself does not touch the BAR after
 * drm_dev_unplug(), when another driver may have it.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/iosys-map.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "mockgpu_bar.h"
#include "mockgpu_bar_pages.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_vram.h"

/* Whether the BAR is mapped: there is one at a time. */
static bool mockgpu_bar_mapped;

/* Whether it is memory: what is written to a BAR that is not decoded is lost. */
static bool mockgpu_bar_works(struct iosys_map *map, u64 at)
{
	const u32 written = 0x6d6f636b;
	u32 seen;

	iosys_map_memcpy_to(map, at, &written, sizeof(written));
	iosys_map_memcpy_from(&seen, map, at, sizeof(seen));
	return seen == written;
}

/*
 * User mappings get the type that is reserved: vmf_insert_pfn_prot() looks it up on x86. For
 * struct pages memremap_pages() has reserved it.
 */
static int mockgpu_bar_reserve(struct mockgpu_vram *vram)
{
	if (vram->caching != ttm_write_combined)
		return 0;
	return arch_io_reserve_memtype_wc(PFN_PHYS(vram->pfn), mockgpu_vram_bytes(vram));
}

static void mockgpu_bar_unreserve(struct mockgpu_vram *vram)
{
	if (vram->caching == ttm_write_combined)
		arch_io_free_memtype_wc(PFN_PHYS(vram->pfn), mockgpu_vram_bytes(vram));
}

static void __iomem *mockgpu_bar_ioremap(struct mockgpu_vram *vram)
{
	resource_size_t start = PFN_PHYS(vram->pfn);
	u64 size = mockgpu_vram_bytes(vram);

	if (mockgpu_should_fail("bar"))
		return NULL;
	switch (vram->caching) {
	case ttm_cached:
		/* As amdgpu_ttm_init() does on xGMI. */
		return ioremap_cache(start, size);
	case ttm_uncached:
		return ioremap(start, size);
	default:
		return ioremap_wc(start, size);
	}
}

/**
 * mockgpu_bar_remap - map VRAM without struct pages into the kernel
 * @vram: VRAM whose size, first page and memory type are set
 *
 * Return: 0; -EIO when it is no memory, -EBUSY when it is mapped with another memory type,
 * -ENOMEM.
 */
int mockgpu_bar_remap(struct mockgpu_vram *vram)
{
	void __iomem *iomem;
	int ret;

	ret = mockgpu_bar_reserve(vram);
	if (ret)
		return ret;
	iomem = mockgpu_bar_ioremap(vram);
	if (!iomem) {
		mockgpu_bar_unreserve(vram);
		return -ENOMEM;
	}
	iosys_map_set_vaddr_iomem(&vram->map, iomem);
	if (mockgpu_bar_works(&vram->map, 0) &&
	    mockgpu_bar_works(&vram->map, mockgpu_vram_bytes(vram) - sizeof(u32)))
		return 0;
	mockgpu_bar_unremap(vram);
	return -EIO;
}

/**
 * mockgpu_bar_unremap - undo mockgpu_bar_remap()
 * @vram: VRAM
 */
void mockgpu_bar_unremap(struct mockgpu_vram *vram)
{
	iounmap(vram->map.vaddr_iomem);
	mockgpu_bar_unreserve(vram);
}

/**
 * mockgpu_bar_map - map the BAR into the kernel
 * @mdev: a device on a PCI bus that has the BAR for itself; the size of its VRAM is set
 *
 * Return: 0; -EINVAL when the BAR is smaller than VRAM, or as mockgpu_bar_pages_add() and
 * mockgpu_bar_remap().
 */
int mockgpu_bar_map(struct mockgpu_device *mdev)
{
	struct pci_dev *pdev = to_pci_dev(mdev->drm.dev);
	struct mockgpu_vram *vram = &mdev->vram;
	int ret;

	if (pci_resource_len(pdev, MOCKGPU_BAR) < mockgpu_vram_bytes(vram))
		return -EINVAL;
	ret = mockgpu_bar_pages_add(mdev) ?: mockgpu_bar_remap(vram);
	WRITE_ONCE(mockgpu_bar_mapped, !ret);
	return ret;
}

/**
 * mockgpu_bar_unmap - undo mockgpu_bar_map()
 * @mdev: the device, without buffers; its PCI device may be gone
 */
void mockgpu_bar_unmap(struct mockgpu_device *mdev)
{
	mockgpu_bar_unremap(&mdev->vram);
	WRITE_ONCE(mockgpu_bar_mapped, false);
}

/**
 * mockgpu_bar_is_mapped - whether a device still uses the BAR
 *
 * Open files and dma-bufs keep a DRM device, and with it the mapping, after its PCI device
 * was removed.
 *
 * Return: true until mockgpu_bar_unmap().
 */
bool mockgpu_bar_is_mapped(void)
{
	return READ_ONCE(mockgpu_bar_mapped);
}

/* sg->length is 32 bits wide. */
#define MOCKGPU_BAR_SEGMENT	(SZ_1G >> PAGE_SHIFT)

/* The pages of the segment that begins with a page. */
static unsigned long mockgpu_bar_segment(const struct mockgpu_extent *extent, unsigned long page,
					 unsigned long npages)
{
	return mockgpu_extent_run(extent, page, min(npages - page, MOCKGPU_BAR_SEGMENT));
}

static unsigned int mockgpu_bar_segments(const struct mockgpu_extent *extent,
					 unsigned long npages)
{
	unsigned long page;
	unsigned int n = 0;

	for (page = 0; page < npages; page += mockgpu_bar_segment(extent, page, npages))
		n++;
	return n;
}

static int mockgpu_bar_segment_map(struct device *importer, struct scatterlist *sg,
				   phys_addr_t phys, size_t size,
				   enum dma_data_direction dir)
{
	dma_addr_t addr;

	if (mockgpu_should_fail("bar_segment"))
		return -ENOMEM;
	addr = dma_map_resource(importer, phys, size, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(importer, addr))
		return -ENOMEM;
	/* Without CONFIG_NEED_SG_DMA_LENGTH this also sets the length that is to be unmapped. */
	sg_set_page(sg, NULL, size, 0);
	sg_dma_address(sg) = addr;
	sg_dma_len(sg) = size;
	return 0;
}

/**
 * mockgpu_bar_dma_map - map a part of the BAR for another device
 * @importer: the other device
 * @vram: the BAR
 * @extent: where in it the part is
 * @npages: its size
 * @dir: direction of its accesses
 *
 * As amdgpu_vram_mgr_alloc_sgt(): the table has addresses, but no pages, and an entry for each
 * contiguous piece.
 *
 * Return: the table, to be freed with mockgpu_bar_dma_unmap(), or an ERR_PTR(-ENOMEM).
 */
struct sg_table *mockgpu_bar_dma_map(struct device *importer, const struct mockgpu_vram *vram,
				     const struct mockgpu_extent *extent, unsigned long npages,
				     enum dma_data_direction dir)
{
	unsigned long page = 0, pfn, n;
	struct scatterlist *sg;
	struct sg_table *sgt;
	int i;

	if (mockgpu_should_fail("bar_table"))
		return ERR_PTR(-ENOMEM);
	sgt = kzalloc_obj(*sgt, GFP_KERNEL);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(sgt, mockgpu_bar_segments(extent, npages), GFP_KERNEL)) {
		kfree(sgt);
		return ERR_PTR(-ENOMEM);
	}
	for_each_sgtable_sg(sgt, sg, i) {
		n = mockgpu_bar_segment(extent, page, npages);
		pfn = vram->pfn + mockgpu_extent_page(extent, page);
		if (mockgpu_bar_segment_map(importer, sg, PFN_PHYS(pfn), n << PAGE_SHIFT, dir)) {
			mockgpu_bar_dma_unmap(importer, sgt, dir);
			return ERR_PTR(-ENOMEM);
		}
		page += n;
	}
	return sgt;
}

/**
 * mockgpu_bar_dma_unmap - undo mockgpu_bar_dma_map()
 * @importer: the other device
 * @sgt: the table, maybe mapped in part only
 * @dir: direction of its accesses
 */
void mockgpu_bar_dma_unmap(struct device *importer, struct sg_table *sgt,
			   enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_sg(sgt, sg, i)
		if (sg_dma_len(sg))
			dma_unmap_resource(importer, sg_dma_address(sg), sg_dma_len(sg),
					   dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
	kfree(sgt);
}
