// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: exporting a buffer as a dma-buf
 *
 * This follows amdgpu (drivers/gpu/drm/amd/amdgpu/amdgpu_dma_buf.c). For an importer that
 * cannot follow moves the dma-buf core asks us to pin the buffer in GTT while it is
 * mapped. A dynamic importer is notified of each move instead, and if it accepts peer
 * memory, a buffer in VRAM stays there. Kernels that have the configuration option
 * DMABUF_MOVE_NOTIFY but not enabled (6.1 and 6.12 from Debian) pin for both.
 *
 * User mappings of the dma-buf are mappings of the buffer: the file has the DRM device's
 * address space, so unmapping the buffer covers them too.
 */

/**
 * DOC: importing a dma-buf of another device
 *
 * This follows amdgpu, too: an imported dma-buf becomes a buffer object of type
 * ttm_bo_type_sg that shares the dma-buf's reservation. It is attached dynamically at
 * once, mapped for the device when the device first needs it (when the buffer moves to
 * GTT), and its addresses are dropped when the exporter announces a move. Such a buffer
 * has device addresses, never pages. With the module parameter dynamic_import off it is
 * attached as simpler drivers do, and the exporter must pin what is mapped.
 *
 * Drivers differ in mmap(): TTM answers an access with SIGBUS, the GEM shmem helpers
 * forward mmap() to the exporter. This driver forwards it, so the exporter's own faults
 * and unmapping apply to these mappings, too.
 *
 * A dma-buf that was exported without DRM_RDWR is read-only here, too: mmap() refuses
 * writable mappings and the device does not write to it. A read-only dma-buf of the same
 * device is imported like a foreign one, since a handle of the buffer itself would permit
 * more (mockgpu_dmabuf_own()).
 */
#include <linux/dma-buf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>

#include "mockgpu_bar.h"
#include "mockgpu_bo.h"
#include "mockgpu_kunit.h"
#include "mockgpu_prime.h"
#include "mockgpu_test_fail.h"
#include "mockgpu_trace.h"
#include "mockgpu_visible.h"

static struct mockgpu_bo *dmabuf_to_mockgpu_bo(struct dma_buf *dmabuf)
{
	return gem_to_mockgpu_bo(dmabuf->priv);
}

/*
 * Move to GTT, which every device can access. A pinned buffer stays where it is, in GTT or
 * VRAM (mockgpu_bo_pin_placed()). A peer may use it in VRAM. Unlike amdgpu, nobody checks
 * whether it reaches a BAR there (pci_p2pdma_distance()): the peers of a mock do.
 */
static int mockgpu_dmabuf_place(struct mockgpu_bo *bo, bool peer)
{
	if (bo->tbo.pin_count && mockgpu_bo_placement(bo) != MOCKGPU_PLACEMENT_SYSTEM)
		return 0;
	if (peer && mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM)
		return mockgpu_bo_make_visible(bo);
	return mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
}

/* The same for an importer's device. Only the GPU itself reaches what the CPU cannot. */
static int mockgpu_dmabuf_reach(struct mockgpu_bo *bo, bool peer)
{
	int ret = mockgpu_dmabuf_place(bo, peer);

	if (!ret && !mockgpu_bo_is_visible(bo))
		return -EBUSY;
	return ret;
}

static int mockgpu_dmabuf_pin(struct dma_buf_attachment *attach)
{
	struct mockgpu_bo *bo = dmabuf_to_mockgpu_bo(attach->dmabuf);
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (drm_dev_is_unplugged(bo->tbo.base.dev))
		return -ENODEV;
	if (mockgpu_should_fail("pin"))
		return -ENOMEM;
	ret = mockgpu_dmabuf_reach(bo, attach->peer2peer);
	if (!ret)
		ttm_bo_pin(&bo->tbo);
	return ret;
}

static void mockgpu_dmabuf_unpin(struct dma_buf_attachment *attach)
{
	dma_resv_assert_held(attach->dmabuf->resv);
	ttm_bo_unpin(&dmabuf_to_mockgpu_bo(attach->dmabuf)->tbo);
}

