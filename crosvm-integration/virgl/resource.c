// SPDX-License-Identifier: MIT
/* The VMM's resources: blobs, which are the device's, and images. */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "image.h"
#include "mockgpu.h"
#include "renderer.h"

int virgl_renderer_resource_create(struct virgl_renderer_resource_create_args *args,
				   struct iovec *iov, uint32_t num_iovs)
{
	struct resource *resource;
	int ret;

	if (!renderer.cookie)
		return -ENODEV;
	resource = resource_add(args->handle);
	if (!resource)
		return -errno;
	ret = image_create(&resource->image, args);
	if (ret) {
		resource_remove(resource);
		return ret;
	}
	resource->iov = iov;
	resource->iovs = num_iovs;
	return 0;
}

/* The pages of a GUEST blob as the device's command has them: its addresses are ours. */
static struct virtio_gpu_mem_entry *entries_of(const struct iovec *iov, unsigned int count)
{
	struct virtio_gpu_mem_entry *entries = calloc(count ? count : 1, sizeof(*entries));
	unsigned int i;

	for (i = 0; entries && i < count; i++) {
		if (iov[i].iov_len > UINT32_MAX) {
			free(entries);
			errno = EINVAL;
			return NULL;
		}
		entries[i].addr = htole64((uintptr_t)iov[i].iov_base);
		entries[i].length = htole32(iov[i].iov_len);
	}
	return entries;
}

static int blob_create(const struct virgl_renderer_resource_create_blob_args *args)
{
	const struct virtio_gpu_resource_create_blob command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB),
		.hdr.ctx_id = htole32(args->ctx_id),
		.resource_id = htole32(args->res_handle),
		.blob_mem = htole32(args->blob_mem),
		.blob_flags = htole32(args->blob_flags),
		.nr_entries = htole32(args->num_iovs),
		.blob_id = htole64(args->blob_id),
		.size = htole64(args->size),
	};
	struct virtio_gpu_mem_entry *entries = entries_of(args->iovecs, args->num_iovs);
	int ret;

	if (!entries)
		return -errno;
	ret = queue_run(&renderer.queue, &command, sizeof(command), entries,
			args->num_iovs * sizeof(*entries));
	free(entries);
	return ret;
}

int virgl_renderer_resource_create_blob(const struct virgl_renderer_resource_create_blob_args *args)
{
	struct resource *resource;
	int ret;

	if (!renderer.cookie)
		return -ENODEV;
	resource = resource_add(args->res_handle);
	if (!resource)
		return -errno;
	ret = blob_create(args);
	if (ret) {
		resource_remove(resource);
		return ret;
	}
	resource->iov = args->iovecs;
	resource->iovs = args->num_iovs;
	return 0;
}

void virgl_renderer_resource_unref(uint32_t res_handle)
{
	const struct virtio_gpu_resource_unref command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_RESOURCE_UNREF),
		.resource_id = htole32(res_handle),
	};
	struct resource *resource = resource_find(res_handle);
	bool blob = resource && !resource->image;

	if (!resource)
		return;
	resource_remove(resource);
	if (blob)
		queue_run(&renderer.queue, &command, sizeof(command), NULL, 0);
}

int virgl_renderer_resource_attach_iov(int res_handle, struct iovec *iov, int num_iovs)
{
	struct resource *resource = resource_find(res_handle);

	if (!resource || num_iovs < 0)
		return -EINVAL;
	if (resource->iov || !resource->image)
		return -EBUSY;
	resource->iov = iov;
	resource->iovs = num_iovs;
	return 0;
}

/* The VMM frees the array. */
void virgl_renderer_resource_detach_iov(int res_handle, struct iovec **iov, int *num_iovs)
{
	struct resource *resource = resource_find(res_handle);

	if (iov)
		*iov = resource ? (struct iovec *)resource->iov : NULL;
	if (num_iovs)
		*num_iovs = resource ? resource->iovs : 0;
	if (!resource)
		return;
	resource->iov = NULL;
	resource->iovs = 0;
}

int virgl_renderer_resource_map(uint32_t res_handle, void **map, uint64_t *out_size)
{
	struct resource *resource = resource_find(res_handle);
	struct vgpu_blob *blob = resource_blob(resource);
	int ret;

	if (!blob || resource->mapped)
		return -EINVAL;
	ret = vgpu_blob_map(blob, VGPU_MAP_BY_MMAP, NULL);
	if (ret)
		return ret;
	resource->mapped = true;
	*map = vgpu_blob_mapped(blob);
	*out_size = vgpu_blob_size(blob);
	return 0;
}

/* As virglrenderer 1.3 has it. The VMM unmaps it, by a mapping of its own. */
VIRGL_EXPORT int virgl_renderer_resource_map_fixed(uint32_t res_handle, void *addr);

