// SPDX-License-Identifier: GPL-2.0-only
/*
 * The diagnosis is true: what lib/verdict/explain.h reports about a page is what the driver
 * did, the page table has and KVM does on this kernel, and the words name the right cause.
 */

#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "explain.h"
#include "live.h"

/* A buffer in a guest, and what was reported about one of its pages. */
struct asked {
	struct live live;
	struct explanation now;
	char text[8192];
};

FIXTURE(explain) {
	struct asked asked;
};

FIXTURE_VARIANT(explain) {
	struct drm_mockgpu_bo_create want;
	uint32_t page;
};

FIXTURE_VARIANT_ADD(explain, tail) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 9 }, .page = 17,
};

FIXTURE_VARIANT_ADD(explain, head) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 9 }, .page = 0,
};

FIXTURE_VARIANT_ADD(explain, compound_tail) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_COMPOUND, .order = 4 }, .page = 17,
};

FIXTURE_VARIANT_ADD(explain, split_write_combined) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		  .caching = MOCKGPU_CACHING_WC }, .page = 31,
};

FIXTURE_VARIANT_ADD(explain, huge_entry) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE }, .page = 300,
};

static int asked_make(struct __test_metadata *_metadata, struct asked *self,
		      const struct drm_mockgpu_bo_create *want)
{
	int ret;

	driver_setup(_metadata, &self->live.driver);
	self->live.vcpus = 1;
	ret = live_make(_metadata, &self->live, want);
	if (!ret)
		live_vm(_metadata, &self->live);
	return ret;
}

FIXTURE_SETUP(explain)
{
	if (live_setup(_metadata, &self->asked.live, &variant->want, 1))
		live_vm(_metadata, &self->asked.live);
}

FIXTURE_TEARDOWN(explain)
{
	live_teardown(_metadata, &self->asked.live);
}

static void ask(struct __test_metadata *_metadata, struct asked *self,
		uint32_t page, bool traced)
{
	struct live *live = &self->live;
	const struct explain_page what = {
		.vm = live->vm, .bo = &live->bo, .memory = live->bo.map, .gpa = LIVE_GPA,
		.page = page, .op = GUEST_READ, .seed = LIVE_SEED, .untraced = !traced,
	};
	FILE *out = fmemopen(self->text, sizeof(self->text), "w");

	ASSERT_NE(NULL, out);
	EXPECT_EQ(0, explain_access(&self->now, &what));
	explain_print(&self->now, "# ", out);
	fclose(out);
	fputs(self->text, stdout);
}

static void expect_text(struct __test_metadata *_metadata, const struct asked *self,
			const char *words)
{
	EXPECT_NE(NULL, strstr(self->text, words))
		TH_LOG("\"%s\" is missing", words);
}

/* An entry that the driver's handler made for this very page. */
static void expect_entry(struct __test_metadata *_metadata, const struct asked *self,
			 const struct drm_mockgpu_bo_create *want)
{
	const struct mockgpu_entry *entry = &self->now.after;

	EXPECT_TRUE(self->now.pfnmap);
	EXPECT_TRUE(entry->present);
	EXPECT_TRUE(entry->writable);
	EXPECT_TRUE(entry->special);
	EXPECT_EQ(want->fault_mode == MOCKGPU_FAULT_HUGE, entry->large);
	EXPECT_EQ(self->now.info.pfn, entry->pfn);
	EXPECT_STREQ(want->caching == MOCKGPU_CACHING_WC ? "write-combining" : "write-back",
		     mockgpu_entry_caching(entry));
}

static void expect_page(struct __test_metadata *_metadata, const struct asked *self,
			const struct drm_mockgpu_bo_create *want, uint32_t page)
{
	const uint32_t index = page & ((1u << want->order) - 1);
	const struct drm_mockgpu_page *info = &self->now.info;

	EXPECT_TRUE(self->now.told);
	EXPECT_EQ(index, info->index);
	EXPECT_EQ(want->order, info->order);
	EXPECT_EQ(!!index, !!(info->flags & MOCKGPU_PAGE_TAIL));
	EXPECT_EQ(!index || want->kind == MOCKGPU_KIND_SPLIT, info->count);
	EXPECT_EQ(want->kind == MOCKGPU_KIND_COMPOUND, !!(info->flags & MOCKGPU_PAGE_COMPOUND));
	EXPECT_TRUE(self->now.queried);
	EXPECT_EQ(want->kind, self->now.query.kind);
	EXPECT_EQ(want->caching, self->now.query.caching);
}

/* For a kernel that maps the page. */
static void expect_mapped(struct __test_metadata *_metadata, const struct asked *self,
			  const struct drm_mockgpu_bo_create *want)
{
	EXPECT_EQ(GUEST_MAPPED, self->now.result);
	EXPECT_LE(1, explain_stat(&self->now, want->fault_mode == MOCKGPU_FAULT_HUGE ?
				  "pages_2m" : "pages_4k"));
	expect_text(_metadata, self, "went through");
	expect_text(_metadata, self, want->fault_mode == MOCKGPU_FAULT_HUGE ?
		    "cause   KVM mapped the page, by an entry of 2 MiB" :
		    "cause   KVM mapped the page, by an entry of 4 KiB");
}

