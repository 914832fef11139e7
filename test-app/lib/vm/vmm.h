/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small VMM on KVM: a VM with some vCPUs that run the freestanding payload of
 * guest/, memslots over any host memory, and emulated MMIO devices.
 *
 * All addresses and sizes are in bytes; guest physical addresses (GPA) and sizes of
 * memslots are multiples of 4096. Functions return 0 or -errno unless they say otherwise.
 * Each vCPU of a VM may be used by one thread at a time. Memslots and devices may be
 * changed by any thread, one at a time.
 *
 * Facts about KVM are from Documentation/virt/kvm/api.rst.
 */
#ifndef MOCKGPU_TEST_VMM_H
#define MOCKGPU_TEST_VMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guest/gpu.h"
#include "guest/protocol.h"

struct kvm_run;
struct vmm;
struct vmm_vcpu;

#define VMM_MAX_VCPUS 16

/* The VMM's own memory (payload, stacks, work lists) is slot 0 at GPA 0. */
#define VMM_RAM_SLOT 0
#define VMM_RAM_SIZE (2ull << 20)

/*
 * Where a test may place memslots: the guest has every byte from 0 up to VMM_GPA_END
 * mapped at the same virtual address, readable and writable. The GPAs from VMM_MMIO_GPA
 * up to VMM_BUFFER_GPA are for devices.
 */
#define VMM_MMIO_GPA 0xd0000000ull
#define VMM_BUFFER_GPA 0x100000000ull
#define VMM_GPA_END 0x400000000ull

/**
 * vmm_unusable() - tell whether this host can run a VM
 *
 * Return: NULL when it can; otherwise one line for people that says why not and what to
 * do, without a full stop or newline. Static or valid until the next call.
 */
const char *vmm_unusable(void);

/**
 * vmm_keep_one() - keep one VM alive until the process ends
 *
 * When the first VM is created and when the last one is destroyed, the kernel patches its
 * own code (static keys: preempt_notifier_key in kernel/sched/core.c, and
 * kvm_has_noapic_vcpu on x86). Under QEMU's multi-threaded emulation that takes 10 to
 * 40 ms each time, and now and then a CPU hits the breakpoint after its handler is gone:
 * "Oops: int3" in the scheduler, seen with 6.12 in QEMU 7.2 and 11.1 within 500 VMs. A
 * program that creates many VMs calls this first.
 *
 * Return: as vmm_create().
 */
int vmm_keep_one(void);

/**
 * vmm_keep_irqchip() - the same for VMs with an interrupt controller in the kernel
 *
 * There is a static key for APICs that are still disabled (apic_sw_disabled in
 * arch/x86/kvm/lapic.c). Without an interrupt controller in the kernel nothing is kept.
 */
void vmm_keep_irqchip(void);

/**
 * vmm_create() - create a VM with the payload loaded
 * @vm: out
 * @vcpus: how many, 1 to VMM_MAX_VCPUS
 *
 * Return: 0; -EINVAL for a bad @vcpus; an error of /dev/kvm.
 */
int vmm_create(struct vmm **vm, unsigned int vcpus);

/**
 * struct vmm_options - optional features of a VM
 *
 * @dirty_ring: bytes of each vCPU's dirty ring (KVM_CAP_DIRTY_LOG_RING), a power of two;
 *	0 for none
 * @irqchip: interrupt controllers in the kernel (KVM_CREATE_IRQCHIP), where a halted vCPU
 *	stays in the kernel; all vCPUs start runnable nevertheless
 * @mte: arm64: the guest can tag its memory (KVM_CAP_ARM_MTE); all memslots must support
 *	tags
 * @protected_guest: arm64 with pKVM: once the guest runs, the host cannot access its
 *	memory any more, including the VMM's own (slot 0)
 */
struct vmm_options {
	uint32_t dirty_ring;
	bool irqchip;
	bool mte;
	bool protected_guest;
};

/**
 * vmm_create_with() - create a VM with optional features
 * @vm: as for vmm_create()
 * @vcpus: as for vmm_create()
 * @options: the features
 *
 * Return: as vmm_create(); -EINVAL or -E2BIG for a ring that KVM does not support; -EINVAL
 * without support for protected guests, or for those with MTE.
 */
int vmm_create_with(struct vmm **vm, unsigned int vcpus, const struct vmm_options *options);

/**
 * vmm_enable() - KVM_ENABLE_CAP of a VM
 * @vm: the VM
 * @capability: KVM_CAP_*
 * @arg: its argument
 *
 * Return: 0 or -errno; -EINVAL if KVM does not have it.
 */
int vmm_enable(struct vmm *vm, uint32_t capability, uint64_t arg);

