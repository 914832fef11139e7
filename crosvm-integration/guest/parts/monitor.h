/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's monitor, from inside its guest: QEMU has connected the guest's second serial line with a
 * QMP monitor of its own (vmm/qemu.sh). So a test can change the machine that it runs on at the
 * moment it chooses, and there is nothing to wait for.
 *
 * There is no locking.
 */
#ifndef MOCKGPU_GUEST_MONITOR_H
#define MOCKGPU_GUEST_MONITOR_H

#include <stddef.h>

/** MONITOR_LINE - bytes of an answer, longer ones are cut */
#define MONITOR_LINE 65536

/**
 * monitor_open() - open the monitor, and make it accept commands
 *
 * Return: a file descriptor; -errno: -ETIMEDOUT if nobody answers.
 */
int monitor_open(void);

/**
 * monitor_run() - run a command of QMP and wait for its end
 * @fd: from monitor_open()
 * @answer: out: QEMU's answer, without the events before it; MONITOR_LINE bytes
 * @execute: the command
 * @format: the members of its arguments in JSON, as printf()
 *
 * Return: 0; -EREMOTEIO if QEMU refuses, with its words in @answer; -errno.
 */
__attribute__((format(printf, 4, 5)))
int monitor_run(int fd, char *answer, const char *execute, const char *format, ...);

#endif /* MOCKGPU_GUEST_MONITOR_H */
