/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device library: uapi/mockgpu_drm.h as C functions, on top of libdrm.
 *
 * Functions that return int return 0 (or what is said) on success and a negative errno on
 * failure; nothing is printed. EINTR and EAGAIN are never returned, since drmIoctl()
 * retries. Nothing here is locked: use a buffer from one thread at a time.
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

/** MOCKGPU_PARAMETERS - folder of the module's parameters, one file each. */
#define MOCKGPU_PARAMETERS "/sys/module/mockgpu/parameters/"

/**
 * struct mockgpu_bo - a buffer object of this process
 * @fd: the DRM file it was created with; not owned
 * @handle: its GEM handle there, 0 after mockgpu_bo_destroy()
 * @size: bytes
 * @kind: enum mockgpu_kind
 * @order: block order, 0 for MOCKGPU_KIND_TTM
 * @caching: enum mockgpu_caching
 * @map: where it is mapped in full, or NULL
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
 * @why: out: on failure one sentence for people, with what to do about it; may be NULL
 * @size: bytes at @why
 *
 * Return: a file descriptor to be closed with close(), or a negative errno: ENODEV when
 * the module is not loaded or its device is gone, EACCES without the permission, EMFILE
 * and so on.
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
 * @bytes: out: size of its buffer in bytes; may be NULL
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
 * mockgpu_supports - tell whether a bit mask of MOCKGPU_GET_PARAM has a bit
 * @fd: from mockgpu_open()
 * @param: MOCKGPU_PARAM_KINDS, _CACHINGS, _PLACEMENTS or _FAULT_MODES
 * @what: enum mockgpu_kind and so on
 *
 * Return: true when it has; false otherwise, or if it cannot be read.
 */
bool mockgpu_supports(int fd, uint32_t param, uint32_t what);

/**
 * mockgpu_bo_make - create a buffer with all options of the driver
 * @fd: from mockgpu_open()
 * @want: the buffer to create; @want->handle is 0
 * @bo: out; @bo->handle is 0 on failure
 *
 * For a buffer that is given to a guest use vm_buffer_make().
 *
 * Return: 0 or a negative errno of DRM_IOCTL_MOCKGPU_BO_CREATE.
 */
int mockgpu_bo_make(int fd, const struct drm_mockgpu_bo_create *want,
		    struct mockgpu_bo *bo);

/**
 * mockgpu_bo_create - create a buffer in GTT
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
 * @bo: the buffer; nothing is done without a handle
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_destroy(struct mockgpu_bo *bo);

/**
 * mockgpu_bo_offset - get the offset to mmap() a buffer at
 * @bo: the buffer
 * @offset: out
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_offset(const struct mockgpu_bo *bo, uint64_t *offset);

/**
 * mockgpu_bo_map - map all of a buffer, shared, readable and writable
 * @bo: the buffer, not mapped yet
 * @at: NULL for anywhere, or an address, where it replaces any other mapping
 *
 * Return: 0 with @bo->map set, or a negative errno.
 */
int mockgpu_bo_map(struct mockgpu_bo *bo, void *at);

/**
 * mockgpu_bo_unmap - undo mockgpu_bo_map()
 * @bo: the buffer; nothing is done if it is not mapped
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
 * mockgpu_bo_pages - query pages; needs CAP_SYS_ADMIN
 * @bo: the buffer
 * @first: first page
 * @count: entries at @pages
 * @pages: out
 *
 * Return: how many entries were written, or a negative errno.
 */
int64_t mockgpu_bo_pages(const struct mockgpu_bo *bo, uint64_t first,
			 uint64_t count, struct drm_mockgpu_page *pages);

