// SPDX-License-Identifier: GPL-2.0-only
/* Blob resources: virtio 1.3, 5.7.6.7 and 5.7.6.9. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fault_guard.h"
#include "device.h"

#define BLOB_FLAGS (VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE |		\
		    VIRTIO_GPU_BLOB_FLAG_USE_SHAREABLE |	\
		    VIRTIO_GPU_BLOB_FLAG_USE_CROSS_DEVICE)

struct vgpu_resource *vgpu_resource_find(struct vgpu *dev, uint32_t id)
{
	struct vgpu_resource *resource;

	LIST_FOREACH(resource, &dev->resources, link) {
		if (resource->id == id)
			return resource;
	}
	return NULL;
}

static unsigned int slot_of(const struct vgpu *dev, const struct vgpu_context *ctx)
{
	return ctx - dev->context;
}

struct vgpu_resource *vgpu_resource_find_attached(struct vgpu *dev,
						  const struct vgpu_context *ctx,
						  uint32_t id)
{
	struct vgpu_resource *resource = vgpu_resource_find(dev, id);
	unsigned int slot = slot_of(dev, ctx);

	if (resource && resource->attached[slot / 64] & 1ull << slot % 64)
		return resource;
	return NULL;
}

void vgpu_resource_attach(struct vgpu *dev, struct vgpu_resource *resource,
			  const struct vgpu_context *ctx, bool attach)
{
	unsigned int slot = slot_of(dev, ctx);

	if (attach)
		resource->attached[slot / 64] |= 1ull << slot % 64;
	else
		resource->attached[slot / 64] &= ~(1ull << slot % 64);
}

void vgpu_resources_detach(struct vgpu *dev, const struct vgpu_context *ctx)
{
	struct vgpu_resource *resource;

	LIST_FOREACH(resource, &dev->resources, link)
		vgpu_resource_attach(dev, resource, ctx, false);
}

/* The guest's pages of a GUEST blob; their list follows the command's structure. */
static int guest_init(struct vgpu *dev, struct vgpu_resource *resource,
		      const struct vgpu_request *request, uint32_t entries)
{
	const struct virtio_gpu_resource_create_blob *command = request->data;
	const struct virtio_gpu_mem_entry *raw = (const void *)(command + 1);
	uint64_t total = 0;
	uint32_t i;

	if (!entries || entries > (request->size - sizeof(*command)) / sizeof(*raw))
		return -EINVAL;
	resource->charge = entries * sizeof(*raw);
	if (resource->charge > dev->config.bytes_max - dev->counts.bytes)
		return -ENOMEM;
	resource->entry = calloc(entries, sizeof(*raw));
	if (!resource->entry)
		return -ENOMEM;
	resource->entries = entries;
	for (i = 0; i < entries; i++) {
		resource->entry[i].addr = le64toh(raw[i].addr);
		resource->entry[i].length = le32toh(raw[i].length);
		total += resource->entry[i].length;
		if (!vgpu_mem_has(&dev->mem, resource->entry[i].addr,
				  resource->entry[i].length))
			return -EINVAL;
	}
	return total < resource->size ? -EINVAL : 0;
}

static int host3d_init(struct vgpu *dev, struct vgpu_resource *resource,
		       const struct vgpu_request *request, uint64_t blob_id)
{
	const struct vgpu_context *ctx = request->ctx;
	int ret;

	if (!ctx)
		return -ESRCH;
	ret = ctx->ops->blob_id ? ctx->ops->blob_id(dev, ctx, resource->size, &blob_id) : 0;
	if (ret)
		return ret;
	if (resource->size > dev->config.bytes_max - dev->counts.bytes ||
	    dev->counts.blobs >= dev->config.blobs_max)
		return -ENOMEM;
	resource->charge = resource->size;
	return vgpu_blob_create(&resource->blob, dev->config.drm_fd, blob_id,
				resource->size);
}

static void resource_free(struct vgpu_resource *resource)
{
	vgpu_blob_destroy(resource->blob);
	free(resource->entry);
	free(resource);
}

