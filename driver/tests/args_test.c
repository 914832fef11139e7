// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of argument checks: sizes, flags, ranges, limits.
 */
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include <drm/drm_ioctl.h>

#include "../mockgpu_bar_pages.h"
#include "../mockgpu_drv.h"
#include "../mockgpu_gem.h"
#include "../mockgpu_pages.h"
#include "../mockgpu_test_inject.h"
#include "../mockgpu_vm.h"
#include "fake.h"

#define PAGES_MAX	1000ul
#define VRAM_PAGES	512ul
#define VISIBLE_PAGES	128ul

struct desc_case {
	const char *name;
	struct mockgpu_bo_desc desc;
	int ret;
};

#define DESC(text, bytes, want, ...) \
	{ .name = text, .ret = want, .desc = { .size = bytes, __VA_ARGS__ } }

static const struct desc_case desc_cases[] = {
	DESC("smallest", PAGE_SIZE, 0),
	DESC("largest", PAGES_MAX * PAGE_SIZE, 0),
	DESC("largest in VRAM", VRAM_PAGES * PAGE_SIZE, 0,
	     .placement = MOCKGPU_PLACEMENT_VRAM),
	DESC("last kind, order and caching", PAGE_SIZE, 0, .kind = MOCKGPU_KIND_RESERVED,
	     .order = MOCKGPU_MAX_ORDER, .caching = MOCKGPU_CACHING_UC),
	DESC("page->mapping", PAGE_SIZE, 0, .flags = MOCKGPU_BO_PAGE_MAPPING),
	DESC("for the CPU", PAGE_SIZE, 0, .kind = MOCKGPU_KIND_COMPOUND,
	     .flags = MOCKGPU_BO_CPU_ACCESS),
	DESC("largest visible", VISIBLE_PAGES * PAGE_SIZE, 0, .flags = MOCKGPU_BO_CPU_ACCESS,
	     .placement = MOCKGPU_PLACEMENT_VRAM),
	DESC("a page too many to be visible", (VISIBLE_PAGES + 1) * PAGE_SIZE, -E2BIG,
	     .flags = MOCKGPU_BO_CPU_ACCESS, .placement = MOCKGPU_PLACEMENT_VRAM),
	DESC("nothing", 0, -EINVAL),
	DESC("less than a page", PAGE_SIZE - 1, -EINVAL),
	DESC("half a page more", PAGE_SIZE * 3 / 2, -EINVAL),
	DESC("all bits of a size", U64_MAX, -EINVAL),
	DESC("all pages there can be", U64_MAX & PAGE_MASK, -E2BIG),
	DESC("a page too many", (PAGES_MAX + 1) * PAGE_SIZE, -E2BIG),
	DESC("a page too many for VRAM", (VRAM_PAGES + 1) * PAGE_SIZE, -E2BIG,
	     .placement = MOCKGPU_PLACEMENT_VRAM),
	DESC("import", PAGE_SIZE, -EINVAL, .kind = MOCKGPU_KIND_IMPORT),
	DESC("user memory", PAGE_SIZE, -EINVAL, .kind = MOCKGPU_KIND_USERPTR),
	DESC("unknown kind", PAGE_SIZE, -EINVAL, .kind = U32_MAX),
	DESC("unknown order", PAGE_SIZE, -EINVAL, .kind = MOCKGPU_KIND_SPLIT,
	     .order = MOCKGPU_MAX_ORDER + 1),
	DESC("order of the pool", PAGE_SIZE, -EINVAL, .kind = MOCKGPU_KIND_TTM, .order = 1),
	DESC("unknown caching", PAGE_SIZE, -EINVAL, .caching = MOCKGPU_CACHING_COUNT),
	DESC("system placement", PAGE_SIZE, -EINVAL, .placement = MOCKGPU_PLACEMENT_SYSTEM),
	DESC("unknown placement", PAGE_SIZE, -EINVAL, .placement = MOCKGPU_PLACEMENT_COUNT),
	DESC("unknown flag", PAGE_SIZE, -EINVAL, .flags = MOCKGPU_BO_CONTIGUOUS << 1),
	DESC("contiguous", PAGE_SIZE, 0, .flags = MOCKGPU_BO_CONTIGUOUS),
	DESC("entries of 1 GiB", PAGE_SIZE, MOCKGPU_PUD_PFNMAP ? 0 : -EOPNOTSUPP,
	     .flags = MOCKGPU_BO_HUGE_PUD),
	DESC("page->mapping of tails", PAGE_SIZE, -EINVAL, .kind = MOCKGPU_KIND_COMPOUND,
	     .flags = MOCKGPU_BO_PAGE_MAPPING),
};

