/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests in which not the guest but KVM, or the CPU on the guest's behalf, accesses
 * one page of a buffer: that page, and another buffer that gets the very same page when the
 * first one moves. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_ACCESS_H
#define MOCKGPU_TEST_ACCESS_H

#include <string.h>

#include "live.h"
#include "canary.h"

#define ACCESS_ORDER 4
#define ACCESS_BLOCK (1u << ACCESS_ORDER)
#define ACCESS_PAGES (4 * ACCESS_BLOCK)

/**
 * struct access - one page of a buffer in a guest
 * @live: the buffer and the guest, with one vCPU
 * @canary: from access_move() on: the buffer that got the first one's pages
 * @page: the page
 * @refusable: whether this kernel does not map it, and is known not to
 */
struct access {
	struct live live;
	struct mockgpu_bo canary;
	uint32_t page;
	bool refusable;
};

static inline bool access_is_refusable(struct __test_metadata *_metadata,
				       const struct access *access, uint32_t page)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &access->live.bo);
	bool refusable = judge_page_refusable(&pages[page]) &&
			 behaviour_excused(BEHAVIOUR_REFUSES_TAILS);

	free(pages);
	return refusable;
}

/* Buffer, page and VM; the buffer is full of zeros. */
static inline void access_begin(struct __test_metadata *_metadata, struct access *access,
				const struct drm_mockgpu_bo_create *how, uint32_t page,
				const struct vmm_options *options)
{
	const struct drm_mockgpu_bo_create want = {
		.size = ACCESS_PAGES * (uint64_t)GUEST_PAGE_SIZE, .kind = how->kind,
		.order = ACCESS_ORDER, .placement = how->placement,
	};
	struct live *live = &access->live;

	ASSERT_TRUE(live_setup(_metadata, live, &want, 1));
	memset(live->bo.map, 0, live->bo.size);
	live_vm_with(_metadata, live, options);
	access->page = page;
	access->refusable = access_is_refusable(_metadata, access, page);
}

static inline void access_end(struct __test_metadata *_metadata, struct access *access)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&access->canary));
	live_teardown(_metadata, &access->live);
}

/* Where @offset in the page is, for the guest and for the host. */
static inline uint64_t access_gpa(const struct access *access, int32_t offset)
{
	return LIVE_GPA + access->page * (uint64_t)GUEST_PAGE_SIZE + offset;
}

static inline void *access_at(const struct access *access, int32_t offset)
{
	return (char *)access->live.bo.map + access->page * (size_t)GUEST_PAGE_SIZE + offset;
}

static inline struct vmm_vcpu *access_vcpu(const struct access *access)
{
	return vmm_vcpu_get(access->live.vm, 0);
}

static inline int access_set_msr(const struct access *access, uint32_t msr, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} set = { { .nmsrs = 1 }, { .index = msr, .data = value } };
	int ret = vmm_vcpu_ioctl(access_vcpu(access), KVM_SET_MSRS, &set);

	return ret == 1 ? 0 : -1;
}

/* Enter the guest, which does nothing: KVM does what was requested on the way. */
static inline void access_enter(struct __test_metadata *_metadata, const struct access *access)
{
	struct vmm_vcpu *vcpu = access_vcpu(access);

	memset(vmm_vcpu_work(vcpu), 0, sizeof(struct guest_work));
	ASSERT_EQ(0, vmm_vcpu_start(vcpu));
	EXPECT_EQ(VMM_EXIT_DOORBELL, vmm_vcpu_run(vcpu))
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
}

/* Every byte of the other buffer that guest_fill() does not write. */
#define ACCESS_CANARY 0xc5

/*
 * Give the buffer new pages. The other buffer usually gets the very page that KVM knew: the
 * allocator decides.
 */
static inline void access_move(struct __test_metadata *_metadata, struct access *access)
{
	struct live *live = &access->live;
	struct drm_mockgpu_page *before, *reused;
	uint32_t i, found = 0;

	before = bo_pages(_metadata, &live->bo);
	canary_take_pages(_metadata, live, &access->canary);
	memset(access->canary.map, ACCESS_CANARY, access->canary.size);
	guest_fill(access->canary.map, live->pages, CANARY_SEED);
	reused = bo_pages(_metadata, &access->canary);
	for (i = 0; i < live->pages; i++)
		found += reused[i].pfn == before[access->page].pfn;
	if (!found)
		ksft_print_msg("the other buffer did not get page %u: judged by the new page\n",
			       access->page);
	free(before);
	free(reused);
}

/* The canaries are unchanged, and so is everything between them. */
static inline void access_expect_canary_untouched(struct __test_metadata *_metadata,
						  const struct access *access)
{
	char *right = malloc(access->canary.size);

	ASSERT_NE(NULL, right);
	memset(right, ACCESS_CANARY, access->canary.size);
	guest_fill(right, access->live.pages, CANARY_SEED);
	EXPECT_EQ(0, memcmp(right, access->canary.map, access->canary.size));
	free(right);
}

/*
 * A fixture with self->access in three variants: two pages of non-compound blocks, one that any
 * kernel maps and one that kernels before 6.13 do not; and a page of VRAM.
 */
#define ACCESS_FIXTURE(name, ...) \
	FIXTURE(name) { \
		struct access access; \
	}; \
	FIXTURE_VARIANT(name) { \
		struct drm_mockgpu_bo_create how; \
		uint32_t page; \
	}; \
	FIXTURE_VARIANT_ADD(name, head) { \
		{ .kind = MOCKGPU_KIND_NONCOMPOUND }, ACCESS_BLOCK, \
	}; \
	FIXTURE_VARIANT_ADD(name, tail) { \
		{ .kind = MOCKGPU_KIND_NONCOMPOUND }, ACCESS_BLOCK + 1, \
	}; \
	FIXTURE_VARIANT_ADD(name, vram) { \
		{ .kind = MOCKGPU_KIND_SPLIT, .placement = MOCKGPU_PLACEMENT_VRAM }, \
		ACCESS_BLOCK + 1, \
	}; \
	FIXTURE_SETUP(name) \
	{ \
		const struct vmm_options options = { __VA_ARGS__ }; \
		access_begin(_metadata, &self->access, &variant->how, variant->page, \
			     &options); \
	} \
	FIXTURE_TEARDOWN(name) \
	{ \
		access_end(_metadata, &self->access); \
	}

#endif /* MOCKGPU_TEST_ACCESS_H */
