// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffer objects: limits and charges, creation and end, and what GEM and PRIME call.
 */
#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/dma-buf.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/stddef.h>
#include <linux/wait_bit.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_prime.h>

#include "mockgpu_bo.h"
#include "mockgpu_gem.h"
#include "mockgpu_kunit.h"
#include "mockgpu_prime.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_test_inject.h"
#include "mockgpu_test_observe.h"
#include "mockgpu_trace.h"
#include "mockgpu_userptr.h"
#include "mockgpu_visible.h"
#include "mockgpu_vm.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

/* TTM keeps its object in vm_private_data, PRIME expects GEM's: same address. */
static_assert(offsetof(struct ttm_buffer_object, base) == 0);

#define MOCKGPU_BO_FLAGS \
	(MOCKGPU_BO_PAGE_MAPPING | MOCKGPU_BO_CPU_ACCESS | MOCKGPU_BO_DISCARDABLE | \
	 MOCKGPU_BO_HUGE_PUD | MOCKGPU_BO_CONTIGUOUS)

/**
 * mockgpu_bo_desc_check - check whether such a buffer is possible
 * @mdev: the device
 * @desc: what user space asks for
 *
 * Return: 0, -EINVAL for a bad value, -E2BIG for a size that can never fit, -EOPNOTSUPP
 * for VRAM without any and for entries of 1 GiB where there are none.
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
	if (desc->flags & ~MOCKGPU_BO_FLAGS ||
	    (desc->flags & MOCKGPU_BO_PAGE_MAPPING && desc->kind == MOCKGPU_KIND_COMPOUND))
		return -EINVAL;
	if (desc->flags & MOCKGPU_BO_HUGE_PUD && !MOCKGPU_PUD_PFNMAP)
		return -EOPNOTSUPP;
	if (desc->size >> PAGE_SHIFT > mdev->pages_max)
		return -E2BIG;
	if (desc->placement == MOCKGPU_PLACEMENT_VRAM)
		return mockgpu_vram_check(mdev, desc);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_desc_check);

/**
 * mockgpu_userptr_check - check whether such a buffer of user memory is possible
 * @mdev: the device
 * @args: what user space asks for
 *
 * Return: 0, -EINVAL for a bad value, -E2BIG for a size that can never fit.
 */
int mockgpu_userptr_check(struct mockgpu_device *mdev,
			  const struct drm_mockgpu_bo_userptr *args)
{
	if (!args->size || !PAGE_ALIGNED(args->size) || !PAGE_ALIGNED(args->address))
		return -EINVAL;
	if (args->flags & ~(MOCKGPU_USERPTR_READ_ONLY | MOCKGPU_USERPTR_VALIDATE) ||
	    args->handle || args->reserved)
		return -EINVAL;
	return args->size >> PAGE_SHIFT > mdev->pages_max ? -E2BIG : 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_userptr_check);

/*
 * The kernel memory that describes a buffer while it exists, rounded up to pages: the
 * objects and, for each page, a pointer in ttm_tt.pages and a bit in mockgpu_tt.heads or,
 * for an import, a device address and an entry in the exporter's table or, for user memory,
 * such an address, which TTM makes room for, and what HMM says.
 */
static unsigned long mockgpu_bo_overhead(const struct mockgpu_bo_desc *desc)
{
	u64 npages = desc->size >> PAGE_SHIFT;
	u64 bytes = sizeof(struct mockgpu_bo) + sizeof(struct mockgpu_tt);

	if (desc->kind == MOCKGPU_KIND_IMPORT)
		bytes += npages * (sizeof(dma_addr_t) + sizeof(struct scatterlist));
	else if (desc->kind == MOCKGPU_KIND_USERPTR)
		bytes += npages * (sizeof(dma_addr_t) + sizeof(unsigned long));
	else
		bytes += npages * sizeof(struct page *) + npages / BITS_PER_BYTE;
	return DIV_ROUND_UP(bytes, PAGE_SIZE);
}

/* Never add what does not fit: it would make others fail meanwhile. */
static bool mockgpu_charge(struct mockgpu_device *mdev, unsigned long pages)
{
	long charged = atomic_long_read(&mdev->charged);

	do {
		if (charged + pages > mdev->pages_max)
			return false;
	} while (!atomic_long_try_cmpxchg(&mdev->charged, &charged, charged + pages));
	return true;
}

