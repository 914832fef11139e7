/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: named points at which the driver can be made to fail.
 *
 * Locking: none needed; a point may be reached in process context with any lock of
 * the driver held.
 */
#ifndef MOCKGPU_TEST_FAIL_H
#define MOCKGPU_TEST_FAIL_H

#include <linux/types.h>

struct dentry;

bool mockgpu_should_fail(const char *point);
void mockgpu_fail_init(void);
void mockgpu_fail_fini(void);
void mockgpu_fail_debugfs_init(struct dentry *root);

#endif /* MOCKGPU_TEST_FAIL_H */
