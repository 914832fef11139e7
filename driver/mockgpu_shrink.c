// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers under memory pressure
 *
 * amdgpu leaves its buffers alone when memory is short, and only TTM's own limit makes TTM swap
 * some out (ttm_tt_swapout()). xe has a shrinker (xe_shrinker.c): ttm_bo_shrink() copies a
 * buffer's pages to a shmem file and frees each block of pages as soon as it is copied, so the
 * kernel can write them to swap space. If it has to stop, the buffer is backed up in part: some
 * pages are in the file, the others where they were. The next access gets new pages for all of
 * it; a signal may interrupt that at any page, and the next attempt goes on from there.
 *
 * Here the module parameter shrinker=1 makes buffers of the pool (MOCKGPU_KIND_TTM) like xe's,
 * and MOCKGPU_SWAPOUT_BACKUP does it to one buffer, on request.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>

#include <drm/drm_print.h>

#ifdef MOCKGPU_HAVE_TTM_SHRINK
#include <drm/ttm/ttm_backup.h>
#endif

#include "mockgpu_bo.h"
#include "mockgpu_pages.h"
#include "mockgpu_shrink.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_vmap.h"

static bool shrinker;
module_param(shrinker, bool, 0444);
MODULE_PARM_DESC(shrinker, "when memory is short, back buffers of kind ttm up to swap space, and discard those with MOCKGPU_BO_DISCARDABLE, as xe does; TTM neither counts nor swaps them then (default N)");

/* What mockgpu_shrink_add() and mockgpu_shrink_sub() count a tt's pages in. */
static atomic_long_t *mockgpu_shrink_count_of(struct mockgpu_device *mdev,
					      const struct mockgpu_tt *tt)
{
	return tt->purgeable ? &mdev->shrink.purgeable : &mdev->shrink.backable;
}

/**
 * mockgpu_shrink_add - let the shrinker count the pages of a tt
 * @mdev: the device
 * @tt: the tt, populated
 */
void mockgpu_shrink_add(struct mockgpu_device *mdev, struct mockgpu_tt *tt)
{
	if (mockgpu_tt_can_back_up(&tt->ttm))
		atomic_long_add(tt->ttm.num_pages, mockgpu_shrink_count_of(mdev, tt));
}

/**
 * mockgpu_shrink_sub - undo mockgpu_shrink_add()
 * @mdev: the device
 * @tt: the tt
 */
void mockgpu_shrink_sub(struct mockgpu_device *mdev, struct mockgpu_tt *tt)
{
	if (mockgpu_tt_can_back_up(&tt->ttm))
		atomic_long_sub(tt->ttm.num_pages, mockgpu_shrink_count_of(mdev, tt));
}

#ifdef MOCKGPU_HAVE_TTM_SHRINK

/**
 * mockgpu_tt_init_backup - ttm_tt_init() for a tt that can be backed up
 * @tt: the tt
 * @tbo: its buffer object
 * @page_flags: TTM_TT_FLAG_*
 * @caching: memory type
 *
 * As xe_ttm_tt_create().
 *
 * Return: 0 or -ENOMEM.
 */
int mockgpu_tt_init_backup(struct mockgpu_tt *tt, struct ttm_buffer_object *tbo,
			   u32 page_flags, enum ttm_caching caching)
{
	int ret;

	page_flags |= TTM_TT_FLAG_EXTERNAL | TTM_TT_FLAG_EXTERNAL_MAPPABLE;
	ret = ttm_tt_init(&tt->ttm, tbo, page_flags, caching, 0);
	if (ret)
		return ret;
	ret = mockgpu_should_fail("backup_file") ? -ENOMEM : ttm_tt_setup_backup(&tt->ttm);
	if (ret)
		ttm_tt_fini(&tt->ttm);
	return ret;
}

/**
 * mockgpu_tt_restore - get pages for a tt that is backed up or was purged
 * @bdev: the TTM device
 * @tt: the tt
 * @ctx: TTM's context
 *
 * Return: 0, or a negative errno: -EINTR when a signal came, after which some pages may have been
 * restored, and the next attempt continues.
 */