/**
 * mockgpu_tt_charge - charge for pages that a ghost object of TTM's is going to keep
 * @mdev: the device
 * @tt: the pages, whose buffer is already charged for those that it gets next
 *
 * Without that, buffers that move to and fro while the engine waits would take all memory.
 *
 * Return: whether they fit.
 */
bool mockgpu_tt_charge(struct mockgpu_device *mdev, struct mockgpu_tt *tt)
{
	unsigned long pages = round_up(tt->ttm.num_pages, 1ul << tt->order);

	if (!mockgpu_charge(mdev, pages))
		return false;
	tt->charge = pages;
	return true;
}

/**
 * mockgpu_tt_uncharge - undo mockgpu_tt_charge()
 * @mdev: the device
 * @tt: the pages, charged or not
 */
void mockgpu_tt_uncharge(struct mockgpu_device *mdev, struct mockgpu_tt *tt)
{
	atomic_long_sub(tt->charge, &mdev->charged);
	tt->charge = 0;
}

/**
 * mockgpu_bo_charge - charge a new buffer for its pages and its description
 * @mdev: the device
 * @bo: the buffer, with its description set
 *
 * All buffers together may take half of RAM, so a mock cannot exhaust memory. Blocks count
 * in full, even if the buffer uses only part of the last one. An import and user memory have
 * no pages of their own.
 *
 * Return: 0, or -ENOMEM with nothing charged.
 */
VISIBLE_IF_KUNIT int mockgpu_bo_charge(struct mockgpu_device *mdev, struct mockgpu_bo *bo)
{
	unsigned long overhead = mockgpu_bo_overhead(&bo->desc);
	unsigned long pages = 0;

	if (bo->desc.kind != MOCKGPU_KIND_IMPORT && bo->desc.kind != MOCKGPU_KIND_USERPTR)
		pages = round_up(bo->desc.size >> PAGE_SHIFT, 1ul << bo->desc.order);
	if (!mockgpu_charge(mdev, pages + overhead))
		return -ENOMEM;
	atomic_long_add(pages, &mdev->pages);
	bo->charge = pages;
	bo->overhead = overhead;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_charge);

/**
 * mockgpu_bo_uncharge_pages - uncharge the system pages of a buffer
 * @bo: the buffer, locked or at its end
 *
 * The charge for its description stays.
 */
void mockgpu_bo_uncharge_pages(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);

	atomic_long_sub(bo->charge, &mdev->pages);
	atomic_long_sub(bo->charge, &mdev->charged);
	bo->charge = 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_uncharge_pages);

/**
 * mockgpu_bo_uncharge - undo mockgpu_bo_charge() at the end of a buffer
 * @bo: the buffer
 */
VISIBLE_IF_KUNIT void mockgpu_bo_uncharge(struct mockgpu_bo *bo)
{
	mockgpu_bo_uncharge_pages(bo);
	atomic_long_sub(bo->overhead, &mockgpu_bo_device(bo)->charged);
	bo->overhead = 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_uncharge);

/* Undo MOCKGPU_BO_PIN at the end of a buffer. */
static void mockgpu_pin_release(struct mockgpu_bo *bo)
{
	if (!bo->pinned)
		return;
	dma_resv_lock(bo->tbo.base.resv, NULL);
	ttm_bo_unpin(&bo->tbo);
	bo->pinned = false;
	mockgpu_bo_unlock(bo);
}

/* The last reference is gone: no handle, no mapping and no other buffer has one. */
static void mockgpu_gem_free(struct drm_gem_object *gem)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(gem);

	mockgpu_inject_release(bo);
	mockgpu_pin_release(bo);
	ttm_bo_fini(&bo->tbo);
}

static int mockgpu_gem_mmap(struct drm_gem_object *gem, struct vm_area_struct *vma)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(gem);
	int ret;

	if (mockgpu_should_fail("mmap"))
		return -ENOMEM;
	/* As amdgpu_gem_object_mmap(): the process has it mapped already. */
	if (bo->userptr)
		return -EPERM;
	if (bo->import)
		return mockgpu_import_mmap(bo, vma);
	vma->vm_ops = mockgpu_bo_vm_ops(bo);
	/* One reference for us, see mockgpu_vm_open(); TTM takes its own. */
	drm_gem_object_get(gem);
	ret = drm_gem_ttm_mmap(gem, vma);
	if (ret)
		drm_gem_object_put(gem);
	else
		atomic_inc(&bo->maps);
	return ret;
}

