// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mappings and page faults on them, in the modes of enum mockgpu_fault_mode.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_types.h"
#include "tests/visible.h"
#include "mockgpu_trace.h"

static vm_fault_t mockgpu_fault_foreign(struct mockgpu_bo *bo,
					struct vm_fault *vmf)
{
	/* Pinned, so neither its place nor its pages change: no lock is needed. */
	struct mockgpu_bo *other = bo->foreign.bo;
	struct page *page = mockgpu_bo_pages(other)[bo->foreign.page];
	pgprot_t prot = ttm_io_prot(&other->tbo, other->tbo.resource,
				    vmf->vma->vm_page_prot);

	return vmf_insert_pfn_prot(vmf->vma, vmf->address, page_to_pfn(page), prot);
}

/* Whether this is the fault in so many that the mode lets fail. */
VISIBLE_IF_KUNIT bool mockgpu_fault_fails(struct mockgpu_bo *bo, vm_fault_t *ret)
{
	struct mockgpu_fault_config config = mockgpu_bo_fault(bo);

	switch (config.mode) {
	case MOCKGPU_FAULT_SIGBUS:
		*ret = VM_FAULT_SIGBUS;
		break;
	case MOCKGPU_FAULT_NOPAGE:
		*ret = VM_FAULT_NOPAGE;
		break;
	default:
		return false;
	}
	bo->fault_seq++;
	if (bo->fault_seq < config.arg)
		return false;
	bo->fault_seq = 0;
	return true;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_fault_fails);

static vm_fault_t mockgpu_fault_locked(struct mockgpu_bo *bo,
				       struct vm_fault *vmf)
{
	unsigned long page = vmf->pgoff - drm_vma_node_start(&bo->tbo.base.vma_node);
	pgoff_t prefault = 1;
	vm_fault_t ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (bo->revoked)
		return VM_FAULT_SIGBUS;
	if (mockgpu_fault_fails(bo, &ret))
		return ret;
	if (unlikely(bo->foreign.bo && bo->foreign.at == page)) {
		ret = mockgpu_fault_foreign(bo, vmf);
	} else {
		/* TTM's prefault would insert our page in place of a foreign one. */
		if (mockgpu_bo_fault(bo).mode == MOCKGPU_FAULT_PREFAULT && !bo->foreign.bo)
			prefault = TTM_BO_VM_NUM_PREFAULT;
		mockgpu_bo_flush_new(bo);
		ret = ttm_bo_vm_fault_reserved(vmf, vmf->vma->vm_page_prot, prefault);
	}
	if (ret == VM_FAULT_NOPAGE)
		atomic64_inc(&bo->faults);
	return ret;
}

/*
 * The delay of MOCKGPU_FAULT_SLOW, as TTM waits for a GPU (ttm_bo_vm_fault_idle()):
 * the first attempt waits without mmap_lock, and the fault is tried again. Only where
 * that is not allowed the lock is held meanwhile.
 *
 * Return: 0, or how the fault ends instead.
 */
static vm_fault_t mockgpu_fault_delay(struct mockgpu_bo *bo, struct vm_fault *vmf)
{
	struct mockgpu_fault_config config = mockgpu_bo_fault(bo);
	bool unlock = fault_flag_allow_retry_first(vmf->flags);
	ktime_t delay;

	if (config.mode != MOCKGPU_FAULT_SLOW || vmf->flags & FAULT_FLAG_TRIED)
		return 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	if (unlock) {
		drm_gem_object_get(&bo->tbo.base);
		mmap_read_unlock(vmf->vma->vm_mm);
	}
	delay = ns_to_ktime((u64)config.arg * NSEC_PER_USEC);
	set_current_state(TASK_KILLABLE);
	schedule_hrtimeout(&delay, HRTIMER_MODE_REL);
	if (unlock) {
		drm_gem_object_put(&bo->tbo.base);
		return VM_FAULT_RETRY;
	}
	return fatal_signal_pending(current) ? VM_FAULT_SIGBUS : 0;
}

/*
 * VM_FAULT_NOPAGE has the access done again, so without an entry it comes back. The
 * core looks at signals in between when the access is user space's, but not when it is
 * the kernel's (fault_signal_pending() is asked for VM_FAULT_RETRY and errors only): a
 * killed task would spin for ever with all that it holds.
 */
static vm_fault_t mockgpu_fault_end(vm_fault_t ret)
{
	if (ret == VM_FAULT_NOPAGE && fatal_signal_pending(current))
		return VM_FAULT_SIGBUS;
	return ret;
}

