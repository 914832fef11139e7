/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is itself a hypervisor, on AMD: it enters its own guest, L2, with VMRUN.
 *
 * The VMCB's fields are those of the "AMD64 Architecture Programmer's Manual", volume 2,
 * appendix B. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_SVM_H
#define MOCKGPU_TEST_SVM_H

#include "nested.h"

#define SVM_MSR_HSAVE 0xc0010117
#define X86_EFER_SVME (1ull << 12)

#define SVM_HSAVE_GPA NESTED_CONTROL_GPA
#define SVM_VMCB_GPA NESTED_STATE_GPA

#define VMCB_INTERCEPT_MISC1 0x00c
#define VMCB_MISC1_MSR (1u << 28)
#define VMCB_INTERCEPT_MISC2 0x010
#define VMCB_MISC2_VMRUN (1u << 0)
#define VMCB_MISC2_VMMCALL (1u << 1)
#define VMCB_MSRPM 0x048
#define VMCB_ASID 0x058
#define VMCB_EXIT_CODE 0x070
#define VMCB_NP 0x090
#define VMCB_NP_ENABLE 1
#define VMCB_NCR3 0x0b0
#define VMCB_ES 0x400
#define VMCB_CS 0x410
#define VMCB_SS 0x420
#define VMCB_DS 0x430
#define VMCB_EFER 0x4d0
#define VMCB_CR4 0x548
#define VMCB_CR3 0x550
#define VMCB_CR0 0x558
#define VMCB_DR7 0x560
#define VMCB_DR6 0x568
#define VMCB_RFLAGS 0x570
#define VMCB_RIP 0x578
#define VMCB_RSP 0x5d8
#define VMCB_PAT 0x668

#define VMCB_DR6_FIXED 0xffff0ff0ull
#define VMCB_DR7_FIXED 0x400ull
#define VMCB_RFLAGS_FIXED 2ull
#define VMCB_PAT_DEFAULT 0x0007040600070406ull

/* Segment attributes: bits 8 to 15 and 20 to 23 of a descriptor. */
#define VMCB_ATTRIBUTES(descriptor) \
	(((descriptor) >> 40 & 0xff) | ((descriptor) >> 44 & 0xf00))

#define SVM_EXIT_MSR 0x7c
#define SVM_EXIT_VMMCALL 0x81
#define SVM_EXIT_INVALID 0xffffffffu

/* L1: enters L2, and rings the doorbell when that has ended. */
CODE(svm_vmrun, "vmrun\n" CODE_DOORBELL "jmp svm_vmrun");
/* L2: how it exits. */
CODE(svm_leave, "vmmcall");

static inline void vmcb_set32(char *vmcb, uint32_t field, uint32_t value)
{
	memcpy(vmcb + field, &value, sizeof(value));
}

static inline void vmcb_set(char *vmcb, uint32_t field, uint64_t value)
{
	memcpy(vmcb + field, &value, sizeof(value));
}

/* Only the lower half: kernels before 7.0 store the upper one separately. */
static inline uint32_t vmcb_exit_code(const char *vmcb)
{
	uint32_t code;

	memcpy(&code, vmcb + VMCB_EXIT_CODE, sizeof(code));
	return code;
}

static inline void vmcb_set_segment(char *vmcb, uint32_t field, uint32_t selector,
				    uint64_t descriptor)
{
	vmcb_set32(vmcb, field, selector | VMCB_ATTRIBUTES(descriptor) << 16);
	vmcb_set32(vmcb, field + 4, 0xffffffff);
	vmcb_set(vmcb, field + 8, 0);
}

/* Set L2 to the state of L1, at its first instruction; the VMCB is at @vmcb. */
static inline void svm_build_vmcb(char *vmcb, const struct kvm_sregs *sregs)
{
	memset(vmcb, 0, GUEST_PAGE_SIZE);
	vmcb_set32(vmcb, VMCB_INTERCEPT_MISC2, VMCB_MISC2_VMRUN | VMCB_MISC2_VMMCALL);
	vmcb_set32(vmcb, VMCB_ASID, 1);
	vmcb_set_segment(vmcb, VMCB_CS, INTERRUPTS_CODE_SELECTOR, X86_LONG_CODE);
	vmcb_set_segment(vmcb, VMCB_DS, INTERRUPTS_DATA_SELECTOR, X86_LONG_DATA);
	vmcb_set_segment(vmcb, VMCB_ES, INTERRUPTS_DATA_SELECTOR, X86_LONG_DATA);
	vmcb_set_segment(vmcb, VMCB_SS, INTERRUPTS_DATA_SELECTOR, X86_LONG_DATA);
	vmcb_set(vmcb, VMCB_EFER, sregs->efer);
	vmcb_set(vmcb, VMCB_CR0, sregs->cr0);
	vmcb_set(vmcb, VMCB_CR3, sregs->cr3);
	vmcb_set(vmcb, VMCB_CR4, sregs->cr4);
	vmcb_set(vmcb, VMCB_DR6, VMCB_DR6_FIXED);
	vmcb_set(vmcb, VMCB_DR7, VMCB_DR7_FIXED);
	vmcb_set(vmcb, VMCB_RFLAGS, VMCB_RFLAGS_FIXED);
	vmcb_set(vmcb, VMCB_PAT, VMCB_PAT_DEFAULT);
	vmcb_set(vmcb, VMCB_RIP, NESTED_LEVEL2_GPA);
}

/* Make the guest a hypervisor, with a VMCB at @vmcb. */
static inline void svm_begin(struct __test_metadata *_metadata, struct access *access,
			     char *vmcb)
{
	struct vmm_vcpu *vcpu = access_vcpu(access);
	struct kvm_sregs sregs;

	nested_load(_metadata, access, svm_leave, svm_leave_end);
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.efer |= X86_EFER_SVME;
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
	ASSERT_EQ(0, access_set_msr(access, SVM_MSR_HSAVE, SVM_HSAVE_GPA));
	code_load(access->live.vm, svm_vmrun);
	svm_build_vmcb(vmcb, &sregs);
}

/* Entries of nested page tables, as in any page table. */
#define SVM_LEAF 0xe7ull
#define SVM_ACCESSED (1ull << 5)

/* L2 gets nested page tables (see nested_build_tables()). */
static inline void svm_build_tables(struct access *access, char *vmcb, uint64_t *pdpt,
				    uint64_t pdpt_gpa)
{
	nested_build_tables(access, pdpt, pdpt_gpa, SVM_LEAF);
	vmcb_set(vmcb, VMCB_NP, VMCB_NP_ENABLE);
	vmcb_set(vmcb, VMCB_NCR3, NESTED_PML4_GPA);
}

#endif /* MOCKGPU_TEST_SVM_H */
