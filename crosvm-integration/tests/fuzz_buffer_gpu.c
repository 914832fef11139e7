// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: the clients of buffer-gpu, in both protocols. The input is a list of steps: clients
 * that come, read, send bytes and descriptors, close all of their connection or half of it.
 *
 * As in fuzz_vhost_user.c one thread is both sides: the server's poll() takes the next step.
 *
 * A client gets either the whole greeting with the buffer, exactly once, or, if there are too
 * many, nothing. Whoever sends nothing keeps its connection. At the end everybody's connection is
 * closed, and no descriptor is left.
 */

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vgpu/testing/fuzz.h"
#include "fuzz_wrap.h"
#include "protocol.h"
#include "server.h"
#include "service.h"

#define PAGE 4096
#define CLIENTS 8
/* Below the server's backlog, so that nobody must wait to connect. */
#define STEPS_MAX 64
/* The longest greeting and its messages. */
#define GREETING_MAX 24
/* Polls after the signal, which ends the server at once. */
#define POLLS_MAX 4

enum step_kind { CONNECT, SEND, SEND_FDS, READ, CLOSE, SHUT_SEND, SHUT_RECEIVE, PAUSE, KINDS };

/**
 * struct step - one step in the input
 * @what: enum step_kind
 * @client: which client
 * @len: bytes that follow; the low 4 bits
 */
struct step {
	uint8_t what;
	uint8_t client;
	uint8_t len;
};

/**
 * struct client - a client
 * @socket: its connection; -1 for none
 * @got: bytes of the greeting that it has read
 * @fds: descriptors with them
 * @rude: it has sent something or closed a half of its connection
 * @ended: it has read the end of its connection
 */
struct client {
	int socket;
	size_t got;
	unsigned int fds;
	bool rude;
	bool ended;
};

/**
 * struct world - everything but the server
 * @client: the clients
 * @service: the server's side, for its limit and its buffer
 * @ivshmem: the protocol
 * @address: the server's
 * @length: of @address
 * @signals: ends the server
 * @polls: since the signal
 * @over: it was sent
 * @data: the rest of the input
 * @size: bytes of it
 * @steps: taken from @data
 */
struct world {
	struct client client[CLIENTS];
	struct service *service;
	bool ivshmem;
	struct sockaddr_un address;
	socklen_t length;
	int signals;
	unsigned int polls;
	bool over;
	const uint8_t *data;
	size_t size;
	unsigned int steps;
};

static struct world world;

const char *const server_name = "fuzz_buffer_gpu";

static size_t greeting(uint64_t *words)
{
	const uint64_t ivshmem[] = { 0, 0, htole64(-1) };
	const uint64_t wayland[] = { htole64(vgpu_blob_size(world.service->blob)) };

	memcpy(words, world.ivshmem ? ivshmem : wayland,
	       world.ivshmem ? sizeof(ivshmem) : sizeof(wayland));
	return world.ivshmem ? sizeof(ivshmem) : sizeof(wayland);
}

/* The descriptor must be the buffer's, and must allow to read and write. */
static void check_buffer(int fd)
{
	struct stat mine, theirs;

	if (fstat(fd, &mine) || fstat(vgpu_blob_fd(world.service->blob), &theirs) ||
	    mine.st_ino != theirs.st_ino || mine.st_dev != theirs.st_dev ||
	    (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
		abort();
	close(fd);
}

static void take_fds(struct client *client, struct msghdr *msg)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(msg);
	int fd;

	if (!header)
		return;
	if (header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(fd)))
		abort();
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	check_buffer(fd);
	client->fds++;
}

/* Return: false when there is no more to read now. */
static bool read_some(struct client *client, size_t size)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(4 * sizeof(int))];
	} control;
	uint64_t words[GREETING_MAX / 8];
	char bytes[GREETING_MAX];
	struct iovec iov = { bytes, size };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t got = recvmsg(client->socket, &msg, MSG_DONTWAIT);

	client->ended = client->ended || got == 0 || (got < 0 && errno == ECONNRESET);
	if (got <= 0)
		return false;
	take_fds(client, &msg);
	if (client->got + got > greeting(words) ||
	    memcmp((char *)words + client->got, bytes, got))
		abort();
	client->got += got;
	return true;
}

static unsigned int count_served(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < CLIENTS; i++)
		count += world.client[i].socket >= 0 && world.client[i].got &&
			 !world.client[i].ended && !world.client[i].rude;
	return count;
}

/* The server writes a greeting as a whole before it comes to poll() again. */
static void check(const struct client *client)
{
	uint64_t words[GREETING_MAX / 8];

	if (client->got && (client->got != greeting(words) || client->fds != 1))
		abort();
	if (client->got && client->ended && !client->rude && !world.over)
		abort();
	if (count_served() > world.service->clients_max)
		abort();
}

