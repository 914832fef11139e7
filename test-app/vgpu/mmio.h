/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio-mmio transport (virtio 1.3, 4.2) for the device model: the register file of one
 * device, version 2, with the host-visible region as shared memory region 1 (4.2.2,
 * SHMSel). Everything the guest writes there is checked; what the specification forbids to
 * a driver is ignored or ends in DEVICE_NEEDS_RESET.
 *
 * There is no interrupt line here: InterruptStatus is kept, and a caller that injects
 * interrupts checks vgpu_mmio_pending(). Nothing is locked: use it from one thread at a
 * time, together with the device.
 */
#ifndef MOCKGPU_VGPU_MMIO_H
#define MOCKGPU_VGPU_MMIO_H

#include <stdbool.h>
#include <stdint.h>

#include "vgpu.h"

/* Size of the registers and the configuration space in bytes of GPA. */
#define VGPU_MMIO_SIZE 0x200

/* Descriptors of each queue. */
#define VGPU_MMIO_QUEUE_MAX 256

/**
 * struct vgpu_mmio_queue - a queue as the driver set it; addresses are guest physical
 * @num: number of descriptors
 * @ready: the device uses it
 * @desc: descriptor table
 * @driver: available ring
 * @device: used ring
 */
struct vgpu_mmio_queue {
	uint32_t num;
	bool ready;
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
};

/**
 * struct vgpu_mmio - the register file; private
 * @dev: the device
 * @window_gpa: where the host-visible region is
 * @window: its size in bytes, 0 without one
 * @features: as the driver wrote them
 * @features_sel: which 32 bits of these are written next
 * @device_features_sel: which 32 bits of the device's are read next
 * @queue_sel: queue that the queue registers access
 * @shm_sel: shared memory region that the SHM registers access
 * @status: device status
 * @interrupt: InterruptStatus
 * @queue: the queues
 */
struct vgpu_mmio {
	struct vgpu *dev;
	uint64_t window_gpa;
	uint64_t window;
	uint64_t features;
	uint32_t features_sel;
	uint32_t device_features_sel;
	uint32_t queue_sel;
	uint32_t shm_sel;
	uint32_t status;
	uint32_t interrupt;
	struct vgpu_mmio_queue queue[VGPU_QUEUES];
};

/**
 * vgpu_mmio_init() - initialise the register file of a device, as after a reset
 * @mmio: out
 * @dev: the device; must outlive @mmio
 * @window_gpa: where the guest finds the host-visible region
 * @window: its size in bytes, as in struct vgpu_config
 */
void vgpu_mmio_init(struct vgpu_mmio *mmio, struct vgpu *dev, uint64_t window_gpa,
		    uint64_t window);

/**
 * vgpu_mmio_read() - the guest reads
 * @mmio: the register file
 * @offset: in bytes; past the end it reads zeros
 * @size: 4 for registers, 1, 2, 4 or 8 in the configuration space; anything else
 *	reads as 0
 *
 * Return: the value, zero-extended.
 */
uint64_t vgpu_mmio_read(const struct vgpu_mmio *mmio, uint64_t offset, unsigned int size);

/**
 * vgpu_mmio_write() - the guest writes; this may run commands
 * @mmio: the register file
 * @offset: as for vgpu_mmio_read(); a write that is not allowed is ignored
 * @size: as for vgpu_mmio_read()
 * @value: the value
 */
void vgpu_mmio_write(struct vgpu_mmio *mmio, uint64_t offset, unsigned int size,
		     uint64_t value);

/**
 * vgpu_mmio_interrupt() - for struct vgpu_ops.interrupt: a queue was used
 * @mmio: the register file
 */
void vgpu_mmio_interrupt(struct vgpu_mmio *mmio);

/**
 * vgpu_mmio_pending() - get the level of the interrupt line
 * @mmio: the register file
 *
 * Return: true until the driver has acknowledged everything.
 */
bool vgpu_mmio_pending(const struct vgpu_mmio *mmio);

#endif /* MOCKGPU_VGPU_MMIO_H */
