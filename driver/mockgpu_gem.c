// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects: what they may be, their making and their end.
 */
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait_bit.h>

#include <drm/drm_gem.h>

#include "mockgpu_types.h"
#include "tests/visible.h"
#include "mockgpu_trace.h"

static const char * const mockgpu_kind_names[MOCKGPU_KIND_COUNT] = {
	[MOCKGPU_KIND_TTM] = "ttm",
	[MOCKGPU_KIND_NONCOMPOUND] = "noncompound",
	[MOCKGPU_KIND_COMPOUND] = "compound",
	[MOCKGPU_KIND_SPLIT] = "split",
	[MOCKGPU_KIND_RESERVED] = "reserved",
};

/**
 * mockgpu_kind_name - the name of a page kind
 * @kind: enum mockgpu_kind
 *
 * Return: as in the uapi header, lower case.
 */
const char *mockgpu_kind_name(u32 kind)
{
	return kind < MOCKGPU_KIND_COUNT ? mockgpu_kind_names[kind] : "import";
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_kind_name);

/**
 * mockgpu_kind_parse - the page kind of a name
 * @name: as in the uapi header, lower case
 *
 * Return: enum mockgpu_kind or -EINVAL.
 */
int mockgpu_kind_parse(const char *name)
{
	return sysfs_match_string(mockgpu_kind_names, name);
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_kind_parse);

/**
 * mockgpu_bo_desc_check - whether there can be such a buffer
 * @mdev: the device
 * @desc: what it shall be
 *
 * Return: 0, -EINVAL for a bad value, -E2BIG for one that can never fit,
 * -EOPNOTSUPP for VRAM where there is none.
 */
int mockgpu_bo_desc_check(struct mockgpu_device *mdev,
			  const struct mockgpu_bo_desc *desc)
{
	if (!desc->size || !PAGE_ALIGNED(desc->size))
		return -EINVAL;
	if (desc->kind >= MOCKGPU_KIND_COUNT ||
	    desc->order > MOCKGPU_MAX_ORDER ||
	    desc->caching >= MOCKGPU_CACHING_COUNT)
		return -EINVAL;
	if (desc->kind == MOCKGPU_KIND_TTM && desc->order)
		return -EINVAL;
	if (desc->placement != MOCKGPU_PLACEMENT_GTT &&
	    desc->placement != MOCKGPU_PLACEMENT_VRAM)
		return -EINVAL;
	if (desc->flags & ~MOCKGPU_BO_PAGE_MAPPING ||
	    (desc->flags && desc->kind == MOCKGPU_KIND_COMPOUND))
		return -EINVAL;
	if (desc->size >> PAGE_SHIFT > mdev->pages_max)
		return -E2BIG;
	if (desc->placement == MOCKGPU_PLACEMENT_VRAM)
		return mockgpu_vram_check(mdev, desc->size);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_desc_check);

/* TTM's last call for a buffer object, also when its making failed. */
static void mockgpu_bo_destroy(struct ttm_buffer_object *tbo)
{
	struct mockgpu_bo *bo = to_mockgpu_bo(tbo);
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);
	struct mockgpu_bo *parent = bo->parent;

	trace_mockgpu_bo_free(bo);
	mutex_lock(&mdev->list_lock);
	list_del(&bo->link);
	mutex_unlock(&mdev->list_lock);
	if (bo->import)
		mockgpu_import_release(bo);
	drm_gem_object_release(&tbo->base);
	mockgpu_bo_uncharge(bo);
	mockgpu_snapshot_free(bo->snapshot);
	kfree(bo);
	if (parent)
		mockgpu_bo_put(parent);
	if (atomic_dec_and_test(&mdev->bos))
		wake_up_var(&mdev->bos);
}

/**
 * mockgpu_bo_is_ours - whether a TTM buffer object is one of the driver's
 * @tbo: the buffer object
 *
 * TTM makes others, to free later what is still in use (ttm_buffer_object_transfer()),
 * and its callbacks get these, too.
 *
 * Return: true when to_mockgpu_bo() may be used.
 */
bool mockgpu_bo_is_ours(const struct ttm_buffer_object *tbo)
{
	return tbo->destroy == mockgpu_bo_destroy;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_is_ours);

