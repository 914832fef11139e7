// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mock's engine, which can copy. It uses buffers as a real one does: both are placed
 * where the device can access them (which attaches and maps an import), fences are waited
 * for, and neither may move meanwhile. Only the copying is done by the CPU, through kernel
 * mappings, because there is no DMA engine.
 *
 * User memory is not pinned: the copy has a fence, for which the kernel waits before it changes
 * the memory (mockgpu_userptr.c).
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/hmm.h>
#include <linux/iosys-map.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/ww_mutex.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "mockgpu_bo.h"
#include "mockgpu_copy.h"
#include "mockgpu_engine.h"
#include "mockgpu_kunit.h"
#include "mockgpu_prime.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_userptr.h"
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
	if (bo->userptr)
		return 0;
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

	if (bo->userptr)
		return 0;
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

static size_t mockgpu_copy_step(const struct mockgpu_copy_side *side, u64 size)
{
	if (side->user)
		return min_t(u64, size, PAGE_SIZE - offset_in_page(side->offset));
	return min_t(u64, size, PAGE_SIZE);
}

static void *mockgpu_copy_map(const struct mockgpu_copy_side *side)
{
	return kmap_local_page(hmm_pfn_to_page(side->user[side->offset >> PAGE_SHIFT]));
}

static void mockgpu_copy_read(struct mockgpu_copy_side *side, void *to, size_t n)
{
	void *page;

	if (side->user) {
		page = mockgpu_copy_map(side);
		memcpy(to, page + offset_in_page(side->offset), n);
		kunmap_local(page);
	} else {
		iosys_map_memcpy_from(to, &side->map, side->offset, n);
	}
	side->offset += n;
}

static void mockgpu_copy_write(struct mockgpu_copy_side *side, const void *from, size_t n)
{
	void *page;

	if (side->user) {
		page = mockgpu_copy_map(side);
		memcpy(page + offset_in_page(side->offset), from, n);
		kunmap_local(page);
	} else {
		iosys_map_memcpy_to(&side->map, side->offset, from, n);
	}
	side->offset += n;
}

/**
 * mockgpu_copy_bytes - copy from one side to the other
 * @dst: where it writes
 * @src: where it reads
 * @size: bytes
 * @bounce: a page, by way of which it copies, since either side may be I/O memory
 *
 * Allocates nothing: somebody who frees memory may wait for it.
 *
 * Return: 0, or -EINTR for a fatal signal.
 */
VISIBLE_IF_KUNIT int mockgpu_copy_bytes(struct mockgpu_copy_side *dst,
					struct mockgpu_copy_side *src, u64 size, void *bounce)
{
	size_t n;

	for (; size; size -= n) {
		n = mockgpu_copy_step(dst, mockgpu_copy_step(src, size));
		mockgpu_copy_read(src, bounce, n);
		mockgpu_copy_write(dst, bounce, n);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_copy_bytes);

/**
 * struct mockgpu_copy - a copy of which a side or both are user memory
 * @mdev: the device
 * @fence: tells the kernel when it is done
 * @gem: the user memory
 * @write: for each, whether it is written
 * @count: 1 or 2
 * @first: the first page of the destination that is written
 * @npages: how many are
 */
struct mockgpu_copy {
	struct mockgpu_device *mdev;
	struct dma_fence *fence;
	struct drm_gem_object *gem[2];
	bool write[2];
	unsigned int count;
	unsigned long first;
	unsigned long npages;
};

static void mockgpu_copy_add(struct mockgpu_copy *copy, struct mockgpu_bo *bo, bool write)
{
	if (!bo->userptr)
		return;
	copy->gem[copy->count] = &bo->tbo.base;
	copy->write[copy->count++] = write;
}

static int mockgpu_copy_reserve(struct mockgpu_copy *copy)
{
	unsigned int i;
	int ret = 0;

	if (mockgpu_should_fail("copy slot"))
		return -ENOMEM;
	for (i = 0; i < copy->count && !ret; i++)
		ret = dma_resv_reserve_fences(copy->gem[i]->resv, 1);
	return ret;
}

/* Return: -ESTALE when pages have changed since they were asked for. */
static int mockgpu_copy_publish(struct mockgpu_copy *copy)
{
	struct mockgpu_bo *bo;
	unsigned int i;
	int ret = 0;

	mockgpu_userptr_lock(copy->mdev);
	for (i = 0; i < copy->count; i++)
		if (!mockgpu_userptr_is_valid(gem_to_mockgpu_bo(copy->gem[i])))
			ret = -ESTALE;
	for (i = 0; i < copy->count && !ret; i++) {
		bo = gem_to_mockgpu_bo(copy->gem[i]);
		if (copy->write[i])
			mockgpu_userptr_dirty(bo, copy->first, copy->npages);
		dma_resv_add_fence(bo->tbo.base.resv, copy->fence,
				   copy->write[i] ? DMA_RESV_USAGE_WRITE :
						    DMA_RESV_USAGE_READ);
	}
	mockgpu_userptr_unlock(copy->mdev);
	return ret;
}

/* Have the pages of all user memory until the fence signals. */
static int mockgpu_copy_begin_user(struct mockgpu_copy *copy)
{
	struct ww_acquire_ctx ticket;
	unsigned int i;
	int ret;

	do {
		for (i = 0; i < copy->count; i++) {
			ret = mockgpu_userptr_validate(gem_to_mockgpu_bo(copy->gem[i]));
			if (ret)
				return ret;
		}
		ret = drm_gem_lock_reservations(copy->gem, copy->count, &ticket);
		if (ret)
			return ret;
		ret = mockgpu_copy_reserve(copy) ?: mockgpu_copy_publish(copy);
		drm_gem_unlock_reservations(copy->gem, copy->count, &ticket);
	} while (ret == -ESTALE);
	return ret;
}

static int mockgpu_copy_plugged(struct mockgpu_copy *copy, struct mockgpu_copy_side *to,
				struct mockgpu_copy_side *from, u64 size, void *bounce)
{
	int ret, idx;

