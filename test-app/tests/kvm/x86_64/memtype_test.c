// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory types: what remains of write-back, write-combining and uncached buffers in the guest.
 *
 * With AMD's nested paging and with shadow paging KVM's entries have no memory type: the guest's
 * own PAT decides, or nothing does; the host's type is not passed on (svm_x86_ops has no
 * get_mt_mask, see make_spte() in arch/x86/kvm/mmu/spte.c).
 *
 * Intel's EPT entries have a type (bits 5:3) and a bit that makes the CPU ignore the guest's PAT
 * (bit 6, IPAT; "EPT and Memory Typing" in the "Intel 64 and IA-32 Architectures Software
 * Developer's Manual", volume 3). KVM makes all RAM write-back for all guests, whatever the host's
 * own entries say, and MMIO uncached unless the guest wants write-combining (vmx_get_mt_mask() in
 * arch/x86/kvm/vmx/vmx.c). What has PG_reserved and is not write-back on the host is MMIO
 * (kvm_is_mmio_pfn() in arch/x86/kvm/mmu/spte.c), and so is what has no struct page, unless
 * the firmware calls it RAM (vram=cutoff).
 *
 * Emulators have no memory types at all, so what can be read back is what was requested, and
 * that data is correct throughout.
 */

#include <inttypes.h>
#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "behaviour.h"
#include "kvmtrace.h"
#include "live.h"
#include "x86host.h"

#define PAGES 32

/* From newer x86 headers; Debian 13's linux/kvm.h is older. */
#ifndef KVM_X86_QUIRK_IGNORE_GUEST_PAT
#define KVM_X86_QUIRK_IGNORE_GUEST_PAT (1 << 9)
#endif

#define MSR_IA32_CR_PAT 0x277
/* The PAT after reset; entries with no PAT bits set use its first entry. */
#define PAT_RESET 0x0007040600070406ull
#define PAT_UC 0
#define PAT_WC 1
#define PAT_WB 6

#define MSR_MTRR_DEF_TYPE 0x2ff
#define MTRR_ENABLE (1ull << 11)
#define X86_CR0_CD (1ull << 30)

FIXTURE(memtype) {
	struct live live;
};

/**
 * struct _fixture_variant_memtype - a buffer
 * @want: it
 * @entry: its type in the host's page table
 * @mmio: whether KVM takes it for MMIO
 */
FIXTURE_VARIANT(memtype) {
	struct drm_mockgpu_bo_create want;
	const char *entry;
	bool mmio;
};

#define VARIANT(_name, _kind, _caching, _placement, _entry, _mmio)		\
FIXTURE_VARIANT_ADD(memtype, _name) {						\
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_##_kind, .order = 4, \
		  .caching = MOCKGPU_CACHING_##_caching,			\
		  .placement = MOCKGPU_PLACEMENT_##_placement },		\
	.entry = _entry, .mmio = _mmio,						\
}

VARIANT(write_back, SPLIT, CACHED, GTT, "write-back", false);
VARIANT(write_combining, SPLIT, WC, GTT, "write-combining", false);
/* TTM uses pgprot_noncached(), which is UC-. */
VARIANT(uncached, SPLIT, UC, GTT, "uncached-minus", false);
VARIANT(noncompound_wc, NONCOMPOUND, WC, GTT, "write-combining", false);
VARIANT(reserved_wb, RESERVED, CACHED, GTT, "write-back", false);
VARIANT(reserved_wc, RESERVED, WC, GTT, "write-combining", true);
VARIANT(reserved_uc, RESERVED, UC, GTT, "uncached-minus", true);
VARIANT(vram, SPLIT, CACHED, VRAM, "write-combining", true);

FIXTURE_SETUP(memtype)
{
	struct live *live = &self->live;

	driver_setup(_metadata, &live->driver);
	live->vcpus = 1;
	ASSERT_EQ(0, live_make(_metadata, live, &variant->want));
	live_vm(_metadata, live);
}

FIXTURE_TEARDOWN(memtype)
{
	live_teardown(_metadata, &self->live);
}

static bool has_ept(void)
{
	return x86host_is_set("intel", "ept");
}

/* The host's own entries have the type that the driver asked for. */
static void expect_hosts_entries(struct __test_metadata *_metadata, struct live *live,
				 const char *type)
{
	struct mockgpu_entry entry;
	uint32_t page;

	for (page = 0; page < live->pages; page++) {
		ASSERT_EQ(0, mockgpu_entry_get(live->driver.fd, live_word(live->bo.map, page, 0),
					       &entry));
		EXPECT_TRUE(entry.present);
		EXPECT_STREQ(type, mockgpu_entry_caching(&entry));
	}
}

/*
 * "kvm_mmu_set_spte: gfn 100000 spte 7600e67 (...": the entry for the page of the memslot that
 * the guest touched first.
 */
static uint64_t traced_entry(const struct live *live, const char *trace, uint32_t *page)
{
	const uint64_t first = LIVE_GPA / GUEST_PAGE_SIZE;
	uint64_t gfn, entry;
	const char *at;

	for (at = trace; (at = strstr(at, " gfn ")); at++) {
		if (sscanf(at, " gfn %" SCNx64 " spte %" SCNx64, &gfn, &entry) != 2 ||
		    gfn < first || gfn - first >= live->pages)
			continue;
		*page = gfn - first;
		return entry;
	}
	return 0;
}

/* PWT, PCD and PAT of AMD's nested entries and of shadow entries: 0. */
#define SPTE_TYPE (1ull << 3 | 1ull << 4 | 1ull << 7)
#define EPT_TYPE (7ull << 3)
#define EPT_UC (0ull << 3)
#define EPT_WB (6ull << 3)
#define EPT_IPAT (1ull << 6)

TEST_F(memtype, the_hosts_entries)
{
	expect_hosts_entries(_metadata, &self->live, variant->entry);
}

/* The guest reads the first page, the head of a block, which any kernel maps. */
static void touch_head(struct __test_metadata *_metadata, struct live *live)
{
	const uint32_t sequence[] = { 0 };
	uint8_t result[1] = { GUEST_PENDING };
	struct touch touch = {
		.op = GUEST_READ, .gpa = LIVE_GPA, .seed = LIVE_SEED,
		.sequence = sequence, .accesses = 1, .result = result,
	};
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);

	EXPECT_EQ(0, touch_run(vcpu, &touch))
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
	EXPECT_EQ(GUEST_MAPPED, result[0]);
}

