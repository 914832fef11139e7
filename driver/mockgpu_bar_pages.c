// SPDX-License-Identifier: GPL-2.0-only
/*
 * Struct pages for VRAM in a BAR: ZONE_DEVICE memory of one of three types.
 *
 * COHERENT is what amdgpu makes of its aperture where the GPU is the CPU's peer on xGMI
 * (kgd2kfd_init_zone_device() in kfd_migrate.c), while TTM maps the same pfns with VM_PFNMAP.
 * A page that nobody has been given has no reference there. GENERIC is device-dax's type, with
 * one reference for each page. P2PDMA is for peers on the bus (drivers/pci/p2pdma.c): VRAM is
 * taken from the device's pool, of which as much again is left for sysfs, p2pmem/allocate.
 *
 * memremap_pages() maps the pages into the kernel's direct map and on x86 reserves a memory type
 * for them: write-back, and uncached for P2PDMA. All other mappings get the same, so there is no
 * write-combining here (mockgpu_bar_remap()).
 *
 * The pages live as long as the driver is bound, as amdgpu's do (devres). memunmap_pages() does
 * not wait for references to pages of these types that nobody was given, so we do.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/page_ref.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/sched.h>
#include <linux/string.h>

#include <drm/drm_print.h>

#include "mockgpu_bar.h"
#include "mockgpu_bar_pages.h"
#include "mockgpu_kunit.h"
#include "mockgpu_test_fail.h"

static const char * const mockgpu_bar_pages_names[] = {
	[MOCKGPU_BAR_PAGES_NONE] = "none",
	[MOCKGPU_BAR_PAGES_GENERIC] = "generic",
	[MOCKGPU_BAR_PAGES_P2PDMA] = "p2pdma",
	[MOCKGPU_BAR_PAGES_COHERENT] = "coherent",
};

static char *bar_pages = "none";
module_param(bar_pages, charp, 0444);
MODULE_PARM_DESC(bar_pages, "struct pages for the VRAM of vram=bar: none, generic, p2pdma or coherent, which are types of ZONE_DEVICE memory (default none)");

/* enum mockgpu_bar_pages; set before there is a device. */
static int mockgpu_bar_pages_type;

/**
 * mockgpu_bar_pages_parse - get the type of a name
 * @name: as in module parameter bar_pages
 *
 * Return: enum mockgpu_bar_pages or -EINVAL.
 */
VISIBLE_IF_KUNIT int mockgpu_bar_pages_parse(const char *name)
{
	return match_string(mockgpu_bar_pages_names, ARRAY_SIZE(mockgpu_bar_pages_names), name);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bar_pages_parse);

/* The option of the kernel that a type needs and that is missing, or NULL. */
static const char *mockgpu_bar_pages_lack(int type)
{
	if (type == MOCKGPU_BAR_PAGES_NONE)
		return NULL;
	if (!IS_ENABLED(CONFIG_ZONE_DEVICE))
		return "ZONE_DEVICE";
	if (type == MOCKGPU_BAR_PAGES_P2PDMA && !IS_ENABLED(CONFIG_PCI_P2PDMA))
		return "PCI_P2PDMA";
	return NULL;
}

/**
 * mockgpu_bar_pages_init - check the module parameter
 * @has_bar: a device has vram=bar
 *
 * Return: 0; or, after a line in the kernel log, -EINVAL for an unknown type and for any but none
 * without a BAR, -EOPNOTSUPP for one that this kernel has not.
 */
int mockgpu_bar_pages_init(bool has_bar)
{
	int type = mockgpu_bar_pages_parse(bar_pages);
	const char *lack;

	if (type < 0) {
		pr_err("bar_pages=%s is none of none, generic, p2pdma and coherent\n", bar_pages);
		return -EINVAL;
	}
	if (type && !has_bar) {
		pr_err("bar_pages=%s needs vram=bar\n", bar_pages);
		return -EINVAL;
	}
	lack = mockgpu_bar_pages_lack(type);
	if (lack) {
		pr_err("bar_pages=%s is not possible in this kernel: it has no CONFIG_%s\n",
		       bar_pages, lack);
		return -EOPNOTSUPP;
	}
	mockgpu_bar_pages_type = type;
	return 0;
}

/**
 * struct mockgpu_bar_range - the struct pages of VRAM, in devres of the PCI device
 * @pgmap: for types that are not of the PCI core
 * @mdev: the device
 * @pfn: page frame number of the first page
 * @npages: their number
 * @count: the reference count of each while nobody else has one
 * @p2pmem: VRAM in the pool of the PCI device, or NULL
 */
struct mockgpu_bar_range {
	struct dev_pagemap pgmap;
	struct mockgpu_device *mdev;
	unsigned long pfn;
	unsigned long npages;
	int count;
	void *p2pmem;
};

/* Count the pages that have not the count that they had at first. */
static unsigned long mockgpu_bar_range_wrong(const struct mockgpu_bar_range *range,
					     unsigned long *first)
{
	unsigned long i, wrong = 0;

	for (i = 0; i < range->npages; i++) {
		if (page_ref_count(pfn_to_page(range->pfn + i)) != range->count && !wrong++)
			*first = i;
		if (!(i % MOCKGPU_RESCHED_PAGES))
			cond_resched();
	}
	return wrong;
}

/* How long somebody may keep a reference after the last mapping is gone. */
#define MOCKGPU_BAR_PAGES_MS	500

