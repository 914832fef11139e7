/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to memory that may be gone: a driver revoked it or its device was unplugged
 * (SIGBUS), a peer truncated its file (SIGBUS), a thread unmapped it (SIGSEGV).
 *
 * Any thread may call these functions, for itself. They cost no system call: the handler
 * leaves by siglongjmp() and keeps the signal mask. They do not nest. A signal at any
 * other time, or about any other address, goes to the handler that was installed before
 * fault_guard_init(); by default it ends the process.
 */
#ifndef MOCKGPU_TEST_FAULT_GUARD_H
#define MOCKGPU_TEST_FAULT_GUARD_H

#include <stddef.h>

/**
 * fault_guard_init() - let this process survive SIGBUS and SIGSEGV within the functions
 * below
 *
 * Call it once; further calls do nothing. Without it the functions guard nothing.
 *
 * Return: 0 or -errno.
 */
int fault_guard_init(void);

/**
 * fault_guard() - run a function that touches memory
 * @touch: the function; must not hold a lock it took itself while it touches the memory
 * @arg: given to it
 *
 * Return: 0 when @touch returned, else the signal that ended it: SIGBUS or
 * SIGSEGV.
 */
int fault_guard(void (*touch)(void *arg), void *arg);

/**
 * fault_guard_range() - run a function with one range of memory that may be gone
 * @touch: as for fault_guard()
 * @arg: given to it
 * @start: first byte of the range; a signal about any other address is a bug and
 *	ends the process
 * @size: size in bytes
 *
 * Return: as fault_guard().
 */
int fault_guard_range(void (*touch)(void *arg), void *arg, const void *start, size_t size);

/**
 * fault_guard_read() - memcpy() from memory that may be gone
 * @to: destination, the caller's own memory
 * @from: source
 * @size: bytes
 *
 * Return: 0; -EFAULT, with the contents of @to undefined.
 */
int fault_guard_read(void *to, const void *from, size_t size);

/**
 * fault_guard_write() - memcpy() to memory that may be gone
 * @to: destination
 * @from: source, the caller's own memory
 * @size: bytes
 *
 * Return: 0; -EFAULT, and part of it may have been written.
 */
int fault_guard_write(void *to, const void *from, size_t size);

#endif /* MOCKGPU_TEST_FAULT_GUARD_H */
