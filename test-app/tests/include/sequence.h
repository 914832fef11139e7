/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sequence of a guest's first accesses. The page of an entry that comes first decides
 * what KVM does with the others, so a fixed order hides faults. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_SEQUENCE_H
#define MOCKGPU_TEST_SEQUENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/random.h>

#include "prng.h"

/**
 * sequence_shuffle() - shuffle page numbers, differently each time
 * @sequence: page numbers
 * @count: how many
 */
static inline void sequence_shuffle(uint32_t *sequence, size_t count)
{
	static bool told;
	struct prng prng = {};
	size_t i;

	if (getrandom(&prng.state, sizeof(prng.state), 0) != sizeof(prng.state))
		ksft_exit_fail_msg("no random seed\n");
	if (!told)
		ksft_print_msg("order of first access: seed %#llx\n",
			       (unsigned long long)prng.state);
	told = true;
	/* Fisher-Yates. */
	for (i = count; i > 1; i--) {
		const size_t j = prng_below(&prng, i);
		const uint32_t page = sequence[i - 1];

		sequence[i - 1] = sequence[j];
		sequence[j] = page;
	}
}

#endif /* MOCKGPU_TEST_SEQUENCE_H */
