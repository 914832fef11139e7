/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers under memory pressure: TTM's backup (ttm_bo_shrink(), 6.15), and the shrinker.
 *
 * Locking: a tt is protected by the lock of its buffer. The shrinker only takes locks by trylock,
 * and takes none of the driver's but mockgpu_device.list_lock, under which nobody allocates.
 * Units: pages.
 * Errors: -EOPNOTSUPP where the kernel has no backup.
 */
#ifndef MOCKGPU_SHRINK_H
#define MOCKGPU_SHRINK_H

#include "mockgpu_types.h"

int mockgpu_shrink_init(struct mockgpu_device *mdev, bool possible);
void mockgpu_shrink_fini(struct mockgpu_device *mdev);
void mockgpu_shrink_add(struct mockgpu_device *mdev, struct mockgpu_tt *tt);
void mockgpu_shrink_sub(struct mockgpu_device *mdev, struct mockgpu_tt *tt);
unsigned long mockgpu_shrink_now(struct mockgpu_device *mdev, unsigned long npages);

int mockgpu_tt_init_backup(struct mockgpu_tt *tt, struct ttm_buffer_object *tbo,
			   u32 page_flags, enum ttm_caching caching);
int mockgpu_tt_restore(struct ttm_device *bdev, struct mockgpu_tt *tt,
		       struct ttm_operation_ctx *ctx);
void mockgpu_tt_drop_backup(struct mockgpu_tt *tt);
int mockgpu_bo_backup_check(struct mockgpu_bo *bo);
int mockgpu_bo_backup(struct mockgpu_bo *bo);

/**
 * mockgpu_tt_can_back_up - whether a tt has a file for a backup
 * @ttm: the tt
 *
 * TTM does not swap such a tt out and does not count its pages (TTM_TT_FLAG_EXTERNAL).
 *
 * Return: true when it has.
 */
static inline bool mockgpu_tt_can_back_up(const struct ttm_tt *ttm)
{
	return ttm->page_flags & TTM_TT_FLAG_EXTERNAL_MAPPABLE;
}

/**
 * mockgpu_tt_is_backed_up - whether a tt is backed up or was purged, maybe in part
 * @ttm: the tt
 *
 * Return: true when it is.
 */
static inline bool mockgpu_tt_is_backed_up(const struct ttm_tt *ttm)
{
#ifdef MOCKGPU_HAVE_TTM_SHRINK
	return ttm_tt_is_backed_up(ttm);
#else
	return false;
#endif
}

/**
 * mockgpu_tt_is_out - whether the contents of a tt are elsewhere than in its pages
 * @ttm: the tt, no import's
 *
 * Return: true when it is swapped out or backed up.
 */
static inline bool mockgpu_tt_is_out(struct ttm_tt *ttm)
{
	return ttm->page_flags & TTM_TT_FLAG_SWAPPED ||
	       (mockgpu_tt_is_backed_up(ttm) && !to_mockgpu_tt(ttm)->purged);
}

#endif /* MOCKGPU_SHRINK_H */
