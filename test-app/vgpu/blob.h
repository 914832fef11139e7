/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host buffers of HOST3D blobs: a file descriptor that can be mapped at offset 0, from
 * mockgpu (a dma-buf) or, as a control, another exporter or a memfd; and the ways in which
 * a VMM maps it. Nothing here is locked: use it from one thread at a time.
 */
#ifndef MOCKGPU_VGPU_BLOB_H
#define MOCKGPU_VGPU_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mockgpu_bo;
struct vgpu_blob;

/**
 * enum vgpu_map_method - how a VMM maps a blob for its guest
 * @VGPU_MAP_BY_MMAP: mmap() of the file descriptor
 * @VGPU_MAP_BY_VIRGL: virglrenderer: virgl_renderer_resource_import_blob(), then
 *	virgl_renderer_resource_map() or, for a given address,
 *	virgl_renderer_resource_map_fixed()
 */
enum vgpu_map_method {
	VGPU_MAP_BY_MMAP,
	VGPU_MAP_BY_VIRGL,
};

/**
 * vgpu_map_method_unusable() - tell whether a method is available
 * @method: the method
 * @fixed: for a given address
 *
 * Return: NULL when it is; otherwise one line for people.
 */
const char *vgpu_map_method_unusable(enum vgpu_map_method method, bool fixed);

/**
 * vgpu_blob_create() - create a zeroed host buffer
 * @blob: out
 * @drm_fd: from mockgpu_open(), or -1; must stay open while the blob lives
 * @blob_id: VGPU_BLOB_ID(): the kind of buffer
 * @size: bytes
 *
 * Return: 0; -EINVAL for a bad @blob_id, or a @size that is 0 or not a multiple of the page
 * size; -ENODEV for a mockgpu buffer when @drm_fd is -1, or for an exporter that this
 * kernel does not have; -ENOMEM or another error of mockgpu or the kernel.
 */
int vgpu_blob_create(struct vgpu_blob **blob, int drm_fd, uint64_t blob_id,
		     uint64_t size);

/**
 * vgpu_blob_destroy() - destroy a buffer
 * @blob: the blob, not mapped by vgpu_blob_map(); or NULL
 */
void vgpu_blob_destroy(struct vgpu_blob *blob);

/**
 * vgpu_blob_fd() - get the buffer's file descriptor
 * @blob: the blob
 *
 * Return: readable and writable, can be mapped at offset 0; lives as long as the blob.
 */
int vgpu_blob_fd(const struct vgpu_blob *blob);

/**
 * vgpu_blob_size() - get the size of a buffer
 * @blob: the blob
 *
 * Return: the size in bytes.
 */
uint64_t vgpu_blob_size(const struct vgpu_blob *blob);

/**
 * vgpu_blob_map_info() - get how a guest must map the buffer
 * @blob: the blob
 * @map_info: out: VIRTIO_GPU_MAP_CACHE_*, the memory type of the host's entries where the
 *	buffer is now. If it moves later, from VRAM to system pages, its entries may get
 *	another type.
 *
 * Return: 0; an error of DRM_IOCTL_MOCKGPU_BO_QUERY: -ENODEV when the device is gone.
 */
int vgpu_blob_map_info(const struct vgpu_blob *blob, uint32_t *map_info);

/**
 * vgpu_blob_bo() - get the mockgpu buffer of a blob
 * @blob: the blob
 *
 * Return: the buffer, to query or to move, or NULL for another source.
 */
struct mockgpu_bo *vgpu_blob_bo(struct vgpu_blob *blob);

/**
 * vgpu_blob_access() - get the device's own mapping of a buffer
 * @blob: the blob
 *
 * The first call maps it with mmap(), separately from any mapping a guest has. The driver
 * may take the memory away at any moment: access it only with fault_guard.h.
 *
 * Return: its first byte, or NULL with errno set when it cannot be mapped.
 */
void *vgpu_blob_access(struct vgpu_blob *blob);

/**
 * vgpu_blob_map() - map a buffer as a VMM does
 * @blob: the blob, not yet mapped by this function
 * @method: the method
 * @at: NULL for anywhere, or an address, where it replaces any other mapping
 *
 * Return: 0; -EBUSY when it is already mapped; -EOPNOTSUPP when the program was built
 * without that part of virglrenderer; an error of mmap() or virglrenderer.
 */
int vgpu_blob_map(struct vgpu_blob *blob, enum vgpu_map_method method, void *at);

/**
 * vgpu_blob_mapped() - get where vgpu_blob_map() mapped it
 * @blob: the blob
 *
 * Return: its first byte, or NULL when it is not mapped.
 */
void *vgpu_blob_mapped(const struct vgpu_blob *blob);

/**
 * vgpu_blob_unmap() - undo vgpu_blob_map()
 * @blob: the blob; nothing is done if it is not mapped
 *
 * A blob that was mapped at a given address leaves inaccessible anonymous memory there, so
 * the range still belongs to the caller.
 *
 * Return: 0 or an error of munmap() or virglrenderer.
 */
int vgpu_blob_unmap(struct vgpu_blob *blob);

#endif /* MOCKGPU_VGPU_BLOB_H */
