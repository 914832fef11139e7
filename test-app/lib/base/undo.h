/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes that a program makes to the host for a while, and must undo however it ends.
 */
#ifndef MOCKGPU_TEST_UNDO_H
#define MOCKGPU_TEST_UNDO_H

/**
 * undo_at_end() - have a change undone when this process ends
 * @undo: called once, with memory as it is now, in a process of its own that no terminal
 *	signal reaches
 * @data: for @undo
 *
 * It is called when this process exits, which then waits for it, or when this process and
 * all that it has forked since are gone, even by SIGKILL. Must be called before any thread
 * is created.
 *
 * Return: 0 or -errno.
 */
int undo_at_end(void (*undo)(const void *data), const void *data);

#endif /* MOCKGPU_TEST_UNDO_H */
