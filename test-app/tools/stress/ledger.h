/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The expected contents of a buffer, shared by all processes that hold it. It stays
 * correct when a process is killed.
 *
 * Each page has a pattern that depends on the buffer's tag, so that a lost page or a
 * page of another buffer is noticed. One word of the page is a counter that every holder
 * may raise. A holder enters the raise here before and after it, in shared memory that is
 * sent along with the dma-buf. So the counter in the page must be at least the number of
 * finished raises (a write to a page that has been moved away would be lost), and at most
 * the number of begun ones.
 */
#ifndef MOCKGPU_STRESS_LEDGER_H
#define MOCKGPU_STRESS_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct ledger_page - one page
 * @filled: the page has its pattern
 * @begun: raises of the counter that have begun
 * @done: raises that have finished
 */
struct ledger_page {
	_Atomic uint32_t filled;
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
};

/**
 * struct ledger - one buffer
 * @tag: its pattern depends on it
 * @npages: number of its pages
 * @revoking: a revocation has begun
 * @revoked: a revocation has finished
 * @may_fail: a fault mode was set in which accesses get SIGBUS
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
 * struct ledger_ref - a holder's reference to a ledger
 * @fd: memory of the ledger, to be sent to others; -1 for none
 * @ledger: the ledger
 */
struct ledger_ref {
	int fd;
	struct ledger *ledger;
};

/**
 * ledger_new() - create the ledger of a new buffer
 * @ref: out
 * @tag: unlike that of any other buffer
 * @npages: pages of the buffer
 *
 * Return: 0 or -errno.
 */
int ledger_new(struct ledger_ref *ref, uint64_t tag, uint64_t npages);

/**
 * ledger_open() - map a ledger that was received
 * @ref: out
 * @fd: its memory; owned by @ref on success
 *
 * Return: 0 or -errno.
 */
int ledger_open(struct ledger_ref *ref, int fd);

/** ledger_close() - drop a reference to a ledger */
void ledger_close(struct ledger_ref *ref);

/**
 * enum ledger_verdict - the result of checking a page
 *
 * @LEDGER_GOOD: the page is correct
 * @LEDGER_SIGNAL: the access got SIGBUS without a reason
 * @LEDGER_REVOKED: the access succeeded although the buffer is revoked
 * @LEDGER_PATTERN: the page does not have the pattern
 * @LEDGER_LOST: raises of the counter are lost
 * @LEDGER_EXTRA: the counter is higher than all raises together
 */
enum ledger_verdict {
	LEDGER_GOOD,
	LEDGER_SIGNAL,
	LEDGER_REVOKED,
	LEDGER_PATTERN,
	LEDGER_LOST,
	LEDGER_EXTRA,
};

/** ledger_verdict_text() - get the description of a verdict */
const char *ledger_verdict_text(enum ledger_verdict verdict);

/**
 * ledger_fill() - write the pattern of a page; any holder may do so at any time
 * @ledger: the ledger
 * @at: the page, mapped for writing
 * @page: its number
 *
 * Return: LEDGER_GOOD, LEDGER_SIGNAL or LEDGER_REVOKED.
 */
enum ledger_verdict ledger_fill(struct ledger *ledger, void *at, uint64_t page);

/**
 * ledger_raise() - raise the counter of a page
 * @ledger: the ledger
 * @at: the page, mapped for writing
 * @page: its number
 *
 * Uses an atomic operation of the CPU, whatever the memory type of the buffer. x86
 * supports that for all types; arm64 leaves it to the implementation for types that are
 * not cached.
 *
 * Return: as ledger_fill().
 */
enum ledger_verdict ledger_raise(struct ledger *ledger, void *at, uint64_t page);

/**
 * ledger_check() - check the contents of a page
 * @ledger: the ledger
 * @at: the page, mapped for reading
 * @page: its number
 *
 * Return: the verdict.
 */
enum ledger_verdict ledger_check(struct ledger *ledger, const void *at, uint64_t page);

/**
 * ledger_copy_begin() - remember the lowest counter that a copy of a page may have
 * @ledger: the ledger
 * @page: its number
 * @copy: out: for ledger_copy_check()
 */
void ledger_copy_begin(struct ledger *ledger, uint64_t page, struct ledger_page *copy);

/**
 * ledger_copy_check() - check the contents of an accessible copy of a page
 * @ledger: the ledger
 * @at: the copy, made after ledger_copy_begin()
 * @page: its number
 * @copy: from ledger_copy_begin()
 *
 * Return: the verdict.
 */
enum ledger_verdict ledger_copy_check(struct ledger *ledger, const void *at, uint64_t page,
				      const struct ledger_page *copy);

/**
 * ledger_is_empty() - tell whether memory is all 0
 * @at: the memory, mapped for reading
 * @size: bytes
 *
 * Return: true if it is, or if it is not accessible.
 */
bool ledger_is_empty(const void *at, size_t size);

#endif /* MOCKGPU_STRESS_LEDGER_H */
