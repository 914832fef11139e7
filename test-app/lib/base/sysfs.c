// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

int sysfs_read(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;
	int ret = 0;

	value[0] = '\0';
	if (fd < 0)
		return -errno;
	length = read(fd, value, size - 1);
	if (length < 0)
		ret = -errno;
	close(fd);
	value[length < 0 ? 0 : length] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return ret;
}

int sysfs_read_number(const char *path, unsigned long *number)
{
	char value[32], *end;
	int ret = sysfs_read(path, value, sizeof(value));

	if (ret)
		return ret;
	*number = strtoul(value, &end, 10);
	return end == value || *end ? -EPROTO : 0;
}

bool sysfs_is_set(const char *path)
{
	char value[2];

	return !sysfs_read(path, value, sizeof(value)) && (value[0] == 'Y' || value[0] == '1');
}

int sysfs_write(const char *path, const char *value)
{
	const ssize_t length = strlen(value);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t written;
	int ret = 0;

	if (fd < 0)
		return -errno;
	written = write(fd, value, length);
	if (written != length)
		ret = written < 0 ? -errno : -EIO;
	close(fd);
	return ret;
}

int sysfs_write_number(const char *path, unsigned long number)
{
	char value[32];

	snprintf(value, sizeof(value), "%lu\n", number);
	return sysfs_write(path, value);
}
