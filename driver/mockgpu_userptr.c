// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers of user memory
 *
 * This follows amdgpu (drivers/gpu/drm/amd/amdgpu/amdgpu_hmm.c, amdgpu_cs_parser_bos(),
 * amdgpu_cs_submit()) and xe (xe_userptr.c). Such a buffer is of type ttm_bo_type_sg, as an
 * import: TTM has a reservation for its fences, and neither moves nor frees its memory. Its pages
 * are what HMM says that the process has at those addresses, valid for as long as the sequence of
 * its interval notifier does not change, and referenced by nobody.
 *
 * Two things exclude each other, by mockgpu_device.user_lock: the device checks the sequence and
 * publishes the fence of what it is going to do; the kernel announces a change, which changes the
 * sequence. Whichever comes second knows of the first: the device asks for the pages again, or
 * the kernel waits for the fence.
 *
 * HMM promises that a page may be written, not that it is dirty: the entry of a shared page that
 * was only read may be clean and writable. So the driver makes dirty what the device writes, as
 * ib_umem_odp_unmap_dma_pages() does, or reclaim would forget it.
 */
#include <linux/hmm.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "mockgpu_engine.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_trace.h"
#include "mockgpu_userptr.h"

/**
 * struct mockgpu_userptr - the memory of a process that is a buffer
 * @notifier: told of all changes of the range; keeps the mm_struct, but not what is in it
 * @bo: the buffer
 * @flags: MOCKGPU_USERPTR_*; constant
 * @lock: held by who asks for pages
 * @pfns: what HMM says about each page; written under @lock while @seq is not valid
 * @seq: value of the notifier's sequence for which @pfns are right, or 0; protected by
 *	mockgpu_device.user_lock
 * @invalidations: announced changes
 * @faults: times that pages were asked for
 */
struct mockgpu_userptr {
	struct mmu_interval_notifier notifier;
	struct mockgpu_bo *bo;
	u32 flags;
	struct mutex lock;		/* pfns */
	unsigned long *pfns;
	unsigned long seq;
	atomic_t invalidations;
	atomic_t faults;
};

/* Pages that are asked for in one go, with mmap_lock held. */
#define MOCKGPU_USERPTR_SLICE	(SZ_64M >> PAGE_SHIFT)

/* Until the device no longer uses the buffer. */
static void mockgpu_userptr_wait(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct dma_resv *resv = bo->tbo.base.resv;

	if (dma_resv_test_signaled(resv, DMA_RESV_USAGE_BOOKKEEP))
		return;
	mockgpu_engine_rush(mdev);
	dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false, MAX_SCHEDULE_TIMEOUT);
	mockgpu_engine_relax(mdev);
}

/* Reclaim may be the caller: nothing here allocates memory, or waits for who does. */
static bool mockgpu_userptr_invalidate(struct mmu_interval_notifier *notifier,
				       const struct mmu_notifier_range *range,
				       unsigned long seq)
{
	struct mockgpu_userptr *user = container_of(notifier, struct mockgpu_userptr, notifier);
	struct mockgpu_bo *bo = user->bo;
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	bool may_wait = mmu_notifier_range_blockable(range);
	bool idle = true;

	if (may_wait)
		mutex_lock(&mdev->user_lock);
	else if (!mutex_trylock(&mdev->user_lock))
		return false;
	if (!may_wait)
		idle = dma_resv_test_signaled(bo->tbo.base.resv, DMA_RESV_USAGE_BOOKKEEP);
	if (idle)
		mmu_interval_set_seq(notifier, seq);
	mutex_unlock(&mdev->user_lock);
	if (!idle)
		return false;
	atomic_inc(&user->invalidations);
	trace_mockgpu_bo_invalidate(bo);
	if (may_wait)
		mockgpu_userptr_wait(bo);
	return true;
}

static const struct mmu_interval_notifier_ops mockgpu_userptr_ops = {
	.invalidate = mockgpu_userptr_invalidate,
};

/**
 * mockgpu_userptr_create - have a buffer be memory of the calling process
 * @bo: the buffer, of MOCKGPU_KIND_USERPTR, that nobody knows yet
 * @address: where it begins, a multiple of the page size
 * @flags: MOCKGPU_USERPTR_*
 *
 * Return: 0, to be undone by mockgpu_userptr_destroy(), -EFAULT for addresses that no process
 * has, -ENOMEM.
 */
