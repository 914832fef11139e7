/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to use a buffer for which it must be there, each with a look at its contents. */
#ifndef MOCKGPU_TEST_USES_H
#define MOCKGPU_TEST_USES_H

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mockgpu.h"

typedef int (*contents_are)(const void *map, size_t size);

static inline int use_by_touch(const struct mockgpu_bo *bo, contents_are right)
{
	return right(bo->map, bo->size) ? 0 : -EILSEQ;
}

/* Let the device copy it. */
static inline int use_by_copy(const struct mockgpu_bo *bo, contents_are right)
{
	struct mockgpu_bo other;
	int ret = mockgpu_bo_clone(bo, &other);

	if (ret)
		return ret;
	ret = use_by_touch(&other, right);
	mockgpu_bo_destroy(&other);
	return ret;
}

/* Map its dma-buf. */
static inline int use_by_export(const struct mockgpu_bo *bo, contents_are right)
{
	int fd = mockgpu_bo_export(bo), ret;
	void *map;

	if (fd < 0)
		return fd;
	map = mmap(NULL, bo->size, PROT_READ, MAP_SHARED, fd, 0);
	ret = map != MAP_FAILED && right(map, bo->size) ? 0 : -EILSEQ;
	munmap(map, bo->size);
	close(fd);
	return ret;
}

#endif /* MOCKGPU_TEST_USES_H */