/* For drm_gem_map_dma_buf(), so it is called for exported buffers only. */
static struct sg_table *mockgpu_gem_get_sg_table(struct drm_gem_object *gem)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(gem);
	struct mockgpu_backing backing;
	struct page **pages;
	struct sg_table *sgt;

	dma_resv_assert_held(gem->resv);
	/* Those of a BAR have none, see mockgpu_dmabuf_map(). */
	if (!mockgpu_bo_backing(bo, &backing) || mockgpu_backing_is_bar(&backing))
		return ERR_PTR(-ENODATA);
	if (mockgpu_should_fail("sg_table"))
		return ERR_PTR(-ENOMEM);
	pages = backing.pages;
	if (backing.vram)
		pages = backing.vram->pages + backing.extent.start;
	if (!mockgpu_extent_is_scattered(&backing.extent))
		return drm_prime_pages_to_sg(gem->dev, pages, backing.npages);
	pages = mockgpu_vram_pages(backing.vram, &backing.extent, backing.npages);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	sgt = drm_prime_pages_to_sg(gem->dev, pages, backing.npages);
	kvfree(pages);
	return sgt;
}

static int mockgpu_gem_vmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(gem);
	int ret;

	mockgpu_gem_vmap_lock(gem);
	/*
	 * It may stay pinned for long, and must not be out of reach then. The kernel itself
	 * reaches all of VRAM, and an error would be a warning of dma_buf_vmap().
	 */
	mockgpu_bo_make_visible(bo);
	ret = mockgpu_bo_vmap(bo, map);
	mockgpu_gem_vmap_unlock(gem);
	return ret;
}

static void mockgpu_gem_vunmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	mockgpu_gem_vmap_lock(gem);
	mockgpu_bo_vunmap(gem_to_mockgpu_bo(gem), map);
	mockgpu_gem_vmap_unlock(gem);
}

static const struct drm_gem_object_funcs mockgpu_gem_funcs = {
	.free = mockgpu_gem_free,
	.export = mockgpu_dmabuf_export,
	.get_sg_table = mockgpu_gem_get_sg_table,
	.vmap = mockgpu_gem_vmap,
	.vunmap = mockgpu_gem_vunmap,
	.mmap = mockgpu_gem_mmap,
	.vm_ops = &mockgpu_vm_ops,
};

/* TTM's last call for a buffer object, even if its creation failed. */
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
	mockgpu_userptr_destroy(bo);
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
 * mockgpu_bo_is_ours - whether the driver created a TTM buffer object
 * @tbo: the buffer object
 *
 * TTM creates ghost objects to free later what is still in use
 * (ttm_buffer_object_transfer()), and passes them to the driver's callbacks, too.
 *
 * Return: true when to_mockgpu_bo() may be used.
 */
bool mockgpu_bo_is_ours(const struct ttm_buffer_object *tbo)
{
	return tbo->destroy == mockgpu_bo_destroy;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_is_ours);

/**
 * mockgpu_bo_alloc - allocate a buffer that TTM does not know yet
 * @mdev: the device
 * @desc: what user space asks for
 *
 * Return: the buffer, to be freed by mockgpu_bo_destroy(), or NULL.
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

/* debugfs shows the buffer from here on. */
static void mockgpu_bo_publish(struct mockgpu_bo *bo)
{
	struct mockgpu_device *mdev = mockgpu_bo_device(bo);

	mutex_lock(&mdev->list_lock);
	list_add_tail(&bo->link, &mdev->list);
	mutex_unlock(&mdev->list_lock);
}

/* In pages. As amdgpu: aligned, so that page tables can map VRAM with large entries. */
static u32 mockgpu_bo_alignment(const struct mockgpu_bo_desc *desc)
{
	if (desc->flags & MOCKGPU_BO_HUGE_PUD && desc->size >= SZ_1G)
		return SZ_1G >> PAGE_SHIFT;
	return desc->size >= SZ_2M ? SZ_2M >> PAGE_SHIFT : 0;
}

/**
 * mockgpu_bo_create - create a buffer with all its pages
 * @mdev: the device
 * @desc: a description that mockgpu_bo_desc_check() has accepted
 * @parent: another buffer, locked, whose reservation the new one shares and which it keeps
 *	alive; or NULL
 * @interruptible: whether a signal may interrupt it
 *
 * Return: the buffer, to be dropped with mockgpu_bo_put(), or an ERR_PTR(): -ENOMEM, -EIO
 * when the pages are not what the kind promises, -ERESTARTSYS.
 */
