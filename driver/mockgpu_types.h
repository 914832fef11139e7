/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The objects of mockgpu, a GPU driver without a GPU: devices, buffer objects and
 * their system pages. mockgpu_ttm.c explains how they fit together, and
 * uapi/mockgpu_drm.h what user space sees of them.
 *
 * The files, each above those it calls:
 *   mockgpu_drv                        the module and its DRM driver
 *   mockgpu_debugfs, mockgpu_ioctl     what user space sees besides mappings
 *   mockgpu_pci                        the device whose VRAM is a PCI BAR
 *   mockgpu_device                     the life of a device
 *   mockgpu_pm                         the host sleeps
 *   mockgpu_ttm, mockgpu_node          TTM's callbacks; /dev/mockgpu
 *   mockgpu_move                       moving, pinning, swapping out, revoking
 *   mockgpu_blit                       how contents move, at once or by the engine
 *   mockgpu_gem                        creation and end of buffers
 *   mockgpu_shrink                     memory pressure: backing buffers up
 *   mockgpu_vm, mockgpu_vm_huge        user mappings
 *   mockgpu_copy, mockgpu_submit, mockgpu_test_inject, mockgpu_test_observe
 *   mockgpu_vmap, mockgpu_prime        kernel mappings; dma-bufs
 *   mockgpu_poison                     failing pages of a BAR
 *   mockgpu_bo                         lookup, lock, placement, pages of a buffer
 *   mockgpu_visible                    VRAM that the CPU cannot access
 *   mockgpu_power                      D3 and reset of the device
 *   mockgpu_vram                       VRAM
 *   mockgpu_dmem                       VRAM in cgroups
 *   mockgpu_buddy                      its blocks
 *   mockgpu_bar, mockgpu_bar_pages, mockgpu_pages, mockgpu_userptr
 *                                      where pages come from
 *   mockgpu_engine                     jobs that run later, and their fences
 *   mockgpu_extent                     where in VRAM a buffer is
 *   mockgpu_test_fail                  fault injection
 *
 * Lock order, outermost first:
 *   the chain of power management's notifiers
 *   mockgpu_device.plug_lock
 *   mockgpu_userptr.lock
 *   mmap_lock
 *   mockgpu_device.inject_lock, mockgpu_device.swap_lock
 *   the reservation of one buffer object (tbo.base.resv), or in mockgpu_submit.c of several,
 *	with a ticket
 *   mockgpu_device.list_lock, which only takes reservations by trylock
 *   mockgpu_buddy.lock
 *   reclaim and MMU notifiers
 *   mockgpu_device.user_lock
 *   mockgpu_engine.lock
 *
 * A buffer object is "locked" when its reservation is held. Functions that need it
 * assert it with dma_resv_assert_held().
 */
#ifndef MOCKGPU_TYPES_H
#define MOCKGPU_TYPES_H

#include <linux/atomic.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "mockgpu_compat.h"
#include "mockgpu_drm.h"
#include "mockgpu_test.h"

#ifndef CONFIG_64BIT
#error "mockgpu needs a 64-bit kernel: an unsigned long holds sizes and offsets of buffers"
#endif

struct dma_buf;
struct mockgpu_buddy;
struct mockgpu_snapshot;
struct mockgpu_userptr;
struct page;
struct shrinker;
struct task_struct;
struct workqueue_struct;

/* Loops over the pages of a buffer reschedule once in this many. */
#define MOCKGPU_RESCHED_PAGES	4096

/**
 * struct mockgpu_vram_places - where in VRAM TTM may put a buffer
 * @any: anywhere, if possible where the CPU cannot access it
 * @visible: where the CPU can
 * @hidden: where the CPU cannot
 * @to_visible: @visible if there is room, else GTT
 * @to_hidden: @hidden if there is room, else GTT
 *
 * The last three are not set when the CPU can access all of VRAM.
 */
struct mockgpu_vram_places {
	struct ttm_place any;
	struct ttm_place visible;
	struct ttm_place hidden;
	struct ttm_place to_visible[2];
	struct ttm_place to_hidden[2];
};

