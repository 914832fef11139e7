/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel log as an oracle: open it before a test, then ask whether the kernel
 * complained.
 */
#ifndef MOCKGPU_TEST_KMSG_H
#define MOCKGPU_TEST_KMSG_H

#include <stdbool.h>
#include <stddef.h>

/**
 * kmsg_open() - start watching the kernel log
 *
 * Only records written after the call are seen. Needs read permission on
 * /dev/kmsg (root, or CAP_SYSLOG where kernel.dmesg_restrict is set).
 *
 * Return: a file descriptor for kmsg_complaints(), to be closed with close();
 * -errno on error.
 */
int kmsg_open(void);

/**
 * kmsg_complaints() - count the kernel's complaints since the last call
 * @fd: from kmsg_open()
 * @first: out: text of the first complaint, "" without one
 * @size: bytes at @first, at least 1; a longer text is truncated
 *
 * Records written by user space do not count; for the others kmsg_is_complaint() decides.
 * Records that the log dropped before they were read count as one complaint, because
 * nobody knows what they said.
 *
 * Return: how many, 0 for a clean log; -errno on error.
 */
int kmsg_complaints(int fd, char *first, size_t size);

/**
 * kmsg_is_complaint() - tell whether a line of the kernel log is a complaint
 * @text: the line, with or without what the log puts before its text
 *
 * A complaint is a WARNING, BUG, oops or panic, or a report of a sanitizer, of lockdep or
 * of a stall detector. File "complaints" lists them, for the lab and the VMM runners too.
 *
 * Return: true for a complaint.
 */
bool kmsg_is_complaint(const char *text);

#endif /* MOCKGPU_TEST_KMSG_H */
