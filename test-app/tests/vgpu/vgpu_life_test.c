// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetimes of blobs in an unusual order, as seen from real guests: a context that is destroyed
 * before its blobs, a full window, requests that fail a thousand times; and blobs of other
 * exporters. What fails leaves nothing behind, neither here nor in the driver.
 */

#include <sys/mman.h>

#include "kselftest_harness.h"

#include "guest/protocol.h"
#include "vgpu/protocol.h"
#include "blobs.h"
#include "debugfs.h"
#include "mockgpu.h"
#include "vgpu/testing/guest.h"

#define PAGE 4096
#define MIB (1ull << 20)

#define CTX 1
#define BLOB 7
#define TIMES 1000

/**
 * struct holdings - what blobs occupy
 * @fds: descriptors
 * @maps: mappings
 * @usage: of the driver, all 0 without it
 */
struct holdings {
	unsigned int fds;
	unsigned int maps;
	struct mockgpu_usage usage;
};

static unsigned int count_maps(void)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned int count = 0;
	int c;

	if (!file)
		return 0;
	while ((c = getc(file)) != EOF)
		count += c == '\n';
	fclose(file);
	return count;
}

static struct holdings holdings_of(int drm_fd)
{
	struct holdings holdings = {
		.fds = count_fds(), .maps = count_maps(),
	};

	if (drm_fd >= 0 && mockgpu_usage_get(drm_fd, &holdings.usage))
		abort();
	return holdings;
}

FIXTURE(life) {
	struct vgpu_guest guest;
	int drm_fd;
};

FIXTURE_VARIANT(life) {
	uint64_t id;
	bool arena;
};

FIXTURE_VARIANT_ADD(life, memfd) { .id = VGPU_BLOB_ID_MEMFD };
FIXTURE_VARIANT_ADD(life, memfd_arena) { .id = VGPU_BLOB_ID_MEMFD, .arena = true };
FIXTURE_VARIANT_ADD(life, ttm) {
	.id = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0),
};

FIXTURE_VARIANT_ADD(life, noncompound_arena) {
	.id = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 4, 0), .arena = true,
};

static bool is_of_mockgpu(uint64_t id)
{
	return VGPU_BLOB_ID_SOURCE(id) == VGPU_SOURCE_MOCKGPU;
}

FIXTURE_SETUP(life)
{
	char why[256];

	self->drm_fd = -1;
	if (is_of_mockgpu(variant->id)) {
		self->drm_fd = mockgpu_open(why, sizeof(why));
		if (self->drm_fd < 0)
			SKIP(return, "%s", why);
	}
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, self->drm_fd, VGPU_GUEST_BYTES_MAX));
	self->guest.arena = variant->arena;
	ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
}

FIXTURE_TEARDOWN(life)
{
	if (!self->guest.dev)
		return;
	vgpu_guest_exit(&self->guest);
	close(self->drm_fd);
}

static void expect_same(struct __test_metadata *_metadata, const struct holdings *before,
			int drm_fd)
{
	struct holdings now = holdings_of(drm_fd);

	EXPECT_EQ(before->fds, now.fds);
	EXPECT_EQ(before->maps, now.maps);
	EXPECT_EQ(before->usage.buffers, now.usage.buffers);
	EXPECT_EQ(before->usage.pages, now.usage.pages);
}

static uint32_t command(struct vgpu_guest *guest, uint32_t type, uint32_t id)
{
	return vgpu_guest_resource(guest, type, CTX, id);
}

static uint32_t attach(struct vgpu_guest *guest, uint32_t id)
{
	return command(guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, id);
}

static uint32_t unmap(struct vgpu_guest *guest, uint32_t id)
{
	return command(guest, VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, id);
}

static uint32_t unref(struct vgpu_guest *guest, uint32_t id)
{
	return command(guest, VIRTIO_GPU_CMD_RESOURCE_UNREF, id);
}

static uint32_t fill(struct vgpu_guest *guest, uint32_t id, uint64_t pages)
{
	struct vgpu_cmd_pattern fill = {
		.header.op = htole32(VGPU_OP_FILL),
		.header.size = htole32(sizeof(fill)),
		.resource_id = htole32(id),
		.seed = htole64(id),
		.pages = htole64(pages),
	};

	return vgpu_guest_submit(guest, CTX, &fill, sizeof(fill));
}

/* Count the words that fill() did not write so; without a pattern, words that are not 0. */
static uint64_t wrong_words(const char *memory, uint64_t pages, uint32_t seed)
{
	uint64_t page, wrong = 0;
	size_t i;

	for (page = 0; page < pages; page++) {
		const uint64_t *words = (const void *)(memory + page * PAGE);

		for (i = 0; i < GUEST_WORDS; i++)
			wrong += words[guest_words[i]] !=
				 (seed ? guest_value(seed, page, guest_words[i]) : 0);
	}
	return wrong;
}

