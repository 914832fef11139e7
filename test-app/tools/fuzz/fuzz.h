/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer that knows the structures of the driver's interface: which member is a
 * handle, a size or a set of flags, and which values the driver must refuse.
 *
 * table.c has a table of the ioctls, actions.c one of everything else that a program can
 * do with the driver. value.c generates values for members. Each worker has its own
 * generator of random numbers, seeded with the seed and the worker's number. The same
 * seed gives the same numbers, but not always the same steps: those also depend on the
 * results of earlier calls, those of other workers included (one client is shared), and
 * on KCOV's corpus.
 */
#ifndef MOCKGPU_FUZZ_H
#define MOCKGPU_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "mockgpu.h"
#include "prng.h"
#include "workers.h"

#define FUZZ_CLIENTS 3
#define FUZZ_BUFFERS 24
#define FUZZ_FDS 12
#define FUZZ_MAPS 24
/* As most buffers have. */
#define FUZZ_MEMORY_PAGES 32
/* Largest argument of an ioctl: _IOC_SIZEMASK. */
#define FUZZ_ARGS_MAX 16384
/* Largest structure of the table. */
#define FUZZ_ARGS_KNOWN 128
#define FUZZ_CORPUS 32
/* Most errors that one call may return. */
#define FUZZ_ERRORS 16

/**
 * enum fuzz_type - what a member of an argument is
 *
 * @FUZZ_HANDLE: a GEM handle; 0 and ~0 are always wrong
 * @FUZZ_OTHER: a GEM handle where it has a meaning, else 0
 * @FUZZ_SIZE: bytes, a multiple of the page size, not 0
 * @FUZZ_ENUM: a number below arg
 * @FUZZ_FLAGS: bits, those in arg are allowed
 * @FUZZ_ZERO: must be 0
 * @FUZZ_NUMBER: a small number, for instance of pages
 * @FUZZ_FEW: a smaller number, mostly 0
 * @FUZZ_POINTER: address of an array of pages that the driver writes
 * @FUZZ_FD: a dma-buf
 * @FUZZ_BYTES: an offset or a length in bytes
 * @FUZZ_OUT: not read by the driver
 */
enum fuzz_type {
	FUZZ_HANDLE,
	FUZZ_OTHER,
	FUZZ_SIZE,
	FUZZ_ENUM,
	FUZZ_FLAGS,
	FUZZ_ZERO,
	FUZZ_NUMBER,
	FUZZ_FEW,
	FUZZ_POINTER,
	FUZZ_FD,
	FUZZ_BYTES,
	FUZZ_OUT,
};

/**
 * struct fuzz_field - one member of an argument
 * @offset: its offset in bytes
 * @size: its size in bytes: 4 or 8, or a multiple of 4 for an array
 * @type: its type
 * @arg: see enum fuzz_type
 */
struct fuzz_field {
	uint16_t offset;
	uint16_t size;
	enum fuzz_type type;
	uint64_t arg;
};

struct fuzz_worker;

/**
 * struct fuzz_call - one ioctl
 * @name: its name without prefixes
 * @weight: how often it is called, relative to others
 * @request: its number
 * @fields: all of its members, in order; the last one has size 0
 * @errors: the errors that the interface documents, ended by 0
 * @privileged: it needs CAP_SYS_ADMIN
 * @restricted: it needs CAP_SYS_ADMIN for some flag, or if another DRM file created the buffer
 * @tame: remove values that are valid but harmful, and fill what the argument points to; may be
 *	NULL
 * @done: remember the result of a call that succeeded; may be NULL
 */
struct fuzz_call {
	const char *name;
	unsigned int weight;
	unsigned long request;
	const struct fuzz_field *fields;
	int errors[FUZZ_ERRORS];
	bool privileged;
	bool restricted;
	void (*tame)(struct fuzz_worker *worker, int fd, void *args);
	void (*done)(struct fuzz_worker *worker, int fd, const void *args);
};

extern const struct fuzz_call fuzz_calls[];

/** FUZZ_CALLS - entries of fuzz_calls */
#define FUZZ_CALLS 23

/**
 * struct fuzz_buffer - a handle that should be valid
 * @fd: its DRM file
 * @handle: the handle; 0 for none
 * @size: lower limit of its size in bytes
 * @offset: its offset for mmap(); 0 if not queried yet
 */
struct fuzz_buffer {
	int fd;
	uint32_t handle;
	uint64_t size;
	uint64_t offset;
};

