/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's riscv64-specific part; the host needs some of it too. */
#ifndef MOCKGPU_GUEST_ARCH_H
#define MOCKGPU_GUEST_ARCH_H

#include <stdint.h>

/*
 * Below VMM_MMIO_GPA, where there is no memslot and no device: a store ends KVM_RUN with
 * KVM_EXIT_MMIO. The second word is for the trap vector.
 */
#define GUEST_DOORBELL_GPA 0xcffff000ull
#define GUEST_CRASH_GPA (GUEST_DOORBELL_GPA + 8)

static inline void guest_doorbell(void)
{
	__asm__ volatile("sw zero, 0(%0)" : : "r"(GUEST_DOORBELL_GPA) : "memory");
}

/*
 * A store that KVM cannot emulate: an atomic one, see kvm_riscv_vcpu_mmio_store() in
 * arch/riscv/kvm/vcpu_insn.c.
 */
static inline void guest_store(volatile uint64_t *at, uint64_t value)
{
	__asm__ volatile("amoswap.d zero, %1, (%0)" : : "r"(at), "r"(value) : "memory");
}

/* Called before executing data that somebody wrote. */
static inline void guest_sync_code(volatile uint64_t *at)
{
	__asm__ volatile("fence.i" : : "r"(at) : "memory");
}

/* A word of code, "li a0, low 11 bits of value; ret", and what it returns. */
static inline uint64_t guest_code(uint64_t value)
{
	return 0x00000513 | (value & 0x7ff) << 20 | 0x00008067ull << 32;
}

static inline uint64_t guest_code_returns(uint64_t value)
{
	return value & 0x7ff;
}

#endif /* MOCKGPU_GUEST_ARCH_H */
