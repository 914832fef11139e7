/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What main() of the programs that need KVM shares. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_PROGRAM_H
#define MOCKGPU_TEST_PROGRAM_H

#include "vmm.h"

/**
 * program_needs_kvm() - go on where there is what the program needs
 * @unusable: what is missing, or NULL; as of vmm_unusable(), trial_unusable() or
 *	guess_unsafe()
 *
 * Skips the whole program where something is missing.
 */
static inline void program_needs_kvm(const char *unusable)
{
	if (unusable)
		ksft_exit_skip("%s\n", unusable);
	if (vmm_keep_one())
		ksft_exit_fail_msg("cannot create a VM\n");
}

#endif /* MOCKGPU_TEST_PROGRAM_H */
