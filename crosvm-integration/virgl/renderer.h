/* SPDX-License-Identifier: MIT */
/*
 * libvirglrenderer.so.1 over mockgpu's buffers, for a VMM that loads it in place of virglrenderer.
 * QEMU's virtio-gpu-gl then gets its blobs from mockgpu.
 *
 * It renders nothing. Behind it is the virtio-gpu device of test-app/vgpu, with its blob_ids and
 * its commands (vgpu/protocol.h), and this library is the driver of that device: it sends what
 * the VMM asks for through a control queue of its own (queue.c). Blob resources are the device's.
 * Other resources are images in this process's memory (image.c): a guest's console needs them.
 *
 * The files in this folder are MIT; the library also contains the device, which is
 * GPL-2.0-only, and so is the whole.
 *
 * As with virglrenderer there is one renderer per process, which one thread at a time may use.
 */
#ifndef MOCKGPU_VIRGL_RENDERER_H
#define MOCKGPU_VIRGL_RENDERER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#include <virglrenderer.h>

#include "queue.h"
#include "vgpu.h"

struct image;

/**
 * struct resource - a resource of the VMM
 * @link: in struct renderer.resources
 * @id: the VMM's number for it
 * @iov: the guest's pages, the VMM's array, or NULL
 * @iovs: their number
 * @image: its memory, unless it is a blob
 * @mapped: virgl_renderer_resource_map() has mapped it
 * @priv: for virgl_renderer_resource_set_priv()
 */
struct resource {
	LIST_ENTRY(resource) link;
	uint32_t id;
	const struct iovec *iov;
	unsigned int iovs;
	struct image *image;
	bool mapped;
	void *priv;
};

/**
 * struct renderer - the renderer
 * @cookie: the VMM's, for its callbacks; NULL before virgl_renderer_init()
 * @callbacks: the VMM's
 * @flags: VIRGL_RENDERER_*
 * @drm_fd: mockgpu's render node
 * @dev: the device
 * @queue: its control queue
 * @resources: all resources
 * @fence: the newest fence outside of contexts
 * @fenced: it is not reported yet
 */
struct renderer {
	void *cookie;
	struct virgl_renderer_callbacks callbacks;
	int flags;
	int drm_fd;
	struct vgpu *dev;
	struct queue queue;
	LIST_HEAD(resources, resource) resources;
	uint32_t fence;
	bool fenced;
};

/* state.c */
extern struct renderer renderer;

/**
 * resource_find() - find a resource
 * @id: the VMM's number for it
 *
 * Return: the resource, or NULL.
 */
struct resource *resource_find(uint32_t id);

/**
 * resource_blob() - get the device's buffer of a resource
 * @resource: the resource, or NULL
 *
 * Return: the buffer; NULL for an image or the guest's pages.
 */
struct vgpu_blob *resource_blob(const struct resource *resource);

/**
 * resource_add() - add a resource
 * @id: its number, not 0 and not in use
 *
 * Return: the resource, all zero but its number; NULL with errno set.
 */
struct resource *resource_add(uint32_t id);

/**
 * resource_remove() - forget a resource, with what it owns outside of the device
 * @resource: the resource
 */
void resource_remove(struct resource *resource);

/**
 * resources_remove() - the same for all
 */
void resources_remove(void);

#endif /* MOCKGPU_VIRGL_RENDERER_H */