int mockgpu_tt_restore(struct ttm_device *bdev, struct mockgpu_tt *tt,
		       struct ttm_operation_ctx *ctx)
{
	struct mockgpu_device *mdev = ttm_to_mockgpu_device(bdev);
	int ret;

	if (tt->purged) {
		ttm_tt_clear_backed_up(&tt->ttm);
		ret = ttm_pool_alloc(&bdev->pool, &tt->ttm, ctx);
		if (ret)
			tt->ttm.page_flags |= TTM_TT_FLAG_BACKED_UP;
		else
			tt->purged = false;
		return ret;
	}
	if (mockgpu_should_fail("backup_read"))
		return -ENOMEM;
	ret = ttm_tt_restore(bdev, &tt->ttm, ctx);
	if (ret == -EINTR || ret == -ERESTARTSYS)
		atomic_long_inc(&mdev->shrink.interrupted);
	return ret;
}

/**
 * mockgpu_tt_drop_backup - free what a tt has, if it is backed up
 * @tt: the tt, which is never populated again
 */
void mockgpu_tt_drop_backup(struct mockgpu_tt *tt)
{
	/* ttm_pool_drop_backed_up() is TTM's own. */
	if (!ttm_tt_is_backed_up(&tt->ttm))
		return;
	ttm_tt_fini(&tt->ttm);
	ttm_tt_clear_backed_up(&tt->ttm);
}

/*
 * ttm_pool_backup() makes pages cached before it copies any, and leaves them so when it fails. They
 * have either type now.
 */
static void mockgpu_tt_recache(struct ttm_tt *ttm)
{
	if (ttm->caching == ttm_cached)
		return;
	mockgpu_pages_reset_caching(ttm->pages, ttm->num_pages, ttm->caching);
	if (mockgpu_pages_set_caching(ttm->pages, ttm->num_pages, ttm->caching))
		ttm->caching = ttm_cached;
}

/*
 * Back up or purge a buffer with pages. Return: the number of pages, or a negative errno with
 * nothing lost.
 */
static long mockgpu_bo_shrink(struct mockgpu_bo *bo, struct ttm_operation_ctx *ctx, bool purge)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct mockgpu_tt *tt = to_mockgpu_tt(bo->tbo.ttm);
	long ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	mockgpu_bo_flush(bo);
	if (tt->mapping)
		mockgpu_pages_set_mapping(tt, NULL);
	/* Without writeback, which is left to reclaim of the shmem file. */
	ret = ttm_bo_shrink(ctx, &bo->tbo, (struct ttm_bo_shrink_flags) {
		.purge = purge,
		.allow_move = true,
	});
	if (ret <= 0) {
		mockgpu_tt_recache(&tt->ttm);
		if (tt->mapping)
			mockgpu_pages_set_mapping(tt, tt->mapping);
		return ret;
	}
	atomic_long_sub(tt->ttm.num_pages, &mdev->populated);
	mockgpu_shrink_sub(mdev, tt);
	mockgpu_pages_forget(tt);
	tt->purged = purge;
	if (purge) {
		bo->discards++;
		atomic_long_add(ret, &mdev->shrink.purged);
	} else {
		bo->swapouts++;
		atomic_long_add(ret, &mdev->shrink.backed_up);
	}
	return ret;
}

/**
 * mockgpu_bo_backup_check - check whether a buffer can be backed up, maybe with other pages
 * @bo: the buffer, no import
 *
 * Return: 0, -EINVAL when its pages are not of the pool, -EOPNOTSUPP where TTM cannot, -ENOSPC
 * without swap space.
 */
int mockgpu_bo_backup_check(struct mockgpu_bo *bo)
{
	if (!mockgpu_bo_device(bo)->shrink.possible)
		return -EOPNOTSUPP;
	if (bo->desc.kind != MOCKGPU_KIND_TTM)
		return -EINVAL;
	return ttm_backup_bytes_avail() ? 0 : -ENOSPC;
}

