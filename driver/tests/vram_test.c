// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of placements, VRAM and huge entries: arithmetic only. The pages are just page
 * frame numbers, which nothing dereferences.
 */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../mockgpu_bo.h"
#include "../mockgpu_visible.h"
#include "../mockgpu_vm.h"
#include "../mockgpu_vram.h"
#include "fake.h"

#define BLOCK	BIT(MOCKGPU_VRAM_ORDER)
/* Aligned to a block. */
#define PFN	0x40000ul

static void fill_pages(struct page **pages, unsigned long npages, unsigned long pfn)
{
	unsigned long i;

	for (i = 0; i < npages; i++)
		pages[i] = pfn_to_page(pfn + i);
}

/* A buffer of @npages in a VRAM of @all pages, starting at page @start. */
static struct mockgpu_fake *in_vram(struct kunit *test, unsigned long npages,
				    unsigned long all, unsigned long start)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, npages);
	struct mockgpu_vram *vram = &fake->mdev.vram;

	vram->npages = all;
	vram->visible = all;
	vram->pages = kunit_kcalloc(test, all, sizeof(*vram->pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vram->pages);
	fill_pages(vram->pages, all, PFN);
	fake->res.mem_type = TTM_PL_VRAM;
	fake->res.start = start;
	return fake;
}

static void a_place_has_its_name(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);
	struct mockgpu_bo *bo = &fake->bo;

	KUNIT_EXPECT_EQ(test, mockgpu_bo_placement(bo), MOCKGPU_PLACEMENT_GTT);
	fake->res.mem_type = TTM_PL_VRAM;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_placement(bo), MOCKGPU_PLACEMENT_VRAM);
	fake->res.mem_type = TTM_PL_SYSTEM;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_placement(bo), MOCKGPU_PLACEMENT_SYSTEM);
	bo->tbo.resource = NULL;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_placement(bo), MOCKGPU_PLACEMENT_SYSTEM);
}

static void pages_are_those_of_the_place(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 3, BLOCK, 100);
	struct mockgpu_bo *bo = &fake->bo;
	struct mockgpu_backing backing;

	KUNIT_EXPECT_TRUE(test, mockgpu_bo_backing(bo, &backing));
	KUNIT_EXPECT_PTR_EQ(test, mockgpu_backing_page(&backing, 2), pfn_to_page(PFN + 102));
	KUNIT_EXPECT_EQ(test, mockgpu_vram_io_mem_pfn(&bo->tbo, 2), PFN + 102);
	fake->res.mem_type = TTM_PL_TT;
	KUNIT_EXPECT_TRUE(test, mockgpu_bo_backing(bo, &backing));
	KUNIT_EXPECT_PTR_EQ(test, backing.pages, fake->tt.ttm.pages);
	KUNIT_EXPECT_NULL(test, backing.vram);
	fake->tt.ttm.page_flags = 0;
	KUNIT_EXPECT_FALSE(test, mockgpu_bo_backing(bo, &backing));
	bo->tbo.ttm = NULL;
	KUNIT_EXPECT_FALSE(test, mockgpu_bo_backing(bo, &backing));
}

static void blocks_of_vram_are_2_mib(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 3 * BLOCK, 4 * BLOCK, BLOCK - 1);
	struct mockgpu_backing backing;
	u32 order, index;

	KUNIT_ASSERT_TRUE(test, mockgpu_bo_backing(&fake->bo, &backing));
	mockgpu_backing_block(&backing, 0, &order, &index);
	KUNIT_EXPECT_EQ(test, (size_t)PAGE_SIZE << order, SZ_2M);
	KUNIT_EXPECT_EQ(test, index, BLOCK - 1);
	mockgpu_backing_block(&backing, 1, &order, &index);
	KUNIT_EXPECT_EQ(test, index, 0);
	mockgpu_backing_block(&backing, BLOCK, &order, &index);
	KUNIT_EXPECT_EQ(test, index, BLOCK - 1);
}

/* Two neighbours, one before both, and one behind all. */
static struct mockgpu_extent scattered(struct kunit *test)
{
	struct mockgpu_blocks *blocks = mockgpu_blocks_create(4);

