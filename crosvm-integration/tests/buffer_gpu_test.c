// SPDX-License-Identifier: GPL-2.0-only
/* The program buffer-gpu, with clients in this process: the buffers that they get. */

#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "kselftest_harness.h"

#include "debugfs.h"
#include "mockgpu.h"
#include "process.h"

#define SIZE (4ull << 20)

FIXTURE(buffer) {
	char dir[32];
	char path[64];
	pid_t pid;
};

FIXTURE_VARIANT(buffer) {
	const char *source;
	const char *kind;
};

FIXTURE_VARIANT_ADD(buffer, memfd) { "memfd", NULL };
FIXTURE_VARIANT_ADD(buffer, noncompound) { "noncompound,9", "noncompound" };
FIXTURE_VARIANT_ADD(buffer, ttm) { "ttm", "ttm" };

FIXTURE_SETUP(buffer)
{
	char why[256];
	int fd = mockgpu_open(why, sizeof(why));

	if (fd < 0 && variant->kind)
		SKIP(return, "%s", why);
	close(fd);
	strcpy(self->dir, "/tmp/buffer-gpu.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/socket", self->dir);
}

FIXTURE_TEARDOWN(buffer)
{
	EXPECT_EQ(-1, access(self->path, F_OK));
	EXPECT_EQ(0, rmdir(self->dir));
}

static pid_t start(const char *path, const char *protocol, const char *source,
		   const char *size)
{
	const char *const argv[] = {
		"buffer-gpu", "--socket-path", path, "--protocol", protocol,
		"--buffer", source, "--size", size, NULL
	};

	return process_start(argv);
}

/* One message of 8 bytes, in time; @fd is -1 when it had none. */
static int64_t receive(struct __test_metadata *_metadata, int socket, int *fd)
{
	struct pollfd readable = { .fd = socket, .events = POLLIN };
	union {
		struct cmsghdr header;
		char buffer[CMSG_SPACE(4 * sizeof(int))];
	} control;
	uint64_t value = 0;
	struct iovec iov = { &value, sizeof(value) };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;

	*fd = -1;
	ASSERT_EQ(1, poll(&readable, 1, PATIENCE_MS));
	ASSERT_EQ(sizeof(value), recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
	header = CMSG_FIRSTHDR(&message);
	if (header) {
		EXPECT_EQ(SCM_RIGHTS, header->cmsg_type);
		EXPECT_EQ(CMSG_LEN(sizeof(int)), header->cmsg_len);
		memcpy(fd, CMSG_DATA(header), sizeof(int));
	}
	return le64toh(value);
}

/* Use it as a VMM does: map it all, from offset 0, read and write. */
static uint64_t *map_checked(struct __test_metadata *_metadata, int fd)
{
	void *map;

	ASSERT_LE(0, fd);
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(SIZE, lseek(fd, 0, SEEK_END));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	return map;
}

TEST_F(buffer, wayland)
{
	uint64_t *mine, *theirs;
	int fd, socket;
	size_t i;

	self->pid = start(self->path, "wayland", variant->source, "4M");
	socket = process_connect(self->path);
	ASSERT_LE(0, socket);
	EXPECT_EQ(SIZE, receive(_metadata, socket, &fd));
	mine = map_checked(_metadata, fd);
	for (i = 0; i < SIZE / sizeof(*mine); i += 512) {
		EXPECT_EQ(0, mine[i]);
		mine[i] = ~i;
	}
	close(socket);
	/* The next one gets the same buffer. */
	socket = process_connect(self->path);
	ASSERT_LE(0, socket);
	EXPECT_EQ(SIZE, receive(_metadata, socket, &fd));
	theirs = map_checked(_metadata, fd);
	for (i = 0; i < SIZE / sizeof(*theirs); i += 512)
		EXPECT_EQ(~i, theirs[i]);
	/* It ends while a client is there, whose mapping stays. */
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, process_end(self->pid));
	EXPECT_EQ(~0ull, theirs[0]);
	close(socket);
	munmap(mine, SIZE);
	munmap(theirs, SIZE);
}

