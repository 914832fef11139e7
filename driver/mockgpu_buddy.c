// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM managed by the kernel's buddy allocator, as amdgpu's (amdgpu_vram_mgr.c) and xe's
 * (xe_ttm_vram_mgr.c): a buffer gets as many blocks as it takes, wherever they are.
 *
 * As with amdgpu a buffer whose size is a multiple of 2 MiB gets no smaller blocks, and others
 * are evicted if there are none. Others get the largest blocks that are free. A contiguous
 * buffer gets one run: amdgpu leaves the search to the allocator, which finds none in a part of
 * VRAM but a single block, and none at all before 6.8; here the positions are tried one after
 * the other.
 *
 * A fresh allocator hands out neighbours. With vram_block=N a buffer is scattered on purpose,
 * always in the same way: its first 2 MiB consist of blocks of N bytes, the second 2 MiB are one
 * block, the third consist of blocks of 16 times N, and so on. They come from the lower and from
 * the upper half of VRAM in turn. Those of N bytes are pieces of blocks of 16 times N, from whose
 * end they are taken: a walk through the allocator for each page would take minutes for a large
 * buffer. So no neighbours of a buffer are neighbours in VRAM, unless it is nearly full.
 *
 * Ranges begin and end at multiples of 2 MiB, and no block that is asked for in a range is larger:
 * the allocator of 6.1 splits blocks for nothing that lie across the end of a range
 * (alloc_range_bias()), and complains of that at the end (drm_buddy_fini()).
 */
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/ttm/ttm_resource.h>

#include "mockgpu_buddy.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_vram.h"

/* The largest block that is asked for in a part of VRAM, and the smallest of a large buffer. */
#define MOCKGPU_BUDDY_LARGE	get_order(SZ_2M)

/**
 * struct mockgpu_buddy - the manager of a device's VRAM
 * @manager: TTM's part
 * @lock: protects @mm
 * @mm: the kernel's allocator
 * @order: order of the smallest pieces in which a buffer is scattered, or -1
 */
struct mockgpu_buddy {
	struct ttm_resource_manager manager;
	struct mutex lock;		/* mm */
	struct gpu_buddy mm;
	int order;
};

/**
 * struct mockgpu_buddy_resource - a part of VRAM
 * @base: TTM's part; its start is of no use
 * @list: the allocator's blocks
 * @blocks: the same as a table
 */
struct mockgpu_buddy_resource {
	struct ttm_resource base;
	struct list_head list;
	struct mockgpu_blocks *blocks;
};

/**
 * struct mockgpu_wish - what a buffer asks the allocator for
 * @npages: how much
 * @first: first page of VRAM that it may have
 * @end: first page behind those that it may have
 * @align: of a contiguous buffer
 * @is_contiguous: it wants one run
 * @is_scattered: it is to be scattered on purpose
 * @top_down: it had better be at the end
 * @list: out: the blocks
 */
struct mockgpu_wish {
	unsigned long npages;
	unsigned long first;
	unsigned long end;
	unsigned long align;
	bool is_contiguous;
	bool is_scattered;
	bool top_down;
	struct list_head *list;
};

static struct mockgpu_buddy *to_mockgpu_buddy(struct ttm_resource_manager *man)
{
	return container_of(man, struct mockgpu_buddy, manager);
}

static struct mockgpu_buddy_resource *to_buddy_resource(const struct ttm_resource *res)
{
	return container_of(res, struct mockgpu_buddy_resource, base);
}

static unsigned long mockgpu_buddy_pages(const struct mockgpu_buddy *buddy)
{
	return buddy->mm.size >> PAGE_SHIFT;
}

static bool mockgpu_buddy_is_all(const struct mockgpu_buddy *buddy,
				 const struct mockgpu_wish *wish)
{
	return !wish->first && wish->end == mockgpu_buddy_pages(buddy);
}

/* The allocator searches a range from its beginning. Only all of VRAM has a search from the end. */
static int mockgpu_buddy_take(struct mockgpu_buddy *buddy, const struct mockgpu_wish *wish,
			      unsigned long npages, unsigned long smallest)
{
	unsigned long flags = MOCKGPU_BUDDY_RANGE;

	lockdep_assert_held(&buddy->lock);
	if (npages > wish->end - wish->first)
		return -ENOSPC;
	if (mockgpu_buddy_is_all(buddy, wish))
		flags = wish->top_down ? MOCKGPU_BUDDY_TOPDOWN : 0;
	return gpu_buddy_alloc_blocks(&buddy->mm, (u64)wish->first << PAGE_SHIFT,
				      (u64)wish->end << PAGE_SHIFT, (u64)npages << PAGE_SHIFT,
				      (u64)smallest << PAGE_SHIFT, wish->list, flags);
}

