// SPDX-License-Identifier: GPL-2.0-only
/* Generates values for members: mostly valid ones, else limits, else anything. */

#include <string.h>
#include <unistd.h>

#include "fuzz.h"

/* Percentage of values that are meant to be valid. */
#define FUZZ_RIGHT 88
/* A few buffers may be this many times as large as usual. */
#define FUZZ_LARGE 16

static uint64_t fuzz_edge(struct prng *prng)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000,
		0xfffffffffffff000, 0xffffffffffffffff,
	};

	return edges[prng_below(prng, ARRAY_SIZE(edges))];
}

static uint64_t fuzz_wild(struct prng *prng)
{
	if (prng_chance(prng, 60))
		return fuzz_edge(prng);
	return prng_next(prng) >> prng_below(prng, 64);
}

static uint64_t fuzz_handle(struct fuzz_worker *worker, int fd)
{
	struct fuzz_buffer *buffer = fuzz_buffer_any(worker, fd);

	if (prng_chance(&worker->prng, 5))
		return fuzz_wild(&worker->prng);
	/* Other workers use the shared client, too: guess their handles. */
	if (!buffer || prng_chance(&worker->prng, 7))
		return prng_below(&worker->prng, FUZZ_BUFFERS);
	return buffer->handle;
}

static uint64_t fuzz_size(struct fuzz_worker *worker)
{
	struct prng *prng = &worker->prng;
	uint64_t pages = worker->setup->pages;

	if (prng_chance(prng, 4))
		return (1 + prng_below(prng, FUZZ_LARGE * pages)) * worker->page;
	if (prng_chance(prng, FUZZ_RIGHT))
		return (1 + prng_below(prng, pages)) * worker->page;
	if (prng_chance(prng, 50))
		return worker->page + prng_below(prng, 3) - 1;
	/* A very large size must exceed the memory of any machine. */
	return fuzz_wild(prng) | 1ull << (48 + prng_below(prng, 16));
}

static uint64_t fuzz_bytes(struct fuzz_worker *worker)
{
	struct prng *prng = &worker->prng;

	if (!prng_chance(prng, FUZZ_RIGHT))
		return fuzz_wild(prng);
	if (prng_chance(prng, 60))
		return prng_below(prng, worker->page);
	return prng_below(prng, worker->setup->pages) * worker->page;
}

static uint64_t fuzz_pointer(struct fuzz_worker *worker)
{
	struct prng *prng = &worker->prng;
	struct fuzz_map *map = fuzz_map_any(worker);

	if (prng_chance(prng, 80))
		return (uintptr_t)worker->arena + prng_below(prng, worker->page);
	/* A mapping of a buffer: the driver's fault handler runs within copy_to_user(). */
	if (map && prng_chance(prng, 50))
		return (uintptr_t)map->at;
	if (prng_chance(prng, 50))
		return (uintptr_t)worker->read_only;
	return fuzz_wild(prng);
}

static uint64_t fuzz_fd(struct fuzz_worker *worker)
{
	if (prng_chance(&worker->prng, FUZZ_RIGHT))
		return fuzz_fd_any(worker);
	if (prng_chance(&worker->prng, 50))
		return prng_below(&worker->prng, 32);
	return fuzz_wild(&worker->prng);
}

/* Return @right with a probability of @most percent, else anything. */
static uint64_t fuzz_rarely_wild(struct prng *prng, unsigned int most, uint64_t right)
{
	return prng_chance(prng, most) ? right : fuzz_wild(prng);
}

static uint64_t fuzz_value(struct fuzz_worker *worker, int fd, const struct fuzz_field *field)
{
	struct prng *prng = &worker->prng;

	switch (field->type) {
	case FUZZ_HANDLE:
		return fuzz_handle(worker, fd);
	case FUZZ_OTHER:
		return prng_chance(prng, 60) ? 0 : fuzz_handle(worker, fd);
	case FUZZ_SIZE:
		return fuzz_size(worker);
	case FUZZ_ENUM:
		return fuzz_rarely_wild(prng, 96, prng_below(prng, field->arg));
	case FUZZ_FLAGS:
		return fuzz_rarely_wild(prng, 96, prng_next(prng) & field->arg);
	case FUZZ_ZERO:
		return fuzz_rarely_wild(prng, 97, 0);
	case FUZZ_NUMBER:
		return fuzz_rarely_wild(prng, FUZZ_RIGHT, prng_below(prng, worker->setup->pages));
	case FUZZ_FEW:
		if (prng_chance(prng, 60))
			return 0;
		return fuzz_rarely_wild(prng, FUZZ_RIGHT, prng_below(prng, 8));
	case FUZZ_POINTER:
		return fuzz_pointer(worker);
	case FUZZ_FD:
		return fuzz_fd(worker);
	case FUZZ_BYTES:
		return fuzz_bytes(worker);
	case FUZZ_OUT:
		break;
	}
	return prng_next(prng);
}

/* Fill one member with a value, or each 4 bytes of an array with its own. */
void fuzz_field_fill(struct fuzz_worker *worker, int fd,
		     const struct fuzz_field *field, unsigned char *args)
{
	size_t step = field->size == 8 ? 8 : 4;
	size_t i;

	for (i = 0; i < field->size; i += step) {
		uint64_t value = fuzz_value(worker, fd, field);

		memcpy(args + field->offset + i, &value, step);
	}
}

static uint64_t fuzz_read(const unsigned char *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static bool fuzz_is_zero(const unsigned char *at, size_t size)
{
	while (size--)
		if (*at++)
			return false;
	return true;
}

/* Whether the driver must refuse this value, whatever the other members are. */
bool fuzz_field_is_wrong(const struct fuzz_field *field, const unsigned char *args)
{
	const unsigned char *at = args + field->offset;
	uint64_t value = fuzz_read(at, field->size < 8 ? field->size : 8);

	switch (field->type) {
	case FUZZ_HANDLE:
		return !value || value == UINT32_MAX;
	case FUZZ_SIZE:
		return !value || value % getpagesize();
	case FUZZ_ENUM:
		return value >= field->arg;
	case FUZZ_FLAGS:
		return value & ~field->arg;
	case FUZZ_ZERO:
		return !fuzz_is_zero(at, field->size);
	default:
		return false;
	}
}
