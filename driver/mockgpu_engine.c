// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine stands in for a real GPU's ring of copy commands: it runs jobs in order, after
 * the call that queued them has returned. Its only unit is a CPU.
 *
 * The rules of dma-fence: what a job needs is allocated before its fence exists, and
 * nothing between that and the signal allocates memory or takes a lock under which others
 * allocate. The exception is on purpose: while a file holds the engine no fence signals.
 */
#include <linux/build_bug.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/hmm.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <drm/drm_cache.h>
#include <drm/drm_drv.h>

#include "mockgpu_engine.h"
#include "mockgpu_test_fail.h"

/**
 * struct mockgpu_fence - the fence of a job
 * @base: first, since the core frees it (dma_fence_free())
 * @lock: its lock, which must live as long
 */
struct mockgpu_fence {
	struct dma_fence base;
	spinlock_t lock;		/* base */
};

static_assert(offsetof(struct mockgpu_fence, base) == 0);

static const char *mockgpu_fence_driver_name(struct dma_fence *fence)
{
	return KBUILD_MODNAME;
}

static const char *mockgpu_fence_timeline_name(struct dma_fence *fence)
{
	return "engine";
}

/* Without release, which would tie fences to the module: see mockgpu_fence_detach(). */
static const struct dma_fence_ops mockgpu_fence_ops = {
	.get_driver_name = mockgpu_fence_driver_name,
	.get_timeline_name = mockgpu_fence_timeline_name,
};

/**
 * mockgpu_fence_create - create a fence on a timeline of its own
 *
 * For what the calling task does, without the engine.
 *
 * Return: the fence, to be passed to mockgpu_fence_end(), or NULL.
 */
struct dma_fence *mockgpu_fence_create(void)
{
	struct mockgpu_fence *fence;

	if (mockgpu_should_fail("fence"))
		return NULL;
	fence = kzalloc_obj(*fence, GFP_KERNEL_ACCOUNT);
	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &mockgpu_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return &fence->base;
}

/**
 * mockgpu_fence_end - signal a fence and drop the reference of who created it
 * @fence: from mockgpu_fence_create(), published or not
 */
void mockgpu_fence_end(struct dma_fence *fence)
{
	dma_fence_signal(fence);
	mockgpu_fence_detach(fence);
	dma_fence_put(fence);
}

static void mockgpu_side_map(const struct mockgpu_side *side, unsigned long page,
			     struct iosys_map *map)
{
	unsigned long at;

	if (side->user) {
		iosys_map_set_vaddr(map, kmap_local_page(hmm_pfn_to_page(side->user[page])));
		return;
	}
	if (side->ttm) {
		iosys_map_set_vaddr(map, kmap_local_page(side->ttm->pages[page]));
		return;
	}
	at = mockgpu_extent_page(&side->extent, page);
	*map = IOSYS_MAP_INIT_OFFSET(&side->vram, at << PAGE_SHIFT);
}

static void mockgpu_side_unmap(const struct mockgpu_side *side, struct iosys_map *map)
{
	if (side->user || side->ttm)
		kunmap_local(map->vaddr);
}

static bool mockgpu_side_is_set(const struct mockgpu_side *side)
{
	return side->user || side->ttm || iosys_map_is_set(&side->vram);
}

/* A side that nobody can read reads as zeros. */
static void mockgpu_job_page(const struct mockgpu_job *job, unsigned long page, bool can_read)
{
	struct iosys_map to, from;

	mockgpu_side_map(&job->to, page, &to);
	if (can_read && mockgpu_side_is_set(&job->from)) {
		mockgpu_side_map(&job->from, page, &from);
		drm_memcpy_from_wc(&to, &from, PAGE_SIZE);
		mockgpu_side_unmap(&job->from, &from);
	} else {
		iosys_map_memset(&to, 0, job->value, PAGE_SIZE);
	}
	mockgpu_side_unmap(&job->to, &to);
}

/* Whether it is work that a reset of the GPU has lost. */
static bool mockgpu_job_is_lost(const struct mockgpu_job *job)
{
	return job->is_work && job->fence->base.seqno <= READ_ONCE(job->engine->lost);
}

