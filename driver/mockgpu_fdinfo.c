// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /proc/<pid>/fdinfo/<fd> says of a client's memory, with the keys of
 * Documentation/gpu/drm-usage-stats.rst, in the regions "system" (no device can
 * reach it: swapped out, or an import that is not used), "gtt" and "vram".
 *
 * Kernels before 6.5 have no helpers and know only drm-memory-<region>; the same
 * keys as elsewhere are printed there (mockgpu_compat.h). drm-engine-* and drm-active-*
 * are missing everywhere: the mock's only engine is the calling process.
 */
#include <linux/idr.h>
#include <linux/spinlock.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include "mockgpu_types.h"

static const char * const mockgpu_regions[] = {
	[TTM_PL_SYSTEM] = "system",
	[TTM_PL_TT] = "gtt",
	[TTM_PL_VRAM] = "vram",
};

/* The next object of a client from handle @id on, referenced, or NULL. */
static struct drm_gem_object *mockgpu_next_object(struct drm_file *file, int *id)
{
	struct drm_gem_object *gem;

	spin_lock(&file->table_lock);
	gem = idr_get_next(&file->object_idr, id);
	if (gem)
		drm_gem_object_get(gem);
	spin_unlock(&file->table_lock);
	return gem;
}

/* Whoever holds the lock may wait for fences: a signal ends the reading. */
static int mockgpu_add_object(struct drm_gem_object *gem,
			      struct drm_memory_stats *stats)
{
	struct ttm_buffer_object *tbo = &gem_to_mockgpu_bo(gem)->tbo;
	unsigned int place;
	bool resident;
	int ret;

	ret = dma_resv_lock_interruptible(gem->resv, NULL);
	if (ret)
		return ret;
	place = tbo->resource ? tbo->resource->mem_type : TTM_PL_SYSTEM;
	resident = place == TTM_PL_VRAM ||
		   (tbo->ttm && ttm_tt_is_populated(tbo->ttm));
	dma_resv_unlock(gem->resv);

	stats += place;
	if (drm_gem_object_is_shared_for_memory_stats(gem))
		stats->shared += gem->size;
	else
		stats->private += gem->size;
	if (resident)
		stats->resident += gem->size;
	return 0;
}

/**
 * mockgpu_show_fdinfo - print a client's memory
 * @p: where to
 * @file: the client
 */
void mockgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct drm_memory_stats stats[ARRAY_SIZE(mockgpu_regions)] = {};
	struct drm_gem_object *gem;
	unsigned int i;
	int ret = 0, id = 0;

	for (; !ret && (gem = mockgpu_next_object(file, &id)); id++) {
		ret = mockgpu_add_object(gem, stats);
		drm_gem_object_put(gem);
	}
	if (ret)
		return;
	for (i = 0; i < ARRAY_SIZE(stats); i++)
		drm_print_memory_stats(p, &stats[i], DRM_GEM_OBJECT_RESIDENT,
				       mockgpu_regions[i]);
}