static struct sg_table *mockgpu_dmabuf_map(struct dma_buf_attachment *attach,
					   enum dma_data_direction dir)
{
	struct mockgpu_bo *bo = dmabuf_to_mockgpu_bo(attach->dmabuf);
	struct mockgpu_backing backing;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (drm_dev_is_unplugged(bo->tbo.base.dev))
		return ERR_PTR(-ENODEV);
	ret = mockgpu_dmabuf_reach(bo, attach->peer2peer);
	if (ret)
		return ERR_PTR(ret);
	if (!mockgpu_bo_backing(bo, &backing) || !mockgpu_backing_is_bar(&backing))
		return drm_gem_map_dma_buf(attach, dir);
	/* Pinned in a BAR, which only a peer can access. */
	if (!attach->peer2peer)
		return ERR_PTR(-EBUSY);
	return mockgpu_bar_dma_map(attach->dev, backing.vram, &backing.extent, backing.npages, dir);
}

static void mockgpu_dmabuf_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
				 enum dma_data_direction dir)
{
	if (sg_page(sgt->sgl))
		drm_gem_unmap_dma_buf(attach, sgt, dir);
	else
		mockgpu_bar_dma_unmap(attach->dev, sgt, dir);
}

/*
 * Move a buffer that the CPU reads to memory that it reads fast, as amdgpu does. There is
 * nothing to flush, because the mock's device has no caches, and so there is nothing to
 * do at the end of an access.
 */
static int mockgpu_dmabuf_begin_cpu_access(struct dma_buf *dmabuf,
					   enum dma_data_direction dir)
{
	struct mockgpu_bo *bo = dmabuf_to_mockgpu_bo(dmabuf);
	int ret;

	if (drm_dev_is_unplugged(bo->tbo.base.dev))
		return -ENODEV;
	if (dir == DMA_TO_DEVICE)
		return 0;
	ret = mockgpu_bo_lock(bo);
	if (ret)
		return ret;
	ret = mockgpu_dmabuf_place(bo, false);
	mockgpu_bo_unlock(bo);
	return ret;
}

static int mockgpu_dmabuf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct drm_gem_object *gem = dmabuf->priv;

	if (drm_dev_is_unplugged(gem->dev))
		return -ENODEV;
	return drm_gem_prime_mmap(gem, vma);
}

static void mockgpu_dmabuf_release(struct dma_buf *dmabuf)
{
	struct mockgpu_bo *bo = dmabuf_to_mockgpu_bo(dmabuf);

	dma_resv_lock(dmabuf->resv, NULL);
	bo->dmabuf = NULL;
	dma_resv_unlock(dmabuf->resv);
	drm_gem_dmabuf_release(dmabuf);
}

static const struct dma_buf_ops mockgpu_dmabuf_ops = {
	.pin = mockgpu_dmabuf_pin,
	.unpin = mockgpu_dmabuf_unpin,
	.map_dma_buf = mockgpu_dmabuf_map,
	.unmap_dma_buf = mockgpu_dmabuf_unmap,
	.begin_cpu_access = mockgpu_dmabuf_begin_cpu_access,
	.mmap = mockgpu_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
	.release = mockgpu_dmabuf_release,
};

/**
 * mockgpu_dmabuf_export - &drm_gem_object_funcs.export
 * @gem: the GEM object; no import, for which PRIME returns the foreign dma-buf
 * @flags: DRM_CLOEXEC and DRM_RDWR
 *
 * PRIME calls it only while the buffer has no dma-buf, so there is one at a time.
 *
 * Return: the dma-buf or an ERR_PTR(): -EPERM for user memory, as amdgpu_gem_prime_export();
 * -ENOMEM, -EINTR.
 */
struct dma_buf *mockgpu_dmabuf_export(struct drm_gem_object *gem, int flags)
{
	struct mockgpu_bo *bo = gem_to_mockgpu_bo(gem);
	struct dma_buf_export_info info = {
		.exp_name = KBUILD_MODNAME,
		.owner = THIS_MODULE,
		.ops = &mockgpu_dmabuf_ops,
		.size = gem->size,
		.flags = flags,
		.priv = gem,
		.resv = gem->resv,
	};
	struct dma_buf *dmabuf;

	if (bo->userptr)
		return ERR_PTR(-EPERM);
	if (mockgpu_should_fail("export"))
		return ERR_PTR(-ENOMEM);
	dmabuf = drm_gem_dmabuf_export(gem->dev, &info);
	if (IS_ERR(dmabuf))
		return dmabuf;
	dma_resv_lock(gem->resv, NULL);
	bo->dmabuf = dmabuf;
	dma_resv_unlock(gem->resv);
	return dmabuf;
}

