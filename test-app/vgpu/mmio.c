// SPDX-License-Identifier: GPL-2.0-only
/* A virtio-mmio transport for the device model, see mmio.h. */

#include <endian.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_gpu.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>

#include "mmio.h"

/* Virtio 1.3, 4.2.2: "virt". */
#define MMIO_MAGIC 0x74726976u
#define MMIO_VERSION 2u
/* No registered vendor: a driver must not depend on it. */
#define MMIO_VENDOR 0x6d6f636bu

/* Device status bits that a driver may set. */
#define MMIO_STATUS_DRIVER (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |	\
			    VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK |	\
			    VIRTIO_CONFIG_S_FAILED)

void vgpu_mmio_init(struct vgpu_mmio *mmio, struct vgpu *dev, uint64_t window_gpa,
		    uint64_t window)
{
	*mmio = (struct vgpu_mmio){
		.dev = dev, .window_gpa = window_gpa, .window = window,
	};
}

static void mmio_reset(struct vgpu_mmio *mmio)
{
	vgpu_reset(mmio->dev);
	vgpu_features_set(mmio->dev, 0);
	vgpu_mmio_init(mmio, mmio->dev, mmio->window_gpa, mmio->window);
}

static void mmio_needs_reset(struct vgpu_mmio *mmio)
{
	mmio->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	if (mmio->status & VIRTIO_CONFIG_S_DRIVER_OK)
		mmio->interrupt |= VIRTIO_MMIO_INT_CONFIG;
}

/* Virtio 1.3, 2.2.2 and 6.2: only offered features, and only with VIRTIO_F_VERSION_1. */
static bool mmio_features_ok(const struct vgpu_mmio *mmio)
{
	return !(mmio->features & ~vgpu_features(mmio->dev)) &&
	       mmio->features & 1ull << VIRTIO_F_VERSION_1;
}