/**
 * mockgpu_bo_zap - remove every user mapping; the next access faults again
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_zap(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_move - DRM_IOCTL_MOCKGPU_BO_MOVE
 * @bo: the buffer
 * @placement: enum mockgpu_placement
 * @flags: MOCKGPU_MOVE_NEW_PAGES, MOCKGPU_MOVE_INVISIBLE or 0
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
 * mockgpu_bo_backup - DRM_IOCTL_MOCKGPU_BO_SWAPOUT with MOCKGPU_SWAPOUT_BACKUP
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_backup(const struct mockgpu_bo *bo);

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
 * mockgpu_bo_snapshot - record the reference count and flags of every page; needs
 * CAP_SYS_ADMIN
 * @bo: the buffer
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_snapshot(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_compare - compare pages with the snapshot; needs CAP_SYS_ADMIN
 * @bo: the buffer
 * @result: out: @result->changed is 0 when nothing changed
 *
 * Return: 0, also when pages changed, or a negative errno.
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
 * mockgpu_bo_inject_foreign - map a page of another buffer from now on
 * @bo: the buffer
 * @page: the page to replace
 * @other: the other buffer, of the same fd
 * @other_page: the page of it to map
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_inject_foreign(const struct mockgpu_bo *bo, uint64_t page,
			      const struct mockgpu_bo *other,
			      uint64_t other_page);

/**
 * mockgpu_bo_export - get the dma-buf of a buffer, created if needed
 * @bo: the buffer
 *
 * Return: its file descriptor, readable and writable, or a negative errno.
 */
int mockgpu_bo_export(const struct mockgpu_bo *bo);

/**
 * mockgpu_bo_import - import a dma-buf
 * @fd: from mockgpu_open()
 * @dmabuf: file descriptor of any dma-buf; stays open
 * @bo: out; @bo->handle is 0 on failure. For a dma-buf of the same device it is another
 *	handle of the exported buffer, or the very same handle if that is of @fd.
 *	@bo->kind is MOCKGPU_KIND_IMPORT for a dma-buf of another exporter.
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_import(int fd, int dmabuf, struct mockgpu_bo *bo);

/**
 * mockgpu_bo_copy - let the device copy
 * @dst: destination
 * @dst_offset: in bytes
 * @src: source, another buffer of the same fd
 * @src_offset: in bytes
 * @size: in bytes
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_copy(const struct mockgpu_bo *dst, uint64_t dst_offset,
		    const struct mockgpu_bo *src, uint64_t src_offset, uint64_t size);

/**
 * mockgpu_bo_clone - let the device copy all of a buffer to a new one, and map that
 * @bo: the buffer
 * @clone: out; @clone->handle is 0 on failure
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_clone(const struct mockgpu_bo *bo, struct mockgpu_bo *clone);

/**
 * mockgpu_bo_userptr - DRM_IOCTL_MOCKGPU_BO_USERPTR: make a buffer of this process's memory
 * @fd: from mockgpu_open()
 * @at: where it begins
 * @size: bytes
 * @flags: MOCKGPU_USERPTR_*
 * @bo: out; @bo->handle is 0 on failure, @bo->map is NULL
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_userptr(int fd, const void *at, uint64_t size, uint32_t flags,
		       struct mockgpu_bo *bo);

/**
 * mockgpu_submit - DRM_IOCTL_MOCKGPU_SUBMIT
 * @fd: from mockgpu_open()
 * @args: what the engine should do
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_submit(int fd, const struct drm_mockgpu_submit *args);

/**
 * mockgpu_bo_fill - let the engine fill a buffer after the call has returned
 * @bo: the buffer
 * @value: of each byte
 * @signal: a sync object to signal then, or NULL
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_fill(const struct mockgpu_bo *bo, uint8_t value,
		    const struct drm_mockgpu_sync *signal);

/**
 * mockgpu_kind_name - get the name of a page kind
 * @kind: enum mockgpu_kind
 *
 * Return: the name as in /sys/module/mockgpu/parameters/node_kind, or "?".
 */
const char *mockgpu_kind_name(uint32_t kind);

/**
 * mockgpu_kind_parse - look up a page kind by its name
 * @name: the name
 *
 * Return: enum mockgpu_kind or -EINVAL.
 */
int mockgpu_kind_parse(const char *name);

/**
 * mockgpu_caching_name - get the name of a memory type
 * @caching: enum mockgpu_caching
 *
 * Return: "cached", "wc", "uc" or "?".
 */
const char *mockgpu_caching_name(uint32_t caching);

/**
 * mockgpu_caching_parse - look up a memory type by its name
 * @name: the name
 *
 * Return: enum mockgpu_caching or -EINVAL.
 */
int mockgpu_caching_parse(const char *name);

#endif /* MOCKGPU_LIB_H */