static void client_read(struct client *client)
{
	if (client->socket < 0)
		return;
	while (read_some(client, GREETING_MAX))
		;
	/* Its own end of the reading, not the server's. */
	if (!client->rude)
		check(client);
}

static void client_connect(struct client *client)
{
	int fd;

	if (client->socket >= 0)
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		abort();
	/* The backlog may be full. */
	if (connect(fd, (struct sockaddr *)&world.address, world.length)) {
		close(fd);
		return;
	}
	*client = (struct client){ .socket = fd };
}

static void client_close(struct client *client)
{
	if (client->socket >= 0)
		close(client->socket);
	*client = (struct client){ .socket = -1 };
}

static void client_send(struct client *client, const uint8_t *bytes, size_t size, bool fds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = {};
	const int sent[] = { world.signals, client->socket };
	char byte = 0;
	struct iovec iov = { size ? (void *)bytes : &byte, size ? size : 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fds) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(sent));
		memcpy(CMSG_DATA(&control.header), sent, sizeof(sent));
	}
	client->rude = true;
	sendmsg(client->socket, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void client_shut(struct client *client, int how)
{
	client->rude = true;
	shutdown(client->socket, how);
}

static void step_take(const struct step *step, const uint8_t *bytes)
{
	struct client *client = &world.client[step->client % CLIENTS];
	enum step_kind kind = step->what % KINDS;

	fuzz_done++;
	if (kind == CONNECT)
		client_connect(client);
	else if (kind == READ)
		client_read(client);
	else if (client->socket < 0)
		return;
	else if (kind == CLOSE)
		client_close(client);
	else if (kind == SEND || kind == SEND_FDS)
		client_send(client, bytes, step->len, kind == SEND_FDS);
	else if (kind == SHUT_SEND || kind == SHUT_RECEIVE)
		client_shut(client, kind == SHUT_SEND ? SHUT_WR : SHUT_RD);
}

/* Several steps for one poll() of the server, up to a PAUSE. Return: false at the end. */
static bool steps_take(void)
{
	struct step step = { .what = CONNECT };

	while (step.what % KINDS != PAUSE) {
		if (world.steps++ == STEPS_MAX || world.size < sizeof(step))
			return false;
		memcpy(&step, world.data, sizeof(step));
		world.data += sizeof(step);
		world.size -= sizeof(step);
		step.len &= 15;
		if (step.len > world.size)
			step.len = world.size;
		step_take(&step, world.data);
		world.data += step.len;
		world.size -= step.len;
	}
	return true;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	unsigned int i;

	(void)timeout;
	if (world.service->clients > world.service->clients_max)
		abort();
	if (!world.over && !steps_take()) {
		for (i = 0; i < CLIENTS; i++)
			client_read(&world.client[i]);
		world.over = true;
		eventfd_write(world.signals, 1);
	}
	if (world.over && world.polls++ == POLLS_MAX)
		abort();
	return __real_poll(fds, count, 0);
}

/* Bound to an address that the kernel chooses, so that nothing is left in a file system. */
static int listener_open(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	world.address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	world.length = sizeof(world.address.sun_family);
	if (fd < 0 || bind(fd, (struct sockaddr *)&world.address, world.length) ||
	    listen(fd, STEPS_MAX))
		abort();
	world.length = sizeof(world.address);
	if (getsockname(fd, (struct sockaddr *)&world.address, &world.length))
		abort();
	return fd;
}

/* The server has ended: so have all connections. */
static void clients_end(void)
{
	unsigned int i;

	for (i = 0; i < CLIENTS; i++) {
		client_read(&world.client[i]);
		if (world.client[i].socket >= 0 && !world.client[i].ended)
			abort();
		client_close(&world.client[i]);
	}
}

static void world_init(struct service *service, const uint8_t *data, size_t size)
{
	unsigned int i;

	world = (struct world){ .service = service, .data = data + 1, .size = size - 1 };
	world.ivshmem = *data & 1;
	service->greet = world.ivshmem ? service_greet_ivshmem : service_greet_wayland;
	service->clients_max = 1 + (*data >> 1 & 3);
	if (vgpu_blob_create(&service->blob, -1, VGPU_BLOB_ID_MEMFD, PAGE << (*data >> 3 & 3)))
		abort();
	for (i = 0; i < CLIENTS; i++)
		world.client[i].socket = -1;
	world.signals = eventfd(0, EFD_NONBLOCK);
}

/* The first byte: the protocol, the limit of clients, the size of the buffer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct service service = {};
	unsigned int fds = fuzz_fds();
	int listener;

	if (!size)
		return 0;
	world_init(&service, data, size);
	listener = listener_open();
	service_run(&service, world.signals, listener);
	close(listener);
	clients_end();
	close(world.signals);
	vgpu_blob_destroy(service.blob);
	if (fuzz_fds() != fds)
		abort();
	return 0;
}