static void mockgpu_job_wait(struct mockgpu_job *job)
{
	struct mockgpu_engine *engine = job->engine;
	ktime_t delay = ns_to_ktime((u64)job->delay * NSEC_PER_USEC);
	unsigned int i;

	for (i = 0; i < job->deps; i++)
		dma_fence_wait(job->dep[i], false);
	/* Neither the jobs of an unplugged device nor lost ones hold anybody up. */
	wait_event_hrtimeout(engine->released,
			     READ_ONCE(engine->is_free) || mockgpu_job_is_lost(job), delay);
	/* Last, so that a file can hold a job in its delay. No hung task: it may take minutes. */
	wait_event_idle(engine->released, !atomic_read(&engine->holds) ||
			atomic_read(&engine->rushes) || READ_ONCE(engine->is_free));
}

/*
 * Somebody else may own the VRAM of an unplugged device by now: its BAR another driver. Memory
 * that waits for contents from there gets zeros, since TTM has not cleared it.
 */
static void mockgpu_job_do(const struct mockgpu_job *job, bool plugged)
{
	bool can_write = plugged || job->to.ttm;
	bool can_read = plugged || job->from.ttm;
	unsigned long i;

	for (i = 0; can_write && i < job->npages; i++) {
		mockgpu_job_page(job, i, can_read);
		cond_resched();
	}
}

/*
 * What becomes of a job. Work that has not begun is lost with its device; moves end, so that
 * memory has the contents it waits for.
 */
static int mockgpu_job_error(const struct mockgpu_job *job, bool plugged)
{
	if (!plugged || (job->is_work && READ_ONCE(job->engine->is_free)))
		return -ENODEV;
	return mockgpu_job_is_lost(job) ? -ECANCELED : 0;
}

static void mockgpu_job_free(struct mockgpu_job *job)
{
	while (job->deps)
		dma_fence_put(job->dep[--job->deps]);
	mockgpu_extent_put(&job->to.extent);
	mockgpu_extent_put(&job->from.extent);
	kfree(job);
}

static void mockgpu_job_run(struct work_struct *work)
{
	struct mockgpu_job *job = container_of(work, struct mockgpu_job, work);
	struct mockgpu_engine *engine = job->engine;
	struct mockgpu_device *mdev = container_of(engine, struct mockgpu_device, engine);
	struct dma_fence *fence = &job->fence->base;
	bool plugged, cookie;
	int idx, error;

	mockgpu_job_wait(job);
	/* drm_dev_unplug() waits for the end of the section. */
	plugged = drm_dev_enter(&mdev->drm, &idx);
	cookie = dma_fence_begin_signalling();
	error = mockgpu_job_error(job, plugged);
	if (!error || !job->is_work)
		mockgpu_job_do(job, plugged);
	if (error)
		dma_fence_set_error(fence, error);
	atomic_dec(&engine->jobs);
	mockgpu_fence_end(fence);
	dma_fence_end_signalling(cookie);
	if (plugged)
		drm_dev_exit(idx);
	mockgpu_job_free(job);
}

/**
 * mockgpu_job_create - create a job that does nothing yet
 * @mdev: the device
 * @deps: for how many calls of mockgpu_job_depend() and mockgpu_job_await() there must be
 *	room
 *
 * Return: the job, to be passed to mockgpu_job_queue() or mockgpu_job_cancel(), or NULL.
 */
struct mockgpu_job *mockgpu_job_create(struct mockgpu_device *mdev, unsigned int deps)
{
	struct mockgpu_job *job;

	if (mockgpu_should_fail("job"))
		return NULL;
	job = kzalloc(struct_size(job, dep, deps), GFP_KERNEL_ACCOUNT);
	if (!job)
		return NULL;
	job->fence = kzalloc_obj(*job->fence, GFP_KERNEL_ACCOUNT);
	if (!job->fence) {
		kfree(job);
		return NULL;
	}
	spin_lock_init(&job->fence->lock);
	job->engine = &mdev->engine;
	INIT_WORK(&job->work, mockgpu_job_run);
	return job;
}

/**
 * mockgpu_job_await - make a job wait for a fence
 * @job: the job, not queued
 * @fence: the fence, whose reference is the job's from here on
 */
void mockgpu_job_await(struct mockgpu_job *job, struct dma_fence *fence)
{
	job->dep[job->deps++] = fence;
}

/**
 * mockgpu_job_depend - make a job wait for the fences of a reservation
 * @job: the job, not queued
 * @resv: the reservation, held
 * @usage: for which of its fences
 *
 * Return: 0 or -ENOMEM.
 */
int mockgpu_job_depend(struct mockgpu_job *job, struct dma_resv *resv,
		       enum dma_resv_usage usage)
{
	struct dma_fence *fence;
	int ret;

