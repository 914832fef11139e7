// SPDX-License-Identifier: GPL-2.0-only
/*
 * The suite's own instruments. The judge on made-up evidence: patterns that no kernel at hand
 * shows, or that should never be seen. And what else every test relies on: the list of kernel
 * complaints, SKIP(), undo_at_end(). Needs neither KVM nor the driver. mutation_test shows the
 * judge real damage.
 */

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "guest/protocol.h"
#include "arch.h"
#include "array.h"
#include "clock.h"
#include "judge.h"
#include "kmsg.h"
#include "sysfs.h"
#include "undo.h"

#define TEST_PAGES 8
#define TEST_BLOCK 4

FIXTURE(judge) {
	struct drm_mockgpu_page before[TEST_PAGES];
	struct drm_mockgpu_page now[TEST_PAGES];
	uint8_t result[TEST_PAGES];
	struct judge_evidence evidence;
};

/* Two non-compound blocks of order 2 that mapped. */
FIXTURE_SETUP(judge)
{
	uint32_t i;

	for (i = 0; i < TEST_PAGES; i++) {
		bool head = i % TEST_BLOCK == 0;

		self->before[i] = (struct drm_mockgpu_page){
			.pfn = 0x1000 + i,
			.count = head,
			.flags = head ? MOCKGPU_PAGE_HEAD : MOCKGPU_PAGE_TAIL,
			.order = 2,
			.index = i % TEST_BLOCK,
		};
		self->now[i] = self->before[i];
		self->result[i] = GUEST_MAPPED;
	}
	self->evidence = (struct judge_evidence){
		.pages = TEST_PAGES,
		.result = self->result,
		.before = self->before,
		.complaint = "",
	};
}

FIXTURE_TEARDOWN(judge)
{
}

static void test_refuse_tails(uint8_t *result)
{
	unsigned int i;

	for (i = 0; i < TEST_PAGES; i++) {
		if (i % TEST_BLOCK)
			result[i] = GUEST_EFAULT;
	}
}

#define EXPECT_JUDGED(_verdict, _reason, _page) do {			\
	struct judgement judgement = judge(&self->evidence);		\
									\
	EXPECT_EQ(_verdict, judgement.verdict)				\
		TH_LOG("%s", judgement.text);				\
	EXPECT_EQ(_reason, judgement.reason)				\
		TH_LOG("%s", judgement.text);				\
	EXPECT_EQ(_page, judgement.page)				\
		TH_LOG("%s", judgement.text);				\
} while (0)

TEST_F(judge, all_mapped_is_ok_on_every_kernel)
{
	EXPECT_JUDGED(JUDGE_OK, JUDGE_NONE, 0);
	EXPECT_EQ(TEST_PAGES, judge(&self->evidence).mapped);
	/* An older kernel with the fix. */
	self->evidence.refusal_known = true;
	EXPECT_JUDGED(JUDGE_OK, JUDGE_NONE, 0);
}

TEST_F(judge, refused_tails_are_known_before_6_13_only)
{
	test_refuse_tails(self->result);
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_REFUSED, 1);
	self->evidence.refusal_known = true;
	EXPECT_JUDGED(JUDGE_REPRODUCED, JUDGE_NONE, 0);
	EXPECT_EQ(2, judge(&self->evidence).mapped);
	EXPECT_EQ(TEST_PAGES, judge(&self->evidence).total);
}

TEST_F(judge, a_refused_head_is_not_known)
{
	self->evidence.refusal_known = true;
	test_refuse_tails(self->result);
	self->result[4] = GUEST_EFAULT;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_REFUSED, 4);
}

TEST_F(judge, a_refused_reserved_page_is_not_known)
{
	self->evidence.refusal_known = true;
	test_refuse_tails(self->result);
	self->before[5].flags |= MOCKGPU_PAGE_RESERVED;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_REFUSED, 5);
}

TEST_F(judge, one_tail_that_maps_among_refused_ones_is_not_ok)
{
	self->evidence.refusal_known = true;
	test_refuse_tails(self->result);
	self->result[6] = GUEST_MAPPED;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_PARTLY, 6);
	/* The first of all. */
	test_refuse_tails(self->result);
	self->result[1] = GUEST_MAPPED;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_PARTLY, 1);
	/* The last one. */
	test_refuse_tails(self->result);
	self->result[7] = GUEST_MAPPED;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_PARTLY, 7);
}

