/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count what a fuzz target did and print it on standard error when the process ends. Each
 * target includes this once.
 */
#ifndef VGPU_FUZZ_H
#define VGPU_FUZZ_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

/* Messages sent, ring walks started, or register accesses made. */
static uint64_t fuzz_done;

static void __attribute__((destructor)) fuzz_tell(void)
{
	fprintf(stderr, "done: %" PRIu64 "\n", fuzz_done);
}

#endif /* VGPU_FUZZ_H */
