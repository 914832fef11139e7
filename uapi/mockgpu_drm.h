/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mockgpu: the ioctl interface of the mock GPU driver. mockgpu_test.h has the
 * operations that only tests need.
 *
 * Structures have naturally aligned members of fixed width, the same layout for 32-bit
 * and 64-bit user space, a @flags member, and reserved members. Unknown flags and
 * non-zero reserved members fail with EINVAL. A structure may only grow at its end: the
 * DRM core fills what an older program does not pass with zeros (drm_ioctl()).
 *
 * Every call can fail with EINVAL for an unknown flag or a non-zero reserved member,
 * ENOENT for a handle that this file does not have, EFAULT for a bad pointer, and EINTR
 * for a signal (drmIoctl() restarts the call). Other errors are listed with the call. An
 * unknown ioctl fails with ENOTTY.
 *
 * Permissions. PRIME gives everybody who receives the dma-buf of a buffer a handle of the
 * buffer itself, on the device it belongs to. Whoever has a handle may query the buffer,
 * map, copy, zap, move and swap it out: its contents survive. REVOKE, SET_FAULT,
 * SET_CACHING and PIN destroy the contents or change how everybody else reaches them, so
 * they fail with EPERM, except for the DRM file that created the buffer and for
 * CAP_SYS_ADMIN. An import (&MOCKGPU_KIND_IMPORT) and user memory (&MOCKGPU_KIND_USERPTR)
 * cannot be moved, pinned or revoked here at all.
 *
 * A dma-buf that was exported without DRM_RDWR is read-only. Its import is a buffer of
 * kind MOCKGPU_KIND_IMPORT, even on the same device, and both mmap() with PROT_WRITE and
 * a copy to it fail with EACCES. Only the DRM file that exported it gets its own handle
 * back.
 *
 * On machines where uncached user mappings are not coherent with the kernel's cached
 * mapping, such as arm64, the driver flushes the cache for a buffer's own pages when they
 * are allocated and when they move. The rest of the kernel does not flush pages of a
 * dma-buf that somebody else maps cached.
 *
 * With the module parameter move_delay=N moves take time, as a real GPU's: a call that moves
 * a buffer, or creates one in VRAM, returns before the engine has copied or cleared it. Each
 * job takes N microseconds (1 to 10 s) and begins after all earlier ones. Until it ends, the
 * buffer's reservation has a fence (DMA_RESV_USAGE_KERNEL), for which whoever needs the
 * contents waits: a page fault, with mmap_lock dropped where the core allows that, until
 * SIGKILL; a debugger, with mmap_lock held, until a signal; a copy; SWAPOUT, REVOKE and a move
 * to SYSTEM, which fail with EBUSY after 15 s. The engine, not the caller, waits for fences of
 * others, such as an importer's. The old pages are freed when the copy is done, as is the
 * memory of a buffer that nobody has any more. Off x86, WC and UC buffers move at once.
 *
 * A "page" is a CPU page (getpagesize()). Sizes are in bytes and multiples of it.
 */
#ifndef MOCKGPU_DRM_H
#define MOCKGPU_DRM_H

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/** MOCKGPU_MAX_ORDER - largest block order of the driver's own kinds: 2^10 pages. */
#define MOCKGPU_MAX_ORDER 10

/**
 * enum mockgpu_kind - where the system pages of a buffer come from
 *
 * @MOCKGPU_KIND_TTM: the kernel's ttm_pool_alloc(), as for amdgpu's GTT memory; with the module
 *	parameter dma_pool=1 from dma_alloc_attrs(), as where amdgpu needs swiotlb. The blocks
 *	are those that the pages' counts show: contiguous memory (cma=) counts each page.
 * @MOCKGPU_KIND_NONCOMPOUND: blocks of one exact order, from alloc_pages() without
 *	__GFP_COMP: the first page has count 1, all others have count 0
 * @MOCKGPU_KIND_COMPOUND: control: the same with __GFP_COMP
 * @MOCKGPU_KIND_SPLIT: control: as NONCOMPOUND, then split_page(): every page
 *	has count 1
 * @MOCKGPU_KIND_RESERVED: control: as SPLIT, with PG_reserved on every page
 */
enum mockgpu_kind {
	MOCKGPU_KIND_TTM = 0,
	MOCKGPU_KIND_NONCOMPOUND = 1,
	MOCKGPU_KIND_COMPOUND = 2,
	MOCKGPU_KIND_SPLIT = 3,
	MOCKGPU_KIND_RESERVED = 4,
};

#define MOCKGPU_KIND_COUNT 5

/**
 * MOCKGPU_KIND_IMPORT - the kind that MOCKGPU_BO_QUERY reports for an imported dma-buf,
 * whose pages belong to its exporter. It cannot be created.
 */
#define MOCKGPU_KIND_IMPORT 5

/**
 * MOCKGPU_KIND_USERPTR - the kind that MOCKGPU_BO_QUERY reports for a buffer whose memory is
 * that of a process, see MOCKGPU_BO_USERPTR. It cannot be created with BO_CREATE.
 */
#define MOCKGPU_KIND_USERPTR 6

/**
 * enum mockgpu_caching - memory type of the CPU's mappings of a buffer
 *
 * @MOCKGPU_CACHING_CACHED: write-back
 * @MOCKGPU_CACHING_WC: write-combining
 * @MOCKGPU_CACHING_UC: uncached
 */
enum mockgpu_caching {
	MOCKGPU_CACHING_CACHED = 0,
	MOCKGPU_CACHING_WC = 1,
	MOCKGPU_CACHING_UC = 2,
};

#define MOCKGPU_CACHING_COUNT 3

