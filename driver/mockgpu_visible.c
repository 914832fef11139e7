// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM that the CPU cannot access: what lies behind a BAR that is smaller than the GPU's
 * memory. The rules are amdgpu's.
 *
 * A buffer goes to the end of VRAM, where the CPU does not reach, unless it was created with
 * MOCKGPU_BO_CPU_ACCESS (amdgpu_bo_placement_from_domain()). When the CPU touches one that is
 * not all in the visible part, the page fault moves it there if there is room, else to GTT
 * (amdgpu_bo_fault_reserve_notify()). From then on it counts as created with the flag. One
 * that is evicted from the visible part goes to the rest of VRAM if there is room
 * (amdgpu_evict_flags()).
 *
 * The fault moves the buffer with mmap_lock held and MMU notifiers running, so for KVM a page
 * changes while it asks for it.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>

#include "mockgpu_buddy.h"
#include "mockgpu_kunit.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_visible.h"

static unsigned long vram_visible;
module_param(vram_visible, ulong, 0444);
MODULE_PARM_DESC(vram_visible, "how much of the VRAM of each device the CPU can access, in bytes, a multiple of 2 MiB, 0 for all (default 0)");

static struct mockgpu_vram *mockgpu_bo_vram(struct mockgpu_bo *bo)
{
	return &mockgpu_bo_device(bo)->vram;
}

static bool mockgpu_vram_is_all_visible(const struct mockgpu_vram *vram)
{
	return vram->visible == vram->npages;
}

/* A place in VRAM, if it has room without an eviction, else GTT. */
static void mockgpu_places_prefer(struct ttm_place *places, const struct ttm_place *first)
{
	places[0] = *first;
	places[0].flags |= MOCKGPU_PLACE_IF_FREE;
	places[1] = (struct ttm_place) {
		.mem_type = TTM_PL_TT,
		.flags = MOCKGPU_PLACE_ELSE,
	};
}

/**
 * mockgpu_visible_init - decide which part of VRAM the CPU can access
 * @mdev: the device, with the size of its VRAM set
 *
 * Return: 0, or -EINVAL for a bad vram_visible, which the kernel log tells.
 */
int mockgpu_visible_init(struct mockgpu_device *mdev)
{
	struct mockgpu_vram *vram = &mdev->vram;
	struct mockgpu_vram_places *places = &vram->places;

	if (vram_visible % SZ_2M || vram_visible >> PAGE_SHIFT > vram->npages) {
		drm_err(&mdev->drm, "vram_visible=%lu is no multiple of 2 MiB up to vram_size\n",
			vram_visible);
		return -EINVAL;
	}
	vram->visible = vram_visible ? vram_visible >> PAGE_SHIFT : vram->npages;
	places->any.mem_type = TTM_PL_VRAM;
	places->visible.mem_type = TTM_PL_VRAM;
	if (mockgpu_vram_is_all_visible(vram))
		return 0;
	places->any.flags = TTM_PL_FLAG_TOPDOWN;
	places->visible.lpfn = vram->visible;
	places->hidden = (struct ttm_place) {
		.mem_type = TTM_PL_VRAM,
		.fpfn = vram->visible,
		.flags = TTM_PL_FLAG_TOPDOWN,
	};
	mockgpu_places_prefer(places->to_visible, &places->visible);
	mockgpu_places_prefer(places->to_hidden, &places->hidden);
	return 0;
}

/**
 * mockgpu_visible_place - where in VRAM a buffer may be
 * @bo: the buffer
 *
 * Return: the place.
 */
const struct ttm_place *mockgpu_visible_place(struct mockgpu_bo *bo)
{
	struct mockgpu_vram_places *places = &mockgpu_bo_vram(bo)->places;

	return bo->desc.flags & MOCKGPU_BO_CPU_ACCESS ? &places->visible : &places->any;
}

/**
 * mockgpu_bo_is_visible - whether the CPU can access a buffer where it is
 * @bo: the buffer, locked
 *
 * Return: false when a page of it is in the hidden part of VRAM.
 */
