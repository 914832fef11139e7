// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults that install one entry of 2 MiB or 1 GiB, and mmap() addresses that allow it.
 * Only for kernels with huge PFN mappings.
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
#include "mockgpu_vram.h"

/* The order of the largest entries that the buffer's mode has, or 0. */
static unsigned int mockgpu_huge_order_max(const struct mockgpu_bo *bo)
{
	u32 mode = mockgpu_bo_fault(bo).mode;

	if (mode != MOCKGPU_FAULT_HUGE && mode != MOCKGPU_FAULT_HUGE_READ_ONLY)
		return 0;
	return mockgpu_bo_has_pud(bo) ? PUD_ORDER : PMD_ORDER;
}

/* The same in VRAM. In a BAR no block of pages ends, and the caller looks at the address. */
static bool mockgpu_huge_is_run(const struct mockgpu_backing *backing, unsigned long first,
				unsigned long npages)
{
	if (mockgpu_extent_run(&backing->extent, first, npages) < npages)
		return false;
	return mockgpu_backing_is_bar(backing) ||
	       (npages <= BIT(MOCKGPU_VRAM_ORDER) &&
		IS_ALIGNED(mockgpu_extent_page(&backing->extent, first), npages));
}

/* Whether @npages pages from @first on are in one block, and begin it evenly. */
static bool mockgpu_huge_is_block(const struct mockgpu_backing *backing, unsigned long first,
				  unsigned long npages)
{
	u32 order, index;

	if (backing->vram)
		return mockgpu_huge_is_run(backing, first, npages);
	mockgpu_backing_block(backing, first, &order, &index);
	return BIT(order) >= npages && IS_ALIGNED(index, npages);
}

/**
 * mockgpu_huge_pfn - get the page frame number for a huge entry
 * @bo: a buffer with pages
 * @first: index of the first page that the entry would map
 * @order: order of the entry
 * @pfn: out
 *
 * Return: true when these pages are contiguous and aligned.
 */
