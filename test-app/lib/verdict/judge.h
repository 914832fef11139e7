/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was seen of a buffer in a guest, and the verdict on it. The tests, the probe and
 * the suite's self-test, which shows that each reason below is found, all judge here.
 */
#ifndef MOCKGPU_TEST_JUDGE_H
#define MOCKGPU_TEST_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mockgpu_test.h"

/**
 * struct judge_wrong - words with the wrong value
 *
 * @words: how many; the other members are undefined when it is 0
 * @page: page number of the first
 * @word: 8-byte word in the page
 * @right: expected value
 * @seen: value that was read
 */
struct judge_wrong {
	uint64_t words;
	uint64_t page;
	uint32_t word;
	uint64_t right;
	uint64_t seen;
};

/**
 * struct judge_evidence - what was seen of one buffer in one case
 *
 * Arrays have @pages entries, indexed by page number.
 *
 * @pages: pages of the buffer; 0 is not ok
 * @result: enum guest_result of the guest's first access to each page
 * @before: each page before the buffer was attached to the guest
 * @during: each page while the guest had it mapped; NULL: as before
 * @after: each page after the memslot was removed; NULL: as before
 * @gone: each page after the VM was destroyed; NULL: as before
 * @guest_wrong: wrong data read by the guest
 * @host_wrong: wrong data read by the host
 * @spurious: times KVM_RUN failed with EFAULT and the retry succeeded
 * @complaints: complaints in the kernel log
 * @complaint: the first of them
 * @refusal_known: this kernel is known to refuse pages without a reference count,
 *	judge_refusal_known()
 */
struct judge_evidence {
	size_t pages;
	const uint8_t *result;
	const struct drm_mockgpu_page *before;
	const struct drm_mockgpu_page *during;
	const struct drm_mockgpu_page *after;
	const struct drm_mockgpu_page *gone;
	struct judge_wrong guest_wrong;
	struct judge_wrong host_wrong;
	size_t spurious;
	int complaints;
	const char *complaint;
	bool refusal_known;
};

/**
 * enum judge_verdict - the verdict, as in docs and results
 *
 * @JUDGE_OK: every page mapped, data right in both directions, pages unchanged, nothing
 *	in the kernel log
 * @JUDGE_REPRODUCED: the same, but exactly the pages that this kernel is known to refuse
 *	gave EFAULT
 * @JUDGE_NOT_OK: anything else
 * @JUDGE_SKIP: not tried
 */
enum judge_verdict {
	JUDGE_OK,
	JUDGE_REPRODUCED,
	JUDGE_NOT_OK,
	JUDGE_SKIP,
};

/**
 * enum judge_reason - why the verdict is not ok
 *
 * @JUDGE_NONE: it is ok
 * @JUDGE_WRONG_DATA: the guest or the host read something other than was written
 * @JUDGE_COUNT: a page's reference count changed
 * @JUDGE_STATE: a page's pfn or flags changed, other than this kernel is known to change
 *	them
 * @JUDGE_UNREACHED: a page neither mapped with the right data nor gave EFAULT, or there
 *	are no pages
 * @JUDGE_REFUSED: a page gave EFAULT that no kernel, or not this one, is known to refuse
 * @JUDGE_PARTLY: some of the pages that this kernel is known to refuse gave EFAULT,
 *	others mapped
 * @JUDGE_SPURIOUS: KVM_RUN failed for no reason
 * @JUDGE_LOG: the kernel complained in its log
 */
enum judge_reason {
	JUDGE_NONE,
	JUDGE_WRONG_DATA,
	JUDGE_COUNT,
	JUDGE_STATE,
	JUDGE_UNREACHED,
	JUDGE_REFUSED,
	JUDGE_PARTLY,
	JUDGE_SPURIOUS,
	JUDGE_LOG,
};

/* Bytes for the runs of pages of a judgement: a refused buffer has two runs for each block. */
#define JUDGE_PAGES_TEXT 256

/**
 * struct judgement - a verdict and what it is based on
 *
 * @verdict: the verdict
 * @reason: the first reason found, in the order of enum judge_reason
 * @page: the first page with that reason; 0 if it is not about a page
 * @mapped: pages the guest could access
 * @total: pages of the buffer
 * @text: one line for people, without a newline
 * @pages: what became of each page, as runs of a number and a letter, "1m511r": m mapped
 *	with the right data, w mapped with wrong data, r refused with EFAULT, e not emulated
 *	by KVM, n no result; "" if not tried, or if there are too many runs
 */
struct judgement {
	enum judge_verdict verdict;
	enum judge_reason reason;
	uint64_t page;
	size_t mapped;
	size_t total;
	char text[256];
	char pages[JUDGE_PAGES_TEXT];
};

/**
 * judge_refusal_known() - tell whether KVM of this kernel is known to refuse pages
 *	without a reference count, BEHAVIOUR_REFUSES_TAILS
 *
 * Whether it really refuses them is for the evidence to show: a kernel that is known to
 * refuse such pages but maps all of them is ok.
 *
 * Return: true before 6.13 by uname().
 */
bool judge_refusal_known(void);

/**
 * judge_page_refusable() - tell whether such a kernel refuses a page
 * @page: the page before the buffer was attached to the guest
 *
 * Return: true for a page that has no reference count and is not reserved.
 */
bool judge_page_refusable(const struct drm_mockgpu_page *page);

/**
 * judge() - judge a buffer
 * @evidence: what was seen
 *
 * Return: the judgement.
 */
struct judgement judge(const struct judge_evidence *evidence);

/**
 * judge_verdict_word() - get the word for a verdict in a machine-readable comment line
 * @verdict: the verdict
 *
 * Return: "ok", "reproduced", "not_ok" or "skip".
 */
const char *judge_verdict_word(enum judge_verdict verdict);

/**
 * judge_verdict_text() - get the name of a verdict for people and for JSON
 * @verdict: the verdict
 *
 * Return: "ok", "reproduced", "not ok" or "skip".
 */
const char *judge_verdict_text(enum judge_verdict verdict);

#endif /* MOCKGPU_TEST_JUDGE_H */
