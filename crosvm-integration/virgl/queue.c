// SPDX-License-Identifier: MIT
/* The driver's side of the device's control queue, see queue.h. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "queue.h"
#include "vgpu.h"

/* Alignment of the used ring in struct vring. */
#define QUEUE_ALIGN 64
/* A multiple of that. */
#define QUEUE_BYTES ((vring_size(QUEUE_SIZE, QUEUE_ALIGN) + QUEUE_ALIGN - 1) & -QUEUE_ALIGN)

static uint64_t address_of(const void *at)
{
	return (uintptr_t)at;
}

static int queue_start(struct queue *queue)
{
	const struct vring *ring = &queue->ring;

	return vgpu_queue_start(queue->dev, VGPU_QUEUE_CONTROL, ring->num, address_of(ring->desc),
				address_of(ring->avail), address_of(ring->used), 0);
}

int queue_restart(struct queue *queue)
{
	unsigned int i;

	memset(queue->ring.desc, 0, QUEUE_BYTES);
	/* The device never interrupts: this side looks at the used ring after each command. */
	queue->ring.avail->flags = htole16(VRING_AVAIL_F_NO_INTERRUPT);
	queue->used_idx = 0;
	TAILQ_INIT(&queue->free);
	TAILQ_INIT(&queue->signaled);
	for (i = 0; i < QUEUE_SLOTS; i++)
		TAILQ_INSERT_TAIL(&queue->free, &queue->slots[i], link);
	return queue_start(queue);
}

int queue_init(struct queue *queue, struct vgpu *dev)
{
	void *memory = aligned_alloc(QUEUE_ALIGN, QUEUE_BYTES);

	if (!memory)
		return -ENOMEM;
	queue->dev = dev;
	vring_init(&queue->ring, QUEUE_SIZE, memory, QUEUE_ALIGN);
	return queue_restart(queue);
}

void queue_fini(struct queue *queue)
{
	free(queue->ring.desc);
	memset(queue, 0, sizeof(*queue));
}

/* Append a descriptor to a chain that has @count. */
static void add(struct queue *queue, unsigned int head, unsigned int *count, const void *at,
		size_t size, uint16_t flags)
{
	struct vring_desc *desc = &queue->ring.desc[head + *count];

	if (*count)
		desc[-1].flags |= htole16(VRING_DESC_F_NEXT);
	*desc = (struct vring_desc){
		.addr = htole64(address_of(at)),
		.len = htole32(size),
		.flags = htole16(flags),
		.next = htole16(head + *count + 1),
	};
	(*count)++;
}

/* Move what the device has given back: a fence to @signaled, all else to @free. */
static void collect(struct queue *queue)
{
	const struct vring_used *used = queue->ring.used;

	while (queue->used_idx != le16toh(used->idx)) {
		uint32_t head = le32toh(used->ring[queue->used_idx++ % QUEUE_SIZE].id);
		struct queue_slot *slot = &queue->slots[head / QUEUE_SLOT];

		if (slot->hdr.type && slot->answer.type == htole32(VIRTIO_GPU_RESP_OK_NODATA))
			TAILQ_INSERT_TAIL(&queue->signaled, slot, link);
		else
			TAILQ_INSERT_TAIL(&queue->free, slot, link);
	}
}

/* Let the device run a command and look at its queue. */
static int send(struct queue *queue, struct queue_slot *slot, const void *command, size_t size,
		const void *data, size_t data_size)
{
	unsigned int count = 0, head = (slot - queue->slots) * QUEUE_SLOT;
	struct vring_avail *avail = queue->ring.avail;
	uint16_t idx = le16toh(avail->idx);
	int ret;

	slot->answer.type = 0;
	add(queue, head, &count, command, size, 0);
	if (data_size)
		add(queue, head, &count, data, data_size, 0);
	add(queue, head, &count, &slot->answer, sizeof(slot->answer), VRING_DESC_F_WRITE);
	avail->ring[idx % QUEUE_SIZE] = htole16(head);
	__atomic_store_n(&avail->idx, htole16(idx + 1), __ATOMIC_RELEASE);
	ret = vgpu_queue_notify(queue->dev, VGPU_QUEUE_CONTROL);
	collect(queue);
	return ret;
}

static struct queue_slot *take(struct queue *queue)
{
	struct queue_slot *slot = TAILQ_FIRST(&queue->free);

	if (slot)
		TAILQ_REMOVE(&queue->free, slot, link);
	return slot;
}

static int error_of(uint32_t answer)
{
	switch (answer) {
	case VIRTIO_GPU_RESP_OK_NODATA:
		return 0;
	case VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY:
		return -ENOMEM;
	case VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID:
	case VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID:
	case VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int queue_run(struct queue *queue, const void *command, size_t size, const void *data,
	      size_t data_size)
{
	struct queue_slot *slot = take(queue);

	if (!slot)
		return -ENOMEM;
	slot->hdr.type = 0;
	send(queue, slot, command, size, data, data_size);
	return error_of(le32toh(slot->answer.type));
}

int queue_fence(struct queue *queue, uint32_t ctx_id, uint32_t ring_idx, uint64_t fence_id)
{
	struct queue_slot *slot = take(queue);
	const struct virtio_gpu_cmd_submit submit = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_SUBMIT_3D),
		.hdr.flags = htole32(VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX),
		.hdr.fence_id = htole64(fence_id),
		.hdr.ctx_id = htole32(ctx_id),
		.hdr.ring_idx = ring_idx,
	};
	int ret;

	if (!slot)
		return -ENOMEM;
	slot->hdr = submit.hdr;
	ret = send(queue, slot, &submit, sizeof(submit), NULL, 0);
	if (ret < 0)
		return -EIO;
	return slot->answer.type ? error_of(le32toh(slot->answer.type)) : 0;
}

bool queue_signaled(struct queue *queue, struct virtio_gpu_ctrl_hdr *hdr)
{
	struct queue_slot *slot = TAILQ_FIRST(&queue->signaled);

	if (!slot)
		return false;
	TAILQ_REMOVE(&queue->signaled, slot, link);
	*hdr = (struct virtio_gpu_ctrl_hdr){
		.fence_id = le64toh(slot->hdr.fence_id),
		.ctx_id = le32toh(slot->hdr.ctx_id),
		.ring_idx = slot->hdr.ring_idx,
	};
	TAILQ_INSERT_TAIL(&queue->free, slot, link);
	return true;
}
