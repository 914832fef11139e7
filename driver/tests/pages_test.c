// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the page kinds: what each promises, and that the driver notices when a
 * promise is broken.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/string.h>

#include "../mockgpu_bo.h"
#include "../mockgpu_pages.h"
#include "fake.h"

static const u32 own_kinds[] = {
	MOCKGPU_KIND_NONCOMPOUND, MOCKGPU_KIND_COMPOUND, MOCKGPU_KIND_SPLIT,
	MOCKGPU_KIND_RESERVED,
};

struct block_case {
	u32 kind;
	u32 order;
};

static const struct block_case block_cases[] = {
	{ MOCKGPU_KIND_NONCOMPOUND, 0 },
	{ MOCKGPU_KIND_NONCOMPOUND, 1 },
	{ MOCKGPU_KIND_NONCOMPOUND, 9 },
	{ MOCKGPU_KIND_NONCOMPOUND, MOCKGPU_MAX_ORDER },
	{ MOCKGPU_KIND_COMPOUND, 0 },
	{ MOCKGPU_KIND_COMPOUND, 1 },
	{ MOCKGPU_KIND_COMPOUND, 9 },
	{ MOCKGPU_KIND_COMPOUND, MOCKGPU_MAX_ORDER },
	{ MOCKGPU_KIND_SPLIT, 0 },
	{ MOCKGPU_KIND_SPLIT, 4 },
	{ MOCKGPU_KIND_SPLIT, MOCKGPU_MAX_ORDER },
	{ MOCKGPU_KIND_RESERVED, 0 },
	{ MOCKGPU_KIND_RESERVED, 4 },
	{ MOCKGPU_KIND_RESERVED, MOCKGPU_MAX_ORDER },
};

static void block_case_name(const struct block_case *the, char *name)
{
	snprintf(name, KUNIT_PARAM_DESC_SIZE, "%s order %u", mockgpu_kind_name(the->kind),
		 the->order);
}

KUNIT_ARRAY_PARAM(block, block_cases, block_case_name);

/* Restates what enum mockgpu_kind promises. */
static void expect_page(struct kunit *test, const struct block_case *the,
			struct page *page, unsigned int index)
{
	bool reserved = the->kind == MOCKGPU_KIND_RESERVED;
	bool single = reserved || the->kind == MOCKGPU_KIND_SPLIT;

	KUNIT_EXPECT_EQ_MSG(test, page_ref_count(page), !index || single, "page %u", index);
	KUNIT_EXPECT_EQ_MSG(test, !!(mockgpu_page_flags(page) & BIT(PG_reserved)), reserved,
			    "page %u", index);
	KUNIT_EXPECT_EQ_MSG(test, !!PageCompound(page),
			    the->kind == MOCKGPU_KIND_COMPOUND && the->order, "page %u", index);
}

static void a_block_is_what_its_kind_promises(struct kunit *test)
{
	const struct block_case *the = test->param_value;
	struct page *head = mockgpu_block_alloc(the->kind, the->order);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, head);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(page_to_pfn(head), 1ul << the->order));
	for (i = 0; i < 1u << the->order; i++)
		expect_page(test, the, head + i, i);
	KUNIT_EXPECT_NULL(test, memchr_inv(page_address(head), 0, PAGE_SIZE << the->order));
	KUNIT_EXPECT_TRUE(test, mockgpu_block_is_good(the->kind, the->order, head, "test"));
	/* Leave it dirty: the next allocation must zero it. */
	memset(page_address(head), 0x5a, PAGE_SIZE << the->order);
	mockgpu_block_free(the->kind, the->order, head);
}

static bool is_good(const struct block_case *the, struct page *head)
{
	return mockgpu_block_is_good(the->kind, the->order, head, "a test's damage");
}

static void a_raised_count_is_seen(struct kunit *test)
{
	const struct block_case *the = test->param_value;
	struct page *head = mockgpu_block_alloc(the->kind, the->order);
	unsigned int last = (1u << the->order) - 1;

	KUNIT_ASSERT_NOT_NULL(test, head);
	page_ref_inc(head);
	KUNIT_EXPECT_FALSE(test, is_good(the, head));
	page_ref_dec(head);
	page_ref_inc(head + last);
	KUNIT_EXPECT_FALSE(test, is_good(the, head));
	page_ref_dec(head + last);
	KUNIT_EXPECT_TRUE(test, is_good(the, head));
	mockgpu_block_free(the->kind, the->order, head);
}

