/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Let a guest touch pages, one by one, and learn what became of each.
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
 * @sequence: in: page numbers in the order of access
 * @accesses: in: how many
 * @result: out: enum guest_result, indexed by page number. Pages that are not
 *	touched keep what is there.
 * @spurious: out: times KVM_RUN failed with EFAULT and the retry succeeded
 * @wrong_words: out: words read that were not right
 * @wrong_page: out: the first of them; undefined without one
 * @wrong_word: out: and its 8-byte word in the page
 * @wrong_value: out: and what the guest read there
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
 * The guest leaves once per GUEST_WORK_ITEMS pages and once per failed access.
 * A failed access is repeated once: a memslot that is being zapped can make
 * KVM_RUN fail without a reason (arm64, 7.2), and that must neither look like
 * a page that cannot be mapped nor go unseen.
 *
 * Return: 0 when every page got a result; -EIO when the guest ended in another
 * way, which vmm_vcpu_strexit() tells; -errno otherwise.
 */
int touch_run(struct vmm_vcpu *vcpu, struct touch *touch);

/**
 * touch_start_page() - begin an access to one page, however it will end
 * @vcpu: the vCPU
 * @op: GUEST_READ, GUEST_WRITE or GUEST_EXECUTE
 * @gpa: guest physical address of page 0
 * @page: number of the page
 * @seed: for the values
 *
 * For accesses that are no pass: the next vmm_vcpu_run() tells what came of it.
 *
 * Return: as vmm_vcpu_start().
 */
int touch_start_page(struct vmm_vcpu *vcpu, enum guest_op op, uint64_t gpa, uint32_t page,
		     uint64_t seed);

#endif /* MOCKGPU_TEST_TOUCH_H */
