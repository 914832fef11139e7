// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's own page kinds, and what every kind promises.
 *
 * An own kind is made of blocks of one exact order, so that a test knows where
 * heads and tails lie. Each block is checked when it was allocated and again
 * when it is freed.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mockgpu_types.h"
#include "tests/visible.h"

/**
 * mockgpu_page_is_good - whether a page is in the state its kind promises
 * @kind: enum mockgpu_kind
 * @order: order of its block
 * @head: first page of its block
 * @index: the page's place there
 *
 * The raw count is read: page_count() of a compound tail would give the head's.
 *
 * Return: true when it is.
 */
static bool mockgpu_page_is_good(u32 kind, u32 order, struct page *head,
				 unsigned int index)
{
	struct page *page = head + index;
	bool is_reserved = mockgpu_page_flags(page) & BIT(PG_reserved);
	bool reserved = kind == MOCKGPU_KIND_RESERVED;
	bool counted = !index || kind == MOCKGPU_KIND_SPLIT || reserved;

	if (page_ref_count(page) != counted || is_reserved != reserved)
		return false;
	if (kind == MOCKGPU_KIND_COMPOUND && order)
		return PageCompound(page) && compound_head(page) == head;
	return !PageCompound(page);
}

/* Milliseconds for which a page may be in a state that its kind does not promise. */
#define MOCKGPU_TRANSIENT_MS	50

/*
 * Who looks at pages by their number, as compaction, page_idle and speculative lookups
 * do, takes a reference for a moment on any page that has a count: so there is more than
 * one look. Nobody raises a count of 0 that way.
 */
static bool mockgpu_page_gets_good(u32 kind, u32 order, struct page *head,
				   unsigned int index)
{
	unsigned int tries;

	for (tries = 0; tries < MOCKGPU_TRANSIENT_MS; tries++) {
		if (mockgpu_page_is_good(kind, order, head, index))
			return true;
		usleep_range(1000, 2000);
	}
	return mockgpu_page_is_good(kind, order, head, index);
}

/**
 * mockgpu_block_is_good - whether a block is in the state its kind promises
 * @kind: enum mockgpu_kind
 * @order: the block's order
 * @head: its first page
 * @when: for the kernel log
 *
 * Context: may sleep.
 * Return: true when it is, else false after one line in the kernel log.
 */
VISIBLE_IF_KUNIT bool mockgpu_block_is_good(u32 kind, u32 order, struct page *head,
					    const char *when)
{
	unsigned int i;

	for (i = 0; i < 1u << order; i++) {
		if (mockgpu_page_gets_good(kind, order, head, i))
			continue;
		pr_err("kind %u: page %u of a block of order %u has count %d, flags %#lx, %s at %s\n",
		       kind, i, order, page_ref_count(head + i),
		       mockgpu_page_flags(head + i),
		       PageCompound(head + i) ? "compound" : "not compound", when);
		return false;
	}
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_block_is_good);

/**
 * mockgpu_block_alloc - allocate a block of one of the own kinds, zeroed
 * @kind: enum mockgpu_kind but MOCKGPU_KIND_TTM
 * @order: its order
 *
 * Return: the first page or NULL.
 */
struct page *mockgpu_block_alloc(u32 kind, u32 order)
{
	/* No OOM kill, and no report: the caller's ENOMEM says it. */
	gfp_t gfp = GFP_HIGHUSER | __GFP_ZERO | __GFP_NOWARN | __GFP_RETRY_MAYFAIL;
	struct page *head;
	unsigned int i;

	if (mockgpu_should_fail("block"))
		return NULL;
	if (kind == MOCKGPU_KIND_COMPOUND)
		gfp |= __GFP_COMP;
	head = alloc_pages(gfp, order);
	if (!head)
		return NULL;
	if (kind == MOCKGPU_KIND_SPLIT || kind == MOCKGPU_KIND_RESERVED)
		split_page(head, order);
	if (kind == MOCKGPU_KIND_RESERVED)
		for (i = 0; i < 1u << order; i++)
			SetPageReserved(head + i);
	return head;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_block_alloc);

/**
 * mockgpu_block_free - undo mockgpu_block_alloc()
 * @kind: as there
 * @order: as there
 * @head: what it returned
 */
void mockgpu_block_free(u32 kind, u32 order, struct page *head)
{
	unsigned int i;

	switch (kind) {
	case MOCKGPU_KIND_RESERVED:
		for (i = 0; i < 1u << order; i++)
			ClearPageReserved(head + i);
		fallthrough;
	case MOCKGPU_KIND_SPLIT:
		/* Each page has its own count: whoever still holds one keeps it. */
		for (i = 0; i < 1u << order; i++)
			__free_page(head + i);
		return;
	default:
		/*
		 * The allocator looks at the head's count only. A block of which
		 * somebody holds a tail must not become somebody else's memory.
		 */
		for (i = 1; i < 1u << order; i++) {
			if (!page_ref_count(head + i))
				continue;
			pr_err("page %u of a block of order %u still has count %d: the block is kept\n",
			       i, order, page_ref_count(head + i));
			return;
		}
		__free_pages(head, order);
	}
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_block_free);

