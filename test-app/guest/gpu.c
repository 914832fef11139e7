// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's virtio-gpu driver over virtio-mmio (virtio 1.3, 3.1, 4.2.3 and 5.7). It
 * runs the commands of struct guest_gpu. Guest virtual addresses equal guest physical
 * ones, and the driver waits for each answer.
 */

#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "arch.h"
#include "payload.h"

#define GPU_MAGIC 0x74726976
#define GPU_VERSION 2
#define GPU_FEATURES (1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_GPU_F_VIRGL |	\
		      1ull << VIRTIO_GPU_F_RESOURCE_BLOB | 1ull << VIRTIO_GPU_F_CONTEXT_INIT)
#define GPU_CONTROL_QUEUE 0
/* The device answers within the notification. This limit is for one that does not. */
#define GPU_PATIENCE 1000000

static uint32_t gpu_in(const struct guest_gpu *gpu, uint32_t reg)
{
	return *(volatile uint32_t *)(gpu->mmio + reg);
}

static void gpu_out(const struct guest_gpu *gpu, uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(gpu->mmio + reg) = value;
}

static uint64_t gpu_in64(const struct guest_gpu *gpu, uint32_t low, uint32_t high)
{
	return gpu_in(gpu, low) | (uint64_t)gpu_in(gpu, high) << 32;
}

static void gpu_out64(const struct guest_gpu *gpu, uint32_t low, uint32_t high,
		      const void *address)
{
	gpu_out(gpu, low, (uintptr_t)address);
	gpu_out(gpu, high, (uintptr_t)address >> 32);
}

static void gpu_status_add(const struct guest_gpu *gpu, uint32_t bit)
{
	gpu_out(gpu, VIRTIO_MMIO_STATUS, gpu_in(gpu, VIRTIO_MMIO_STATUS) | bit);
}

static void gpu_reset(const struct guest_gpu *gpu)
{
	gpu_out(gpu, VIRTIO_MMIO_STATUS, 0);
	while (gpu_in(gpu, VIRTIO_MMIO_STATUS))
		;
}

static enum guest_gpu_fault gpu_negotiate(struct guest_gpu *gpu)
{
	uint32_t i;

	gpu->features = 0;
	for (i = 0; i < 2; i++) {
		gpu_out(gpu, VIRTIO_MMIO_DEVICE_FEATURES_SEL, i);
		gpu->features |= (uint64_t)gpu_in(gpu, VIRTIO_MMIO_DEVICE_FEATURES) << 32 * i;
		gpu_out(gpu, VIRTIO_MMIO_DRIVER_FEATURES_SEL, i);
		gpu_out(gpu, VIRTIO_MMIO_DRIVER_FEATURES, GPU_FEATURES >> 32 * i);
	}
	gpu_status_add(gpu, VIRTIO_CONFIG_S_FEATURES_OK);
	if ((gpu->features & GPU_FEATURES) != GPU_FEATURES ||
	    !(gpu_in(gpu, VIRTIO_MMIO_STATUS) & VIRTIO_CONFIG_S_FEATURES_OK))
		return GUEST_GPU_NO_FEATURES;
	return GUEST_GPU_FINE;
}

static enum guest_gpu_fault gpu_find_window(struct guest_gpu *gpu)
{
	gpu_out(gpu, VIRTIO_MMIO_SHM_SEL, VIRTIO_GPU_SHM_ID_HOST_VISIBLE);
	gpu->window = gpu_in64(gpu, VIRTIO_MMIO_SHM_LEN_LOW, VIRTIO_MMIO_SHM_LEN_HIGH);
	gpu->window_gpa = gpu_in64(gpu, VIRTIO_MMIO_SHM_BASE_LOW, VIRTIO_MMIO_SHM_BASE_HIGH);
	return gpu->window == UINT64_MAX ? GUEST_GPU_NO_WINDOW : GUEST_GPU_FINE;
}

