/* SPDX-License-Identifier: GPL-2.0-only */
/* Which kernel this is, for what only its number tells. */
#ifndef MOCKGPU_TEST_RELEASE_H
#define MOCKGPU_TEST_RELEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

/* Of what is no release candidate: more than any of them. */
#define RELEASE_FINAL 999

/**
 * release_number() - put a release into one number, so that releases can be compared
 * @major: 7 of 7.2.10
 * @minor: 2
 * @patch: 10; 0 without one
 * @candidate: 5 of 7.3-rc5; RELEASE_FINAL when it is none
 *
 * Return: the number, larger for a later release of the same series or a later series.
 */
static inline uint64_t release_number(unsigned int major, unsigned int minor,
				      unsigned int patch, unsigned int candidate)
{
	return (((uint64_t)major * 1000 + minor) * 1000 + patch) * 1000 + candidate;
}

/**
 * release_parse() - the number of a release as uname -r has it
 * @release: "6.12.117+deb13-arm64", "6.1.0-50-amd64", "7.3-rc5", "7.3.0-rc5+" and the like
 *
 * Debian's 6.1 does not tell the patch level: it counts as 6.1.0.
 *
 * Return: release_number(), 0 for what is no release.
 */
static inline uint64_t release_parse(const char *release)
{
	unsigned int major, minor, patch = 0, candidate;
	int length = 0, more = 0;

	if (sscanf(release, "%u.%u%n", &major, &minor, &length) != 2)
		return 0;
	release += length;
	if (sscanf(release, ".%u%n", &patch, &more) == 1)
		release += more;
	/* Debian's package versions have "~rc5". */
	if (sscanf(release, "%*1[-~]rc%u", &candidate) != 1)
		candidate = RELEASE_FINAL;
	return release_number(major, minor, patch, candidate);
}

/**
 * release_is_before() - tell whether the kernel is older than a release
 * @major: of that release
 * @minor: of that release
 *
 * Return: true when it is, by uname(); false also where that cannot be read.
 */
static inline bool release_is_before(unsigned int major, unsigned int minor)
{
	struct utsname name;
	uint64_t release;

	if (uname(&name))
		return false;
	release = release_parse(name.release);
	return release && release < release_number(major, minor, 0, 0);
}

#endif /* MOCKGPU_TEST_RELEASE_H */