/* The retry fails too, each time with a page fault that KVM gives up on. */
static void expect_refused(struct __test_metadata *_metadata, const struct asked *self)
{
	EXPECT_TRUE(judge_refusal_known());
	EXPECT_EQ(GUEST_EFAULT, self->now.result);
	EXPECT_LE(2, explain_stat(&self->now, "vcpu_pf_taken"));
	expect_text(_metadata, self, "gave EFAULT");
	expect_text(_metadata, self, "count 0");
	expect_text(_metadata, self, "kvm_try_get_pfn()");
}

/* KVM's fault at this page is in the trace. */
static void expect_trace(struct __test_metadata *_metadata, const struct asked *self,
			 uint32_t page)
{
	char address[32];

	snprintf(address, sizeof(address), "%llx", LIVE_GPA + page * 4096ull);
	EXPECT_NE(NULL, strstr(self->now.trace, "fault: "));
	EXPECT_NE(NULL, strstr(self->now.trace, address))
		TH_LOG("%s is not in the trace:\n%s", address, self->now.trace);
}

/* The result of an access depends on the page and the kernel; all of it is reported. */
TEST_F(explain, the_first_access)
{
	struct asked *asked = &self->asked;
	const struct drm_mockgpu_bo_create *want = &variant->want;
	const uint32_t page = variant->page;

	ASSERT_EQ(0, mockgpu_bo_zap(&asked->live.bo));
	ask(_metadata, asked, page, false);
	EXPECT_EQ((uintptr_t)asked->live.bo.map + page * 4096, asked->now.hva);
	EXPECT_NE(NULL, strstr(asked->now.vma, "pf"));
	EXPECT_FALSE(asked->now.before.present);
	expect_entry(_metadata, asked, want);
	expect_page(_metadata, asked, want, page);
	if (judge_page_refusable(&asked->now.info) && asked->now.result == GUEST_EFAULT)
		expect_refused(_metadata, asked);
	else
		expect_mapped(_metadata, asked, want);
	/* A second look changes nothing and finds the entry. */
	explain_look(&asked->now, &asked->now.what);
	expect_entry(_metadata, asked, want);
	EXPECT_TRUE(asked->now.before.present);
}

/* Not part of the other tests, since it takes a second on 6.1. */
TEST_F(explain, kvms_tracepoints)
{
	struct asked *asked = &self->asked;

	ASSERT_EQ(0, mockgpu_bo_zap(&asked->live.bo));
	ask(_metadata, asked, variant->page, true);
	if (asked->now.trace_error)
		SKIP(return, "KVM's tracepoints cannot be read: %s",
		     strerror(-asked->now.trace_error));
	expect_trace(_metadata, asked, variant->page);
}

/* What does not depend on the kind of page. */
#define PAGE 17

FIXTURE(ruin) {
	struct asked asked;
};

FIXTURE_SETUP(ruin)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 32 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4,
	};

	ASSERT_EQ(0, asked_make(_metadata, &self->asked, &want));
}

FIXTURE_TEARDOWN(ruin)
{
	live_teardown(_metadata, &self->asked.live);
}

/* Looking does not touch the page. */
TEST_F(ruin, looking_leaves_the_page_alone)
{
	struct asked *asked = &self->asked;
	struct live *live = &asked->live;
	const struct explain_page what = { .bo = &live->bo, .memory = live->bo.map };
	uint64_t faults;

	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	faults = bo_query(_metadata, &live->bo).faults;
	explain_look(&asked->now, &what);
	EXPECT_FALSE(asked->now.before.present);
	EXPECT_FALSE(asked->now.ran);
	EXPECT_EQ(faults, bo_query(_metadata, &live->bo).faults);
}

TEST_F(ruin, a_revoked_buffer)
{
	struct asked *asked = &self->asked;

	ASSERT_EQ(0, mockgpu_bo_revoke(&asked->live.bo));
	ask(_metadata, asked, PAGE, false);
	EXPECT_EQ(GUEST_EFAULT, asked->now.result);
	EXPECT_FALSE(asked->now.after.present);
	EXPECT_FALSE(asked->now.told);
	expect_text(_metadata, asked, "in SYSTEM, revoked");
	expect_text(_metadata, asked, "cause   the buffer is revoked");
}

TEST_F(ruin, nothing_is_mapped_there)
{
	struct asked *asked = &self->asked;
	struct live *live = &asked->live;
	void *at = live->bo.map;

	ASSERT_EQ(0, munmap(at, live->bo.size));
	ask(_metadata, asked, PAGE, false);
	EXPECT_EQ(GUEST_EFAULT, asked->now.result);
	expect_text(_metadata, asked, "VMA     none");
	expect_text(_metadata, asked, "cause   nothing is mapped at the HVA");
	live->bo.map = NULL;
	ASSERT_EQ(0, mockgpu_bo_map(&live->bo, at));
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
