/* SPDX-License-Identifier: MIT */
/*
 * Surfaces: images handed out one after the other. With a renderer the "front
 * buffer" is the one drawn last; nothing renders here, so it is the next in turn.
 */
#ifndef MOCKGPU_GBM_SURFACE_H
#define MOCKGPU_GBM_SURFACE_H

#include <stdbool.h>

#include <gbm.h>

/* How many images a surface has at most. */
#define SURFACE_BUFFERS 4

/**
 * struct surface_queue - the images of a surface
 * @bo: those made so far
 * @locked: handed out and not given back
 * @last: the one handed out last
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
 * Return: its index in @surface->bo, where the caller puts one if there is none
 * yet; -EBUSY when all are taken.
 */
int surface_queue_lock(struct surface_queue *surface);

/**
 * surface_queue_release() - give an image back
 * @surface: the surface
 * @bo: the image; one that is not taken is ignored
 */
void surface_queue_release(struct surface_queue *surface, const struct gbm_bo *bo);

/**
 * surface_queue_has_free() - tell whether an image could be taken
 * @surface: the surface
 *
 * Return: whether surface_queue_lock() would succeed.
 */
bool surface_queue_has_free(const struct surface_queue *surface);

#endif /* MOCKGPU_GBM_SURFACE_H */
