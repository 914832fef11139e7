// SPDX-License-Identifier: MIT
/* The functions that minigbm has and Mesa's libgbm has not, see minigbm.h. */

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include <xf86drm.h>

#include "minigbm.h"
#include "object.h"

struct gbm_device *minigbm_create_default_device(int *out_fd)
{
	int fd = drmOpenWithType(CORE_NAME, NULL, DRM_NODE_RENDER);
	struct object_device *device;

	if (fd < 0) {
		/* libdrm tried several nodes: errno is that of the last one. */
		core_failed(-ENODEV);
		return NULL;
	}
	device = object_device_create(fd, MINIGBM_USAGE);
	if (!device) {
		int err = errno;

		close(fd);
		errno = err;
		return NULL;
	}
	*out_fd = fd;
	return &device->base;
}

enum gbm_bo_map_cache_mode gbm_bo_get_map_info(struct gbm_bo *bo)
{
	return core_image_is_cached(object_bo_image(bo)) ? GBM_BO_MAP_CACHE_CACHED :
							   GBM_BO_MAP_CACHE_WC;
}

/* minigbm counts planes in size_t, Mesa in int. */
static int plane_number(size_t plane)
{
	return plane < GBM_MAX_PLANES ? (int)plane : -1;
}

uint32_t gbm_bo_get_plane_size(struct gbm_bo *bo, size_t plane)
{
	const struct image_plane *of = core_image_plane(object_bo_image(bo), plane_number(plane));

	return of ? of->stride * (of->rows - 1) + of->row : 0;
}

int gbm_bo_get_plane_fd(struct gbm_bo *bo, size_t plane)
{
	return object_bo_plane_fd(bo, plane_number(plane));
}

void *gbm_bo_map2(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
		  uint32_t flags, uint32_t *stride, void **map_data, int plane)
{
	const struct core_rect rect = { x, y, width, height };

	if (!bo || !stride || !map_data) {
		core_failed(-EINVAL);
		return NULL;
	}
	return object_bo_map_plane(bo, plane, &rect, flags, stride, map_data);
}
