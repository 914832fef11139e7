// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that describe the device, create buffers, describe them and unmap them. See
 * uapi/mockgpu_drm.h for what they do.
 */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bo.h"
#include "mockgpu_gem.h"
#include "mockgpu_ioctl.h"
#include "mockgpu_shrink.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_userptr.h"
#include "mockgpu_visible.h"
#include "mockgpu_vm.h"
#include "mockgpu_vmap.h"
#include "mockgpu_vram.h"

/* A bit for each fault mode that this kernel supports. */
static u64 mockgpu_param_fault_modes(void)
{
	u64 all = GENMASK_ULL(MOCKGPU_FAULT_COUNT - 1, 0);

	if (MOCKGPU_HUGE_PFNMAP)
		return all;
	return all & ~(BIT_ULL(MOCKGPU_FAULT_HUGE) | BIT_ULL(MOCKGPU_FAULT_HUGE_READ_ONLY));
}

static u64 mockgpu_param_placements(struct mockgpu_device *mdev)
{
	u64 all = GENMASK_ULL(MOCKGPU_PLACEMENT_COUNT - 1, 0);

	return mdev->vram.npages ? all : all & ~BIT_ULL(MOCKGPU_PLACEMENT_VRAM);
}

/* None but RESETS changes after mockgpu_device_create(), so there is nothing to lock. */
static int mockgpu_param(struct mockgpu_device *mdev, u32 param, u64 *value)
{
	switch (param) {
	case MOCKGPU_PARAM_VRAM_SIZE:
		*value = mockgpu_vram_bytes(&mdev->vram);
		return 0;
	case MOCKGPU_PARAM_VRAM_CACHING:
		*value = mockgpu_vram_caching(mdev);
		return 0;
	case MOCKGPU_PARAM_SIZE_MAX:
		*value = (u64)mdev->pages_max << PAGE_SHIFT;
		return 0;
	case MOCKGPU_PARAM_ORDER_MAX:
		*value = MOCKGPU_MAX_ORDER;
		return 0;
	case MOCKGPU_PARAM_KINDS:
		*value = GENMASK_ULL(MOCKGPU_KIND_COUNT - 1, 0);
		return 0;
	case MOCKGPU_PARAM_CACHINGS:
		*value = GENMASK_ULL(MOCKGPU_CACHING_COUNT - 1, 0);
		return 0;
	case MOCKGPU_PARAM_PLACEMENTS:
		*value = mockgpu_param_placements(mdev);
		return 0;
	case MOCKGPU_PARAM_FAULT_MODES:
		*value = mockgpu_param_fault_modes();
		return 0;
	case MOCKGPU_PARAM_VRAM_SOURCE:
		*value = mockgpu_vram_source(mdev);
		return 0;
	case MOCKGPU_PARAM_VRAM_VISIBLE:
		*value = (u64)mdev->vram.visible << PAGE_SHIFT;
		return 0;
	case MOCKGPU_PARAM_BAR_PAGES:
		*value = mdev->vram.bar_pages;
		return 0;
	case MOCKGPU_PARAM_SWAPOUT:
		*value = mdev->shrink.possible ? MOCKGPU_SWAPOUT_BACKUP : 0;
		return 0;
	case MOCKGPU_PARAM_RESETS:
		*value = atomic_read(&mdev->resets);
		return 0;
	case MOCKGPU_PARAM_VRAM_MANAGER:
		*value = mockgpu_vram_manager(mdev);
		return 0;
	default:
		return -EINVAL;
	}
}

/**
 * mockgpu_get_param_ioctl - DRM_IOCTL_MOCKGPU_GET_PARAM
 * @drm: the DRM device
 * @data: struct drm_mockgpu_get_param
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_get_param_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	struct drm_mockgpu_get_param *args = data;

	if (args->flags || args->value || args->reserved)
		return -EINVAL;
	return mockgpu_param(to_mockgpu_device(drm), args->param, &args->value);
}

/* Give a new buffer to a client, whose handle holds it from here on. */
static int mockgpu_bo_hand_out(struct mockgpu_bo *bo, struct drm_file *file, u32 *handle)
{
	int ret;

	bo->owner = mockgpu_client(file);
	if (mockgpu_should_fail("handle"))
		ret = -ENOMEM;
	else
		ret = drm_gem_handle_create(file, &bo->tbo.base, handle);
	mockgpu_bo_put(bo);
	return ret;
}