/**
 * mockgpu_blocks_free - free the first blocks of a tt
 * @tt: the tt
 * @npages: pages of it that were allocated, whole blocks or all
 */
static void mockgpu_blocks_free(struct mockgpu_tt *tt, unsigned long npages)
{
	unsigned long i;

	for (i = 0; i < npages; i += 1ul << tt->order) {
		mockgpu_block_free(tt->kind, tt->order, tt->ttm.pages[i]);
		cond_resched();
	}
	memset(tt->ttm.pages, 0, npages * sizeof(*tt->ttm.pages));
}

/**
 * mockgpu_pages_alloc - give a tt pages of its own kind, zeroed and checked
 * @tt: the tt, of another kind than MOCKGPU_KIND_TTM
 *
 * Return: 0, -ENOMEM, -EINTR when killed, or -EIO when the pages are not what
 * the kind promises.
 */
int mockgpu_pages_alloc(struct mockgpu_tt *tt)
{
	unsigned long npages = tt->ttm.num_pages;
	unsigned long block = 1ul << tt->order;
	unsigned long done, i;
	struct page *head;
	int ret;

	for (done = 0; done < npages; done += min(block, npages - done)) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			goto err_free;
		}
		head = mockgpu_block_alloc(tt->kind, tt->order);
		if (!head) {
			ret = -ENOMEM;
			goto err_free;
		}
		for (i = 0; i < min(block, npages - done); i++)
			tt->ttm.pages[done + i] = head + i;
		if (!mockgpu_block_is_good(tt->kind, tt->order, head, "allocation")) {
			done += i;
			ret = -EIO;
			goto err_free;
		}
		cond_resched();
	}
	ret = mockgpu_pages_set_caching(tt->ttm.pages, npages, tt->ttm.caching);
	if (ret)
		goto err_free;
	return 0;

err_free:
	mockgpu_blocks_free(tt, done);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_alloc);

/**
 * mockgpu_pages_free - undo mockgpu_pages_alloc()
 * @tt: the tt
 */
void mockgpu_pages_free(struct mockgpu_tt *tt)
{
	mockgpu_pages_reset_caching(tt->ttm.pages, tt->ttm.num_pages, tt->ttm.caching);
	mockgpu_blocks_free(tt, tt->ttm.num_pages);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_free);

/**
 * mockgpu_pages_record - find the blocks in what ttm_pool_alloc() gave
 * @tt: the tt, of MOCKGPU_KIND_TTM
 *
 * The pool does not tell the orders; but a page with a count begins a block and
 * one without belongs to the block before it.
 *
 * Return: 0, -ENOMEM, or -EIO when the pages do not look like that.
 */
int mockgpu_pages_record(struct mockgpu_tt *tt)
{
	unsigned long npages = tt->ttm.num_pages;
	unsigned long head = 0, i;

	if (mockgpu_should_fail("heads"))
		return -ENOMEM;
	tt->heads = kvcalloc(BITS_TO_LONGS(npages), sizeof(*tt->heads),
			     GFP_KERNEL_ACCOUNT);
	if (!tt->heads)
		return -ENOMEM;

	for (i = 0; i < npages; i++) {
		struct page *page = tt->ttm.pages[i];

		if (page_ref_count(page)) {
			__set_bit(i, tt->heads);
			head = i;
		}
		if (!(i % MOCKGPU_RESCHED_PAGES))
			cond_resched();
		if (mockgpu_page_gets_good(MOCKGPU_KIND_TTM, 0,
					   tt->ttm.pages[head], i - head) &&
		    page == tt->ttm.pages[head] + (i - head))
			continue;
		pr_err("kind ttm: page %lu of %lu has count %d, flags %#lx and no place in a block\n",
		       i, npages, page_ref_count(page), mockgpu_page_flags(page));
		mockgpu_pages_forget(tt);
		return -EIO;
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_record);

/**
 * mockgpu_pages_forget - undo mockgpu_pages_record()
 * @tt: the tt
 */
void mockgpu_pages_forget(struct mockgpu_tt *tt)
{
	kvfree(tt->heads);
	tt->heads = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_forget);

/**
 * mockgpu_pages_block - find the block of a page, as it was allocated
 * @tt: a populated tt
 * @page: index of the page
 * @order: out: order of its block
 * @index: out: its place there
 */
void mockgpu_pages_block(struct mockgpu_tt *tt, unsigned long page, u32 *order,
			 u32 *index)
{
	unsigned long head, next;

	if (tt->kind != MOCKGPU_KIND_TTM) {
		*order = tt->order;
		*index = page & ((1ul << tt->order) - 1);
		return;
	}
	/* The first page is a head, or mockgpu_pages_record() had refused. */
	head = find_last_bit(tt->heads, page + 1);
	next = find_next_bit(tt->heads, tt->ttm.num_pages, page + 1);
	*order = ilog2(next - head);
	*index = page - head;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_block);
