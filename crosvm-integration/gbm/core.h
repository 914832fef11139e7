/* SPDX-License-Identifier: MIT */
/*
 * Images in mockgpu's buffers: shared by our own libgbm (libgbm.c) and the backend for Mesa's
 * (backend.c). This file knows neither struct gbm_device nor struct gbm_bo, because each libgbm
 * has its own.
 *
 * Functions that return int return 0 or a negative errno unless they say otherwise. Several
 * threads may use a device and its images, but only one at a time may use a single image, surface
 * or mapping.
 */
#ifndef MOCKGPU_GBM_CORE_H
#define MOCKGPU_GBM_CORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <gbm.h>

#include "image/layout.h"
#include "mockgpu_drm.h"

/* Result of gbm_device_get_backend_name(), and the name of the DRM driver. */
#define CORE_NAME "mockgpu"

struct core_handle;

/**
 * struct core_device - a render node
 * @fd: the DRM file, not owned
 * @usage: the GBM_BO_USE_* bits that this libgbm accepts
 * @create: parameters of new buffers
 * @lock: protects @handles
 * @handles: GEM handles in use, with the number of their users: importing a dma-buf again
 *	returns the same handle, and GEM_CLOSE closes it for all users
 */
struct core_device {
	int fd;
	uint32_t usage;
	struct drm_mockgpu_bo_create create;
	pthread_mutex_t lock;
	LIST_HEAD(core_handles, core_handle) handles;
};

/**
 * struct core_image - an image
 * @device: the device
 * @layout: the layout of its pixels; the modifier is always DRM_FORMAT_MOD_LINEAR
 * @handle: GEM handle, which other images may share
 * @size: size of the buffer in bytes
 * @usage: GBM_BO_USE_* that it was created with
 */
struct core_image {
	struct core_device *device;
	struct image_layout layout;
	struct core_handle *handle;
	uint64_t size;
	uint32_t usage;
};

/**
 * struct core_rect - a part of an image, in pixels
 * @x: from the left edge
 * @y: from the top
 * @width: not 0
 * @height: not 0
 */
struct core_rect {
	uint32_t x;
	uint32_t y;
	uint32_t width;
	uint32_t height;
};

/**
 * core_failed() - set errno, as GBM reports errors
 * @err: negative errno, or 0
 *
 * Return: whether @err is an error.
 */
bool core_failed(int err);

/**
 * core_device_init() - use a render node
 * @device: out; on success the caller must call core_device_fini()
 * @fd: the DRM file, which the caller keeps and which must outlive @device. Two
 *	devices on one file do not know each other's handles.
 * @usage: GBM_BO_USE_* bits to accept
 *
 * Return: 0; -ENODEV if it is not mockgpu's; -EINVAL for an invalid setting, see
 * settings.h.
 */
int core_device_init(struct core_device *device, int fd, uint32_t usage);

/**
 * core_device_fini() - undo core_device_init()
 * @device: a device without images
 */
void core_device_fini(struct core_device *device);

/**
 * core_format() - get the DRM fourcc code of a format
 * @format: DRM fourcc code, or one of enum gbm_bo_format, which has numbers of its own
 *	for two of them
 *
 * Return: the code.
 */
uint32_t core_format(uint32_t format);

/**
 * core_format_supported() - gbm_device_is_format_supported()
 * @device: the device
 * @format: as for core_format()
 * @usage: GBM_BO_USE_*
 *
 * Return: whether such an image can be created.
 */
bool core_format_supported(const struct core_device *device, uint32_t format, uint32_t usage);

/**
 * core_modifier_planes() - gbm_device_get_format_modifier_plane_count()
 * @format: as for core_format()
 * @modifier: only DRM_FORMAT_MOD_LINEAR is known
 *
 * Return: 1 to 3; -EINVAL.
 */
int core_modifier_planes(uint32_t format, uint64_t modifier);

