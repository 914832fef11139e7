// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two mock GPUs share a buffer: the dynamic importer's side. Needs the module with
 * devices=2.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "pattern.h"
#include "reload.h"

#define PAGES 48

/*
 * @driver: of the first device, the exporter
 * @peer: the second device's render node, the importer
 * @bo: a buffer of the first device
 * @fd: its dma-buf
 * @import: the same in the second device
 * @own: a buffer of the second device
 */
FIXTURE(peer) {
	struct driver driver;
	int peer;
	size_t page;
	struct mockgpu_bo bo;
	int fd;
	struct mockgpu_bo import;
	struct mockgpu_bo own;
};

FIXTURE_VARIANT(peer) {
	const char *parameters;
	int is_dynamic;
};

FIXTURE_VARIANT_ADD(peer, dynamic) {
	.parameters = "devices=2 vram_size=4194304",
	.is_dynamic = 1,
};

FIXTURE_VARIANT_ADD(peer, static) {
	.parameters = "devices=2 vram_size=4194304 dynamic_import=0",
};

FIXTURE_SETUP(peer)
{
	size_t size;

	ASSERT_EQ(0, module_want(variant->parameters));
	driver_setup(_metadata, &self->driver);
	self->page = self->driver.page;
	size = PAGES * self->page;
	self->peer = mockgpu_open_peer();
	ASSERT_LE(0, self->peer);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 4, 0, size,
				       &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	self->fd = mockgpu_bo_export(&self->bo);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, mockgpu_bo_import(self->peer, self->fd, &self->import));
	ASSERT_EQ(0, mockgpu_bo_create(self->peer, MOCKGPU_KIND_TTM, 0, 0, size, &self->own));
	ASSERT_EQ(0, mockgpu_bo_map(&self->own, NULL));
}

FIXTURE_TEARDOWN(peer)
{
	const struct mockgpu_usage nothing = {};
	struct mockgpu_usage usage = {};

	EXPECT_EQ(0, mockgpu_bo_destroy(&self->own));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->import));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	driver_usage_settle(self->peer, &nothing, &usage);
	EXPECT_EQ(0, usage.buffers);
	EXPECT_EQ(0, usage.pages);
	EXPECT_EQ(0, close(self->peer));
	driver_teardown(_metadata, &self->driver);
}

static struct mockgpu_buffer first_buffer(struct __test_metadata *_metadata, int fd)
{
	struct mockgpu_buffer buffer = {};

	EXPECT_LE(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_EQ(0, buffer.busy);
	return buffer;
}

/* The second device uses the shared buffer, and the data is correct. */
static void expect_use(struct __test_metadata *_metadata, struct mockgpu_bo *shared,
		       struct mockgpu_bo *import, struct mockgpu_bo *own, uint64_t seed)
{
	pattern_fill(shared->map, shared->size, seed);
	ASSERT_EQ(0, mockgpu_bo_copy(own, 0, import, 0, own->size));
	EXPECT_EQ(0, pattern_differences(own->map, own->size, seed));
	pattern_fill(own->map, own->size, seed + 1);
	ASSERT_EQ(0, mockgpu_bo_copy(import, 0, own, 0, own->size));
	EXPECT_EQ(0, pattern_differences(shared->map, shared->size, seed + 1));
}

/* Number of contiguous pieces of memory in the buffer. */
static unsigned int pieces(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			   struct drm_mockgpu_page *pages)
{
	unsigned int i, count = 1;

	EXPECT_EQ(PAGES, mockgpu_bo_pages(bo, 0, PAGES, pages));
	for (i = 1; i < PAGES; i++)
		count += pages[i].pfn != pages[i - 1].pfn + 1;
	return count;
}

TEST_F(peer, the_import_is_another_buffer)
{
	EXPECT_EQ(MOCKGPU_KIND_IMPORT, self->import.kind);
	EXPECT_EQ(self->bo.size, self->import.size);
	EXPECT_EQ(1, first_buffer(_metadata, self->driver.fd).attached);
	EXPECT_STREQ("import", first_buffer(_metadata, self->peer).kind);
}

TEST_F(peer, the_devices_addresses_come_with_its_first_use)
{
	EXPECT_EQ(0, first_buffer(_metadata, self->peer).populated);
	expect_use(_metadata, &self->bo, &self->import, &self->own, 1);
	EXPECT_EQ(1, first_buffer(_metadata, self->peer).populated);
}

static bool has_iommu(void)
{
	return !system("ls /sys/class/iommu/* >/dev/null 2>&1");
}

TEST_F(peer, the_devices_addresses_are_the_pages)
{
	struct drm_mockgpu_page pages[PAGES];
	struct mockgpu_buffer buffer;
	unsigned int count;

	if (has_iommu())
		SKIP(return, "behind an IOMMU the addresses are others");
	count = pieces(_metadata, &self->bo, pages);
	expect_use(_metadata, &self->bo, &self->import, &self->own, 2);
	buffer = first_buffer(_metadata, self->peer);
	EXPECT_EQ(pages[0].pfn * self->page, buffer.address);
	EXPECT_EQ(count, buffer.segments);
}

/*
 * A static importer has it pinned for as long as it is mapped (before 6.13 from the
 * attachment on); a dynamic one only if the kernel was built without move notification, as
 * Debian's 6.1 and 6.12.
 */
TEST_F(peer, who_cannot_follow_a_move_pins_it)
{
	const struct mockgpu_usage only_own = { .buffers = 1, .pages = PAGES };
	struct mockgpu_buffer buffer;
	struct mockgpu_usage usage;

	expect_use(_metadata, &self->bo, &self->import, &self->own, 3);
	buffer = first_buffer(_metadata, self->driver.fd);
	EXPECT_GE(1, buffer.pins);
	if (!variant->is_dynamic)
		EXPECT_EQ(1, buffer.pins);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->import));
	/* The peer's use ends with its import. */
	driver_usage_settle(self->peer, &only_own, &usage);
	buffer = first_buffer(_metadata, self->driver.fd);
	EXPECT_EQ(0, buffer.attached);
	EXPECT_EQ(0, buffer.pins);
}

