/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of vmm-watch: what was said, how fast the machine is, who is still there. */
#ifndef MOCKGPU_WATCH_H
#define MOCKGPU_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WORDS_MAX 200

/**
 * struct words - a log that somebody else writes
 * @path: its file, which may not be there yet
 * @fd: open on it; -1: not there yet
 * @line: the last line that is not empty, cut to WORDS_MAX, as far as it is written
 * @length: bytes in @line
 * @is_over: @line is complete: the next byte begins another
 * @wanted: text to look for in a line, or NULL
 * @is_found: it was there
 */
struct words {
	const char *path;
	int fd;
	char line[WORDS_MAX + 1];
	size_t length;
	bool is_over;
	const char *wanted;
	bool is_found;
};

/**
 * words_read() - read on where the last call stopped
 * @words: the log
 *
 * Return: whether there was more.
 */
bool words_read(struct words *words);

/**
 * struct pace - how fast the machine does a fixed piece of work
 * @best: seconds that the fastest one took, which is what it takes when nobody else
 *        has the CPU
 * @sum: seconds of those since the window began
 * @count: how many these are
 */
struct pace {
	double best;
	double sum;
	unsigned int count;
};

/** pace_now() - seconds of CLOCK_MONOTONIC */
double pace_now(void);

/** pace_measure() - do the piece of work a few times; @pace gets what they took */
void pace_measure(struct pace *pace);

/** pace_window() - a new window of @pace begins; @best stays */
void pace_window(struct pace *pace);

/**
 * pace_slowness() - how many times as slow as at its best the machine was
 * @pace: since the window began
 *
 * Return: from 1 to PACE_SLOWEST.
 */
double pace_slowness(const struct pace *pace);
#define PACE_SLOWEST 20.0

/**
 * family_adopt() - become the parent of whoever loses its own among the descendants
 *
 * Return: 0 or -errno.
 */
int family_adopt(void);

/**
 * family_end() - end all children, and those of theirs that are left alone by it
 * @patience: seconds that they have to end by themselves, and again after SIGTERM
 * @names: out: names of those that had to be ended, with blanks between them
 * @size: bytes of @names
 */
void family_end(double patience, char *names, size_t size);

#endif /* MOCKGPU_WATCH_H */
