// SPDX-License-Identifier: MIT
/* The one renderer of this process, and its table of resources, see renderer.h. */

#include <errno.h>
#include <stdlib.h>

#include "image.h"
#include "renderer.h"

struct renderer renderer = { .drm_fd = -1 };

struct resource *resource_find(uint32_t id)
{
	struct resource *resource;

	LIST_FOREACH(resource, &renderer.resources, link)
		if (resource->id == id)
			return resource;
	return NULL;
}

struct resource *resource_add(uint32_t id)
{
	struct resource *resource;

	if (!id || resource_find(id)) {
		errno = EINVAL;
		return NULL;
	}
	resource = calloc(1, sizeof(*resource));
	if (!resource)
		return NULL;
	resource->id = id;
	LIST_INSERT_HEAD(&renderer.resources, resource, link);
	return resource;
}

struct vgpu_blob *resource_blob(const struct resource *resource)
{
	return resource && !resource->image ? vgpu_blob_find(renderer.dev, resource->id) : NULL;
}

void resource_remove(struct resource *resource)
{
	if (resource->mapped)
		vgpu_blob_unmap(resource_blob(resource));
	image_destroy(resource->image);
	LIST_REMOVE(resource, link);
	free(resource);
}

void resources_remove(void)
{
	while (!LIST_EMPTY(&renderer.resources))
		resource_remove(LIST_FIRST(&renderer.resources));
}
