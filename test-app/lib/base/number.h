/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and sizes that people write. */
#ifndef MOCKGPU_NUMBER_H
#define MOCKGPU_NUMBER_H

#include <stdint.h>

/**
 * number_parse() - a whole number and nothing else
 * @text: decimal, or hexadecimal after 0x; a leading 0 does not make it octal
 * @number: gets it
 *
 * Return: 0, -EINVAL for what is no such number, -ERANGE for more than 64 bits.
 */
int number_parse(const char *text, uint64_t *number);

/**
 * size_parse() - a size in bytes
 * @text: a number, as for number_parse(), or one with K, M, G or T behind it: 2^10 to
 *	2^40 bytes
 * @size: gets the bytes
 *
 * Return: as number_parse().
 */
int size_parse(const char *text, uint64_t *size);

#endif /* MOCKGPU_NUMBER_H */