VISIBLE_IF_KUNIT bool mockgpu_huge_pfn(struct mockgpu_bo *bo, unsigned long first,
				       unsigned int order, unsigned long *pfn)
{
	const unsigned long npages = BIT(order);
	struct mockgpu_backing backing;

	if (first + npages > mockgpu_bo_npages(bo))
		return false;
	if (!mockgpu_bo_backing(bo, &backing))
		return false;
	if (!mockgpu_huge_is_block(&backing, first, npages))
		return false;
	*pfn = mockgpu_backing_pfn(&backing, first);
	return IS_ALIGNED(*pfn, npages);
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

/*
 * Wait until the engine has brought the contents, as ttm_bo_vm_fault_idle() does: the first
 * attempt drops mmap_lock and has the fault retried. The handler for 4 KiB must not be left to do
 * so: a move that ends just before it looks would give it a table of small entries, for good. Under
 * the VMA's lock it is not called, but all of this again with mmap_lock (vmf_can_call_fault()).
 *
 * Return: 0 to go on, VM_FAULT_RETRY without mmap_lock and the buffer's lock, but with both for
 * FAULT_FLAG_RETRY_NOWAIT, or VM_FAULT_FALLBACK.
 */
static vm_fault_t mockgpu_huge_idle(struct mockgpu_bo *bo, struct vm_fault *vmf)
{
	struct dma_resv *resv = bo->tbo.base.resv;

	if (dma_resv_test_signaled(resv, DMA_RESV_USAGE_KERNEL))
		return 0;
	if (vmf->flags & FAULT_FLAG_VMA_LOCK)
		return VM_FAULT_FALLBACK;
	if (!fault_flag_allow_retry_first(vmf->flags))
		return mockgpu_bo_wait_moved(bo, true) ? VM_FAULT_FALLBACK : 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	drm_gem_object_get(&bo->tbo.base);
	mmap_read_unlock(vmf->vma->vm_mm);
	mockgpu_bo_wait_moved(bo, true);
	dma_resv_unlock(resv);
	drm_gem_object_put(&bo->tbo.base);
	return VM_FAULT_RETRY;
}

static bool mockgpu_huge_populate(struct mockgpu_bo *bo)
{
	struct ttm_buffer_object *tbo = &bo->tbo;
	struct ttm_operation_ctx ctx = { .interruptible = true };

	/* Leave what errors mean to the handler for 4 KiB. */
	if (!mockgpu_bo_has_pages(bo) && mockgpu_bo_populate(tbo, &ctx))
		return false;
	mockgpu_bo_flush_new(bo);
	return true;
}

/* What the page table has where an entry is to be installed. */
enum mockgpu_huge_slot {
	MOCKGPU_SLOT_EMPTY,
	MOCKGPU_SLOT_READ_ONLY,
	MOCKGPU_SLOT_WRITABLE,
	MOCKGPU_SLOT_TABLE,
};

/*
 * Between the core's check and our lock another thread may have installed smaller entries
 * there, and vmf_insert_pfn_pmd() and _pud() would warn. No more appear under the lock, since
 * they are all of this buffer.
 */
static enum mockgpu_huge_slot mockgpu_huge_slot(const struct vm_fault *vmf, unsigned int order)
{
	pud_t pud;
	pmd_t pmd;

	/* Where the PMD is folded both orders are the same. */
	if (MOCKGPU_PUD_PFNMAP && order == PUD_ORDER) {
		pud = READ_ONCE(*vmf->pud);
		if (pud_none(pud))
			return MOCKGPU_SLOT_EMPTY;
		if (!pud_leaf(pud))
			return MOCKGPU_SLOT_TABLE;
		return pud_write(pud) ? MOCKGPU_SLOT_WRITABLE : MOCKGPU_SLOT_READ_ONLY;
	}
	pmd = READ_ONCE(*vmf->pmd);
	if (pmd_none(pmd))
		return MOCKGPU_SLOT_EMPTY;
	if (!pmd_leaf(pmd))
		return MOCKGPU_SLOT_TABLE;
	return pmd_write(pmd) ? MOCKGPU_SLOT_WRITABLE : MOCKGPU_SLOT_READ_ONLY;
}

static vm_fault_t mockgpu_huge_insert(struct vm_fault *vmf, unsigned int order,
				      unsigned long pfn)
{
	bool write = vmf->flags & FAULT_FLAG_WRITE;

#if MOCKGPU_PUD_PFNMAP
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, mockgpu_pfn_to_insert(pfn), write);
#endif
	return vmf_insert_pfn_pmd(vmf, mockgpu_pfn_to_insert(pfn), write);
}

