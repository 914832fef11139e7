// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's own page kinds, what every kind promises, and the memory type of pages.
 *
 * An own kind consists of blocks of one exact order, so a test knows where heads and
 * tails are. Every block is checked when it is allocated and again when it is freed.
 *
 * On x86 a user mapping gets the memory type of the kernel's own mapping of the page
 * (track_pfn_insert(), since 6.17 pfnmap_setup_cachemode_pfn()), so that mapping has to
 * change. Elsewhere the kernel's own mapping stays cached, see mockgpu_vmap.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/page_ref.h>
#include <linux/printk.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#ifdef CONFIG_X86
#include <asm/set_memory.h>
#endif

#include "mockgpu_kunit.h"
#include "mockgpu_pages.h"
#include "mockgpu_test_fail.h"

static const char * const mockgpu_kind_names[MOCKGPU_KIND_COUNT] = {
	[MOCKGPU_KIND_TTM] = "ttm",
	[MOCKGPU_KIND_NONCOMPOUND] = "noncompound",
	[MOCKGPU_KIND_COMPOUND] = "compound",
	[MOCKGPU_KIND_SPLIT] = "split",
	[MOCKGPU_KIND_RESERVED] = "reserved",
};

/**
 * mockgpu_kind_name - get the name of a page kind
 * @kind: enum mockgpu_kind
 *
 * Return: the name of the constant in lower case, without its prefix.
 */
const char *mockgpu_kind_name(u32 kind)
{
	if (kind < MOCKGPU_KIND_COUNT)
		return mockgpu_kind_names[kind];
	return kind == MOCKGPU_KIND_USERPTR ? "userptr" : "import";
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_kind_name);

/**
 * mockgpu_kind_parse - get the page kind of a name
 * @name: as mockgpu_kind_name() returns it
 *
 * Return: enum mockgpu_kind or -EINVAL.
 */
int mockgpu_kind_parse(const char *name)
{
	return sysfs_match_string(mockgpu_kind_names, name);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_kind_parse);

/**
 * mockgpu_pages_reset_caching - undo mockgpu_pages_set_caching()
 * @pages: the pages
 * @npages: their number
 * @caching: their memory type
 */
void mockgpu_pages_reset_caching(struct page **pages, unsigned long npages,
				 enum ttm_caching caching)
{
#ifdef CONFIG_X86
	if (caching != ttm_cached)
		set_pages_array_wb(pages, npages);
#endif
}

/**
 * mockgpu_pages_set_caching - set the memory type of pages
 * @pages: the pages, cached
 * @npages: their number
 * @caching: the memory type
 *
 * Return: 0, or -ENOMEM with all pages cached as before.
 */
int mockgpu_pages_set_caching(struct page **pages, unsigned long npages,
			      enum ttm_caching caching)
{
	int ret = 0;

	if (caching != ttm_cached && mockgpu_should_fail("caching"))
		return -ENOMEM;
#ifdef CONFIG_X86
	if (caching == ttm_write_combined)
		ret = set_pages_array_wc(pages, npages);
	else if (caching == ttm_uncached)
		ret = set_pages_array_uc(pages, npages);
#endif
	if (!ret)
		return 0;
	/* Some may have changed. x86 does not say why it failed; mostly it is memory. */
	mockgpu_pages_reset_caching(pages, npages, caching);
	return -ENOMEM;
}

/**
 * mockgpu_page_is_good - check a page against the promise of its kind
 * @kind: enum mockgpu_kind
 * @order: order of its block
 * @head: first page of its block
 * @index: index of the page in its block
 *
 * Reads the raw count: page_count() of a compound tail returns the head's.
 *
 * Return: true when it keeps the promise.
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

/* How long a page may look wrong before it counts as wrong. */
#define MOCKGPU_TRANSIENT_MS	50

/*
 * Compaction, page_idle and speculative lookups find pages by page frame number and take
 * a short-lived reference to any that has a count, so look more than once. A count of 0
 * is never raised that way.
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
 * mockgpu_block_is_good - check a block against the promise of its kind
 * @kind: enum mockgpu_kind
 * @order: order of the block
 * @head: its first page
 * @when: for the kernel log
 *
 * Context: may sleep.
 * Return: true when it keeps the promise, else false after one line in the kernel log.
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
 * mockgpu_block_alloc - allocate a zeroed block of one of the driver's own kinds
 * @kind: enum mockgpu_kind, not MOCKGPU_KIND_TTM
 * @order: its order
 *
 * Return: the first page or NULL.
 */
