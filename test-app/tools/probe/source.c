// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is not mockgpu's: a DRM device's, another exporter's, a file's, another process's. */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "arch.h"
#include "exporter.h"
#include "number.h"
#include "probe.h"
#include "process.h"

/*
 * A block of 2 MiB, or less than one where KVM may take an offset of a mapping for a physical
 * address: nobody but mockgpu says where that would lead.
 */
#define SOURCE_WIDTH 1024
#define SOURCE_HEIGHT (ARCH_MAY_GUESS_BLOCKS ? 256 : 512)
#define SOURCE_PIXEL 4
#define SOURCE_BYTES ((size_t)SOURCE_WIDTH * SOURCE_HEIGHT * SOURCE_PIXEL)
/* GBM_BO_USE_LINEAR */
#define SOURCE_GBM_LINEAR (1u << 4)

__attribute__((format(printf, 3, 4)))
static int source_refuse(struct probe_sources *sources, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(sources->why, sizeof(sources->why), format, args);
	va_end(args);
	return err;
}

/* Add a mapping; takes @fd. */
static void source_add(struct probe_sources *sources, const char *path, const char *test, int fd,
		       uint64_t offset, size_t size)
{
	struct probe_source *source = &sources->source[sources->count++];

	*source = (struct probe_source){
		.path = path,
		.fd = fd,
		.offset = offset,
		.size = size / GUEST_PAGE_SIZE * GUEST_PAGE_SIZE,
	};
	snprintf(source->test, sizeof(source->test), "%s", test);
}

static void source_add_dmabuf(struct probe_sources *sources, const char *test, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	source_add(sources, "dmabuf", test, fd, 0, size < 0 ? 0 : size);
}

/* A dumb buffer: mapped through the device, and through its dma-buf if it has one. */
static int device_dumb(struct probe_sources *sources, int fd)
{
	uint32_t handle, pitch;
	uint64_t size, offset;
	char test[32];
	int dmabuf;

	if (drmModeCreateDumbBuffer(fd, SOURCE_WIDTH, SOURCE_HEIGHT, SOURCE_PIXEL * 8, 0, &handle,
				    &pitch, &size))
		return source_refuse(sources, -errno, "no dumb buffer: %s", strerror(errno));
	if (drmModeMapDumbBuffer(fd, handle, &offset))
		return source_refuse(sources, -errno, "its dumb buffer cannot be mapped: %s",
				     strerror(errno));
	snprintf(test, sizeof(test), "%s-dumb", sources->name);
	source_add(sources, "gem", test, fcntl(fd, F_DUPFD_CLOEXEC, 0), offset, size);
	if (!drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf)) {
		snprintf(test, sizeof(test), "%s-dumb-dmabuf", sources->name);
		source_add_dmabuf(sources, test, dmabuf);
	}
	return 0;
}

/* A linear buffer of the device's GBM, which need not be installed; @dumb: why no dumb one. */
static int device_gbm(struct probe_sources *sources, int fd, const char *dumb)
{
	void *library = dlopen("libgbm.so.1", RTLD_NOW);
	void *(*device_make)(int fd) = library ? dlsym(library, "gbm_create_device") : NULL;
	void *(*make)(void *device, uint32_t width, uint32_t height, uint32_t format,
		      uint32_t usage) = library ? dlsym(library, "gbm_bo_create") : NULL;
	int (*export)(void *bo) = library ? dlsym(library, "gbm_bo_get_fd") : NULL;
	void *device, *bo = NULL;
	char test[32];
	int dmabuf;

	if (!device_make || !make || !export)
		return source_refuse(sources, -ENOENT,
				     "no linear buffer of %s: %s; no libgbm.so.1 is installed",
				     sources->name, dumb);
	device = device_make(fd);
	if (device)
		bo = make(device, SOURCE_WIDTH, SOURCE_HEIGHT, DRM_FORMAT_XRGB8888,
			  SOURCE_GBM_LINEAR);
	dmabuf = bo ? export(bo) : -1;
	if (dmabuf < 0)
		return source_refuse(sources, -ENODEV,
				     "no linear buffer of %s: %s; GBM gives none", sources->name,
				     dumb);
	snprintf(test, sizeof(test), "%s-gbm-dmabuf", sources->name);
	source_add_dmabuf(sources, test, dmabuf);
	return 0;
}

/* Only a primary node has dumb buffers. */
static int primary_of(int fd)
{
	char *name;
	int primary;

	if (drmGetNodeTypeFromFd(fd) == DRM_NODE_PRIMARY)
		return fcntl(fd, F_DUPFD_CLOEXEC, 0);
	name = drmGetPrimaryDeviceNameFromFd(fd);
	primary = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
	free(name);
	return primary;
}

/* GBM is for a device that has no display, and so no dumb buffers. */
static int device_buffers(struct probe_sources *sources, int fd)
{
	int primary = primary_of(fd);
	int ret = primary < 0 ? source_refuse(sources, -errno, "it has no primary node") :
				device_dumb(sources, primary);
	char dumb[64];

	if (primary >= 0)
		close(primary);
	if (!ret)
		return 0;
	snprintf(dumb, sizeof(dumb), "%.63s", sources->why);
	return device_gbm(sources, fd, dumb);
}

