/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the host and the guest payload share: the layout of the payload's image,
 * the work list, and the data both sides derive from a page's number.
 *
 * Freestanding: the payload includes it too.
 */
#ifndef MOCKGPU_GUEST_PROTOCOL_H
#define MOCKGPU_GUEST_PROTOCOL_H

#include <stdint.h>

#define GUEST_MAGIC 0x6d6f636b67707531ull
#define GUEST_PAGE_SIZE 4096

/**
 * struct guest_header - the first bytes of the payload's image
 *
 * @magic: GUEST_MAGIC
 * @start: guest physical address to begin a work list at
 * @resume: guest physical address to continue at after an item that faulted
 * @gpu: guest physical address to run the commands of gpu.h at
 *
 * At each entry the first argument register holds the address of the list and the
 * stack is empty.
 */
struct guest_header {
	uint64_t magic;
	uint64_t start;
	uint64_t resume;
	uint64_t gpu;
};

/**
 * enum guest_op - what to do with every page of the list
 *
 * @GUEST_READ: read the checked words and compare them
 * @GUEST_WRITE: write them
 * @GUEST_STORE: write them with an instruction that KVM cannot emulate
 * @GUEST_EXECUTE: call each checked word, which is guest_code() of its value, and
 *	compare what it returns
 * @GUEST_COUNT: until told to stop: word guest_lane_word() must hold the number of the
 *	round, and is incremented. A word that does not counts as wrong and is set right.
 *	There are no results.
 * @GUEST_ECHO: until told to stop: copy word GUEST_ECHO_IN to word GUEST_ECHO_OUT.
 *	There are no results.
 */
enum guest_op {
	GUEST_READ = 0,
	GUEST_WRITE = 1,
	GUEST_ECHO = 2,
	GUEST_STORE = 3,
	GUEST_EXECUTE = 4,
	GUEST_COUNT = 5,
};

/* Not one of guest_words[]. */
#define GUEST_ECHO_IN 2
#define GUEST_ECHO_OUT 3

/* Nor is any of these. */
#define GUEST_LANES 16

static inline uint32_t guest_lane_word(uint32_t lane)
{
	return 8 + lane;
}

/**
 * enum guest_result - what became of one page
 *
 * @GUEST_PENDING: nothing yet
 * @GUEST_MAPPED: every access went through and every word read was right
 * @GUEST_WRONG: every access went through but a word read was not right
 * @GUEST_EFAULT: stored by the host: KVM_RUN failed twice with EFAULT
 * @GUEST_UNEMULATED: stored by the host: KVM tried to emulate the instruction and failed
 */
enum guest_result {
	GUEST_PENDING = 0,
	GUEST_MAPPED,
	GUEST_WRONG,
	GUEST_EFAULT,
	GUEST_UNEMULATED,
};

/* Items of one list; the host splits longer ones. */
#define GUEST_WORK_ITEMS 4096

/**
 * struct guest_work - one work list
 *
 * @gpa: host to guest: guest physical address of page 0
 * @seed: host to guest: see guest_value()
 * @step: guest to host: the access in progress, GUEST_STEP(); stored before the access,
 *	so the host knows which one faulted
 * @op: host to guest: enum guest_op
 * @count: host to guest: items, up to GUEST_WORK_ITEMS
 * @wrong_item: guest to host: the first item that was wrong
 * @wrong_word: guest to host: the word in it that was wrong
 * @wrong_value: guest to host: the value read there
 * @wrong_count: guest to host: words that were wrong
 * @rounds: guest to host: GUEST_ECHO, GUEST_COUNT: how often the list is done
 * @stop: host to guest, at any time: GUEST_ECHO, GUEST_COUNT: stop after this round
 * @lane: host to guest: GUEST_COUNT: up to GUEST_LANES - 1, a different one per vCPU
 * @page: host to guest: page numbers in the order of access
 * @result: guest to host: enum guest_result per item
 */
struct guest_work {
	uint64_t gpa;
	uint64_t seed;
	uint64_t step;
	uint32_t op;
	uint32_t count;
	uint32_t wrong_item;
	uint32_t wrong_word;
	uint64_t wrong_value;
	uint64_t wrong_count;
	uint64_t rounds;
	uint32_t stop;
	uint32_t lane;
	uint32_t page[GUEST_WORK_ITEMS];
	uint8_t result[GUEST_WORK_ITEMS];
};

#define GUEST_STEP(item, access) ((uint64_t)(item) << 8 | (access))
#define GUEST_STEP_ITEM(step) ((uint32_t)((step) >> 8))

/* The 8-byte words of a page that are read, written and compared. */
static const uint16_t guest_words[] = { 0, 1, 63, 64, 257, 511 };

#define GUEST_WORDS (sizeof(guest_words) / sizeof(guest_words[0]))

/**
 * guest_value() - the data of one word
 * @seed: of the pass, so a pass does not accept the data of an earlier one
 * @page: page number in the buffer
 * @word: word in the page
 *
 * Different for every word of every page (the finaliser of MurmurHash3 is a
 * bijection), so a page that is mapped in place of another is noticed.
 *
 * Return: the value.
 */
static inline uint64_t guest_value(uint64_t seed, uint64_t page, uint32_t word)
{
	uint64_t x = seed ^ (page * (GUEST_PAGE_SIZE / sizeof(uint64_t)) + word);

	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	x ^= x >> 33;
	return x;
}

/* Write the checked words of page @page of a buffer; that page is at @at. */
static inline void guest_fill_page(void *at, uint64_t seed, uint64_t page)
{
	volatile uint64_t *words = at;
	uint32_t i;

	for (i = 0; i < GUEST_WORDS; i++)
		words[guest_words[i]] = guest_value(seed, page, guest_words[i]);
}

/* Return: how many of those words hold something else. */
static inline uint32_t guest_page_differences(const void *at, uint64_t seed, uint64_t page)
{
	const volatile uint64_t *words = at;
	uint32_t i, wrong = 0;

	for (i = 0; i < GUEST_WORDS; i++)
		wrong += words[guest_words[i]] != guest_value(seed, page, guest_words[i]);
	return wrong;
}

/* The same for the first pages of the buffer at @at. */
static inline void guest_fill(void *at, uint64_t pages, uint64_t seed)
{
	uint64_t page;

	for (page = 0; page < pages; page++)
		guest_fill_page((char *)at + page * GUEST_PAGE_SIZE, seed, page);
}

static inline uint64_t guest_differences(const void *at, uint64_t pages, uint64_t seed)
{
	uint64_t page, wrong = 0;

	for (page = 0; page < pages; page++)
		wrong += guest_page_differences((const char *)at + page * GUEST_PAGE_SIZE,
						seed, page);
	return wrong;
}

#endif /* MOCKGPU_GUEST_PROTOCOL_H */
