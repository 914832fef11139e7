/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Touching memory that may be gone: a driver revoked it or its device was pulled
 * (SIGBUS), a peer cut its file short (SIGBUS), a thread unmapped it (SIGSEGV).
 *
 * All of this may be called by any thread, for itself, and costs no system call:
 * the handler leaves by siglongjmp() with the signal mask as it is. It does not
 * nest. A signal at any other time, or about any other address, goes to whoever
 * had it before fault_guard_init(): by default it ends the process.
 */
#ifndef MOCKGPU_TEST_FAULT_GUARD_H
#define MOCKGPU_TEST_FAULT_GUARD_H

#include <stddef.h>

/**
 * fault_guard_init() - from now on this process survives SIGBUS and SIGSEGV within
 * the functions below
 *
 * Once is enough; further calls do nothing. Without it they guard nothing.
 *
 * Return: 0 or -errno.
 */
int fault_guard_init(void);

/**
 * fault_guard() - run a function that touches memory
 * @touch: the function; must hold no lock that it takes itself while it touches
 * @arg: given to it
 *
 * Return: 0 when @touch returned, else the signal that ended it: SIGBUS or
 * SIGSEGV.
 */
int fault_guard(void (*touch)(void *arg), void *arg);

/**
 * fault_guard_range() - run a function, with one range of memory that may be gone
 * @touch: as for fault_guard()
 * @arg: given to it
 * @start: first byte of the range; a signal about any other address is a bug and
 *	ends the process
 * @size: bytes
 *
 * Return: as fault_guard().
 */
int fault_guard_range(void (*touch)(void *arg), void *arg, const void *start, size_t size);

/**
 * fault_guard_read() - memcpy() from memory that may be gone
 * @to: to memory that is the caller's
 * @from: from there
 * @size: bytes
 *
 * Return: 0; -EFAULT, with @to undefined.
 */
int fault_guard_read(void *to, const void *from, size_t size);

/**
 * fault_guard_write() - memcpy() to memory that may be gone
 * @to: to there
 * @from: from memory that is the caller's
 * @size: bytes
 *
 * Return: 0; -EFAULT, when some of it may have been written.
 */
int fault_guard_write(void *to, const void *from, size_t size);

#endif /* MOCKGPU_TEST_FAULT_GUARD_H */