	dma_resv_assert_held(resv);
	if (mockgpu_should_fail("depend"))
		return -ENOMEM;
	ret = dma_resv_get_singleton(resv, usage, &fence);
	if (!ret && fence)
		mockgpu_job_await(job, fence);
	return ret;
}

/**
 * mockgpu_job_queue - let the engine do a job
 * @job: the job, which is the engine's from here on
 *
 * Return: its fence, to be dropped with dma_fence_put().
 */
struct dma_fence *mockgpu_job_queue(struct mockgpu_job *job)
{
	struct mockgpu_engine *engine = job->engine;
	struct dma_fence *fence = &job->fence->base;

	atomic_inc(&engine->jobs);
	/* Whoever waits for a fence of a timeline takes all earlier ones for signaled. */
	spin_lock(&engine->lock);
	dma_fence_init(fence, &mockgpu_fence_ops, &job->fence->lock, engine->context,
		       ++engine->seqno);
	dma_fence_get(fence);
	queue_work(engine->queue, &job->work);
	spin_unlock(&engine->lock);
	return fence;
}

/**
 * mockgpu_job_cancel - free a job that was not queued
 * @job: the job
 */
void mockgpu_job_cancel(struct mockgpu_job *job)
{
	kfree(job->fence);
	mockgpu_job_free(job);
}

/**
 * mockgpu_engine_hold - let no job end until mockgpu_engine_release()
 * @mdev: the device
 *
 * That includes a job that is in its delay, but not one that has begun to write. Has no
 * effect on an unplugged device.
 */
void mockgpu_engine_hold(struct mockgpu_device *mdev)
{
	atomic_inc(&mdev->engine.holds);
}

/**
 * mockgpu_engine_release - undo mockgpu_engine_hold()
 * @mdev: the device
 */
void mockgpu_engine_release(struct mockgpu_device *mdev)
{
	if (atomic_dec_and_test(&mdev->engine.holds))
		wake_up_all(&mdev->engine.released);
}

/**
 * mockgpu_engine_rush - let no file hold the engine until mockgpu_engine_relax()
 * @mdev: the device
 *
 * For who must wait for a job and may be who has the file: a process that unmaps memory that the
 * engine uses, or dies.
 */
void mockgpu_engine_rush(struct mockgpu_device *mdev)
{
	atomic_inc(&mdev->engine.rushes);
	wake_up_all(&mdev->engine.released);
}

/**
 * mockgpu_engine_relax - undo mockgpu_engine_rush()
 * @mdev: the device
 */
void mockgpu_engine_relax(struct mockgpu_device *mdev)
{
	atomic_dec(&mdev->engine.rushes);
}

/**
 * mockgpu_engine_free - let nothing hold the engine up any more
 * @mdev: the device, which is about to be unplugged
 *
 * Neither files nor delays do. drm_dev_unplug() waits for page faults, which may wait for a job.
 */
void mockgpu_engine_free(struct mockgpu_device *mdev)
{
	WRITE_ONCE(mdev->engine.is_free, true);
	wake_up_all(&mdev->engine.released);
}

/**
 * mockgpu_engine_reset - lose all work that has not begun
 * @mdev: the device
 *
 * Its fences signal with -ECANCELED, in their order. Moves are done all the same: drivers queue
 * them again.
 */
void mockgpu_engine_reset(struct mockgpu_device *mdev)
{
	struct mockgpu_engine *engine = &mdev->engine;

	spin_lock(&engine->lock);
	WRITE_ONCE(engine->lost, engine->seqno);
	spin_unlock(&engine->lock);
	wake_up_all(&engine->released);
}

/**
 * mockgpu_engine_init - set up the engine
 * @mdev: the device
 *
 * Return: 0 or -ENOMEM.
 */
int mockgpu_engine_init(struct mockgpu_device *mdev)
{
	struct mockgpu_engine *engine = &mdev->engine;

	spin_lock_init(&engine->lock);
	init_waitqueue_head(&engine->released);
	engine->context = dma_fence_context_alloc(1);
	/* Reclaim may wait for fences. */
	if (!mockgpu_should_fail("engine"))
		engine->queue = alloc_ordered_workqueue("mockgpu%u", WQ_MEM_RECLAIM,
							mdev->index);
	return engine->queue ? 0 : -ENOMEM;
}

/**
 * mockgpu_engine_fini - wait for all jobs and undo mockgpu_engine_init()
 * @mdev: the device, unplugged or never registered
 */
void mockgpu_engine_fini(struct mockgpu_device *mdev)
{
	destroy_workqueue(mdev->engine.queue);
}
