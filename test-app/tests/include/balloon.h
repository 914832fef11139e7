/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that gives memory up and takes its pages for itself, over and over. */
#ifndef MOCKGPU_TEST_BALLOON_H
#define MOCKGPU_TEST_BALLOON_H

#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/**
 * struct balloon - what the thread does
 * @stop: it ends
 * @memory: what it discards
 * @size: bytes of it
 * @rounds: how often it did
 * @touched: bytes of its own that somebody has changed, before or after it wrote there
 */
struct balloon {
	_Atomic int stop;
	char *memory;
	size_t size;
	unsigned long rounds;
	unsigned long touched;
};

static inline unsigned long balloon_touched(const char *own, size_t size, char right)
{
	unsigned long touched = 0;
	size_t i;

	for (i = 0; i < size; i += 8)
		touched += own[i] != right;
	return touched;
}

/*
 * For pthread_create(). Pages that were freed last are allocated first, on the CPU that freed
 * them.
 */
static inline void *balloon_run(void *arg)
{
	struct balloon *balloon = arg;
	const size_t size = balloon->size;
	char *own;

	while (!balloon->stop) {
		madvise(balloon->memory, size, MADV_DONTNEED);
		own = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (own == MAP_FAILED)
			break;
		balloon->touched += balloon_touched(own, size, 0);
		memset(own, 0x11, size);
		if (balloon->rounds++ % 4)
			sched_yield();
		balloon->touched += balloon_touched(own, size, 0x11);
		munmap(own, size);
	}
	return NULL;
}

#endif /* MOCKGPU_TEST_BALLOON_H */
