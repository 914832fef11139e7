/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File descriptors through a socket (SCM_RIGHTS), without waiting.
 */
#ifndef MOCKGPU_TEST_FDPASS_H
#define MOCKGPU_TEST_FDPASS_H

/** FDPASS_MAX - file descriptors in one message. */
#define FDPASS_MAX 4

/**
 * fdpass_pair() - make a pair of sockets whose messages stay whole
 * @post: out: what is sent at the first comes out at the second
 *
 * Any number of processes may use either end. Descriptors that nobody received
 * go with the sockets.
 *
 * Return: 0 or -errno.
 */
int fdpass_pair(int post[2]);

/**
 * fdpass_send() - send descriptors as one message
 * @socket: the first of the pair
 * @fds: the descriptors; they stay open here
 * @count: how many, 1 to FDPASS_MAX
 *
 * Return: 0 or -errno: -EAGAIN when there is no room.
 */
int fdpass_send(int socket, const int *fds, unsigned int count);

/**
 * fdpass_receive() - receive one message
 * @socket: the second of the pair
 * @fds: out: the descriptors, close-on-exec
 * @room: how many are wanted, 1 to FDPASS_MAX
 *
 * Return: how many came, or -errno: -EAGAIN when there is nothing. What was sent
 * beyond @room is closed by the kernel.
 */
int fdpass_receive(int socket, int *fds, unsigned int room);

#endif /* MOCKGPU_TEST_FDPASS_H */
