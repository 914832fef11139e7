// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

/* As strtoull(), which takes blanks, signs and octal numbers, too. */
static int number_begin(const char *text, char **end, uint64_t *number)
{
	int base = strncmp(text, "0x", 2) ? 10 : 16;

	if (!(base == 10 ? isdigit(text[0]) : isxdigit(text[2])))
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, end, base);
	return -errno;
}

int number_parse(const char *text, uint64_t *number)
{
	char *end;

	return number_begin(text, &end, number) ?: *end ? -EINVAL : 0;
}

int size_parse(const char *text, uint64_t *size)
{
	static const char units[] = "KMGT";
	const char *unit;
	unsigned int shift = 0;
	char *end;
	int ret = number_begin(text, &end, size);

	if (ret)
		return ret;
	unit = *end ? strchr(units, *end) : NULL;
	if (*end && (!unit || end[1]))
		return -EINVAL;
	if (unit)
		shift = 10 * (unit - units + 1);
	if (*size > UINT64_MAX >> shift)
		return -ERANGE;
	*size <<= shift;
	return 0;
}