KUNIT_ARRAY_PARAM_DESC(desc, desc_cases, name);

static void a_buffer_can_be(struct kunit *test)
{
	const struct desc_case *the = test->param_value;
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);

	fake->mdev.pages_max = PAGES_MAX;
	fake->mdev.vram.npages = VRAM_PAGES;
	fake->mdev.vram.visible = VISIBLE_PAGES;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_desc_check(&fake->mdev, &the->desc), the->ret);
}

static void expect_charged(struct kunit *test, struct mockgpu_fake *fake, long pages,
			   long all)
{
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fake->mdev.pages), pages);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&fake->mdev.charged), all);
}

/* Blocks count in full, a description counts a page, and a failure counts nothing. */
static void all_buffers_share_a_limit(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 17);
	struct mockgpu_fake *other = mockgpu_fake_create(test, 1);

	fake->mdev.pages_max = 100;
	fake->bo.desc.order = 4;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_charge(&fake->mdev, &fake->bo), 0);
	expect_charged(test, fake, 32, 33);
	other->bo.tbo.base.dev = &fake->mdev.drm;
	other->bo.desc.size = 67 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_charge(&fake->mdev, &other->bo), -ENOMEM);
	expect_charged(test, fake, 32, 33);
	other->bo.desc.size = 66 * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_charge(&fake->mdev, &other->bo), 0);
	expect_charged(test, fake, 98, 100);
	/* As revoking a buffer does. */
	mockgpu_bo_uncharge_pages(&fake->bo);
	mockgpu_bo_uncharge_pages(&fake->bo);
	expect_charged(test, fake, 66, 68);
	mockgpu_bo_uncharge(&fake->bo);
	mockgpu_bo_uncharge(&fake->bo);
	expect_charged(test, fake, 66, 67);
	mockgpu_bo_uncharge(&other->bo);
	expect_charged(test, fake, 0, 0);
}

static void an_import_costs_what_is_kept_about_it(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);

	fake->mdev.pages_max = 100;
	fake->bo.desc.kind = MOCKGPU_KIND_IMPORT;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_charge(&fake->mdev, &fake->bo), 0);
	expect_charged(test, fake, 0, 1);
	mockgpu_bo_uncharge(&fake->bo);
	/* An address and a table entry for each page. */
	fake->bo.desc.size = (u64)PAGE_SIZE * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_charge(&fake->mdev, &fake->bo), 0);
	expect_charged(test, fake, 0, sizeof(dma_addr_t) + sizeof(struct scatterlist) + 1);
	mockgpu_bo_uncharge(&fake->bo);
	expect_charged(test, fake, 0, 0);
}

static void user_memory_costs_what_is_kept_about_it(struct kunit *test)
{
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);

	fake->mdev.pages_max = 100;
	fake->bo.desc.kind = MOCKGPU_KIND_USERPTR;
	/* An address and a number for each page. */
	fake->bo.desc.size = (u64)PAGE_SIZE * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, mockgpu_bo_charge(&fake->mdev, &fake->bo), 0);
	expect_charged(test, fake, 0, sizeof(dma_addr_t) + sizeof(unsigned long) + 1);
	mockgpu_bo_uncharge(&fake->bo);
	expect_charged(test, fake, 0, 0);
}