/**
 * enum mockgpu_placement - where the pages of a buffer are
 *
 * @MOCKGPU_PLACEMENT_GTT: system memory that the GPU can access (TTM_PL_TT); the pages
 *	are those of &enum mockgpu_kind
 * @MOCKGPU_PLACEMENT_VRAM: the GPU's own memory (TTM_PL_VRAM, module parameters vram and
 *	vram_size), in blocks of up to 2 MiB: what &enum mockgpu_vram_source and
 *	&enum mockgpu_vram_manager say. Kind,
 *	order and caching of the buffer do not apply here; they apply again once it has
 *	system pages. When VRAM is full, TTM evicts the least recently used buffer to GTT.
 *	VRAM is charged to the dmem cgroup of whoever creates or moves the buffer
 *	(CONFIG_CGROUP_DMEM, region drm/DEVICE/vram). At its dmem.max TTM evicts buffers of that
 *	group, and a buffer larger than that is ENOMEM.
 * @MOCKGPU_PLACEMENT_SYSTEM: system memory that the GPU cannot access (TTM_PL_SYSTEM),
 *	where TTM puts a buffer in order to swap it out. The next access brings the
 *	contents back in new pages; the buffer stays in this placement.
 */
enum mockgpu_placement {
	MOCKGPU_PLACEMENT_GTT = 0,
	MOCKGPU_PLACEMENT_VRAM = 1,
	MOCKGPU_PLACEMENT_SYSTEM = 2,
};

#define MOCKGPU_PLACEMENT_COUNT 3

/**
 * enum mockgpu_vram_source - what the VRAM of a device is made of
 *
 * @MOCKGPU_VRAM_NONE: there is none
 * @MOCKGPU_VRAM_RAM: a carve-out of RAM that stands in for a BAR. Its pages have a struct
 *	page with count 1 and PG_reserved. They are write-combining on x86 and write-back
 *	elsewhere, see drm_mockgpu_bo_query.entry_caching. KVM takes no reference to them
 *	and, on x86, treats them as MMIO, as it does a PCI BAR.
 * @MOCKGPU_VRAM_BAR: BAR 2 of a PCI device 1af4:1110 (QEMU's ivshmem), as the VRAM of a
 *	real GPU: without struct pages and write-combining everywhere, but for what &enum
 *	mockgpu_bar_pages says. The device is a PCI
 *	device then. It can be removed at any time: see MOCKGPU_PARAM_VRAM_SOURCE.
 * @MOCKGPU_VRAM_CUTOFF: RAM that mem= or memmap= took from the kernel (module parameter
 *	vram_base): as a BAR without struct pages and write-combining everywhere, but KVM on x86
 *	does not treat it as MMIO (e820__mapped_raw_any() in kvm_is_mmio_pfn())
 */
enum mockgpu_vram_source {
	MOCKGPU_VRAM_NONE = 0,
	MOCKGPU_VRAM_RAM = 1,
	MOCKGPU_VRAM_BAR = 2,
	MOCKGPU_VRAM_CUTOFF = 3,
};

/**
 * enum mockgpu_vram_manager - how the VRAM of a device is given to buffers
 *
 * @MOCKGPU_VRAM_RANGE: each gets one contiguous part (ttm_range_manager), aligned to 2 MiB if
 *	it is as large as that
 * @MOCKGPU_VRAM_BUDDY: blocks of 2^n pages from the kernel's buddy allocator (gpu_buddy, before
 *	7.0 drm_buddy; module parameter vram_manager=buddy), as amdgpu's and xe's. Which ones
 *	depends on what is free, so a buffer may be scattered, unless it has
 *	MOCKGPU_BO_CONTIGUOUS. One whose size is a multiple of 2 MiB has no smaller blocks; for
 *	it others are evicted. The module parameter vram_block=N scatters all others on
 *	purpose: in blocks of N bytes, 2 MiB and 16 times N, for 2 MiB of the buffer each and
 *	over again, of which neighbours come from different halves of VRAM.
 */
enum mockgpu_vram_manager {
	MOCKGPU_VRAM_RANGE = 0,
	MOCKGPU_VRAM_BUDDY = 1,
};

/**
 * enum mockgpu_bar_pages - what struct pages VRAM in a PCI BAR has (module parameter bar_pages)
 *
 * @MOCKGPU_BAR_PAGES_NONE: none, as on most GPUs; also without a BAR
 * @MOCKGPU_BAR_PAGES_GENERIC: MEMORY_DEVICE_GENERIC, as device-dax's: each with count 1;
 *	write-back
 * @MOCKGPU_BAR_PAGES_P2PDMA: MEMORY_DEVICE_PCI_P2PDMA: VRAM is allocated from the device's pool
 *	of peer-to-peer memory, with count 0 since Linux 6.15, before with count 1; uncached. What
 *	the BAR has beyond VRAM, but no more than that size again, is for p2pmem/allocate in sysfs.
 *	Needs CONFIG_PCI_P2PDMA.
 * @MOCKGPU_BAR_PAGES_COHERENT: MEMORY_DEVICE_COHERENT, as amdgpu's on xGMI, with count 0;
 *	write-back
 *
 * Buffers there are mapped as ever, with VM_PFNMAP and without references. The memory types are
 * those that memremap_pages() reserves on x86, unless the CPU's MTRRs or somebody else's mapping
 * of the BAR say otherwise: then entries have that type. It costs 64 bytes of RAM for each page.
 * The struct pages end when the device is removed from its bus or driver, which first waits up to a
 * second for references that others took, and then says in the kernel log how many are left.
 */
enum mockgpu_bar_pages {
	MOCKGPU_BAR_PAGES_NONE = 0,
	MOCKGPU_BAR_PAGES_GENERIC = 1,
	MOCKGPU_BAR_PAGES_P2PDMA = 2,
	MOCKGPU_BAR_PAGES_COHERENT = 3,
};

