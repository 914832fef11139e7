// SPDX-License-Identifier: GPL-2.0-only
/* Shared by the programs that serve buffers over a UNIX socket, see server.h. */

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "array.h"
#include "mockgpu.h"
#include "number.h"
#include "option.h"
#include "protocol.h"
#include "server.h"

/* Time limit for one message of a client, in seconds. */
#define MESSAGE_SECONDS 10
/* Backlog of clients that wait to be served. */
#define SERVER_BACKLOG 16
/* Descriptors of the program itself, besides those for clients. */
#define SERVER_DESCRIPTORS 64

void server_die(int status, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", server_name, what, why);
	exit(status);
}

/* KIND[,ORDER[,CACHING]] */
static int parse_kind(const char *text, uint64_t *blob_id)
{
	char copy[64], *rest = copy, *word[] = { "", "0", "cached" };
	uint64_t order;
	size_t i;
	int kind, caching;

	snprintf(copy, sizeof(copy), "%s", text);
	for (i = 0; i < ARRAY_SIZE(word) && rest; i++)
		word[i] = strsep(&rest, ",");
	kind = mockgpu_kind_parse(word[0]);
	caching = mockgpu_caching_parse(word[2]);
	if (rest || kind < 0 || caching < 0 || number_parse(word[1], &order) ||
	    order > MOCKGPU_MAX_ORDER)
		return -EINVAL;
	*blob_id = VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, kind, order, caching);
	return 0;
}

error_t server_option_source(const struct argp_state *state, const char *text, uint64_t *blob_id)
{
	if (!strcmp(text, "memfd"))
		*blob_id = VGPU_BLOB_ID_MEMFD;
	else if (!strcmp(text, "udmabuf"))
		*blob_id = VGPU_BLOB_ID_UDMABUF;
	else if (!strcmp(text, "heap"))
		*blob_id = VGPU_BLOB_ID_HEAP;
	else if (parse_kind(text, blob_id))
		return option_refuse(state, "'%s': not a kind of buffer", text);
	return 0;
}

void server_need_source(uint64_t blob_id, int drm_fd)
{
	if (drm_fd < 0 && VGPU_BLOB_ID_SOURCE(blob_id) == VGPU_SOURCE_MOCKGPU)
		server_die(1, mockgpu_kind_name(VGPU_BLOB_ID_KIND(blob_id)),
			   "there is no mockgpu to take it from");
}

/* Remove a socket file that nobody listens on: it is left from a crash. */
static bool is_stale(const struct sockaddr_un *address)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(address->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	stale = connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

int server_listen(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		server_die(1, "socket", strerror(errno));
	if (strlen(path) >= sizeof(address.sun_path))
		server_die(option_status, path, "too long for a socket's path: see --help");
	strcpy(address.sun_path, path);
	if (is_stale(&address))
		unlink(path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		server_die(1, path, errno == EADDRINUSE ?
		    "in use: a server listens there, or it is not a socket" : strerror(errno));
	if (listen(fd, SERVER_BACKLOG)) {
		unlink(path);
		server_die(1, path, strerror(errno));
	}
	return fd;
}

int server_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	/* A client may send us a pipe that nobody reads. */
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		server_die(1, "signalfd", strerror(errno));
	return fd;
}

int server_limit(int socket)
{
	const struct timeval limit = { .tv_sec = MESSAGE_SECONDS };

	if (setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return -errno;
	return 0;
}

int server_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "%s: a client cannot be served: %s\n", server_name,
			strerror(errno));
		/* The client stays in the backlog: wait before the next try. */
		sleep(1);
		return -1;
	}
	server_limit(fd);
	return fd;
}

void server_close(int listener, const char *path)
{
	unlink(path);
	close(listener);
}

void server_need_descriptors(uint64_t count, const char *option)
{
	struct rlimit limit;
	char why[128];

	count += SERVER_DESCRIPTORS;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		server_die(1, "getrlimit", strerror(errno));
	if (limit.rlim_cur >= count)
		return;
	limit.rlim_cur = count;
	if (limit.rlim_max >= count && !setrlimit(RLIMIT_NOFILE, &limit))
		return;
	snprintf(why, sizeof(why), "needs %" PRIu64 " descriptors, the limit is %" PRIu64
		 ": raise it (ulimit -Hn), or ask for less", count, (uint64_t)limit.rlim_max);
	server_die(1, option, why);
}
