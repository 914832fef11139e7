// SPDX-License-Identifier: MIT
/*
 * Our own libgbm.so.1: the functions of gbm.h over mockgpu's buffers, for programs that
 * are linked to minigbm (minigbm.c) or to Mesa's libgbm. It checks the same things as
 * Mesa's libgbm, with the same errors.
 */

#include <errno.h>
#include <sys/stat.h>

#include "minigbm.h"
#include "object.h"

static void *invalid(void)
{
	errno = EINVAL;
	return NULL;
}

struct gbm_device *gbm_create_device(int fd)
{
	struct object_device *device;
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) || !S_ISCHR(stat.st_mode))
		return invalid();
	device = object_device_create(fd, MINIGBM_USAGE);
	return device ? &device->base : NULL;
}

void gbm_device_destroy(struct gbm_device *gbm)
{
	object_device_destroy(gbm);
}

int gbm_device_get_fd(struct gbm_device *gbm)
{
	return gbm->v0.fd;
}

const char *gbm_device_get_backend_name(struct gbm_device *gbm)
{
	return CORE_NAME;
}

int gbm_device_is_format_supported(struct gbm_device *gbm, uint32_t format, uint32_t flags)
{
	return object_format_supported(gbm, format, flags);
}

int gbm_device_get_format_modifier_plane_count(struct gbm_device *gbm, uint32_t format,
					       uint64_t modifier)
{
	return object_modifier_planes(gbm, format, modifier);
}

struct gbm_bo *gbm_bo_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
			     uint32_t format, uint32_t flags)
{
	return object_bo_create(gbm, width, height, format, flags, NULL, 0);
}

struct gbm_bo *gbm_bo_create_with_modifiers2(struct gbm_device *gbm, uint32_t width,
					     uint32_t height, uint32_t format,
					     const uint64_t *modifiers,
					     const unsigned int count, uint32_t flags)
{
	if (!modifiers != !count)
		return invalid();
	return object_bo_create(gbm, width, height, format, flags, modifiers, count);
}

struct gbm_bo *gbm_bo_create_with_modifiers(struct gbm_device *gbm, uint32_t width,
					    uint32_t height, uint32_t format,
					    const uint64_t *modifiers,
					    const unsigned int count)
{
	return gbm_bo_create_with_modifiers2(gbm, width, height, format, modifiers, count, 0);
}

struct gbm_bo *gbm_bo_import(struct gbm_device *gbm, uint32_t type, void *buffer, uint32_t flags)
{
	return object_bo_import(gbm, type, buffer, flags);
}

void gbm_bo_destroy(struct gbm_bo *bo)
{
	object_bo_end(bo);
}

void *gbm_bo_map(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
		 uint32_t flags, uint32_t *stride, void **map_data)
{
	return gbm_bo_map2(bo, x, y, width, height, flags, stride, map_data, 0);
}

void gbm_bo_unmap(struct gbm_bo *bo, void *map_data)
{
	object_bo_unmap(bo, map_data);
}

int gbm_bo_write(struct gbm_bo *bo, const void *buf, size_t count)
{
	return object_bo_write(bo, buf, count);
}

uint32_t gbm_bo_get_width(struct gbm_bo *bo)
{
	return bo->v0.width;
}

uint32_t gbm_bo_get_height(struct gbm_bo *bo)
{
	return bo->v0.height;
}

uint32_t gbm_bo_get_stride(struct gbm_bo *bo)
{
	return bo->v0.stride;
}

uint32_t gbm_bo_get_stride_for_plane(struct gbm_bo *bo, int plane)
{
	return object_bo_stride(bo, plane);
}

uint32_t gbm_bo_get_offset(struct gbm_bo *bo, int plane)
{
	return object_bo_offset(bo, plane);
}

uint32_t gbm_bo_get_format(struct gbm_bo *bo)
{
	return bo->v0.format;
}

/* Bits per pixel; 0 if the planes differ, as in Mesa. */
uint32_t gbm_bo_get_bpp(struct gbm_bo *bo)
{
	const struct image_layout *layout = &object_bo_image(bo)->layout;

	return layout->planes == 1 ? layout->plane[0].cpp * 8 : 0;
}

uint64_t gbm_bo_get_modifier(struct gbm_bo *bo)
{
	return object_bo_modifier(bo);
}

int gbm_bo_get_plane_count(struct gbm_bo *bo)
{
	return object_bo_planes(bo);
}

struct gbm_device *gbm_bo_get_device(struct gbm_bo *bo)
{
	return bo->gbm;
}

union gbm_bo_handle gbm_bo_get_handle(struct gbm_bo *bo)
{
	return bo->v0.handle;
}

union gbm_bo_handle gbm_bo_get_handle_for_plane(struct gbm_bo *bo, int plane)
{
	return object_bo_handle(bo, plane);
}

int gbm_bo_get_fd(struct gbm_bo *bo)
{
	return object_bo_fd(bo);
}

int gbm_bo_get_fd_for_plane(struct gbm_bo *bo, int plane)
{
	return object_bo_plane_fd(bo, plane);
}

void gbm_bo_set_user_data(struct gbm_bo *bo, void *data,
			  void (*destroy_user_data)(struct gbm_bo *bo, void *data))
{
	bo->v0.user_data = data;
	bo->v0.destroy_user_data = destroy_user_data;
}

void *gbm_bo_get_user_data(struct gbm_bo *bo)
{
	return bo->v0.user_data;
}

struct gbm_surface *gbm_surface_create(struct gbm_device *gbm, uint32_t width,
				       uint32_t height, uint32_t format, uint32_t flags)
{
	return object_surface_create(gbm, width, height, format, flags, NULL, 0);
}

struct gbm_surface *gbm_surface_create_with_modifiers2(struct gbm_device *gbm,
						       uint32_t width, uint32_t height,
						       uint32_t format,
						       const uint64_t *modifiers,
						       const unsigned int count,
						       uint32_t flags)
{
	if (!modifiers != !count)
		return invalid();
	return object_surface_create(gbm, width, height, format, flags, modifiers, count);
}

struct gbm_surface *gbm_surface_create_with_modifiers(struct gbm_device *gbm,
						      uint32_t width, uint32_t height,
						      uint32_t format,
						      const uint64_t *modifiers,
						      const unsigned int count)
{
	return gbm_surface_create_with_modifiers2(gbm, width, height, format, modifiers,
						  count, 0);
}

void gbm_surface_destroy(struct gbm_surface *surface)
{
	object_surface_destroy(surface);
}

struct gbm_bo *gbm_surface_lock_front_buffer(struct gbm_surface *surface)
{
	return object_surface_lock(surface);
}

void gbm_surface_release_buffer(struct gbm_surface *surface, struct gbm_bo *bo)
{
	object_surface_release(surface, bo);
}

int gbm_surface_has_free_buffers(struct gbm_surface *surface)
{
	return object_surface_has_free(surface);
}

char *gbm_format_get_name(uint32_t gbm_format, struct gbm_format_name_desc *desc)
{
	uint32_t code = core_format(gbm_format);
	unsigned int i;

	for (i = 0; i < 4; i++)
		desc->name[i] = code >> 8 * i;
	desc->name[4] = 0;
	return desc->name;
}
