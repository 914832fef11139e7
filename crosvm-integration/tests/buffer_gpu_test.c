// SPDX-License-Identifier: GPL-2.0-only
/* buffer-gpu, the program, with clients that live here: what they are given. */

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

/* What a VMM does with it: all of it, from offset 0, read and write. */
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
 * crosvm looks for a Wayland display at the socket before its guest's channel comes, and
 * would wait for an answer for ever.
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

TEST(bad_options_are_refused)
{
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "smoke", "memfd", "4M")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "wayland", "paper", "4M")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "wayland", "memfd", "5")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "wayland", "memfd", "-4K")));
	EXPECT_EQ(2, process_end(start("/tmp/buffer-gpu.none", "ivshmem", "memfd", "12K")));
	EXPECT_EQ(1, process_end(start("/nowhere/socket", "ivshmem", "memfd", "4M")));
}

TEST_HARNESS_MAIN