static int resource_init(struct vgpu *dev, struct vgpu_resource *resource,
			 const struct vgpu_request *request)
{
	const struct virtio_gpu_resource_create_blob *command = request->data;
	uint32_t entries = le32toh(command->nr_entries);

	resource->id = le32toh(command->resource_id);
	resource->flags = le32toh(command->blob_flags);
	resource->size = le64toh(command->size);
	if (!resource->id || vgpu_resource_find(dev, resource->id))
		return -ENOENT;
	if (!resource->size || resource->flags & ~BLOB_FLAGS ||
	    resource->size % vgpu_alignment(dev))
		return -EINVAL;
	switch (le32toh(command->blob_mem)) {
	case VIRTIO_GPU_BLOB_MEM_GUEST:
		return guest_init(dev, resource, request, entries);
	case VIRTIO_GPU_BLOB_MEM_HOST3D:
		if (entries)
			return -EINVAL;
		return host3d_init(dev, resource, request, le64toh(command->blob_id));
	default:
		return -EINVAL;
	}
}

int vgpu_resource_create_blob(struct vgpu *dev, struct vgpu_request *request)
{
	struct vgpu_resource *resource;
	int ret;

	if (dev->counts.resources == VGPU_RESOURCES_MAX)
		return -ENOMEM;
	resource = calloc(1, sizeof(*resource));
	if (!resource)
		return -ENOMEM;
	ret = resource_init(dev, resource, request);
	if (ret) {
		resource_free(resource);
		return ret;
	}
	LIST_INSERT_HEAD(&dev->resources, resource, link);
	dev->counts.resources++;
	dev->counts.blobs += !!resource->blob;
	dev->counts.bytes += resource->charge;
	return 0;
}

/* A blob that cannot be unmapped stays alive: the guest may still access it. */
static int resource_unmap(struct vgpu *dev, struct vgpu_resource *resource)
{
	int ret;

	if (!resource->mapped)
		return 0;
	ret = dev->config.ops->unmap(dev->config.opaque, resource->blob,
				     resource->offset);
	if (ret)
		return ret;
	resource->mapped = false;
	dev->counts.mapped--;
	return 0;
}

static void resource_remove(struct vgpu *dev, struct vgpu_resource *resource)
{
	LIST_REMOVE(resource, link);
	dev->counts.resources--;
	dev->counts.blobs -= !!resource->blob;
	dev->counts.bytes -= resource->charge;
	resource_free(resource);
}

int vgpu_resource_unref(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_resource_unref *command = request->data;
	struct vgpu_resource *resource;
	int ret;

	resource = vgpu_resource_find(dev, le32toh(command->resource_id));
	if (!resource)
		return -ENOENT;
	/* It must stay as long as the guest can access it. */
	ret = resource_unmap(dev, resource);
	if (ret)
		return ret;
	resource_remove(dev, resource);
	return 0;
}

void vgpu_resources_free(struct vgpu *dev)
{
	struct vgpu_resource *resource, *next;

	for (resource = LIST_FIRST(&dev->resources); resource; resource = next) {
		next = LIST_NEXT(resource, link);
		if (resource_unmap(dev, resource))
			dev->counts.mapped--;
		resource_remove(dev, resource);
	}
}

static bool window_is_free(struct vgpu *dev, uint64_t offset, uint64_t size)
{
	const struct vgpu_resource *resource;

	if (offset > dev->config.window || size > dev->config.window - offset)
		return false;
	LIST_FOREACH(resource, &dev->resources, link) {
		if (resource->mapped && offset < resource->offset + resource->size &&
		    resource->offset < offset + size)
			return false;
	}
	return true;
}

