/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages of a cross-domain context (capset 5), as far as a guest needs them
 * that asks for images, or receives them over a channel, which the device model
 * does not have. Shared by the device and the guests' programs.
 *
 * There is no specification: this is what crosvm's rutabaga_gfx speaks
 * (src/cross_domain/cross_domain_protocol.rs). All members are little-endian.
 */
#ifndef MOCKGPU_VGPU_CROSS_DOMAIN_H
#define MOCKGPU_VGPU_CROSS_DOMAIN_H

#include <stdint.h>

/* As in <linux/virtio_gpu.h> from Linux 7.1 on. */
#ifndef VIRTIO_GPU_CAPSET_CROSS_DOMAIN
#define VIRTIO_GPU_CAPSET_CROSS_DOMAIN 5
#endif

#define CROSS_DOMAIN_CMD_INIT 1
#define CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS 2
#define CROSS_DOMAIN_CMD_POLL 3
#define CROSS_DOMAIN_CMD_RECEIVE 5

/* The ring whose fences follow the queries. */
#define CROSS_DOMAIN_QUERY_RING 0
/* The ring whose fences follow CROSS_DOMAIN_CMD_POLL. */
#define CROSS_DOMAIN_CHANNEL_RING 1

/* A connection to the socket that the VMM was told. */
#define CROSS_DOMAIN_CHANNEL_TYPE_WAYLAND 1

/* What a descriptor that was received became: a blob_id. */
#define CROSS_DOMAIN_ID_TYPE_VIRTGPU_BLOB 1

/* Usage flags of a requested image: those of minigbm. */
#define CROSS_DOMAIN_USE_SCANOUT (1u << 0)
#define CROSS_DOMAIN_USE_RENDERING (1u << 2)
#define CROSS_DOMAIN_USE_LINEAR (1u << 4)
#define CROSS_DOMAIN_USE_TEXTURING (1u << 5)
#define CROSS_DOMAIN_USE_SW_READ_OFTEN (1u << 9)
#define CROSS_DOMAIN_USE_SW_READ_RARELY (1u << 10)
#define CROSS_DOMAIN_USE_SW_WRITE_OFTEN (1u << 11)
#define CROSS_DOMAIN_USE_SW_WRITE_RARELY (1u << 12)

/**
 * struct cross_domain_caps - the capset's data
 * @version: 1
 * @supported_channels: a bit per channel type
 * @supports_dmabuf: images can be had
 * @supports_external_gpu_memory: images can be had from Vulkan
 */
struct cross_domain_caps {
	uint32_t version;
	uint32_t supported_channels;
	uint32_t supports_dmabuf;
	uint32_t supports_external_gpu_memory;
};

/**
 * struct cross_domain_header - begins every message
 * @cmd: CROSS_DOMAIN_CMD_*
 * @ring_idx: the ring its fence is on
 * @cmd_size: bytes of the message with this header
 * @pad: 0
 */
struct cross_domain_header {
	uint8_t cmd;
	uint8_t ring_idx;
	uint16_t cmd_size;
	uint32_t pad;
};

/**
 * struct cross_domain_init_legacy - begin, before there were two rings
 * @hdr: CROSS_DOMAIN_CMD_INIT
 * @query_ring_id: resource that replies are written to
 * @channel_type: 0: none
 */
struct cross_domain_init_legacy {
	struct cross_domain_header hdr;
	uint32_t query_ring_id;
	uint32_t channel_type;
};

/**
 * struct cross_domain_init - begin
 * @hdr: CROSS_DOMAIN_CMD_INIT
 * @query_ring_id: resource that replies are written to
 * @channel_ring_id: resource that the channel's data are written to
 * @channel_type: 0: none
 */
struct cross_domain_init {
	struct cross_domain_header hdr;
	uint32_t query_ring_id;
	uint32_t channel_ring_id;
	uint32_t channel_type;
};

/**
 * struct cross_domain_get_image_requirements - ask what an image would need
 * @hdr: CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS
 * @width: pixels
 * @height: pixels
 * @drm_format: DRM_FORMAT_*
 * @flags: CROSS_DOMAIN_USE_*
 */
struct cross_domain_get_image_requirements {
	struct cross_domain_header hdr;
	uint32_t width;
	uint32_t height;
	uint32_t drm_format;
	uint32_t flags;
};

/**
 * struct cross_domain_image_requirements - the reply, at the query ring's start
 * @strides: bytes from line to line, per plane
 * @offsets: bytes to a plane's first line
 * @modifier: DRM_FORMAT_MOD_*
 * @size: bytes; RESOURCE_CREATE_BLOB must ask for exactly these
 * @blob_id: for RESOURCE_CREATE_BLOB, as often as wanted; even
 * @map_info: VIRTIO_GPU_MAP_CACHE_*
 * @memory_idx: of Vulkan, -1
 * @physical_device_idx: -1
 */
struct cross_domain_image_requirements {
	uint32_t strides[4];
	uint32_t offsets[4];
	uint64_t modifier;
	uint64_t size;
	uint32_t blob_id;
	uint32_t map_info;
	int32_t memory_idx;
	int32_t physical_device_idx;
};

/**
 * struct cross_domain_poll - wait for something on the channel
 * @hdr: CROSS_DOMAIN_CMD_POLL; the fence of its submission, on
 *	CROSS_DOMAIN_CHANNEL_RING, comes when there is something in the channel's
 *	resource
 * @pad: 0
 */
struct cross_domain_poll {
	struct cross_domain_header hdr;
	uint64_t pad;
};

/**
 * struct cross_domain_receive - what came, at the start of the channel's resource
 * @hdr: CROSS_DOMAIN_CMD_RECEIVE
 * @num_identifiers: descriptors that came
 * @opaque_data_size: bytes that came; they follow the arrays
 * @arrays: identifiers, then their CROSS_DOMAIN_ID_TYPE_*, then their sizes in
 *	bytes. Each of the arrays has room for 28; until 2024 it was 4.
 */
struct cross_domain_receive {
	struct cross_domain_header hdr;
	uint32_t num_identifiers;
	uint32_t opaque_data_size;
	uint32_t arrays[];
};

#endif /* MOCKGPU_VGPU_CROSS_DOMAIN_H */
