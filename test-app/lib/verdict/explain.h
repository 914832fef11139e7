/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a guest can, or cannot, access a page: everything that user space, the driver and
 * KVM can tell about it, and the guest's access repeated under KVM's tracepoints.
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
 * @vcpu: number of a vCPU that is not running
 * @bo: the buffer, or NULL (or one without a handle) if there is none
 * @memory: where page 0 is mapped
 * @gpa: guest physical address of page 0
 * @page: page number
 * @op: the guest's access; GUEST_READ changes nothing
 * @seed: of the data that is there or is written
 * @info: what else is known of the page, or NULL to query the driver
 * @untraced: leave out KVM's tracepoints, which take a second on 6.1 under emulation
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
 * @hva: its host virtual address
 * @vma: flags of its VMA, hostmap_vma_flags(); "" where nothing is mapped
 * @pfnmap: the VMA has VM_PFNMAP or VM_IO; otherwise the entries have only present and
 *	pfn, from /proc/self/pagemap
 * @before: page table entry before the access
 * @after: page table entry after the access
 * @told: @info is filled in
 * @info: the page, as the kernel sees it
 * @queried: @query is filled in
 * @query: the buffer
 * @ran: the guest made the access; the following members are filled in
 * @result: enum guest_result of the access
 * @spurious: it failed with EFAULT at first and the retry succeeded
 * @exit: the last exit, in words
 * @stats: KVM's statistics and how much they changed (as int64_t)
 * @stat_count: entries in @stats
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
 * explain_look() - collect what can be known without touching the page
 * @explanation: out
 * @what: the page
 */
void explain_look(struct explanation *explanation, const struct explain_page *what);

/**
 * explain_access() - the same, then let the guest access the page
 * @explanation: out
 * @what: the page
 *
 * Return: 0, or -errno of the vCPU; @explanation has what was collected until then.
 */
int explain_access(struct explanation *explanation, const struct explain_page *what);

/**
 * explain_stat() - get how much a statistic changed
 * @explanation: from explain_access()
 * @name: as in struct kvmstat
 *
 * Return: the difference; 0 also if this kernel has no such statistic.
 */
int64_t explain_stat(const struct explanation *explanation, const char *name);

/**
 * explain_cause() - describe the likely cause
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
