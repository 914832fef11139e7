/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers for guests: whoever runs a VM creates its buffers here, not with
 * mockgpu_bo_make() directly.
 *
 * KVM on arm64 did not look at the page table of a VM_PFNMAP mapping to learn how much
 * memory is contiguous: it took vm_pgoff for a physical address (get_vma_page_shift() in
 * arch/arm64/kvm/mmu.c). Where that and the host virtual address agree modulo 2 MiB, the
 * guest gets 2 MiB of physical memory starting at the first page, no matter whose it is.
 * DRM's offsets start at 4 GiB, so the first buffer of 2 MiB or more is hit.
 *
 * riscv64 did so with the whole mapping, wherever it is: 6.17 (see known.h).
 *
 * Which kernels do it depends on their stable release and on backports, see behaviour.h,
 * so a buffer keeps clear of it until this kernel has shown that it does not guess.
 * Otherwise a test's guest would write to memory that is not the test's.
 */
#ifndef MOCKGPU_TEST_BUFFER_H
#define MOCKGPU_TEST_BUFFER_H

#include <stdint.h>

struct drm_mockgpu_bo_create;
struct mockgpu_bo;

/* The smallest block that KVM maps. */
#define VM_BUFFER_BLOCK (2ull << 20)

/**
 * vm_buffer_tell() - tell whether KVM of this kernel guesses
 * @answer: from behaviour_seen(): 0 when it does not; otherwise buffers keep clear
 */
void vm_buffer_tell(int answer);

/**
 * vm_buffer_unusable() - tell whether guests can be given buffers here
 *
 * Return: NULL when they can (KVM, the driver, root); otherwise one line for people that
 * says why not and what to do, without a newline.
 */
const char *vm_buffer_unusable(void);

/**
 * vm_buffer_make() - create a buffer that a guest may be given
 * @fd: from mockgpu_open()
 * @want: the buffer to create; @want->handle is 0
 * @bo: out; @bo->handle is 0 on failure
 *
 * If the buffer is large enough to be hit and KVM may guess, its offset is neither a
 * multiple of VM_BUFFER_BLOCK nor one page more than that.
 *
 * Return: as mockgpu_bo_make(); -EBUSY when there is no such offset; -EPERM where no offset is
 * safe, until vm_buffer_tell() has said that KVM does not guess.
 */
int vm_buffer_make(int fd, const struct drm_mockgpu_bo_create *want, struct mockgpu_bo *bo);

/**
 * vm_buffer_create() - the same for one in GTT
 * @fd: as for vm_buffer_make()
 * @kind: enum mockgpu_kind
 * @order: block order
 * @caching: enum mockgpu_caching
 * @size: bytes
 * @bo: as for vm_buffer_make()
 *
 * Return: as vm_buffer_make().
 */
int vm_buffer_create(int fd, uint32_t kind, uint32_t order, uint32_t caching, uint64_t size,
		     struct mockgpu_bo *bo);

/**
 * vm_buffer_make_anywhere() - create a buffer where KVM may guess, to test just that
 * @fd: as for vm_buffer_make()
 * @want: as for vm_buffer_make()
 * @bo: as for vm_buffer_make()
 *
 * The memory that a guest reaches by such a guess must belong to the caller.
 *
 * Return: as mockgpu_bo_make().
 */
int vm_buffer_make_anywhere(int fd, const struct drm_mockgpu_bo_create *want,
			    struct mockgpu_bo *bo);

#endif /* MOCKGPU_TEST_BUFFER_H */