struct page *mockgpu_block_alloc(u32 kind, u32 order)
{
	/* No OOM kill and no report: ENOMEM tells the caller. */
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

/* Whether memory_failure() was called for a page of a block. It tells nobody. */
static bool mockgpu_block_is_poisoned(u32 order, struct page *head)
{
	unsigned int i;

	for (i = 0; i < 1u << order; i++)
		if (PageHWPoison(head + i))
			return true;
	return false;
}

/*
 * The allocator keeps a bad page out of use if it is freed by itself, but not in a block
 * (__free_pages_prepare()), and a compound block cannot be split.
 */
static void mockgpu_block_free_poisoned(u32 kind, u32 order, struct page *head)
{
	unsigned int i;

	if (kind == MOCKGPU_KIND_COMPOUND) {
		pr_warn("a compound block of order %u has a page of bad memory: the block is kept\n",
			order);
		return;
	}
	split_page(head, order);
	for (i = 0; i < 1u << order; i++)
		__free_page(head + i);
}

/**
 * mockgpu_block_free - undo mockgpu_block_alloc()
 * @kind: kind of the block
 * @order: its order
 * @head: its first page
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
		/* Each page has its own count, so whoever still holds one keeps it. */
		for (i = 0; i < 1u << order; i++)
			__free_page(head + i);
		return;
	default:
		/*
		 * The allocator checks the count of the head only. A block with a tail
		 * that somebody still holds must not be reused.
		 */
		for (i = 1; i < 1u << order; i++) {
			if (!page_ref_count(head + i))
				continue;
			pr_err("page %u of a block of order %u still has count %d: the block is kept\n",
			       i, order, page_ref_count(head + i));
			return;
		}
		if (order && mockgpu_block_is_poisoned(order, head))
			mockgpu_block_free_poisoned(kind, order, head);
		else
			__free_pages(head, order);
	}
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_block_free);

/**
 * mockgpu_blocks_free - free the first blocks of a tt
 * @tt: the tt
 * @npages: number of pages that are allocated: whole blocks, or all of them
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
 * @tt: the tt, not of MOCKGPU_KIND_TTM
 *
 * Return: 0, -ENOMEM, -EINTR for a fatal signal, or -EIO when the pages are not what the
 * kind promises.
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
 * mockgpu_pages_set_mapping - set page->mapping of all pages of a tt
 * @tt: the tt, with pages
 * @mapping: what it is set to, or NULL
 *
 * As amdgpu_ttm_tt_populate().
 */
void mockgpu_pages_set_mapping(struct mockgpu_tt *tt, struct address_space *mapping)
{
	unsigned long i;

	for (i = 0; i < tt->ttm.num_pages; i++) {
		tt->ttm.pages[i]->mapping = mapping;
		if (!(i % MOCKGPU_RESCHED_PAGES))
			cond_resched();
	}
}

/**
 * mockgpu_pages_prepare - allocate what mockgpu_pages_record() needs
 * @tt: the tt, of MOCKGPU_KIND_TTM
 *
 * Return: 0 or -ENOMEM. Undo with mockgpu_pages_forget().
 */
int mockgpu_pages_prepare(struct mockgpu_tt *tt)
{
	if (mockgpu_should_fail("heads"))
		return -ENOMEM;
	tt->heads = kvcalloc(BITS_TO_LONGS(tt->ttm.num_pages), sizeof(*tt->heads),
			     GFP_KERNEL_ACCOUNT);
	return tt->heads ? 0 : -ENOMEM;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_prepare);

/**
 * mockgpu_pages_record - find the blocks in what ttm_pool_alloc() returned
 * @tt: the tt, of MOCKGPU_KIND_TTM, after mockgpu_pages_prepare()
 *
 * The pool does not report the orders. But a page with a count begins a block, and one
 * without belongs to the block before it.
 *
 * Return: 0, or -EIO when the pages do not look like that, with nothing prepared any more.
 */
int mockgpu_pages_record(struct mockgpu_tt *tt)
{
	unsigned long npages = tt->ttm.num_pages;
	unsigned long head = 0, i;

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
 * mockgpu_pages_forget - undo mockgpu_pages_prepare() and mockgpu_pages_record()
 * @tt: the tt
 */
void mockgpu_pages_forget(struct mockgpu_tt *tt)
{
	kvfree(tt->heads);
	tt->heads = NULL;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_pages_forget);
