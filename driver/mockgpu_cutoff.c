// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in RAM that was cut off from the kernel with mem= or memmap=SIZE$ADDRESS.
 *
 * As a PCI BAR it has no struct pages. But it is RAM in the firmware's memory map, which is
 * what KVM on x86 asks about a page without a struct page: e820__mapped_raw_any() in
 * kvm_is_mmio_pfn(). So this tells what KVM does for want of a struct page from what it does
 * since a page is MMIO.
 *
 * No table says which RAM was cut off, so the user does. What is not the user's to give,
 * RAM of the kernel and regions of drivers, is refused, and so is what is no memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/sizes.h>

#include <drm/drm_print.h>

#include "mockgpu_bar.h"
#include "mockgpu_cutoff.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_vram.h"

static unsigned long long vram_base;
module_param(vram_base, ullong, 0444);
MODULE_PARM_DESC(vram_base, "with vram=cutoff: physical address of RAM that mem= or memmap= took from the kernel and nobody uses, a multiple of 2 MiB (default 0)");

/* The device whose VRAM this is, or -1. */
static int mockgpu_cutoff_index = -1;

/**
 * mockgpu_cutoff_init - note which device wants such VRAM
 * @index: number of the device, or -1
 *
 * Return: 0 or -EINVAL, when vram_base does not go with it.
 */
int mockgpu_cutoff_init(int index)
{
	mockgpu_cutoff_index = index;
	if (index >= 0 ? vram_base && IS_ALIGNED(vram_base, SZ_2M) : !vram_base)
		return 0;
	pr_err("vram_base=%#llx is no multiple of 2 MiB above 0, or without vram=cutoff\n",
	       vram_base);
	return -EINVAL;
}

/**
 * mockgpu_cutoff_is_wanted - whether a device is to have such VRAM
 * @mdev: the device
 *
 * Return: true if module parameter vram says so.
 */
bool mockgpu_cutoff_is_wanted(struct mockgpu_device *mdev)
{
	return mockgpu_cutoff_index >= 0 && mdev->index == mockgpu_cutoff_index;
}

/* A range that the kernel manages in part has struct pages there. */
static bool mockgpu_cutoff_is_free(const struct mockgpu_vram *vram)
{
	unsigned long i;

	if (region_intersects(vram_base, mockgpu_vram_bytes(vram), IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return false;
	for (i = 0; i < vram->npages; i += SZ_2M >> PAGE_SHIFT)
		if (pfn_valid(PHYS_PFN(vram_base) + i))
			return false;
	return true;
}

static struct resource *mockgpu_cutoff_claim(const struct mockgpu_vram *vram)
{
	return request_mem_region(vram_base, mockgpu_vram_bytes(vram), KBUILD_MODNAME);
}

static void mockgpu_cutoff_release(const struct mockgpu_vram *vram)
{
	release_mem_region(vram_base, mockgpu_vram_bytes(vram));
}

/*
 * Where a write to nowhere is an error that stops the kernel, only what the device tree calls
 * memory may be tried. On x86 it is lost, which mockgpu_bar_remap() finds out; in 7.2 the
 * firmware's table is for KVM's modules only.
 */
static bool mockgpu_cutoff_may_be_memory(const struct mockgpu_vram *vram)
{
	const u64 last = vram_base + mockgpu_vram_bytes(vram) - 1;
	struct device_node *node;
	struct resource res;
	int i;

	if (IS_ENABLED(CONFIG_X86))
		return true;
	for_each_node_by_type(node, "memory")
		for (i = 0; !of_address_to_resource(node, i, &res); i++)
			if (res.start <= vram_base && last <= res.end) {
				of_node_put(node);
				return true;
			}
	return false;
}

static int mockgpu_cutoff_remap(struct mockgpu_vram *vram)
{
	vram->pfn = PHYS_PFN(vram_base);
	vram->caching = ttm_write_combined;
	return mockgpu_cutoff_may_be_memory(vram) ? mockgpu_bar_remap(vram) : -EIO;
}

/**
 * mockgpu_cutoff_map - map the RAM into the kernel
 * @mdev: a device that wants it; the size of its VRAM is set
 *
 * Return: 0; -EBUSY when the kernel or a driver uses a part of it, -EIO when it is no memory,
 * or as mockgpu_bar_remap().
 */
int mockgpu_cutoff_map(struct mockgpu_device *mdev)
{
	struct mockgpu_vram *vram = &mdev->vram;
	int ret;

	if (mockgpu_should_fail("cutoff"))
		return -ENOMEM;
	if (!mockgpu_cutoff_is_free(vram) || !mockgpu_cutoff_claim(vram)) {
		drm_err(&mdev->drm, "vram_base=%#llx: the kernel or a driver uses that: cut it off with mem= or memmap=\n",
			vram_base);
		return -EBUSY;
	}
	ret = mockgpu_cutoff_remap(vram);
	if (ret)
		mockgpu_cutoff_release(vram);
	return ret;
}

/**
 * mockgpu_cutoff_unmap - undo mockgpu_cutoff_map()
 * @mdev: the device, without buffers
 */
void mockgpu_cutoff_unmap(struct mockgpu_device *mdev)
{
	mockgpu_bar_unremap(&mdev->vram);
	mockgpu_cutoff_release(&mdev->vram);
}