int virgl_renderer_resource_map_fixed(uint32_t res_handle, void *addr)
{
	const struct vgpu_blob *blob = resource_blob(resource_find(res_handle));

	if (!blob || !addr)
		return -EINVAL;
	if (mmap(addr, vgpu_blob_size(blob), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 vgpu_blob_fd(blob), 0) == MAP_FAILED)
		return -errno;
	return 0;
}

int virgl_renderer_resource_unmap(uint32_t res_handle)
{
	struct resource *resource = resource_find(res_handle);
	int ret;

	if (!resource || !resource->mapped)
		return -EINVAL;
	ret = vgpu_blob_unmap(resource_blob(resource));
	if (!ret)
		resource->mapped = false;
	return ret;
}

int virgl_renderer_resource_get_map_info(uint32_t res_handle, uint32_t *map_info)
{
	const struct vgpu_blob *blob = resource_blob(resource_find(res_handle));

	/* VIRGL_RENDERER_MAP_CACHE_* are VIRTIO_GPU_MAP_CACHE_*. */
	return blob ? vgpu_blob_map_info(blob, map_info) : -EINVAL;
}

int virgl_renderer_resource_export_blob(uint32_t res_id, uint32_t *fd_type, int *fd)
{
	struct vgpu_blob *blob = resource_blob(resource_find(res_id));

	if (!blob)
		return -EINVAL;
	*fd = fcntl(vgpu_blob_fd(blob), F_DUPFD_CLOEXEC, 0);
	*fd_type = vgpu_blob_bo(blob) ? VIRGL_RENDERER_BLOB_FD_TYPE_DMABUF :
					VIRGL_RENDERER_BLOB_FD_TYPE_SHM;
	return *fd < 0 ? -errno : 0;
}

/* There is no texture: a display of such a resource stays blank. */
static int info_of(int res_handle, struct virgl_renderer_resource_info *info)
{
	const struct resource *resource = resource_find(res_handle);
	struct vgpu_blob *blob = resource_blob(resource);

	if (!resource)
		return -EINVAL;
	*info = (struct virgl_renderer_resource_info){ .handle = res_handle, .fd = -1 };
	if (resource->image)
		image_info(resource->image, info);
	/* The library keeps the descriptor. */
	if (blob && vgpu_blob_bo(blob))
		info->fd = vgpu_blob_fd(blob);
	return 0;
}

int virgl_renderer_resource_get_info(int res_handle, struct virgl_renderer_resource_info *info)
{
	return info_of(res_handle, info);
}

int virgl_renderer_resource_get_info_ext(int res_handle,
					 struct virgl_renderer_resource_info_ext *info)
{
	*info = (struct virgl_renderer_resource_info_ext){
		.version = VIRGL_RENDERER_RESOURCE_INFO_EXT_VERSION,
	};
	return info_of(res_handle, &info->base);
}

void virgl_renderer_resource_set_priv(uint32_t res_handle, void *priv)
{
	struct resource *resource = resource_find(res_handle);

	if (resource)
		resource->priv = priv;
}

void *virgl_renderer_resource_get_priv(uint32_t res_handle)
{
	const struct resource *resource = resource_find(res_handle);

	return resource ? resource->priv : NULL;
}

int virgl_renderer_transfer_write_iov(uint32_t handle, uint32_t ctx_id, int level, uint32_t stride,
				      uint32_t layer_stride, struct virgl_box *box, uint64_t offset,
				      struct iovec *iovec, unsigned int iovec_cnt)
{
	const struct resource *resource = resource_find(handle);

	(void)ctx_id;
	(void)layer_stride;
	if (!resource || !resource->image || level)
		return -EINVAL;
	if (!iovec) {
		iovec = (struct iovec *)resource->iov;
		iovec_cnt = resource->iovs;
	}
	return image_transfer(resource->image, (const struct image_box *)box, stride, offset, iovec,
			      iovec_cnt, true);
}

int virgl_renderer_transfer_read_iov(uint32_t handle, uint32_t ctx_id, uint32_t level,
				     uint32_t stride, uint32_t layer_stride, struct virgl_box *box,
				     uint64_t offset, struct iovec *iov, int iovec_cnt)
{
	const struct resource *resource = resource_find(handle);

	(void)ctx_id;
	(void)layer_stride;
	if (!resource || !resource->image || level)
		return -EINVAL;
	if (!iov) {
		iov = (struct iovec *)resource->iov;
		iovec_cnt = resource->iovs;
	}
	return image_transfer(resource->image, (const struct image_box *)box, stride, offset, iov,
			      iovec_cnt, false);
}

void *virgl_renderer_get_cursor_data(uint32_t resource_id, uint32_t *width, uint32_t *height)
{
	const struct resource *resource = resource_find(resource_id);

	return resource && resource->image ? image_copy(resource->image, width, height) : NULL;
}
