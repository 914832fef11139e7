/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of the device model that lives in this process's memory: some RAM, the driver's
 * side of the control queue, and the transport's side of the host-visible region. No KVM.
 */
#ifndef MOCKGPU_TEST_VGPU_GUEST_H
#define MOCKGPU_TEST_VGPU_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

#include "vgpu/mmio.h"
#include "vgpu/vgpu.h"

/* Short names for the device's answers. */
#define OK VIRTIO_GPU_RESP_OK_NODATA
#define OK_MAP VIRTIO_GPU_RESP_OK_MAP_INFO
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BAD_RESOURCE VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_CONTEXT VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID
#define NO_MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define UNSPECIFIED VIRTIO_GPU_RESP_ERR_UNSPEC

/*
 * RAM: two regions that are adjacent in the guest, but not in the host, and one far away.
 * The queue and the buffers of vgpu_guest_run() are in the first.
 */
#define VGPU_GUEST_REGION (1ull << 20)
#define VGPU_GUEST_LOW 0x100000ull
#define VGPU_GUEST_MIDDLE (VGPU_GUEST_LOW + VGPU_GUEST_REGION)
#define VGPU_GUEST_HIGH 0x140000000ull
#define VGPU_GUEST_REGIONS 3

#define VGPU_GUEST_QUEUE 64
#define VGPU_GUEST_DESC VGPU_GUEST_LOW
#define VGPU_GUEST_AVAIL (VGPU_GUEST_LOW + 0x4000)
#define VGPU_GUEST_USED (VGPU_GUEST_LOW + 0x8000)
#define VGPU_GUEST_COMMAND (VGPU_GUEST_LOW + 0x10000)
#define VGPU_GUEST_COMMAND_MAX 0x40000
#define VGPU_GUEST_ANSWER (VGPU_GUEST_LOW + 0x80000)
#define VGPU_GUEST_ANSWER_MAX 0x1000
/* The rest of the first region is free for tests. */
#define VGPU_GUEST_FREE (VGPU_GUEST_LOW + 0x90000)

#define VGPU_GUEST_WINDOW (16ull << 20)
/* Enough for any test. */
#define VGPU_GUEST_BYTES_MAX (32ull << 20)

/**
 * struct vgpu_guest - the guest
 * @dev: its device
 * @ram: host addresses of its regions
 * @window: the host-visible region, inaccessible where there is no blob
 * @method: how the transport maps blobs
 * @arena: it maps them into @window; otherwise wherever the kernel likes, as a VMM with a
 *	memslot per blob does
 * @taken: pages of the host-visible region that have a blob
 * @map_error: error that the transport's next map or unmap fails with, 0 for none
 * @mmio: the registers through which the guest accesses the device, or NULL: it calls the
 *	device's functions
 * @refill: how often it refills the queue when it is interrupted
 * @interrupts: how often the guest was interrupted
 * @avail_idx: index of the available ring
 * @used_idx: index of the used ring
 */
struct vgpu_guest {
	struct vgpu *dev;
	char *ram[VGPU_GUEST_REGIONS];
	char *window;
	enum vgpu_map_method method;
	bool arena;
	bool taken[VGPU_GUEST_WINDOW / VGPU_MEM_ALIGN];
	int map_error;
	struct vgpu_mmio *mmio;
	unsigned int refill;
	unsigned int interrupts;
	uint16_t avail_idx;
	uint16_t used_idx;
};

/**
 * vgpu_guest_init() - create a guest and its device, with the queue set up
 * @guest: out
 * @drm_fd: from mockgpu_open(), or -1
 * @bytes_max: see struct vgpu_config
 *
 * Its transport aborts the process when the device breaks a promise of struct vgpu_ops.
 *
 * Return: 0 or -errno.
 */
int vgpu_guest_init(struct vgpu_guest *guest, int drm_fd, uint64_t bytes_max);

/**
 * vgpu_guest_init_images() - the same, with cross-domain images of another kind
 * @guest: out
 * @drm_fd: as for vgpu_guest_init()
 * @bytes_max: see struct vgpu_config
 * @image_blob_id: see struct vgpu_config
 *
 * Return: 0 or -errno.
 */
int vgpu_guest_init_images(struct vgpu_guest *guest, int drm_fd, uint64_t bytes_max,
			   uint64_t image_blob_id);

/**
 * vgpu_guest_exit() - destroy it
 * @guest: the guest
 */
void vgpu_guest_exit(struct vgpu_guest *guest);

/**
 * vgpu_guest_queue_reset() - start again with an empty control queue
 * @guest: the guest
 *
 * Return: as vgpu_queue_start().
 */
int vgpu_guest_queue_reset(struct vgpu_guest *guest);

