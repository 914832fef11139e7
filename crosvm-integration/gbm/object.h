/* SPDX-License-Identifier: MIT */
/*
 * GBM's objects over core.h. The functions have the signatures that gbm_backend_abi.h
 * gives to those of a backend, and do what gbm.h documents for the public function of that
 * name; they set errno when they return NULL or -1. The caller must make the checks that
 * Mesa's libgbm makes before it calls its backend.
 */
#ifndef MOCKGPU_GBM_OBJECT_H
#define MOCKGPU_GBM_OBJECT_H

#include "abi.h"
#include "core.h"
#include "surface.h"

/* Each begins with the part that libgbm knows. */
struct object_device {
	struct gbm_device base;
	struct core_device core;
};

struct object_bo {
	struct gbm_bo base;
	struct core_image image;
};

struct object_surface {
	struct gbm_surface base;
	struct surface_queue queue;
};

/**
 * object_device_create() - create a device
 * @fd: as for core_device_init()
 * @usage: as for core_device_init()
 *
 * Return: the device, with all of @base but the fd zeroed; NULL with errno.
 */
struct object_device *object_device_create(int fd, uint32_t usage);

void object_device_destroy(struct gbm_device *gbm);
int object_format_supported(struct gbm_device *gbm, uint32_t format, uint32_t usage);
int object_modifier_planes(struct gbm_device *gbm, uint32_t format, uint64_t modifier);

struct gbm_bo *object_bo_create(struct gbm_device *gbm, uint32_t width, uint32_t height,
				uint32_t format, uint32_t usage, const uint64_t *modifiers,
				const unsigned int count);
struct gbm_bo *object_bo_import(struct gbm_device *gbm, uint32_t type, void *buffer,
				uint32_t usage);
void object_bo_destroy(struct gbm_bo *bo);

/**
 * object_bo_end() - call the destructor of the user data, then destroy the object
 * @bo: the buffer object
 */
void object_bo_end(struct gbm_bo *bo);

/**
 * object_bo_image() - get the image of a buffer object
 * @bo: the buffer object
 *
 * Return: the image, which is valid as long as @bo.
 */
const struct core_image *object_bo_image(struct gbm_bo *bo);

/**
 * object_bo_map_plane() - gbm_bo_map() of any plane
 * @bo: the buffer object
 * @plane: as for core_image_map()
 * @rect: as for core_image_map()
 * @flags: as for core_image_map()
 * @stride: as for core_image_map()
 * @map_data: as for core_image_map()
 *
 * Return: the first pixel of @rect; NULL with errno.
 */
void *object_bo_map_plane(struct gbm_bo *bo, int plane, const struct core_rect *rect,
			  uint32_t flags, uint32_t *stride, void **map_data);

void *object_bo_map(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width,
		    uint32_t height, uint32_t flags, uint32_t *stride, void **map_data);
void object_bo_unmap(struct gbm_bo *bo, void *map_data);
int object_bo_write(struct gbm_bo *bo, const void *buf, size_t size);
int object_bo_fd(struct gbm_bo *bo);
int object_bo_plane_fd(struct gbm_bo *bo, int plane);
int object_bo_planes(struct gbm_bo *bo);
union gbm_bo_handle object_bo_handle(struct gbm_bo *bo, int plane);
uint32_t object_bo_stride(struct gbm_bo *bo, int plane);
uint32_t object_bo_offset(struct gbm_bo *bo, int plane);
uint64_t object_bo_modifier(struct gbm_bo *bo);

struct gbm_surface *object_surface_create(struct gbm_device *gbm, uint32_t width,
					  uint32_t height, uint32_t format, uint32_t flags,
					  const uint64_t *modifiers, const unsigned int count);
void object_surface_destroy(struct gbm_surface *surface);
struct gbm_bo *object_surface_lock(struct gbm_surface *surface);
void object_surface_release(struct gbm_surface *surface, struct gbm_bo *bo);
int object_surface_has_free(struct gbm_surface *surface);

#endif /* MOCKGPU_GBM_OBJECT_H */
