// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in blocks from the kernel's buddy allocator (module parameter vram_manager=buddy), as
 * amdgpu's and xe's: a buffer is where there was room, so its neighbours need not be
 * neighbours. vram_block scatters each buffer on purpose; without it, what is left between
 * other buffers does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "reload.h"

#define MIB (1ull << 20)
#define PAGE 4096ull
#define VRAM (16 * MIB)

/* Pages of 2 MiB, for which a buffer has blocks of one size. */
#define PART 512ul
/* Each kind of part, and a bit more. */
#define PAGES (3 * PART + 37)

FIXTURE(scatter) {
	struct driver driver;
	struct mockgpu_bo bo;
	struct mockgpu_bo source;
};

/* @order: of vram_block; @delay: how long a move takes, in microseconds */
FIXTURE_VARIANT(scatter) {
	unsigned int order;
	unsigned long delay;
};

FIXTURE_VARIANT_ADD(scatter, block_4k) { .order = 0 };
FIXTURE_VARIANT_ADD(scatter, block_64k) { .order = 4 };
FIXTURE_VARIANT_ADD(scatter, block_2m) { .order = 9 };
FIXTURE_VARIANT_ADD(scatter, block_4k_later) { .order = 0, .delay = 200 };

static int make(int fd, uint64_t size, uint32_t flags, uint64_t seed, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = size, .placement = MOCKGPU_PLACEMENT_VRAM, .flags = flags,
	};
	int ret = mockgpu_bo_make(fd, &want, bo);

	if (!ret)
		ret = mockgpu_bo_map(bo, NULL);
	if (!ret && seed)
		pattern_fill(bo->map, bo->size, seed);
	return ret;
}

FIXTURE_SETUP(scatter)
{
	char parameters[128];

	snprintf(parameters, sizeof(parameters),
		 "devices=2 vram_size=%llu vram_manager=buddy vram_block=%llu",
		 VRAM, PAGE << variant->order);
	ASSERT_EQ(0, module_want(parameters));
	driver_setup(_metadata, &self->driver);
	driver_move_delay(_metadata, &self->driver, variant->delay);
	ASSERT_EQ(0, make(self->driver.fd, PAGES * PAGE, 0, 1, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0, self->bo.size,
				       &self->source));
	ASSERT_EQ(0, mockgpu_bo_map(&self->source, NULL));
}

FIXTURE_TEARDOWN(scatter)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->source));
	driver_teardown(_metadata, &self->driver);
}

/* Through the mapping and through the driver. */
static void expect_contents(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			    uint64_t seed)
{
	EXPECT_EQ(0, pattern_differences(bo->map, bo->size, seed));
	EXPECT_EQ(0, bo_elsewhere(_metadata, bo, seed));
}

/* TTM frees what a buffer had before a copy of the engine in a workqueue, after the copy. */
static void expect_used(struct __test_metadata *_metadata, const struct driver *driver,
			uint64_t pages)
{
	unsigned int tries;

	ASSERT_EQ(0, mockgpu_wait_idle(driver->fd));
	for (tries = 0; tries < 200; tries++) {
		if (driver_usage(_metadata, driver->fd).vram == pages)
			break;
		clock_pause(10);
	}
	EXPECT_EQ(pages, driver_usage(_metadata, driver->fd).vram);
}

TEST_F(scatter, the_device_tells_its_manager)
{
	uint64_t value = 0;

	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_MANAGER, &value));
	EXPECT_EQ(MOCKGPU_VRAM_BUDDY, value);
}

static unsigned int wanted_order(unsigned int order, size_t page)
{
	switch (page / PART % 3) {
	case 0:
		return order;
	case 1:
		return 9;
	default:
		return order + 4 < 9 ? order + 4 : 9;
	}
}

/* Count the pages that do not follow the one before, as page frame numbers. */
static size_t jumps(const struct drm_mockgpu_page *pages, size_t npages)
{
	size_t i, count = 0;

	for (i = 1; i < npages; i++)
		count += pages[i].pfn != pages[i - 1].pfn + 1;
	return count;
}

