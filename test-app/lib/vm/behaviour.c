// SPDX-License-Identifier: GPL-2.0-only
/* What this kernel does, and what a test may tolerate, see behaviour.h. */

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "arch.h"
#include "behaviour.h"
#include "behaviour_ask.h"
#include "buffer.h"
#include "mockgpu_drm.h"

int behaviour_seen(enum behaviour what)
{
	static struct {
		bool asked;
		int answer;
	} seen[BEHAVIOURS];

	/* No other question has a safe buffer before this one is answered. */
	if (ARCH_MAY_GUESS_ALL && what != BEHAVIOUR_GUESSES)
		behaviour_seen(BEHAVIOUR_GUESSES);
	if (!seen[what].asked) {
		seen[what].answer = behaviour_ask(what);
		seen[what].asked = true;
		if (what == BEHAVIOUR_GUESSES)
			vm_buffer_tell(seen[what].answer);
	}
	return seen[what].answer;
}

bool behaviour_is_excused(int seen, bool known)
{
	return seen > 0 && known;
}

bool behaviour_excused(enum behaviour what)
{
	/* Few kernels are known to be unsafe, so most need not be asked. */
	return behaviour_known(what) && behaviour_is_excused(behaviour_seen(what), true);
}

const char *behaviour_unusable(void)
{
	const char *unusable = vm_buffer_unusable();

	return unusable || !ARCH_MAY_GUESS_ALL ? unusable : behaviour_unsafe();
}

static const char *behaviour_why_unsafe(enum behaviour what, const char *does)
{
	static char why[192];
	const int seen = behaviour_seen(what);

	if (!seen)
		return NULL;
	if (seen > 0)
		snprintf(why, sizeof(why), "KVM of this kernel %s", does);
	else
		snprintf(why, sizeof(why), "cannot tell (%s) whether KVM of this kernel %s",
			 strerror(-seen), does);
	return why;
}

const char *behaviour_unsafe(void)
{
	return behaviour_why_unsafe(BEHAVIOUR_GUESSES,
				    "takes vm_pgoff for a physical address: guests would write to the host's memory");
}

const char *behaviour_unsafe_buffer(const struct drm_mockgpu_bo_create *want)
{
	if (want->kind != MOCKGPU_KIND_SPLIT ||
	    (want->fault_mode != MOCKGPU_FAULT_HUGE &&
	     want->fault_mode != MOCKGPU_FAULT_HUGE_READ_ONLY))
		return NULL;
	return behaviour_why_unsafe(BEHAVIOUR_PUTS_WRONG_REFERENCE,
				    "frees pages of 2 MiB entries that are in use (docs/findings/wrong-reference.md)");
}