TEST_F(peer, a_zap_reaches_mappings_through_the_other_device)
{
	struct drm_mockgpu_bo_query query;

	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->import, NULL));
	pattern_fill(self->import.map, self->import.size, 4);
	ASSERT_EQ(0, mockgpu_bo_query(&self->bo, &query));
	EXPECT_EQ(PAGES, query.faults);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->import.map, self->import.size, 4));
	ASSERT_EQ(0, mockgpu_bo_query(&self->bo, &query));
	EXPECT_EQ(2 * PAGES, query.faults);
}

/*
 * Where the kernel notifies importers, they drop the addresses and ask again; where it
 * cannot, it has pinned the buffer, which then must not move.
 */
static void expect_move(struct __test_metadata *_metadata, struct mockgpu_bo *bo, int fd, int peer,
			int (*move)(struct mockgpu_bo *bo))
{
	struct mockgpu_buffer before = first_buffer(_metadata, fd), after;
	int ret = move(bo);

	after = first_buffer(_metadata, fd);
	if (before.pins) {
		EXPECT_EQ(-EBUSY, ret);
		EXPECT_EQ(before.notifies, after.notifies);
		EXPECT_EQ(1, first_buffer(_metadata, peer).populated);
		return;
	}
	EXPECT_EQ(0, ret);
	/* One per hop: from VRAM a swapout goes through GTT. */
	EXPECT_LT(before.notifies, after.notifies);
	EXPECT_EQ(after.notifies, first_buffer(_metadata, peer).notifies);
	EXPECT_EQ(0, first_buffer(_metadata, peer).populated);
}

static int move_new_pages(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int move_vram(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int move_swapout(struct mockgpu_bo *bo)
{
	return mockgpu_bo_swapout(bo);
}

static int move_caching(struct mockgpu_bo *bo)
{
	uint32_t other = bo->caching ? MOCKGPU_CACHING_CACHED : MOCKGPU_CACHING_WC;

	return mockgpu_bo_set_caching(bo, other);
}

TEST_F(peer, a_move_is_told_and_keeps_the_data)
{
	static int (*const moves[])(struct mockgpu_bo *bo) = {
		move_new_pages, move_vram, move_new_pages, move_swapout, move_caching,
		move_swapout, move_vram, move_swapout,
	};
	struct drm_mockgpu_page pages[PAGES];
	unsigned int i;

	expect_use(_metadata, &self->bo, &self->import, &self->own, 10);
	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		expect_move(_metadata, &self->bo, self->driver.fd, self->peer, moves[i]);
		/* What the peer wrote last is there, for it and for us. */
		ASSERT_EQ(0, mockgpu_bo_copy(&self->own, 0, &self->import, 0, self->own.size));
		EXPECT_EQ(0, pattern_differences(self->own.map, self->own.size, 11 + 10 * i));
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 11 + 10 * i));
		expect_use(_metadata, &self->bo, &self->import, &self->own, 20 + 10 * i);
		if (has_iommu())
			continue;
		ASSERT_EQ(PAGES, mockgpu_bo_pages(&self->bo, 0, PAGES, pages));
		EXPECT_EQ(pages[0].pfn * self->page, first_buffer(_metadata, self->peer).address);
	}
}