TEST_F(scatter, no_two_blocks_are_neighbours)
{
	const struct drm_mockgpu_bo_query query = bo_query(_metadata, &self->bo);
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &self->bo);
	/* 2 MiB of a carve-out are anywhere in RAM, by chance beside each other. */
	const size_t chance = bo_vram_has_pages(_metadata, self->driver.fd) ? VRAM / MIB / 2 : 0;
	size_t i, blocks = 0;

	for (i = 0; i < PAGES; i++) {
		blocks += !pages[i].index;
		EXPECT_EQ(pages[i].pfn % (1 << pages[i].order), pages[i].index);
		if (i < 3 * PART)
			EXPECT_EQ(wanted_order(variant->order, i), pages[i].order);
		if (i && pages[i].index)
			EXPECT_EQ(pages[i - 1].pfn + 1, pages[i].pfn);
	}
	EXPECT_EQ(blocks, query.vram_blocks);
	EXPECT_EQ(blocks, query.vram_runs);
	EXPECT_LE(blocks - 1, jumps(pages, PAGES) + chance);
	EXPECT_GE(blocks - 1, jumps(pages, PAGES));
	qsort(pages, PAGES, sizeof(*pages), bo_compare_pfn);
	for (i = 1; i < PAGES; i++)
		EXPECT_NE(pages[i - 1].pfn, pages[i].pfn);
	free(pages);
}

/* The page table shows the pages that the query lists, also for an entry of 2 MiB. */
TEST_F(scatter, entries_are_of_its_pages)
{
	static const uint32_t modes[] = {
		MOCKGPU_FAULT_SINGLE, MOCKGPU_FAULT_PREFAULT, MOCKGPU_FAULT_HUGE,
	};
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &self->bo);
	struct mockgpu_entry entry;
	size_t i, page;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!mockgpu_supports(self->driver.fd, MOCKGPU_PARAM_FAULT_MODES, modes[i]))
			continue;
		ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
		ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, modes[i], 0));
		ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
		for (page = 0; page < PAGES; page += 29) {
			const char *at = (char *)self->bo.map + page * PAGE;

			peek(at);
			ASSERT_EQ(0, mockgpu_entry_get(self->driver.fd, at, &entry));
			EXPECT_TRUE(entry.present);
			EXPECT_EQ(pages[page].pfn, entry.pfn);
			EXPECT_EQ(modes[i] == MOCKGPU_FAULT_HUGE && pages[page].order == 9,
				  entry.large);
		}
		expect_contents(_metadata, &self->bo, 1);
	}
	free(pages);
}

/* In both directions, from the middle of a page to the middle of another. */
TEST_F(scatter, the_gpu_copies_it)
{
	const uint64_t offset = 5 * PAGE + 100, size = self->bo.size - 2 * offset;

	EXPECT_EQ(0, mockgpu_bo_copy(&self->source, 0, &self->bo, 0, self->bo.size));
	EXPECT_EQ(0, pattern_differences(self->source.map, self->source.size, 1));
	memset(self->bo.map, 0, self->bo.size);
	EXPECT_EQ(0, mockgpu_bo_copy(&self->bo, offset, &self->source, offset, size));
	EXPECT_EQ(0, memcmp((char *)self->bo.map + offset, (char *)self->source.map + offset,
			    size));
	EXPECT_EQ(0, ((char *)self->bo.map)[offset - 1]);
	EXPECT_EQ(0, ((char *)self->bo.map)[offset + size]);
}

TEST_F(scatter, a_move_keeps_its_contents)
{
	static const uint32_t to[] = {
		MOCKGPU_PLACEMENT_GTT, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_PLACEMENT_SYSTEM,
		MOCKGPU_PLACEMENT_VRAM, MOCKGPU_PLACEMENT_GTT, MOCKGPU_PLACEMENT_VRAM,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(to); i++) {
		ASSERT_EQ(0, mockgpu_bo_move(&self->bo, to[i], 0));
		EXPECT_EQ(to[i], bo_query(_metadata, &self->bo).placement);
		EXPECT_EQ(to[i] == MOCKGPU_PLACEMENT_VRAM,
			  bo_query(_metadata, &self->bo).vram_runs > 1);
		expect_contents(_metadata, &self->bo, 1);
		pattern_fill(self->bo.map, self->bo.size, 1);
		expect_used(_metadata, &self->driver,
			    to[i] == MOCKGPU_PLACEMENT_VRAM ? PAGES : 0);
	}
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	expect_contents(_metadata, &self->bo, 1);
}

