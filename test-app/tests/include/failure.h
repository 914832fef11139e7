/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a guest could not access a page, for whoever reads the results of a test. */
#ifndef MOCKGPU_TEST_FAILURE_H
#define MOCKGPU_TEST_FAILURE_H

#include <stdio.h>

#include "explain.h"

#define FAILURE_MAX 2

/* Access it again and print as TAP comments: only the first few, the others look the same. */
static inline void failure_explain(const struct explain_page *what)
{
	static unsigned int count;
	struct explanation explanation;

	if (count++ >= FAILURE_MAX)
		return;
	explain_access(&explanation, what);
	explain_print(&explanation, "# ", stdout);
	fflush(stdout);
}

#endif /* MOCKGPU_TEST_FAILURE_H */
