// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's arm64 part: a vCPU starts at EL1 with interrupts masked, the MMU on and every
 * GPA below VMM_GPA_END mapped at the same virtual address, as write-back memory except
 * for the devices. Its exception vectors end in GUEST_CRASH_GPA.
 *
 * The bits are those of the "Arm Architecture Reference Manual for A-profile
 * architecture", D8.3 (translation tables) and D24 (system registers).
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch.h"
#include "vmm_arch.h"

#define ARM_PTE_VALID (1ull << 0)
#define ARM_PTE_TABLE (1ull << 1)
#define ARM_PTE_ATTR(index) ((uint64_t)(index) << 2)
#define ARM_PTE_INNER (3ull << 8)
#define ARM_PTE_ACCESSED (1ull << 10)
#define ARM_PTE_NO_EXECUTE (3ull << 53)

#define ARM_ATTR_MEMORY 0
#define ARM_ATTR_DEVICE 1
/* Write-back, allocating; Device-nGnRE. */
#define ARM_MAIR (0xffull | 0x04ull << 8)

/* 39-bit addresses in 4 KiB pages, table walks in write-back memory, no upper half. */
#define ARM_TCR_T0SZ 25ull
#define ARM_TCR_WALKS (1ull << 8 | 1ull << 10 | 3ull << 12)
#define ARM_TCR_EPD1 (1ull << 23)
#define ARM_TCR_IPS_36 (1ull << 32)

/* MMU, caches; no write-implies-no-execute, no alignment check. */
#define ARM_SCTLR_SET (1ull << 0 | 1ull << 2 | 1ull << 12)
#define ARM_SCTLR_CLEAR (1ull << 1 | 1ull << 19)

/* EL1 with its own stack pointer, all interrupts masked. */
#define ARM_PSTATE 0x3c5ull

#define ARM_TABLE_SIZE 0x1000ull
#define ARM_GIB (1ull << 30)
#define ARM_LARGE_SIZE (2ull << 20)
#define ARM_TABLE_ENTRIES 512

/* The first GiB with a device in it is mapped with smaller entries. */
#define ARM_DEVICE_GIB (VMM_MMIO_GPA / ARM_GIB)
#define ARM_L1_GPA VMM_ARCH_GPA
#define ARM_L2_GPA (ARM_L1_GPA + ARM_TABLE_SIZE)
#define ARM_VECTORS_GPA (ARM_L2_GPA + ARM_TABLE_SIZE)
#define ARM_VECTORS 16
#define ARM_VECTOR_WORDS 32

_Static_assert(VMM_BUFFER_GPA == (ARM_DEVICE_GIB + 1) * ARM_GIB, "devices end with their GiB");
_Static_assert(GUEST_DOORBELL_GPA / ARM_GIB == ARM_DEVICE_GIB, "the doorbell is a device");

/* Address bits of the GPAs, KVM_VM_TYPE_ARM_IPA_SIZE: a size that any KVM supports. */
#define ARM_IPA_BITS 36

/* KVM_VM_TYPE_ARM_PROTECTED, not in the headers before 7.1. */
#define ARM_VM_TYPE_PROTECTED (1ul << 31)

#define ARM_CORE(member) \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(member))
#define ARM_SCTLR_EL1 ARM64_SYS_REG(3, 0, 1, 0, 0)
#define ARM_TTBR0_EL1 ARM64_SYS_REG(3, 0, 2, 0, 0)
#define ARM_TCR_EL1 ARM64_SYS_REG(3, 0, 2, 0, 2)
#define ARM_MAIR_EL1 ARM64_SYS_REG(3, 0, 10, 2, 0)
#define ARM_VBAR_EL1 ARM64_SYS_REG(3, 0, 12, 0, 0)

static uint64_t arm_block(uint64_t gpa)
{
	bool device = gpa >= (GUEST_DOORBELL_GPA & ~(ARM_LARGE_SIZE - 1)) && gpa < VMM_BUFFER_GPA;
	uint64_t entry = gpa | ARM_PTE_VALID | ARM_PTE_ACCESSED | ARM_PTE_INNER;

	if (device)
		return entry | ARM_PTE_ATTR(ARM_ATTR_DEVICE) | ARM_PTE_NO_EXECUTE;
	return entry | ARM_PTE_ATTR(ARM_ATTR_MEMORY);
}

