/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What main() of the programs that need KVM shares. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_PROGRAM_H
#define MOCKGPU_TEST_PROGRAM_H

#include <string.h>

#include "behaviour.h"
#include "buffer.h"
#include "vmm.h"

/*
 * What the tests want to know of the kernel is asked once, before the harness forks
 * them. A kernel that does not answer would make expectations up.
 */
static inline void program_ask_kernel(void)
{
	int tails = 0;

	if (vm_buffer_unusable())
		return;
	behaviour_seen(BEHAVIOUR_GUESSES_BLOCKS);
	if (behaviour_known(BEHAVIOUR_REFUSES_TAILS))
		tails = behaviour_seen(BEHAVIOUR_REFUSES_TAILS);
	if (tails < 0)
		ksft_exit_fail_msg("cannot tell what KVM does with tails: %s\n",
				   strerror(-tails));
}

/**
 * program_needs_kvm() - go on where there is what the program needs
 * @unusable: what is missing beside KVM itself, or NULL; as of vm_buffer_unusable() or
 *	behaviour_unsafe()
 *
 * Skips the whole program where something is missing; that KVM is comes first.
 */
static inline void program_needs_kvm(const char *unusable)
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

#endif /* MOCKGPU_TEST_PROGRAM_H */
