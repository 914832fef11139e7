// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault modes: how many faults it takes, what each one maps, and that data is correct
 * whatever the mode. The driver's fault count shows what an entry maps: an access to
 * something that is already mapped takes no fault.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "clock.h"
#include "driver.h"
#include "pattern.h"

#define HUGE_PAGES 512
#define HUGE_SIZE (HUGE_PAGES * 4096ul)

FIXTURE(fault) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_SETUP(fault)
{
	driver_setup(_metadata, &self->driver);
	memset(&self->bo, 0, sizeof(self->bo));
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static int make(const struct driver *driver, uint32_t mode, uint32_t arg, uint64_t npages,
		struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = npages * driver->page,
		.kind = MOCKGPU_KIND_NONCOMPOUND,
		.order = 9,
		.fault_mode = mode,
		.fault_arg = arg,
	};

	return mockgpu_bo_make(driver->fd, &want, bo);
}

/* The test's buffer, mapped. */
static void begin(struct __test_metadata *_metadata, const struct driver *driver,
		  uint32_t mode, uint32_t arg, uint64_t npages, struct mockgpu_bo *bo)
{
	ASSERT_EQ(0, make(driver, mode, arg, npages, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
}

/* The kernel's version does not tell: backports do not change it. */
static int has_huge(const struct driver *driver)
{
	return mockgpu_supports(driver->fd, MOCKGPU_PARAM_FAULT_MODES, MOCKGPU_FAULT_HUGE);
}

static const char no_huge[] = "this kernel has no huge PFN mappings";

static uint64_t faults(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	return bo_query(_metadata, bo).faults;
}

static uint32_t upgrades(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	return bo_query(_metadata, bo).upgrades;
}

TEST_F(fault, prefault_maps_sixteen_pages_from_the_touched_one_on)
{
	begin(_metadata, &self->driver, MOCKGPU_FAULT_PREFAULT, 0, 64, &self->bo);
	peek(self->bo.map);
	EXPECT_EQ(1, faults(_metadata, &self->bo));
	/* TTM_BO_VM_NUM_PREFAULT entries, including the first. */
	EXPECT_EQ(3, bo_missing(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	/* Nothing before it, nothing past the end. */
	poke((char *)self->bo.map + 60 * self->driver.page, 1);
	poke((char *)self->bo.map + 10 * self->driver.page, 1);
	EXPECT_EQ(2 + 3, bo_missing(_metadata, &self->bo) + 1);
}

TEST_F(fault, a_mode_can_be_changed_while_mapped)
{
	begin(_metadata, &self->driver, MOCKGPU_FAULT_SINGLE, 0, 64, &self->bo);
	EXPECT_EQ(64, bo_missing(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_PREFAULT, 0));
	/* Entries that exist are kept. */
	EXPECT_EQ(0, bo_missing(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(4, bo_missing(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SINGLE, 0));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(64, bo_missing(_metadata, &self->bo));
}

TEST_F(fault, huge_takes_one_fault_for_2_mib)
{
	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE, 0, 4 * HUGE_PAGES, &self->bo);
	EXPECT_EQ(0, (uintptr_t)self->bo.map % HUGE_SIZE);
	EXPECT_EQ(4, bo_missing(_metadata, &self->bo));
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(4, faults(_metadata, &self->bo));
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));

	/* Write first. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(8, faults(_metadata, &self->bo));
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 2));
	EXPECT_EQ(0, upgrades(_metadata, &self->bo));
}

TEST_F(fault, huge_entries_follow_moves)
{
	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE, 0, 2 * HUGE_PAGES, &self->bo);
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	if (!driver_has_large_vram(_metadata, self->driver.fd)) {
		EXPECT_EQ(2 * HUGE_PAGES, bo_missing(_metadata, &self->bo));
		SKIP(return, "known off x86: a BAR has no large entries");
	}
	EXPECT_EQ(2, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 2));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(2, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(2, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(2, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
}

TEST_F(fault, huge_is_left_where_it_does_not_fit)
{
	const size_t page = self->driver.page;
	uint64_t offset, before;
	char *area;
	size_t i;

	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	/* The last 2 MiB are incomplete. */
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE, 0, 2 * HUGE_PAGES + 64, &self->bo);
	EXPECT_EQ(2 + 64, bo_missing(_metadata, &self->bo));

	/* An address that is not congruent modulo 2 MiB. */
	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
	area = mmap(NULL, 2 * self->bo.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	area += HUGE_SIZE - (uintptr_t)area % HUGE_SIZE;
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, area + page));
	EXPECT_EQ(2 * HUGE_PAGES + 64, bo_missing(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));

	/* A mapping of less: the last entries would extend past its end. */
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
	area = mmap(NULL, HUGE_SIZE + 9 * page, PROT_READ, MAP_SHARED, self->bo.fd, offset);
	ASSERT_NE(MAP_FAILED, area);
	EXPECT_EQ(0, (uintptr_t)area % HUGE_SIZE);
	before = faults(_metadata, &self->bo);
	for (i = 0; i < HUGE_PAGES + 9; i++)
		peek(area + i * page);
	EXPECT_EQ(before + 1 + 9, faults(_metadata, &self->bo));
	EXPECT_EQ(0, munmap(area, HUGE_SIZE + 9 * page));
}

/* As many entries as the layout of the pages allows. */
TEST_F(fault, huge_depends_on_the_blocks)
{
	static const struct {
		uint32_t kind, order;
	} kinds[] = {
		{ MOCKGPU_KIND_NONCOMPOUND, 8 }, { MOCKGPU_KIND_NONCOMPOUND, 10 },
		{ MOCKGPU_KIND_COMPOUND, 9 }, { MOCKGPU_KIND_SPLIT, 9 },
		{ MOCKGPU_KIND_RESERVED, 10 }, { MOCKGPU_KIND_TTM, 0 },
	};
	size_t i, j;

	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct drm_mockgpu_bo_create want = {
			.size = 4 * HUGE_SIZE,
			.kind = kinds[i].kind,
			.order = kinds[i].order,
			.fault_mode = MOCKGPU_FAULT_HUGE,
		};
		struct drm_mockgpu_page *pages;
		struct mockgpu_bo bo;
		size_t expected = 0;

		ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		pages = bo_pages(_metadata, &bo);
		for (j = 0; j < 4 * HUGE_PAGES; j += HUGE_PAGES) {
			if (pages[j].order >= 9 && pages[j].pfn % HUGE_PAGES == 0)
				expected += 1;
			else
				expected += HUGE_PAGES;
		}
		free(pages);
		EXPECT_EQ(expected, bo_missing(_metadata, &bo))
			TH_LOG("kind %u order %u", kinds[i].kind, kinds[i].order);
		pattern_fill(bo.map, bo.size, i);
		EXPECT_EQ(0, bo_elsewhere(_metadata, &bo, i));
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	}
}

