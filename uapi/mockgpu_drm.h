/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mockgpu: the ioctl interface of the mock GPU driver.
 *
 * Every structure has naturally aligned fixed-width members, the same layout
 * for 32 and 64 bit user space, a @flags member and reserved members. A flag
 * the driver does not know, or a reserved member that is not 0, is answered
 * with EINVAL. A structure may only grow at its end, where the DRM core fills
 * what an older program did not pass with zeros (drm_ioctl()).
 *
 * Errors every call can give: EINVAL for an unknown flag or a non-zero reserved
 * member, ENOENT for a handle this file does not have, EFAULT for an unreadable
 * pointer, EINTR (restarted by drmIoctl()) for a signal. Others are listed with
 * the call. A call that needs CAP_SYS_ADMIN (PAGES, SNAPSHOT, COMPARE, INJECT) says
 * EPERM before anything else. An unknown ioctl is answered with ENOTTY.
 *
 * Who may do what with a buffer. PRIME gives everybody who is handed the dma-buf of a
 * buffer a handle of the buffer itself, on the device it is from. Whoever has a handle
 * may look at the buffer, map, copy, zap, move and swap it out: its contents stay.
 * What would take them away, or changes how all others reach them, is for the DRM file
 * that created the buffer and for CAP_SYS_ADMIN: REVOKE, SET_FAULT, SET_CACHING and
 * PIN give EPERM to others. A buffer of another device (&MOCKGPU_KIND_IMPORT) cannot
 * be moved, pinned or revoked by anybody here.
 *
 * A dma-buf that was exported without DRM_RDWR is for reading: its import, on the same
 * device too, is a buffer of kind MOCKGPU_KIND_IMPORT of which mmap() with PROT_WRITE
 * and a copy to it give EACCES. Only the DRM file that exported it gets its own handle.
 *
 * Where the CPU's mapping of uncached memory needs the cache flushed, as on arm64, the
 * driver does so for the buffer's own pages when they are made and when they move. The
 * rest of the kernel does not for the pages of a dma-buf that others map as cached.
 *
 * "Page" is the CPU's page (getpagesize()); sizes are bytes and multiples of it.
 */
#ifndef MOCKGPU_DRM_H
#define MOCKGPU_DRM_H

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/** MOCKGPU_MAX_ORDER - largest block an own page kind is made of: 2^10 pages. */
#define MOCKGPU_MAX_ORDER 10

/**
 * enum mockgpu_kind - where a buffer's system pages come from
 *
 * @MOCKGPU_KIND_TTM: the kernel's own ttm_pool_alloc(), as amdgpu's GTT memory
 * @MOCKGPU_KIND_NONCOMPOUND: blocks of one exact order, alloc_pages() without
 *	__GFP_COMP: the first page has count 1, every other one count 0
 * @MOCKGPU_KIND_COMPOUND: control: the same with __GFP_COMP
 * @MOCKGPU_KIND_SPLIT: control: as NONCOMPOUND, then split_page(): every page
 *	has count 1
 * @MOCKGPU_KIND_RESERVED: control: as SPLIT, and PG_reserved on every page
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
 * MOCKGPU_KIND_IMPORT - what MOCKGPU_BO_QUERY says of a buffer that was imported
 * from another device's dma-buf: its pages are the exporter's. No such kind can
 * be created.
 */
#define MOCKGPU_KIND_IMPORT 5

/**
 * enum mockgpu_caching - the CPU's memory type for a buffer
 *
 * @MOCKGPU_CACHING_CACHED: write-back
 * @MOCKGPU_CACHING_WC: write-combined
 * @MOCKGPU_CACHING_UC: uncached
 */
enum mockgpu_caching {
	MOCKGPU_CACHING_CACHED = 0,
	MOCKGPU_CACHING_WC = 1,
	MOCKGPU_CACHING_UC = 2,
};

#define MOCKGPU_CACHING_COUNT 3

