/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long the programs in a guest wait. A guest of an emulated machine on a busy host can be
 * a hundred times slower than usual. vmm-watch, which measures how slow the machine is, ends a
 * guest that hangs.
 */
#ifndef MOCKGPU_GUEST_PATIENCE_H
#define MOCKGPU_GUEST_PATIENCE_H

/** PATIENCE_MS - limit for one wait, in milliseconds */
#define PATIENCE_MS 120000

/* Limit for one test, in seconds. Include this after kselftest_harness.h, which has 30. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 1200

#endif /* MOCKGPU_GUEST_PATIENCE_H */
