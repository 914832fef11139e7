// SPDX-License-Identifier: GPL-2.0-only
/* vhost-gpu: a vhost-user backend for virtio-gpu over mockgpu's buffers. */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mockgpu.h"
#include "protocol.h"
#include "server.h"
#include "session.h"
#include "vgpu.h"

#define GIB (1ull << 30)

const char *const server_name = "vhost-gpu";

static const char usage[] =
	"vhost-gpu --socket-path PATH [OPTION...]\n"
	"\n"
	"A vhost-user backend for virtio-gpu: a guest's HOST3D blobs are buffers of the\n"
	"mockgpu driver, mapped into its host-visible region. Serves one front-end after\n"
	"the other (the next waits for the end of the one before), until SIGTERM or SIGINT.\n"
	"\n"
	"  -s, --socket-path PATH  listen there; removed at the end\n"
	"  -w, --window SIZE       host-visible region (default 8G)\n"
	"  -m, --max-bytes SIZE    all blobs of one guest (default 1G)\n"
	"  -b, --max-blobs NUMBER  the same, a descriptor each: 1 to 4096 (default 1024)\n"
	"  -i, --image SOURCE      cross-domain images: memfd, udmabuf, heap (a dma-buf of the\n"
	"                          system heap), or KIND[,ORDER[,CACHING]] as mockgpu names\n"
	"                          them (default ttm; memfd without mockgpu)\n"
	"  -h, --help              this text\n"
	"\n"
	"SIZE is bytes, or with K, M, G or T behind it. Without the mockgpu module, guests\n"
	"get memfds only.\n"
	"\n"
	"  vhost-gpu --socket-path /tmp/vgpu.sock &\n"
	"  qemu-system-x86_64 -machine q35,memory-backend=mem -m 1G \\\n"
	"    -object memory-backend-memfd,id=mem,size=1G,share=on \\\n"
	"    -chardev socket,id=vgpu,path=/tmp/vgpu.sock -device vhost-user-test-device-pci,\\\n"
	"chardev=vgpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=20 ...\n"
	"\n"
	"Exit status: 0 ended by a signal, 1 could not work, 2 bad options.\n";

struct options {
	const char *socket_path;
	const char *image;
	uint64_t window;
	uint64_t bytes_max;
	uint64_t blobs_max;
};

static struct options parse_options(int argc, char **argv)
{
	static const struct option known[] = {
		{ "socket-path", required_argument, NULL, 's' },
		{ "window", required_argument, NULL, 'w' },
		{ "max-bytes", required_argument, NULL, 'm' },
		{ "max-blobs", required_argument, NULL, 'b' },
		{ "image", required_argument, NULL, 'i' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { .window = 8 * GIB, .bytes_max = GIB, .blobs_max = 1024 };
	int option;

	while ((option = getopt_long(argc, argv, "s:w:m:b:i:h", known, NULL)) != -1) {
		switch (option) {
		case 's':
			options.socket_path = optarg;
			break;
		case 'w':
			options.window = server_parse_size(optarg);
			break;
		case 'm':
			options.bytes_max = server_parse_size(optarg);
			break;
		case 'b':
			options.blobs_max = server_parse_count(optarg, VGPU_RESOURCES_MAX);
			break;
		case 'i':
			options.image = optarg;
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

/* Without an option, as a GPU's driver would make them. */
static uint64_t image_source(const char *text, bool mockgpu)
{
	if (text)
		return server_parse_source(text, mockgpu);
	return mockgpu ? VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0) :
			 VGPU_BLOB_ID_MEMFD;
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
	struct options options = parse_options(argc, argv);
	struct session_config config = {
		.window = options.window,
		.bytes_max = options.bytes_max,
		.blobs_max = options.blobs_max,
	};
	char why[256];

	server_need_descriptors(options.blobs_max, "--max-blobs");
	config.drm_fd = mockgpu_open(why, sizeof(why));
	if (config.drm_fd < 0)
		fprintf(stderr, "vhost-gpu: memfds only: %s\n", why);
	config.image_blob_id = image_source(options.image, config.drm_fd >= 0);
	config.signals = server_signals();
	serve_all(options.socket_path, &config);
	return 0;
}
