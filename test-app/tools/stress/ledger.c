// SPDX-License-Identifier: GPL-2.0-only
/* The expected contents of a buffer, see ledger.h. */

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault_guard.h"
#include "ledger.h"
#include "prng.h"

/* The word of a page that holds the counter. */
#define LEDGER_COUNTER 1
/* The first, the last and every n-th word of a page are compared. */
#define LEDGER_STRIDE 7

static int ledger_map(struct ledger_ref *ref, int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	*ref = (struct ledger_ref) { .fd = fd, .ledger = at };
	return 0;
}

static size_t ledger_size(uint64_t npages)
{
	return sizeof(struct ledger) + npages * sizeof(struct ledger_page);
}

int ledger_new(struct ledger_ref *ref, uint64_t tag, uint64_t npages)
{
	size_t size = ledger_size(npages);
	int fd = memfd_create("mockgpu-ledger", MFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = ftruncate(fd, size) ? -errno : ledger_map(ref, fd, size);
	if (ret) {
		close(fd);
		return ret;
	}
	ref->ledger->tag = tag;
	ref->ledger->npages = npages;
	return 0;
}

int ledger_open(struct ledger_ref *ref, int fd)
{
	struct stat st;

	return fstat(fd, &st) ? -errno : ledger_map(ref, fd, st.st_size);
}

void ledger_close(struct ledger_ref *ref)
{
	munmap(ref->ledger, ledger_size(ref->ledger->npages));
	close(ref->fd);
	*ref = (struct ledger_ref) { .fd = -1 };
}

const char *ledger_verdict_text(enum ledger_verdict verdict)
{
	static const char * const texts[] = {
		[LEDGER_GOOD] = "is good",
		[LEDGER_SIGNAL] = "gave SIGBUS without a reason",
		[LEDGER_REVOKED] = "could be accessed after the revocation",
		[LEDGER_PATTERN] = "does not hold the data that was written",
		[LEDGER_LOST] = "has lost writes",
		[LEDGER_EXTRA] = "has writes that nobody did",
	};

	return texts[verdict];
}

static uint64_t ledger_word(const struct ledger *ledger, uint64_t page, size_t word)
{
	/* Never 0, which is the value of an empty page. */
	return prng_mix(ledger->tag ^ (page << 16 | word)) | 1;
}

/**
 * struct ledger_access - one access to a page
 * @ledger: the ledger
 * @at: address of the page
 * @page: number of the page
 * @filled: the page must have the pattern
 * @counter: out: the counter
 * @good: out: the pattern was correct
 */
struct ledger_access {
	struct ledger *ledger;
	volatile uint64_t *at;
	uint64_t page;
	bool filled;
	uint64_t counter;
	bool good;
};

/*
 * Judge an access. A signal must have a reason that was entered before it came. The access must
 * not succeed if the buffer was @revoked before it began.
 */
static enum ledger_verdict ledger_touched(const struct ledger *ledger, bool revoked, int sig)
{
	if (!sig)
		return revoked ? LEDGER_REVOKED : LEDGER_GOOD;
	if (atomic_load(&ledger->revoking) || atomic_load(&ledger->may_fail))
		return LEDGER_GOOD;
	return LEDGER_SIGNAL;
}

static size_t ledger_words(void)
{
	return getpagesize() / sizeof(uint64_t);
}

static void ledger_do_fill(void *arg)
{
	struct ledger_access *access = arg;
	size_t i;

	for (i = 0; i < ledger_words(); i++)
		if (i != LEDGER_COUNTER)
			access->at[i] = ledger_word(access->ledger, access->page, i);
}

enum ledger_verdict ledger_fill(struct ledger *ledger, void *at, uint64_t page)
{
	struct ledger_access access = { .ledger = ledger, .at = at, .page = page };
	bool revoked = atomic_load(&ledger->revoked);
	int sig = fault_guard(ledger_do_fill, &access);

	if (!sig)
		atomic_store(&ledger->page[page].filled, 1);
	return ledger_touched(ledger, revoked, sig);
}

static void ledger_do_raise(void *arg)
{
	struct ledger_access *access = arg;

	__atomic_fetch_add(&access->at[LEDGER_COUNTER], 1, __ATOMIC_SEQ_CST);
}

enum ledger_verdict ledger_raise(struct ledger *ledger, void *at, uint64_t page)
{
	struct ledger_access access = { .ledger = ledger, .at = at, .page = page };
	bool revoked = atomic_load(&ledger->revoked);
	int sig;

	atomic_fetch_add(&ledger->page[page].begun, 1);
	sig = fault_guard(ledger_do_raise, &access);
	if (!sig)
		atomic_fetch_add(&ledger->page[page].done, 1);
	return ledger_touched(ledger, revoked, sig);
}

static bool ledger_word_is_good(const struct ledger_access *access, size_t word)
{
	uint64_t value = access->at[word];

	if (!value)
		return !access->filled;
	return value == ledger_word(access->ledger, access->page, word);
}

static void ledger_do_check(void *arg)
{
	struct ledger_access *access = arg;
	size_t last = ledger_words() - 1;
	size_t i;

	access->counter = access->at[LEDGER_COUNTER];
	access->good = ledger_word_is_good(access, 0) && ledger_word_is_good(access, last);
	for (i = LEDGER_COUNTER + 1; i < last && access->good; i += LEDGER_STRIDE)
		access->good = ledger_word_is_good(access, i);
}

void ledger_copy_begin(struct ledger *ledger, uint64_t page, struct ledger_page *copy)
{
	atomic_store(&copy->filled, atomic_load(&ledger->page[page].filled));
	atomic_store(&copy->done, atomic_load(&ledger->page[page].done));
}

static enum ledger_verdict ledger_judge(struct ledger *ledger, const struct ledger_access *access,
					const struct ledger_page *before)
{
	if (!access->good)
		return LEDGER_PATTERN;
	if (access->counter < before->done)
		return LEDGER_LOST;
	if (access->counter > atomic_load(&ledger->page[access->page].begun))
		return LEDGER_EXTRA;
	return LEDGER_GOOD;
}

enum ledger_verdict ledger_copy_check(struct ledger *ledger, const void *at, uint64_t page,
				      const struct ledger_page *copy)
{
	struct ledger_access access = {
		.ledger = ledger,
		.at = (volatile uint64_t *)at,
		.page = page,
		.filled = copy->filled,
	};

	if (fault_guard(ledger_do_check, &access))
		return LEDGER_SIGNAL;
	return ledger_judge(ledger, &access, copy);
}

enum ledger_verdict ledger_check(struct ledger *ledger, const void *at, uint64_t page)
{
	struct ledger_access access = {
		.ledger = ledger,
		.at = (volatile uint64_t *)at,
		.page = page,
	};
	bool revoked = atomic_load(&ledger->revoked);
	enum ledger_verdict verdict;
	struct ledger_page before;
	int sig;

	ledger_copy_begin(ledger, page, &before);
	access.filled = before.filled;
	sig = fault_guard(ledger_do_check, &access);
	verdict = ledger_touched(ledger, revoked, sig);
	return sig || verdict ? verdict : ledger_judge(ledger, &access, &before);
}

struct ledger_empty {
	const uint64_t *at;
	size_t words;
	bool empty;
};

static void ledger_do_empty(void *arg)
{
	struct ledger_empty *empty = arg;
	size_t i;

	for (i = 0; i < empty->words; i++)
		empty->empty &= !empty->at[i];
}

bool ledger_is_empty(const void *at, size_t size)
{
	struct ledger_empty empty = { .at = at, .words = size / sizeof(uint64_t), .empty = true };

	fault_guard(ledger_do_empty, &empty);
	return empty.empty;
}
