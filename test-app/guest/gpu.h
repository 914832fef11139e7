/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host and the payload's virtio-gpu driver (gpu.c) share: a list of commands
 * with their answers, and the memory for the driver's state and queue, since the
 * payload has no writable data.
 *
 * Freestanding: the payload includes it too.
 */
#ifndef MOCKGPU_GUEST_GPU_H
#define MOCKGPU_GUEST_GPU_H

#include <stdint.h>

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

/* Descriptors of the control queue: one command and its answer at a time. */
#define GUEST_GPU_QUEUE 2
/* Commands in one list. */
#define GUEST_GPU_COMMANDS 512
/* The driver's only context. */
#define GUEST_GPU_CTX 1

/**
 * enum guest_gpu_op - what the driver can do
 *
 * @GUEST_GPU_INIT: reset the device, negotiate, set up the queue, create a context.
 *	Must come before all others.
 * @GUEST_GPU_CREATE: RESOURCE_CREATE_BLOB of a mappable HOST3D blob
 * @GUEST_GPU_MAP: RESOURCE_MAP_BLOB
 * @GUEST_GPU_UNMAP: RESOURCE_UNMAP_BLOB
 * @GUEST_GPU_UNREF: RESOURCE_UNREF
 * @GUEST_GPU_RESET: reset the device
 */
enum guest_gpu_op {
	GUEST_GPU_INIT,
	GUEST_GPU_CREATE,
	GUEST_GPU_MAP,
	GUEST_GPU_UNMAP,
	GUEST_GPU_UNREF,
	GUEST_GPU_RESET,
};

/**
 * enum guest_gpu_fault - what the driver found wrong with the device
 *
 * @GUEST_GPU_FINE: nothing
 * @GUEST_GPU_NO_DEVICE: no virtio-mmio version 2 with a GPU
 * @GUEST_GPU_NO_FEATURES: it lacks features, or did not accept them
 * @GUEST_GPU_NO_WINDOW: it has no host-visible region
 * @GUEST_GPU_NO_QUEUE: the control queue could not be set up
 * @GUEST_GPU_NO_ANSWER: a command was not answered
 * @GUEST_GPU_BAD_ANSWER: the wrong chain or too few bytes came back
 * @GUEST_GPU_NO_INTERRUPT: a command was answered without an interrupt
 */
enum guest_gpu_fault {
	GUEST_GPU_FINE = 0,
	GUEST_GPU_NO_DEVICE,
	GUEST_GPU_NO_FEATURES,
	GUEST_GPU_NO_WINDOW,
	GUEST_GPU_NO_QUEUE,
	GUEST_GPU_NO_ANSWER,
	GUEST_GPU_BAD_ANSWER,
	GUEST_GPU_NO_INTERRUPT,
};

/**
 * struct guest_gpu_command - one command
 *
 * @op: host to guest: enum guest_gpu_op
 * @id: host to guest: the resource
 * @blob_id: host to guest: for CREATE
 * @size: host to guest: for CREATE, bytes
 * @offset: host to guest: for MAP, in the host-visible region
 * @answer: guest to host: VIRTIO_GPU_RESP_*; for INIT the answer to its CTX_CREATE, for
 *	RESET VIRTIO_GPU_RESP_OK_NODATA; 0: there was no answer
 * @map_info: guest to host: map_info of the answer to MAP
 */
struct guest_gpu_command {
	uint32_t op;
	uint32_t id;
	uint64_t blob_id;
	uint64_t size;
	uint64_t offset;
	uint32_t answer;
	uint32_t map_info;
};

/* The longest command and the longest answer the driver knows. */
union guest_gpu_request {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_ctx_create ctx_create;
	struct virtio_gpu_resource_create_blob create;
	struct virtio_gpu_resource_map_blob map;
	struct virtio_gpu_resource_unmap_blob unmap;
	struct virtio_gpu_resource_unref unref;
};

union guest_gpu_answer {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_resp_map_info map_info;
};

/**
 * struct guest_gpu - the driver's memory
 *
 * @mmio: host to guest: guest physical address of the registers
 * @count: host to guest: commands in the list
 * @quiet: host to guest: 1 tells the device not to interrupt
 * @fault: guest to host: enum guest_gpu_fault; the first one ends the list
 * @features: guest to host: the features the device offers
 * @window_gpa: guest to host: where the device says its host-visible region is
 * @window: guest to host: size of that region in bytes
 * @capsets: guest to host: the configuration space's num_capsets
 * @avail_idx: guest: chains made available
 * @command: both: the list
 * @request: guest: the command for the device
 * @response: guest: the device's answer
 * @desc: guest: descriptor table
 * @avail: guest: available ring with its entries
 * @used: guest: used ring with its entries
 */
struct guest_gpu {
	uint64_t mmio;
	uint32_t count;
	uint32_t quiet;
	uint32_t fault;
	uint32_t capsets;
	uint64_t features;
	uint64_t window_gpa;
	uint64_t window;
	uint16_t avail_idx;
	struct guest_gpu_command command[GUEST_GPU_COMMANDS];
	union guest_gpu_request request;
	union guest_gpu_answer response;
	struct vring_desc desc[GUEST_GPU_QUEUE] __attribute__((aligned(16)));
	struct {
		uint16_t flags;
		uint16_t idx;
		uint16_t ring[GUEST_GPU_QUEUE];
	} avail __attribute__((aligned(16)));
	struct {
		uint16_t flags;
		uint16_t idx;
		struct vring_used_elem ring[GUEST_GPU_QUEUE];
	} used __attribute__((aligned(16)));
};

#endif /* MOCKGPU_GUEST_GPU_H */
