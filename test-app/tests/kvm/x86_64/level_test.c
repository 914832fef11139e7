// SPDX-License-Identifier: GPL-2.0-only
/*
 * The level at which KVM maps a buffer, from its own statistics: the level of the host's entries
 * decides, within what the memslot's alignment allows, and not the order of the pages
 * (host_pfn_mapping_level() in arch/x86/kvm/mmu/mmu.c). Also the split of large entries that
 * are executed from (kvm.nx_huge_pages).
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "kvmstat.h"
#include "live.h"
#include "sysfs.h"
#include "undo.h"

#define LARGE_PAGES 512
#define NX_HUGE_PAGES "/sys/module/kvm/parameters/nx_huge_pages"

/* The host's setting, if it can be changed; else "". */
static char nx_huge_pages[16];

FIXTURE(level) {
	struct live live;
};

FIXTURE_VARIANT(level) {
	uint32_t mode;
	uint64_t large;
	uint32_t placement;
};

/* Three blocks of 2 MiB in each. */
FIXTURE_VARIANT_ADD(level, single) { MOCKGPU_FAULT_SINGLE, 0 };
FIXTURE_VARIANT_ADD(level, prefault) { MOCKGPU_FAULT_PREFAULT, 0 };
FIXTURE_VARIANT_ADD(level, huge) { MOCKGPU_FAULT_HUGE, 3 };
FIXTURE_VARIANT_ADD(level, vram_huge) { MOCKGPU_FAULT_HUGE, 3, MOCKGPU_PLACEMENT_VRAM };

FIXTURE_SETUP(level)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 3 * LARGE_PAGES * 4096ull, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		.fault_mode = variant->mode, .placement = variant->placement,
	};

	live_setup(_metadata, &self->live, &want, 1);
}

FIXTURE_TEARDOWN(level)
{
	/* All other tests run with the host's own mitigation setting. */
	if (nx_huge_pages[0])
		EXPECT_EQ(0, sysfs_write(NX_HUGE_PAGES, nx_huge_pages));
	live_teardown(_metadata, &self->live);
}

static uint64_t stat_of(struct __test_metadata *_metadata, struct live *live, const char *name)
{
	uint64_t value = 0;

	EXPECT_EQ(0, kvmstat_vm(live->vm, name, &value));
	return value;
}

/* Every 16th page of the slot, which starts at page @first of the buffer. */
static void touch_slot(struct __test_metadata *_metadata, struct live *live, enum guest_op op,
		       uint64_t gpa, uint32_t first, uint32_t pages)
{
	static uint32_t sequence[3 * LARGE_PAGES / 16];
	static uint8_t result[3 * LARGE_PAGES];
	struct touch touch = {
		.op = op, .gpa = gpa - first * (uint64_t)GUEST_PAGE_SIZE, .seed = LIVE_SEED,
		.sequence = sequence, .result = result,
	};
	uint32_t page;

	for (page = first; page < first + pages; page += 16)
		sequence[touch.accesses++] = page;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch));
	EXPECT_EQ(0, touch.wrong_words);
	for (page = 0; page < touch.accesses; page++)
		EXPECT_EQ(GUEST_MAPPED, result[sequence[page]]);
}

/* A memslot over part of the buffer. Return: how many large entries it gets. */
static uint64_t large_of_slot(struct __test_metadata *_metadata, struct live *live,
			      uint64_t gpa, uint32_t first, uint32_t pages)
{
	uint64_t before = stat_of(_metadata, live, "pages_2m"), large;

	EXPECT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, gpa, live_word(live->bo.map, first, 0),
				  pages * (uint64_t)GUEST_PAGE_SIZE, 0));
	touch_slot(_metadata, live, GUEST_READ, gpa, first, pages);
	large = stat_of(_metadata, live, "pages_2m") - before;
	EXPECT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	EXPECT_EQ(before, stat_of(_metadata, live, "pages_2m"));
	return large;
}

