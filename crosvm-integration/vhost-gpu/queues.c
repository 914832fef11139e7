// SPDX-License-Identifier: GPL-2.0-only
/* The queues: their set-up by the front-end, and the guest's requests in them. */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vhost_gpu.h"

static void queue_fail(struct session *session, unsigned int index, int err)
{
	vhost_complain("queue %u of the guest is disabled: %s", index, strerror(-err));
	if (session->queue[index].err >= 0)
		eventfd_write(session->queue[index].err, 1);
}

static void queue_notify(struct session *session, unsigned int index)
{
	struct queue *queue = &session->queue[index];
	int ret = vgpu_queue_notify(session->dev, index);

	queue->more = ret == 1;
	if (ret < 0 && ret != -ESHUTDOWN)
		queue_fail(session, index, ret);
}

void vhost_queue_start(struct session *session, unsigned int index)
{
	struct queue *queue = &session->queue[index];
	uint64_t desc, avail, used;
	int ret;

	queue->start = false;
	ret = vhost_gpa_of(session, queue->addr.desc_user_addr, &desc);
	if (!ret)
		ret = vhost_gpa_of(session, queue->addr.avail_user_addr, &avail);
	if (!ret)
		ret = vhost_gpa_of(session, queue->addr.used_user_addr, &used);
	if (!ret)
		ret = vgpu_queue_start(session->dev, index, queue->num, desc, avail, used,
				       queue->base);
	if (ret)
		queue_fail(session, index, ret);
	else if (queue->enabled)
		queue->more = true;
}

static int queue_of(const struct vhost_user_message *message, unsigned int *index)
{
	*index = message->payload.state.index;
	return *index < VGPU_QUEUES ? 0 : -EINVAL;
}

int vhost_set_vring_num(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	if (queue_of(message, &index) || message->payload.state.num > UINT16_MAX)
		return -EINVAL;
	session->queue[index].num = message->payload.state.num;
	return 0;
}

int vhost_set_vring_base(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	if (queue_of(message, &index) || message->payload.state.num > UINT16_MAX)
		return -EINVAL;
	session->queue[index].base = message->payload.state.num;
	return 0;
}

int vhost_set_vring_addr(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	if (queue_of(message, &index))
		return -EINVAL;
	session->queue[index].addr = message->payload.addr;
	return 0;
}

int vhost_set_vring_enable(struct session *session, struct vhost_user_message *message)
{
	struct queue *queue;
	unsigned int index;

	if (queue_of(message, &index))
		return -EINVAL;
	queue = &session->queue[index];
	queue->enabled = message->payload.state.num;
	queue->more = queue->enabled && queue->kick >= 0;
	return 0;
}

/* Store the descriptor of SET_VRING_KICK, _CALL or _ERR. */
static int take_vring_fd(struct session *session, struct vhost_user_message *message,
			 size_t member, unsigned int *index)
{
	int *fd;

	*index = message->payload.u64 & VHOST_USER_VRING_MASK;
	if (*index >= VGPU_QUEUES)
		return -EINVAL;
	fd = (int *)((char *)&session->queue[*index] + member);
	vhost_close_fd(fd);
	if (message->payload.u64 & VHOST_USER_VRING_NO_FD)
		return 0;
	*fd = vhost_user_take_fd(message);
	/* A blocking descriptor of the front-end must not block us. */
	if (fcntl(*fd, F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

int vhost_set_vring_kick(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	int ret = take_vring_fd(session, message, offsetof(struct queue, kick), &index);

	if (ret)
		return ret;
	/* Without a descriptor we would have to poll the queue. */
	if (session->queue[index].kick < 0)
		return -EOPNOTSUPP;
	session->queue[index].start = true;
	return 0;
}

int vhost_set_vring_call(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	return take_vring_fd(session, message, offsetof(struct queue, call), &index);
}

int vhost_set_vring_err(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	return take_vring_fd(session, message, offsetof(struct queue, err), &index);
}

/* A reset or only a pause of the guest's device: the start of the queue will tell. */
int vhost_get_vring_base(struct session *session, struct vhost_user_message *message)
{
	unsigned int index;

	if (queue_of(message, &index))
		return -EINVAL;
	session->queue[index].start = false;
	session->queue[index].more = false;
	vhost_close_fd(&session->queue[index].kick);
	message->payload.state.num = vgpu_queue_stop(session->dev, index);
	session->stops++;
	return vhost_reply(session, message, sizeof(message->payload.state));
}

void vhost_queue_run(struct session *session, unsigned int index, bool kicked)
{
	struct queue *queue = &session->queue[index];
	eventfd_t value;

	if (kicked && queue->kick >= 0)
		eventfd_read(queue->kick, &value);
	if (queue->enabled && (kicked || queue->more))
		queue_notify(session, index);
}

void vhost_queue_close(struct session *session, unsigned int index)
{
	struct queue *queue = &session->queue[index];

	vhost_close_fd(&queue->kick);
	vhost_close_fd(&queue->call);
	vhost_close_fd(&queue->err);
}
