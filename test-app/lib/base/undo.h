/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a program changes on the host for a while, and has to put back however it ends.
 */
#ifndef MOCKGPU_TEST_UNDO_H
#define MOCKGPU_TEST_UNDO_H

/**
 * undo_at_end() - have something undone when this process ends
 * @undo: is called once, in a process of its own that no signal of the terminal reaches,
 *	with memory as it is now
 * @data: for @undo
 *
 * That is when this process exits, which then waits for it, or when this process and all
 * that it has forked since are gone, by SIGKILL too. To be called before there are
 * threads.
 *
 * Return: 0 or -errno.
 */
int undo_at_end(void (*undo)(const void *data), const void *data);

#endif /* MOCKGPU_TEST_UNDO_H */
