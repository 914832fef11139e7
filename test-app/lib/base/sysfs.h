/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files with one value each, such as the parameters of modules and of the kernel.
 */
#ifndef MOCKGPU_SYSFS_H
#define MOCKGPU_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * sysfs_read - read the value of a file
 * @path: the file
 * @value: out: its first line without the newline; "" if it cannot be read
 * @size: bytes at @value
 *
 * Return: 0 or a negative errno.
 */
int sysfs_read(const char *path, char *value, size_t size);

/**
 * sysfs_read_number - read the number in a file
 * @path: the file
 * @number: out
 *
 * Return: 0 or a negative errno: -EPROTO if it is not a number.
 */
int sysfs_read_number(const char *path, unsigned long *number);

/**
 * sysfs_is_set - whether a file's value is "Y" or "1"
 * @path: the file
 *
 * Return: true when it is; false otherwise, or without such a file.
 */
bool sysfs_is_set(const char *path);

/**
 * sysfs_write - change the value of a file
 * @path: the file
 * @value: what to write, in one write()
 *
 * Return: 0 or a negative errno.
 */
int sysfs_write(const char *path, const char *value);

/**
 * sysfs_write_number - change the number in a file
 * @path: the file
 * @number: what to write
 *
 * Return: 0 or a negative errno.
 */
int sysfs_write_number(const char *path, unsigned long number);

#endif /* MOCKGPU_SYSFS_H */
