/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is itself a hypervisor, on Intel: it enters its own guest, L2, with VMLAUNCH and
 * VMRESUME.
 *
 * Fields, controls and exit reasons are those of the "Intel 64 and IA-32 Architectures Software
 * Developer's Manual", volume 3, "Virtual Machine Control Structures" and the appendices about
 * VMX. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_VMX_H
#define MOCKGPU_TEST_VMX_H

#include "nested.h"

#define X86_CR4_VMXE (1ull << 13)

#define MSR_FEATURE_CONTROL 0x3a
#define FEATURE_CONTROL_LOCKED (1 << 0)
#define FEATURE_CONTROL_VMX (1 << 2)
#define MSR_VMX_BASIC 0x480
#define VMX_BASIC_REVISION 0x7fffffff
#define MSR_VMX_EXIT_CONTROLS 0x483
#define MSR_VMX_ENTRY_CONTROLS 0x484
#define MSR_VMX_PROCESSOR_CONTROLS2 0x48b
#define MSR_VMX_EPT_VPID_CAP 0x48c
#define MSR_VMX_TRUE_PIN_CONTROLS 0x48d
#define MSR_VMX_TRUE_PROCESSOR_CONTROLS 0x48e

/* Fields of a VMCS. Those of the segments are two apart, in the order ES, CS, SS, DS, ... */
#define VMCS_GUEST_SELECTOR 0x0800
#define VMCS_HOST_SELECTOR 0x0c00
#define VMCS_IO_BITMAP_A 0x2000
#define VMCS_IO_BITMAP_B 0x2002
#define VMCS_MSR_BITMAP 0x2004
#define VMCS_EPT_POINTER 0x201a
#define VMCS_LINK 0x2800
#define VMCS_PIN_CONTROLS 0x4000
#define VMCS_PROCESSOR_CONTROLS 0x4002
#define VMCS_EXIT_CONTROLS 0x400c
#define VMCS_ENTRY_CONTROLS 0x4012
#define VMCS_PROCESSOR_CONTROLS2 0x401e
#define VMCS_INSTRUCTION_ERROR 0x4400
#define VMCS_EXIT_REASON 0x4402
#define VMCS_GUEST_LIMIT 0x4800
#define VMCS_GUEST_GDTR_LIMIT 0x4810
#define VMCS_GUEST_IDTR_LIMIT 0x4812
#define VMCS_GUEST_ACCESS 0x4814
#define VMCS_GUEST_CR0 0x6800
#define VMCS_GUEST_CR3 0x6802
#define VMCS_GUEST_CR4 0x6804
#define VMCS_GUEST_BASE 0x6806
#define VMCS_GUEST_GDTR_BASE 0x6816
#define VMCS_GUEST_IDTR_BASE 0x6818
#define VMCS_GUEST_DR7 0x681a
#define VMCS_GUEST_RIP 0x681e
#define VMCS_GUEST_RFLAGS 0x6820
#define VMCS_HOST_CR0 0x6c00
#define VMCS_HOST_CR3 0x6c02
#define VMCS_HOST_CR4 0x6c04
#define VMCS_HOST_TR_BASE 0x6c0a
#define VMCS_HOST_GDTR_BASE 0x6c0c
#define VMCS_HOST_IDTR_BASE 0x6c0e
#define VMCS_HOST_RIP 0x6c16

/* The numbers of segments in those fields. */
#define VMCS_CS 1
#define VMCS_FS 4
#define VMCS_LDTR 6
#define VMCS_TR 7

#define VMX_PROCESSOR_IO_BITMAPS (1u << 25)
#define VMX_PROCESSOR_MSR_BITMAPS (1u << 28)
#define VMX_PROCESSOR_SECONDARY (1u << 31)
#define VMX_PROCESSOR2_EPT (1u << 1)
#define VMX_EXIT_64BIT_HOST (1u << 9)
#define VMX_ENTRY_64BIT_GUEST (1u << 9)

