// SPDX-License-Identifier: GPL-2.0-only
/*
 * What GEM, and through it PRIME, asks of a buffer.
 */
#include <linux/build_bug.h>
#include <linux/dma-buf.h>
#include <linux/iosys-map.h>
#include <linux/stddef.h>

#include <drm/drm_gem.h>
#include <drm/drm_gem_ttm_helper.h>
#include <drm/drm_prime.h>

#include "mockgpu_types.h"

/* TTM takes vm_private_data for its object, PRIME for GEM's: one address. */
static_assert(offsetof(struct ttm_buffer_object, base) == 0);

/* The last call: no handle, no mapping and no other buffer needs it. */
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
	if (bo->import)
		return mockgpu_import_mmap(bo, vma);
	vma->vm_ops = mockgpu_bo_vm_ops(bo);
	/* One for us, see mockgpu_vm_open(); TTM sees to its own. */
	drm_gem_object_get(gem);
	ret = drm_gem_ttm_mmap(gem, vma);
	if (ret)
		drm_gem_object_put(gem);
	else
		atomic_inc(&bo->maps);
	return ret;
}

/* For drm_gem_map_dma_buf(), so of exported buffers only. */
static struct sg_table *mockgpu_gem_get_sg_table(struct drm_gem_object *gem)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(gem);
	struct page **pages = mockgpu_bo_pages(bo);

	dma_resv_assert_held(gem->resv);
	if (!pages)
		return ERR_PTR(-ENODATA);
	if (mockgpu_should_fail("sg_table"))
		return ERR_PTR(-ENOMEM);
	return drm_prime_pages_to_sg(gem->dev, pages, mockgpu_bo_npages(bo));
}

/**
 * mockgpu_map_to_iomem - mark as I/O memory what only I/O accessors may touch
 * @bo: the buffer, locked
 * @map: its mapping as TTM gave it
 *
 * Where ttm_io_prot() maps uncached pages as a device's, as arm64 does, memcpy() and
 * memset() may not touch them: an access that is not aligned faults, and so does
 * DC ZVA. TTM says "system memory" of them all the same; the accessors of I/O memory
 * keep to what is allowed, here and in whoever imports the buffer. x86 allows all.
 */
void mockgpu_map_to_iomem(struct mockgpu_bo *bo, struct iosys_map *map)
{
	if (IS_ENABLED(CONFIG_X86) || map->is_iomem || bo->tbo.ttm->caching != ttm_uncached)
		return;
	iosys_map_set_vaddr_iomem(map, (void __iomem __force *)map->vaddr);
}

/* As TTM gave it, which knows by that how to unmap it. */
static void mockgpu_map_from_iomem(struct mockgpu_bo *bo, struct iosys_map *map)
{
	if (map->is_iomem && !bo->tbo.resource->bus.is_iomem)
		iosys_map_set_vaddr(map, (void __force *)map->vaddr_iomem);
}

/**
 * mockgpu_bo_vmap - map a buffer for the kernel and pin it
 * @bo: the buffer, locked, no import
 * @map: out; I/O memory where only its accessors may be used
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_bo_vmap(struct mockgpu_bo *bo, struct iosys_map *map)
{
	int ret;

	ret = mockgpu_bo_pin_placed(bo);
	if (ret)
		return ret;
	mockgpu_bo_flush_new(bo);
	ret = ttm_bo_vmap(&bo->tbo, map);
	if (ret)
		ttm_bo_unpin(&bo->tbo);
	else
		mockgpu_map_to_iomem(bo, map);
	return ret;
}

/**
 * mockgpu_bo_vunmap - undo mockgpu_bo_vmap()
 * @bo: the buffer, locked
 * @map: what mockgpu_bo_vmap() gave
 *
 * A buffer may be mapped more than once. ttm_bo_vunmap() forgets where VRAM is
 * mapped (ttm_mem_io_free() clears bus.addr), and the next one would take it for a
 * mapping of its own and pass it to iounmap(), which unmaps all of VRAM: so it is
 * told again.
 */
void mockgpu_bo_vunmap(struct mockgpu_bo *bo, struct iosys_map *map)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	mockgpu_vram_io_mem_reserve(bo->tbo.bdev, bo->tbo.resource);
	mockgpu_map_from_iomem(bo, map);
	ttm_bo_vunmap(&bo->tbo, map);
	ttm_bo_unpin(&bo->tbo);
}

static int mockgpu_gem_vmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	int ret;

	mockgpu_gem_vmap_lock(gem);
	ret = mockgpu_bo_vmap(gem_to_mockgpu_bo(gem), map);
	mockgpu_gem_vmap_unlock(gem);
	return ret;
}

static void mockgpu_gem_vunmap(struct drm_gem_object *gem, struct iosys_map *map)
{
	mockgpu_gem_vmap_lock(gem);
	mockgpu_bo_vunmap(gem_to_mockgpu_bo(gem), map);
	mockgpu_gem_vmap_unlock(gem);
}

const struct drm_gem_object_funcs mockgpu_gem_funcs = {
	.free = mockgpu_gem_free,
	.export = mockgpu_dmabuf_export,
	.get_sg_table = mockgpu_gem_get_sg_table,
	.vmap = mockgpu_gem_vmap,
	.vunmap = mockgpu_gem_vunmap,
	.mmap = mockgpu_gem_mmap,
	.vm_ops = &mockgpu_vm_ops,
};
