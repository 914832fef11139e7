// SPDX-License-Identifier: GPL-2.0-only
/**
 * DOC: sharing a buffer as a dma-buf
 *
 * As amdgpu does it (drivers/gpu/drm/amd/amdgpu/amdgpu_dma_buf.c): an importer
 * that cannot follow moves gets the buffer pinned in GTT for as long as it has
 * it mapped, which the dma-buf core asks for; one that can is told of each move,
 * and if it takes peers' memory, too, a buffer in VRAM stays there. Kernels with
 * the configuration option DMABUF_MOVE_NOTIFY (6.1 and 6.12, where Debian says no
 * to it) pin for both without it.
 *
 * User mappings of the dma-buf are those of the buffer itself: the file has the
 * DRM device's address space, so that unmapping the buffer reaches them too.
 */
#include <linux/dma-buf.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>

#include "mockgpu_types.h"
#include "mockgpu_trace.h"

static struct mockgpu_bo *dmabuf_to_mockgpu_bo(struct dma_buf *dmabuf)
{
	return gem_to_mockgpu_bo(dmabuf->priv);
}

/*
 * To GTT, which every device can reach. What is pinned stays, in GTT or in VRAM
 * (mockgpu_bo_pin_placed()); a peer may have VRAM, too.
 */
static int mockgpu_dmabuf_place(struct mockgpu_bo *bo, bool peer)
{
	if (bo->tbo.pin_count && mockgpu_bo_placement(bo) != MOCKGPU_PLACEMENT_SYSTEM)
		return 0;
	if (peer && mockgpu_bo_placement(bo) == MOCKGPU_PLACEMENT_VRAM)
		return 0;
	return mockgpu_bo_validate(bo, MOCKGPU_PLACEMENT_GTT);
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
	ret = mockgpu_dmabuf_place(bo, attach->peer2peer);
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
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (drm_dev_is_unplugged(bo->tbo.base.dev))
		return ERR_PTR(-ENODEV);
	ret = mockgpu_dmabuf_place(bo, attach->peer2peer);
	return ret ? ERR_PTR(ret) : drm_gem_map_dma_buf(attach, dir);
}

/*
 * The CPU is to find what it reads where it reads fast, as with amdgpu. Nothing
 * has to be flushed: the mock's device never caches. So there is nothing to do
 * at the end of an access either.
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
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.begin_cpu_access = mockgpu_dmabuf_begin_cpu_access,
	.mmap = mockgpu_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
	.release = mockgpu_dmabuf_release,
};

/**
 * mockgpu_dmabuf_export - make the dma-buf of a buffer
 * @gem: the GEM object; no import, since PRIME gives back the foreign dma-buf
 * @flags: DRM_CLOEXEC and DRM_RDWR
 *
 * PRIME calls it when the buffer has no dma-buf: there is one at a time.
 *
 * Return: the dma-buf or an ERR_PTR(): -ENOMEM, -EINTR.
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
 * mockgpu_dmabuf_own - the buffer of a dma-buf of the same device
 * @drm: the device
 * @dmabuf: any dma-buf
 *
 * A handle of the buffer gives all rights to its contents, so there is none for a
 * dma-buf that was exported for reading only: that is treated as a foreign one.
 *
 * Return: the GEM object, referenced, or NULL when the dma-buf is a foreign one.
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
 * mockgpu_dmabuf_notify_move - tell importers that a buffer's addresses go
 * @bo: the buffer, locked
 *
 * To be called before the pages change. Importers that map it again get the new
 * ones. GEM's own drm_gem_object.dma_buf is no help here: it is forgotten with
 * the last handle, though the dma-buf and its importers live on.
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
