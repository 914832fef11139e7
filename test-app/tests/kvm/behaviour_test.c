// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of kernels by their release, what a test may tolerate, and whether the
 * behaviour of this kernel is known of it: a kernel that does worse fails here, in one line.
 */

#include <string.h>

#include "kselftest_harness.h"

#include "array.h"
#include "behaviour.h"
#include "behaviour_ask.h"
#include "buffer.h"
#include "release.h"
#include "verdict.h"

TEST(releases_have_an_order)
{
	static const char *const later[] = {
		"5.14.0-427.el9.x86_64", "6.1.0-50-amd64", "6.1.176", "6.12.0",
		"6.12.112+deb13-arm64", "6.12.113+deb13-arm64", "6.13-rc1", "6.13.0-rc7+",
		"6.13.0", "7.2", "7.2.9", "7.2.10", "7.3~rc5-arm64", "7.3-rc6", "7.3.4+deb13-amd64",
		"10.0.0",
	};
	size_t i;

	for (i = 1; i < ARRAY_SIZE(later); i++) {
		EXPECT_LT(release_parse(later[i - 1]), release_parse(later[i]))
			TH_LOG("%s and %s", later[i - 1], later[i]);
	}
	EXPECT_EQ(release_parse("7.2"), release_parse("7.2.0-1-generic"));
	EXPECT_EQ(0, release_parse("next-20261120"));
	EXPECT_EQ(0, release_parse(""));
}

/* A kernel and the behaviours that are known of it, a letter for each. */
static void expect_known(struct __test_metadata *_metadata, const char *machine,
			 const char *release, const char *letters)
{
	static const char letter[BEHAVIOURS] = {
		[BEHAVIOUR_REFUSES_TAILS] = 't',
		[BEHAVIOUR_GUESSES] = 'g',
		[BEHAVIOUR_REFUSES_CACHEABLE] = 'c',
		[BEHAVIOUR_PUTS_WRONG_REFERENCE] = 'r',
	};
	size_t i;

	for (i = 0; i < BEHAVIOURS; i++) {
		EXPECT_EQ(!!strchr(letters, letter[i]),
			  behaviour_known_of(i, machine, release))
			TH_LOG("%s, %s: %c", machine, release, letter[i]);
	}
}

TEST(what_is_known_of_kernels)
{
	static const struct {
		const char *machine, *release, *known;
	} kernels[] = {
		{ "x86_64", "6.1.0-50-amd64", "t" },
		{ "x86_64", "6.12.4", "tr" },
		{ "x86_64", "6.12.5", "t" },
		{ "x86_64", "6.12.117+deb13-amd64", "t" },
		{ "x86_64", "6.13.0-rc1", "" },
		{ "x86_64", "7.3.4+deb13-amd64", "" },
		{ "aarch64", "5.13.19", "t" },
		{ "aarch64", "5.14.0", "tg" },
		{ "aarch64", "6.1.0-50-arm64", "tg" },
		{ "aarch64", "6.12.112+deb13-arm64", "tgr" },
		{ "aarch64", "6.12.113+deb13-arm64", "tr" },
		{ "aarch64", "6.13.0", "g" },
		{ "aarch64", "6.17.4", "gc" },
		{ "aarch64", "6.18.55", "gc" },
		{ "aarch64", "6.18.56", "c" },
		{ "aarch64", "6.19.0", "gc" },
		{ "aarch64", "7.2.0-rc3", "gc" },
		{ "aarch64", "7.2.9", "gc" },
		{ "aarch64", "7.2.10", "c" },
		{ "aarch64", "7.2.12+deb13-arm64", "c" },
		{ "aarch64", "7.3-rc5", "gc" },
		{ "aarch64", "7.3-rc6", "c" },
		{ "aarch64", "7.3.4", "c" },
		{ "riscv64", "6.12.117+deb13-riscv64", "t" },
		{ "aarch64", "next-20261120", "" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kernels); i++)
		expect_known(_metadata, kernels[i].machine, kernels[i].release, kernels[i].known);
}

/* Better than known is fine; worse than known, or no answer, is not excused. */
TEST(what_a_test_may_put_up_with)
{
	EXPECT_TRUE(behaviour_is_excused(1, true));
	EXPECT_FALSE(behaviour_is_excused(1, false));
	EXPECT_FALSE(behaviour_is_excused(0, true));
	EXPECT_FALSE(behaviour_is_excused(0, false));
	EXPECT_FALSE(behaviour_is_excused(-12, true));
}

static const char *const words[BEHAVIOURS] = {
	[BEHAVIOUR_REFUSES_TAILS] = "pages without a reference count give EFAULT",
	[BEHAVIOUR_GUESSES] = "vm_pgoff is taken for a physical address",
	[BEHAVIOUR_REFUSES_CACHEABLE] = "no memslot over cacheable memory of a driver",
	[BEHAVIOUR_PUTS_WRONG_REFERENCE] = "the reference of a wrong page is put",
};

static void expect_no_worse(struct __test_metadata *_metadata, enum behaviour what)
{
	const int seen = behaviour_seen(what);

	if (vm_buffer_unusable())
		SKIP(return, "%s", vm_buffer_unusable());
	ASSERT_LE(0, seen)
		TH_LOG("cannot be asked: %s", strerror(-seen));
	/* What was found once is still found now. */
	EXPECT_EQ(seen, behaviour_ask(what));
	if (seen)
		verdict_seen(_metadata, behaviour_known(what), "known: %s", words[what]);
}

TEST(tails)
{
	expect_no_worse(_metadata, BEHAVIOUR_REFUSES_TAILS);
}

TEST(guesses)
{
	expect_no_worse(_metadata, BEHAVIOUR_GUESSES);
}

TEST(cacheable_memory)
{
	expect_no_worse(_metadata, BEHAVIOUR_REFUSES_CACHEABLE);
}

TEST(references_of_large_entries)
{
	expect_no_worse(_metadata, BEHAVIOUR_PUTS_WRONG_REFERENCE);
}

TEST_HARNESS_MAIN