bool mockgpu_bo_is_visible(struct mockgpu_bo *bo)
{
	struct ttm_resource *res = bo->tbo.resource;
	struct mockgpu_extent extent;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (!res || res->mem_type != TTM_PL_VRAM)
		return true;
	extent = mockgpu_vram_extent(mockgpu_bo_device(bo), res);
	return mockgpu_extent_end(&extent, mockgpu_bo_npages(bo)) <= mockgpu_bo_vram(bo)->visible;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_is_visible);

/**
 * mockgpu_visible_evict - where a buffer in VRAM goes that is evicted, for
 *	&ttm_device_funcs.evict_flags
 * @bo: the buffer, locked, in VRAM
 * @placement: out, if it may stay in VRAM
 *
 * Return: whether it may.
 */
bool mockgpu_visible_evict(struct mockgpu_bo *bo, struct ttm_placement *placement)
{
	struct mockgpu_vram *vram = mockgpu_bo_vram(bo);

	if (mockgpu_vram_is_all_visible(vram) || bo->desc.flags & MOCKGPU_BO_CPU_ACCESS ||
	    !mockgpu_bo_is_visible(bo))
		return false;
	mockgpu_placement_prefer(placement, vram->places.to_hidden);
	return true;
}

static int mockgpu_visible_validate(struct mockgpu_bo *bo, struct ttm_placement *placement,
				    bool interruptible)
{
	struct ttm_operation_ctx ctx = {
		.interruptible = interruptible,
		.gfp_retry_mayfail = true,
	};

	if (mockgpu_should_fail("visible"))
		return -ENOMEM;
	return ttm_bo_validate(&bo->tbo, placement, &ctx);
}

/**
 * mockgpu_bo_make_visible - move a buffer to where the CPU can access it
 * @bo: the buffer, locked
 *
 * No signal interrupts it, as in amdgpu: a page fault that it made start again, from the
 * kernel, would not come to an end.
 *
 * Return: 0, also when it is there; -EBUSY when it is pinned or its fences do not signal,
 * -ENOMEM, or another negative errno of ttm_bo_validate().
 */
int mockgpu_bo_make_visible(struct mockgpu_bo *bo)
{
	struct ttm_placement placement;

	if (mockgpu_bo_is_visible(bo))
		return 0;
	if (bo->tbo.pin_count)
		return -EBUSY;
	bo->desc.flags |= MOCKGPU_BO_CPU_ACCESS;
	mockgpu_placement_prefer(&placement, mockgpu_bo_vram(bo)->places.to_visible);
	return mockgpu_visible_validate(bo, &placement, false);
}

/**
 * mockgpu_bo_hide - move a buffer to where the CPU cannot access it
 * @bo: the buffer, locked, which may move
 *
 * Return: 0, also when it is there; -EOPNOTSUPP when the CPU can access all of VRAM, -E2BIG
 * for a buffer that is larger than the rest, or another negative errno of ttm_bo_validate().
 */
int mockgpu_bo_hide(struct mockgpu_bo *bo)
{
	struct mockgpu_vram *vram = mockgpu_bo_vram(bo);
	struct ttm_placement placement;
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	if (mockgpu_vram_is_all_visible(vram))
		return -EOPNOTSUPP;
	if (mockgpu_bo_npages(bo) > vram->npages - vram->visible)
		return -E2BIG;
	mockgpu_placement_init(&placement, &vram->places.hidden);
	ret = mockgpu_visible_validate(bo, &placement, true);
	if (!ret)
		bo->desc.flags &= ~MOCKGPU_BO_CPU_ACCESS;
	return ret;
}

/**
 * mockgpu_visible_fault - have a buffer where a page fault needs it
 * @bo: the buffer, locked
 * @vmf: the fault
 *
 * Return: 0 to go on, or how the fault ends, with the locks still held: VM_FAULT_RETRY where it
 * may not wait, VM_FAULT_NOPAGE when its fences take long or a copy has pinned it for a moment,
 * VM_FAULT_SIGBUS.
 */
vm_fault_t mockgpu_visible_fault(struct mockgpu_bo *bo, const struct vm_fault *vmf)
{
	if (mockgpu_bo_is_visible(bo))
		return 0;
	if (bo->pinned)
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	switch (mockgpu_bo_make_visible(bo)) {
	case 0:
		return 0;
	case -EBUSY:
		return VM_FAULT_NOPAGE;
	default:
		return VM_FAULT_SIGBUS;
	}
}
