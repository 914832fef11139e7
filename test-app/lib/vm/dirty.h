/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's dirty tracking: the bitmap of a memslot, and the ring of a vCPU
 * (Documentation/virt/kvm/api.rst 4.8, 4.117 and 8.29).
 *
 * Functions that return int return 0 or -errno.
 */
#ifndef MOCKGPU_TEST_DIRTY_H
#define MOCKGPU_TEST_DIRTY_H

#include <stddef.h>
#include <stdint.h>

#include "vmm.h"

/**
 * dirty_log_get() - KVM_GET_DIRTY_LOG: get the bitmap, and clear it unless
 *	dirty_log_manual() was called
 * @vm: the VM
 * @slot: number of a memslot with KVM_MEM_LOG_DIRTY_PAGES
 * @bitmap: out: a bit per page, in whole words
 *
 * Return: see above; -ENOENT without the flag.
 */
int dirty_log_get(struct vmm *vm, unsigned int slot, uint64_t *bitmap);

/**
 * dirty_log_clear() - KVM_CLEAR_DIRTY_LOG: clear part of the bitmap
 * @vm: the VM
 * @slot: as for dirty_log_get()
 * @first: first page, a multiple of 64
 * @pages: how many, a multiple of 64 or up to the end of the memslot
 * @bitmap: which of these pages
 *
 * Return: see above.
 */
int dirty_log_clear(struct vmm *vm, unsigned int slot, uint64_t first, uint32_t pages,
		    uint64_t *bitmap);

/**
 * dirty_log_manual() - let only dirty_log_clear() clear the bitmap from now on
 * @vm: the VM
 *
 * Return: see above.
 */
int dirty_log_manual(struct vmm *vm);

/**
 * struct dirty_ring - the dirty ring of one vCPU
 *
 * @vm: the VM
 * @gfn: its entries, shared with KVM
 * @entries: how many
 * @next: the next entry to take
 */
struct dirty_ring {
	struct vmm *vm;
	struct kvm_dirty_gfn *gfn;
	uint32_t entries;
	uint32_t next;
};

/**
 * dirty_ring_open() - map the ring of a vCPU
 * @ring: out
 * @vcpu: of a VM that was created with vmm_options.dirty_ring
 * @bytes: that number
 *
 * Return: see above.
 */
int dirty_ring_open(struct dirty_ring *ring, struct vmm_vcpu *vcpu, uint32_t bytes);

/**
 * dirty_ring_take() - take entries and let KVM protect their pages again
 * @ring: the ring of a vCPU that is not running
 * @slot: the memslot; entries of others are taken too, but not returned
 * @pages: out: page numbers in the memslot, in the order of the writes
 * @room: entries at @pages
 *
 * Return: how many were written to @pages, or -errno.
 */
int64_t dirty_ring_take(struct dirty_ring *ring, unsigned int slot, uint64_t *pages, size_t room);

/**
 * dirty_ring_close() - unmap a ring
 * @ring: from dirty_ring_open()
 */
void dirty_ring_close(struct dirty_ring *ring);

#endif /* MOCKGPU_TEST_DIRTY_H */