/* Linux does so when a file is closed after its context is gone. */
TEST_F(life, a_context_ends_before_its_blob)
{
	struct vgpu_guest *guest = &self->guest;
	struct holdings before = holdings_of(self->drm_fd);

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, BLOB, variant->id, PAGE));
	ASSERT_EQ(OK, attach(guest, BLOB));
	ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, BLOB, 0));
	ASSERT_EQ(OK, fill(guest, BLOB, 1));
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_DESTROY, CTX, 0));
	EXPECT_EQ(BAD_CONTEXT, command(guest, VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, BLOB));
	EXPECT_EQ(BAD_CONTEXT, fill(guest, BLOB, 1));
	EXPECT_EQ(0, wrong_words(view(guest, BLOB), 1, BLOB));
	/* A new context with its id does not get what the old one had. */
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	EXPECT_EQ(BAD_RESOURCE, fill(guest, BLOB, 1));
	EXPECT_EQ(OK, command(guest, VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, BLOB));
	EXPECT_EQ(OK, unmap(guest, BLOB));
	EXPECT_EQ(OK, unref(guest, BLOB));
	EXPECT_EQ(BAD_RESOURCE, command(guest, VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, BLOB));
	expect_same(_metadata, &before, self->drm_fd);
}

static uint32_t create_with(struct vgpu_guest *guest, uint64_t blob_id, uint64_t size,
			    uint32_t mem, uint32_t flags)
{
	struct virtio_gpu_resource_create_blob create = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB),
		.hdr.ctx_id = htole32(CTX),
		.resource_id = htole32(BLOB),
		.blob_mem = htole32(mem),
		.blob_flags = htole32(flags),
		.blob_id = htole64(blob_id),
		.size = htole64(size),
	};

	return vgpu_guest_run(guest, &create, sizeof(create), NULL, 0);
}

/* CREATE_GUEST_HANDLE of crosvm (8) is not supported here. */
TEST_F(life, blobs_that_cannot_be_made)
{
	const uint32_t mem = VIRTIO_GPU_BLOB_MEM_HOST3D;
	struct vgpu_guest *guest = &self->guest;
	struct holdings before = holdings_of(self->drm_fd);
	unsigned int i;

	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(BAD_PARAMETER, create_with(guest, variant->id, PAGE, mem, 0xf));
		ASSERT_EQ(BAD_PARAMETER, create_with(guest, variant->id, PAGE, mem, 8));
		ASSERT_EQ(BAD_PARAMETER, create_with(guest, variant->id, PAGE, mem, 1u << 31));
		ASSERT_EQ(BAD_PARAMETER, create_with(guest, variant->id, PAGE + 1, mem, 1));
		ASSERT_EQ(BAD_PARAMETER,
			  create_with(guest, variant->id, PAGE,
				      VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST, 1));
		/* A kind, an order, a placement and a source that do not exist. */
		ASSERT_EQ(BAD_PARAMETER,
			  create_with(guest, variant->id | 0xfe00, PAGE, mem, 1));
		ASSERT_EQ(BAD_PARAMETER,
			  create_with(guest, variant->id | 0xff0000, PAGE, mem, 1));
		ASSERT_EQ(BAD_PARAMETER,
			  create_with(guest, variant->id | 0xff00000000, PAGE, mem, 1));
		ASSERT_EQ(BAD_PARAMETER, create_with(guest, 0xfe, PAGE, mem, 1));
		ASSERT_EQ(NO_MEMORY, create_with(guest, variant->id,
						 VGPU_GUEST_BYTES_MAX + PAGE, mem, 1));
	}
	expect_same(_metadata, &before, self->drm_fd);
	EXPECT_EQ(OK, create_with(guest, variant->id, PAGE, mem, 7));
}

TEST_F(life, maps_that_fail)
{
	struct vgpu_guest *guest = &self->guest;
	struct holdings before;
	unsigned int i;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, BLOB, variant->id, 4 * PAGE));
	before = holdings_of(self->drm_fd);
	for (i = 0; i < TIMES; i++) {
		guest->map_error = -EIO;
		ASSERT_EQ(UNSPECIFIED, vgpu_guest_map(guest, BLOB, 0));
		guest->map_error = -ENOMEM;
		ASSERT_EQ(NO_MEMORY, vgpu_guest_map(guest, BLOB, 0));
		ASSERT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, BLOB, VGPU_GUEST_WINDOW - PAGE));
		ASSERT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, BLOB, UINT64_MAX - PAGE + 1));
		ASSERT_EQ(BAD_PARAMETER, unmap(guest, BLOB));
	}
	expect_same(_metadata, &before, self->drm_fd);
	/* And those that do not, which are undone. */
	for (i = 0; i < TIMES; i++) {
		ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, BLOB, i % 2 * 4 * PAGE));
		ASSERT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, BLOB, 16 * PAGE));
		ASSERT_EQ(OK, unmap(guest, BLOB));
	}
	/* An empty range may be one mapping with its neighbours. */
	EXPECT_GE(before.maps, count_maps());
	EXPECT_EQ(before.fds, count_fds());
}

