// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device model's cross-domain contexts (capset 5): the messages a guest of crosvm sends to
 * get an image, and the answers to bad ones.
 */

#include "kselftest_harness.h"

#include <drm_fourcc.h>

#include "vgpu/cross_domain.h"
#include "vgpu/testing/guest.h"

#define PAGE 4096

FIXTURE(cross_domain) {
	struct vgpu_guest guest;
	struct cross_domain_image_requirements *reply;
};

#define CROSS_CTX 9
#define CROSS_RING 1

FIXTURE_SETUP(cross_domain)
{
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_FREE), htole32(PAGE), 0 };

	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1,
				     VGPU_GUEST_BYTES_MAX));
	ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CROSS_CTX,
				     VIRTIO_GPU_CAPSET_CROSS_DOMAIN));
	ASSERT_EQ(OK, vgpu_guest_own(&self->guest, CROSS_RING, &entry, 1, PAGE));
	self->reply = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);
}

FIXTURE_TEARDOWN(cross_domain)
{
	vgpu_guest_exit(&self->guest);
}

static uint32_t cross_init(struct vgpu_guest *guest, uint32_t ring, uint32_t channel)
{
	struct cross_domain_init init = {
		.hdr.cmd = CROSS_DOMAIN_CMD_INIT,
		.hdr.cmd_size = htole16(sizeof(init)),
		.query_ring_id = htole32(ring),
		.channel_type = htole32(channel),
	};

	return vgpu_guest_submit(guest, CROSS_CTX, &init, sizeof(init));
}

static uint32_t cross_ask(struct vgpu_guest *guest, uint32_t width, uint32_t height,
			  uint32_t format, uint32_t flags)
{
	struct cross_domain_get_image_requirements ask = {
		.hdr.cmd = CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS,
		.hdr.cmd_size = htole16(sizeof(ask)),
		.width = htole32(width),
		.height = htole32(height),
		.drm_format = htole32(format),
		.flags = htole32(flags),
	};

	return vgpu_guest_submit(guest, CROSS_CTX, &ask, sizeof(ask));
}

static uint32_t cross_begin(struct vgpu_guest *guest)
{
	vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, CROSS_CTX,
			    CROSS_RING);
	return cross_init(guest, CROSS_RING, 0);
}

TEST_F(cross_domain, an_image_is_asked_for_and_made)
{
	struct vgpu_guest *guest = &self->guest;
	uint32_t blob_id;

	ASSERT_EQ(OK, cross_begin(guest));
	ASSERT_EQ(OK, cross_ask(guest, 100, 50, DRM_FORMAT_XRGB8888,
				CROSS_DOMAIN_USE_LINEAR | CROSS_DOMAIN_USE_SW_WRITE_OFTEN));
	EXPECT_EQ(512, le32toh(self->reply->strides[0]));
	EXPECT_EQ(0, le32toh(self->reply->offsets[0]));
	EXPECT_EQ(7 * PAGE, le64toh(self->reply->size));
	EXPECT_EQ(DRM_FORMAT_MOD_LINEAR, le64toh(self->reply->modifier));
	EXPECT_EQ(VIRTIO_GPU_MAP_CACHE_CACHED, le32toh(self->reply->map_info));
	EXPECT_EQ(-1, self->reply->memory_idx);
	EXPECT_EQ(-1, self->reply->physical_device_idx);
	blob_id = le32toh(self->reply->blob_id);
	EXPECT_NE(0, blob_id);
	EXPECT_EQ(0, blob_id % 2);

	/* Exactly that size, as often as wanted, in this context. */
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CROSS_CTX, 2, blob_id, 6 * PAGE));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CROSS_CTX, 2, blob_id + 1, 7 * PAGE));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CROSS_CTX, 2, blob_id + 2, 7 * PAGE));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CROSS_CTX, 2, 0, 7 * PAGE));
	EXPECT_EQ(OK, vgpu_guest_host3d(guest, CROSS_CTX, 2, blob_id, 7 * PAGE));
	EXPECT_EQ(OK, vgpu_guest_host3d(guest, CROSS_CTX, 3, blob_id, 7 * PAGE));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_MAP_INFO, vgpu_guest_map(guest, 2, 0));
}

TEST_F(cross_domain, planes_follow_each_other)
{
	ASSERT_EQ(OK, cross_begin(&self->guest));
	ASSERT_EQ(OK, cross_ask(&self->guest, 257, 33, DRM_FORMAT_NV12, 0));
	EXPECT_EQ(512, le32toh(self->reply->strides[0]));
	EXPECT_EQ(512, le32toh(self->reply->strides[1]));
	EXPECT_EQ(512 * 33, le32toh(self->reply->offsets[1]));
	EXPECT_EQ(0, self->reply->strides[2]);
	EXPECT_EQ((512 * 50 + PAGE - 1) / PAGE * PAGE, le64toh(self->reply->size));

	ASSERT_EQ(OK, cross_ask(&self->guest, 257, 33, DRM_FORMAT_YVU420, 0));
	EXPECT_EQ(512, le32toh(self->reply->strides[0]));
	EXPECT_EQ(256, le32toh(self->reply->strides[2]));
	EXPECT_EQ(512 * 33 + 256 * 17, le32toh(self->reply->offsets[2]));
	EXPECT_EQ(0, self->reply->strides[3]);
	EXPECT_EQ((512 * 33 + 2 * 256 * 17 + PAGE - 1) / PAGE * PAGE, le64toh(self->reply->size));
}

