/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of mockgpu-probe share. */
#ifndef MOCKGPU_PROBE_H
#define MOCKGPU_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "exercise.h"
#include "explain.h"
#include "judge.h"

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
 * struct probe_result - what became of one buffer
 *
 * @test: its name: page kind and order, "node-" before it for /dev/mockgpu
 * @path: how it was mapped: "gem" or "node"
 * @kind: its page kind, mockgpu_kind_name()
 * @order: its block order
 * @total: its pages
 * @mapped: pages the guest could reach, by enum exercise_order
 * @fewest: the fewest of them
 * @verdict: the worst of all access orders
 * @text: why, in words
 * @failed: @failure is filled in
 * @failure: the first page that the guest could not reach or that held something else,
 *	explain_look(); what it points to is gone
 * @caching: the buffer's memory type, mockgpu_caching_name()
 */
struct probe_result {
	char test[48];
	const char *path;
	const char *kind;
	uint32_t order;
	size_t total;
	size_t mapped[EXERCISE_ORDERS];
	size_t fewest;
	enum judge_verdict verdict;
	char text[256];
	bool failed;
	struct explanation failure;
	const char *caching;
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

static inline uint64_t probe_failure_gpa(const struct explanation *failure)
{
	return failure->what.gpa + failure->what.page * GUEST_PAGE_SIZE;
}

/* The page table has it too; 0 where nobody tells. */
static inline uint64_t probe_failure_pfn(const struct explanation *failure)
{
	return failure->info.pfn ? failure->info.pfn : failure->before.pfn;
}

/* host.c: fill in what is probed. */
void probe_host_look(struct probe_host *host);

/* host.c: and what only a VM tells. */
void probe_host_look_at_vm(struct probe_host *host, struct vmm *vm);

/* run.c: try every buffer; 0 or -errno with the reason in @report->text. */
int probe_run(struct probe_report *report);

/*
 * explain.c: let a guest read one page and explain what came of it; -EINVAL for a
 * @buffer or @page that are none, -errno with the reason in @why. NULL: the defaults.
 */
int probe_explain(const char *buffer, const char *page, char *why, size_t size);

/* text.c and json.c: print it. */
void probe_print_text(const struct probe_report *report, FILE *out);
void probe_print_json(const struct probe_report *report, FILE *out);
void probe_print_json_unknown(const struct probe_host *host, const char *why, FILE *out);

#endif /* MOCKGPU_PROBE_H */
