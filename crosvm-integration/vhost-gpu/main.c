// SPDX-License-Identifier: GPL-2.0-only
/* vhost-gpu: a vhost-user backend for virtio-gpu over mockgpu's buffers. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mockgpu.h"
#include "mockgpu_version.h"
#include "number.h"
#include "option.h"
#include "protocol.h"
#include "server.h"
#include "session.h"
#include "vgpu.h"

#define GIB (1ull << 30)
/* Less is too little for QEMU's RAM and a blob; above 512 QEMU aborts. */
#define SLOTS_LEAST 16
#define SLOTS_MOST 500
/* Without --image: pages as a GPU driver allocates them; a memfd without mockgpu. */
#define IMAGE_DEFAULT UINT64_MAX
#define IMAGE_OF_MOCKGPU VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0)

const char *const server_name = "vhost-gpu";

const char *argp_program_version = "vhost-gpu " MOCKGPU_VERSION;

static const char doc[] =
	"A vhost-user backend for virtio-gpu: a guest's HOST3D blobs are buffers of\n"
	"the mockgpu driver, mapped into its host-visible region. Serves one\n"
	"front-end after the other (the next one waits until the previous one ends),\n"
	"until SIGTERM or SIGINT.\n"
	"\vSIZE is in bytes, or has a suffix K, M, G or T. Without the mockgpu module,\n"
	"guests only get memfds.\n"
	"\n"
	"  vhost-gpu --socket-path /tmp/vgpu.sock &\n"
	"  qemu-system-x86_64 -machine q35,memory-backend=mem -m 1G \\\n"
	"    -object memory-backend-memfd,id=mem,size=1G,share=on \\\n"
	"    -chardev socket,id=vgpu,path=/tmp/vgpu.sock -device \\\n"
	"vhost-user-test-device-pci,chardev=vgpu,virtio-id=16,num_vqs=2,vq_size=256,\\\n"
	"config_size=20 ...\n"
	"\n"
	"Exit status: 0 ended by a signal, 1 error, 2 bad options.";

static const struct argp_option option_list[] = {
	{ "socket-path", 's', "PATH", 0, "socket to listen on, removed at the end; required", 0 },
	{ "window", 'w', "SIZE", 0, "host-visible region (default 8G)", 0 },
	{ "max-bytes", 'm', "SIZE", 0, "total size of a guest's blobs (default 1G)", 0 },
	{ "max-blobs", 'b', "NUMBER", 0,
	  "their number, 1 to 4096 (default 1024); each needs a descriptor", 0 },
	{ "mem-slots", 'S', "NUMBER", 0,
	  "for RAM hotplug: regions of the guest's memory\n"
	  "and mapped blobs in all, 16 to 500 (default:\n"
	  "eight regions, and any number of blobs)", 0 },
	{ "blob-alignment", 'a', "SIZE", 0,
	  "offer VIRTIO_GPU_F_BLOB_ALIGNMENT: sizes of\n"
	  "blobs must be multiples of this power of two,\n"
	  "4K to 1G (default: not offered)", 0 },
	{ "image", 'i', "SOURCE", 0,
	  "cross-domain images: memfd, udmabuf, heap (a\n"
	  "dma-buf of the system heap), or\n"
	  "KIND[,ORDER[,CACHING]] as mockgpu names them\n"
	  "(default ttm; memfd without mockgpu)", 0 },
	{}
};

struct options {
	const char *socket_path;
	uint64_t image;
	uint64_t window;
	uint64_t bytes_max;
	uint64_t blobs_max;
	uint64_t mem_slots;
	uint64_t alignment;
};

static error_t parse_alignment(const struct argp_state *state, char *text, uint64_t *alignment)
{
	if (size_parse(text, alignment) || *alignment < VGPU_MEM_ALIGN || *alignment > GIB ||
	    *alignment & (*alignment - 1))
		return option_refuse(state,
				     "--blob-alignment '%s': not a power of two from 4K to 1G",
				     text);
	return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 's':
		options->socket_path = text;
		return 0;
	case 'w':
		return option_size(state, key, text, &options->window);
	case 'm':
		return option_size(state, key, text, &options->bytes_max);
	case 'b':
		return option_number(state, key, text, 1, VGPU_RESOURCES_MAX, &options->blobs_max);
	case 'S':
		return option_number(state, key, text, SLOTS_LEAST, SLOTS_MOST,
				     &options->mem_slots);
	case 'a':
		return parse_alignment(state, text, &options->alignment);
	case 'i':
		return server_option_source(state, text, &options->image);
	case ARGP_KEY_END:
		return options->socket_path ? 0 : option_refuse(state, "--socket-path is missing");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void serve(int listener, const struct session_config *config)
{
	int err, fd = server_accept(listener);

	if (fd < 0)
		return;
	err = session_run(fd, config);
	if (err)
		fprintf(stderr, "vhost-gpu: no session for the front-end: %s\n",
			strerror(-err));
	close(fd);
}

static void serve_all(const char *path, const struct session_config *config)
{
	int listener = server_listen(path);
	struct pollfd fds[] = {
		{ config->signals, POLLIN, 0 },
		{ listener, POLLIN, 0 },
	};

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[0].revents)
			break;
		serve(listener, config);
	}
	server_close(listener, path);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_list, .parser = parse_option, .doc = doc,
	};
	struct options options = {
		.image = IMAGE_DEFAULT, .window = 8 * GIB, .bytes_max = GIB, .blobs_max = 1024,
	};
	struct session_config config = {};
	char why[256];

	option_parse(&argp, argc, argv, 0, &options);
	config.window = options.window;
	config.bytes_max = options.bytes_max;
	config.blobs_max = options.blobs_max;
	config.mem_slots = options.mem_slots;
	config.alignment = options.alignment;
	server_need_descriptors(options.blobs_max, "--max-blobs");
	config.drm_fd = mockgpu_open(why, sizeof(why));
	if (config.drm_fd < 0)
		fprintf(stderr, "vhost-gpu: memfds only: %s\n", why);
	if (options.image == IMAGE_DEFAULT)
		options.image = config.drm_fd < 0 ? VGPU_BLOB_ID_MEMFD : IMAGE_OF_MOCKGPU;
	server_need_source(options.image, config.drm_fd);
	config.image_blob_id = options.image;
	config.signals = server_signals();
	serve_all(options.socket_path, &config);
	return 0;
}
