// SPDX-License-Identifier: GPL-2.0-only
/* Commands for the fuzz targets, see commands.h. */

#include <endian.h>
#include <string.h>

#include "guest.h"
#include "commands.h"

#define PAGE 4096
#define RESOURCE_OF(message) ((message)->ids & 15)
#define CONTEXT_OF(message) ((message)->ids >> 4 & 3)
/* The command ends with the damage. */
#define CUT_OFF(message) ((message)->ids & 0x40)
/* The damage applies after the command's structure, not to the structure itself. */
#define APPEND(message) ((message)->ids & 0x80)

/* One function per message type: the bytes of a valid command. */

static size_t make_plain(union fuzz_command *command, const struct fuzz_message *message)
{
	static const uint32_t types[] = {
		VIRTIO_GPU_CMD_GET_DISPLAY_INFO, VIRTIO_GPU_CMD_GET_CAPSET_INFO,
		VIRTIO_GPU_CMD_GET_CAPSET, VIRTIO_GPU_CMD_CTX_DESTROY,
		VIRTIO_GPU_CMD_RESOURCE_CREATE_2D, VIRTIO_GPU_CMD_RESOURCE_CREATE_3D,
	};

	command->hdr.type = htole32(types[message->pages % 6]);
	return sizeof(command->hdr) + 8;
}

static size_t make_ctx(union fuzz_command *command, const struct fuzz_message *message)
{
	command->hdr.type = htole32(VIRTIO_GPU_CMD_CTX_CREATE);
	command->ctx_create.context_init =
		htole32(message->pages & 1 ? VIRTIO_GPU_CAPSET_CROSS_DOMAIN : 0);
	return sizeof(command->ctx_create);
}

static size_t make_host3d(union fuzz_command *command, const struct fuzz_message *message)
{
	command->hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB);
	command->create.blob_mem = htole32(VIRTIO_GPU_BLOB_MEM_HOST3D);
	command->create.blob_flags = htole32(VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE);
	command->create.size = htole64((uint64_t)message->pages * PAGE);
	return sizeof(command->create);
}

/* The space that get_image_requirements() reserves for an image of make_ask(). */
static size_t make_image(union fuzz_command *command, const struct fuzz_message *message)
{
	size_t size = make_host3d(command, message);

	command->create.blob_id = htole64(2 + 2 * (message->pages >> 5));
	command->create.size = htole64((message->pages % 32 + 1) * PAGE);
	return size;
}

static size_t make_own(union fuzz_command *command, const struct fuzz_message *message)
{
	command->hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB);
	command->own.create.blob_mem = htole32(VIRTIO_GPU_BLOB_MEM_GUEST);
	command->own.create.nr_entries = htole32(2);
	command->own.create.size = htole64(message->pages % 16 * PAGE);
	command->own.entry[0].addr = htole64(VGPU_GUEST_MIDDLE);
	command->own.entry[0].length = htole32(PAGE / 2);
	command->own.entry[1].addr = htole64(VGPU_GUEST_HIGH);
	command->own.entry[1].length = htole32(15 * PAGE);
	return sizeof(command->own);
}

static size_t make_map(union fuzz_command *command, const struct fuzz_message *message)
{
	command->hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB);
	command->map.offset = htole64((uint64_t)message->pages * 16 * PAGE);
	return sizeof(command->map);
}

static size_t make_resource(union fuzz_command *command, const struct fuzz_message *message)
{
	static const uint32_t types[] = {
		VIRTIO_GPU_CMD_RESOURCE_UNREF, VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB,
		VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE,
		VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE,
	};

	command->hdr.type = htole32(types[message->pages % 5]);
	return sizeof(command->resource);
}

static size_t make_submit(union fuzz_command *command, size_t size)
{
	command->hdr.type = htole32(VIRTIO_GPU_CMD_SUBMIT_3D);
	command->pattern.submit.size = htole32(size);
	return sizeof(command->pattern.submit) + size;
}

static size_t make_pattern(union fuzz_command *command, const struct fuzz_message *message)
{
	struct vgpu_cmd_pattern *pattern = &command->pattern.pattern;
	bool check = message->pages & 1;

	pattern->header.op = htole32(check ? VGPU_OP_CHECK : VGPU_OP_FILL);
	pattern->header.size = htole32(sizeof(*pattern));
	pattern->resource_id = htole32(RESOURCE_OF(message));
	pattern->report_id = htole32(check ? message->pages >> 1 & 15 : 0);
	pattern->pages = htole64(1 + (message->pages >> 5));
	return make_submit(command, sizeof(*pattern));
}

