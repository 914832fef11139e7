// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of small functions: copying, counting faults, swapping out one buffer,
 * recognising ghost objects, checking the table of an import.
 */
#include <linux/iosys-map.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "../mockgpu_copy.h"
#include "../mockgpu_gem.h"
#include "../mockgpu_move.h"
#include "../mockgpu_prime.h"
#include "../mockgpu_ttm.h"
#include "../mockgpu_vm.h"
#include "fake.h"

struct range_case {
	const char *name;
	u64 src_offset;
	u64 dst_offset;
	u64 size;
	bool possible;
};

/* From a buffer of three pages to one of two. */
static const struct range_case range_cases[] = {
	{ "all of the smaller one", 0, 0, 2 * PAGE_SIZE, true },
	{ "its last byte", 3 * PAGE_SIZE - 1, 2 * PAGE_SIZE - 1, 1, true },
	{ "a byte too many to write", 0, 1, 2 * PAGE_SIZE, false },
	{ "a byte too many to read", 2 * PAGE_SIZE, 0, PAGE_SIZE + 1, false },
	{ "from the end on", 3 * PAGE_SIZE, 0, 1, false },
	{ "from beyond the end on", U64_MAX, 0, 1, false },
	{ "to beyond the end", 0, U64_MAX, 2, false },
	{ "of a size that overflows", PAGE_SIZE, 0, U64_MAX, false },
};

KUNIT_ARRAY_PARAM_DESC(range, range_cases, name);

static void a_copy_keeps_to_both_buffers(struct kunit *test)
{
	const struct range_case *the = test->param_value;
	struct mockgpu_fake *src = mockgpu_fake_create(test, 3);
	struct mockgpu_fake *dst = mockgpu_fake_create(test, 2);
	const struct drm_mockgpu_bo_copy args = {
		.src_offset = the->src_offset,
		.dst_offset = the->dst_offset,
		.size = the->size,
	};

	KUNIT_EXPECT_EQ(test, mockgpu_copy_is_possible(&dst->bo, &src->bo, &args),
			the->possible);
	KUNIT_EXPECT_FALSE(test, mockgpu_copy_is_possible(&src->bo, &src->bo, &args));
}

static u8 *bytes(struct kunit *test, size_t size, bool counted)
{
	u8 *area = kunit_kmalloc(test, size, GFP_KERNEL);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, area);
	for (i = 0; i < size; i++)
		area[i] = counted ? i ^ i >> 8 : 0x5a;
	return area;
}

/* Offsets and size are not aligned to anything. */
static void a_copy_takes_every_byte(struct kunit *test)
{
	const size_t from = 1001, to = 77, size = 2 * PAGE_SIZE + 13;
	u8 *src = bytes(test, 4 * PAGE_SIZE, true);
	u8 *dst = bytes(test, 4 * PAGE_SIZE, false);
	struct mockgpu_copy_side reads = {
		.map = IOSYS_MAP_INIT_VADDR(src),
		.offset = from,
	};
	struct mockgpu_copy_side writes = {
		.map = IOSYS_MAP_INIT_VADDR(dst),
		.offset = to,
	};
	u8 *bounce = bytes(test, PAGE_SIZE, false);

	KUNIT_EXPECT_EQ(test, mockgpu_copy_bytes(&writes, &reads, size, bounce), 0);
	KUNIT_EXPECT_EQ(test, memcmp(dst + to, src + from, size), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(dst, 0x5a, to));
	KUNIT_EXPECT_NULL(test, memchr_inv(dst + to + size, 0x5a,
					   4 * PAGE_SIZE - to - size));
}

static void set_fault(struct mockgpu_fake *fake, u32 mode, u32 arg)
{
	mockgpu_bo_set_fault(&fake->bo, (struct mockgpu_fault_config) {
		.mode = mode,
		.arg = arg,
	});
}

static void mode_and_argument_come_together(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);

	set_fault(fake, MOCKGPU_FAULT_NOPAGE, U32_MAX);
	KUNIT_EXPECT_EQ(test, mockgpu_bo_fault(&fake->bo).mode, MOCKGPU_FAULT_NOPAGE);
	KUNIT_EXPECT_EQ(test, mockgpu_bo_fault(&fake->bo).arg, U32_MAX);
}

static void every_third_fault_fails(struct kunit *test)
{
	static const u32 modes[] = { MOCKGPU_FAULT_SIGBUS, MOCKGPU_FAULT_NOPAGE };
	static const vm_fault_t answers[] = { VM_FAULT_SIGBUS, VM_FAULT_NOPAGE };
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);
	vm_fault_t ret;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		set_fault(fake, modes[i], 3);
		for (j = 1; j <= 9; j++) {
			KUNIT_EXPECT_EQ(test, mockgpu_fault_fails(&fake->bo, &ret), j % 3 == 0);
			KUNIT_EXPECT_TRUE(test, j % 3 || ret == answers[i]);
		}
	}
}

