// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device model's blob resources: created, mapped into the host-visible region by every
 * method, filled and checked by the host, and destroyed; and the errors for a guest that asks
 * for what it must not have.
 */

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "guest/protocol.h"
#include "vgpu/protocol.h"
#include "blobs.h"
#include "mockgpu.h"
#include "vgpu/testing/guest.h"

#define PAGE 4096
#define MIB (1ull << 20)

#define CTX 1
#define REPORT 1000
#define SEED 0x5eedull

FIXTURE(blob) {
	struct vgpu_guest guest;
	struct vgpu_report *report;
	int drm_fd;
	unsigned int fds;
};

FIXTURE_VARIANT(blob) {
	enum vgpu_map_method method;
	bool arena;
	bool mockgpu;
	uint64_t id;
};

#define NONCOMPOUND VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 9, 0)

FIXTURE_VARIANT_ADD(blob, memfd_mmap) {
	.method = VGPU_MAP_BY_MMAP,
	.id = VGPU_BLOB_ID_MEMFD,
};

FIXTURE_VARIANT_ADD(blob, memfd_mmap_arena) {
	.method = VGPU_MAP_BY_MMAP,
	.arena = true,
	.id = VGPU_BLOB_ID_MEMFD,
};

FIXTURE_VARIANT_ADD(blob, memfd_virgl) {
	.method = VGPU_MAP_BY_VIRGL,
	.id = VGPU_BLOB_ID_MEMFD,
};

FIXTURE_VARIANT_ADD(blob, memfd_virgl_arena) {
	.method = VGPU_MAP_BY_VIRGL,
	.arena = true,
	.id = VGPU_BLOB_ID_MEMFD,
};

FIXTURE_VARIANT_ADD(blob, mockgpu_ttm) {
	.method = VGPU_MAP_BY_MMAP,
	.mockgpu = true,
	.id = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0),
};

FIXTURE_VARIANT_ADD(blob, mockgpu_noncompound_arena) {
	.method = VGPU_MAP_BY_MMAP,
	.arena = true,
	.mockgpu = true,
	.id = NONCOMPOUND,
};

FIXTURE_VARIANT_ADD(blob, mockgpu_noncompound_virgl) {
	.method = VGPU_MAP_BY_VIRGL,
	.mockgpu = true,
	.id = NONCOMPOUND,
};

FIXTURE_VARIANT_ADD(blob, mockgpu_noncompound_virgl_arena) {
	.method = VGPU_MAP_BY_VIRGL,
	.arena = true,
	.mockgpu = true,
	.id = NONCOMPOUND,
};

FIXTURE_SETUP(blob)
{
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_FREE), htole32(PAGE), 0 };
	const char *unusable = vgpu_map_method_unusable(variant->method, variant->arena);
	char why[256];

	self->drm_fd = -1;
	if (variant->mockgpu) {
		self->drm_fd = mockgpu_open(why, sizeof(why));
		if (self->drm_fd < 0)
			SKIP(return, "%s", why);
	}
	if (unusable)
		SKIP(return, "%s", unusable);
	self->fds = count_fds();
	ASSERT_EQ(0, vgpu_guest_init(&self->guest, self->drm_fd,
				     VGPU_GUEST_BYTES_MAX));
	self->guest.method = variant->method;
	self->guest.arena = variant->arena;
	ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	ASSERT_EQ(OK, vgpu_guest_own(&self->guest, REPORT, &entry, 1, PAGE));
	ASSERT_EQ(OK, vgpu_guest_resource(&self->guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE,
					  CTX, REPORT));
	self->report = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);
}

/* Whatever the test left, the device frees all of it. */
FIXTURE_TEARDOWN(blob)
{
	struct vgpu_counts counts;

	if (!self->guest.dev)
		return;
	vgpu_reset(self->guest.dev);
	counts = vgpu_counts(self->guest.dev);
	EXPECT_EQ(0, counts.resources);
	EXPECT_EQ(0, counts.mapped);
	EXPECT_EQ(0, counts.contexts);
	EXPECT_EQ(0, counts.held);
	EXPECT_EQ(0, counts.bytes);
	EXPECT_EQ(self->fds, count_fds());
	vgpu_guest_exit(&self->guest);
	close(self->drm_fd);
}

static uint32_t unref(struct vgpu_guest *guest, uint32_t id)
{
	return vgpu_guest_resource(guest, VIRTIO_GPU_CMD_RESOURCE_UNREF, 0, id);
}

