/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mockgpu: a GPU driver without a GPU. Its buffers are TTM buffer objects made
 * of the same kind of pages as amdgpu's; see uapi/mockgpu_drm.h for the
 * interface and driver/mockgpu_ttm.c for how they hang together.
 *
 * Locks, outer first: mockgpu_device.plug_lock, mmap_lock, mockgpu_device.inject_lock
 * or swap_lock, the reservation of one buffer object (tbo.base.resv). "Locked" below
 * means the last one; functions that need it assert it (dma_resv_assert_held()).
 */
#ifndef MOCKGPU_H
#define MOCKGPU_H

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "mockgpu_compat.h"
#include "mockgpu_drm.h"

struct dentry;
struct dma_buf;
struct drm_minor;
struct drm_printer;
struct file;
struct iosys_map;
struct page;
struct task_struct;
struct vm_area_struct;
struct vm_fault;

/* Loops over a buffer's pages let others run after so many. */
#define MOCKGPU_RESCHED_PAGES	4096

/* VRAM is made of blocks of 2 MiB. */
#define MOCKGPU_VRAM_ORDER	get_order(SZ_2M)

/**
 * struct mockgpu_vram - the carve-out that stands for the GPU's memory
 * @npages: its size; 0 without VRAM
 * @pages: its pages
 * @vaddr: where they are mapped in a row
 */
struct mockgpu_vram {
	unsigned long npages;
	struct page **pages;
	u8 *vaddr;
};

/**
 * struct mockgpu_device - a mock GPU
 * @drm: the DRM device: primary and render node
 * @ttm: the TTM device
 * @node: the plain node /dev/mockgpu; of the first device only
 * @index: which device it is, from 0
 * @plug_lock: orders coming to user space and being taken away from it
 * @plugged: user space has the device; needs plug_lock
 * @has_node: and @node; needs plug_lock
 * @pages_max: what all buffers together may be charged for: half of RAM, in pages
 * @pages: system pages they are charged for; blocks count whole
 * @charged: @pages and what the kernel keeps about the buffers
 * @bos: buffer objects that exist
 * @ids: source of mockgpu_bo.id
 * @list: all buffer objects, by mockgpu_bo.link
 * @list_lock: protects @list; innermost, but for trylocks of reservations
 * @populated: system pages that they have now: none for what is swapped out
 * @generation: source of mockgpu_bo_generation()
 * @vram: VRAM
 * @inject_lock: orders the making and unmaking of foreign pages
 * @swap_lock: one swapout by ioctl at a time
 * @swap_task: who does one, or NULL; written with swap_lock
 * @swap_bo: of which buffer; for swap_task only
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
	struct mutex inject_lock;	/* foreign pages */
	struct mutex swap_lock;		/* swap_task */
	struct task_struct *swap_task;
	struct mockgpu_bo *swap_bo;
};

/**
 * struct mockgpu_bo_desc - what a buffer is to be
 * @size: bytes
 * @kind: enum mockgpu_kind
 * @order: block order
 * @caching: enum mockgpu_caching of its system pages
 * @placement: enum mockgpu_placement to make it in
 * @flags: MOCKGPU_BO_PAGE_MAPPING
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
 * struct mockgpu_fault_config - how page faults are answered
 * @mode: enum mockgpu_fault_mode
 * @arg: its argument
 */
struct mockgpu_fault_config {
	u32 mode;
	u32 arg;
};

/**
 * struct mockgpu_foreign - a page of another buffer, to be inserted by mistake
 * @bo: the other buffer, referenced and pinned; NULL without such a page
 * @page: index of its page
 * @at: index of our page in whose place it is inserted
 */
struct mockgpu_foreign {
	struct mockgpu_bo *bo;
	unsigned long page;
	unsigned long at;
};

