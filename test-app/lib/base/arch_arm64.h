/* SPDX-License-Identifier: GPL-2.0-only */
/* arm64's definitions, see arch.h. */
#ifndef MOCKGPU_TEST_ARCH_ARM64_H
#define MOCKGPU_TEST_ARCH_ARM64_H

#include <stdbool.h>
#include <stdint.h>

/* See arch_x86_64.h for what these mean. */
#define ARCH_NO_KVM "boot at EL2 and without kvm-arm.mode=none"
#define ARCH_CRASH "took an exception"
#define ARCH_FAULT_EVENT "kvm_guest_fault"
#define ARCH_MARKS MOCKGPU_PAGE_DIRTY
#define ARCH_UNKNOWN_MARKS MOCKGPU_PAGE_REFERENCED
#define ARCH_MAY_GUESS_BLOCKS 1
#define ARCH_MAY_GUESS_ALL 0
#define ARCH_MAY_REFUSE_CACHEABLE 1
#define ARCH_NO_WRITE VMM_EXIT_EFAULT
#define ARCH_NO_STORE JUDGE_REFUSED
#define ARCH_KEEPS_TYPES 0
#define ARCH_MAY_LACK_TYPES 0
#define ARCH_GIVES_ACCESS 1
#define ARCH_RESERVE PROT_NONE

/* Indexed by AttrIndx, as arch/arm64/include/asm/memory.h numbers MT_*. */
static inline const char *arch_entry_caching(uint64_t prot, bool large)
{
	static const char *const types[] = {
		"write-back", "write-back", "write-combining", "uncached", "?", "?", "?", "?",
	};

	(void)large;
	return types[prot >> 2 & 7];
}

#endif /* MOCKGPU_TEST_ARCH_ARM64_H */