/* @mmio unless it is VRAM that the firmware calls RAM. */
static bool is_mmio(struct __test_metadata *_metadata, const struct live *live, bool mmio)
{
	uint64_t source = 0;

	EXPECT_EQ(0, mockgpu_get_param(live->driver.fd, MOCKGPU_PARAM_VRAM_SOURCE, &source));
	return mmio && (bo_query(_metadata, &live->bo).placement != MOCKGPU_PLACEMENT_VRAM ||
			source != MOCKGPU_VRAM_CUTOFF);
}

/* The type in KVM's entry for a page of the buffer; @wb is that of RAM in EPT entries. */
static void expect_type(struct __test_metadata *_metadata, struct live *live, bool mmio,
			uint64_t wb)
{
	static char text[64 * 1024];
	const uint64_t mask = has_ept() ? EPT_TYPE | EPT_IPAT : SPTE_TYPE;
	const uint64_t type = !has_ept() ? 0 : is_mmio(_metadata, live, mmio) ? EPT_UC : wb;
	struct kvmtrace trace;
	struct drm_mockgpu_page page;
	uint32_t at = 0;
	uint64_t entry;
	int ret;

	ret = kvmtrace_begin(&trace);
	if (ret)
		SKIP(return, "KVM's tracepoints cannot be read: %s", strerror(-ret));
	touch_head(_metadata, live);
	kvmtrace_end(&trace, text, sizeof(text));
	entry = traced_entry(live, text, &at);
	ASSERT_EQ(1, mockgpu_bo_pages(&live->bo, at, 1, &page));
	EXPECT_EQ(page.pfn, entry >> 12 & ((1ull << 40) - 1))
		TH_LOG("the trace is:\n%s", text);
	EXPECT_EQ(type, entry & mask);
}