/* Neither mapped nor refused: whatever happened to them, nobody has seen them work. */
TEST_F(judge, a_page_without_a_result_is_not_ok)
{
	static const uint8_t results[] = { GUEST_PENDING, GUEST_UNEMULATED, GUEST_WRONG, 0xff };
	unsigned int i, page;

	for (i = 0; i < ARRAY_SIZE(results); i++) {
		for (page = 0; page < TEST_PAGES; page++) {
			self->result[page] = results[i];
			EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_UNREACHED, page);
			self->result[page] = GUEST_MAPPED;
		}
		memset(self->result, results[i], sizeof(self->result));
		EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_UNREACHED, 0);
	}
	EXPECT_NE(NULL, strstr(judge(&self->evidence).text, "page 0"));
}

/* A known refusal does not excuse the pages next to it. */
TEST_F(judge, a_page_without_a_result_among_refused_ones_is_not_ok)
{
	self->evidence.refusal_known = true;
	test_refuse_tails(self->result);
	self->result[5] = GUEST_UNEMULATED;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_UNREACHED, 5);
	test_refuse_tails(self->result);
	self->result[4] = GUEST_PENDING;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_UNREACHED, 4);
}

/* Nothing was seen of a buffer without pages. */
TEST_F(judge, no_pages_are_not_ok)
{
	self->evidence.pages = 0;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_UNREACHED, 0);
}

TEST_F(judge, counts_must_not_change_at_any_time)
{
	const struct drm_mockgpu_page **look[] = {
		&self->evidence.during, &self->evidence.after, &self->evidence.gone,
	};
	unsigned int i;

	self->evidence.refusal_known = true;
	for (i = 0; i < ARRAY_SIZE(look); i++) {
		*look[i] = self->now;
		self->now[4].count = 2;
		EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_COUNT, 4);
		self->now[4].count = 0;
		EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_COUNT, 4);
		self->now[4].count = 1;
		self->now[5].count = 1;
		EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_COUNT, 5);
		self->now[5].count = 0;
		EXPECT_JUDGED(JUDGE_OK, JUDGE_NONE, 0);
		*look[i] = NULL;
	}
}

TEST_F(judge, another_page_is_not_ok)
{
	self->evidence.after = self->now;
	self->now[3].pfn++;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 3);
}

static void test_mark_heads(struct drm_mockgpu_page *pages, uint32_t flags)
{
	pages[0].flags |= flags;
	pages[TEST_BLOCK].flags |= flags;
}

TEST_F(judge, marks_of_kvm_are_known_before_6_13_only)
{
	self->evidence.during = self->now;
	test_mark_heads(self->now, ARCH_MARKS);
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 0);
	self->evidence.refusal_known = true;
	EXPECT_JUDGED(JUDGE_OK, JUDGE_NONE, 0);
	test_refuse_tails(self->result);
	EXPECT_JUDGED(JUDGE_REPRODUCED, JUDGE_NONE, 0);
	/* Dirty is set at the end of the mapping, or both flags are at its beginning. */
	test_mark_heads(self->now, MOCKGPU_PAGE_DIRTY);
	if (!(ARCH_MARKS & MOCKGPU_PAGE_DIRTY))
		EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 0);
	self->evidence.during = NULL;
	self->evidence.after = self->now;
	EXPECT_JUDGED(JUDGE_REPRODUCED, JUDGE_NONE, 0);
	test_mark_heads(self->now, MOCKGPU_PAGE_LRU);
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 0);
}

TEST_F(judge, marks_on_some_of_the_held_pages_are_not_ok)
{
	self->evidence.refusal_known = true;
	self->evidence.after = self->now;
	test_refuse_tails(self->result);
	self->now[0].flags |= MOCKGPU_PAGE_DIRTY;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 4);
}

TEST_F(judge, marks_on_a_page_kvm_did_not_hold_are_not_ok)
{
	self->evidence.refusal_known = true;
	self->evidence.after = self->now;
	test_refuse_tails(self->result);
	test_mark_heads(self->now, MOCKGPU_PAGE_DIRTY);
	self->now[2].flags |= MOCKGPU_PAGE_DIRTY;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 2);
	self->now[2].flags &= ~MOCKGPU_PAGE_DIRTY;
	self->before[4].flags |= MOCKGPU_PAGE_RESERVED;
	self->now[4].flags |= MOCKGPU_PAGE_RESERVED;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_STATE, 4);
}

TEST_F(judge, wrong_data_outweighs_everything)
{
	self->evidence.spurious = 1;
	self->evidence.complaints = 1;
	self->evidence.after = self->now;
	self->now[0].count = 7;
	test_refuse_tails(self->result);
	self->evidence.host_wrong = (struct judge_wrong){ .words = 1, .page = 5 };
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_WRONG_DATA, 5);
	self->evidence.guest_wrong = (struct judge_wrong){ .words = 1, .page = 6 };
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_WRONG_DATA, 6);
}