/* A reference that is dropped after a few milliseconds. */
struct passer_by {
	struct delayed_work work;
	struct page *page;
};

static void passer_by_leaves(struct work_struct *work)
{
	struct passer_by *who = container_of(to_delayed_work(work), struct passer_by, work);

	page_ref_dec(who->page);
}

static void a_reference_for_a_moment_is_no_damage(struct kunit *test)
{
	const struct block_case *the = test->param_value;
	struct page *head = mockgpu_block_alloc(the->kind, the->order);
	struct passer_by who = { .page = head };

	KUNIT_ASSERT_NOT_NULL(test, head);
	INIT_DELAYED_WORK_ONSTACK(&who.work, passer_by_leaves);
	page_ref_inc(head);
	schedule_delayed_work(&who.work, msecs_to_jiffies(2));
	KUNIT_EXPECT_TRUE(test, is_good(the, head));
	flush_delayed_work(&who.work);
	destroy_delayed_work_on_stack(&who.work);
	mockgpu_block_free(the->kind, the->order, head);
}

/* No block of two or more pages satisfies the promise of another kind. */
static void a_kind_is_no_other(struct kunit *test)
{
	const struct block_case *the = test->param_value;
	struct block_case other = *the;
	struct page *head;
	unsigned int i;

	if (!the->order)
		kunit_skip(test, "one page can be of several kinds");
	head = mockgpu_block_alloc(the->kind, the->order);
	KUNIT_ASSERT_NOT_NULL(test, head);
	for (i = 0; i < ARRAY_SIZE(own_kinds); i++) {
		other.kind = own_kinds[i];
		KUNIT_EXPECT_EQ_MSG(test, is_good(&other, head), other.kind == the->kind,
				    "as %s", mockgpu_kind_name(other.kind));
	}
	mockgpu_block_free(the->kind, the->order, head);
}

static void a_block_that_somebody_holds_is_kept(struct kunit *test)
{
	struct page *head = mockgpu_block_alloc(MOCKGPU_KIND_NONCOMPOUND, 2);

	KUNIT_ASSERT_NOT_NULL(test, head);
	page_ref_inc(head + 3);
	mockgpu_block_free(MOCKGPU_KIND_NONCOMPOUND, 2, head);
	KUNIT_EXPECT_EQ(test, page_ref_count(head), 1);
	KUNIT_EXPECT_EQ(test, page_ref_count(head + 3), 1);
	page_ref_dec(head + 3);
	mockgpu_block_free(MOCKGPU_KIND_NONCOMPOUND, 2, head);
	KUNIT_EXPECT_EQ(test, page_ref_count(head), 0);
}

/* One whole block and part of a second one. */
static void a_buffer_is_made_of_blocks(struct kunit *test)
{
	const struct block_case *the = test->param_value;
	unsigned long block = 1ul << the->order, npages = block + (block + 1) / 2, i;
	struct mockgpu_fake *fake = mockgpu_fake_create(test, npages);
	struct page **pages = fake->tt.ttm.pages;
	struct mockgpu_backing backing;
	u32 order, index;

	fake->tt.kind = the->kind;
	fake->tt.order = the->order;
	KUNIT_ASSERT_EQ(test, mockgpu_pages_alloc(&fake->tt), 0);
	KUNIT_ASSERT_TRUE(test, mockgpu_bo_backing(&fake->bo, &backing));
	for (i = 0; i < npages; i++) {
		expect_page(test, the, pages[i], i % block);
		KUNIT_EXPECT_PTR_EQ(test, pages[i], pages[i - i % block] + i % block);
		mockgpu_backing_block(&backing, i, &order, &index);
		KUNIT_EXPECT_EQ(test, order, the->order);
		KUNIT_EXPECT_EQ(test, index, i % block);
	}
	mockgpu_pages_free(&fake->tt);
	KUNIT_EXPECT_NULL(test, memchr_inv(pages, 0, npages * sizeof(*pages)));
}

/* As ttm_pool_alloc() returns them: blocks of any order in any sequence. */
static const u32 pool_orders[] = { 3, 0, 0, 2, 1, 5, 0 };

#define POOL_PAGES (8 + 1 + 1 + 4 + 2 + 32 + 1)

