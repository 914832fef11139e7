// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults that install one 2 MiB entry, and mmap() addresses that allow it. Only for
 * kernels with huge PFN mappings.
 */
#include <linux/bits.h>
#include <linux/mm.h>
/* Needs linux/mm.h first. */
#include <linux/huge_mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bo.h"
#include "mockgpu_kunit.h"
#include "mockgpu_power.h"
#include "mockgpu_trace.h"
#include "mockgpu_visible.h"
#include "mockgpu_vm.h"
#include "mockgpu_vmap.h"

static bool mockgpu_mode_is_huge(struct mockgpu_bo *bo)
{
	u32 mode = mockgpu_bo_fault(bo).mode;

	return mode == MOCKGPU_FAULT_HUGE || mode == MOCKGPU_FAULT_HUGE_READ_ONLY;
}

#define MOCKGPU_HUGE_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define MOCKGPU_HUGE_PAGES	BIT(MOCKGPU_HUGE_ORDER)

/**
 * mockgpu_huge_pfn - get the page frame number for a huge entry
 * @bo: a buffer with pages
 * @first: index of the first page that the entry would map
 * @pfn: out
 *
 * Return: true when these pages are contiguous and aligned.
 */
VISIBLE_IF_KUNIT bool mockgpu_huge_pfn(struct mockgpu_bo *bo, unsigned long first,
				       unsigned long *pfn)
{
	struct mockgpu_backing backing;
	u32 order, index;

	if (first + MOCKGPU_HUGE_PAGES > mockgpu_bo_npages(bo))
		return false;
	if (!mockgpu_bo_backing(bo, &backing))
		return false;
	mockgpu_backing_block(&backing, first, &order, &index);
	if (order < MOCKGPU_HUGE_ORDER || !IS_ALIGNED(index, MOCKGPU_HUGE_PAGES))
		return false;
	*pfn = mockgpu_backing_pfn(&backing, first);
	return IS_ALIGNED(*pfn, MOCKGPU_HUGE_PAGES);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_huge_pfn);

/*
 * vmf_insert_pfn_pmd() takes the memory type from vm_page_prot. On x86 the type of the
 * pages wins; elsewhere only a buffer of the mapping's own type can have huge entries.
 */
static bool mockgpu_huge_prot_is_right(struct mockgpu_bo *bo,
				       struct vm_area_struct *vma)
{
	pgprot_t prot = mockgpu_bo_prot(bo, vma->vm_page_prot);

	return IS_ENABLED(CONFIG_X86) ||
	       pgprot_val(prot) == pgprot_val(vma->vm_page_prot);
}

static bool mockgpu_huge_populate(struct mockgpu_bo *bo)
{
	struct ttm_buffer_object *tbo = &bo->tbo;
	struct ttm_operation_ctx ctx = { .interruptible = true };

	/* Leave waiting, and what errors mean, to the handler for 4 KiB. */
	if (!dma_resv_test_signaled(tbo->base.resv, DMA_RESV_USAGE_KERNEL))
		return false;
	if (!mockgpu_bo_has_pages(bo) && mockgpu_bo_populate(tbo, &ctx))
		return false;
	mockgpu_bo_flush_new(bo);
	return true;
}

/*
 * Whether the range has a page table by now. Between the core's check and our lock another
 * thread may have installed 4 KiB entries there, and vmf_insert_pfn_pmd() would warn. No
 * more appear under the lock, since they are all of this buffer.
 */
static bool mockgpu_huge_is_taken(const struct vm_fault *vmf)
{
	pmd_t pmd = READ_ONCE(*vmf->pmd);

	return !pmd_none(pmd) && !pmd_leaf(pmd);
}

