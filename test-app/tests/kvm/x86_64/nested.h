/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is itself a hypervisor, on AMD: it enters its own guest, L2, with VMRUN.
 * Everything in L2 that L1 does not intercept works as in any guest: the doorbell
 * ends KVM_RUN, and setting the vCPU to some code sets L2.
 *
 * The VMCB's fields are those of the "AMD64 Architecture Programmer's Manual", volume 2,
 * appendix B. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_NESTED_H
#define MOCKGPU_TEST_NESTED_H

#include <string.h>

#include <linux/kvm.h>

#include "access.h"
#include "code.h"
#include "interrupts.h"

#define SVM_MSR_HSAVE 0xc0010117
#define X86_EFER_SVME (1ull << 12)

/* Pages of the VMM's memory below the payload. */
#define NESTED_PROBE_GPA 0x1000ull
#define NESTED_INTERRUPTS_GPA 0x3000ull
#define NESTED_HSAVE_GPA 0x4000ull
#define NESTED_VMCB_GPA 0x5000ull
#define NESTED_PML4_GPA 0x6000ull
#define NESTED_PDPT_GPA 0x7000ull
#define NESTED_PD_GPA 0x8000ull
#define NESTED_VRAM_PD_GPA 0x9000ull

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

#define GP_VECTOR 13

/* L1: enters L2, and rings the doorbell when that has ended. */
CODE(nested_vmrun, "vmrun\n" CODE_DOORBELL "jmp nested_vmrun");
/* On a general protection fault: RBX counts. */
CODE(nested_on_gp, "incq %rbx\n" CODE_DOORBELL);
/* L2: its first instruction, and how it exits. */
#define NESTED_LEVEL2_GPA (CODE_GPA + 0x100)
#define NESTED_LEAVE_GPA (CODE_GPA + 0x140)
#define NESTED_RDMSR_GPA (CODE_GPA + 0x180)
CODE(nested_level2, "1:" CODE_DOORBELL "jmp 1b");
CODE(nested_leave, "vmmcall");
CODE(nested_rdmsr, "rdmsr\n" CODE_DOORBELL);

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

static inline void *nested_ram(const struct access *access, uint64_t gpa)
{
	return (char *)vmm_ram(access->live.vm) + gpa;
}

/* Set L2 to the state of L1, at its first instruction; the VMCB is at @vmcb. */
static inline void nested_build_vmcb(char *vmcb, const struct kvm_sregs *sregs)
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
static inline void nested_begin(struct __test_metadata *_metadata, struct access *access,
				char *vmcb)
{
	const struct interrupts page = {
		nested_ram(access, NESTED_INTERRUPTS_GPA), NESTED_INTERRUPTS_GPA,
	};
	struct vmm_vcpu *vcpu = access_vcpu(access);
	struct kvm_sregs sregs;

	interrupts_build(&page);
	interrupts_handle(&page, access->live.vm, GP_VECTOR, nested_on_gp);
	interrupts_use(_metadata, &page, vcpu);
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.efer |= X86_EFER_SVME;
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
	ASSERT_EQ(0, access_set_msr(access, SVM_MSR_HSAVE, NESTED_HSAVE_GPA));
	code_load(access->live.vm, nested_vmrun);
	code_copy(nested_ram(access, NESTED_LEVEL2_GPA), nested_level2, nested_level2_end);
	code_copy(nested_ram(access, NESTED_LEAVE_GPA), nested_leave, nested_leave_end);
	code_copy(nested_ram(access, NESTED_RDMSR_GPA), nested_rdmsr, nested_rdmsr_end);
	nested_build_vmcb(vmcb, &sregs);
}

/* Entries of L2's nested page tables: 2 MiB each, accessible in any way. */
#define NESTED_TABLE 0x7ull
#define NESTED_LEAF 0xe7ull
#define NESTED_ACCESSED (1ull << 5)
#define NESTED_LARGE_SIZE (2ull << 20)
#define NESTED_GIB (1ull << 30)

/*
 * L2 gets nested page tables for the memory L1 has, in the VMM's memory and in a buffer.
 * The second level from the top, with an entry for each GiB, is at @pdpt.
 */
static inline void nested_build_tables(struct access *access, char *vmcb, uint64_t *pdpt,
				       uint64_t pdpt_gpa)
{
	uint64_t *pml4 = nested_ram(access, NESTED_PML4_GPA);
	uint64_t *ram = nested_ram(access, NESTED_PD_GPA);
	uint64_t *buffer = nested_ram(access, NESTED_VRAM_PD_GPA);

	pml4[0] = pdpt_gpa | NESTED_TABLE;
	pdpt[0] = NESTED_PD_GPA | NESTED_TABLE;
	pdpt[LIVE_GPA / NESTED_GIB] = NESTED_VRAM_PD_GPA | NESTED_TABLE;
	ram[0] = NESTED_LEAF;
	buffer[0] = LIVE_GPA | NESTED_LEAF;
	vmcb_set(vmcb, VMCB_NP, VMCB_NP_ENABLE);
	vmcb_set(vmcb, VMCB_NCR3, NESTED_PML4_GPA);
}

#endif /* MOCKGPU_TEST_NESTED_H */