static enum guest_gpu_fault gpu_set_up_queue(struct guest_gpu *gpu)
{
	gpu->avail_idx = 0;
	gpu->avail.flags = gpu->quiet ? VRING_AVAIL_F_NO_INTERRUPT : 0;
	gpu->avail.idx = 0;
	gpu->used.idx = 0;
	gpu_out(gpu, VIRTIO_MMIO_QUEUE_SEL, GPU_CONTROL_QUEUE);
	if (gpu_in(gpu, VIRTIO_MMIO_QUEUE_READY) ||
	    gpu_in(gpu, VIRTIO_MMIO_QUEUE_NUM_MAX) < GUEST_GPU_QUEUE)
		return GUEST_GPU_NO_QUEUE;
	gpu_out(gpu, VIRTIO_MMIO_QUEUE_NUM, GUEST_GPU_QUEUE);
	gpu_out64(gpu, VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_DESC_HIGH, gpu->desc);
	gpu_out64(gpu, VIRTIO_MMIO_QUEUE_AVAIL_LOW, VIRTIO_MMIO_QUEUE_AVAIL_HIGH, &gpu->avail);
	gpu_out64(gpu, VIRTIO_MMIO_QUEUE_USED_LOW, VIRTIO_MMIO_QUEUE_USED_HIGH, &gpu->used);
	gpu_out(gpu, VIRTIO_MMIO_QUEUE_READY, 1);
	return gpu_in(gpu, VIRTIO_MMIO_QUEUE_READY) ? GUEST_GPU_FINE : GUEST_GPU_NO_QUEUE;
}

/* Send gpu->request, @size bytes. On return the answer is in gpu->response. */
static enum guest_gpu_fault gpu_send(struct guest_gpu *gpu, uint32_t size)
{
	const struct vring_used_elem *used = &gpu->used.ring[gpu->avail_idx % GUEST_GPU_QUEUE];
	uint32_t patience = GPU_PATIENCE;

	gpu->response.hdr.type = 0;
	gpu->desc[0] = (struct vring_desc){
		(uintptr_t)&gpu->request, size, VRING_DESC_F_NEXT, 1,
	};
	gpu->desc[1] = (struct vring_desc){
		(uintptr_t)&gpu->response, sizeof(gpu->response), VRING_DESC_F_WRITE, 0,
	};
	gpu->avail.ring[gpu->avail_idx++ % GUEST_GPU_QUEUE] = 0;
	__atomic_store_n(&gpu->avail.idx, gpu->avail_idx, __ATOMIC_RELEASE);
	gpu_out(gpu, VIRTIO_MMIO_QUEUE_NOTIFY, GPU_CONTROL_QUEUE);
	while (__atomic_load_n(&gpu->used.idx, __ATOMIC_ACQUIRE) != gpu->avail_idx) {
		if (!--patience)
			return GUEST_GPU_NO_ANSWER;
	}
	if (used->id || used->len < sizeof(gpu->response.hdr))
		return GUEST_GPU_BAD_ANSWER;
	if (gpu->quiet)
		return GUEST_GPU_FINE;
	if (!(gpu_in(gpu, VIRTIO_MMIO_INTERRUPT_STATUS) & VIRTIO_MMIO_INT_VRING))
		return GUEST_GPU_NO_INTERRUPT;
	gpu_out(gpu, VIRTIO_MMIO_INTERRUPT_ACK, VIRTIO_MMIO_INT_VRING);
	return GUEST_GPU_FINE;
}

static struct virtio_gpu_ctrl_hdr gpu_header(uint32_t type, uint32_t ctx)
{
	return (struct virtio_gpu_ctrl_hdr){ .type = type, .ctx_id = ctx };
}

static enum guest_gpu_fault gpu_make_context(struct guest_gpu *gpu)
{
	gpu->request.ctx_create = (struct virtio_gpu_ctx_create){
		.hdr = gpu_header(VIRTIO_GPU_CMD_CTX_CREATE, GUEST_GPU_CTX),
	};
	return gpu_send(gpu, sizeof(gpu->request.ctx_create));
}

