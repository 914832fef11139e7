/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Touching memory that may be gone.
 */
#ifndef MOCKGPU_TEST_GUARDED_H
#define MOCKGPU_TEST_GUARDED_H

/**
 * guarded_init() - from now on this process survives SIGBUS and SIGSEGV within
 * guarded()
 *
 * Return: 0 or -errno.
 */
int guarded_init(void);

/**
 * guarded() - run a function that touches memory
 * @touch: the function; must hold no lock that it takes itself while it touches
 * @arg: given to it
 *
 * Any thread may call it. It does not nest. A signal outside of it ends the
 * process as if there was no handler.
 *
 * Return: 0 when @touch returned, else the signal that ended it: SIGBUS or
 * SIGSEGV.
 */
int guarded(void (*touch)(void *arg), void *arg);

#endif /* MOCKGPU_TEST_GUARDED_H */