/**
 * struct mockgpu_bo - a buffer object
 * @tbo: the TTM buffer object, in it the GEM object
 * @id: number in the device, for debugfs and tracepoints; constant
 * @link: in mockgpu_device.list
 * @desc: what it was asked to be; constant but for the caching, which needs the
 *	lock
 * @owner: mockgpu_client() that made it, or 0; constant once it has a handle
 * @charge: pages it is charged for in mockgpu_device.pages, 0 when it is revoked
 * @overhead: the rest of what it is charged for in mockgpu_device.charged
 * @parent: whose lock it shares, referenced, or NULL; constant
 * @fault: how faults are answered: mockgpu_bo_fault(); written with the lock
 * @fault_seq: faults that came in the failing modes; needs the lock
 * @faults: page faults answered
 * @zaps: times MOCKGPU_BO_ZAP was called
 * @maps: user mappings (areas) of the buffer
 * @upgrades: read-only entries made writable
 * @moves: times it got another place or other pages; needs the lock
 * @swapouts: times TTM set about swapping it out; needs the lock
 * @flushes: times the cache was flushed for it, see mockgpu_bo_flush(); needs the lock
 * @vram_generation: of its pages in VRAM, see mockgpu_bo_generation(); needs the
 *	lock
 * @placed: TTM has given it its first place; needs the lock
 * @pinned: by MOCKGPU_BO_PIN; needs the lock
 * @revoked: for good; needs the lock
 * @dmabuf: the dma-buf it is exported as, or NULL; needs the lock
 * @import: the foreign dma-buf whose memory it is, or NULL; constant
 * @notifies: times attached importers were told to forget its addresses, or
 *	for an import: times it was told so
 * @snapshot: last snapshot or NULL; needs the lock
 * @raised: pages whose count is raised on purpose, by index: the buffer's own references
 *	(0 or 1); needs the lock
 * @foreign: a page of another buffer; written with inject_lock and the lock
 * @lent: how many other buffers have a page of this one as foreign page; needs
 *	inject_lock
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
	u32 flushes;
	u64 vram_generation;
	bool placed;
	bool pinned;
	bool revoked;
	struct dma_buf *dmabuf;
	struct dma_buf *import;
	atomic64_t notifies;
	struct mockgpu_snapshot *snapshot;
	struct xarray raised;
	struct mockgpu_foreign foreign;
	unsigned int lent;
};

/**
 * struct mockgpu_tt - the system pages of a buffer object
 * @ttm: TTM's part; for an import the addresses of its pages for the device
 * @bo: the buffer object it was made for
 * @kind: where the pages come from
 * @order: block order of the own kinds
 * @mapping: what page->mapping is set to, or NULL
 * @revoked: there must be no pages any more
 * @flushed: what the kernel wrote to the pages at first is in memory, see
 *	mockgpu_bo_flush_new()
 * @generation: changes each time other pages came; unique in the device
 * @heads: for MOCKGPU_KIND_TTM: one bit per page, set where a block begins
 */
struct mockgpu_tt {
	struct ttm_tt ttm;
	struct mockgpu_bo *bo;
	u32 kind;
	u32 order;
	struct address_space *mapping;
	bool revoked;
	bool flushed;
	u64 generation;
	unsigned long *heads;
};

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

/**
 * mockgpu_bo_fault - how page faults on a buffer are answered
 * @bo: the buffer; needs no lock
 *
 * Mode and argument are one word, so that nobody sees the one with the other's
 * predecessor.
 *
 * Return: both.
 */
static inline struct mockgpu_fault_config mockgpu_bo_fault(const struct mockgpu_bo *bo)
{
	u64 fault = READ_ONCE(bo->fault);

	return (struct mockgpu_fault_config) {
		.mode = lower_32_bits(fault),
		.arg = upper_32_bits(fault),
	};
}

/**
 * mockgpu_bo_set_fault - set how page faults on a buffer are answered
 * @bo: the buffer, locked or not known to anybody else yet
 * @config: mode and argument, which mockgpu_fault_check() has accepted
 */
static inline void mockgpu_bo_set_fault(struct mockgpu_bo *bo,
					struct mockgpu_fault_config config)
{
	WRITE_ONCE(bo->fault, (u64)config.arg << 32 | config.mode);
}

static inline struct mockgpu_tt *to_mockgpu_tt(struct ttm_tt *ttm)
{
	return container_of(ttm, struct mockgpu_tt, ttm);
}

static inline struct mockgpu_device *mockgpu_bo_device(struct mockgpu_bo *bo)
{
	return to_mockgpu_device(bo->tbo.base.dev);
}

/* A number for each opening of the device, never 0: set in mockgpu_open_client(). */
static inline unsigned long mockgpu_client(const struct drm_file *file)
{
	return (unsigned long)file->driver_priv;
}

static inline unsigned long mockgpu_bo_npages(struct mockgpu_bo *bo)
{
	return bo->tbo.base.size >> PAGE_SHIFT;
}

/* access.c */
int mockgpu_vm_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
		      int len, int write);

