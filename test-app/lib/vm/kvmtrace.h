/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's tracepoints for this thread: its page faults, the instructions KVM emulates, the
 * entries it makes. Uses a tracefs instance of its own, so it disturbs nobody.
 */
#ifndef MOCKGPU_TEST_KVMTRACE_H
#define MOCKGPU_TEST_KVMTRACE_H

#include <stddef.h>

/**
 * struct kvmtrace - a trace in progress
 * @path: folder of the instance, "" without one
 */
struct kvmtrace {
	char path[64];
};

/**
 * kvmtrace_begin() - trace the calling thread from now on
 * @trace: out; to be ended with kvmtrace_end() on success
 *
 * Return: 0 or -errno: -ENOENT without tracefs or KVM's events, -EACCES.
 */
int kvmtrace_begin(struct kvmtrace *trace);

/**
 * kvmtrace_end() - end a trace
 * @trace: the trace
 * @text: out: what happened, in order, "event: its values" on a line each
 * @size: bytes at @text; later lines are dropped
 */
void kvmtrace_end(struct kvmtrace *trace, char *text, size_t size);

#endif /* MOCKGPU_TEST_KVMTRACE_H */
