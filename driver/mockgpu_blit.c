// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: how the contents of a buffer move
 *
 * With the module parameter move_delay=0 a move is complete when TTM's callback returns. The
 * CPU that asks for it waits for the buffer's fences and copies (ttm_bo_move_memcpy()), under
 * the reservation. TTM takes what is in VRAM for contiguous; where it may be scattered, the
 * driver tells it where each page is (ttm_move_memcpy(), as i915).
 *
 * Otherwise moves are those of amdgpu (amdgpu_bo_move(), amdgpu_move_blit()), with the engine
 * of mockgpu_engine.c in place of SDMA: the callback queues a copy and returns with a fence on
 * the reservation (DMA_RESV_USAGE_KERNEL). A page fault that meets it drops mmap_lock, waits
 * and is retried (ttm_bo_vm_fault_idle()). TTM hangs the old memory on a ghost object until
 * the fence signals (ttm_bo_move_accel_cleanup()), except in an eviction from VRAM: that part
 * of VRAM has a new owner at once, who gets the fence, too. Therefore new owners never clear
 * VRAM themselves, but have the engine do it, behind all earlier copies. Between VRAM and
 * SYSTEM a buffer goes over GTT, since the engine cannot access SYSTEM.
 *
 * Nobody accesses the VRAM of an unplugged device: a copy by the CPU returns -ENODEV, the
 * engine skips it.
 */
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>

#include <drm/drm_drv.h>
#include <drm/ttm/ttm_kmap_iter.h>

#include "mockgpu_blit.h"
#include "mockgpu_bo.h"
#include "mockgpu_buddy.h"
#include "mockgpu_engine.h"
#include "mockgpu_gem.h"
#include "mockgpu_prime.h"
#include "mockgpu_shrink.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_userptr.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

static unsigned int move_delay;

static int mockgpu_move_delay_set(const char *value, const struct kernel_param *param)
{
	return param_set_uint_minmax(value, param, 0, MOCKGPU_FAULT_DELAY_MAX);
}

static const struct kernel_param_ops mockgpu_move_delay_ops = {
	.set = mockgpu_move_delay_set,
	.get = param_get_uint,
};

module_param_cb(move_delay, &mockgpu_move_delay_ops, &move_delay, 0644);
MODULE_PARM_DESC(move_delay, "how many microseconds the GPU takes for a copy, up to 10000000, while the call that caused it has returned; 0: copies are complete when the call returns (default 0)");

/* Whether there is anything to copy. TTM zeroes the pages it populates. */
static bool mockgpu_has_contents(struct ttm_buffer_object *tbo)
{
	if (!tbo->resource)
		return false;
	if (tbo->resource->mem_type == TTM_PL_VRAM)
		return true;
	return tbo->ttm && (ttm_tt_is_populated(tbo->ttm) || mockgpu_tt_is_out(tbo->ttm));
}

/*
 * Where the kernel's mapping of uncached pages stays cached, mockgpu_bo_flush() is needed
 * right before and after a copy, so the CPU that asks does it.
 */
static bool mockgpu_engine_can(const struct ttm_tt *ttm)
{
	return IS_ENABLED(CONFIG_X86) || !ttm || ttm->caching == ttm_cached;
}

static bool mockgpu_blit_is_async(const struct ttm_tt *from, const struct ttm_tt *to)
{
	return READ_ONCE(move_delay) && mockgpu_engine_can(from) && mockgpu_engine_can(to);
}

/* Return: what a job may keep. */
static struct mockgpu_side mockgpu_side_of(struct ttm_buffer_object *tbo,
					   struct ttm_resource *res)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(tbo->bdev);
	struct mockgpu_side side = {};

	if (res->mem_type == TTM_PL_VRAM) {
		side.vram = mdev->vram.map;
		side.extent = mockgpu_vram_extent(mdev, res);
		mockgpu_extent_get(&side.extent);
	} else {
		side.ttm = tbo->ttm;
	}
	return side;
}

/*
 * A job for all of a buffer, behind the fences that it has, with a slot for its own.
 * Importers that were notified may have added fences, and taken the slot that TTM reserved.
 */
static struct mockgpu_job *mockgpu_blit_job(struct ttm_buffer_object *tbo)
{
	struct mockgpu_job *job;

