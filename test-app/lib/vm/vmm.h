/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small VMM on KVM: a VM with some vCPUs that run the freestanding payload of
 * guest/, memslots over any host memory, and emulated MMIO devices.
 *
 * All addresses and sizes are bytes; guest physical addresses (GPA) and sizes of
 * memslots are multiples of 4096. Functions return 0 or -errno unless they say
 * otherwise. A VM may be used by one thread per vCPU at a time; memslots and
 * devices may be changed by any thread, by one at a time.
 *
 * The facts about KVM are those of Documentation/virt/kvm/api.rst.
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
 * Where a test may place memslots: the guest has every byte from 0 up to
 * VMM_GPA_END mapped at the same virtual address, read and write. The GPAs
 * from VMM_MMIO_GPA up to VMM_VRAM_GPA are meant for devices.
 */
#define VMM_MMIO_GPA 0xd0000000ull
#define VMM_VRAM_GPA 0x100000000ull
#define VMM_GPA_END 0x400000000ull

/**
 * vmm_unusable() - tell whether this host can run a VM
 *
 * Return: NULL when it can; otherwise one line for people that says why not and
 * what to do, without a full stop or newline. Static or valid until the next
 * call.
 */
const char *vmm_unusable(void);

/**
 * vmm_keep_one() - let the kernel always have one VM, until the process ends
 *
 * With the first VM and with the last one gone the kernel patches its own code
 * (static keys: preempt_notifier_key in kernel/sched/core.c, and
 * kvm_has_noapic_vcpu on x86). Under QEMU's emulation on several threads that
 * costs 10 to 40 ms each time, and now and then a CPU runs into the breakpoint
 * after its handler was taken away: "Oops: int3" in the scheduler, seen with
 * 6.12 in QEMU 7.2 and 11.1 within 500 VMs. A program that makes many VMs calls
 * this first.
 *
 * Return: as vmm_create().
 */
int vmm_keep_one(void);

/**
 * vmm_keep_irqchip() - the same for VMs with an interrupt controller in the kernel
 *
 * There is a static key for those whose APICs are still disabled (apic_sw_disabled in
 * arch/x86/kvm/lapic.c). Where there is no such controller nothing is kept.
 */
void vmm_keep_irqchip(void);

/**
 * vmm_create() - make a VM with the payload loaded
 * @vm: the VM is stored here
 * @vcpus: how many, 1 to VMM_MAX_VCPUS
 *
 * Return: 0; -EINVAL for a bad @vcpus; what /dev/kvm answers.
 */
int vmm_create(struct vmm **vm, unsigned int vcpus);

/**
 * struct vmm_options - what a VM may have besides
 *
 * @dirty_ring: bytes of each vCPU's dirty ring (KVM_CAP_DIRTY_LOG_RING), a power of
 *	two; 0 for none
 * @irqchip: interrupt controllers in the kernel (KVM_CREATE_IRQCHIP), where a vCPU that
 *	halts stays in the kernel; all vCPUs are ready to run nevertheless
 * @mte: arm64: the guest can tag its memory (KVM_CAP_ARM_MTE), which all memslots must
 *	be fit for
 * @protected_guest: arm64 with pKVM: the guest's memory is not the host's any more
 *	once it runs, that of the VMM (slot 0) included
 */
struct vmm_options {
	uint32_t dirty_ring;
	bool irqchip;
	bool mte;
	bool protected_guest;
};

/**
 * vmm_create_with() - make a VM that has more
 * @vm: as for vmm_create()
 * @vcpus: as for vmm_create()
 * @options: what it has
 *
 * Return: as vmm_create(); -EINVAL or -E2BIG for a ring that KVM does not make;
 * -EINVAL where it does not make protected guests, or none with MTE.
 */
int vmm_create_with(struct vmm **vm, unsigned int vcpus, const struct vmm_options *options);

/**
 * vmm_enable() - KVM_ENABLE_CAP of a VM
 * @vm: the VM
 * @capability: KVM_CAP_*
 * @arg: its argument
 *
 * Return: 0 or -errno; -EINVAL where KVM does not have it.
 */
int vmm_enable(struct vmm *vm, uint32_t capability, uint64_t arg);

/**
 * vmm_check() - KVM_CHECK_EXTENSION of a VM
 * @vm: the VM
 * @capability: KVM_CAP_*
 *
 * Return: 0 where KVM does not have it, else what it says of it.
 */