/**
 * enum mockgpu_placement - where a buffer's pages lie
 *
 * @MOCKGPU_PLACEMENT_GTT: system memory that the GPU can reach (TTM_PL_TT); the
 *	pages are those of &enum mockgpu_kind
 * @MOCKGPU_PLACEMENT_VRAM: the carve-out that stands for the GPU's own memory
 *	(TTM_PL_VRAM, module parameter vram_size). Its pages have a struct page
 *	with count 1 and PG_reserved, in blocks of 2 MiB, write-combined on x86
 *	and write-back elsewhere (struct drm_mockgpu_bo_query.entry_caching says
 *	which): KVM takes no reference on them and on x86 calls them MMIO, as it does
 *	with a PCI BAR. Kind, order and caching of the buffer have no meaning
 *	here, they come back with its system pages. When it is full TTM evicts
 *	the buffer used least recently to GTT.
 * @MOCKGPU_PLACEMENT_SYSTEM: system memory that the GPU cannot reach
 *	(TTM_PL_SYSTEM), where TTM puts a buffer to swap it out. The next touch
 *	brings the contents back into new pages; it stays in this placement.
 */
enum mockgpu_placement {
	MOCKGPU_PLACEMENT_GTT = 0,
	MOCKGPU_PLACEMENT_VRAM = 1,
	MOCKGPU_PLACEMENT_SYSTEM = 2,
};

#define MOCKGPU_PLACEMENT_COUNT 3

/**
 * enum mockgpu_fault_mode - how page faults on a buffer's mappings are answered
 *
 * @MOCKGPU_FAULT_SINGLE: one 4 KiB entry a fault, so that a test sees which page
 *	was touched; ttm_bo_vm_fault_reserved() with a prefault of 1
 * @MOCKGPU_FAULT_PREFAULT: TTM's own handler, up to TTM_BO_VM_NUM_PREFAULT (16)
 *	entries a fault, as amdgpu
 * @MOCKGPU_FAULT_HUGE: a 2 MiB entry where page frame number and address allow
 *	it, the mapping covers it and the kernel asks for one (not with
 *	PR_SET_THP_DISABLE; before 7.3, without the backport that 6.12.115 and
 *	7.2.y have of "mm/huge_memory: bypass THP tuneables for huge pfnmap
 *	mappings", /sys/kernel/mm/transparent_hugepage/enabled must say "always"),
 *	else 4 KiB; as vfio-pci and panthor. mmap() of the DRM file chooses an
 *	address that fits. A range in which there was a 4 KiB entry keeps 4 KiB
 *	entries until munmap().
 * @MOCKGPU_FAULT_READ_ONLY: 4 KiB entries that come read-only; the first write
 *	upgrades them through pfn_mkwrite, as drm_gem_shmem since 7.1. Holds for
 *	mappings made while the mode is set, and for these it stays.
 * @MOCKGPU_FAULT_HUGE_READ_ONLY: the same with 2 MiB entries where HUGE gives
 *	them: a read makes a read-only entry, the first write upgrades it through
 *	huge_fault
 * @MOCKGPU_FAULT_SLOW: as SINGLE after a sleep of @arg microseconds (1 to
 *	MOCKGPU_FAULT_DELAY_MAX), which SIGKILL ends; as a driver that waits for
 *	the GPU. As TTM does it, mmap_lock is dropped meanwhile where the core allows
 *	that, and the fault tried again. A program that handles a signal before that
 *	faults, and sleeps, once more: with one every @arg microseconds it goes on so.
 * @MOCKGPU_FAULT_SIGBUS: as SINGLE, but every @arg-th fault (1 to
 *	MOCKGPU_FAULT_DELAY_MAX) gets SIGBUS; as a driver that cannot bring the buffer
 *	back
 * @MOCKGPU_FAULT_NOPAGE: as SINGLE, but every @arg-th fault (as for SIGBUS) is
 *	answered without an entry; as TTM does when a signal is pending
 *
 * The huge modes need a kernel with huge PFN mappings (6.12). @arg is 0 where it
 * has no meaning.
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

/** MOCKGPU_FAULT_DELAY_MAX - largest argument of a fault mode; for SLOW it is 10 s. */
#define MOCKGPU_FAULT_DELAY_MAX 10000000

/**
 * MOCKGPU_BO_PAGE_MAPPING - flag of struct drm_mockgpu_bo_create: page->mapping
 * is set on every system page as long as the buffer has it, as amdgpu does
 * (amdgpu_ttm_tt_populate()). Not with MOCKGPU_KIND_COMPOUND, whose tails use
 * the member otherwise.
 */
#define MOCKGPU_BO_PAGE_MAPPING	0x1