static uint32_t unmap(struct vgpu_guest *guest, uint32_t id)
{
	return vgpu_guest_resource(guest, VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB, 0, id);
}

static uint32_t attach(struct vgpu_guest *guest, uint32_t ctx, uint32_t id)
{
	return vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, ctx, id);
}

static uint32_t pattern(struct vgpu_guest *guest, uint32_t op, uint32_t id,
			uint64_t first, uint64_t pages)
{
	struct vgpu_cmd_pattern command = {
		.header.op = htole32(op),
		.header.size = htole32(sizeof(command)),
		.resource_id = htole32(id),
		.report_id = htole32(op == VGPU_OP_CHECK ? REPORT : 0),
		.seed = htole64(SEED),
		.first = htole64(first),
		.pages = htole64(pages),
	};

	return vgpu_guest_submit(guest, CTX, &command, sizeof(command));
}

static uint64_t *view_word(struct vgpu_guest *guest, uint32_t id, uint64_t page,
			   uint32_t word)
{
	return (uint64_t *)(view(guest, id) + page * PAGE) + word;
}

static sigjmp_buf out_of_reach;

static void on_segv(int signal)
{
	(void)signal;
	siglongjmp(out_of_reach, 1);
}

/* Touch an address. Return: false when nothing is there. */
static bool can_read(const char *address)
{
	struct sigaction old, action = { .sa_handler = on_segv, .sa_flags = SA_NODEFER };
	bool reached = false;

	sigaction(SIGSEGV, &action, &old);
	if (!sigsetjmp(out_of_reach, 1)) {
		(void)__atomic_load_n(address, __ATOMIC_RELAXED);
		reached = true;
	}
	sigaction(SIGSEGV, &old, NULL);
	return reached;
}

/* Compare every checked word: with the pattern, or with a new buffer's zeros. */
static uint64_t view_wrong(struct vgpu_guest *guest, uint32_t id, uint64_t pages,
			   bool filled)
{
	uint64_t page, wrong = 0;
	size_t i;

	for (page = 0; page < pages; page++) {
		for (i = 0; i < GUEST_WORDS; i++)
			wrong += *view_word(guest, id, page, guest_words[i]) !=
				 (filled ? guest_value(SEED, page, guest_words[i]) : 0);
	}
	return wrong;
}

TEST_F(blob, data_go_both_ways)
{
	const uint64_t offset = 4 * MIB, pages = 2 * MIB / PAGE;
	struct vgpu_guest *guest = &self->guest;
	char *before;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, variant->id, 2 * MIB));
	ASSERT_EQ(OK, attach(guest, CTX, 1));
	ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, 1, offset));
	if (variant->arena)
		EXPECT_EQ(guest->window + offset, view(guest, 1));
	EXPECT_EQ(0, view_wrong(guest, 1, pages, false));
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_FILL, 1, 0, pages));
	EXPECT_EQ(0, view_wrong(guest, 1, pages, true));

	*view_word(guest, 1, 77, 257) = 0xbad;
	*view_word(guest, 1, 78, 0) = 0xbad;
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_CHECK, 1, 0, pages));
	EXPECT_EQ(pages, self->report->pages);
	EXPECT_EQ(2, self->report->wrong_words);
	EXPECT_EQ(77, self->report->wrong_page);
	EXPECT_EQ(257, self->report->wrong_word);
	EXPECT_EQ(guest_value(SEED, 77, 257), self->report->right);
	EXPECT_EQ(0xbad, self->report->seen);
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_CHECK, 1, 79, pages - 79));
	EXPECT_EQ(0, self->report->wrong_words);

	before = view(guest, 1);
	EXPECT_TRUE(can_read(before));
	EXPECT_EQ(OK, unmap(guest, 1));
	EXPECT_FALSE(can_read(before));
	EXPECT_EQ(OK, unref(guest, 1));
}

TEST_F(blob, a_blob_may_be_mapped_again_elsewhere)
{
	struct vgpu_guest *guest = &self->guest;
	uint64_t offset;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, variant->id, MIB));
	for (offset = 0; offset < VGPU_GUEST_WINDOW; offset += MIB) {
		ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, 1, offset));
		EXPECT_EQ(offset, *view_word(guest, 1, 5, 5));
		*view_word(guest, 1, 5, 5) = offset + MIB;
		ASSERT_EQ(OK, unmap(guest, 1));
		EXPECT_FALSE(can_read(guest->window + offset));
	}
}