/**
 * enum mockgpu_fault_mode - how the driver handles page faults on a buffer's mappings
 *
 * @MOCKGPU_FAULT_SINGLE: one 4 KiB entry per fault, so a test sees which page was
 *	accessed; ttm_bo_vm_fault_reserved() with a prefault of 1
 * @MOCKGPU_FAULT_PREFAULT: TTM's own handler, up to TTM_BO_VM_NUM_PREFAULT (16)
 *	entries per fault, as amdgpu
 * @MOCKGPU_FAULT_HUGE: a 2 MiB entry, as vfio-pci and panthor, where page frame number
 *	and address are aligned, the mapping covers it and the kernel asks for one;
 *	else 4 KiB entries. The kernel does not ask under PR_SET_THP_DISABLE. Without
 *	"mm/huge_memory: bypass THP tuneables for huge pfnmap mappings" (in 7.3,
 *	backported to 6.12.115 and 7.2.y) it asks only if
 *	/sys/kernel/mm/transparent_hugepage/enabled says "always". mmap() of the DRM
 *	file picks an aligned address. A range that had a 4 KiB entry keeps 4 KiB
 *	entries until munmap().
 * @MOCKGPU_FAULT_READ_ONLY: read-only 4 KiB entries; the first write upgrades one
 *	through pfn_mkwrite, as in drm_gem_shmem since 7.1. Applies to mappings made while
 *	this mode is set, for as long as they exist.
 * @MOCKGPU_FAULT_HUGE_READ_ONLY: the same with 2 MiB entries where HUGE makes them: a
 *	read installs a read-only entry, the first write upgrades it through huge_fault
 * @MOCKGPU_FAULT_SLOW: as SINGLE after a sleep of @arg microseconds (1 to
 *	MOCKGPU_FAULT_DELAY_MAX) that SIGKILL ends, as a driver that waits for the GPU.
 *	Like TTM it drops mmap_lock meanwhile where the core allows that, and the fault is
 *	retried. A signal handler that runs before the retry makes the access fault and
 *	sleep again: a signal every @arg microseconds postpones it for ever.
 * @MOCKGPU_FAULT_SIGBUS: as SINGLE, but every @arg-th fault (1 to
 *	MOCKGPU_FAULT_DELAY_MAX) ends with SIGBUS, as in a driver that cannot bring the
 *	buffer back
 * @MOCKGPU_FAULT_NOPAGE: as SINGLE, but every @arg-th fault (1 to
 *	MOCKGPU_FAULT_DELAY_MAX) installs no entry, as TTM does when a signal is pending
 *
 * The huge modes need a kernel with huge PFN mappings (6.12). @arg must be 0 where it
 * is not mentioned.
 */
enum mockgpu_fault_mode {
	MOCKGPU_FAULT_SINGLE = 0,
	MOCKGPU_FAULT_PREFAULT = 1,
	MOCKGPU_FAULT_HUGE = 2,
	MOCKGPU_FAULT_READ_ONLY = 3,
	MOCKGPU_FAULT_HUGE_READ_ONLY = 4,
	MOCKGPU_FAULT_SLOW = 5,
	MOCKGPU_FAULT_SIGBUS = 6,
	MOCKGPU_FAULT_NOPAGE = 7,
};

#define MOCKGPU_FAULT_COUNT 8

/** MOCKGPU_FAULT_DELAY_MAX - largest argument of a fault mode; 10 s for SLOW. */
#define MOCKGPU_FAULT_DELAY_MAX 10000000

/**
 * MOCKGPU_BO_PAGE_MAPPING - flag of struct drm_mockgpu_bo_create: page->mapping is set
 * on every system page while the buffer owns it, as amdgpu does
 * (amdgpu_ttm_tt_populate()). Not with MOCKGPU_KIND_COMPOUND, whose tail pages use that
 * member for something else.
 */
#define MOCKGPU_BO_PAGE_MAPPING	0x1

/**
 * MOCKGPU_BO_CPU_ACCESS - flag of struct drm_mockgpu_bo_create: in VRAM, the buffer gets a
 * place that the CPU can access, see MOCKGPU_PARAM_VRAM_VISIBLE. Without it a buffer goes
 * where the CPU cannot, if there is room; once the CPU has touched it, it counts as created
 * with the flag. As AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED.
 */
#define MOCKGPU_BO_CPU_ACCESS	0x2

/**
 * MOCKGPU_BO_DISCARDABLE - flag of struct drm_mockgpu_bo_create: when the buffer has to leave
 * VRAM to make room, or because the host sleeps, its contents are lost, and its memory is freed
 * at once. Whoever uses it next finds zeros, in GTT. As AMDGPU_GEM_CREATE_DISCARDABLE, without
 * the mappings that amdgpu leaves behind (docs/findings/discarded-buffer.md). With the module
 * parameter shrinker=1 the same happens to one of MOCKGPU_KIND_TTM in system memory when memory is
 * short, as to a buffer of xe with DRM_XE_VMA_PURGEABLE_STATE_DONTNEED; it is in SYSTEM then.
 */
#define MOCKGPU_BO_DISCARDABLE	0x4

/**
 * MOCKGPU_BO_HUGE_PUD - flag of struct drm_mockgpu_bo_create: in the huge modes an entry is
 * one of 1 GiB where page frame number and address are aligned and the mapping covers it, as
 * vfio-pci's on x86. Only a BAR is contiguous enough (MOCKGPU_VRAM_BAR), and buffers of that
 * size are aligned in it. Includes MOCKGPU_BO_CONTIGUOUS. Needs a kernel for x86-64 with such
 * entries (CONFIG_ARCH_SUPPORTS_PUD_PFNMAP) and CAP_SYS_ADMIN, because kernels up to 7.3 at
 * least do not handle them well (docs/findings/pud-split.md): mappings of 1 GiB or more cannot
 * be split but at multiples of 1 GiB, so munmap() or mprotect() of less fails with EINVAL.
 */
#define MOCKGPU_BO_HUGE_PUD	0x8

/**
 * MOCKGPU_BO_CONTIGUOUS - flag of struct drm_mockgpu_bo_create: in VRAM the buffer is contiguous,
 * also with MOCKGPU_VRAM_BUDDY, aligned to 2 MiB or, if it is smaller, to its size rounded up to
 * a power of two. Others are evicted to make room for it, also some that do not help; ENOMEM when
 * those that stay leave no such part. As AMDGPU_GEM_CREATE_VRAM_CONTIGUOUS. Means nothing
 * elsewhere.
 */
#define MOCKGPU_BO_CONTIGUOUS	0x10