/**
 * struct mockgpu_vram - the GPU's own memory
 * @source: enum mockgpu_vram_source: what it is
 * @npages: its size in pages, 0 without VRAM
 * @visible: how many of them the CPU can access, from the first
 * @places: parts of it
 * @buddy: who manages it in blocks, or NULL when every buffer is in one run
 * @pages: the pages of a carve-out; NULL for what has no struct pages of the kernel's
 * @pfn: page frame number of its first page, where @pages is NULL
 * @bar_pages: enum mockgpu_bar_pages: what struct pages a BAR has, while the device is plugged
 * @map: a contiguous kernel mapping of all of it
 * @caching: memory type of the CPU's mappings
 */
struct mockgpu_vram {
	u32 source;
	unsigned long npages;
	unsigned long visible;
	struct mockgpu_vram_places places;
	struct mockgpu_buddy *buddy;
	struct page **pages;
	unsigned long pfn;
	u32 bar_pages;
	struct iosys_map map;
	enum ttm_caching caching;
};

/**
 * struct mockgpu_engine - what runs jobs, one after the other
 * @queue: the jobs, in the order of their fences
 * @context: the timeline of the fences
 * @lock: protects @seqno and @lost, and makes @seqno follow the order of @queue
 * @seqno: number of the last fence
 * @lost: number of the last fence before the last reset; written under @lock
 * @jobs: jobs that have not ended
 * @holds: files that hold the engine: no job ends while there are any
 * @rushes: who cannot wait for those files, see mockgpu_engine_rush()
 * @is_free: @holds and delays have no effect any more, since the device is unplugged
 * @released: where a held or delayed job waits
 */
struct mockgpu_engine {
	struct workqueue_struct *queue;
	u64 context;
	spinlock_t lock;		/* seqno, lost, order of queue */
	u64 seqno;
	u64 lost;
	atomic_t jobs;
	atomic_t holds;
	atomic_t rushes;
	bool is_free;
	wait_queue_head_t released;
};

/**
 * struct mockgpu_shrink - what memory pressure does to a device's buffers
 * @possible: TTM can back its pages up; constant
 * @shrinker: asks for their memory, or NULL
 * @backable: pages that it may back up
 * @purgeable: pages that it may discard
 * @scans: how often it was asked
 * @backed_up: pages that were backed up, also on request of user space
 * @purged: pages that it has discarded
 * @interrupted: restores that a signal has interrupted, to be continued later
 */
struct mockgpu_shrink {
	bool possible;
	struct shrinker *shrinker;
	atomic_long_t backable;
	atomic_long_t purgeable;
	atomic_long_t scans;
	atomic_long_t backed_up;
	atomic_long_t purged;
	atomic_long_t interrupted;
};

/**
 * struct mockgpu_device - a mock GPU
 * @drm: the DRM device, with a primary and a render node
 * @ttm: the TTM device
 * @node: the plain node /dev/mockgpu; only the first device has one
 * @index: number of the device, from 0
 * @plug_lock: serialises registering and unplugging
 * @plugged: the DRM device is registered; protected by @plug_lock
 * @has_node: @node is registered; protected by @plug_lock
 * @pages_max: most pages that all buffers together may be charged for
 * @pages: system pages that they are charged for; the last block counts in full
 * @charged: @pages plus the kernel memory that describes the buffers, and the old pages of
 *	moves that the engine has yet to do (mockgpu_tt.charge), in pages
 * @bos: number of buffer objects
 * @ids: source of mockgpu_bo.id
 * @list: all published buffer objects, by mockgpu_bo.link
 * @list_lock: protects @list
 * @populated: system pages that buffers have now; swapped-out ones have none, and of those that
 *	were backed up in part, nothing counts
 * @generation: source of mockgpu_backing.generation
 * @vram: VRAM
 * @engine: what copies and clears while nobody waits
 * @shrink: memory pressure
 * @pm: called before the host sleeps
 * @asleep: 1 while the device is in D3, see mockgpu_power_d3()
 * @wakes: how often a page fault has woken it
 * @resets: resets of the GPU
 * @inject_lock: serialises setting and clearing of mockgpu_bo.foreign
 * @user_lock: protects mockgpu_userptr.seq, and the time between a look at it and the fence of
 *	what relies on it
 * @swap_lock: allows one MOCKGPU_BO_SWAPOUT at a time
 * @swap_task: the task that runs it, or NULL; written under @swap_lock
 * @swap_bo: the buffer that it swaps out; for @swap_task only
 */
