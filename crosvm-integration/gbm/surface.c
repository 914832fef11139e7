// SPDX-License-Identifier: MIT
/* Surfaces, see surface.h. */

#include <errno.h>

#include "surface.h"

int surface_queue_lock(struct surface_queue *surface)
{
	unsigned int i, next;

	for (i = 1; i <= SURFACE_BUFFERS; i++) {
		next = (surface->last + i) % SURFACE_BUFFERS;
		if (surface->locked[next])
			continue;
		surface->locked[next] = true;
		surface->last = next;
		return next;
	}
	return -EBUSY;
}

void surface_queue_release(struct surface_queue *surface, const struct gbm_bo *bo)
{
	unsigned int i;

	for (i = 0; i < SURFACE_BUFFERS; i++)
		if (surface->bo[i] == bo)
			surface->locked[i] = false;
}

bool surface_queue_has_free(const struct surface_queue *surface)
{
	unsigned int i;

	for (i = 0; i < SURFACE_BUFFERS; i++)
		if (!surface->locked[i])
			return true;
	return false;
}
