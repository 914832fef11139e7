// SPDX-License-Identifier: GPL-2.0-only
/* What the compiler may call though there is no libc (gcc's manual, "Standards"). */

#include <stddef.h>

void *memset(void *to, int value, size_t size);

void *memset(void *to, int value, size_t size)
{
	/* Volatile, or the loop would become a call of memset(). */
	volatile unsigned char *at = to;

	while (size--)
		*at++ = value;
	return to;
}
