// SPDX-License-Identifier: GPL-2.0-only
/*
 * On Intel: a hypervisor in the guest that keeps its own guest's state in a buffer: the VMCS, MSR
 * and I/O bitmaps, EPT tables, and L2's memory.
 *
 * KVM copies the VMCS by user access when L1 loads it and writes it back when L1 loads another
 * or clears it (handle_vmptrld(), nested_release_vmcs12() in arch/x86/kvm/vmx/nested.c), so
 * unlike AMD's VMCB it may be in a VM_PFNMAP page without allow_unsafe_mappings. The I/O
 * bitmaps and EPT tables are read by user access too, and L2's memory is mapped like L1's. KVM
 * maps the MSR bitmap for the moment of the entry, and if it cannot, looks at it by user access
 * at each exit of L2 (nested_vmx_prepare_msr_bitmap(), nested_vmx_exit_handled_msr()). A kernel
 * that accepts every page is ok.
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "vmx.h"
#include "x86host.h"

/* In the MSR bitmap: the bits for reads of the MSRs from 0xc0000000 on are in the second KiB. */
#define MSR_BITMAP_KERNEL_GS_BASE (0x400 + (MSR_KERNEL_GS_BASE - 0xc0000000) / 8)
#define MSR_BITMAP_KERNEL_GS_BASE_BIT (1 << MSR_KERNEL_GS_BASE % 8)
/* In the first I/O bitmap: the doorbell. */
#define IO_BITMAP_DOORBELL (GUEST_DOORBELL_PORT / 8)
#define IO_BITMAP_DOORBELL_BIT (1 << GUEST_DOORBELL_PORT % 8)

ACCESS_FIXTURE(nested_vmx)

/* L1 enters L2, which reaches its doorbell. */
#define expect_entry(_metadata, access, name) \
	do { \
		uint64_t failed = vmx_do(_metadata, access, name, 0); \
		struct kvm_regs now = {}; \
		EXPECT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &now)); \
		ASSERT_TRUE(nested_in_level2(_metadata, access)) \
			TH_LOG(#name ": %d, error %llu", (int)failed, now.rcx); \
	} while (0)

/* L2 continues at @gpa and exits to L1 for that reason. */
static void expect_exit(struct __test_metadata *_metadata, struct access *access, uint64_t gpa,
			uint32_t reason)
{
	struct kvm_regs regs = {};

	EXPECT_EQ(VMM_EXIT_DOORBELL, nested_continue(_metadata, access, gpa))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_FALSE(nested_in_level2(_metadata, access));
	EXPECT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &regs));
	EXPECT_EQ(reason, regs.rbx);
}

/* The VMCS is in the VMM's memory. */
static void begin(struct __test_metadata *_metadata, struct access *access, uint32_t controls,
		  uint64_t ept)
{
	vmx_begin(_metadata, access);
	vmx_load(_metadata, access, nested_ram(access, VMX_VMCS_GPA), VMX_VMCS_GPA);
	vmx_fill(_metadata, access, controls, ept);
}

/* Whether the page has that value somewhere: the layout of a VMCS is KVM's own. */
static bool has_value(const uint64_t *page, uint64_t value)
{
	uint32_t i;

	for (i = 0; i < GUEST_PAGE_SIZE / sizeof(*page); i++)
		if (page[i] == value)
			return true;
	return false;
}

/* It moves while L2 runs, and what KVM writes back comes to the new page. */
TEST_F(nested_vmx, vmcs)
{
	struct access *access = &self->access;
	const uint64_t gpa = access_gpa(access, 0);
	const uint32_t count = nested_page_count(_metadata, access);

	vmx_begin(_metadata, access);
	vmx_load(_metadata, access, access_at(access, 0), gpa);
	vmx_fill(_metadata, access, 0, 0);
	expect_entry(_metadata, access, vmx_vmlaunch);
	EXPECT_EQ(count, nested_page_count(_metadata, access));
	EXPECT_FALSE(has_value(access_at(access, 0), NESTED_LEAVE_GPA));
	access_move(_metadata, access);
	expect_exit(_metadata, access, NESTED_LEAVE_GPA, VMX_REASON_VMCALL);
	EXPECT_EQ(0, vmx_do(_metadata, access, vmx_vmclear, gpa));
	EXPECT_TRUE(has_value(access_at(access, 0), NESTED_LEAVE_GPA));
	access_expect_canary_untouched(_metadata, access);

	/* L1 gets from there what it goes on with: L2 exits again, where it was. */
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	EXPECT_EQ(0, vmx_do(_metadata, access, vmx_vmptrld, gpa));
	EXPECT_EQ(VMX_REASON_VMCALL, vmx_do(_metadata, access, vmx_vmlaunch, 0));
	EXPECT_FALSE(nested_in_level2(_metadata, access));
	EXPECT_EQ(count, nested_page_count(_metadata, access));
}