TEST_F(level, alignment_and_size_of_the_slot)
{
	const uint64_t large = variant->large, gpa = LIVE_GPA;
	struct live *live = &self->live;

	ASSERT_EQ(0, vmm_create(&live->vm, 1));
	EXPECT_EQ(large, large_of_slot(_metadata, live, gpa, 0, 3 * LARGE_PAGES));
	/* The address differs modulo 2 MiB: no large entry is possible. */
	EXPECT_EQ(0, large_of_slot(_metadata, live, gpa + 4096, 0, 3 * LARGE_PAGES));
	EXPECT_EQ(0, large_of_slot(_metadata, live, gpa, 1, 3 * LARGE_PAGES - 1));
	/* The incomplete blocks at either end get small entries. */
	EXPECT_EQ(large ? 1 : 0, large_of_slot(_metadata, live, gpa + 4096, 1,
					       2 * LARGE_PAGES));
	EXPECT_EQ(large ? 2 : 0, large_of_slot(_metadata, live, gpa, 0, 3 * LARGE_PAGES - 16));
}

TEST_F(level, zap_takes_them_and_a_touch_brings_them_back)
{
	struct live *live = &self->live;

	live_vm(_metadata, live);
	touch_slot(_metadata, live, GUEST_READ, LIVE_GPA, 0, live->pages);
	EXPECT_EQ(variant->large, stat_of(_metadata, live, "pages_2m"));
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	EXPECT_EQ(0, stat_of(_metadata, live, "pages_2m"));
	touch_slot(_metadata, live, GUEST_READ, LIVE_GPA, 0, live->pages);
	EXPECT_EQ(variant->large, stat_of(_metadata, live, "pages_2m"));
}

/* One page of a host mapping that is otherwise large. */
TEST_F(level, a_small_host_entry_in_a_large_one)
{
	struct live *live = &self->live;
	char *page = (char *)live->bo.map + 20 * GUEST_PAGE_SIZE;

	live_vm(_metadata, live);
	touch_slot(_metadata, live, GUEST_READ, LIVE_GPA, 0, live->pages);
	/* That splits the host's entry of the first 2 MiB, and only that one. */
	ASSERT_EQ(0, mprotect(page, GUEST_PAGE_SIZE, PROT_READ));
	touch_slot(_metadata, live, GUEST_READ, LIVE_GPA, 0, live->pages);
	EXPECT_EQ(variant->large ? variant->large - 1 : 0, stat_of(_metadata, live, "pages_2m"));
}

/* With the mitigation, large entries are not executable and are split for execution. */
TEST_F(level, execution_splits)
{
	struct live *live = &self->live;
	uint32_t page, i;

	if (sysfs_write(NX_HUGE_PAGES, "force"))
		SKIP(return, "no " NX_HUGE_PAGES " to set");
	for (page = 0; page < live->pages; page += 16)
		for (i = 0; i < GUEST_WORDS; i++)
			*live_word(live->bo.map, page, guest_words[i]) =
				guest_code(guest_value(LIVE_SEED, page, guest_words[i]));
	live_vm(_metadata, live);
	touch_slot(_metadata, live, GUEST_EXECUTE, LIVE_GPA, 0, LARGE_PAGES);
	EXPECT_EQ(variant->large ? 1 : 0, stat_of(_metadata, live, "nx_lpage_splits"));
	EXPECT_EQ(0, stat_of(_metadata, live, "pages_2m"));
	touch_slot(_metadata, live, GUEST_EXECUTE, LIVE_GPA, 0, live->pages);
	EXPECT_EQ(variant->large, stat_of(_metadata, live, "nx_lpage_splits"));
	/* Without it they are large and executable. */
	ASSERT_EQ(0, sysfs_write(NX_HUGE_PAGES, "off"));
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	touch_slot(_metadata, live, GUEST_EXECUTE, LIVE_GPA, 0, live->pages);
	EXPECT_EQ(variant->large, stat_of(_metadata, live, "pages_2m"));
}

static void put_nx_huge_pages_back(const void *value)
{
	sysfs_write(NX_HUGE_PAGES, value);
}

/* The mitigation must not stay off when a test crashes or is killed. */
static void keep_nx_huge_pages(void)
{
	if (sysfs_read(NX_HUGE_PAGES, nx_huge_pages, sizeof(nx_huge_pages)) ||
	    sysfs_write(NX_HUGE_PAGES, nx_huge_pages)) {
		nx_huge_pages[0] = '\0';
		return;
	}
	if (undo_at_end(put_nx_huge_pages_back, nx_huge_pages))
		ksft_exit_fail_msg("cannot see to it that " NX_HUGE_PAGES " is put back\n");
}

int main(int argc, char **argv)
{
	keep_nx_huge_pages();
	return live_run(argc, argv);
}
