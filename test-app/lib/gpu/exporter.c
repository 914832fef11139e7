// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <xf86drm.h>

#include "exporter.h"

extern char **environ;

static void load_vgem(void)
{
	char *const argv[] = { "modprobe", "-q", "vgem", NULL };
	pid_t child;

	if (!posix_spawnp(&child, argv[0], NULL, NULL, argv, environ))
		waitpid(child, NULL, 0);
}

int exporter_vgem_open(void)
{
	int fd = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);

	if (fd < 0) {
		load_vgem();
		fd = drmOpenWithType("vgem", NULL, DRM_NODE_PRIMARY);
	}
	return fd < 0 ? -ENOENT : fd;
}

int exporter_vgem(size_t size)
{
	/* 32 bits per pixel, one page per line. */
	struct drm_mode_create_dumb dumb = {
		.width = getpagesize() / 4,
		.height = size / getpagesize(),
		.bpp = 32,
	};
	int vgem = exporter_vgem_open();
	int fd;

	if (vgem < 0)
		return vgem;
	if (drmIoctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) ||
	    drmPrimeHandleToFD(vgem, dumb.handle, DRM_CLOEXEC | DRM_RDWR, &fd))
		fd = -errno;
	close(vgem);
	return fd;
}

int exporter_udmabuf(size_t size)
{
	return exporter_udmabuf_of(size, 0);
}

int exporter_udmabuf_of(size_t size, unsigned int memfd_flags)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device, fd;

	device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -errno;
	fd = memfd_create("mockgpu", MFD_CLOEXEC | MFD_ALLOW_SEALING | memfd_flags);
	create.memfd = fd;
	if (fd >= 0 && !ftruncate(fd, size) && !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		fd = ioctl(device, UDMABUF_CREATE, &create);
	else
		fd = -1;
	if (fd < 0)
		fd = -errno;
	if ((int)create.memfd >= 0)
		close(create.memfd);
	close(device);
	return fd;
}

int exporter_heap(size_t size)
{
	return exporter_heap_of("system", size);
}

int exporter_heap_of(const char *name, size_t size)
{
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = O_RDWR | O_CLOEXEC,
	};
	char path[64];
	int heap, ret;

	if (snprintf(path, sizeof(path), "/dev/dma_heap/%s", name) >= (int)sizeof(path))
		return -ENOENT;
	heap = open(path, O_RDWR | O_CLOEXEC);
	if (heap < 0)
		return -errno;
	ret = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data) ? -errno : (int)data.fd;
	close(heap);
	return ret;
}