int mockgpu_userptr_create(struct mockgpu_bo *bo, u64 address, u32 flags)
{
	unsigned long size = bo->tbo.base.size;
	struct mockgpu_userptr *user;
	int ret = -ENOMEM;

	if (!access_ok(u64_to_user_ptr(address), size))
		return -EFAULT;
	if (mockgpu_should_fail("userptr"))
		return -ENOMEM;
	user = kzalloc_obj(*user, GFP_KERNEL_ACCOUNT);
	if (!user)
		return -ENOMEM;
	user->bo = bo;
	user->flags = flags;
	mutex_init(&user->lock);
	user->pfns = kvcalloc(size >> PAGE_SHIFT, sizeof(*user->pfns), GFP_KERNEL_ACCOUNT);
	if (user->pfns && !mockgpu_should_fail("notifier"))
		ret = mmu_interval_notifier_insert(&user->notifier, current->mm, address, size,
						   &mockgpu_userptr_ops);
	if (!ret) {
		bo->userptr = user;
		return 0;
	}
	kvfree(user->pfns);
	mutex_destroy(&user->lock);
	kfree(user);
	return ret;
}

/**
 * mockgpu_userptr_destroy - undo mockgpu_userptr_create()
 * @bo: the buffer at its end, without fences
 */
void mockgpu_userptr_destroy(struct mockgpu_bo *bo)
{
	struct mockgpu_userptr *user = bo->userptr;

	if (!user)
		return;
	/* Waits for a change that has been announced. */
	mmu_interval_notifier_remove(&user->notifier);
	kvfree(user->pfns);
	mutex_destroy(&user->lock);
	kfree(user);
	bo->userptr = NULL;
}

/* Not in the direct map: secretmem, of which HMM knows nothing, other than get_user_pages(). */
static int mockgpu_userptr_probe(const unsigned long *pfns, unsigned long npages)
{
	unsigned long i;
	u8 byte;

	for (i = 0; i < npages; i++) {
		if (copy_from_kernel_nofault(&byte, page_address(hmm_pfn_to_page(pfns[i])), 1))
			return -EFAULT;
		if (!(i % MOCKGPU_RESCHED_PAGES))
			cond_resched();
	}
	return 0;
}

static int mockgpu_userptr_slice(struct mockgpu_userptr *user, unsigned long first,
				 unsigned long npages, unsigned long *seq)
{
	bool write = !(user->flags & MOCKGPU_USERPTR_READ_ONLY);
	unsigned long start = user->notifier.interval_tree.start + (first << PAGE_SHIFT);
	struct hmm_range range = {
		.notifier = &user->notifier,
		.start = start,
		.end = start + (npages << PAGE_SHIFT),
		.hmm_pfns = user->pfns + first,
		.default_flags = HMM_PFN_REQ_FAULT | (write ? HMM_PFN_REQ_WRITE : 0),
	};
	int ret;

	if (mockgpu_should_fail("hmm"))
		return -ENOMEM;
	ret = mockgpu_hmm_range_fault(&range);
	if (ret)
		return ret;
	*seq = range.notifier_seq;
	ret = mockgpu_userptr_probe(range.hmm_pfns, npages);
	/* What a page that is gone says does not count. */
	return ret && mmu_interval_read_retry(&user->notifier, *seq) ? -EBUSY : ret;
}

/* Return: -EBUSY when it has to begin again. */
static int mockgpu_userptr_fault(struct mockgpu_userptr *user)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(user->bo);
	unsigned long npages = user->bo->tbo.base.size >> PAGE_SHIFT;
	unsigned long seq = 0, now, first, n;
	int ret;

	for (first = 0; first < npages; first += n) {
		n = min_t(unsigned long, npages - first, MOCKGPU_USERPTR_SLICE);
		ret = mockgpu_userptr_slice(user, first, n, &now);
		if (ret)
			return ret;
		if (first && now != seq)
			return -EBUSY;
		seq = now;
	}
	mutex_lock(&mdev->user_lock);
	user->seq = seq;
	mutex_unlock(&mdev->user_lock);
	return 0;
}

/* Changes that come one after the other may keep it busy for long. */
static int mockgpu_userptr_fault_all(struct mockgpu_userptr *user)
{
	struct mm_struct *mm = user->notifier.mm;
	int ret;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	atomic_inc(&user->faults);
	do {
		ret = mockgpu_userptr_fault(user);
		cond_resched();
	} while (ret == -EBUSY && !signal_pending(current));
	mmput(mm);
	switch (ret) {
	case -EBUSY:
		return -ERESTARTSYS;
	case -EPERM:		/* for writing, of a VMA that is read-only */
	case -EINVAL:
	case -EHWPOISON:
		return -EFAULT;
	default:
		return ret;
	}
}

