// SPDX-License-Identifier: GPL-2.0-only
/* Buffers as file descriptors, and the line for a program that wanted none, see memfd.h. */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "memfd.h"
#include "mockgpu.h"

/* What a dma-buf of ours is called: DMA_BUF_NAME_LEN is 32. */
#define NAME "mockgpu-memfd"

static atomic_bool made;
static pid_t loader;

bool memfd_links_to(int fd, const char *name)
{
	const int saved = errno;
	char path[64], link[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, link, sizeof(link));
	errno = saved;
	return length >= (ssize_t)strlen(name) && !strncmp(link, name, strlen(name));
}

/* dmabuffs_dname() of drivers/dma-buf/dma-buf.c makes the name. */
bool memfd_is_buffer(int fd)
{
	return memfd_links_to(fd, "/dmabuf:" NAME);
}

static int device_open(void)
{
	char why[256];
	int fd = mockgpu_open(why, sizeof(why));

	if (fd >= 0)
		return fd;
	fprintf(stderr, "mockgpu memfd: %s\n", why);
	_exit(MEMFD_NO_DEVICE);
}

/* The dma-buf keeps the buffer; its handle goes with the DRM file. */
static int buffer_export(const struct drm_mockgpu_bo_create *create)
{
	struct mockgpu_bo bo;
	int drm = device_open();
	int ret = mockgpu_bo_make(drm, create, &bo);

	if (!ret)
		ret = mockgpu_bo_export(&bo);
	close(drm);
	if (ret >= 0 && ioctl(ret, DMA_BUF_SET_NAME, NAME)) {
		const int err = errno;

		close(ret);
		return -err;
	}
	return ret;
}

int memfd_buffer_make(const struct memfd_settings *settings, uint64_t size, const char *what)
{
	struct drm_mockgpu_bo_create create = settings->create;
	int fd;

	create.size = size;
	made = true;
	fd = buffer_export(&create);
	if (fd < 0 || settings->log)
		fprintf(stderr, "mockgpu memfd: %s: %s of %llu bytes, %s, order %u%s%s\n", what,
			fd < 0 ? "no buffer" : "a buffer", (unsigned long long)size,
			mockgpu_kind_name(create.kind), create.order, fd < 0 ? ": " : "",
			fd < 0 ? strerror(-fd) : "");
	if (fd < 0)
		errno = -fd;
	return fd < 0 ? -1 : fd;
}

static void __attribute__((constructor)) load(void)
{
	struct memfd_settings settings;

	loader = getpid();
	memfd_settings_read(&settings);
}

/* A child that does not exec() is not the program that was started. */
static void __attribute__((destructor)) unload(void)
{
	const char *preload = secure_getenv("LD_PRELOAD");

	if (!made && loader == getpid() && preload && strstr(preload, "mockgpu-memfd.so"))
		fprintf(stderr,
			"mockgpu memfd: %s has no memfd of such a size: no buffer was made\n",
			program_invocation_short_name);
}