/**
 * mockgpu_bo_backup - back a buffer up
 * @bo: the buffer, which has pages and mockgpu_tt_can_back_up()
 *
 * Return: 0, also when some pages stay where they are, or a negative errno.
 */
int mockgpu_bo_backup(struct mockgpu_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true };
	long ret;

	/* Else an error would look like lack of memory. */
	ret = ttm_bo_wait_ctx(&bo->tbo, &ctx);
	if (ret)
		return ret;
	if (mockgpu_should_fail("backup"))
		return -ENOMEM;
	ret = mockgpu_bo_shrink(bo, &ctx, false);
	if (!ret || ret == -EBUSY)
		return -ENOMEM;
	return min(ret, 0l);
}

/* What the shrinker wants of one walk. */
struct mockgpu_shrink_walk {
	struct mockgpu_device *mdev;
	struct ttm_operation_ctx ctx;
	bool purge;
	unsigned long to_scan;
	unsigned long scanned;
	unsigned long freed;
};

/*
 * A ghost object's pages go as soon as the engine is done. The end of a buffer waits for the lock,
 * which we have.
 */
static struct mockgpu_bo *mockgpu_shrink_candidate(struct ttm_buffer_object *tbo,
						   struct mockgpu_shrink_walk *walk)
{
	struct mockgpu_tt *tt;

	if (!ttm_bo_shrink_suitable(tbo, &walk->ctx) || !mockgpu_tt_can_back_up(tbo->ttm))
		return NULL;
	tt = to_mockgpu_tt(tbo->ttm);
	if (!tt->bo || &tt->bo->tbo != tbo || tt->purgeable != walk->purge)
		return NULL;
	return tt->bo;
}

static void mockgpu_shrink_walk_man(struct mockgpu_shrink_walk *walk, u32 mem_type)
{
	struct ttm_resource_manager *man = ttm_manager_type(&walk->mdev->ttm, mem_type);
	struct ttm_lru_walk_arg arg = { .ctx = &walk->ctx, .trylock_only = true };
	struct ttm_bo_lru_cursor cursor;
	struct ttm_buffer_object *tbo;
	struct mockgpu_bo *bo;
	long ret;

	ttm_bo_lru_for_each_reserved_guarded(&cursor, man, &arg, tbo) {
		bo = mockgpu_shrink_candidate(tbo, walk);
		if (!bo)
			continue;
		walk->scanned += tbo->ttm->num_pages;
		ret = mockgpu_bo_shrink(bo, &walk->ctx, walk->purge);
		walk->freed += max(ret, 0l);
		if (walk->scanned >= walk->to_scan)
			break;
	}
}

/* Those that the GPU does not use, least recently used first. */
static void mockgpu_shrink_walk(struct mockgpu_shrink_walk *walk, bool purge)
{
	walk->purge = purge;
	if (walk->scanned < walk->to_scan)
		mockgpu_shrink_walk_man(walk, TTM_PL_SYSTEM);
	if (walk->scanned < walk->to_scan)
		mockgpu_shrink_walk_man(walk, TTM_PL_TT);
}

/* Copying to shmem takes locks of file systems, discarding does not. */
static unsigned long mockgpu_shrink_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct mockgpu_device *mdev = shrinker->private_data;
	unsigned long count = max(atomic_long_read(&mdev->shrink.purgeable), 0l);

	if (sc->gfp_mask & __GFP_FS)
		count += min_t(unsigned long, ttm_backup_bytes_avail() >> PAGE_SHIFT,
			       max(atomic_long_read(&mdev->shrink.backable), 0l));
	return count ?: SHRINK_EMPTY;
}

static unsigned long mockgpu_shrink_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	struct mockgpu_shrink_walk walk = {
		.mdev = shrinker->private_data,
		.ctx = { .no_wait_gpu = true },
		.to_scan = sc->nr_to_scan,
	};

	atomic_long_inc(&walk.mdev->shrink.scans);
	mockgpu_shrink_walk(&walk, true);
	if (sc->gfp_mask & __GFP_FS && ttm_backup_bytes_avail())
		mockgpu_shrink_walk(&walk, false);
	sc->nr_scanned = walk.scanned;
	return walk.scanned ? walk.freed : SHRINK_STOP;
}

