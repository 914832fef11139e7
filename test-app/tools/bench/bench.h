/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The time that it takes to create a large buffer and to touch all of it, with mockgpu and
 * with other sources of shared memory, which source.c lists.
 */
#ifndef MOCKGPU_BENCH_H
#define MOCKGPU_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "json.h"
#include "mockgpu.h"

#define BENCH_ROUNDS_MAX 101
#define BENCH_SOURCES_MAX 8

/** enum bench_exit - exit status of all benchmarks; 2 is wrong usage */
enum bench_exit {
	BENCH_DONE = 0,
	BENCH_FAILED = 1,
	BENCH_CANNOT = 4,
};

/**
 * struct bench_buffer - a buffer from any source
 * @bo: the buffer object of mockgpu; without a handle for other sources
 * @fd: the file of other sources; -1 for mockgpu
 * @map: its mapping
 * @size: bytes
 */
struct bench_buffer {
	struct mockgpu_bo bo;
	int fd;
	void *map;
	size_t size;
};

/**
 * struct bench_source - a source of memory
 * @name: its name in both forms of the report
 * @what: its description, one line
 * @mockgpu: it is the module's; the others are what it is compared with
 * @make: create @buffer of @buffer->size bytes and map it, with its pages if the source
 *	allocates them at once; 0 or -errno
 */
struct bench_source {
	const char *name;
	const char *what;
	bool mockgpu;
	int (*make)(int drm, struct bench_buffer *buffer);
};

extern const struct bench_source bench_sources[];
extern const unsigned int bench_source_count;

/** enum bench_step - what is measured; TOTAL is CREATE plus TOUCH. */
enum bench_step {
	BENCH_CREATE,
	BENCH_TOUCH,
	BENCH_FREE,
	BENCH_TOTAL,
	BENCH_STEPS,
};

/**
 * struct bench_times - the times of one source
 * @error: 0, or the -errno of a buffer that could not be created: there are no times then
 * @ms: by step and round, in milliseconds
 */
struct bench_times {
	int error;
	double ms[BENCH_STEPS][BENCH_ROUNDS_MAX];
};

/**
 * struct bench - one run
 * @size: bytes of each buffer
 * @rounds: number of rounds; each one uses all sources
 * @times: by source
 */
struct bench {
	uint64_t size;
	unsigned int rounds;
	struct bench_times times[BENCH_SOURCES_MAX];
};

/**
 * struct bench_spread - a summary of many values
 * @median: half of them are lower
 * @min: the lowest
 * @max: the highest
 */
struct bench_spread {
	double median;
	double min;
	double max;
};

/* spread.c */
struct bench_spread bench_spread(const double *values, unsigned int count);
bool bench_ratio(const struct bench *bench, unsigned int source, unsigned int other,
		 struct bench_spread *ratio);

/* print.c */
void bench_print_text(const struct bench *bench);
void bench_print_json(const struct bench *bench);
void bench_json_spread(struct json *json, const char *name, const struct bench_spread *spread);

/* limits.c */
int bench_limits_raise(uint64_t size);
void bench_limits_restore(void);

/* interrupt.c */
void bench_catch_signals(void);
bool bench_is_interrupted(void);

/* guest.c */
struct vmm_vcpu;
int bench_open_for_guests(void);
int bench_guest_touch(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t pages);

#endif /* MOCKGPU_BENCH_H */
