/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * mockgpu: the operations that only tests need. They show the state of a buffer's pages
 * and damage it on purpose.
 *
 * The rules of mockgpu_drm.h apply. All calls here need CAP_SYS_ADMIN and check that
 * before anything else: they fail with EPERM without it.
 */
#ifndef MOCKGPU_TEST_H
#define MOCKGPU_TEST_H

#include "mockgpu_drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/*
 * Bits of struct drm_mockgpu_page.flags. A compound page keeps all those after COMPOUND
 * in its first page: they are never set for a later one.
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
/** MOCKGPU_PAGE_MAPPED - the map count is above 0 now (PFN mappings never raise it). */
#define MOCKGPU_PAGE_MAPPED	0x200
/**
 * MOCKGPU_PAGE_NO_STRUCT - no struct page exists (pfn_valid() is false): a page of VRAM in
 * a PCI BAR. Its count is 0, and of the flags only HEAD and TAIL are set.
 */
#define MOCKGPU_PAGE_NO_STRUCT	0x400
/**
 * MOCKGPU_PAGE_DEVICE - a page of ZONE_DEVICE: of VRAM in a PCI BAR that has struct pages
 * (&enum mockgpu_bar_pages). RESERVED is set, too.
 */
#define MOCKGPU_PAGE_DEVICE	0x800

/**
 * struct drm_mockgpu_page - one page of a buffer, as the kernel sees it now
 *
 * @pfn: out: page frame number
 * @count: out: raw reference count of this very struct page, also for the tail of
 *	a compound page, where it is 0
 * @flags: out: MOCKGPU_PAGE_* bits
 * @order: out: order of the block it was allocated in
 * @index: out: index in that block, 0 for the head
 */
struct drm_mockgpu_page {
	__u64 pfn;
	__u32 count;
	__u32 flags;
	__u32 order;
	__u32 index;
};

/**
 * struct drm_mockgpu_bo_pages - look at the pages of a buffer
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 * @first: in: first page, counted from 0
 * @count: in: room at @ptr, in pages; out: pages written there
 * @ptr: in: user pointer to an array of struct drm_mockgpu_page
 * @reserved: must be 0
 *
 * The lock is dropped now and then, so the pages are not a snapshot.
 *
 * Errors: EINVAL for @first beyond the end, ENODATA when the buffer has no pages now.
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
 * struct drm_mockgpu_bo_snapshot - record count and flags of every page
 *
 * @handle: in: GEM handle
 * @flags: in: must be 0
 *
 * Replaces an earlier snapshot of the same buffer.
 *
 * Errors: ENOMEM, ENODATA when the buffer has no pages now.
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
 * @changed: out: number of pages whose count or MOCKGPU_PAGE_* flags differ
 * @first: out: the first of them; undefined when @changed is 0
 * @before: out: that page in the snapshot
 * @after: out: that page now
 *
 * Errors: ENODATA without a snapshot, ESTALE when the buffer has got other pages since.
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
 * enum mockgpu_inject - deliberate damage, to see a test fail
 *
 * @MOCKGPU_INJECT_REF_GET: raise the count of @page by one, until REF_PUT or the end of
 *	the buffer, and pin the buffer meanwhile. One in SYSTEM moves to GTT first. EBUSY
 *	if it is raised already, ENODATA when the buffer has no pages now, EOPNOTSUPP for
 *	a page without a struct page.
 * @MOCKGPU_INJECT_REF_PUT: undo REF_GET. ENOENT if the count was not raised.
 * @MOCKGPU_INJECT_FOREIGN: from now on a fault on @page maps page @other_page of buffer
 *	@other_handle, which stays allocated and pinned until the end of this buffer.
 *	EINVAL for the same buffer or for an @other_page beyond the end; EBUSY if this
 *	buffer has a foreign page or lends one, or if the other one has one; ENODATA
 *	when the other one has no pages now.
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
 * With it the suite's self-test shows that each of its checks can fail.
 *
 * Errors: EINVAL for a page beyond the end, and those of the operation.
 */
struct drm_mockgpu_bo_inject {
	__u32 handle;
	__u32 op;
	__u64 page;
	__u32 other_handle;
	__u32 flags;
	__u64 other_page;
};

#define DRM_MOCKGPU_BO_PAGES		0x03
#define DRM_MOCKGPU_BO_SNAPSHOT		0x05
#define DRM_MOCKGPU_BO_COMPARE		0x06
#define DRM_MOCKGPU_BO_INJECT		0x07

#define DRM_IOCTL_MOCKGPU_BO_PAGES \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_PAGES, struct drm_mockgpu_bo_pages)
#define DRM_IOCTL_MOCKGPU_BO_SNAPSHOT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_SNAPSHOT, struct drm_mockgpu_bo_snapshot)
#define DRM_IOCTL_MOCKGPU_BO_COMPARE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_COMPARE, struct drm_mockgpu_bo_compare)
#define DRM_IOCTL_MOCKGPU_BO_INJECT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_MOCKGPU_BO_INJECT, struct drm_mockgpu_bo_inject)

#if defined(__cplusplus)
}
#endif

#endif /* MOCKGPU_TEST_H */
