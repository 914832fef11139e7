/* SPDX-License-Identifier: GPL-2.0-only */
/*
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
#define GUESS_BLOCK (2ull << 20)

/**
 * guess_tell() - say whether KVM of this kernel guesses
 * @answer: of behaviour_seen(): 0 when it does not; anything else lets buffers keep clear
 */
void guess_tell(int answer);

/**
 * guess_dodge() - put a buffer where KVM does not guess
 * @fd: from mockgpu_open()
 * @want: how the buffer was made
 * @bo: the buffer, not mapped; may be replaced
 *
 * Afterwards its offset is no multiple of GUESS_BLOCK, nor one of them with a page
 * more, if it is large enough to be hit. Nothing is done where KVM does not guess.
 *
 * Return: 0 or -errno.
 */
int guess_dodge(int fd, const struct drm_mockgpu_bo_create *want, struct mockgpu_bo *bo);

#endif /* MOCKGPU_TEST_BUFFER_H */
