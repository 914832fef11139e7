// SPDX-License-Identifier: GPL-2.0-only
/* Judge a buffer in a guest, see judge.h. */

#include <stdarg.h>
#include <stdio.h>

#include "guest/protocol.h"
#include "arch.h"
#include "array.h"
#include "judge.h"
#include "known.h"

bool judge_refusal_known(void)
{
	return behaviour_known(BEHAVIOUR_REFUSES_TAILS);
}

bool judge_page_refusable(const struct drm_mockgpu_page *page)
{
	return !page->count &&
	       !(page->flags & (MOCKGPU_PAGE_RESERVED | MOCKGPU_PAGE_NO_STRUCT));
}

__attribute__((format(printf, 4, 5)))
static bool judge_not_ok(struct judgement *judgement, enum judge_reason reason,
			 uint64_t page, const char *format, ...)
{
	va_list args;

	judgement->verdict = JUDGE_NOT_OK;
	judgement->reason = reason;
	judgement->page = page;
	va_start(args, format);
	vsnprintf(judgement->text, sizeof(judgement->text), format, args);
	va_end(args);
	return true;
}

static bool judge_data(const struct judge_evidence *evidence,
		       struct judgement *judgement)
{
	bool guest = evidence->guest_wrong.words;
	const struct judge_wrong *wrong = guest ? &evidence->guest_wrong :
						  &evidence->host_wrong;

	if (!wrong->words)
		return false;
	return judge_not_ok(judgement, JUDGE_WRONG_DATA, wrong->page,
			    "wrong data: the %s read %#llx instead of %#llx in page %llu word %u, %llu wrong words",
			    guest ? "guest" : "host", (unsigned long long)wrong->seen,
			    (unsigned long long)wrong->right, (unsigned long long)wrong->page,
			    wrong->word, (unsigned long long)wrong->words);
}

/**
 * struct judge_look - the pages at one moment, and what KVM may have changed
 *
 * Before 6.13 KVM held a reference to a page while it mapped it, and treated it
 * like any memory of a process (kvm_set_pfn_accessed() and kvm_set_pfn_dirty()
 * in virt/kvm/kvm_main.c): mark_page_accessed() when it mapped the page, and again
 * with SetPageDirty() when it removed the mapping. The second call sets or clears
 * PG_referenced, depending on the LRU in use. It left pages with PG_reserved alone,
 * and never held pages that it refused. On arm64 it did all of this when it mapped a
 * page that the guest may write to: SetPageDirty() and two calls of
 * mark_page_accessed() (user_mem_abort() in arch/arm64/kvm/mmu.c).
 *
 * @now: the pages, NULL if none has changed
 * @when: the moment, for people
 * @set: flags that KVM has set by then on each page it held
 * @any: flags that KVM leaves in an unknown state
 */
struct judge_look {
	const struct drm_mockgpu_page *now;
	const char *when;
	uint32_t set;
	uint32_t any;
};

static bool judge_is_mapped(const struct judge_evidence *evidence, size_t page)
{
	return evidence->result[page] == GUEST_MAPPED || evidence->result[page] == GUEST_WRONG;
}

static bool judge_page_is_held(const struct judge_evidence *evidence, size_t page)
{
	const struct drm_mockgpu_page *before = &evidence->before[page];

	return evidence->refusal_known && before->count &&
	       !(before->flags & MOCKGPU_PAGE_RESERVED) &&
	       judge_is_mapped(evidence, page);
}

static bool judge_state_changed(struct judgement *judgement, size_t i, const char *when,
				const struct drm_mockgpu_page *was,
				const struct drm_mockgpu_page *now)
{
	return judge_not_ok(judgement, JUDGE_STATE, i,
			    "page %zu has pfn %#llx, flags %#x %s, before it was %#llx, %#x", i,
			    (unsigned long long)now->pfn, now->flags, when,
			    (unsigned long long)was->pfn, was->flags);
}

/* KVM left its marks either on every page it held, or on none. */
static bool judge_look(const struct judge_evidence *evidence, const struct judge_look *look,
		       struct judgement *judgement)
{
	bool marks = false, no_marks = false;
	size_t i;

	for (i = 0; look->now && i < evidence->pages; i++) {
		const struct drm_mockgpu_page *was = &evidence->before[i];
		const struct drm_mockgpu_page *now = &look->now[i];
		bool same = now->flags == was->flags;
		bool marked = judge_page_is_held(evidence, i) &&
			      !((now->flags ^ (was->flags | look->set)) & ~look->any);

		if (now->count != was->count)
			return judge_not_ok(judgement, JUDGE_COUNT, i,
					    "page %zu has reference count %u %s, before it was %u",
					    i, now->count, look->when, was->count);
		if (now->pfn != was->pfn || (!same && !marked))
			return judge_state_changed(judgement, i, look->when, was, now);
		marks |= marked && !same;
		no_marks |= same && !marked && judge_page_is_held(evidence, i);
		if (marks && no_marks)
			return judge_not_ok(judgement, JUDGE_STATE, i,
					    "KVM marked some of the pages it held and others not: flags %#x of page %zu %s",
					    now->flags, i, look->when);
	}
	return false;
}

