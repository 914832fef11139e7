/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How kernels differ: those of the series 6.1, 6.12, 7.2 and 7.3, with which the driver is
 * built and tested. Kernels in between are neither.
 *
 * This file hides differences between interfaces. A function that behaves differently in
 * another kernel is described where that matters. MOCKGPU_HAVE_HUGE_PFNMAP is for
 * everything that depends on huge entries.
 *
 * What the headers offer decides. Kbuild looks it up and defines MOCKGPU_HAVE_* macros. A
 * version number would not do, because distributions backport: 6.12.107 has functions of
 * 6.15. __has_include() is not used, because sparse does not have it.
 */
#ifndef MOCKGPU_COMPAT_H
#define MOCKGPU_COMPAT_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/stddef.h>

#ifdef MOCKGPU_HAVE_FAUX
#include <linux/device/faux.h>
#else
#include <linux/platform_device.h>
#endif

#ifdef MOCKGPU_HAVE_USERPTR
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/mmap_lock.h>
#include <linux/mmu_notifier.h>
#endif

#ifdef MOCKGPU_HAVE_PFN_T
#include <linux/pfn_t.h>
#endif

#ifdef MOCKGPU_HAVE_TTM_BO_H
#include <drm/ttm/ttm_bo.h>
#else
#include <drm/ttm/ttm_bo_api.h>
#include <drm/ttm/ttm_bo_driver.h>
#endif

#ifdef MOCKGPU_HAVE_TTM_ALLOC_FLAGS
#include <drm/ttm/ttm_allocation.h>
#endif

#ifdef MOCKGPU_HAVE_BUDDY
#ifdef MOCKGPU_HAVE_GPU_BUDDY
#include <linux/gpu_buddy.h>
#else
#include <drm/drm_buddy.h>
#endif
#endif

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_device.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

/**
 * mockgpu_parent_create - create the parent of a DRM device
 * @name: its name
 *
 * A faux device where the kernel has them (6.14), else a platform device.
 *
 * Return: the device, to be destroyed with mockgpu_parent_destroy(), or an ERR_PTR().
 */
static inline struct device *mockgpu_parent_create(const char *name)
{
#ifdef MOCKGPU_HAVE_FAUX
	struct faux_device *faux = faux_device_create(name, NULL, NULL);

	return faux ? &faux->dev : ERR_PTR(-ENODEV);
#else
	struct platform_device *pdev;

	pdev = platform_device_register_simple(name, PLATFORM_DEVID_NONE, NULL, 0);
	return IS_ERR(pdev) ? ERR_CAST(pdev) : &pdev->dev;
#endif
}

/**
 * mockgpu_parent_destroy - undo mockgpu_parent_create()
 * @dev: the device
 */
static inline void mockgpu_parent_destroy(struct device *dev)
{
#ifdef MOCKGPU_HAVE_FAUX
	faux_device_destroy(to_faux_device(dev));
#else
	platform_device_unregister(to_platform_device(dev));
#endif
}

/**
 * mockgpu_ttm_device_init - ttm_device_init() with a beneficial order
 * @bdev: device to initialise
 * @funcs: the driver's functions
 * @dev: parent device
 * @mapping: address space of all user mappings
 * @manager: manager of the fake offsets
 * @order: block order that the device benefits from; ignored before 6.19
 * @dma: whether pages come from dma_alloc_attrs()
 *
 * Return: 0 or a negative errno.
 */
static inline int mockgpu_ttm_device_init(struct ttm_device *bdev,
					  const struct ttm_device_funcs *funcs,
					  struct device *dev,
					  struct address_space *mapping,
					  struct drm_vma_offset_manager *manager,
					  unsigned int order, bool dma)
{
#ifdef MOCKGPU_HAVE_TTM_ALLOC_FLAGS
	return ttm_device_init(bdev, funcs, dev, mapping, manager,
			       TTM_ALLOCATION_POOL_BENEFICIAL_ORDER(order) |
			       (dma ? TTM_ALLOCATION_POOL_USE_DMA_ALLOC : 0));
#else
	/* 6.1 lacks the const in the prototype, but does not write there either. */
	return ttm_device_init(bdev, (struct ttm_device_funcs *)funcs, dev,
			       mapping, manager, dma, false);
#endif
}

