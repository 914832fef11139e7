// SPDX-License-Identifier: MIT
/*
 * mockgpu_gbm.so: the backend that Mesa's libgbm loads for a render node of
 * mockgpu, from GBM_BACKENDS_PATH or its own folder. gbm_backend_abi.h documents
 * the structures.
 */

#include "object.h"

/* No protected memory, no compression. */
#define BACKEND_USAGE (GBM_BO_USE_SCANOUT | GBM_BO_USE_CURSOR | GBM_BO_USE_RENDERING |	\
		       GBM_BO_USE_WRITE | GBM_BO_USE_LINEAR | GBM_BO_USE_FRONT_RENDERING)

static struct gbm_device *backend_create_device(int fd, uint32_t version)
{
	struct object_device *device = object_device_create(fd, BACKEND_USAGE);

	if (!device)
		return NULL;
	device->base.v0 = (struct gbm_device_v0){
		.backend_version = version,
		.fd = fd,
		.name = CORE_NAME,
		.destroy = object_device_destroy,
		.is_format_supported = object_format_supported,
		.get_format_modifier_plane_count = object_modifier_planes,
		.bo_create = object_bo_create,
		.bo_import = object_bo_import,
		.bo_map = object_bo_map,
		.bo_unmap = object_bo_unmap,
		.bo_write = object_bo_write,
		.bo_get_fd = object_bo_fd,
		.bo_get_planes = object_bo_planes,
		.bo_get_handle = object_bo_handle,
		.bo_get_plane_fd = object_bo_plane_fd,
		.bo_get_stride = object_bo_stride,
		.bo_get_offset = object_bo_offset,
		.bo_get_modifier = object_bo_modifier,
		.bo_destroy = object_bo_destroy,
		.surface_create = object_surface_create,
		.surface_lock_front_buffer = object_surface_lock,
		.surface_release_buffer = object_surface_release,
		.surface_has_free_buffers = object_surface_has_free,
		.surface_destroy = object_surface_destroy,
	};
	return &device->base;
}

static const struct gbm_backend backend = {
	.v0 = {
		.backend_version = GBM_BACKEND_ABI_VERSION,
		.backend_name = CORE_NAME,
		.create_device = backend_create_device,
	},
};

/**
 * GBM_GET_BACKEND_PROC() - the symbol that libgbm looks up
 * @core: functions of libgbm; not used
 *
 * Return: the backend.
 */
const struct gbm_backend *GBM_GET_BACKEND_PROC(const struct gbm_core *core)
{
	return &backend;
}
