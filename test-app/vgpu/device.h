/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the device model's own files, see vgpu.h. */
#ifndef MOCKGPU_VGPU_DEVICE_H
#define MOCKGPU_VGPU_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <linux/virtio_gpu.h>

#include "cross_domain.h"
#include "ring.h"
#include "vgpu.h"

/* In <linux/virtio_gpu.h> since Linux 7.2. */
#ifndef VIRTIO_GPU_F_BLOB_ALIGNMENT
#define VIRTIO_GPU_F_BLOB_ALIGNMENT 5
#endif

#define VGPU_UUID_SIZE 16

struct vgpu_context;
struct vgpu_request;

/**
 * struct vgpu_resource - a blob resource
 * @link: in struct vgpu.resources
 * @id: the guest's id for it, not 0
 * @flags: VIRTIO_GPU_BLOB_FLAG_*
 * @size: bytes
 * @charge: how much it counts against struct vgpu_config.bytes_max
 * @blob: the host's buffer of a HOST3D blob, else NULL
 * @entry: the guest's memory of a GUEST blob, else NULL; in host byte order
 * @entries: number of entries
 * @hint: the entry accessed last
 * @hint_offset: its offset in the resource
 * @mapped: it is in the host-visible region
 * @offset: its offset in that region
 * @has_uuid: @uuid has been assigned
 * @uuid: RESOURCE_ASSIGN_UUID's answer
 * @attached: a bit per struct vgpu.context that may use it
 */
struct vgpu_resource {
	LIST_ENTRY(vgpu_resource) link;
	uint32_t id;
	uint32_t flags;
	uint64_t size;
	uint64_t charge;
	struct vgpu_blob *blob;
	struct virtio_gpu_mem_entry *entry;
	uint32_t entries;
	uint32_t hint;
	uint64_t hint_offset;
	bool mapped;
	uint64_t offset;
	bool has_uuid;
	uint8_t uuid[VGPU_UUID_SIZE];
	uint64_t attached[VGPU_CONTEXTS_MAX / 64];
};

/**
 * struct vgpu_context_ops - operations of the contexts of one capset
 *
 * All return 0 or -errno, see error_of() in control.c.
 *
 * @create: create @state; NULL without one
 * @destroy: destroy it; NULL without one
 * @submit: run a submission of @size bytes
 * @blob_id: translate the blob_id of a HOST3D blob of @size bytes to the device's; NULL
 *	if they are the same
 */
struct vgpu_context_ops {
	int (*create)(struct vgpu_context *ctx);
	void (*destroy)(struct vgpu_context *ctx);
	int (*submit)(struct vgpu *dev, struct vgpu_request *request, const void *data,
		      size_t size);
	int (*blob_id)(const struct vgpu *dev, const struct vgpu_context *ctx, uint64_t size,
		       uint64_t *blob_id);
};

/**
 * struct vgpu_context - a context
 * @id: the guest's id for it; 0: this one is free
 * @held: a bit per ring whose fences wait
 * @ops: operations of its capset
 * @state: their state
 */
struct vgpu_context {
	uint32_t id;
	uint64_t held;
	const struct vgpu_context_ops *ops;
	void *state;
};

/**
 * struct vgpu_request - a command being run
 * @hdr: its header, in host byte order
 * @ctx: the context it names, or NULL
 * @data: all of it, including the header; a copy
 * @size: its size in bytes
 * @response: the answer, initially all 0; the caller of the handler fills in its header
 * @answer: type of the answer, VIRTIO_GPU_RESP_*
 * @answer_size: size of the answer in bytes
 */
struct vgpu_request {
	struct virtio_gpu_ctrl_hdr hdr;
	struct vgpu_context *ctx;
	const void *data;
	size_t size;
	union {
		struct virtio_gpu_ctrl_hdr hdr;
		struct virtio_gpu_resp_display_info display_info;
		struct virtio_gpu_resp_capset_info capset_info;
		struct {
			struct virtio_gpu_ctrl_hdr hdr;
			struct cross_domain_caps caps;
		} capset;
		struct virtio_gpu_resp_resource_uuid uuid;
		struct virtio_gpu_resp_map_info map_info;
	} response;
	uint32_t answer;
	size_t answer_size;
};

/**
 * struct vgpu_held - an answer whose fence waits
 * @link: in struct vgpu.held, in order of arrival
 * @ctx: its context
 * @ring_idx: its ring
 * @head: head of its chain
 * @size: bytes of the answer
 * @response: the answer
 * @segments: number of descriptors
 * @segment: descriptors to write the answer to
 */
struct vgpu_held {
	TAILQ_ENTRY(vgpu_held) link;
	struct vgpu_context *ctx;
	uint8_t ring_idx;
	uint16_t head;
	size_t size;
	char response[sizeof(((struct vgpu_request *)0)->response)];
	unsigned int segments;
	struct vgpu_segment segment[];
};

LIST_HEAD(vgpu_resources, vgpu_resource);
TAILQ_HEAD(vgpu_held_answers, vgpu_held);