/**
 * mockgpu_placement_init - make a placement that allows exactly one place
 * @placement: placement to initialise
 * @place: the place; must live as long as @placement
 */
static inline void mockgpu_placement_init(struct ttm_placement *placement,
					  const struct ttm_place *place)
{
#ifndef MOCKGPU_HAVE_BUSY_PLACEMENT
	static_assert(sizeof(*placement) == offsetofend(struct ttm_placement, placement));
#endif
	*placement = (struct ttm_placement) {
		.num_placement = 1,
		.placement = place,
#ifdef MOCKGPU_HAVE_BUSY_PLACEMENT
		.num_busy_placement = 1,
		.busy_placement = place,
#endif
	};
}

#ifdef MOCKGPU_HAVE_BUSY_PLACEMENT
#define MOCKGPU_PLACE_IF_FREE	0
#define MOCKGPU_PLACE_ELSE	0
#else
/* Flags of a first and a second choice since 6.9. */
#define MOCKGPU_PLACE_IF_FREE	TTM_PL_FLAG_DESIRED
#define MOCKGPU_PLACE_ELSE	TTM_PL_FLAG_FALLBACK
#endif

/**
 * mockgpu_placement_prefer - make a placement with two choices
 * @placement: placement to initialise
 * @places: two places, which must live as long as @placement: the first one, with
 *	MOCKGPU_PLACE_IF_FREE, if it has room without an eviction, else the second one, with
 *	MOCKGPU_PLACE_ELSE
 */
static inline void mockgpu_placement_prefer(struct ttm_placement *placement,
					    const struct ttm_place *places)
{
	*placement = (struct ttm_placement) {
		.num_placement = 2,
		.placement = places,
#ifdef MOCKGPU_HAVE_BUSY_PLACEMENT
		.num_busy_placement = 1,
		.busy_placement = places + 1,
#endif
	};
}

#ifndef MOCKGPU_HAVE_TTM_BO_FINI
/* ttm_bo_fini() is the name since 6.19. */
static inline void ttm_bo_fini(struct ttm_buffer_object *tbo)
{
	ttm_bo_put(tbo);
}
#endif

/**
 * mockgpu_page_flags - get the raw PG_* bits of this very struct page
 * @page: the page, also the tail of a compound page, for which PageXxx() would look
 *	at the head
 *
 * Return: the bits.
 */
static inline unsigned long mockgpu_page_flags(const struct page *page)
{
#ifdef MOCKGPU_HAVE_MEMDESC_FLAGS
	return READ_ONCE(page->flags.f);
#else
	return READ_ONCE(page->flags);
#endif
}

#ifndef kzalloc_obj
/* Since 7.0; backported to 6.12. */
#define kzalloc_obj(obj, gfp)	kzalloc(sizeof(obj), gfp)
#endif

#ifndef ioremap_cache
/* riscv has none, and arch_memremap_wb() does the same. */
#define ioremap_cache	ioremap
#endif

#ifndef MOCKGPU_HAVE_VM_FLAGS_CLEAR
/* Since 6.3. */
static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#ifdef MOCKGPU_HAVE_IMPORT_NS_STRING
#define MOCKGPU_IMPORT_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#define MOCKGPU_IMPORT_KUNIT	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#else
#define MOCKGPU_IMPORT_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#define MOCKGPU_IMPORT_KUNIT	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#endif

#ifndef MOCKGPU_HAVE_DMA_BUF_INVALIDATE
/* The names since 7.1. */
#define invalidate_mappings		move_notify
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#endif

#ifndef MOCKGPU_HAVE_DMA_BUF_VMAP_UNLOCKED
/* The name since 6.2, where the plain one requires the reservation. */
#define dma_buf_vunmap_unlocked	dma_buf_vunmap
#endif

/**
 * mockgpu_dma_buf_vmap - dma_buf_vmap() with the reservation held
 * @dmabuf: the dma-buf, with its reservation held
 * @map: out
 *
 * Before 6.2 the exporter takes the reservation, so it is dropped meanwhile.
 *
 * Return: as dma_buf_vmap().
 */
