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

int fdpass_send(int socket, const int *fds, unsigned int count)
{
	union fdpass_control control = {};
	char byte = 0;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_SPACE(count * sizeof(*fds)),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(*fds));
	memcpy(CMSG_DATA(header), fds, count * sizeof(*fds));
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
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
