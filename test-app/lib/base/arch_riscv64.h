/* SPDX-License-Identifier: GPL-2.0-only */
/* riscv64's definitions, see arch.h. */
#ifndef MOCKGPU_TEST_ARCH_RISCV64_H
#define MOCKGPU_TEST_ARCH_RISCV64_H

#include <stdbool.h>
#include <stdint.h>

/* See arch_x86_64.h for what these mean. */
#define ARCH_NO_KVM "boot on a CPU with the H extension"
#define ARCH_CRASH "took an exception"
/* KVM has no tracepoint for faults; the guest's address is four times this one's htval. */
#define ARCH_FAULT_EVENT "kvm_exit"
#define ARCH_MARKS MOCKGPU_PAGE_DIRTY
#define ARCH_UNKNOWN_MARKS MOCKGPU_PAGE_REFERENCED
#define ARCH_MAY_GUESS_BLOCKS 0
#define ARCH_MAY_GUESS_ALL 1
#define ARCH_MAY_REFUSE_CACHEABLE 0
#define ARCH_NO_WRITE VMM_EXIT_EFAULT
#define ARCH_NO_STORE JUDGE_REFUSED
#define ARCH_KEEPS_TYPES 0
#define ARCH_MAY_LACK_TYPES 1
/* 7.3 has it, 6.12 does not. */
#define ARCH_GIVES_ACCESS 0
/* kvm_arch_prepare_memory_region() refuses a writable memslot over any mapping that is not. */
#define ARCH_RESERVE (PROT_READ | PROT_WRITE)

/* Indexed by the two bits of Svpbmt: PMA, NC, IO. */
static inline const char *arch_entry_caching(uint64_t prot, bool large)
{
	static const char *const types[] = { "write-back", "write-combining", "uncached", "?" };

	(void)large;
	return types[prot >> 61 & 3];
}

#endif /* MOCKGPU_TEST_ARCH_RISCV64_H */
