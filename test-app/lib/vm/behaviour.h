/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM of this kernel does with a driver's memory. Kernels carry backports, and stable
 * releases fix what the first release of their series got wrong, so a kernel's name does
 * not tell. Ask the kernel instead, with a small buffer in a VM. The name only says
 * whether an answer is one that is known of such kernels (known.h).
 */
#ifndef MOCKGPU_TEST_BEHAVIOUR_H
#define MOCKGPU_TEST_BEHAVIOUR_H

#include <stdbool.h>

#include "known.h"

struct drm_mockgpu_bo_create;

/**
 * behaviour_seen() - tell whether this kernel shows a behaviour
 * @what: the behaviour
 *
 * The first call asks the kernel, which needs a VM, the driver and root. Later calls, in
 * this process and in those that it forks, have the answer. Asking is safe whatever the
 * kernel does: KVM can be made to map only pages of the question's own buffers.
 *
 * Return: 1 when it does, 0 when not, -errno when it could not be asked.
 */
int behaviour_seen(enum behaviour what);

/**
 * behaviour_is_excused() - tell what a test may tolerate
 * @seen: from behaviour_seen()
 * @known: from behaviour_known()
 *
 * A kernel that does better than is known of it is fine; one that does worse is not.
 *
 * Return: true when the kernel falls short and is known to.
 */
bool behaviour_is_excused(int seen, bool known);

/**
 * behaviour_excused() - the same for this kernel
 * @what: the behaviour
 *
 * Return: true when it falls short there and is known to.
 */
bool behaviour_excused(enum behaviour what);

/**
 * behaviour_unusable() - tell whether guests can be given buffers here
 *
 * Return: as vm_buffer_unusable(); also why not where no buffer is safe, behaviour_unsafe().
 */
const char *behaviour_unusable(void);

/**
 * behaviour_unsafe() - tell why a program whose buffers cannot keep clear of a guess must
 *	not run here
 *
 * These are programs with dma-bufs or with mappings that move: where KVM guesses, their
 * guests would write to the host kernel's memory.
 *
 * Return: NULL where KVM does not guess, or one line for people; valid until the next
 * call.
 */
const char *behaviour_unsafe(void);

/**
 * behaviour_unsafe_buffer() - tell why no guest may be given such a buffer here
 * @want: the buffer to create
 *
 * There are buffers of which this kernel would free pages that are in use.
 *
 * Return: NULL when a guest may have it, or one line for people; valid until the next
 * call.
 */
const char *behaviour_unsafe_buffer(const struct drm_mockgpu_bo_create *want);

#endif /* MOCKGPU_TEST_BEHAVIOUR_H */