TEST_F(blob, many_single_pages_at_once)
{
	const uint32_t pages = 256, first = 2000;
	struct vgpu_guest *guest = &self->guest;
	char *before;
	uint32_t i;

	for (i = 0; i < pages; i++) {
		ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, first + i, variant->id, PAGE));
		ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, first + i, i * PAGE));
		*view_word(guest, first + i, 0, 0) = i;
	}
	EXPECT_EQ(pages, vgpu_counts(guest->dev).mapped);
	for (i = 0; i < pages; i++)
		EXPECT_EQ(i, *view_word(guest, first + i, 0, 0));
	/* Every other one is destroyed while it is mapped; teardown does the rest. */
	for (i = 0; i < pages; i += 2) {
		before = view(guest, first + i);
		ASSERT_EQ(OK, unref(guest, first + i));
		EXPECT_FALSE(can_read(before));
	}
	EXPECT_EQ(pages / 2, vgpu_counts(guest->dev).mapped);
	for (i = 1; i < pages; i += 2)
		EXPECT_EQ(i, *view_word(guest, first + i, 0, 0));
}

TEST_F(blob, bad_maps_are_refused)
{
	struct vgpu_guest *guest = &self->guest;
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_HIGH), htole32(PAGE), 0 };

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, variant->id, 2 * MIB));
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 2, variant->id, MIB));
	ASSERT_EQ(OK, vgpu_guest_own(guest, 3, &entry, 1, PAGE));
	EXPECT_EQ(BAD_RESOURCE, vgpu_guest_map(guest, 4, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 3, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, 1));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, PAGE / 2));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, VGPU_GUEST_WINDOW));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, VGPU_GUEST_WINDOW - MIB));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, -MIB));
	EXPECT_EQ(OK_MAP, vgpu_guest_map(guest, 1, VGPU_GUEST_WINDOW - 2 * MIB));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 2, VGPU_GUEST_WINDOW - 2 * MIB));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 2, VGPU_GUEST_WINDOW - MIB));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 2, VGPU_GUEST_WINDOW - 3 * MIB + PAGE));
	EXPECT_EQ(OK_MAP, vgpu_guest_map(guest, 2, VGPU_GUEST_WINDOW - 3 * MIB));
	EXPECT_EQ(BAD_RESOURCE, unmap(guest, 4));
	EXPECT_EQ(BAD_PARAMETER, unmap(guest, 3));
	EXPECT_EQ(OK, unmap(guest, 1));
	EXPECT_EQ(BAD_PARAMETER, unmap(guest, 1));
	EXPECT_EQ(1, vgpu_counts(guest->dev).mapped);
}

TEST_F(blob, a_transport_that_fails_is_believed)
{
	struct vgpu_guest *guest = &self->guest;
	char *before;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, variant->id, MIB));
	guest->map_error = -EIO;
	EXPECT_EQ(UNSPECIFIED, vgpu_guest_map(guest, 1, 0));
	EXPECT_EQ(BAD_PARAMETER, unmap(guest, 1));
	guest->map_error = -ENOMEM;
	EXPECT_EQ(NO_MEMORY, vgpu_guest_map(guest, 1, 0));
	ASSERT_EQ(OK_MAP, vgpu_guest_map(guest, 1, 0));
	/* A blob that could not be unmapped is still there, and must not be freed. */
	before = view(guest, 1);
	guest->map_error = -EIO;
	EXPECT_EQ(UNSPECIFIED, unmap(guest, 1));
	EXPECT_TRUE(can_read(before));
	guest->map_error = -EIO;
	EXPECT_EQ(UNSPECIFIED, unref(guest, 1));
	EXPECT_TRUE(can_read(before));
	EXPECT_EQ(OK, unref(guest, 1));
	EXPECT_FALSE(can_read(before));
	EXPECT_EQ(0, vgpu_counts(guest->dev).mapped);
}

TEST_F(blob, memory_has_a_limit)
{
	struct vgpu_guest *guest = &self->guest;
	uint64_t left = VGPU_GUEST_BYTES_MAX - vgpu_counts(guest->dev).bytes;

	left = left / PAGE * PAGE;
	EXPECT_EQ(NO_MEMORY, vgpu_guest_host3d(guest, CTX, 1, variant->id, left + PAGE));
	EXPECT_EQ(NO_MEMORY, vgpu_guest_host3d(guest, CTX, 1, variant->id, 1ull << 62));
	EXPECT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, variant->id, left - PAGE));
	EXPECT_EQ(OK, vgpu_guest_host3d(guest, CTX, 2, variant->id, PAGE));
	EXPECT_EQ(NO_MEMORY, vgpu_guest_host3d(guest, CTX, 3, variant->id, PAGE));
	EXPECT_EQ(OK, unref(guest, 2));
	EXPECT_EQ(OK, vgpu_guest_host3d(guest, CTX, 3, variant->id, PAGE));
}