/* What takes a buffer for a range would hit those between its blocks. */
TEST_F(scatter, nobody_else_is_hit)
{
	struct mockgpu_bo other = {}, third = {};

	ASSERT_EQ(0, make(self->driver.fd, PAGES * PAGE, 0, 2, &other));
	/* Cleared, filled and moved to and fro. */
	ASSERT_EQ(0, make(self->driver.fd, 2 * MIB + 5 * PAGE, 0, 0, &third));
	EXPECT_TRUE(pattern_is_zero(third.map, third.size));
	ASSERT_EQ(0, mockgpu_bo_fill(&third, 0x5a, NULL));
	ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	EXPECT_EQ(0x5a, ((char *)third.map)[0]);
	EXPECT_EQ(0, memcmp(third.map, (char *)third.map + 1, third.size - 1));
	expect_contents(_metadata, &self->bo, 1);
	expect_contents(_metadata, &other, 2);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_move(&other, MOCKGPU_PLACEMENT_GTT, 0));
	expect_used(_metadata, &self->driver, bo_npages(&third));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_move(&other, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, memcmp(third.map, (char *)third.map + 1, third.size - 1));
	EXPECT_EQ(0, mockgpu_bo_destroy(&third));
	expect_contents(_metadata, &self->bo, 1);
	expect_contents(_metadata, &other, 2);
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* The engine may still read blocks that have a new owner. */
TEST_F(scatter, eviction_keeps_all_contents)
{
	struct mockgpu_bo more[3] = {};
	size_t i, evicted = 0;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		ASSERT_EQ(0, make(self->driver.fd, PAGES * PAGE, 0, 2 + i, &more[i]));
	expect_contents(_metadata, &self->bo, 1);
	for (i = 0; i < ARRAY_SIZE(more); i++) {
		evicted += bo_query(_metadata, &more[i]).placement == MOCKGPU_PLACEMENT_GTT;
		expect_contents(_metadata, &more[i], 2 + i);
		EXPECT_EQ(0, mockgpu_bo_destroy(&more[i]));
	}
	evicted += bo_query(_metadata, &self->bo).placement == MOCKGPU_PLACEMENT_GTT;
	EXPECT_LE(2, evicted);
}

/* Another device gets an address for each contiguous piece. */
TEST_F(scatter, a_peer_sees_its_pieces)
{
	int peer = mockgpu_open_peer(), dmabuf = mockgpu_bo_export(&self->bo);
	struct drm_mockgpu_page *pages;
	struct mockgpu_buffer buffer = {};
	struct mockgpu_bo import = {}, own = {};

	ASSERT_LE(0, peer);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, mockgpu_bo_import(peer, dmabuf, &import));
	ASSERT_EQ(0, mockgpu_bo_create(peer, MOCKGPU_KIND_TTM, 0, 0, self->bo.size, &own));
	ASSERT_EQ(0, mockgpu_bo_map(&own, NULL));
	ASSERT_EQ(0, mockgpu_bo_copy(&own, 0, &import, 0, own.size));
	EXPECT_EQ(0, pattern_differences(own.map, own.size, 1));
	pattern_fill(own.map, own.size, 2);
	ASSERT_EQ(0, mockgpu_bo_copy(&import, 0, &own, 0, own.size));
	expect_contents(_metadata, &self->bo, 2);
	/* An older kernel pins it in GTT for the peer. */
	if (bo_query(_metadata, &self->bo).placement == MOCKGPU_PLACEMENT_VRAM) {
		pages = bo_pages(_metadata, &self->bo);
		EXPECT_LE(1, mockgpu_buffers_get(peer, &buffer, 1));
		EXPECT_EQ(1 + jumps(pages, PAGES), buffer.segments);
		EXPECT_EQ(pages[0].pfn * PAGE, buffer.address);
		free(pages);
	}
	EXPECT_EQ(0, mockgpu_bo_destroy(&own));
	EXPECT_EQ(0, mockgpu_bo_destroy(&import));
	EXPECT_EQ(0, close(dmabuf) | close(peer));
}

/* Pages of a run follow each other, but for the ends of what a carve-out is made of. */
static void expect_run(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, bo);
	const bool is_bar = !bo_vram_has_pages(_metadata, bo->fd);
	size_t i;

	EXPECT_EQ(1, bo_query(_metadata, bo).vram_runs);
	for (i = 1; i < bo_npages(bo); i++)
		if (is_bar || pages[i].pfn % PART)
			EXPECT_EQ(pages[i - 1].pfn + 1, pages[i].pfn);
	free(pages);
}

