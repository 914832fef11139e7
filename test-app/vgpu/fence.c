// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences that wait: every ring of a context is a timeline of its own (virtio 1.3, 5.7.6.7,
 * VIRTIO_GPU_FLAG_INFO_RING_IDX), so a held ring delays its own answers and no others.
 */

#include <stdlib.h>
#include <string.h>

#include "device.h"

#define RING_BIT(ring_idx) (1ull << (ring_idx))

void vgpu_fence_hold(struct vgpu_context *ctx, uint32_t ring_idx)
{
	ctx->held |= RING_BIT(ring_idx);
}

static bool must_wait(const struct vgpu_request *request)
{
	const uint32_t both = VIRTIO_GPU_FLAG_FENCE | VIRTIO_GPU_FLAG_INFO_RING_IDX;

	return request->ctx && (request->hdr.flags & both) == both &&
	       request->hdr.ring_idx < VGPU_RINGS_MAX &&
	       request->ctx->held & RING_BIT(request->hdr.ring_idx);
}

/*
 * Count the descriptors that an answer of @size bytes is written to, and copy them to @to
 * unless it is NULL. A chain may have many more, and empty ones in between.
 */
static unsigned int answer_segments(const struct vgpu_chain *chain, size_t size,
				    struct vgpu_segment *to)
{
	const struct vgpu_segment *segment = &chain->segment[chain->out];
	unsigned int i, count = 0;
	uint64_t room = 0;

	for (i = 0; i < chain->in && room < size; i++) {
		if (!segment[i].len)
			continue;
		if (to)
			to[count] = segment[i];
		room += segment[i].len;
		count++;
	}
	return count;
}

bool vgpu_fence_waits(struct vgpu *dev, const struct vgpu_request *request)
{
	struct vgpu_held *held;
	unsigned int segments;

	/* With too many held, or without memory, the answer is not held: only the guest loses. */
	if (!must_wait(request) || dev->counts.held == VGPU_HELD_MAX)
		return false;
	segments = answer_segments(&dev->chain, request->answer_size, NULL);
	held = malloc(sizeof(*held) + segments * sizeof(held->segment[0]));
	if (!held)
		return false;
	held->ctx = request->ctx;
	held->ring_idx = request->hdr.ring_idx;
	held->head = dev->chain.head;
	held->size = request->answer_size;
	memcpy(held->response, &request->response, held->size);
	held->segments = answer_segments(&dev->chain, held->size, held->segment);
	TAILQ_INSERT_TAIL(&dev->held, held, link);
	dev->counts.held++;
	return true;
}

static void held_free(struct vgpu *dev, struct vgpu_held *held)
{
	TAILQ_REMOVE(&dev->held, held, link);
	dev->counts.held--;
	free(held);
}

void vgpu_fence_release(struct vgpu *dev, struct vgpu_context *ctx,
			uint32_t ring_idx)
{
	struct vgpu_held *held, *next;

	if (!(ctx->held & RING_BIT(ring_idx)))
		return;
	ctx->held &= ~RING_BIT(ring_idx);
	for (held = TAILQ_FIRST(&dev->held); held; held = next) {
		next = TAILQ_NEXT(held, link);
		if (held->ctx != ctx || held->ring_idx != ring_idx)
			continue;
		vgpu_ring_answer(&dev->ring[VGPU_QUEUE_CONTROL], &dev->mem, held->head,
				 held->segment, held->segments, held->response, held->size);
		held_free(dev, held);
	}
}

void vgpu_fence_drop(struct vgpu *dev, const struct vgpu_context *ctx)
{
	struct vgpu_held *held, *next;

	for (held = TAILQ_FIRST(&dev->held); held; held = next) {
		next = TAILQ_NEXT(held, link);
		if (held->ctx == ctx)
			held_free(dev, held);
	}
}
