/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM's tracepoints say about this thread: its page faults, what it emulates, the
 * entries it makes. In an instance of tracefs of its own, so nobody is disturbed.
 */
#ifndef MOCKGPU_TEST_KVMTRACE_H
#define MOCKGPU_TEST_KVMTRACE_H

#include <stddef.h>

/**
 * struct kvmtrace - a trace that is being taken
 * @path: folder of the instance, "" when there is none
 */
struct kvmtrace {
	char path[64];
};

/**
 * kvmtrace_begin() - trace the calling thread from now on
 * @trace: filled in; to be ended with kvmtrace_end() when this succeeded
 *
 * Return: 0 or -errno: -ENOENT without tracefs or KVM's events, -EACCES.
 */
int kvmtrace_begin(struct kvmtrace *trace);

/**
 * kvmtrace_end() - end a trace
 * @trace: the trace
 * @text: what happened, in order, "event: its values" in a line each
 * @size: bytes at @text; later lines are dropped
 */
void kvmtrace_end(struct kvmtrace *trace, char *text, size_t size);

#endif /* MOCKGPU_TEST_KVMTRACE_H */