/*
 * crosvm looks for a Wayland display at the socket before its guest opens the channel, and would
 * wait for an answer for ever.
 */
TEST_F(buffer, there_is_no_display)
{
	uint32_t get_registry[] = { 1, 12 << 16 | 1, 2 };
	char byte;
	int fd, socket;

	self->pid = start(self->path, "wayland", variant->source, "4M");
	socket = process_connect(self->path);
	ASSERT_LE(0, socket);
	EXPECT_EQ(SIZE, receive(_metadata, socket, &fd));
	close(fd);
	ASSERT_EQ(sizeof(get_registry), write(socket, get_registry, sizeof(get_registry)));
	EXPECT_GE(0, read(socket, &byte, 1));
	close(socket);
	socket = process_connect(self->path);
	ASSERT_LE(0, socket);
	EXPECT_EQ(SIZE, receive(_metadata, socket, &fd));
	close(fd);
	close(socket);
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, process_end(self->pid));
}

TEST_F(buffer, ivshmem)
{
	int fd, socket;
	uint64_t *map;

	self->pid = start(self->path, "ivshmem", variant->source, "4M");
	socket = process_connect(self->path);
	ASSERT_LE(0, socket);
	EXPECT_EQ(0, receive(_metadata, socket, &fd));
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(0, receive(_metadata, socket, &fd));
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(-1, receive(_metadata, socket, &fd));
	map = map_checked(_metadata, fd);
	EXPECT_EQ(0, map[512]);
	munmap(map, SIZE);
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, process_end(self->pid));
	close(socket);
}

TEST_F(buffer, the_kind_is_what_was_asked_for)
{
	struct mockgpu_buffer buffers[2] = { 0 };
	int fd, socket, drm;

	drm = mockgpu_open(NULL, 0);
	if (drm < 0)
		SKIP(return, "no mockgpu to ask");
	self->pid = start(self->path, "wayland", variant->source, "4M");
	socket = process_connect(self->path);
	ASSERT_LE(0, socket);
	receive(_metadata, socket, &fd);
	close(fd);
	EXPECT_EQ(variant->kind ? 1 : 0, mockgpu_buffers_get(drm, buffers, 2));
	EXPECT_STREQ(variant->kind ? variant->kind : "", buffers[0].kind);
	EXPECT_EQ(variant->kind ? SIZE : 0, buffers[0].size);
	close(socket);
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, process_end(self->pid));
	EXPECT_EQ(0, mockgpu_buffers_get(drm, buffers, 2));
	close(drm);
}

/* Wait for the end of a connection. */
static bool is_closed(int socket)
{
	struct pollfd readable = { .fd = socket, .events = POLLIN };
	char byte;

	return poll(&readable, 1, PATIENCE_MS) == 1 && !read(socket, &byte, 1);
}

/* As many clients as allowed get the same buffer; one more is refused. */
TEST_F(buffer, many_clients_at_a_time)
{
	const char *const argv[] = {
		"buffer-gpu", "--socket-path", self->path, "--protocol", "wayland", "--buffer",
		variant->source, "--size", "4M", "--max-clients", "3", NULL
	};
	uint64_t *maps[3], value;
	int sockets[4] = { -1, -1, -1, -1 }, fd, i;

	self->pid = process_start(argv);
	for (i = 0; i < 3; i++) {
		sockets[i] = process_connect(self->path);
		ASSERT_LE(0, sockets[i]);
		EXPECT_EQ(SIZE, receive(_metadata, sockets[i], &fd));
		maps[i] = map_checked(_metadata, fd);
	}
	maps[0][1] = 0x5eed;
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0x5eed, maps[i][1]);
	sockets[3] = process_connect(self->path);
	ASSERT_LE(0, sockets[3]);
	EXPECT_TRUE(is_closed(sockets[3]));
	close(sockets[3]);
	/* When any client leaves, another one can connect; the rest notice nothing. */
	close(sockets[1]);
	for (i = 0; i < PATIENCE_MS / 10; i++) {
		sockets[3] = process_connect(self->path);
		ASSERT_LE(0, sockets[3]);
		if (recv(sockets[3], &value, sizeof(value), 0) == sizeof(value))
			break;
		close(sockets[3]);
		usleep(10000);
	}
	EXPECT_EQ(SIZE, le64toh(value));
	EXPECT_GT(0, recv(sockets[0], &value, 1, MSG_DONTWAIT));
	EXPECT_GT(0, recv(sockets[2], &value, 1, MSG_DONTWAIT));
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, process_end(self->pid));
	EXPECT_TRUE(is_closed(sockets[0]));
}