/**
 * struct drm_mockgpu_bo_create - make a buffer object
 *
 * @size: in: bytes, a multiple of the page size, not 0. Where it is not a
 *	multiple of the block size the last block is whole but only its first
 *	pages belong to the buffer.
 * @kind: in: enum mockgpu_kind
 * @order: in: block order, 0 to MOCKGPU_MAX_ORDER; must be 0 for
 *	MOCKGPU_KIND_TTM, where the pool chooses
 * @caching: in: enum mockgpu_caching
 * @flags: in: MOCKGPU_BO_PAGE_MAPPING or 0
 * @handle: out: GEM handle, close with DRM_IOCTL_GEM_CLOSE; in: must be 0
 * @placement: in: MOCKGPU_PLACEMENT_GTT or MOCKGPU_PLACEMENT_VRAM
 * @fault_mode: in: enum mockgpu_fault_mode
 * @fault_arg: in: its argument
 * @reserved: must be 0
 *
 * The pages are allocated, zeroed and checked at once: a buffer whose pages are
 * not what @kind promises is refused.
 *
 * A buffer is charged for its system pages, one in VRAM for those that it needs when
 * it is evicted, and for what the kernel keeps about it: at least a page, until the
 * last user of the buffer is gone. Imports are charged for the latter.
 *
 * Errors: EINVAL for a bad member, E2BIG for a size over half of the machine's
 * memory or over that of VRAM, ENOMEM when no such blocks can be had, when all
 * buffers together (blocks count whole) would be charged more than that half or when
 * VRAM, which comes on top of it, has no room and nothing to evict, EIO when the pages
 * were not what @kind promises (a bug: the kernel log says which), EOPNOTSUPP for VRAM
 * without any (there is none where memory is encrypted) or a huge fault mode on a
 * kernel without huge PFN mappings.
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
 * @offset: out: the offset for mmap() on this DRM file; in: must be 0
 */
struct drm_mockgpu_bo_mmap_offset {
	__u32 handle;
	__u32 flags;
	__u64 offset;
};

/* Bits of struct drm_mockgpu_bo_query.state. */
/** MOCKGPU_BO_PINNED - pinned by MOCKGPU_BO_PIN, an importer or an injection. */
#define MOCKGPU_BO_PINNED	0x1
/** MOCKGPU_BO_SWAPPED - contents are swapped out, there are no pages. */
#define MOCKGPU_BO_SWAPPED	0x2
/** MOCKGPU_BO_REVOKED - revoked by MOCKGPU_BO_REVOKE, for good. */
#define MOCKGPU_BO_REVOKED	0x4

/**
 * struct drm_mockgpu_bo_query - what a buffer is
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 * @size: out: bytes
 * @faults: out: page faults answered since creation; more than there are entries when
 *	CPUs touch a page at once
 * @zaps: out: times all user mappings were taken away by MOCKGPU_BO_ZAP
 * @kind: out: enum mockgpu_kind
 * @order: out: as given at creation
 * @caching: out: enum mockgpu_caching, of its system pages
 * @placement: out: enum mockgpu_placement, where it is now
 * @state: out: MOCKGPU_BO_* bits
 * @moves: out: times it went from one placement to another, by ioctl or because
 *	TTM evicted it or swapped it out, or got new pages in its placement
 * @swapouts: out: times TTM set about swapping it out
 * @upgrades: out: times the kernel asked to make a read-only entry writable, see
 *	MOCKGPU_FAULT_READ_ONLY; more than there are when CPUs write at once
 * @entry_caching: out: enum mockgpu_caching, memory type of the CPU's entries for it
 *	where it is now: @caching, but in VRAM that of VRAM; of an import
 *	MOCKGPU_CACHING_CACHED, whatever its exporter uses
 * @reserved: out: 0
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
	__u32 reserved;
};

/*
 * Bits of struct drm_mockgpu_page.flags. A compound page has all those after
 * COMPOUND in its first page: they are never set for a later one.
 */