/**
 * struct vgpu - a device
 * @config: as passed to vgpu_create()
 * @features: accepted by the driver
 * @mem: the guest's memory
 * @ring: the queues
 * @running: the queue whose command is being run, -1 for none
 * @resources: all resources
 * @context: all contexts
 * @held: answers that wait
 * @counts: how many of these there are
 * @image_map_info: VIRTIO_GPU_MAP_CACHE_* of images; 0: not known yet
 * @chain: the chain of the command being run
 * @command: copy of that command, VGPU_COMMAND_MAX bytes
 */
struct vgpu {
	struct vgpu_config config;
	uint64_t features;
	struct vgpu_mem mem;
	struct vgpu_ring ring[VGPU_QUEUES];
	int running;
	struct vgpu_resources resources;
	struct vgpu_context context[VGPU_CONTEXTS_MAX];
	struct vgpu_held_answers held;
	struct vgpu_counts counts;
	uint32_t image_map_info;
	struct vgpu_chain chain;
	char *command;
};

/* What sizes and offsets of blobs must be multiples of, once the guest has accepted it; or 1. */
static inline uint64_t vgpu_alignment(const struct vgpu *dev)
{
	return dev->features >> VIRTIO_GPU_F_BLOB_ALIGNMENT & 1 ? dev->config.alignment : 1;
}

/* control.c: run the command in dev->chain and answer it. */
void vgpu_control_run(struct vgpu *dev);

/* The handlers of commands, by file: 0 or -errno, see error_of(). */
/* context.c */
int vgpu_ctx_create(struct vgpu *dev, struct vgpu_request *request);
int vgpu_ctx_destroy(struct vgpu *dev, struct vgpu_request *request);
int vgpu_ctx_attach(struct vgpu *dev, struct vgpu_request *request);
int vgpu_ctx_detach(struct vgpu *dev, struct vgpu_request *request);
int vgpu_submit_3d(struct vgpu *dev, struct vgpu_request *request);
/* resource.c */
int vgpu_resource_create_blob(struct vgpu *dev, struct vgpu_request *request);
int vgpu_resource_unref(struct vgpu *dev, struct vgpu_request *request);
int vgpu_resource_map_blob(struct vgpu *dev, struct vgpu_request *request);
int vgpu_resource_unmap_blob(struct vgpu *dev, struct vgpu_request *request);
int vgpu_resource_assign_uuid(struct vgpu *dev, struct vgpu_request *request);

/* context.c: the context with that id, NULL for none (and for id 0). */
struct vgpu_context *vgpu_context_find(struct vgpu *dev, uint32_t id);
/* context.c: destroy all contexts and their held fences. */
void vgpu_contexts_free(struct vgpu *dev);

/* resource.c: the resource with that id, NULL for none. */
struct vgpu_resource *vgpu_resource_find(struct vgpu *dev, uint32_t id);
/* resource.c: the same for a context: only a resource that is attached to it. */
struct vgpu_resource *vgpu_resource_find_attached(struct vgpu *dev,
						  const struct vgpu_context *ctx,
						  uint32_t id);
/* resource.c: attach a resource to a context, or detach it. */
void vgpu_resource_attach(struct vgpu *dev, struct vgpu_resource *resource,
			  const struct vgpu_context *ctx, bool attach);
/* resource.c: detach all resources from @ctx. */
void vgpu_resources_detach(struct vgpu *dev, const struct vgpu_context *ctx);
/* resource.c: destroy all resources. */
void vgpu_resources_free(struct vgpu *dev);
/*
 * resource.c: copy from or to a resource. -EINVAL past its end, -EFAULT where the guest's
 * memory or the host's buffer is gone, an error of mmap() when the host cannot map it.
 */
int vgpu_resource_read(struct vgpu *dev, struct vgpu_resource *resource,
		       uint64_t offset, void *data, size_t size);
int vgpu_resource_write(struct vgpu *dev, struct vgpu_resource *resource,
			uint64_t offset, const void *data, size_t size);

/* fence.c: hold the fences of the ring from now on. */
void vgpu_fence_hold(struct vgpu_context *ctx, uint32_t ring_idx);
/* fence.c: stop holding them, and give back the held answers in order. */
void vgpu_fence_release(struct vgpu *dev, struct vgpu_context *ctx,
			uint32_t ring_idx);
/* fence.c: true when the answer in @request is held. */
bool vgpu_fence_waits(struct vgpu *dev, const struct vgpu_request *request);
/* fence.c: drop the answers held for a context. */
void vgpu_fence_drop(struct vgpu *dev, const struct vgpu_context *ctx);

/* submit.c: contexts without a capset, with the commands of protocol.h. */
extern const struct vgpu_context_ops vgpu_native_ops;
/* cross_domain.c: contexts of that capset. */
extern const struct vgpu_context_ops vgpu_cross_ops;
/* cross_domain.c: the capset's data. */
struct cross_domain_caps vgpu_cross_caps(void);

#endif /* MOCKGPU_VGPU_DEVICE_H */
