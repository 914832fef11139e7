// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a guest is told to map a HOST3D blob: as the host does. Two entries of different memory
 * types for one page are not coherent, and the guest would see old contents. No cache is needed
 * to check that: the answer to MAP_BLOB is compared with the host's own page table.
 */

#include <sys/mman.h>

#include "kselftest_harness.h"

#include <drm_fourcc.h>

#include "vgpu/cross_domain.h"
#include "vgpu/protocol.h"
#include "arch.h"
#include "blobs.h"
#include "debugfs.h"
#include "mockgpu.h"
#include "vgpu/testing/guest.h"

#define PAGE 4096
#define MIB (1ull << 20)
#define CTX 1
#define BLOB 7
#define REPLIES 8

#define CACHED VIRTIO_GPU_MAP_CACHE_CACHED
#define UNCACHED VIRTIO_GPU_MAP_CACHE_UNCACHED
#define WC VIRTIO_GPU_MAP_CACHE_WC
/* The carve-out that is used as VRAM, see driver/mockgpu_vram.c. */
#define OF_VRAM (ARCH_KEEPS_TYPES ? WC : CACHED)

#define OF(kind, order, caching)	\
	VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_##kind, order, MOCKGPU_CACHING_##caching)
#define IN_VRAM VGPU_BLOB_ID_PLACED(MOCKGPU_PLACEMENT_VRAM)

FIXTURE(map_info) {
	struct vgpu_guest guest;
	int drm_fd;
	bool has_types;
};

FIXTURE_VARIANT(map_info) {
	uint64_t id;
	uint32_t right;
};

#define SOURCE(name, id_, right_)	\
	FIXTURE_VARIANT_ADD(map_info, name) { .id = id_, .right = right_ }

SOURCE(memfd, VGPU_BLOB_ID_MEMFD, CACHED);
SOURCE(ttm, OF(TTM, 0, CACHED), CACHED);
SOURCE(ttm_wc, OF(TTM, 0, WC), WC);
SOURCE(ttm_uc, OF(TTM, 0, UC), UNCACHED);
SOURCE(noncompound, OF(NONCOMPOUND, 9, CACHED), CACHED);
SOURCE(noncompound_wc, OF(NONCOMPOUND, 9, WC), WC);
SOURCE(noncompound_uc, OF(NONCOMPOUND, 9, UC), UNCACHED);
SOURCE(gpu_vm, OF(SPLIT, 0, CACHED) | IN_VRAM, OF_VRAM);
SOURCE(vram_of_wc_pages, OF(SPLIT, 0, WC) | IN_VRAM, OF_VRAM);
SOURCE(vram_of_uc_pages, OF(SPLIT, 0, UC) | IN_VRAM, OF_VRAM);

/* A VIRTIO_GPU_MAP_CACHE_* in the words of the host's entry. */
static uint32_t map_info_of_entry(const char *caching)
{
	if (!strcmp(caching, "write-back"))
		return CACHED;
	if (!strcmp(caching, "write-combining"))
		return WC;
	return strncmp(caching, "uncached", 8) ? 0 : UNCACHED;
}

static uint32_t map_info_of_host(struct __test_metadata *_metadata, int drm_fd, const void *at)
{
	struct mockgpu_entry entry;

	__atomic_load_n((const char *)at, __ATOMIC_RELAXED);
	ASSERT_EQ(0, mockgpu_entry_get(drm_fd, at, &entry));
	ASSERT_TRUE(entry.present);
	TH_LOG("the host's entry: %s", mockgpu_entry_caching(&entry));
	return map_info_of_entry(mockgpu_entry_caching(&entry));
}

