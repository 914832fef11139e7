/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's arm64-specific part; the host needs some of it too. */
#ifndef MOCKGPU_GUEST_ARCH_H
#define MOCKGPU_GUEST_ARCH_H

#include <stdint.h>

/*
 * Below VMM_MMIO_GPA, where there is no memslot and no device: a store ends KVM_RUN with
 * KVM_EXIT_MMIO. The second word is for the exception vectors.
 */
#define GUEST_DOORBELL_GPA 0xcffff000ull
#define GUEST_CRASH_GPA (GUEST_DOORBELL_GPA + 8)

/* KVM needs an instruction with a syndrome: no write-back, no pair. */
static inline void guest_doorbell(void)
{
	__asm__ volatile("str wzr, [%0]" : : "r"(GUEST_DOORBELL_GPA) : "memory");
}

/*
 * A store that KVM cannot emulate: with write-back there is no syndrome (ESR_EL2.ISV
 * is 0), see the "Arm Architecture Reference Manual", D24.2.40.
 */
static inline void guest_store(volatile uint64_t *at, uint64_t value)
{
	__asm__ volatile("str %1, [%0], #8" : "+r"(at) : "r"(value) : "memory");
}

/* Called before executing data that somebody wrote. */
static inline void guest_sync_code(volatile uint64_t *at)
{
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb"
			 : : "r"(at) : "memory");
}

/* A word of code, "mov w0, #low 16 bits of value; ret", and what it returns. */
static inline uint64_t guest_code(uint64_t value)
{
	return 0x52800000 | (value & 0xffff) << 5 | 0xd65f03c0ull << 32;
}

static inline uint64_t guest_code_returns(uint64_t value)
{
	return value & 0xffff;
}

#endif /* MOCKGPU_GUEST_ARCH_H */
