/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel mappings of a buffer, and what keeps them coherent with user mappings of
 * another memory type.
 *
 * Locking: the buffer is locked.
 * Errors: a negative errno of TTM.
 */
#ifndef MOCKGPU_VMAP_H
#define MOCKGPU_VMAP_H

#include "mockgpu_types.h"

struct iosys_map;

pgprot_t mockgpu_bo_prot(struct mockgpu_bo *bo, pgprot_t prot);
void mockgpu_bo_flush(struct mockgpu_bo *bo);
void mockgpu_bo_flush_new(struct mockgpu_bo *bo);
int mockgpu_bo_vmap(struct mockgpu_bo *bo, struct iosys_map *map);
void mockgpu_bo_vunmap(struct mockgpu_bo *bo, struct iosys_map *map);
void mockgpu_map_to_iomem(struct mockgpu_bo *bo, struct iosys_map *map);

#endif /* MOCKGPU_VMAP_H */
