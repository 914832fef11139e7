/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest needs for exceptions and interrupts: GDT, TSS, IDT and a stack, all in one
 * page. x86-64: "Intel 64 and IA-32 Architectures Software Developer's Manual", volume 3,
 * 3.4 (descriptors), 6.14 (64-bit gates), 7.7 (task state). Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_INTERRUPTS_H
#define MOCKGPU_TEST_INTERRUPTS_H

#include <string.h>

#include <linux/kvm.h>

#include "code.h"
#include "vmm.h"

/* Offsets in the page. */
#define INTERRUPTS_GDT 0x000
#define INTERRUPTS_TSS 0x080
#define INTERRUPTS_IDT 0x100
#define INTERRUPTS_STACK_TOP 0x1000

#define INTERRUPTS_VECTORS 0x22

_Static_assert(INTERRUPTS_IDT + INTERRUPTS_VECTORS * 16 < INTERRUPTS_STACK_TOP - 0x800,
	       "no room for the stack");

/* In the GDT: the segments as the VMM has set them, and the task. */
#define INTERRUPTS_CODE_SELECTOR 8
#define INTERRUPTS_DATA_SELECTOR 16
#define INTERRUPTS_TSS_SELECTOR 24
#define INTERRUPTS_GDT_ENTRIES 5

#define X86_LONG_CODE 0x00af9b000000ffffull
#define X86_LONG_DATA 0x00cf93000000ffffull
#define X86_TSS_LIMIT 103
#define X86_TSS_IST1 36
#define X86_TYPE_TSS_BUSY 0xbull
#define X86_INTERRUPT_GATE 0x8eull
#define X86_RFLAGS_IF (1ull << 9)

/* The handlers, in the VMM's memory after the code of code_load(). */
#define INTERRUPTS_HANDLER_SIZE 32
#define INTERRUPTS_HANDLERS_GPA (CODE_GPA + CODE_SIZE / 2)

/**
 * struct interrupts - the page
 * @at: its address for the host
 * @gpa: its address for the guest
 */
struct interrupts {
	char *at;
	uint64_t gpa;
};

static inline void interrupts_build(const struct interrupts *page)
{
	uint64_t *gdt = (void *)(page->at + INTERRUPTS_GDT), tss = page->gpa + INTERRUPTS_TSS;
	uint64_t stack = page->gpa + INTERRUPTS_STACK_TOP;

	gdt[1] = X86_LONG_CODE;
	gdt[2] = X86_LONG_DATA;
	gdt[3] = X86_TSS_LIMIT | (tss & 0xffffff) << 16 | (0x80 | X86_TYPE_TSS_BUSY) << 40 |
		 (tss >> 24 & 0xff) << 56;
	gdt[4] = tss >> 32;
	memcpy(page->at + INTERRUPTS_TSS + X86_TSS_IST1, &stack, sizeof(stack));
}

/* Vector @vector calls the code of @name, on the page's own stack. */
#define interrupts_handle(page, vm, vector, name) \
	interrupts_set(page, vm, vector, name, name##_end)

static inline void interrupts_set(const struct interrupts *page, struct vmm *vm, uint32_t vector,
				  const char *begin, const char *end)
{
	uint64_t handler = INTERRUPTS_HANDLERS_GPA + vector * INTERRUPTS_HANDLER_SIZE;
	uint64_t *gate = (void *)(page->at + INTERRUPTS_IDT + vector * 16);

	code_copy((char *)vmm_ram(vm) + handler, begin, end);
	gate[0] = (handler & 0xffff) | INTERRUPTS_CODE_SELECTOR << 16 | 1ull << 32 |
		  X86_INTERRUPT_GATE << 40 | (handler >> 16 & 0xffff) << 48;
	gate[1] = handler >> 32;
}

/* Let the vCPU use the page from now on. */
static inline void interrupts_use(struct __test_metadata *_metadata,
				  const struct interrupts *page, struct vmm_vcpu *vcpu)
{
	struct kvm_sregs sregs;

	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	sregs.gdt.base = page->gpa + INTERRUPTS_GDT;
	sregs.gdt.limit = INTERRUPTS_GDT_ENTRIES * 8 - 1;
	sregs.idt.base = page->gpa + INTERRUPTS_IDT;
	sregs.idt.limit = INTERRUPTS_VECTORS * 16 - 1;
	sregs.tr = (struct kvm_segment){
		.base = page->gpa + INTERRUPTS_TSS, .limit = X86_TSS_LIMIT,
		.selector = INTERRUPTS_TSS_SELECTOR, .type = X86_TYPE_TSS_BUSY, .present = 1,
	};
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
}

#endif /* MOCKGPU_TEST_INTERRUPTS_H */
