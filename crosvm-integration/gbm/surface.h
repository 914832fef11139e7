/* SPDX-License-Identifier: MIT */
/*
 * Surfaces: images that are handed out in turn. With a renderer the "front buffer" is the
 * last one that was drawn; nothing renders here, so it is the next one.
 */
#ifndef MOCKGPU_GBM_SURFACE_H
#define MOCKGPU_GBM_SURFACE_H

#include <stdbool.h>

#include <gbm.h>

/* Most images of a surface. */
#define SURFACE_BUFFERS 4

/**
 * struct surface_queue - the images of a surface
 * @bo: those created so far
 * @locked: handed out and not released
 * @last: the last one that was handed out
 */
struct surface_queue {
	struct gbm_bo *bo[SURFACE_BUFFERS];
	bool locked[SURFACE_BUFFERS];
	unsigned int last;
};

/**
 * surface_queue_lock() - take an image of a surface
 * @surface: the surface
 *
 * Return: its index in @surface->bo, where the caller creates one if there is none
 * yet; -EBUSY if all are locked.
 */
int surface_queue_lock(struct surface_queue *surface);

/**
 * surface_queue_release() - release an image
 * @surface: the surface
 * @bo: the image; ignored if it is not locked
 */
void surface_queue_release(struct surface_queue *surface, const struct gbm_bo *bo);

/**
 * surface_queue_has_free() - tell whether an image is free
 * @surface: the surface
 *
 * Return: whether surface_queue_lock() would succeed.
 */
bool surface_queue_has_free(const struct surface_queue *surface);

#endif /* MOCKGPU_GBM_SURFACE_H */
