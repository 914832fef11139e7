/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's binary statistics (KVM_GET_STATS_FD, Documentation/virt/kvm/api.rst 4.133),
 * by name: "pages_2m" of a VM, "pf_emulate" of a vCPU and so on, as in
 * kvm_vm_stats_desc[] and kvm_vcpu_stats_desc[] of arch/x86/kvm/x86.c.
 */
#ifndef MOCKGPU_TEST_KVMSTAT_H
#define MOCKGPU_TEST_KVMSTAT_H

#include <stddef.h>
#include <stdint.h>

#include "vmm.h"

/**
 * kvmstat_vm() - read a statistic of a VM
 * @vm: the VM
 * @name: of the statistic, which has a single value
 * @value: out
 *
 * Return: 0; -ENOENT when this kernel has no such statistic; -errno.
 */
int kvmstat_vm(struct vmm *vm, const char *name, uint64_t *value);

/**
 * kvmstat_vcpu() - read a statistic of a vCPU
 * @vcpu: the vCPU, not running: KVM blocks the call while it runs
 * @name: as for kvmstat_vm()
 * @value: out
 *
 * Return: as kvmstat_vm().
 */
int kvmstat_vcpu(struct vmm_vcpu *vcpu, const char *name, uint64_t *value);

/**
 * kvmstat_vcpu_open() - prepare to read statistics of a vCPU while it runs
 * @vcpu: the vCPU, not running yet
 *
 * Return: a file descriptor for kvmstat_get(), to be closed with close(); -errno.
 */
int kvmstat_vcpu_open(struct vmm_vcpu *vcpu);

/**
 * kvmstat_get() - read a statistic of a vCPU that may run
 * @fd: from kvmstat_vcpu_open()
 * @name: as for kvmstat_vm()
 * @value: out
 *
 * Return: as kvmstat_vm().
 */
int kvmstat_get(int fd, const char *name, uint64_t *value);

/**
 * struct kvmstat - a statistic
 * @name: its name, with "vcpu_" in front for that of a vCPU
 * @value: its value
 */
struct kvmstat {
	char name[56];
	uint64_t value;
};

/**
 * kvmstat_list() - read all single-valued statistics of a VM and of one of its vCPUs
 * @vm: the VM
 * @vcpu: its vCPU
 * @list: out, always in the same order
 * @room: entries at @list
 *
 * Return: how many were written; 0 if this kernel has none (before 5.14).
 */
size_t kvmstat_list(struct vmm *vm, struct vmm_vcpu *vcpu, struct kvmstat *list, size_t room);

#endif /* MOCKGPU_TEST_KVMSTAT_H */