/* A bit that was set stays until the reset (virtio 1.3, 2.1.1). */
static void mmio_write_status(struct vgpu_mmio *mmio, uint32_t value)
{
	uint32_t set = value & MMIO_STATUS_DRIVER & ~mmio->status;

	if (!value) {
		mmio_reset(mmio);
		return;
	}
	if (set & VIRTIO_CONFIG_S_FEATURES_OK) {
		if (mmio_features_ok(mmio))
			vgpu_features_set(mmio->dev, mmio->features);
		else
			set &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	mmio->status |= set;
	if (!(mmio->status & VIRTIO_CONFIG_S_FEATURES_OK))
		mmio->status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
}

static void mmio_write_features(struct vgpu_mmio *mmio, uint32_t value)
{
	unsigned int shift = mmio->features_sel * 32;

	if (mmio->features_sel > 1 || mmio->status & VIRTIO_CONFIG_S_FEATURES_OK)
		return;
	mmio->features &= ~(0xffffffffull << shift);
	mmio->features |= (uint64_t)value << shift;
}

static uint32_t mmio_read_features(const struct vgpu_mmio *mmio)
{
	if (mmio->device_features_sel > 1)
		return 0;
	return vgpu_features(mmio->dev) >> mmio->device_features_sel * 32;
}

static void mmio_queue_set_ready(struct vgpu_mmio *mmio, struct vgpu_mmio_queue *queue,
				 bool ready)
{
	unsigned int index = queue - mmio->queue;

	if (!ready) {
		vgpu_queue_stop(mmio->dev, index);
		queue->ready = false;
		return;
	}
	if (queue->ready || !(mmio->status & VIRTIO_CONFIG_S_FEATURES_OK) ||
	    queue->num > VGPU_MMIO_QUEUE_MAX)
		return;
	queue->ready = !vgpu_queue_start(mmio->dev, index, queue->num, queue->desc,
					 queue->driver, queue->device, 0);
}

static void mmio_set_low(uint64_t *address, uint32_t value)
{
	*address = (*address & 0xffffffff00000000ull) | value;
}

static void mmio_set_high(uint64_t *address, uint32_t value)
{
	*address = (*address & 0xffffffffull) | (uint64_t)value << 32;
}

/* Registers of the selected queue. While it is in use, the driver can only end that. */
static void mmio_write_queue(struct vgpu_mmio *mmio, uint32_t reg, uint32_t value)
{
	struct vgpu_mmio_queue *queue;

	if (mmio->queue_sel >= VGPU_QUEUES)
		return;
	queue = &mmio->queue[mmio->queue_sel];
	if (reg == VIRTIO_MMIO_QUEUE_READY)
		mmio_queue_set_ready(mmio, queue, value & 1);
	if (queue->ready)
		return;
	switch (reg) {
	case VIRTIO_MMIO_QUEUE_NUM:
		queue->num = value;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		mmio_set_low(&queue->desc, value);
		break;
	case VIRTIO_MMIO_QUEUE_DESC_HIGH:
		mmio_set_high(&queue->desc, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		mmio_set_low(&queue->driver, value);
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_HIGH:
		mmio_set_high(&queue->driver, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_LOW:
		mmio_set_low(&queue->device, value);
		break;
	case VIRTIO_MMIO_QUEUE_USED_HIGH:
		mmio_set_high(&queue->device, value);
		break;
	}
}

/*
 * Virtio 1.3, 2.1.2: a device that needs a reset does nothing more until then. It does one
 * round, as long as the queue: a chain added meanwhile has a notification of its own, so a
 * guest that adds chains without end keeps only its own CPU here.
 */
static void mmio_notify(struct vgpu_mmio *mmio, uint32_t index)
{
	if (index >= VGPU_QUEUES || !mmio->queue[index].ready ||
	    !(mmio->status & VIRTIO_CONFIG_S_DRIVER_OK) ||
	    mmio->status & (VIRTIO_CONFIG_S_FAILED | VIRTIO_CONFIG_S_NEEDS_RESET))
		return;
	if (vgpu_queue_notify(mmio->dev, index) < 0)
		mmio_needs_reset(mmio);
}

static void mmio_write_register(struct vgpu_mmio *mmio, uint32_t reg, uint32_t value)
{
	switch (reg) {
	case VIRTIO_MMIO_DEVICE_FEATURES_SEL:
		mmio->device_features_sel = value;
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES:
		mmio_write_features(mmio, value);
		break;
	case VIRTIO_MMIO_DRIVER_FEATURES_SEL:
		mmio->features_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		mmio->queue_sel = value;
		break;
	case VIRTIO_MMIO_QUEUE_NOTIFY:
		mmio_notify(mmio, value);
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		mmio->interrupt &= ~value;
		break;
	case VIRTIO_MMIO_STATUS:
		mmio_write_status(mmio, value);
		break;
	case VIRTIO_MMIO_SHM_SEL:
		mmio->shm_sel = value;
		break;
	default:
		mmio_write_queue(mmio, reg, value);
	}
}

void vgpu_mmio_write(struct vgpu_mmio *mmio, uint64_t offset, unsigned int size,
		     uint64_t value)
{
	/* The only writable field, events_clear, has no event to clear. */
	if (offset < VIRTIO_MMIO_CONFIG && offset % 4 == 0 && size == 4)
		mmio_write_register(mmio, offset, value);
}

/* Virtio 1.3, 4.2.2: a region that does not exist has length and base -1. */
static uint32_t mmio_read_shm(const struct vgpu_mmio *mmio, uint32_t reg)
{
	bool exists = mmio->shm_sel == VIRTIO_GPU_SHM_ID_HOST_VISIBLE && mmio->window;
	uint64_t base = exists ? mmio->window_gpa : UINT64_MAX;
	uint64_t len = exists ? mmio->window : UINT64_MAX;

	switch (reg) {
	case VIRTIO_MMIO_SHM_LEN_LOW:
		return len;
	case VIRTIO_MMIO_SHM_LEN_HIGH:
		return len >> 32;
	case VIRTIO_MMIO_SHM_BASE_LOW:
		return base;
	default:
		return base >> 32;
	}
}

static uint32_t mmio_read_register(const struct vgpu_mmio *mmio, uint32_t reg)
{
	bool queue = mmio->queue_sel < VGPU_QUEUES;

	switch (reg) {
	case VIRTIO_MMIO_MAGIC_VALUE:
		return MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION:
		return MMIO_VERSION;
	case VIRTIO_MMIO_DEVICE_ID:
		return VIRTIO_ID_GPU;
	case VIRTIO_MMIO_VENDOR_ID:
		return MMIO_VENDOR;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return mmio_read_features(mmio);
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return queue ? VGPU_MMIO_QUEUE_MAX : 0;
	case VIRTIO_MMIO_QUEUE_READY:
		return queue && mmio->queue[mmio->queue_sel].ready;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return mmio->interrupt;
	case VIRTIO_MMIO_STATUS:
		return mmio->status;
	case VIRTIO_MMIO_SHM_LEN_LOW:
	case VIRTIO_MMIO_SHM_LEN_HIGH:
	case VIRTIO_MMIO_SHM_BASE_LOW:
	case VIRTIO_MMIO_SHM_BASE_HIGH:
		return mmio_read_shm(mmio, reg);
	default:
		/* ConfigGeneration too: the configuration space never changes. */
		return 0;
	}
}

uint64_t vgpu_mmio_read(const struct vgpu_mmio *mmio, uint64_t offset, unsigned int size)
{
	uint64_t value = 0;

	if (offset >= VGPU_MMIO_SIZE)
		return 0;
	if (offset < VIRTIO_MMIO_CONFIG)
		return offset % 4 == 0 && size == 4 ? mmio_read_register(mmio, offset) : 0;
	if (size > sizeof(value) || size & (size - 1) || offset % (size ? size : 1))
		return 0;
	vgpu_config_read(mmio->dev, offset - VIRTIO_MMIO_CONFIG, &value, size);
	return le64toh(value);
}

void vgpu_mmio_interrupt(struct vgpu_mmio *mmio)
{
	mmio->interrupt |= VIRTIO_MMIO_INT_VRING;
}

bool vgpu_mmio_pending(const struct vgpu_mmio *mmio)
{
	return mmio->interrupt;
}