static inline int mockgpu_dma_buf_vmap(struct dma_buf *dmabuf,
				       struct iosys_map *map)
{
	int ret;

#ifndef MOCKGPU_HAVE_DMA_BUF_VMAP_UNLOCKED
	dma_resv_unlock(dmabuf->resv);
#endif
	ret = dma_buf_vmap(dmabuf, map);
#ifndef MOCKGPU_HAVE_DMA_BUF_VMAP_UNLOCKED
	dma_resv_lock(dmabuf->resv, NULL);
#endif
	return ret;
}

/**
 * mockgpu_gem_vmap_lock - take the reservation in &drm_gem_object_funcs.vmap
 * @gem: the object
 *
 * Since 6.2 the callers of vmap and vunmap hold it.
 */
static inline void mockgpu_gem_vmap_lock(struct drm_gem_object *gem)
{
#ifndef MOCKGPU_HAVE_DMA_BUF_VMAP_UNLOCKED
	dma_resv_lock(gem->resv, NULL);
#endif
}

/**
 * mockgpu_gem_vmap_unlock - undo mockgpu_gem_vmap_lock()
 * @gem: the object
 */
static inline void mockgpu_gem_vmap_unlock(struct drm_gem_object *gem)
{
#ifndef MOCKGPU_HAVE_DMA_BUF_VMAP_UNLOCKED
	dma_resv_unlock(gem->resv);
#endif
}

#ifdef MOCKGPU_HAVE_SHOW_FDINFO
#define MOCKGPU_DRIVER_SHOW_FDINFO	.show_fdinfo = mockgpu_show_fdinfo,
#else
#define MOCKGPU_DRIVER_SHOW_FDINFO

/* As in drm_gem.h and drm_file.h since 6.5. */
enum drm_gem_object_status {
	DRM_GEM_OBJECT_RESIDENT = BIT(0),
};

struct drm_memory_stats {
	u64 shared;
	u64 private;
	u64 resident;
};

void mockgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file);

static inline bool
drm_gem_object_is_shared_for_memory_stats(struct drm_gem_object *gem)
{
	return gem->handle_count > 1 || gem->dma_buf;
}

static inline void drm_print_memory_stats(struct drm_printer *p,
					  const struct drm_memory_stats *stats,
					  enum drm_gem_object_status supported,
					  const char *region)
{
	drm_printf(p, "drm-total-%s:\t%llu KiB\n", region,
		   (stats->private + stats->shared) >> 10);
	drm_printf(p, "drm-shared-%s:\t%llu KiB\n", region, stats->shared >> 10);
	drm_printf(p, "drm-resident-%s:\t%llu KiB\n", region,
		   stats->resident >> 10);
}

/* The core does not number clients yet, but mockgpu_open_client() does. */
static inline void drm_show_fdinfo(struct seq_file *m, struct file *filp)
{
	struct drm_file *file = filp->private_data;
	struct drm_device *drm = file->minor->dev;
	struct drm_printer p = drm_seq_file_printer(m);
	int idx;

	if (!drm_dev_enter(drm, &idx))
		return;
	drm_printf(&p, "drm-driver:\t%s\n", drm->driver->name);
	drm_printf(&p, "drm-client-id:\t%lu\n", (long)file->driver_priv);
	mockgpu_show_fdinfo(&p, file);
	drm_dev_exit(idx);
}
#endif

#ifdef MOCKGPU_HAVE_PRIME_MMAP
/* 6.1 returns ENOSYS where a driver does not name the defaults. */
#define MOCKGPU_DRIVER_PRIME \
	.prime_handle_to_fd = drm_gem_prime_handle_to_fd, \
	.prime_fd_to_handle = drm_gem_prime_fd_to_handle, \
	.gem_prime_mmap = drm_gem_prime_mmap,
#else
#define MOCKGPU_DRIVER_PRIME
#endif

/**
 * mockgpu_bo_populate - populate a buffer object
 * @tbo: the buffer object, locked, with a tt
 * @ctx: TTM's context
 *
 * ttm_bo_populate() exists since 6.16, where ttm_tt_populate() is for tests only.
 *
 * Return: 0 or a negative errno.
 */
static inline int mockgpu_bo_populate(struct ttm_buffer_object *tbo,
				      struct ttm_operation_ctx *ctx)
{
#ifdef MOCKGPU_HAVE_TTM_BO_POPULATE
	return ttm_bo_populate(tbo, ctx);
#else
	return ttm_tt_populate(tbo->bdev, tbo->ttm, ctx);
#endif
}

