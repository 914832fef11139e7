/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a blob that the guest has mapped, touched by accesses of their own, in the order of
 * access_order.h, with the pattern that the device model also knows.
 */
#ifndef MOCKGPU_GUEST_PAGES_H
#define MOCKGPU_GUEST_PAGES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../test-app/guest/protocol.h"
#include "../access_order.h"
#include "../virtgpu.h"

/** PAGE_WORDS - words of 64 bits in a page */
#define PAGE_WORDS (GUEST_PAGE_SIZE / sizeof(uint64_t))

/** pages_touched - number of pages that the last pass over a blob has touched */
extern size_t pages_touched;

static inline uint64_t page_load(const uint64_t *word)
{
	return atomic_load_explicit((const _Atomic uint64_t *)word, memory_order_relaxed);
}

static inline void page_store(uint64_t *word, uint64_t value)
{
	atomic_store_explicit((_Atomic uint64_t *)word, value, memory_order_relaxed);
}

/**
 * pages_read() - read every page
 * @words: the first one
 * @pages: how many
 * @seed: for guest_value()
 *
 * Return: how many words differ from the pattern of @seed.
 */
size_t pages_read(const uint64_t *words, size_t pages, uint64_t seed);

/**
 * pages_write() - write the pattern to every page
 * @words: the first one
 * @pages: how many
 * @seed: for guest_value()
 */
void pages_write(uint64_t *words, size_t pages, uint64_t seed);

/**
 * pages_seen() - tell whether the host sees a pattern in a whole blob
 * @blob: the blob
 * @report: see virtgpu_check()
 * @seed: for guest_value()
 *
 * Return: true if it does.
 */
bool pages_seen(const struct virtgpu_blob *blob, const struct virtgpu_blob *report, uint64_t seed);

#endif /* MOCKGPU_GUEST_PAGES_H */
