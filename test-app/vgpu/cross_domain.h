/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages of a cross-domain context (capset 5), as far as a guest needs them to ask
 * for images, or to receive them over a channel, which the device model does not have.
 * Shared by the device and the guests' programs.
 *
 * There is no specification: this is the protocol of crosvm's rutabaga_gfx
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

/* The ring for the fences of queries. */
#define CROSS_DOMAIN_QUERY_RING 0
/* The ring for the fences of CROSS_DOMAIN_CMD_POLL. */
#define CROSS_DOMAIN_CHANNEL_RING 1

/* A connection to the socket that the VMM was given. */
#define CROSS_DOMAIN_CHANNEL_TYPE_WAYLAND 1

/* What a received descriptor became: a blob_id. */
#define CROSS_DOMAIN_ID_TYPE_VIRTGPU_BLOB 1

/* Usage flags of a requested image, the same as minigbm's. */
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
 * @supports_dmabuf: images are available
 * @supports_external_gpu_memory: images are available from Vulkan
 */
struct cross_domain_caps {
	uint32_t version;
	uint32_t supported_channels;
	uint32_t supports_dmabuf;
	uint32_t supports_external_gpu_memory;
};

/**
 * struct cross_domain_header - starts every message
 * @cmd: CROSS_DOMAIN_CMD_*
 * @ring_idx: the ring of its fence
 * @cmd_size: bytes of the message including this header
 * @pad: 0
 */
struct cross_domain_header {
	uint8_t cmd;
	uint8_t ring_idx;
	uint16_t cmd_size;
	uint32_t pad;
};

/**
 * struct cross_domain_init_legacy - initialise, from before there were two rings
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
 * struct cross_domain_init - initialise
 * @hdr: CROSS_DOMAIN_CMD_INIT
 * @query_ring_id: resource that replies are written to
 * @channel_ring_id: resource that the channel's data is written to
 * @channel_type: 0: none
 */
struct cross_domain_init {
	struct cross_domain_header hdr;
	uint32_t query_ring_id;
	uint32_t channel_ring_id;
	uint32_t channel_type;
};

/**
 * struct cross_domain_get_image_requirements - query the requirements of an image
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
 * struct cross_domain_image_requirements - the reply, at the start of the query ring
 * @strides: bytes from line to line, per plane
 * @offsets: offset of the plane's first line in bytes
 * @modifier: DRM_FORMAT_MOD_*
 * @size: bytes; RESOURCE_CREATE_BLOB must ask for exactly this size
 * @blob_id: for RESOURCE_CREATE_BLOB, which may use it many times; even
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
 * struct cross_domain_poll - wait for the channel
 * @hdr: CROSS_DOMAIN_CMD_POLL; the fence of its submission, on
 *	CROSS_DOMAIN_CHANNEL_RING, signals when the channel's resource has data
 * @pad: 0
 */
struct cross_domain_poll {
	struct cross_domain_header hdr;
	uint64_t pad;
};

/**
 * struct cross_domain_receive - received data, at the start of the channel's resource
 * @hdr: CROSS_DOMAIN_CMD_RECEIVE
 * @num_identifiers: number of descriptors received
 * @opaque_data_size: number of bytes received; they follow the arrays
 * @arrays: identifiers, then their CROSS_DOMAIN_ID_TYPE_*, then their sizes in bytes.
 *	Each array has room for 28; until 2024 it was 4.
 */
struct cross_domain_receive {
	struct cross_domain_header hdr;
	uint32_t num_identifiers;
	uint32_t opaque_data_size;
	uint32_t arrays[];
};

#endif /* MOCKGPU_VGPU_CROSS_DOMAIN_H */
