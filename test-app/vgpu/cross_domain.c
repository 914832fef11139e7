// SPDX-License-Identifier: GPL-2.0-only
/* Cross-domain contexts (capset 5) without a channel, see cross_domain.h. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>

#include "internal.h"

/* Limit for the images of one context. */
#define CROSS_IMAGES_MAX 64

/* Stride alignment of amdgpu's linear images. */
#define CROSS_STRIDE_ALIGN 256
#define CROSS_SIDE_MAX 16384

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

/**
 * struct format - memory layout of a pixel format
 * @drm_format: DRM_FORMAT_*
 * @planes: number of planes
 * @bytes: bytes per pixel in each plane
 * @shift: log2 of the subsampling of the planes after the first, in both directions
 */
struct format {
	uint32_t drm_format;
	unsigned int planes;
	uint8_t bytes[2];
	uint8_t shift;
};

static const struct format formats[] = {
	{ DRM_FORMAT_R8, 1, { 1 }, 0 },
	{ DRM_FORMAT_RGB565, 1, { 2 }, 0 },
	{ DRM_FORMAT_XRGB8888, 1, { 4 }, 0 },
	{ DRM_FORMAT_ARGB8888, 1, { 4 }, 0 },
	{ DRM_FORMAT_XBGR8888, 1, { 4 }, 0 },
	{ DRM_FORMAT_ABGR8888, 1, { 4 }, 0 },
	{ DRM_FORMAT_ABGR2101010, 1, { 4 }, 0 },
	{ DRM_FORMAT_ABGR16161616F, 1, { 8 }, 0 },
	{ DRM_FORMAT_NV12, 2, { 1, 2 }, 1 },
};

static const struct format *format_find(uint32_t drm_format)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].drm_format == drm_format)
			return &formats[i];
	}
	return NULL;
}

static uint64_t align_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* In host byte order; the limit for width and height keeps all values within 32 bits. */
static uint64_t layout(const struct format *format, uint32_t width,
		       uint32_t height, uint32_t *strides, uint32_t *offsets)
{
	uint64_t end = 0;
	unsigned int i;

	for (i = 0; i < format->planes; i++) {
		unsigned int shift = i ? format->shift : 0;
		uint64_t columns = align_up(width, 1u << shift) >> shift;
		uint64_t lines = align_up(height, 1u << shift) >> shift;

		strides[i] = align_up(columns * format->bytes[i], CROSS_STRIDE_ALIGN);
		offsets[i] = end;
		end += strides[i] * lines;
	}
	return align_up(end, VGPU_MEM_ALIGN);
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
	uint32_t width = le32toh(ask->width), height = le32toh(ask->height);
	const struct format *format = format_find(le32toh(ask->drm_format));
	struct cross_domain_image_requirements reply = {
		.modifier = htole64(DRM_FORMAT_MOD_LINEAR),
		.memory_idx = htole32(-1),
		.physical_device_idx = htole32(-1),
	};
	struct vgpu_cross *cross = ctx->state;
	struct vgpu_resource *ring;
	uint32_t blob_id = 0;
	int ret, i;

	if (!format || !width || !height || width > CROSS_SIDE_MAX ||
	    height > CROSS_SIDE_MAX || le32toh(ask->flags) & ~CROSS_USE_KNOWN)
		return -EINVAL;
	ring = vgpu_resource_find_attached(dev, ctx, cross->query_ring_id);
	if (!ring)
		return -ENOENT;
	reply.size = layout(format, width, height, reply.strides, reply.offsets);
	ret = image_map_info(dev);
	if (!ret)
		ret = image_add(cross, reply.size, &blob_id);
	if (ret)
		return ret;
	reply.map_info = htole32(dev->image_map_info);
	for (i = 0; i < 4; i++) {
		reply.strides[i] = htole32(reply.strides[i]);
		reply.offsets[i] = htole32(reply.offsets[i]);
	}
	reply.size = htole64(reply.size);
	reply.blob_id = htole32(blob_id);
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
