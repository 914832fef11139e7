/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-gpu device (virtio 1.3, 5.7) that knows blob resources and nothing
 * else: no display, no 2D, no GL. HOST3D blobs are host buffers of blob.h, which
 * the transport brings into the guest through the host-visible region.
 *
 * Independent of the transport: virtio-mmio in the test app's VMM and
 * vhost-user drive it through these functions and are called back by struct
 * vgpu_ops. The guest is not trusted. What the specification has an error
 * response for gets that; a queue that breaks the rules is not used again until
 * it is set anew. Memory may go at any moment, a buffer's because its driver revokes
 * it, the guest's because who shares it cuts its file short: the command that needs
 * it is answered with VIRTIO_GPU_RESP_ERR_UNSPEC, a queue there counts as broken.
 *
 * Nothing here is locked: one thread at a time per device. Commands are run to
 * their end, in order, by vgpu_queue_notify().
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

/* What one guest may have at most, beside struct vgpu_config.bytes_max. */
#define VGPU_RESOURCES_MAX 4096
#define VGPU_CONTEXTS_MAX 256
#define VGPU_RINGS_MAX 64
/* Fenced commands that wait for VGPU_OP_RELEASE. */
#define VGPU_HELD_MAX 256
/* Bytes of one command. */
#define VGPU_COMMAND_MAX (2u << 20)
/* Pages that the commands of one submission may touch. */
#define VGPU_SUBMIT_PAGES_MAX (1u << 18)

/**
 * struct vgpu_ops - what the device asks of its transport
 *
 * @map: put all of @blob into the host-visible region at @offset, a multiple of
 *	the page size. When it returns 0 the guest can reach it. Never called
 *	for a range that is in use or not inside.
 * @unmap: take @blob, mapped at @offset, out again. When it returns 0 the guest
 *	cannot reach it any more.
 * @interrupt: tell the guest that chains of @queue were given back
 *
 * @map and @unmap return 0 or -errno. They may call vgpu_queue_stop() and
 * vgpu_features_set() and change vgpu_mem(), and nothing else of the device that
 * called them.
 */
struct vgpu_ops {
	int (*map)(void *opaque, struct vgpu_blob *blob, uint64_t offset);
	int (*unmap)(void *opaque, struct vgpu_blob *blob, uint64_t offset);
	void (*interrupt)(void *opaque, unsigned int queue);
};

/**
 * struct vgpu_config - how a device is made
 * @ops: the transport; must outlive the device
 * @opaque: handed to @ops
 * @drm_fd: from mockgpu_open(), or -1 for a device that has memfds only; must
 *	stay open while the device lives
 * @window: bytes of the host-visible region, a multiple of the page size; 0:
 *	there is none
 * @bytes_max: bytes of all HOST3D blobs of the guest, together with what the
 *	host must remember of its other ones
 * @blobs_max: HOST3D blobs of the guest, a descriptor of this process each; no more
 *	than VGPU_RESOURCES_MAX
 * @burst: commands that vgpu_queue_notify() runs at most, for a transport that has
 *	something else to do meanwhile; 0: as many as the queue has descriptors
 * @image_blob_id: VGPU_BLOB_ID() of the images of a cross-domain context
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
};

/**
 * struct vgpu_counts - what a guest has at the moment
 * @resources: blob resources
 * @blobs: those of them that are HOST3D
 * @mapped: those of them in the host-visible region
 * @contexts: contexts
 * @held: fenced commands that wait
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
 * vgpu_create() - make a device
 * @dev: out
 * @config: copied
 *
 * From now on this process handles SIGBUS and SIGSEGV, see fault_guard_init().
 *
 * Return: 0; -ENOMEM; what sigaction() says.
 */
int vgpu_create(struct vgpu **dev, const struct vgpu_config *config);

/**
 * vgpu_destroy() - end a device
 * @dev: the device, or NULL
 *
 * As vgpu_reset(), and frees it.
 */
void vgpu_destroy(struct vgpu *dev);