static vm_fault_t mockgpu_huge_fault_locked(struct mockgpu_bo *bo,
					    struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long start = vmf->address & PMD_MASK;
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	unsigned long first, pfn;
	vm_fault_t ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	/* Only written under this lock. */
	if (!mockgpu_mode_is_huge(bo))
		return VM_FAULT_FALLBACK;
	if (start < vma->vm_start || start + PMD_SIZE > vma->vm_end)
		return VM_FAULT_FALLBACK;
	/* Restart the access, which then finds the table. */
	if (mockgpu_huge_is_taken(vmf))
		return VM_FAULT_NOPAGE;
	/* How that ends is for the handler for 4 KiB to say. */
	if (bo->revoked || bo->foreign.bo || mockgpu_bo_restore(bo) ||
	    mockgpu_visible_fault(bo, vmf) || !mockgpu_huge_populate(bo))
		return VM_FAULT_FALLBACK;
	mockgpu_power_wake(bo);
	first = ((start - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff -
		drm_vma_node_start(&bo->tbo.base.vma_node);
	if (!mockgpu_huge_prot_is_right(bo, vma) || !mockgpu_huge_pfn(bo, first, &pfn))
		return VM_FAULT_FALLBACK;

	ret = mockgpu_insert_pfn_pmd(vmf, pfn, write);
	trace_mockgpu_bo_fault(bo, first, write, ret);
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	/* The core checks the entry first, and calls us for a write to a read-only one. */
	if (pmd_none(vmf->orig_pmd))
		atomic64_inc(&bo->faults);
	else
		atomic_inc(&bo->upgrades);
	return ret;
}

/**
 * mockgpu_huge_fault - &vm_operations_struct.huge_fault
 * @vmf: the fault
 * @order: order of the entry that the core asks for
 *
 * Unlike the handler for 4 KiB it may run under the VMA's lock only
 * (FAULT_FLAG_VMA_LOCK), so it must not use ttm_bo_vm_reserve(), which drops mmap_lock.
 * It may wait with the lock held, since mmap_lock is the outer lock.
 *
 * Return: VM_FAULT_NOPAGE with an entry, VM_FAULT_FALLBACK for 4 KiB entries, or how the
 * fault ends.
 */
vm_fault_t mockgpu_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	vm_fault_t ret = VM_FAULT_FALLBACK;
	int idx;

	if (order != MOCKGPU_HUGE_ORDER || !mockgpu_mode_is_huge(bo))
		return VM_FAULT_FALLBACK;
	if (!dma_resv_trylock(tbo->base.resv)) {
		if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
			return VM_FAULT_FALLBACK;
		/* On a signal, let the handler for 4 KiB end the fault. */
		if (dma_resv_lock_interruptible(tbo->base.resv, NULL))
			return VM_FAULT_FALLBACK;
	}
	if (drm_dev_enter(tbo->base.dev, &idx)) {
		ret = mockgpu_huge_fault_locked(bo, vmf);
		drm_dev_exit(idx);
	}
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

/*
 * Whether a buffer in a huge mode begins at an offset, as drm_gem_mmap() requires. A
 * buffer found under the lookup lock is alive: ttm_bo_release() removes it first.
 */
static bool mockgpu_offset_is_huge(struct mockgpu_device *mdev, unsigned long pgoff,
				   unsigned long npages)
{
	struct drm_vma_offset_manager *manager = mdev->drm.vma_offset_manager;
	struct drm_vma_offset_node *node;
	bool huge = false;

	drm_vma_offset_lock_lookup(manager);
	node = drm_vma_offset_exact_lookup_locked(manager, pgoff, npages);
	if (node) {
		struct drm_gem_object *gem =
			container_of(node, struct drm_gem_object, vma_node);

		huge = mockgpu_mode_is_huge(gem_to_mockgpu_bo(gem));
	}
	drm_vma_offset_unlock_lookup(manager);
	return huge;
}

/**
 * mockgpu_get_unmapped_area - &file_operations.get_unmapped_area
 * @file: a DRM file
 * @addr: address hint
 * @len: bytes
 * @pgoff: a fake offset
 * @flags: MAP_*
 *
 * Returns an aligned address for a buffer in a huge mode. Fake offsets are only aligned to
 * pages, so they are ignored.
 *
 * Return: the address or a negative errno.
 */
unsigned long mockgpu_get_unmapped_area(struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags)
{
	struct drm_file *client = file->private_data;
	struct mockgpu_device *mdev = to_mockgpu_device(client->minor->dev);

	if (mockgpu_offset_is_huge(mdev, pgoff, len >> PAGE_SHIFT))
		return thp_get_unmapped_area(file, addr, len, 0, flags);
	return mockgpu_default_unmapped_area(file, addr, len, pgoff, flags);
}
