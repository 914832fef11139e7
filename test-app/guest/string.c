// SPDX-License-Identifier: GPL-2.0-only
/* Functions the compiler may call even without a libc (gcc's manual, "Standards"). */

#include <stddef.h>

void *memset(void *to, int value, size_t size);

void *memset(void *to, int value, size_t size)
{
	/* Volatile, or the compiler turns the loop into a call of memset(). */
	volatile unsigned char *at = to;

	while (size--)
		*at++ = value;
	return to;
}
