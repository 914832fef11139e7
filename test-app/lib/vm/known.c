// SPDX-License-Identifier: GPL-2.0-only
/* What is known of kernel releases, see known.h. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include "array.h"
#include "known.h"
#include "release.h"

/* Kernels with a known behaviour: since one release, and fixed in another. */
static const struct behaviour_range {
	enum behaviour what;
	const char *machine;
	const char *from;
	const char *until;
} behaviour_ranges[] = {
	{ BEHAVIOUR_REFUSES_TAILS, NULL, "0.1", "6.13-rc1" },
	{ BEHAVIOUR_GUESSES, "aarch64", "5.14-rc1", "6.12.113" },
	{ BEHAVIOUR_GUESSES, "aarch64", "6.13-rc1", "6.18.56" },
	{ BEHAVIOUR_GUESSES, "aarch64", "6.19-rc1", "7.2.10" },
	{ BEHAVIOUR_GUESSES, "aarch64", "7.3-rc1", "7.3-rc6" },
	{ BEHAVIOUR_GUESSES, "riscv64", "6.17-rc3", "6.18-rc4" },
	{ BEHAVIOUR_REFUSES_CACHEABLE, "aarch64", "6.17-rc1", "100.0" },
	{ BEHAVIOUR_PUTS_WRONG_REFERENCE, "aarch64", "6.12-rc1", "6.13-rc1" },
	{ BEHAVIOUR_PUTS_WRONG_REFERENCE, "x86_64", "6.12-rc1", "6.12.5" },
	{ BEHAVIOUR_LOGS_BACKWARDS, "x86_64", "0.1", "6.14-rc1" },
};

bool behaviour_known_of(enum behaviour what, const char *machine, const char *release)
{
	const uint64_t number = release_parse(release);
	size_t i;

	for (i = 0; number && i < ARRAY_SIZE(behaviour_ranges); i++) {
		const struct behaviour_range *range = &behaviour_ranges[i];

		if (range->what == what && (!range->machine || !strcmp(range->machine, machine)) &&
		    number >= release_parse(range->from) && number < release_parse(range->until))
			return true;
	}
	return false;
}

bool behaviour_known(enum behaviour what)
{
	struct utsname name;

	return !uname(&name) && behaviour_known_of(what, name.machine, name.release);
}
