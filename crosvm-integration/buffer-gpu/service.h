/* SPDX-License-Identifier: GPL-2.0-only */
/* Gives a buffer to every client that connects. */
#ifndef MOCKGPU_BUFFER_SERVICE_H
#define MOCKGPU_BUFFER_SERVICE_H

#include <poll.h>

#include "blob.h"

#define CLIENTS_MAX 1024

/* Indices of the polled descriptors; those of the clients follow. */
enum {
	POLL_SIGNALS,
	POLL_LISTENER,
	POLL_CLIENTS,
};

/**
 * struct service - the buffer and its clients
 * @blob: the buffer
 * @greet: sends it to a client
 * @clients_max: limit for clients
 * @clients: number of clients
 * @fds: the polled descriptors
 */
struct service {
	struct vgpu_blob *blob;
	int (*greet)(int socket, const struct vgpu_blob *blob);
	unsigned int clients_max;
	unsigned int clients;
	struct pollfd fds[POLL_CLIENTS + CLIENTS_MAX];
};

/**
 * service_greet_ivshmem() - send the buffer as QEMU's ivshmem-doorbell wants it
 * @socket: the client's connection
 * @blob: the buffer
 *
 * Return: 0 or -errno.
 */
int service_greet_ivshmem(int socket, const struct vgpu_blob *blob);

/**
 * service_greet_wayland() - send the buffer and its size in one message
 * @socket: the client's connection
 * @blob: the buffer
 *
 * Return: 0 or -errno.
 */
int service_greet_wayland(int socket, const struct vgpu_blob *blob);

/**
 * service_run() - serve clients until a signal comes
 * @service: @blob, @greet and @clients_max; the rest is 0
 * @signals: a descriptor whose readability ends it
 * @listener: for server_accept(); the caller keeps it
 *
 * Closes the connections of all clients at the end.
 */
void service_run(struct service *service, int signals, int listener);

#endif /* MOCKGPU_BUFFER_SERVICE_H */
