/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver shows to its KUnit tests and to nobody else: without KUnit these
 * functions are static, and nothing is exported.
 */
#ifndef MOCKGPU_VISIBLE_H
#define MOCKGPU_VISIBLE_H

#ifdef MOCKGPU_HAVE_KUNIT

#include <linux/types.h>

#include <kunit/visibility.h>

struct drm_mockgpu_bo_copy;
struct drm_mockgpu_bo_inject;
struct iosys_map;
struct mockgpu_bo;
struct mockgpu_device;
struct page;
struct sg_table;
struct ttm_buffer_object;
struct ttm_placement;

/* copy.c */
int mockgpu_copy_bytes(struct iosys_map *dst, u64 dst_offset,
		       struct iosys_map *src, u64 src_offset, u64 size);
bool mockgpu_copy_is_possible(struct mockgpu_bo *dst, struct mockgpu_bo *src,
			      const struct drm_mockgpu_bo_copy *args);

/* drv.c */
bool mockgpu_ioctl_is_unknown(unsigned int cmd);

/* fault.c */
bool mockgpu_fault_fails(struct mockgpu_bo *bo, vm_fault_t *ret);

/* huge.c */
bool mockgpu_huge_pfn(struct mockgpu_bo *bo, unsigned long first, unsigned long *pfn);

/* import.c */
bool mockgpu_import_table_fits(struct sg_table *sgt, unsigned long npages);

/* inject.c */
bool mockgpu_inject_args_are_good(const struct drm_mockgpu_bo_inject *args);

/* pages.c */
bool mockgpu_block_is_good(u32 kind, u32 order, struct page *head, const char *when);

/* ttm.c */
void mockgpu_evict_flags(struct ttm_buffer_object *tbo, struct ttm_placement *placement);
void mockgpu_swap_notify(struct ttm_buffer_object *tbo);

#else
#define VISIBLE_IF_KUNIT	static
#define MOCKGPU_NOTHING(symbol)
#define EXPORT_SYMBOL_IF_KUNIT	MOCKGPU_NOTHING
#endif

#endif /* MOCKGPU_VISIBLE_H */
