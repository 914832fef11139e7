/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How tests of buffers in a guest report their verdicts: a machine-readable line per case,
 * which lab/matrix reads, and the harness' result. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_CASE_H
#define MOCKGPU_TEST_CASE_H

#include "judge.h"
#include "verdict.h"

/*
 * # result test=<name> verdict=<ok|reproduced|not_ok|skip> mapped=<n> total=<n> [pages=<runs>]
 * with the runs of struct judgement
 */
static inline void case_print(const char *name, const struct judgement *judgement)
{
	if (judgement->verdict == JUDGE_NOT_OK)
		ksft_print_msg("%s: %s\n", name, judgement->text);
	ksft_print_msg("result test=%s verdict=%s mapped=%zu total=%zu%s%s\n", name,
		       judge_verdict_word(judgement->verdict), judgement->mapped,
		       judgement->total, judgement->pages[0] ? " pages=" : "", judgement->pages);
}

/* The judgement on a case that could not even be tried. */
static inline struct judgement judge_not_tried(const char *error, size_t pages)
{
	struct judgement judgement = { .verdict = JUDGE_NOT_OK, .total = pages };

	snprintf(judgement.text, sizeof(judgement.text), "%s", error);
	return judgement;
}

/* The worst verdict decides the test's result: a known refusal is an expected failure. */
static inline void case_conclude(struct __test_metadata *_metadata,
				 const struct judgement *worst)
{
	EXPECT_NE(JUDGE_NOT_OK, worst->verdict)
		TH_LOG("%s", worst->text);
	if (worst->verdict == JUDGE_REPRODUCED)
		verdict_known(_metadata, "%s", worst->text);
}

#endif /* MOCKGPU_TEST_CASE_H */
