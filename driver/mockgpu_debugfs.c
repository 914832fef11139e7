// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs, in dri/<minor>/:
 *   mockgpu          how much the driver holds
 *   buffers          the buffers of the device, one per line, as key=value
 *   unplug           any write calls mockgpu_device_unplug()
 *   hold             while it is open no job of the engine ends, see mockgpu_engine_hold(),
 *                    unless somebody changes user memory that the engine uses
 *   reset            any write calls mockgpu_power_reset()
 *   d3               any write calls mockgpu_power_d3()
 *   shrink           writing n runs the shrinker for n pages, see mockgpu_shrink_now()
 *   entry            a page table entry of the process that asks, see below
 *   fail_nth, fail/  see mockgpu_fail_debugfs_init()
 *
 * And /proc/<pid>/fdinfo/<fd>: a client's memory, with the keys of
 * Documentation/gpu/drm-usage-stats.rst, in the regions "system" (no device can access
 * it: swapped out, or an unused import), "gtt" and "vram". Kernels before 6.5 have no
 * helpers and know only drm-memory-<region>; mockgpu_compat.h prints the newer keys
 * there. drm-engine-* and drm-active-* are missing everywhere, because the mock's only
 * engine is the calling process.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include "mockgpu_debugfs.h"
#include "mockgpu_device.h"
#include "mockgpu_engine.h"
#include "mockgpu_pages.h"
#include "mockgpu_power.h"
#include "mockgpu_shrink.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_userptr.h"
#include "mockgpu_vram.h"

static const char * const mockgpu_regions[] = {
	[TTM_PL_SYSTEM] = "system",
	[TTM_PL_TT] = "gtt",
	[TTM_PL_VRAM] = "vram",
};

/* Get the next object of a client from handle @id on, referenced, or NULL. */
static struct drm_gem_object *mockgpu_next_object(struct drm_file *file, int *id)
{
	struct drm_gem_object *gem;

	spin_lock(&file->table_lock);
	gem = idr_get_next(&file->object_idr, id);
	if (gem)
		drm_gem_object_get(gem);
	spin_unlock(&file->table_lock);
	return gem;
}

/* Whoever holds the lock may be waiting for fences, so let a signal end the read. */
static int mockgpu_add_object(struct drm_gem_object *gem,
			      struct drm_memory_stats *stats)
{
	struct ttm_buffer_object *tbo = &gem_to_mockgpu_bo(gem)->tbo;
	unsigned int place;
	bool resident;
	int ret;

	ret = dma_resv_lock_interruptible(gem->resv, NULL);
	if (ret)
		return ret;
	place = tbo->resource ? tbo->resource->mem_type : TTM_PL_SYSTEM;
	resident = place == TTM_PL_VRAM ||
		   (tbo->ttm && ttm_tt_is_populated(tbo->ttm));
	dma_resv_unlock(gem->resv);

	stats += place;
	if (drm_gem_object_is_shared_for_memory_stats(gem))
		stats->shared += gem->size;
	else
		stats->private += gem->size;
	if (resident)
		stats->resident += gem->size;
	return 0;
}

/**
 * mockgpu_show_fdinfo - print a client's memory: &drm_driver.show_fdinfo
 * @p: where to print
 * @file: the client
 */
void mockgpu_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct drm_memory_stats stats[ARRAY_SIZE(mockgpu_regions)] = {};
	struct drm_gem_object *gem;
	unsigned int i;
	int ret = 0, id = 0;

	for (; !ret && (gem = mockgpu_next_object(file, &id)); id++) {
		ret = mockgpu_add_object(gem, stats);
		drm_gem_object_put(gem);
	}
	if (ret)
		return;
	for (i = 0; i < ARRAY_SIZE(stats); i++)
		drm_print_memory_stats(p, &stats[i], DRM_GEM_OBJECT_RESIDENT,
				       mockgpu_regions[i]);
}

