// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host-visible region: requests of the backend to the front-end. While we wait for an answer
 * we serve the front-end's socket, because QEMU may wait for us there before it answers.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <linux/virtio_gpu.h>

#include "vhost_gpu.h"

static int await_channel(struct session *session)
{
	struct pollfd fds[] = {
		{ session->config->signals, POLLIN, 0 },
		{ session->socket, POLLIN, 0 },
		{ session->channel, POLLIN, 0 },
	};

	while (!session->ended) {
		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[0].revents)
			session->ended = true;
		else if (fds[2].revents)
			return 0;
		else if (fds[1].revents)
			vhost_serve(session);
	}
	return -ESHUTDOWN;
}

/* Return: 0 or -errno: -EIO if the front-end refuses. */
static int ask(struct session *session, struct vhost_user_message *message, int fd)
{
	struct vhost_user_message answer;
	int ret;

	if (session->ended)
		return -ESHUTDOWN;
	if (session->channel < 0 || !vhost_has_feature(session, VHOST_USER_PROTOCOL_F_SHMEM) ||
	    !vhost_has_feature(session, VHOST_USER_PROTOCOL_F_REPLY_ACK))
		return -EOPNOTSUPP;
	message->header.flags = VHOST_USER_VERSION | VHOST_USER_NEED_REPLY;
	ret = vhost_user_send(session->channel, message, fd);
	if (!ret)
		ret = await_channel(session);
	if (ret)
		return ret;
	ret = vhost_user_receive(session->channel, &answer);
	if (ret > 0) {
		vhost_user_close_fds(&answer);
		if (answer.header.request == message->header.request &&
		    answer.header.flags & VHOST_USER_REPLY)
			return answer.payload.u64 ? -EIO : 0;
	}
	session->ended = true;
	return -EPROTO;
}

/*
 * QEMU answers SHMEM_MAP before the guest can access the mapping, and commits the mapping before
 * it handles the next request. So the answer to another request, even an error, is a barrier.
 */
static int barrier(struct session *session)
{
	struct vhost_user_message message = {
		.header.request = VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE,
		.header.size = sizeof(message.payload.object),
	};
	int ret;

	if (!vhost_has_feature(session, VHOST_USER_PROTOCOL_F_SHARED_OBJECT))
		return 0;
	ret = ask(session, &message, -1);
	return ret == -EIO ? 0 : ret;
}

static struct vhost_user_message shmem_message(uint32_t request, uint64_t offset,
					       const struct vgpu_blob *blob)
{
	return (struct vhost_user_message){
		.header.request = request,
		.header.size = sizeof(struct vhost_user_mmap),
		.payload.mmap.shmid = VIRTIO_GPU_SHM_ID_HOST_VISIBLE,
		.payload.mmap.shm_offset = offset,
		.payload.mmap.len = vgpu_blob_size(blob),
		.payload.mmap.flags = VHOST_USER_MMAP_READ_WRITE,
	};
}

static int shmem_unmap(struct session *session, uint64_t offset,
		       const struct vgpu_blob *blob)
{
	struct vhost_user_message message =
		shmem_message(VHOST_USER_BACKEND_SHMEM_UNMAP, offset, blob);

	return ask(session, &message, -1);
}

static int shmem_map(struct session *session, uint64_t offset,
		     const struct vgpu_blob *blob)
{
	struct vhost_user_message message =
		shmem_message(VHOST_USER_BACKEND_SHMEM_MAP, offset, blob);
	unsigned int stops = session->stops;
	int ret = ask(session, &message, vgpu_blob_fd(blob));

	if (!ret)
		ret = barrier(session);
	if (ret || session->stops == stops)
		return ret;
	/*
	 * The device was stopped in the meantime. If it was reset, the front-end has
	 * emptied the region, before this mapping or after it.
	 */
	shmem_unmap(session, offset, blob);
	return -ECANCELED;
}

int vhost_window_map(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	struct session *session = opaque;
	struct export *export;
	struct stat st;
	int ret;

	if (!vhost_memory_has_room(session))
		return -ENOMEM;
	if (fstat(vgpu_blob_fd(blob), &st))
		return -errno;
	export = malloc(sizeof(*export));
	if (!export)
		return -ENOMEM;
	*export = (struct export){
		.offset = offset, .device = st.st_dev, .inode = st.st_ino,
	};
	/* Before the request: the table of memory regions may come before its answer. */
	LIST_INSERT_HEAD(&session->exports, export, link);
	ret = shmem_map(session, offset, blob);
	if (ret) {
		LIST_REMOVE(export, link);
		free(export);
	}
	return ret;
}

int vhost_window_unmap(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	struct session *session = opaque;
	struct export *export;
	int ret = shmem_unmap(session, offset, blob);

	/*
	 * At a reset QEMU empties the region by itself and refuses to unmap again. crosvm
	 * leaves everything mapped, and mapping over it would end the guest.
	 */
	if (ret && !session->resetting)
		return ret;
	LIST_FOREACH(export, &session->exports, link) {
		if (export->offset == offset)
			break;
	}
	LIST_REMOVE(export, link);
	free(export);
	return 0;
}