TEST_F(cross_domain, the_legacy_beginning_works)
{
	struct cross_domain_init_legacy init = {
		.hdr.cmd = CROSS_DOMAIN_CMD_INIT,
		.hdr.cmd_size = htole16(sizeof(init)),
		.query_ring_id = htole32(CROSS_RING),
	};

	ASSERT_EQ(OK, vgpu_guest_resource(&self->guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE,
					  CROSS_CTX, CROSS_RING));
	EXPECT_EQ(OK, vgpu_guest_submit(&self->guest, CROSS_CTX, &init, sizeof(init)));
	EXPECT_EQ(OK, cross_ask(&self->guest, 1, 1, DRM_FORMAT_R8, 0));
	EXPECT_EQ(PAGE, le64toh(self->reply->size));
}

TEST_F(cross_domain, bad_beginnings_are_refused)
{
	struct vgpu_guest *guest = &self->guest;

	/* Not attached, missing, with a channel, not initialised, and twice. */
	EXPECT_EQ(BAD_RESOURCE, cross_init(guest, CROSS_RING, 0));
	EXPECT_EQ(BAD_RESOURCE, cross_init(guest, 0, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_init(guest, CROSS_RING, 1));
	EXPECT_EQ(BAD_RESOURCE, cross_ask(guest, 1, 1, DRM_FORMAT_R8, 0));
	EXPECT_EQ(OK, cross_begin(guest));
	EXPECT_EQ(BAD_PARAMETER, cross_init(guest, CROSS_RING, 0));
}

TEST_F(cross_domain, bad_questions_are_refused)
{
	struct vgpu_guest *guest = &self->guest;

	ASSERT_EQ(OK, cross_begin(guest));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 0, 1, DRM_FORMAT_R8, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 1, 0, DRM_FORMAT_R8, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 16385, 1, DRM_FORMAT_R8, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 1, ~0u, DRM_FORMAT_R8, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 1, 1, 0, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 1, 1, DRM_FORMAT_R8, 1u << 31));
	EXPECT_EQ(OK, cross_ask(guest, 16384, 16384, DRM_FORMAT_ABGR16161616F, 0));
	EXPECT_EQ(2ull << 30, le64toh(self->reply->size));
	/* The ring is gone, or is too small for the reply. */
	EXPECT_EQ(OK, vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE,
					  CROSS_CTX, CROSS_RING));
	EXPECT_EQ(BAD_RESOURCE, cross_ask(guest, 1, 1, DRM_FORMAT_R8, 0));
}

TEST_F(cross_domain, a_ring_must_have_room_for_the_reply)
{
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_FREE), htole32(60), 0 };
	struct vgpu_guest *guest = &self->guest;

	ASSERT_EQ(OK, vgpu_guest_own(guest, 5, &entry, 1, 60));
	ASSERT_EQ(OK, vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE,
					  CROSS_CTX, 5));
	EXPECT_EQ(OK, cross_init(guest, 5, 0));
	EXPECT_EQ(BAD_PARAMETER, cross_ask(guest, 1, 1, DRM_FORMAT_R8, 0));
}

TEST_F(cross_domain, a_context_asks_only_so_often)
{
	unsigned int i;

	ASSERT_EQ(OK, cross_begin(&self->guest));
	for (i = 1; i <= 64; i++)
		ASSERT_EQ(OK, cross_ask(&self->guest, 4096, i, DRM_FORMAT_R8, 0));
	EXPECT_EQ(NO_MEMORY, cross_ask(&self->guest, 4096, i, DRM_FORMAT_R8, 0));
	/* A request that was made before may be repeated. */
	EXPECT_EQ(OK, cross_ask(&self->guest, 4096, 1, DRM_FORMAT_R8, 0));
	EXPECT_EQ(2, le32toh(self->reply->blob_id));
}

TEST_F(cross_domain, bad_messages_are_refused)
{
	struct cross_domain_header header = {
		.cmd = CROSS_DOMAIN_CMD_INIT, .cmd_size = htole16(8),
	};
	struct vgpu_guest *guest = &self->guest;
	char odd[9] = { 0 };
	unsigned int cmd;

	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CROSS_CTX, &header, 7));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CROSS_CTX, &header, 8));
	header.cmd_size = 0;
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CROSS_CTX, &header, 8));
	header.cmd_size = htole16(0xfffc);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CROSS_CTX, &header, 8));
	header.cmd_size = htole16(sizeof(odd));
	memcpy(odd, &header, sizeof(header));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CROSS_CTX, odd, sizeof(odd)));
	header.cmd_size = htole16(8);
	for (cmd = 0; cmd < 256; cmd++) {
		header.cmd = cmd;
		EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CROSS_CTX, &header, 8));
	}
}

TEST_HARNESS_MAIN