/* One run: exactly that range, or the next. */
static int mockgpu_buddy_take_run(struct mockgpu_buddy *buddy, const struct mockgpu_wish *wish)
{
	unsigned long first = round_up(wish->first, wish->align), i, tries;
	struct mockgpu_wish exact = *wish;
	int ret = -ENOSPC;

	if (first + wish->npages > wish->end)
		return -ENOSPC;
	tries = (wish->end - wish->npages - first) / wish->align + 1;
	for (i = 0; i < tries && ret == -ENOSPC; i++) {
		exact.first = first + (wish->top_down ? tries - 1 - i : i) * wish->align;
		exact.end = exact.first + wish->npages;
		ret = mockgpu_buddy_take(buddy, &exact, wish->npages, 1);
	}
	return ret;
}

/* As amdgpu: the largest blocks there are, but no small ones for a buffer of 2 MiB or more. */
static int mockgpu_buddy_take_any(struct mockgpu_buddy *buddy, const struct mockgpu_wish *wish)
{
	const unsigned long large = BIT(MOCKGPU_BUDDY_LARGE);
	unsigned long smallest = wish->npages % large ? 1 : large;
	unsigned long left = wish->npages, n;
	int ret = 0;

	if (mockgpu_buddy_is_all(buddy, wish))
		return mockgpu_buddy_take(buddy, wish, wish->npages, smallest);
	for (; left && !ret; left -= n) {
		n = min(left, large);
		ret = mockgpu_buddy_take(buddy, wish, n, smallest);
	}
	return ret;
}

/* In which of three kinds of 2 MiB of a scattered buffer a page is, see above. */
static unsigned int mockgpu_buddy_part(unsigned long page)
{
	return (page >> MOCKGPU_BUDDY_LARGE) % 3;
}

/* The order of the allocator's block for a scattered buffer from a page on. */
static unsigned int mockgpu_buddy_order(const struct mockgpu_buddy *buddy, unsigned long page,
					unsigned long left)
{
	unsigned int order = MOCKGPU_BUDDY_LARGE;

	if (mockgpu_buddy_part(page) != 1)
		order = min(buddy->order + 4, MOCKGPU_BUDDY_LARGE);
	if (page)
		order = min_t(unsigned int, order, __ffs(page));
	return min_t(unsigned int, order, ilog2(left));
}

/* A block from one half of the range or, if there is none, from the other. */
static int mockgpu_buddy_take_half(struct mockgpu_buddy *buddy, const struct mockgpu_wish *wish,
				   unsigned int order, bool upper)
{
	const unsigned long middle = round_down(wish->first + (wish->end - wish->first) / 2,
						BIT(MOCKGPU_BUDDY_LARGE));
	struct mockgpu_wish half = *wish;
	int ret, i;

	for (i = 0; i < 2; i++, upper = !upper) {
		half.first = upper ? middle : wish->first;
		half.end = upper ? wish->end : middle;
		ret = mockgpu_buddy_take(buddy, &half, BIT(order), BIT(order));
		if (ret != -ENOSPC)
			return ret;
	}
	return -ENOSPC;
}

static int mockgpu_buddy_take_scattered(struct mockgpu_buddy *buddy,
					const struct mockgpu_wish *wish)
{
	unsigned int order, smallest;
	unsigned long page = 0;
	bool upper = false;
	int ret;

	while (page < wish->npages) {
		order = mockgpu_buddy_order(buddy, page, wish->npages - page);
		smallest = min_t(unsigned int, order, buddy->order);
		ret = mockgpu_buddy_take_half(buddy, wish, order, upper);
		if (ret == -ENOSPC && order > smallest) {
			order = smallest;
			ret = mockgpu_buddy_take_half(buddy, wish, order, upper);
		}
		if (ret)
			return ret;
		page += BIT(order);
		upper = !upper;
	}
	return 0;
}

static int mockgpu_buddy_take_list(struct mockgpu_buddy *buddy, const struct mockgpu_wish *wish)
{
	int ret;

	mutex_lock(&buddy->lock);
	if (wish->is_contiguous)
		ret = mockgpu_buddy_take_run(buddy, wish);
	else if (wish->is_scattered)
		ret = mockgpu_buddy_take_scattered(buddy, wish);
	else
		ret = mockgpu_buddy_take_any(buddy, wish);
	if (ret)
		mockgpu_buddy_free_list(&buddy->mm, wish->list);
	mutex_unlock(&buddy->lock);
	return ret;
}

