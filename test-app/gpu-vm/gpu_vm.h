/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM with a virtio-gpu device: the device model with virtio-mmio, its host-visible
 * region as guest-physical "vram", and the payload's driver as the guest. It issues and
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
#define VRAM_GPA VMM_VRAM_GPA
#define VRAM_SIZE (128ull << 20)

/* Memslots from VRAM_SLOT on belong to the region, besides those of vmm.h. */
#define VRAM_SLOT 16
#define VRAM_SLOTS 1024

/**
 * enum vram_layout - how blobs become guest memory
 * @VRAM_SLOTTED: a memslot for each blob, as crosvm by default. Without a blob the guest
 *	gets an MMIO exit.
 * @VRAM_ARENA: one memslot over inaccessible anonymous memory, into which each blob is
 *	mapped with MAP_FIXED, as crosvm with fixed-blob-mapping=true, QEMU 11.1 and
 *	libkrun. Without a blob KVM_RUN fails with EFAULT.
 */
enum vram_layout {
	VRAM_SLOTTED,
	VRAM_ARENA,
};

/* What an unmap leaves out, for a test: the memslot, the VMM's own mapping. */
#define VRAM_FORGET_SLOT 0x1
#define VRAM_FORGET_MAP 0x2

/**
 * struct vram - the VM; read only, except where noted
 * @vm: the VM
 * @gpu: its device
 * @layout: as passed to vram_init()
 * @route: as passed to vram_init()
 * @arena: VRAM_SIZE bytes of VRAM_ARENA, aligned to 2 MiB, else NULL
 * @fault: enum guest_gpu_fault: what the guest's driver last found wrong
 * @forget: VRAM_FORGET_*, set by a test that expects this to be noticed
 * @mmio: the device's registers
 * @lock: protects @gpu and @mmio, which several vCPUs can access
 * @slot_used: a flag per memslot
 * @slot_offset: its offset in the region
 */
struct vram {
	struct vmm *vm;
	struct vgpu *gpu;
	enum vram_layout layout;
	enum vgpu_route route;
	char *arena;
	uint32_t fault;
	unsigned int forget;
	struct vgpu_mmio mmio;
	pthread_mutex_t lock;
	bool slot_used[VRAM_SLOTS];
	uint64_t slot_offset[VRAM_SLOTS];
};

/**
 * vram_init() - create the VM and let the guest's driver set up the device
 * @vram: out; to be ended with vram_fini() whatever is returned; must not move
 * @drm_fd: from mockgpu_open(), or -1; must stay open while the VM lives
 * @layout: how blobs become guest memory
 * @route: how the VMM maps them
 * @vcpus: how many
 *
 * Return: 0; -EIO when the driver rejected the device, with the reason in @vram->fault;
 * -errno.
 */
int vram_init(struct vram *vram, int drm_fd, enum vram_layout layout, enum vgpu_route route,
	      unsigned int vcpus);

/**
 * vram_fini() - destroy the VM with all that the guest left
 * @vram: the VM
 */
void vram_fini(struct vram *vram);

/**
 * vram_run() - let the guest's driver, on vCPU 0, run commands
 * @vram: the VM
 * @command: the commands; each gets its answer
 * @count: how many, up to GUEST_GPU_COMMANDS
 *
 * Return: 0 when each was answered, even with an error; -EIO when the guest ended
 * otherwise or its driver stopped, see @vram->fault.
 */
int vram_run(struct vram *vram, struct guest_gpu_command *command, unsigned int count);

/**
 * vram_create_blob() - RESOURCE_CREATE_BLOB
 * @vram: the VM
 * @id: the resource
 * @blob_id: VGPU_BLOB_ID()
 * @size: bytes
 *
 * Return: VIRTIO_GPU_RESP_*, or 0 without an answer; the same for the following.
 */
uint32_t vram_create_blob(struct vram *vram, uint32_t id, uint64_t blob_id, uint64_t size);

/**
 * vram_map_blob() - RESOURCE_MAP_BLOB
 * @vram: the VM
 * @id: the resource
 * @offset: in the region, in bytes
 *
 * Return: see vram_create_blob().
 */
uint32_t vram_map_blob(struct vram *vram, uint32_t id, uint64_t offset);

/**
 * vram_unmap_blob() - RESOURCE_UNMAP_BLOB
 * @vram: the VM
 * @id: the resource
 *
 * Return: see vram_create_blob().
 */
uint32_t vram_unmap_blob(struct vram *vram, uint32_t id);

/**
 * vram_unref() - RESOURCE_UNREF
 * @vram: the VM
 * @id: the resource
 *
 * Return: see vram_create_blob().
 */
uint32_t vram_unref(struct vram *vram, uint32_t id);

/**
 * vram_withdraw() - do what the VMM does on RESOURCE_UNMAP_BLOB
 * @vram: the VM, with no vCPU in the driver
 * @blob: the blob
 * @offset: its offset in the region
 *
 * This completes an unmap that @vram->forget left incomplete.
 *
 * Return: 0 or an error of KVM, munmap() or virglrenderer.
 */
int vram_withdraw(struct vram *vram, struct vgpu_blob *blob, uint64_t offset);

/**
 * vram_is_empty() - tell whether nothing is mapped into the region
 * @vram: the VM, with no vCPU running
 *
 * Asks the kernel, not the device: with VRAM_SLOTTED KVM must accept a memslot over the
 * whole region, with VRAM_ARENA all of the arena must be one inaccessible mapping.
 *
 * Return: true when nothing is.
 */
bool vram_is_empty(struct vram *vram);

#endif /* MOCKGPU_GPU_VM_H */
