// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's riscv64 part: a vCPU starts in VS mode with interrupts masked and without
 * translation of its own (vsatp is Bare), so that it has every GPA at the same virtual
 * address. Its trap vector ends in GUEST_CRASH_GPA.
 *
 * The encodings are those of "The RISC-V Instruction Set Manual Volume I", chapter 35
 * (instruction set listings); stvec is in Volume II, 12.1.2.
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch.h"
#include "vmm_arch.h"

/* stvec's two low bits are a mode; 0 is one vector for all traps. */
#define RISCV_VECTOR_GPA VMM_ARCH_GPA

#define RISCV_CORE(member) \
	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE | KVM_REG_RISCV_CORE_REG(member))
#define RISCV_CSR(member)                                              \
	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CSR |        \
	 KVM_REG_RISCV_CSR_GENERAL | KVM_REG_RISCV_CSR_REG(member))

struct riscv_vector {
	uint32_t code[4];
	uint64_t crash;
};

static void riscv_build_vector(struct vmm *vm)
{
	const struct riscv_vector vector = {
		/* auipc a0, 0; ld a0, 16(a0); sw zero, 0(a0); j to itself */
		.code = { 0x00000517, 0x01053503, 0x00052023, 0x0000006f },
		.crash = GUEST_CRASH_GPA,
	};

	_Static_assert(offsetof(struct riscv_vector, crash) == 16, "where the code reads it");
	memcpy(vm->ram + RISCV_VECTOR_GPA, &vector, sizeof(vector));
}

int vmm_arch_vm_type(int kvm, const struct vmm_options *options, unsigned long *type)
{
	(void)kvm;
	*type = 0;
	return options->protected_guest ? -EINVAL : 0;
}

int vmm_arch_vm_init(struct vmm *vm)
{
	riscv_build_vector(vm);
	return 0;
}

static int riscv_set(struct vmm_vcpu *vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(vcpu->fd, KVM_SET_ONE_REG, &reg) ? -errno : 0;
}

/* All vCPUs but the first wait for a call of the guest's otherwise (SBI HSM). */
int vmm_arch_vcpu_init(struct vmm_vcpu *vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &state))
		return -errno;
	return riscv_set(vcpu, RISCV_CSR(stvec), RISCV_VECTOR_GPA);
}

int vmm_arch_vcpu_enter(struct vmm_vcpu *vcpu, uint64_t pc, uint64_t stack, uint64_t arg)
{
	int ret = riscv_set(vcpu, RISCV_CORE(regs.pc), pc);

	if (!ret)
		ret = riscv_set(vcpu, RISCV_CORE(regs.sp), stack);
	if (!ret)
		ret = riscv_set(vcpu, RISCV_CORE(regs.a0), arg);
	return ret ? ret : riscv_set(vcpu, RISCV_CORE(mode), KVM_RISCV_MODE_S);
}

bool vmm_arch_is_doorbell(const struct kvm_run *run)
{
	return vmm_stores_to(run, GUEST_DOORBELL_GPA);
}

bool vmm_arch_is_crash(const struct kvm_run *run)
{
	return vmm_stores_to(run, GUEST_CRASH_GPA);
}

/* See kvm_riscv_vcpu_mmio_load() and _store() in arch/riscv/kvm/vcpu_insn.c. */
bool vmm_arch_is_unemulated(const struct vmm_vcpu *vcpu)
{
	return vcpu->run_errno == EOPNOTSUPP;
}
