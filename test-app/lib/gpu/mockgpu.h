/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device library: uapi/mockgpu_drm.h as C functions, over libdrm.
 *
 * Functions that return int give 0 (or what is said) for success and a negative
 * errno for failure; nothing is printed. EINTR and EAGAIN never come back, since
 * drmIoctl() repeats. Nothing here is locked: one buffer, one thread at a time.
 */
#ifndef MOCKGPU_LIB_H
#define MOCKGPU_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mockgpu_drm.h"
#include "mockgpu_test.h"

/** MOCKGPU_NODE - the plain node: its mmap at offset 0 gives a buffer. */
#define MOCKGPU_NODE "/dev/mockgpu"

/** MOCKGPU_PARAMETERS - the module's parameters, a file for each */
#define MOCKGPU_PARAMETERS "/sys/module/mockgpu/parameters/"

/**
 * struct mockgpu_bo - a buffer object of this process
 * @fd: the DRM file it was made with; not owned
 * @handle: its GEM handle there, 0 after mockgpu_bo_destroy()
 * @size: bytes
 * @kind: enum mockgpu_kind
 * @order: block order, 0 for MOCKGPU_KIND_TTM
 * @caching: enum mockgpu_caching
 * @map: where all of it is mapped, or NULL
 */
struct mockgpu_bo {
	int fd;
	uint32_t handle;
	uint64_t size;
	uint32_t kind;
	uint32_t order;
	uint32_t caching;
	void *map;
};

/**
 * mockgpu_open - open the render node
 * @why: out: on failure one sentence for people, with what to do about it;
 *	may be NULL
 * @size: room at @why in bytes
 *
 * Return: a file descriptor to be closed with close(), or a negative errno:
 * ENODEV when the module is not loaded or its device is gone, EACCES without the rights,
 * EMFILE and the like.
 */
int mockgpu_open(char *why, size_t size);

/**
 * mockgpu_open_peer - open the render node of the second device
 *
 * Return: as mockgpu_open(): ENODEV when the module was loaded without devices=2.
 */
int mockgpu_open_peer(void);

/**
 * mockgpu_node_open - open the plain node
 * @flags: O_RDWR or O_RDONLY
 * @bytes: out: size of its buffer; may be NULL
 * @why: as for mockgpu_open()
 * @size: as for mockgpu_open()
 *
 * Return: as mockgpu_open().
 */
int mockgpu_node_open(int flags, uint64_t *bytes, char *why, size_t size);

/**
 * mockgpu_get_param - DRM_IOCTL_MOCKGPU_GET_PARAM
 * @fd: from mockgpu_open()
 * @param: enum mockgpu_param
 * @value: out
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_get_param(int fd, uint32_t param, uint64_t *value);

/**
 * mockgpu_supports - whether a bit mask of MOCKGPU_GET_PARAM has a bit
 * @fd: from mockgpu_open()
 * @param: MOCKGPU_PARAM_KINDS, _CACHINGS, _PLACEMENTS or _FAULT_MODES
 * @what: enum mockgpu_kind and so on
 *
 * Return: true when it has; false also when it cannot be read.
 */
bool mockgpu_supports(int fd, uint32_t param, uint32_t what);

/**
 * mockgpu_bo_make - make a buffer with all that the driver offers
 * @fd: from mockgpu_open()
 * @want: what it shall be; @want->handle is 0
 * @bo: out; @bo->handle is 0 on failure
 *
 * For a buffer that a guest is given there is vm_buffer_make().
 *
 * Return: 0 or a negative errno of DRM_IOCTL_MOCKGPU_BO_CREATE.
 */
int mockgpu_bo_make(int fd, const struct drm_mockgpu_bo_create *want,
		    struct mockgpu_bo *bo);

/**
 * mockgpu_bo_create - make a buffer in GTT
 * @fd: from mockgpu_open()
 * @kind: enum mockgpu_kind
 * @order: block order
 * @caching: enum mockgpu_caching
 * @size: bytes
 * @bo: out; @bo->handle is 0 on failure
 *
 * Return: 0 or a negative errno of DRM_IOCTL_MOCKGPU_BO_CREATE.
 */
int mockgpu_bo_create(int fd, uint32_t kind, uint32_t order, uint32_t caching,
		      uint64_t size, struct mockgpu_bo *bo);

/**
 * mockgpu_bo_destroy - unmap a buffer and close its handle
 * @bo: the buffer; one without a handle is left alone
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_destroy(struct mockgpu_bo *bo);

/**
 * mockgpu_bo_offset - the offset to mmap() a buffer at
 * @bo: the buffer
 * @offset: out
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_offset(const struct mockgpu_bo *bo, uint64_t *offset);

/**
 * mockgpu_bo_map - map all of a buffer, shared, for reading and writing
 * @bo: the buffer, not mapped yet
 * @at: NULL for anywhere, or the address, where whatever was there is replaced
 *
 * Return: 0 with @bo->map set, or a negative errno.
 */
int mockgpu_bo_map(struct mockgpu_bo *bo, void *at);