/* The size of the pieces into which a block is cut that begins with a page of the buffer. */
static unsigned long mockgpu_buddy_piece(const struct mockgpu_buddy *buddy,
					 const struct mockgpu_wish *wish, unsigned long page,
					 unsigned long npages)
{
	if (!wish->is_scattered || mockgpu_buddy_part(page))
		return npages;
	return min(npages, BIT(buddy->order));
}

/* Fill in the table, if there is one. Return: how many blocks it needs. */
static u32 mockgpu_buddy_table(struct mockgpu_buddy *buddy, const struct mockgpu_wish *wish,
			       struct mockgpu_blocks *blocks)
{
	unsigned long page = 0, npages, piece, left;
	struct gpu_buddy_block *block;
	u32 count = 0;

	list_for_each_entry(block, wish->list, link) {
		npages = gpu_buddy_block_size(&buddy->mm, block) >> PAGE_SHIFT;
		piece = mockgpu_buddy_piece(buddy, wish, page, npages);
		for (left = npages; left; left -= piece, count++)
			if (blocks)
				mockgpu_blocks_add(blocks, count, left - piece +
						   (gpu_buddy_block_offset(block) >> PAGE_SHIFT),
						   piece);
		page += npages;
	}
	return count;
}

static struct mockgpu_blocks *mockgpu_buddy_blocks(struct mockgpu_buddy *buddy,
						   const struct mockgpu_wish *wish)
{
	struct mockgpu_blocks *blocks;

	blocks = mockgpu_blocks_create(mockgpu_buddy_table(buddy, wish, NULL));
	if (blocks)
		mockgpu_buddy_table(buddy, wish, blocks);
	return blocks;
}

/* A run of less than 2 MiB is aligned to its size, so that it takes few blocks. */
static unsigned long mockgpu_buddy_align(const struct ttm_buffer_object *tbo, unsigned long npages)
{
	return tbo->page_alignment ?: min(roundup_pow_of_two(npages), BIT(MOCKGPU_BUDDY_LARGE));
}

/* Return: 0, -ENOSPC for which TTM evicts somebody and asks again, -ENOMEM. */
static int mockgpu_buddy_fill(struct mockgpu_buddy *buddy, struct mockgpu_buddy_resource *part,
			      struct ttm_buffer_object *tbo, const struct ttm_place *place)
{
	const u32 flags = to_mockgpu_bo(tbo)->desc.flags;
	const bool is_contiguous = flags & (MOCKGPU_BO_CONTIGUOUS | MOCKGPU_BO_HUGE_PUD);
	const unsigned long npages = tbo->base.size >> PAGE_SHIFT;
	const struct mockgpu_wish wish = {
		.npages = npages,
		.first = place->fpfn,
		.end = place->lpfn ?: mockgpu_buddy_pages(buddy),
		.align = mockgpu_buddy_align(tbo, npages),
		.is_contiguous = is_contiguous,
		.is_scattered = !is_contiguous && buddy->order >= 0,
		.top_down = place->flags & TTM_PL_FLAG_TOPDOWN,
		.list = &part->list,
	};
	int ret;

	ret = mockgpu_buddy_take_list(buddy, &wish);
	if (ret)
		return ret;
	part->blocks = mockgpu_buddy_blocks(buddy, &wish);
	if (part->blocks)
		return 0;
	mutex_lock(&buddy->lock);
	mockgpu_buddy_free_list(&buddy->mm, &part->list);
	mutex_unlock(&buddy->lock);
	return -ENOMEM;
}

static int mockgpu_buddy_alloc(struct ttm_resource_manager *man, struct ttm_buffer_object *tbo,
			       const struct ttm_place *place, struct ttm_resource **res)
{
	struct mockgpu_buddy_resource *part;
	int ret = -ENOMEM;

	if (mockgpu_should_fail("part"))
		return -ENOMEM;
	part = kzalloc_obj(*part, GFP_KERNEL);
	if (!part)
		return -ENOMEM;
	INIT_LIST_HEAD(&part->list);
	ttm_resource_init(tbo, place, &part->base);
	ret = mockgpu_buddy_fill(to_mockgpu_buddy(man), part, tbo, place);
	if (ret) {
		ttm_resource_fini(man, &part->base);
		kfree(part);
		return ret;
	}
	*res = &part->base;
	return 0;
}

static void mockgpu_buddy_free(struct ttm_resource_manager *man, struct ttm_resource *res)
{
	struct mockgpu_buddy_resource *part = to_buddy_resource(res);
	struct mockgpu_buddy *buddy = to_mockgpu_buddy(man);

	mutex_lock(&buddy->lock);
	mockgpu_buddy_free_list(&buddy->mm, &part->list);
	mutex_unlock(&buddy->lock);
	mockgpu_blocks_put(part->blocks);
	ttm_resource_fini(man, res);
	kfree(part);
}