static const uint64_t quarter = VGPU_GUEST_WINDOW / 4;

/* Quarters of the window: 1 and 2 have blob 1, 3 blob 2, 4 blob 3. */
static void fill_window(struct __test_metadata *_metadata, struct vgpu_guest *guest, uint64_t id)
{
	static const struct {
		uint32_t id;
		uint64_t quarters, first;
	} blobs[] = { { 1, 2, 0 }, { 2, 1, 2 }, { 3, 1, 3 } };
	size_t i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, blobs[i].id, id,
						blobs[i].quarters * quarter));
		ASSERT_EQ(OK, attach(guest, blobs[i].id));
		ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, blobs[i].id, blobs[i].first * quarter));
		ASSERT_EQ(OK, fill(guest, blobs[i].id, blobs[i].quarters * quarter / PAGE));
	}
}

/* Whether a blob fits anywhere: the guest chooses where, the device accepts or not. */
static bool fits(struct vgpu_guest *guest, uint32_t id, uint64_t size)
{
	uint64_t offset;

	for (offset = 0; offset <= VGPU_GUEST_WINDOW - size; offset += quarter / 4) {
		if (vgpu_guest_map(guest, id, offset) == OK_MAP)
			return true;
	}
	return false;
}

TEST_F(life, a_full_and_a_fragmented_window)
{
	struct vgpu_guest *guest = &self->guest;

	fill_window(_metadata, guest, variant->id);
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 4, variant->id, PAGE));
	EXPECT_FALSE(fits(guest, 4, PAGE));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 4, VGPU_GUEST_WINDOW));
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 5, variant->id, 2 * quarter));
	/* A quarter is free, but two are needed; then two are, but not adjacent ones. */
	ASSERT_EQ(OK, unref(guest, 2));
	EXPECT_FALSE(fits(guest, 5, 2 * quarter));
	EXPECT_EQ(OK_MAP, vgpu_guest_map(guest, 4, 3 * quarter - PAGE));
	ASSERT_EQ(OK, unref(guest, 3));
	EXPECT_FALSE(fits(guest, 5, 2 * quarter));
	ASSERT_EQ(OK, unref(guest, 4));
	EXPECT_TRUE(fits(guest, 5, 2 * quarter));
	EXPECT_EQ(guest->arena ? guest->window + 2 * quarter : view(guest, 5), view(guest, 5));
	EXPECT_EQ(0, wrong_words(view(guest, 1), 2 * quarter / PAGE, 1));
	EXPECT_EQ(0, wrong_words(view(guest, 5), 2 * quarter / PAGE, 0));
}

FIXTURE(foreign) {
	struct vgpu_guest guest;
};

FIXTURE_VARIANT(foreign) {
	uint64_t id;
	const char *device;
};

FIXTURE_VARIANT_ADD(foreign, udmabuf) { VGPU_BLOB_ID_UDMABUF, "/dev/udmabuf" };
FIXTURE_VARIANT_ADD(foreign, heap) { VGPU_BLOB_ID_HEAP, "/dev/dma_heap/system" };

FIXTURE_SETUP(foreign)
{
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1, VGPU_GUEST_BYTES_MAX));
	ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
}

FIXTURE_TEARDOWN(foreign)
{
	vgpu_guest_exit(&self->guest);
}

/*
 * What the host writes must be what the guest sees. A VMM that maps nothing in place of such a
 * buffer, and reports success, shows zeros.
 */
TEST_F(foreign, blobs_are_mapped_for_real)
{
	const uint64_t pages = 2 * MIB / PAGE;
	struct vgpu_guest *guest = &self->guest;
	struct holdings before = holdings_of(-1);
	char *guest_view;

	if (access(variant->device, F_OK)) {
		/* Nor may it be confused with a resource that does not exist. */
		EXPECT_EQ(UNSPECIFIED, vgpu_guest_host3d(guest, CTX, BLOB, variant->id, PAGE));
		return;
	}
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, BLOB, variant->id, 2 * MIB));
	ASSERT_EQ(OK, attach(guest, BLOB));
	ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, BLOB, 0));
	guest_view = view(guest, BLOB);
	EXPECT_EQ(0, wrong_words(guest_view, pages, 0));
	ASSERT_EQ(OK, fill(guest, BLOB, pages));
	EXPECT_EQ(0, wrong_words(guest_view, pages, BLOB));
	/* The control: unrelated memory in its place. */
	ASSERT_EQ(guest_view, mmap(guest_view, 2 * MIB, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(pages * GUEST_WORDS, wrong_words(guest_view, pages, BLOB));
	EXPECT_EQ(OK, unmap(guest, BLOB));
	EXPECT_EQ(OK, unref(guest, BLOB));
	expect_same(_metadata, &before, -1);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CTX, BLOB, variant->id | 1 << 8, PAGE));
}

TEST_HARNESS_MAIN