	if (dma_resv_reserve_fences(tbo->base.resv, 1))
		return NULL;
	job = mockgpu_job_create(ttm_to_mockgpu_device(tbo->bdev), 1);
	if (!job)
		return NULL;
	if (mockgpu_job_depend(job, tbo->base.resv, DMA_RESV_USAGE_BOOKKEEP)) {
		mockgpu_job_cancel(job);
		return NULL;
	}
	job->npages = tbo->base.size >> PAGE_SHIFT;
	job->delay = READ_ONCE(move_delay);
	return job;
}

static int mockgpu_blit_async(struct ttm_buffer_object *tbo, bool evict,
			      struct ttm_resource *new_mem)
{
	struct mockgpu_job *job;
	struct dma_fence *fence;
	int ret = -ENOMEM;

	job = mockgpu_blit_job(tbo);
	if (!job)
		return -ENOMEM;
	job->from = mockgpu_side_of(tbo, tbo->resource);
	job->to = mockgpu_side_of(tbo, new_mem);
	fence = mockgpu_job_queue(job);
	if (!mockgpu_should_fail("ghost"))
		ret = ttm_bo_move_accel_cleanup(tbo, fence, evict, true, new_mem);
	/* TTM frees what the engine writes to. */
	if (ret)
		dma_fence_wait(fence, false);
	dma_fence_put(fence);
	return ret;
}

/**
 * struct mockgpu_vram_iter - how TTM finds each page of a part of VRAM
 * @base: TTM's part
 * @map: the mapping of VRAM
 * @extent: where in it
 */
struct mockgpu_vram_iter {
	struct ttm_kmap_iter base;
	struct iosys_map map;
	struct mockgpu_extent extent;
};

static void mockgpu_vram_iter_map(struct ttm_kmap_iter *base, struct iosys_map *map, pgoff_t i)
{
	struct mockgpu_vram_iter *iter = container_of(base, struct mockgpu_vram_iter, base);
	unsigned long at = mockgpu_extent_page(&iter->extent, i);

	*map = IOSYS_MAP_INIT_OFFSET(&iter->map, at << PAGE_SHIFT);
}

static const struct ttm_kmap_iter_ops mockgpu_vram_iter_ops = {
	.map_local = mockgpu_vram_iter_map,
};

/* Either kind of memory. */
union mockgpu_iter {
	struct ttm_kmap_iter_tt tt;
	struct mockgpu_vram_iter vram;
};

static struct ttm_kmap_iter *mockgpu_iter_init(union mockgpu_iter *iter,
					       struct ttm_buffer_object *tbo,
					       struct ttm_resource *res)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(tbo->bdev);

	if (res->mem_type != TTM_PL_VRAM)
		return ttm_kmap_iter_tt_init(&iter->tt, tbo->ttm);
	iter->vram = (struct mockgpu_vram_iter) {
		.base.ops = &mockgpu_vram_iter_ops,
		.map = mdev->vram.map,
		.extent = mockgpu_vram_extent(mdev, res),
	};
	return &iter->vram.base;
}

/* As ttm_bo_move_memcpy(), for a buffer that has contents. */
static int mockgpu_blit_scattered(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
				  struct ttm_resource *new_mem)
{
	union mockgpu_iter from, to;
	int ret;

	if (new_mem->mem_type != TTM_PL_VRAM || tbo->resource->mem_type != TTM_PL_VRAM) {
		ret = mockgpu_bo_populate(tbo, ctx);
		if (ret)
			return ret;
	}
	ttm_move_memcpy(false, tbo->base.size >> PAGE_SHIFT,
			mockgpu_iter_init(&to, tbo, new_mem),
			mockgpu_iter_init(&from, tbo, tbo->resource));
	ttm_bo_move_sync_cleanup(tbo, new_mem);
	return 0;
}

static int mockgpu_blit_sync(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			     struct ttm_resource *new_mem)
{
	int ret, idx;

	ret = ttm_bo_wait_ctx(tbo, ctx);
	if (ret)
		return ret;
	if (!drm_dev_enter(tbo->base.dev, &idx))
		return -ENODEV;
	/* ttm_bo_move_memcpy() takes a backup for no contents (docs/findings/ttm-backup.md). */
	if (tbo->ttm && mockgpu_tt_is_out(tbo->ttm))
		ret = mockgpu_bo_populate(tbo, ctx);
	if (!ret && new_mem->mem_type == TTM_PL_VRAM)
		mockgpu_bo_flush(to_mockgpu_bo(tbo));
	if (!ret && ttm_to_mockgpu_device(tbo->bdev)->vram.buddy)
		ret = mockgpu_blit_scattered(tbo, ctx, new_mem);
	else if (!ret)
		ret = ttm_bo_move_memcpy(tbo, ctx, new_mem);
	drm_dev_exit(idx);
	return ret;
}

