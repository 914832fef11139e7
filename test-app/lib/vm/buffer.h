/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers that a guest may be given: whoever runs a VM makes them here, not by
 * mockgpu_bo_make() itself.
 *
 * KVM on arm64 did not look at the page table of a VM_PFNMAP mapping to learn how much
 * lies in a row: it took vm_pgoff for a physical address (get_vma_page_shift() in
 * arch/arm64/kvm/mmu.c). Where that and the host virtual address agree modulo 2 MiB, the
 * guest gets 2 MiB of physical memory from the first page on, whosever it is. DRM's
 * offsets begin at 4 GiB, so that the first buffer of 2 MiB and more is hit.
 *
 * Which kernels do it is a matter of their stable release and of backports, see
 * behaviour.h; so a buffer keeps clear of it until this kernel has shown that it does
 * not guess. The guest of a test would otherwise write to memory that is not the test's.
 */
#ifndef MOCKGPU_TEST_BUFFER_H
#define MOCKGPU_TEST_BUFFER_H

#include <stdint.h>

struct drm_mockgpu_bo_create;
struct mockgpu_bo;

/* The least that KVM takes for a block. */
#define VM_BUFFER_BLOCK (2ull << 20)

/**
 * vm_buffer_tell() - say whether KVM of this kernel guesses
 * @answer: of behaviour_seen(): 0 when it does not; anything else lets buffers keep clear
 */
void vm_buffer_tell(int answer);

/**
 * vm_buffer_unusable() - tell whether guests can be given buffers here
 *
 * Return: NULL when they can (KVM, the driver, root); otherwise one line for
 * people that says why not and what to do, without a newline.
 */
const char *vm_buffer_unusable(void);

/**
 * vm_buffer_make() - make a buffer that a guest may be given
 * @fd: from mockgpu_open()
 * @want: what it is to be; @want->handle is 0
 * @bo: out; @bo->handle is 0 on failure
 *
 * Its offset is no multiple of VM_BUFFER_BLOCK, nor one of them with a page more, if it
 * is large enough to be hit and KVM may guess.
 *
 * Return: as mockgpu_bo_make(); -EBUSY when there is no such place.
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
 * vm_buffer_make_anywhere() - make one where KVM may guess, for who is about that
 * @fd: as for vm_buffer_make()
 * @want: as for vm_buffer_make()
 * @bo: as for vm_buffer_make()
 *
 * What a guest reaches by such a guess must be the caller's own.
 *
 * Return: as mockgpu_bo_make().
 */
int vm_buffer_make_anywhere(int fd, const struct drm_mockgpu_bo_create *want,
			    struct mockgpu_bo *bo);

#endif /* MOCKGPU_TEST_BUFFER_H */
