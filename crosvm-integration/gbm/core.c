// SPDX-License-Identifier: MIT
/* Images in mockgpu's buffers, see core.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>

#include "core.h"
#include "settings.h"

/* minigbm's number for it, which means something else in Mesa. */
#define MINIGBM_IMPORT_FD_MODIFIER 0x5505

struct core_handle {
	LIST_ENTRY(core_handle) link;
	uint32_t handle;
	unsigned int users;
};

/* A mapping, for core_unmap(). */
struct core_mapping {
	void *start;
	size_t size;
};

bool core_failed(int err)
{
	if (err < 0)
		errno = -err;
	return err < 0;
}

static bool is_mockgpu(int fd)
{
	drmVersion *version = drmGetVersion(fd);
	bool is = version && !strcmp(version->name, CORE_NAME);

	drmFreeVersion(version);
	return is;
}

int core_device_init(struct core_device *device, int fd, uint32_t usage)
{
	*device = (struct core_device){ .fd = fd, .usage = usage };
	if (!is_mockgpu(fd))
		return -ENODEV;
	if (settings_read(&device->create))
		return -EINVAL;
	LIST_INIT(&device->handles);
	pthread_mutex_init(&device->lock, NULL);
	return 0;
}

void core_device_fini(struct core_device *device)
{
	pthread_mutex_destroy(&device->lock);
}

uint32_t core_format(uint32_t format)
{
	switch (format) {
	case GBM_BO_FORMAT_XRGB8888:
		return GBM_FORMAT_XRGB8888;
	case GBM_BO_FORMAT_ARGB8888:
		return GBM_FORMAT_ARGB8888;
	default:
		return format;
	}
}

static bool usage_supported(const struct core_device *device, uint32_t usage)
{
	/* Neither Mesa nor minigbm allows a buffer to be both. */
	return !(usage & ~device->usage) &&
	       !((usage & GBM_BO_USE_CURSOR) && (usage & GBM_BO_USE_RENDERING));
}

bool core_format_supported(const struct core_device *device, uint32_t format, uint32_t usage)
{
	return image_format_planes(core_format(format)) && usage_supported(device, usage);
}

int core_modifier_planes(uint32_t format, uint64_t modifier)
{
	unsigned int planes = image_format_planes(core_format(format));

	return planes && modifier == DRM_FORMAT_MOD_LINEAR ? (int)planes : -EINVAL;
}

static bool modifiers_allow_linear(const uint64_t *modifiers, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (modifiers[i] == DRM_FORMAT_MOD_LINEAR || modifiers[i] == DRM_FORMAT_MOD_INVALID)
			return true;
	return !count;
}

/* Call with the lock held. */
static struct core_handle *find_handle(struct core_device *device, uint32_t handle)
{
	struct core_handle *entry;

	LIST_FOREACH(entry, &device->handles, link)
		if (entry->handle == handle)
			return entry;
	entry = calloc(1, sizeof(*entry));
	if (entry) {
		entry->handle = handle;
		LIST_INSERT_HEAD(&device->handles, entry, link);
	}
	return entry;
}

/* Add a user to a handle; it is closed on failure. Call with the lock held. */
static int use_handle(struct core_image *image, uint32_t handle)
{
	image->handle = find_handle(image->device, handle);
	if (!image->handle) {
		drmCloseBufferHandle(image->device->fd, handle);
		return -ENOMEM;
	}
	image->handle->users++;
	return 0;
}

void core_image_destroy(const struct core_image *image)
{
	struct core_device *device = image->device;
	struct core_handle *entry = image->handle;

	pthread_mutex_lock(&device->lock);
	if (!--entry->users) {
		LIST_REMOVE(entry, link);
		drmCloseBufferHandle(device->fd, entry->handle);
		free(entry);
	}
	pthread_mutex_unlock(&device->lock);
}

static uint64_t page_align(uint64_t size)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

int core_plan(struct core_device *device, uint32_t width, uint32_t height, uint32_t format,
	      uint32_t usage, const uint64_t *modifiers, unsigned int count,
	      struct core_image *image)
{
	*image = (struct core_image){ .device = device, .usage = usage };
	if (!usage_supported(device, usage) || !modifiers_allow_linear(modifiers, count))
		return -EINVAL;
	return image_layout_init(&image->layout, width, height, core_format(format));
}

int core_image_create(struct core_image *image)
{
	struct core_device *device = image->device;
	struct drm_mockgpu_bo_create create = device->create;
	int ret;

	create.size = page_align(image->layout.size);
	if (drmIoctl(device->fd, DRM_IOCTL_MOCKGPU_BO_CREATE, &create))
		return -errno;
	image->size = create.size;
	pthread_mutex_lock(&device->lock);
	ret = use_handle(image, create.handle);
	pthread_mutex_unlock(&device->lock);
	return ret;
}

/* Import a dma-buf and become a user of its handle. */
static int import_handle(struct core_image *image, int fd)
{
	struct core_device *device = image->device;
	uint32_t handle;
	int ret;

	/* The lock keeps others from closing the handle before it is counted. */
	pthread_mutex_lock(&device->lock);
	ret = drmPrimeFDToHandle(device->fd, fd, &handle) ? -errno : use_handle(image, handle);
	pthread_mutex_unlock(&device->lock);
	return ret;
}

/* The dma-bufs of all planes must be the same: PRIME then has one handle for them. */
static int import_same(const struct core_image *image, int fd)
{
	struct core_image other = { .device = image->device };
	int ret = import_handle(&other, fd);

	if (ret)
		return ret;
	ret = other.handle == image->handle ? 0 : -EINVAL;
	core_image_destroy(&other);
	return ret;
}

