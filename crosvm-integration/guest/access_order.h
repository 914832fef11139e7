/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In which order a guest touches pages that a host's GPU driver made in blocks, and how
 * it says that it did.
 */
#ifndef MOCKGPU_GUEST_ACCESS_ORDER_H
#define MOCKGPU_GUEST_ACCESS_ORDER_H

#include <stddef.h>
#include <stdio.h>

/** BLOCK_PAGES - pages of 2 MiB, the largest block that one page table entry maps. */
#define BLOCK_PAGES 512ul

/**
 * visited_page() - the page to touch at a step
 * @step: from 0 to @pages - 1
 * @pages: how many there are
 *
 * All pages that do not begin 2 MiB come first, then those that do: before Linux
 * 6.13 KVM can map the first page of a block and not the others.
 *
 * Return: the page.
 */
static inline size_t visited_page(size_t step, size_t pages)
{
	size_t blocks = (pages + BLOCK_PAGES - 1) / BLOCK_PAGES;
	size_t tails = pages - blocks;

	if (step >= tails)
		return (step - tails) * BLOCK_PAGES;
	return step / (BLOCK_PAGES - 1) * BLOCK_PAGES + 1 + step % (BLOCK_PAGES - 1);
}

/**
 * report_touched() - say that pages of a buffer were touched
 * @pages: how many, counted while they were
 *
 * The runner adds up what a case says, and compares it with what it promised.
 */
static inline void report_touched(size_t pages)
{
	printf("touched: %zu pages\n", pages);
	fflush(stdout);
}

#endif /* MOCKGPU_GUEST_ACCESS_ORDER_H */
