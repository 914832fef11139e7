/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-gpu device (virtio 1.3, 5.7) that supports blob resources and nothing else: no
 * display, no 2D, no GL. HOST3D blobs are host buffers of blob.h, which the transport maps
 * into the guest through the host-visible region.
 *
 * Independent of the transport: virtio-mmio in the test app's VMM and vhost-user call
 * these functions and are called back through struct vgpu_ops. The guest is not trusted.
 * A bad command gets the error response that the specification has for it; a queue that
 * breaks the rules is not used until it is set again. Memory may go away at any moment: a
 * buffer's because its driver revokes it, the guest's because whoever shares it truncates
 * its file. The command that needs it is answered with VIRTIO_GPU_RESP_ERR_UNSPEC; a queue
 * in such memory counts as broken.
 *
 * Nothing here is locked: use a device from one thread at a time. vgpu_queue_notify() runs
 * commands in order, each to its end.
 */
#ifndef MOCKGPU_VGPU_H
#define MOCKGPU_VGPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "mem.h"

struct vgpu;

/* Queues: virtio 1.3, 5.7.2. */
#define VGPU_QUEUE_CONTROL 0
#define VGPU_QUEUE_CURSOR 1
#define VGPU_QUEUES 2

/* Limits for one guest, besides struct vgpu_config.bytes_max. */
#define VGPU_RESOURCES_MAX 4096
#define VGPU_CONTEXTS_MAX 256
#define VGPU_RINGS_MAX 64
/* Fenced commands held until VGPU_OP_RELEASE. */
#define VGPU_HELD_MAX 256
/* Size of one command in bytes. */
#define VGPU_COMMAND_MAX (2u << 20)
/* Pages that the commands of one submission may access. */
#define VGPU_SUBMIT_PAGES_MAX (1u << 18)

/**
 * struct vgpu_ops - what the device asks of its transport
 *
 * @map: map all of @blob into the host-visible region at @offset, a multiple of the page
 *	size. When it returns 0, the guest can access it. Never called for a range that is
 *	in use or outside of the region.
 * @unmap: unmap @blob, mapped at @offset. When it returns 0, the guest cannot access it
 *	any more.
 * @interrupt: tell the guest that chains of @queue were given back
 *
 * @map and @unmap return 0 or -errno. They may call vgpu_queue_stop() and
 * vgpu_features_set() and change vgpu_mem(), but must not use the calling device in any
 * other way.
 */
struct vgpu_ops {
	int (*map)(void *opaque, struct vgpu_blob *blob, uint64_t offset);
	int (*unmap)(void *opaque, struct vgpu_blob *blob, uint64_t offset);
	void (*interrupt)(void *opaque, unsigned int queue);
};

/**
 * struct vgpu_config - parameters of a device
 * @ops: the transport; must outlive the device
 * @opaque: passed to @ops
 * @drm_fd: from mockgpu_open(), or -1 for a device with memfds only; must stay open while
 *	the device lives
 * @window: size of the host-visible region in bytes, a multiple of the page size; 0
 *	without one
 * @bytes_max: limit for the bytes of all HOST3D blobs of the guest plus the host's
 *	metadata about its other blobs
 * @blobs_max: limit for HOST3D blobs of the guest, which take a descriptor of this process
 *	each; at most VGPU_RESOURCES_MAX
 * @burst: commands that vgpu_queue_notify() runs at most, for a transport that has other
 *	things to do meanwhile; 0: as many as the queue has descriptors
 * @image_blob_id: VGPU_BLOB_ID() for the images of a cross-domain context
 * @alignment: offer VIRTIO_GPU_F_BLOB_ALIGNMENT with this power of two, at least the page size:
 *	sizes and offsets of blobs must be multiples of it; 0: do not offer it
 */
struct vgpu_config {
	const struct vgpu_ops *ops;
	void *opaque;
	int drm_fd;
	uint64_t window;
	uint64_t bytes_max;
	unsigned int blobs_max;
	unsigned int burst;
	uint64_t image_blob_id;
	uint32_t alignment;
};

/**
 * struct vgpu_counts - what a guest has at the moment
 * @resources: blob resources
 * @blobs: HOST3D blobs among them
 * @mapped: resources in the host-visible region
 * @contexts: contexts
 * @held: fenced commands that are held
 * @bytes: bytes that count against struct vgpu_config.bytes_max
 */
struct vgpu_counts {
	unsigned int resources;
	unsigned int blobs;
	unsigned int mapped;
	unsigned int contexts;
	unsigned int held;
	uint64_t bytes;
};

