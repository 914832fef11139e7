/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host buffers behind HOST3D blobs: a file descriptor that can be mapped at
 * offset 0, from mockgpu (a dma-buf) or, as a control, another exporter or a memfd; and
 * the ways a VMM maps it. Nothing here is locked: one thread at a time.
 */
#ifndef MOCKGPU_VGPU_BLOB_H
#define MOCKGPU_VGPU_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mockgpu_bo;
struct vgpu_blob;

/**
 * enum vgpu_route - how a VMM maps a blob for its guest
 * @VGPU_ROUTE_MMAP: mmap() of the file descriptor
 * @VGPU_ROUTE_VIRGL: virglrenderer: virgl_renderer_resource_import_blob(), then
 *	virgl_renderer_resource_map() or, at a given address,
 *	virgl_renderer_resource_map_fixed()
 */
enum vgpu_route {
	VGPU_ROUTE_MMAP,
	VGPU_ROUTE_VIRGL,
};

/**
 * vgpu_route_unusable() - tell whether a way to map is there
 * @route: how
 * @fixed: at a given address
 *
 * Return: NULL when it is; otherwise one line for people.
 */
const char *vgpu_route_unusable(enum vgpu_route route, bool fixed);

/**
 * vgpu_blob_create() - make a zeroed host buffer
 * @blob: out
 * @drm_fd: from mockgpu_open(), or -1; must stay open while the blob lives
 * @blob_id: VGPU_BLOB_ID(): what it is made of
 * @size: bytes
 *
 * Return: 0; -EINVAL for a bad @blob_id, or a @size that is 0 or not a multiple
 * of the page size; -ENODEV for a buffer of mockgpu when @drm_fd is -1, or of an
 * exporter that this kernel does not have; -ENOMEM and what else mockgpu or the kernel
 * says.
 */
int vgpu_blob_create(struct vgpu_blob **blob, int drm_fd, uint64_t blob_id,
		     uint64_t size);

/**
 * vgpu_blob_destroy() - give a buffer back
 * @blob: the blob, without a mapping of vgpu_blob_map(); or NULL
 */
void vgpu_blob_destroy(struct vgpu_blob *blob);

/**
 * vgpu_blob_fd() - the buffer as a file descriptor
 * @blob: the blob
 *
 * Return: readable and writable, mappable from offset 0 on; lives as long as
 * the blob.
 */
int vgpu_blob_fd(const struct vgpu_blob *blob);

/**
 * vgpu_blob_size() - bytes of a buffer
 * @blob: the blob
 *
 * Return: that.
 */
uint64_t vgpu_blob_size(const struct vgpu_blob *blob);

/**
 * vgpu_blob_map_info() - how a guest must map it
 * @blob: the blob
 * @map_info: out: VIRTIO_GPU_MAP_CACHE_*, as the host's own entries where the
 *	buffer is now. One that moves later, from VRAM to system pages, may get
 *	entries of another type.
 *
 * Return: 0; what DRM_IOCTL_MOCKGPU_BO_QUERY says: -ENODEV when the device is gone.
 */
int vgpu_blob_map_info(const struct vgpu_blob *blob, uint32_t *map_info);

/**
 * vgpu_blob_bo() - the mockgpu buffer of a blob
 * @blob: the blob
 *
 * Return: the buffer, to look at or to move, or NULL for one of another source.
 */
struct mockgpu_bo *vgpu_blob_bo(struct vgpu_blob *blob);

/**
 * vgpu_blob_access() - the device's own view of a buffer
 * @blob: the blob
 *
 * Mapped at the first call, by mmap(), apart from any mapping a guest has. The
 * driver may take the memory away at any moment: to touch it is for fault_guard.h.
 *
 * Return: its first byte, or NULL with errno set when it cannot be mapped.
 */
void *vgpu_blob_access(struct vgpu_blob *blob);

/**
 * vgpu_blob_map() - map a buffer as a VMM does
 * @blob: the blob, not mapped by this function yet
 * @route: how
 * @at: NULL for anywhere; or where, replacing what was there
 *
 * Return: 0; -EBUSY when it is mapped already; -EOPNOTSUPP when the program was
 * built without that part of virglrenderer; what mmap() or virglrenderer says.
 */
int vgpu_blob_map(struct vgpu_blob *blob, enum vgpu_route route, void *at);

/**
 * vgpu_blob_mapped() - where vgpu_blob_map() mapped it
 * @blob: the blob
 *
 * Return: its first byte, or NULL when it is not mapped.
 */
void *vgpu_blob_mapped(const struct vgpu_blob *blob);

/**
 * vgpu_blob_unmap() - undo vgpu_blob_map()
 * @blob: the blob; one that is not mapped is left alone
 *
 * A blob that was mapped at a given address leaves inaccessible anonymous
 * memory there, so that the range stays the caller's.
 *
 * Return: 0; what munmap() or virglrenderer says.
 */
int vgpu_blob_unmap(struct vgpu_blob *blob);

#endif /* MOCKGPU_VGPU_BLOB_H */