static bool judge_pages(const struct judge_evidence *evidence, struct judgement *judgement)
{
	const struct judge_look looks[] = {
		{ evidence->during, "while mapped", ARCH_MARKS, ARCH_UNKNOWN_MARKS },
		{ evidence->after, "without the memslot", MOCKGPU_PAGE_DIRTY,
		  MOCKGPU_PAGE_REFERENCED },
		{ evidence->gone, "without the VM", MOCKGPU_PAGE_DIRTY,
		  MOCKGPU_PAGE_REFERENCED },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(looks); i++) {
		if (judge_look(evidence, &looks[i], judgement))
			return true;
	}
	return false;
}

/*
 * Every page must be accounted for: either it mapped, with data that judge_data() found
 * right, or it gave EFAULT, which judge_refusals() checks.
 */
static bool judge_unreached(const struct judge_evidence *evidence, struct judgement *judgement)
{
	static const char *const what[] = {
		[GUEST_PENDING] = "the access has no result",
		[GUEST_WRONG] = "the guest found wrong data but no wrong word is known",
		[GUEST_UNEMULATED] = "KVM set about emulating the access, and could not",
	};
	size_t i;

	if (!evidence->pages)
		return judge_not_ok(judgement, JUDGE_UNREACHED, 0, "there are no pages");
	for (i = 0; i < evidence->pages; i++) {
		const uint8_t result = evidence->result[i];

		if (result != GUEST_MAPPED && result != GUEST_EFAULT)
			return judge_not_ok(judgement, JUDGE_UNREACHED, i,
					    "page %zu was not reached: %s", i,
					    result < ARRAY_SIZE(what) && what[result] ?
					    what[result] : "the result is unknown");
	}
	return false;
}

static bool judge_refusals(const struct judge_evidence *evidence,
			   struct judgement *judgement)
{
	size_t refused = 0, refusable = 0, first_mapped = 0;
	size_t i;

	for (i = 0; i < evidence->pages; i++) {
		bool expected = evidence->refusal_known &&
				judge_page_refusable(&evidence->before[i]);

		if (evidence->result[i] == GUEST_EFAULT && !expected)
			return judge_not_ok(judgement, JUDGE_REFUSED, i,
					    "page %zu (%s, reference count %u) gave EFAULT", i,
					    evidence->before[i].flags & MOCKGPU_PAGE_TAIL ?
					    "tail" : "head", evidence->before[i].count);
		if (expected && evidence->result[i] != GUEST_EFAULT &&
		    refusable == refused)
			first_mapped = i;
		refusable += expected;
		refused += evidence->result[i] == GUEST_EFAULT;
	}
	if (refused && refused != refusable)
		return judge_not_ok(judgement, JUDGE_PARTLY, first_mapped,
				    "%zu of %zu pages without a reference gave EFAULT, but page %zu did not",
				    refused, refusable, first_mapped);
	if (refused) {
		judgement->verdict = JUDGE_REPRODUCED;
		snprintf(judgement->text, sizeof(judgement->text),
			 "known before 6.13: %zu of %zu pages have no reference count and give EFAULT",
			 refused, judgement->total);
	}
	return false;
}

struct judgement judge(const struct judge_evidence *evidence)
{
	struct judgement judgement = {
		.verdict = JUDGE_OK,
		.total = evidence->pages,
		.text = "every page maps",
	};
	size_t i;

	for (i = 0; i < evidence->pages; i++)
		judgement.mapped += judge_is_mapped(evidence, i);
	if (judge_data(evidence, &judgement) ||
	    judge_pages(evidence, &judgement) ||
	    judge_unreached(evidence, &judgement) ||
	    judge_refusals(evidence, &judgement))
		return judgement;
	if (evidence->spurious)
		judge_not_ok(&judgement, JUDGE_SPURIOUS, 0,
			     "KVM_RUN gave EFAULT for no reason %zu times", evidence->spurious);
	else if (evidence->complaints)
		judge_not_ok(&judgement, JUDGE_LOG, 0, "kernel log: %s", evidence->complaint);
	return judgement;
}

const char *judge_verdict_word(enum judge_verdict verdict)
{
	return verdict == JUDGE_NOT_OK ? "not_ok" : judge_verdict_text(verdict);
}

const char *judge_verdict_text(enum judge_verdict verdict)
{
	static const char *const text[] = {
		[JUDGE_OK] = "ok",
		[JUDGE_REPRODUCED] = "reproduced",
		[JUDGE_NOT_OK] = "not ok",
		[JUDGE_SKIP] = "skip",
	};

	return text[verdict];
}