/** MOCKGPU_PAGE_HEAD - first page of its block, as it was allocated. */
#define MOCKGPU_PAGE_HEAD	0x001
/** MOCKGPU_PAGE_TAIL - a later page of its block, as it was allocated. */
#define MOCKGPU_PAGE_TAIL	0x002
/** MOCKGPU_PAGE_COMPOUND - part of a compound page now. */
#define MOCKGPU_PAGE_COMPOUND	0x004
/** MOCKGPU_PAGE_RESERVED - PG_reserved is set now. */
#define MOCKGPU_PAGE_RESERVED	0x008
/** MOCKGPU_PAGE_DIRTY - PG_dirty is set now. */
#define MOCKGPU_PAGE_DIRTY	0x010
/** MOCKGPU_PAGE_REFERENCED - PG_referenced is set now (mark_page_accessed()). */
#define MOCKGPU_PAGE_REFERENCED	0x020
/** MOCKGPU_PAGE_ACTIVE - PG_active is set now (a second mark_page_accessed()). */
#define MOCKGPU_PAGE_ACTIVE	0x040
/** MOCKGPU_PAGE_LRU - on an LRU list now. */
#define MOCKGPU_PAGE_LRU	0x080
/** MOCKGPU_PAGE_MAPPING - page->mapping is set now. */
#define MOCKGPU_PAGE_MAPPING	0x100
/** MOCKGPU_PAGE_MAPPED - the page's map count is above 0 now (never, for PFNMAP). */
#define MOCKGPU_PAGE_MAPPED	0x200

/**
 * struct drm_mockgpu_page - one page of a buffer, as the kernel sees it now
 *
 * @pfn: out: page frame number
 * @count: out: the raw reference count of this very struct page (of a compound
 *	tail too: 0)
 * @flags: out: MOCKGPU_PAGE_* bits
 * @order: out: order of the block it was allocated in
 * @index: out: place in that block, 0 for the head
 */
struct drm_mockgpu_page {
	__u64 pfn;
	__u32 count;
	__u32 flags;
	__u32 order;
	__u32 index;
};

/**
 * struct drm_mockgpu_bo_pages - look at a buffer's pages
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 * @first: in: first page, counted from 0
 * @count: in: room at @ptr, in pages; out: pages written there
 * @ptr: in: user pointer to an array of struct drm_mockgpu_page
 * @reserved: must be 0
 *
 * The pages are looked at some at a time: one lock does not hold all of them.
 *
 * Errors: EPERM without CAP_SYS_ADMIN, EINVAL for @first beyond the end, ENODATA
 * when the buffer has no system pages now.
 */
struct drm_mockgpu_bo_pages {
	__u32 handle;
	__u32 flags;
	__u64 first;
	__u64 count;
	__u64 ptr;
	__u64 reserved;
};

/**
 * struct drm_mockgpu_bo_zap - take away every user mapping of a buffer
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * ttm_bo_unmap_virtual(): PTEs go, MMU notifiers fire, the pages stay; the next
 * touch faults the same page in again.
 */
struct drm_mockgpu_bo_zap {
	__u32 handle;
	__u32 flags;
};

/**
 * struct drm_mockgpu_bo_snapshot - remember count and flags of every page
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * Replaces an earlier snapshot of the same buffer.
 *
 * Errors: EPERM without CAP_SYS_ADMIN, ENOMEM, ENODATA when the buffer has no
 * system pages now.
 */
struct drm_mockgpu_bo_snapshot {
	__u32 handle;
	__u32 flags;
};

/**
 * struct drm_mockgpu_bo_compare - compare every page with the snapshot
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 * @changed: out: pages whose count or MOCKGPU_PAGE_* flags differ
 * @first: out: the first of them; undefined when @changed is 0
 * @before: out: that page at the snapshot
 * @after: out: that page now
 *
 * Errors: EPERM without CAP_SYS_ADMIN, ENODATA without a snapshot, ESTALE when
 * the buffer got other pages since.
 */
struct drm_mockgpu_bo_compare {
	__u32 handle;
	__u32 flags;
	__u64 changed;
	__u64 first;
	struct drm_mockgpu_page before;
	struct drm_mockgpu_page after;
};

