// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deliberate damage, with which the test suite shows that its checks can fail. For
 * CAP_SYS_ADMIN only.
 */
#include <linux/bug.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/page_ref.h>
#include <linux/xarray.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "mockgpu_bo.h"
#include "mockgpu_kunit.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_test_inject.h"
#include "mockgpu_visible.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

static struct page *mockgpu_inject_page(struct mockgpu_bo *bo, unsigned long page)
{
	struct mockgpu_backing backing;

	if (!mockgpu_bo_backing(bo, &backing))
		return ERR_PTR(-ENODATA);
	return mockgpu_backing_page(&backing, page) ?: ERR_PTR(-EOPNOTSUPP);
}

/* Pin the buffer: REF_PUT must find the same page. */
static int mockgpu_inject_ref_raise(struct mockgpu_bo *bo, unsigned long page)
{
	struct page *raised = mockgpu_inject_page(bo, page);
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (IS_ERR(raised))
		return PTR_ERR(raised);
	if (mockgpu_should_fail("raised"))
		return -ENOMEM;
	ret = xa_insert(&bo->raised, page, xa_mk_value(!!page_ref_count(raised)), GFP_KERNEL);
	if (ret)
		return ret;
	ret = mockgpu_bo_pin_placed(bo);
	if (ret)
		xa_erase(&bo->raised, page);
	else
		page_ref_inc(mockgpu_inject_page(bo, page));
	return ret;
}

static int mockgpu_inject_ref_get(struct mockgpu_bo *bo, unsigned long page)
{
	int ret, idx;

	ret = mockgpu_bo_lock(bo);
	if (ret)
		return ret;
	ret = -ENODEV;
	if (drm_dev_enter(bo->tbo.base.dev, &idx)) {
		ret = mockgpu_inject_ref_raise(bo, page);
		drm_dev_exit(idx);
	}
	mockgpu_bo_unlock(bo);
	return ret;
}

static bool mockgpu_inject_is_in_bar(struct mockgpu_bo *bo)
{
	struct mockgpu_backing backing;

	return mockgpu_bo_backing(bo, &backing) && mockgpu_backing_is_bar(&backing);
}

/*
 * KVM may have put a reference that it never took (docs/findings/wrong-reference.md), and
 * that was ours. Then the one that is left is the buffer's: it frees the page.
 */
static void mockgpu_inject_page_put(struct mockgpu_bo *bo, unsigned long page, int own)
{
	struct page *raised = mockgpu_inject_page(bo, page);

	if (page_ref_count(raised) > own)
		page_ref_dec(raised);
}

/* The struct pages of a BAR have gone with the device, and their counts with them. */
static void mockgpu_inject_ref_drop(struct mockgpu_bo *bo, unsigned long page)
{
	int own = xa_to_value(xa_erase(&bo->raised, page));
	bool in_bar = mockgpu_inject_is_in_bar(bo);
	int idx;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!in_bar) {
		mockgpu_inject_page_put(bo, page, own);
	} else if (drm_dev_enter(bo->tbo.base.dev, &idx)) {
		mockgpu_inject_page_put(bo, page, own);
		drm_dev_exit(idx);
	}
	ttm_bo_unpin(&bo->tbo);
}

static int mockgpu_inject_ref_put(struct mockgpu_bo *bo, unsigned long page)
{
	int ret;

	ret = mockgpu_bo_lock(bo);
	if (ret)
		return ret;
	if (xa_load(&bo->raised, page))
		mockgpu_inject_ref_drop(bo, page);
	else
		ret = -ENOENT;
	mockgpu_bo_unlock(bo);
	return ret;
}

static int mockgpu_foreign_pin(struct mockgpu_bo *other)
{
	int ret;

	ret = mockgpu_bo_lock(other);
	if (ret)
		return ret;
	if (!mockgpu_bo_has_pages(other))
		ret = -ENODATA;
	else
		ret = mockgpu_bo_make_visible(other) ?: mockgpu_bo_wait_moved(other, true) ?:
		      mockgpu_bo_pin_placed(other);
	/* What mockgpu_inject_fault() needs of it. */
	if (!ret) {
		mockgpu_vram_io_mem_reserve(other->tbo.bdev, other->tbo.resource);
		mockgpu_bo_flush_new(other);
	}
	mockgpu_bo_unlock(other);
	return ret;
}

static void mockgpu_foreign_unpin(struct mockgpu_bo *other)
{
	dma_resv_lock(other->tbo.base.resv, NULL);
	ttm_bo_unpin(&other->tbo);
	mockgpu_bo_unlock(other);
}

