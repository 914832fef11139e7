/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TTM device: what TTM calls to create, populate, move and evict buffers.
 *
 * Locking: TTM calls with the buffer locked. It passes ghost objects too, which
 * mockgpu_bo_is_ours() tells apart.
 * Errors: -ENOMEM, -ENODEV for a revoked buffer, and those of the page source.
 */
#ifndef MOCKGPU_TTM_H
#define MOCKGPU_TTM_H

#include "mockgpu_types.h"

int mockgpu_ttm_init(struct mockgpu_device *mdev);

#ifdef MOCKGPU_HAVE_KUNIT
struct ttm_tt *mockgpu_tt_create(struct ttm_buffer_object *tbo, u32 page_flags);
void mockgpu_tt_destroy(struct ttm_device *bdev, struct ttm_tt *ttm);
void mockgpu_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement);
void mockgpu_swap_notify(struct ttm_buffer_object *tbo);
#endif

#endif /* MOCKGPU_TTM_H */
