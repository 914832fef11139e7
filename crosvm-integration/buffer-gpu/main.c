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
	"Gives a buffer of the mockgpu driver, as a dma-buf, to who connects. All clients\n"
	"get the same one, until SIGTERM or SIGINT.\n"
	"\n"
	"  -s, --socket-path PATH  listen there; removed at the end\n"
	"  -p, --protocol NAME     ivshmem (default): as QEMU's ivshmem-doorbell wants it;\n"
	"                          a guest finds the buffer in BAR 2 of a PCI device\n"
	"                          wayland: one message of 8 bytes, the buffer's size in\n"
	"                          little-endian, with the descriptor; what a guest of\n"
	"                          crosvm finds in its cross-domain context's channel\n"
	"  -b, --buffer SOURCE     memfd, or KIND[,ORDER[,CACHING]] as mockgpu names them\n"
	"                          (default noncompound,9)\n"
	"  -z, --size SIZE         of whole pages (default 16M); for ivshmem a power of two\n"
	"  -h, --help              this text\n"
	"\n"
	"SIZE is bytes, or with K, M or G behind it.\n"
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
};

/**
 * struct service - what every client gets
 * @blob: the buffer
 * @greet: sends it
 * @signals: a signalfd whose readability ends the service
 */
struct service {
	struct vgpu_blob *blob;
	int (*greet)(int socket, const struct vgpu_blob *blob);
	int signals;
};

static struct options parse_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "socket-path", required_argument, NULL, 's' },
		{ "protocol", required_argument, NULL, 'p' },
		{ "buffer", required_argument, NULL, 'b' },
		{ "size", required_argument, NULL, 'z' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = {
		.protocol = "ivshmem", .buffer = "noncompound,9", .size = 16 << 20,
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:p:b:z:h", known, NULL)) != -1) {
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
 * The end of the connection would be an event for the client: wait for its own. Neither
 * protocol has anything for it to say. Who does say something is a Wayland client that
 * looks for a display, as crosvm itself is before its guest's channel comes: there is
 * none.
 */
static void wait_for_end(int socket, int signals)
{
	struct pollfd fds[] = {
		{ signals, POLLIN, 0 },
		{ socket, POLLIN, 0 },
	};

	while (poll(fds, 2, -1) < 0 && errno == EINTR)
		;
}

static void serve(int socket, void *opaque)
{
	const struct service *service = opaque;
	int ret = service->greet(socket, service->blob);

	if (ret)
		fprintf(stderr, "buffer-gpu: a client went: %s\n", strerror(-ret));
	else
		wait_for_end(socket, service->signals);
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
	struct service service;
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
	service.signals = server_signals();
	server_run(options.socket_path, service.signals, serve, &service);
	vgpu_blob_destroy(service.blob);
	return 0;
}
