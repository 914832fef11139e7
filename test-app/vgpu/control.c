// SPDX-License-Identifier: GPL-2.0-only
/* The control queue: virtio 1.3, 5.7.6. Reads a command and writes its answer. */

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <sanitizer/asan_interface.h>

#include "device.h"

/* All zero: no scanout is enabled. */
static int get_display_info(struct vgpu *dev, struct vgpu_request *request)
{
	(void)dev;
	(void)request;
	return 0;
}

static int get_capset_info(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_get_capset_info *command = request->data;
	struct virtio_gpu_resp_capset_info *answer = &request->response.capset_info;

	(void)dev;
	if (le32toh(command->capset_index))
		return -EINVAL;
	answer->capset_id = htole32(VIRTIO_GPU_CAPSET_CROSS_DOMAIN);
	answer->capset_max_version = htole32(0);
	answer->capset_max_size = htole32(sizeof(struct cross_domain_caps));
	return 0;
}

static int get_capset(struct vgpu *dev, struct vgpu_request *request)
{
	const struct virtio_gpu_get_capset *command = request->data;

	(void)dev;
	if (le32toh(command->capset_id) != VIRTIO_GPU_CAPSET_CROSS_DOMAIN ||
	    le32toh(command->capset_version))
		return -EINVAL;
	request->response.capset.caps = vgpu_cross_caps();
	return 0;
}

/**
 * struct command - a command the device knows
 * @type: VIRTIO_GPU_CMD_*
 * @size: bytes of its structure
 * @feature: feature bit that must have been negotiated
 * @run: handler; fills in @response of the request after its header; returns 0 or -errno
 * @answer: VIRTIO_GPU_RESP_OK_* on success
 * @answer_size: bytes of that answer
 */
struct command {
	uint32_t type;
	size_t size;
	unsigned int feature;
	int (*run)(struct vgpu *dev, struct vgpu_request *request);
	uint32_t answer;
	size_t answer_size;
};

/* Commands that need only VIRTIO_F_VERSION_1. */
#define ANY VIRTIO_F_VERSION_1

static const struct command commands[] = {
	{ VIRTIO_GPU_CMD_GET_DISPLAY_INFO, sizeof(struct virtio_gpu_ctrl_hdr),
	  ANY, get_display_info, VIRTIO_GPU_RESP_OK_DISPLAY_INFO,
	  sizeof(struct virtio_gpu_resp_display_info) },
	{ VIRTIO_GPU_CMD_GET_CAPSET_INFO, sizeof(struct virtio_gpu_get_capset_info),
	  ANY, get_capset_info, VIRTIO_GPU_RESP_OK_CAPSET_INFO,
	  sizeof(struct virtio_gpu_resp_capset_info) },
	{ VIRTIO_GPU_CMD_GET_CAPSET, sizeof(struct virtio_gpu_get_capset),
	  ANY, get_capset, VIRTIO_GPU_RESP_OK_CAPSET,
	  sizeof(struct virtio_gpu_resp_capset) + sizeof(struct cross_domain_caps) },
	{ VIRTIO_GPU_CMD_CTX_CREATE, sizeof(struct virtio_gpu_ctx_create),
	  VIRTIO_GPU_F_VIRGL, vgpu_ctx_create, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_CTX_DESTROY, sizeof(struct virtio_gpu_ctx_destroy),
	  VIRTIO_GPU_F_VIRGL, vgpu_ctx_destroy, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource),
	  VIRTIO_GPU_F_VIRGL, vgpu_ctx_attach, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, sizeof(struct virtio_gpu_ctx_resource),
	  VIRTIO_GPU_F_VIRGL, vgpu_ctx_detach, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_SUBMIT_3D, sizeof(struct virtio_gpu_cmd_submit),
	  VIRTIO_GPU_F_VIRGL, vgpu_submit_3d, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_RESOURCE_UNREF, sizeof(struct virtio_gpu_resource_unref),
	  ANY, vgpu_resource_unref, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB,
	  sizeof(struct virtio_gpu_resource_create_blob),
	  VIRTIO_GPU_F_RESOURCE_BLOB, vgpu_resource_create_blob, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, sizeof(struct virtio_gpu_resource_map_blob),
	  VIRTIO_GPU_F_RESOURCE_BLOB, vgpu_resource_map_blob,
	  VIRTIO_GPU_RESP_OK_MAP_INFO, sizeof(struct virtio_gpu_resp_map_info) },
	{ VIRTIO_GPU_CMD_RESOURCE_UNMAP_BLOB,
	  sizeof(struct virtio_gpu_resource_unmap_blob),
	  VIRTIO_GPU_F_RESOURCE_BLOB, vgpu_resource_unmap_blob, VIRTIO_GPU_RESP_OK_NODATA,
	  sizeof(struct virtio_gpu_ctrl_hdr) },
	{ VIRTIO_GPU_CMD_RESOURCE_ASSIGN_UUID,
	  sizeof(struct virtio_gpu_resource_assign_uuid),
	  VIRTIO_GPU_F_RESOURCE_UUID, vgpu_resource_assign_uuid,
	  VIRTIO_GPU_RESP_OK_RESOURCE_UUID,
	  sizeof(struct virtio_gpu_resp_resource_uuid) },
};