static int mockgpu_blit_clear_async(struct ttm_buffer_object *tbo,
				    struct ttm_resource *new_mem)
{
	struct mockgpu_job *job;
	struct dma_fence *fence;

	job = mockgpu_blit_job(tbo);
	if (!job)
		return -ENOMEM;
	job->to = mockgpu_side_of(tbo, new_mem);
	fence = mockgpu_job_queue(job);
	dma_resv_add_fence(tbo->base.resv, fence, DMA_RESV_USAGE_KERNEL);
	dma_fence_put(fence);
	return 0;
}

/* The buffer may have a fence: that of the eviction of who was there before. */
static int mockgpu_blit_clear(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			      struct ttm_resource *new_mem)
{
	int ret, idx;

	if (mockgpu_blit_is_async(NULL, NULL))
		return mockgpu_blit_clear_async(tbo, new_mem);
	ret = ttm_bo_wait_ctx(tbo, ctx);
	if (ret)
		return ret;
	if (!drm_dev_enter(tbo->base.dev, &idx))
		return -ENODEV;
	mockgpu_vram_clear(ttm_to_mockgpu_device(tbo->bdev), new_mem, tbo->base.size);
	drm_dev_exit(idx);
	return 0;
}

/* Without a copy: a buffer without contents, or one whose pages stay. */
static int mockgpu_blit_null(struct ttm_buffer_object *tbo, struct ttm_operation_ctx *ctx,
			     struct ttm_resource *new_mem)
{
	int ret = 0;

	/* As amdgpu: only a move to SYSTEM has to wait, from where the pages may go. */
	if (new_mem->mem_type == TTM_PL_SYSTEM && mockgpu_has_contents(tbo))
		ret = ttm_bo_wait_ctx(tbo, ctx);
	else if (new_mem->mem_type == TTM_PL_VRAM)
		ret = mockgpu_blit_clear(tbo, ctx, new_mem);
	if (!ret)
		ttm_bo_move_null(tbo, new_mem);
	return ret;
}

static bool mockgpu_blit_is_copy(struct ttm_buffer_object *tbo,
				 const struct ttm_resource *new_mem)
{
	return mockgpu_has_contents(tbo) && (new_mem->mem_type == TTM_PL_VRAM ||
					     tbo->resource->mem_type == TTM_PL_VRAM);
}

/**
 * mockgpu_blit_hop - check whether a move has to go over GTT
 * @tbo: the buffer object, locked
 * @new_mem: where it should go
 * @hop: out: GTT, if so
 *
 * Return: 0, or -EMULTIHOP with which TTM makes two moves of it.
 */
int mockgpu_blit_hop(struct ttm_buffer_object *tbo, const struct ttm_resource *new_mem,
		     struct ttm_place *hop)
{
	if (!mockgpu_blit_is_copy(tbo, new_mem) || !mockgpu_blit_is_async(tbo->ttm, NULL))
		return 0;
	if (tbo->resource->mem_type != TTM_PL_SYSTEM && new_mem->mem_type != TTM_PL_SYSTEM)
		return 0;
	*hop = (struct ttm_place) {
		.mem_type = TTM_PL_TT,
		.flags = TTM_PL_FLAG_TEMPORARY,
	};
	return -EMULTIHOP;
}

/*
 * Whether the engine may do a copy. TTM keeps the pages of a buffer that leaves GTT until the
 * copy is done; if that is too much, the CPU copies at once.
 */
static bool mockgpu_blit_may_wait(struct ttm_buffer_object *tbo,
				  const struct ttm_resource *new_mem)
{
	/* move_delay may have changed since mockgpu_blit_hop(). */
	if (!mockgpu_blit_is_async(tbo->ttm, NULL) || new_mem->mem_type == TTM_PL_SYSTEM ||
	    tbo->resource->mem_type == TTM_PL_SYSTEM)
		return false;
	return tbo->resource->mem_type != TTM_PL_TT ||
	       mockgpu_tt_charge(ttm_to_mockgpu_device(tbo->bdev), to_mockgpu_tt(tbo->ttm));
}

