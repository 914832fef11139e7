/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pass file descriptors over a socket (SCM_RIGHTS).
 */
#ifndef MOCKGPU_TEST_FDPASS_H
#define MOCKGPU_TEST_FDPASS_H

#include <sys/types.h>
#include <sys/uio.h>

/** FDPASS_MAX - file descriptors in one message. */
#define FDPASS_MAX 4

/**
 * fdpass_send_data() - send data with descriptors
 * @socket: a UNIX socket
 * @data: the data, at least one byte
 * @parts: number of elements of @data
 * @fds: the descriptors; they stay open here
 * @count: how many, 0 to FDPASS_MAX
 * @flags: flags of sendmsg() besides MSG_NOSIGNAL
 *
 * Return: bytes sent, or -errno.
 */
ssize_t fdpass_send_data(int socket, struct iovec *data, size_t parts, const int *fds,
			 unsigned int count, int flags);

/**
 * fdpass_pair() - create a pair of sockets that keep message boundaries
 * @post: out: what is sent on the first arrives on the second
 *
 * Any number of processes may use either end. Descriptors that nobody receives are
 * closed with the sockets.
 *
 * Return: 0 or -errno.
 */
int fdpass_pair(int post[2]);

/**
 * fdpass_send() - send descriptors as one message, without blocking
 * @socket: the first of the pair
 * @fds: the descriptors; they stay open here
 * @count: how many, 1 to FDPASS_MAX
 *
 * Return: 0 or -errno; -EAGAIN when the socket is full.
 */
int fdpass_send(int socket, const int *fds, unsigned int count);

/**
 * fdpass_receive() - receive one message, without blocking
 * @socket: the second of the pair
 * @fds: out: the descriptors, close-on-exec
 * @room: how many are wanted, 1 to FDPASS_MAX
 *
 * Return: how many arrived, or -errno; -EAGAIN when there is nothing. The kernel closes
 * descriptors beyond @room.
 */
int fdpass_receive(int socket, int *fds, unsigned int room);

#endif /* MOCKGPU_TEST_FDPASS_H */