	KUNIT_ASSERT_NOT_NULL(test, blocks);
	mockgpu_blocks_add(blocks, 0, 16, 4);
	mockgpu_blocks_add(blocks, 1, 20, 2);
	mockgpu_blocks_add(blocks, 2, 8, 1);
	mockgpu_blocks_add(blocks, 3, 64, 8);
	return (struct mockgpu_extent) { .start = 16, .blocks = blocks };
}

static void a_scattered_buffer_is_where_its_blocks_are(struct kunit *test)
{
	static const unsigned long pages[] = {
		16, 17, 18, 19, 20, 21, 8, 64, 65, 66, 67, 68, 69, 70, 71,
	};
	struct mockgpu_extent extent = scattered(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_EQ(test, mockgpu_extent_page(&extent, i), pages[i]);
	KUNIT_EXPECT_EQ(test, extent.blocks->runs, 3);
	KUNIT_EXPECT_TRUE(test, mockgpu_extent_is_scattered(&extent));
	KUNIT_EXPECT_EQ(test, mockgpu_extent_end(&extent, ARRAY_SIZE(pages)), 72);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_block(&extent, 5), 2);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_block(&extent, 6), 1);
	KUNIT_EXPECT_EQ(test, mockgpu_vram_order(&extent, 14), 3);
	mockgpu_blocks_put(extent.blocks);
}

/* Neighbours in both orders make one run, and nobody looks behind the last block. */
static void a_run_may_be_several_blocks(struct kunit *test)
{
	struct mockgpu_extent extent = scattered(test);

	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 0, 15), 6);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 3, 12), 3);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 3, 2), 2);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 6, 9), 1);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 7, 8), 8);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 14, 1), 1);
	mockgpu_blocks_put(extent.blocks);
	extent.blocks = NULL;
	KUNIT_EXPECT_EQ(test, mockgpu_extent_run(&extent, 3, 1000), 1000);
	KUNIT_EXPECT_EQ(test, mockgpu_extent_page(&extent, 3), 19);
	KUNIT_EXPECT_FALSE(test, mockgpu_extent_is_scattered(&extent));
}

static int check_size(struct mockgpu_device *mdev, u64 size)
{
	const struct mockgpu_bo_desc desc = { .size = size };

	return mockgpu_vram_check(mdev, &desc);
}

static bool is_visible(struct mockgpu_fake *fake)
{
	struct drm_gem_object *gem = &fake->bo.tbo.base;
	bool visible;

	gem->resv = &gem->_resv;
	dma_resv_init(gem->resv);
	dma_resv_lock(gem->resv, NULL);
	visible = mockgpu_bo_is_visible(&fake->bo);
	dma_resv_unlock(gem->resv);
	dma_resv_fini(gem->resv);
	return visible;
}

static void what_is_larger_than_vram_is_refused(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 1, BLOCK, 0);
	struct mockgpu_device *mdev = &fake->mdev;

	KUNIT_EXPECT_EQ(test, check_size(mdev, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, check_size(mdev, BLOCK << PAGE_SHIFT), 0);
	KUNIT_EXPECT_EQ(test, check_size(mdev, (BLOCK + 1) << PAGE_SHIFT), -E2BIG);
	KUNIT_EXPECT_EQ(test, check_size(mdev, U64_MAX), -E2BIG);
	mdev->vram.npages = 0;
	KUNIT_EXPECT_EQ(test, check_size(mdev, PAGE_SIZE), -EOPNOTSUPP);
}

/* One page that the CPU cannot reach is enough. */
static void what_the_cpu_reaches_is_visible(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 3, BLOCK, 100);

	KUNIT_EXPECT_TRUE(test, is_visible(fake));
	fake->mdev.vram.visible = 103;
	KUNIT_EXPECT_TRUE(test, is_visible(fake));
	fake->mdev.vram.visible = 102;
	KUNIT_EXPECT_FALSE(test, is_visible(fake));
	fake->mdev.vram.visible = 1;
	KUNIT_EXPECT_FALSE(test, is_visible(fake));
	fake->res.mem_type = TTM_PL_TT;
	KUNIT_EXPECT_TRUE(test, is_visible(fake));
}

/* Four pages with contents; the buffer owns the two in the middle. */
static struct mockgpu_fake *with_contents(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 2, 4, 1);
	u8 *vaddr = kunit_kmalloc(test, 4 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	memset(vaddr, 0x5a, 4 * PAGE_SIZE);
	iosys_map_set_vaddr(&fake->mdev.vram.map, vaddr);
	return fake;
}