TEST_F(fault, a_range_with_a_4_kib_entry_keeps_them)
{
	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE, 0, 2 * HUGE_PAGES, &self->bo);
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SINGLE, 0));
	peek(self->bo.map);
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_HUGE, 0));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(HUGE_PAGES + 1, bo_missing(_metadata, &self->bo));
}

TEST_F(fault, huge_is_not_for_a_process_without_huge_pages)
{
	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE, 0, HUGE_PAGES, &self->bo);
	ASSERT_EQ(0, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0));
	EXPECT_EQ(HUGE_PAGES, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0));
}

TEST_F(fault, huge_entries_survive_what_mm_does_to_them)
{
	const size_t page = self->driver.page;
	char *map, *moved;
	int status;
	pid_t child;

	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE, 0, 3 * HUGE_PAGES, &self->bo);
	map = self->bo.map;
	pattern_fill(map, self->bo.size, 1);

	ASSERT_EQ(0, mprotect(map, self->bo.size, PROT_READ));
	EXPECT_EQ(SIGSEGV, pattern_touch(map, 1));
	ASSERT_EQ(0, mprotect(map, self->bo.size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, pattern_touch(map, 1));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 1));

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (pattern_differences(map, self->bo.size, 1))
			_exit(1);
		pattern_fill(map, self->bo.size, 2);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 2));

	/* To an address that is not congruent modulo 2 MiB, and back. */
	moved = mmap(NULL, self->bo.size + 2 * HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, moved);
	moved += HUGE_SIZE - (uintptr_t)moved % HUGE_SIZE + page;
	ASSERT_EQ(moved, mremap(map, self->bo.size, self->bo.size,
				MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	EXPECT_EQ(0, pattern_differences(moved, self->bo.size, 2));
	ASSERT_EQ(map, mremap(moved, self->bo.size, self->bo.size,
			      MREMAP_MAYMOVE | MREMAP_FIXED, map));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 2));

	/* A hole in the middle of an entry. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 2));
	ASSERT_EQ(0, munmap(map + HUGE_SIZE + 7 * page, page));
	EXPECT_EQ(SIGSEGV, pattern_touch(map + HUGE_SIZE + 7 * page, 0));
	EXPECT_EQ(0, pattern_differences(map, HUGE_SIZE + 7 * page, 2));
	EXPECT_EQ(0, pattern_touch(map + HUGE_SIZE + 8 * page, 1));
}

TEST_F(fault, read_only_entries_are_upgraded_by_a_write)
{
	size_t i;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_READ_ONLY, 0, 64, &self->bo);
	/* Read first. */
	EXPECT_EQ(64, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, upgrades(_metadata, &self->bo));
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(64, upgrades(_metadata, &self->bo));
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(64, upgrades(_metadata, &self->bo));
	EXPECT_EQ(64, faults(_metadata, &self->bo));
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 2));

	/* Write first does both. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	for (i = 0; i < 64; i++)
		poke((char *)self->bo.map + i * self->driver.page, 3);
	EXPECT_EQ(128, upgrades(_metadata, &self->bo));
	EXPECT_EQ(128, faults(_metadata, &self->bo));
}

TEST_F(fault, read_only_first_is_a_property_of_the_mapping)
{
	uint64_t offset;
	char *second;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_SINGLE, 0, 8, &self->bo);
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_READ_ONLY, 0));
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
	second = mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, self->bo.fd, offset);
	ASSERT_NE(MAP_FAILED, second);
	poke(self->bo.map, 1);
	EXPECT_EQ(0, upgrades(_metadata, &self->bo));
	poke(second, 1);
	EXPECT_EQ(1, upgrades(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SINGLE, 0));
	poke(second + self->driver.page, 1);
	EXPECT_EQ(2, upgrades(_metadata, &self->bo));
	/* And an entry that may never be written is not upgraded. */
	ASSERT_EQ(0, mprotect(second, self->bo.size, PROT_READ));
	EXPECT_EQ(SIGSEGV, pattern_touch(second + 2 * self->driver.page, 1));
	EXPECT_EQ(2, upgrades(_metadata, &self->bo));
	EXPECT_EQ(0, munmap(second, self->bo.size));
}