static vm_fault_t mockgpu_fault(struct vm_fault *vmf)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	vm_fault_t ret;
	int idx;

	ret = mockgpu_fault_delay(bo, vmf);
	if (ret)
		return ret;
	ret = ttm_bo_vm_reserve(tbo, vmf);
	if (ret)
		return mockgpu_fault_end(ret);

	if (mockgpu_should_fail("fault")) {
		ret = VM_FAULT_SIGBUS;
	} else if (drm_dev_enter(tbo->base.dev, &idx)) {
		ret = mockgpu_fault_locked(bo, vmf);
		drm_dev_exit(idx);
	} else {
		ret = VM_FAULT_SIGBUS;
	}
	/* Then TTM has dropped both mmap_lock and the reservation. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;

	trace_mockgpu_bo_fault(bo, vmf->pgoff - drm_vma_node_start(&tbo->base.vma_node),
			       vmf->flags & FAULT_FLAG_WRITE, ret);
	dma_resv_unlock(tbo->base.resv);
	return mockgpu_fault_end(ret);
}

/*
 * A write to a read-only 4 KiB entry. The kernel makes it writable if it is still
 * the same one: no lock is needed against a move.
 */
static vm_fault_t mockgpu_pfn_mkwrite(struct vm_fault *vmf)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;

	atomic_inc(&to_mockgpu_bo(tbo)->upgrades);
	return 0;
}

/*
 * A mapping holds the GEM object. TTM's own functions did that only later than
 * 6.12; before, a mapping without a handle outlived mockgpu_gem_free().
 */
static void mockgpu_vm_open(struct vm_area_struct *vma)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;

	drm_gem_object_get(&tbo->base);
	ttm_bo_vm_open(vma);
	atomic_inc(&to_mockgpu_bo(tbo)->maps);
}

static void mockgpu_vm_close(struct vm_area_struct *vma)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;

	atomic_dec(&to_mockgpu_bo(tbo)->maps);
	ttm_bo_vm_close(vma);
	drm_gem_object_put(&tbo->base);
}

const struct vm_operations_struct mockgpu_vm_ops = {
	.fault = mockgpu_fault,
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
	.huge_fault = mockgpu_huge_fault,
#endif
	.open = mockgpu_vm_open,
	.close = mockgpu_vm_close,
	.access = mockgpu_vm_access,
};

/*
 * With pfn_mkwrite the kernel takes the write permission out of vm_page_prot
 * (vma_wants_writenotify()), and with that all entries come read-only.
 */
static const struct vm_operations_struct mockgpu_read_only_vm_ops = {
	.fault = mockgpu_fault,
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
	.huge_fault = mockgpu_huge_fault,
#endif
	.pfn_mkwrite = mockgpu_pfn_mkwrite,
	.open = mockgpu_vm_open,
	.close = mockgpu_vm_close,
	.access = mockgpu_vm_access,
};

/**
 * mockgpu_bo_vm_ops - what a new mapping of a buffer gets
 * @bo: the buffer
 *
 * Return: the operations for its fault mode.
 */
const struct vm_operations_struct *mockgpu_bo_vm_ops(struct mockgpu_bo *bo)
{
	u32 mode = mockgpu_bo_fault(bo).mode;

	if (mode == MOCKGPU_FAULT_READ_ONLY || mode == MOCKGPU_FAULT_HUGE_READ_ONLY)
		return &mockgpu_read_only_vm_ops;
	return &mockgpu_vm_ops;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_vm_ops);

/**
 * mockgpu_fault_check - whether there is such a fault mode
 * @mode: enum mockgpu_fault_mode
 * @arg: its argument
 *
 * Return: 0, -EINVAL for a bad value, -EOPNOTSUPP for what this kernel cannot do.
 */
int mockgpu_fault_check(u32 mode, u32 arg)
{
	switch (mode) {
	case MOCKGPU_FAULT_SINGLE:
	case MOCKGPU_FAULT_PREFAULT:
	case MOCKGPU_FAULT_READ_ONLY:
		return arg ? -EINVAL : 0;
	case MOCKGPU_FAULT_HUGE:
	case MOCKGPU_FAULT_HUGE_READ_ONLY:
		if (arg)
			return -EINVAL;
		return MOCKGPU_HUGE_PFNMAP ? 0 : -EOPNOTSUPP;
	case MOCKGPU_FAULT_SLOW:
	case MOCKGPU_FAULT_SIGBUS:
	case MOCKGPU_FAULT_NOPAGE:
		return arg && arg <= MOCKGPU_FAULT_DELAY_MAX ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_fault_check);

/**
 * mockgpu_bo_set_fault_ioctl - DRM_IOCTL_MOCKGPU_BO_SET_FAULT
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_set_fault
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_set_fault_ioctl(struct drm_device *drm, void *data,
			       struct drm_file *file)
{
	struct drm_mockgpu_bo_set_fault *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (args->flags)
		return -EINVAL;
	ret = mockgpu_fault_check(args->mode, args->arg);
	if (ret)
		return ret;
	bo = mockgpu_bo_lookup_owned(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	if (bo->import) {
		mockgpu_bo_put_locked(bo);
		return -EINVAL;
	}
	mockgpu_bo_set_fault(bo, (struct mockgpu_fault_config) {
		.mode = args->mode,
		.arg = args->arg,
	});
	bo->fault_seq = 0;
	mockgpu_bo_put_locked(bo);
	return 0;
}