static void clearing_keeps_to_the_part(struct kunit *test)
{
	struct mockgpu_fake *fake = with_contents(test);
	u8 *vaddr = fake->mdev.vram.map.vaddr;

	mockgpu_vram_clear(&fake->mdev, &fake->res, 2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0x5a, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr + PAGE_SIZE, 0, 2 * PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr + 3 * PAGE_SIZE, 0x5a, PAGE_SIZE));
}

static void pages_of_a_bar_have_numbers_only(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 3, BLOCK, 100);
	struct mockgpu_backing backing;

	fake->mdev.vram.pages = NULL;
	fake->mdev.vram.pfn = 2 * PFN;
	KUNIT_EXPECT_TRUE(test, mockgpu_bo_backing(&fake->bo, &backing));
	KUNIT_EXPECT_TRUE(test, mockgpu_backing_is_bar(&backing));
	KUNIT_EXPECT_NULL(test, mockgpu_backing_page(&backing, 2));
	fake->mdev.vram.bar_pages = MOCKGPU_BAR_PAGES_GENERIC;
	KUNIT_EXPECT_TRUE(test, mockgpu_backing_is_bar(&backing));
	KUNIT_EXPECT_PTR_EQ(test, mockgpu_backing_page(&backing, 2), pfn_to_page(2 * PFN + 102));
	KUNIT_EXPECT_EQ(test, mockgpu_backing_pfn(&backing, 2), 2 * PFN + 102);
	KUNIT_EXPECT_EQ(test, mockgpu_vram_io_mem_pfn(&fake->bo.tbo, 2), 2 * PFN + 102);
}

static void a_debugger_reads_and_writes_the_part(struct kunit *test)
{
	struct mockgpu_fake *fake = with_contents(test);
	struct mockgpu_bo *bo = &fake->bo;
	u8 *vaddr = fake->mdev.vram.map.vaddr + PAGE_SIZE;
	char text[8] = "mockgpu";

	KUNIT_EXPECT_EQ(test, mockgpu_vram_access(bo, 10, text, 8, 1), 8);
	KUNIT_EXPECT_MEMEQ(test, vaddr + 10, "mockgpu", 8);
	KUNIT_EXPECT_EQ(test, vaddr[9], 0x5a);
	KUNIT_EXPECT_EQ(test, vaddr[18], 0x5a);
	KUNIT_EXPECT_EQ(test, mockgpu_vram_access(bo, 12, text, 4, 0), 4);
	KUNIT_EXPECT_STREQ(test, text, "ckgpgpu");
}

static void only_vram_is_io_memory(struct kunit *test)
{
	struct mockgpu_fake *fake = with_contents(test);

	fake->res.mem_type = TTM_PL_TT;
	KUNIT_EXPECT_EQ(test, mockgpu_vram_io_mem_reserve(&fake->mdev.ttm, &fake->res), 0);
	KUNIT_EXPECT_FALSE(test, fake->res.bus.is_iomem);
	fake->res.mem_type = TTM_PL_VRAM;
	KUNIT_EXPECT_EQ(test, mockgpu_vram_io_mem_reserve(&fake->mdev.ttm, &fake->res), 0);
	KUNIT_EXPECT_TRUE(test, fake->res.bus.is_iomem);
	KUNIT_EXPECT_PTR_EQ(test, (u8 *)fake->res.bus.addr,
			    (u8 *)fake->mdev.vram.map.vaddr + PAGE_SIZE);
}

#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
#define HUGE	((unsigned long)(PMD_SIZE >> PAGE_SHIFT))

static bool huge_pfn(struct mockgpu_fake *fake, unsigned long first, unsigned long *pfn)
{
	return mockgpu_huge_pfn(&fake->bo, first, PMD_ORDER, pfn);
}

static void a_huge_entry_keeps_to_the_buffer(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 2 * HUGE - 1, 3 * HUGE, HUGE);
	unsigned long pfn = 0;

	KUNIT_EXPECT_TRUE(test, huge_pfn(fake, 0, &pfn));
	KUNIT_EXPECT_EQ(test, pfn, PFN + HUGE);
	KUNIT_EXPECT_FALSE(test, huge_pfn(fake, HUGE, &pfn));
	fake->bo.tbo.base.size += PAGE_SIZE;
	KUNIT_EXPECT_TRUE(test, huge_pfn(fake, HUGE, &pfn));
	KUNIT_EXPECT_EQ(test, pfn, PFN + 2 * HUGE);
}

