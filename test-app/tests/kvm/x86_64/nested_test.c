// SPDX-License-Identifier: GPL-2.0-only
/*
 * On AMD: a hypervisor in the guest that keeps its own guest's state in a buffer: the VMCB, the
 * MSR bitmap, nested page tables, and L2's memory.
 *
 * KVM maps the VMCB for the moment of VMRUN and of the exit (kvm_vcpu_map() in
 * virt/kvm/kvm_main.c): up to 6.12 any page to which it can take a reference; since 6.13 no
 * VM_PFNMAP page at all, unless kvm.ko was loaded with allow_unsafe_mappings=1. KVM reads the
 * other two by user access, and L2's memory is mapped like L1's. A kernel that
 * accepts every page is ok.
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "svm.h"
#include "sysfs.h"
#include "x86host.h"

/* The read bit: there are two bits for each MSR from 0xc0000000 on, in the second 2 KiB. */
#define MSRPM_KERNEL_GS_BASE (0x800 + (MSR_KERNEL_GS_BASE - 0xc0000000) / 4)

ACCESS_FIXTURE(nested)

/* L1 runs VMRUN with the VMCB at @vmcb. */
static enum vmm_exit vmrun(struct __test_metadata *_metadata, struct access *access,
			   uint64_t vmcb)
{
	const struct kvm_regs regs = { .rax = vmcb };

	code_enter(_metadata, access_vcpu(access), &regs);
	return vmm_vcpu_run(access_vcpu(access));
}

/* The VMCB is at @vmcb, or at GPA @gpa; L2 reaches its first instruction, again. */
static void expect_entry(struct __test_metadata *_metadata, struct access *access, char *vmcb,
			 uint64_t gpa)
{
	vmcb_set(vmcb, VMCB_RIP, NESTED_LEVEL2_GPA);
	ASSERT_EQ(VMM_EXIT_DOORBELL, vmrun(_metadata, access, gpa))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	ASSERT_TRUE(nested_in_level2(_metadata, access));
}

/* It ends with VMMCALL, and L1 finds that in the VMCB. */
static void expect_leave(struct __test_metadata *_metadata, struct access *access,
			 const char *vmcb)
{
	EXPECT_EQ(VMM_EXIT_DOORBELL, nested_continue(_metadata, access, NESTED_LEAVE_GPA))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_FALSE(nested_in_level2(_metadata, access));
	EXPECT_EQ(SVM_EXIT_VMMCALL, vmcb_exit_code(vmcb));
}

#define ALLOW_UNSAFE "/sys/module/kvm/parameters/allow_unsafe_mappings"

static bool vmcb_is_refused_by_default(void)
{
	char value[8];

	return !sysfs_read(ALLOW_UNSAFE, value, sizeof(value)) && !sysfs_is_set(ALLOW_UNSAFE);
}

/* Before 6.13 a protection fault in L1; since then an error for the VMM. */
static void expect_vmcb_refusal(struct __test_metadata *_metadata, struct access *access,
				enum vmm_exit reason)
{
	struct kvm_regs regs = {};

	if (reason == VMM_EXIT_UNEMULATED) {
		EXPECT_EQ(VMM_EXIT_UNEMULATED, vmm_vcpu_run(access_vcpu(access)));
		verdict_seen(_metadata, vmcb_is_refused_by_default(),
			     "known since 6.13: no VMRUN without kvm.allow_unsafe_mappings");
		return;
	}
	EXPECT_EQ(VMM_EXIT_DOORBELL, reason)
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &regs));
	EXPECT_EQ(1, regs.rbx);
	verdict_seen(_metadata, access->refusable, "known before 6.13: #GP at VMRUN");
}

/* Whether KVM accepts a VMCB there. If it does not, nothing has changed. */
static bool vmcb_is_taken(struct __test_metadata *_metadata, struct access *access)
{
	char before[GUEST_PAGE_SIZE];
	enum vmm_exit reason;

	vmcb_set(access_at(access, 0), VMCB_RIP, NESTED_LEVEL2_GPA);
	memcpy(before, access_at(access, 0), sizeof(before));
	reason = vmrun(_metadata, access, access_gpa(access, 0));
	if (nested_in_level2(_metadata, access))
		return reason == VMM_EXIT_DOORBELL;
	expect_vmcb_refusal(_metadata, access, reason);
	EXPECT_EQ(0, memcmp(before, access_at(access, 0), sizeof(before)));
	return false;
}

/* It moves while L2 runs and while L1 does. */
TEST_F(nested, vmcb)
{
	struct access *access = &self->access;
	const uint64_t gpa = access_gpa(access, 0);
	char *vmcb = access_at(access, 0);
	uint32_t count = nested_page_count(_metadata, access);

	svm_begin(_metadata, access, vmcb);
	if (!vmcb_is_taken(_metadata, access)) {
		EXPECT_EQ(count, nested_page_count(_metadata, access));
		return;
	}
	EXPECT_EQ(count, nested_page_count(_metadata, access));
	access_move(_metadata, access);
	/* In a PCI BAR there was no count, and now there is one. */
	if (variant->how.placement == MOCKGPU_PLACEMENT_VRAM)
		count = nested_page_count(_metadata, access);
	expect_leave(_metadata, access, vmcb);
	expect_entry(_metadata, access, vmcb, gpa);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_leave(_metadata, access, vmcb);
	access_expect_canary_untouched(_metadata, access);
	EXPECT_EQ(count, nested_page_count(_metadata, access));
}