/* These tests do not depend on the method or the source of a blob. */
FIXTURE(resource) {
	struct vgpu_guest guest;
	struct vgpu_report *report;
};

FIXTURE_SETUP(resource)
{
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_FREE), htole32(PAGE), 0 };

	ASSERT_EQ(0, vgpu_guest_init(&self->guest, -1,
				     VGPU_GUEST_BYTES_MAX));
	ASSERT_EQ(OK, vgpu_guest_ctx(&self->guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	ASSERT_EQ(OK, vgpu_guest_own(&self->guest, REPORT, &entry, 1, PAGE));
	ASSERT_EQ(OK, attach(&self->guest, CTX, REPORT));
	self->report = vgpu_guest_at(&self->guest, VGPU_GUEST_FREE);
}

FIXTURE_TEARDOWN(resource)
{
	vgpu_guest_exit(&self->guest);
}

TEST_F(resource, bad_blobs_are_refused)
{
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_FREE), htole32(PAGE), 0 };
	struct vgpu_guest *guest = &self->guest;
	struct virtio_gpu_resource_create_blob command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB),
		.hdr.ctx_id = htole32(CTX),
		.resource_id = htole32(1),
		.blob_mem = htole32(VIRTIO_GPU_BLOB_MEM_HOST3D),
		.size = htole64(PAGE),
	};
	static const uint64_t bad_ids[] = {
		VGPU_SOURCE_HEAP + 1, 0xff, 1ull << 32, 1ull << 63, ~0ull,
		VGPU_BLOB_ID(VGPU_SOURCE_MEMFD, 1, 0, 0),
		VGPU_BLOB_ID(VGPU_SOURCE_MEMFD, 0, 1, 0),
		VGPU_BLOB_ID(VGPU_SOURCE_MEMFD, 0, 0, 1),
	};
	unsigned int i;

	EXPECT_EQ(BAD_RESOURCE, vgpu_guest_host3d(guest, CTX, 0, 0, PAGE));
	EXPECT_EQ(BAD_RESOURCE, vgpu_guest_host3d(guest, CTX, REPORT, 0, PAGE));
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_host3d(guest, 0, 1, 0, PAGE));
	EXPECT_EQ(BAD_CONTEXT, vgpu_guest_host3d(guest, 2, 1, 0, PAGE));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CTX, 1, 0, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CTX, 1, 0, PAGE + 1));
	for (i = 0; i < ARRAY_SIZE(bad_ids); i++)
		EXPECT_EQ(BAD_PARAMETER, vgpu_guest_host3d(guest, CTX, 1, bad_ids[i], PAGE));
	/* This device has no mockgpu. */
	EXPECT_EQ(UNSPECIFIED, vgpu_guest_host3d(guest, CTX, 1,
						 VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, 0, 0, 0),
						 PAGE));
	command.blob_flags = htole32(8);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	command.blob_flags = 0;
	command.nr_entries = htole32(1);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	command.nr_entries = 0;
	command.blob_mem = 0;
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	command.blob_mem = htole32(VIRTIO_GPU_BLOB_MEM_HOST3D_GUEST);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	/* A blob without the mappable flag cannot be mapped. */
	command.blob_mem = htole32(VIRTIO_GPU_BLOB_MEM_HOST3D);
	EXPECT_EQ(OK, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_map(guest, 1, 0));
	/* GUEST blobs: without entries, too few, outside of memory, more than were sent. */
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_own(guest, 2, &entry, 0, PAGE));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_own(guest, 2, &entry, 1, PAGE + 1));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_own(guest, 2, &entry, 1, 0));
	entry.addr = 0;
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_own(guest, 2, &entry, 1, PAGE));
	entry.addr = htole64(VGPU_GUEST_HIGH + VGPU_GUEST_REGION - PAGE / 2);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_own(guest, 2, &entry, 1, PAGE));
	entry.addr = htole64(UINT64_MAX);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_own(guest, 2, &entry, 1, PAGE));
	command.resource_id = htole32(2);
	command.blob_mem = htole32(VIRTIO_GPU_BLOB_MEM_GUEST);
	command.nr_entries = htole32(1);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	command.nr_entries = htole32(~0u);
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
	EXPECT_EQ(2, vgpu_counts(guest->dev).resources);
	EXPECT_EQ(BAD_RESOURCE, unref(guest, 2));
	EXPECT_EQ(BAD_RESOURCE, unref(guest, 0));
}