/* backing.c */
u32 mockgpu_bo_placement(struct mockgpu_bo *bo);
struct page **mockgpu_bo_pages(struct mockgpu_bo *bo);
pgprot_t mockgpu_bo_prot(struct mockgpu_bo *bo, pgprot_t prot);
void mockgpu_bo_block(struct mockgpu_bo *bo, unsigned long page, u32 *order,
		      u32 *index);
u64 mockgpu_bo_generation(struct mockgpu_bo *bo);

/* bo.c */
const char *mockgpu_kind_name(u32 kind);
int mockgpu_kind_parse(const char *name);
int mockgpu_bo_desc_check(struct mockgpu_device *mdev,
			  const struct mockgpu_bo_desc *desc);
struct mockgpu_bo *mockgpu_bo_create(struct mockgpu_device *mdev,
				     const struct mockgpu_bo_desc *desc,
				     struct mockgpu_bo *parent, bool interruptible);
struct mockgpu_bo *mockgpu_bo_create_import(struct mockgpu_device *mdev,
					    struct dma_buf *dmabuf);
struct mockgpu_bo *mockgpu_bo_lookup(struct drm_file *file, u32 handle);
struct mockgpu_bo *mockgpu_bo_lookup_locked(struct drm_file *file, u32 handle);
struct mockgpu_bo *mockgpu_bo_lookup_owned(struct drm_file *file, u32 handle);
void mockgpu_bo_put(struct mockgpu_bo *bo);
void mockgpu_bo_put_locked(struct mockgpu_bo *bo);
int mockgpu_bo_lock(struct mockgpu_bo *bo);
void mockgpu_bo_unlock(struct mockgpu_bo *bo);
bool mockgpu_bo_is_ours(const struct ttm_buffer_object *tbo);

/* caching.c */
int mockgpu_pages_set_caching(struct page **pages, unsigned long npages,
			      enum ttm_caching caching);
void mockgpu_pages_reset_caching(struct page **pages, unsigned long npages,
				 enum ttm_caching caching);
void mockgpu_bo_flush(struct mockgpu_bo *bo);
void mockgpu_bo_flush_new(struct mockgpu_bo *bo);

/* charge.c */
int mockgpu_bo_charge(struct mockgpu_device *mdev, struct mockgpu_bo *bo);
void mockgpu_bo_uncharge_pages(struct mockgpu_bo *bo);
void mockgpu_bo_uncharge(struct mockgpu_bo *bo);

/* copy.c */
int mockgpu_bo_copy_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);

/* debugfs.c */
void mockgpu_debugfs_init(struct drm_minor *minor);

/* dmabuf.c */
struct dma_buf *mockgpu_dmabuf_export(struct drm_gem_object *gem, int flags);
struct drm_gem_object *mockgpu_dmabuf_own(struct drm_device *drm,
					  struct dma_buf *dmabuf);
void mockgpu_dmabuf_notify_move(struct mockgpu_bo *bo);

/* drv.c */
void mockgpu_device_unplug(struct mockgpu_device *mdev);

/* entry.c */
void mockgpu_entry_debugfs_init(struct dentry *root);

/* fail.c */
void mockgpu_fail_init(void);
void mockgpu_fail_fini(void);
void mockgpu_fail_debugfs_init(struct dentry *root);
bool mockgpu_should_fail(const char *point);

/* fault.c */
extern const struct vm_operations_struct mockgpu_vm_ops;
const struct vm_operations_struct *mockgpu_bo_vm_ops(struct mockgpu_bo *bo);
int mockgpu_fault_check(u32 mode, u32 arg);
int mockgpu_bo_set_fault_ioctl(struct drm_device *drm, void *data,
			       struct drm_file *file);

/* huge.c */
vm_fault_t mockgpu_huge_fault(struct vm_fault *vmf, unsigned int order);
unsigned long mockgpu_get_unmapped_area(struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags);

/* fdinfo.c */
void mockgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file);

/* gem.c */
extern const struct drm_gem_object_funcs mockgpu_gem_funcs;
int mockgpu_bo_vmap(struct mockgpu_bo *bo, struct iosys_map *map);
void mockgpu_bo_vunmap(struct mockgpu_bo *bo, struct iosys_map *map);
void mockgpu_map_to_iomem(struct mockgpu_bo *bo, struct iosys_map *map);