/**
 * core_plan() - plan an image, if it can be created
 * @device: the device
 * @width: as for image_layout_init()
 * @height: as for image_layout_init()
 * @format: as for core_format()
 * @usage: GBM_BO_USE_*
 * @modifiers: allowed modifiers, with DRM_FORMAT_MOD_LINEAR among them, or
 *	DRM_FORMAT_MOD_INVALID, which leaves the choice to us
 * @count: number of @modifiers; 0: any is allowed
 * @image: out: the image, without a buffer
 *
 * Return: 0; -EINVAL.
 */
int core_plan(struct core_device *device, uint32_t width, uint32_t height, uint32_t format,
	      uint32_t usage, const uint64_t *modifiers, unsigned int count,
	      struct core_image *image);

/**
 * core_image_create() - give a planned image its buffer
 * @image: from core_plan()
 *
 * The buffer is zeroed.
 *
 * Return: 0; the driver's errors.
 */
int core_image_create(struct core_image *image);

/**
 * core_image_import() - gbm_bo_import()
 * @device: the device
 * @type: GBM_BO_IMPORT_FD or GBM_BO_IMPORT_FD_MODIFIER, also by minigbm's number
 * @buffer: the structure for @type; all planes must lie in one buffer. The caller
 *	keeps the file descriptors.
 * @usage: GBM_BO_USE_*
 * @image: out
 *
 * Return: 0; -EINVAL for an invalid @buffer or @usage; -ENOSYS for another @type;
 * the driver's errors.
 */
int core_image_import(struct core_device *device, uint32_t type, const void *buffer,
		      uint32_t usage, struct core_image *image);

/**
 * core_image_destroy() - undo core_image_create() or _import()
 * @image: the image; its dma-bufs and mappings stay valid
 */
void core_image_destroy(const struct core_image *image);

/**
 * core_image_export() - export an image as a dma-buf
 * @image: the image
 * @plane: the plane; all planes are in one buffer
 *
 * Return: a new file descriptor, readable and writable, close-on-exec; -EINVAL
 * for a plane that does not exist; the driver's errors.
 */
int core_image_export(const struct core_image *image, int plane);

/**
 * core_image_map() - gbm_bo_map()
 * @image: the image
 * @plane: the plane
 * @rect: the part to use, in pixels of the image even if the plane is
 *	subsampled
 * @flags: GBM_BO_TRANSFER_READ, _WRITE or both
 * @stride: out: bytes from row to row
 * @mapping: out: for core_unmap()
 * @pixel: out: the first pixel of @rect
 *
 * Maps the buffer itself: there is no copy to be written back.
 *
 * Return: 0; -EINVAL for an invalid plane, part or flag; the driver's errors.
 */
int core_image_map(const struct core_image *image, int plane, const struct core_rect *rect,
		   uint32_t flags, uint32_t *stride, void **mapping, void **pixel);

/**
 * core_unmap() - gbm_bo_unmap()
 * @mapping: from core_image_map(), or NULL
 */
void core_unmap(void *mapping);

/**
 * core_image_write() - gbm_bo_write()
 * @image: an image that was created with GBM_BO_USE_WRITE
 * @data: bytes for the start of its buffer, with the strides of the image
 * @size: their number
 *
 * Return: 0; -EINVAL without that bit, or for more bytes than the image has; the
 * driver's errors.
 */
int core_image_write(const struct core_image *image, const void *data, size_t size);

/**
 * core_image_plane() - get a plane
 * @image: the image
 * @plane: number of the plane
 *
 * Return: the plane; NULL if it does not exist.
 */
const struct image_plane *core_image_plane(const struct core_image *image, int plane);

/**
 * core_image_handle() - gbm_bo_get_handle_for_plane()
 * @image: the image
 * @plane: number of the plane
 *
 * Return: the GEM handle; .s32 is -1 and errno EINVAL if there is no such plane.
 */
union gbm_bo_handle core_image_handle(const struct core_image *image, int plane);

/**
 * core_image_is_cached() - tell whether the CPU's mappings are write-back
 * @image: the image
 *
 * Return: whether the driver says so. VRAM is write-combined on x86, and system memory
 * may be.
 */
bool core_image_is_cached(const struct core_image *image);

#endif /* MOCKGPU_GBM_CORE_H */