/**
 * mockgpu_dmabuf_own - get the buffer of a dma-buf of the same device
 * @drm: the device
 * @dmabuf: any dma-buf
 *
 * A handle of the buffer grants full access to its contents, so a dma-buf that was
 * exported read-only does not get one. It is treated as a foreign dma-buf.
 *
 * Return: the GEM object, referenced, or NULL for a foreign dma-buf.
 */
struct drm_gem_object *mockgpu_dmabuf_own(struct drm_device *drm,
					  struct dma_buf *dmabuf)
{
	struct drm_gem_object *gem;

	if (dmabuf->ops != &mockgpu_dmabuf_ops || !(dmabuf->file->f_mode & FMODE_WRITE))
		return NULL;
	gem = dmabuf->priv;
	if (gem->dev != drm)
		return NULL;
	drm_gem_object_get(gem);
	return gem;
}

/**
 * mockgpu_dmabuf_notify_move - tell importers that a buffer's addresses become invalid
 * @bo: the buffer
 *
 * Call it before the pages change; importers that map the buffer again get the new ones.
 * drm_gem_object.dma_buf is no help here: GEM clears it with the last handle, though the
 * dma-buf and its importers live on.
 */
void mockgpu_dmabuf_notify_move(struct mockgpu_bo *bo)
{
	dma_resv_assert_held(bo->tbo.base.resv);
	if (!bo->dmabuf)
		return;
	atomic64_inc(&bo->notifies);
	trace_mockgpu_bo_notify(bo);
	dma_buf_invalidate_mappings(bo->dmabuf);
}

static bool dynamic_import = true;
module_param(dynamic_import, bool, 0644);
MODULE_PARM_DESC(dynamic_import, "attach to the dma-bufs of others dynamically, as amdgpu does, and follow their moves; if not, their exporters pin what the device uses (default Y)");

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

/**
 * mockgpu_import_attach - attach the device to the dma-buf of a new import
 * @bo: the import, not locked; the attachment ends with mockgpu_import_release()
 *
 * Return: 0, -ENOMEM, or what the exporter returns.
 */
int mockgpu_import_attach(struct mockgpu_bo *bo)
{
	struct drm_gem_object *gem = &bo->tbo.base;
	struct dma_buf_attachment *attach;

	if (mockgpu_should_fail("attach"))
		return -ENOMEM;
	attach = dma_buf_dynamic_attach(bo->import, gem->dev->dev,
					dynamic_import ? &mockgpu_import_ops : NULL, gem);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	gem->import_attach = attach;
	return 0;
}

/**
 * mockgpu_import_release - undo mockgpu_import_attach() and drop the dma-buf
 * @bo: the import at its end, not populated
 */
void mockgpu_import_release(struct mockgpu_bo *bo)
{
	if (bo->tbo.base.import_attach)
		dma_buf_detach(bo->import, bo->tbo.base.import_attach);
	dma_buf_put(bo->import);
}

/**
 * mockgpu_import_table_fits - check that a table covers every page once
 * @sgt: the table, mapped
 * @npages: the number of pages
 *
 * Return: true when it does.
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
 * mockgpu_import_populate - get the device addresses of an import
 * @tt: the tt of an import
 *
 * Return: 0, -ENOMEM, -EINVAL when the exporter's table does not have the size of the
 * dma-buf, or what the exporter returns.
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
	/* Check the size first: DRM warns about a larger table and ignores a smaller one. */
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
 * Return: false when its dma-buf is read-only.
 */
bool mockgpu_import_is_writable(const struct mockgpu_bo *bo)
{
	return bo->import->file->f_mode & FMODE_WRITE;
}

/**
 * mockgpu_import_mmap - let the exporter map its memory
 * @bo: the import; takes over the caller's reference
 * @vma: the VMA, at the buffer's fake offset
 *
 * Return: 0, -EACCES for writing to a read-only dma-buf, or what the exporter returns.
 */
int mockgpu_import_mmap(struct mockgpu_bo *bo, struct vm_area_struct *vma)
{
	struct drm_gem_object *gem = &bo->tbo.base;
	unsigned long page = vma->vm_pgoff - drm_vma_node_start(&gem->vma_node);
	int ret;

	/* mmap() has checked the mode of the DRM file, not that of the dma-buf. */
	if (!mockgpu_import_is_writable(bo)) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	/* Do not leave ours in place of what an exporter does not set. */
	vma->vm_private_data = NULL;
	vma->vm_ops = NULL;
	ret = dma_buf_mmap(bo->import, vma, page);
	if (!ret)
		drm_gem_object_put(gem);
	return ret;
}