/**
 * mockgpu_fence_detach - make a signaled fence independent of the module
 * @fence: the fence, signaled, without a release callback
 *
 * A sync_file or a syncobj may keep a fence longer than the module, and asks it for names.
 * Since 7.0 a signaled fence forgets its operations. Before, give it those of the core's own
 * signaled fence.
 */
static inline void mockgpu_fence_detach(struct dma_fence *fence)
{
#ifndef MOCKGPU_HAVE_FENCE_OPS_RCU
	struct dma_fence *stub = dma_fence_get_stub();

	WRITE_ONCE(fence->ops, stub->ops);
	dma_fence_put(stub);
#endif
}

#ifdef MOCKGPU_HAVE_BUDDY
/* The allocator of blocks has these names since 7.0; backported to 6.12. */
#ifdef MOCKGPU_HAVE_GPU_BUDDY
#define MOCKGPU_BUDDY_RANGE	GPU_BUDDY_RANGE_ALLOCATION
#define MOCKGPU_BUDDY_TOPDOWN	GPU_BUDDY_TOPDOWN_ALLOCATION
#else
#define MOCKGPU_BUDDY_RANGE	DRM_BUDDY_RANGE_ALLOCATION
#define MOCKGPU_BUDDY_TOPDOWN	DRM_BUDDY_TOPDOWN_ALLOCATION
#define gpu_buddy		drm_buddy
#define gpu_buddy_alloc_blocks	drm_buddy_alloc_blocks
#define gpu_buddy_block		drm_buddy_block
#define gpu_buddy_block_offset	drm_buddy_block_offset
#define gpu_buddy_block_size	drm_buddy_block_size
#define gpu_buddy_fini		drm_buddy_fini
#define gpu_buddy_init		drm_buddy_init
#endif

/**
 * mockgpu_buddy_free_list - free blocks of the allocator
 * @mm: the allocator
 * @list: the blocks, maybe none; empty afterwards
 *
 * Since 6.10 one may tell that they are cleared, which they are not.
 */
static inline void mockgpu_buddy_free_list(struct gpu_buddy *mm, struct list_head *list)
{
#ifdef MOCKGPU_HAVE_GPU_BUDDY
	gpu_buddy_free_list(mm, list, 0);
#elif defined(MOCKGPU_HAVE_BUDDY_FREE_FLAGS)
	drm_buddy_free_list(mm, list, 0);
#else
	drm_buddy_free_list(mm, list);
#endif
}

/**
 * mockgpu_buddy_set_lock - tell the allocator which lock protects it
 * @mm: the allocator, new
 * @lock: the lock
 *
 * With lockdep, later kernels check that.
 */
static inline void mockgpu_buddy_set_lock(struct gpu_buddy *mm, struct mutex *lock)
{
#ifdef gpu_buddy_driver_set_lock
	gpu_buddy_driver_set_lock(mm, lock);
#endif
}
#endif

/* TTM backs buffers up since 6.15; the walk that the shrinker uses is that of 7.2. */
#ifdef MOCKGPU_HAVE_TTM_SHRINK
#define MOCKGPU_TTM_SHRINK	1
#else
#define MOCKGPU_TTM_SHRINK	0
#endif

/* Huge PFN mappings exist since 6.12, on some architectures. */
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
#define MOCKGPU_HUGE_PFNMAP	1

/* What vmf_insert_pfn_pmd() and vmf_insert_pfn_pud() take for a number: up to 6.16 a pfn_t. */
#ifdef MOCKGPU_HAVE_PFN_T
#define mockgpu_pfn_to_insert(pfn)	__pfn_to_pfn_t(pfn, PFN_DEV)
#else
#define mockgpu_pfn_to_insert(pfn)	(pfn)
#endif

/* Entries of 1 GiB: riscv64 has them, too, but they were never tried there. */
#if defined(CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) && defined(CONFIG_X86_64)
#define MOCKGPU_PUD_PFNMAP	1
#endif

