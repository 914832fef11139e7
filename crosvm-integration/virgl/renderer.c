// SPDX-License-Identifier: MIT
/* The renderer: its life, contexts, submissions and fences, see renderer.h. */

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mockgpu.h"
#include "protocol.h"
#include "renderer.h"

/* Limits for all guests of the process, as vhost-gpu's. */
#define BYTES_MAX (1ull << 30)
#define BLOBS_MAX 1024
/* All of this process that a pointer can name, but the page at 0. */
#define MEMORY_START 0x1000ull
#define MEMORY_SIZE ((1ull << 47) - 2 * MEMORY_START)

/* The device maps nothing by itself: see blob.c. */
static int no_map(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	(void)opaque;
	(void)blob;
	(void)offset;
	return -EOPNOTSUPP;
}

static void no_interrupt(void *opaque, unsigned int queue)
{
	(void)opaque;
	(void)queue;
}

static const struct vgpu_ops ops = { no_map, no_map, no_interrupt };

static int device_create(void)
{
	const struct vgpu_config config = {
		.ops = &ops,
		.drm_fd = renderer.drm_fd,
		.bytes_max = BYTES_MAX,
		.blobs_max = BLOBS_MAX,
		.image_blob_id = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_TTM, 0, 0),
	};
	int ret = vgpu_create(&renderer.dev, &config);

	if (ret)
		return ret;
	vgpu_features_set(renderer.dev, vgpu_features(renderer.dev));
	ret = vgpu_mem_add(vgpu_mem(renderer.dev), MEMORY_START, (void *)MEMORY_START, MEMORY_SIZE);
	return ret ? ret : queue_init(&renderer.queue, renderer.dev);
}

static void destroy(void)
{
	resources_remove();
	vgpu_destroy(renderer.dev);
	queue_fini(&renderer.queue);
	if (renderer.drm_fd >= 0)
		close(renderer.drm_fd);
	renderer = (struct renderer){ .drm_fd = -1 };
}

int virgl_renderer_init(void *cookie, int flags, struct virgl_renderer_callbacks *cb)
{
	char why[256];
	int ret;

	if (!cookie || !cb || cb->version < 1 || cb->version > VIRGL_RENDERER_CALLBACKS_VERSION)
		return -EINVAL;
	/* A VMM calls it again after virgl_renderer_reset(). */
	if (renderer.cookie)
		return renderer.cookie == cookie ? 0 : -EBUSY;
	renderer.drm_fd = mockgpu_open(why, sizeof(why));
	if (renderer.drm_fd < 0) {
		fprintf(stderr, "mockgpu virglrenderer: %s\n", why);
		return -ENODEV;
	}
	LIST_INIT(&renderer.resources);
	ret = device_create();
	if (ret) {
		fprintf(stderr, "mockgpu virglrenderer: no device: %s\n", strerror(-ret));
		destroy();
		return ret;
	}
	renderer.cookie = cookie;
	renderer.flags = flags;
	renderer.callbacks = *cb;
	return 0;
}

void virgl_renderer_cleanup(void *cookie)
{
	(void)cookie;
	destroy();
}

void virgl_renderer_reset(void)
{
	if (!renderer.cookie)
		return;
	resources_remove();
	vgpu_reset(renderer.dev);
	renderer.fenced = false;
	if (queue_restart(&renderer.queue))
		fprintf(stderr, "mockgpu virglrenderer: the device does not take its queue\n");
}

/* Contexts without a capset have the commands of the device, and no other capset is offered. */
void virgl_renderer_get_cap_set(uint32_t set, uint32_t *max_ver, uint32_t *max_size)
{
	(void)set;
	*max_ver = 0;
	*max_size = 0;
}

void virgl_renderer_fill_caps(uint32_t set, uint32_t version, void *caps)
{
	(void)set;
	(void)version;
	(void)caps;
}

/* There is no GL context to make current. */
void virgl_renderer_force_ctx_0(void)
{
}

int virgl_renderer_get_poll_fd(void)
{
	return -1;
}

/* Report the fences that are signaled. */
static void report_fences(void)
{
	struct virtio_gpu_ctrl_hdr hdr;

	if (renderer.fenced) {
		renderer.fenced = false;
		renderer.callbacks.write_fence(renderer.cookie, renderer.fence);
	}
	while (queue_signaled(&renderer.queue, &hdr))
		renderer.callbacks.write_context_fence(renderer.cookie, hdr.ctx_id, hdr.ring_idx,
						       hdr.fence_id);
}