TEST_F(resource, resources_have_a_limit)
{
	struct vgpu_guest *guest = &self->guest;
	struct virtio_gpu_mem_entry entry = { htole64(VGPU_GUEST_HIGH), htole32(PAGE), 0 };
	uint32_t id;

	for (id = 1; vgpu_counts(guest->dev).resources < VGPU_RESOURCES_MAX; id++)
		ASSERT_EQ(OK, vgpu_guest_own(guest, 2000 + id, &entry, 1, PAGE));
	EXPECT_EQ(NO_MEMORY, vgpu_guest_own(guest, 2000 + id, &entry, 1, PAGE));
	EXPECT_EQ(OK, unref(guest, 2001));
	EXPECT_EQ(OK, vgpu_guest_own(guest, 2000 + id, &entry, 1, PAGE));
}

TEST_F(resource, the_guests_own_pages_are_reached_in_their_order)
{
	/* Backwards, across the seam of the regions, one empty, one of half a page. */
	struct virtio_gpu_mem_entry entry[] = {
		{ htole64(VGPU_GUEST_HIGH + 4 * PAGE), htole32(PAGE), 0 },
		{ htole64(VGPU_GUEST_HIGH), htole32(0), 0 },
		{ htole64(VGPU_GUEST_HIGH + 2 * PAGE), htole32(PAGE + PAGE / 2), 0 },
		{ htole64(VGPU_GUEST_MIDDLE - PAGE), htole32(2 * PAGE), 0 },
	};
	struct vgpu_guest *guest = &self->guest;
	const uint64_t size = 4 * PAGE + PAGE / 2;
	uint64_t value;

	ASSERT_EQ(OK, vgpu_guest_own(guest, 1, entry, ARRAY_SIZE(entry), size));
	ASSERT_EQ(OK, attach(guest, CTX, 1));
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_FILL, 1, 0, 4));
	value = *(uint64_t *)vgpu_guest_at(guest, VGPU_GUEST_HIGH + 4 * PAGE);
	EXPECT_EQ(guest_value(SEED, 0, 0), value);
	value = *(uint64_t *)vgpu_guest_at(guest, VGPU_GUEST_HIGH + 2 * PAGE);
	EXPECT_EQ(guest_value(SEED, 1, 0), value);
	/* Page 2 is half in the third entry and half in the last. */
	value = *(uint64_t *)vgpu_guest_at(guest, VGPU_GUEST_HIGH + 3 * PAGE + 8);
	EXPECT_EQ(guest_value(SEED, 2, 1), value);
	value = *(uint64_t *)vgpu_guest_at(guest, VGPU_GUEST_MIDDLE - PAGE + 8);
	EXPECT_EQ(guest_value(SEED, 2, 257), value);
	value = *(uint64_t *)vgpu_guest_at(guest, VGPU_GUEST_MIDDLE + PAGE / 2 - 8);
	EXPECT_EQ(guest_value(SEED, 3, 511), value);
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_CHECK, 1, 0, 4));
	EXPECT_EQ(4, self->report->pages);
	EXPECT_EQ(0, self->report->wrong_words);
	ASSERT_EQ(OK, pattern(guest, VGPU_OP_CHECK, 1, 2, 1));
	EXPECT_EQ(0, self->report->wrong_words);
	/* The last half page does not count as a page. */
	EXPECT_EQ(BAD_PARAMETER, pattern(guest, VGPU_OP_CHECK, 1, 0, 5));

	/* Memory that the guest loses is not accessed any more. */
	vgpu_mem(guest->dev)->count--;
	EXPECT_EQ(UNSPECIFIED, pattern(guest, VGPU_OP_FILL, 1, 0, 4));
	vgpu_mem(guest->dev)->count++;
}