#define VMX_ACCESS_CODE 0xa09bull
#define VMX_ACCESS_DATA 0xc093ull
#define VMX_ACCESS_TSS 0x8bull
#define VMX_ACCESS_UNUSABLE 0x10000ull

#define VMX_DR7_FIXED 0x400ull
#define VMX_RFLAGS_FIXED 2ull

#define VMX_REASON_VMCALL 18
#define VMX_REASON_IO 30
#define VMX_REASON_RDMSR 31

/* Entries of EPT, with the type write-back in leaves; the pointer, to four levels. */
#define EPT_LEAF 0xb7ull
#define EPT_ACCESSED (1ull << 8)
#define EPT_POINTER_WB 6ull
#define EPT_POINTER_LEVELS (3ull << 3)
#define EPT_POINTER_ACCESSED (1ull << 6)
#define EPT_CAP_ACCESSED (1ull << 21)

#define VMX_VMXON_GPA NESTED_CONTROL_GPA
#define VMX_VMCS_GPA NESTED_STATE_GPA
/* A page of words: the operands of L1's instructions. */
#define VMX_OPERANDS_GPA 0xa000ull
#define VMX_WRITES_END (~0ull)

/* L1: one instruction with the operand at RSI each; RBX is 1 if it failed. */
#define VMX_CODE(name, instruction) \
	CODE(name, "xor %ebx, %ebx\n" instruction "\nsetbe %bl\n" CODE_DOORBELL)
VMX_CODE(vmx_vmxon, "vmxon (%rsi)");
VMX_CODE(vmx_vmclear, "vmclear (%rsi)");
VMX_CODE(vmx_vmptrld, "vmptrld (%rsi)");
/* Fields and values, up to VMX_WRITES_END. */
CODE(vmx_vmwrite, "xor %ebx, %ebx\n"
	"1: mov (%rsi), %rax\n"
	"cmp $-1, %rax\n"
	"je 2f\n"
	"vmwrite 8(%rsi), %rax\n"
	"jbe 3f\n"
	"add $16, %rsi\n"
	"jmp 1b\n"
	"3: inc %ebx\n"
	"2: " CODE_DOORBELL);
/* If they return, they have failed; RCX says why. */
#define VMX_ENTER(name, instruction) \
	CODE(name, instruction "\n" \
	     "mov $1, %ebx\nmov $0x4400, %eax\nvmread %rax, %rcx\n" CODE_DOORBELL)
VMX_ENTER(vmx_vmlaunch, "vmlaunch");
VMX_ENTER(vmx_vmresume, "vmresume");
/* L1 after an exit of L2: RBX is the reason. */
#define VMX_HOST_GPA (CODE_GPA + 0x1c0)
CODE(vmx_host, "mov $0x4402, %eax\nvmread %rax, %rbx\n" CODE_DOORBELL);
/* L2: how it exits. */
CODE(vmx_leave, "vmcall");

/* L1 executes an instruction. Return: RBX. */
#define vmx_do(_metadata, access, name, operand) \
	vmx_run(_metadata, access, name, name##_end, operand)

static inline uint64_t vmx_run(struct __test_metadata *_metadata, struct access *access,
			       const char *begin, const char *end, uint64_t operand)
{
	struct kvm_regs regs = { .rsi = VMX_OPERANDS_GPA };

	if (begin != vmx_vmwrite)
		memcpy(nested_ram(access, VMX_OPERANDS_GPA), &operand, sizeof(operand));
	code_copy(nested_ram(access, CODE_GPA), begin, end);
	code_enter(_metadata, access_vcpu(access), &regs);
	EXPECT_EQ(VMM_EXIT_DOORBELL, vmm_vcpu_run(access_vcpu(access)))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &regs));
	return regs.rbx;
}

/* A list of VMWRITEs for L1. */
struct vmx_writes {
	uint64_t *next;
};

static inline void vmx_put(struct vmx_writes *writes, uint64_t field, uint64_t value)
{
	*writes->next++ = field;
	*writes->next++ = value;
}

