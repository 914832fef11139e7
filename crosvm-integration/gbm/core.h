/* SPDX-License-Identifier: MIT */
/*
 * Images in mockgpu's buffers: what the libgbm of our own (libgbm.c) and the
 * backend for Mesa's (backend.c) have in common. Neither struct gbm_device nor
 * struct gbm_bo is known here, since each has its own.
 *
 * Functions that return int give 0 or a negative errno unless they say otherwise.
 * A device and its images may be used by several threads; one image, surface or
 * mapping by one at a time.
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

/* gbm_device_get_backend_name(), and the DRM driver's name. */
#define CORE_NAME "mockgpu"

struct core_handle;

/**
 * struct core_device - a render node
 * @fd: the DRM file, not owned
 * @usage: the GBM_BO_USE_* bits that mean something to this libgbm
 * @create: what kind of buffer to make
 * @lock: of @handles
 * @handles: GEM handles in use: importing a dma-buf of the same file gives the
 *	handle it has already, and GEM_CLOSE ends it for all
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
 * @layout: where its pixels lie; everything is DRM_FORMAT_MOD_LINEAR
 * @handle: GEM handle, which other images may have too
 * @size: bytes of the buffer
 * @usage: GBM_BO_USE_* it was made with
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
 * core_failed() - leave an error the way GBM does
 * @err: negative errno, or 0
 *
 * Return: whether it was one; errno is set then.
 */
bool core_failed(int err);

/**
 * core_device_init() - use a render node
 * @device: out, to be ended with core_device_fini() after success
 * @fd: the DRM file, which stays the caller's and must outlive @device. Two
 *	devices on one file do not know of each other's handles.
 * @usage: GBM_BO_USE_* bits to accept
 *
 * Return: 0; -ENODEV where it is not mockgpu's; -EINVAL for a setting that is
 * wrong, see settings.h.
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
 * Return: whether such an image can be made.
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
 * core_plan() - tell whether such an image can be made
 * @device: the device
 * @width: as for image_layout_init()
 * @height: as for image_layout_init()
 * @format: as for core_format()
 * @usage: GBM_BO_USE_*
 * @modifiers: to choose from; there must be DRM_FORMAT_MOD_LINEAR, or
 *	DRM_FORMAT_MOD_INVALID, which lets us choose
 * @count: of @modifiers; 0: any will do
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
 * Its bytes are 0.
 *
 * Return: 0; the driver's errors.
 */
int core_image_create(struct core_image *image);

/**
 * core_image_import() - gbm_bo_import()
 * @device: the device
 * @type: GBM_BO_IMPORT_FD or GBM_BO_IMPORT_FD_MODIFIER, also by minigbm's number
 * @buffer: the structure of that name; all planes must be of one buffer, and
 *	lie in it. The file descriptors stay the caller's.
 * @usage: GBM_BO_USE_*
 * @image: out
 *
 * Return: 0; -EINVAL for what is said above; -ENOSYS for another @type; the
 * driver's errors.
 */
int core_image_import(struct core_device *device, uint32_t type, const void *buffer,
		      uint32_t usage, struct core_image *image);

/**
 * core_image_destroy() - undo core_image_create() or _import()
 * @image: the image; dma-bufs and mappings of it stay
 */
void core_image_destroy(const struct core_image *image);

/**
 * core_image_export() - make a dma-buf of an image, or get the one it has
 * @image: the image
 * @plane: the plane, all are in one buffer
 *
 * Return: a new file descriptor, readable and writable, close-on-exec; -EINVAL
 * for a plane that is none; the driver's errors.
 */
int core_image_export(const struct core_image *image, int plane);

/**
 * core_image_map() - gbm_bo_map()
 * @image: the image
 * @plane: the plane
 * @rect: the part to be used; pixels of the image also where the plane is
 *	subsampled
 * @flags: GBM_BO_TRANSFER_READ, _WRITE or both
 * @stride: out: bytes from row to row
 * @mapping: out: for core_unmap()
 * @pixel: out: the first pixel of @rect
 *
 * It is the buffer itself: no copy, nothing to be written back.
 *
 * Return: 0; -EINVAL for a plane, part or flag that is none; the driver's errors.
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
 * @image: an image made with GBM_BO_USE_WRITE
 * @data: bytes for the beginning of its buffer, strides as in the image
 * @size: how many
 *
 * Return: 0; -EINVAL without that bit, or with more bytes than the image has;
 * the driver's errors.
 */
int core_image_write(const struct core_image *image, const void *data, size_t size);

/**
 * core_image_plane() - look at a plane
 * @image: the image
 * @plane: number of the plane
 *
 * Return: the plane; NULL where there is none.
 */
const struct image_plane *core_image_plane(const struct core_image *image, int plane);

/**
 * core_image_handle() - gbm_bo_get_handle_for_plane()
 * @image: the image
 * @plane: number of the plane
 *
 * Return: the GEM handle; .s32 is -1 and errno EINVAL where there is no such plane.
 */
union gbm_bo_handle core_image_handle(const struct core_image *image, int plane);

/**
 * core_image_is_cached() - tell whether the CPU's mappings are write-back
 * @image: the image
 *
 * Return: so they are, as far as the driver tells: VRAM is write-combined on x86, and
 * so may system memory be.
 */
bool core_image_is_cached(const struct core_image *image);

#endif /* MOCKGPU_GBM_CORE_H */
