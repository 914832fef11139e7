// SPDX-License-Identifier: GPL-2.0-only
/*
 * buffer-gpu: sends a buffer of mockgpu, as a file descriptor, to every client that
 * connects to a socket: QEMU's ivshmem-doorbell, or crosvm for a guest's cross-domain
 * context.
 */

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "blob.h"
#include "fdpass.h"
#include "mockgpu.h"
#include "mockgpu_version.h"
#include "option.h"
#include "protocol.h"
#include "server.h"

/*
 * The first messages to ivshmem-doorbell (QEMU's docs/specs/ivshmem-spec.rst): each has 8
 * bytes, little-endian, and one carries the memory. There are no peers that could
 * interrupt each other: all clients get the same id.
 */
#define IVSHMEM_VERSION 0
#define IVSHMEM_MEMORY -1
#define IVSHMEM_CLIENT 0

const char *const server_name = "buffer-gpu";

const char *argp_program_version = "buffer-gpu " MOCKGPU_VERSION;

static const char doc[] =
	"Sends a buffer of the mockgpu driver, as a dma-buf, to every client that\n"
	"connects. All clients get the same buffer, until SIGTERM or SIGINT.\n"
	"\vSIZE is in bytes, or has a suffix K, M, G or T.\n"
	"\n"
	"  buffer-gpu --socket-path /tmp/ivshmem.sock &\n"
	"  qemu-system-x86_64 -chardev socket,id=vram,path=/tmp/ivshmem.sock \\\n"
	"    -device ivshmem-doorbell,chardev=vram,vectors=1 ...\n"
	"\n"
	"Exit status: 0 ended by a signal, 1 error, 2 bad options.";

static const struct argp_option option_list[] = {
	{ "socket-path", 's', "PATH", 0, "socket to listen on, removed at the end; required", 0 },
	{ "protocol", 'p', "NAME", 0,
	  "ivshmem (default): as QEMU's ivshmem-doorbell\n"
	  "wants it; a guest finds the buffer in BAR 2 of a\n"
	  "PCI device. wayland: one message of 8 bytes, the\n"
	  "buffer's size in little-endian, with the\n"
	  "descriptor; a guest of crosvm receives it in its\n"
	  "cross-domain context's channel", 0 },
	{ "buffer", 'b', "SOURCE", 0,
	  "memfd, udmabuf, heap (a dma-buf of the system\n"
	  "heap), or KIND[,ORDER[,CACHING]] as mockgpu names\n"
	  "them (default noncompound,9)", 0 },
	{ "size", 'z', "SIZE", 0, "whole pages (default 16M); for ivshmem a power of two", 0 },
	{ "max-clients", 'c', "NUMBER", 0,
	  "clients at a time, 1 to 1024 (default 64); others are refused", 0 },
	{}
};

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

static int message_send(int socket, int64_t value, int fd)
{
	uint64_t raw = htole64(value);
	struct iovec data = { &raw, sizeof(raw) };
	ssize_t sent = fdpass_send_data(socket, &data, 1, &fd, fd >= 0, 0);

	return sent < 0 ? sent : 0;
}

static int greet_ivshmem(int socket, const struct vgpu_blob *blob)
{
	int ret = message_send(socket, IVSHMEM_VERSION, -1);

	if (!ret)
		ret = message_send(socket, IVSHMEM_CLIENT, -1);
	if (!ret)
		ret = message_send(socket, IVSHMEM_MEMORY, vgpu_blob_fd(blob));
	return ret;
}

static int greet_wayland(int socket, const struct vgpu_blob *blob)
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

static void serve(struct service *service, const char *path)
{
	int signals = server_signals(), listener = server_listen(path);

	service->fds[POLL_SIGNALS] = (struct pollfd){ signals, POLLIN, 0 };
	service->fds[POLL_LISTENER] = (struct pollfd){ listener, POLLIN, 0 };
	serve_all(service);
	while (service->clients)
		client_remove(service, 0);
	server_close(listener, path);
}

struct options {
	const char *socket_path;
	uint64_t buffer;
	int (*greet)(int socket, const struct vgpu_blob *blob);
	uint64_t size;
	uint64_t clients_max;
};

static error_t parse_protocol(const struct argp_state *state, const char *text)
{
	struct options *options = state->input;

	if (!strcmp(text, "ivshmem"))
		options->greet = greet_ivshmem;
	else if (!strcmp(text, "wayland"))
		options->greet = greet_wayland;
	else
		return option_refuse(state, "--protocol '%s': neither ivshmem nor wayland", text);
	return 0;
}

static error_t parse_end(const struct argp_state *state)
{
	const struct options *options = state->input;

	if (!options->socket_path)
		return option_refuse(state, "--socket-path is missing");
	if (options->greet == greet_ivshmem && options->size & (options->size - 1))
		return option_refuse(state, "--size '%" PRIu64 "': not a power of two",
				     options->size);
	return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		options->socket_path = text;
		return 0;
	case 'p':
		return parse_protocol(state, text);
	case 'b':
		return server_option_source(state, text, &options->buffer);
	case 'z':
		return option_size(state, key, text, &options->size);
	case 'c':
		return option_number(state, key, text, 1, CLIENTS_MAX, &options->clients_max);
	case ARGP_KEY_END:
		return parse_end(state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_list, .parser = parse_option, .doc = doc,
	};
	struct options options = {
		.greet = greet_ivshmem, .size = 16 << 20, .clients_max = 64,
		.buffer = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 9, 0),
	};
	static struct service service;
	char why[256];
	int drm_fd, err;

	option_parse(&argp, argc, argv, 0, &options);
	service.greet = options.greet;
	drm_fd = mockgpu_open(why, sizeof(why));
	if (drm_fd < 0)
		fprintf(stderr, "buffer-gpu: memfds only: %s\n", why);
	server_need_source(options.buffer, drm_fd);
	err = vgpu_blob_create(&service.blob, drm_fd, options.buffer, options.size);
	if (err)
		server_die(1, "no buffer", strerror(-err));
	service.clients_max = options.clients_max;
	server_need_descriptors(options.clients_max, "--max-clients");
	serve(&service, options.socket_path);
	vgpu_blob_destroy(service.blob);
	return 0;
}