/**
 * mockgpu_blit_move - move a buffer with its contents, for &ttm_device_funcs.move
 * @tbo: the buffer object, locked
 * @evict: whether it is evicted
 * @ctx: TTM's context
 * @new_mem: where it goes; mockgpu_blit_hop() was asked
 *
 * Return: 0 or a negative errno, after which nothing has changed.
 */
int mockgpu_blit_move(struct ttm_buffer_object *tbo, bool evict,
		      struct ttm_operation_ctx *ctx, struct ttm_resource *new_mem)
{
	int ret;

	dma_resv_assert_held(tbo->base.resv);
	if (!mockgpu_blit_is_copy(tbo, new_mem))
		return mockgpu_blit_null(tbo, ctx, new_mem);
	if (!mockgpu_blit_may_wait(tbo, new_mem))
		return mockgpu_blit_sync(tbo, ctx, new_mem);
	ret = mockgpu_blit_async(tbo, evict, new_mem);
	if (ret)
		mockgpu_tt_uncharge(ttm_to_mockgpu_device(tbo->bdev), to_mockgpu_tt(tbo->ttm));
	return ret;
}

static void mockgpu_tt_copy(struct ttm_tt *to, struct ttm_tt *from)
{
	unsigned long i;

	for (i = 0; i < to->num_pages; i++) {
		copy_highpage(to->pages[i], from->pages[i]);
		cond_resched();
	}
}

/* From here on the pages are about to change. */
static void mockgpu_blit_announce(struct mockgpu_bo *bo)
{
	ttm_bo_unmap_virtual(&bo->tbo);
	mockgpu_dmabuf_notify_move(bo);
}

static int mockgpu_blit_pages_async(struct mockgpu_bo *bo, struct ttm_tt *to)
{
	struct dma_resv *resv = bo->tbo.base.resv;
	struct mockgpu_job *job;
	struct dma_fence *fence;

	mockgpu_blit_announce(bo);
	job = mockgpu_blit_job(&bo->tbo);
	if (!job)
		return -ENOMEM;
	job->from.ttm = bo->tbo.ttm;
	job->to.ttm = to;
	fence = mockgpu_job_queue(job);
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_KERNEL);
	dma_fence_put(fence);
	return 0;
}

/**
 * mockgpu_blit_pages - copy a buffer's system pages to others
 * @bo: the buffer, with pages in GTT, locked
 * @to: a tt of the same size, populated, which stays until the buffer's fences signal
 *
 * User mappings of the buffer are removed and its importers notified.
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_blit_pages(struct mockgpu_bo *bo, struct ttm_tt *to)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_blit_is_async(bo->tbo.ttm, to))
		return mockgpu_blit_pages_async(bo, to);
	ret = ttm_bo_wait_ctx(&bo->tbo, &ctx);
	if (ret)
		return ret;
	mockgpu_blit_announce(bo);
	mockgpu_bo_flush(bo);
	mockgpu_tt_copy(to, bo->tbo.ttm);
	return 0;
}

/**
 * mockgpu_blit_fill - create a job that writes to all of a buffer
 * @bo: the buffer, no import, where the device can access it, locked
 * @value: the value of each byte
 *
 * The job waits for nobody, and its fence is not the buffer's yet.
 *
 * Return: the job or an ERR_PTR(): -ENOMEM, -EOPNOTSUPP for a buffer whose memory type the
 * engine cannot write.
 */
struct mockgpu_job *mockgpu_blit_fill(struct mockgpu_bo *bo, u8 value)
{
	struct mockgpu_job *job;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_bo_placement(bo) != MOCKGPU_PLACEMENT_VRAM && !mockgpu_engine_can(bo->tbo.ttm))
		return ERR_PTR(-EOPNOTSUPP);
	job = mockgpu_job_create(mockgpu_bo_device(bo), 0);
	if (!job)
		return ERR_PTR(-ENOMEM);
	if (bo->userptr)
		job->to.user = mockgpu_userptr_pages(bo);
	else
		job->to = mockgpu_side_of(&bo->tbo, bo->tbo.resource);
	job->npages = mockgpu_bo_npages(bo);
	job->value = value;
	job->is_work = true;
	return job;
}
