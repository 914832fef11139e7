/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VRAM in a PCI BAR: the kernel's mapping of it, and its addresses for other devices.
 *
 * Locking: as mockgpu_vram.h.
 * Errors: a negative errno that loading the module can return.
 */
#ifndef MOCKGPU_BAR_H
#define MOCKGPU_BAR_H

#include <linux/dma-direction.h>

#include "mockgpu_extent.h"
#include "mockgpu_types.h"

/* The BAR of ivshmem's memory. */
#define MOCKGPU_BAR	2

struct sg_table;

int mockgpu_bar_remap(struct mockgpu_vram *vram);
void mockgpu_bar_unremap(struct mockgpu_vram *vram);
int mockgpu_bar_map(struct mockgpu_device *mdev);
void mockgpu_bar_unmap(struct mockgpu_device *mdev);
bool mockgpu_bar_is_mapped(void);
struct sg_table *mockgpu_bar_dma_map(struct device *importer, const struct mockgpu_vram *vram,
				     const struct mockgpu_extent *extent, unsigned long npages,
				     enum dma_data_direction dir);
void mockgpu_bar_dma_unmap(struct device *importer, struct sg_table *sgt,
			   enum dma_data_direction dir);

#endif /* MOCKGPU_BAR_H */