/**
 * mockgpu_bo_alloc - make a buffer that TTM does not know yet
 * @mdev: the device
 * @desc: what it shall be
 *
 * Return: the buffer, whose end is mockgpu_bo_destroy(), or NULL.
 */
static struct mockgpu_bo *mockgpu_bo_alloc(struct mockgpu_device *mdev,
					   const struct mockgpu_bo_desc *desc)
{
	struct mockgpu_bo *bo;

	if (mockgpu_should_fail("bo"))
		return NULL;
	bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	if (!bo)
		return NULL;
	bo->desc = *desc;
	bo->id = atomic64_inc_return(&mdev->ids);
	xa_init(&bo->raised);
	if (mockgpu_bo_charge(mdev, bo)) {
		kfree(bo);
		return NULL;
	}
	atomic_inc(&mdev->bos);
	INIT_LIST_HEAD(&bo->link);
	drm_gem_private_object_init(&mdev->drm, &bo->tbo.base, desc->size);
	bo->tbo.base.funcs = &mockgpu_gem_funcs;
	return bo;
}

/* From here on debugfs shows it. */
static void mockgpu_bo_publish(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);

	mutex_lock(&mdev->list_lock);
	list_add_tail(&bo->link, &mdev->list);
	mutex_unlock(&mdev->list_lock);
}

/**
 * mockgpu_bo_create - make a buffer with all its pages
 * @mdev: the device
 * @desc: what it shall be; mockgpu_bo_desc_check() has accepted it
 * @parent: another buffer, locked, whose lock is to be this one's too; or NULL. It lives
 *	as long as this one.
 * @interruptible: whether a signal may end it
 *
 * Return: the buffer, to be given back with mockgpu_bo_put(), or an ERR_PTR():
 * -ENOMEM, -EIO when the pages are not what the kind promises, -ERESTARTSYS.
 */
struct mockgpu_bo *mockgpu_bo_create(struct mockgpu_device *mdev,
				     const struct mockgpu_bo_desc *desc,
				     struct mockgpu_bo *parent, bool interruptible)
{
	/* As amdgpu: VRAM that page tables can map with large entries. */
	u32 alignment = desc->size >= SZ_2M ? SZ_2M >> PAGE_SHIFT : 0;
	struct dma_resv *resv = parent ? parent->tbo.base.resv : NULL;
	struct ttm_operation_ctx ctx = {
		.interruptible = interruptible,
		.gfp_retry_mayfail = true,
		.resv = resv,
	};
	struct ttm_placement placement;
	struct mockgpu_bo *bo;
	int ret;

	bo = mockgpu_bo_alloc(mdev, desc);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	if (parent) {
		drm_gem_object_get(&parent->tbo.base);
		bo->parent = parent;
	}
	mockgpu_ttm_placement(&placement, desc->placement);
	ret = ttm_bo_init_reserved(&mdev->ttm, &bo->tbo, ttm_bo_type_device,
				   &placement, alignment, &ctx, NULL, resv,
				   mockgpu_bo_destroy);
	if (ret)
		return ERR_PTR(ret);
	trace_mockgpu_bo_alloc(bo);
	/* One that shares a lock is put before that is dropped: nobody ever sees it. */
	if (resv)
		return bo;
	ttm_bo_unreserve(&bo->tbo);
	mockgpu_bo_publish(bo);
	return bo;
}

/**
 * mockgpu_bo_create_import - make a buffer for the memory of a foreign dma-buf
 * @mdev: the device
 * @dmabuf: the dma-buf, reserved; its reservation is also the buffer's
 *
 * Nothing of the memory is attached or mapped yet.
 *
 * Return: as mockgpu_bo_create().
 */
struct mockgpu_bo *mockgpu_bo_create_import(struct mockgpu_device *mdev,
					    struct dma_buf *dmabuf)
{
	const struct mockgpu_bo_desc desc = {
		.size = dmabuf->size,
		.kind = MOCKGPU_KIND_IMPORT,
	};
	struct ttm_operation_ctx ctx = {};
	struct ttm_placement placement;
	struct mockgpu_bo *bo;
	int ret;

