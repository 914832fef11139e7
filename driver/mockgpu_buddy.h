/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM managed by the kernel's buddy allocator, in blocks that may be scattered; and where a part
 * of VRAM is, whoever manages it.
 *
 * Locking: none is needed; the manager has a mutex of its own, inside the reservation of a
 * buffer.
 * Units: pages.
 * Errors: -EOPNOTSUPP where the kernel has no such allocator.
 */
#ifndef MOCKGPU_BUDDY_H
#define MOCKGPU_BUDDY_H

#include <linux/errno.h>

#include "mockgpu_extent.h"
#include "mockgpu_types.h"

#ifdef MOCKGPU_HAVE_BUDDY
#define MOCKGPU_BUDDY	1

int mockgpu_buddy_init(struct mockgpu_device *mdev, unsigned long block);
void mockgpu_buddy_fini(struct mockgpu_device *mdev);
struct mockgpu_extent mockgpu_buddy_extent(const struct ttm_resource *res);
#else
#define MOCKGPU_BUDDY	0

static inline int mockgpu_buddy_init(struct mockgpu_device *mdev, unsigned long block)
{
	return -EOPNOTSUPP;
}

static inline void mockgpu_buddy_fini(struct mockgpu_device *mdev)
{
}

static inline struct mockgpu_extent mockgpu_buddy_extent(const struct ttm_resource *res)
{
	return (struct mockgpu_extent) {};
}
#endif

/**
 * mockgpu_vram_extent - find out where a part of VRAM is
 * @mdev: the device, with whatever manager
 * @res: the part
 *
 * Return: the extent, which is valid as long as the part.
 */
static inline struct mockgpu_extent mockgpu_vram_extent(struct mockgpu_device *mdev,
							const struct ttm_resource *res)
{
	if (mdev->vram.buddy)
		return mockgpu_buddy_extent(res);
	return (struct mockgpu_extent) { .start = res->start };
}

#endif /* MOCKGPU_BUDDY_H */
