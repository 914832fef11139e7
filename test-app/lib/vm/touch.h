/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Let a guest touch pages, one by one, and record the result for each.
 */
#ifndef MOCKGPU_TEST_TOUCH_H
#define MOCKGPU_TEST_TOUCH_H

#include <stddef.h>
#include <stdint.h>

#include "vmm.h"

/**
 * struct touch - one pass of the guest over pages of a memslot
 *
 * @op: in: read and compare, or write
 * @gpa: in: guest physical address of page 0
 * @seed: in: of the data, see guest_value()
 * @sequence: in: page numbers in the order of access; NULL: all from 0 on
 * @accesses: in: how many
 * @result: out: enum guest_result, indexed by page number. Entries of pages that are not
 *	touched do not change.
 * @spurious: out: how often KVM_RUN failed with EFAULT and the retry succeeded
 * @wrong_words: out: words with the wrong value
 * @wrong_page: out: page of the first of them; undefined without one
 * @wrong_word: out: its 8-byte word in that page
 * @wrong_value: out: the value that the guest read there
 */
struct touch {
	enum guest_op op;
	uint64_t gpa;
	uint64_t seed;
	const uint32_t *sequence;
	size_t accesses;
	uint8_t *result;
	size_t spurious;
	uint64_t wrong_words;
	uint32_t wrong_page;
	uint32_t wrong_word;
	uint64_t wrong_value;
};

/**
 * touch_run() - let a vCPU make one pass
 * @vcpu: the vCPU
 * @touch: the pass
 *
 * The guest exits once per GUEST_WORK_ITEMS pages and once per failed access. A failed
 * access is retried once: KVM_RUN can fail without a reason while a memslot is zapped
 * (arm64, 7.2), and that must neither look like a page that cannot be mapped nor go
 * unnoticed.
 *
 * Return: 0 when every page got a result; -EIO when the guest ended in another way, see
 * vmm_vcpu_strexit(); -errno otherwise.
 */
int touch_run(struct vmm_vcpu *vcpu, struct touch *touch);

/**
 * touch_start_page() - start an access to one page, whatever its result
 * @vcpu: the vCPU
 * @op: GUEST_READ, GUEST_WRITE or GUEST_EXECUTE
 * @gpa: guest physical address of page 0
 * @page: number of the page
 * @seed: for the values
 *
 * For single accesses outside of a pass: the next vmm_vcpu_run() returns the result.
 *
 * Return: as vmm_vcpu_start().
 */
int touch_start_page(struct vmm_vcpu *vcpu, enum guest_op op, uint64_t gpa, uint32_t page,
		     uint64_t seed);

#endif /* MOCKGPU_TEST_TOUCH_H */