static void a_huge_entry_begins_with_a_block(struct kunit *test)
{
	struct mockgpu_fake *fake = in_vram(test, 2 * HUGE, 4 * HUGE, HUGE - 1);
	unsigned long pfn;

	KUNIT_EXPECT_FALSE(test, huge_pfn(fake, 0, &pfn));
	KUNIT_EXPECT_TRUE(test, huge_pfn(fake, 1, &pfn));
	KUNIT_EXPECT_EQ(test, pfn, PFN + HUGE);
	/* Blocks that are not aligned for an entry. */
	fill_pages(fake->mdev.vram.pages, 4 * HUGE, PFN + 1);
	KUNIT_EXPECT_FALSE(test, huge_pfn(fake, 1, &pfn));
}

static void a_huge_entry_needs_a_large_block(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 2 * HUGE);
	unsigned long pfn;

	fake->tt.kind = MOCKGPU_KIND_NONCOMPOUND;
	fill_pages(fake->tt.ttm.pages, 2 * HUGE, PFN);
	fake->tt.order = PMD_ORDER - 1;
	KUNIT_EXPECT_FALSE(test, huge_pfn(fake, 0, &pfn));
	fake->tt.order++;
	KUNIT_EXPECT_TRUE(test, huge_pfn(fake, 0, &pfn));
	fake->tt.order++;
	KUNIT_EXPECT_TRUE(test, huge_pfn(fake, HUGE, &pfn));
	KUNIT_EXPECT_EQ(test, pfn, PFN + HUGE);
	KUNIT_EXPECT_FALSE(test, huge_pfn(fake, HUGE / 2, &pfn));
}

/* A BAR has no blocks: only its address and the buffer's place in it count. */
static void in_a_bar_only_the_address_counts(struct kunit *test)
{
	const unsigned int order = PMD_ORDER + 1;
	struct mockgpu_fake *fake = in_vram(test, 5 * HUGE, 6 * HUGE, HUGE);
	unsigned long pfn = 0;

	fake->mdev.vram.pages = NULL;
	fake->mdev.vram.pfn = round_down(PFN, 2 * HUGE);
	KUNIT_EXPECT_FALSE(test, mockgpu_huge_pfn(&fake->bo, 0, order, &pfn));
	KUNIT_EXPECT_TRUE(test, mockgpu_huge_pfn(&fake->bo, HUGE, order, &pfn));
	KUNIT_EXPECT_EQ(test, pfn, round_down(PFN, 2 * HUGE) + 2 * HUGE);
	KUNIT_EXPECT_TRUE(test, mockgpu_huge_pfn(&fake->bo, 3 * HUGE, order, &pfn));
	KUNIT_EXPECT_FALSE(test, mockgpu_huge_pfn(&fake->bo, 4 * HUGE, order, &pfn));
}
#endif

static struct kunit_case vram_cases[] = {
	KUNIT_CASE(a_place_has_its_name),
	KUNIT_CASE(pages_are_those_of_the_place),
	KUNIT_CASE(blocks_of_vram_are_2_mib),
	KUNIT_CASE(a_scattered_buffer_is_where_its_blocks_are),
	KUNIT_CASE(a_run_may_be_several_blocks),
	KUNIT_CASE(pages_of_a_bar_have_numbers_only),
	KUNIT_CASE(what_is_larger_than_vram_is_refused),
	KUNIT_CASE(what_the_cpu_reaches_is_visible),
	KUNIT_CASE(clearing_keeps_to_the_part),
	KUNIT_CASE(a_debugger_reads_and_writes_the_part),
	KUNIT_CASE(only_vram_is_io_memory),
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
	KUNIT_CASE(a_huge_entry_keeps_to_the_buffer),
	KUNIT_CASE(a_huge_entry_begins_with_a_block),
	KUNIT_CASE(a_huge_entry_needs_a_large_block),
	KUNIT_CASE(in_a_bar_only_the_address_counts),
#endif
	{}
};

static struct kunit_suite vram_suite = {
	.name = "mockgpu_vram",
	.test_cases = vram_cases,
};

kunit_test_suite(vram_suite);
