/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What main() of the programs that need KVM shares. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_PROGRAM_H
#define MOCKGPU_TEST_PROGRAM_H

#include <string.h>

#include "vmm.h"

/**
 * program_needs_kvm() - go on where there is what the program needs
 * @unusable: what is missing beside KVM itself, or NULL; as of trial_unusable() or
 *	guess_unsafe()
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
}

#endif /* MOCKGPU_TEST_PROGRAM_H */