/* A control with the bits @want as far as the CPU has them, and those that it demands. */
static inline void vmx_put_controls(struct vmx_writes *writes, struct access *access,
				    uint64_t field, uint32_t msr, uint32_t want)
{
	const uint64_t can = access_get_msr(access, msr);

	vmx_put(writes, field, (uint32_t)can | (want & (can >> 32)));
}

static inline void vmx_put_segments(struct vmx_writes *writes, const struct kvm_sregs *sregs)
{
	uint32_t segment;

	for (segment = 0; segment <= VMCS_TR; segment++) {
		const bool code = segment == VMCS_CS, task = segment == VMCS_TR;
		const uint32_t selector = code ? INTERRUPTS_CODE_SELECTOR :
					  task ? INTERRUPTS_TSS_SELECTOR :
					  INTERRUPTS_DATA_SELECTOR;
		const uint32_t at = 2 * segment;

		vmx_put(writes, VMCS_GUEST_SELECTOR + at, selector);
		vmx_put(writes, VMCS_GUEST_LIMIT + at, task ? X86_TSS_LIMIT : 0xffffffff);
		vmx_put(writes, VMCS_GUEST_ACCESS + at,
			code ? VMX_ACCESS_CODE : task ? VMX_ACCESS_TSS :
			segment == VMCS_LDTR ? VMX_ACCESS_UNUSABLE : VMX_ACCESS_DATA);
		vmx_put(writes, VMCS_GUEST_BASE + at, task ? sregs->tr.base : 0);
		if (segment < VMCS_FS)
			vmx_put(writes, VMCS_HOST_SELECTOR + at, selector);
	}
	vmx_put(writes, VMCS_HOST_SELECTOR + 2 * (VMCS_TR - 1), INTERRUPTS_TSS_SELECTOR);
}

/* L2 has the state of L1, at its first instruction. */
static inline void vmx_put_state(struct vmx_writes *writes, const struct kvm_sregs *sregs)
{
	vmx_put(writes, VMCS_LINK, ~0ull);
	vmx_put_segments(writes, sregs);
	vmx_put(writes, VMCS_GUEST_GDTR_BASE, sregs->gdt.base);
	vmx_put(writes, VMCS_GUEST_GDTR_LIMIT, sregs->gdt.limit);
	vmx_put(writes, VMCS_GUEST_IDTR_BASE, sregs->idt.base);
	vmx_put(writes, VMCS_GUEST_IDTR_LIMIT, sregs->idt.limit);
	vmx_put(writes, VMCS_GUEST_CR0, sregs->cr0);
	vmx_put(writes, VMCS_GUEST_CR3, sregs->cr3);
	vmx_put(writes, VMCS_GUEST_CR4, sregs->cr4);
	vmx_put(writes, VMCS_GUEST_DR7, VMX_DR7_FIXED);
	vmx_put(writes, VMCS_GUEST_RFLAGS, VMX_RFLAGS_FIXED | X86_RFLAGS_IF);
	vmx_put(writes, VMCS_GUEST_RIP, NESTED_LEVEL2_GPA);
	vmx_put(writes, VMCS_HOST_TR_BASE, sregs->tr.base);
	vmx_put(writes, VMCS_HOST_GDTR_BASE, sregs->gdt.base);
	vmx_put(writes, VMCS_HOST_IDTR_BASE, sregs->idt.base);
	vmx_put(writes, VMCS_HOST_CR0, sregs->cr0);
	vmx_put(writes, VMCS_HOST_CR3, sregs->cr3);
	vmx_put(writes, VMCS_HOST_CR4, sregs->cr4);
	vmx_put(writes, VMCS_HOST_RIP, VMX_HOST_GPA);
}

/* Whether the CPU that KVM shows to L1 has EPT. */
static inline bool vmx_has_ept(const struct access *access)
{
	return access_get_msr(access, MSR_VMX_PROCESSOR_CONTROLS2) >> 32 & VMX_PROCESSOR2_EPT;
}