/**
 * vgpu_create() - create a device
 * @dev: out
 * @config: copied
 *
 * From now on this process handles SIGBUS and SIGSEGV, see fault_guard_init().
 *
 * Return: 0; -ENOMEM; an error of sigaction().
 */
int vgpu_create(struct vgpu **dev, const struct vgpu_config *config);

/**
 * vgpu_destroy() - destroy a device
 * @dev: the device, or NULL
 *
 * Does the same as vgpu_reset(), and frees it.
 */
void vgpu_destroy(struct vgpu *dev);

/**
 * vgpu_reset() - reset the device to the state after vgpu_create()
 * @dev: the device
 *
 * Stops the queues, calls @unmap for every blob in the host-visible region, ignoring
 * errors, and frees everything the guest created. vgpu_mem() and the features that
 * vgpu_features_set() accepted stay.
 */
void vgpu_reset(struct vgpu *dev);

/**
 * vgpu_features() - get the features the device offers
 * @dev: the device
 *
 * Return: bits as in virtio 1.3, 5.7.3 and 6.
 */
uint64_t vgpu_features(const struct vgpu *dev);

/**
 * vgpu_features_set() - set the features the guest's driver accepted
 * @dev: the device
 * @features: the accepted features; those not in vgpu_features() are ignored
 */
void vgpu_features_set(struct vgpu *dev, uint64_t features);

/**
 * vgpu_config_read() - read the configuration space
 * @dev: the device
 * @offset: first byte; reads past the end of the structure give zeros
 * @data: destination
 * @size: bytes
 *
 * There is no write: the device raises no event.
 */
void vgpu_config_read(const struct vgpu *dev, uint32_t offset, void *data,
		      uint32_t size);

/**
 * vgpu_mem() - get the guest's memory, for the transport to fill in
 * @dev: the device
 *
 * Return: the table, empty at first, valid until vgpu_destroy().
 */
struct vgpu_mem *vgpu_mem(struct vgpu *dev);

/**
 * vgpu_queue_start() - start to use a queue
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 * @num: see vgpu_ring_set(), also for the following
 * @desc: guest physical address of the descriptor table
 * @avail: guest physical address of the available ring
 * @used: guest physical address of the used ring
 * @last_avail: where to continue
 *
 * Return: 0; -EINVAL for an unknown queue, or as vgpu_ring_set().
 */
int vgpu_queue_start(struct vgpu *dev, unsigned int queue, uint16_t num,
		     uint64_t desc, uint64_t avail, uint64_t used,
		     uint16_t last_avail);

/**
 * vgpu_queue_stop() - stop using a queue
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 *
 * Return: where to continue, for vgpu_queue_start(). A command that is being run is not
 * answered and counts as not taken.
 */
uint16_t vgpu_queue_stop(struct vgpu *dev, unsigned int queue);

/**
 * vgpu_queue_is_paused() - tell a queue that continues from a new one
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 * @used: guest physical address of its future used ring
 *
 * For a transport that is only told where to continue, when that is 0: it means the start,
 * or 65536 chains later. A driver zeroes the rings when it starts (virtio 1.3, 4.1.5.1.3
 * and 4.2.3.2).
 *
 * Return: true when the used ring still ends with what the device last wrote there.
 */
bool vgpu_queue_is_paused(const struct vgpu *dev, unsigned int queue, uint64_t used);

/**
 * vgpu_queue_notify() - run the commands that the guest has queued
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 *
 * Takes at most as many chains as the queue has descriptors, or struct vgpu_config.burst,
 * so a guest cannot keep the caller here.
 *
 * Return: 0; 1 when there are more: call again; -EINVAL for an unknown queue; -ESHUTDOWN
 * for one that is not in use; -EPROTO or -EFAULT for one that has just broken the rules.
 */
int vgpu_queue_notify(struct vgpu *dev, unsigned int queue);

/**
 * vgpu_counts() - get what a guest has at the moment
 * @dev: the device
 *
 * Return: the counts.
 */
struct vgpu_counts vgpu_counts(const struct vgpu *dev);

/**
 * vgpu_blob_find() - get the host buffer of a guest's resource
 * @dev: the device
 * @resource_id: the resource
 *
 * Return: the buffer, valid until the guest runs the next command, or NULL.
 */
struct vgpu_blob *vgpu_blob_find(struct vgpu *dev, uint32_t resource_id);

#endif /* MOCKGPU_VGPU_H */
