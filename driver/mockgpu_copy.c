// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mock's engine, which can copy. It uses buffers as a real one does: both are placed
 * where the device can access them (which attaches and maps an import), fences are waited
 * for, and neither may move meanwhile. Only the copying is done by the CPU, through kernel
 * mappings, because there is no DMA engine.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "mockgpu_bo.h"
#include "mockgpu_copy.h"
#include "mockgpu_kunit.h"
#include "mockgpu_prime.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_vmap.h"

static int mockgpu_copy_wait(struct mockgpu_bo *bo, bool write)
{
	long ret = dma_resv_wait_timeout(bo->tbo.base.resv,
					 dma_resv_usage_rw(write), true,
					 MAX_SCHEDULE_TIMEOUT);

	return ret < 0 ? ret : 0;
}

/*
 * The mapping pins the buffer, or an import through its exporter. The dma-buf core warns
 * when an exporter's vmap fails, so mockgpu_bo_place() finds out first whether the
 * buffer still has memory.
 */
static int mockgpu_copy_vmap(struct mockgpu_bo *bo, struct iosys_map *map)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_should_fail("vmap"))
		return -ENOMEM;
	if (!bo->import)
		return mockgpu_bo_vmap(bo, map);
	if (!bo->import->ops->vmap)
		return -EOPNOTSUPP;
	return mockgpu_dma_buf_vmap(bo->import, map);
}

static int mockgpu_copy_prepare(struct mockgpu_bo *bo, bool write,
				struct iosys_map *map)
{
	int ret;

	ret = mockgpu_bo_place(bo);
	if (!ret)
		ret = mockgpu_copy_wait(bo, write);
	return ret ?: mockgpu_copy_vmap(bo, map);
}

/*
 * One direction for both. udmabuf uses the direction of the first access for all later
 * ones (begin_cpu_udmabuf()), and DMA_API_DEBUG complains.
 */
#define MOCKGPU_COPY_DIRECTION	DMA_BIDIRECTIONAL

static int mockgpu_copy_begin(struct mockgpu_bo *bo, bool write,
			      struct iosys_map *map)
{
	int ret;

	ret = mockgpu_bo_lock(bo);
	if (ret)
		return ret;
	ret = mockgpu_copy_prepare(bo, write, map);
	mockgpu_bo_unlock(bo);
	if (ret || !bo->import)
		return ret;
	ret = dma_buf_begin_cpu_access(bo->import, MOCKGPU_COPY_DIRECTION);
	if (ret)
		dma_buf_vunmap_unlocked(bo->import, map);
	return ret;
}

/* What was written to a dma-buf is only there if this returns 0. */
static int mockgpu_copy_end(struct mockgpu_bo *bo, struct iosys_map *map)
{
	int ret;

	if (bo->import) {
		ret = dma_buf_end_cpu_access(bo->import, MOCKGPU_COPY_DIRECTION);
		dma_buf_vunmap_unlocked(bo->import, map);
		return ret;
	}
	dma_resv_lock(bo->tbo.base.resv, NULL);
	mockgpu_bo_vunmap(bo, map);
	mockgpu_bo_unlock(bo);
	return 0;
}

/* Copy through a bounce page, since either side may be I/O memory. */
VISIBLE_IF_KUNIT int mockgpu_copy_bytes(struct iosys_map *dst, u64 dst_offset,
					struct iosys_map *src, u64 src_offset,
					u64 size)
{
	void *bounce;
	size_t n;
	int ret = 0;

	if (mockgpu_should_fail("bounce"))
		return -ENOMEM;
	bounce = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	for (; size && !ret; size -= n) {
		n = min_t(u64, size, PAGE_SIZE);
		iosys_map_memcpy_from(bounce, src, src_offset, n);
		iosys_map_memcpy_to(dst, dst_offset, bounce, n);
		src_offset += n;
		dst_offset += n;
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	kfree(bounce);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_copy_bytes);

static int mockgpu_copy(struct mockgpu_bo *dst, struct mockgpu_bo *src,
			const struct drm_mockgpu_bo_copy *args)
{
	struct drm_device *drm = src->tbo.base.dev;
	struct iosys_map from, to;
	int ret, end, idx;

	ret = mockgpu_copy_begin(src, false, &from);
	if (ret)
		return ret;
	ret = mockgpu_copy_begin(dst, true, &to);
	if (ret)
		goto out_src;
	ret = -ENODEV;
	if (drm_dev_enter(drm, &idx)) {
		ret = mockgpu_copy_bytes(&to, args->dst_offset, &from, args->src_offset,
					 args->size);
		drm_dev_exit(idx);
	}
	end = mockgpu_copy_end(dst, &to);
	ret = ret ?: end;
out_src:
	end = mockgpu_copy_end(src, &from);
	return ret ?: end;
}

static bool mockgpu_copy_is_inside(struct mockgpu_bo *bo, u64 offset, u64 size)
{
	u64 all = bo->tbo.base.size;

	return offset <= all && size <= all - offset;
}

VISIBLE_IF_KUNIT bool mockgpu_copy_is_possible(struct mockgpu_bo *dst,
					       struct mockgpu_bo *src,
					       const struct drm_mockgpu_bo_copy *args)
{
	return dst != src &&
	       mockgpu_copy_is_inside(src, args->src_offset, args->size) &&
	       mockgpu_copy_is_inside(dst, args->dst_offset, args->size);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_copy_is_possible);

/**
 * mockgpu_bo_copy_ioctl - DRM_IOCTL_MOCKGPU_BO_COPY
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_copy
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_copy_ioctl(struct drm_device *drm, void *data,
			  struct drm_file *file)
{
	struct drm_mockgpu_bo_copy *args = data;
	struct mockgpu_bo *dst, *src;
	int ret;

	if (!args->size || args->flags || args->reserved)
		return -EINVAL;
	dst = mockgpu_bo_lookup(file, args->dst);
	if (!dst)
		return -ENOENT;
	src = mockgpu_bo_lookup(file, args->src);
	if (!src) {
		mockgpu_bo_put(dst);
		return -ENOENT;
	}
	if (!mockgpu_copy_is_possible(dst, src, args))
		ret = -EINVAL;
	else if (dst->import && !mockgpu_import_is_writable(dst))
		ret = -EACCES;
	else
		ret = mockgpu_copy(dst, src, args);
	mockgpu_bo_put(src);
	mockgpu_bo_put(dst);
	return ret;
}