/**
 * struct drm_mockgpu_bo_create - create a buffer object
 *
 * @size: in: bytes, a multiple of the page size, not 0. If it is not a multiple of the
 *	block size, the last block is allocated whole, but only its first pages
 *	belong to the buffer.
 * @kind: in: enum mockgpu_kind
 * @order: in: block order, 0 to MOCKGPU_MAX_ORDER; must be 0 for
 *	MOCKGPU_KIND_TTM, where the pool chooses
 * @caching: in: enum mockgpu_caching
 * @flags: in: MOCKGPU_BO_PAGE_MAPPING, MOCKGPU_BO_CPU_ACCESS, MOCKGPU_BO_DISCARDABLE,
 *	MOCKGPU_BO_HUGE_PUD, MOCKGPU_BO_CONTIGUOUS
 * @handle: out: GEM handle, to be closed with DRM_IOCTL_GEM_CLOSE; in: must be 0
 * @placement: in: MOCKGPU_PLACEMENT_GTT or MOCKGPU_PLACEMENT_VRAM
 * @fault_mode: in: enum mockgpu_fault_mode
 * @fault_arg: in: its argument
 * @reserved: must be 0
 *
 * The pages are allocated, zeroed and checked at once. Creation fails if they are not
 * what @kind promises.
 *
 * A buffer is charged for its system pages (one in VRAM for those it needs once it is
 * evicted) and, until its last user is gone, for the kernel memory that describes it, at
 * least one page. An import is charged for the latter only.
 *
 * Errors: EINVAL for a bad member; E2BIG for a size above half of the machine's memory or
 * above the size of VRAM or, with MOCKGPU_BO_CPU_ACCESS, of its visible part; ENOMEM when
 * no such blocks are available, when the charges of all buffers (blocks count in full)
 * would exceed that half, or when VRAM, which comes on top of it, is full and nothing can
 * be evicted; EIO when the pages were not what
 * @kind promises (a bug, which the kernel log describes); EOPNOTSUPP for VRAM on a device
 * without it (encrypted memory rules it out) or for a huge fault mode or MOCKGPU_BO_HUGE_PUD
 * on a kernel without such entries; EPERM for that flag without CAP_SYS_ADMIN.
 */
struct drm_mockgpu_bo_create {
	__u64 size;
	__u32 kind;
	__u32 order;
	__u32 caching;
	__u32 flags;
	__u32 handle;
	__u32 placement;
	__u32 fault_mode;
	__u32 fault_arg;
	__u32 reserved[2];
};

/**
 * struct drm_mockgpu_bo_mmap_offset - get the offset to mmap() a buffer at
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 * @offset: out: the offset for mmap() of this DRM file; in: must be 0
 *
 * Errors: EPERM for user memory (MOCKGPU_KIND_USERPTR), of which mmap() also fails with EPERM.
 */
struct drm_mockgpu_bo_mmap_offset {
	__u32 handle;
	__u32 flags;
	__u64 offset;
};

/* Bits of struct drm_mockgpu_bo_query.state. */
/** MOCKGPU_BO_PINNED - pinned, by MOCKGPU_BO_PIN, an importer or an injection. */
#define MOCKGPU_BO_PINNED	0x1
/** MOCKGPU_BO_SWAPPED - swapped out: it has contents, but no pages (or not all of them). */
#define MOCKGPU_BO_SWAPPED	0x2
/** MOCKGPU_BO_REVOKED - revoked by MOCKGPU_BO_REVOKE, for good. */
#define MOCKGPU_BO_REVOKED	0x4
/** MOCKGPU_BO_INVISIBLE - in VRAM that the CPU cannot access, see MOCKGPU_PARAM_VRAM_VISIBLE. */
#define MOCKGPU_BO_INVISIBLE	0x8

/**
 * struct drm_mockgpu_bo_query - describe a buffer
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 * @size: out: bytes
 * @faults: out: page faults handled since creation; can exceed the number of entries
 *	when CPUs access a page at the same time
 * @zaps: out: calls of MOCKGPU_BO_ZAP
 * @kind: out: enum mockgpu_kind
 * @order: out: as given at creation
 * @caching: out: enum mockgpu_caching of its system pages
 * @placement: out: enum mockgpu_placement, where it is now
 * @state: out: MOCKGPU_BO_* bits
 * @moves: out: changes of placement, by ioctl or by TTM's eviction and swapout, and
 *	of pages within a placement
 * @swapouts: out: times TTM started to swap it out, or has backed it up
 * @upgrades: out: times the kernel asked to make a read-only entry writable, see
 *	MOCKGPU_FAULT_READ_ONLY; can exceed the number of entries when CPUs write at the
 *	same time
 * @entry_caching: out: enum mockgpu_caching of the CPU's page table entries for it where
 *	it is now: @caching, or the memory type of VRAM. MOCKGPU_CACHING_CACHED for an
 *	import, whatever its exporter uses, and where TTM has no other types (riscv64 in
 *	6.12).
 * @discards: out: times TTM started to discard it, or the shrinker has, see
 *	MOCKGPU_BO_DISCARDABLE
 * @invalidations: out: of user memory (MOCKGPU_KIND_USERPTR): times the kernel announced that
 *	it is about to take pages away or to change what may be done with them
 * @user_faults: out: of user memory: times the device asked the kernel for its pages
 * @vram_blocks: out: in VRAM, in how many blocks it is, see &enum mockgpu_vram_manager: 1 with
 *	RANGE; else 0
 * @vram_runs: out: in VRAM, how many contiguous parts these make, in the order of the buffer: 1
 *	if it is not scattered; else 0
 */
struct drm_mockgpu_bo_query {
	__u32 handle;
	__u32 flags;
	__u64 size;
	__u64 faults;
	__u64 zaps;
	__u32 kind;
	__u32 order;
	__u32 caching;
	__u32 placement;
	__u32 state;
	__u32 moves;
	__u32 swapouts;
	__u32 upgrades;
	__u32 entry_caching;
	__u32 discards;
	__u32 invalidations;
	__u32 user_faults;
	__u32 vram_blocks;
	__u32 vram_runs;
};

/**
 * struct drm_mockgpu_bo_zap - remove every user mapping of a buffer
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * ttm_bo_unmap_virtual(): page table entries are cleared, MMU notifiers run, the pages
 * stay. The next access faults the same page in again.
 */