static enum guest_gpu_fault gpu_init(struct guest_gpu *gpu)
{
	enum guest_gpu_fault fault;

	if (gpu_in(gpu, VIRTIO_MMIO_MAGIC_VALUE) != GPU_MAGIC ||
	    gpu_in(gpu, VIRTIO_MMIO_VERSION) != GPU_VERSION ||
	    gpu_in(gpu, VIRTIO_MMIO_DEVICE_ID) != VIRTIO_ID_GPU)
		return GUEST_GPU_NO_DEVICE;
	gpu_reset(gpu);
	gpu_status_add(gpu, VIRTIO_CONFIG_S_ACKNOWLEDGE);
	gpu_status_add(gpu, VIRTIO_CONFIG_S_DRIVER);
	fault = gpu_negotiate(gpu);
	if (!fault)
		fault = gpu_find_window(gpu);
	if (!fault)
		fault = gpu_set_up_queue(gpu);
	if (fault)
		return fault;
	gpu->capsets = gpu_in(gpu, VIRTIO_MMIO_CONFIG +
			      __builtin_offsetof(struct virtio_gpu_config, num_capsets));
	gpu_status_add(gpu, VIRTIO_CONFIG_S_DRIVER_OK);
	return gpu_make_context(gpu);
}

static enum guest_gpu_fault gpu_create(struct guest_gpu *gpu,
				       const struct guest_gpu_command *command)
{
	gpu->request.create = (struct virtio_gpu_resource_create_blob){
		.hdr = gpu_header(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, GUEST_GPU_CTX),
		.resource_id = command->id,
		.blob_mem = VIRTIO_GPU_BLOB_MEM_HOST3D,
		.blob_flags = VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE,
		.blob_id = command->blob_id,
		.size = command->size,
	};
	return gpu_send(gpu, sizeof(gpu->request.create));
}

static enum guest_gpu_fault gpu_map(struct guest_gpu *gpu, struct guest_gpu_command *command)
{
	enum guest_gpu_fault fault;

	gpu->request.map = (struct virtio_gpu_resource_map_blob){
		.hdr = gpu_header(VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, 0),
		.resource_id = command->id,
		.offset = command->offset,
	};
	fault = gpu_send(gpu, sizeof(gpu->request.map));
	command->map_info = gpu->response.map_info.map_info;
	return fault;
}

/* UNMAP_BLOB and UNREF: a header and the resource id. */
static enum guest_gpu_fault gpu_end(struct guest_gpu *gpu, uint32_t type, uint32_t id)
{
	gpu->request.unref = (struct virtio_gpu_resource_unref){
		.hdr = gpu_header(type, 0),
		.resource_id = id,
	};
	return gpu_send(gpu, sizeof(gpu->request.unref));
}

static enum guest_gpu_fault gpu_run(struct guest_gpu *gpu, struct guest_gpu_command *command)
{
	switch (command->op) {
	case GUEST_GPU_INIT:
		return gpu_init(gpu);
	case GUEST_GPU_CREATE:
		return gpu_create(gpu, command);
	case GUEST_GPU_MAP:
		return gpu_map(gpu, command);
	case GUEST_GPU_UNMAP:
		return gpu_end(gpu, VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, command->id);
	case GUEST_GPU_UNREF:
		return gpu_end(gpu, VIRTIO_GPU_CMD_RESOURCE_UNREF, command->id);
	default:
		gpu_reset(gpu);
		gpu->response.hdr.type = VIRTIO_GPU_RESP_OK_NODATA;
		return GUEST_GPU_FINE;
	}
}

_Noreturn void guest_gpu_start(struct guest_gpu *gpu)
{
	uint32_t i;

	gpu->fault = GUEST_GPU_FINE;
	for (i = 0; i < gpu->count && !gpu->fault; i++) {
		gpu->fault = gpu_run(gpu, &gpu->command[i]);
		if (!gpu->fault)
			gpu->command[i].answer = gpu->response.hdr.type;
	}
	for (;;)
		guest_doorbell();
}