struct mockgpu_bo *mockgpu_bo_create(struct mockgpu_device *mdev,
				     const struct mockgpu_bo_desc *desc,
				     struct mockgpu_bo *parent, bool interruptible)
{
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
	mockgpu_ttm_placement(bo, &placement, desc->placement);
	ret = ttm_bo_init_reserved(&mdev->ttm, &bo->tbo, ttm_bo_type_device,
				   &placement, mockgpu_bo_alignment(desc), &ctx, NULL,
				   resv, mockgpu_bo_destroy);
	if (ret)
		return ERR_PTR(ret);
	trace_mockgpu_bo_alloc(bo);
	/* A buffer with a parent is dropped under its lock and never published. */
	if (resv)
		return bo;
	ttm_bo_unreserve(&bo->tbo);
	mockgpu_bo_publish(bo);
	return bo;
}

/**
 * mockgpu_bo_create_import - create a buffer for the memory of a foreign dma-buf
 * @mdev: the device
 * @dmabuf: the dma-buf, with its reservation held, which the buffer shares
 *
 * The dma-buf is neither attached nor mapped yet.
 *
 * Return: as mockgpu_bo_create().
 */
static struct mockgpu_bo *mockgpu_bo_create_import(struct mockgpu_device *mdev,
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
	/* The reservation must outlive TTM's last use of it. */
	get_dma_buf(dmabuf);
	bo->import = dmabuf;
	mockgpu_ttm_placement(bo, &placement, MOCKGPU_PLACEMENT_SYSTEM);
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
 * mockgpu_bo_create_userptr - create a buffer of memory of the calling process
 * @mdev: the device
 * @address: where it begins
 * @size: bytes
 * @flags: MOCKGPU_USERPTR_*; mockgpu_userptr_check() has accepted all of it
 *
 * Return: as mockgpu_bo_create(), or -EFAULT, -EOPNOTSUPP.
 */
struct mockgpu_bo *mockgpu_bo_create_userptr(struct mockgpu_device *mdev, u64 address, u64 size,
					     u32 flags)
{
	const struct mockgpu_bo_desc desc = {
		.size = size,
		.kind = MOCKGPU_KIND_USERPTR,
	};
	struct ttm_operation_ctx ctx = { .interruptible = true };
	struct ttm_placement placement;
	struct mockgpu_bo *bo;
	int ret;

	bo = mockgpu_bo_alloc(mdev, &desc);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	mockgpu_ttm_placement(bo, &placement, MOCKGPU_PLACEMENT_GTT);
	ret = ttm_bo_init_reserved(&mdev->ttm, &bo->tbo, ttm_bo_type_sg, &placement, 0, &ctx,
				   NULL, NULL, mockgpu_bo_destroy);
	if (ret)
		return ERR_PTR(ret);
	trace_mockgpu_bo_alloc(bo);
	ttm_bo_unreserve(&bo->tbo);
	ret = mockgpu_userptr_create(bo, address, flags);
	if (ret) {
		mockgpu_bo_put(bo);
		return ERR_PTR(ret);
	}
	mockgpu_bo_publish(bo);
	return bo;
}

/**
 * mockgpu_gem_prime_import - &drm_driver.gem_prime_import
 * @drm: the device
 * @dmabuf: the dma-buf
 *
 * For a dma-buf of the same device this is the buffer that was exported.
 *
 * Return: the GEM object or an ERR_PTR(): -ENOMEM, -EINVAL for a dma-buf whose size is
 * no multiple of the page size, or what the exporter returns.
 */
struct drm_gem_object *mockgpu_gem_prime_import(struct drm_device *drm,
						struct dma_buf *dmabuf)
{
	struct drm_gem_object *gem;
	struct mockgpu_bo *bo;
	int ret;

	gem = mockgpu_dmabuf_own(drm, dmabuf);
	if (gem)
		return gem;
	if (!dmabuf->size || !PAGE_ALIGNED(dmabuf->size))
		return ERR_PTR(-EINVAL);
	dma_resv_lock(dmabuf->resv, NULL);
	bo = mockgpu_bo_create_import(to_mockgpu_device(drm), dmabuf);
	dma_resv_unlock(dmabuf->resv);
	if (IS_ERR(bo))
		return ERR_CAST(bo);
	ret = mockgpu_import_attach(bo);
	if (ret) {
		mockgpu_bo_put(bo);
		return ERR_PTR(ret);
	}
	return &bo->tbo.base;
}
