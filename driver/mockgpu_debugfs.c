// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs, in dri/<minor>/:
 * mockgpu: how much the driver holds;
 * buffers: each buffer of the device on a line of its own, as key=value;
 * unplug: writing anything takes the device away as mockgpu_device_unplug();
 * entry: see mockgpu_entry_debugfs_init();
 * fail_nth, fail/: see mockgpu_fail_debugfs_init().
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>

#include "mockgpu_types.h"

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

/* Where a device finds an import: how many pieces, and the first one's address. */
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

	seq_printf(m, " placement=%s populated=%d pins=%u caching=%u moves=%u swapouts=%u flushes=%u revoked=%d",
		   mockgpu_debugfs_place(tbo->resource), populated, tbo->pin_count,
		   bo->desc.caching, bo->moves, bo->swapouts, bo->flushes, bo->revoked);
	if (bo->dmabuf)
		seq_printf(m, " exported=1 attached=%u",
			   mockgpu_debugfs_attached(bo->dmabuf));
	if (bo->import && populated)
		mockgpu_debugfs_addresses(m, tbo->ttm->sg);
}

/* A buffer that is reserved now, maybe for long, says less. */
static void mockgpu_debugfs_buffer(struct seq_file *m, struct mockgpu_bo *bo)
{
	seq_printf(m, "id=%llu size=%llu kind=%s order=%u maps=%d faults=%lld zaps=%lld notifies=%lld",
		   bo->id, bo->desc.size, mockgpu_kind_name(bo->desc.kind),
		   bo->desc.order, atomic_read(&bo->maps),
		   (s64)atomic64_read(&bo->faults), (s64)atomic64_read(&bo->zaps),
		   (s64)atomic64_read(&bo->notifies));
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

static ssize_t mockgpu_debugfs_unplug_write(struct file *file,
					    const char __user *from, size_t count,
					    loff_t *pos)
{
	mockgpu_device_unplug(file->private_data);
	return count;
}

static const struct file_operations mockgpu_debugfs_unplug_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = mockgpu_debugfs_unplug_write,
};

static const struct drm_info_list mockgpu_debugfs_list[] = {
	{ .name = "mockgpu", .show = mockgpu_debugfs_show },
	{ .name = "buffers", .show = mockgpu_debugfs_buffers_show },
};

/**
 * mockgpu_debugfs_init - make the debugfs files
 * @minor: the DRM minor that they belong to
 */
void mockgpu_debugfs_init(struct drm_minor *minor)
{
	struct dentry *root = minor->debugfs_root;

	drm_debugfs_create_files(mockgpu_debugfs_list,
				 ARRAY_SIZE(mockgpu_debugfs_list), root, minor);
	/*
	 * Unsafe: unplugging removes this very file, which would wait for its
	 * writer to end. What it uses lives as long as the module, which an open
	 * file keeps.
	 */
	debugfs_create_file_unsafe("unplug", 0200, root,
				   to_mockgpu_device(minor->dev),
				   &mockgpu_debugfs_unplug_fops);
	mockgpu_entry_debugfs_init(root);
	mockgpu_fail_debugfs_init(root);
}
