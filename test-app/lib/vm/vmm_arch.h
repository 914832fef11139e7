/* SPDX-License-Identifier: GPL-2.0-only */
/* What vmm.c and the architecture's backend share; for no other file. */
#ifndef MOCKGPU_TEST_VMM_ARCH_H
#define MOCKGPU_TEST_VMM_ARCH_H

#include <stdbool.h>
#include <linux/kvm.h>

#include "vmm.h"

/*
 * Layout of the VMM's own memory, by GPA: the payload's image (guest/payload.lds), what
 * the architecture needs (page tables), a page of stack and a work list per vCPU, and the
 * virtio-gpu driver's memory.
 */
#define VMM_PAYLOAD_GPA 0x10000ull
#define VMM_ARCH_GPA 0x40000ull
#define VMM_STACK_GPA 0x80000ull
#define VMM_STACK_SIZE 0x1000ull
#define VMM_WORK_GPA 0x100000ull
#define VMM_WORK_SIZE 0x8000ull
#define VMM_GPU_GPA 0x180000ull

_Static_assert(sizeof(struct guest_work) <= VMM_WORK_SIZE, "work list too long");
_Static_assert(VMM_STACK_GPA + VMM_MAX_VCPUS * VMM_STACK_SIZE <= VMM_WORK_GPA,
	       "stacks run into work lists");
_Static_assert(VMM_WORK_GPA + VMM_MAX_VCPUS * VMM_WORK_SIZE <= VMM_GPU_GPA,
	       "work lists run into the driver's memory");
_Static_assert(VMM_GPU_GPA + sizeof(struct guest_gpu) <= VMM_RAM_SIZE,
	       "the driver's memory ends behind the VMM's");

struct vmm_mmio {
	uint64_t gpa;
	uint64_t size;
	const struct vmm_mmio_ops *ops;
	void *opaque;
	struct vmm_mmio *next;
};

struct vmm_vcpu {
	struct vmm *vm;
	unsigned int index;
	int fd;
	struct kvm_run *run;
	int run_errno;
	bool io_pending;
	char text[128];
};

struct vmm {
	int kvm;
	int fd;
	size_t run_size;
	char *ram;
	const struct guest_header *payload;
	struct vmm_mmio *mmio;
	unsigned int vcpu_count;
	struct vmm_vcpu vcpu[VMM_MAX_VCPUS];
};

extern const char vmm_payload[];
extern const char vmm_payload_end[];

/* The argument of KVM_CREATE_VM. */
int vmm_arch_vm_type(int kvm, const struct vmm_options *options, unsigned long *type);

/* Set up what the architecture needs, before and after the vCPUs are created. */
int vmm_arch_vm_init(struct vmm *vm);
int vmm_arch_vcpu_init(struct vmm_vcpu *vcpu);

/* Set @vcpu to @pc with an empty stack and @arg as the first argument. */
int vmm_arch_vcpu_enter(struct vmm_vcpu *vcpu, uint64_t pc, uint64_t stack,
			uint64_t arg);

/* Tell whether the guest stored to @gpa, where no memslot is. */
static inline bool vmm_stores_to(const struct kvm_run *run, uint64_t gpa)
{
	return run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write &&
	       run->mmio.phys_addr == gpa;
}

/* Tell whether the exit in @run is the guest's doorbell. */
bool vmm_arch_is_doorbell(const struct kvm_run *run);

/* Tell whether the exit means that the guest took an exception, which is always a bug. */
bool vmm_arch_is_crash(const struct kvm_run *run);

/* Tell whether KVM tried to emulate an instruction and failed. */
bool vmm_arch_is_unemulated(const struct vmm_vcpu *vcpu);

#endif /* MOCKGPU_TEST_VMM_ARCH_H */