TEST_F(peer, a_revocation_is_told)
{
	struct mockgpu_buffer buffer;

	ASSERT_EQ(0, mockgpu_bo_map(&self->import, NULL));
	expect_use(_metadata, &self->bo, &self->import, &self->own, 5);
	buffer = first_buffer(_metadata, self->driver.fd);
	if (buffer.pins) {
		EXPECT_EQ(-EBUSY, mockgpu_bo_revoke(&self->bo));
		expect_use(_metadata, &self->bo, &self->import, &self->own, 6);
		return;
	}
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(1, first_buffer(_metadata, self->driver.fd).notifies);
	EXPECT_EQ(1, first_buffer(_metadata, self->peer).notifies);
	EXPECT_EQ(0, first_buffer(_metadata, self->peer).populated);
	EXPECT_EQ(SIGBUS, pattern_touch(self->import.map, 0));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&self->own, 0, &self->import, 0, self->own.size));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&self->import, 0, &self->own, 0, self->own.size));
}

/*
 * Neither a raised count nor anything else keeps the buffer in system memory while a device
 * has its addresses: it is swapped out from there without notice.
 */
TEST_F(peer, nobody_has_addresses_of_system_memory)
{
	/* Before 6.13 a static importer has it mapped and pinned from the start. */
	if (first_buffer(_metadata, self->driver.fd).pins)
		return;
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0));
	ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 0));
	expect_use(_metadata, &self->bo, &self->import, &self->own, 9);
	EXPECT_STREQ("gtt", first_buffer(_metadata, self->driver.fd).placement);
	ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 0));
	expect_move(_metadata, &self->bo, self->driver.fd, self->peer, move_swapout);
}

/* VRAM is for importers that can follow a move; the others get the buffer in GTT. */
TEST_F(peer, vram_is_shared_where_it_can_be)
{
	struct mockgpu_buffer buffer;

	/* Before 6.13 a static importer has it mapped and pinned from the start. */
	buffer = first_buffer(_metadata, self->driver.fd);
	if (buffer.pins) {
		EXPECT_EQ(-EBUSY, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		return;
	}
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	expect_use(_metadata, &self->bo, &self->import, &self->own, 7);
	buffer = first_buffer(_metadata, self->driver.fd);
	EXPECT_STREQ(variant->is_dynamic ? "vram" : "gtt", buffer.placement);
}

/*
 * Evicted without a handle, when GEM has forgotten the dma-buf: TTM makes room in VRAM of
 * 4 MiB.
 */
TEST_F(peer, an_eviction_is_told_without_a_handle)
{
	struct drm_mockgpu_bo_create want = {
		.size = 3 << 20,
		.kind = MOCKGPU_KIND_TTM,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct mockgpu_bo bo, import, own, other;
	struct mockgpu_buffer buffers[4];
	int fd;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &bo));
	fd = mockgpu_bo_export(&bo);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mockgpu_bo_import(self->peer, fd, &import));
	ASSERT_EQ(0, mockgpu_bo_create(self->peer, MOCKGPU_KIND_TTM, 0, 0, want.size, &own));
	ASSERT_EQ(0, mockgpu_bo_map(&own, NULL));
	pattern_fill(own.map, own.size, 8);
	ASSERT_EQ(0, mockgpu_bo_copy(&import, 0, &own, 0, own.size));
	ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, close(fd));
	ASSERT_EQ(2, mockgpu_buffers_get(self->driver.fd, buffers, 3));
	if (!buffers[1].pins) {
		EXPECT_STREQ("vram", buffers[1].placement);
		ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &other));
		ASSERT_EQ(3, mockgpu_buffers_get(self->driver.fd, buffers, 3));
		EXPECT_STREQ("gtt", buffers[1].placement);
		EXPECT_EQ(1, buffers[1].notifies);
		EXPECT_STREQ("vram", buffers[2].placement);
		ASSERT_EQ(4, mockgpu_buffers_get(self->peer, buffers, 4));
		EXPECT_EQ(0, buffers[0].notifies);
		EXPECT_EQ(1, buffers[2].notifies);
		/* It has no addresses of memory that now belongs to another buffer. */
		EXPECT_EQ(0, buffers[2].populated);
		EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	}
	memset(own.map, 0, own.size);
	ASSERT_EQ(0, mockgpu_bo_copy(&own, 0, &import, 0, own.size));
	EXPECT_EQ(0, pattern_differences(own.map, own.size, 8));
	EXPECT_EQ(0, mockgpu_bo_destroy(&own));
	EXPECT_EQ(0, mockgpu_bo_destroy(&import));
}

