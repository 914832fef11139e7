// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mappings: page faults in the modes of enum mockgpu_fault_mode, and access by
 * debuggers.
 *
 * /proc/PID/mem and ptrace() find no struct page in a VM_PFNMAP mapping and ask its
 * owner. ttm_bo_vm_access() is not good enough: it uses memcpy() on uncached memory,
 * which is an oops on arm64 when the access is unaligned, and checks neither the
 * permissions nor the end of the mapping (docs/findings/debugger-access.md).
 */
#include <linux/hrtimer.h>
#include <linux/iosys-map.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bo.h"
#include "mockgpu_kunit.h"
#include "mockgpu_power.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_test_inject.h"
#include "mockgpu_trace.h"
#include "mockgpu_visible.h"
#include "mockgpu_vm.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

static bool unplug_dummy;
module_param(unplug_dummy, bool, 0644);
MODULE_PARM_DESC(unplug_dummy, "mappings of an unplugged device show a page of zeros, the same at all addresses, as those of amdgpu and xe, instead of SIGBUS (default N)");

/* Whether this is the n-th fault, which the mode makes fail. */
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
	if (mockgpu_bo_restore(bo))
		return VM_FAULT_SIGBUS;
	ret = mockgpu_visible_fault(bo, vmf);
	if (ret)
		return ret;
	mockgpu_power_wake(bo);
	if (mockgpu_inject_is_at(bo, page)) {
		ret = mockgpu_inject_fault(bo, vmf);
	} else {
		/* TTM's prefault would map our page in place of a foreign one. */
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
 * The delay of MOCKGPU_FAULT_SLOW. Like TTM waiting for a GPU (ttm_bo_vm_fault_idle()),
 * the first attempt drops mmap_lock, sleeps and has the fault retried. Where a retry is
 * not allowed, it sleeps with the lock held.
 *
 * Return: 0 to go on, or how the fault ends.
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
 * VM_FAULT_NOPAGE restarts the access, which faults again if there is still no entry. In
 * between, the core checks for signals only if the access came from user space; for one
 * from the kernel, fault_signal_pending() is asked for VM_FAULT_RETRY and errors only. A
 * killed task would spin for ever with everything it holds.
 */
static vm_fault_t mockgpu_fault_end(vm_fault_t ret)
{
	if (ret == VM_FAULT_NOPAGE && fatal_signal_pending(current))
		return VM_FAULT_SIGBUS;
	return ret;
}

/*
 * Like amdgpu and xe: one zeroed page for all of the VMA, which TTM keeps until the device is
 * released. Every fork() of such a mapping costs another one (docs/findings/dummy-page.md), so
 * this is not the default.
 */
static vm_fault_t mockgpu_fault_unplugged(struct vm_fault *vmf)
{
	if (!READ_ONCE(unplug_dummy))
		return VM_FAULT_SIGBUS;
	return ttm_bo_vm_dummy_page(vmf, vmf->vma->vm_page_prot);
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
		ret = mockgpu_fault_unplugged(vmf);
	}
	/* TTM has dropped both mmap_lock and the reservation. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;

	trace_mockgpu_bo_fault(bo, vmf->pgoff - drm_vma_node_start(&tbo->base.vma_node),
			       vmf->flags & FAULT_FLAG_WRITE, ret);
	dma_resv_unlock(tbo->base.resv);
	return mockgpu_fault_end(ret);
}

/*
 * A write to a read-only 4 KiB entry. The kernel makes it writable only if it is still
 * the same entry, so there is no race with a move and no need for a lock.
 */
static vm_fault_t mockgpu_pfn_mkwrite(struct vm_fault *vmf)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;

	atomic_inc(&to_mockgpu_bo(tbo)->upgrades);
	return 0;
}

/*
 * A mapping holds a reference to the GEM object. TTM's own functions take one only in
 * kernels later than 6.12; before, a mapping could outlive mockgpu_gem_free().
 */
static void mockgpu_vm_open(struct vm_area_struct *vma)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;

	drm_gem_object_get(&tbo->base);
	ttm_bo_vm_open(vma);
	atomic_inc(&to_mockgpu_bo(tbo)->maps);
	/*
	 * mremap() is about to move entries, and loses those of 1 GiB without a flush of the
	 * TLB (docs/findings/pud-split.md). fork() opens a VMA of another process.
	 */
	if (mockgpu_bo_has_pud(to_mockgpu_bo(tbo)) && vma->vm_mm == current->mm)
		ttm_bo_unmap_virtual(tbo);
}

