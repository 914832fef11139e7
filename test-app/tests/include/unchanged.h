/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether KVM leaves pages unchanged. */
#ifndef MOCKGPU_TEST_UNCHANGED_H
#define MOCKGPU_TEST_UNCHANGED_H

#include <stdbool.h>

#include "judge.h"

/* Flags that KVM before 6.13 leaves set on a page it had a reference to. */
#define UNCHANGED_MARKS (MOCKGPU_PAGE_REFERENCED | MOCKGPU_PAGE_DIRTY | MOCKGPU_PAGE_ACTIVE)

/**
 * unchanged_page() - tell whether a page has not changed: pfn, reference count, flags
 * @was: before KVM had it
 * @now: later; with or without KVM's marks where they are known
 *
 * Return: true when it has not.
 */
static inline bool unchanged_page(const struct drm_mockgpu_page *was,
				  const struct drm_mockgpu_page *now)
{
	uint32_t differ = now->flags ^ was->flags;

	if (judge_refusal_known() && was->count && !(was->flags & MOCKGPU_PAGE_RESERVED))
		differ &= ~UNCHANGED_MARKS;
	return was->pfn == now->pfn && was->count == now->count && !differ;
}

#endif /* MOCKGPU_TEST_UNCHANGED_H */
