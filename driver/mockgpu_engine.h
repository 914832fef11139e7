/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine: jobs that run after the call that queued them, one after the other, and the
 * fences that tell when.
 *
 * Locking: no lock is needed. A job belongs to who created it until it is queued, then to
 * the engine. What a job uses must stay until its fence signals.
 * Units: pages; delays in microseconds.
 * Errors: -ENOMEM. A queued job cannot fail.
 */
#ifndef MOCKGPU_ENGINE_H
#define MOCKGPU_ENGINE_H

#include <linux/iosys-map.h>
#include <linux/workqueue.h>

#include "mockgpu_extent.h"
#include "mockgpu_types.h"

/**
 * struct mockgpu_side - where a job reads or writes
 * @user: pages of user memory, see mockgpu_userptr_pages(), or NULL
 * @ttm: system pages, populated, or NULL
 * @vram: the mapping of VRAM, without @ttm; not set for nothing at all
 * @extent: where in VRAM; referenced, since the part may be somebody else's before the job ends
 */
struct mockgpu_side {
	const unsigned long *user;
	struct ttm_tt *ttm;
	struct iosys_map vram;
	struct mockgpu_extent extent;
};

/**
 * struct mockgpu_job - something the engine does
 * @to: where it writes
 * @from: where it reads; nothing to write @value
 * @npages: how much, or 0 for a job that only takes time
 * @value: what it writes to each byte if it does not read
 * @delay: how long it takes before it writes
 * @is_work: user space has asked for it; else it is a part of a move
 * @work: in the engine's queue
 * @engine: the engine
 * @fence: what mockgpu_job_queue() returns
 * @deps: number of fences at @dep
 * @dep: fences that it waits for, referenced
 *
 * Its creator sets @to, @from, @npages, @value, @delay and @is_work.
 */
struct mockgpu_job {
	struct mockgpu_side to;
	struct mockgpu_side from;
	unsigned long npages;
	u8 value;
	u32 delay;
	bool is_work;
	struct work_struct work;
	struct mockgpu_engine *engine;
	struct mockgpu_fence *fence;
	unsigned int deps;
	struct dma_fence *dep[];
};

int mockgpu_engine_init(struct mockgpu_device *mdev);
void mockgpu_engine_fini(struct mockgpu_device *mdev);
void mockgpu_engine_hold(struct mockgpu_device *mdev);
void mockgpu_engine_release(struct mockgpu_device *mdev);
void mockgpu_engine_rush(struct mockgpu_device *mdev);
void mockgpu_engine_relax(struct mockgpu_device *mdev);
void mockgpu_engine_reset(struct mockgpu_device *mdev);
void mockgpu_engine_free(struct mockgpu_device *mdev);

struct mockgpu_job *mockgpu_job_create(struct mockgpu_device *mdev, unsigned int deps);
void mockgpu_job_await(struct mockgpu_job *job, struct dma_fence *fence);
int mockgpu_job_depend(struct mockgpu_job *job, struct dma_resv *resv,
		       enum dma_resv_usage usage);
struct dma_fence *mockgpu_job_queue(struct mockgpu_job *job);
void mockgpu_job_cancel(struct mockgpu_job *job);

struct dma_fence *mockgpu_fence_create(void);
void mockgpu_fence_end(struct dma_fence *fence);

#endif /* MOCKGPU_ENGINE_H */
