// SPDX-License-Identifier: GPL-2.0-only
/*
 * buffer-gpu: gives a buffer of mockgpu, as a file descriptor, to whoever connects
 * to a socket: QEMU's ivshmem-doorbell, or crosvm for a guest's cross-domain
 * context.
 */

#include <endian.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blob.h"
#include "mockgpu.h"
#include "protocol.h"
#include "server.h"

/*
 * What ivshmem-doorbell gets first (QEMU's docs/specs/ivshmem-spec.rst): messages
 * of 8 bytes, little-endian, of which one carries the memory. Peers, who could
 * interrupt each other, there are none: all clients get the same id.
 */
#define IVSHMEM_VERSION 0
#define IVSHMEM_MEMORY -1
#define IVSHMEM_CLIENT 0

const char *const server_name = "buffer-gpu";

static const char usage[] =
	"buffer-gpu --socket-path PATH [OPTION...]\n"
	"\n"
	"Gives a buffer of the mockgpu driver, as a dma-buf, to whoever connects, many at a\n"
	"time. All clients get the same one, until SIGTERM or SIGINT.\n"
	"\n"
	"  -s, --socket-path PATH  listen there; removed at the end\n"
	"  -p, --protocol NAME     ivshmem (default): as QEMU's ivshmem-doorbell wants it;\n"
	"                          a guest finds the buffer in BAR 2 of a PCI device\n"
	"                          wayland: one message of 8 bytes, the buffer's size in\n"
	"                          little-endian, with the descriptor; what a guest of\n"
	"                          crosvm finds in its cross-domain context's channel\n"
	"  -b, --buffer SOURCE     memfd, udmabuf, heap (a dma-buf of the system heap), or\n"
	"                          KIND[,ORDER[,CACHING]] as mockgpu names them (default\n"
	"                          noncompound,9)\n"
	"  -z, --size SIZE         of whole pages (default 16M); for ivshmem a power of two\n"
	"  -c, --max-clients NUMBER\n"
	"                          at a time, 1 to 1024 (default 64); any more are turned away\n"
	"  -h, --help              this text\n"
	"\n"
	"SIZE is bytes, or with K, M, G or T behind it.\n"
	"\n"
	"  buffer-gpu --socket-path /tmp/ivshmem.sock &\n"
	"  qemu-system-x86_64 -chardev socket,id=vram,path=/tmp/ivshmem.sock \\\n"
	"    -device ivshmem-doorbell,chardev=vram,vectors=1 ...\n"
	"\n"
	"Exit status: 0 ended by a signal, 1 could not work, 2 bad options.\n";

struct options {
	const char *socket_path;
	const char *protocol;
	const char *buffer;
	uint64_t size;
	uint64_t clients_max;
};

#define CLIENTS_MAX 1024

/* What is polled: these, then the clients. */
enum {
	POLL_SIGNALS,
	POLL_LISTENER,
	POLL_CLIENTS,
};

/**
 * struct service - what every client gets
 * @blob: the buffer
 * @greet: sends it
 * @clients_max: how many there may be
 * @clients: how many there are
 * @fds: what is polled
 */
struct service {
	struct vgpu_blob *blob;
	int (*greet)(int socket, const struct vgpu_blob *blob);
	unsigned int clients_max;
	unsigned int clients;
	struct pollfd fds[POLL_CLIENTS + CLIENTS_MAX];
};

static struct options parse_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "socket-path", required_argument, NULL, 's' },
		{ "protocol", required_argument, NULL, 'p' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "size", required_argument, NULL, 'z' },
		{ "max-clients", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = {
		.protocol = "ivshmem", .buffer = "noncompound,9", .size = 16 << 20,
		.clients_max = 64,
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:p:b:z:c:h", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options.socket_path = optarg;
			break;
		case 'p':
			options.protocol = optarg;
			break;
		case 'b':
			options.buffer = optarg;
			break;
		case 'z':
			options.size = server_parse_size(optarg);
			break;
		case 'c':
			options.clients_max = server_parse_count(optarg, CLIENTS_MAX);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			exit(2);
		}
	}
	if (optind < argc)
		server_die(2, argv[optind], "unexpected, see --help");
	if (!options.socket_path)
		server_die(2, "--socket-path", "missing, see --help");
	return options;
}

static int message_send(int socket, int64_t value, int fd)
{
	uint64_t raw = htole64(value);
	struct iovec iov = { &raw, sizeof(raw) };
	union {
		struct cmsghdr header;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control = { .buffer = { 0 } };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.buffer;
		message.msg_controllen = sizeof(control.buffer);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
	}
	return sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof(raw) ? 0 : -errno;
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
 * The end of the connection would be an event for the client: it stays until the client
 * ends it. Neither protocol has anything for the client to say. Who does say something
 * is a Wayland client that looks for a display, as crosvm itself is before its guest's
 * channel comes: there is none.
 */
static void client_add(struct service *service)
{
	int ret, fd = server_accept(service->fds[POLL_LISTENER].fd);

	if (fd < 0)
		return;
	if (service->clients == service->clients_max) {
		fprintf(stderr, "buffer-gpu: a client was turned away: there are %u\n",
			service->clients);
		close(fd);
		return;
	}
	ret = service->greet(fd, service->blob);
	if (ret) {
		fprintf(stderr, "buffer-gpu: a client went: %s\n", strerror(-ret));
		close(fd);
		return;
	}
	service->fds[POLL_CLIENTS + service->clients++] = (struct pollfd){ fd, POLLIN, 0 };
}

/* The last one takes its place. */
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
		/* Backwards, since one that was looked at already takes a free place. */
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

static void choose_protocol(struct service *service, const struct options *options)
{
	if (!strcmp(options->protocol, "ivshmem"))
		service->greet = greet_ivshmem;
	else if (!strcmp(options->protocol, "wayland"))
		service->greet = greet_wayland;
	else
		server_die(2, options->protocol, "no protocol: use ivshmem or wayland");
	if (service->greet == greet_ivshmem && options->size & (options->size - 1))
		server_die(2, "--size", "not a power of two");
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	static struct service service;
	char why[256];
	uint64_t blob_id;
	int drm_fd, err;

	choose_protocol(&service, &options);
	drm_fd = mockgpu_open(why, sizeof(why));
	if (drm_fd < 0)
		fprintf(stderr, "buffer-gpu: memfds only: %s\n", why);
	blob_id = server_parse_source(options.buffer, drm_fd >= 0);
	err = vgpu_blob_create(&service.blob, drm_fd, blob_id, options.size);
	if (err)
		server_die(1, options.buffer, strerror(-err));
	service.clients_max = options.clients_max;
	server_need_descriptors(options.clients_max, "--max-clients");
	serve(&service, options.socket_path);
	vgpu_blob_destroy(service.blob);
	return 0;
}