TEST_F(fault, huge_read_only_entries_are_upgraded_by_a_write)
{
	size_t i;

	if (!has_huge(&self->driver))
		SKIP(return, "%s", no_huge);
	begin(_metadata, &self->driver, MOCKGPU_FAULT_HUGE_READ_ONLY, 0, 4 * HUGE_PAGES, &self->bo);
	EXPECT_EQ(4, bo_missing(_metadata, &self->bo));
	EXPECT_EQ(0, upgrades(_metadata, &self->bo));
	for (i = 0; i < 4; i++)
		poke((char *)self->bo.map + i * HUGE_SIZE + 5 * self->driver.page, 1);
	EXPECT_EQ(4, upgrades(_metadata, &self->bo));
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(4, upgrades(_metadata, &self->bo));
	EXPECT_EQ(4, faults(_metadata, &self->bo));
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));

	/* As with drm_gem_shmem, the entry for a write access is writable. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(4, upgrades(_metadata, &self->bo));
	EXPECT_EQ(8, faults(_metadata, &self->bo));
}

TEST_F(fault, slow_takes_its_time)
{
	double start;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_SLOW, 40000, 8, &self->bo);
	start = clock_now();
	EXPECT_EQ(8, bo_missing(_metadata, &self->bo));
	EXPECT_LE(8 * 0.04, clock_now() - start);
	/* Only faults are slow. */
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SLOW,
					  MOCKGPU_FAULT_DELAY_MAX));
	start = clock_now();
	EXPECT_EQ(0, bo_missing(_metadata, &self->bo));
	EXPECT_GT(5, clock_now() - start);
}