static int mockgpu_entry_find(unsigned long address, struct mockgpu_entry *entry)
{
	struct vm_area_struct *vma;
	int ret = -ENOENT;

	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	vma = vma_lookup(current->mm, address);
	if (vma && vma->vm_flags & (VM_IO | VM_PFNMAP))
		ret = mockgpu_entry_follow(vma, address, entry);
	mmap_read_unlock(current->mm);
	return ret;
}

/* The result replaces what was written: see simple_transaction_get(). */
static ssize_t mockgpu_entry_write(struct file *file, const char __user *from,
				   size_t count, loff_t *pos)
{
	struct mockgpu_entry entry = {};
	unsigned long address;
	char *text;
	int ret;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	text = simple_transaction_get(file, from, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	ret = kstrtoul(text, 0, &address);
	if (!ret)
		ret = mockgpu_entry_find(address, &entry);
	if (ret && ret != -ENODATA)
		return ret;
	ret = scnprintf(text, SIMPLE_TRANSACTION_LIMIT,
			"present=%d pfn=%#lx large=%d writable=%d special=%d prot=%#llx\n",
			!ret, entry.pfn, entry.large, entry.writable, entry.special,
			(u64)pgprot_val(entry.prot));
	simple_transaction_set(file, ret);
	return count;
}

static const struct file_operations mockgpu_entry_fops = {
	.owner = THIS_MODULE,
	.write = mockgpu_entry_write,
	.read = simple_transaction_read,
	.release = simple_transaction_release,
	.llseek = default_llseek,
};

/*
 * "entry" shows the page table entry behind an address, which nothing else does: to
 * /proc/self/pagemap VM_PFNMAP mappings are holes. Write an address, in decimal or with
 * 0x in hexadecimal, once per open file. Then read the entry, as key=value: present, pfn
 * (of this very page), large (2 MiB or more), writable, special, prot (bits of the
 * architecture).
 *
 * Errors of write(): EPERM without CAP_SYS_ADMIN, EINVAL for no number, ENOENT where there
 * is no such mapping, EBUSY for a second write.
 */
static void mockgpu_entry_debugfs_init(struct dentry *root)
{
	debugfs_create_file("entry", 0600, root, NULL, &mockgpu_entry_fops);
}

static struct mockgpu_device *mockgpu_debugfs_device(struct seq_file *m)
{
	struct drm_info_node *node = m->private;

	return to_mockgpu_device(node->minor->dev);
}

static int mockgpu_debugfs_show(struct seq_file *m, void *unused)
{
	struct mockgpu_device *mdev = mockgpu_debugfs_device(m);

	seq_printf(m, "buffers: %d\n", atomic_read(&mdev->bos));
	seq_printf(m, "pages: %ld\n", atomic_long_read(&mdev->pages));
	seq_printf(m, "pages_max: %lu\n", mdev->pages_max);
	seq_printf(m, "populated: %ld\n", atomic_long_read(&mdev->populated));
	seq_printf(m, "vram: %lu\n", mockgpu_vram_used(mdev));
	seq_printf(m, "vram_max: %lu\n", mdev->vram.npages);
	seq_printf(m, "charged: %ld\n", atomic_long_read(&mdev->charged));
	seq_printf(m, "jobs: %d\n", atomic_read(&mdev->engine.jobs));
	seq_printf(m, "resets: %d\n", atomic_read(&mdev->resets));
	seq_printf(m, "wakes: %d\n", atomic_read(&mdev->wakes));
	seq_printf(m, "backable: %ld\n", atomic_long_read(&mdev->shrink.backable));
	seq_printf(m, "purgeable: %ld\n", atomic_long_read(&mdev->shrink.purgeable));
	seq_printf(m, "scans: %ld\n", atomic_long_read(&mdev->shrink.scans));
	seq_printf(m, "backed_up: %ld\n", atomic_long_read(&mdev->shrink.backed_up));
	seq_printf(m, "purged: %ld\n", atomic_long_read(&mdev->shrink.purged));
	seq_printf(m, "interrupted: %ld\n", atomic_long_read(&mdev->shrink.interrupted));
	return 0;
}

static const char *mockgpu_debugfs_place(const struct ttm_resource *res)
{
	if (!res)
		return "none";
	switch (res->mem_type) {
	case TTM_PL_SYSTEM:
		return "system";
	case TTM_PL_TT:
		return "gtt";
	default:
		return "vram";
	}
}

static unsigned int mockgpu_debugfs_attached(const struct dma_buf *dmabuf)
{
	const struct list_head *pos;
	unsigned int n = 0;

	list_for_each(pos, &dmabuf->attachments)
		n++;
	return n;
}

/* Where the device sees an import: how many segments, and the address of the first. */
static void mockgpu_debugfs_addresses(struct seq_file *m, const struct sg_table *sgt)
{
	seq_printf(m, " segments=%u", sgt->nents);
	if (capable(CAP_SYS_ADMIN))
		seq_printf(m, " address=%#llx", (u64)sg_dma_address(sgt->sgl));
}

static void mockgpu_debugfs_locked(struct seq_file *m, struct mockgpu_bo *bo)
{
	struct ttm_buffer_object *tbo = &bo->tbo;
	bool populated = tbo->ttm && ttm_tt_is_populated(tbo->ttm);

	seq_printf(m, " placement=%s populated=%d pins=%u caching=%u moves=%u swapouts=%u discards=%u flushes=%u revoked=%d",
		   mockgpu_debugfs_place(tbo->resource), populated, tbo->pin_count,
		   bo->desc.caching, bo->moves, bo->swapouts, bo->discards, bo->flushes,
		   bo->revoked);
	if (bo->dmabuf)
		seq_printf(m, " exported=1 attached=%u",
			   mockgpu_debugfs_attached(bo->dmabuf));
	if (bo->import && populated)
		mockgpu_debugfs_addresses(m, tbo->ttm->sg);
}

/* Says less of a buffer that is locked, maybe for a long time. */
static void mockgpu_debugfs_buffer(struct seq_file *m, struct mockgpu_bo *bo)
{
	seq_printf(m, "id=%llu size=%llu kind=%s order=%u maps=%d faults=%lld zaps=%lld notifies=%lld",
		   bo->id, bo->desc.size, mockgpu_kind_name(bo->desc.kind),
		   bo->desc.order, atomic_read(&bo->maps),
		   (s64)atomic64_read(&bo->faults), (s64)atomic64_read(&bo->zaps),
		   (s64)atomic64_read(&bo->notifies));
	if (bo->userptr)
		seq_printf(m, " invalidations=%u user_faults=%u",
			   mockgpu_userptr_invalidations(bo), mockgpu_userptr_faults(bo));
	if (dma_resv_trylock(bo->tbo.base.resv)) {
		mockgpu_debugfs_locked(m, bo);
		dma_resv_unlock(bo->tbo.base.resv);
	} else {
		seq_puts(m, " busy=1");
	}
	seq_putc(m, '\n');
}

static int mockgpu_debugfs_buffers_show(struct seq_file *m, void *unused)
{
	struct mockgpu_device *mdev = mockgpu_debugfs_device(m);
	struct mockgpu_bo *bo;

	mutex_lock(&mdev->list_lock);
	list_for_each_entry(bo, &mdev->list, link)
		mockgpu_debugfs_buffer(m, bo);
	mutex_unlock(&mdev->list_lock);
	return 0;
}

/* An "unsafe" file outlives the removal of its entry, and must keep the device. */
static int mockgpu_debugfs_unplug_open(struct inode *inode, struct file *file)
{
	struct mockgpu_device *mdev = inode->i_private;

	drm_dev_get(&mdev->drm);
	return simple_open(inode, file);
}

static int mockgpu_debugfs_unplug_release(struct inode *inode, struct file *file)
{
	struct mockgpu_device *mdev = file->private_data;

	drm_dev_put(&mdev->drm);
	return 0;
}

static ssize_t mockgpu_debugfs_unplug_write(struct file *file,
					    const char __user *from, size_t count,
					    loff_t *pos)
{
	mockgpu_device_unplug(file->private_data);
	return count;
}

static const struct file_operations mockgpu_debugfs_unplug_fops = {
	.owner = THIS_MODULE,
	.open = mockgpu_debugfs_unplug_open,
	.release = mockgpu_debugfs_unplug_release,
	.write = mockgpu_debugfs_unplug_write,
};

/* Held by a file, so that nothing is held up for ever when its process dies. */
static int mockgpu_debugfs_hold_open(struct inode *inode, struct file *file)
{
	struct mockgpu_device *mdev = inode->i_private;

	file->private_data = mdev;
	drm_dev_get(&mdev->drm);
	mockgpu_engine_hold(mdev);
	return nonseekable_open(inode, file);
}

static int mockgpu_debugfs_hold_release(struct inode *inode, struct file *file)
{
	struct mockgpu_device *mdev = file->private_data;

	mockgpu_engine_release(mdev);
	drm_dev_put(&mdev->drm);
	return 0;
}

static const struct file_operations mockgpu_debugfs_hold_fops = {
	.owner = THIS_MODULE,
	.open = mockgpu_debugfs_hold_open,
	.release = mockgpu_debugfs_hold_release,
};

static ssize_t mockgpu_debugfs_reset_write(struct file *file, const char __user *from,
					   size_t count, loff_t *pos)
{
	return mockgpu_power_reset(file->private_data) ?: count;
}

static ssize_t mockgpu_debugfs_d3_write(struct file *file, const char __user *from,
					size_t count, loff_t *pos)
{
	return mockgpu_power_d3(file->private_data) ?: count;
}

static const struct file_operations mockgpu_debugfs_reset_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mockgpu_debugfs_reset_write,
};

