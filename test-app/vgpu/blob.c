// SPDX-License-Identifier: GPL-2.0-only
/* Host buffers of HOST3D blobs, see blob.h. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/virtio_gpu.h>
#include <xf86drm.h>

#include "blob.h"
#include "exporter.h"
#include "mockgpu.h"
#include "protocol.h"
#include "virgl.h"

struct vgpu_blob {
	struct mockgpu_bo bo;
	uint64_t size;
	bool dmabuf;
	int fd;
	/* The device's own mapping, or NULL. */
	void *access;
	/* The VMM's mapping, or NULL, and whether the VMM chose the address. */
	void *map;
	bool fixed;
	/* virglrenderer's resource; 0 until it is mapped by that method. */
	uint32_t resource;
	bool by_virgl;
};

const char *vgpu_map_method_unusable(enum vgpu_map_method method, bool fixed)
{
	if (method != VGPU_MAP_BY_VIRGL || vgpu_virgl_can_map(fixed))
		return NULL;
	return fixed ? "this virglrenderer cannot map at a given address (1.3 and later can)" :
		       "built without virglrenderer";
}

/* Sealed, so nobody who gets the descriptor can make an access fail. */
static int memfd_make(struct vgpu_blob *blob)
{
	blob->fd = memfd_create("vgpu-blob", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (blob->fd < 0 || ftruncate(blob->fd, blob->size) ||
	    fcntl(blob->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	return 0;
}

static int mockgpu_make(struct vgpu_blob *blob, int drm_fd, uint64_t blob_id)
{
	const struct drm_mockgpu_bo_create want = {
		.size = blob->size,
		.kind = VGPU_BLOB_ID_KIND(blob_id),
		.order = VGPU_BLOB_ID_ORDER(blob_id),
		.caching = VGPU_BLOB_ID_CACHING(blob_id),
		.placement = VGPU_BLOB_ID_PLACEMENT(blob_id),
		.fault_mode = VGPU_BLOB_ID_FAULT(blob_id),
	};
	int ret;

	if (drm_fd < 0)
		return -ENODEV;
	if (want.caching >= MOCKGPU_CACHING_COUNT)
		return -EINVAL;
	ret = mockgpu_bo_make(drm_fd, &want, &blob->bo);
	if (ret)
		return ret;
	blob->dmabuf = true;
	if (drmPrimeHandleToFD(drm_fd, blob->bo.handle, DRM_CLOEXEC | DRM_RDWR,
			       &blob->fd))
		return -errno;
	return 0;
}

static int exporter_make(struct vgpu_blob *blob, int (*make)(size_t size))
{
	blob->fd = make(blob->size);
	/* If the kernel lacks the exporter, the guest cannot have such a resource. */
	if (blob->fd < 0)
		return blob->fd == -ENOENT ? -ENODEV : blob->fd;
	blob->dmabuf = true;
	return 0;
}

static int blob_make(struct vgpu_blob *blob, int drm_fd, uint64_t blob_id)
{
	if (blob_id >> VGPU_BLOB_ID_BITS)
		return -EINVAL;
	switch (blob_id) {
	case VGPU_BLOB_ID_MEMFD:
		return memfd_make(blob);
	case VGPU_BLOB_ID_UDMABUF:
		return exporter_make(blob, exporter_udmabuf);
	case VGPU_BLOB_ID_HEAP:
		return exporter_make(blob, exporter_heap);
	}
	if (VGPU_BLOB_ID_SOURCE(blob_id) == VGPU_SOURCE_MOCKGPU)
		return mockgpu_make(blob, drm_fd, blob_id);
	return -EINVAL;
}

int vgpu_blob_create(struct vgpu_blob **blob, int drm_fd, uint64_t blob_id,
		     uint64_t size)
{
	struct vgpu_blob *new;
	int ret;

	if (!size || size % getpagesize() || size > SSIZE_MAX)
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->size = size;
	new->fd = -1;
	ret = blob_make(new, drm_fd, blob_id);
	if (ret) {
		vgpu_blob_destroy(new);
		return ret;
	}
	*blob = new;
	return 0;
}

void vgpu_blob_destroy(struct vgpu_blob *blob)
{
	if (!blob)
		return;
	if (blob->resource)
		vgpu_virgl_release(blob->resource);
	if (blob->access)
		munmap(blob->access, blob->size);
	if (blob->fd >= 0)
		close(blob->fd);
	mockgpu_bo_destroy(&blob->bo);
	free(blob);
}

int vgpu_blob_fd(const struct vgpu_blob *blob)
{
	return blob->fd;
}

uint64_t vgpu_blob_size(const struct vgpu_blob *blob)
{
	return blob->size;
}

int vgpu_blob_map_info(const struct vgpu_blob *blob, uint32_t *map_info)
{
	static const uint32_t map_infos[MOCKGPU_CACHING_COUNT] = {
		[MOCKGPU_CACHING_CACHED] = VIRTIO_GPU_MAP_CACHE_CACHED,
		[MOCKGPU_CACHING_WC] = VIRTIO_GPU_MAP_CACHE_WC,
		[MOCKGPU_CACHING_UC] = VIRTIO_GPU_MAP_CACHE_UNCACHED,
	};
	struct drm_mockgpu_bo_query query;
	int ret;

	/* All other sources are mapped with the kernel's default memory type. */
	*map_info = VIRTIO_GPU_MAP_CACHE_CACHED;
	if (!blob->bo.handle)
		return 0;
	ret = mockgpu_bo_query(&blob->bo, &query);
	if (ret)
		return ret;
	if (query.entry_caching >= MOCKGPU_CACHING_COUNT)
		return -EPROTO;
	*map_info = map_infos[query.entry_caching];
	return 0;
}

struct mockgpu_bo *vgpu_blob_bo(struct vgpu_blob *blob)
{
	return blob->bo.handle ? &blob->bo : NULL;
}

static void *fd_map(const struct vgpu_blob *blob, void *at)
{
	void *map = mmap(at, blob->size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | (at ? MAP_FIXED : 0), blob->fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

void *vgpu_blob_access(struct vgpu_blob *blob)
{
	if (!blob->access)
		blob->access = fd_map(blob, NULL);
	return blob->access;
}

static int virgl_map(struct vgpu_blob *blob, void *at, void **map)
{
	int ret;

	if (!blob->resource) {
		ret = vgpu_virgl_import(&blob->resource, blob->fd, blob->dmabuf,
					blob->size);
		if (ret)
			return ret;
	}
	if (!at)
		return vgpu_virgl_map(blob->resource, map);
	ret = vgpu_virgl_map_fixed(blob->resource, at);
	if (!ret)
		*map = at;
	return ret;
}

int vgpu_blob_map(struct vgpu_blob *blob, enum vgpu_map_method method, void *at)
{
	void *map = NULL;
	int ret = 0;

	if (blob->map)
		return -EBUSY;
	if (method == VGPU_MAP_BY_VIRGL) {
		ret = virgl_map(blob, at, &map);
	} else {
		map = fd_map(blob, at);
		if (!map)
			ret = -errno;
	}
	if (ret)
		return ret;
	blob->map = map;
	blob->fixed = at;
	blob->by_virgl = method == VGPU_MAP_BY_VIRGL;
	return 0;
}

void *vgpu_blob_mapped(const struct vgpu_blob *blob)
{
	return blob->map;
}

/* In one step, so nothing else can take the range in between. */
static int hide(void *map, size_t size)
{
	if (mmap(map, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
	    MAP_FAILED)
		return -errno;
	return 0;
}

int vgpu_blob_unmap(struct vgpu_blob *blob)
{
	int ret;

	if (!blob->map)
		return 0;
	if (blob->fixed)
		ret = hide(blob->map, blob->size);
	else if (blob->by_virgl)
		ret = vgpu_virgl_unmap(blob->resource);
	else
		ret = munmap(blob->map, blob->size) ? -errno : 0;
	if (!ret)
		blob->map = NULL;
	return ret;
}