/* KVM up to 6.12 has a reference while it handles a fault. */
static void mockgpu_bar_range_wait(const struct mockgpu_bar_range *range)
{
	unsigned long first, wrong;
	unsigned int tries;

	for (tries = 0; tries < MOCKGPU_BAR_PAGES_MS; tries++) {
		wrong = mockgpu_bar_range_wrong(range, &first);
		if (!wrong)
			return;
		usleep_range(1000, 2000);
	}
	drm_err(&range->mdev->drm,
		"%lu pages of the BAR end with a wrong reference count, the first is page %lu with %d instead of %d\n",
		wrong, first, page_ref_count(pfn_to_page(range->pfn + first)), range->count);
}

/* Devres calls it after the device is unplugged, and removes the struct pages next. */
static void mockgpu_bar_range_end(void *data)
{
	struct mockgpu_bar_range *range = data;

	mockgpu_bar_range_wait(range);
	if (range->p2pmem)
		pci_free_p2pmem(to_pci_dev(range->mdev->drm.dev), range->p2pmem,
				range->npages << PAGE_SHIFT);
}

/* Nobody is ever given one of these pages, so nobody can drop the last reference. */
#ifdef MOCKGPU_HAVE_FOLIO_FREE
static void mockgpu_bar_folio_free(struct folio *folio)
{
	pr_err("page %#lx of the BAR lost a reference that it did not have\n", folio_pfn(folio));
}
#else
static void mockgpu_bar_page_free(struct page *page)
{
	pr_err("page %#lx of the BAR lost a reference that it did not have\n", page_to_pfn(page));
}
#endif

/* Never called: only pages that migrated to the device can migrate back. */
static vm_fault_t mockgpu_bar_migrate_to_ram(struct vm_fault *vmf)
{
	return VM_FAULT_SIGBUS;
}

static const struct dev_pagemap_ops mockgpu_bar_pages_ops = {
#ifdef MOCKGPU_HAVE_FOLIO_FREE
	.folio_free = mockgpu_bar_folio_free,
#else
	.page_free = mockgpu_bar_page_free,
#endif
	.migrate_to_ram = mockgpu_bar_migrate_to_ram,
};

static int mockgpu_bar_range_remap(struct mockgpu_bar_range *range, enum memory_type type)
{
	struct pci_dev *pdev = to_pci_dev(range->mdev->drm.dev);
	struct dev_pagemap *pgmap = &range->pgmap;
	void *addr;

	pgmap->type = type;
	pgmap->nr_range = 1;
	pgmap->range.start = pci_resource_start(pdev, MOCKGPU_BAR);
	pgmap->range.end = pgmap->range.start + (range->npages << PAGE_SHIFT) - 1;
	pgmap->ops = &mockgpu_bar_pages_ops;
	pgmap->owner = range->mdev;
	addr = devm_memremap_pages(&pdev->dev, pgmap);
	if (IS_ERR(addr))
		return PTR_ERR(addr);
	range->pfn = PHYS_PFN(pgmap->range.start);
	return 0;
}

static int mockgpu_bar_range_peer(struct mockgpu_bar_range *range)
{
	struct pci_dev *pdev = to_pci_dev(range->mdev->drm.dev);
	u64 size = (u64)range->npages << PAGE_SHIFT;
	int ret;

	ret = pci_p2pdma_add_resource(pdev, MOCKGPU_BAR,
				      min(2 * size, (u64)pci_resource_len(pdev, MOCKGPU_BAR)), 0);
	if (ret)
		return ret;
	range->p2pmem = pci_alloc_p2pmem(pdev, size);
	if (!range->p2pmem)
		return -ENOMEM;
	range->pfn = page_to_pfn(virt_to_page(range->p2pmem));
	return 0;
}

static int mockgpu_bar_range_make(struct mockgpu_bar_range *range)
{
	switch (mockgpu_bar_pages_type) {
	case MOCKGPU_BAR_PAGES_GENERIC:
		return mockgpu_bar_range_remap(range, MEMORY_DEVICE_GENERIC);
	case MOCKGPU_BAR_PAGES_COHERENT:
		return mockgpu_bar_range_remap(range, MEMORY_DEVICE_COHERENT);
	default:
		return mockgpu_bar_range_peer(range);
	}
}

/**
 * mockgpu_bar_pages_add - give VRAM in a BAR struct pages, if the module parameter says so
 * @mdev: a device on a PCI bus that has the BAR for itself; the size of its VRAM is set and not
 *	larger than the BAR
 *
 * They go with the driver's other devres. Sets the memory type of VRAM and its first page.
 *
 * Return: 0; -ENOMEM; -EINVAL where the kernel has no room for the BAR in its direct map; or as
 * devm_memremap_pages().
 */
int mockgpu_bar_pages_add(struct mockgpu_device *mdev)
{
	struct mockgpu_vram *vram = &mdev->vram;
	struct mockgpu_bar_range *range;
	int ret;

	vram->pfn = PHYS_PFN(pci_resource_start(to_pci_dev(mdev->drm.dev), MOCKGPU_BAR));
	vram->caching = ttm_write_combined;
	if (mockgpu_bar_pages_type == MOCKGPU_BAR_PAGES_NONE)
		return 0;
	if (mockgpu_should_fail("bar_pages"))
		return -ENOMEM;
	range = devm_kzalloc(mdev->drm.dev, sizeof(*range), GFP_KERNEL);
	if (!range)
		return -ENOMEM;
	range->mdev = mdev;
	range->npages = vram->npages;
	ret = mockgpu_bar_range_make(range);
	if (ret)
		return ret;
	range->count = page_ref_count(pfn_to_page(range->pfn));
	ret = devm_add_action_or_reset(mdev->drm.dev, mockgpu_bar_range_end, range);
	if (ret)
		return ret;
	vram->pfn = range->pfn;
	vram->caching = mockgpu_bar_pages_type == MOCKGPU_BAR_PAGES_P2PDMA ? ttm_uncached :
									   ttm_cached;
	vram->bar_pages = mockgpu_bar_pages_type;
	return 0;
}