struct drm_mockgpu_bo_zap {
	__u32 handle;
	__u32 flags;
};

/**
 * MOCKGPU_MOVE_NEW_PAGES - flag of struct drm_mockgpu_bo_move: a buffer that is in GTT
 * already gets new pages there. They are allocated before the old ones are freed, so
 * every page frame number changes.
 */
#define MOCKGPU_MOVE_NEW_PAGES	0x1

/**
 * MOCKGPU_MOVE_INVISIBLE - flag of struct drm_mockgpu_bo_move: the buffer goes to the part
 * of VRAM that the CPU cannot access, and counts as created without MOCKGPU_BO_CPU_ACCESS
 * and never touched.
 */
#define MOCKGPU_MOVE_INVISIBLE	0x2

/**
 * struct drm_mockgpu_bo_move - move a buffer
 *
 * @handle: in: GEM handle
 * @placement: in: enum mockgpu_placement
 * @flags: in: MOCKGPU_MOVE_NEW_PAGES, only with MOCKGPU_PLACEMENT_GTT,
 *	MOCKGPU_MOVE_INVISIBLE, only with MOCKGPU_PLACEMENT_VRAM, or 0
 * @reserved: must be 0
 *
 * ttm_bo_validate(): user mappings are removed, MMU notifiers run, the contents are
 * copied if the pages change, and the next access maps the pages the buffer has then.
 * Between GTT and SYSTEM the pages stay the same. Without a flag, nothing happens to a
 * buffer that is in @placement already. It holds the buffer's lock while it copies, or, with
 * move_delay, while it queues the copy; between VRAM and SYSTEM the latter makes two moves, by
 * way of GTT.
 *
 * Errors: EINVAL for an import or user memory, whose pages belong to others; EBUSY when it is
 * pinned or its fences do not signal in 15 s; E2BIG when it is larger than VRAM, or than the part
 * that it has to be in; EOPNOTSUPP without VRAM, or without an invisible part; ENOMEM as for
 * BO_CREATE; ENODEV when it is revoked. After an error the buffer is where it was or on the
 * way there, in GTT. Its contents are unchanged.
 */
struct drm_mockgpu_bo_move {
	__u32 handle;
	__u32 placement;
	__u32 flags;
	__u32 reserved;
};

/**
 * MOCKGPU_SWAPOUT_BACKUP - flag of struct drm_mockgpu_bo_swapout: by TTM's backup, as xe's
 * shrinker does it (since 6.15), not by TTM's own swapout, as amdgpu's buffers.
 */
#define MOCKGPU_SWAPOUT_BACKUP	0x1

/**
 * struct drm_mockgpu_bo_swapout - swap this buffer out, and no other
 *
 * @handle: in: GEM handle
 * @flags: in: MOCKGPU_SWAPOUT_BACKUP or 0; MOCKGPU_PARAM_SWAPOUT says what the kernel has
 *
 * ttm_device_swapout(), as at TTM's limit: the contents go to shmem, then the pages are freed.
 * A buffer in VRAM moves to GTT first. Nothing happens to one that is swapped out already.
 *
 * With MOCKGPU_SWAPOUT_BACKUP it is ttm_bo_shrink(): each block of pages is freed once it is
 * copied, so that it needs memory for one more block only. If memory ends half way, it is no error:
 * the other pages stay, and are freed at the next access, which gets new ones for all of the
 * buffer. The first time the buffer gets new pages, as with MOCKGPU_MOVE_NEW_PAGES, because TTM
 * counts those it had. From then on TTM's own swapout leaves it alone, and this call backs it up
 * even without the flag, as it does all buffers of MOCKGPU_KIND_TTM with the module parameter
 * shrinker=1. In both cases it holds the buffer's lock while it copies, and waits for the fences.
 *
 * A signal may interrupt an access at any page of a backup, and the next access continues
 * there; until one has finished, the buffer counts as swapped out.
 *
 * Errors: EINVAL for an import or user memory; EBUSY when it is pinned or its fences do not
 * signal in 15 s; ENOMEM; ENODEV when it is revoked. With MOCKGPU_SWAPOUT_BACKUP also EINVAL for
 * another kind than MOCKGPU_KIND_TTM, EOPNOTSUPP on a kernel without or with the module parameter
 * dma_pool=1, ENOSPC without free swap space.
 */
struct drm_mockgpu_bo_swapout {
	__u32 handle;
	__u32 flags;
};

/**
 * enum mockgpu_pin_op - operations of MOCKGPU_BO_PIN, for the creator of the buffer
 *
 * @MOCKGPU_PIN: no moves or evictions until UNPIN, or until the last handle and mapping
 *	are gone. A buffer in SYSTEM moves to GTT first. EBUSY if MOCKGPU_BO_PIN has
 *	pinned it already.
 * @MOCKGPU_UNPIN: undo PIN. ENOENT if it was not pinned by it.
 */
enum mockgpu_pin_op {
	MOCKGPU_PIN = 0,
	MOCKGPU_UNPIN = 1,
};

/**
 * struct drm_mockgpu_bo_pin - pin or unpin a buffer: ttm_bo_pin()
 *
 * @handle: in: GEM handle
 * @op: in: enum mockgpu_pin_op
 * @flags: in: must be 0
 * @reserved: must be 0
 *
 * Errors: those of the operation; EPERM for a file that did not create the buffer; EINVAL
 * for an import or user memory; ENOMEM; ENODEV when it is revoked.
 */