int vmm_check(struct vmm *vm, uint32_t capability);

/**
 * vmm_ioctl() - an ioctl of a VM that this layer has no function for
 * @vm: the VM
 * @request: KVM_*
 * @arg: its argument
 *
 * Return: what ioctl() returns, or -errno.
 */
int vmm_ioctl(struct vmm *vm, unsigned long request, void *arg);

/**
 * vmm_destroy() - end a VM
 * @vm: from vmm_create(), or NULL
 *
 * When it returns no vCPU, memslot or MMU notifier of the VM is left.
 */
void vmm_destroy(struct vmm *vm);

/**
 * vmm_ram() - the VMM's own memory
 * @vm: the VM
 *
 * Return: VMM_RAM_SIZE bytes, what the guest has at GPA 0; valid until
 * vmm_destroy().
 */
void *vmm_ram(struct vmm *vm);

/**
 * vmm_gpu() - the memory of the payload's virtio-gpu driver
 * @vm: the VM
 *
 * Return: it, in vmm_ram(). To be changed while no vCPU is in the driver.
 */
struct guest_gpu *vmm_gpu(struct vmm *vm);

/**
 * vmm_slot_set() - add a memslot, move it or change its flags
 * @vm: the VM
 * @slot: number of the memslot, 1 and up
 * @gpa: guest physical address
 * @hva: host virtual address of the memory, page aligned; it need not be mapped
 * @size: bytes; of an existing slot it cannot be changed
 * @flags: KVM_MEM_READONLY, KVM_MEM_LOG_DIRTY_PAGES or 0
 *
 * Return: 0; -EINVAL, -EEXIST (overlap) and others of
 * KVM_SET_USER_MEMORY_REGION.
 */
int vmm_slot_set(struct vmm *vm, unsigned int slot, uint64_t gpa, void *hva,
		 uint64_t size, uint32_t flags);

/**
 * vmm_slot_delete() - take a memslot away
 * @vm: the VM
 * @slot: number of the memslot
 *
 * When it returns the guest cannot reach the memory any more.
 *
 * Return: 0; what KVM_SET_USER_MEMORY_REGION answers.
 */
int vmm_slot_delete(struct vmm *vm, unsigned int slot);

/**
 * vmm_vcpu_ioctl() - an ioctl of a vCPU that this layer has no function for
 * @vcpu: the vCPU, which does not run
 * @request: KVM_*
 * @arg: its argument
 *
 * Return: what ioctl() returns, or -errno.
 */
int vmm_vcpu_ioctl(struct vmm_vcpu *vcpu, unsigned long request, void *arg);

/**
 * vmm_vcpu_map() - map what a vCPU's file has beside struct kvm_run
 * @vcpu: the vCPU
 * @page: where it begins, in pages: KVM_DIRTY_LOG_PAGE_OFFSET
 * @size: bytes
 *
 * Return: the mapping, shared with KVM, for munmap(); NULL with errno.
 */
void *vmm_vcpu_map(struct vmm_vcpu *vcpu, unsigned int page, size_t size);

/**
 * vmm_vcpu_vm() - tell which VM a vCPU belongs to
 * @vcpu: the vCPU
 *
 * Return: its VM.
 */
