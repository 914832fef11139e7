// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's monitor, see monitor.h. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "monitor.h"
#include "../patience.h"

#define LINE "/dev/ttyS1"
#define COMMAND 1024

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t done = write(fd, text, size);

		if (done < 0)
			return -errno;
		text += done;
		size -= done;
	}
	return 0;
}

/* Read a line, without its end. */
static int read_line(int fd, char *line)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t length = 0;
	char byte;

	for (;;) {
		if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
			return -ETIMEDOUT;
		if (read(fd, &byte, 1) != 1)
			return -EIO;
		if (byte == '\n')
			break;
		if (length < MONITOR_LINE - 1 && byte != '\r')
			line[length++] = byte;
	}
	line[length] = '\0';
	return 0;
}

/*
 * The answer to the command of that number; events and what was there before are passed over.
 * {"return": ..., "id": NUMBER} or {"id": NUMBER, "error": ...}
 */
static int read_answer(int fd, unsigned int number, char *answer)
{
	char id[32], error[32];
	int ret;

	snprintf(id, sizeof(id), "\"id\": %u}", number);
	snprintf(error, sizeof(error), "{\"id\": %u, ", number);
	do {
		ret = read_line(fd, answer);
		if (!ret && !strncmp(answer, error, strlen(error)))
			return -EREMOTEIO;
	} while (!ret && !strstr(answer, id));
	return ret;
}

int monitor_run(int fd, char *answer, const char *execute, const char *format, ...)
{
	static unsigned int number;
	char command[COMMAND], arguments[COMMAND / 2];
	va_list args;
	int ret, size;

	va_start(args, format);
	size = vsnprintf(arguments, sizeof(arguments), format, args);
	va_end(args);
	if (size < 0 || size >= (int)sizeof(arguments))
		return -E2BIG;
	/* The byte that is no JSON makes QEMU forget what came before it. */
	size = snprintf(command, sizeof(command),
			"\377{\"execute\":\"%s\",\"arguments\":{%s},\"id\":%u}\n", execute,
			arguments, ++number);
	if (size >= (int)sizeof(command))
		return -E2BIG;
	ret = write_all(fd, command, size);
	return ret ? ret : read_answer(fd, number, answer);
}

int monitor_open(void)
{
	static char answer[MONITOR_LINE];
	struct termios settings;
	int ret, fd = open(LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (tcgetattr(fd, &settings))
		goto fail;
	cfmakeraw(&settings);
	cfsetspeed(&settings, B115200);
	settings.c_cflag |= CLOCAL | CREAD;
	if (tcsetattr(fd, TCSANOW, &settings))
		goto fail;
	/* An error says that an earlier program of this guest has done this. */
	ret = monitor_run(fd, answer, "qmp_capabilities", " ");
	if (!ret || ret == -EREMOTEIO)
		return fd;
	errno = -ret;
fail:
	ret = -errno;
	close(fd);
	return ret;
}