static void mockgpu_vm_close(struct vm_area_struct *vma)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;

	atomic_dec(&to_mockgpu_bo(tbo)->maps);
	ttm_bo_vm_close(vma);
	drm_gem_object_put(&tbo->base);
}

static int mockgpu_access_system(struct mockgpu_bo *bo, unsigned long offset,
				 void *buf, int len, int write)
{
	struct ttm_bo_kmap_obj kmap;
	struct iosys_map map;
	int ret;

	mockgpu_bo_flush_new(bo);
	ret = ttm_bo_kmap(&bo->tbo, offset >> PAGE_SHIFT, 1, &kmap);
	if (ret)
		return ret;
	iosys_map_set_vaddr(&map, kmap.virtual);
	mockgpu_map_to_iomem(bo, &map);
	if (write)
		iosys_map_memcpy_to(&map, offset_in_page(offset), buf, len);
	else
		iosys_map_memcpy_from(buf, &map, offset_in_page(offset), len);
	ttm_bo_kunmap(&kmap);
	return len;
}

static int mockgpu_access_locked(struct mockgpu_bo *bo, unsigned long offset,
				 void *buf, int len, int write)
{
	int ret;

	ret = mockgpu_bo_restore(bo);
	if (!ret)
		ret = mockgpu_bo_wait_moved(bo, true);
	if (ret)
		return ret;
	if (bo->tbo.resource->mem_type == TTM_PL_VRAM)
		return mockgpu_vram_access(bo, offset, buf, len, write);
	return mockgpu_access_system(bo, offset, buf, len, write);
}

/**
 * mockgpu_vm_access - &vm_operations_struct.access
 * @vma: a mapping of a buffer
 * @addr: address in it
 * @buf: buffer to copy to or from
 * @len: bytes, which may reach beyond the mapping
 * @write: whether to write
 *
 * In shared memory a debugger may read what the process may map, and write what the
 * process may write: these are the rules of check_vma_flags() in mm/gup.c.
 *
 * Return: the number of bytes copied, at most to the end of the page: __access_remote_vm()
 * calls again for the rest. -ENODEV when the device or the buffer's memory is gone, or
 * another negative errno.
 */
static int mockgpu_vm_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
			     int len, int write)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	unsigned long first = vma->vm_pgoff - drm_vma_node_start(&tbo->base.vma_node);
	int ret, idx;

	if (write && !(vma->vm_flags & VM_WRITE))
		return -EFAULT;
	len = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(addr));
	ret = mockgpu_bo_lock(bo);
	if (ret)
		return ret;
	ret = -ENODEV;
	if (drm_dev_enter(tbo->base.dev, &idx)) {
		ret = mockgpu_access_locked(bo, (first << PAGE_SHIFT) + (addr - vma->vm_start),
					    buf, len, write);
		drm_dev_exit(idx);
	}
	mockgpu_bo_unlock(bo);
	return ret;
}

const struct vm_operations_struct mockgpu_vm_ops = {
	.fault = mockgpu_fault,
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
	.huge_fault = mockgpu_huge_fault,
	.may_split = mockgpu_huge_may_split,
#endif
	.open = mockgpu_vm_open,
	.close = mockgpu_vm_close,
	.access = mockgpu_vm_access,
};

/*
 * With pfn_mkwrite the core removes write permission from vm_page_prot
 * (vma_wants_writenotify()), so all entries are installed read-only.
 */
static const struct vm_operations_struct mockgpu_read_only_vm_ops = {
	.fault = mockgpu_fault,
#ifdef MOCKGPU_HAVE_HUGE_PFNMAP
	.huge_fault = mockgpu_huge_fault,
	.may_split = mockgpu_huge_may_split,
#endif
	.pfn_mkwrite = mockgpu_pfn_mkwrite,
	.open = mockgpu_vm_open,
	.close = mockgpu_vm_close,
	.access = mockgpu_vm_access,
};

/**
 * mockgpu_bo_vm_ops - get the operations for a new mapping of a buffer
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
 * mockgpu_fault_check - check a fault mode
 * @mode: enum mockgpu_fault_mode
 * @arg: its argument
 *
 * Return: 0, -EINVAL for a bad value, -EOPNOTSUPP for what this kernel does not support.
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
	if (mockgpu_bo_is_external(bo)) {
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