/**
 * vgpu_reset() - device reset: as if just made
 * @dev: the device
 *
 * Stops the queues, calls @unmap for every blob in the host-visible region,
 * whose failure is ignored, and frees all that the guest made. vgpu_mem() and
 * the features that vgpu_features_set() accepted stay.
 */
void vgpu_reset(struct vgpu *dev);

/**
 * vgpu_features() - the features the device offers
 * @dev: the device
 *
 * Return: bits as in virtio 1.3, 5.7.3 and 6.
 */
uint64_t vgpu_features(const struct vgpu *dev);

/**
 * vgpu_features_set() - the features the guest's driver accepted
 * @dev: the device
 * @features: what it accepted; others than vgpu_features() are ignored
 */
void vgpu_features_set(struct vgpu *dev, uint64_t features);

/**
 * vgpu_config_read() - read the configuration space
 * @dev: the device
 * @offset: first byte; there are zeros behind the end of the structure
 * @data: to
 * @size: bytes
 *
 * There is nothing to be written: the device raises no event.
 */
void vgpu_config_read(const struct vgpu *dev, uint32_t offset, void *data,
		      uint32_t size);

/**
 * vgpu_mem() - the guest's memory, for the transport to fill in
 * @dev: the device
 *
 * Return: the table, empty at first, valid until vgpu_destroy().
 */
struct vgpu_mem *vgpu_mem(struct vgpu *dev);

/**
 * vgpu_queue_start() - begin to use a queue
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 * @num: see vgpu_ring_set(), as for the following
 * @desc: guest physical address of the descriptor table
 * @avail: guest physical address of the available ring
 * @used: guest physical address of the used ring
 * @last_avail: where to go on
 *
 * Return: 0; -EINVAL for no such queue, or as vgpu_ring_set().
 */
int vgpu_queue_start(struct vgpu *dev, unsigned int queue, uint16_t num,
		     uint64_t desc, uint64_t avail, uint64_t used,
		     uint16_t last_avail);

/**
 * vgpu_queue_stop() - use a queue no more
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 *
 * Return: where to go on, for vgpu_queue_start(). A command that is being run
 * at the moment is not answered and counts as not taken.
 */
uint16_t vgpu_queue_stop(struct vgpu *dev, unsigned int queue);

/**
 * vgpu_queue_is_paused() - tell a queue that goes on from one that begins
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 * @used: guest physical address of the used ring that it is to have
 *
 * For a transport that gets no more than where to go on, and for 0: that is the
 * beginning, or 65536 chains later. A driver that begins zeroes the rings (virtio
 * 1.3, 4.1.5.1.3 and 4.2.3.2).
 *
 * Return: true when the used ring still ends with what the device wrote there last.
 */
bool vgpu_queue_is_paused(const struct vgpu *dev, unsigned int queue, uint64_t used);

/**
 * vgpu_queue_notify() - run what the guest has put into a queue
 * @dev: the device
 * @queue: VGPU_QUEUE_*
 *
 * Takes no more chains than the queue has descriptors, nor than struct
 * vgpu_config.burst, so that a guest cannot keep the caller here.
 *
 * Return: 0; 1 when there was more: call again; -EINVAL for no such queue;
 * -ESHUTDOWN for one that is not in use; -EPROTO or -EFAULT for one that broke
 * the rules just now.
 */
int vgpu_queue_notify(struct vgpu *dev, unsigned int queue);

/**
 * vgpu_counts() - look at what a guest has
 * @dev: the device
 *
 * Return: the counts.
 */
struct vgpu_counts vgpu_counts(const struct vgpu *dev);

/**
 * vgpu_blob_find() - the host buffer of a guest's resource
 * @dev: the device
 * @resource_id: the resource
 *
 * Return: the buffer, valid until the guest runs the next command, or NULL.
 */
struct vgpu_blob *vgpu_blob_find(struct vgpu *dev, uint32_t resource_id);

#endif /* MOCKGPU_VGPU_H */
