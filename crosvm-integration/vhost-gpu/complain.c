// SPDX-License-Identifier: GPL-2.0-only
/* Messages about a front-end. */

#include <stdarg.h>
#include <stdio.h>

#include "vhost_gpu.h"

void vhost_complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("vhost-gpu: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}
