// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls that show the state of pages, record it and compare it. For CAP_SYS_ADMIN
 * only: page frame numbers and reference counts are the kernel's.
 */
#include <linux/capability.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>

#include "mockgpu_bo.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_test_observe.h"

/**
 * struct mockgpu_snapshot - the pages of a buffer at one time
 * @generation: mockgpu_backing.generation at that time
 * @npages: entries in @pages
 * @pages: count and MOCKGPU_PAGE_* flags of each page
 */
struct mockgpu_snapshot {
	u64 generation;
	unsigned long npages;
	struct {
		u32 count;
		u32 flags;
	} pages[];
};

/**
 * mockgpu_snapshot_free - free a snapshot
 * @snapshot: the snapshot or NULL
 */
void mockgpu_snapshot_free(struct mockgpu_snapshot *snapshot)
{
	kvfree(snapshot);
}

/* Get the MOCKGPU_PAGE_* flags of @page; @index is its index in its block. */
static u32 mockgpu_page_state(struct page *page, u32 index)
{
	static const struct {
		unsigned int bit;
		u32 flag;
	} bits[] = {
		{ PG_reserved, MOCKGPU_PAGE_RESERVED },
		{ PG_dirty, MOCKGPU_PAGE_DIRTY },
		{ PG_referenced, MOCKGPU_PAGE_REFERENCED },
		{ PG_active, MOCKGPU_PAGE_ACTIVE },
		{ PG_lru, MOCKGPU_PAGE_LRU },
	};
	unsigned long raw = mockgpu_page_flags(page);
	u32 flags = index ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD;
	unsigned int i;

	if (is_zone_device_page(page))
		flags |= MOCKGPU_PAGE_DEVICE;
	if (PageCompound(page))
		flags |= MOCKGPU_PAGE_COMPOUND;
	/* The folio keeps other things there, its order for one (mm_types.h). */
	if (PageTail(page))
		return flags;
	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (raw & BIT(bits[i].bit))
			flags |= bits[i].flag;
	if (READ_ONCE(page->mapping))
		flags |= MOCKGPU_PAGE_MAPPING;
	/* -1 is "not mapped", and page types are lower still. */
	if (atomic_read(&page->_mapcount) >= 0)
		flags |= MOCKGPU_PAGE_MAPPED;
	return flags;
}

static void mockgpu_page_read(const struct mockgpu_backing *backing, unsigned long i,
			      struct drm_mockgpu_page *out)
{
	struct page *page;

	mockgpu_backing_block(backing, i, &out->order, &out->index);
	out->pfn = mockgpu_backing_pfn(backing, i);
	page = mockgpu_backing_page(backing, i);
	if (!page) {
		out->count = 0;
		out->flags = MOCKGPU_PAGE_NO_STRUCT |
			     (out->index ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD);
		return;
	}
	/* Raw: page_count() of a compound tail returns the head's. */
	out->count = page_ref_count(page);
	out->flags = mockgpu_page_state(page, out->index);
}

/**
 * mockgpu_pages_lock - lock a buffer to look at its struct pages
 * @bo: the buffer
 * @idx: out: for mockgpu_pages_unlock()
 *
 * The device stays plugged, and with it the struct pages of its BAR.
 *
 * Return: 0, -ENODEV after an unplug, or as mockgpu_bo_lock().
 */
static int mockgpu_pages_lock(struct mockgpu_bo *bo, int *idx)
{
	int ret = mockgpu_bo_lock(bo);

	if (ret)
		return ret;
	if (drm_dev_enter(bo->tbo.base.dev, idx))
		return 0;
	mockgpu_bo_unlock(bo);
	return -ENODEV;
}

static void mockgpu_pages_unlock(struct mockgpu_bo *bo, int idx)
{
	drm_dev_exit(idx);
	mockgpu_bo_unlock(bo);
}

/* Entries read under one lock, to be copied out without it. */
#define MOCKGPU_PAGES_CHUNK	128

static int mockgpu_pages_read(struct mockgpu_bo *bo, unsigned long first,
			      unsigned long count, struct drm_mockgpu_page *out)
{
	struct mockgpu_backing backing;
	unsigned long i;
	int ret, idx;

	ret = mockgpu_pages_lock(bo, &idx);
	if (ret)
		return ret;
	if (mockgpu_bo_backing(bo, &backing))
		for (i = 0; i < count; i++)
			mockgpu_page_read(&backing, first + i, &out[i]);
	else
		ret = -ENODATA;
	mockgpu_pages_unlock(bo, idx);
	return ret;
}

