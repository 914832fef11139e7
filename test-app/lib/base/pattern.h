/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory as a test sees it: write something that is different in every word, find
 * it again, and touch what may not be there.
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
 * pattern_fill - write a value of its own into every 8-byte word
 * @at: where, aligned to 8
 * @size: bytes, a multiple of 8
 * @seed: as for pattern_value()
 */
void pattern_fill(void *at, size_t size, uint64_t seed);

/**
 * pattern_differences - look for what pattern_fill() wrote
 * @at: where, aligned to 8
 * @size: bytes, a multiple of 8
 * @seed: as it was written with
 *
 * Return: how many words hold something else.
 */
size_t pattern_differences(const void *at, size_t size, uint64_t seed);

/**
 * pattern_is_zero - look whether all is zero
 * @at: where
 * @size: bytes, a multiple of 8
 *
 * Return: not 0 when it is.
 */
int pattern_is_zero(const void *at, size_t size);

/**
 * pattern_touch - touch a byte that may not be there
 * @at: the byte; a write leaves it as it is
 * @write: whether to write, too
 *
 * One thread at a time: the handlers of SIGSEGV and SIGBUS are changed meanwhile.
 *
 * Return: 0, or the signal that the access ended in.
 */
int pattern_touch(void *at, int write);

#endif /* MOCKGPU_TEST_PATTERN_H */
