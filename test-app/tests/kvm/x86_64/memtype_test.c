// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory types: what remains of write-back, write-combining and uncached buffers in the guest.
 * With AMD's nested paging KVM's entries have no memory type: the guest's own PAT decides, the
 * host's type is not passed on (svm_x86_ops has no get_mt_mask, see make_spte() in
 * arch/x86/kvm/mmu/spte.c). QEMU's emulation has no memory types at all, so what can be read
 * back is what was requested, and that data is correct throughout.
 */

#include <inttypes.h>
#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "kvmtrace.h"
#include "live.h"

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

FIXTURE(memtype) {
	struct live live;
};

FIXTURE_VARIANT(memtype) {
	struct drm_mockgpu_bo_create want;
	const char *entry;
};

#define VARIANT(_name, _caching, _placement, _entry)				\
FIXTURE_VARIANT_ADD(memtype, _name) {						\
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,	\
		  .caching = MOCKGPU_CACHING_##_caching,			\
		  .placement = MOCKGPU_PLACEMENT_##_placement },		\
	.entry = _entry,							\
}

VARIANT(write_back, CACHED, GTT, "write-back");
VARIANT(write_combining, WC, GTT, "write-combining");
/* TTM uses pgprot_noncached(), which is UC-. */
VARIANT(uncached, UC, GTT, "uncached-minus");
VARIANT(vram, CACHED, VRAM, "write-combining");

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

/* Whether a module parameter is on. */
static bool is_on(const char *path)
{
	FILE *file = fopen(path, "re");
	int value = file ? fgetc(file) : EOF;

	if (file)
		fclose(file);
	return value == 'Y' || value == '1';
}

static bool has_npt(void)
{
	return is_on("/sys/module/kvm_amd/parameters/npt");
}

static bool has_tdp(void)
{
	return has_npt() || is_on("/sys/module/kvm_intel/parameters/ept");
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

/* PWT, PCD and PAT of AMD's entries, nested or shadow: 0, so the guest's type applies. */
#define SPTE_TYPE (1ull << 3 | 1ull << 4 | 1ull << 7)

TEST_F(memtype, the_hosts_entries)
{
	expect_hosts_entries(_metadata, &self->live, variant->entry);
}

TEST_F(memtype, kvms_entries)
{
	struct live *live = &self->live;
	static char text[64 * 1024];
	struct kvmtrace trace;
	struct drm_mockgpu_page page;
	uint32_t at = 0;
	uint64_t entry;
	int ret;

	if (!has_npt())
		SKIP(return, "the type in KVM's entries is known of AMD's nested paging only");
	ret = kvmtrace_begin(&trace);
	if (ret)
		SKIP(return, "KVM's tracepoints cannot be read: %s", strerror(-ret));
	EXPECT_TRUE(live_maps(_metadata, live));
	kvmtrace_end(&trace, text, sizeof(text));
	entry = traced_entry(live, text, &at);
	ASSERT_EQ(1, mockgpu_bo_pages(&live->bo, at, 1, &page));
	EXPECT_EQ(page.pfn, entry >> 12 & ((1ull << 40) - 1))
		TH_LOG("the trace is:\n%s", text);
	EXPECT_EQ(0, entry & SPTE_TYPE);
}

static int set_pat(struct vmm_vcpu *vcpu, uint64_t value)
{
	struct {
		struct kvm_msrs list;
		struct kvm_msr_entry entry;
	} msr = { .list.nmsrs = 1, .entry = { .index = MSR_IA32_CR_PAT, .data = value } };

	return vmm_vcpu_ioctl(vcpu, KVM_SET_MSRS, &msr);
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
static void disable_quirk(struct __test_metadata *_metadata, struct live *live)
{
	const int known = vmm_check(live->vm, KVM_CAP_DISABLE_QUIRKS2);
	const bool has = known & KVM_X86_QUIRK_IGNORE_GUEST_PAT;

	EXPECT_NE(0, known);
	if (!has_tdp())
		EXPECT_FALSE(has);
	EXPECT_EQ(has ? 0 : -EINVAL, vmm_enable(live->vm, KVM_CAP_DISABLE_QUIRKS2,
						KVM_X86_QUIRK_IGNORE_GUEST_PAT));
}

TEST_F(memtype, the_guest_has_its_own_type)
{
	struct live *live = &self->live;
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);

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