int probe_sources_device(struct probe_sources *sources, const char *node)
{
	int ret, fd = open(node, O_RDWR | O_CLOEXEC);
	drmVersion *version;

	*sources = (struct probe_sources){ .count = 0 };
	if (fd < 0)
		return source_refuse(sources, -errno, "%s: %s%s", node, strerror(errno),
				     errno == EACCES ? ": be root or in its group" : "");
	version = drmGetVersion(fd);
	if (!version) {
		close(fd);
		return source_refuse(sources, -ENODEV, "%s is no DRM node: give one of /dev/dri",
				     node);
	}
	snprintf(sources->name, sizeof(sources->name), "%.15s", version->name);
	drmFreeVersion(version);
	ret = device_buffers(sources, fd);
	close(fd);
	return ret;
}

static int file_open(struct probe_sources *sources, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;
	off_t size;

	if (fd < 0)
		return source_refuse(sources, -errno, "%s: %s", path, strerror(errno));
	/* fstat() knows no block device, and lseek() no resource2_wc of a PCI device (6.1). */
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 && !fstat(fd, &status))
		size = status.st_size;
	if (size < GUEST_PAGE_SIZE) {
		close(fd);
		return source_refuse(sources, -EINVAL, "%s has no page, or does not tell its size",
				     path);
	}
	if (size > (off_t)SOURCE_BYTES)
		size = SOURCE_BYTES;
	source_add(sources, "mmap", "file", fd, 0, size);
	return 0;
}

/* What follows PREFIX in @text, or NULL. */
static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return !strncmp(text, prefix, length) && text[length] ? text + length : NULL;
}

/* Split PID:ADDRESS. */
static bool process_parse(const char *text, pid_t *pid, uint64_t *address)
{
	size_t length = strcspn(text, ":");
	char number[16];
	uint64_t value;

	snprintf(number, sizeof(number), "%.*s", (int)length, text);
	if (number_parse(number, &value) || !value || value > INT32_MAX || text[length] != ':')
		return false;
	*pid = value;
	return !number_parse(text + length + 1, address);
}

/* What the process has there, from that page on; the process is stopped until the probe ends. */
static int process_open(struct probe_sources *sources, const char *text)
{
	static const char nothing[] = "nothing is mapped there, or no such process";
	static const char unshared[] = "is no file that is mapped shared and writable";
	static const char closed[] = "the process has no open file that can be mapped so";
	struct vma vma;
	uint64_t address, into;
	pid_t pid;
	int fd;

	process_parse(text, &pid, &address);
	fd = vma_find(pid, address, &vma);
	if (fd)
		return source_refuse(sources, fd, "pid:%s: %s", text,
				     fd == -ENOENT ? nothing : strerror(-fd));
	if (!vma.inode || vma.access[3] != 's' || vma.access[1] != 'w')
		return source_refuse(sources, -EINVAL, "pid:%s: %s %s", text,
				     vma.path[0] ? vma.path : "anonymous memory", unshared);
	fd = process_vma_open(pid, &vma);
	if (fd < 0)
		return source_refuse(sources, fd, "pid:%s: %s: %s", text, vma.path,
				     fd == -EBADF ? closed : strerror(-fd));
	into = address / getpagesize() * getpagesize() - vma.start;
	source_add(sources, "mmap", "pid", fd, vma.offset + into,
		   vma.end - vma.start - into < SOURCE_BYTES ? vma.end - vma.start - into :
		   SOURCE_BYTES);
	fd = process_stop(pid);
	if (fd)
		return source_refuse(sources, fd, "pid:%s: it cannot be stopped: %s", text,
				     strerror(-fd));
	return 0;
}

bool probe_source_known(const char *text)
{
	const char *heap = after(text, "heap:"), *process = after(text, "pid:");
	uint64_t address;
	pid_t pid;

	return !strcmp(text, "udmabuf") || after(text, "file:") || (heap && !strchr(heap, '/')) ||
	       (process && process_parse(process, &pid, &address));
}

int probe_sources_open(struct probe_sources *sources, const char *text)
{
	const char *path = after(text, "file:"), *heap = after(text, "heap:");
	int fd;

	*sources = (struct probe_sources){ .count = 0 };
	snprintf(sources->name, sizeof(sources->name), "%.*s", (int)strcspn(text, ":"), text);
	if (path)
		return file_open(sources, path);
	if (after(text, "pid:"))
		return process_open(sources, after(text, "pid:"));
	fd = heap ? exporter_heap_of(heap, SOURCE_BYTES) : exporter_udmabuf(SOURCE_BYTES);
	if (fd < 0)
		return source_refuse(sources, fd, "%s gives no dma-buf: %s", text, strerror(-fd));
	source_add_dmabuf(sources, text, fd);
	return 0;
}

void probe_sources_close(struct probe_sources *sources)
{
	while (sources->count)
		close(sources->source[--sources->count].fd);
}