TEST_F(buffer, clients_that_come_and_go_leave_nothing)
{
	char path[64];
	int i, fd, socket, fds = 0;

	self->pid = start(self->path, "ivshmem", variant->source, "4M");
	for (i = 0; i < 300; i++) {
		struct dirent *entry;
		int count = 0;
		DIR *dir;

		socket = process_connect(self->path);
		ASSERT_LE(0, socket);
		/* Some do not even wait for the buffer. */
		if (i % 3)
			EXPECT_EQ(0, receive(_metadata, socket, &fd));
		if (i % 50 == 1) {
			snprintf(path, sizeof(path), "/proc/%d/fd", self->pid);
			dir = opendir(path);
			ASSERT_NE(NULL, dir);
			while ((entry = readdir(dir)))
				count++;
			closedir(dir);
			fds = fds ? fds : count;
			EXPECT_GE(fds + 1, count);
		}
		close(socket);
	}
	kill(self->pid, SIGTERM);
	EXPECT_EQ(0, process_end(self->pid));
}

/* A failed test ends at once: its server must not stay. */
TEST(a_server_ends_with_its_test)
{
	char dir[] = "/tmp/buffer-gpu.XXXXXX", path[64];
	int fds[2], i;
	pid_t test, server;
	ssize_t told;

	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	ASSERT_EQ(0, pipe(fds));
	test = fork();
	if (!test) {
		server = start(path, "wayland", "memfd", "4M");
		if (write(fds[1], &server, sizeof(server)) != sizeof(server) ||
		    process_connect(path) < 0)
			_exit(1);
		abort();
	}
	told = read(fds[0], &server, sizeof(server));
	close(fds[0]);
	close(fds[1]);
	ASSERT_EQ((ssize_t)sizeof(server), told);
	EXPECT_EQ(128 + SIGABRT, process_end(test));
	/* It is not our child and may not have been reaped yet: a zombie has ended, too. */
	for (i = 0; i < PATIENCE_MS / 10; i++) {
		char stat[64], state = 'Z';
		FILE *file;

		snprintf(stat, sizeof(stat), "/proc/%d/stat", server);
		file = fopen(stat, "re");
		if (file) {
			/* Reaped after fopen(), it has nothing to read: it has ended, too. */
			if (fscanf(file, "%*d (buffer-gpu) %c", &state) != 1)
				state = 'Z';
			fclose(file);
		}
		if (state == 'Z')
			break;
		usleep(10000);
	}
	EXPECT_GT(PATIENCE_MS / 10, i);
	kill(server, SIGKILL);
	unlink(path);
	EXPECT_EQ(0, rmdir(dir));
}

TEST(bad_options_are_refused)
{
	const char *const too_many[] = {
		"buffer-gpu", "--socket-path", "/tmp/buffer-gpu.none", "--max-clients", "1025", NULL
	};

	EXPECT_EQ(2, process_end(process_start(too_many)));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "smoke", "memfd", "4M")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "wayland", "paper", "4M")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "wayland", "memfd", "5")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "wayland", "memfd", "-4K")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "ivshmem", "memfd", "12K")));
	EXPECT_EQ(1, process_end(start("/nowhere/socket", "ivshmem", "memfd", "4M")));
}

TEST_HARNESS_MAIN