struct drm_mockgpu_bo_pin {
	__u32 handle;
	__u32 op;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct drm_mockgpu_bo_set_caching - change the memory type of system pages
 *
 * @handle: in: GEM handle
 * @caching: in: enum mockgpu_caching
 * @flags: in: must be 0
 * @reserved: must be 0
 *
 * The buffer gets new pages of that type in GTT, as with MOCKGPU_MOVE_NEW_PAGES. For a
 * buffer in VRAM the type applies to its future system pages. Nothing happens to a buffer
 * of that type.
 *
 * Errors: EPERM for a file that did not create the buffer, and as for MOCKGPU_BO_MOVE.
 */
struct drm_mockgpu_bo_set_caching {
	__u32 handle;
	__u32 caching;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct drm_mockgpu_bo_revoke - take the memory of a buffer away, for good
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * User mappings are removed, importers are notified, contents and pages are freed. Later
 * accesses get SIGBUS; the handle stays valid. Nothing happens to a buffer that is revoked
 * already.
 *
 * Errors: EPERM for a file that did not create the buffer, EINVAL for an import or user
 * memory, EBUSY when it is pinned, ENOMEM.
 */
struct drm_mockgpu_bo_revoke {
	__u32 handle;
	__u32 flags;
};

/**
 * struct drm_mockgpu_bo_set_fault - change the fault mode of a buffer
 *
 * @handle: in: GEM handle
 * @mode: in: enum mockgpu_fault_mode
 * @arg: in: its argument
 * @flags: in: must be 0
 *
 * Applies from the next fault on. Existing entries stay; MOCKGPU_BO_ZAP removes them.
 *
 * Errors: EPERM for a file that did not create the buffer; EINVAL for a bad argument, for an
 * import, whose mappings are its exporter's, or for user memory; EOPNOTSUPP for a huge mode on a
 * kernel without huge PFN mappings.
 */
struct drm_mockgpu_bo_set_fault {
	__u32 handle;
	__u32 mode;
	__u32 arg;
	__u32 flags;
};

/**
 * struct drm_mockgpu_bo_copy - let the device copy from one buffer to another
 *
 * @src: in: GEM handle to read
 * @dst: in: GEM handle to write, another buffer
 * @src_offset: in: bytes
 * @dst_offset: in: bytes
 * @size: in: bytes, not 0
 * @flags: in: must be 0
 * @reserved: must be 0
 *
 * The mock's only engine. It uses buffers as a device does: an import is attached and
 * mapped, a buffer that was swapped out comes back, the fences of a dma-buf are waited
 * for, and user mappings stay. The copy is complete when the call returns.
 *
 * Errors: EINVAL for a range outside of its buffer or for one buffer used twice; EACCES
 * when @dst was imported from a read-only dma-buf or is read-only user memory; ENODEV when one
 * is revoked; ENOMEM; EFAULT and ESRCH for user memory, see MOCKGPU_BO_USERPTR; EOPNOTSUPP for
 * an import whose exporter has no vmap, and for a scattered buffer that is pinned in a BAR on a
 * kernel without CONFIG_VMAP_PFN, where one that is not pinned moves to GTT; and whatever the
 * exporter of an import returns.
 */
struct drm_mockgpu_bo_copy {
	__u32 src;
	__u32 dst;
	__u64 src_offset;
	__u64 dst_offset;
	__u64 size;
	__u32 flags;
	__u32 reserved;
};

/**
 * MOCKGPU_SUBMIT_MAX - most buffers, fences to wait for and fences to signal of a submission.
 */
#define MOCKGPU_SUBMIT_MAX 64

/** MOCKGPU_SUBMIT_DELAY_MAX - longest delay of a submission, in microseconds: 1 s. */
#define MOCKGPU_SUBMIT_DELAY_MAX 1000000

/**
 * MOCKGPU_SUBMIT_JOBS_MAX - with so many jobs in its queue, moves included, the engine takes
 * no submission. One takes 1 and 1 more for each MOCKGPU_SUBMIT_FILL.
 */
#define MOCKGPU_SUBMIT_JOBS_MAX 256

/** MOCKGPU_SUBMIT_WRITE - flag of struct drm_mockgpu_submit_bo: not only read. */
#define MOCKGPU_SUBMIT_WRITE	0x1
/**
 * MOCKGPU_SUBMIT_FILL - flag of struct drm_mockgpu_submit_bo: the engine sets every byte of the
 * buffer. Needs MOCKGPU_SUBMIT_WRITE.
 */
#define MOCKGPU_SUBMIT_FILL	0x2

/**
 * struct drm_mockgpu_submit_bo - how a submission uses a buffer
 *
 * @handle: in: GEM handle
 * @flags: in: MOCKGPU_SUBMIT_WRITE, MOCKGPU_SUBMIT_FILL
 * @value: in: for FILL, 0 to 255; else 0
 * @reserved: must be 0
 */
struct drm_mockgpu_submit_bo {
	__u32 handle;
	__u32 flags;
	__u32 value;
	__u32 reserved;
};

/**
 * struct drm_mockgpu_sync - a DRM sync object (DRM_IOCTL_SYNCOBJ_CREATE)
 *
 * @handle: in: its handle
 * @flags: in: must be 0
 * @point: in: the point of a timeline, or 0 for a binary one
 */
struct drm_mockgpu_sync {
	__u32 handle;
	__u32 flags;
	__u64 point;
};

/**
 * struct drm_mockgpu_submit - give the engine work
 *
 * @bos: in: user pointer to an array of struct drm_mockgpu_submit_bo
 * @waits: in: user pointer to an array of struct drm_mockgpu_sync to wait for, which must have
 *	a fence already
 * @signals: in: user pointer to an array of struct drm_mockgpu_sync to signal at the end
 * @bo_count: in: length of @bos
 * @wait_count: in: length of @waits
 * @signal_count: in: length of @signals
 * @delay: in: how long it takes, 0 to MOCKGPU_SUBMIT_DELAY_MAX us
 * @flags: in: must be 0
 * @reserved: must be 0
 *
 * The work begins when all earlier work of the engine, all of @waits, and the fences of the
 * buffers are done (implicit synchronisation: DMA_RESV_USAGE_WRITE, and READ for a buffer that
 * it writes; moves always). It takes @delay, then it fills. The call returns before that, with
 * a fence at @signals and at every buffer, for which a move, eviction, swapout, MOCKGPU_BO_COPY,
 * the end of the buffer, an importer and poll() of its dma-buf wait. CPUs do not: a page fault
 * waits for moves only, so that whoever looks at the memory must wait for the fence. A buffer in
 * SYSTEM moves to GTT.
 *
 * It holds the locks of all its buffers while it is queued. When the device is unplugged before
 * it is done, its fence signals with the error -ENODEV, and nothing is filled; see also
 * MOCKGPU_PARAM_RESETS. A fence of another driver that never signals stops the engine, and
 * unloading the module.
 *
 * Errors: EINVAL for a bad member, a buffer used twice, a sync object at @waits without such a
 * fence, FILL of an import; E2BIG for a count above MOCKGPU_SUBMIT_MAX; ENOENT also for a sync
 * object; EACCES for WRITE to an import of a read-only dma-buf or to read-only user memory;
 * EFAULT and ESRCH for user memory, see MOCKGPU_BO_USERPTR; ENODEV when a buffer is revoked;
 * EOPNOTSUPP for FILL of WC and UC pages off x86; EBUSY when the engine has
 * MOCKGPU_SUBMIT_JOBS_MAX jobs; ENOMEM. Nothing has happened then.
 */
struct drm_mockgpu_submit {
	__u64 bos;
	__u64 waits;
	__u64 signals;
	__u32 bo_count;
	__u32 wait_count;
	__u32 signal_count;
	__u32 delay;
	__u32 flags;
	__u32 reserved;
};

/**
 * MOCKGPU_USERPTR_READ_ONLY - flag of struct drm_mockgpu_bo_userptr: the device only reads the
 * memory, which the process may have mapped without PROT_WRITE.
 */
#define MOCKGPU_USERPTR_READ_ONLY	0x1
/**
 * MOCKGPU_USERPTR_VALIDATE - flag of struct drm_mockgpu_bo_userptr: ask for all pages at once, so
 * that the call fails if they are not there. As AMDGPU_GEM_USERPTR_VALIDATE.
 */
#define MOCKGPU_USERPTR_VALIDATE	0x2

/**
 * struct drm_mockgpu_bo_userptr - make a buffer of memory of the calling process
 *
 * @address: in: where it begins, a multiple of the page size
 * @size: in: bytes, a multiple of the page size, not 0
 * @flags: in: MOCKGPU_USERPTR_READ_ONLY, MOCKGPU_USERPTR_VALIDATE
 * @handle: out: GEM handle, to be closed with DRM_IOCTL_GEM_CLOSE; in: must be 0
 * @reserved: must be 0
 *
 * As DRM_IOCTL_AMDGPU_GEM_USERPTR. The memory stays the process's: the buffer is a range of
 * addresses and holds no reference to a page. When the device uses the buffer (MOCKGPU_BO_COPY,
 * or a submission that names it), the driver asks the kernel for the pages, which faults them in
 * (hmm_range_fault()), for writing unless READ_ONLY is set: that breaks copy-on-write. It asks
 * again once the kernel has announced a change of the range (an MMU interval notifier): munmap(),
 * MADV_DONTNEED, mprotect(), mremap(), fork(), reclaim, migration, and so on. Such a change waits
 * for what the device does with the buffer at the time, for as long as that takes: a submission
 * for all that it waits for. Only files that hold the engine in debugfs do not hold up a change.
 * Before that, and after, the device never touches the old page. What it writes makes the page
 * dirty.
 *
 * It is always the memory of the process that made the buffer, whoever has the handle: a child
 * does not get one of its own by fork().
 *
 * The buffer is reported in GTT. It cannot be mapped (EPERM), exported as a dma-buf (EPERM),
 * moved, pinned, swapped out, revoked, or get another memory type or fault mode (EINVAL); the
 * operations of mockgpu_test.h that look at its pages fail with ENODATA. It is charged for the
 * kernel memory that describes it, 16 bytes a page.
 *
 * Making it costs no more than that memory, unless VALIDATE is set. Using it takes mmap_lock of
 * the process, for reading, while pages are asked for.
 *
 * Errors: EINVAL for a bad member; EFAULT for a range that no process can have; E2BIG for a size
 * above MOCKGPU_PARAM_SIZE_MAX; ENOMEM; EOPNOTSUPP on a kernel without HMM (CONFIG_HMM_MIRROR).
 * Errors of the device's use, and of this call with VALIDATE: EFAULT when not all of the range is
 * memory that the process may read and, without READ_ONLY, write, or when a page of it has no
 * struct page (VM_PFNMAP, VM_IO: any mapping of a mockgpu buffer), is not in the kernel's direct
 * map (memfd_secret()), or, before 7.3, waits for userfaultfd; ESRCH when the process has ended
 * or called execve(); ENOMEM.
 */
struct drm_mockgpu_bo_userptr {
	__u64 address;
	__u64 size;
	__u32 flags;
	__u32 handle;
	__u64 reserved;
};

/**
 * enum mockgpu_param - what MOCKGPU_GET_PARAM can be asked for
 *
 * @MOCKGPU_PARAM_VRAM_SIZE: size of VRAM in bytes, 0 without VRAM
 * @MOCKGPU_PARAM_VRAM_CACHING: enum mockgpu_caching of the CPU's mappings of VRAM
 * @MOCKGPU_PARAM_SIZE_MAX: size of the largest buffer in bytes, and the limit for the
 *	charges of all buffers together
 * @MOCKGPU_PARAM_ORDER_MAX: largest block order of the driver's own kinds
 * @MOCKGPU_PARAM_KINDS: kinds that BO_CREATE accepts, a bit mask of
 *	1 << enum mockgpu_kind
 * @MOCKGPU_PARAM_CACHINGS: memory types, a bit mask of 1 << enum mockgpu_caching
 * @MOCKGPU_PARAM_PLACEMENTS: placements that this device has, a bit mask of
 *	1 << enum mockgpu_placement: without VRAM that bit is missing
 * @MOCKGPU_PARAM_FAULT_MODES: fault modes that this kernel supports, a bit mask of
 *	1 << enum mockgpu_fault_mode: without huge PFN mappings the huge modes are missing
 * @MOCKGPU_PARAM_VRAM_SOURCE: enum mockgpu_vram_source. When a device with a BAR is
 *	removed from its bus or driver, its files behave as after any unplug: calls and
 *	mmap() fail with ENODEV, accesses to mappings get SIGBUS. While memory decoding of
 *	the device is off, writes to VRAM are lost and reads return what the bus returns
 *	without a device: ones on a PC, 0 in QEMU's.
 * @MOCKGPU_PARAM_VRAM_VISIBLE: size of the part of VRAM that the CPU can access, in bytes
 *	(module parameter vram_visible), as behind a BAR that is smaller than VRAM: at most
 *	MOCKGPU_PARAM_VRAM_SIZE. The GPU accesses all of it, and so do MOCKGPU_BO_COPY and a
 *	debugger. A page fault on a buffer that is not all in that part moves it there, if there
 *	is room without evicting another, else to GTT; SIGBUS when MOCKGPU_BO_PIN has pinned it
 *	or there is no memory. So do another device that imports it and MOCKGPU_INJECT_FOREIGN,
 *	with EBUSY when it is pinned, be it for the time of a MOCKGPU_BO_COPY. Eviction from the
 *	visible part prefers free room in the other, for buffers without MOCKGPU_BO_CPU_ACCESS.
 *	As amdgpu.
 * @MOCKGPU_PARAM_RESETS: how often the GPU was reset (by root, in debugfs). Each time VRAM lost
 *	its contents, under mappings that stay, and the fences of submissions that had not begun
 *	signaled with the error -ECANCELED. Moves are not lost. As amdgpu's
 *	AMDGPU_INFO_VRAM_LOST_COUNTER.
 * @MOCKGPU_PARAM_VRAM_MANAGER: enum mockgpu_vram_manager; RANGE also without VRAM
 * @MOCKGPU_PARAM_SWAPOUT: flags that MOCKGPU_BO_SWAPOUT can have on this kernel, a bit mask
 * @MOCKGPU_PARAM_BAR_PAGES: enum mockgpu_bar_pages
 */
enum mockgpu_param {
	MOCKGPU_PARAM_VRAM_SIZE = 0,
	MOCKGPU_PARAM_VRAM_CACHING = 1,
	MOCKGPU_PARAM_SIZE_MAX = 2,
	MOCKGPU_PARAM_ORDER_MAX = 3,
	MOCKGPU_PARAM_KINDS = 4,
	MOCKGPU_PARAM_CACHINGS = 5,
	MOCKGPU_PARAM_PLACEMENTS = 6,
	MOCKGPU_PARAM_FAULT_MODES = 7,
	MOCKGPU_PARAM_VRAM_SOURCE = 8,
	MOCKGPU_PARAM_VRAM_VISIBLE = 9,
	MOCKGPU_PARAM_RESETS = 10,
	MOCKGPU_PARAM_VRAM_MANAGER = 11,
	MOCKGPU_PARAM_SWAPOUT = 12,
	MOCKGPU_PARAM_BAR_PAGES = 13,
};

#define MOCKGPU_PARAM_COUNT 14

/**
 * struct drm_mockgpu_get_param - ask what a device and its kernel support
 *
 * @param: in: enum mockgpu_param
 * @flags: in: must be 0
 * @value: out: the value, which but for RESETS never changes while the device exists; in: must be
 *	0
 * @reserved: must be 0
 *
 * Errors: EINVAL for a parameter that the driver does not know.
 */
struct drm_mockgpu_get_param {
	__u32 param;
	__u32 flags;
	__u64 value;
	__u64 reserved;
};

/* Numbers 0x03 and 0x05 to 0x07 are in mockgpu_test.h. */
#define DRM_MOCKGPU_BO_CREATE		0x00
#define DRM_MOCKGPU_BO_MMAP_OFFSET	0x01
#define DRM_MOCKGPU_BO_QUERY		0x02
#define DRM_MOCKGPU_BO_ZAP		0x04
#define DRM_MOCKGPU_BO_MOVE		0x08
#define DRM_MOCKGPU_BO_SWAPOUT		0x09
#define DRM_MOCKGPU_BO_PIN		0x0a
#define DRM_MOCKGPU_BO_SET_CACHING	0x0b
#define DRM_MOCKGPU_BO_REVOKE		0x0c
#define DRM_MOCKGPU_BO_SET_FAULT	0x0d
#define DRM_MOCKGPU_GET_PARAM		0x0e
/* 0x0f was never assigned. */
#define DRM_MOCKGPU_BO_COPY		0x10
#define DRM_MOCKGPU_SUBMIT		0x11
#define DRM_MOCKGPU_BO_USERPTR		0x12

#define DRM_IOCTL_MOCKGPU_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_CREATE, struct drm_mockgpu_bo_create)
#define DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_MMAP_OFFSET, struct drm_mockgpu_bo_mmap_offset)
#define DRM_IOCTL_MOCKGPU_BO_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_QUERY, struct drm_mockgpu_bo_query)
#define DRM_IOCTL_MOCKGPU_BO_ZAP \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_ZAP, struct drm_mockgpu_bo_zap)
#define DRM_IOCTL_MOCKGPU_BO_MOVE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_MOVE, struct drm_mockgpu_bo_move)
#define DRM_IOCTL_MOCKGPU_BO_SWAPOUT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_SWAPOUT, struct drm_mockgpu_bo_swapout)
#define DRM_IOCTL_MOCKGPU_BO_PIN \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_PIN, struct drm_mockgpu_bo_pin)
#define DRM_IOCTL_MOCKGPU_BO_SET_CACHING \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_SET_CACHING, struct drm_mockgpu_bo_set_caching)
#define DRM_IOCTL_MOCKGPU_BO_REVOKE \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_REVOKE, struct drm_mockgpu_bo_revoke)
#define DRM_IOCTL_MOCKGPU_BO_SET_FAULT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_SET_FAULT, struct drm_mockgpu_bo_set_fault)
#define DRM_IOCTL_MOCKGPU_GET_PARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_GET_PARAM, struct drm_mockgpu_get_param)
#define DRM_IOCTL_MOCKGPU_BO_COPY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_COPY, struct drm_mockgpu_bo_copy)
#define DRM_IOCTL_MOCKGPU_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_SUBMIT, struct drm_mockgpu_submit)
#define DRM_IOCTL_MOCKGPU_BO_USERPTR \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_USERPTR, struct drm_mockgpu_bo_userptr)

#if defined(__cplusplus)
}
#endif

#endif /* MOCKGPU_DRM_H */