/**
 * mockgpu_shrink_now - act as if memory were short
 * @mdev: the device
 * @npages: how many pages to look at, at least
 *
 * As TTM's debugfs file page_pool_shrink. lockdep sees what it would see in reclaim.
 *
 * Return: the number of pages that are free now, 0 also without a shrinker.
 */
unsigned long mockgpu_shrink_now(struct mockgpu_device *mdev, unsigned long npages)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = npages };
	unsigned long freed = 0;
	unsigned int flags;

	if (!mdev->shrink.shrinker)
		return 0;
	flags = memalloc_noreclaim_save();
	fs_reclaim_acquire(GFP_KERNEL);
	if (mockgpu_shrink_count(mdev->shrink.shrinker, &sc) != SHRINK_EMPTY)
		freed = mockgpu_shrink_scan(mdev->shrink.shrinker, &sc);
	fs_reclaim_release(GFP_KERNEL);
	memalloc_noreclaim_restore(flags);
	return freed == SHRINK_STOP ? 0 : freed;
}

static int mockgpu_shrink_register(struct mockgpu_device *mdev)
{
	struct shrinker *new;

	if (mockgpu_should_fail("shrinker"))
		return -ENOMEM;
	new = shrinker_alloc(0, "drm-mockgpu:%s", dev_name(mdev->drm.dev));
	if (!new)
		return -ENOMEM;
	new->count_objects = mockgpu_shrink_count;
	new->scan_objects = mockgpu_shrink_scan;
	new->private_data = mdev;
	mdev->shrink.shrinker = new;
	shrinker_register(new);
	return 0;
}

/**
 * mockgpu_shrink_fini - undo mockgpu_shrink_init()
 * @mdev: the device
 */
void mockgpu_shrink_fini(struct mockgpu_device *mdev)
{
	if (mdev->shrink.shrinker)
		shrinker_free(mdev->shrink.shrinker);
}

#else /* MOCKGPU_HAVE_TTM_SHRINK */

static int mockgpu_shrink_register(struct mockgpu_device *mdev)
{
	return -EOPNOTSUPP;
}

int mockgpu_tt_init_backup(struct mockgpu_tt *tt, struct ttm_buffer_object *tbo,
			   u32 page_flags, enum ttm_caching caching)
{
	return -EOPNOTSUPP;
}

int mockgpu_tt_restore(struct ttm_device *bdev, struct mockgpu_tt *tt,
		       struct ttm_operation_ctx *ctx)
{
	return -EOPNOTSUPP;
}

void mockgpu_tt_drop_backup(struct mockgpu_tt *tt)
{
}

int mockgpu_bo_backup_check(struct mockgpu_bo *bo)
{
	return -EOPNOTSUPP;
}

int mockgpu_bo_backup(struct mockgpu_bo *bo)
{
	return -EOPNOTSUPP;
}

unsigned long mockgpu_shrink_now(struct mockgpu_device *mdev, unsigned long npages)
{
	return 0;
}

void mockgpu_shrink_fini(struct mockgpu_device *mdev)
{
}

#endif /* MOCKGPU_HAVE_TTM_SHRINK */

/**
 * mockgpu_shrink_init - register the shrinker, if the module parameter asks for it
 * @mdev: the device, with TTM set up, without buffers
 * @possible: whether TTM can back up the pages of its pool
 *
 * Return: 0, -ENOMEM, or -EOPNOTSUPP where TTM has no backup.
 */
int mockgpu_shrink_init(struct mockgpu_device *mdev, bool possible)
{
	int ret;

	mdev->shrink.possible = possible && MOCKGPU_TTM_SHRINK;
	if (!shrinker)
		return 0;
	ret = mdev->shrink.possible ? mockgpu_shrink_register(mdev) : -EOPNOTSUPP;
	if (ret)
		drm_err(&mdev->drm, "no shrinker=1 is possible (%d)\n", ret);
	return ret;
}