/* A child that accesses the buffer and never gets an answer. */
static pid_t stuck_child(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		peek(bo->map);
		_exit(0);
	}
	clock_pause(200);
	return child;
}

static void expect_killed(struct __test_metadata *_metadata, pid_t child)
{
	double start = clock_now();
	int status;

	ASSERT_EQ(0, waitpid(child, &status, WNOHANG));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_GT(5, clock_now() - start);
}

TEST_F(fault, slow_holds_up_nobody_else_and_can_be_killed)
{
	double start;
	pid_t child;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_SLOW, MOCKGPU_FAULT_DELAY_MAX, 8, &self->bo);
	child = stuck_child(_metadata, &self->bo);
	start = clock_now();
	EXPECT_EQ(0, faults(_metadata, &self->bo));
	EXPECT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_GT(5, clock_now() - start);
	expect_killed(_metadata, child);
	EXPECT_EQ(0, faults(_metadata, &self->bo));
}

TEST_F(fault, every_nth_fault_is_a_sigbus)
{
	size_t i;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_SIGBUS, 3, 9, &self->bo);
	for (i = 0; i < 9; i++)
		EXPECT_EQ(i % 3 == 2 ? SIGBUS : 0,
			  pattern_touch((char *)self->bo.map + i * self->driver.page, i & 1));
	EXPECT_EQ(6, faults(_metadata, &self->bo));
	/* Counting starts again. */
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SIGBUS, 1));
	EXPECT_EQ(SIGBUS, pattern_touch((char *)self->bo.map + 2 * self->driver.page, 0));
	EXPECT_EQ(SIGBUS, pattern_touch((char *)self->bo.map + 2 * self->driver.page, 0));
	EXPECT_EQ(0, pattern_touch(self->bo.map, 1));
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SINGLE, 0));
	EXPECT_EQ(3, bo_missing(_metadata, &self->bo));
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

TEST_F(fault, every_nth_fault_is_answered_without_an_entry)
{
	char *map;
	long before;
	size_t i;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_NOPAGE, 2, 256, &self->bo);
	map = self->bo.map;
	/* A minor fault for each answer; every second one installed no entry. */
	before = minor_faults();
	for (i = 0; i < 256; i++)
		poke(map + i * self->driver.page, 1);
	before = minor_faults() - before;
	EXPECT_LE(2 * 256 - 1, before);
	EXPECT_GT(2 * 256 + 16, before);
	EXPECT_EQ(256, faults(_metadata, &self->bo));
}

TEST_F(fault, who_never_gets_an_entry_can_be_killed)
{
	begin(_metadata, &self->driver, MOCKGPU_FAULT_NOPAGE, 1, 1, &self->bo);
	expect_killed(_metadata, stuck_child(_metadata, &self->bo));
	EXPECT_EQ(0, faults(_metadata, &self->bo));
}

static const struct {
	uint32_t mode, arg;
} good_modes[] = {
	{ MOCKGPU_FAULT_SINGLE, 0 }, { MOCKGPU_FAULT_PREFAULT, 0 }, { MOCKGPU_FAULT_HUGE, 0 },
	{ MOCKGPU_FAULT_READ_ONLY, 0 }, { MOCKGPU_FAULT_HUGE_READ_ONLY, 0 },
	{ MOCKGPU_FAULT_SLOW, 1 }, { MOCKGPU_FAULT_NOPAGE, 7 },
};

