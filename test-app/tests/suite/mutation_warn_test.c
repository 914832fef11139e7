// SPDX-License-Identifier: GPL-2.0-only
/*
 * The suite's self-test of the kernel log: a warning while a buffer is exercised in a guest
 * makes the case "not ok". It leaves a WARN in the kernel's log on purpose and taints the
 * kernel, so the lab gives it a cell of its own.
 */

#include "kselftest_harness.h"

#include "behaviour.h"
#include "exercise.h"
#include "kmsg.h"

static int test_warn(struct exercise *exercise, enum exercise_stage stage, void *opaque)
{
	(void)opaque;
	if (stage != EXERCISE_TOUCHED)
		return 0;
	return mockgpu_bo_inject(&exercise->bo, MOCKGPU_INJECT_WARN, 0);
}

TEST(a_warning_of_the_kernel_is_seen)
{
	struct exercise_case what = {
		.first = GUEST_READ, .access_order = EXERCISE_HEADS_FIRST, .seed = 1,
	};
	struct judgement judgement;
	struct exercise exercise;
	int drm, kmsg;

	drm = mockgpu_open(NULL, 0);
	ASSERT_LE(0, drm);
	kmsg = kmsg_open();
	ASSERT_LE(0, kmsg);
	ASSERT_EQ(0, exercise_init(&exercise, drm, MOCKGPU_KIND_SPLIT, 0, 4, NULL, kmsg));

	ASSERT_EQ(0, exercise_run(&exercise, &what));
	EXPECT_EQ(JUDGE_OK, judge(&exercise.evidence).verdict);

	what.hook = test_warn;
	ASSERT_EQ(0, exercise_run(&exercise, &what));
	judgement = judge(&exercise.evidence);
	EXPECT_EQ(JUDGE_NOT_OK, judgement.verdict);
	EXPECT_EQ(JUDGE_LOG, judgement.reason);
	EXPECT_NE(NULL, strstr(judgement.text, "WARNING: "))
		TH_LOG("%s", judgement.text);

	what.hook = NULL;
	ASSERT_EQ(0, exercise_run(&exercise, &what));
	EXPECT_EQ(JUDGE_OK, judge(&exercise.evidence).verdict);

	exercise_fini(&exercise);
	close(kmsg);
	close(drm);
}

int main(int argc, char **argv)
{
	const char *unusable = behaviour_unusable();

	if (unusable)
		ksft_exit_skip("%s\n", unusable);
	return test_harness_run(argc, argv);
}
