// SPDX-License-Identifier: GPL-2.0-only
/*
 * The plain node /dev/mockgpu: a file with a size, whose mmap() at offset 0 maps a
 * buffer. It is for programs that can map a file and know nothing of DRM: QEMU's
 * memory-backend-file, the kernel's selftests/mm/pfnmap.
 */
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bo.h"
#include "mockgpu_gem.h"
#include "mockgpu_node.h"
#include "mockgpu_pages.h"
#include "mockgpu_test_fail.h"

static unsigned long node_size = 16ul << 20;
module_param(node_size, ulong, 0444);
MODULE_PARM_DESC(node_size, "size of the buffer of /dev/mockgpu in bytes, a multiple of the page size (default 16777216)");

static int node_kind = MOCKGPU_KIND_NONCOMPOUND;

static int node_kind_set(const char *text, const struct kernel_param *param)
{
	int kind = mockgpu_kind_parse(text);

	if (kind < 0)
		return kind;
	WRITE_ONCE(node_kind, kind);
	return 0;
}

static int node_kind_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%s\n", mockgpu_kind_name(READ_ONCE(node_kind)));
}

static const struct kernel_param_ops node_kind_ops = {
	.set = node_kind_set,
	.get = node_kind_get,
};

module_param_cb(node_kind, &node_kind_ops, NULL, 0644);
MODULE_PARM_DESC(node_kind, "page kind of that buffer, for files opened from now on: ttm, noncompound, compound, split or reserved (default noncompound)");

static unsigned int node_order = 9;
module_param(node_order, uint, 0444);
MODULE_PARM_DESC(node_order, "block order of that buffer, 0 to 10; ignored for ttm (default 9)");

/**
 * struct mockgpu_node_file - an open file of /dev/mockgpu
 * @mdev: the device, referenced
 * @desc: description of the buffer; constant
 * @lock: protects @bo
 * @bo: the buffer, from the first mmap() on
 */
struct mockgpu_node_file {
	struct mockgpu_device *mdev;
	struct mockgpu_bo_desc desc;
	struct mutex lock;	/* bo */
	struct mockgpu_bo *bo;
};

static int mockgpu_node_desc(struct mockgpu_device *mdev,
			     struct mockgpu_bo_desc *desc)
{
	int kind = READ_ONCE(node_kind);

	*desc = (struct mockgpu_bo_desc) {
		.size = node_size,
		.kind = kind,
		.order = kind == MOCKGPU_KIND_TTM ? 0 : node_order,
		.caching = MOCKGPU_CACHING_CACHED,
	};
	return mockgpu_bo_desc_check(mdev, desc);
}

static int mockgpu_node_open(struct inode *inode, struct file *file)
{
	struct mockgpu_device *mdev =
		container_of(file->private_data, struct mockgpu_device, node);
	struct mockgpu_node_file *nfile;
	int ret;

	if (mockgpu_should_fail("node_file"))
		return -ENOMEM;
	nfile = kzalloc_obj(*nfile, GFP_KERNEL_ACCOUNT);
	if (!nfile)
		return -ENOMEM;
	nfile->mdev = mdev;
	mutex_init(&nfile->lock);
	ret = mockgpu_node_desc(mdev, &nfile->desc);
	if (ret) {
		kfree(nfile);
		return ret;
	}
	/* The module does not keep a device that can be removed. */
	drm_dev_get(&mdev->drm);
	file->private_data = nfile;
	/* As drm_open(): ttm_bo_unmap_virtual() looks for mappings here. */
	file->f_mapping = mdev->drm.anon_inode->i_mapping;
	return 0;
}

static int mockgpu_node_release(struct inode *inode, struct file *file)
{
	struct mockgpu_node_file *nfile = file->private_data;
	struct mockgpu_device *mdev = nfile->mdev;

	if (nfile->bo)
		mockgpu_bo_put(nfile->bo);
	mutex_destroy(&nfile->lock);
	kfree(nfile);
	drm_dev_put(&mdev->drm);
	return 0;
}

static loff_t mockgpu_node_llseek(struct file *file, loff_t offset, int whence)
{
	struct mockgpu_node_file *nfile = file->private_data;

	return fixed_size_llseek(file, offset, whence, nfile->desc.size);
}

static struct mockgpu_bo *mockgpu_node_bo(struct mockgpu_node_file *nfile)
{
	struct mockgpu_bo *bo;

	mutex_lock(&nfile->lock);
	bo = nfile->bo;
	if (!bo) {
		bo = mockgpu_bo_create(nfile->mdev, &nfile->desc, NULL, false);
		if (!IS_ERR(bo))
			nfile->bo = bo;
	}
	mutex_unlock(&nfile->lock);
	return bo;
}

static int mockgpu_node_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mockgpu_node_file *nfile = file->private_data;
	unsigned long npages = nfile->desc.size >> PAGE_SHIFT;
	struct mockgpu_bo *bo;

	if (drm_dev_is_unplugged(&nfile->mdev->drm))
		return -ENODEV;
	if (vma->vm_pgoff >= npages || vma_pages(vma) > npages - vma->vm_pgoff)
		return -EINVAL;
	bo = mockgpu_node_bo(nfile);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	/* As drm_gem_prime_mmap(): TTM counts from the fake offset. */
	vma->vm_pgoff += drm_vma_node_start(&bo->tbo.base.vma_node);
	return drm_gem_mmap_obj(&bo->tbo.base, bo->tbo.base.size, vma);
}

static const struct file_operations mockgpu_node_fops = {
	.owner = THIS_MODULE,
	.open = mockgpu_node_open,
	.release = mockgpu_node_release,
	.llseek = mockgpu_node_llseek,
	.mmap = mockgpu_node_mmap,
};

/**
 * mockgpu_node_check - check that the module parameters describe a possible buffer
 * @mdev: the device, with its memory set up
 *
 * Return: 0, or -EINVAL or -E2BIG after a line in the kernel log.
 */
int mockgpu_node_check(struct mockgpu_device *mdev)
{
	struct mockgpu_bo_desc desc;
	int ret;

	ret = mockgpu_node_desc(mdev, &desc);
	if (ret)
		drm_err(&mdev->drm, "no buffer of node_size=%lu node_kind=%s node_order=%u is possible (%d)\n",
			node_size, mockgpu_kind_name(node_kind), node_order, ret);
	return ret;
}

/**
 * mockgpu_node_register - create /dev/mockgpu
 * @mdev: the device, registered, with plug_lock held
 *
 * Failure is not fatal. It leaves a line in the kernel log.
 */
void mockgpu_node_register(struct mockgpu_device *mdev)
{
	int ret;

	lockdep_assert_held(&mdev->plug_lock);
	mdev->node = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = "mockgpu",
		.mode = 0660,
		.fops = &mockgpu_node_fops,
		.parent = mdev->drm.dev,
	};
	ret = mockgpu_should_fail("node") ? -ENOMEM : misc_register(&mdev->node);
	mdev->has_node = !ret;
	if (ret)
		drm_err(&mdev->drm, "/dev/mockgpu cannot be made (%d)\n", ret);
}

/**
 * mockgpu_node_unregister - undo mockgpu_node_register()
 * @mdev: the device, with plug_lock held
 */
void mockgpu_node_unregister(struct mockgpu_device *mdev)
{
	lockdep_assert_held(&mdev->plug_lock);
	if (mdev->has_node)
		misc_deregister(&mdev->node);
	mdev->has_node = false;
}
