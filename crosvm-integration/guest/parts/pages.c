// SPDX-License-Identifier: GPL-2.0-only
/* The pages of a blob, see pages.h. */

#include "pages.h"

size_t pages_touched;

size_t pages_read(const uint64_t *words, size_t pages, uint64_t seed)
{
	size_t step, i, wrong = 0;

	for (step = 0; step < pages; step++) {
		size_t page = page_in_order(step, pages);

		for (i = 0; i < GUEST_WORDS; i++)
			wrong += page_load(words + page * PAGE_WORDS + guest_words[i]) !=
				 guest_value(seed, page, guest_words[i]);
	}
	pages_touched = step;
	return wrong;
}

void pages_write(uint64_t *words, size_t pages, uint64_t seed)
{
	size_t step, i;

	for (step = 0; step < pages; step++) {
		size_t page = page_in_order(step, pages);

		for (i = 0; i < GUEST_WORDS; i++)
			page_store(words + page * PAGE_WORDS + guest_words[i],
				   guest_value(seed, page, guest_words[i]));
	}
	pages_touched = step;
}

bool pages_seen(const struct virtgpu_blob *blob, const struct virtgpu_blob *report, uint64_t seed)
{
	uint64_t pages = blob->size / GUEST_PAGE_SIZE;
	const struct vgpu_report *result = virtgpu_check(blob, report, seed, 0, pages);

	return result && result->pages == pages && !result->wrong_words;
}
