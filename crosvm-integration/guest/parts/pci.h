/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's virtio-gpu device as a PCI device: its BARs and its queues. */
#ifndef MOCKGPU_GUEST_PCI_H
#define MOCKGPU_GUEST_PCI_H

#include <stdint.h>

/**
 * struct pci_gpu - a virtio-gpu device
 * @address: as "0000:00:01.0"
 * @window: the host-visible region
 * @window_gpa: its guest physical address
 * @window_size: its bytes
 * @common: the registers of virtio 1.3, 4.1.4.3
 */
struct pci_gpu {
	char address[32];
	volatile uint64_t *window;
	uint64_t window_gpa;
	uint64_t window_size;
	volatile uint8_t *common;
};

/**
 * pci_gpu_open() - find the device and map what the structure has
 * @gpu: out
 *
 * The kernel must run with "iomem=relaxed", as its driver has the same registers.
 *
 * Return: 0 or -errno.
 */
int pci_gpu_open(struct pci_gpu *gpu);

/**
 * pci_gpu_queue() - the guest physical address of a queue's descriptors
 * @gpu: the device, which the driver does not change at that time
 * @queue: its number
 *
 * Return: the address.
 */
uint64_t pci_gpu_queue(const struct pci_gpu *gpu, uint16_t queue);

/**
 * pci_gpu_bind() - take the device from its driver, or give it back
 * @gpu: the device
 * @action: "bind" or "unbind"
 *
 * Return: 0 or -errno.
 */
int pci_gpu_bind(const struct pci_gpu *gpu, const char *action);

#endif /* MOCKGPU_GUEST_PCI_H */