struct userptr_case {
	const char *name;
	struct drm_mockgpu_bo_userptr args;
	int ret;
};

#define USERPTR(text, want, ...) { .name = text, .ret = want, .args = { __VA_ARGS__ } }

static const struct userptr_case userptr_cases[] = {
	USERPTR("smallest", 0, .size = PAGE_SIZE),
	USERPTR("largest", 0, .size = PAGES_MAX * PAGE_SIZE),
	USERPTR("all flags", 0, .size = PAGE_SIZE,
		.flags = MOCKGPU_USERPTR_READ_ONLY | MOCKGPU_USERPTR_VALIDATE),
	USERPTR("nothing", -EINVAL, .address = PAGE_SIZE),
	USERPTR("less than a page", -EINVAL, .size = PAGE_SIZE - 1),
	USERPTR("half a page more", -EINVAL, .size = PAGE_SIZE * 3 / 2),
	USERPTR("in a page", -EINVAL, .size = PAGE_SIZE, .address = PAGE_SIZE + 1),
	USERPTR("unknown flag", -EINVAL, .size = PAGE_SIZE, .flags = 4),
	USERPTR("handle", -EINVAL, .size = PAGE_SIZE, .handle = 1),
	USERPTR("reserved", -EINVAL, .size = PAGE_SIZE, .reserved = 1),
	USERPTR("a page too many", -E2BIG, .size = (PAGES_MAX + 1) * PAGE_SIZE),
	USERPTR("all pages there can be", -E2BIG, .size = U64_MAX & PAGE_MASK),
};

KUNIT_ARRAY_PARAM_DESC(userptr, userptr_cases, name);

static void user_memory_can_be(struct kunit *test)
{
	const struct userptr_case *the = test->param_value;
	struct mockgpu_fake *fake = mockgpu_fake_create(test, 1);

	fake->mdev.pages_max = PAGES_MAX;
	KUNIT_EXPECT_EQ(test, mockgpu_userptr_check(&fake->mdev, &the->args), the->ret);
}

static void kinds_have_names(struct kunit *test)
{
	u32 kind;

	for (kind = 0; kind < MOCKGPU_KIND_COUNT; kind++)
		KUNIT_EXPECT_EQ(test, mockgpu_kind_parse(mockgpu_kind_name(kind)), kind);
	KUNIT_EXPECT_EQ(test, mockgpu_kind_parse("import"), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_kind_parse("userptr"), -EINVAL);
	KUNIT_EXPECT_STREQ(test, mockgpu_kind_name(MOCKGPU_KIND_IMPORT), "import");
	KUNIT_EXPECT_STREQ(test, mockgpu_kind_name(MOCKGPU_KIND_USERPTR), "userptr");
	KUNIT_EXPECT_EQ(test, mockgpu_kind_parse(""), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_kind_parse("split "), -EINVAL);
	KUNIT_EXPECT_STREQ(test, mockgpu_kind_name(MOCKGPU_KIND_IMPORT), "import");
}

static void pages_of_a_bar_have_names(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse("none"), MOCKGPU_BAR_PAGES_NONE);
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse("generic"), MOCKGPU_BAR_PAGES_GENERIC);
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse("p2pdma"), MOCKGPU_BAR_PAGES_P2PDMA);
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse("coherent"), MOCKGPU_BAR_PAGES_COHERENT);
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse("private"), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse("generic\n"), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_bar_pages_parse(""), -EINVAL);
}

static void fault_modes_want_their_argument(struct kunit *test)
{
	int huge = MOCKGPU_HUGE_PFNMAP ? 0 : -EOPNOTSUPP;

	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SINGLE, 0), 0);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SINGLE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_PREFAULT, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_READ_ONLY, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_HUGE, 0), huge);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_HUGE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_HUGE_READ_ONLY, 0), huge);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SLOW, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SLOW,
						  MOCKGPU_FAULT_DELAY_MAX), 0);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SLOW,
						  MOCKGPU_FAULT_DELAY_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SIGBUS, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_SIGBUS,
						  MOCKGPU_FAULT_DELAY_MAX + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_NOPAGE,
						  MOCKGPU_FAULT_DELAY_MAX), 0);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_NOPAGE, U32_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(MOCKGPU_FAULT_COUNT, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, mockgpu_fault_check(U32_MAX, 0), -EINVAL);
}