	dma_resv_assert_held(dmabuf->resv);
	bo = mockgpu_bo_alloc(mdev, &desc);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	/* The reservation must last until TTM's last use of it. */
	get_dma_buf(dmabuf);
	bo->import = dmabuf;
	mockgpu_ttm_placement(&placement, MOCKGPU_PLACEMENT_SYSTEM);
	ret = ttm_bo_init_reserved(&mdev->ttm, &bo->tbo, ttm_bo_type_sg,
				   &placement, 0, &ctx, NULL, dmabuf->resv,
				   mockgpu_bo_destroy);
	if (ret)
		return ERR_PTR(ret);
	trace_mockgpu_bo_alloc(bo);
	mockgpu_bo_publish(bo);
	return bo;
}

/**
 * mockgpu_bo_lookup - the buffer of a handle
 * @file: the client
 * @handle: its GEM handle
 *
 * Return: the buffer, to be given back with mockgpu_bo_put(), or NULL.
 */
struct mockgpu_bo *mockgpu_bo_lookup(struct drm_file *file, u32 handle)
{
	struct drm_gem_object *gem = drm_gem_object_lookup(file, handle);

	return gem ? gem_to_mockgpu_bo(gem) : NULL;
}

/**
 * mockgpu_bo_lookup_locked - the buffer of a handle, locked
 * @file: the client
 * @handle: its GEM handle
 *
 * Return: the buffer, to be given back with mockgpu_bo_put_locked(), or an
 * ERR_PTR(): -ENOENT, -ERESTARTSYS.
 */
struct mockgpu_bo *mockgpu_bo_lookup_locked(struct drm_file *file, u32 handle)
{
	struct mockgpu_bo *bo = mockgpu_bo_lookup(file, handle);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOENT);
	ret = mockgpu_bo_lock(bo);
	if (!ret)
		return bo;
	mockgpu_bo_put(bo);
	return ERR_PTR(ret);
}

/**
 * mockgpu_bo_lookup_owned - the buffer of a handle, locked, for its maker
 * @file: the client
 * @handle: its GEM handle
 *
 * For what changes a buffer for all who have it. PRIME gives everybody who is handed
 * the dma-buf a handle of the same buffer. Imports are everybody's: they say themselves
 * what cannot be done with them.
 *
 * Return: as mockgpu_bo_lookup_locked(), or -EPERM for a client that neither made the
 * buffer nor has CAP_SYS_ADMIN.
 */
struct mockgpu_bo *mockgpu_bo_lookup_owned(struct drm_file *file, u32 handle)
{
	struct mockgpu_bo *bo = mockgpu_bo_lookup_locked(file, handle);

	if (IS_ERR(bo) || bo->import || bo->owner == mockgpu_client(file) ||
	    capable(CAP_SYS_ADMIN))
		return bo;
	mockgpu_bo_put_locked(bo);
	return ERR_PTR(-EPERM);
}

/**
 * mockgpu_bo_put_locked - undo mockgpu_bo_lookup_locked()
 * @bo: the buffer
 */
void mockgpu_bo_put_locked(struct mockgpu_bo *bo)
{
	mockgpu_bo_unlock(bo);
	mockgpu_bo_put(bo);
}

/**
 * mockgpu_bo_put - give a buffer back
 * @bo: the buffer
 */
void mockgpu_bo_put(struct mockgpu_bo *bo)
{
	drm_gem_object_put(&bo->tbo.base);
}

/**
 * mockgpu_bo_lock - reserve a buffer
 * @bo: the buffer
 *
 * Return: 0 or -ERESTARTSYS.
 */
int mockgpu_bo_lock(struct mockgpu_bo *bo)
{
	/* As a signal would do it; ERESTARTSYS without one is not for user space. */
	if (mockgpu_should_fail("lock"))
		return -EINTR;
	return ttm_bo_reserve(&bo->tbo, true, false, NULL);
}

/**
 * mockgpu_bo_unlock - undo mockgpu_bo_lock()
 * @bo: the buffer
 */
void mockgpu_bo_unlock(struct mockgpu_bo *bo)
{
	ttm_bo_unreserve(&bo->tbo);
}
