// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submissions, in the order of every driver: look up, lock, wait, and once nothing can fail
 * any more, queue and publish the fence. As amdgpu_cs_ioctl() and panthor's submit, with a
 * job that takes time and writes bytes in place of commands.
 *
 * The gate, which comes first, waits for all fences and takes the time. Then comes a job for
 * each buffer that is written. The engine's order makes the fence of the last one the fence of
 * all.
 */
#include <linux/dma-fence.h>
#include <linux/dma-fence-chain.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/ww_mutex.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>

#include "mockgpu_blit.h"
#include "mockgpu_bo.h"
#include "mockgpu_engine.h"
#include "mockgpu_prime.h"
#include "mockgpu_submit.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_userptr.h"

/**
 * struct mockgpu_signal - a sync object that a submission signals
 * @syncobj: the sync object, referenced
 * @chain: what its point @point is made of, or NULL for a binary one
 * @point: the point
 */
struct mockgpu_signal {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
};

/**
 * struct mockgpu_submit - a submission in the making
 * @mdev: the device
 * @file: the client
 * @args: what it asks for
 * @uses: how it uses each buffer
 * @gem: the buffers, referenced
 * @signals: what it signals
 * @gems: number of those at @gem so far
 * @nsignals: number of those at @signals so far
 * @jobs: number of those at @job so far
 * @job: the gate, and a job for each buffer to write
 */
struct mockgpu_submit {
	struct mockgpu_device *mdev;
	struct drm_file *file;
	const struct drm_mockgpu_submit *args;
	struct drm_mockgpu_submit_bo *uses;
	struct drm_gem_object **gem;
	struct mockgpu_signal *signals;
	u32 gems;
	u32 nsignals;
	u32 jobs;
	struct mockgpu_job *job[];
};

static void *mockgpu_submit_read(u64 from, u32 count, size_t size)
{
	if (mockgpu_should_fail("read"))
		return ERR_PTR(-ENOMEM);
	return memdup_user(u64_to_user_ptr(from), array_size(count, size));
}

static int mockgpu_submit_use_check(const struct drm_mockgpu_submit_bo *use)
{
	if (use->flags & ~(MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL) || use->reserved)
		return -EINVAL;
	if (!(use->flags & MOCKGPU_SUBMIT_FILL))
		return use->value ? -EINVAL : 0;
	return use->flags & MOCKGPU_SUBMIT_WRITE && use->value <= U8_MAX ? 0 : -EINVAL;
}

static int mockgpu_submit_gem_lookup(struct mockgpu_submit *submit)
{
	const struct drm_mockgpu_submit_bo *use;
	struct mockgpu_bo *bo;
	int ret;

	while (submit->gems < submit->args->bo_count) {
		use = &submit->uses[submit->gems];
		ret = mockgpu_submit_use_check(use);
		if (ret)
			return ret;
		bo = mockgpu_bo_lookup(submit->file, use->handle);
		if (!bo)
			return -ENOENT;
		submit->gem[submit->gems++] = &bo->tbo.base;
		if (use->flags & MOCKGPU_SUBMIT_WRITE && !mockgpu_userptr_is_writable(bo))
			return -EACCES;
		if (!bo->import)
			continue;
		if (use->flags & MOCKGPU_SUBMIT_FILL)
			return -EINVAL;
		if (use->flags & MOCKGPU_SUBMIT_WRITE && !mockgpu_import_is_writable(bo))
			return -EACCES;
	}
	return 0;
}

static int mockgpu_submit_gems(struct mockgpu_submit *submit)
{
	const struct drm_mockgpu_submit *args = submit->args;
	void *uses;

	if (mockgpu_should_fail("gems"))
		return -ENOMEM;
	submit->gem = kcalloc(args->bo_count, sizeof(*submit->gem), GFP_KERNEL);
	if (!submit->gem)
		return -ENOMEM;
	uses = mockgpu_submit_read(args->bos, args->bo_count, sizeof(*submit->uses));
	if (IS_ERR(uses))
		return PTR_ERR(uses);
	submit->uses = uses;
	return mockgpu_submit_gem_lookup(submit);
}

/* The fence that the sync object has now. */
static int mockgpu_submit_wait(struct mockgpu_submit *submit, const struct drm_mockgpu_sync *sync)
{
	struct dma_fence *fence;
	int ret;

	ret = drm_syncobj_find_fence(submit->file, sync->handle, sync->point, 0, &fence);
	if (!ret)
		mockgpu_job_await(submit->job[0], fence);
	return ret;
}

