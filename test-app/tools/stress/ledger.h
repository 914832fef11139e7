/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every holder of a buffer knows about its contents, whichever process it is
 * and whoever was killed meanwhile.
 *
 * Each page has a pattern that follows from the buffer's tag, so that a page that
 * was exchanged for another, or lost, is noticed. One word of it is a counter that
 * every holder may raise: before and after, the raise is entered here, in shared
 * memory that goes from hand to hand with the dma-buf. So the counter in the page
 * is never below the finished raises, which a write to a page that was moved away
 * would make it, and never above the begun ones.
 */
#ifndef MOCKGPU_STRESS_LEDGER_H
#define MOCKGPU_STRESS_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct ledger_page - one page
 * @filled: the pattern was written
 * @begun: raises of the counter that were begun
 * @done: those that were finished
 */
struct ledger_page {
	_Atomic uint32_t filled;
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
};

/**
 * struct ledger - one buffer
 * @tag: makes its pattern
 * @npages: its pages
 * @revoking: somebody is about to revoke it, or has
 * @revoked: it was revoked
 * @may_fail: somebody chose a fault mode in which touches get SIGBUS
 * @page: its pages
 */
struct ledger {
	uint64_t tag;
	uint64_t npages;
	_Atomic uint32_t revoking;
	_Atomic uint32_t revoked;
	_Atomic uint32_t may_fail;
	struct ledger_page page[];
};

/**
 * struct ledger_ref - a holder's end of a ledger
 * @fd: memory of the ledger, to be given to others; -1 for none
 * @ledger: the ledger
 */
struct ledger_ref {
	int fd;
	struct ledger *ledger;
};

/**
 * ledger_new() - make the ledger of a new buffer
 * @ref: out
 * @tag: unlike that of any other buffer
 * @npages: pages of the buffer
 *
 * Return: 0 or -errno.
 */
int ledger_new(struct ledger_ref *ref, uint64_t tag, uint64_t npages);

/**
 * ledger_open() - take a ledger that somebody sent
 * @ref: out
 * @fd: its memory; owned by @ref on success
 *
 * Return: 0 or -errno.
 */
int ledger_open(struct ledger_ref *ref, int fd);

/** ledger_close() - give a ledger back */
void ledger_close(struct ledger_ref *ref);

/**
 * enum ledger_verdict - what a look at a page gave
 *
 * @LEDGER_GOOD: all is right
 * @LEDGER_SIGNAL: the touch got SIGBUS, without a reason
 * @LEDGER_REVOKED: it could be touched although the buffer is revoked
 * @LEDGER_PATTERN: there is other data than the pattern
 * @LEDGER_LOST: raises of the counter are lost
 * @LEDGER_EXTRA: the counter is above what anybody raised it to
 */
enum ledger_verdict {
	LEDGER_GOOD,
	LEDGER_SIGNAL,
	LEDGER_REVOKED,
	LEDGER_PATTERN,
	LEDGER_LOST,
	LEDGER_EXTRA,
};

/** ledger_verdict_text() - a verdict for people */
const char *ledger_verdict_text(enum ledger_verdict verdict);

/**
 * ledger_fill() - write the pattern of a page; any holder may, at any time
 * @ledger: the ledger
 * @at: the page, mapped for writing
 * @page: which
 *
 * Return: LEDGER_GOOD, LEDGER_SIGNAL or LEDGER_REVOKED.
 */
enum ledger_verdict ledger_fill(struct ledger *ledger, void *at, uint64_t page);

/**
 * ledger_raise() - raise the counter of a page
 * @ledger: the ledger
 * @at: the page, mapped for writing
 * @page: which
 *
 * An atomic operation of the CPU, on memory of any type that a buffer may have.
 * x86 does that for all of them; arm64 leaves it to the implementation for what
 * is not cached.
 *
 * Return: as ledger_fill().
 */
enum ledger_verdict ledger_raise(struct ledger *ledger, void *at, uint64_t page);

/**
 * ledger_check() - look whether a page holds what it should
 * @ledger: the ledger
 * @at: the page, mapped for reading
 * @page: which
 *
 * Return: the verdict.
 */
enum ledger_verdict ledger_check(struct ledger *ledger, const void *at, uint64_t page);

/**
 * ledger_copy_begin() - remember what a copy of a page may hold at least
 * @ledger: the ledger
 * @page: which
 * @copy: out: for ledger_copy_check()
 */
void ledger_copy_begin(struct ledger *ledger, uint64_t page, struct ledger_page *copy);

/**
 * ledger_copy_check() - as ledger_check(), for a copy of a page in a place where
 * it can be touched
 * @ledger: the ledger
 * @at: the copy, made after ledger_copy_begin()
 * @page: which
 * @copy: from ledger_copy_begin()
 *
 * Return: the verdict.
 */
enum ledger_verdict ledger_copy_check(struct ledger *ledger, const void *at, uint64_t page,
				      const struct ledger_page *copy);

/**
 * ledger_is_empty() - whether memory that nobody has written is all 0
 * @at: the memory, mapped for reading
 * @size: bytes
 *
 * Return: true when it is, or when it cannot be touched.
 */
bool ledger_is_empty(const void *at, size_t size);

#endif /* MOCKGPU_STRESS_LEDGER_H */
