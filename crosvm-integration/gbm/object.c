// SPDX-License-Identifier: MIT
/* GBM's objects over core.h, see object.h. */

#include <errno.h>
#include <stdlib.h>

#include <drm_fourcc.h>

#include "object.h"

static struct core_device *device_of(struct gbm_device *gbm)
{
	return &((struct object_device *)gbm)->core;
}

static struct surface_queue *queue_of(struct gbm_surface *surface)
{
	return &((struct object_surface *)surface)->queue;
}

const struct core_image *object_bo_image(struct gbm_bo *bo)
{
	return &((struct object_bo *)bo)->image;
}

struct object_device *object_device_create(int fd, uint32_t usage)
{
	struct object_device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	if (core_failed(core_device_init(&device->core, fd, usage))) {
		free(device);
		return NULL;
	}
	device->base.v0.fd = fd;
	return device;
}

void object_device_destroy(struct gbm_device *gbm)
{
	core_device_fini(device_of(gbm));
	free(gbm);
}

int object_format_supported(struct gbm_device *gbm, uint32_t format, uint32_t usage)
{
	return core_format_supported(device_of(gbm), format, usage);
}

int object_modifier_planes(struct gbm_device *gbm, uint32_t format, uint64_t modifier)
{
	int planes = core_modifier_planes(format, modifier);

	return core_failed(planes) ? -1 : planes;
}

/* Create the buffer object of an image, which then owns the image. */
static struct gbm_bo *bo_new(struct gbm_device *gbm, struct core_image *image)
{
	struct gbm_bo *bo = calloc(1, sizeof(struct object_bo));

	if (!bo) {
		core_image_destroy(image);
		core_failed(-ENOMEM);
		return NULL;
	}
	((struct object_bo *)bo)->image = *image;
	bo->gbm = gbm;
	bo->v0.width = image->layout.width;
	bo->v0.height = image->layout.height;
	bo->v0.stride = image->layout.plane[0].stride;
	bo->v0.format = image->layout.format;
	bo->v0.handle = core_image_handle(image, 0);
	return bo;
}

struct gbm_bo *object_bo_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
				uint32_t format, uint32_t usage, const uint64_t *modifiers,
				const unsigned int count)
{
	struct core_image image;

	if (core_failed(core_plan(device_of(gbm), width, height, format, usage, modifiers,
				  count, &image)) ||
	    core_failed(core_image_create(&image)))
		return NULL;
	return bo_new(gbm, &image);
}

struct gbm_bo *object_bo_import(struct gbm_device *gbm, uint32_t type, void *buffer,
				uint32_t usage)
{
	struct core_image image;

	if (core_failed(core_image_import(device_of(gbm), type, buffer, usage, &image)))
		return NULL;
	return bo_new(gbm, &image);
}

void object_bo_destroy(struct gbm_bo *bo)
{
	core_image_destroy(object_bo_image(bo));
	free(bo);
}

void object_bo_end(struct gbm_bo *bo)
{
	if (bo->v0.destroy_user_data)
		bo->v0.destroy_user_data(bo, bo->v0.user_data);
	object_bo_destroy(bo);
}

void *object_bo_map_plane(struct gbm_bo *bo, int plane, const struct core_rect *rect,
			  uint32_t flags, uint32_t *stride, void **map_data)
{
	void *pixel;

	if (core_failed(core_image_map(object_bo_image(bo), plane, rect, flags, stride,
				       map_data, &pixel)))
		return NULL;
	return pixel;
}

void *object_bo_map(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width,
		    uint32_t height, uint32_t flags, uint32_t *stride, void **map_data)
{
	const struct core_rect rect = { x, y, width, height };

	return object_bo_map_plane(bo, 0, &rect, flags, stride, map_data);
}

void object_bo_unmap(struct gbm_bo *bo, void *map_data)
{
	core_unmap(map_data);
}

int object_bo_write(struct gbm_bo *bo, const void *buf, size_t size)
{
	return core_failed(core_image_write(object_bo_image(bo), buf, size)) ? -1 : 0;
}

int object_bo_plane_fd(struct gbm_bo *bo, int plane)
{
	int fd = core_image_export(object_bo_image(bo), plane);

	return core_failed(fd) ? -1 : fd;
}

int object_bo_fd(struct gbm_bo *bo)
{
	return object_bo_plane_fd(bo, 0);
}

int object_bo_planes(struct gbm_bo *bo)
{
	return object_bo_image(bo)->layout.planes;
}

union gbm_bo_handle object_bo_handle(struct gbm_bo *bo, int plane)
{
	return core_image_handle(object_bo_image(bo), plane);
}

uint32_t object_bo_stride(struct gbm_bo *bo, int plane)
{
	const struct image_plane *of = core_image_plane(object_bo_image(bo), plane);

	return of ? of->stride : 0;
}

uint32_t object_bo_offset(struct gbm_bo *bo, int plane)
{
	const struct image_plane *of = core_image_plane(object_bo_image(bo), plane);

	return of ? of->offset : 0;
}

uint64_t object_bo_modifier(struct gbm_bo *bo)
{
	return DRM_FORMAT_MOD_LINEAR;
}

struct gbm_surface *object_surface_create(struct gbm_device *gbm, uint32_t width,
					  uint32_t height, uint32_t format, uint32_t flags,
					  const uint64_t *modifiers, const unsigned int count)
{
	struct gbm_surface *surface;
	struct core_image plan;

	if (core_failed(core_plan(device_of(gbm), width, height, format, flags, modifiers,
				  count, &plan)))
		return NULL;
	surface = calloc(1, sizeof(struct object_surface));
	if (!surface)
		return NULL;
	surface->gbm = gbm;
	surface->v0.width = width;
	surface->v0.height = height;
	surface->v0.format = plan.layout.format;
	surface->v0.flags = flags;
	return surface;
}

void object_surface_destroy(struct gbm_surface *surface)
{
	unsigned int i;

	for (i = 0; i < SURFACE_BUFFERS; i++)
		if (queue_of(surface)->bo[i])
			object_bo_end(queue_of(surface)->bo[i]);
	free(surface);
}

struct gbm_bo *object_surface_lock(struct gbm_surface *surface)
{
	struct surface_queue *queue = queue_of(surface);
	int index = surface_queue_lock(queue);

	if (core_failed(index))
		return NULL;
	if (!queue->bo[index])
		queue->bo[index] = object_bo_create(surface->gbm, surface->v0.width,
						    surface->v0.height, surface->v0.format,
						    surface->v0.flags, NULL, 0);
	if (!queue->bo[index])
		queue->locked[index] = false;
	return queue->bo[index];
}

void object_surface_release(struct gbm_surface *surface, struct gbm_bo *bo)
{
	surface_queue_release(queue_of(surface), bo);
}

int object_surface_has_free(struct gbm_surface *surface)
{
	return surface_queue_has_free(queue_of(surface));
}
