// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a debugger reads and writes: /proc/PID/mem and ptrace() find no struct page in
 * a VM_PFNMAP mapping and ask its owner. TTM's answer, ttm_bo_vm_access(), is not
 * good enough: it uses memcpy() on uncached memory, an oops on arm64 where that is not
 * aligned, and looks neither at the rights nor at the end of the mapping
 * (docs/findings/debugger-access.md).
 */
#include <linux/iosys-map.h>
#include <linux/mm.h>

#include <drm/drm_drv.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_types.h"

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
	if (!bo->tbo.resource)
		return -ENODATA;
	if (bo->tbo.resource->mem_type == TTM_PL_VRAM)
		return mockgpu_vram_access(bo, offset, buf, len, write);
	return mockgpu_access_system(bo, offset, buf, len, write);
}

/**
 * mockgpu_vm_access - &vm_operations_struct.access
 * @vma: a mapping of a buffer
 * @addr: where in it
 * @buf: where to copy to or from
 * @len: bytes, maybe more than the mapping has from there on
 * @write: whether to write
 *
 * Of shared memory a debugger may read what the process may map, and write what it
 * may write: so says check_vma_flags() in mm/gup.c.
 *
 * Return: how many bytes, at most to the end of the page: __access_remote_vm() asks
 * again for what comes then. -ENODEV when the device or the buffer's memory is gone,
 * another negative errno otherwise.
 */
int mockgpu_vm_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
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
