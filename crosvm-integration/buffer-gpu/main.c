// SPDX-License-Identifier: GPL-2.0-only
/*
 * buffer-gpu: sends a buffer of mockgpu, as a file descriptor, to every client that
 * connects to a socket: QEMU's ivshmem-doorbell, or crosvm for a guest's cross-domain
 * context.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mockgpu.h"
#include "mockgpu_version.h"
#include "option.h"
#include "protocol.h"
#include "server.h"
#include "service.h"

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

static void serve(struct service *service, const char *path)
{
	int signals = server_signals(), listener = server_listen(path);

	service_run(service, signals, listener);
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
		options->greet = service_greet_ivshmem;
	else if (!strcmp(text, "wayland"))
		options->greet = service_greet_wayland;
	else
		return option_refuse(state, "--protocol '%s': neither ivshmem nor wayland", text);
	return 0;
}

static error_t parse_end(const struct argp_state *state)
{
	const struct options *options = state->input;

	if (!options->socket_path)
		return option_refuse(state, "--socket-path is missing");
	if (options->greet == service_greet_ivshmem && options->size & (options->size - 1))
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
		.greet = service_greet_ivshmem, .size = 16 << 20, .clients_max = 64,
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
