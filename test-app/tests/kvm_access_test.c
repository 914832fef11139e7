// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own reads and writes of guest memory that lies in vram: not the guest but KVM
 * (or the CPU, for the guest's page tables) goes there.
 *
 * There are two ways. User access (kvm_write_guest() and its kind) goes by the host's
 * page table, where the driver's fault handler is: that works with any page. A pfn that
 * KVM keeps mapped for itself (struct gfn_to_pfn_cache, virt/kvm/pfncache.c) needs what
 * a guest's mapping needs, so a kernel before 6.13 refuses the same pages; and it has to
 * go when the driver takes the page away.
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>
#include <asm/kvm_para.h>

#include "live.h"
#include "thief.h"

#define ACCESS_ORDER 4
#define ACCESS_BLOCK (1u << ACCESS_ORDER)
#define ACCESS_PAGES (4 * ACCESS_BLOCK)

/* Where in the page; steal time wants 64 bytes of alignment. */
#define ACCESS_OFFSET 0x240

/*
 * Struct pvclock_vcpu_time_info of Documentation/virt/kvm/x86/msr.rst, which is not in
 * the kernel's headers for user space.
 */
struct pvclock {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};

_Static_assert(sizeof(struct pvclock) == 32, "not what KVM writes");

#define PVCLOCK_GUEST_STOPPED (1 << 1)

/* The guest reads its own page there, in the VMM's memory below the payload. */
#define PROBE_GPA 0x1000ull
#define PML4_SPAN (1ull << 39)
#define PTE_ACCESSED (1ull << 5)

FIXTURE(access) {
	struct live live;
	struct mockgpu_bo thief;
	bool refusable;
};

FIXTURE_VARIANT(access) {
	uint32_t kind;
	uint32_t page;
};

FIXTURE_VARIANT_ADD(access, split) { MOCKGPU_KIND_SPLIT, ACCESS_BLOCK + 1 };
FIXTURE_VARIANT_ADD(access, head) { MOCKGPU_KIND_NONCOMPOUND, ACCESS_BLOCK };
FIXTURE_VARIANT_ADD(access, tail) { MOCKGPU_KIND_NONCOMPOUND, ACCESS_BLOCK + 1 };

FIXTURE_SETUP(access)
{
	const struct drm_mockgpu_bo_create want = {
		.size = ACCESS_PAGES * (uint64_t)GUEST_PAGE_SIZE, .kind = variant->kind,
		.order = ACCESS_ORDER,
	};
	struct live *live = &self->live;
	struct drm_mockgpu_page *pages;

	driver_setup(_metadata, &live->driver);
	live->vcpus = 1;
	ASSERT_EQ(0, live_make(_metadata, live, &want));
	memset(live->bo.map, 0, live->bo.size);
	live_vm(_metadata, live);
	pages = bo_pages(_metadata, &live->bo);
	self->refusable = judge_refusal_known() && judge_page_refusable(&pages[variant->page]);
	free(pages);
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->thief));
	live_teardown(_metadata, &self->live);
}

static uint64_t page_gpa(uint32_t page)
{
	return LIVE_GPA + page * (uint64_t)GUEST_PAGE_SIZE;
}

static void *in_page(struct live *live, uint32_t page)
{
	return (char *)live->bo.map + page * (size_t)GUEST_PAGE_SIZE + ACCESS_OFFSET;
}

static int set_msr(struct live *live, uint32_t msr, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} set = { { .nmsrs = 1 }, { .index = msr, .data = value } };
	int ret = vmm_vcpu_ioctl(vmm_vcpu_get(live->vm, 0), KVM_SET_MSRS, &set);

	return ret == 1 ? 0 : -1;
}

/* Enter the guest, which does nothing: KVM does on its way what it has been asked for. */
static void enter(struct __test_metadata *_metadata, struct live *live)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);

	memset(vmm_vcpu_work(vcpu), 0, sizeof(struct guest_work));
	ASSERT_EQ(0, vmm_vcpu_start(vcpu));
	EXPECT_EQ(VMM_EXIT_DOORBELL, vmm_vcpu_run(vcpu))
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
}

/* Another buffer gets, as a rule, the very page that KVM knew: the allocator decides. */
static void move(struct __test_metadata *_metadata, struct live *live, struct mockgpu_bo *thief,
		 uint32_t page)
{
	struct drm_mockgpu_page *before = bo_pages(_metadata, &live->bo), *stolen;
	uint32_t i, found = 0;

	EXPECT_NE(0, thief_steal(_metadata, live, thief));
	stolen = bo_pages(_metadata, thief);
	for (i = 0; i < live->pages; i++)
		found += stolen[i].pfn == before[page].pfn;
	if (!found)
		ksft_print_msg("the other buffer did not get page %u: judged by the new page\n",
			       page);
	free(before);
	free(stolen);
}

/* The canaries are as they were, and so is everything between them. */
static void expect_thief_untouched(struct __test_metadata *_metadata, const struct live *live,
				   struct mockgpu_bo *thief)
{
	char *right = calloc(1, thief->size);

	ASSERT_NE(NULL, right);
	live_fill(right, live->pages, THIEF_SEED);
	EXPECT_EQ(0, memcmp(right, thief->map, thief->size));
	free(right);
}

static void expect_clock(struct __test_metadata *_metadata, const struct pvclock *clock)
{
	EXPECT_NE(0, clock->version);
	EXPECT_EQ(0, clock->version % 2);
	EXPECT_NE(0, clock->system_time);
	EXPECT_NE(0, clock->tsc_to_system_mul);
}

