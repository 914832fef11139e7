// SPDX-License-Identifier: GPL-2.0-only
/* Cross-domain contexts (capset 5) without a channel, see cross_domain.h. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "image/layout.h"
#include "device.h"

/* Limit for the images of one context. */
#define CROSS_IMAGES_MAX 64

#define CROSS_USE_KNOWN                                                     \
	(CROSS_DOMAIN_USE_SCANOUT | CROSS_DOMAIN_USE_RENDERING |            \
	 CROSS_DOMAIN_USE_LINEAR | CROSS_DOMAIN_USE_TEXTURING |             \
	 CROSS_DOMAIN_USE_SW_READ_OFTEN | CROSS_DOMAIN_USE_SW_READ_RARELY | \
	 CROSS_DOMAIN_USE_SW_WRITE_OFTEN | CROSS_DOMAIN_USE_SW_WRITE_RARELY)

/**
 * struct vgpu_cross - a cross-domain context
 * @query_ring_id: resource for replies; 0 before CROSS_DOMAIN_CMD_INIT
 * @images: number of images
 * @size: bytes of image i, which has blob_id 2 * (i + 1)
 */
struct vgpu_cross {
	uint32_t query_ring_id;
	unsigned int images;
	uint64_t size[CROSS_IMAGES_MAX];
};

static int cross_create(struct vgpu_context *ctx)
{
	ctx->state = calloc(1, sizeof(struct vgpu_cross));
	return ctx->state ? 0 : -ENOMEM;
}

static void cross_destroy(struct vgpu_context *ctx)
{
	free(ctx->state);
}

struct cross_domain_caps vgpu_cross_caps(void)
{
	return (struct cross_domain_caps){
		.version = htole32(1),
		.supports_dmabuf = htole32(1),
	};
}

static int image_add(struct vgpu_cross *cross, uint64_t size, uint32_t *blob_id)
{
	unsigned int i;

	for (i = 0; i < cross->images && cross->size[i] != size; i++)
		;
	if (i == CROSS_IMAGES_MAX)
		return -ENOMEM;
	if (i == cross->images)
		cross->size[cross->images++] = size;
	*blob_id = 2 * (i + 1);
	return 0;
}

/*
 * The memory type of images that do not exist yet: that of a page with the same
 * parameters. The driver knows, and is asked once.
 */
static int image_map_info(struct vgpu *dev)
{
	struct vgpu_blob *blob;
	uint32_t map_info;
	int ret;

	if (dev->image_map_info)
		return 0;
	ret = vgpu_blob_create(&blob, dev->config.drm_fd, dev->config.image_blob_id,
			       getpagesize());
	if (ret)
		return ret;
	ret = vgpu_blob_map_info(blob, &map_info);
	if (!ret)
		dev->image_map_info = map_info;
	vgpu_blob_destroy(blob);
	return ret;
}

static int get_image_requirements(struct vgpu *dev, struct vgpu_context *ctx,
				  const void *data)
{
	const struct cross_domain_get_image_requirements *ask = data;
	struct cross_domain_image_requirements reply = {
		.modifier = htole64(DRM_FORMAT_MOD_LINEAR),
		.memory_idx = htole32(-1),
		.physical_device_idx = htole32(-1),
	};
	struct vgpu_cross *cross = ctx->state;
	struct image_layout layout;
	struct vgpu_resource *ring;
	uint32_t blob_id = 0;
	unsigned int i;
	uint64_t align, size;
	int ret;

	ret = image_layout_init(&layout, le32toh(ask->width), le32toh(ask->height),
				le32toh(ask->drm_format));
	if (ret || le32toh(ask->flags) & ~CROSS_USE_KNOWN)
		return -EINVAL;
	ring = vgpu_resource_find_attached(dev, ctx, cross->query_ring_id);
	if (!ring)
		return -ENOENT;
	align = vgpu_alignment(dev) > VGPU_MEM_ALIGN ? vgpu_alignment(dev) : VGPU_MEM_ALIGN;
	size = (layout.size + align - 1) / align * align;
	ret = image_map_info(dev);
	if (!ret)
		ret = image_add(cross, size, &blob_id);
	if (ret)
		return ret;
	for (i = 0; i < layout.planes; i++) {
		reply.strides[i] = htole32(layout.plane[i].stride);
		reply.offsets[i] = htole32(layout.plane[i].offset);
	}
	reply.size = htole64(size);
	reply.blob_id = htole32(blob_id);
	reply.map_info = htole32(dev->image_map_info);
	return vgpu_resource_write(dev, ring, 0, &reply, sizeof(reply));
}

/* A guest without a channel names no channel ring: there is none here. */
static int init(struct vgpu *dev, struct vgpu_context *ctx, const void *data,
		size_t size)
{
	const struct cross_domain_init_legacy *legacy = data;
	const struct cross_domain_init *ask = data;
	uint32_t channel_type, query_ring_id = le32toh(ask->query_ring_id);
	struct vgpu_cross *cross = ctx->state;

	channel_type = size < sizeof(*ask) ? legacy->channel_type : ask->channel_type;
	if (channel_type || cross->query_ring_id)
		return -EINVAL;
	if (!vgpu_resource_find_attached(dev, ctx, query_ring_id))
		return -ENOENT;
	cross->query_ring_id = query_ring_id;
	return 0;
}

static int message_run(struct vgpu *dev, struct vgpu_context *ctx,
		       const struct cross_domain_header *header, size_t size)
{
	switch (header->cmd) {
	case CROSS_DOMAIN_CMD_INIT:
		if (size < sizeof(struct cross_domain_init_legacy))
			return -EINVAL;
		return init(dev, ctx, header, size);
	case CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS:
		if (size < sizeof(struct cross_domain_get_image_requirements))
			return -EINVAL;
		return get_image_requirements(dev, ctx, header);
	default:
		return -EINVAL;
	}
}

static int cross_submit(struct vgpu *dev, struct vgpu_request *request, const void *data,
			size_t size)
{
	while (size) {
		const struct cross_domain_header *header = data;
		size_t bytes;
		int ret;

		if (size < sizeof(*header))
			return -EINVAL;
		bytes = le16toh(header->cmd_size);
		/* Rounded up, so the next command is aligned as well. */
		if (bytes < sizeof(*header) || bytes > size || bytes % 4)
			return -EINVAL;
		ret = message_run(dev, request->ctx, header, bytes);
		if (ret)
			return ret;
		data = (const char *)data + bytes;
		size -= bytes;
	}
	return 0;
}

/* Odd blob_ids would be keymaps received over a Wayland channel. */
static int cross_blob_id(const struct vgpu *dev, const struct vgpu_context *ctx, uint64_t size,
			 uint64_t *blob_id)
{
	const struct vgpu_cross *cross = ctx->state;

	if (!*blob_id || *blob_id % 2 || *blob_id / 2 > cross->images ||
	    cross->size[*blob_id / 2 - 1] != size)
		return -EINVAL;
	*blob_id = dev->config.image_blob_id;
	return 0;
}

const struct vgpu_context_ops vgpu_cross_ops = {
	.create = cross_create,
	.destroy = cross_destroy,
	.submit = cross_submit,
	.blob_id = cross_blob_id,
};