/*
 * With VIRGL_RENDERER_ASYNC_FENCE_CB the VMM need not poll: everything that may signal a fence
 * reports it at once.
 */
static void report_fences_async(void)
{
	if (renderer.flags & VIRGL_RENDERER_ASYNC_FENCE_CB)
		report_fences();
}

int virgl_renderer_context_create_with_flags(uint32_t ctx_id, uint32_t ctx_flags, uint32_t nlen,
					     const char *name)
{
	struct virtio_gpu_ctx_create command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_CTX_CREATE),
		.hdr.ctx_id = htole32(ctx_id),
		.context_init = htole32(ctx_flags & VIRGL_RENDERER_CONTEXT_FLAG_CAPSET_ID_MASK),
	};

	if (!renderer.cookie)
		return -ENODEV;
	if (nlen > sizeof(command.debug_name))
		return -EINVAL;
	command.nlen = htole32(nlen);
	if (name)
		memcpy(command.debug_name, name, nlen);
	return queue_run(&renderer.queue, &command, sizeof(command), NULL, 0);
}

int virgl_renderer_context_create(uint32_t handle, uint32_t nlen, const char *name)
{
	return virgl_renderer_context_create_with_flags(handle, 0, nlen, name);
}

void virgl_renderer_context_destroy(uint32_t handle)
{
	const struct virtio_gpu_ctx_destroy command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_CTX_DESTROY),
		.hdr.ctx_id = htole32(handle),
	};

	if (!renderer.cookie)
		return;
	queue_run(&renderer.queue, &command, sizeof(command), NULL, 0);
	report_fences_async();
}

static void change_attachment(uint32_t type, int ctx_id, int res_handle)
{
	const struct virtio_gpu_ctx_resource command = {
		.hdr.type = htole32(type),
		.hdr.ctx_id = htole32(ctx_id),
		.resource_id = htole32(res_handle),
	};

	if (renderer.cookie)
		queue_run(&renderer.queue, &command, sizeof(command), NULL, 0);
}

void virgl_renderer_ctx_attach_resource(int ctx_id, int res_handle)
{
	change_attachment(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, ctx_id, res_handle);
}

void virgl_renderer_ctx_detach_resource(int ctx_id, int res_handle)
{
	change_attachment(VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, ctx_id, res_handle);
}

int virgl_renderer_submit_cmd(void *buffer, int ctx_id, int ndw)
{
	struct virtio_gpu_cmd_submit command = {
		.hdr.type = htole32(VIRTIO_GPU_CMD_SUBMIT_3D),
		.hdr.ctx_id = htole32(ctx_id),
	};
	size_t size;
	int ret;

	if (!renderer.cookie)
		return -ENODEV;
	if (ndw < 0 || (ndw && !buffer))
		return -EINVAL;
	size = (size_t)ndw * sizeof(uint32_t);
	command.size = htole32(size);
	ret = queue_run(&renderer.queue, &command, sizeof(command), buffer, size);
	report_fences_async();
	return ret;
}

int virgl_renderer_create_fence(int client_fence_id, uint32_t ctx_id)
{
	(void)ctx_id;
	if (!renderer.cookie)
		return -ENODEV;
	/* Everything that was submitted has been done. */
	renderer.fence = client_fence_id;
	renderer.fenced = true;
	report_fences_async();
	return 0;
}

int virgl_renderer_context_create_fence(uint32_t ctx_id, uint32_t flags, uint32_t ring_idx,
					uint64_t fence_id)
{
	int ret;

	if (!renderer.cookie)
		return -ENODEV;
	if (flags & ~VIRGL_RENDERER_FENCE_FLAG_MERGEABLE || ring_idx >= VGPU_RINGS_MAX ||
	    renderer.callbacks.version < 3)
		return -EINVAL;
	ret = queue_fence(&renderer.queue, ctx_id, ring_idx, fence_id);
	report_fences_async();
	return ret;
}

void virgl_renderer_poll(void)
{
	if (renderer.cookie)
		report_fences();
}

void virgl_renderer_context_poll(uint32_t ctx_id)
{
	(void)ctx_id;
	virgl_renderer_poll();
}

int virgl_renderer_context_get_poll_fd(uint32_t ctx_id)
{
	(void)ctx_id;
	return -1;
}
