/* SPDX-License-Identifier: GPL-2.0-only */
/* Which kernel this is, for what only its number tells. */
#ifndef MOCKGPU_TEST_RELEASE_H
#define MOCKGPU_TEST_RELEASE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>

/**
 * release_is_before() - tell whether the kernel is older than a release
 * @major: of that release
 * @minor: of that release
 *
 * Return: true when it is, by uname(); false also where that cannot be read.
 */
static inline bool release_is_before(unsigned int major, unsigned int minor)
{
	unsigned int have_major, have_minor;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major < major || (have_major == major && have_minor < minor);
}

#endif /* MOCKGPU_TEST_RELEASE_H */
