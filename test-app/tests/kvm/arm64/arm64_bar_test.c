// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in a PCI BAR on arm64, where KVM chooses the memory type by the VMA and not by the entry
 * (kvm_s2_fault_pin_pfn() in arch/arm64/kvm/mmu.c). TTM's VMAs are cacheable whatever their entries
 * are, so since 6.17 a BAR is write-back memory for a guest where the CPU has FWB and DIC, and
 * where it has not it is refused. Before, it was a device (docs/findings/arm64-bar.md).
 *
 * No cache is needed to tell: an unaligned access to a device is an alignment fault.
 */
#include "kselftest_harness.h"

#include "arm64.h"
#include "armhost.h"
#include "bar.h"
#include "live.h"
#include "pass.h"

#define PAGES 16
/* So that words are not aligned; the last of a page ends in the next one. */
#define SKEW 4

FIXTURE(bar) {
	struct live live;
	struct armhost host;
	struct pass pass;
};

FIXTURE_VARIANT(bar) {
	uint32_t placement;
	uint32_t caching;
};

FIXTURE_VARIANT_ADD(bar, vram) {
	.placement = MOCKGPU_PLACEMENT_VRAM,
};

/* Controls: RAM is memory for KVM, whatever its entries say. */
FIXTURE_VARIANT_ADD(bar, cached) {
	.placement = MOCKGPU_PLACEMENT_GTT,
};

FIXTURE_VARIANT_ADD(bar, write_combined) {
	.placement = MOCKGPU_PLACEMENT_GTT,
	.caching = MOCKGPU_CACHING_WC,
};

FIXTURE_SETUP(bar)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * GUEST_PAGE_SIZE, .placement = variant->placement,
		.kind = MOCKGPU_KIND_SPLIT, .caching = variant->caching,
	};

	ASSERT_EQ(0, module_want("vram=bar"));
	if (!live_setup(_metadata, &self->live, &want, 1))
		return;
	ASSERT_EQ(0, vmm_create(&self->live.vm, 1));
	ASSERT_EQ(0, armhost_look(self->live.vm, &self->host));
	self->pass.pages = PAGES;
	self->pass.seed = LIVE_SEED;
}

FIXTURE_TEARDOWN(bar)
{
	live_teardown(_metadata, &self->live);
}

/* A memslot, made in the way that the CPU leaves. */
static void set_slot(struct __test_metadata *_metadata, struct live *live,
		     const struct armhost *host)
{
	struct mockgpu_bo *bo = &live->bo;

	EXPECT_EQ(host->refuses ? -EINVAL : 0,
		  vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, bo->map, bo->size, 0));
	if (host->refuses)
		ASSERT_EQ(0, arm64_slot_behind(live->vm, LIVE_SLOT, LIVE_GPA, bo, 0));
}

/* Read words that are not aligned, in a page. Return: how the guest ended. */
static enum vmm_exit read_skewed(struct __test_metadata *_metadata, struct live *live,
				 uint32_t page)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	enum vmm_exit reason;

	guest_fill_page((char *)live->bo.map + page * GUEST_PAGE_SIZE + SKEW, LIVE_SEED, page);
	ASSERT_EQ(0, touch_start_page(vcpu, GUEST_READ, LIVE_GPA + SKEW, page, LIVE_SEED));
	reason = vmm_vcpu_run(vcpu);
	if (reason == VMM_EXIT_DOORBELL)
		EXPECT_EQ(GUEST_MAPPED, vmm_vcpu_work(vcpu)->result[0]);
	return reason;
}

/*
 * What an access to it that is not aligned ends with. QEMU reports the fault of stage 2's type to
 * KVM, which knows no such fault ("Unsupported FSC"), and not to the guest.
 */
static void expect_type(struct __test_metadata *_metadata, struct live *live, bool device)
{
	enum vmm_exit reason = read_skewed(_metadata, live, 1);

	/* An exception of the guest's is VMM_EXIT_OTHER. */
	EXPECT_TRUE(device ? reason == VMM_EXIT_EFAULT || reason == VMM_EXIT_OTHER :
			     reason == VMM_EXIT_DOORBELL);
	ksft_print_msg("an access that is not aligned: %s\n",
		       vmm_vcpu_strexit(vmm_vcpu_get(live->vm, 0)));
}

TEST_F(bar, the_memory_type)
{
	struct live *live = &self->live;
	struct pass *pass = &self->pass;
	const bool vram = variant->placement == MOCKGPU_PLACEMENT_VRAM;
	/* With the capability KVM has decided by the VMA, on a CPU that does not refuse it. */
	const bool device = vram && !self->host.cacheable;

	set_slot(_metadata, live, &self->host);
	if (vram && self->host.refuses) {
		EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, pass, GUEST_READ, GUEST_EFAULT));
		EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, pass, GUEST_WRITE, GUEST_EFAULT));
		EXPECT_EQ(0, guest_differences(live->bo.map, PAGES, LIVE_SEED));
		verdict_known(_metadata,
			      "known since 6.17: EFAULT for a BAR on this CPU (FWB %d, DIC %d)",
			      self->host.fwb, self->host.dic);
		return;
	}
	EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, pass, GUEST_READ, GUEST_MAPPED));
	pass->seed++;
	EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, pass, GUEST_WRITE, GUEST_MAPPED));
	EXPECT_EQ(0, guest_differences(live->bo.map, PAGES, LIVE_SEED + 1));
	expect_type(_metadata, live, device);
	/* It was the access and not the page. */
	guest_fill(live->bo.map, PAGES, pass->seed);
	EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, pass, GUEST_READ, GUEST_MAPPED));
	if (vram && !device)
		verdict_known(_metadata, "known since 6.17: a BAR is write-back memory here");
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with vram=bar\n");
	if (!find_slot())
		ksft_exit_skip("this machine has no PCI device 1af4:1110 (ivshmem-plain)\n");
	return live_run(argc, argv);
}