/**
 * mockgpu_default_unmapped_area - where mmap() maps without a driver's help
 * @file: the file
 * @addr: address hint
 * @len: bytes
 * @pgoff: offset in pages
 * @flags: MAP_*
 *
 * Return: the address or a negative errno.
 */
static inline unsigned long
mockgpu_default_unmapped_area(struct file *file, unsigned long addr,
			      unsigned long len, unsigned long pgoff,
			      unsigned long flags)
{
#ifdef MOCKGPU_HAVE_MM_GET_UNMAPPED_AREA_MM
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
#else
	return mm_get_unmapped_area(file, addr, len, pgoff, flags);
#endif
}
#else
#define MOCKGPU_HUGE_PFNMAP	0
#endif

#ifndef MOCKGPU_PUD_PFNMAP
#define MOCKGPU_PUD_PFNMAP	0
#endif

/**
 * struct mockgpu_entry - an entry of a process's page table
 * @pfn: page frame number at the address, also inside of a large entry
 * @prot: bits of the architecture
 * @large: it maps more than one page
 * @writable: writes are allowed
 * @special: the kernel does not use its struct page
 */
struct mockgpu_entry {
	unsigned long pfn;
	pgprot_t prot;
	bool large;
	bool writable;
	bool special;
};

/**
 * mockgpu_entry_follow - read the page table entry behind an address
 * @vma: a VMA with VM_IO or VM_PFNMAP, with mmap_lock held
 * @address: an address in it
 * @entry: out
 *
 * follow_pfnmap_start() exists since 6.12 and knows large entries.
 *
 * Return: 0 or -ENODATA without an entry.
 */
static inline int mockgpu_entry_follow(struct vm_area_struct *vma,
				       unsigned long address,
				       struct mockgpu_entry *entry)
{
#ifdef MOCKGPU_HAVE_FOLLOW_PFNMAP
	struct follow_pfnmap_args args = { .vma = vma, .address = address };

	if (follow_pfnmap_start(&args))
		return -ENODATA;
	*entry = (struct mockgpu_entry){
		.pfn = args.pfn, .prot = args.pgprot, .large = !args.ptep,
		.writable = args.writable, .special = args.special,
	};
	follow_pfnmap_end(&args);
#else
	spinlock_t *lock; /* of the page table */
	pte_t *pte;

	if (follow_pte(vma->vm_mm, address, &pte, &lock))
		return -ENODATA;
	*entry = (struct mockgpu_entry){
		.pfn = pte_pfn(*pte), .prot = pte_pgprot(*pte),
		.writable = pte_write(*pte), .special = pte_special(*pte),
	};
	pte_unmap_unlock(pte, lock);
#endif
	return 0;
}

#ifdef MOCKGPU_HAVE_USERPTR
/**
 * mockgpu_hmm_range_fault - ask for the pages of a range of user memory
 * @range: the range, of a process that has its memory; out: notifier_seq
 *
 * Before 7.3 mmap_lock stays locked meanwhile, so handlers that must drop it fail: userfaultfd.
 *
 * Return: as hmm_range_fault().
 */
static inline int mockgpu_hmm_range_fault(struct hmm_range *range)
{
#ifdef MOCKGPU_HAVE_HMM_UNLOCKED
	return hmm_range_fault_unlocked_timeout(range,
						msecs_to_jiffies(HMM_RANGE_DEFAULT_TIMEOUT));
#else
	struct mm_struct *mm = range->notifier->mm;
	int ret;

	range->notifier_seq = mmu_interval_read_begin(range->notifier);
	ret = mmap_read_lock_killable(mm);
	if (ret)
		return ret;
	ret = hmm_range_fault(range);
	mmap_read_unlock(mm);
	return ret;
#endif
}
#endif

/* Since 6.12 the VFS asks whether a file's offsets are unsigned. */
#ifdef FOP_UNSIGNED_OFFSET
#define MOCKGPU_FOP_UNSIGNED_OFFSET	.fop_flags = FOP_UNSIGNED_OFFSET,
#else
#define MOCKGPU_FOP_UNSIGNED_OFFSET
#endif

#ifdef MOCKGPU_HAVE_DRIVER_DATE
#define MOCKGPU_DRIVER_DATE	.date = "20250101",
#else
#define MOCKGPU_DRIVER_DATE
#endif

#endif /* MOCKGPU_COMPAT_H */