static vm_fault_t mockgpu_huge_fault_locked(struct mockgpu_bo *bo,
					    struct vm_fault *vmf, unsigned int order)
{
	const unsigned long size = PAGE_SIZE << order;
	const bool write = vmf->flags & FAULT_FLAG_WRITE;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long start = vmf->address & ~(size - 1);
	enum mockgpu_huge_slot slot;
	unsigned long first, pfn;
	vm_fault_t ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	/* Only written under this lock. */
	if (order > mockgpu_huge_order_max(bo))
		return VM_FAULT_FALLBACK;
	if (start < vma->vm_start || start + size > vma->vm_end)
		return VM_FAULT_FALLBACK;
	slot = mockgpu_huge_slot(vmf, order);
	/* Restart the access, which then finds the table. */
	if (slot == MOCKGPU_SLOT_TABLE)
		return VM_FAULT_NOPAGE;
	/* How that ends is for the handler for 4 KiB to say. */
	if (bo->revoked || bo->foreign.bo || mockgpu_bo_restore(bo) ||
	    mockgpu_visible_fault(bo, vmf))
		return VM_FAULT_FALLBACK;
	ret = mockgpu_huge_idle(bo, vmf);
	if (ret)
		return ret;
	if (!mockgpu_huge_populate(bo))
		return VM_FAULT_FALLBACK;
	mockgpu_power_wake(bo);
	first = ((start - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff -
		drm_vma_node_start(&bo->tbo.base.vma_node);
	if (!mockgpu_huge_prot_is_right(bo, vma) || !mockgpu_huge_pfn(bo, first, order, &pfn))
		return VM_FAULT_FALLBACK;

	ret = mockgpu_huge_insert(vmf, order, pfn);
	trace_mockgpu_bo_fault(bo, first, write, ret);
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	/* The core calls us for a write to a read-only entry, too. */
	if (slot == MOCKGPU_SLOT_EMPTY)
		atomic64_inc(&bo->faults);
	else if (slot == MOCKGPU_SLOT_READ_ONLY && write)
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
 * For the buffer's lock it waits with that lock held, since mmap_lock is the outer one; for the
 * engine see mockgpu_huge_idle().
 *
 * Return: VM_FAULT_NOPAGE with an entry, VM_FAULT_FALLBACK for smaller entries, VM_FAULT_RETRY,
 * or how the fault ends.
 */
vm_fault_t mockgpu_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	vm_fault_t ret = VM_FAULT_FALLBACK;
	int idx;

	if (order > mockgpu_huge_order_max(bo))
		return VM_FAULT_FALLBACK;
	if (!dma_resv_trylock(tbo->base.resv)) {
		if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
			return VM_FAULT_FALLBACK;
		/* On a signal, let the handler for 4 KiB end the fault. */
		if (dma_resv_lock_interruptible(tbo->base.resv, NULL))
			return VM_FAULT_FALLBACK;
	}
	if (drm_dev_enter(tbo->base.dev, &idx)) {
		ret = mockgpu_huge_fault_locked(bo, vmf, order);
		drm_dev_exit(idx);
	}
	/* mockgpu_huge_idle() has dropped the lock. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

/**
 * mockgpu_huge_may_split - &vm_operations_struct.may_split
 * @vma: a mapping
 * @address: where it is to become two
 *
 * The kernel takes an entry of 1 GiB for a table when a VMA is split inside of it
 * (mm_find_pmd(), docs/findings/pud-split.md). Device-dax does not allow that either.
 *
 * Return: 0 or -EINVAL.
 */
int mockgpu_huge_may_split(struct vm_area_struct *vma, unsigned long address)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;

	if (!mockgpu_bo_has_pud(to_mockgpu_bo(tbo)) || vma->vm_end - vma->vm_start < PUD_SIZE)
		return 0;
	return IS_ALIGNED(address, PUD_SIZE) ? 0 : -EINVAL;
}

/*
 * The size of the largest entries of the buffer that begins at an offset, as drm_gem_mmap()
 * requires, or 0. A buffer found under the lookup lock is alive: ttm_bo_release() removes it
 * first.
 */
static unsigned long mockgpu_offset_huge_size(struct mockgpu_device *mdev, unsigned long pgoff,
					      unsigned long npages)
{
	struct drm_vma_offset_manager *manager = mdev->drm.vma_offset_manager;
	struct drm_vma_offset_node *node;
	unsigned int order = 0;

	drm_vma_offset_lock_lookup(manager);
	node = drm_vma_offset_exact_lookup_locked(manager, pgoff, npages);
	if (node) {
		struct drm_gem_object *gem =
			container_of(node, struct drm_gem_object, vma_node);

		order = mockgpu_huge_order_max(gem_to_mockgpu_bo(gem));
	}
	drm_vma_offset_unlock_lookup(manager);
	return order ? PAGE_SIZE << order : 0;
}

/* As thp_get_unmapped_area(), which aligns to 2 MiB only. */
static unsigned long mockgpu_aligned_area(struct file *file, unsigned long addr,
					  unsigned long len, unsigned long flags,
					  unsigned long size)
{
	unsigned long at;

	at = mockgpu_default_unmapped_area(file, addr, len + size - PAGE_SIZE, 0, flags);
	if (IS_ERR_VALUE(at))
		return thp_get_unmapped_area(file, addr, len, 0, flags);
	/* A hint, or MAP_FIXED. */
	return at == addr ? at : ALIGN(at, size);
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
	unsigned long size = mockgpu_offset_huge_size(mdev, pgoff, len >> PAGE_SHIFT);

	if (!size)
		return mockgpu_default_unmapped_area(file, addr, len, pgoff, flags);
	if (size > PMD_SIZE && len >= size)
		return mockgpu_aligned_area(file, addr, len, flags, size);
	return thp_get_unmapped_area(file, addr, len, 0, flags);
}