TEST_F(scatter, a_contiguous_buffer_is_one_run)
{
	struct mockgpu_bo run = {};

	ASSERT_EQ(0, make(self->driver.fd, 3 * MIB + PAGE, MOCKGPU_BO_CONTIGUOUS, 0, &run));
	EXPECT_TRUE(pattern_is_zero(run.map, run.size));
	pattern_fill(run.map, run.size, 3);
	expect_run(_metadata, &run);
	ASSERT_EQ(0, mockgpu_bo_move(&run, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(0, bo_query(_metadata, &run).vram_runs);
	ASSERT_EQ(0, mockgpu_bo_move(&run, MOCKGPU_PLACEMENT_VRAM, 0));
	expect_run(_metadata, &run);
	expect_contents(_metadata, &run, 3);
	expect_contents(_metadata, &self->bo, 1);
	EXPECT_EQ(0, mockgpu_bo_destroy(&run));
}

/* Buffers of 64 KiB, of which every other one was freed: no block of more is free. */
#define HOLE 16ul
#define HOLES (VRAM / PAGE / HOLE)

FIXTURE(fragmented) {
	struct driver driver;
	struct mockgpu_bo part[HOLES];
};

static void sign(const struct mockgpu_bo *bo, uint64_t value)
{
	*(volatile uint64_t *)bo->map = value;
}

FIXTURE_SETUP(fragmented)
{
	struct drm_mockgpu_page page;
	size_t i;

	ASSERT_EQ(0, module_want("vram_size=16777216 vram_manager=buddy"));
	driver_setup(_metadata, &self->driver);
	memset(self->part, 0, sizeof(self->part));
	for (i = 0; i < HOLES; i++) {
		ASSERT_EQ(0, make(self->driver.fd, HOLE * PAGE, 0, 0, &self->part[i]));
		ASSERT_EQ(0, mockgpu_bo_pin(&self->part[i], MOCKGPU_PIN));
		sign(&self->part[i], i);
	}
	for (i = 0; i < HOLES; i++) {
		ASSERT_EQ(1, mockgpu_bo_pages(&self->part[i], 0, 1, &page));
		if (page.pfn / HOLE % 2)
			ASSERT_EQ(0, mockgpu_bo_destroy(&self->part[i]));
	}
}

FIXTURE_TEARDOWN(fragmented)
{
	size_t i;

	for (i = 0; i < HOLES; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->part[i]));
	driver_teardown(_metadata, &self->driver);
}

static void expect_signatures(struct __test_metadata *_metadata, const struct mockgpu_bo *part)
{
	size_t i;

	for (i = 0; i < HOLES; i++)
		if (part[i].map)
			EXPECT_EQ(i, *(volatile uint64_t *)part[i].map);
}

/* By itself, without vram_block: the kernel's allocator finds it a place in the holes. */
TEST_F(fragmented, a_buffer_gets_what_is_left)
{
	struct drm_mockgpu_bo_query query;
	struct mockgpu_bo bo = {};

	ASSERT_EQ(0, make(self->driver.fd, 2 * MIB + 3 * PAGE, 0, 0, &bo));
	EXPECT_TRUE(pattern_is_zero(bo.map, bo.size));
	pattern_fill(bo.map, bo.size, 1);
	query = bo_query(_metadata, &bo);
	/* 3 pages are a block of 2 and one of 1, in one hole. */
	EXPECT_LE(2 * MIB / PAGE / HOLE + 1, query.vram_runs);
	EXPECT_LE(query.vram_runs, query.vram_blocks);
	expect_signatures(_metadata, self->part);
	expect_contents(_metadata, &bo, 1);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	expect_signatures(_metadata, self->part);
}

/* As in amdgpu one of whole 2 MiB does not get small blocks: others must go. */
TEST_F(fragmented, a_large_buffer_gets_large_blocks)
{
	struct mockgpu_bo bo = {};
	struct drm_mockgpu_page *pages;
	size_t i;

	EXPECT_EQ(-ENOMEM, make(self->driver.fd, 2 * MIB, 0, 0, &bo));
	for (i = 0; i < HOLES; i++)
		if (self->part[i].handle)
			ASSERT_EQ(0, mockgpu_bo_pin(&self->part[i], MOCKGPU_UNPIN));
	ASSERT_EQ(0, make(self->driver.fd, 2 * MIB, 0, 1, &bo));
	pages = bo_pages(_metadata, &bo);
	EXPECT_EQ(9, pages[0].order);
	EXPECT_EQ(0, pages[0].index);
	EXPECT_EQ(0, jumps(pages, PART));
	free(pages);
	expect_signatures(_metadata, self->part);
	expect_contents(_metadata, &bo, 1);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

TEST_F(fragmented, a_contiguous_buffer_needs_a_run)
{
	struct mockgpu_bo bo = {};
	size_t i;

	EXPECT_EQ(-ENOMEM, make(self->driver.fd, (HOLE + 1) * PAGE, MOCKGPU_BO_CONTIGUOUS, 0, &bo));
	ASSERT_EQ(0, make(self->driver.fd, HOLE * PAGE, MOCKGPU_BO_CONTIGUOUS, 1, &bo));
	expect_run(_metadata, &bo);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	/* Where others may go, eviction makes one. */
	for (i = 0; i < HOLES; i++)
		if (self->part[i].handle)
			ASSERT_EQ(0, mockgpu_bo_pin(&self->part[i], MOCKGPU_UNPIN));
	ASSERT_EQ(0, make(self->driver.fd, 3 * HOLE * PAGE, MOCKGPU_BO_CONTIGUOUS, 1, &bo));
	expect_run(_metadata, &bo);
	expect_contents(_metadata, &bo, 1);
	expect_signatures(_metadata, self->part);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

/* Blocks of 1 MiB, the first of each two free: aligned as an entry of 2 MiB, but half as long. */
TEST_F(fragmented, half_a_large_block_has_no_large_entry)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 2 * MIB + PAGE, .placement = MOCKGPU_PLACEMENT_VRAM,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	};
	struct drm_mockgpu_page page, *pages;
	struct mockgpu_entry entry;
	struct mockgpu_bo bo = {};
	size_t i;
	int ret;

	for (i = 0; i < HOLES; i++) {
		if (!self->part[i].handle)
			continue;
		ASSERT_EQ(1, mockgpu_bo_pages(&self->part[i], 0, 1, &page));
		if (page.pfn % PART < PART / 2)
			ASSERT_EQ(0, mockgpu_bo_destroy(&self->part[i]));
	}
	ret = mockgpu_bo_make(self->driver.fd, &want, &bo);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	pages = bo_pages(_metadata, &bo);
	EXPECT_EQ(8, pages[0].order);
	EXPECT_EQ(0, pages[0].pfn % PART);
	free(pages);
	pattern_fill(bo.map, bo.size, 1);
	ASSERT_EQ(0, mockgpu_entry_get(self->driver.fd, bo.map, &entry));
	EXPECT_FALSE(entry.large);
	expect_contents(_metadata, &bo, 1);
	expect_signatures(_metadata, self->part);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

/* A part of VRAM that the CPU can access, and buffers that are across its border. */
#define VISIBLE (4 * MIB)
#define HIDDEN "vram_size=16777216 vram_visible=4194304 vram_manager=buddy vram_block=4096"

FIXTURE(hidden) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_SETUP(hidden)
{
	ASSERT_EQ(0, module_want(HIDDEN));
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, make(self->driver.fd, MIB + 3 * PAGE, 0, 0, &self->bo));
}

FIXTURE_TEARDOWN(hidden)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(hidden, every_block_must_be_visible)
{
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	EXPECT_TRUE(pattern_is_zero(self->bo.map, self->bo.size));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, 0);
	EXPECT_LT(1, bo_query(_metadata, &self->bo).vram_runs);
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_MOVE_INVISIBLE));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	EXPECT_LT(1, bo_query(_metadata, &self->bo).vram_runs);
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	expect_contents(_metadata, &self->bo, 1);
}

/* To the last page. */
TEST_F(hidden, all_of_the_visible_part_can_be_used)
{
	struct mockgpu_bo all = {};

	ASSERT_EQ(0, make(self->driver.fd, VISIBLE, MOCKGPU_BO_CPU_ACCESS, 2, &all));
	bo_expect_at(_metadata, &all, MOCKGPU_PLACEMENT_VRAM, 0);
	/* There is no room for the other. */
	EXPECT_TRUE(pattern_is_zero(self->bo.map, self->bo.size));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_GTT, 0);
	expect_contents(_metadata, &all, 2);
	EXPECT_EQ(0, mockgpu_bo_destroy(&all));
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	return driver_run(argc, argv);
}