/* Make the guest a hypervisor, in VMX operation, without a VMCS. */
static inline void vmx_begin(struct __test_metadata *_metadata, struct access *access)
{
	struct vmm_vcpu *vcpu = access_vcpu(access);
	const uint32_t revision = access_get_msr(access, MSR_VMX_BASIC) & VMX_BASIC_REVISION;
	struct kvm_sregs sregs;

	nested_load(_metadata, access, vmx_leave, vmx_leave_end);
	code_copy(nested_ram(access, VMX_HOST_GPA), vmx_host, vmx_host_end);
	ASSERT_EQ(0, access_set_msr(access, MSR_FEATURE_CONTROL,
				    FEATURE_CONTROL_LOCKED | FEATURE_CONTROL_VMX));
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.cr4 |= X86_CR4_VMXE;
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
	memcpy(nested_ram(access, VMX_VMXON_GPA), &revision, sizeof(revision));
	ASSERT_EQ(0, vmx_do(_metadata, access, vmx_vmxon, VMX_VMXON_GPA));
}

/* The current VMCS is an empty one, at @vmcs for the host and at GPA @gpa for L1. */
static inline void vmx_load(struct __test_metadata *_metadata, struct access *access, void *vmcs,
			    uint64_t gpa)
{
	const uint32_t revision = access_get_msr(access, MSR_VMX_BASIC) & VMX_BASIC_REVISION;

	memset(vmcs, 0, GUEST_PAGE_SIZE);
	memcpy(vmcs, &revision, sizeof(revision));
	ASSERT_EQ(0, vmx_do(_metadata, access, vmx_vmclear, gpa));
	ASSERT_EQ(0, vmx_do(_metadata, access, vmx_vmptrld, gpa));
}

/* The operands of L1's VMWRITEs, for vmx_write(). */
static inline struct vmx_writes vmx_writes(struct access *access)
{
	return (struct vmx_writes){ nested_ram(access, VMX_OPERANDS_GPA) };
}

static inline void vmx_write(struct __test_metadata *_metadata, struct access *access,
			     struct vmx_writes *writes)
{
	*writes->next = VMX_WRITES_END;
	ASSERT_EQ(0, vmx_do(_metadata, access, vmx_vmwrite, 0));
}

/* Fill the current VMCS, with @controls in addition; with EPT if there is an @ept pointer. */
static inline void vmx_fill(struct __test_metadata *_metadata, struct access *access,
			    uint32_t controls, uint64_t ept)
{
	struct vmx_writes writes = vmx_writes(access);
	struct kvm_sregs sregs;

	ASSERT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_SREGS, &sregs));
	vmx_put_controls(&writes, access, VMCS_PIN_CONTROLS, MSR_VMX_TRUE_PIN_CONTROLS, 0);
	vmx_put_controls(&writes, access, VMCS_PROCESSOR_CONTROLS,
			 MSR_VMX_TRUE_PROCESSOR_CONTROLS,
			 controls | (ept ? VMX_PROCESSOR_SECONDARY : 0));
	vmx_put_controls(&writes, access, VMCS_EXIT_CONTROLS, MSR_VMX_EXIT_CONTROLS,
			 VMX_EXIT_64BIT_HOST);
	vmx_put_controls(&writes, access, VMCS_ENTRY_CONTROLS, MSR_VMX_ENTRY_CONTROLS,
			 VMX_ENTRY_64BIT_GUEST);
	if (ept) {
		vmx_put_controls(&writes, access, VMCS_PROCESSOR_CONTROLS2,
				 MSR_VMX_PROCESSOR_CONTROLS2, VMX_PROCESSOR2_EPT);
		vmx_put(&writes, VMCS_EPT_POINTER, ept);
	}
	vmx_put_state(&writes, &sregs);
	vmx_write(_metadata, access, &writes);
}

/* Write one field of the current VMCS. */
static inline void vmx_set(struct __test_metadata *_metadata, struct access *access,
			   uint64_t field, uint64_t value)
{
	struct vmx_writes writes = vmx_writes(access);

	vmx_put(&writes, field, value);
	vmx_write(_metadata, access, &writes);
}

#endif /* MOCKGPU_TEST_VMX_H */