static int mockgpu_foreign_set_locked(struct mockgpu_bo *bo,
				      const struct mockgpu_foreign *foreign)
{
	int ret;

	/* Two buffers that hold references to each other would never be freed. */
	if (bo->foreign.bo || bo->lent || foreign->bo->foreign.bo)
		return -EBUSY;
	ret = mockgpu_foreign_pin(foreign->bo);
	if (ret)
		return ret;
	ret = mockgpu_bo_lock(bo);
	if (ret) {
		mockgpu_foreign_unpin(foreign->bo);
		return ret;
	}
	drm_gem_object_get(&foreign->bo->tbo.base);
	bo->foreign = *foreign;
	foreign->bo->lent++;
	mockgpu_bo_unlock(bo);
	return 0;
}

static int mockgpu_inject_foreign(struct mockgpu_bo *bo, unsigned long page,
				  struct mockgpu_bo *other, u64 other_page)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct mockgpu_foreign foreign = {
		.bo = other,
		.page = other_page,
		.at = page,
	};
	int ret;

	if (other == bo || other_page >= mockgpu_bo_npages(other))
		return -EINVAL;
	ret = mutex_lock_interruptible(&mdev->inject_lock);
	if (ret)
		return ret;
	ret = mockgpu_foreign_set_locked(bo, &foreign);
	mutex_unlock(&mdev->inject_lock);
	return ret;
}

static void mockgpu_foreign_release(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct mockgpu_bo *other = bo->foreign.bo;

	mutex_lock(&mdev->inject_lock);
	mockgpu_foreign_unpin(other);
	other->lent--;
	mutex_unlock(&mdev->inject_lock);
	mockgpu_bo_put(other);
}

/**
 * mockgpu_inject_fault - map the foreign page
 * @bo: the buffer, locked, at a page for which mockgpu_inject_is_at() is true
 * @vmf: the fault
 *
 * The other buffer is pinned, so neither its placement nor its pages change and its
 * lock is not needed.
 *
 * Return: as vmf_insert_pfn_prot().
 */
vm_fault_t mockgpu_inject_fault(struct mockgpu_bo *bo, struct vm_fault *vmf)
{
	struct mockgpu_bo *other = bo->foreign.bo;
	pgprot_t prot = ttm_io_prot(&other->tbo, other->tbo.resource,
				    vmf->vma->vm_page_prot);
	struct mockgpu_backing backing;

	if (!mockgpu_bo_backing(other, &backing))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn_prot(vmf->vma, vmf->address,
				   mockgpu_backing_pfn(&backing, bo->foreign.page), prot);
}

/**
 * mockgpu_inject_release - undo all damage at the end of a buffer
 * @bo: the buffer, without handles or mappings
 */
void mockgpu_inject_release(struct mockgpu_bo *bo)
{
	unsigned long page;
	void *entry;

	if (bo->foreign.bo)
		mockgpu_foreign_release(bo);
	if (xa_empty(&bo->raised))
		return;
	dma_resv_lock(bo->tbo.base.resv, NULL);
	xa_for_each(&bo->raised, page, entry)
		mockgpu_inject_ref_drop(bo, page);
	mockgpu_bo_unlock(bo);
}

static int mockgpu_inject_dispatch(struct drm_file *file, struct mockgpu_bo *bo,
				   const struct drm_mockgpu_bo_inject *args)
{
	struct mockgpu_bo *other;
	int ret;

	switch (args->op) {
	case MOCKGPU_INJECT_REF_GET:
		return mockgpu_inject_ref_get(bo, args->page);
	case MOCKGPU_INJECT_REF_PUT:
		return mockgpu_inject_ref_put(bo, args->page);
	case MOCKGPU_INJECT_FOREIGN:
		other = mockgpu_bo_lookup(file, args->other_handle);
		if (!other)
			return -ENOENT;
		ret = mockgpu_inject_foreign(bo, args->page, other, args->other_page);
		mockgpu_bo_put(other);
		return ret;
	default:
		WARN(1, KBUILD_MODNAME ": a warning, asked for by MOCKGPU_INJECT_WARN\n");
		return 0;
	}
}

VISIBLE_IF_KUNIT bool
mockgpu_inject_args_are_good(const struct drm_mockgpu_bo_inject *args)
{
	if (args->flags || args->op > MOCKGPU_INJECT_WARN)
		return false;
	if (args->op == MOCKGPU_INJECT_WARN && args->page)
		return false;
	return args->op == MOCKGPU_INJECT_FOREIGN ||
	       (!args->other_handle && !args->other_page);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_inject_args_are_good);

/**
 * mockgpu_bo_inject_ioctl - DRM_IOCTL_MOCKGPU_BO_INJECT
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_inject
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_inject_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	struct drm_mockgpu_bo_inject *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!mockgpu_inject_args_are_good(args))
		return -EINVAL;
	bo = mockgpu_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	if (args->page < mockgpu_bo_npages(bo))
		ret = mockgpu_inject_dispatch(file, bo, args);
	else
		ret = -EINVAL;
	mockgpu_bo_put(bo);
	return ret;
}
