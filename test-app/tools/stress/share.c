// SPDX-License-Identifier: GPL-2.0-only
/* Operations with dma-bufs. */

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <xf86drm.h>

#include "exporter.h"
#include "fdpass.h"
#include "stress.h"

static int stress_dmabuf(const struct stress_slot *slot)
{
	return slot->dmabuf < 0 ? mockgpu_bo_export(&slot->bo) : dup(slot->dmabuf);
}

/* Send a buffer to whichever process receives it, possibly this one. */
int stress_op_send(struct stress_thread *thread, struct stress_slot *slot)
{
	int fds[2] = { stress_dmabuf(slot), slot->ref.fd };
	int ret;

	if (fds[0] < 0)
		return fds[0];
	ret = fdpass_send(thread->worker->setup->post[0], fds, ARRAY_SIZE(fds));
	close(fds[0]);
	/* The earlier ones have not been received yet. */
	return ret == -EAGAIN ? STRESS_NOTHING : ret;
}

static bool stress_has_handle(const struct stress_worker *worker, uint32_t handle)
{
	unsigned int i;

	for (i = 0; i < STRESS_SLOTS; i++)
		if (worker->slot[i].bo.handle == handle)
			return true;
	return false;
}

/* Importing a buffer that this process already has gives the same handle. */
static int stress_import(struct stress_thread *thread, int dmabuf, struct mockgpu_bo *bo)
{
	struct stress_worker *worker = thread->worker;
	int ret;

	pthread_mutex_lock(&worker->handles);
	ret = mockgpu_bo_import(worker->fd, dmabuf, bo);
	if (!ret && stress_has_handle(worker, bo->handle)) {
		bo->handle = 0;
		ret = STRESS_NOTHING;
	}
	pthread_mutex_unlock(&worker->handles);
	return ret;
}

static int stress_take(struct stress_thread *thread, struct stress_slot *slot, int dmabuf)
{
	struct mockgpu_bo bo;
	int ret;

	if (prng_chance(&thread->prng, 30)) {
		slot->dmabuf = dup(dmabuf);
		return slot->dmabuf < 0 ? -errno : 0;
	}
	ret = stress_import(thread, dmabuf, &bo);
	if (!ret)
		slot->bo = bo;
	return ret;
}

int stress_op_receive(struct stress_thread *thread, struct stress_slot *slot)
{
	int fds[2];
	int count = fdpass_receive(thread->worker->setup->post[1], fds, ARRAY_SIZE(fds));
	int ret;

	if (count == -EAGAIN)
		return STRESS_NOTHING;
	if (count != 2)
		return count < 0 ? count : -EPROTO;
	ret = ledger_open(&slot->ref, fds[1]);
	if (ret) {
		close(fds[1]);
	} else {
		ret = stress_take(thread, slot, fds[0]);
		if (ret)
			ledger_close(&slot->ref);
	}
	close(fds[0]);
	return ret;
}

/* Map the dma-buf itself, at offset 0, not through the DRM file. */
int stress_op_map_dmabuf(struct stress_thread *thread, struct stress_slot *slot)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	size_t size = slot->ref.ledger->npages * thread->worker->page;
	int fd = stress_dmabuf(slot);
	void *map;
	int ret = 0;

	if (fd < 0)
		return fd;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
	} else {
		if (drmIoctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
			ret = -errno;
		stress_look(thread, slot, map);
		munmap(map, size);
	}
	close(fd);
	return ret;
}

/* Check it while another driver has attached it, which pins it. */
int stress_op_vgem(struct stress_thread *thread, struct stress_slot *slot)
{
	struct stress_worker *worker = thread->worker;
	uint32_t handle;
	int fd, ret;

	if (worker->vgem < 0)
		return STRESS_NOTHING;
	fd = stress_dmabuf(slot);
	if (fd < 0)
		return fd;
	/* A buffer that is imported twice has one handle, which must be closed once. */
	pthread_mutex_lock(&worker->handles);
	ret = drmPrimeFDToHandle(worker->vgem, fd, &handle) ? -errno : 0;
	if (!ret && slot->bo.map)
		stress_look(thread, slot, slot->bo.map);
	if (!ret && drmCloseBufferHandle(worker->vgem, handle))
		ret = -errno;
	pthread_mutex_unlock(&worker->handles);
	close(fd);
	return ret;
}

/*
 * A buffer of another exporter: a write through our handle must be seen through the exporter's
 * own mapping, and the other way round.
 */
static int stress_foreign(struct stress_thread *thread, struct stress_slot *slot, int dmabuf,
			  size_t size)
{
	void *theirs = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	struct mockgpu_bo bo = {};
	int ret;

	if (theirs == MAP_FAILED)
		return -errno;
	ret = stress_import(thread, dmabuf, &bo);
	if (!ret)
		ret = mockgpu_bo_map(&bo, NULL);
	if (!ret) {
		stress_look_at_all(thread, slot, bo.map);
		stress_look_at_all(thread, slot, theirs);
	}
	pthread_mutex_lock(&thread->worker->handles);
	mockgpu_bo_destroy(&bo);
	pthread_mutex_unlock(&thread->worker->handles);
	munmap(theirs, size);
	return ret;
}

static int stress_op_foreign(struct stress_thread *thread, struct stress_slot *slot,
			     int (*make)(size_t size))
{
	struct stress_worker *worker = thread->worker;
	uint64_t npages = 1 + prng_below(&thread->prng, STRESS_PAGES);
	int ret, dmabuf = make(npages * worker->page);

	if (dmabuf < 0)
		return dmabuf == -ENOENT ? STRESS_NOTHING : dmabuf;
	ret = ledger_new(&slot->ref, worker->tags++, npages);
	if (!ret) {
		ret = stress_foreign(thread, slot, dmabuf, npages * worker->page);
		ledger_close(&slot->ref);
	}
	close(dmabuf);
	return ret;
}

int stress_op_udmabuf(struct stress_thread *thread, struct stress_slot *slot)
{
	return stress_op_foreign(thread, slot, exporter_udmabuf);
}

int stress_op_heap(struct stress_thread *thread, struct stress_slot *slot)
{
	return stress_op_foreign(thread, slot, exporter_heap);
}