static void arm_build_tables(struct vmm *vm)
{
	uint64_t *l1 = (void *)(vm->ram + ARM_L1_GPA);
	uint64_t *l2 = (void *)(vm->ram + ARM_L2_GPA);
	uint64_t i;

	for (i = 0; i < VMM_GPA_END / ARM_GIB; i++)
		l1[i] = arm_block(i * ARM_GIB);
	for (i = 0; i < ARM_TABLE_ENTRIES; i++)
		l2[i] = arm_block(ARM_DEVICE_GIB * ARM_GIB + i * ARM_LARGE_SIZE);
	l1[ARM_DEVICE_GIB] = ARM_L2_GPA | ARM_PTE_VALID | ARM_PTE_TABLE;
}

static void arm_build_vectors(struct vmm *vm)
{
	const uint32_t crash[] = {
		/* mov x0, #low half; movk x0, #high half, lsl #16 */
		0xd2800000 | (GUEST_CRASH_GPA & 0xffff) << 5,
		0xf2a00000 | (GUEST_CRASH_GPA >> 16 & 0xffff) << 5,
		/* str wzr, [x0]; b to itself */
		0xb900001f, 0x14000000,
	};
	uint32_t *vectors = (void *)(vm->ram + ARM_VECTORS_GPA);
	unsigned int i;

	for (i = 0; i < ARM_VECTORS; i++)
		memcpy(vectors + i * ARM_VECTOR_WORDS, crash, sizeof(crash));
}

int vmm_arch_vm_type(int kvm, const struct vmm_options *options, unsigned long *type)
{
	int bits = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE);

	/* Without the capability the size is 40 bits. */
	*type = bits > 0 ? KVM_VM_TYPE_ARM_IPA_SIZE(ARM_IPA_BITS) : 0;
	if (options->protected_guest)
		*type |= ARM_VM_TYPE_PROTECTED;
	return 0;
}

int vmm_arch_vm_init(struct vmm *vm)
{
	arm_build_tables(vm);
	arm_build_vectors(vm);
	return 0;
}

static int arm_set(struct vmm_vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg) ? -errno : 0;
}

static int arm_set_mmu(struct vmm_vcpu *vcpu)
{
	uint64_t sctlr;
	struct kvm_one_reg reg = { .id = ARM_SCTLR_EL1, .addr = (uintptr_t)&sctlr };
	int ret;

	if (ioctl(vcpu->fd, KVM_GET_ONE_REG, &reg))
		return -errno;
	ret = arm_set(vcpu, ARM_MAIR_EL1, ARM_MAIR);
	if (!ret)
		ret = arm_set(vcpu, ARM_TCR_EL1, ARM_TCR_T0SZ | ARM_TCR_WALKS | ARM_TCR_EPD1 |
						 ARM_TCR_IPS_36);
	if (!ret)
		ret = arm_set(vcpu, ARM_TTBR0_EL1, ARM_L1_GPA);
	if (!ret)
		ret = arm_set(vcpu, ARM_VBAR_EL1, ARM_VECTORS_GPA);
	if (!ret)
		ret = arm_set(vcpu, ARM_SCTLR_EL1, (sctlr & ~ARM_SCTLR_CLEAR) | ARM_SCTLR_SET);
	return ret;
}

int vmm_arch_vcpu_init(struct vmm_vcpu *vcpu)
{
	struct kvm_vcpu_init init;

	if (ioctl(vcpu->vm->fd, KVM_ARM_PREFERRED_TARGET, &init) ||
	    ioctl(vcpu->fd, KVM_ARM_VCPU_INIT, &init))
		return -errno;
	return arm_set_mmu(vcpu);
}

int vmm_arch_vcpu_enter(struct vmm_vcpu *vcpu, uint64_t pc, uint64_t stack, uint64_t arg)
{
	int ret = arm_set(vcpu, ARM_CORE(regs.pc), pc);

	if (!ret)
		ret = arm_set(vcpu, ARM_CORE(sp_el1), stack);
	if (!ret)
		ret = arm_set(vcpu, ARM_CORE(regs.regs[0]), arg);
	return ret ? ret : arm_set(vcpu, ARM_CORE(regs.pstate), ARM_PSTATE);
}

bool vmm_arch_is_doorbell(const struct kvm_run *run)
{
	return vmm_stores_to(run, GUEST_DOORBELL_GPA);
}

bool vmm_arch_is_crash(const struct kvm_run *run)
{
	return vmm_stores_to(run, GUEST_CRASH_GPA);
}

/* See io_mem_abort() in arch/arm64/kvm/mmio.c; KVM_CAP_ARM_NISV_TO_USER is not enabled. */
bool vmm_arch_is_unemulated(const struct vmm_vcpu *vcpu)
{
	return vcpu->run_errno == ENOSYS;
}