struct vmm *vmm_vcpu_vm(const struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_io() - the data of a port access, the last exit being KVM_EXIT_IO
 * @vcpu: the vCPU
 *
 * Return: kvm_run's io.count times io.size bytes: what the guest wrote, or what it will
 * have read when the vCPU runs again.
 */
void *vmm_vcpu_io(struct vmm_vcpu *vcpu);

/**
 * struct vmm_mmio_ops - a device behind MMIO
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
 * @gpa: guest physical address, where no memslot is
 * @size: bytes
 * @ops: what to call; must outlive the VM
 * @opaque: handed to @ops
 *
 * Return: 0; -EEXIST when another device is there; -ENOMEM.
 */
int vmm_mmio_add(struct vmm *vm, uint64_t gpa, uint64_t size,
		 const struct vmm_mmio_ops *ops, void *opaque);

/**
 * vmm_vcpu_get() - get a vCPU
 * @vm: the VM
 * @index: 0 to one less than vmm_create() was given
 *
 * Return: the vCPU, valid until vmm_destroy().
 */
struct vmm_vcpu *vmm_vcpu_get(struct vmm *vm, unsigned int index);

/**
 * vmm_vcpu_index() - tell which vCPU it is
 * @vcpu: the vCPU
 *
 * Return: what vmm_vcpu_get() was given.
 */
unsigned int vmm_vcpu_index(const struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_work() - get a vCPU's work list
 * @vcpu: the vCPU
 *
 * Return: the list in the VM's own memory, valid until vmm_destroy(). To be
 * changed while the vCPU does not run.
 */
struct guest_work *vmm_vcpu_work(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_set_state() - KVM_SET_MP_STATE
 * @vcpu: the vCPU, which does not run
 * @state: KVM_MP_STATE_*; KVM_MP_STATE_HALTED, with vmm_options.irqchip, lets the next
 *	vmm_vcpu_run() wait in the kernel for an interrupt
 *
 * Return: 0; -EINVAL where KVM does not do that.
 */
int vmm_vcpu_set_state(struct vmm_vcpu *vcpu, uint32_t state);

/**
 * vmm_vcpu_start() - set a vCPU to the beginning of its work list
 * @vcpu: the vCPU
 *
 * Return: 0; what KVM_SET_REGS answers.
 */
int vmm_vcpu_start(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_resume() - set a vCPU behind the item it stopped at
 * @vcpu: the vCPU
 *
 * Return: 0; what KVM_SET_REGS answers.
 */
int vmm_vcpu_resume(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_start_gpu() - set a vCPU to the beginning of the commands in vmm_gpu()
 * @vcpu: the vCPU; the driver is for one at a time
 *
 * Return: 0; what KVM_SET_REGS answers.
 */
int vmm_vcpu_start_gpu(struct vmm_vcpu *vcpu);

/**
 * enum vmm_exit - why vmm_vcpu_run() returned
 *
 * @VMM_EXIT_DOORBELL: the guest is through with its work list
 * @VMM_EXIT_EFAULT: KVM_RUN failed with EFAULT: KVM could not serve an access.
 *	Running the vCPU again repeats the access.
 * @VMM_EXIT_MMIO: the guest touched a GPA without memslot and device, or wrote
 *	to a read-only slot. Running the vCPU again drops a write and answers a
 *	read with 0.
 * @VMM_EXIT_UNEMULATED: KVM did not map the page but set about emulating the
 *	instruction, and does not know it (KVM_EXIT_INTERNAL_ERROR). vmm_vcpu_start()
 *	and vmm_vcpu_resume() go on.
 * @VMM_EXIT_OTHER: anything else; vmm_vcpu_strexit() tells
 */
enum vmm_exit {
	VMM_EXIT_DOORBELL,
	VMM_EXIT_EFAULT,
	VMM_EXIT_MMIO,
	VMM_EXIT_UNEMULATED,
	VMM_EXIT_OTHER,
};

/**
 * vmm_vcpu_run() - run a vCPU until something happens that is not a device's
 * @vcpu: the vCPU
 *
 * Signals do not end it, but see vmm_vcpu_interrupt().
 *
 * Return: the reason.
 */
enum vmm_exit vmm_vcpu_run(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_interrupt() - let the next signal end vmm_vcpu_run()
 * @vcpu: the vCPU, which may run; vmm_vcpu_start() and vmm_vcpu_resume() take it back
 *
 * Whoever wants a running one to end sends its thread a signal that is handled. It
 * ends with VMM_EXIT_OTHER.
 */
void vmm_vcpu_interrupt(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_pre_fault() - KVM_PRE_FAULT_MEMORY
 * @vcpu: the vCPU, which does not run
 * @gpa: guest physical address
 * @size: bytes
 *
 * Return: 0 when all of it is mapped; -EOPNOTSUPP with shadow paging;
 * -ENOENT where no memslot is; -EFAULT where the guest would get that.
 */
int vmm_vcpu_pre_fault(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t size);

/**
 * vmm_vcpu_strexit() - put the last exit in words
 * @vcpu: the vCPU
 *
 * Return: one line without a newline, valid until the vCPU runs again.
 */
const char *vmm_vcpu_strexit(struct vmm_vcpu *vcpu);

/**
 * vmm_vcpu_kvm_run() - look at the last exit as KVM told it
 * @vcpu: the vCPU
 *
 * Return: the structure shared with KVM, valid until vmm_destroy().
 */
const struct kvm_run *vmm_vcpu_kvm_run(const struct vmm_vcpu *vcpu);

#endif /* MOCKGPU_TEST_VMM_H */
