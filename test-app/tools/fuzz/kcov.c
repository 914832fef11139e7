// SPDX-License-Identifier: GPL-2.0-only
/*
 * The code of the kernel that a call reaches, on a kernel with CONFIG_KCOV; see
 * Documentation/dev-tools/kcov.rst.
 */

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "fuzz.h"

#define FUZZ_KCOV_FILE "/sys/kernel/debug/kcov"
#define FUZZ_KCOV_WORDS 65536
#define FUZZ_KCOV_SEEN (1u << 20)

/* The first word counts the addresses that follow. */
static uint64_t *fuzz_kcov_words;
static unsigned char fuzz_kcov_seen[FUZZ_KCOV_SEEN / 8];

/* Start tracing this thread. Return: false without KCOV. */
bool fuzz_kcov_open(void)
{
	int fd = open(FUZZ_KCOV_FILE, O_RDWR | O_CLOEXEC);
	void *words;

	if (fd < 0)
		return false;
	if (ioctl(fd, KCOV_INIT_TRACE, FUZZ_KCOV_WORDS))
		goto err_close;
	words = mmap(NULL, FUZZ_KCOV_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, 0);
	if (words == MAP_FAILED)
		goto err_close;
	if (ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		munmap(words, FUZZ_KCOV_WORDS * sizeof(uint64_t));
		goto err_close;
	}
	/* The file stays open until the process ends: closing it ends the trace. */
	fuzz_kcov_words = words;
	return true;

err_close:
	close(fd);
	return false;
}

void fuzz_kcov_begin(void)
{
	if (fuzz_kcov_words)
		__atomic_store_n(&fuzz_kcov_words[0], 0, __ATOMIC_RELAXED);
}

/* Count the edges between places in the code that were taken for the first time. */
unsigned int fuzz_kcov_end(void)
{
	uint64_t count, i, last = 0;
	unsigned int fresh = 0;

	if (!fuzz_kcov_words)
		return 0;
	count = __atomic_load_n(&fuzz_kcov_words[0], __ATOMIC_RELAXED);
	for (i = 1; i <= count && i < FUZZ_KCOV_WORDS; i++) {
		uint64_t edge = prng_mix(fuzz_kcov_words[i] ^ (last << 1)) % FUZZ_KCOV_SEEN;

		last = fuzz_kcov_words[i];
		if (fuzz_kcov_seen[edge / 8] & 1u << edge % 8)
			continue;
		fuzz_kcov_seen[edge / 8] |= 1u << edge % 8;
		fresh++;
	}
	return fresh;
}
