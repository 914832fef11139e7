/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the contents of a buffer get to its new pages: at once, by the CPU that asks, or by
 * the engine after the call has returned (module parameter move_delay).
 *
 * Locking: the buffer is locked.
 * Errors: -ENOMEM, -ERESTARTSYS for a signal while waiting for the buffer's fences, -EBUSY
 * when they do not signal in TTM's 15 s.
 */
#ifndef MOCKGPU_BLIT_H
#define MOCKGPU_BLIT_H

#include "mockgpu_types.h"

struct mockgpu_job;

int mockgpu_blit_hop(struct ttm_buffer_object *tbo, const struct ttm_resource *new_mem,
		     struct ttm_place *hop);
int mockgpu_blit_move(struct ttm_buffer_object *tbo, bool evict,
		      struct ttm_operation_ctx *ctx, struct ttm_resource *new_mem);
int mockgpu_blit_pages(struct mockgpu_bo *bo, struct ttm_tt *to);
struct mockgpu_job *mockgpu_blit_fill(struct mockgpu_bo *bo, u8 value);

#endif /* MOCKGPU_BLIT_H */
