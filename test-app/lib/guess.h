/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM on arm64 before 7.2 does not look at the page table of a VM_PFNMAP mapping to
 * learn how much lies in a row: it takes vm_pgoff for a physical address
 * (get_vma_page_shift() in arch/arm64/kvm/mmu.c). Where that and the host virtual
 * address agree modulo 2 MiB, the guest gets 2 MiB of physical memory from the first
 * page on, whosever it is. DRM's offsets begin at 4 GiB, so that the first buffer of
 * 2 MiB and more is hit.
 *
 * A test of anything else stays clear of that: its guest would write to memory that is
 * not the test's.
 */
#ifndef MOCKGPU_TEST_GUESS_H
#define MOCKGPU_TEST_GUESS_H

#include <stdbool.h>
#include <stdint.h>

struct drm_mockgpu_bo_create;
struct mockgpu_bo;

/* The least that KVM takes for a block. */
#define GUESS_BLOCK (2ull << 20)

/**
 * guess_is_known() - tell whether KVM of this kernel is known to guess
 *
 * Return: true on arm64 before 7.2 by uname().
 */
bool guess_is_known(void);

/**
 * guess_unsafe() - why a program whose buffers cannot stay clear must not be run here
 *
 * Those with dma-bufs, whose offsets are 0, or with mappings that change their place:
 * their guests would write to memory of the host's kernel.
 *
 * Return: NULL where KVM does not guess, or one line for people.
 */
const char *guess_unsafe(void);

/**
 * guess_dodge() - put a buffer where KVM does not guess
 * @fd: from mockgpu_open()
 * @want: how the buffer was made
 * @bo: the buffer, not mapped; may be replaced
 *
 * Afterwards its offset is no multiple of GUESS_BLOCK, nor one of them with a page
 * more, if it is large enough to be hit.
 *
 * Return: 0 or -errno.
 */
int guess_dodge(int fd, const struct drm_mockgpu_bo_create *want, struct mockgpu_bo *bo);

#endif /* MOCKGPU_TEST_GUESS_H */