/**
 * mockgpu_bo_create_ioctl - DRM_IOCTL_MOCKGPU_BO_CREATE
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_create
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_create_ioctl(struct drm_device *drm, void *data,
			    struct drm_file *file)
{
	struct mockgpu_device *mdev = to_mockgpu_device(drm);
	struct drm_mockgpu_bo_create *args = data;
	struct mockgpu_bo_desc desc = {
		.size = args->size,
		.kind = args->kind,
		.order = args->order,
		.caching = args->caching,
		.placement = args->placement,
		.flags = args->flags,
	};
	struct mockgpu_bo *bo;
	int ret;

	if (args->handle || memchr_inv(args->reserved, 0, sizeof(args->reserved)))
		return -EINVAL;
	ret = mockgpu_bo_desc_check(mdev, &desc);
	if (ret)
		return ret;
	ret = mockgpu_fault_check(args->fault_mode, args->fault_arg);
	if (ret)
		return ret;
	if (desc.flags & MOCKGPU_BO_HUGE_PUD && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	bo = mockgpu_bo_create(mdev, &desc, NULL, true);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	mockgpu_bo_set_fault(bo, (struct mockgpu_fault_config) {
		.mode = args->fault_mode,
		.arg = args->fault_arg,
	});
	return mockgpu_bo_hand_out(bo, file, &args->handle);
}

/**
 * mockgpu_bo_userptr_ioctl - DRM_IOCTL_MOCKGPU_BO_USERPTR
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_userptr
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_userptr_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file)
{
	struct mockgpu_device *mdev = to_mockgpu_device(drm);
	struct drm_mockgpu_bo_userptr *args = data;
	struct mockgpu_bo *bo;
	int ret;

	ret = mockgpu_userptr_check(mdev, args);
	if (ret)
		return ret;
	bo = mockgpu_bo_create_userptr(mdev, untagged_addr(args->address), args->size,
				       args->flags);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	if (args->flags & MOCKGPU_USERPTR_VALIDATE)
		ret = mockgpu_userptr_validate(bo);
	if (ret) {
		mockgpu_bo_put(bo);
		return ret;
	}
	return mockgpu_bo_hand_out(bo, file, &args->handle);
}

/**
 * mockgpu_bo_mmap_offset_ioctl - DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_mmap_offset
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_mmap_offset_ioctl(struct drm_device *drm, void *data,
				 struct drm_file *file)
{
	struct drm_mockgpu_bo_mmap_offset *args = data;
	struct mockgpu_bo *bo;
	int ret = 0;

	if (args->flags || args->offset)
		return -EINVAL;
	bo = mockgpu_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	/* As amdgpu_mode_dumb_mmap(). */
	if (bo->userptr)
		ret = -EPERM;
	else
		args->offset = drm_vma_node_offset_addr(&bo->tbo.base.vma_node);
	mockgpu_bo_put(bo);
	return ret;
}

/* The MOCKGPU_BO_* bits of struct drm_mockgpu_bo_query. */
static u32 mockgpu_bo_state(struct mockgpu_bo *bo)
{
	struct ttm_tt *ttm = bo->tbo.ttm;
	u32 state = 0;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (bo->tbo.pin_count)
		state |= MOCKGPU_BO_PINNED;
	if (ttm && mockgpu_tt_is_out(ttm))
		state |= MOCKGPU_BO_SWAPPED;
	if (bo->revoked)
		state |= MOCKGPU_BO_REVOKED;
	if (!mockgpu_bo_is_visible(bo))
		state |= MOCKGPU_BO_INVISIBLE;
	return state;
}

/*
 * The memory type of the CPU's entries. TTM has an entry for each type only on the architectures
 * that it knows: ttm_prot_from_caching() got riscv after 6.12.
 */
static u32 mockgpu_bo_entry_caching(struct mockgpu_bo *bo)
{
	if (mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM)
		return mockgpu_vram_caching(mockgpu_bo_device(bo));
	if (bo->tbo.resource && bo->tbo.ttm &&
	    pgprot_val(mockgpu_bo_prot(bo, PAGE_KERNEL)) == pgprot_val(PAGE_KERNEL))
		return MOCKGPU_CACHING_CACHED;
	return bo->desc.caching;
}

static void mockgpu_bo_query_blocks(struct mockgpu_bo *bo, struct drm_mockgpu_bo_query *args)
{
	const struct mockgpu_blocks *blocks;
	struct mockgpu_backing backing;

	args->vram_blocks = 0;
	args->vram_runs = 0;
	if (!mockgpu_bo_backing(bo, &backing) || !backing.vram)
		return;
	blocks = backing.extent.blocks;
	args->vram_blocks = blocks ? blocks->count : 1;
	args->vram_runs = blocks ? blocks->runs : 1;
}

/**
 * mockgpu_bo_query_ioctl - DRM_IOCTL_MOCKGPU_BO_QUERY
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_query
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_query_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file)
{
	struct drm_mockgpu_bo_query *args = data;
	struct mockgpu_bo *bo;

	if (args->flags)
		return -EINVAL;
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	args->size = bo->desc.size;
	args->kind = bo->desc.kind;
	args->order = bo->desc.order;
	args->caching = bo->desc.caching;
	args->faults = atomic64_read(&bo->faults);
	args->zaps = atomic64_read(&bo->zaps);
	args->placement = mockgpu_bo_placement(bo);
	args->entry_caching = mockgpu_bo_entry_caching(bo);
	args->discards = bo->discards;
	args->invalidations = mockgpu_userptr_invalidations(bo);
	args->user_faults = mockgpu_userptr_faults(bo);
	args->state = mockgpu_bo_state(bo);
	args->moves = bo->moves;
	args->swapouts = bo->swapouts;
	args->upgrades = atomic_read(&bo->upgrades);
	mockgpu_bo_query_blocks(bo, args);
	mockgpu_bo_put_locked(bo);
	return 0;
}

/**
 * mockgpu_bo_zap_ioctl - DRM_IOCTL_MOCKGPU_BO_ZAP
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_zap
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_zap_ioctl(struct drm_device *drm, void *data,
			 struct drm_file *file)
{
	struct drm_mockgpu_bo_zap *args = data;
	struct mockgpu_bo *bo;

	if (args->flags)
		return -EINVAL;
	bo = mockgpu_bo_lookup_locked(file, args->handle);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ttm_bo_unmap_virtual(&bo->tbo);
	atomic64_inc(&bo->zaps);
	mockgpu_bo_put_locked(bo);
	return 0;
}
