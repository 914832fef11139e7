/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order in which a guest touches pages that the host's GPU driver allocates in blocks,
 * and the line in which it says so.
 */
#ifndef MOCKGPU_GUEST_ACCESS_ORDER_H
#define MOCKGPU_GUEST_ACCESS_ORDER_H

#include <stddef.h>
#include <stdio.h>

/** BLOCK_PAGES - pages of 2 MiB, the largest block that one page table entry maps. */
#define BLOCK_PAGES 512ul

/**
 * page_in_order() - tell which page to touch next
 * @step: number of the access, from 0 to @pages - 1
 * @pages: how many there are
 *
 * The pages that do not begin 2 MiB come first, then those that do: before Linux 6.13 KVM
 * can map the first page of a block and no other.
 *
 * Return: the page.
 */
static inline size_t page_in_order(size_t step, size_t pages)
{
	size_t blocks = (pages + BLOCK_PAGES - 1) / BLOCK_PAGES;
	size_t tails = pages - blocks;

	if (step >= tails)
		return (step - tails) * BLOCK_PAGES;
	return step / (BLOCK_PAGES - 1) * BLOCK_PAGES + 1 + step % (BLOCK_PAGES - 1);
}

/**
 * report_touched() - print how many pages of a buffer were touched
 * @pages: their number, counted by the loop that touches them
 *
 * The runner adds up these numbers and compares the sum with the pages of the case.
 */
static inline void report_touched(size_t pages)
{
	printf("touched: %zu pages\n", pages);
	fflush(stdout);
}

#endif /* MOCKGPU_GUEST_ACCESS_ORDER_H */
