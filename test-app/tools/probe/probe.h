/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of mockgpu-probe. */
#ifndef MOCKGPU_PROBE_H
#define MOCKGPU_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "exercise.h"
#include "explain.h"
#include "judge.h"

/**
 * struct probe_host - the probed host
 *
 * @release: release of the kernel, as in uname -r
 * @arch: architecture, as in uname -m
 * @vendor: vendor of KVM: "amd", "intel", "arm", "riscv" or "?"
 * @mmu: how KVM maps guest memory: "tdp" (two-dimensional paging, TDP MMU),
 *	"legacy" (the same, with the older MMU), "shadow" (shadow paging); on arm64 "vhe",
 *	"nvhe" or "pkvm"; on riscv64 "gstage"; or "?"
 * @params: the module parameters or CPU features that @mmu comes from
 * @refuses_cacheable: KVM refuses drivers' cacheable memory, because the CPU lacks features
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
 * struct probe_result - the result of one buffer
 *
 * @test: its name: page kind and order, prefixed with "node-" for /dev/mockgpu
 * @path: how it was mapped: "gem" or "node"
 * @kind: its page kind, mockgpu_kind_name()
 * @order: its block order
 * @total: its pages
 * @mapped: pages that the guest could reach, by enum exercise_order
 * @fewest: the lowest of these numbers
 * @verdict: the worst of all access orders
 * @text: the reason for it
 * @pages: what became of each page in that order, as in struct judgement
 * @failed: @failure is valid
 * @failure: the first page that the guest could not reach or that held something else,
 *	from explain_look(); its pointers are no longer valid
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
	char pages[JUDGE_PAGES_TEXT];
	bool failed;
	struct explanation failure;
	const char *caching;
};

/* Four kinds in five orders each; ttm, which has no order; and the plain node. */
#define PROBE_RESULTS_MAX 26

/**
 * struct probe_report - the whole report
 *
 * @host: the probed host
 * @fit: the host can map such buffers into guests
 * @text: the verdict in one sentence
 * @count: number of results
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

/* The pfn of the failed page, also from its page table entry; 0 if unknown. */
static inline uint64_t probe_failure_pfn(const struct explanation *failure)
{
	return failure->info.pfn ? failure->info.pfn : failure->before.pfn;
}

/**
 * struct probe_context - shared by all tries
 * @drm: from mockgpu_open(), or -1
 * @vm: one VM
 * @kmsg: the kernel log, or negative without
 * @refuses: KVM refuses drivers' cacheable memory here
 * @hook: see struct exercise_case, or NULL
 * @refused: changes a judgement of JUDGE_REFUSED, or NULL
 * @opaque: for @hook
 */
struct probe_context {
	int drm;
	struct vmm *vm;
	int kmsg;
	bool refuses;
	int (*hook)(struct exercise *exercise, enum exercise_stage stage, void *opaque);
	void (*refused)(const struct exercise *exercise, struct judgement *judgement);
	void *opaque;
};

/**
 * struct probe_source - a mapping of memory that is not mockgpu's
 * @test: name of its result
 * @path: how it is mapped: "gem", "dmabuf", or "mmap" of what has contents
 * @fd: what is mapped
 * @offset: where
 * @size: bytes, whole pages
 */
struct probe_source {
	char test[32];
	const char *path;
	int fd;
	uint64_t offset;
	size_t size;
};

/**
 * struct probe_sources - memory of one source
 * @name: the DRM driver's name, or the source's
 * @count: number of mappings
 * @source: the mappings
 * @why: the reason of an error, one line
 */
struct probe_sources {
	char name[16];
	unsigned int count;
	struct probe_source source[3];
	char why[256];
};

/*
 * source.c: a linear buffer of the device with this node; 0, or -errno with the reason in
 * @sources->why. To be closed in any case.
 */
int probe_sources_device(struct probe_sources *sources, const char *node);

/* source.c: tell whether it is udmabuf, heap:NAME, file:PATH or pid:PID:ADDRESS. */
bool probe_source_known(const char *text);

/* source.c: as probe_sources_device(), of such a source. */
int probe_sources_open(struct probe_sources *sources, const char *text);

/* source.c: close it. */
void probe_sources_close(struct probe_sources *sources);

/* run.c: try one buffer in all access orders. */
void probe_try(struct probe_result *result, const struct probe_context *context,
	       struct exercise *exercise);

/* run.c: note that it could not be tried. */
void probe_note_error(struct probe_result *result, const char *error);

/* run.c: close what is open. */
void probe_close(struct probe_context *context);

/* foreign.c: try memory that is not mockgpu's; as probe_run(). */
int probe_run_sources(struct probe_report *report, const struct probe_sources *sources);

/*
 * vm.c: print what can be told of a VMM; 0, 1 if it has such memory and KVM refuses some of that,
 * -errno with the reason in @why.
 */
int probe_vm(const struct probe_host *host, pid_t pid, char *why, size_t size);

/* host.c: fill in what the host tells without a VM. */
void probe_host_look(struct probe_host *host);

/* host.c: fill in what needs a VM. */
void probe_host_look_at_vm(struct probe_host *host, struct vmm *vm);

/* run.c: try all buffers; 0, or -errno with the reason in @report->text. */
int probe_run(struct probe_report *report);

/**
 * struct probe_page - one page of one buffer
 * @kind: the buffer's page kind
 * @order: its block order, 0 for ttm
 * @number: number of the page, from 0
 */
struct probe_page {
	uint32_t kind;
	uint32_t order;
	uint64_t number;
};

/* The first tail of a block of 2 MiB. */
#define PROBE_PAGE_DEFAULT { .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 9, .number = 1 }

/* explain.c: set the buffer from KIND[:ORDER]; 0, or -EINVAL for an invalid one. */
int probe_page_set_buffer(struct probe_page *page, const char *text);

/* explain.c: get the number of pages of such a buffer. */
size_t probe_page_count(const struct probe_page *page);

/*
 * explain.c: let a guest read that page and explain the result; 0 if the guest could read it, 1
 * if not, -errno with the reason in @why.
 */
int probe_explain(const struct probe_page *page, char *why, size_t size);

/* text.c and json.c: print the report; @why: the reason why there is none, or NULL. */
void probe_print_text(const struct probe_report *report, FILE *out);
void probe_print_json(const struct probe_report *report, const char *why, FILE *out);

#endif /* MOCKGPU_PROBE_H */