static bool inject(struct drm_mockgpu_bo_inject args)
{
	return mockgpu_inject_args_are_good(&args);
}

#define INJECT(...)	inject((struct drm_mockgpu_bo_inject) { __VA_ARGS__ })

static void injections_have_their_members(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, INJECT(.op = MOCKGPU_INJECT_REF_GET, .page = 3));
	KUNIT_EXPECT_TRUE(test, INJECT(.op = MOCKGPU_INJECT_FOREIGN, .page = 3,
				       .other_handle = 2, .other_page = 1));
	KUNIT_EXPECT_TRUE(test, INJECT(.op = MOCKGPU_INJECT_WARN));
	KUNIT_EXPECT_FALSE(test, INJECT(.op = MOCKGPU_INJECT_WARN, .page = 1));
	KUNIT_EXPECT_FALSE(test, INJECT(.op = MOCKGPU_INJECT_WARN + 1));
	KUNIT_EXPECT_FALSE(test, INJECT(.op = MOCKGPU_INJECT_REF_GET, .flags = 1));
	KUNIT_EXPECT_FALSE(test, INJECT(.op = MOCKGPU_INJECT_REF_PUT, .other_handle = 1));
	KUNIT_EXPECT_FALSE(test, INJECT(.op = MOCKGPU_INJECT_REF_PUT, .other_page = 1));
}

static void only_the_drivers_own_ioctls_can_be_unknown(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, mockgpu_ioctl_is_unknown(DRM_IOCTL_VERSION));
	KUNIT_EXPECT_FALSE(test, mockgpu_ioctl_is_unknown(DRM_IOCTL_MOCKGPU_BO_CREATE));
	KUNIT_EXPECT_FALSE(test, mockgpu_ioctl_is_unknown(DRM_IOCTL_MOCKGPU_BO_USERPTR));
	KUNIT_EXPECT_TRUE(test, mockgpu_ioctl_is_unknown(DRM_IO(DRM_COMMAND_BASE +
							       DRM_MOCKGPU_BO_USERPTR + 1)));
	/* A number that was never assigned. */
	KUNIT_EXPECT_TRUE(test, mockgpu_ioctl_is_unknown(DRM_IO(DRM_COMMAND_BASE +
							       DRM_MOCKGPU_BO_COPY - 1)));
	KUNIT_EXPECT_TRUE(test, mockgpu_ioctl_is_unknown(DRM_IO(DRM_COMMAND_END - 1)));
	KUNIT_EXPECT_FALSE(test, mockgpu_ioctl_is_unknown(DRM_IO(DRM_COMMAND_END)));
	KUNIT_EXPECT_FALSE(test, mockgpu_ioctl_is_unknown(_IO('T', DRM_COMMAND_END - 1)));
}

static struct kunit_case args_cases[] = {
	KUNIT_CASE_PARAM(a_buffer_can_be, desc_gen_params),
	KUNIT_CASE(all_buffers_share_a_limit),
	KUNIT_CASE(an_import_costs_what_is_kept_about_it),
	KUNIT_CASE(user_memory_costs_what_is_kept_about_it),
	KUNIT_CASE_PARAM(user_memory_can_be, userptr_gen_params),
	KUNIT_CASE(kinds_have_names),
	KUNIT_CASE(pages_of_a_bar_have_names),
	KUNIT_CASE(fault_modes_want_their_argument),
	KUNIT_CASE(injections_have_their_members),
	KUNIT_CASE(only_the_drivers_own_ioctls_can_be_unknown),
	{}
};

static struct kunit_suite args_suite = {
	.name = "mockgpu_args",
	.test_cases = args_cases,
};

kunit_test_suite(args_suite);
