// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: buffers of other devices
 *
 * As amdgpu does it: an imported dma-buf becomes a buffer object of type
 * ttm_bo_type_sg that shares the dma-buf's reservation. Attached at once and
 * dynamically, its memory is mapped for the device when the device first needs
 * it (when the buffer is moved to GTT) and forgotten when the exporter says that
 * it moves. Such a buffer has device addresses, never pages. With the module
 * parameter dynamic_import off it is attached as simpler drivers do it, and the
 * exporter has to pin what is mapped.
 *
 * mmap is where drivers differ: TTM answers a touch with SIGBUS, the GEM shmem
 * helpers send mmap on to the exporter. This driver does the latter, so that the
 * exporter's own faults and unmapping hold for these mappings too.
 *
 * A dma-buf that was exported without DRM_RDWR is for reading, also here: neither does
 * mmap() give a mapping that can be written nor does the device write to it. One of our
 * own is imported like a foreign one then, since a handle of the buffer itself would
 * give more (mockgpu_dmabuf_own()).
 */
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_types.h"
#include "tests/visible.h"
#include "mockgpu_trace.h"

static bool dynamic_import = true;
module_param(dynamic_import, bool, 0644);
MODULE_PARM_DESC(dynamic_import, "attach to the dma-bufs of others as one who can follow their moves, as amdgpu does; if not, what the device uses is pinned (default Y)");

/* The exporter holds the reservation. */
static void mockgpu_import_notify(struct dma_buf_attachment *attach)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(attach->importer_priv);
	struct ttm_operation_ctx ctx = {};
	struct ttm_placement nowhere = {};
	int ret;

	dma_resv_assert_held(bo->tbo.base.resv);
	atomic64_inc(&bo->notifies);
	trace_mockgpu_import_notify(bo);
	if (!bo->tbo.resource || bo->tbo.resource->mem_type == TTM_PL_SYSTEM)
		return;
	ret = ttm_bo_validate(&bo->tbo, &nowhere, &ctx);
	if (ret)
		drm_err(bo->tbo.base.dev, "cannot let go of an import (%d)\n", ret);
}

static const struct dma_buf_attach_ops mockgpu_import_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = mockgpu_import_notify,
};

static struct mockgpu_bo *mockgpu_import_create(struct drm_device *drm,
						struct dma_buf *dmabuf)
{
	struct mockgpu_bo *bo;

	dma_resv_lock(dmabuf->resv, NULL);
	bo = mockgpu_bo_create_import(to_mockgpu_device(drm), dmabuf);
	dma_resv_unlock(dmabuf->resv);
	return bo;
}

/**
 * mockgpu_import - make a buffer of a dma-buf
 * @drm: the device
 * @dmabuf: the dma-buf
 *
 * For a dma-buf of the same device this is the buffer that was exported.
 *
 * Return: the GEM object or an ERR_PTR(): -ENOMEM, -EINVAL for a dma-buf whose
 * size is no multiple of the page size, or what the exporter answers.
 */
struct drm_gem_object *mockgpu_import(struct drm_device *drm,
				      struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	struct drm_gem_object *gem;
	struct mockgpu_bo *bo;

	gem = mockgpu_dmabuf_own(drm, dmabuf);
	if (gem)
		return gem;
	if (!dmabuf->size || !PAGE_ALIGNED(dmabuf->size))
		return ERR_PTR(-EINVAL);
	bo = mockgpu_import_create(drm, dmabuf);
	if (IS_ERR(bo))
		return ERR_CAST(bo);
	gem = &bo->tbo.base;
	if (mockgpu_should_fail("attach"))
		attach = ERR_PTR(-ENOMEM);
	else
		attach = dma_buf_dynamic_attach(dmabuf, drm->dev,
						dynamic_import ? &mockgpu_import_ops : NULL,
						gem);
	if (IS_ERR(attach)) {
		mockgpu_bo_put(bo);
		return ERR_CAST(attach);
	}
	gem->import_attach = attach;
	return gem;
}

/**
 * mockgpu_import_release - undo mockgpu_import() at the end of an import
 * @bo: the import, without any addresses
 */
void mockgpu_import_release(struct mockgpu_bo *bo)
{
	if (bo->tbo.base.import_attach)
		dma_buf_detach(bo->import, bo->tbo.base.import_attach);
	dma_buf_put(bo->import);
}

/**
 * mockgpu_import_table_fits - whether a table has an address for each page and no more
 * @sgt: the table, mapped
 * @npages: pages there are
 *
 * Return: true when it has.
 */
VISIBLE_IF_KUNIT bool mockgpu_import_table_fits(struct sg_table *sgt,
						unsigned long npages)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		bytes += sg_dma_len(sg);
	return bytes == (u64)npages << PAGE_SHIFT;
}
EXPORT_SYMBOL_IF_KUNIT(mockgpu_import_table_fits);

/**
 * mockgpu_import_populate - get an import's addresses for the device
 * @tt: the tt of a locked import
 *
 * Return: 0, -ENOMEM, -EINVAL when the exporter's table is not of the dma-buf's size, or
 * what the exporter answers.
 */
int mockgpu_import_populate(struct mockgpu_tt *tt)
{
	struct dma_buf_attachment *attach = tt->bo->tbo.base.import_attach;
	struct sg_table *sgt;
	int ret;

	if (mockgpu_should_fail("import"))
		return -ENOMEM;
	sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	/* The size first: for a larger table DRM warns, for a smaller one it does not. */
	ret = -EINVAL;
	if (mockgpu_import_table_fits(sgt, tt->ttm.num_pages))
		ret = drm_prime_sg_to_dma_addr_array(sgt, tt->ttm.dma_address,
						     tt->ttm.num_pages);
	if (ret) {
		dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
		return -EINVAL;
	}
	tt->ttm.sg = sgt;
	return 0;
}

/**
 * mockgpu_import_unpopulate - undo mockgpu_import_populate()
 * @tt: the tt
 */
void mockgpu_import_unpopulate(struct mockgpu_tt *tt)
{
	dma_buf_unmap_attachment(tt->bo->tbo.base.import_attach, tt->ttm.sg,
				 DMA_BIDIRECTIONAL);
	tt->ttm.sg = NULL;
}

/**
 * mockgpu_import_is_writable - whether an import may be written
 * @bo: the import
 *
 * Return: true unless its dma-buf is for reading only.
 */
bool mockgpu_import_is_writable(const struct mockgpu_bo *bo)
{
	return bo->import->file->f_mode & FMODE_WRITE;
}

/**
 * mockgpu_import_mmap - let the exporter map its memory
 * @bo: the import; the caller's reference is taken
 * @vma: the area, at the buffer's fake offset
 *
 * Return: 0, -EACCES for writing what is for reading only, or what the exporter answers.
 */
int mockgpu_import_mmap(struct mockgpu_bo *bo, struct vm_area_struct *vma)
{
	struct drm_gem_object *gem = &bo->tbo.base;
	unsigned long page = vma->vm_pgoff - drm_vma_node_start(&gem->vma_node);
	int ret;

	/* mmap() has looked at the rights of the DRM file, and there are two. */
	if (!mockgpu_import_is_writable(bo)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	/* Ours must not be left where an exporter does not set its own. */
	vma->vm_private_data = NULL;
	vma->vm_ops = NULL;
	ret = dma_buf_mmap(bo->import, vma, page);
	if (!ret)
		drm_gem_object_put(gem);
	return ret;
}
