/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of KVM by kernel release: whether a shortcoming that was seen is a known
 * one. It must not be used to predict what a kernel does, see behaviour.h.
 */
#ifndef MOCKGPU_TEST_KNOWN_H
#define MOCKGPU_TEST_KNOWN_H

#include <stdbool.h>

/**
 * enum behaviour - where a kernel falls short
 *
 * @BEHAVIOUR_REFUSES_TAILS: pages without a reference count give EFAULT. Up to 6.12 KVM
 *	took a reference to the page of an entry and gave up if it could not:
 *	kvm_try_get_pfn() in virt/kvm/kvm_main.c. The series "KVM: Stop grabbing
 *	references to PFNMAP'd pages" ended that in 6.13.
 * @BEHAVIOUR_GUESSES: arm64 takes vm_pgoff of a VM_PFNMAP mapping for a physical
 *	address, see buffer.h: get_vma_page_shift() in arch/arm64/kvm/mmu.c, from 5.14
 *	(2aa53d68cee6) to 7.3-rc5. Fixed by 71cc2c67fb8f, also in 7.2.10, 6.18.56 and
 *	6.12.113. riscv64 took it for the address of the whole mapping:
 *	kvm_arch_prepare_memory_region() in arch/riscv/kvm/mmu.c. Up to 6.16 its entries
 *	could not be used; 9bca8be646e0 in 6.17-rc3 changed that, and 8c5fa3764faa in
 *	6.18-rc4 took them away.
 * @BEHAVIOUR_REFUSES_CACHEABLE: arm64 returns EINVAL for a memslot over cacheable
 *	VM_PFNMAP memory if the host lacks FEAT_S2FWB or CTR_EL0.DIC:
 *	kvm_arch_prepare_memory_region() since 6.17
 * @BEHAVIOUR_PUTS_WRONG_REFERENCE: the first access to page n of a 2 MiB entry leaves
 *	page n with one reference more and the first page with one less, so the first
 *	page is freed while the driver and the guest use it: arm64's user_mem_abort() in
 *	6.12, x86 up to 6.12.4. See docs/findings/wrong-reference.md.
 * @BEHAVIOUR_LOGS_BACKWARDS: the dirty ring has what an Intel CPU logged between two exits
 *	in the reverse order: vmx_flush_pml_buffer() in arch/x86/kvm/vmx/vmx.c up to 6.13
 *	read PML's buffer from its lowest entry up, and CPUs fill it from the highest down.
 *	Not for behaviour_seen(): its test sees it.
 */
enum behaviour {
	BEHAVIOUR_REFUSES_TAILS,
	BEHAVIOUR_GUESSES,
	BEHAVIOUR_REFUSES_CACHEABLE,
	BEHAVIOUR_PUTS_WRONG_REFERENCE,
	BEHAVIOUR_LOGS_BACKWARDS,
};

/* Those that a kernel can be asked for. */
#define BEHAVIOURS 4

/**
 * behaviour_known() - tell whether this kernel is known to show a behaviour, by uname()
 * @what: the behaviour
 *
 * Return: true when it is.
 */
bool behaviour_known(enum behaviour what);

/**
 * behaviour_known_of() - the same for any kernel
 * @what: the behaviour
 * @machine: as uname -m
 * @release: as uname -r
 *
 * Return: true when that kernel is known to show it.
 */
bool behaviour_known_of(enum behaviour what, const char *machine, const char *release);

#endif /* MOCKGPU_TEST_KNOWN_H */
