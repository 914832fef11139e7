// SPDX-License-Identifier: GPL-2.0-only
/* Requests of the front-end. */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <linux/virtio_gpu.h>

#include "vhost_gpu.h"
#include "server.h"

#define PROTOCOL_FEATURES                             \
	(BIT64(VHOST_USER_PROTOCOL_F_MQ) |              \
	 BIT64(VHOST_USER_PROTOCOL_F_REPLY_ACK) |       \
	 BIT64(VHOST_USER_PROTOCOL_F_BACKEND_REQ) |     \
	 BIT64(VHOST_USER_PROTOCOL_F_CONFIG) |          \
	 BIT64(VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD) | \
	 BIT64(VHOST_USER_PROTOCOL_F_SHARED_OBJECT) |   \
	 BIT64(VHOST_USER_PROTOCOL_F_SHMEM))

/* Only on request: QEMU counts each blob as a slot, and aborts when it has too many. */
static uint64_t protocol_features(const struct session *session)
{
	if (!session->config->mem_slots)
		return PROTOCOL_FEATURES;
	return PROTOCOL_FEATURES | BIT64(VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS);
}

static int reply_u64(struct session *session, struct vhost_user_message *message,
		     uint64_t value)
{
	message->payload.u64 = value;
	return vhost_reply(session, message, sizeof(message->payload.u64));
}

static int get_features(struct session *session, struct vhost_user_message *message)
{
	return reply_u64(session, message, vgpu_features(session->dev) |
			 BIT64(VHOST_USER_F_PROTOCOL_FEATURES));
}

static int set_features(struct session *session, struct vhost_user_message *message)
{
	unsigned int i;

	vgpu_features_set(session->dev, message->payload.u64);
	for (i = 0; i < VGPU_QUEUES; i++) {
		if (!(message->payload.u64 & BIT64(VHOST_USER_F_PROTOCOL_FEATURES)))
			session->queue[i].enabled = true;
	}
	return 0;
}

static int get_protocol_features(struct session *session,
				 struct vhost_user_message *message)
{
	return reply_u64(session, message, protocol_features(session));
}

static int set_protocol_features(struct session *session,
				 struct vhost_user_message *message)
{
	session->features = message->payload.u64 & protocol_features(session);
	return 0;
}

static int get_queue_num(struct session *session, struct vhost_user_message *message)
{
	return reply_u64(session, message, VGPU_QUEUES);
}

static int set_owner(struct session *session, struct vhost_user_message *message)
{
	(void)session;
	(void)message;
	return 0;
}

static int set_backend_req_fd(struct session *session, struct vhost_user_message *message)
{
	vhost_close_fd(&session->channel);
	session->channel = vhost_user_take_fd(message);
	if (session->channel < 0)
		return -EINVAL;
	/* A front-end that sends half of a message must not block us either. */
	return server_limit(session->channel);
}

static int get_config(struct session *session, struct vhost_user_message *message)
{
	struct vhost_user_config *config = &message->payload.config;

	if (config->size > VHOST_USER_CONFIG_MAX)
		return -EINVAL;
	vgpu_config_read(session->dev, config->offset, config->data, config->size);
	return vhost_reply(session, message,
		     offsetof(struct vhost_user_config, data) + config->size);
}

/* The configuration is read-only: events, which a guest would clear, never occur. */
static int set_config(struct session *session, struct vhost_user_message *message)
{
	(void)session;
	(void)message;
	return 0;
}

/* An answer without a descriptor means that there is no such object. */
static int get_shared_object(struct session *session, struct vhost_user_message *message)
{
	return vhost_reply(session, message, sizeof(message->payload.object));
}

static int get_shmem_config(struct session *session, struct vhost_user_message *message)
{
	struct vhost_user_shmem_config *shmem = &message->payload.shmem;

	memset(shmem, 0, sizeof(*shmem));
	shmem->regions = 1;
	shmem->size[VIRTIO_GPU_SHM_ID_HOST_VISIBLE] = session->config->window;
	return vhost_reply(session, message, sizeof(*shmem));
}

