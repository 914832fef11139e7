// SPDX-License-Identifier: GPL-2.0-only
/* Contexts: virtio 1.3, 5.7.6.8. */

#include <endian.h>
#include <errno.h>

#include "device.h"

struct vgpu_context *vgpu_context_find(struct vgpu *dev, uint32_t id)
{
	unsigned int i;

	for (i = 0; id && i < VGPU_CONTEXTS_MAX; i++) {
		if (dev->context[i].id == id)
			return &dev->context[i];
	}
	return NULL;
}

static struct vgpu_context *context_free_one(struct vgpu *dev)
{
	unsigned int i;

	for (i = 0; i < VGPU_CONTEXTS_MAX; i++) {
		if (!dev->context[i].id)
			return &dev->context[i];
	}
	return NULL;
}

/* In @context_init only the capset is defined, and only with the feature. */
static const struct vgpu_context_ops *ops_of(const struct vgpu *dev, uint32_t context_init)
{
	if (!(dev->features & 1 << VIRTIO_GPU_F_CONTEXT_INIT))
		return &vgpu_native_ops;
	switch (context_init) {
	case 0:
		return &vgpu_native_ops;
	case VIRTIO_GPU_CAPSET_CROSS_DOMAIN:
		return &vgpu_cross_ops;
	default:
		return NULL;
	}
}

int vgpu_ctx_create(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_ctx_create *command = request->data;
	const struct vgpu_context_ops *ops;
	struct vgpu_context *ctx;
	int ret;

	if (!request->hdr.ctx_id || request->ctx)
		return -ESRCH;
	if (le32toh(command->nlen) > sizeof(command->debug_name))
		return -EINVAL;
	ops = ops_of(dev, le32toh(command->context_init));
	if (!ops)
		return -EINVAL;
	ctx = context_free_one(dev);
	if (!ctx)
		return -ENOMEM;
	ret = ops->create ? ops->create(ctx) : 0;
	if (ret)
		return ret;
	ctx->ops = ops;
	ctx->id = request->hdr.ctx_id;
	dev->counts.contexts++;
	return 0;
}

static void context_free(struct vgpu *dev, struct vgpu_context *ctx)
{
	vgpu_resources_detach(dev, ctx);
	if (ctx->ops->destroy)
		ctx->ops->destroy(ctx);
	*ctx = (struct vgpu_context){ .id = 0 };
	dev->counts.contexts--;
}

int vgpu_ctx_destroy(struct vgpu *dev, struct vgpu_request *request)
{
	uint64_t ring_idx;

	if (!request->ctx)
		return -ESRCH;
	/* Nobody could release the held fences any more, and the guest waits for them. */
	for (ring_idx = 0; ring_idx < VGPU_RINGS_MAX; ring_idx++)
		vgpu_fence_release(dev, request->ctx, ring_idx);
	context_free(dev, request->ctx);
	request->ctx = NULL;
	return 0;
}

void vgpu_contexts_free(struct vgpu *dev)
{
	unsigned int i;

	for (i = 0; i < VGPU_CONTEXTS_MAX; i++) {
		if (!dev->context[i].id)
			continue;
		vgpu_fence_drop(dev, &dev->context[i]);
		context_free(dev, &dev->context[i]);
	}
}

static int change_attachment(struct vgpu *dev, struct vgpu_request *request,
			     bool attach)
{
	const struct virtio_gpu_ctx_resource *command = request->data;
	struct vgpu_resource *resource;

	if (!request->ctx)
		return -ESRCH;
	resource = vgpu_resource_find(dev, le32toh(command->resource_id));
	if (!resource)
		return -ENOENT;
	vgpu_resource_attach(dev, resource, request->ctx, attach);
	return 0;
}

int vgpu_ctx_attach(struct vgpu *dev, struct vgpu_request *request)
{
	return change_attachment(dev, request, true);
}

int vgpu_ctx_detach(struct vgpu *dev, struct vgpu_request *request)
{
	return change_attachment(dev, request, false);
}

int vgpu_submit_3d(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_cmd_submit *command = request->data;
	size_t size = le32toh(command->size);

	if (!request->ctx)
		return -ESRCH;
	if (size > request->size - sizeof(*command))
		return -EINVAL;
	return request->ctx->ops->submit(dev, request, command + 1, size);
}
