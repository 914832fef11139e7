/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a guest can, or cannot, reach a page: everything that user space, the driver and
 * KVM can tell about it, and the guest's access once more under KVM's tracepoints.
 */
#ifndef MOCKGPU_TEST_EXPLAIN_H
#define MOCKGPU_TEST_EXPLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "debugfs.h"
#include "kvmstat.h"
#include "mockgpu.h"
#include "vmm.h"

/**
 * struct explain_page - which page of which memslot
 *
 * @vm: the VM
 * @vcpu: number of a vCPU that does not run
 * @bo: the buffer, or NULL (or one without a handle) where there is none
 * @memory: where page 0 is mapped
 * @gpa: where it is in the guest
 * @page: page number
 * @op: the guest's access: GUEST_READ changes nothing
 * @seed: of the data that is there or written
 * @info: what else is known of the page, or NULL: the driver is asked
 * @untraced: leave KVM's tracepoints out, which take a second on 6.1 under emulation
 */
struct explain_page {
	struct vmm *vm;
	unsigned int vcpu;
	const struct mockgpu_bo *bo;
	const void *memory;
	uint64_t gpa;
	uint64_t page;
	enum guest_op op;
	uint64_t seed;
	const struct drm_mockgpu_page *info;
	bool untraced;
};

#define EXPLAIN_STATS 128

/**
 * struct explanation - what is known of a page
 *
 * @what: the page
 * @hva: where it is in this process
 * @vma: flags of the VMA there, hostmap_vma_flags(); "" where nothing is mapped
 * @pfnmap: the VMA has VM_PFNMAP or VM_IO; otherwise the entries have only present
 *	and pfn, from /proc/self/pagemap
 * @before: entry of the page table before the access
 * @after: and behind it
 * @told: @info is filled in
 * @info: the page, as the kernel sees it
 * @queried: @query is filled in
 * @query: the buffer
 * @ran: the guest made the access; what follows is filled in
 * @result: enum guest_result of it
 * @spurious: it failed with EFAULT at first and the retry succeeded
 * @exit: the last exit, in words
 * @stats: statistics of KVM and how much they changed (as int64_t)
 * @stat_count: how many
 * @trace: KVM's tracepoints, a line each; "" without
 * @trace_error: 0, or why there is no trace: -errno, -ENODATA for @what->untraced
 */
struct explanation {
	struct explain_page what;
	uint64_t hva;
	char vma[96];
	bool pfnmap;
	struct mockgpu_entry before;
	struct mockgpu_entry after;
	bool told;
	struct drm_mockgpu_page info;
	bool queried;
	struct drm_mockgpu_bo_query query;
	bool ran;
	uint8_t result;
	bool spurious;
	char exit[128];
	struct kvmstat stats[EXPLAIN_STATS];
	size_t stat_count;
	char trace[2048];
	int trace_error;
};

/**
 * explain_look() - tell what can be told without touching the page
 * @explanation: filled in
 * @what: the page
 */
void explain_look(struct explanation *explanation, const struct explain_page *what);

/**
 * explain_access() - the same, and let the guest access the page
 * @explanation: filled in
 * @what: the page
 *
 * Return: 0, or -errno of the vCPU; @explanation tells what there was until then.
 */
int explain_access(struct explanation *explanation, const struct explain_page *what);

/**
 * explain_stat() - how much a statistic changed
 * @explanation: from explain_access()
 * @name: as in struct kvmstat
 *
 * Return: the difference, 0 also where this kernel has no such statistic.
 */
int64_t explain_stat(const struct explanation *explanation, const char *name);

/**
 * explain_cause() - the likely cause, in words
 * @explanation: from explain_access()
 * @text: one line
 * @size: bytes at @text
 */
void explain_cause(const struct explanation *explanation, char *text, size_t size);

/**
 * explain_print() - print an explanation
 * @explanation: from explain_access() or explain_look()
 * @prefix: of each line, "# " in TAP
 * @out: to where
 */
void explain_print(const struct explanation *explanation, const char *prefix, FILE *out);

#endif /* MOCKGPU_TEST_EXPLAIN_H */