static int mockgpu_pages_copy_out(struct mockgpu_bo *bo, unsigned long first,
				  unsigned long count, u64 ptr)
{
	struct drm_mockgpu_page __user *to = u64_to_user_ptr(ptr);
	struct drm_mockgpu_page *chunk;
	unsigned long done, n;
	int ret = 0;

	if (mockgpu_should_fail("chunk"))
		return -ENOMEM;
	chunk = kcalloc(MOCKGPU_PAGES_CHUNK, sizeof(*chunk), GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	for (done = 0; done < count; done += n) {
		n = min(count - done, (unsigned long)MOCKGPU_PAGES_CHUNK);
		ret = mockgpu_pages_read(bo, first + done, n, chunk);
		if (ret)
			break;
		if (copy_to_user(to + done, chunk, n * sizeof(*chunk))) {
			ret = -EFAULT;
			break;
		}
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}
	kfree(chunk);
	return ret;
}

/**
 * mockgpu_bo_pages_ioctl - DRM_IOCTL_MOCKGPU_BO_PAGES
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_pages
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_pages_ioctl(struct drm_device *drm, void *data,
			   struct drm_file *file)
{
	struct drm_mockgpu_bo_pages *args = data;
	unsigned long npages;
	struct mockgpu_bo *bo;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (args->flags || args->reserved)
		return -EINVAL;
	bo = mockgpu_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	npages = mockgpu_bo_npages(bo);
	if (args->first < npages) {
		args->count = min_t(u64, args->count, npages - args->first);
		ret = mockgpu_pages_copy_out(bo, args->first, args->count, args->ptr);
	} else {
		ret = -EINVAL;
	}
	mockgpu_bo_put(bo);
	return ret;
}

/* How often one call rereads counts that may be raised for a moment only. */
#define MOCKGPU_SECOND_LOOKS	20

/* Ignores short-lived references, as mockgpu_page_gets_good() does. */
static void mockgpu_page_read_settled(const struct mockgpu_backing *backing,
				      unsigned long i, u32 usual, unsigned int *looks,
				      struct drm_mockgpu_page *out)
{
	if (!(i % MOCKGPU_RESCHED_PAGES))
		cond_resched();
	mockgpu_page_read(backing, i, out);
	for (; out->count > usual && *looks; --*looks) {
		usleep_range(1000, 2000);
		mockgpu_page_read(backing, i, out);
	}
}

static void mockgpu_snapshot_take(const struct mockgpu_backing *backing,
				  struct mockgpu_snapshot *snapshot)
{
	unsigned int looks = MOCKGPU_SECOND_LOOKS;
	struct drm_mockgpu_page page;
	unsigned long i;

	snapshot->generation = backing->generation;
	for (i = 0; i < snapshot->npages; i++) {
		mockgpu_page_read_settled(backing, i, 1, &looks, &page);
		snapshot->pages[i].count = page.count;
		snapshot->pages[i].flags = page.flags;
	}
}

static int mockgpu_snapshot_replace(struct mockgpu_bo *bo)
{
	unsigned long npages = mockgpu_bo_npages(bo);
	struct mockgpu_snapshot *snapshot;
	struct mockgpu_backing backing;
	int ret, idx;

	if (mockgpu_should_fail("snapshot"))
		return -ENOMEM;
	snapshot = kvzalloc(struct_size(snapshot, pages, npages), GFP_KERNEL_ACCOUNT);
	if (!snapshot)
		return -ENOMEM;
	snapshot->npages = npages;

	ret = mockgpu_pages_lock(bo, &idx);
	if (ret)
		goto out_free;
	if (mockgpu_bo_backing(bo, &backing)) {
		mockgpu_snapshot_take(&backing, snapshot);
		swap(bo->snapshot, snapshot);
	} else {
		ret = -ENODATA;
	}
	mockgpu_pages_unlock(bo, idx);
out_free:
	mockgpu_snapshot_free(snapshot);
	return ret;
}

/**
 * mockgpu_bo_snapshot_ioctl - DRM_IOCTL_MOCKGPU_BO_SNAPSHOT
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_snapshot
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_snapshot_ioctl(struct drm_device *drm, void *data,
			      struct drm_file *file)
{
	struct drm_mockgpu_bo_snapshot *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (args->flags)
		return -EINVAL;
	bo = mockgpu_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	ret = mockgpu_snapshot_replace(bo);
	mockgpu_bo_put(bo);
	return ret;
}

static void mockgpu_snapshot_compare(const struct mockgpu_backing *backing,
				     const struct mockgpu_snapshot *snapshot,
				     struct drm_mockgpu_bo_compare *args)
{
	unsigned int looks = MOCKGPU_SECOND_LOOKS;
	struct drm_mockgpu_page now;
	unsigned long i;

	for (i = 0; i < snapshot->npages; i++) {
		mockgpu_page_read_settled(backing, i, snapshot->pages[i].count, &looks, &now);
		if (now.count == snapshot->pages[i].count &&
		    now.flags == snapshot->pages[i].flags)
			continue;
		if (!args->changed++) {
			args->first = i;
			args->after = now;
			args->before = now;
			args->before.count = snapshot->pages[i].count;
			args->before.flags = snapshot->pages[i].flags;
		}
	}
}

static int mockgpu_bo_compare(struct mockgpu_bo *bo,
			      struct drm_mockgpu_bo_compare *args)
{
	struct mockgpu_backing backing;
	int ret, idx;

	ret = mockgpu_pages_lock(bo, &idx);
	if (ret)
		return ret;
	if (!bo->snapshot)
		ret = -ENODATA;
	else if (!mockgpu_bo_backing(bo, &backing) ||
		 backing.generation != bo->snapshot->generation)
		ret = -ESTALE;
	else
		mockgpu_snapshot_compare(&backing, bo->snapshot, args);
	mockgpu_pages_unlock(bo, idx);
	return ret;
}

/**
 * mockgpu_bo_compare_ioctl - DRM_IOCTL_MOCKGPU_BO_COMPARE
 * @drm: the DRM device
 * @data: struct drm_mockgpu_bo_compare
 * @file: the client
 *
 * Return: 0 or a negative errno, see there.
 */
int mockgpu_bo_compare_ioctl(struct drm_device *drm, void *data,
			     struct drm_file *file)
{
	struct drm_mockgpu_bo_compare *args = data;
	struct mockgpu_bo *bo;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (args->flags)
		return -EINVAL;
	bo = mockgpu_bo_lookup(file, args->handle);
	if (!bo)
		return -ENOENT;
	args->changed = 0;
	args->first = 0;
	memset(&args->before, 0, sizeof(args->before));
	memset(&args->after, 0, sizeof(args->after));
	ret = mockgpu_bo_compare(bo, args);
	mockgpu_bo_put(bo);
	return ret;
}