static int mockgpu_submit_signal(struct mockgpu_submit *submit,
				 const struct drm_mockgpu_sync *sync)
{
	struct mockgpu_signal *signal = &submit->signals[submit->nsignals];

	signal->syncobj = drm_syncobj_find(submit->file, sync->handle);
	if (!signal->syncobj)
		return -ENOENT;
	submit->nsignals++;
	signal->point = sync->point;
	if (!sync->point)
		return 0;
	if (!mockgpu_should_fail("chain"))
		signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

/* Call @each for all entries of a list of sync objects. */
static int mockgpu_submit_syncs(struct mockgpu_submit *submit, u64 from, u32 count,
				int (*each)(struct mockgpu_submit *submit,
					    const struct drm_mockgpu_sync *sync))
{
	struct drm_mockgpu_sync *syncs;
	u32 i;
	int ret = 0;

	syncs = mockgpu_submit_read(from, count, sizeof(*syncs));
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	for (i = 0; i < count && !ret; i++)
		ret = syncs[i].flags ? -EINVAL : each(submit, &syncs[i]);
	kfree(syncs);
	return ret;
}

static int mockgpu_submit_waits(struct mockgpu_submit *submit)
{
	const struct drm_mockgpu_submit *args = submit->args;

	return mockgpu_submit_syncs(submit, args->waits, args->wait_count, mockgpu_submit_wait);
}

static int mockgpu_submit_signals(struct mockgpu_submit *submit)
{
	const struct drm_mockgpu_submit *args = submit->args;

	if (mockgpu_should_fail("signals"))
		return -ENOMEM;
	submit->signals = kcalloc(args->signal_count, sizeof(*submit->signals), GFP_KERNEL);
	if (!submit->signals)
		return -ENOMEM;
	return mockgpu_submit_syncs(submit, args->signals, args->signal_count,
				    mockgpu_submit_signal);
}

static int mockgpu_submit_gate(struct mockgpu_submit *submit)
{
	const struct drm_mockgpu_submit *args = submit->args;
	struct mockgpu_job *gate;

	gate = mockgpu_job_create(submit->mdev, args->bo_count + args->wait_count);
	if (!gate)
		return -ENOMEM;
	gate->delay = args->delay;
	gate->is_work = true;
	submit->job[submit->jobs++] = gate;
	return 0;
}

static void mockgpu_submit_free(struct mockgpu_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->jobs; i++)
		mockgpu_job_cancel(submit->job[i]);
	for (i = 0; i < submit->nsignals; i++) {
		drm_syncobj_put(submit->signals[i].syncobj);
		dma_fence_chain_free(submit->signals[i].chain);
	}
	for (i = 0; i < submit->gems; i++)
		drm_gem_object_put(submit->gem[i]);
	kfree(submit->signals);
	kfree(submit->uses);
	kfree(submit->gem);
	kfree(submit);
}

static struct mockgpu_submit *mockgpu_submit_create(struct mockgpu_device *mdev,
						    struct drm_file *file,
						    const struct drm_mockgpu_submit *args)
{
	struct mockgpu_submit *submit = NULL;
	int ret;

	if (!mockgpu_should_fail("submit"))
		submit = kzalloc(struct_size(submit, job, 1 + args->bo_count), GFP_KERNEL);
	if (!submit)
		return ERR_PTR(-ENOMEM);
	submit->mdev = mdev;
	submit->file = file;
	submit->args = args;
	ret = mockgpu_submit_gate(submit);
	if (!ret)
		ret = mockgpu_submit_gems(submit);
	if (!ret)
		ret = mockgpu_submit_waits(submit);
	if (!ret)
		ret = mockgpu_submit_signals(submit);
	if (!ret)
		return submit;
	mockgpu_submit_free(submit);
	return ERR_PTR(ret);
}

static bool mockgpu_submit_writes(const struct mockgpu_submit *submit, u32 i)
{
	return submit->uses[i].flags & MOCKGPU_SUBMIT_WRITE;
}

static int mockgpu_submit_prepare_bo(struct mockgpu_submit *submit, u32 i)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(submit->gem[i]);
	struct dma_resv *resv = bo->tbo.base.resv;
	struct mockgpu_job *fill;
	int ret;

	if (bo->revoked)
		return -ENODEV;
	ret = mockgpu_bo_place(bo);
	if (ret)
		return ret;
	ret = mockgpu_job_depend(submit->job[0], resv,
				 dma_resv_usage_rw(mockgpu_submit_writes(submit, i)));
	if (ret)
		return ret;
	if (submit->uses[i].flags & MOCKGPU_SUBMIT_FILL) {
		fill = mockgpu_blit_fill(bo, submit->uses[i].value);
		if (IS_ERR(fill))
			return PTR_ERR(fill);
		submit->job[submit->jobs++] = fill;
	}
	if (mockgpu_should_fail("fence slot"))
		return -ENOMEM;
	return dma_resv_reserve_fences(resv, 1);
}

static int mockgpu_submit_prepare(struct mockgpu_submit *submit)
{
	u32 i;
	int ret = 0;

	for (i = 0; i < submit->gems && !ret; i++)
		ret = mockgpu_submit_prepare_bo(submit, i);
	return ret;
}

/* Return: the fence of the last one. The jobs are the engine's from here on. */
static struct dma_fence *mockgpu_submit_queue(struct mockgpu_submit *submit)
{
	struct dma_fence *fence = NULL;
	u32 i;

	for (i = 0; i < submit->jobs; i++) {
		dma_fence_put(fence);
		fence = mockgpu_job_queue(submit->job[i]);
	}
	submit->jobs = 0;
	return fence;
}

