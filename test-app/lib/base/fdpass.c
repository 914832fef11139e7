// SPDX-License-Identifier: GPL-2.0-only
/* Pass file descriptors over a socket, see fdpass.h. */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "fdpass.h"

union fdpass_control {
	struct cmsghdr header;
	char room[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

int fdpass_pair(int post[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, post) ? -errno : 0;
}

ssize_t fdpass_send_data(int socket, struct iovec *data, size_t parts, const int *fds,
			 unsigned int count, int flags)
{
	union fdpass_control control = {};
	struct msghdr message = { .msg_iov = data, .msg_iovlen = parts };
	ssize_t sent;

	if (count) {
		message.msg_control = control.room;
		message.msg_controllen = CMSG_SPACE(count * sizeof(*fds));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(*fds));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(*fds));
	}
	sent = sendmsg(socket, &message, flags | MSG_NOSIGNAL);
	return sent < 0 ? -errno : sent;
}

int fdpass_send(int socket, const int *fds, unsigned int count)
{
	char byte = 0;
	struct iovec data = { &byte, 1 };
	ssize_t sent = fdpass_send_data(socket, &data, 1, fds, count, MSG_DONTWAIT);

	return sent < 0 ? sent : 0;
}

int fdpass_receive(int socket, int *fds, unsigned int room)
{
	union fdpass_control control = {};
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.room,
		/* Not CMSG_SPACE(): the kernel would use the padding for descriptors too. */
		.msg_controllen = CMSG_LEN(room * sizeof(*fds)),
	};
	struct cmsghdr *header;
	unsigned int count;

	if (recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(*fds);
	memcpy(fds, CMSG_DATA(header), count * sizeof(*fds));
	return count;
}