int vgpu_resource_map_blob(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_resource_map_blob *command = request->data;
	uint64_t offset = le64toh(command->offset);
	struct vgpu_resource *resource;
	uint32_t map_info;
	int ret;

	resource = vgpu_resource_find(dev, le32toh(command->resource_id));
	if (!resource)
		return -ENOENT;
	if (!resource->blob || resource->mapped ||
	    !(resource->flags & VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE))
		return -EINVAL;
	if (offset % VGPU_MEM_ALIGN || offset % vgpu_alignment(dev) ||
	    !window_is_free(dev, offset, resource->size))
		return -EINVAL;
	ret = vgpu_blob_map_info(resource->blob, &map_info);
	if (!ret)
		ret = dev->config.ops->map(dev->config.opaque, resource->blob, offset);
	if (ret)
		return ret;
	resource->mapped = true;
	resource->offset = offset;
	dev->counts.mapped++;
	request->response.map_info.map_info = htole32(map_info);
	return 0;
}

int vgpu_resource_unmap_blob(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_resource_unmap_blob *command = request->data;
	struct vgpu_resource *resource;

	resource = vgpu_resource_find(dev, le32toh(command->resource_id));
	if (!resource)
		return -ENOENT;
	if (!resource->mapped)
		return -EINVAL;
	return resource_unmap(dev, resource);
}

int vgpu_resource_assign_uuid(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_resource_assign_uuid *command = request->data;
	struct vgpu_resource *resource;

	resource = vgpu_resource_find(dev, le32toh(command->resource_id));
	if (!resource)
		return -ENOENT;
	if (!resource->has_uuid &&
	    getrandom(resource->uuid, sizeof(resource->uuid), 0) !=
	    sizeof(resource->uuid))
		return -EIO;
	resource->has_uuid = true;
	memcpy(request->response.uuid.uuid, resource->uuid, sizeof(resource->uuid));
	return 0;
}

/*
 * Get the piece of a GUEST blob that starts at @offset, within one entry. Offsets mostly
 * increase, so the search starts where the last one ended.
 */
static uint64_t guest_piece(struct vgpu_resource *resource, uint64_t offset,
			    size_t *size)
{
	const struct virtio_gpu_mem_entry *entry;

	if (offset < resource->hint_offset) {
		resource->hint = 0;
		resource->hint_offset = 0;
	}
	entry = &resource->entry[resource->hint];
	while (offset - resource->hint_offset >= entry->length) {
		resource->hint_offset += entry->length;
		resource->hint++;
		entry++;
	}
	offset -= resource->hint_offset;
	if (*size > entry->length - offset)
		*size = entry->length - offset;
	return entry->addr + offset;
}

static bool is_inside(const struct vgpu_resource *resource, uint64_t offset,
		      size_t size)
{
	return offset <= resource->size && size <= resource->size - offset;
}

int vgpu_resource_read(struct vgpu *dev, struct vgpu_resource *resource,
		       uint64_t offset, void *data, size_t size)
{
	if (!is_inside(resource, offset, size))
		return -EINVAL;
	if (resource->blob) {
		const char *access = vgpu_blob_access(resource->blob);

		if (!access)
			return -errno;
		return fault_guard_read(data, access + offset, size);
	}
	while (size) {
		size_t piece = size;
		uint64_t gpa = guest_piece(resource, offset, &piece);

		if (vgpu_mem_read(&dev->mem, gpa, data, piece))
			return -EFAULT;
		offset += piece;
		data = (char *)data + piece;
		size -= piece;
	}
	return 0;
}

int vgpu_resource_write(struct vgpu *dev, struct vgpu_resource *resource,
			uint64_t offset, const void *data, size_t size)
{
	if (!is_inside(resource, offset, size))
		return -EINVAL;
	if (resource->blob) {
		char *access = vgpu_blob_access(resource->blob);

		if (!access)
			return -errno;
		return fault_guard_write(access + offset, data, size);
	}
	while (size) {
		size_t piece = size;
		uint64_t gpa = guest_piece(resource, offset, &piece);

		if (vgpu_mem_write(&dev->mem, gpa, data, piece))
			return -EFAULT;
		offset += piece;
		data = (const char *)data + piece;
		size -= piece;
	}
	return 0;
}