TEST_F(judge, the_pages_are_told_as_runs)
{
	static uint8_t alternate[1024];
	static struct drm_mockgpu_page before[1024];
	size_t i;

	EXPECT_STREQ("8m", judge(&self->evidence).pages);
	self->result[1] = GUEST_EFAULT;
	self->result[2] = GUEST_EFAULT;
	self->result[4] = GUEST_WRONG;
	self->result[6] = GUEST_UNEMULATED;
	self->result[7] = GUEST_PENDING;
	EXPECT_STREQ("1m2r1m1w1m1e1n", judge(&self->evidence).pages);
	/* Rather nothing than a part of it. */
	for (i = 0; i < ARRAY_SIZE(alternate); i++)
		alternate[i] = i % 2 ? GUEST_MAPPED : GUEST_EFAULT;
	self->evidence.pages = ARRAY_SIZE(alternate);
	self->evidence.result = alternate;
	self->evidence.before = before;
	EXPECT_STREQ("", judge(&self->evidence).pages);
}

TEST_F(judge, a_spurious_fault_is_not_ok)
{
	self->evidence.spurious = 1;
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_SPURIOUS, 0);
	self->evidence.refusal_known = true;
	test_refuse_tails(self->result);
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_SPURIOUS, 0);
}

TEST_F(judge, a_complaint_of_the_kernel_is_not_ok)
{
	self->evidence.complaints = 1;
	self->evidence.complaint = "WARNING: CPU: 0";
	EXPECT_JUDGED(JUDGE_NOT_OK, JUDGE_LOG, 0);
	EXPECT_STREQ("kernel log: WARNING: CPU: 0", judge(&self->evidence).text);
}

static void test_skip_with(struct __test_metadata *_metadata)
{
	SKIP(return, "as a test of the harness");
}

/* harness.h: a failed test stays failed. */
TEST(a_skip_hides_no_failure)
{
	struct __test_results results = {};
	struct __test_metadata metadata = { .name = "made up", .results = &results };

	metadata.exit_code = KSFT_FAIL;
	test_skip_with(&metadata);
	EXPECT_EQ(KSFT_FAIL, metadata.exit_code);
	metadata.exit_code = KSFT_PASS;
	test_skip_with(&metadata);
	EXPECT_EQ(KSFT_SKIP, metadata.exit_code);
	EXPECT_STREQ("as a test of the harness", results.reason);
}

/* A file that has "new" until the process that undoes it has written "old". */
static void test_undo(const void *path)
{
	sysfs_write(path, "old");
}

/* How a process that has changed something ends: 0 by itself, otherwise by that signal. */
static void test_change(const char *path, int signal)
{
	if (undo_at_end(test_undo, path) || sysfs_write(path, "new"))
		_exit(1);
	if (signal)
		kill(getpid(), signal);
	exit(0);
}

static void test_expect_undone(struct __test_metadata *_metadata, int signal)
{
	char path[] = "/tmp/mockgpu-undo-XXXXXX", value[8] = "";
	int status = 0, tries;
	pid_t child;

	ASSERT_LE(0, mkstemp(path));
	ASSERT_EQ(0, sysfs_write(path, "was"));
	child = fork();
	if (!child)
		test_change(path, signal);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(signal, status);
	/* A process that exits waits for the undo, and one that is killed cannot. */
	for (tries = 0; strcmp(value, "old") && tries < (signal ? 10000 : 1); tries++) {
		clock_pause(1);
		EXPECT_EQ(0, sysfs_read(path, value, sizeof(value)));
	}
	EXPECT_STREQ("old", value);
	unlink(path);
}

TEST(what_a_program_changed_is_undone_at_its_end)
{
	test_expect_undone(_metadata, 0);
	test_expect_undone(_metadata, SIGKILL);
	test_expect_undone(_metadata, SIGTERM);
}

/* Generated from complaints.txt. */
static const struct {
	bool complaint;
	const char *text;
} lines[] = {
#include "complaint_lines.h"
};

TEST(complaints_of_the_kernel_are_known)
{
	size_t i, complaints = 0;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		complaints += lines[i].complaint;
		EXPECT_EQ(lines[i].complaint, kmsg_is_complaint(lines[i].text))
			TH_LOG("%s", lines[i].text);
	}
	EXPECT_LT(0, complaints);
	EXPECT_GT(ARRAY_SIZE(lines), complaints);
}

TEST_HARNESS_MAIN
