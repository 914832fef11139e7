/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of mockgpu-probe share. */
#ifndef MOCKGPU_PROBE_H
#define MOCKGPU_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "judge.h"
#include "trial.h"

/**
 * struct probe_host - what is probed
 *
 * @release: of the kernel, as uname -r
 * @arch: as uname -m
 * @vendor: of KVM: "amd", "intel", "arm" or "?"
 * @mmu: how KVM maps guest memory: "tdp" (two-dimensional paging, TDP MMU),
 *	"legacy" (the same, older MMU), "shadow" (shadow paging); on arm64 "vhe",
 *	"nvhe" or "pkvm"; or "?"
 * @params: the module parameters that say so, or the CPU's features
 * @refuses_cacheable: KVM refuses cacheable memory of drivers, for want of features
 * @module: version of mockgpu, or "?"
 */
struct probe_host {
	char release[65];
	char arch[65];
	const char *vendor;
	const char *mmu;
	char params[64];
	bool refuses_cacheable;
	char module[32];
};

/**
 * struct probe_failure - the first page of a buffer that the guest could not
 *	reach or that held something else
 *
 * @page: page number
 * @gpa: where it was in the guest
 * @hva: where it was in this process
 * @present: the host's page table had an entry there
 * @pfn: the page's frame number; 0 where the driver does not tell
 * @vma: flags of the VMA there, hostmap_vma_flags()
 * @tail: it is a later page of its block, not the first
 * @count: its reference count
 * @caching: the buffer's memory type, mockgpu_caching_name()
 */
struct probe_failure {
	uint64_t page;
	uint64_t gpa;
	uint64_t hva;
	bool present;
	uint64_t pfn;
	char vma[96];
	bool tail;
	uint32_t count;
	const char *caching;
};

/**
 * struct probe_result - what became of one buffer
 *
 * @test: its name: page kind and order, "node-" before it for /dev/mockgpu
 * @door: how it was mapped: "gem" or "node"
 * @kind: its page kind, mockgpu_kind_name()
 * @order: its block order
 * @total: its pages
 * @mapped: pages the guest could reach, by trial_visit
 * @fewest: the fewest of them
 * @verdict: the worst of all visits
 * @text: why, in words
 * @failed: @failure is filled in
 * @failure: see there
 */
struct probe_result {
	char test[48];
	const char *door;
	const char *kind;
	uint32_t order;
	size_t total;
	size_t mapped[TRIAL_VISITS];
	size_t fewest;
	enum judge_verdict verdict;
	char text[256];
	bool failed;
	struct probe_failure failure;
};

/* Five kinds in five orders, but ttm, which has none; and the plain node. */
#define PROBE_RESULTS_MAX 26

/**
 * struct probe_report - everything that was found
 *
 * @host: see there
 * @fit: the host can give such buffers to guests
 * @text: the verdict in plain words, one sentence
 * @count: results
 * @result: one for each buffer
 */
struct probe_report {
	struct probe_host host;
	bool fit;
	char text[384];
	size_t count;
	struct probe_result result[PROBE_RESULTS_MAX];
};

/* host.c: fill in what is probed. */
void probe_host_look(struct probe_host *host);

/* host.c: and what only a VM tells. */
void probe_host_look_at_vm(struct probe_host *host, struct vmm *vm);

/* run.c: try every buffer; 0 or -errno with the reason in @report->text. */
int probe_run(struct probe_report *report);

/* text.c and json.c: print it. */
void probe_print_text(const struct probe_report *report, FILE *out);
void probe_print_json(const struct probe_report *report, FILE *out);
void probe_print_json_unknown(const struct probe_host *host, const char *why, FILE *out);

#endif /* MOCKGPU_PROBE_H */
