/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of vmm-watch: logs, KVM's counters, the speed of the machine, descendants. */
#ifndef MOCKGPU_WATCH_H
#define MOCKGPU_WATCH_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define WORDS_MAX 200

/**
 * struct words - a log that another process writes
 * @path: its file, which may not exist yet
 * @fd: its descriptor; -1 if it does not exist yet
 * @line: the last line that is not empty, possibly incomplete, cut to WORDS_MAX bytes
 * @length: bytes in @line
 * @is_over: @line is complete: the next byte starts another one
 * @wanted: what to look for in complete lines, or NULL
 * @is_found: a line had it
 */
struct words {
	const char *path;
	int fd;
	char line[WORDS_MAX + 1];
	size_t length;
	bool is_over;
	const regex_t *wanted;
	bool is_found;
};

/**
 * words_read() - read what is new since the last call
 * @words: the log
 *
 * Return: whether there was more.
 */
bool words_read(struct words *words);

/* The most counters that KVM may have for a guest, and of those that are told. */
#define COUNTERS_MAX 96
#define COUNTERS_TOLD 12

/**
 * struct counter - one of KVM's
 * @name: its file in debugfs
 * @value: its sum over the VMM's guests
 */
struct counter {
	char name[40];
	uint64_t value;
};

/**
 * struct counters - KVM's counters of the guests of a VMM
 * @count: their number, 0 without debugfs
 * @all: the counters
 */
struct counters {
	unsigned int count;
	struct counter all[COUNTERS_MAX];
};

/** counters_read() - read those of the guests of @vmm */
void counters_read(struct counters *counters, pid_t vmm);

/** counters_print() - print those that have grown most, and by how much, on one line */
void counters_print(const struct counters *before, const struct counters *after, FILE *out);

/**
 * struct pace - the time that the machine takes for a fixed piece of work
 * @best: seconds of the fastest one, which had the CPU for itself
 * @sum: seconds of all since the window began
 * @count: their number
 */
struct pace {
	double best;
	double sum;
	unsigned int count;
};

/** pace_now() - seconds of CLOCK_MONOTONIC */
double pace_now(void);

/** pace_measure() - do the piece of work a few times and add the times to @pace */
void pace_measure(struct pace *pace);

/** pace_window() - begin a new window of @pace, which keeps @best */
void pace_window(struct pace *pace);

/**
 * pace_slowness() - tell how many times slower than at its best the machine was
 * @pace: the times since the window began
 *
 * Return: from 1 to PACE_SLOWEST.
 */
double pace_slowness(const struct pace *pace);
#define PACE_SLOWEST 20.0

/**
 * family_adopt() - become the parent of descendants whose parent ends
 *
 * Return: 0 or -errno.
 */
int family_adopt(void);

/**
 * family_end() - end all descendants
 * @patience: seconds that they have to end by themselves, and again after SIGTERM
 * @names: out: names of those that had to be ended, separated by blanks
 * @size: bytes of @names
 */
void family_end(double patience, char *names, size_t size);

#endif /* MOCKGPU_WATCH_H */