/**
 * struct fuzz_map - a mapping that should exist
 * @at: its address; NULL for none
 * @size: its size in bytes
 */
struct fuzz_map {
	char *at;
	size_t size;
};

/**
 * struct fuzz_saved - arguments that reached new code
 * @count: their number
 * @args: the arguments
 */
struct fuzz_saved {
	unsigned int count;
	unsigned char args[FUZZ_CORPUS][FUZZ_ARGS_KNOWN];
};

/**
 * struct fuzz_counts - statistics, shared by all workers
 * @steps: steps so far
 * @edges: edges of the kernel's code that KCOV reported for the first time
 * @passed: calls that succeeded, indexed like fuzz_calls
 * @failed: calls that failed, indexed like fuzz_calls
 */
struct fuzz_counts {
	_Atomic uint64_t steps;
	_Atomic uint64_t edges;
	_Atomic uint64_t passed[FUZZ_CALLS];
	_Atomic uint64_t failed[FUZZ_CALLS];
};

/**
 * struct fuzz_setup - parameters of all workers
 * @seed: seed of all random numbers
 * @steps: steps of each worker
 * @pages: usual limit for the pages of a buffer
 * @deadline: they also end at this second of CLOCK_MONOTONIC; 0 for no limit
 * @shared_fd: a DRM file that all of them use
 * @post: a pair of sockets, through which workers exchange dma-bufs
 * @counts: statistics
 */
struct fuzz_setup {
	uint64_t seed;
	uint64_t steps;
	uint64_t pages;
	uint64_t deadline;
	int shared_fd;
	int post[2];
	struct fuzz_counts *counts;
};

/**
 * struct fuzz_worker - one process that fuzzes
 * @workers: all workers
 * @number: number of this one
 * @setup: parameters of all workers
 * @privileged: it has CAP_SYS_ADMIN
 * @failing: it has asked the driver to make one of its steps fail
 * @page: page size in bytes
 * @step: number of this step
 * @prng: its generator of random numbers
 * @client: DRM files; the first is the shared one
 * @buffer: handles
 * @fd: dma-bufs, -1 for none
 * @map: mappings
 * @arena: FUZZ_ARGS_MAX bytes for arguments, then a page without access
 * @read_only: a page that cannot be written
 * @memory: FUZZ_MEMORY_PAGES for buffers of user memory, then a page without access: the GPU
 *	writes there
 * @saved: arguments that reached new code, indexed like fuzz_calls
 */
struct fuzz_worker {
	struct workers *workers;
	unsigned int number;
	const struct fuzz_setup *setup;
	bool privileged;
	bool failing;
	size_t page;
	uint64_t step;
	struct prng prng;
	int client[FUZZ_CLIENTS];
	struct fuzz_buffer buffer[FUZZ_BUFFERS];
	int fd[FUZZ_FDS];
	struct fuzz_map map[FUZZ_MAPS];
	unsigned char *arena;
	unsigned char *read_only;
	unsigned char *memory;
	struct fuzz_saved saved[FUZZ_CALLS];
};

/* actions.c */
void fuzz_step(struct fuzz_worker *worker);

/* call.c */
void fuzz_ioctl(struct fuzz_worker *worker);

/* kcov.c */
bool fuzz_kcov_open(void);
void fuzz_kcov_begin(void);
unsigned int fuzz_kcov_end(void);

/* pool.c */
struct fuzz_buffer *fuzz_buffer_any(struct fuzz_worker *worker, int fd);
void fuzz_buffer_add(struct fuzz_worker *worker, int fd, uint32_t handle, uint64_t size);
struct fuzz_buffer *fuzz_buffer_find(struct fuzz_worker *worker, int fd, uint32_t handle);
int fuzz_fd_any(struct fuzz_worker *worker);
void fuzz_fd_add(struct fuzz_worker *worker, int fd);
struct fuzz_map *fuzz_map_any(struct fuzz_worker *worker);
void fuzz_map_add(struct fuzz_worker *worker, void *at, size_t size);
int fuzz_client_any(struct fuzz_worker *worker);

/* worker.c */
int fuzz_work(struct workers *workers, unsigned int member, void *setup);

/* table.c */
bool fuzz_table_is_whole(int fd);

/* value.c */
void fuzz_field_fill(struct fuzz_worker *worker, int fd,
		     const struct fuzz_field *field, unsigned char *args);
bool fuzz_field_is_wrong(const struct fuzz_field *field, const unsigned char *args);

#endif /* MOCKGPU_FUZZ_H */