/**
 * vmm_check() - KVM_CHECK_EXTENSION of a VM
 * @vm: the VM
 * @capability: KVM_CAP_*
 *
 * Return: 0 if KVM does not have it, otherwise its value.
 */
int vmm_check(struct vmm *vm, uint32_t capability);

/**
 * vmm_ioctl() - call a VM's ioctl that has no function here
 * @vm: the VM
 * @request: KVM_*
 * @arg: its argument
 *
 * Return: what ioctl() returns, or -errno.
 */
int vmm_ioctl(struct vmm *vm, unsigned long request, void *arg);

/**
 * vmm_destroy() - destroy a VM
 * @vm: from vmm_create(), or NULL
 *
 * When it returns, no vCPU, memslot or MMU notifier of the VM is left.
 */
void vmm_destroy(struct vmm *vm);

/**
 * vmm_ram() - get the VMM's own memory
 * @vm: the VM
 *
 * Return: the VMM_RAM_SIZE bytes that the guest has at GPA 0; valid until vmm_destroy().
 */
void *vmm_ram(struct vmm *vm);

/**
 * vmm_gpu() - get the memory of the payload's virtio-gpu driver
 * @vm: the VM
 *
 * Return: that memory, part of vmm_ram(). Change it only while no vCPU runs the driver.
 */
struct guest_gpu *vmm_gpu(struct vmm *vm);

/**
 * vmm_slot_set() - add a memslot, move it or change its flags
 * @vm: the VM
 * @slot: number of the memslot, 1 and up
 * @gpa: guest physical address
 * @hva: host virtual address of the memory, page aligned; it need not be mapped
 * @size: bytes; an existing slot cannot be resized
 * @flags: KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES or 0
 *
 * Return: 0; -EINVAL, -EEXIST (overlap) or another error of KVM_SET_USER_MEMORY_REGION.
 */
int vmm_slot_set(struct vmm *vm, unsigned int slot, uint64_t gpa, void *hva,
		 uint64_t size, uint32_t flags);

/**
 * vmm_slot_delete() - delete a memslot
 * @vm: the VM
 * @slot: number of the memslot
 *
 * When it returns, the guest cannot access the memory any more.
 *
 * Return: 0 or an error of KVM_SET_USER_MEMORY_REGION.
 */
int vmm_slot_delete(struct vmm *vm, unsigned int slot);

/**
 * vmm_vcpu_ioctl() - call a vCPU's ioctl that has no function here
 * @vcpu: the vCPU, not running
 * @request: KVM_*
 * @arg: its argument
 *
 * Return: what ioctl() returns, or -errno.
 */
int vmm_vcpu_ioctl(struct vmm_vcpu *vcpu, unsigned long request, void *arg);

/**
 * vmm_vcpu_map() - map what a vCPU's file has besides struct kvm_run
 * @vcpu: the vCPU
 * @page: offset in pages: KVM_DIRTY_LOG_PAGE_OFFSET
 * @size: bytes
 *
 * Return: the mapping, shared with KVM, to be unmapped with munmap(); NULL with errno set.
 */
void *vmm_vcpu_map(struct vmm_vcpu *vcpu, unsigned int page, size_t size);

/**
 * vmm_vcpu_vm() - get the VM of a vCPU
 * @vcpu: the vCPU
 *
 * Return: its VM.
 */
