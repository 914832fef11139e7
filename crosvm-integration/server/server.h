/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs share that serve buffers over a UNIX socket: what is served,
 * signals, the socket's life. For main() only: errors end the program with one
 * line on standard error, that of a bad option with status 2, others with 1.
 */
#ifndef MOCKGPU_SERVER_H
#define MOCKGPU_SERVER_H

#include <stdint.h>

#include "option.h"

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
 * server_option_source() - what buffers are made of, from an option
 * @state: of the parser
 * @text: "memfd", "udmabuf", "heap", or KIND[,ORDER[,CACHING]] as mockgpu names them
 * @blob_id: gets VGPU_BLOB_ID()
 *
 * Return: 0 or OPTION_REFUSED.
 */
error_t server_option_source(const struct argp_state *state, const char *text, uint64_t *blob_id);

/**
 * server_need_source() - see that there is what buffers are to be made of
 * @blob_id: from server_option_source()
 * @drm_fd: of mockgpu, negative without it
 */
void server_need_source(uint64_t blob_id, int drm_fd);

/**
 * server_signals() - have SIGTERM and SIGINT read instead of delivered
 *
 * SIGPIPE is ignored from now on.
 *
 * Return: a signalfd.
 */
int server_signals(void);

/**
 * server_need_descriptors() - see that clients can have as many descriptors as they
 * may ask for
 * @count: how many; some for the program itself come on top
 * @option: what asks for them, for the message
 */
void server_need_descriptors(uint64_t count, const char *option);

/**
 * server_listen() - listen on a socket
 * @path: where; what a crash left there is replaced
 *
 * Return: a file descriptor for server_accept().
 */
int server_listen(const char *path);

/**
 * server_accept() - take the next client
 * @listener: from server_listen(), readable
 *
 * Return: its connection, see server_limit(); -1 when there is none, after a line on
 * standard error and a second's pause.
 */
int server_accept(int listener);

/**
 * server_limit() - let no message of a client last longer than 10 seconds
 * @socket: the client's connection, or one that it handed over
 *
 * Return: 0 or -errno: -ENOTSOCK when it is none.
 */
int server_limit(int socket);

/**
 * server_close() - listen no more
 * @listener: from server_listen()
 * @path: as there; removed
 */
void server_close(int listener, const char *path);

#endif /* MOCKGPU_SERVER_H */
