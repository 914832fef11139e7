/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for main() of programs that need KVM. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_PROGRAM_H
#define MOCKGPU_TEST_PROGRAM_H

#include <string.h>

#include "arch.h"
#include "behaviour.h"
#include "buffer.h"
#include "vmm.h"

/*
 * Ask once what the tests need to know of the kernel, before the harness forks them. Without
 * an answer the expectations would be made up.
 */
static inline void program_ask_kernel(void)
{
	int tails = 0;

	if (vm_buffer_unusable())
		return;
	behaviour_seen(BEHAVIOUR_GUESSES);
	if (behaviour_known(BEHAVIOUR_REFUSES_TAILS))
		tails = behaviour_seen(BEHAVIOUR_REFUSES_TAILS);
	if (tails < 0)
		ksft_exit_fail_msg("cannot tell what KVM does with tails: %s\n",
				   strerror(-tails));
}

/**
 * program_has_kvm() - continue only if everything is there that the program needs
 * @unusable: what is missing besides KVM itself, or NULL; from vm_buffer_unusable() or
 *	behaviour_unsafe()
 *
 * Skips the whole program if something is missing, and checks KVM first.
 */
static inline void program_has_kvm(const char *unusable)
{
	const char *no_kvm = vmm_unusable();
	int ret;

	if (no_kvm || unusable)
		ksft_exit_skip("%s\n", no_kvm ? no_kvm : unusable);
	ret = vmm_keep_one();
	if (ret)
		ksft_exit_fail_msg("cannot create a VM (%s): look at what KVM says in dmesg\n",
				   strerror(-ret));
	program_ask_kernel();
}

/**
 * program_needs_kvm() - continue only if guests can be given buffers, too
 * @unusable: as for program_has_kvm()
 *
 * Skips the whole program also where KVM makes no buffer safe for the host.
 */
static inline void program_needs_kvm(const char *unusable)
{
	program_has_kvm(unusable);
	unusable = ARCH_MAY_GUESS_ALL ? behaviour_unusable() : NULL;
	if (unusable)
		ksft_exit_skip("%s\n", unusable);
}

#endif /* MOCKGPU_TEST_PROGRAM_H */