static void other_faults_do_not_fail(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);
	vm_fault_t ret;
	u32 mode;

	for (mode = 0; mode < MOCKGPU_FAULT_COUNT; mode++) {
		set_fault(fake, mode, 1);
		KUNIT_EXPECT_EQ_MSG(test, mockgpu_fault_fails(&fake->bo, &ret),
				    mode == MOCKGPU_FAULT_SIGBUS || mode == MOCKGPU_FAULT_NOPAGE,
				    "mode %u", mode);
	}
}

static void read_only_modes_are_told_of_writes(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);
	u32 mode;

	for (mode = 0; mode < MOCKGPU_FAULT_COUNT; mode++) {
		set_fault(fake, mode, 0);
		KUNIT_EXPECT_EQ_MSG(test, !!mockgpu_bo_vm_ops(&fake->bo)->pfn_mkwrite,
				    mode == MOCKGPU_FAULT_READ_ONLY ||
				    mode == MOCKGPU_FAULT_HUGE_READ_ONLY, "mode %u", mode);
	}
}

static void only_who_swaps_gets_the_one_buffer(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);
	struct ttm_buffer_object *tbo = NULL;

	KUNIT_EXPECT_FALSE(test, mockgpu_swap_is_for(&fake->mdev, &tbo));
	fake->mdev.swap_bo = &fake->bo;
	fake->mdev.swap_task = &init_task;
	KUNIT_EXPECT_FALSE(test, mockgpu_swap_is_for(&fake->mdev, &tbo));
	KUNIT_EXPECT_NULL(test, tbo);
	fake->mdev.swap_task = current;
	KUNIT_EXPECT_TRUE(test, mockgpu_swap_is_for(&fake->mdev, &tbo));
	KUNIT_EXPECT_PTR_EQ(test, tbo, &fake->bo.tbo);
}

/* As ttm_buffer_object_transfer() creates it: a buffer object with nothing around it. */
static void what_ttm_makes_is_left_alone(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);
	struct ttm_placement placement = { .num_placement = 1 };
	struct ttm_buffer_object *ghost;
	struct ttm_tt *ttm;

	ghost = kunit_kzalloc(test, sizeof(*ghost), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ghost);
	ghost->bdev = &fake->mdev.ttm;
	ghost->base.size = PAGE_SIZE;
	ghost->resource = &fake->res;
	fake->res.mem_type = TTM_PL_VRAM;
	KUNIT_EXPECT_FALSE(test, mockgpu_bo_is_ours(ghost));
	mockgpu_evict_flags(ghost, &placement);
	KUNIT_EXPECT_EQ(test, placement.num_placement, 0);
	mockgpu_swap_notify(ghost);
	ttm = mockgpu_tt_create(ghost, 0);
	KUNIT_ASSERT_NOT_NULL(test, ttm);
	KUNIT_EXPECT_EQ(test, to_mockgpu_tt(ttm)->kind, MOCKGPU_KIND_TTM);
	KUNIT_EXPECT_NULL(test, to_mockgpu_tt(ttm)->bo);
	mockgpu_tt_destroy(&fake->mdev.ttm, ttm);
}

/* Two segments, which an IOMMU may have merged. */
static void a_table_has_each_page_once(struct kunit *test)
{
	struct scatterlist sg[2];
	struct sg_table table = { .sgl = sg, .nents = 2, .orig_nents = 2 };

	sg_init_table(sg, 2);
	sg_dma_len(&sg[0]) = 3 * PAGE_SIZE;
	sg_dma_len(&sg[1]) = PAGE_SIZE;
	KUNIT_EXPECT_TRUE(test, mockgpu_import_table_fits(&table, 4));
	KUNIT_EXPECT_FALSE(test, mockgpu_import_table_fits(&table, 5));
	KUNIT_EXPECT_FALSE(test, mockgpu_import_table_fits(&table, 3));
	table.nents = 1;
	KUNIT_EXPECT_TRUE(test, mockgpu_import_table_fits(&table, 3));
}

static struct kunit_case work_cases[] = {
	KUNIT_CASE_PARAM(a_copy_keeps_to_both_buffers, range_gen_params),
	KUNIT_CASE(a_copy_takes_every_byte),
	KUNIT_CASE(mode_and_argument_come_together),
	KUNIT_CASE(every_third_fault_fails),
	KUNIT_CASE(other_faults_do_not_fail),
	KUNIT_CASE(read_only_modes_are_told_of_writes),
	KUNIT_CASE(only_who_swaps_gets_the_one_buffer),
	KUNIT_CASE(what_ttm_makes_is_left_alone),
	KUNIT_CASE(a_table_has_each_page_once),
	{}
};

static struct kunit_suite work_suite = {
	.name = "mockgpu_work",
	.test_cases = work_cases,
};

kunit_test_suite(work_suite);

MOCKGPU_IMPORT_KUNIT;
MODULE_DESCRIPTION("KUnit tests of mockgpu");
MODULE_LICENSE("GPL");