/* Whether the host maps a buffer that should not be cached so. */
static bool has_types(struct __test_metadata *_metadata, int drm_fd)
{
	struct mockgpu_bo bo;
	uint32_t host;

	if (!ARCH_MAY_LACK_TYPES || drm_fd < 0)
		return true;
	ASSERT_EQ(0, mockgpu_bo_make(drm_fd, &(struct drm_mockgpu_bo_create) {
		.size = PAGE, .kind = MOCKGPU_KIND_SPLIT, .caching = MOCKGPU_CACHING_WC,
	}, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	host = map_info_of_host(_metadata, drm_fd, bo.map);
	ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
	return host != CACHED;
}

FIXTURE_SETUP(map_info)
{
	char why[256];

	self->drm_fd = -1;
	if (variant->id != VGPU_BLOB_ID_MEMFD) {
		self->drm_fd = mockgpu_open(why, sizeof(why));
		if (self->drm_fd < 0)
			SKIP(return, "%s", why);
	}
	self->has_types = has_types(_metadata, self->drm_fd);
	ASSERT_EQ(0, vgpu_guest_init_images(&self->guest, self->drm_fd, VGPU_GUEST_BYTES_MAX,
					    variant->id));
}

FIXTURE_TEARDOWN(map_info)
{
	if (!self->guest.dev)
		return;
	vgpu_guest_exit(&self->guest);
	close(self->drm_fd);
}

/* What MAP_BLOB returns, 0 when it fails. */
static uint32_t map(struct vgpu_guest *guest, uint32_t id)
{
	struct virtio_gpu_resource_map_blob command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB),
		.resource_id = htole32(id),
	};
	struct virtio_gpu_resp_map_info answer = { 0 };

	if (vgpu_guest_run(guest, &command, sizeof(command), &answer, sizeof(answer)) !=
	    VIRTIO_GPU_RESP_OK_MAP_INFO)
		return 0;
	return le32toh(answer.map_info);
}

static uint32_t unmap(struct vgpu_guest *guest, uint32_t id)
{
	return vgpu_guest_resource(guest, VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, 0, id);
}

TEST_F(map_info, is_that_of_the_host)
{
	struct vgpu_guest *guest = &self->guest;
	const uint32_t right = self->has_types ? variant->right : CACHED;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_host3d(guest, CTX, BLOB, variant->id, 2 * MIB));
	EXPECT_EQ(right, map(guest, BLOB));
	/* A memfd's pages belong to the page cache: always write-back. */
	if (self->drm_fd < 0)
		return;
	EXPECT_EQ(right, map_info_of_host(_metadata, self->drm_fd, view(guest, BLOB)));
}

/* A buffer that was moved before it is mapped stays where it was moved. */
TEST_F(map_info, follows_a_move)
{
	struct vgpu_guest *guest = &self->guest;
	struct mockgpu_bo *bo;

	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_host3d(guest, CTX, BLOB, variant->id, 2 * MIB));
	/* A memfd does not move; mapped again, it is the same. */
	if (self->drm_fd < 0) {
		EXPECT_EQ(CACHED, map(guest, BLOB));
		EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, unmap(guest, BLOB));
		EXPECT_EQ(CACHED, map(guest, BLOB));
		return;
	}
	bo = vgpu_blob_bo(vgpu_blob_find(guest->dev, BLOB));
	ASSERT_EQ(0, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_WC));
	EXPECT_EQ(self->has_types ? WC : CACHED, map(guest, BLOB));
	EXPECT_EQ(VIRTIO_GPU_RESP_OK_NODATA, unmap(guest, BLOB));
	ASSERT_EQ(0, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(OF_VRAM, map(guest, BLOB));
}

/* An image of a cross-domain context: known before it is created, and true afterwards. */
TEST_F(map_info, of_an_image)
{
	const struct virtio_gpu_mem_entry entry = {
		htole64(VGPU_GUEST_FREE), htole32(PAGE), 0,
	};
	const struct cross_domain_init init = {
		.hdr.cmd = CROSS_DOMAIN_CMD_INIT,
		.hdr.cmd_size = htole16(sizeof(init)),
		.query_ring_id = htole32(REPLIES),
	};
	const struct cross_domain_get_image_requirements ask = {
		.hdr.cmd = CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS,
		.hdr.cmd_size = htole16(sizeof(ask)),
		.width = htole32(64),
		.height = htole32(64),
		.drm_format = htole32(DRM_FORMAT_XRGB8888),
		.flags = htole32(CROSS_DOMAIN_USE_LINEAR),
	};
	const uint32_t right = self->has_types ? variant->right : CACHED;
	const struct cross_domain_image_requirements *reply;
	struct vgpu_guest *guest = &self->guest;

	reply = vgpu_guest_at(guest, VGPU_GUEST_FREE);
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX,
				 VIRTIO_GPU_CAPSET_CROSS_DOMAIN));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, vgpu_guest_own(guest, REPLIES, &entry, 1, PAGE));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, CTX, REPLIES));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, vgpu_guest_submit(guest, CTX, &init, sizeof(init)));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA, vgpu_guest_submit(guest, CTX, &ask, sizeof(ask)));
	EXPECT_EQ(right, le32toh(reply->map_info));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_NODATA,
		  vgpu_guest_host3d(guest, CTX, BLOB, le32toh(reply->blob_id),
				    le64toh(reply->size)));
	EXPECT_EQ(right, map(guest, BLOB));
}

TEST_HARNESS_MAIN
