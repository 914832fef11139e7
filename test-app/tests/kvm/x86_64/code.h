/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instructions for a vCPU to execute: they are assembled with the test and copied into the
 * VMM's own memory. x86-64. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_CODE_H
#define MOCKGPU_TEST_CODE_H

#include <string.h>

#include <linux/kvm.h>

#include "vmm.h"

/* A page of the VMM's memory below the payload. */
#define CODE_GPA 0x2000ull
#define CODE_SIZE 0x1000

/* The instructions of @text, which must be position-independent. */
#define CODE(name, text) \
	extern const char name[], name##_end[]; \
	asm(".pushsection .rodata\n" #name ":\n" text "\n" #name "_end:\n.popsection\n")

/* How the code ends: the doorbell, GUEST_DOORBELL_PORT. */
#define CODE_DOORBELL "outb %al, $0xf4\n"

/* Eight bytes at RDI, from and to RAX. */
CODE(code_load8, "movq (%rdi), %rax\n" CODE_DOORBELL);
CODE(code_store8, "movq %rax, (%rdi)\n" CODE_DOORBELL);

#define code_load(vm, name) code_copy((char *)vmm_ram(vm) + CODE_GPA, name, name##_end)

static inline void code_copy(void *to, const char *begin, const char *end)
{
	memcpy(to, begin, end - begin);
}

/* Set a vCPU to @regs->rip; without a stack it gets the payload's. */
static inline void code_enter_at(struct __test_metadata *_metadata, struct vmm_vcpu *vcpu,
				 const struct kvm_regs *regs)
{
	struct kvm_regs now, next = *regs;

	/* This also completes whatever KVM_RUN left of the last exit. */
	ASSERT_EQ(0, vmm_vcpu_start(vcpu));
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_REGS, &now));
	next.rflags |= now.rflags;
	if (!next.rsp)
		next.rsp = now.rsp;
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_REGS, &next));
}

/* Set a vCPU to the code that was loaded. */
static inline void code_enter(struct __test_metadata *_metadata, struct vmm_vcpu *vcpu,
			      const struct kvm_regs *regs)
{
	struct kvm_regs next = *regs;

	next.rip = CODE_GPA;
	code_enter_at(_metadata, vcpu, &next);
}

static inline void code_expect_end(struct __test_metadata *_metadata, struct vmm_vcpu *vcpu)
{
	EXPECT_EQ(VMM_EXIT_DOORBELL, vmm_vcpu_run(vcpu))
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
}

#endif /* MOCKGPU_TEST_CODE_H */
