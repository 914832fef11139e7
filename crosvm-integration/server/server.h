/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by the programs that serve buffers over a UNIX socket: the source of the buffers,
 * signals, the life of the socket. For main() only: an error ends the program with one line
 * on standard error, with status 2 for a bad option, else 1.
 */
#ifndef MOCKGPU_SERVER_H
#define MOCKGPU_SERVER_H

#include <stdint.h>

#include "option.h"

/* The name of the program in its messages. */
extern const char *const server_name;

/**
 * server_die() - end the program
 * @status: exit status
 * @what: the cause of the error
 * @why: the reason
 */
void server_die(int status, const char *what, const char *why)
	__attribute__((noreturn));

/**
 * server_option_source() - parse an option that selects the source of buffers
 * @state: of the parser
 * @text: "memfd", "udmabuf", "heap", or KIND[,ORDER[,CACHING]] as mockgpu names them
 * @blob_id: out: VGPU_BLOB_ID()
 *
 * Return: 0 or OPTION_REFUSED.
 */
error_t server_option_source(const struct argp_state *state, const char *text, uint64_t *blob_id);

/**
 * server_need_source() - check that the source of buffers is available
 * @blob_id: from server_option_source()
 * @drm_fd: DRM file of mockgpu; negative without mockgpu
 */
void server_need_source(uint64_t blob_id, int drm_fd);

/**
 * server_signals() - receive SIGTERM and SIGINT through a file descriptor
 *
 * Also ignores SIGPIPE from now on.
 *
 * Return: a signalfd.
 */
int server_signals(void);

/**
 * server_need_descriptors() - raise the limit of file descriptors as far as needed
 * @count: descriptors for clients; those of the program itself are added
 * @option: the option that needs them, for the message
 */
void server_need_descriptors(uint64_t count, const char *option);

/**
 * server_listen() - listen on a socket
 * @path: path of the socket; a socket that a crash left there is replaced
 *
 * Return: a file descriptor for server_accept().
 */
int server_listen(const char *path);

/**
 * server_accept() - accept the next client
 * @listener: from server_listen(), readable
 *
 * Return: its connection, see server_limit(); -1 on error, after a line on standard
 * error and a pause of one second.
 */
int server_accept(int listener);

/**
 * server_limit() - set a time limit of 10 seconds for each message of a client
 * @socket: the client's connection, or a socket that it sent
 *
 * Return: 0 or -errno: -ENOTSOCK if it is not a socket.
 */
int server_limit(int socket);

/**
 * server_close() - stop listening
 * @listener: from server_listen()
 * @path: path of the socket, which is removed
 */
void server_close(int listener, const char *path);

#endif /* MOCKGPU_SERVER_H */