/* KVM has its copy, so L2 still runs; but L1 cannot load it again. */
TEST_F(nested_vmx, vmcs_revoked)
{
	struct access *access = &self->access;
	const uint64_t gpa = access_gpa(access, 0);

	vmx_begin(_metadata, access);
	vmx_load(_metadata, access, access_at(access, 0), gpa);
	vmx_fill(_metadata, access, 0, 0);
	expect_entry(_metadata, access, vmx_vmlaunch);
	ASSERT_EQ(0, mockgpu_bo_revoke(&access->live.bo));
	expect_exit(_metadata, access, NESTED_LEAVE_GPA, VMX_REASON_VMCALL);
	EXPECT_EQ(0, vmx_do(_metadata, access, vmx_vmclear, gpa));
	EXPECT_EQ(1, vmx_do(_metadata, access, vmx_vmptrld, gpa));
}

/* L2 reads an MSR: directly, or with an exit to L1. L1 has entered it with @name. */
static void expect_rdmsr(struct __test_metadata *_metadata, struct access *access,
			 bool intercepted)
{
	if (intercepted) {
		expect_exit(_metadata, access, NESTED_RDMSR_GPA, VMX_REASON_RDMSR);
		return;
	}
	EXPECT_EQ(VMM_EXIT_DOORBELL, nested_continue(_metadata, access, NESTED_RDMSR_GPA))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_TRUE(nested_in_level2(_metadata, access));
	expect_exit(_metadata, access, NESTED_LEAVE_GPA, VMX_REASON_VMCALL);
}

/* L1 enters L2 again, at its first instruction. */
#define expect_entry_again(_metadata, access) \
	do { \
		vmx_set(_metadata, access, VMCS_GUEST_RIP, NESTED_LEVEL2_GPA); \
		expect_entry(_metadata, access, vmx_vmresume); \
	} while (0)

TEST_F(nested_vmx, msr_bitmap)
{
	struct access *access = &self->access;
	const uint32_t count = nested_page_count(_metadata, access);
	char *bits = access_at(access, MSR_BITMAP_KERNEL_GS_BASE);

	begin(_metadata, access, VMX_PROCESSOR_MSR_BITMAPS, 0);
	vmx_set(_metadata, access, VMCS_MSR_BITMAP, access_gpa(access, 0));
	expect_entry(_metadata, access, vmx_vmlaunch);
	EXPECT_EQ(count, nested_page_count(_metadata, access));
	expect_rdmsr(_metadata, access, false);
	*bits |= MSR_BITMAP_KERNEL_GS_BASE_BIT;
	access_move(_metadata, access);
	expect_entry_again(_metadata, access);
	expect_rdmsr(_metadata, access, true);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	*bits = 0;
	expect_entry_again(_metadata, access);
	expect_rdmsr(_metadata, access, false);
	access_expect_canary_untouched(_metadata, access);
	/* Without a bitmap L1 gets every access. */
	ASSERT_EQ(0, mockgpu_bo_revoke(&access->live.bo));
	expect_entry_again(_metadata, access);
	expect_rdmsr(_metadata, access, true);
}

