// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory type of a buffer, read back from the kernel: from its record of the
 * type of each page of RAM (/proc/kpageflags), which decides for every mapping on
 * x86, and where there is one from its dump of the page tables: of this process's and
 * of its own mapping of all RAM.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "arch.h"
#include "array.h"
#include "bo.h"
#include "debugfs.h"
#include "driver.h"
#include "pattern.h"
#include "reload.h"

#define PAGES 70

#define PAGE_TABLE "/sys/kernel/debug/page_tables/current_kernel"
#define KERNEL_TABLE "/sys/kernel/debug/page_tables/kernel"
#define POOL_SHRINK "/sys/kernel/debug/ttm/page_pool_shrink"

/*
 * x86 keeps the type of a page of RAM in page flags (_PGMT_* in
 * arch/x86/mm/pat/memtype.c): PG_arch_1 for write-combined, PG_uncached or, since
 * 6.12, PG_arch_2 for uncached. Their numbers in /proc/kpageflags are in
 * include/linux/kernel-page-flags.h.
 */
#define KPF_ARCH (1ull << 38)
#define KPF_UNCACHED (1ull << 39)
#define KPF_ARCH_2 (1ull << 41)

FIXTURE(caching) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_VARIANT(caching) {
	uint32_t kind;
	uint32_t order;
};

FIXTURE_VARIANT_ADD(caching, ttm) {
	.kind = MOCKGPU_KIND_TTM,
};

FIXTURE_VARIANT_ADD(caching, noncompound) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
	.order = 4,
};

FIXTURE_VARIANT_ADD(caching, compound) {
	.kind = MOCKGPU_KIND_COMPOUND,
	.order = 5,
};

FIXTURE_VARIANT_ADD(caching, split) {
	.kind = MOCKGPU_KIND_SPLIT,
	.order = 2,
};

FIXTURE_VARIANT_ADD(caching, reserved) {
	.kind = MOCKGPU_KIND_RESERVED,
};

FIXTURE_SETUP(caching)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, variant->kind, variant->order,
				       MOCKGPU_CACHING_CACHED, PAGES * self->driver.page,
				       &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
}

FIXTURE_TEARDOWN(caching)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* The kernel's type of a page of RAM, or -1. */
static int caching_of(uint64_t pfn)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags = 0;
	ssize_t got;

	if (fd < 0)
		return -1;
	got = pread(fd, &flags, sizeof(flags), pfn * sizeof(flags));
	close(fd);
	if (got != sizeof(flags))
		return -1;
	switch (flags & (KPF_ARCH | KPF_UNCACHED | KPF_ARCH_2)) {
	case 0:
		return MOCKGPU_CACHING_CACHED;
	case KPF_ARCH:
		return MOCKGPU_CACHING_WC;
	case KPF_UNCACHED:
	case KPF_ARCH_2:
		return MOCKGPU_CACHING_UC;
	default:
		return -1;
	}
}

/* How many of the buffer's pages the kernel holds for of that type. */
static size_t count_now(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
			int caching)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, bo);
	size_t i, count = 0;

	for (i = 0; i < bo_npages(bo); i++)
		count += caching_of(pages[i].pfn) == caching;
	free(pages);
	return count;
}

static const char no_types[] = "this architecture keeps no type of a page";

static const uint32_t flips[] = {
	MOCKGPU_CACHING_WC, MOCKGPU_CACHING_UC, MOCKGPU_CACHING_CACHED, MOCKGPU_CACHING_UC,
	MOCKGPU_CACHING_WC, MOCKGPU_CACHING_CACHED,
};

TEST_F(caching, a_change_keeps_the_data_and_changes_the_pages)
{
	struct drm_mockgpu_page *before, *after;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		before = bo_pages(_metadata, &self->bo);
		ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, flips[i]));
		after = bo_pages(_metadata, &self->bo);
		EXPECT_EQ(0, bo_common(before, after, PAGES));
		EXPECT_EQ(flips[i], bo_query(_metadata, &self->bo).caching);
		EXPECT_EQ(i + 1, bo_query(_metadata, &self->bo).moves);
		EXPECT_EQ(PAGES, bo_missing(_metadata, &self->bo));
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, i + 1));
		pattern_fill(self->bo.map, self->bo.size, i + 2);
		EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, i + 2));
		/* Once more changes nothing. */
		ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, flips[i]));
		EXPECT_EQ(0, bo_missing(_metadata, &self->bo));
		free(before);
		free(after);
	}
	EXPECT_EQ(-EINVAL, mockgpu_bo_set_caching(&self->bo, MOCKGPU_CACHING_COUNT));
	EXPECT_EQ(-EINVAL, mockgpu_bo_set_caching(&self->bo, ~0u));
}