static const struct command *command_find(const struct vgpu *dev, uint32_t type)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].type == type)
			return dev->features >> commands[i].feature & 1 ?
			       &commands[i] : NULL;
	}
	return NULL;
}

/* The virtio error for an errno: virtio 1.3, 5.7.6.7. */
static uint32_t error_of(int err)
{
	switch (err) {
	case -EINVAL:
		return VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
	case -ENOENT:
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	case -ESRCH:
		return VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID;
	case -ENOMEM:
	case -EMFILE:
	case -ENFILE:
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	default:
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
}

/* The command is copied, so the guest cannot change it any more. */
static int request_read(struct vgpu *dev, struct vgpu_request *request)
{
	struct virtio_gpu_ctrl_hdr raw;

	if (dev->chain.out_bytes < sizeof(raw))
		return -EPROTO;
	if (dev->chain.out_bytes > VGPU_COMMAND_MAX)
		return -ENOMEM;
	request->data = dev->command;
	request->size = dev->chain.out_bytes;
	/* With the sanitizer, the rest of an earlier command cannot be read by mistake. */
	ASAN_UNPOISON_MEMORY_REGION(dev->command, request->size);
	ASAN_POISON_MEMORY_REGION(dev->command + request->size,
				  VGPU_COMMAND_MAX - request->size);
	if (vgpu_chain_read(&dev->chain, &dev->mem, dev->command, request->size))
		return -EFAULT;
	memcpy(&raw, request->data, sizeof(raw));
	request->hdr.type = le32toh(raw.type);
	request->hdr.flags = le32toh(raw.flags);
	request->hdr.fence_id = le64toh(raw.fence_id);
	request->hdr.ctx_id = le32toh(raw.ctx_id);
	request->hdr.ring_idx = raw.ring_idx;
	request->ctx = vgpu_context_find(dev, request->hdr.ctx_id);
	return 0;
}

static int request_run(struct vgpu *dev, struct vgpu_request *request)
{
	const struct command *command;

	if (request->hdr.flags & VIRTIO_GPU_FLAG_INFO_RING_IDX &&
	    request->hdr.ring_idx >= VGPU_RINGS_MAX)
		return -EINVAL;
	command = command_find(dev, request->hdr.type);
	if (!command)
		return -EOPNOTSUPP;
	if (request->size < command->size ||
	    dev->chain.in_bytes < command->answer_size)
		return -EINVAL;
	request->answer = command->answer;
	request->answer_size = command->answer_size;
	return command->run(dev, request);
}

/* Virtio 1.3, 5.7.6.7: the answer to a fenced command carries its fence. */
static void response_finish(struct vgpu_request *request, int err)
{
	struct virtio_gpu_ctrl_hdr *hdr = &request->response.hdr;

	memset(hdr, 0, sizeof(*hdr));
	if (err) {
		request->answer = error_of(err);
		request->answer_size = sizeof(*hdr);
	}
	hdr->type = htole32(request->answer);
	if (!(request->hdr.flags & VIRTIO_GPU_FLAG_FENCE))
		return;
	hdr->flags = htole32(request->hdr.flags & (VIRTIO_GPU_FLAG_FENCE |
						   VIRTIO_GPU_FLAG_INFO_RING_IDX));
	hdr->fence_id = htole64(request->hdr.fence_id);
	hdr->ctx_id = htole32(request->hdr.ctx_id);
	if (request->hdr.flags & VIRTIO_GPU_FLAG_INFO_RING_IDX)
		hdr->ring_idx = request->hdr.ring_idx;
}

void vgpu_control_run(struct vgpu *dev)
{
	struct vgpu_request request = { .data = NULL };
	int ret = request_read(dev, &request);

	if (!ret)
		ret = request_run(dev, &request);
	response_finish(&request, ret);
	if (vgpu_fence_waits(dev, &request))
		return;
	vgpu_ring_answer(&dev->ring[VGPU_QUEUE_CONTROL], &dev->mem, dev->chain.head,
			 &dev->chain.segment[dev->chain.out], dev->chain.in,
			 &request.response, request.answer_size);
}