/* Read at each exit of L2. */
TEST_F(nested_vmx, io_bitmap)
{
	struct access *access = &self->access;
	char *bits = access_at(access, IO_BITMAP_DOORBELL);

	begin(_metadata, access, VMX_PROCESSOR_IO_BITMAPS, 0);
	vmx_set(_metadata, access, VMCS_IO_BITMAP_A, access_gpa(access, 0));
	vmx_set(_metadata, access, VMCS_IO_BITMAP_B, NESTED_PROBE_GPA);
	expect_entry(_metadata, access, vmx_vmlaunch);
	access_move(_metadata, access);
	*bits |= IO_BITMAP_DOORBELL_BIT;
	expect_exit(_metadata, access, NESTED_LEVEL2_GPA, VMX_REASON_IO);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	*bits = 0;
	expect_entry_again(_metadata, access);
	access_expect_canary_untouched(_metadata, access);
	/* Without a bitmap L1 gets every access. */
	ASSERT_EQ(0, mockgpu_bo_revoke(&access->live.bo));
	expect_exit(_metadata, access, NESTED_LEVEL2_GPA, VMX_REASON_IO);
}

/* What points to L2's EPT tables, whose entries KVM marks as accessed if it can. */
static uint64_t ept_pointer(const struct access *access)
{
	const uint64_t can = access_get_msr(access, MSR_VMX_EPT_VPID_CAP);

	return NESTED_PML4_GPA | EPT_POINTER_WB | EPT_POINTER_LEVELS |
	       (can & EPT_CAP_ACCESSED ? EPT_POINTER_ACCESSED : 0);
}

/* A new entry, which the host creates and L2 uses; KVM marks it in a buffer. */
static void expect_walk(struct __test_metadata *_metadata, struct access *access, uint64_t *pdpt,
			uint32_t entry)
{
	pdpt[entry] = NESTED_PD_GPA | NESTED_TABLE;
	EXPECT_EQ(GUEST_MAPPED, nested_touch(_metadata, access, GUEST_READ,
					     entry * NESTED_GIB + NESTED_PROBE_GPA, LIVE_SEED));
	if (ept_pointer(access) & EPT_POINTER_ACCESSED)
		EXPECT_EQ(EPT_ACCESSED, pdpt[entry] & EPT_ACCESSED);
}

/* By user access: walk_addr_generic() in arch/x86/kvm/mmu/paging_tmpl.h. */
TEST_F(nested_vmx, page_tables)
{
	struct access *access = &self->access;
	uint64_t *pdpt = access_at(access, 0);

	if (!vmx_has_ept(access))
		SKIP(return, "there is no nested paging for L1 with shadow paging");
	guest_fill(nested_ram(access, NESTED_PROBE_GPA), 1, LIVE_SEED);
	nested_build_tables(access, pdpt, access_gpa(access, 0), EPT_LEAF);
	begin(_metadata, access, 0, ept_pointer(access));
	expect_entry(_metadata, access, vmx_vmlaunch);
	expect_walk(_metadata, access, pdpt, 1);
	access_move(_metadata, access);
	expect_walk(_metadata, access, pdpt, 2);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_walk(_metadata, access, pdpt, 3);
	expect_exit(_metadata, access, NESTED_LEAVE_GPA, VMX_REASON_VMCALL);
}

static void try_memory(struct __test_metadata *_metadata, struct access *access, uint64_t ept)
{
	guest_fill(access_at(access, 0), 1, LIVE_SEED);
	begin(_metadata, access, 0, ept);
	expect_entry(_metadata, access, vmx_vmlaunch);
	if (!nested_memory_follows(_metadata, access))
		return;
	expect_exit(_metadata, access, NESTED_LEAVE_GPA, VMX_REASON_VMCALL);
}

/* L2 has L1's memory. */
TEST_F(nested_vmx, memory)
{
	try_memory(_metadata, &self->access, 0);
}

/* L1 gives it to L2 through its own EPT tables, which KVM shadows. */
TEST_F(nested_vmx, memory_by_ept)
{
	struct access *access = &self->access;

	if (!vmx_has_ept(access))
		SKIP(return, "there is no nested paging for L1 with shadow paging");
	nested_build_tables(access, nested_ram(access, NESTED_PDPT_GPA), NESTED_PDPT_GPA,
			    EPT_LEAF);
	try_memory(_metadata, access, ept_pointer(access));
}

int main(int argc, char **argv)
{
	if (!x86host_is_set("intel", "nested"))
		ksft_exit_skip("no nested VMX: load kvm-intel with nested=1\n");
	return live_run(argc, argv);
}