/**
 * struct request - a request of the front-end
 * @request: VHOST_USER_*
 * @size: minimum size of its payload in bytes
 * @answers: @run sends an answer unless it fails
 * @run: handle it; 0 or -errno
 */
struct request {
	uint32_t request;
	uint32_t size;
	bool answers;
	int (*run)(struct session *session, struct vhost_user_message *message);
};

static const struct request requests[] = {
	{ VHOST_USER_GET_FEATURES, 0, true, get_features },
	{ VHOST_USER_SET_FEATURES, 8, false, set_features },
	{ VHOST_USER_SET_OWNER, 0, false, set_owner },
	{ VHOST_USER_RESET_OWNER, 0, false, set_owner },
	{ VHOST_USER_SET_MEM_TABLE, 8, false, vhost_set_mem_table },
	{ VHOST_USER_SET_VRING_NUM, 8, false, vhost_set_vring_num },
	{ VHOST_USER_SET_VRING_ADDR, sizeof(struct vhost_vring_addr), false, vhost_set_vring_addr },
	{ VHOST_USER_SET_VRING_BASE, 8, false, vhost_set_vring_base },
	{ VHOST_USER_GET_VRING_BASE, 8, true, vhost_get_vring_base },
	{ VHOST_USER_SET_VRING_KICK, 8, false, vhost_set_vring_kick },
	{ VHOST_USER_SET_VRING_CALL, 8, false, vhost_set_vring_call },
	{ VHOST_USER_SET_VRING_ERR, 8, false, vhost_set_vring_err },
	{ VHOST_USER_GET_PROTOCOL_FEATURES, 0, true, get_protocol_features },
	{ VHOST_USER_SET_PROTOCOL_FEATURES, 8, false, set_protocol_features },
	{ VHOST_USER_GET_QUEUE_NUM, 0, true, get_queue_num },
	{ VHOST_USER_SET_VRING_ENABLE, 8, false, vhost_set_vring_enable },
	{ VHOST_USER_SET_BACKEND_REQ_FD, 0, false, set_backend_req_fd },
	{ VHOST_USER_GET_CONFIG, 12, true, get_config },
	{ VHOST_USER_SET_CONFIG, 12, false, set_config },
	{ VHOST_USER_GET_MAX_MEM_SLOTS, 0, true, vhost_get_max_mem_slots },
	{ VHOST_USER_ADD_MEM_REG, sizeof(struct vhost_user_mem_reg), false, vhost_add_mem_reg },
	{ VHOST_USER_REM_MEM_REG, sizeof(struct vhost_user_mem_reg), false, vhost_rem_mem_reg },
	{ VHOST_USER_GET_SHARED_OBJECT, 16, true, get_shared_object },
	{ VHOST_USER_GET_SHMEM_CONFIG, 0, true, get_shmem_config },
};

static int request_run(struct session *session, struct vhost_user_message *message)
{
	bool wants_ack = message->header.flags & VHOST_USER_NEED_REPLY &&
			 vhost_has_feature(session, VHOST_USER_PROTOCOL_F_REPLY_ACK);
	const struct request *request = requests;
	const struct request *end = requests + sizeof(requests) / sizeof(requests[0]);
	int ret;

	while (request < end && request->request != message->header.request)
		request++;
	if (request == end)
		ret = -EOPNOTSUPP;
	else if (message->header.size < request->size)
		ret = -EPROTO;
	else
		ret = request->run(session, message);
	if (ret)
		vhost_complain("request %u of the front-end failed: %s", message->header.request,
			       strerror(-ret));
	if (request < end && request->answers)
		return ret;
	return wants_ack ? reply_u64(session, message, ret != 0) : ret;
}

/* Run one request of the front-end; an error that it cannot recover from ends the session. */
void vhost_serve(struct session *session)
{
	struct vhost_user_message message;
	int ret = vhost_user_receive(session->socket, &message);

	if (ret > 0) {
		if (request_run(session, &message))
			session->ended = true;
		vhost_user_close_fds(&message);
		return;
	}
	if (ret < 0 && ret != -ECONNRESET)
		vhost_complain("the front-end's connection failed: %s", strerror(-ret));
	session->ended = true;
}
