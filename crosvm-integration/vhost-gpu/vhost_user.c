// SPDX-License-Identifier: GPL-2.0-only
/* vhost-user messages, see vhost_user.h. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fdpass.h"
#include "vhost_user.h"

#define FDS_SIZE (VHOST_USER_REGIONS * sizeof(int))

void vhost_user_close_fds(struct vhost_user_message *message)
{
	unsigned int i;

	for (i = 0; i < message->fds; i++) {
		if (message->fd[i] >= 0)
			close(message->fd[i]);
	}
	message->fds = 0;
}

int vhost_user_take_fd(struct vhost_user_message *message)
{
	int fd = message->fds ? message->fd[0] : -1;

	if (message->fds)
		message->fd[0] = -1;
	return fd;
}

static void take_fds(struct vhost_user_message *message, struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		message->fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(message->fd, CMSG_DATA(cmsg), message->fds * sizeof(int));
	}
}

/* Receive everything within the socket's time limit, even if it is sent byte by byte. */
static int receive_all(int socket, void *data, size_t size)
{
	ssize_t got = 0;

	while (size) {
		got = recv(socket, data, size, MSG_WAITALL);
		if (got >= 0 || errno != EINTR)
			break;
	}
	return got == (ssize_t)size ? 0 : -EPROTO;
}

static int receive_header(int socket, struct vhost_user_message *message)
{
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(FDS_SIZE)];
	} control;
	struct iovec iov = { &message->header, sizeof(message->header) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	ssize_t got;

	do {
		got = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (!got)
		return 0;
	take_fds(message, &msg);
	if (msg.msg_flags & MSG_CTRUNC)
		return -EPROTO;
	if (receive_all(socket, (char *)&message->header + got, sizeof(message->header) - got))
		return -EPROTO;
	return 1;
}

int vhost_user_receive(int socket, struct vhost_user_message *message)
{
	int ret;

	memset(message, 0, sizeof(*message));
	ret = receive_header(socket, message);
	if (ret > 0 && ((message->header.flags & VHOST_USER_VERSION_MASK) != VHOST_USER_VERSION ||
			message->header.size > sizeof(message->payload)))
		ret = -EPROTO;
	if (ret > 0 && receive_all(socket, &message->payload, message->header.size))
		ret = -EPROTO;
	if (ret <= 0)
		vhost_user_close_fds(message);
	return ret;
}

int vhost_user_send(int socket, const struct vhost_user_message *message, int fd)
{
	struct iovec data[] = {
		{ (void *)&message->header, sizeof(message->header) },
		{ (void *)&message->payload, message->header.size },
	};
	size_t size = sizeof(message->header) + message->header.size;
	ssize_t sent;

	do {
		sent = fdpass_send_data(socket, data, 2, &fd, fd >= 0, 0);
	} while (sent == -EINTR);
	if (sent < 0)
		return sent;
	/* A stream socket sends such a small message as a whole, unless its time limit expires. */
	return (size_t)sent == size ? 0 : -EPIPE;
}
