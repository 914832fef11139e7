// SPDX-License-Identifier: GPL-2.0-only
/* A virtio-gpu device with blob resources: its lifetime and its queues, see vgpu.h. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "fault_guard.h"
#include "device.h"

#define FEATURE(bit) (1ull << (bit))

/*
 * One scanout that is never enabled: Linux before 6.4 requires one
 * (virtio_gpu_init() in drivers/gpu/drm/virtio/virtgpu_kms.c).
 */
#define VGPU_SCANOUTS 1
/* Cross-domain. */
#define VGPU_CAPSETS 1

int vgpu_create(struct vgpu **dev, const struct vgpu_config *config)
{
	struct vgpu *new;
	int ret = fault_guard_init();

	if (ret)
		return ret;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->command = malloc(VGPU_COMMAND_MAX);
	if (!new->command) {
		free(new);
		return -ENOMEM;
	}
	new->config = *config;
	new->running = -1;
	LIST_INIT(&new->resources);
	TAILQ_INIT(&new->held);
	*dev = new;
	return 0;
}

void vgpu_destroy(struct vgpu *dev)
{
	if (!dev)
		return;
	vgpu_reset(dev);
	free(dev->command);
	free(dev);
}

void vgpu_reset(struct vgpu *dev)
{
	memset(dev->ring, 0, sizeof(dev->ring));
	vgpu_contexts_free(dev);
	vgpu_resources_free(dev);
}

uint64_t vgpu_features(const struct vgpu *dev)
{
	return (dev->config.alignment ? FEATURE(VIRTIO_GPU_F_BLOB_ALIGNMENT) : 0) |
	       FEATURE(VIRTIO_GPU_F_VIRGL) | FEATURE(VIRTIO_GPU_F_RESOURCE_UUID) |
	       FEATURE(VIRTIO_GPU_F_RESOURCE_BLOB) |
	       FEATURE(VIRTIO_GPU_F_CONTEXT_INIT) |
	       FEATURE(VIRTIO_RING_F_INDIRECT_DESC) | FEATURE(VIRTIO_F_VERSION_1);
}

void vgpu_features_set(struct vgpu *dev, uint64_t features)
{
	dev->features = features & vgpu_features(dev);
}

void vgpu_config_read(const struct vgpu *dev, uint32_t offset, void *data,
		      uint32_t size)
{
	/* struct virtio_gpu_config, which has the last member since Linux 7.2. */
	const struct {
		uint32_t events_read;
		uint32_t events_clear;
		uint32_t num_scanouts;
		uint32_t num_capsets;
		uint32_t blob_alignment;
	} config = {
		.num_scanouts = htole32(VGPU_SCANOUTS),
		.num_capsets = htole32(VGPU_CAPSETS),
		.blob_alignment = htole32(dev->config.alignment),
	};

	memset(data, 0, size);
	if (offset >= sizeof(config))
		return;
	if (size > sizeof(config) - offset)
		size = sizeof(config) - offset;
	memcpy(data, (const char *)&config + offset, size);
}

struct vgpu_mem *vgpu_mem(struct vgpu *dev)
{
	return &dev->mem;
}

int vgpu_queue_start(struct vgpu *dev, unsigned int queue, uint16_t num,
		     uint64_t desc, uint64_t avail, uint64_t used,
		     uint16_t last_avail)
{
	if (queue >= VGPU_QUEUES)
		return -EINVAL;
	return vgpu_ring_set(&dev->ring[queue], &dev->mem, num, desc, avail, used,
			     last_avail,
			     dev->features & FEATURE(VIRTIO_RING_F_INDIRECT_DESC));
}

bool vgpu_queue_is_paused(const struct vgpu *dev, unsigned int queue, uint64_t used)
{
	return queue < VGPU_QUEUES && dev->ring[queue].used == used &&
	       vgpu_ring_is_untouched(&dev->ring[queue], &dev->mem);
}

uint16_t vgpu_queue_stop(struct vgpu *dev, unsigned int queue)
{
	struct vgpu_ring *ring;

	if (queue >= VGPU_QUEUES)
		return 0;
	ring = &dev->ring[queue];
	if (ring->ready && dev->running == (int)queue)
		ring->last_avail--;
	ring->ready = false;
	return ring->last_avail;
}

static void queue_run(struct vgpu *dev, unsigned int queue)
{
	dev->running = queue;
	if (queue == VGPU_QUEUE_CONTROL)
		vgpu_control_run(dev);
	else
		vgpu_ring_push(&dev->ring[queue], &dev->mem, dev->chain.head, 0);
	dev->running = -1;
}

int vgpu_queue_notify(struct vgpu *dev, unsigned int queue)
{
	struct vgpu_ring *ring;
	unsigned int taken = 0;
	int ret;

	if (queue >= VGPU_QUEUES)
		return -EINVAL;
	ring = &dev->ring[queue];
	for (;;) {
		ret = vgpu_ring_pop(ring, &dev->mem, &dev->chain);
		if (ret <= 0)
			break;
		queue_run(dev, queue);
		if (++taken == ring->num || taken == dev->config.burst)
			break;
	}
	/* The ring broke when the last command's answer was given back. */
	if (taken && ret == -ESHUTDOWN && ring->error)
		ret = ring->error;
	if (taken && vgpu_ring_wants_interrupt(ring, &dev->mem))
		dev->config.ops->interrupt(dev->config.opaque, queue);
	return ret;
}

struct vgpu_counts vgpu_counts(const struct vgpu *dev)
{
	return dev->counts;
}

struct vgpu_blob *vgpu_blob_find(struct vgpu *dev, uint32_t resource_id)
{
	struct vgpu_resource *resource = vgpu_resource_find(dev, resource_id);

	return resource ? resource->blob : NULL;
}