static size_t make_ring(union fuzz_command *command, const struct fuzz_message *message)
{
	struct vgpu_cmd_ring *ring = &command->ring.ring;

	ring->header.op = htole32(message->pages & 1 ? VGPU_OP_HOLD : VGPU_OP_RELEASE);
	ring->header.size = htole32(sizeof(*ring));
	ring->ring_idx = htole32(message->pages >> 1 & 3);
	command->hdr.flags = htole32(VIRTIO_GPU_FLAG_FENCE |
				     VIRTIO_GPU_FLAG_INFO_RING_IDX);
	command->hdr.ring_idx = message->pages >> 1 & 3;
	return make_submit(command, sizeof(*ring));
}

static size_t make_init(union fuzz_command *command, const struct fuzz_message *message)
{
	command->init.init.hdr.cmd = CROSS_DOMAIN_CMD_INIT;
	command->init.init.hdr.cmd_size = htole16(sizeof(command->init.init));
	command->init.init.query_ring_id = htole32(RESOURCE_OF(message));
	return make_submit(command, sizeof(command->init.init));
}

static size_t make_ask(union fuzz_command *command, const struct fuzz_message *message)
{
	command->ask.ask.hdr.cmd = CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS;
	command->ask.ask.hdr.cmd_size = htole16(sizeof(command->ask.ask));
	command->ask.ask.width = htole32(PAGE);
	command->ask.ask.height = htole32(message->pages % 32 + 1);
	/* DRM_FORMAT_R8: a line is one page. */
	command->ask.ask.drm_format = htole32('R' | '8' << 8 | ' ' << 16 | ' ' << 24);
	return make_submit(command, sizeof(command->ask.ask));
}

enum maker {
	MAKE_PLAIN,
	MAKE_CTX,
	MAKE_HOST3D,
	MAKE_IMAGE,
	MAKE_OWN,
	MAKE_MAP,
	MAKE_RESOURCE,
	MAKE_PATTERN,
	MAKE_RING,
	MAKE_INIT,
	MAKE_ASK,
	MAKERS,
};

static size_t (*const makers[MAKERS])(union fuzz_command *command,
				      const struct fuzz_message *message) = {
	[MAKE_PLAIN] = make_plain, [MAKE_CTX] = make_ctx, [MAKE_HOST3D] = make_host3d,
	[MAKE_IMAGE] = make_image, [MAKE_OWN] = make_own, [MAKE_MAP] = make_map,
	[MAKE_RESOURCE] = make_resource, [MAKE_PATTERN] = make_pattern,
	[MAKE_RING] = make_ring, [MAKE_INIT] = make_init, [MAKE_ASK] = make_ask,
};

#define IDS(resource, context) ((resource) | (context) << 4)
/* Index into make_resource()'s commands. */
#define ATTACH 3

const struct fuzz_message fuzz_at_work[FUZZ_AT_WORK] = {
	{ MAKE_CTX, IDS(0, 1), 0, 0, 0 },
	{ MAKE_CTX, IDS(0, 2), 1, 0, 0 },
	{ MAKE_HOST3D, IDS(1, 1), 16, 0, 0 },
	{ MAKE_OWN, IDS(2, 0), 4, 0, 0 },
	{ MAKE_RESOURCE, IDS(1, 1), ATTACH, 0, 0 },
	{ MAKE_RESOURCE, IDS(2, 1), ATTACH, 0, 0 },
	{ MAKE_RESOURCE, IDS(2, 2), ATTACH, 0, 0 },
	{ MAKE_MAP, IDS(1, 1), 0, 0, 0 },
	{ MAKE_INIT, IDS(2, 2), 0, 0, 0 },
	{ MAKE_ASK, IDS(2, 2), 3, 0, 0 },
	{ MAKE_IMAGE, IDS(3, 2), 3, 0, 0 },
};

size_t fuzz_command_make(union fuzz_command *command, const struct fuzz_message *message,
			 const uint8_t *damage)
{
	size_t i, at = message->at, len = message->len, size;

	memset(command, 0, sizeof(*command));
	size = makers[message->type % MAKERS](command, message);
	command->hdr.ctx_id = htole32(CONTEXT_OF(message));
	/* In all commands that name a resource its id comes first. */
	if (!command->resource.resource_id)
		command->resource.resource_id = htole32(RESOURCE_OF(message));
	if (APPEND(message)) {
		memcpy(command->bytes + size, damage, len);
		return size + len;
	}
	for (i = 0; i < len; i++)
		command->bytes[at + i] ^= damage[i];
	return CUT_OFF(message) && at + len < size ? at + len : size;
}
