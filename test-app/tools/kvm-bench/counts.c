// SPDX-License-Identifier: GPL-2.0-only
/* Time, and counts that do not depend on how fast the machine is. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kvm_bench.h"
#include "kvmstat.h"

static uint64_t count_vcpus(struct vmm *vm, unsigned int vcpus, const char *name)
{
	uint64_t all = 0, one;
	unsigned int i;

	for (i = 0; i < vcpus; i++) {
		if (kvmstat_vcpu(vmm_vcpu_get(vm, i), name, &one))
			return UINT64_MAX;
		all += one;
	}
	return all;
}

/* Calls of functions, TLB flushes and reschedulings: x86's names, and arm64's IPI0 and so on. */
static bool count_is_ipi(const char *name)
{
	return !strcmp(name, "RES") || !strcmp(name, "CAL") || !strcmp(name, "TLB") ||
	       !strncmp(name, "IPI", 3);
}

/* A number for each CPU, then words. */
static uint64_t count_row(const char *numbers)
{
	uint64_t all = 0, one;
	int length;

	for (; sscanf(numbers, "%" SCNu64 "%n", &one, &length) == 1; numbers += length)
		all += one;
	return all;
}

static uint64_t count_ipis(void)
{
	FILE *interrupts = fopen("/proc/interrupts", "re");
	uint64_t all = 0;
	char *line = NULL;
	size_t size = 0;
	char name[16];
	int length;

	if (!interrupts)
		return UINT64_MAX;
	while (getline(&line, &size, interrupts) > 0)
		if (sscanf(line, " %15[^:]:%n", name, &length) == 1 && count_is_ipi(name))
			all += count_row(line + length);
	free(line);
	fclose(interrupts);
	return all;
}

/**
 * kvm_bench_begin() - begin to measure
 * @vm: the VM
 * @vcpus: how many of its vCPUs' faults and exits to count, none of them running; 0 for none
 * @point: out, for kvm_bench_end()
 */
void kvm_bench_begin(struct vmm *vm, unsigned int vcpus, struct kvm_bench_point *point)
{
	point->faults = vcpus ? count_vcpus(vm, vcpus, "pf_taken") : UINT64_MAX;
	point->exits = vcpus ? count_vcpus(vm, vcpus, "exits") : UINT64_MAX;
	point->ipis = count_ipis();
	point->us = clock_now() * 1e6;
}

static uint64_t count_since(uint64_t now, uint64_t before)
{
	return before == UINT64_MAX ? before : now - before;
}

/**
 * kvm_bench_end() - end it
 * @vm: as for kvm_bench_begin()
 * @vcpus: as for kvm_bench_begin()
 * @point: in: from that function; out: what has been since then
 */
void kvm_bench_end(struct vmm *vm, unsigned int vcpus, struct kvm_bench_point *point)
{
	point->us = clock_now() * 1e6 - point->us;
	point->ipis = count_since(count_ipis(), point->ipis);
	point->faults = count_since(count_vcpus(vm, vcpus, "pf_taken"), point->faults);
	point->exits = count_since(count_vcpus(vm, vcpus, "exits"), point->exits);
}
