/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long a guest's programs wait for what must come. A guest of an emulated machine
 * whose host is busy may be a hundred times as slow as usual: who ends a guest that
 * hangs is vmm-watch, which knows how slow the machine is.
 */
#ifndef MOCKGPU_GUEST_PATIENCE_H
#define MOCKGPU_GUEST_PATIENCE_H

/** PATIENCE_MS - of one wait, in milliseconds */
#define PATIENCE_MS 120000

/* Of one test, in seconds; kselftest_harness.h, which has 30, comes first. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 1200

#endif /* MOCKGPU_GUEST_PATIENCE_H */
