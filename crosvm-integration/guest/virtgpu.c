// SPDX-License-Identifier: GPL-2.0-only
/* A guest's virtio-gpu device, see virtgpu.h. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <drm/virtgpu_drm.h>
#include <xf86drm.h>

#include "patience.h"
#include "virtgpu.h"

/* The time limit of DRM_IOCTL_VIRTGPU_WAIT. */
#define VIRTGPU_WAIT_MS 15000

int virtgpu_open(void)
{
	int fd = drmOpenWithType("virtio_gpu", NULL, DRM_NODE_RENDER);

	return fd < 0 ? -ENODEV : fd;
}

/*
 * Leave to the host and come back, as CPUID always does. What QEMU's emulation of SVM keeps of
 * a page fault of this process would end the guest when the driver notifies its device
 * (docs/findings/vectoring-type.md); an exit clears it.
 */
static void forget_faults(void)
{
#ifdef __x86_64__
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
#endif
}

static int request(int fd, unsigned long number, void *arg)
{
	forget_faults();
	return drmIoctl(fd, number, arg) ? -errno : 0;
}

int virtgpu_param(int fd, uint64_t param)
{
	int value = 0;
	struct drm_virtgpu_getparam args = {
		.param = param, .value = (uintptr_t)&value,
	};
	int ret = request(fd, DRM_IOCTL_VIRTGPU_GETPARAM, &args);

	return ret ? ret : value;
}

int virtgpu_context(int fd, uint32_t capset, uint32_t rings)
{
	struct drm_virtgpu_context_set_param params[] = {
		{ VIRTGPU_CONTEXT_PARAM_NUM_RINGS, rings },
		{ VIRTGPU_CONTEXT_PARAM_CAPSET_ID, capset },
	};
	struct drm_virtgpu_context_init args = {
		.num_params = capset ? 2 : 1,
		.ctx_set_params = (uintptr_t)params,
	};

	return request(fd, DRM_IOCTL_VIRTGPU_CONTEXT_INIT, &args);
}

int virtgpu_blob_create(int fd, uint32_t mem, uint32_t flags, uint64_t blob_id,
			uint64_t size, struct virtgpu_blob *blob)
{
	struct drm_virtgpu_resource_create_blob args = {
		.blob_mem = mem,
		.blob_flags = flags,
		.size = size,
		.blob_id = blob_id,
	};
	int ret = request(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, &args);

	*blob = (struct virtgpu_blob){
		.fd = fd, .handle = args.bo_handle, .res = args.res_handle, .size = size,
	};
	return ret;
}

int virtgpu_vram_create(int fd, uint64_t blob_id, uint64_t size,
			struct virtgpu_blob *blob)
{
	return virtgpu_blob_create(fd, VIRTGPU_BLOB_MEM_HOST3D,
				   VIRTGPU_BLOB_FLAG_USE_MAPPABLE |
				   VIRTGPU_BLOB_FLAG_USE_SHAREABLE,
				   blob_id, size, blob);
}

int virtgpu_blob_map(struct virtgpu_blob *blob)
{
	struct drm_virtgpu_map args = { .handle = blob->handle };
	int ret = request(blob->fd, DRM_IOCTL_VIRTGPU_MAP, &args);
	void *map;

	if (ret)
		return ret;
	map = mmap(NULL, blob->size, PROT_READ | PROT_WRITE, MAP_SHARED, blob->fd,
		   args.offset);
	if (map == MAP_FAILED)
		return -errno;
	blob->map = map;
	return 0;
}

void virtgpu_blob_unmap(struct virtgpu_blob *blob)
{
	if (blob->map)
		munmap(blob->map, blob->size);
	blob->map = NULL;
}

void virtgpu_blob_destroy(struct virtgpu_blob *blob)
{
	virtgpu_blob_unmap(blob);
	forget_faults();
	if (blob->handle)
		drmCloseBufferHandle(blob->fd, blob->handle);
	blob->handle = 0;
}

int virtgpu_submit(int fd, const void *data, uint32_t size, int ring_idx,
		   const struct virtgpu_blob *blob, int *fence)
{
	struct drm_virtgpu_execbuffer args = {
		.flags = (ring_idx >= 0 ? VIRTGPU_EXECBUF_RING_IDX : 0) |
			 (fence ? VIRTGPU_EXECBUF_FENCE_FD_OUT : 0),
		.size = size,
		.command = (uintptr_t)data,
		.bo_handles = blob ? (uintptr_t)&blob->handle : 0,
		.num_bo_handles = blob ? 1 : 0,
		.fence_fd = -1,
		.ring_idx = ring_idx >= 0 ? ring_idx : 0,
	};
	int ret = request(fd, DRM_IOCTL_VIRTGPU_EXECBUFFER, &args);

	if (!ret && fence)
		*fence = args.fence_fd;
	return ret;
}

int virtgpu_wait(const struct virtgpu_blob *blob)
{
	struct drm_virtgpu_3d_wait args = { .handle = blob->handle };
	int ret, tries = 0;

	/* The kernel's time limit is fixed. */
	do {
		ret = request(blob->fd, DRM_IOCTL_VIRTGPU_WAIT, &args);
	} while (ret == -EBUSY && ++tries * VIRTGPU_WAIT_MS < PATIENCE_MS);
	return ret;
}

int virtgpu_wait_device(int fd)
{
	struct pollfd poll_fd = { .events = POLLIN };
	int ret = virtgpu_submit(fd, NULL, 0, -1, NULL, &poll_fd.fd);

	if (ret)
		return ret;
	ret = poll(&poll_fd, 1, PATIENCE_MS) == 1 ? 0 : -ETIMEDOUT;
	close(poll_fd.fd);
	return ret;
}

static int pattern(const struct virtgpu_blob *blob, uint32_t op,
		   const struct virtgpu_blob *report, uint64_t seed, uint64_t first,
		   uint64_t pages)
{
	struct vgpu_cmd_pattern command = {
		.header.op = op,
		.header.size = sizeof(command),
		.resource_id = blob->res,
		.report_id = report ? report->res : 0,
		.seed = seed,
		.first = first,
		.pages = pages,
	};
	int ret = virtgpu_submit(blob->fd, &command, sizeof(command), -1, blob, NULL);

	return ret ? ret : virtgpu_wait(blob);
}

int virtgpu_fill(const struct virtgpu_blob *blob, uint64_t seed, uint64_t first,
		 uint64_t pages)
{
	return pattern(blob, VGPU_OP_FILL, NULL, seed, first, pages);
}

const struct vgpu_report *virtgpu_check(const struct virtgpu_blob *blob,
					const struct virtgpu_blob *report,
					uint64_t seed, uint64_t first, uint64_t pages)
{
	memset(report->map, 0, sizeof(struct vgpu_report));
	if (pattern(blob, VGPU_OP_CHECK, report, seed, first, pages))
		return NULL;
	return report->map;
}
