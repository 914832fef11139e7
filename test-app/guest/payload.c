// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest works through the list at the address it was started with and rings the
 * doorbell once, at the end of the list. It has no interrupts, no exceptions and no
 * allocator. An access that KVM cannot serve ends KVM_RUN, and the host restarts the
 * guest at guest_resume().
 */

#include "arch.h"
#include "payload.h"

static void guest_note_wrong(volatile struct guest_work *work, uint32_t item,
			     uint32_t word, uint64_t value)
{
	if (!work->wrong_count++) {
		work->wrong_item = item;
		work->wrong_word = word;
		work->wrong_value = value;
	}
}

static uint64_t guest_call(volatile uint64_t *code)
{
	uint64_t (*function)(void) = (void *)code;

	guest_sync_code(code);
	return function();
}

static void guest_write_word(uint32_t op, volatile uint64_t *at, uint64_t value)
{
	if (op == GUEST_STORE)
		guest_store(at, value);
	else
		*at = value;
}

static enum guest_result guest_touch_page(volatile struct guest_work *work,
					  uint32_t item)
{
	enum guest_result result = GUEST_MAPPED;
	uint64_t page = work->page[item];
	volatile uint64_t *data = (void *)(work->gpa + page * GUEST_PAGE_SIZE);
	uint32_t i;

	for (i = 0; i < GUEST_WORDS; i++) {
		uint32_t word = guest_words[i];
		uint64_t right = guest_value(work->seed, page, word);
		uint64_t value;

		work->step = GUEST_STEP(item, i);
		if (work->op == GUEST_WRITE || work->op == GUEST_STORE) {
			guest_write_word(work->op, &data[word], right);
			continue;
		}
		if (work->op == GUEST_EXECUTE) {
			right = guest_code_returns(right);
			value = guest_call(&data[word]);
		} else {
			value = data[word];
		}
		if (value != right) {
			guest_note_wrong(work, item, word, value);
			result = GUEST_WRONG;
		}
	}
	return result;
}

static void guest_echo(volatile struct guest_work *work)
{
	uint32_t item;

	do {
		for (item = 0; item < work->count; item++) {
			volatile uint64_t *data = (void *)(work->gpa + work->page[item] *
							   (uint64_t)GUEST_PAGE_SIZE);

			work->step = GUEST_STEP(item, 0);
			data[GUEST_ECHO_OUT] = data[GUEST_ECHO_IN];
		}
		work->rounds++;
	} while (!work->stop);
}

static void guest_count_page(volatile struct guest_work *work, uint32_t item)
{
	volatile uint64_t *data = (void *)(work->gpa + work->page[item] *
					   (uint64_t)GUEST_PAGE_SIZE);
	uint32_t word = guest_lane_word(work->lane);
	uint64_t value;

	work->step = GUEST_STEP(item, 0);
	value = data[word];
	if (value != work->rounds)
		guest_note_wrong(work, item, word, value);
	data[word] = work->rounds + 1;
}

static void guest_count(volatile struct guest_work *work)
{
	uint32_t item;

	do {
		for (item = 0; item < work->count; item++)
			guest_count_page(work, item);
		work->rounds++;
	} while (!work->stop);
}

static _Noreturn void guest_run(volatile struct guest_work *work, uint32_t item)
{
	if (work->op == GUEST_ECHO)
		guest_echo(work);
	else if (work->op == GUEST_COUNT)
		guest_count(work);
	else
		for (; item < work->count; item++)
			work->result[item] = guest_touch_page(work, item);
	for (;;)
		guest_doorbell();
}

static _Noreturn void guest_start(volatile struct guest_work *work)
{
	guest_run(work, 0);
}

/* The host has already stored the result of the item that faulted. */
static _Noreturn void guest_resume(volatile struct guest_work *work)
{
	guest_run(work, GUEST_STEP_ITEM(work->step) + 1);
}

__attribute__((section(".header"), used))
static const struct {
	uint64_t magic;
	void (*start)(volatile struct guest_work *work);
	void (*resume)(volatile struct guest_work *work);
	void (*gpu)(struct guest_gpu *gpu);
} guest_header = { GUEST_MAGIC, guest_start, guest_resume, guest_gpu_start };
