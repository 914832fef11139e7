// SPDX-License-Identifier: GPL-2.0-only
/* The handles, dma-bufs and mappings of a worker. */

#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "fuzz.h"

/*
 * Rarely the shared one: whenever another process uses a DRM file, the kernel waits for an RCU
 * grace period (drm_file_update_pid()).
 */
int fuzz_client_any(struct fuzz_worker *worker)
{
	if (prng_chance(&worker->prng, 2))
		return worker->client[0];
	return worker->client[1 + prng_below(&worker->prng, FUZZ_CLIENTS - 1)];
}

struct fuzz_buffer *fuzz_buffer_find(struct fuzz_worker *worker, int fd, uint32_t handle)
{
	unsigned int i;

	for (i = 0; i < FUZZ_BUFFERS; i++)
		if (worker->buffer[i].handle == handle && worker->buffer[i].fd == fd)
			return &worker->buffer[i];
	return NULL;
}

/* A buffer of this DRM file, or NULL. */
struct fuzz_buffer *fuzz_buffer_any(struct fuzz_worker *worker, int fd)
{
	unsigned int first = prng_below(&worker->prng, FUZZ_BUFFERS);
	unsigned int i;

	for (i = 0; i < FUZZ_BUFFERS; i++) {
		struct fuzz_buffer *buffer = &worker->buffer[(first + i) % FUZZ_BUFFERS];

		if (buffer->handle && buffer->fd == fd)
			return buffer;
	}
	return NULL;
}

/* If there is no room, close another one. */
void fuzz_buffer_add(struct fuzz_worker *worker, int fd, uint32_t handle, uint64_t size)
{
	struct fuzz_buffer *buffer = fuzz_buffer_find(worker, fd, handle);

	if (!buffer)
		buffer = &worker->buffer[prng_below(&worker->prng, FUZZ_BUFFERS)];
	if (buffer->handle && (buffer->fd != fd || buffer->handle != handle))
		drmCloseBufferHandle(buffer->fd, buffer->handle);
	*buffer = (struct fuzz_buffer) { .fd = fd, .handle = handle, .size = size };
}

/* A dma-buf, or -1. */
int fuzz_fd_any(struct fuzz_worker *worker)
{
	return worker->fd[prng_below(&worker->prng, FUZZ_FDS)];
}

void fuzz_fd_add(struct fuzz_worker *worker, int fd)
{
	int *slot = &worker->fd[prng_below(&worker->prng, FUZZ_FDS)];

	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

/* A mapping, or NULL. */
struct fuzz_map *fuzz_map_any(struct fuzz_worker *worker)
{
	struct fuzz_map *map = &worker->map[prng_below(&worker->prng, FUZZ_MAPS)];

	return map->at ? map : NULL;
}

void fuzz_map_add(struct fuzz_worker *worker, void *at, size_t size)
{
	struct fuzz_map *map = &worker->map[prng_below(&worker->prng, FUZZ_MAPS)];

	if (map->at)
		munmap(map->at, map->size);
	*map = (struct fuzz_map) { .at = at, .size = size };
}
