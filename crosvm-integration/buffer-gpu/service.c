// SPDX-License-Identifier: GPL-2.0-only
/* The clients of buffer-gpu, see service.h. */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fdpass.h"
#include "server.h"
#include "service.h"

/*
 * The first messages to ivshmem-doorbell (QEMU's docs/specs/ivshmem-spec.rst): each has 8
 * bytes, little-endian, and one carries the memory. There are no peers that could
 * interrupt each other: all clients get the same id.
 */
#define IVSHMEM_VERSION 0
#define IVSHMEM_MEMORY -1
#define IVSHMEM_CLIENT 0

static int message_send(int socket, int64_t value, int fd)
{
	uint64_t raw = htole64(value);
	struct iovec data = { &raw, sizeof(raw) };
	ssize_t sent = fdpass_send_data(socket, &data, 1, &fd, fd >= 0, 0);

	return sent < 0 ? sent : 0;
}

int service_greet_ivshmem(int socket, const struct vgpu_blob *blob)
{
	int ret = message_send(socket, IVSHMEM_VERSION, -1);

	if (!ret)
		ret = message_send(socket, IVSHMEM_CLIENT, -1);
	if (!ret)
		ret = message_send(socket, IVSHMEM_MEMORY, vgpu_blob_fd(blob));
	return ret;
}

int service_greet_wayland(int socket, const struct vgpu_blob *blob)
{
	return message_send(socket, vgpu_blob_size(blob), vgpu_blob_fd(blob));
}

/*
 * Keep the connection until the client closes it: its end would be an event for the client. In
 * neither protocol does the client send anything. One that does is a Wayland client that looks
 * for a display, as crosvm itself does before its guest opens the channel: close its
 * connection, because there is no display.
 */
static void client_add(struct service *service)
{
	int ret, fd = server_accept(service->fds[POLL_LISTENER].fd);

	if (fd < 0)
		return;
	if (service->clients == service->clients_max) {
		fprintf(stderr, "buffer-gpu: client refused: there are %u\n",
			service->clients);
		close(fd);
		return;
	}
	ret = service->greet(fd, service->blob);
	if (ret) {
		fprintf(stderr, "buffer-gpu: lost a client: %s\n", strerror(-ret));
		close(fd);
		return;
	}
	service->fds[POLL_CLIENTS + service->clients++] = (struct pollfd){ fd, POLLIN, 0 };
}

/* Remove a client; the last one takes its place. */
static void client_remove(struct service *service, unsigned int client)
{
	struct pollfd *fds = &service->fds[POLL_CLIENTS];

	close(fds[client].fd);
	fds[client] = fds[--service->clients];
}

static void serve_all(struct service *service)
{
	unsigned int i;

	for (;;) {
		if (poll(service->fds, POLL_CLIENTS + service->clients, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (service->fds[POLL_SIGNALS].revents)
			return;
		/* Backwards: a client that was already handled moves to a free place. */
		for (i = service->clients; i-- > 0;) {
			if (service->fds[POLL_CLIENTS + i].revents)
				client_remove(service, i);
		}
		if (service->fds[POLL_LISTENER].revents)
			client_add(service);
	}
}

void service_run(struct service *service, int signals, int listener)
{
	service->fds[POLL_SIGNALS] = (struct pollfd){ signals, POLLIN, 0 };
	service->fds[POLL_LISTENER] = (struct pollfd){ listener, POLLIN, 0 };
	serve_all(service);
	while (service->clients)
		client_remove(service, 0);
}
