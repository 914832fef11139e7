/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's x86-64-specific part; the host needs some of it too. */
#ifndef MOCKGPU_GUEST_ARCH_H
#define MOCKGPU_GUEST_ARCH_H

#include <stdint.h>

/* A port without a device: a write ends KVM_RUN with KVM_EXIT_IO. */
#define GUEST_DOORBELL_PORT 0xf4

static inline void guest_doorbell(void)
{
	__asm__ volatile("outb %0, %1" : : "a"((unsigned char)0),
			 "Nd"((unsigned short)GUEST_DOORBELL_PORT) : "memory");
}

/*
 * A store that KVM's emulator does not know: FISTP of 64 bits, opcode DF /7, is not
 * in opcode_table[] of arch/x86/kvm/emulate.c. A value loaded with FILD is stored
 * unchanged, since the x87 registers have 64 bits of mantissa.
 */
static inline void guest_store(volatile uint64_t *at, uint64_t value)
{
	__asm__ volatile("fninit\n\tfildll %1\n\tfistpll %0" : "=m"(*at) : "m"(value));
}

/* Called before executing data that somebody wrote: x86 needs nothing. */
static inline void guest_sync_code(volatile uint64_t *at)
{
	(void)at;
}

/* A word of code, "mov $low half of value, %eax; ret", and what it returns. */
static inline uint64_t guest_code(uint64_t value)
{
	return 0xb8 | (value & 0xffffffff) << 8 | 0xc3ull << 40;
}

static inline uint64_t guest_code_returns(uint64_t value)
{
	return value & 0xffffffff;
}

#endif /* MOCKGPU_GUEST_ARCH_H */
