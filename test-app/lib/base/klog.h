/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log from its beginning, where the kernel says what it found when it booted. */
#ifndef MOCKGPU_TEST_KLOG_H
#define MOCKGPU_TEST_KLOG_H

/**
 * klog_read() - read the whole kernel log, as far back as it goes
 *
 * Needs root, or CAP_SYSLOG where kernel.dmesg_restrict is set.
 *
 * Return: its text, to be released with free(); NULL on error.
 */
char *klog_read(void);

#endif /* MOCKGPU_TEST_KLOG_H */