TEST_F(fault, data_is_right_in_every_mode_placement_and_caching)
{
	const int huge = has_huge(&self->driver);
	struct drm_mockgpu_bo_create want = { .size = 520 * self->driver.page };
	struct mockgpu_bo bo;
	uint32_t i, seed = 0;

	for (i = 0; i < ARRAY_SIZE(good_modes) * 2 * MOCKGPU_CACHING_COUNT; i++) {
		want.fault_mode = good_modes[i % ARRAY_SIZE(good_modes)].mode;
		want.fault_arg = good_modes[i % ARRAY_SIZE(good_modes)].arg;
		want.placement = i / ARRAY_SIZE(good_modes) % 2;
		want.caching = i / ARRAY_SIZE(good_modes) / 2;
		if (!huge && (want.fault_mode == MOCKGPU_FAULT_HUGE ||
			      want.fault_mode == MOCKGPU_FAULT_HUGE_READ_ONLY))
			continue;
		ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		pattern_fill(bo.map, bo.size, ++seed);
		EXPECT_EQ(0, bo_elsewhere(_metadata, &bo, seed)) {
			TH_LOG("mode %u placement %u caching %u", want.fault_mode,
			       want.placement, want.caching);
		}
		EXPECT_EQ(0, mockgpu_bo_zap(&bo));
		EXPECT_EQ(0, pattern_differences(bo.map, bo.size, seed)) {
			TH_LOG("mode %u placement %u caching %u", want.fault_mode,
			       want.placement, want.caching);
		}
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	}
}

TEST_F(fault, a_foreign_page_is_inserted_in_every_mode)
{
	const int huge = has_huge(&self->driver);
	struct mockgpu_bo other, bo;
	size_t i;

	ASSERT_EQ(0, make(&self->driver, MOCKGPU_FAULT_SINGLE, 0, 1, &other));
	ASSERT_EQ(0, mockgpu_bo_map(&other, NULL));
	poke(other.map, 0x5a);
	for (i = 0; i < ARRAY_SIZE(good_modes); i++) {
		if (make(&self->driver, good_modes[i].mode, good_modes[i].arg, HUGE_PAGES, &bo)) {
			EXPECT_FALSE(huge);
			continue;
		}
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		ASSERT_EQ(0, mockgpu_bo_inject_foreign(&bo, 3, &other, 0));
		EXPECT_EQ(0, peek(bo.map));
		EXPECT_EQ(0x5a, peek((char *)bo.map + 3 * self->driver.page))
			TH_LOG("mode %u", good_modes[i].mode);
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	}
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

TEST_F(fault, a_bad_mode_or_argument_is_refused)
{
	static const struct {
		uint32_t mode, arg;
	} bad[] = {
		{ MOCKGPU_FAULT_SINGLE, 1 }, { MOCKGPU_FAULT_PREFAULT, 1 },
		{ MOCKGPU_FAULT_HUGE, 1 }, { MOCKGPU_FAULT_READ_ONLY, 1 },
		{ MOCKGPU_FAULT_HUGE_READ_ONLY, ~0u }, { MOCKGPU_FAULT_SLOW, 0 },
		{ MOCKGPU_FAULT_SLOW, MOCKGPU_FAULT_DELAY_MAX + 1 }, { MOCKGPU_FAULT_SLOW, ~0u },
		{ MOCKGPU_FAULT_SIGBUS, 0 }, { MOCKGPU_FAULT_NOPAGE, 0 },
		{ MOCKGPU_FAULT_SIGBUS, MOCKGPU_FAULT_DELAY_MAX + 1 },
		{ MOCKGPU_FAULT_NOPAGE, ~0u },
		{ MOCKGPU_FAULT_COUNT, 0 }, { ~0u, 0 },
	};
	struct mockgpu_bo bo;
	size_t i;

	begin(_metadata, &self->driver, MOCKGPU_FAULT_PREFAULT, 0, 16, &self->bo);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, make(&self->driver, bad[i].mode, bad[i].arg, 1, &bo))
			TH_LOG("mode %u argument %u", bad[i].mode, bad[i].arg);
		EXPECT_EQ(-EINVAL, mockgpu_bo_set_fault(&self->bo, bad[i].mode, bad[i].arg))
			TH_LOG("mode %u argument %u", bad[i].mode, bad[i].arg);
	}
	if (!has_huge(&self->driver)) {
		EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_HUGE, 0));
		EXPECT_EQ(-EOPNOTSUPP, make(&self->driver, MOCKGPU_FAULT_HUGE_READ_ONLY, 0, 1,
					    &bo));
	}
	/* The mode it had is still set. */
	EXPECT_EQ(1, bo_missing(_metadata, &self->bo));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
