/* SPDX-License-Identifier: GPL-2.0-only */
/* Kernel releases, for what only the release number tells. */
#ifndef MOCKGPU_TEST_RELEASE_H
#define MOCKGPU_TEST_RELEASE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

/* For a final release: more than any release candidate. */
#define RELEASE_FINAL 999

/**
 * release_number() - encode a release as one number, so releases can be compared
 * @major: 7 of 7.2.10
 * @minor: 2
 * @patch: 10; 0 without one
 * @candidate: 5 of 7.3-rc5; RELEASE_FINAL for a final release
 *
 * Return: the number; a later release has a larger one.
 */
static inline uint64_t release_number(unsigned int major, unsigned int minor,
				      unsigned int patch, unsigned int candidate)
{
	return (((uint64_t)major * 1000 + minor) * 1000 + patch) * 1000 + candidate;
}

/**
 * release_parse() - encode a release as uname -r prints it
 * @release: "6.12.117+deb13-arm64", "6.1.0-50-amd64", "7.3-rc5", "7.3.0-rc5+" and the like
 *
 * Debian's 6.1 does not tell its patch level: it counts as 6.1.0.
 *
 * Return: release_number(); 0 if @release is not a release.
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
 * Return: true when uname() says so; false otherwise, or if it cannot be parsed.
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
