/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM of this kernel does with a driver's memory. Kernels carry backports, and
 * stable releases fix what the first release of their series does wrong, so that a
 * kernel's name does not tell: it is asked, by a small buffer in a VM. The name only
 * says whether an answer is one that is known of such kernels (known.h).
 */
#ifndef MOCKGPU_TEST_BEHAVIOUR_H
#define MOCKGPU_TEST_BEHAVIOUR_H

#include <stdbool.h>

#include "known.h"

struct drm_mockgpu_bo_create;

/**
 * behaviour_seen() - tell whether this kernel does that
 * @what: the behaviour
 *
 * The first call asks the kernel: it takes a VM, the driver and root. Later ones, in
 * this process and in those that it forks, have the answer. Whatever the kernel does,
 * the question leaves the host's memory alone: KVM can be led to no page but those of
 * the question's own buffers.
 *
 * Return: 1 when it does, 0 when not, -errno when it could not be asked.
 */
int behaviour_seen(enum behaviour what);

/**
 * behaviour_is_excused() - what a test may put up with
 * @seen: of behaviour_seen()
 * @known: of behaviour_known()
 *
 * A kernel that does better than it is known to is as good as any, and one that does
 * worse is not.
 *
 * Return: true when the kernel falls short and is known to.
 */
bool behaviour_is_excused(int seen, bool known);

/**
 * behaviour_excused() - the same of this kernel
 * @what: the behaviour
 *
 * Return: true when it falls short there and is known to.
 */
bool behaviour_excused(enum behaviour what);

/**
 * behaviour_unsafe() - why a program whose buffers cannot stay clear of a guess must
 *	not be run here
 *
 * Those with dma-bufs or with mappings that change their place: where KVM guesses their
 * guests would write to memory of the host's kernel.
 *
 * Return: NULL where KVM does not guess, or one line for people; valid until the next
 * call.
 */
const char *behaviour_unsafe(void);

/**
 * behaviour_unsafe_buffer() - why no guest must be given such a buffer here
 * @want: how it is to be made
 *
 * Those of which this kernel would free pages that are in use.
 *
 * Return: NULL when one may, or one line for people; valid until the next call.
 */
const char *behaviour_unsafe_buffer(const struct drm_mockgpu_bo_create *want);

#endif /* MOCKGPU_TEST_BEHAVIOUR_H */