/**
 * mockgpu_userptr_validate - have the pages of a buffer, for the moment
 * @bo: the buffer, not locked
 *
 * Context: may take mmap_lock and wait for user space, so without any lock of the driver.
 * Return: 0; -EFAULT, -ESRCH, -ENOMEM; -ERESTARTSYS or -EINTR for a signal.
 */
int mockgpu_userptr_validate(struct mockgpu_bo *bo)
{
	struct mockgpu_userptr *user = bo->userptr;
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	bool valid;
	int ret;

	if (!user)
		return 0;
	ret = mutex_lock_interruptible(&user->lock);
	if (ret)
		return ret;
	mutex_lock(&mdev->user_lock);
	valid = mockgpu_userptr_is_valid(bo);
	mutex_unlock(&mdev->user_lock);
	if (!valid)
		ret = mockgpu_userptr_fault_all(user);
	mutex_unlock(&user->lock);
	return ret;
}

/**
 * mockgpu_userptr_lock - keep the state of all user memory
 * @mdev: the device
 *
 * Allocate no memory until mockgpu_userptr_unlock(), and take no lock under which others do.
 */
void mockgpu_userptr_lock(struct mockgpu_device *mdev)
{
	mutex_lock(&mdev->user_lock);
}

/**
 * mockgpu_userptr_unlock - undo mockgpu_userptr_lock()
 * @mdev: the device
 */
void mockgpu_userptr_unlock(struct mockgpu_device *mdev)
{
	mutex_unlock(&mdev->user_lock);
}

/**
 * mockgpu_userptr_is_valid - whether the pages of a buffer are still its pages
 * @bo: the buffer, with mockgpu_userptr_lock() held
 *
 * Return: true if so, also for a buffer of another kind. Then they are at least until the fences
 * signal that the buffer has at mockgpu_userptr_unlock().
 */
bool mockgpu_userptr_is_valid(struct mockgpu_bo *bo)
{
	struct mockgpu_userptr *user = bo->userptr;

	lockdep_assert_held(&mockgpu_bo_device(bo)->user_lock);
	/* The sequence is never 0: it is odd (mmu_interval_read_begin()). */
	return !user || !mmu_interval_read_retry(&user->notifier, user->seq);
}

/**
 * mockgpu_userptr_dirty - have the kernel keep what the device writes
 * @bo: the buffer, valid, with mockgpu_userptr_lock() held
 * @first: first page that the device writes
 * @npages: how many
 *
 * Without the lock of the page, as ib_umem_odp_unmap_dma_pages(): nobody can unmap it now.
 */
void mockgpu_userptr_dirty(struct mockgpu_bo *bo, unsigned long first, unsigned long npages)
{
	struct mockgpu_userptr *user = bo->userptr;
	struct page *page;
	unsigned long i;

	lockdep_assert_held(&mockgpu_bo_device(bo)->user_lock);
	if (!user)
		return;
	for (i = first; i < first + npages; i++) {
		page = hmm_pfn_to_page(user->pfns[i]);
		if (!PageDirty(page))
			set_page_dirty(page);
	}
}

/**
 * mockgpu_userptr_pages - get the pages of a buffer
 * @bo: the buffer
 *
 * Return: what HMM says about each, for hmm_pfn_to_page(), right from the time that the buffer is
 * valid until its fence signals; NULL for a buffer of another kind.
 */
const unsigned long *mockgpu_userptr_pages(const struct mockgpu_bo *bo)
{
	return bo->userptr ? bo->userptr->pfns : NULL;
}

/**
 * mockgpu_userptr_is_writable - whether the device may write to a buffer
 * @bo: the buffer
 *
 * Return: false for read-only user memory.
 */
bool mockgpu_userptr_is_writable(const struct mockgpu_bo *bo)
{
	return !bo->userptr || !(bo->userptr->flags & MOCKGPU_USERPTR_READ_ONLY);
}

/**
 * mockgpu_userptr_invalidations - how many changes were announced
 * @bo: the buffer
 *
 * Return: the number, 0 for a buffer of another kind.
 */
u32 mockgpu_userptr_invalidations(const struct mockgpu_bo *bo)
{
	return bo->userptr ? atomic_read(&bo->userptr->invalidations) : 0;
}

/**
 * mockgpu_userptr_faults - how often the pages of a buffer were asked for
 * @bo: the buffer
 *
 * Return: the number, 0 for a buffer of another kind.
 */
u32 mockgpu_userptr_faults(const struct mockgpu_bo *bo)
{
	return bo->userptr ? atomic_read(&bo->userptr->faults) : 0;
}