static void mockgpu_submit_publish(struct mockgpu_submit *submit, struct dma_fence *fence)
{
	struct mockgpu_signal *signal;
	u32 i;

	for (i = 0; i < submit->gems; i++)
		dma_resv_add_fence(submit->gem[i]->resv, fence,
				   mockgpu_submit_writes(submit, i) ? DMA_RESV_USAGE_WRITE :
								      DMA_RESV_USAGE_READ);
	for (i = 0; i < submit->nsignals; i++) {
		signal = &submit->signals[i];
		if (!signal->chain) {
			drm_syncobj_replace_fence(signal->syncobj, fence);
			continue;
		}
		drm_syncobj_add_point(signal->syncobj, signal->chain, fence, signal->point);
		signal->chain = NULL;
	}
}

/* -EALREADY: two handles of one reservation, which is one buffer. */
static int mockgpu_submit_lock(struct mockgpu_submit *submit, struct ww_acquire_ctx *ticket)
{
	int ret;

	if (mockgpu_should_fail("lock"))
		return -EINTR;
	ret = drm_gem_lock_reservations(submit->gem, submit->gems, ticket);
	return ret == -EALREADY ? -EINVAL : ret;
}

/* Ask for the pages of user memory, as amdgpu_cs_parser_bos(). */
static int mockgpu_submit_validate(struct mockgpu_submit *submit)
{
	u32 i;
	int ret = 0;

	for (i = 0; i < submit->gems && !ret; i++)
		ret = mockgpu_userptr_validate(gem_to_mockgpu_bo(submit->gem[i]));
	return ret;
}

static bool mockgpu_submit_is_valid(struct mockgpu_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->gems; i++)
		if (!mockgpu_userptr_is_valid(gem_to_mockgpu_bo(submit->gem[i])))
			return false;
	return true;
}

static void mockgpu_submit_dirty(struct mockgpu_submit *submit)
{
	struct mockgpu_bo *bo;
	u32 i;

	for (i = 0; i < submit->gems; i++) {
		bo = gem_to_mockgpu_bo(submit->gem[i]);
		if (mockgpu_submit_writes(submit, i))
			mockgpu_userptr_dirty(bo, 0, mockgpu_bo_npages(bo));
	}
}

/* As amdgpu_cs_submit(). Return: -ESTALE when pages have changed since they were asked for. */
static int mockgpu_submit_commit(struct mockgpu_submit *submit)
{
	struct dma_fence *fence;
	int ret = -ESTALE;

	mockgpu_userptr_lock(submit->mdev);
	if (mockgpu_submit_is_valid(submit)) {
		mockgpu_submit_dirty(submit);
		fence = mockgpu_submit_queue(submit);
		mockgpu_submit_publish(submit, fence);
		dma_fence_put(fence);
		ret = 0;
	}
	mockgpu_userptr_unlock(submit->mdev);
	return ret;
}

static int mockgpu_submit_run(struct mockgpu_submit *submit)
{
	struct ww_acquire_ctx ticket;
	int ret;

	ret = mockgpu_submit_validate(submit);
	if (ret)
		return ret;
	ret = mockgpu_submit_lock(submit, &ticket);
	if (ret)
		return ret;
	ret = mockgpu_submit_prepare(submit) ?: mockgpu_submit_commit(submit);
	drm_gem_unlock_reservations(submit->gem, submit->gems, &ticket);
	return ret;
}

static int mockgpu_submit_check(struct mockgpu_device *mdev,
				const struct drm_mockgpu_submit *args)
{
	if (args->flags || args->reserved || args->delay > MOCKGPU_SUBMIT_DELAY_MAX)
		return -EINVAL;
	if (args->bo_count > MOCKGPU_SUBMIT_MAX || args->wait_count > MOCKGPU_SUBMIT_MAX ||
	    args->signal_count > MOCKGPU_SUBMIT_MAX)
		return -E2BIG;
	return atomic_read(&mdev->engine.jobs) >= MOCKGPU_SUBMIT_JOBS_MAX ? -EBUSY : 0;
}

static int mockgpu_submit_once(struct mockgpu_device *mdev, struct drm_file *file,
			       const struct drm_mockgpu_submit *args)
{
	struct mockgpu_submit *submit;
	int ret;

	submit = mockgpu_submit_create(mdev, file, args);
	if (IS_ERR(submit))
		return PTR_ERR(submit);
	ret = mockgpu_submit_run(submit);
	mockgpu_submit_free(submit);
	return ret;
}

/**
 * mockgpu_submit_ioctl - DRM_IOCTL_MOCKGPU_SUBMIT
 * @drm: the DRM device
 * @data: struct drm_mockgpu_submit
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_submit_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct mockgpu_device *mdev = to_mockgpu_device(drm);
	int ret;

	ret = mockgpu_submit_check(mdev, data);
	if (ret)
		return ret;
	do {
		ret = mockgpu_submit_once(mdev, file, data);
	} while (ret == -ESTALE);
	return ret;
}
