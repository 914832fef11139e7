/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as a test sees it: fill it with values that differ in every word, check them,
 * and touch memory that may not be there.
 */
#ifndef MOCKGPU_TEST_PATTERN_H
#define MOCKGPU_TEST_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/**
 * pattern_value - what pattern_fill() writes into a word
 * @word: the word, counted from 0
 * @seed: makes one pattern differ from another
 *
 * Return: the value.
 */
uint64_t pattern_value(size_t word, uint64_t seed);

/**
 * pattern_fill - write a different value into every 8-byte word
 * @at: where, aligned to 8
 * @size: bytes, a multiple of 8
 * @seed: as for pattern_value()
 */
void pattern_fill(void *at, size_t size, uint64_t seed);

/**
 * pattern_differences - compare with what pattern_fill() wrote
 * @at: where, aligned to 8
 * @size: bytes, a multiple of 8
 * @seed: that it was written with
 *
 * Return: how many words hold something else.
 */
size_t pattern_differences(const void *at, size_t size, uint64_t seed);

/**
 * pattern_is_zero - tell whether memory holds only zeros
 * @at: where
 * @size: bytes, a multiple of 8
 *
 * Return: not 0 when it does.
 */
int pattern_is_zero(const void *at, size_t size);

/**
 * pattern_touch - touch a byte that may not be there
 * @at: the byte; a write does not change its value
 * @write: whether to write as well
 *
 * One thread at a time: it replaces the handlers of SIGSEGV and SIGBUS for the access.
 *
 * Return: 0, or the signal that the access raised.
 */
int pattern_touch(void *at, int write);

#endif /* MOCKGPU_TEST_PATTERN_H */