static struct mockgpu_fake *pool_create(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, POOL_PAGES);
	unsigned long at = 0, i, j;
	struct page *head;

	fake->tt.kind = MOCKGPU_KIND_TTM;
	for (i = 0; i < ARRAY_SIZE(pool_orders); i++) {
		head = alloc_pages(GFP_KERNEL, pool_orders[i]);
		KUNIT_ASSERT_NOT_NULL(test, head);
		for (j = 0; j < 1ul << pool_orders[i]; j++)
			fake->tt.ttm.pages[at++] = head + j;
	}
	KUNIT_ASSERT_EQ(test, at, POOL_PAGES);
	return fake;
}

static void pool_destroy(struct mockgpu_fake *fake)
{
	unsigned long at = 0, i;

	for (i = 0; i < ARRAY_SIZE(pool_orders); i++) {
		__free_pages(fake->tt.ttm.pages[at], pool_orders[i]);
		at += 1ul << pool_orders[i];
	}
}

static void blocks_of_the_pool_are_found(struct kunit *test)
{
	struct mockgpu_fake *fake = pool_create(test);
	struct mockgpu_backing backing;
	unsigned long at = 0, i, j;
	u32 order, index;

	KUNIT_ASSERT_EQ(test, mockgpu_pages_prepare(&fake->tt), 0);
	KUNIT_ASSERT_EQ(test, mockgpu_pages_record(&fake->tt), 0);
	KUNIT_ASSERT_TRUE(test, mockgpu_bo_backing(&fake->bo, &backing));
	for (i = 0; i < ARRAY_SIZE(pool_orders); i++) {
		for (j = 0; j < 1ul << pool_orders[i]; j++, at++) {
			mockgpu_backing_block(&backing, at, &order, &index);
			KUNIT_EXPECT_EQ_MSG(test, order, pool_orders[i], "page %lu", at);
			KUNIT_EXPECT_EQ_MSG(test, index, j, "page %lu", at);
		}
	}
	mockgpu_pages_forget(&fake->tt);
	KUNIT_EXPECT_NULL(test, fake->tt.heads);
	pool_destroy(fake);
}

static void expect_no_record(struct kunit *test, struct mockgpu_fake *fake)
{
	KUNIT_ASSERT_EQ(test, mockgpu_pages_prepare(&fake->tt), 0);
	KUNIT_EXPECT_EQ(test, mockgpu_pages_record(&fake->tt), -EIO);
	KUNIT_EXPECT_NULL(test, fake->tt.heads);
}

static void other_pages_of_the_pool_are_refused(struct kunit *test)
{
	struct mockgpu_fake *fake = pool_create(test);
	struct page **pages = fake->tt.ttm.pages;

	/* Tails in the wrong place. */
	swap(pages[1], pages[2]);
	expect_no_record(test, fake);
	swap(pages[1], pages[2]);
	/* A block without a head. */
	page_ref_dec(pages[0]);
	expect_no_record(test, fake);
	page_ref_inc(pages[0]);
	/* A count that neither heads nor tails have. */
	page_ref_inc(pages[8]);
	expect_no_record(test, fake);
	page_ref_dec(pages[8]);
	SetPageReserved(pages[9]);
	expect_no_record(test, fake);
	ClearPageReserved(pages[9]);
	KUNIT_ASSERT_EQ(test, mockgpu_pages_prepare(&fake->tt), 0);
	KUNIT_EXPECT_EQ(test, mockgpu_pages_record(&fake->tt), 0);
	mockgpu_pages_forget(&fake->tt);
	pool_destroy(fake);
}

static struct kunit_case pages_cases[] = {
	KUNIT_CASE_PARAM(a_block_is_what_its_kind_promises, block_gen_params),
	KUNIT_CASE_PARAM(a_raised_count_is_seen, block_gen_params),
	KUNIT_CASE_PARAM(a_reference_for_a_moment_is_no_damage, block_gen_params),
	KUNIT_CASE_PARAM(a_kind_is_no_other, block_gen_params),
	KUNIT_CASE(a_block_that_somebody_holds_is_kept),
	KUNIT_CASE_PARAM(a_buffer_is_made_of_blocks, block_gen_params),
	KUNIT_CASE(blocks_of_the_pool_are_found),
	KUNIT_CASE(other_pages_of_the_pool_are_refused),
	{}
};

static struct kunit_suite pages_suite = {
	.name = "mockgpu_pages",
	.test_cases = pages_cases,
};

kunit_test_suite(pages_suite);
