/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source of system pages: the page kinds, what each promises, and the memory type
 * of pages.
 *
 * Locking: blocks and page arrays belong to the caller. A tt is protected by the lock
 * of its buffer. Everything here may sleep.
 * Units: an order n stands for 2^n pages, and a block is as large as its order says.
 * Errors: -ENOMEM, -EINTR for a fatal signal, -EIO for pages that break the promise of
 * their kind, after a line in the kernel log.
 */
#ifndef MOCKGPU_PAGES_H
#define MOCKGPU_PAGES_H

#include "mockgpu_types.h"

const char *mockgpu_kind_name(u32 kind);
int mockgpu_kind_parse(const char *name);

struct page *mockgpu_block_alloc(u32 kind, u32 order);
void mockgpu_block_free(u32 kind, u32 order, struct page *head);
int mockgpu_pages_alloc(struct mockgpu_tt *tt);
void mockgpu_pages_free(struct mockgpu_tt *tt);
void mockgpu_pages_set_mapping(struct mockgpu_tt *tt, struct address_space *mapping);
int mockgpu_pages_prepare(struct mockgpu_tt *tt);
int mockgpu_pages_record(struct mockgpu_tt *tt);
void mockgpu_pages_forget(struct mockgpu_tt *tt);

int mockgpu_pages_set_caching(struct page **pages, unsigned long npages,
			      enum ttm_caching caching);
void mockgpu_pages_reset_caching(struct page **pages, unsigned long npages,
				 enum ttm_caching caching);

#ifdef MOCKGPU_HAVE_KUNIT
bool mockgpu_block_is_good(u32 kind, u32 order, struct page *head, const char *when);
#endif

#endif /* MOCKGPU_PAGES_H */
