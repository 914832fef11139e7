/* SPDX-License-Identifier: GPL-2.0-only */
/* x86-64's definitions, see arch.h. */
#ifndef MOCKGPU_TEST_ARCH_X86_64_H
#define MOCKGPU_TEST_ARCH_X86_64_H

#include <stdbool.h>
#include <stdint.h>

/* For messages: what to do without /dev/kvm, and how a guest's crash is called. */
#define ARCH_NO_KVM "load kvm-amd or kvm-intel, or allow nesting"
#define ARCH_CRASH "shut down (triple fault)"
/* KVM's tracepoint that has a guest's physical address for each fault. */
#define ARCH_FAULT_EVENT "kvm_page_fault"

/*
 * The flags that KVM before 6.13 sets on a page when it maps it, and those it leaves in
 * an unknown state, see verdict/judge.c.
 */
#define ARCH_MARKS MOCKGPU_PAGE_REFERENCED
#define ARCH_UNKNOWN_MARKS 0

/*
 * Whether KVM may do so: BEHAVIOUR_GUESSES, for blocks of 2 MiB if the offset is aligned to
 * them, or for every page of a mapping; BEHAVIOUR_REFUSES_CACHEABLE.
 */
#define ARCH_MAY_GUESS_BLOCKS 0
#define ARCH_MAY_GUESS_ALL 0
#define ARCH_MAY_REFUSE_CACHEABLE 0

/*
 * How a write ends where the VMM's mapping is read-only, and the verdict on a write that
 * KVM can neither map nor emulate.
 */
#define ARCH_NO_WRITE VMM_EXIT_MMIO
#define ARCH_NO_STORE JUDGE_UNREACHED

/* The kernel tracks the memory type of each page and changes its own mapping to match. */
#define ARCH_KEEPS_TYPES 1
/* Whether TTM may map all memory write-back: ttm_prot_from_caching() did not know riscv. */
#define ARCH_MAY_LACK_TYPES 0

/*
 * Whether a debugger always reaches memory without reference counts: the kernel's
 * HAVE_IOREMAP_PROT, see __access_remote_vm() in mm/memory.c.
 */
#define ARCH_GIVES_ACCESS 1

/* What memory is reserved with where a buffer is mapped later and a memslot is over it. */
#define ARCH_RESERVE PROT_NONE

/* Indexed by PAT, PCD and PWT, as arch/x86/mm/pat/memtype.c sets up the PAT. */
static inline const char *arch_entry_caching(uint64_t prot, bool large)
{
	static const char *const types[] = {
		"write-back", "write-combining", "uncached-minus", "uncached",
		"write-back", "write-protected", "uncached-minus", "write-through",
	};
	const unsigned int pat = large ? 12 : 7;

	return types[(prot >> pat & 1) << 2 | (prot >> 3 & 3)];
}

#endif /* MOCKGPU_TEST_ARCH_X86_64_H */