struct mockgpu_device {
	struct drm_device drm;
	struct ttm_device ttm;
	struct miscdevice node;
	unsigned int index;
	struct mutex plug_lock;		/* plugged, has_node */
	bool plugged;
	bool has_node;
	unsigned long pages_max;
	atomic_long_t pages;
	atomic_long_t charged;
	atomic_t bos;
	atomic64_t ids;
	struct list_head list;
	struct mutex list_lock;		/* list */
	atomic_long_t populated;
	atomic64_t generation;
	struct mockgpu_vram vram;
	struct mockgpu_engine engine;
	struct mockgpu_shrink shrink;
	struct notifier_block pm;
	atomic_t asleep;
	atomic_t wakes;
	atomic_t resets;
	struct mutex inject_lock;	/* foreign pages */
	struct mutex user_lock;		/* pages of user memory */
	struct mutex swap_lock;		/* swap_task */
	struct task_struct *swap_task;
	struct mockgpu_bo *swap_bo;
};

/**
 * struct mockgpu_bo_desc - what user space asks of a buffer
 * @size: bytes
 * @kind: enum mockgpu_kind
 * @order: block order
 * @caching: enum mockgpu_caching of the system pages
 * @placement: enum mockgpu_placement to create it in
 * @flags: MOCKGPU_BO_PAGE_MAPPING, MOCKGPU_BO_CPU_ACCESS, MOCKGPU_BO_DISCARDABLE,
 *	MOCKGPU_BO_HUGE_PUD, MOCKGPU_BO_CONTIGUOUS
 */
struct mockgpu_bo_desc {
	u64 size;
	u32 kind;
	u32 order;
	u32 caching;
	u32 placement;
	u32 flags;
};

/**
 * struct mockgpu_foreign - another buffer's page, to be mapped on purpose
 * @bo: the other buffer, referenced and pinned, or NULL
 * @page: index of its page
 * @at: index of our page that it replaces
 */
struct mockgpu_foreign {
	struct mockgpu_bo *bo;
	unsigned long page;
	unsigned long at;
};

/**
 * struct mockgpu_bo - a buffer object
 * @tbo: the TTM buffer object, which contains the GEM object
 * @id: number in the device, for debugfs and tracepoints; constant
 * @link: in mockgpu_device.list
 * @desc: what user space asked for; constant, but caching and MOCKGPU_BO_CPU_ACCESS are
 *	protected by the lock
 * @owner: mockgpu_client() that created it, or 0; constant once it has a handle
 * @charge: its share of mockgpu_device.pages; 0 once it is revoked
 * @overhead: the rest of its share of mockgpu_device.charged
 * @parent: the buffer whose reservation it shares, referenced, or NULL; constant
 * @fault: how page faults are handled, see mockgpu_bo_fault(); written under the lock
 * @fault_seq: faults in the modes that fail every n-th; protected by the lock
 * @faults: page faults handled
 * @zaps: calls of MOCKGPU_BO_ZAP
 * @maps: VMAs that map the buffer
 * @upgrades: read-only entries made writable
 * @moves: changes of placement or of pages; protected by the lock
 * @swapouts: attempts of TTM to swap it out; protected by the lock
 * @discards: attempts of TTM to discard its memory; protected by the lock
 * @flushes: cache flushes, see mockgpu_bo_flush(); protected by the lock
 * @vram_generation: generation of its pages in VRAM; protected by the lock
 * @bar_pfn: page frame number of its first page in a BAR, or 0; written under the lock
 * @placed: TTM has given it a first placement; protected by the lock
 * @discarded: TTM has begun to discard it since the last move; protected by the lock
 * @can_back_up: system pages that it gets can be backed up; protected by the lock
 * @pinned: by MOCKGPU_BO_PIN; protected by the lock
 * @revoked: for good; protected by the lock
 * @dmabuf: the dma-buf that exports it, or NULL; protected by the lock
 * @import: the foreign dma-buf whose memory it is, or NULL; constant
 * @userptr: the memory of a process that it is, or NULL; constant
 * @notifies: times its importers were told to drop their addresses or, for an
 *	import, times the exporter told us
 * @snapshot: last snapshot or NULL; protected by the lock
 * @raised: pages with a reference added on purpose, by index; the value is the number
 *	of references the buffer itself holds (0 or 1); protected by the lock
 * @foreign: another buffer's page; written under inject_lock and the lock
 * @lent: number of buffers whose @foreign is this one; protected by inject_lock
 */