TEST_F(caching, pages_have_the_type_they_shall_have)
{
	size_t i;

	if (!ARCH_KEEPS_TYPES)
		SKIP(return, "%s", no_types);
	EXPECT_EQ(PAGES, count_now(_metadata, &self->bo, MOCKGPU_CACHING_CACHED));
	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, flips[i]));
		EXPECT_EQ(PAGES, count_now(_metadata, &self->bo, flips[i]));
		ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
		EXPECT_EQ(PAGES, count_now(_metadata, &self->bo, flips[i]));
	}
}

TEST_F(caching, vram_is_write_combined_and_the_type_comes_back)
{
	if (!ARCH_KEEPS_TYPES)
		SKIP(return, "%s", no_types);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(PAGES, count_now(_metadata, &self->bo, MOCKGPU_CACHING_WC));
	/* It takes the new type with it for later. */
	ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, MOCKGPU_CACHING_UC));
	EXPECT_EQ(MOCKGPU_PLACEMENT_VRAM, bo_query(_metadata, &self->bo).placement);
	EXPECT_EQ(PAGES, count_now(_metadata, &self->bo, MOCKGPU_CACHING_WC));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(PAGES, count_now(_metadata, &self->bo, MOCKGPU_CACHING_UC));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

/* Pages of TTM's pool go back to the kernel when memory is short: let it be. */
static int shrink_pool(void)
{
	char line[64];
	FILE *file;
	int i, ret = -1;

	for (i = 0; i < 400; i++) {
		file = fopen(POOL_SHRINK, "re");
		if (!file)
			return -errno;
		while (fgets(line, sizeof(line), file))
			ret = 0;
		fclose(file);
	}
	return ret;
}

/* One line of the kernel's dump of a page table (arch/x86/mm/dump_pagetables.c). */
struct entry {
	uintptr_t start;
	uintptr_t end;
	uint32_t type;
	bool user;
};

/*
 * start-end, size, flags, level; on x86 PWT alone is write-combined, PCD alone
 * uncached (pat_bp_init() in arch/x86/mm/pat/memtype.c). False for any other line
 * and for one that maps nothing.
 */
static bool entry_parse(const char *line, struct entry *entry)
{
	if (sscanf(line, "0x%lx-0x%lx", &entry->start, &entry->end) != 2)
		return false;
	entry->type = MOCKGPU_CACHING_CACHED;
	if (strstr(line, "PWT"))
		entry->type = MOCKGPU_CACHING_WC;
	if (strstr(line, "PCD"))
		entry->type = MOCKGPU_CACHING_UC;
	entry->user = strstr(line, "USR");
	return strstr(line, "RW") || strstr(line, "ro");
}

/*
 * How many pages from @at on this process's page table maps with that memory type.
 * The dump begins with user space; "kernel" in the name of the file tells it from
 * the table of page table isolation.
 */
static size_t count_mapped(const void *at, size_t size, uint32_t caching)
{
	uintptr_t first = (uintptr_t)at, last = first + size;
	FILE *file = fopen(PAGE_TABLE, "re");
	size_t count = 0;
	char line[256];
	struct entry entry;

	while (file && fgets(line, sizeof(line), file)) {
		if (!entry_parse(line, &entry) || !entry.user || entry.type != caching)
			continue;
		if (entry.start < first)
			entry.start = first;
		if (entry.end > last)
			entry.end = last;
		if (entry.start < entry.end)
			count += (entry.end - entry.start) / getpagesize();
	}
	if (file)
		fclose(file);
	return count;
}

static size_t count_inside(const struct entry *entry, uintptr_t base,
			   const struct drm_mockgpu_page *pages, size_t npages)
{
	size_t i, count = 0;

	for (i = 0; i < npages; i++) {
		uintptr_t at = base + pages[i].pfn * getpagesize();

		count += entry->start <= at && at < entry->end;
	}
	return count;
}

/*
 * How many of these pages the kernel's own mapping of all RAM maps with that memory
 * type. It begins below its title; no other mapping reaches into it.
 */
static size_t count_direct(const struct drm_mockgpu_page *pages, size_t npages,
			   uint32_t caching)
{
	FILE *file = fopen(KERNEL_TABLE, "re");
	uintptr_t base = 0;
	size_t count = 0;
	char line[256];
	bool here = false;
	struct entry entry;

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "---[", 4))
			here = strstr(line, "Low Kernel Mapping");
		if (!here || !entry_parse(line, &entry))
			continue;
		if (!base)
			base = entry.start;
		if (entry.type == caching)
			count += count_inside(&entry, base, pages, npages);
	}
	if (file)
		fclose(file);
	return count;
}