	if (!drm_dev_enter(&copy->mdev->drm, &idx))
		return -ENODEV;
	ret = mockgpu_copy_bytes(to, from, size, bounce);
	drm_dev_exit(idx);
	return ret;
}

static int mockgpu_copy_user(struct mockgpu_copy *copy, struct mockgpu_copy_side *to,
			     struct mockgpu_copy_side *from, u64 size, void *bounce)
{
	bool cookie;
	int ret;

	copy->fence = mockgpu_fence_create();
	if (!copy->fence)
		return -ENOMEM;
	ret = mockgpu_copy_begin_user(copy);
	cookie = dma_fence_begin_signalling();
	if (!ret)
		ret = mockgpu_copy_plugged(copy, to, from, size, bounce);
	mockgpu_fence_end(copy->fence);
	dma_fence_end_signalling(cookie);
	return ret;
}

static int mockgpu_copy_run(struct mockgpu_bo *dst, struct mockgpu_bo *src,
			    struct mockgpu_copy_side *to, struct mockgpu_copy_side *from,
			    u64 size)
{
	struct mockgpu_copy copy = {
		.mdev = mockgpu_bo_device(src),
		.first = to->offset >> PAGE_SHIFT,
		.npages = DIV_ROUND_UP(offset_in_page(to->offset) + size, PAGE_SIZE),
	};
	void *bounce;
	int ret;

	if (mockgpu_should_fail("bounce"))
		return -ENOMEM;
	bounce = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	mockgpu_copy_add(&copy, src, false);
	mockgpu_copy_add(&copy, dst, true);
	if (copy.count)
		ret = mockgpu_copy_user(&copy, to, from, size, bounce);
	else
		ret = mockgpu_copy_plugged(&copy, to, from, size, bounce);
	kfree(bounce);
	return ret;
}

static int mockgpu_copy(struct mockgpu_bo *dst, struct mockgpu_bo *src,
			const struct drm_mockgpu_bo_copy *args)
{
	struct mockgpu_copy_side from = {
		.user = mockgpu_userptr_pages(src),
		.offset = args->src_offset,
	};
	struct mockgpu_copy_side to = {
		.user = mockgpu_userptr_pages(dst),
		.offset = args->dst_offset,
	};
	int ret, end;

	ret = mockgpu_copy_begin(src, false, &from.map);
	if (ret)
		return ret;
	ret = mockgpu_copy_begin(dst, true, &to.map);
	if (ret)
		goto out_src;
	ret = mockgpu_copy_run(dst, src, &to, &from, args->size);
	end = mockgpu_copy_end(dst, &to.map);
	ret = ret ?: end;
out_src:
	end = mockgpu_copy_end(src, &from.map);
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
	else if ((dst->import && !mockgpu_import_is_writable(dst)) ||
		 !mockgpu_userptr_is_writable(dst))
		ret = -EACCES;
	else
		ret = mockgpu_copy(dst, src, args);
	mockgpu_bo_put(src);
	mockgpu_bo_put(dst);
	return ret;
}
