/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pseudo-random numbers that a seed reproduces: SplitMix64 (Steele, Lea, Flood:
 * "Fast splittable pseudorandom number generators", OOPSLA 2014). Not locked: each
 * generator belongs to one thread.
 */
#ifndef MOCKGPU_TEST_PRNG_H
#define MOCKGPU_TEST_PRNG_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct prng - a generator
 * @state: any value will do as a seed
 */
struct prng {
	uint64_t state;
};

/* The output function alone: a good hash of 64 bits. */
static inline uint64_t prng_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static inline uint64_t prng_next(struct prng *prng)
{
	prng->state += 0x9e3779b97f4a7c15ull;
	return prng_mix(prng->state);
}

/* A number below @limit, which must not be 0. */
static inline uint64_t prng_below(struct prng *prng, uint64_t limit)
{
	return prng_next(prng) % limit;
}

static inline bool prng_chance(struct prng *prng, unsigned int percent)
{
	return prng_below(prng, 100) < percent;
}

/* The generator of one of several workers. */
static inline struct prng prng_of(uint64_t seed, unsigned int worker)
{
	return (struct prng) { prng_mix(seed) ^ prng_mix(worker + 1) };
}

#endif /* MOCKGPU_TEST_PRNG_H */
