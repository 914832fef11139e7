/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much a fuzz target did, told on standard error when the process ends.
 * Included once by each target.
 */
#ifndef VGPU_FUZZ_H
#define VGPU_FUZZ_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* Messages sent, walks of the ring begun, or accesses made to registers. */
static uint64_t fuzz_done;

static void __attribute__((destructor)) fuzz_tell(void)
{
	fprintf(stderr, "done: %" PRIu64 "\n", fuzz_done);
}

#endif /* VGPU_FUZZ_H */