/* TTM tells nobody that it frees a buffer's memory: the driver has to. */
TEST_F(peer, a_discard_is_told)
{
	struct drm_mockgpu_bo_create want = {
		.size = PAGES * self->page,
		.kind = MOCKGPU_KIND_TTM,
		.placement = MOCKGPU_PLACEMENT_VRAM,
		.flags = MOCKGPU_BO_DISCARDABLE,
	};
	struct mockgpu_bo bo, import, other;
	struct mockgpu_buffer buffers[3];
	int fd;

	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &bo));
	fd = mockgpu_bo_export(&bo);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mockgpu_bo_import(self->peer, fd, &import));
	pattern_fill(self->own.map, self->own.size, 8);
	ASSERT_EQ(0, mockgpu_bo_copy(&import, 0, &self->own, 0, self->own.size));
	ASSERT_EQ(2, mockgpu_buffers_get(self->driver.fd, buffers, 3));
	if (!buffers[1].pins && !strcmp(buffers[1].placement, "vram")) {
		want.size = 4 << 20;
		want.flags = 0;
		ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &other));
		ASSERT_EQ(3, mockgpu_buffers_get(self->driver.fd, buffers, 3));
		EXPECT_EQ(1, buffers[1].notifies);
		ASSERT_EQ(3, mockgpu_buffers_get(self->peer, buffers, 3));
		EXPECT_EQ(1, buffers[2].notifies);
		EXPECT_EQ(0, buffers[2].populated);
		/* Its next use finds other memory. */
		ASSERT_EQ(0, mockgpu_bo_copy(&self->own, 0, &import, 0, self->own.size));
		EXPECT_TRUE(pattern_is_zero(self->own.map, self->own.size));
		EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	}
	EXPECT_EQ(0, mockgpu_bo_destroy(&import));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

/* Release handle, dma-buf, import and a mapping of the import in every order. */
TEST_F(peer, the_memory_lives_until_the_last_user_is_gone)
{
	static const char * const orders[] = { "hdim", "midh", "ihdm", "dmhi", "hmid", "imdh" };
	struct mockgpu_bo bo, import;
	unsigned int i, step;
	void *map;
	int fd;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_COMPOUND, 3, 0,
					       self->own.size, &bo));
		fd = mockgpu_bo_export(&bo);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, mockgpu_bo_import(self->peer, fd, &import));
		ASSERT_EQ(0, mockgpu_bo_map(&import, NULL));
		map = import.map;
		/* A mapping that mockgpu_bo_destroy() does not unmap. */
		import.map = NULL;
		pattern_fill(map, bo.size, i);
		ASSERT_EQ(0, mockgpu_bo_copy(&self->own, 0, &import, 0, bo.size));
		for (step = 0; step < 4; step++) {
			driver_expect_usage(_metadata, &self->driver, 2, 2 * PAGES);
			switch (orders[i][step]) {
			case 'h':
				EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
				break;
			case 'd':
				EXPECT_EQ(0, close(fd));
				break;
			case 'i':
				EXPECT_EQ(0, mockgpu_bo_destroy(&import));
				break;
			default:
				EXPECT_EQ(0, pattern_differences(map, self->own.size, i));
				EXPECT_EQ(0, munmap(map, self->own.size));
			}
		}
		driver_expect_usage(_metadata, &self->driver, 1, PAGES);
	}
}

TEST_F(peer, the_module_stays_while_the_devices_share)
{
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with devices=2\n");
	return driver_run(argc, argv);
}