/* By way of a pfn that KVM keeps: kvm_setup_guest_pvclock() in arch/x86/kvm/x86.c. */
TEST_F(access, kvm_clock)
{
	struct live *live = &self->live;
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	struct pvclock *clock = in_page(live, variant->page), before, zero = {};

	/* The error of the first attempt is ignored: kvm_write_system_time(). */
	ASSERT_EQ(0, set_msr(live, MSR_KVM_SYSTEM_TIME_NEW,
			     (page_gpa(variant->page) + ACCESS_OFFSET) | KVM_MSR_ENABLED));
	enter(_metadata, live);
	if (self->refusable && !memcmp(clock, &zero, sizeof(zero))) {
		enter(_metadata, live);
		EXPECT_EQ(0, memcmp(clock, &zero, sizeof(zero)));
		verdict_known(_metadata, "known before 6.13: kvm-clock silently never written");
		return;
	}
	expect_clock(_metadata, clock);
	EXPECT_EQ(0, clock->flags & PVCLOCK_GUEST_STOPPED);
	before = *clock;
	move(_metadata, live, &self->thief, variant->page);
	EXPECT_EQ(0, memcmp(&before, clock, sizeof(before)));
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_KVMCLOCK_CTRL, NULL));
	enter(_metadata, live);
	expect_clock(_metadata, clock);
	EXPECT_LT(before.version, clock->version);
	/* The same where all vCPUs have one master clock. */
	EXPECT_LE(before.system_time, clock->system_time);
	EXPECT_EQ(PVCLOCK_GUEST_STOPPED, clock->flags & PVCLOCK_GUEST_STOPPED);
	expect_thief_untouched(_metadata, live, &self->thief);
}

/* The version goes up each time the vCPU is loaded: record_steal_time(). */
static void expect_steal_time(struct __test_metadata *_metadata, struct live *live,
			      struct kvm_steal_time *steal)
{
	uint32_t before = steal->version;

	enter(_metadata, live);
	EXPECT_LT(before, steal->version);
	EXPECT_EQ(0, steal->version % 2);
}

/* By user access. */
TEST_F(access, steal_time)
{
	struct live *live = &self->live;
	struct kvm_steal_time *steal = in_page(live, variant->page);

	ASSERT_EQ(0, set_msr(live, MSR_KVM_STEAL_TIME,
			     (page_gpa(variant->page) + ACCESS_OFFSET) | KVM_MSR_ENABLED));
	expect_steal_time(_metadata, live, steal);
	move(_metadata, live, &self->thief, variant->page);
	expect_steal_time(_metadata, live, steal);
	expect_thief_untouched(_metadata, live, &self->thief);
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	expect_steal_time(_metadata, live, steal);
}

/* What became of a read by way of entry @entry of the topmost page table. */
static enum guest_result walk(struct __test_metadata *_metadata, struct live *live,
			      uint32_t entry)
{
	const uint32_t visit[] = { 0 };
	uint8_t result[1] = { GUEST_PENDING };
	struct touch touch = {
		.op = GUEST_READ, .gpa = entry * PML4_SPAN + PROBE_GPA, .seed = LIVE_SEED,
		.visit = visit, .visits = 1, .result = result,
	};

	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch))
		TH_LOG("%s", vmm_vcpu_strexit(vmm_vcpu_get(live->vm, 0)));
	return result[0];
}

/* An entry of the topmost table that no walk has met: the host makes it, the guest uses it. */
static void expect_walk(struct __test_metadata *_metadata, struct live *live, uint64_t *pml4,
			uint32_t entry)
{
	pml4[entry] = pml4[0] & ~PTE_ACCESSED;
	EXPECT_EQ(GUEST_MAPPED, walk(_metadata, live, entry));
	EXPECT_EQ(PTE_ACCESSED, pml4[entry] & PTE_ACCESSED);
}

/*
 * The topmost table in vram. With two-dimensional paging the CPU walks, and needs a
 * mapping; with shadow paging KVM does, by user access: walk_addr_generic() in
 * arch/x86/kvm/mmu/paging_tmpl.h. Both set the accessed bit.
 */
TEST_F(access, page_table)
{
	struct live *live = &self->live;
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	uint64_t *pml4 = live_word(live->bo.map, variant->page, 0);
	struct kvm_sregs sregs;

	live_fill((char *)vmm_ram(live->vm) + PROBE_GPA, 1, LIVE_SEED);
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	memcpy(pml4, (char *)vmm_ram(live->vm) + sregs.cr3, GUEST_PAGE_SIZE);
	pml4[0] &= ~PTE_ACCESSED;
	sregs.cr3 = page_gpa(variant->page);
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
	ASSERT_EQ(0, vmm_vcpu_start(vcpu));
	memset(vmm_vcpu_work(vcpu), 0, sizeof(struct guest_work));
	if (self->refusable && vmm_vcpu_run(vcpu) == VMM_EXIT_EFAULT) {
		/* Not even the payload's first instruction. */
		EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(vcpu));
		EXPECT_EQ(0, pml4[0] & PTE_ACCESSED);
		verdict_known(_metadata, "known before 6.13: no walk of a page table there");
		return;
	}
	EXPECT_EQ(GUEST_MAPPED, walk(_metadata, live, 0));
	EXPECT_EQ(PTE_ACCESSED, pml4[0] & PTE_ACCESSED);
	expect_walk(_metadata, live, pml4, 1);
	move(_metadata, live, &self->thief, variant->page);
	expect_walk(_metadata, live, pml4, 2);
	expect_thief_untouched(_metadata, live, &self->thief);
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
