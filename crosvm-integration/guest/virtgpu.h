/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's virtio-gpu device, used through its kernel's driver: contexts, blobs, and the
 * commands of the device model in test-app/vgpu.
 *
 * Functions that return int return 0 or -errno. There is no locking.
 */
#ifndef MOCKGPU_GUEST_VIRTGPU_H
#define MOCKGPU_GUEST_VIRTGPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

/**
 * struct virtgpu_blob - a blob of this file
 * @fd: the file; not owned
 * @handle: GEM handle
 * @res: its resource id
 * @size: bytes
 * @map: its mapping, or NULL
 */
struct virtgpu_blob {
	int fd;
	uint32_t handle;
	uint32_t res;
	uint64_t size;
	void *map;
};

/**
 * virtgpu_open() - open the render node of the first virtio-gpu device
 *
 * Return: a file descriptor; -errno.
 */
int virtgpu_open(void);

/**
 * virtgpu_param() - DRM_IOCTL_VIRTGPU_GETPARAM
 * @fd: the file
 * @param: VIRTGPU_PARAM_*
 *
 * Return: its value; -errno.
 */
int virtgpu_param(int fd, uint64_t param);

/**
 * virtgpu_context() - DRM_IOCTL_VIRTGPU_CONTEXT_INIT
 * @fd: the file, without a context yet
 * @capset: the capset; 0: none
 * @rings: number of timelines
 *
 * Return: 0 or -errno.
 */
int virtgpu_context(int fd, uint32_t capset, uint32_t rings);

/**
 * virtgpu_blob_create() - DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB
 * @fd: the file
 * @mem: VIRTGPU_BLOB_MEM_*
 * @flags: VIRTGPU_BLOB_FLAG_USE_*
 * @blob_id: VGPU_BLOB_ID(), or the blob_id from a cross-domain context
 * @size: bytes
 * @blob: out
 *
 * Errors of the device are not reported: a bad HOST3D blob cannot be mapped.
 *
 * Return: 0 or -errno.
 */
int virtgpu_blob_create(int fd, uint32_t mem, uint32_t flags, uint64_t blob_id,
			uint64_t size, struct virtgpu_blob *blob);

/**
 * virtgpu_vram_create() - create a HOST3D blob that can be mapped and shared
 * @fd: the file
 * @blob_id: VGPU_BLOB_ID()
 * @size: bytes
 * @blob: out
 *
 * Return: 0 or -errno.
 */
int virtgpu_vram_create(int fd, uint64_t blob_id, uint64_t size,
			struct virtgpu_blob *blob);

/**
 * virtgpu_blob_map() - map all of a blob
 * @blob: the blob, not mapped
 *
 * Return: 0 or -errno: -EINVAL if the device refuses.
 */
int virtgpu_blob_map(struct virtgpu_blob *blob);

/**
 * virtgpu_blob_unmap() - undo virtgpu_blob_map()
 * @blob: the blob; one that is not mapped is left alone
 */
void virtgpu_blob_unmap(struct virtgpu_blob *blob);

/**
 * virtgpu_blob_destroy() - unmap it and close its handle
 * @blob: the blob; one without a handle is left alone
 */
void virtgpu_blob_destroy(struct virtgpu_blob *blob);

/**
 * virtgpu_submit() - DRM_IOCTL_VIRTGPU_EXECBUFFER
 * @fd: the file
 * @data: commands
 * @size: their size in bytes
 * @ring_idx: timeline of its fence; -1: the device's own timeline
 * @blob: blob that the fence is added to, or NULL
 * @fence: out: the fence as a file descriptor, or NULL
 *
 * Return: 0 or -errno.
 */
int virtgpu_submit(int fd, const void *data, uint32_t size, int ring_idx,
		   const struct virtgpu_blob *blob, int *fence);

/**
 * virtgpu_wait() - wait for the fences of a blob, up to PATIENCE_MS
 * @blob: the blob
 *
 * Return: 0; -EBUSY after that time.
 */
int virtgpu_wait(const struct virtgpu_blob *blob);

/**
 * virtgpu_wait_device() - wait until the device has done everything it was asked for
 * @fd: the file
 *
 * Return: 0; -ETIMEDOUT after PATIENCE_MS; -errno.
 */
int virtgpu_wait_device(int fd);

/**
 * virtgpu_fill() - let the host write a pattern, VGPU_OP_FILL
 * @blob: the blob
 * @seed: for guest_value()
 * @first: first page
 * @pages: how many
 *
 * Waits for the end. Errors of the device are not reported.
 *
 * Return: 0 or -errno.
 */
int virtgpu_fill(const struct virtgpu_blob *blob, uint64_t seed, uint64_t first,
		 uint64_t pages);

/**
 * virtgpu_check() - let the host compare with a pattern, VGPU_OP_CHECK
 * @blob: the blob
 * @report: a GUEST blob, mapped; the report is written to its start
 * @seed: for guest_value()
 * @first: first page
 * @pages: how many
 *
 * Waits for the report, which has 0 pages if the device refuses.
 *
 * Return: the report; NULL if the request failed.
 */
const struct vgpu_report *virtgpu_check(const struct virtgpu_blob *blob,
					const struct virtgpu_blob *report,
					uint64_t seed, uint64_t first, uint64_t pages);

#endif /* MOCKGPU_GUEST_VIRTGPU_H */