static const char no_tables[] = "this kernel shows no page tables (CONFIG_PTDUMP_DEBUGFS)";

TEST_F(caching, the_page_table_says_so)
{
	size_t i;

	if (!ARCH_KEEPS_TYPES)
		SKIP(return, "%s", no_types);
	if (access(PAGE_TABLE, R_OK))
		SKIP(return, "%s", no_tables);
	EXPECT_EQ(PAGES, count_mapped(self->bo.map, self->bo.size, MOCKGPU_CACHING_CACHED));
	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, flips[i]));
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
		EXPECT_EQ(PAGES, count_mapped(self->bo.map, self->bo.size, flips[i]));
	}
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(PAGES, count_mapped(self->bo.map, self->bo.size, MOCKGPU_CACHING_WC));
}

/*
 * The kernel must not read with another type than the guest writes with, and whoever
 * gets the pages next must find them cached. Only this mapping shows the latter: the
 * record of a page's type goes when it is freed.
 */
TEST_F(caching, the_kernels_own_page_table_follows)
{
	struct drm_mockgpu_page *before, *after;
	size_t i;

	if (!ARCH_KEEPS_TYPES)
		SKIP(return, "%s", no_types);
	if (access(KERNEL_TABLE, R_OK))
		SKIP(return, "%s", no_tables);
	before = bo_pages(_metadata, &self->bo);
	EXPECT_EQ(PAGES, count_direct(before, PAGES, MOCKGPU_CACHING_CACHED));
	for (i = 0; i < ARRAY_SIZE(flips); i++) {
		ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, flips[i]));
		after = bo_pages(_metadata, &self->bo);
		EXPECT_EQ(PAGES, count_direct(after, PAGES, flips[i]));
		if (variant->kind == MOCKGPU_KIND_TTM)
			ASSERT_EQ(0, shrink_pool());
		EXPECT_EQ(PAGES, count_direct(before, PAGES, MOCKGPU_CACHING_CACHED));
		free(before);
		before = after;
	}
	free(before);
}

static uint64_t flushes(struct __test_metadata *_metadata, const struct driver *driver)
{
	struct mockgpu_buffer buffer = {};

	EXPECT_LE(1, mockgpu_buffers_get(driver->fd, &buffer, 1));
	EXPECT_EQ(0, buffer.busy);
	return buffer.flushes;
}

static int move_new_pages(const struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

/*
 * Where the kernel's own mapping stays cached, lines of it have to go each time that
 * the pages go to user space, and each time that the kernel reads them again.
 */
TEST_F(caching, uncached_pages_are_flushed_where_the_kernel_caches_them)
{
	const uint64_t one = !ARCH_KEEPS_TYPES;
	static int (*const moves[])(const struct mockgpu_bo *bo) = {
		move_new_pages, mockgpu_bo_swapout,
	};
	uint64_t expected = 0;
	size_t i;

	/* Cached ones never. */
	ASSERT_EQ(0, move_new_pages(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, flushes(_metadata, &self->driver));
	ASSERT_EQ(0, mockgpu_bo_set_caching(&self->bo, MOCKGPU_CACHING_WC));
	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
		EXPECT_EQ(expected += one, flushes(_metadata, &self->driver));
		ASSERT_EQ(0, moves[i](&self->bo));
		EXPECT_EQ(expected += one, flushes(_metadata, &self->driver));
	}
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(expected += one, flushes(_metadata, &self->driver));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(expected += one, flushes(_metadata, &self->driver));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(expected += one, flushes(_metadata, &self->driver));
}

FIXTURE(vram) {
	int unused;
};

FIXTURE_SETUP(vram)
{
	if (!ARCH_KEEPS_TYPES)
		SKIP(return, "%s", no_types);
	if (access(KERNEL_TABLE, R_OK))
		SKIP(return, "%s", no_tables);
	if (!module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module to load");
	ASSERT_EQ(0, module_reload("vram_size=4194304"));
}

FIXTURE_TEARDOWN(vram)
{
}

TEST_F(vram, unloading_makes_it_cached_again)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 4194304,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	const size_t npages = want.size / getpagesize();
	struct drm_mockgpu_page *pages;
	struct mockgpu_bo bo;
	int fd = mockgpu_open(NULL, 0);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mockgpu_bo_make(fd, &want, &bo));
	pages = bo_pages(_metadata, &bo);
	EXPECT_EQ(npages, count_direct(pages, npages, MOCKGPU_CACHING_WC));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, close(fd));
	ASSERT_EQ(0, module_unload());
	EXPECT_EQ(npages, count_direct(pages, npages, MOCKGPU_CACHING_CACHED));
	free(pages);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