/**
 * mockgpu_bo_unmap - undo mockgpu_bo_map()
 * @bo: the buffer; one that is not mapped is left alone
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_unmap(struct mockgpu_bo *bo);

/**
 * mockgpu_bo_query - DRM_IOCTL_MOCKGPU_BO_QUERY
 * @bo: the buffer
 * @query: out
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_query(const struct mockgpu_bo *bo,
		     struct drm_mockgpu_bo_query *query);

/**
 * mockgpu_bo_pages - look at pages; needs CAP_SYS_ADMIN
 * @bo: the buffer
 * @first: first page
 * @count: room at @pages
 * @pages: out
 *
 * Return: how many were written, or a negative errno.
 */
int64_t mockgpu_bo_pages(const struct mockgpu_bo *bo, uint64_t first,
			 uint64_t count, struct drm_mockgpu_page *pages);

/**
 * mockgpu_bo_zap - take away every user mapping; the next touch faults again
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_zap(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_move - DRM_IOCTL_MOCKGPU_BO_MOVE
 * @bo: the buffer
 * @placement: enum mockgpu_placement
 * @flags: MOCKGPU_MOVE_NEW_PAGES or 0
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_move(const struct mockgpu_bo *bo, uint32_t placement, uint32_t flags);

/**
 * mockgpu_bo_swapout - DRM_IOCTL_MOCKGPU_BO_SWAPOUT
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_swapout(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_pin - DRM_IOCTL_MOCKGPU_BO_PIN
 * @bo: the buffer
 * @op: MOCKGPU_PIN or MOCKGPU_UNPIN
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_pin(const struct mockgpu_bo *bo, uint32_t op);

/**
 * mockgpu_bo_set_caching - DRM_IOCTL_MOCKGPU_BO_SET_CACHING
 * @bo: the buffer; @bo->caching is set
 * @caching: enum mockgpu_caching
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_set_caching(struct mockgpu_bo *bo, uint32_t caching);

/**
 * mockgpu_bo_revoke - DRM_IOCTL_MOCKGPU_BO_REVOKE
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_revoke(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_set_fault - DRM_IOCTL_MOCKGPU_BO_SET_FAULT
 * @bo: the buffer
 * @mode: enum mockgpu_fault_mode
 * @arg: its argument
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_set_fault(const struct mockgpu_bo *bo, uint32_t mode, uint32_t arg);

/**
 * mockgpu_bo_snapshot - remember count and flags of every page; needs
 * CAP_SYS_ADMIN
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_snapshot(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_compare - compare with the snapshot; needs CAP_SYS_ADMIN
 * @bo: the buffer
 * @result: out: @result->changed is 0 when all is as it was
 *
 * Return: 0 or a negative errno, also when pages changed.
 */
int mockgpu_bo_compare(const struct mockgpu_bo *bo,
		       struct drm_mockgpu_bo_compare *result);

/**
 * mockgpu_bo_inject - damage one page on purpose; needs CAP_SYS_ADMIN
 * @bo: the buffer
 * @op: MOCKGPU_INJECT_REF_GET, _REF_PUT or _WARN
 * @page: the page; 0 for _WARN
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_inject(const struct mockgpu_bo *bo, uint32_t op, uint64_t page);

/**
 * mockgpu_bo_inject_foreign - from now on map a page of another buffer
 * @bo: the buffer
 * @page: the page in whose place
 * @other: the other buffer, of the same fd
 * @other_page: its page
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_inject_foreign(const struct mockgpu_bo *bo, uint64_t page,
			      const struct mockgpu_bo *other,
			      uint64_t other_page);

/**
 * mockgpu_bo_export - make a dma-buf of a buffer, or get the one it has
 * @bo: the buffer
 *
 * Return: its file descriptor, readable and writable, or a negative errno.
 */
int mockgpu_bo_export(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_import - make a buffer of a dma-buf
 * @fd: from mockgpu_open()
 * @dmabuf: file descriptor of any dma-buf; still open afterwards
 * @bo: out; @bo->handle is 0 on failure. For a dma-buf of the same device it is
 *	another name of the exported buffer, for one of the same @fd the very same
 *	handle. @bo->kind is MOCKGPU_KIND_IMPORT for a foreign one.
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_import(int fd, int dmabuf, struct mockgpu_bo *bo);

/**
 * mockgpu_bo_copy - let the device copy
 * @dst: to where
 * @dst_offset: bytes
 * @src: from where, another buffer of the same fd
 * @src_offset: bytes
 * @size: bytes
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_copy(const struct mockgpu_bo *dst, uint64_t dst_offset,
		    const struct mockgpu_bo *src, uint64_t src_offset, uint64_t size);

/**
 * mockgpu_kind_name - the name of a page kind
 * @kind: enum mockgpu_kind
 *
 * Return: the name as in /sys/module/mockgpu/parameters/node_kind, or "?".
 */
const char *mockgpu_kind_name(uint32_t kind);

/**
 * mockgpu_kind_parse - the page kind of a name
 * @name: the name
 *
 * Return: enum mockgpu_kind or -EINVAL.
 */
int mockgpu_kind_parse(const char *name);

/**
 * mockgpu_caching_name - the name of a memory type
 * @caching: enum mockgpu_caching
 *
 * Return: "cached", "wc", "uc" or "?".
 */
const char *mockgpu_caching_name(uint32_t caching);

/**
 * mockgpu_caching_parse - the memory type of a name
 * @name: the name
 *
 * Return: enum mockgpu_caching or -EINVAL.
 */
int mockgpu_caching_parse(const char *name);

#endif /* MOCKGPU_LIB_H */
