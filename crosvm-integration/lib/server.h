/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs share that serve buffers over a UNIX socket: options,
 * signals, the socket's life. For main() only: errors end the program with one
 * line on standard error, that of a bad option with status 2, others with 1.
 */
#ifndef MOCKGPU_SERVER_H
#define MOCKGPU_SERVER_H

#include <stdbool.h>
#include <stdint.h>

/* Names the program in its messages. */
extern const char *const server_name;

/**
 * server_die() - end the program
 * @status: exit status
 * @what: what could not be dealt with
 * @why: and why
 */
void server_die(int status, const char *what, const char *why)
	__attribute__((noreturn));

/**
 * server_parse_size() - bytes from an option
 * @text: a number, or one with K, M or G behind it; of whole pages, not 0
 *
 * Return: bytes.
 */
uint64_t server_parse_size(const char *text);

/**
 * server_parse_source() - what a buffer is made of, from an option
 * @text: "memfd", or KIND[,ORDER[,CACHING]] as mockgpu names them
 * @mockgpu: there is a mockgpu
 *
 * Return: VGPU_BLOB_ID().
 */
uint64_t server_parse_source(const char *text, bool mockgpu);

/**
 * server_signals() - have SIGTERM and SIGINT read instead of delivered
 *
 * Return: a signalfd.
 */
int server_signals(void);

/**
 * server_run() - serve one connection after the other, until a signal
 * @path: where to listen; removed at the end
 * @signals: from server_signals()
 * @serve: called with each connection, which is closed when it returns; has to
 *	return when @signals becomes readable
 * @opaque: handed to @serve
 */
void server_run(const char *path, int signals, void (*serve)(int fd, void *opaque),
		void *opaque);

#endif /* MOCKGPU_SERVER_H */