/**
 * enum mockgpu_inject - damage on purpose, to see a test fail
 *
 * @MOCKGPU_INJECT_REF_GET: raise the count of @page by one, until REF_PUT or
 *	the end of the buffer; meanwhile the buffer is pinned, one in SYSTEM after it
 *	was brought to GTT. EBUSY if it is
 *	raised already, ENODATA when the buffer has no system pages now.
 * @MOCKGPU_INJECT_REF_PUT: take that back. ENOENT if it was not raised.
 * @MOCKGPU_INJECT_FOREIGN: from now on a fault on @page inserts page
 *	@other_page of buffer @other_handle, which is kept alive and pinned
 *	until the end of the buffer. EINVAL for the same buffer or an
 *	@other_page beyond the end, EBUSY if the buffer has such a page already,
 *	if it lends a page itself or if the other one has a page of a third,
 *	ENODATA when the other one has no system pages now.
 * @MOCKGPU_INJECT_WARN: one WARN() in the kernel log
 */
enum mockgpu_inject {
	MOCKGPU_INJECT_REF_GET = 0,
	MOCKGPU_INJECT_REF_PUT = 1,
	MOCKGPU_INJECT_FOREIGN = 2,
	MOCKGPU_INJECT_WARN = 3,
};

/**
 * struct drm_mockgpu_bo_inject - damage a buffer on purpose
 *
 * @handle: in: GEM handle
 * @op: in: enum mockgpu_inject
 * @page: in: the page, counted from 0; must be 0 for WARN
 * @other_handle: in: for FOREIGN, else 0
 * @flags: in: must be 0
 * @other_page: in: for FOREIGN, else 0
 *
 * The suite's self-test uses it to see its own checks go red.
 *
 * Errors: EPERM without CAP_SYS_ADMIN, EINVAL for a page beyond the end, and
 * those of the operation.
 */
struct drm_mockgpu_bo_inject {
	__u32 handle;
	__u32 op;
	__u64 page;
	__u32 other_handle;
	__u32 flags;
	__u64 other_page;
};

/**
 * MOCKGPU_MOVE_NEW_PAGES - flag of struct drm_mockgpu_bo_move: a buffer that is
 * in GTT already gets other pages there. They are allocated before the old ones
 * are freed, so that every page frame number changes.
 */
#define MOCKGPU_MOVE_NEW_PAGES	0x1

/**
 * struct drm_mockgpu_bo_move - move a buffer
 *
 * @handle: in: GEM handle
 * @placement: in: enum mockgpu_placement
 * @flags: in: MOCKGPU_MOVE_NEW_PAGES, only with MOCKGPU_PLACEMENT_GTT, or 0
 * @reserved: must be 0
 *
 * ttm_bo_validate(): every user mapping goes, MMU notifiers fire, the contents
 * are copied where the pages change, and the next touch maps what is there then.
 * Between GTT and SYSTEM the pages stay the same. Nothing happens where the
 * buffer is in @placement already, without the flag.
 *
 * Errors: EINVAL for an import, whose pages are the exporter's, EBUSY when it is
 * pinned, E2BIG when it is larger than VRAM, EOPNOTSUPP without VRAM, ENOMEM as
 * for BO_CREATE, ENODEV when it is revoked. After an error the buffer is where it
 * was or, for the flag, in GTT, contents unchanged.
 */