/* When L2 exits there is nowhere to write to: this ends the VM. */
TEST_F(nested, vmcb_revoked)
{
	struct access *access = &self->access;

	svm_begin(_metadata, access, access_at(access, 0));
	if (!vmcb_is_taken(_metadata, access))
		return;
	ASSERT_EQ(0, mockgpu_bo_revoke(&access->live.bo));
	EXPECT_EQ(VMM_EXIT_OTHER, nested_continue(_metadata, access, NESTED_LEAVE_GPA));
	EXPECT_EQ(KVM_EXIT_SHUTDOWN, vmm_vcpu_kvm_run(access_vcpu(access))->exit_reason)
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
}

/* L2 reads an MSR: directly, or with an exit to L1. */
static void expect_rdmsr(struct __test_metadata *_metadata, struct access *access,
			 char *vmcb, bool intercepted)
{
	expect_entry(_metadata, access, vmcb, SVM_VMCB_GPA);
	EXPECT_EQ(VMM_EXIT_DOORBELL, nested_continue(_metadata, access, NESTED_RDMSR_GPA))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_EQ(!intercepted, nested_in_level2(_metadata, access));
	if (!intercepted) {
		expect_leave(_metadata, access, vmcb);
		return;
	}
	EXPECT_EQ(SVM_EXIT_MSR, vmcb_exit_code(vmcb));
}

/* By user access: nested_svm_vmrun_msrpm(), from 7.0 on nested_svm_merge_msrpm(). */
TEST_F(nested, msr_bitmap)
{
	struct access *access = &self->access;
	char *vmcb = nested_ram(access, SVM_VMCB_GPA);
	char *bits = access_at(access, MSRPM_KERNEL_GS_BASE);

	svm_begin(_metadata, access, vmcb);
	vmcb_set32(vmcb, VMCB_INTERCEPT_MISC1, VMCB_MISC1_MSR);
	vmcb_set(vmcb, VMCB_MSRPM, access_gpa(access, 0));
	expect_rdmsr(_metadata, access, vmcb, false);
	*bits |= 1 << (MSR_KERNEL_GS_BASE % 4 * 2);
	access_move(_metadata, access);
	expect_rdmsr(_metadata, access, vmcb, true);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	*bits = 0;
	expect_rdmsr(_metadata, access, vmcb, false);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_revoke(&access->live.bo));
	EXPECT_EQ(VMM_EXIT_DOORBELL, vmrun(_metadata, access, SVM_VMCB_GPA));
	EXPECT_FALSE(nested_in_level2(_metadata, access));
	EXPECT_EQ(SVM_EXIT_INVALID, vmcb_exit_code(vmcb));
}

/* A new entry, which the host creates and L2 uses; KVM marks it in a buffer. */
static void expect_walk(struct __test_metadata *_metadata, struct access *access, uint64_t *pdpt,
			uint32_t entry)
{
	pdpt[entry] = NESTED_PD_GPA | NESTED_TABLE;
	EXPECT_EQ(GUEST_MAPPED, nested_touch(_metadata, access, GUEST_READ,
					     entry * NESTED_GIB + NESTED_PROBE_GPA, LIVE_SEED));
	EXPECT_EQ(SVM_ACCESSED, pdpt[entry] & SVM_ACCESSED);
}

/* By user access: walk_addr_generic() in arch/x86/kvm/mmu/paging_tmpl.h. */
TEST_F(nested, page_tables)
{
	struct access *access = &self->access;
	char *vmcb = nested_ram(access, SVM_VMCB_GPA);
	uint64_t *pdpt = access_at(access, 0);

	if (!x86host_is_set("amd", "npt"))
		SKIP(return, "there is no nested paging for L1 with shadow paging");
	guest_fill(nested_ram(access, NESTED_PROBE_GPA), 1, LIVE_SEED);
	svm_begin(_metadata, access, vmcb);
	svm_build_tables(access, vmcb, pdpt, access_gpa(access, 0));
	expect_entry(_metadata, access, vmcb, SVM_VMCB_GPA);
	EXPECT_EQ(SVM_ACCESSED, pdpt[0] & SVM_ACCESSED);
	expect_walk(_metadata, access, pdpt, 1);
	access_move(_metadata, access);
	expect_walk(_metadata, access, pdpt, 2);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_walk(_metadata, access, pdpt, 3);
	expect_leave(_metadata, access, vmcb);
}

static void try_memory(struct __test_metadata *_metadata, struct access *access, char *vmcb)
{
	guest_fill(access_at(access, 0), 1, LIVE_SEED);
	expect_entry(_metadata, access, vmcb, SVM_VMCB_GPA);
	if (!nested_memory_follows(_metadata, access))
		return;
	expect_leave(_metadata, access, vmcb);
}

/* L2 has L1's memory. */
TEST_F(nested, memory)
{
	struct access *access = &self->access;
	char *vmcb = nested_ram(access, SVM_VMCB_GPA);

	svm_begin(_metadata, access, vmcb);
	try_memory(_metadata, access, vmcb);
}

/* L1 gives it to L2 through its own page tables, which KVM shadows. */
TEST_F(nested, memory_by_nested_paging)
{
	struct access *access = &self->access;
	char *vmcb = nested_ram(access, SVM_VMCB_GPA);

	if (!x86host_is_set("amd", "npt"))
		SKIP(return, "there is no nested paging for L1 with shadow paging");
	svm_begin(_metadata, access, vmcb);
	svm_build_tables(access, vmcb, nested_ram(access, NESTED_PDPT_GPA), NESTED_PDPT_GPA);
	try_memory(_metadata, access, vmcb);
}

int main(int argc, char **argv)
{
	if (!x86host_is_set("amd", "nested"))
		ksft_exit_skip("no nested SVM: load kvm-amd with nested=1\n");
	return live_run(argc, argv);
}