static const struct file_operations mockgpu_debugfs_d3_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mockgpu_debugfs_d3_write,
};

/* Returns how much was written, not how much is free: see the counters. */
static ssize_t mockgpu_debugfs_shrink_write(struct file *file, const char __user *from,
					    size_t count, loff_t *pos)
{
	unsigned long npages;
	int ret;

	ret = kstrtoul_from_user(from, count, 0, &npages);
	if (ret)
		return ret;
	mockgpu_shrink_now(file->private_data, npages);
	return count;
}

static const struct file_operations mockgpu_debugfs_shrink_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mockgpu_debugfs_shrink_write,
};

static const struct drm_info_list mockgpu_debugfs_list[] = {
	{ .name = "mockgpu", .show = mockgpu_debugfs_show },
	{ .name = "buffers", .show = mockgpu_debugfs_buffers_show },
};

/**
 * mockgpu_debugfs_init - create the debugfs files
 * @minor: the DRM minor they belong to
 */
void mockgpu_debugfs_init(struct drm_minor *minor)
{
	struct dentry *root = minor->debugfs_root;

	drm_debugfs_create_files(mockgpu_debugfs_list,
				 ARRAY_SIZE(mockgpu_debugfs_list), root, minor);
	/*
	 * "Unsafe", because unplugging removes this very file and would wait for its
	 * writer to finish. What it uses lives as long as the module, which the open
	 * file pins.
	 */
	debugfs_create_file_unsafe("unplug", 0200, root,
				   to_mockgpu_device(minor->dev),
				   &mockgpu_debugfs_unplug_fops);
	debugfs_create_file("hold", 0400, root, to_mockgpu_device(minor->dev),
			    &mockgpu_debugfs_hold_fops);
	debugfs_create_file("reset", 0200, root, to_mockgpu_device(minor->dev),
			    &mockgpu_debugfs_reset_fops);
	debugfs_create_file("d3", 0200, root, to_mockgpu_device(minor->dev),
			    &mockgpu_debugfs_d3_fops);
	debugfs_create_file("shrink", 0200, root, to_mockgpu_device(minor->dev),
			    &mockgpu_debugfs_shrink_fops);
	mockgpu_entry_debugfs_init(root);
	mockgpu_fail_debugfs_init(root);
}