/**
 * vgpu_guest_at() - get an address in the guest's RAM
 * @guest: the guest
 * @gpa: guest physical address
 *
 * Return: the host address, NULL outside of RAM.
 */
void *vgpu_guest_at(const struct vgpu_guest *guest, uint64_t gpa);

/**
 * vgpu_guest_desc() - write a descriptor of the queue's table
 * @guest: the guest
 * @index: which one
 * @addr: its address
 * @len: its length
 * @flags: its flags
 * @next: index of the next one
 */
void vgpu_guest_desc(struct vgpu_guest *guest, uint16_t index, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next);

/**
 * vgpu_guest_kick() - make a chain available and notify the device
 * @guest: the guest
 * @head: the chain's first descriptor
 *
 * Return: as vgpu_queue_notify(); 0 through registers, which return nothing.
 */
int vgpu_guest_kick(struct vgpu_guest *guest, uint16_t head);

/**
 * vgpu_guest_used() - take back a used chain
 * @guest: the guest
 * @head: out: its first descriptor
 * @len: out: bytes written to it
 *
 * Return: 0; -EAGAIN when there is none.
 */
int vgpu_guest_used(struct vgpu_guest *guest, uint32_t *head, uint32_t *len);

/**
 * vgpu_guest_send() - send a command and leave the answer in its buffer
 * @guest: the guest
 * @slot: 0 to 7: which descriptors and answer buffer to use
 * @command: the command
 * @size: its size in bytes, up to VGPU_GUEST_COMMAND_MAX / 8
 *
 * Return: as vgpu_queue_notify().
 */
int vgpu_guest_send(struct vgpu_guest *guest, unsigned int slot,
		    const void *command, size_t size);

/**
 * vgpu_guest_answer() - get the answer buffer of vgpu_guest_send()
 * @guest: the guest
 * @slot: as passed there
 *
 * Return: VGPU_GUEST_ANSWER_MAX / 8 bytes.
 */
const void *vgpu_guest_answer(const struct vgpu_guest *guest, unsigned int slot);

/**
 * vgpu_guest_run() - send a command and get its answer
 * @guest: the guest
 * @command: the command
 * @size: its size in bytes
 * @answer: out, or NULL
 * @answer_size: bytes at @answer
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_run(struct vgpu_guest *guest, const void *command,
			size_t size, void *answer, size_t answer_size);

/**
 * vgpu_guest_ctx() - CTX_CREATE or CTX_DESTROY
 * @guest: the guest
 * @type: VIRTIO_GPU_CMD_CTX_CREATE or _DESTROY
 * @ctx_id: the context
 * @capset: its capset, 0 for none
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_ctx(struct vgpu_guest *guest, uint32_t type, uint32_t ctx_id,
			uint32_t capset);

/**
 * vgpu_guest_host3d() - RESOURCE_CREATE_BLOB of a HOST3D blob
 * @guest: the guest
 * @ctx_id: the context
 * @id: the resource
 * @blob_id: VGPU_BLOB_ID()
 * @size: bytes
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_host3d(struct vgpu_guest *guest, uint32_t ctx_id, uint32_t id,
			   uint64_t blob_id, uint64_t size);

/**
 * vgpu_guest_own() - RESOURCE_CREATE_BLOB of a GUEST blob
 * @guest: the guest
 * @id: the resource
 * @entry: pages, in the guest's byte order
 * @entries: how many
 * @size: bytes
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_own(struct vgpu_guest *guest, uint32_t id,
			const struct virtio_gpu_mem_entry *entry, uint32_t entries,
			uint64_t size);

/**
 * vgpu_guest_resource() - send a command with only a resource
 * @guest: the guest
 * @type: RESOURCE_UNREF, _UNMAP_BLOB, _ASSIGN_UUID, CTX_ATTACH_RESOURCE, _DETACH_
 * @ctx_id: the context, 0 for none
 * @id: the resource
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_resource(struct vgpu_guest *guest, uint32_t type,
			     uint32_t ctx_id, uint32_t id);

/**
 * vgpu_guest_map() - RESOURCE_MAP_BLOB
 * @guest: the guest
 * @id: the resource
 * @offset: where in the host-visible region
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_map(struct vgpu_guest *guest, uint32_t id, uint64_t offset);

/**
 * vgpu_guest_submit() - SUBMIT_3D without a fence
 * @guest: the guest
 * @ctx_id: the context
 * @data: the commands
 * @size: their size in bytes
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 when there was no answer.
 */
uint32_t vgpu_guest_submit(struct vgpu_guest *guest, uint32_t ctx_id,
			   const void *data, uint32_t size);

#endif /* MOCKGPU_TEST_VGPU_GUEST_H */
