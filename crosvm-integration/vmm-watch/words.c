// SPDX-License-Identifier: GPL-2.0-only
/* A log that another process writes, see watch.h. */

#include <fcntl.h>
#include <unistd.h>

#include "watch.h"

static void look_at_line(struct words *words)
{
	if (words->wanted && !regexec(words->wanted, words->line, 0, NULL, 0))
		words->is_found = true;
}

static void add(struct words *words, char byte)
{
	if (byte == '\n') {
		look_at_line(words);
		words->is_over = words->length > 0;
		return;
	}
	if (words->is_over) {
		words->is_over = false;
		words->length = 0;
	}
	if (byte < ' ' || words->length == WORDS_MAX)
		return;
	words->line[words->length++] = byte;
	words->line[words->length] = '\0';
}

bool words_read(struct words *words)
{
	char bytes[4096];
	bool more = false;
	ssize_t got, i;

	if (words->fd < 0)
		words->fd = open(words->path, O_RDONLY | O_CLOEXEC);
	if (words->fd < 0)
		return false;
	while ((got = read(words->fd, bytes, sizeof(bytes))) > 0) {
		for (i = 0; i < got; i++)
			add(words, bytes[i]);
		more = true;
	}
	return more;
}