TEST_F(memtype, kvms_entries)
{
	expect_type(_metadata, &self->live, variant->mmio, EPT_WB | EPT_IPAT);
}

static int set_msr(struct vmm_vcpu *vcpu, uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs list;
		struct kvm_msr_entry entry;
	} msr = { .list.nmsrs = 1, .entry = { .index = index, .data = value } };

	return vmm_vcpu_ioctl(vcpu, KVM_SET_MSRS, &msr);
}

static int set_pat(struct vmm_vcpu *vcpu, uint64_t value)
{
	return set_msr(vcpu, MSR_IA32_CR_PAT, value);
}

static uint64_t get_pat(struct vmm_vcpu *vcpu)
{
	struct {
		struct kvm_msrs list;
		struct kvm_msr_entry entry;
	} msr = { .list.nmsrs = 1, .entry = { .index = MSR_IA32_CR_PAT } };

	return vmm_vcpu_ioctl(vcpu, KVM_GET_MSRS, &msr) == 1 ? msr.entry.data : 0;
}

/* Data in both directions, with one memory type in the guest. */
static void expect_data(struct __test_metadata *_metadata, struct live *live, uint64_t type)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	const uint64_t pat = (PAT_RESET & ~0xffull) | type;

	ASSERT_EQ(1, set_pat(vcpu, pat));
	EXPECT_TRUE(live_maps(_metadata, live));
	live_clear(live);
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	EXPECT_EQ(pat, get_pat(vcpu));
}

/*
 * The quirk that lets KVM on Intel ignore the guest's PAT: KVM accepts exactly what it reports.
 * Shadow paging always ignores the PAT, so there is nothing to disable. On AMD the quirk can be
 * disabled, without effect.
 */
static bool disable_quirk(struct __test_metadata *_metadata, struct live *live)
{
	const int known = vmm_check(live->vm, KVM_CAP_DISABLE_QUIRKS2);
	const bool has = known & KVM_X86_QUIRK_IGNORE_GUEST_PAT;

	EXPECT_NE(0, known);
	if (!x86host_has_tdp())
		EXPECT_FALSE(has);
	EXPECT_EQ(has ? 0 : -EINVAL, vmm_enable(live->vm, KVM_CAP_DISABLE_QUIRKS2,
						KVM_X86_QUIRK_IGNORE_GUEST_PAT));
	return has;
}

/* Without the quirk RAM is still write-back, but the guest's PAT decides. */
TEST_F(memtype, kvms_entries_without_the_quirk)
{
	const bool off = disable_quirk(_metadata, &self->live);

	expect_type(_metadata, &self->live, variant->mmio, off ? EPT_WB : EPT_WB | EPT_IPAT);
}

/* Neither a guest that turns its caches off nor its MTRRs have a say. */
TEST_F(memtype, kvms_entries_for_a_guest_without_caches)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->live.vm, 0);
	struct kvm_sregs sregs;

	EXPECT_EQ(1, set_msr(vcpu, MSR_MTRR_DEF_TYPE, MTRR_ENABLE | PAT_UC));
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.cr0 |= X86_CR0_CD;
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
	expect_type(_metadata, &self->live, variant->mmio, EPT_WB | EPT_IPAT);
}

TEST_F(memtype, the_guest_has_its_own_type)
{
	struct live *live = &self->live;
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);

	if (variant->want.kind == MOCKGPU_KIND_NONCOMPOUND &&
	    behaviour_excused(BEHAVIOUR_REFUSES_TAILS))
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
	EXPECT_EQ(PAT_RESET, get_pat(vcpu));
	expect_data(_metadata, live, PAT_WB);
	expect_data(_metadata, live, PAT_WC);
	disable_quirk(_metadata, live);
	expect_data(_metadata, live, PAT_UC);
	expect_data(_metadata, live, PAT_WB);
	/* An undefined type is refused, and changes nothing. */
	EXPECT_EQ(0, set_pat(vcpu, PAT_RESET | 0xff));
	EXPECT_EQ((PAT_RESET & ~0xffull) | PAT_WB, get_pat(vcpu));
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