TEST_F(resource, bad_patterns_are_refused)
{
	struct vgpu_guest *guest = &self->guest;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, 0, 4 * PAGE));
	EXPECT_EQ(BAD_RESOURCE, pattern(guest, VGPU_OP_FILL, 1, 0, 1));
	ASSERT_EQ(OK, attach(guest, CTX, 1));
	EXPECT_EQ(OK, pattern(guest, VGPU_OP_FILL, 1, 3, 1));
	EXPECT_EQ(BAD_PARAMETER, pattern(guest, VGPU_OP_FILL, 1, 0, 0));
	EXPECT_EQ(BAD_PARAMETER, pattern(guest, VGPU_OP_FILL, 1, 0, 5));
	EXPECT_EQ(BAD_PARAMETER, pattern(guest, VGPU_OP_FILL, 1, 4, 1));
	EXPECT_EQ(BAD_PARAMETER, pattern(guest, VGPU_OP_FILL, 1, 5, ~0ull));
	EXPECT_EQ(BAD_PARAMETER, pattern(guest, VGPU_OP_FILL, 1, ~0ull, 2));
	EXPECT_EQ(BAD_RESOURCE, pattern(guest, VGPU_OP_CHECK, 2, 0, 1));
	/* A report that does not fit anywhere. */
	ASSERT_EQ(OK, vgpu_guest_resource(guest, VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, CTX,
					  REPORT));
	EXPECT_EQ(BAD_RESOURCE, pattern(guest, VGPU_OP_CHECK, 1, 0, 1));
}

TEST_F(resource, a_submission_touches_only_so_many_pages)
{
	const uint32_t pages = VGPU_GUEST_BYTES_MAX / 2 / PAGE;
	const uint32_t most = VGPU_SUBMIT_PAGES_MAX / pages;
	struct vgpu_guest *guest = &self->guest;
	struct vgpu_cmd_pattern many[65];
	uint32_t i;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, 0, VGPU_GUEST_BYTES_MAX / 2));
	ASSERT_EQ(OK, attach(guest, CTX, 1));
	ASSERT_EQ(ARRAY_SIZE(many), most + 1);
	for (i = 0; i <= most; i++)
		many[i] = (struct vgpu_cmd_pattern){
			.header.op = htole32(VGPU_OP_FILL),
			.header.size = htole32(sizeof(many[0])),
			.resource_id = htole32(1),
			.pages = htole64(pages),
		};
	EXPECT_EQ(OK, vgpu_guest_submit(guest, CTX, many, most * sizeof(many[0])));
	EXPECT_EQ(BAD_PARAMETER, vgpu_guest_submit(guest, CTX, many, sizeof(many)));
}

TEST_F(resource, contexts_see_only_what_is_attached)
{
	struct vgpu_guest *guest = &self->guest;

	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, 2, 0));
	ASSERT_EQ(OK, vgpu_guest_host3d(guest, 2, 1, 0, PAGE));
	EXPECT_EQ(BAD_CONTEXT, attach(guest, 3, 1));
	EXPECT_EQ(BAD_RESOURCE, attach(guest, 2, 3));
	ASSERT_EQ(OK, attach(guest, 2, 1));
	EXPECT_EQ(BAD_RESOURCE, pattern(guest, VGPU_OP_FILL, 1, 0, 1));
	/* A new context does not inherit from the previous one with its id. */
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_DESTROY, CTX, 0));
	ASSERT_EQ(OK, attach(guest, 2, REPORT));
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_DESTROY, 2, 0));
	ASSERT_EQ(OK, vgpu_guest_ctx(guest, VIRTIO_GPU_CMD_CTX_CREATE, CTX, 0));
	EXPECT_EQ(BAD_RESOURCE, pattern(guest, VGPU_OP_FILL, 1, 0, 1));
	EXPECT_EQ(BAD_RESOURCE, pattern(guest, VGPU_OP_FILL, REPORT, 0, 1));
}

TEST_F(resource, uuids_stay_and_differ)
{
	struct virtio_gpu_resource_assign_uuid command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID),
		.resource_id = htole32(REPORT),
	};
	struct virtio_gpu_resp_resource_uuid first, again, other;
	struct vgpu_guest *guest = &self->guest;

	ASSERT_EQ(OK, vgpu_guest_host3d(guest, CTX, 1, 0, PAGE));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
		  vgpu_guest_run(guest, &command, sizeof(command), &first, sizeof(first)));
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
		  vgpu_guest_run(guest, &command, sizeof(command), &again, sizeof(again)));
	EXPECT_EQ(0, memcmp(first.uuid, again.uuid, sizeof(first.uuid)));
	command.resource_id = htole32(1);
	ASSERT_EQ(VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
		  vgpu_guest_run(guest, &command, sizeof(command), &other, sizeof(other)));
	EXPECT_NE(0, memcmp(first.uuid, other.uuid, sizeof(first.uuid)));
	command.resource_id = htole32(2);
	EXPECT_EQ(BAD_RESOURCE, vgpu_guest_run(guest, &command, sizeof(command), NULL, 0));
}

TEST_HARNESS_MAIN
