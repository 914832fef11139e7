// SPDX-License-Identifier: GPL-2.0-only
/* What the programs share that serve buffers over a UNIX socket, see server.h. */

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

#include "mockgpu.h"
#include "protocol.h"
#include "server.h"

/* Seconds a client may take over one message. */
#define MESSAGE_SECONDS 10
/* Clients that may wait to be served. */
#define SERVER_BACKLOG 16
/* Descriptors of a program beside what its clients ask for. */
#define SERVER_DESCRIPTORS 64

void server_die(int status, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s\n", server_name, what, why);
	exit(status);
}

uint64_t server_parse_size(const char *text)
{
	char *end;
	uint64_t size, unit = 1;

	errno = 0;
	size = strtoull(text, &end, 10);
	if (*end == 'K')
		unit = 1ull << 10;
	else if (*end == 'M')
		unit = 1ull << 20;
	else if (*end == 'G')
		unit = 1ull << 30;
	else if (*end == 'T')
		unit = 1ull << 40;
	if (errno || end == text || (*end && (unit == 1 || end[1])) || *text == '-' ||
	    !size || size > UINT64_MAX / unit || size * unit % getpagesize())
		server_die(2, text, "no size of whole pages: use a number, or with K, M, G or T");
	return size * unit;
}

uint64_t server_parse_source(const char *text, bool mockgpu)
{
	char word[3][16] = { "", "0", "cached" };
	int words, kind, order, caching;
	char *end;

	if (!strcmp(text, "memfd"))
		return VGPU_BLOB_ID_MEMFD;
	if (!strcmp(text, "udmabuf"))
		return VGPU_BLOB_ID_UDMABUF;
	if (!strcmp(text, "heap"))
		return VGPU_BLOB_ID_HEAP;
	words = sscanf(text, "%15[^,],%15[^,],%15s", word[0], word[1], word[2]);
	kind = mockgpu_kind_parse(word[0]);
	order = strtol(word[1], &end, 10);
	caching = mockgpu_caching_parse(word[2]);
	if (words < 1 || kind < 0 || *end || order < 0 || order > MOCKGPU_MAX_ORDER || caching < 0)
		server_die(2, text, "not a kind of buffer, see --help");
	if (!mockgpu)
		server_die(1, text, "there is no mockgpu to take it from");
	return VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, kind, order, caching);
}

/* A socket file that nobody listens on is left from a run that crashed. */
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
		server_die(2, path, "too long for a socket's path");
	strcpy(address.sun_path, path);
	if (is_stale(&address))
		unlink(path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		server_die(1, path, errno == EADDRINUSE ?
		    "in use: another one listens there, or it is no socket" : strerror(errno));
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
	/* A client may hand us a pipe that nobody reads. */
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
		/* It stays where it is: do not ask for it again at once. */
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

uint64_t server_parse_count(const char *text, uint64_t max)
{
	char *end;
	uint64_t count;

	errno = 0;
	count = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || !count || count > max)
		server_die(2, text, "not a number from 1 to what --help says");
	return count;
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