struct mockgpu_bo {
	struct ttm_buffer_object tbo;
	u64 id;
	struct list_head link;
	struct mockgpu_bo_desc desc;
	unsigned long owner;
	unsigned long charge;
	unsigned long overhead;
	struct mockgpu_bo *parent;
	u64 fault;
	u32 fault_seq;
	atomic64_t faults;
	atomic64_t zaps;
	atomic_t maps;
	atomic_t upgrades;
	u32 moves;
	u32 swapouts;
	u32 discards;
	u32 flushes;
	u64 vram_generation;
	unsigned long bar_pfn;
	bool placed;
	bool discarded;
	bool can_back_up;
	bool pinned;
	bool revoked;
	struct dma_buf *dmabuf;
	struct dma_buf *import;
	struct mockgpu_userptr *userptr;
	atomic64_t notifies;
	struct mockgpu_snapshot *snapshot;
	struct xarray raised;
	struct mockgpu_foreign foreign;
	unsigned int lent;
};

/**
 * struct mockgpu_tt - the system pages of a buffer object
 * @ttm: TTM's part; for an import the device's addresses of the exporter's pages
 * @bo: the buffer object, or NULL if it was made for a ghost object of TTM's; a ghost that
 *	takes it over keeps @bo alive
 * @kind: enum mockgpu_kind
 * @order: block order, for the driver's own kinds
 * @mapping: what page->mapping is set to, or NULL
 * @revoked: populating it fails from now on
 * @purgeable: the shrinker may discard its contents
 * @purged: backed up without contents
 * @flushed: the kernel's first writes to the pages have reached memory, see
 *	mockgpu_bo_flush_new()
 * @generation: changes with the pages; unique in the device
 * @heads: for MOCKGPU_KIND_TTM: a bit for each page, set where a block begins
 * @charge: its share of mockgpu_device.charged while a ghost object has it
 *
 * Protected by the lock of @bo.
 */
struct mockgpu_tt {
	struct ttm_tt ttm;
	struct mockgpu_bo *bo;
	u32 kind;
	u32 order;
	struct address_space *mapping;
	bool revoked;
	bool purgeable;
	bool purged;
	bool flushed;
	u64 generation;
	unsigned long *heads;
	unsigned long charge;
};

/* Whether a tt has device addresses of somebody else's pages instead of pages. */
static inline bool mockgpu_tt_is_import(const struct ttm_tt *ttm)
{
	return (ttm->page_flags & (TTM_TT_FLAG_EXTERNAL | TTM_TT_FLAG_EXTERNAL_MAPPABLE)) ==
	       TTM_TT_FLAG_EXTERNAL;
}

static inline struct mockgpu_device *to_mockgpu_device(struct drm_device *drm)
{
	return container_of(drm, struct mockgpu_device, drm);
}

static inline struct mockgpu_device *ttm_to_mockgpu_device(struct ttm_device *bdev)
{
	return container_of(bdev, struct mockgpu_device, ttm);
}

static inline struct mockgpu_bo *to_mockgpu_bo(struct ttm_buffer_object *tbo)
{
	return container_of(tbo, struct mockgpu_bo, tbo);
}

static inline struct mockgpu_bo *gem_to_mockgpu_bo(struct drm_gem_object *gem)
{
	return container_of(gem, struct mockgpu_bo, tbo.base);
}

static inline struct mockgpu_tt *to_mockgpu_tt(struct ttm_tt *ttm)
{
	return container_of(ttm, struct mockgpu_tt, ttm);
}

static inline struct mockgpu_device *mockgpu_bo_device(struct mockgpu_bo *bo)
{
	return to_mockgpu_device(bo->tbo.base.dev);
}

/* Whether its memory is not the driver's: an import or user memory. */
static inline bool mockgpu_bo_is_external(const struct mockgpu_bo *bo)
{
	return bo->tbo.type == ttm_bo_type_sg;
}

static inline unsigned long mockgpu_bo_npages(struct mockgpu_bo *bo)
{
	return bo->tbo.base.size >> PAGE_SHIFT;
}

/* A number for each open DRM file, never 0: mockgpu_open_client() sets it. */
static inline unsigned long mockgpu_client(const struct drm_file *file)
{
	return (unsigned long)file->driver_priv;
}

#endif /* MOCKGPU_TYPES_H */