static int import_planes(struct core_image *image, const struct gbm_import_fd_modifier_data *data)
{
	off_t size = lseek(data->fds[0], 0, SEEK_END);
	unsigned int i;
	int ret = 0;

	if (size < 0)
		return -errno;
	image->size = size;
	for (i = 1; !ret && i < data->num_fds; i++)
		ret = import_same(image, data->fds[i]);
	if (ret)
		return ret;
	return image_layout_import(&image->layout, data->strides, data->offsets, size);
}

static int import_data(struct core_device *device, const struct gbm_import_fd_modifier_data *data,
		       uint32_t usage, struct core_image *image)
{
	int ret = core_plan(device, data->width, data->height, data->format, usage,
			    &data->modifier, 1, image);

	if (ret)
		return ret;
	if (data->num_fds != 1 && data->num_fds != image->layout.planes)
		return -EINVAL;
	ret = import_handle(image, data->fds[0]);
	if (ret)
		return ret;
	ret = import_planes(image, data);
	if (ret)
		core_image_destroy(image);
	return ret;
}

int core_image_import(struct core_device *device, uint32_t type, const void *buffer,
		      uint32_t usage, struct core_image *image)
{
	const struct gbm_import_fd_data *one = buffer;
	struct gbm_import_fd_modifier_data data;

	switch (type) {
	case GBM_BO_IMPORT_FD:
		if (image_format_planes(core_format(one->format)) != 1)
			return -EINVAL;
		data = (struct gbm_import_fd_modifier_data){
			.width = one->width,
			.height = one->height,
			.format = one->format,
			.num_fds = 1,
			.fds = { one->fd },
			.strides = { one->stride },
			.modifier = DRM_FORMAT_MOD_INVALID,
		};
		return import_data(device, &data, usage, image);
	case GBM_BO_IMPORT_FD_MODIFIER:
	case MINIGBM_IMPORT_FD_MODIFIER:
		return import_data(device, buffer, usage, image);
	default:
		return -ENOSYS;
	}
}

const struct image_plane *core_image_plane(const struct core_image *image, int plane)
{
	if (plane < 0 || plane >= (int)image->layout.planes)
		return NULL;
	return &image->layout.plane[plane];
}

union gbm_bo_handle core_image_handle(const struct core_image *image, int plane)
{
	if (core_image_plane(image, plane))
		return (union gbm_bo_handle){ .u64 = image->handle->handle };
	errno = EINVAL;
	return (union gbm_bo_handle){ .s32 = -1 };
}

int core_image_export(const struct core_image *image, int plane)
{
	int fd;

	if (!core_image_plane(image, plane))
		return -EINVAL;
	if (drmPrimeHandleToFD(image->device->fd, image->handle->handle, DRM_CLOEXEC | DRM_RDWR,
			       &fd))
		return -errno;
	return fd;
}

/* Map the whole buffer. */
static int map_buffer(const struct core_image *image, int prot, void **start)
{
	struct drm_mockgpu_bo_mmap_offset args = { .handle = image->handle->handle };

	if (drmIoctl(image->device->fd, DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET, &args))
		return -errno;
	*start = mmap(NULL, image->size, prot, MAP_SHARED, image->device->fd, args.offset);
	return *start == MAP_FAILED ? -errno : 0;
}

static bool rect_is_inside(const struct image_layout *layout, const struct core_rect *rect)
{
	return rect->width && rect->height &&
	       (uint64_t)rect->x + rect->width <= layout->width &&
	       (uint64_t)rect->y + rect->height <= layout->height;
}

int core_image_map(const struct core_image *image, int plane, const struct core_rect *rect,
		   uint32_t flags, uint32_t *stride, void **mapping, void **pixel)
{
	int prot = flags & GBM_BO_TRANSFER_WRITE ? PROT_READ | PROT_WRITE : PROT_READ;
	const struct image_plane *of = core_image_plane(image, plane);
	struct core_mapping *map;
	int ret;

	if (!of || !rect_is_inside(&image->layout, rect) || !flags ||
	    (flags & ~GBM_BO_TRANSFER_READ_WRITE))
		return -EINVAL;
	map = calloc(1, sizeof(*map));
	if (!map)
		return -ENOMEM;
	map->size = image->size;
	ret = map_buffer(image, prot, &map->start);
	if (ret) {
		free(map);
		return ret;
	}
	*stride = of->stride;
	*mapping = map;
	*pixel = (char *)map->start + image_layout_pixel(&image->layout, plane, rect->x, rect->y);
	return 0;
}

void core_unmap(void *mapping)
{
	struct core_mapping *map = mapping;

	if (!map)
		return;
	munmap(map->start, map->size);
	free(map);
}

int core_image_write(const struct core_image *image, const void *data, size_t size)
{
	void *start;
	int ret;

	if (!(image->usage & GBM_BO_USE_WRITE) || size > image->layout.size)
		return -EINVAL;
	ret = map_buffer(image, PROT_READ | PROT_WRITE, &start);
	if (ret)
		return ret;
	memcpy(start, data, size);
	munmap(start, image->size);
	return 0;
}

bool core_image_is_cached(const struct core_image *image)
{
	struct drm_mockgpu_bo_query query = { .handle = image->handle->handle };

	return !drmIoctl(image->device->fd, DRM_IOCTL_MOCKGPU_BO_QUERY, &query) &&
	       query.entry_caching == MOCKGPU_CACHING_CACHED;
}
