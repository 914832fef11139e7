// SPDX-License-Identifier: GPL-2.0-only
/*
 * What buffers cost: half of RAM is for all of them together, so that nobody brings
 * the machine down with a mock.
 */
#include <linux/atomic.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "mockgpu_types.h"
#include "tests/visible.h"

/*
 * What the kernel keeps about a buffer for as long as it exists, rounded up to pages: the
 * objects, and for each page an entry of ttm_tt.pages and a bit of mockgpu_tt.heads, or
 * for an import its address for the device and its entry in the exporter's table.
 */
static unsigned long mockgpu_bo_overhead(const struct mockgpu_bo_desc *desc)
{
	u64 npages = desc->size >> PAGE_SHIFT;
	u64 bytes = sizeof(struct mockgpu_bo) + sizeof(struct mockgpu_tt);

	if (desc->kind == MOCKGPU_KIND_IMPORT)
		bytes += npages * (sizeof(dma_addr_t) + sizeof(struct scatterlist));
	else
		bytes += npages * sizeof(struct page *) + npages / BITS_PER_BYTE;
	return DIV_ROUND_UP(bytes, PAGE_SIZE);
}

/**
 * mockgpu_bo_charge - charge a new buffer for its pages and for what is kept about it
 * @mdev: the device
 * @bo: the buffer, whose description is set
 *
 * Blocks count whole, also when the buffer uses a part of the last one. An import has
 * no pages of its own.
 *
 * Return: 0, or -ENOMEM when it does not fit, with nothing changed.
 */
int mockgpu_bo_charge(struct mockgpu_device *mdev, struct mockgpu_bo *bo)
{
	unsigned long overhead = mockgpu_bo_overhead(&bo->desc);
	unsigned long pages = 0;
	long charged = atomic_long_read(&mdev->charged);

	if (bo->desc.kind != MOCKGPU_KIND_IMPORT)
		pages = round_up(bo->desc.size >> PAGE_SHIFT, 1ul << bo->desc.order);
	/* Nothing is added that does not fit: others would fail by it meanwhile. */
	do {
		if (charged + pages + overhead > mdev->pages_max)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&mdev->charged, &charged,
					  charged + pages + overhead));
	atomic_long_add(pages, &mdev->pages);
	bo->charge = pages;
	bo->overhead = overhead;
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_charge);

/**
 * mockgpu_bo_uncharge_pages - a buffer takes no system pages any more
 * @bo: the buffer, locked or at its end
 *
 * What the kernel keeps about it stays charged.
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
void mockgpu_bo_uncharge(struct mockgpu_bo *bo)
{
	mockgpu_bo_uncharge_pages(bo);
	atomic_long_sub(bo->overhead, &mockgpu_bo_device(bo)->charged);
	bo->overhead = 0;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_bo_uncharge);
