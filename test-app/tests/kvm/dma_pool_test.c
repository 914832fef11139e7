// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that TTM gets from dma_alloc_attrs() (module parameter dma_pool=1), as amdgpu's where the
 * device needs swiotlb: what they look like, and whether a guest can have them.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "array.h"
#include "live.h"
#include "reload.h"

FIXTURE(dma) {
	struct live live;
};

FIXTURE_VARIANT(dma) {
	struct drm_mockgpu_bo_create want;
};

FIXTURE_VARIANT_ADD(dma, cached) {
	.want = { .size = (512 + 37) << 12, .fault_mode = MOCKGPU_FAULT_PREFAULT },
};

FIXTURE_VARIANT_ADD(dma, wc) {
	.want = { .size = 37 << 12, .caching = MOCKGPU_CACHING_WC },
};

FIXTURE_VARIANT_ADD(dma, uc) {
	.want = { .size = 37 << 12, .caching = MOCKGPU_CACHING_UC,
		  .flags = MOCKGPU_BO_PAGE_MAPPING },
};

FIXTURE_SETUP(dma)
{
	ASSERT_EQ(0, module_want("dma_pool=1"));
	live_setup(_metadata, &self->live, &variant->want, 2);
}

FIXTURE_TEARDOWN(dma)
{
	live_teardown(_metadata, &self->live);
}

/*
 * From the page allocator, without __GFP_COMP: tails have no count. From contiguous memory (cma=)
 * each page has one.
 */
TEST_F(dma, what_they_look_like)
{
	const size_t npages = self->live.pages;
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &self->live.bo);
	size_t i, tails = 0, wrong = 0;

	for (i = 0; i < npages; i++) {
		const bool tail = pages[i].index;

		tails += tail;
		wrong += pages[i].count != !tail ||
			 pages[i].flags & (MOCKGPU_PAGE_COMPOUND | MOCKGPU_PAGE_RESERVED |
					   MOCKGPU_PAGE_NO_STRUCT | MOCKGPU_PAGE_LRU) ||
			 pages[i - pages[i].index].pfn + pages[i].index != pages[i].pfn;
	}
	ksft_print_msg("%zu of %zu pages have no count\n", tails, npages);
	EXPECT_EQ(0, wrong);
	free(pages);
}

TEST_F(dma, a_guest_has_them)
{
	struct live *live = &self->live;
	unsigned int round;

	live_vm(_metadata, live);
	if (!live_maps(_metadata, live))
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
	live_start(_metadata, live, true);
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT,
					     MOCKGPU_MOVE_NEW_PAGES));
		live_wait(_metadata, live);
		ASSERT_EQ(0, mockgpu_bo_swapout(&live->bo));
		live_wait(_metadata, live);
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		live_wait(_metadata, live);
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

/* TTM cannot back them up. */
TEST_F(dma, they_are_only_swapped_out)
{
	uint64_t flags = 1;

	EXPECT_EQ(0, mockgpu_get_param(self->live.driver.fd, MOCKGPU_PARAM_SWAPOUT, &flags));
	EXPECT_EQ(0, flags);
	EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_backup(&self->live.bo));
	EXPECT_EQ(0, mockgpu_bo_swapout(&self->live.bo));
	EXPECT_EQ(0, guest_differences(self->live.bo.map, self->live.pages, LIVE_SEED));
}

TEST(both_are_not_possible)
{
	int kmsg = reload_begin(_metadata);

	EXPECT_EQ(-EOPNOTSUPP, module_load("dma_pool=1 shrinker=1"));
	quiet_end(_metadata, kmsg);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	return live_run(argc, argv);
}
