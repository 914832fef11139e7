/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a guest pays for memory of each kind: mockgpu-kvm-bench.
 *
 * main.c runs a benchmark (struct kvm_bench) with each of its sources in turn, round by round;
 * memory.c makes the memory; touch.c, zap.c and grow.c measure, with counts.c;
 * print.c reports.
 *
 * Functions that return int return 0 or -errno.
 */
#ifndef MOCKGPU_KVM_BENCH_H
#define MOCKGPU_KVM_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "mockgpu.h"
#include "tools/bench/bench.h"
#include "vmm.h"

#define KVM_BENCH_STEPS_MAX 4
#define KVM_BENCH_SOURCES_MAX 5
#define KVM_BENCH_LEVELS_MAX 4
/* Where its memslot is. */
#define KVM_BENCH_GPA VMM_BUFFER_GPA
#define KVM_BENCH_SLOT 1

/**
 * struct kvm_bench_source - where memory comes from
 * @name: in both forms of the report
 * @what: its description, one line
 * @memfd: a memfd, with @flags; otherwise a buffer object of @kind, @order and @fault_mode
 * @flags: of memfd_create()
 * @kind: enum mockgpu_kind
 * @order: block order
 * @fault_mode: enum mockgpu_fault
 */
struct kvm_bench_source {
	const char *name;
	const char *what;
	bool memfd;
	unsigned int flags;
	uint32_t kind;
	uint32_t order;
	uint32_t fault_mode;
};

/**
 * enum kvm_bench_source_id - the sources, as indices of kvm_bench_sources
 */
enum kvm_bench_source_id {
	KVM_BENCH_MEMFD_HUGE,
	KVM_BENCH_MEMFD,
	KVM_BENCH_SPLIT,
	KVM_BENCH_TTM,
	KVM_BENCH_NONCOMPOUND_HUGE,
};

extern const struct kvm_bench_source kvm_bench_sources[KVM_BENCH_SOURCES_MAX];

/**
 * struct kvm_bench_memory - memory of a source, mapped here
 * @bo: the buffer object; without a handle for a memfd
 * @fd: the memfd, or -1
 * @map: the mapping, aligned to 2 MiB
 * @size: bytes
 */
struct kvm_bench_memory {
	struct mockgpu_bo bo;
	int fd;
	void *map;
	uint64_t size;
};

/**
 * struct kvm_bench_point - what one step of one round cost
 * @us: microseconds
 * @faults: page faults that KVM served (pf_taken), or UINT64_MAX where KVM does not count them
 * @exits: of all vCPUs, or UINT64_MAX
 * @ipis: interrupts that CPUs of this machine sent each other, or UINT64_MAX
 */
struct kvm_bench_point {
	double us;
	uint64_t faults;
	uint64_t exits;
	uint64_t ipis;
};

/**
 * struct kvm_bench - a benchmark
 * @name: its name, for --only and both forms of the report
 * @what: what it measures, one line
 * @unit: what @levels count
 * @levels: it is done with each of these, up to the first 0
 * @mib: MiB of memory it uses unless --size says something else; 0: a fixed size
 * @steps: names of its steps, up to the first NULL
 * @sources: indices of kvm_bench_sources; the others are compared with the first
 * @source_count: how many
 * @measure: measure one source at one level; points by step are out
 */
struct kvm_bench {
	const char *name;
	const char *what;
	const char *unit;
	unsigned int levels[KVM_BENCH_LEVELS_MAX + 1];
	uint64_t mib;
	const char *steps[KVM_BENCH_STEPS_MAX + 1];
	enum kvm_bench_source_id sources[KVM_BENCH_SOURCES_MAX];
	unsigned int source_count;
	int (*measure)(int drm, const struct kvm_bench_source *source, uint64_t size,
		       unsigned int level, struct kvm_bench_point *points);
};

extern const struct kvm_bench kvm_bench_touch, kvm_bench_zap, kvm_bench_grow;

/**
 * struct kvm_bench_result - a benchmark at one level
 * @bench: which
 * @level: of @bench->levels
 * @size: bytes
 * @rounds: how many
 * @error: by source: 0, or the -errno of a source without results
 * @points: by source, step and round
 */
struct kvm_bench_result {
	const struct kvm_bench *bench;
	unsigned int level;
	uint64_t size;
	unsigned int rounds;
	int error[KVM_BENCH_SOURCES_MAX];
	struct kvm_bench_point points[KVM_BENCH_SOURCES_MAX][KVM_BENCH_STEPS_MAX]
				     [BENCH_ROUNDS_MAX];
};

/* memory.c */
int kvm_bench_memory_make(int drm, const struct kvm_bench_source *source, uint64_t size,
			  struct kvm_bench_memory *memory);
void kvm_bench_memory_populate(const struct kvm_bench_memory *memory);
int kvm_bench_memory_zap(const struct kvm_bench_memory *memory);
void kvm_bench_memory_free(struct kvm_bench_memory *memory);

/* counts.c */
void kvm_bench_begin(struct vmm *vm, unsigned int vcpus, struct kvm_bench_point *point);
void kvm_bench_end(struct vmm *vm, unsigned int vcpus, struct kvm_bench_point *point);

/* print.c */
void kvm_bench_print_head(void);
void kvm_bench_print_text(const struct kvm_bench_result *result);
void kvm_bench_print_json(const struct kvm_bench_result *result);

#endif /* MOCKGPU_KVM_BENCH_H */
