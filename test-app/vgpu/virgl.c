// SPDX-License-Identifier: GPL-2.0-only
/*
 * virglrenderer maps blobs, see virgl.h.
 *
 * VGPU_HAVE_VIRGL and VGPU_HAVE_VIRGL_MAP_FIXED come from the Makefile's probes.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "virgl.h"

bool vgpu_virgl_can_map(bool fixed)
{
#if defined(VGPU_HAVE_VIRGL_MAP_FIXED)
	(void)fixed;
	return true;
#elif defined(VGPU_HAVE_VIRGL)
	return !fixed;
#else
	(void)fixed;
	return false;
#endif
}

#ifdef VGPU_HAVE_VIRGL

/* The import function was declared unstable before 1.0. */
#define VIRGL_RENDERER_UNSTABLE_APIS
#include <virglrenderer.h>

/* Without VIRGL no callback is ever called, but the table is required. */
static struct virgl_renderer_callbacks callbacks = { .version = 1 };

static int virgl_init(void)
{
	static bool done;
	int ret;

	if (done)
		return 0;
	ret = virgl_renderer_init(&callbacks, VIRGL_RENDERER_NO_VIRGL, &callbacks);
	if (ret)
		return ret < 0 ? ret : -EIO;
	done = true;
	return 0;
}

int vgpu_virgl_import(uint32_t *resource, int fd, bool dmabuf, uint64_t size)
{
	static uint32_t last;
	struct virgl_renderer_resource_import_blob_args args = {
		.res_handle = last + 1,
		.blob_mem = VIRGL_RENDERER_BLOB_MEM_HOST3D,
		.fd_type = dmabuf ? VIRGL_RENDERER_BLOB_FD_TYPE_DMABUF :
				    VIRGL_RENDERER_BLOB_FD_TYPE_SHM,
		.size = size,
	};
	int ret = virgl_init();

	if (ret)
		return ret;
	/* On success the library owns the descriptor. */
	args.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (args.fd < 0)
		return -errno;
	ret = virgl_renderer_resource_import_blob(&args);
	if (ret) {
		close(args.fd);
		return ret < 0 ? ret : -ret;
	}
	*resource = ++last;
	return 0;
}

void vgpu_virgl_release(uint32_t resource)
{
	virgl_renderer_resource_unref(resource);
}

int vgpu_virgl_map(uint32_t resource, void **map)
{
	uint64_t size;
	int ret = virgl_renderer_resource_map(resource, map, &size);

	return ret < 0 ? ret : -ret;
}

int vgpu_virgl_unmap(uint32_t resource)
{
	int ret = virgl_renderer_resource_unmap(resource);

	return ret < 0 ? ret : -ret;
}

int vgpu_virgl_map_fixed(uint32_t resource, void *at)
{
#ifdef VGPU_HAVE_VIRGL_MAP_FIXED
	int ret = virgl_renderer_resource_map_fixed(resource, at);

	return ret < 0 ? ret : -ret;
#else
	(void)resource;
	(void)at;
	return -EOPNOTSUPP;
#endif
}

#else /* !VGPU_HAVE_VIRGL */

int vgpu_virgl_import(uint32_t *resource, int fd, bool dmabuf, uint64_t size)
{
	(void)resource;
	(void)fd;
	(void)dmabuf;
	(void)size;
	return -EOPNOTSUPP;
}

/* Without vgpu_virgl_import() there is no resource to call these for. */
void vgpu_virgl_release(uint32_t resource)
{
	(void)resource;
}

int vgpu_virgl_map(uint32_t resource, void **map)
{
	(void)resource;
	(void)map;
	return -EOPNOTSUPP;
}

int vgpu_virgl_unmap(uint32_t resource)
{
	(void)resource;
	return -EOPNOTSUPP;
}

int vgpu_virgl_map_fixed(uint32_t resource, void *at)
{
	(void)resource;
	(void)at;
	return -EOPNOTSUPP;
}

#endif
