// SPDX-License-Identifier: GPL-2.0-only
/*
 * One front-end, see session.h.
 *
 * Its socket is also served in the middle of a guest's command (window.c). The start of a queue
 * and a reset, which would change the device under that command, wait until the command is
 * done.
 */

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "vhost_gpu.h"

/* The socket and signals wait for this many commands, each of which may touch a GiB. */
#define COMMANDS_AT_ONCE 16

static void interrupt(void *opaque, unsigned int queue)
{
	struct session *session = opaque;

	if (session->queue[queue].call >= 0)
		eventfd_write(session->queue[queue].call, 1);
}

static const struct vgpu_ops ops = { vhost_window_map, vhost_window_unmap, interrupt };

static void device_reset(struct session *session)
{
	unsigned int i;

	for (i = 0; i < VGPU_QUEUES; i++) {
		struct queue *queue = &session->queue[i];

		if (queue->kick < 0 || queue->start)
			continue;
		queue->base = vgpu_queue_stop(session->dev, i);
		queue->start = true;
	}
	session->resetting = true;
	vgpu_reset(session->dev);
	session->resetting = false;
}

/*
 * A control queue that starts at index 0 belongs to a driver that has just started: vhost-user
 * has no other way to tell a reset from a pause. After a multiple of 65536 commands a pause
 * also ends at 0.
 */
static bool is_reset(const struct session *session)
{
	const struct queue *control = &session->queue[VGPU_QUEUE_CONTROL];
	uint64_t used;

	if (!control->start || control->base)
		return false;
	return vhost_gpa_of(session, control->addr.used_user_addr, &used) ||
	       !vgpu_queue_is_paused(session->dev, VGPU_QUEUE_CONTROL, used);
}

static void run_put_off(struct session *session)
{
	unsigned int i;

	if (is_reset(session))
		device_reset(session);
	for (i = 0; i < VGPU_QUEUES; i++) {
		if (session->queue[i].start)
			vhost_queue_start(session, i);
	}
}

static void session_loop(struct session *session)
{
	struct pollfd fds[2 + VGPU_QUEUES] = {
		{ session->config->signals, POLLIN, 0 },
		{ session->socket, POLLIN, 0 },
	};
	unsigned int i;

	while (!session->ended) {
		int timeout = -1;

		run_put_off(session);
		for (i = 0; i < VGPU_QUEUES; i++) {
			fds[2 + i] = (struct pollfd){ session->queue[i].kick, POLLIN, 0 };
			if (session->queue[i].enabled && session->queue[i].more)
				timeout = 0;
		}
		if (poll(fds, 2 + VGPU_QUEUES, timeout) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			return;
		if (fds[1].revents)
			vhost_serve(session);
		for (i = 0; i < VGPU_QUEUES && !session->ended; i++)
			vhost_queue_run(session, i, fds[2 + i].revents);
	}
}

static void session_end(struct session *session)
{
	unsigned int i;

	/* Send no more requests: the front-end is gone, or the session must end. */
	session->ended = true;
	session->resetting = true;
	vgpu_reset(session->dev);
	vhost_memory_clear(session);
	vgpu_destroy(session->dev);
	vhost_close_fd(&session->channel);
	for (i = 0; i < VGPU_QUEUES; i++)
		vhost_queue_close(session, i);
}

int session_run(int socket, const struct session_config *config)
{
	struct session session = {
		.socket = socket, .channel = -1, .config = config,
	};
	struct vgpu_config device = {
		.ops = &ops,
		.opaque = &session,
		.drm_fd = config->drm_fd,
		.window = config->window,
		.bytes_max = config->bytes_max,
		.blobs_max = config->blobs_max,
		.burst = COMMANDS_AT_ONCE,
		.image_blob_id = config->image_blob_id,
		.alignment = config->alignment,
	};
	unsigned int i;
	int ret;

	for (i = 0; i < VGPU_QUEUES; i++)
		session.queue[i] = (struct queue){ .kick = -1, .call = -1, .err = -1 };
	LIST_INIT(&session.exports);
	ret = vgpu_create(&session.dev, &device);
	if (ret)
		return ret;
	session_loop(&session);
	session_end(&session);
	return 0;
}