/* As amdgpu_vram_mgr_intersects(): whether its eviction makes room in a place. */
static bool mockgpu_buddy_intersects(struct ttm_resource_manager *man, struct ttm_resource *res,
				     const struct ttm_place *place, size_t size)
{
	const struct mockgpu_blocks *blocks = to_buddy_resource(res)->blocks;
	const struct mockgpu_block *block;
	u32 i;

	for (i = 0; i < blocks->count; i++) {
		block = &blocks->block[i];
		if (place->fpfn < block->start + block->npages &&
		    (!place->lpfn || place->lpfn > block->start))
			return true;
	}
	return false;
}

/* As amdgpu_vram_mgr_compatible(): whether it is there already. */
static bool mockgpu_buddy_compatible(struct ttm_resource_manager *man, struct ttm_resource *res,
				     const struct ttm_place *place, size_t size)
{
	const struct mockgpu_blocks *blocks = to_buddy_resource(res)->blocks;
	const struct mockgpu_block *block;
	u32 i;

	for (i = 0; i < blocks->count; i++) {
		block = &blocks->block[i];
		if (block->start < place->fpfn ||
		    (place->lpfn && block->start + block->npages > place->lpfn))
			return false;
	}
	return true;
}

static const struct ttm_resource_manager_func mockgpu_buddy_funcs = {
	.alloc = mockgpu_buddy_alloc,
	.free = mockgpu_buddy_free,
	.intersects = mockgpu_buddy_intersects,
	.compatible = mockgpu_buddy_compatible,
};

/**
 * mockgpu_buddy_extent - find out where in VRAM a resource is
 * @res: a resource of the manager
 *
 * Return: the extent, which is valid as long as the resource.
 */
struct mockgpu_extent mockgpu_buddy_extent(const struct ttm_resource *res)
{
	struct mockgpu_blocks *blocks = to_buddy_resource(res)->blocks;

	return (struct mockgpu_extent) {
		.start = blocks->block[0].start,
		.blocks = blocks,
	};
}

/**
 * mockgpu_buddy_init - hand VRAM to TTM in blocks
 * @mdev: the device, with the size of its VRAM set
 * @block: size in bytes of the smallest blocks in which to scatter buffers, a power of two from
 *	PAGE_SIZE to 2 MiB; 0: do not
 *
 * Return: 0 or a negative errno.
 */
int mockgpu_buddy_init(struct mockgpu_device *mdev, unsigned long block)
{
	struct mockgpu_buddy *buddy;
	int ret;

	buddy = kzalloc_obj(*buddy, GFP_KERNEL);
	if (!buddy)
		return -ENOMEM;
	ret = mockgpu_should_fail("buddy") ? -ENOMEM :
	      gpu_buddy_init(&buddy->mm, mockgpu_vram_bytes(&mdev->vram), PAGE_SIZE);
	if (ret) {
		kfree(buddy);
		return ret;
	}
	mutex_init(&buddy->lock);
	mockgpu_buddy_set_lock(&buddy->mm, &buddy->lock);
	buddy->order = block ? (int)ilog2(block >> PAGE_SHIFT) : -1;
	buddy->manager.func = &mockgpu_buddy_funcs;
	ttm_resource_manager_init(&buddy->manager, &mdev->ttm, mdev->vram.npages);
	ttm_set_driver_manager(&mdev->ttm, TTM_PL_VRAM, &buddy->manager);
	ttm_resource_manager_set_used(&buddy->manager, true);
	mdev->vram.buddy = buddy;
	return 0;
}

/**
 * mockgpu_buddy_fini - undo mockgpu_buddy_init()
 * @mdev: the device, without buffers
 */
void mockgpu_buddy_fini(struct mockgpu_device *mdev)
{
	struct mockgpu_buddy *buddy = mdev->vram.buddy;

	ttm_resource_manager_set_used(&buddy->manager, false);
	ttm_resource_manager_evict_all(&mdev->ttm, &buddy->manager);
	ttm_resource_manager_cleanup(&buddy->manager);
	ttm_set_driver_manager(&mdev->ttm, TTM_PL_VRAM, NULL);
	mutex_lock(&buddy->lock);
	gpu_buddy_fini(&buddy->mm);
	mutex_unlock(&buddy->lock);
	mutex_destroy(&buddy->lock);
	kfree(buddy);
	mdev->vram.buddy = NULL;
}
