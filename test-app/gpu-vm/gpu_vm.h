/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM with a virtio-gpu device: the device model with virtio-mmio, its host-visible
 * region in guest-physical memory, and the payload's driver as the guest. It issues and
 * answers RESOURCE_MAP_BLOB as a VMM and its guest do, in the two ways VMMs implement it.
 *
 * Functions return 0 or -errno unless they say otherwise. Any vCPU may access the region
 * at any time, one thread per vCPU; only one thread at a time may run commands.
 */
#ifndef MOCKGPU_GPU_VM_H
#define MOCKGPU_GPU_VM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "vgpu/mmio.h"
#include "vmm.h"

/* Where the guest has the region, and the largest blob: 64 MiB, unaligned. */
#define GPU_VM_GPA VMM_BUFFER_GPA
#define GPU_VM_SIZE (128ull << 20)

/* Memslots from GPU_VM_SLOT on belong to the region, besides those of vmm.h. */
#define GPU_VM_SLOT 16
#define GPU_VM_SLOTS 1024

/**
 * enum gpu_vm_layout - how blobs become guest memory
 * @GPU_VM_SLOTTED: a memslot for each blob, as crosvm by default. Without a blob the guest
 *	gets an MMIO exit.
 * @GPU_VM_ARENA: one memslot over inaccessible anonymous memory, into which each blob is
 *	mapped with MAP_FIXED, as crosvm with fixed-blob-mapping=true, QEMU 11.1 and
 *	libkrun. Without a blob KVM_RUN fails with EFAULT.
 */
enum gpu_vm_layout {
	GPU_VM_SLOTTED,
	GPU_VM_ARENA,
};

/* What an unmap leaves out, for a test: the memslot, the VMM's own mapping. */
#define GPU_VM_FORGET_SLOT 0x1
#define GPU_VM_FORGET_MAP 0x2

/**
 * struct gpu_vm - the VM; read only, except where noted
 * @vm: the VM
 * @gpu: its device
 * @layout: as passed to gpu_vm_init()
 * @method: as passed to gpu_vm_init()
 * @arena: GPU_VM_SIZE bytes of GPU_VM_ARENA, aligned to 2 MiB, else NULL
 * @fault: enum guest_gpu_fault: what the guest's driver last found wrong
 * @forget: GPU_VM_FORGET_*, set by a test that expects this to be noticed
 * @mmio: the device's registers
 * @lock: protects @gpu and @mmio, which several vCPUs can access
 * @slot_used: a flag per memslot
 * @slot_offset: its offset in the region
 */
struct gpu_vm {
	struct vmm *vm;
	struct vgpu *gpu;
	enum gpu_vm_layout layout;
	enum vgpu_map_method method;
	char *arena;
	uint32_t fault;
	unsigned int forget;
	struct vgpu_mmio mmio;
	pthread_mutex_t lock;
	bool slot_used[GPU_VM_SLOTS];
	uint64_t slot_offset[GPU_VM_SLOTS];
};

/**
 * gpu_vm_init() - create the VM and let the guest's driver set up the device
 * @gpu_vm: out; to be ended with gpu_vm_fini() whatever is returned; must not move
 * @drm_fd: from mockgpu_open(), or -1; must stay open while the VM lives
 * @layout: how blobs become guest memory
 * @method: how the VMM maps them
 * @vcpus: how many
 *
 * Return: 0; -EIO when the driver rejected the device, with the reason in @gpu_vm->fault;
 * -errno.
 */
int gpu_vm_init(struct gpu_vm *gpu_vm, int drm_fd, enum gpu_vm_layout layout,
		enum vgpu_map_method method, unsigned int vcpus);

/**
 * gpu_vm_fini() - destroy the VM with all that the guest left
 * @gpu_vm: the VM
 */
void gpu_vm_fini(struct gpu_vm *gpu_vm);

/**
 * gpu_vm_run() - let the guest's driver, on vCPU 0, run commands
 * @gpu_vm: the VM
 * @command: the commands; each gets its answer
 * @count: how many, up to GUEST_GPU_COMMANDS
 *
 * Return: 0 when each was answered, even with an error; -EIO when the guest ended
 * otherwise or its driver stopped, see @gpu_vm->fault.
 */
int gpu_vm_run(struct gpu_vm *gpu_vm, struct guest_gpu_command *command, unsigned int count);

/**
 * gpu_vm_create_blob() - RESOURCE_CREATE_BLOB
 * @gpu_vm: the VM
 * @id: the resource
 * @blob_id: VGPU_BLOB_ID()
 * @size: bytes
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 without an answer; the same for the following.
 */
uint32_t gpu_vm_create_blob(struct gpu_vm *gpu_vm, uint32_t id, uint64_t blob_id, uint64_t size);

/**
 * gpu_vm_map_blob() - RESOURCE_MAP_BLOB
 * @gpu_vm: the VM
 * @id: the resource
 * @offset: in the region, in bytes
 *
 * Return: see gpu_vm_create_blob().
 */
uint32_t gpu_vm_map_blob(struct gpu_vm *gpu_vm, uint32_t id, uint64_t offset);

/**
 * gpu_vm_unmap_blob() - RESOURCE_UNMAP_BLOB
 * @gpu_vm: the VM
 * @id: the resource
 *
 * Return: see gpu_vm_create_blob().
 */
uint32_t gpu_vm_unmap_blob(struct gpu_vm *gpu_vm, uint32_t id);

/**
 * gpu_vm_unref() - RESOURCE_UNREF
 * @gpu_vm: the VM
 * @id: the resource
 *
 * Return: see gpu_vm_create_blob().
 */
uint32_t gpu_vm_unref(struct gpu_vm *gpu_vm, uint32_t id);

/**
 * gpu_vm_withdraw() - do what the VMM does on RESOURCE_UNMAP_BLOB
 * @gpu_vm: the VM, with no vCPU in the driver
 * @blob: the blob
 * @offset: its offset in the region
 *
 * This completes an unmap that @gpu_vm->forget left incomplete.
 *
 * Return: 0 or an error of KVM, munmap() or virglrenderer.
 */
int gpu_vm_withdraw(struct gpu_vm *gpu_vm, struct vgpu_blob *blob, uint64_t offset);

/**
 * gpu_vm_is_empty() - tell whether nothing is mapped into the region
 * @gpu_vm: the VM, with no vCPU running
 *
 * Asks the kernel, not the device: with GPU_VM_SLOTTED KVM must accept a memslot over the
 * whole region, with GPU_VM_ARENA all of the arena must be one inaccessible mapping.
 *
 * Return: true when nothing is.
 */
bool gpu_vm_is_empty(struct gpu_vm *gpu_vm);

#endif /* MOCKGPU_GPU_VM_H */