struct drm_mockgpu_bo_move {
	__u32 handle;
	__u32 placement;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct drm_mockgpu_bo_swapout - swap this one buffer out
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * ttm_device_swapout(), as under memory pressure: contents go to shmem, pages
 * are freed. One in VRAM is moved to GTT first. One that is swapped out already
 * stays so.
 *
 * Errors: EINVAL for an import, EBUSY when it is pinned, ENOMEM, ENODEV when it is
 * revoked.
 */
struct drm_mockgpu_bo_swapout {
	__u32 handle;
	__u32 flags;
};

/**
 * enum mockgpu_pin_op - what MOCKGPU_BO_PIN does, for who created the buffer
 *
 * @MOCKGPU_PIN: neither moves nor evictions from now on, until UNPIN or the last
 *	handle and mapping are gone. One in SYSTEM is brought to GTT first.
 *	EBUSY if it is pinned by this already.
 * @MOCKGPU_UNPIN: take that back. ENOENT if it was not.
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
 * Errors: those of the operation, EPERM for who did not create the buffer, EINVAL for
 * an import, ENOMEM, ENODEV when it is revoked.
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
 * The buffer gets new pages of that type as by MOCKGPU_MOVE_NEW_PAGES, in GTT. The
 * system pages of one in VRAM will have the type. Nothing happens when it has it now.
 *
 * Errors: EPERM for who did not create the buffer, and as for MOCKGPU_BO_MOVE.
 */
struct drm_mockgpu_bo_set_caching {
	__u32 handle;
	__u32 caching;
	__u32 flags;
	__u32 reserved;
};

/**
 * struct drm_mockgpu_bo_revoke - take a buffer's memory away, for good
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * Every user mapping goes, importers are told, contents and pages are freed.
 * Later touches get SIGBUS; the handle stays. One that is revoked already stays
 * so.
 *
 * Errors: EPERM for who did not create the buffer, EINVAL for an import, EBUSY when it
 * is pinned, ENOMEM.
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
 * Applies from the next fault on: entries that are there stay, see MOCKGPU_BO_ZAP.
 *
 * Errors: EPERM for who did not create the buffer, EINVAL for a bad argument or an
 * import, whose mappings are the exporter's, EOPNOTSUPP for a huge mode on a kernel
 * without huge PFN mappings.
 */
struct drm_mockgpu_bo_set_fault {
	__u32 handle;
	__u32 mode;
	__u32 arg;
	__u32 flags;
};

/**
 * struct drm_mockgpu_bo_copy - let the device copy between two buffers
 *
 * @src: in: GEM handle to read
 * @dst: in: GEM handle to write, another buffer
 * @src_offset: in: bytes
 * @dst_offset: in: bytes
 * @size: in: bytes, not 0
 * @flags: in: must be 0
 * @reserved: must be 0
 *
 * The mock's only engine, there to use buffers as a device does: an import is
 * attached to the device and mapped, a buffer that was swapped out comes back,
 * fences of the dma-buf are waited for, and user mappings stay as they are. It is
 * done when the call returns.
 *
 * Errors: EINVAL for a range that is not inside its buffer or for the same buffer
 * twice, EACCES when @dst was imported from a dma-buf that is for reading, ENODEV when
 * one is revoked, ENOMEM, EOPNOTSUPP for an import whose exporter has no vmap, and
 * what the exporter of an import answers.
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

#define DRM_MOCKGPU_BO_CREATE		0x00
#define DRM_MOCKGPU_BO_MMAP_OFFSET	0x01
#define DRM_MOCKGPU_BO_QUERY		0x02
#define DRM_MOCKGPU_BO_PAGES		0x03
#define DRM_MOCKGPU_BO_ZAP		0x04
#define DRM_MOCKGPU_BO_SNAPSHOT		0x05
#define DRM_MOCKGPU_BO_COMPARE		0x06
#define DRM_MOCKGPU_BO_INJECT		0x07
#define DRM_MOCKGPU_BO_MOVE		0x08
#define DRM_MOCKGPU_BO_SWAPOUT		0x09
#define DRM_MOCKGPU_BO_PIN		0x0a
#define DRM_MOCKGPU_BO_SET_CACHING	0x0b
#define DRM_MOCKGPU_BO_REVOKE		0x0c
#define DRM_MOCKGPU_BO_SET_FAULT	0x0d
/* 0x0e and 0x0f were never given out. */
#define DRM_MOCKGPU_BO_COPY		0x10

#define DRM_IOCTL_MOCKGPU_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_CREATE, struct drm_mockgpu_bo_create)
#define DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_MMAP_OFFSET, struct drm_mockgpu_bo_mmap_offset)
#define DRM_IOCTL_MOCKGPU_BO_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_QUERY, struct drm_mockgpu_bo_query)
#define DRM_IOCTL_MOCKGPU_BO_PAGES \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_PAGES, struct drm_mockgpu_bo_pages)
#define DRM_IOCTL_MOCKGPU_BO_ZAP \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_ZAP, struct drm_mockgpu_bo_zap)
#define DRM_IOCTL_MOCKGPU_BO_SNAPSHOT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_SNAPSHOT, struct drm_mockgpu_bo_snapshot)
#define DRM_IOCTL_MOCKGPU_BO_COMPARE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_COMPARE, struct drm_mockgpu_bo_compare)
#define DRM_IOCTL_MOCKGPU_BO_INJECT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_INJECT, struct drm_mockgpu_bo_inject)
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
#define DRM_IOCTL_MOCKGPU_BO_COPY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_COPY, struct drm_mockgpu_bo_copy)

#if defined(__cplusplus)
}
#endif

#endif /* MOCKGPU_DRM_H */