/* import.c */
struct drm_gem_object *mockgpu_import(struct drm_device *drm,
				      struct dma_buf *dmabuf);
void mockgpu_import_release(struct mockgpu_bo *bo);
int mockgpu_import_populate(struct mockgpu_tt *tt);
void mockgpu_import_unpopulate(struct mockgpu_tt *tt);
bool mockgpu_import_is_writable(const struct mockgpu_bo *bo);
int mockgpu_import_mmap(struct mockgpu_bo *bo, struct vm_area_struct *vma);

/* inject.c */
int mockgpu_bo_inject_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);
void mockgpu_inject_release(struct mockgpu_bo *bo);

/* ioctl.c */
int mockgpu_bo_create_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);
int mockgpu_bo_mmap_offset_ioctl(struct drm_device *drm, void *data,
				 struct drm_file *file);
int mockgpu_bo_query_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int mockgpu_bo_zap_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file);

/* move.c */
int mockgpu_bo_movable(struct mockgpu_bo *bo);
int mockgpu_bo_validate(struct mockgpu_bo *bo, u32 where);
int mockgpu_bo_move_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file);
int mockgpu_bo_set_caching_ioctl(struct drm_device *drm, void *data,
				 struct drm_file *file);

/* node.c */
int mockgpu_node_check(struct mockgpu_device *mdev);
void mockgpu_node_register(struct mockgpu_device *mdev);
void mockgpu_node_unregister(struct mockgpu_device *mdev);

/* observe.c */
int mockgpu_bo_pages_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file);
int mockgpu_bo_snapshot_ioctl(struct drm_device *drm, void *data,
			      struct drm_file *file);
int mockgpu_bo_compare_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file);

void mockgpu_snapshot_free(struct mockgpu_snapshot *snapshot);

/* pages.c */
struct page *mockgpu_block_alloc(u32 kind, u32 order);
void mockgpu_block_free(u32 kind, u32 order, struct page *head);
int mockgpu_pages_alloc(struct mockgpu_tt *tt);
void mockgpu_pages_free(struct mockgpu_tt *tt);
int mockgpu_pages_record(struct mockgpu_tt *tt);
void mockgpu_pages_forget(struct mockgpu_tt *tt);
void mockgpu_pages_block(struct mockgpu_tt *tt, unsigned long page, u32 *order,
			 u32 *index);

/* pin.c */
int mockgpu_bo_pin_placed(struct mockgpu_bo *bo);
int mockgpu_bo_pin_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file);
void mockgpu_pin_release(struct mockgpu_bo *bo);

/* revoke.c */
int mockgpu_bo_revoke_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file);

/* swap.c */
bool mockgpu_swap_is_for(struct mockgpu_device *mdev,
			 struct ttm_buffer_object **tbo);
int mockgpu_bo_swapout_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file);

/* tt.c */
struct ttm_tt *mockgpu_tt_create(struct ttm_buffer_object *tbo, u32 page_flags);
void mockgpu_tt_destroy(struct ttm_device *bdev, struct ttm_tt *ttm);
int mockgpu_tt_populate(struct ttm_device *bdev, struct ttm_tt *ttm,
			struct ttm_operation_ctx *ctx);
void mockgpu_tt_unpopulate(struct ttm_device *bdev, struct ttm_tt *ttm);

/* ttm.c */
int mockgpu_ttm_init(struct mockgpu_device *mdev);
void mockgpu_ttm_placement(struct ttm_placement *placement, u32 where);

/* vram.c */
int mockgpu_vram_init(struct mockgpu_device *mdev);
void mockgpu_vram_fini(struct mockgpu_device *mdev);
unsigned long mockgpu_vram_used(struct mockgpu_device *mdev);
int mockgpu_vram_check(struct mockgpu_device *mdev, u64 size);
struct page **mockgpu_vram_pages(struct mockgpu_device *mdev,
				 const struct ttm_resource *res);
void mockgpu_vram_clear(struct mockgpu_device *mdev,
			const struct ttm_resource *res, size_t size);
u32 mockgpu_vram_caching(void);
int mockgpu_vram_io_mem_reserve(struct ttm_device *bdev, struct ttm_resource *res);
unsigned long mockgpu_vram_io_mem_pfn(struct ttm_buffer_object *tbo,
				      unsigned long page);
int mockgpu_vram_access(struct mockgpu_bo *bo, unsigned long offset, void *buf,
			int len, int write);

#endif /* MOCKGPU_H */
