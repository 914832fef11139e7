/* SPDX-License-Identifier: GPL-2.0-only */
/* That the kernel does not complain during a test. Include it after kselftest_harness.h. */
#ifndef MOCKGPU_TEST_QUIET_H
#define MOCKGPU_TEST_QUIET_H

#include <unistd.h>

#include "kmsg.h"

/* Listen from now on. Return: for the functions below. */
static inline int quiet_begin(struct __test_metadata *_metadata)
{
	int kmsg = kmsg_open();

	ASSERT_LE(0, kmsg);
	return kmsg;
}

/* The kernel has not complained since the last call. */
static inline void quiet_check(struct __test_metadata *_metadata, int kmsg)
{
	char first[256];

	EXPECT_EQ(0, kmsg_complaints(kmsg, first, sizeof(first)))
		TH_LOG("the kernel log says: %s", first);
}

/* The same at the end. */
static inline void quiet_end(struct __test_metadata *_metadata, int kmsg)
{
	quiet_check(_metadata, kmsg);
	EXPECT_EQ(0, close(kmsg));
}

#endif /* MOCKGPU_TEST_QUIET_H */