struct vmm *vmm_vcpu_vm(const struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_io() - get the data of a port access; the last exit is KVM_EXIT_IO
 * @vcpu: the vCPU
 *
 * Return: kvm_run's io.count times io.size bytes: what the guest wrote, or what it reads
 * when the vCPU runs again.
 */
void *vmm_vcpu_io(struct vmm_vcpu *vcpu);

/**
 * struct vmm_mmio_ops - an MMIO device
 *
 * @read: the guest reads @size (1, 2, 4 or 8) bytes at @offset in the device
 * @write: the guest writes @value there
 *
 * Called by vmm_vcpu_run(), in the thread of the vCPU.
 */
struct vmm_mmio_ops {
	uint64_t (*read)(void *opaque, uint64_t offset, unsigned int size);
	void (*write)(void *opaque, uint64_t offset, unsigned int size,
		      uint64_t value);
};

/**
 * vmm_mmio_add() - add a device
 * @vm: the VM
 * @gpa: guest physical address without a memslot
 * @size: bytes
 * @ops: what to call; must outlive the VM
 * @opaque: passed to @ops
 *
 * Return: 0; -EEXIST if it overlaps another device; -ENOMEM.
 */
int vmm_mmio_add(struct vmm *vm, uint64_t gpa, uint64_t size,
		 const struct vmm_mmio_ops *ops, void *opaque);

/**
 * vmm_vcpu_get() - get a vCPU
 * @vm: the VM
 * @index: less than the @vcpus of vmm_create()
 *
 * Return: the vCPU, valid until vmm_destroy().
 */
struct vmm_vcpu *vmm_vcpu_get(struct vmm *vm, unsigned int index);

/**
 * vmm_vcpu_index() - get the index of a vCPU
 * @vcpu: the vCPU
 *
 * Return: the index as for vmm_vcpu_get().
 */
unsigned int vmm_vcpu_index(const struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_work() - get a vCPU's work list
 * @vcpu: the vCPU
 *
 * Return: the list in the VM's own memory, valid until vmm_destroy(). Change it only while
 * the vCPU is not running.
 */
struct guest_work *vmm_vcpu_work(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_set_state() - KVM_SET_MP_STATE
 * @vcpu: the vCPU, not running
 * @state: KVM_MP_STATE_*; KVM_MP_STATE_HALTED, with vmm_options.irqchip, makes the next
 *	vmm_vcpu_run() wait in the kernel for an interrupt
 *
 * Return: 0; -EINVAL if KVM does not support it.
 */
int vmm_vcpu_set_state(struct vmm_vcpu *vcpu, uint32_t state);

/**
 * vmm_vcpu_start() - set a vCPU to the start of its work list
 * @vcpu: the vCPU
 *
 * Return: 0 or an error of KVM_SET_REGS.
 */
int vmm_vcpu_start(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_resume() - set a vCPU past the item at which it stopped
 * @vcpu: the vCPU
 *
 * Return: 0 or an error of KVM_SET_REGS.
 */
int vmm_vcpu_resume(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_start_gpu() - set a vCPU to the start of the commands in vmm_gpu()
 * @vcpu: the vCPU; only one at a time may run the driver
 *
 * Return: 0 or an error of KVM_SET_REGS.
 */
int vmm_vcpu_start_gpu(struct vmm_vcpu *vcpu);

/**
 * enum vmm_exit - why vmm_vcpu_run() returned
 *
 * @VMM_EXIT_DOORBELL: the guest is done with its work list
 * @VMM_EXIT_EFAULT: KVM_RUN failed with EFAULT: KVM could not serve an access. Running
 *	the vCPU again retries the access.
 * @VMM_EXIT_MMIO: the guest accessed a GPA without memslot or device, or wrote to a
 *	read-only slot. Running the vCPU again drops a write and completes a read with 0.
 * @VMM_EXIT_UNEMULATED: KVM did not map the page but tried to emulate the instruction,
 *	which it does not know (KVM_EXIT_INTERNAL_ERROR). Continue with vmm_vcpu_start() or
 *	vmm_vcpu_resume().
 * @VMM_EXIT_OTHER: anything else, see vmm_vcpu_strexit()
 */
enum vmm_exit {
	VMM_EXIT_DOORBELL,
	VMM_EXIT_EFAULT,
	VMM_EXIT_MMIO,
	VMM_EXIT_UNEMULATED,
	VMM_EXIT_OTHER,
};

/**
 * vmm_vcpu_run() - run a vCPU until it exits for a reason other than a device access
 * @vcpu: the vCPU
 *
 * Signals do not end it, but see vmm_vcpu_interrupt().
 *
 * Return: the reason.
 */
enum vmm_exit vmm_vcpu_run(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_interrupt() - let the next signal end vmm_vcpu_run()
 * @vcpu: the vCPU, which may run; vmm_vcpu_start() and vmm_vcpu_resume() cancel this
 *
 * To end a running vCPU, also send its thread a signal that has a handler. The run ends
 * with VMM_EXIT_OTHER.
 */
void vmm_vcpu_interrupt(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_pre_fault() - KVM_PRE_FAULT_MEMORY
 * @vcpu: the vCPU, not running
 * @gpa: guest physical address
 * @size: bytes
 *
 * Return: 0 when all of it is mapped; -EOPNOTSUPP with shadow paging; -ENOENT without a
 * memslot; -EFAULT where an access by the guest would fail with that.
 */
int vmm_vcpu_pre_fault(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t size);

/**
 * vmm_vcpu_strexit() - describe the last exit
 * @vcpu: the vCPU
 *
 * Return: one line without a newline, valid until the vCPU runs again.
 */
const char *vmm_vcpu_strexit(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_kvm_run() - get the last exit as KVM reported it
 * @vcpu: the vCPU
 *
 * Return: the structure shared with KVM, valid until vmm_destroy().
 */
const struct kvm_run *vmm_vcpu_kvm_run(const struct vmm_vcpu *vcpu);

#endif /* MOCKGPU_TEST_VMM_H */
