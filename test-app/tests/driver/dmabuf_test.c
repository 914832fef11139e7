// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers as dma-bufs: what an exported one is to user space, that it lives as long as
 * anybody needs it, and that those of other exporters can be imported and used.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <linux/dma-buf.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "exporter.h"
#include "hostmap.h"
#include "pattern.h"

#define PAGES 24

FIXTURE(dmabuf) {
	struct driver driver;
	size_t page;
	struct mockgpu_bo bo;
	int fd;
};

/* PAGES is not a multiple of the block: the last block is partly used. */
FIXTURE_SETUP(dmabuf)
{
	driver_setup(_metadata, &self->driver);
	self->page = self->driver.page;
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 4,
				       MOCKGPU_CACHING_CACHED, PAGES * self->page, &self->bo));
	self->fd = mockgpu_bo_export(&self->bo);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(dmabuf)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	driver_teardown(_metadata, &self->driver);
}

static void *map_fd(struct __test_metadata *_metadata, int fd, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	return map;
}

/* The line of the device's first buffer in debugfs. */
static struct mockgpu_buffer first_buffer(struct __test_metadata *_metadata, int fd)
{
	struct mockgpu_buffer buffer = {};

	EXPECT_LE(1, mockgpu_buffers_get(fd, &buffer, 1));
	EXPECT_EQ(0, buffer.busy);
	return buffer;
}

static ino_t inode(struct __test_metadata *_metadata, int fd)
{
	struct stat st = {};

	EXPECT_EQ(0, fstat(fd, &st));
	return st.st_ino;
}

TEST_F(dmabuf, its_end_tells_the_size)
{
	EXPECT_EQ(self->bo.size, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(-1, lseek(self->fd, 1, SEEK_SET));
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F(dmabuf, data_is_there_through_both_doors)
{
	void *map = map_fd(_metadata, self->fd, self->bo.size);

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 1));
	pattern_fill(map, self->bo.size, 2);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
	EXPECT_EQ(2, first_buffer(_metadata, self->driver.fd).maps);
	EXPECT_EQ(0, munmap(map, self->bo.size));
	EXPECT_EQ(1, first_buffer(_metadata, self->driver.fd).maps);
}

TEST_F(dmabuf, a_mapping_is_pfns_without_struct_pages)
{
	static const char * const wanted[] = { "pf", "io", "de", "dd" };
	void *map = map_fd(_metadata, self->fd, self->bo.size);
	char flags[256];
	unsigned int i;

	ASSERT_EQ(0, hostmap_vma_flags(map, flags, sizeof(flags)));
	for (i = 0; i < ARRAY_SIZE(wanted); i++)
		EXPECT_NE(NULL, strstr(flags, wanted[i]))
			TH_LOG("the flags are %s", flags);
	EXPECT_EQ(0, munmap(map, self->bo.size));
}

TEST_F(dmabuf, a_part_can_be_mapped_but_nothing_beyond_the_end)
{
	size_t page = self->page;
	void *map = map_fd(_metadata, self->fd, self->bo.size);
	void *part = mmap(NULL, 3 * page, PROT_READ, MAP_SHARED, self->fd, 5 * page);

	ASSERT_NE(MAP_FAILED, part);
	pattern_fill((char *)map + 5 * page, 3 * page, 3);
	EXPECT_EQ(0, pattern_differences(part, 3 * page, 3));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, self->fd,
				   (PAGES - 1) * page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd, PAGES * page));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, munmap(part, 3 * page));
	EXPECT_EQ(0, munmap(map, self->bo.size));
}

TEST_F(dmabuf, what_was_exported_for_reading_cannot_be_written)
{
	struct mockgpu_bo bo;
	void *map;
	int fd;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0, self->page, &bo));
	ASSERT_EQ(0, drmPrimeHandleToFD(bo.fd, bo.handle, DRM_CLOEXEC, &fd));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	map = mmap(NULL, self->page, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-1, mprotect(map, self->page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, munmap(map, self->page));
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

static uint64_t faults(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_query query = {};

	EXPECT_EQ(0, mockgpu_bo_query(bo, &query));
	return query.faults;
}

TEST_F(dmabuf, a_zap_reaches_its_mappings)
{
	void *map = map_fd(_metadata, self->fd, self->bo.size);

	pattern_fill(map, self->bo.size, 4);
	EXPECT_EQ(PAGES, faults(_metadata, &self->bo));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 4));
	EXPECT_EQ(PAGES, faults(_metadata, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 4));
	EXPECT_EQ(2 * PAGES, faults(_metadata, &self->bo));
	EXPECT_EQ(0, munmap(map, self->bo.size));
}

TEST_F(dmabuf, there_is_one_however_often_it_is_exported)
{
	int again = mockgpu_bo_export(&self->bo);

	ASSERT_LE(0, again);
	EXPECT_EQ(inode(_metadata, self->fd), inode(_metadata, again));
	EXPECT_EQ(0, close(again));
}

TEST_F(dmabuf, its_import_into_the_same_client_is_the_same_handle)
{
	struct mockgpu_bo bo;

	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->fd, &bo));
	EXPECT_EQ(self->bo.handle, bo.handle);
	EXPECT_EQ(MOCKGPU_KIND_NONCOMPOUND, bo.kind);
	driver_expect_usage(_metadata, &self->driver, 1, 32);
}

TEST_F(dmabuf, its_import_into_another_client_is_the_same_buffer)
{
	struct drm_mockgpu_page ours[PAGES], theirs[PAGES];
	int client = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo;

	ASSERT_LE(0, client);
	ASSERT_EQ(0, mockgpu_bo_import(client, self->fd, &bo));
	driver_expect_usage(_metadata, &self->driver, 1, 32);
	ASSERT_EQ(PAGES, mockgpu_bo_pages(&self->bo, 0, PAGES, ours));
	ASSERT_EQ(PAGES, mockgpu_bo_pages(&bo, 0, PAGES, theirs));
	EXPECT_EQ(0, memcmp(ours, theirs, sizeof(ours)));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(bo.map, bo.size, 5);
	EXPECT_EQ(0, pattern_differences(self->bo.map, bo.size, 5));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, close(client));
}

static void expect_unusable(struct __test_metadata *_metadata, int fd, int file, int error)
{
	uint32_t handle;

	EXPECT_EQ(-1, drmPrimeFDToHandle(fd, file, &handle));
	EXPECT_EQ(error, errno);
}

TEST_F(dmabuf, only_a_dmabuf_can_be_imported)
{
	int null = open("/dev/null", O_RDWR);

	ASSERT_LE(0, null);
	expect_unusable(_metadata, self->driver.fd, null, EINVAL);
	expect_unusable(_metadata, self->driver.fd, self->driver.fd, EINVAL);
	EXPECT_EQ(0, close(null));
	expect_unusable(_metadata, self->driver.fd, null, EBADF);
	expect_unusable(_metadata, self->driver.fd, -1, EBADF);
}

TEST_F(dmabuf, only_a_handle_can_be_exported)
{
	struct mockgpu_bo closed = self->bo, never = self->bo;
	int fd;

	never.handle = 0;
	EXPECT_EQ(-ENOENT, mockgpu_bo_export(&never));
	never.handle = ~0u;
	EXPECT_EQ(-ENOENT, mockgpu_bo_export(&never));
	EXPECT_EQ(-1, drmPrimeHandleToFD(self->bo.fd, self->bo.handle, O_NONBLOCK, &fd));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(-ENOENT, mockgpu_bo_export(&closed));
}

/* Release handle, dma-buf and mapping in each order; the pages are freed with the last. */
TEST_F(dmabuf, it_lives_until_its_last_user_is_gone)
{
	static const char * const orders[] = { "hdm", "hmd", "dhm", "dmh", "mhd", "mdh" };
	struct mockgpu_bo bo;
	unsigned int i, step;
	void *map;
	int fd;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 3, 0,
					       8 * self->page, &bo));
		fd = mockgpu_bo_export(&bo);
		ASSERT_LE(0, fd);
		map = map_fd(_metadata, fd, bo.size);
		pattern_fill(map, bo.size, i);
		for (step = 0; step < 3; step++) {
			driver_expect_usage(_metadata, &self->driver, 2, 32 + 8);
			switch (orders[i][step]) {
			case 'h':
				EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
				break;
			case 'd':
				EXPECT_EQ(0, close(fd));
				break;
			default:
				EXPECT_EQ(0, pattern_differences(map, bo.size, i));
				EXPECT_EQ(0, munmap(map, bo.size));
			}
		}
		driver_expect_usage(_metadata, &self->driver, 1, 32);
	}
}

TEST_F(dmabuf, an_import_brings_a_buffer_without_handles_back)
{
	void *map;

	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->fd, &self->bo));
	map = map_fd(_metadata, self->fd, self->bo.size);
	pattern_fill(map, self->bo.size, 6);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 6));
	EXPECT_EQ(2 * PAGES, faults(_metadata, &self->bo));
	EXPECT_EQ(0, munmap(map, self->bo.size));
}

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec data = { .iov_base = &fd, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? 0 : -1;
}

static int receive_fd(int socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* The other process: checks, answers, and waits until it is told to end. */
static int other_process(int socket, size_t size)
{
	int fd = receive_fd(socket);
	char byte = 0;
	void *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || pattern_differences(map, size, 7))
		return 1;
	pattern_fill(map, size, 8);
	if (write(socket, &byte, 1) != 1 || read(socket, &byte, 1) != 1)
		return 2;
	return pattern_differences(map, size, 8) ? 3 : 0;
}

TEST_F(dmabuf, another_process_can_have_it_and_keep_it)
{
	int sockets[2], status;
	char byte = 0;
	pid_t child;
	void *map;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Only what the socket transfers: nothing is inherited. */
		close(self->fd);
		close(self->driver.fd);
		close(sockets[0]);
		_exit(other_process(sockets[1], PAGES * self->page));
	}
	close(sockets[1]);
	map = map_fd(_metadata, self->fd, self->bo.size);
	pattern_fill(map, self->bo.size, 7);
	ASSERT_EQ(0, send_fd(sockets[0], self->fd));
	ASSERT_EQ(1, read(sockets[0], &byte, 1));
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 8));

	EXPECT_EQ(0, munmap(map, self->bo.size));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	driver_expect_usage(_metadata, &self->driver, 1, 32);
	ASSERT_EQ(1, write(sockets[0], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
	EXPECT_EQ(0, close(sockets[0]));
}

TEST_F(dmabuf, cpu_access_can_be_begun_and_ended)
{
	static const uint64_t good[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};
	struct dma_buf_sync sync;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		sync.flags = good[i] | DMA_BUF_SYNC_START;
		EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
		sync.flags = good[i] | DMA_BUF_SYNC_END;
		EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	}
	sync.flags = 0;
	EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(EINVAL, errno);
}

/* As with amdgpu: a buffer that the CPU reads moves to where reads are fast. */
TEST_F(dmabuf, cpu_access_for_reading_brings_it_to_gtt)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE };
	void *map = map_fd(_metadata, self->fd, self->bo.size);

	pattern_fill(map, self->bo.size, 9);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_STREQ("vram", first_buffer(_metadata, self->driver.fd).placement);
	sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ;
	EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_STREQ("gtt", first_buffer(_metadata, self->driver.fd).placement);
	EXPECT_EQ(0, pattern_differences(map, self->bo.size, 9));

	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(0, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_STREQ("vram", first_buffer(_metadata, self->driver.fd).placement);
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-1, ioctl(self->fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(SIGBUS, pattern_touch(map, 0));
	EXPECT_EQ(0, munmap(map, self->bo.size));
}

/* Every move reaches the mapping of the dma-buf, and so does the data. */
TEST_F(dmabuf, its_mappings_follow_every_move)
{
	void *map = map_fd(_metadata, self->fd, self->bo.size);
	uint64_t seed;

	for (seed = 20; seed < 30; seed++) {
		pattern_fill(map, self->bo.size, seed);
		switch (seed % 3) {
		case 0:
			ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
			break;
		case 1:
			ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT,
						     MOCKGPU_MOVE_NEW_PAGES));
			break;
		default:
			ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
		}
		EXPECT_EQ(0, pattern_differences(map, self->bo.size, seed));
	}
	EXPECT_EQ(0, munmap(map, self->bo.size));
}

TEST_F(dmabuf, every_kind_can_be_shared)
{
	uint32_t kind, caching;
	struct mockgpu_bo bo;
	void *map;
	int fd;

	for (kind = 0; kind < MOCKGPU_KIND_COUNT; kind++) {
		for (caching = 0; caching < MOCKGPU_CACHING_COUNT; caching++) {
			ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, kind,
						       kind == MOCKGPU_KIND_TTM ? 0 : 9, caching,
						       70 * self->page, &bo));
			fd = mockgpu_bo_export(&bo);
			ASSERT_LE(0, fd);
			map = map_fd(_metadata, fd, bo.size);
			EXPECT_EQ(0, mockgpu_bo_map(&bo, NULL));
			pattern_fill(map, bo.size, kind);
			EXPECT_EQ(0, pattern_differences(bo.map, bo.size, kind))
				TH_LOG("%s, %s", mockgpu_kind_name(kind),
				       mockgpu_caching_name(caching));
			EXPECT_EQ(0, munmap(map, bo.size));
			EXPECT_EQ(0, close(fd));
			EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
		}
	}
}

/* Whether that pins the buffer is up to vgem: 6.1 and 6.12 map it at once, 7.2 does not. */
TEST_F(dmabuf, vgem_can_import_it)
{
	int vgem = exporter_vgem_open(), again;
	struct mockgpu_buffer buffer;
	uint32_t handle;

	if (vgem == -ENOENT)
		SKIP(return, "this kernel has no vgem");
	ASSERT_LE(0, vgem);
	ASSERT_EQ(0, drmPrimeFDToHandle(vgem, self->fd, &handle));
	buffer = first_buffer(_metadata, self->driver.fd);
	EXPECT_EQ(1, buffer.exported);
	EXPECT_EQ(1, buffer.attached);
	EXPECT_STREQ("gtt", buffer.placement);
	/* vgem returns the same dma-buf. */
	ASSERT_EQ(0, drmPrimeHandleToFD(vgem, handle, DRM_CLOEXEC | DRM_RDWR, &again));
	EXPECT_EQ(inode(_metadata, self->fd), inode(_metadata, again));
	EXPECT_EQ(0, close(again));

	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
	driver_expect_usage(_metadata, &self->driver, 1, 32);
	EXPECT_EQ(0, drmCloseBufferHandle(vgem, handle));
	driver_expect_usage(_metadata, &self->driver, 0, 0);
	EXPECT_EQ(0, close(vgem));
}

TEST_F(dmabuf, vgem_lets_it_go)
{
	int vgem = exporter_vgem_open();
	struct mockgpu_buffer buffer;
	uint32_t handle;

	if (vgem == -ENOENT)
		SKIP(return, "this kernel has no vgem");
	ASSERT_LE(0, vgem);
	ASSERT_EQ(0, drmPrimeFDToHandle(vgem, self->fd, &handle));
	EXPECT_EQ(0, drmCloseBufferHandle(vgem, handle));
	buffer = first_buffer(_metadata, self->driver.fd);
	EXPECT_EQ(0, buffer.attached);
	EXPECT_EQ(0, buffer.pins);
	EXPECT_EQ(0, close(vgem));
}

TEST_F(dmabuf, the_device_copies_between_buffers)
{
	struct mockgpu_bo other;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0,
				       MOCKGPU_CACHING_WC, self->bo.size, &other));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	ASSERT_EQ(0, mockgpu_bo_map(&other, NULL));
	pattern_fill(self->bo.map, self->bo.size, 9);
	ASSERT_EQ(0, mockgpu_bo_copy(&other, 0, &self->bo, 0, other.size));
	EXPECT_EQ(0, pattern_differences(other.map, other.size, 9));

	/* An odd size, across page boundaries, with nothing changed around it. */
	memset(other.map, 0, other.size);
	ASSERT_EQ(0, mockgpu_bo_copy(&other, 3, &self->bo, 5, self->page + 7));
	EXPECT_EQ(0, memcmp((char *)other.map + 3, (char *)self->bo.map + 5, self->page + 7));
	EXPECT_EQ(0, ((char *)other.map)[2]);
	EXPECT_EQ(0, ((char *)other.map)[3 + self->page + 7]);
	EXPECT_EQ(0, first_buffer(_metadata, self->driver.fd).pins);

	/* From VRAM, and from a buffer that must be swapped in first. */
	pattern_fill(self->bo.map, self->bo.size, 10);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_copy(&other, 0, &self->bo, 0, other.size));
	EXPECT_EQ(0, pattern_differences(other.map, other.size, 10));
	pattern_fill(other.map, other.size, 11);
	ASSERT_EQ(0, mockgpu_bo_swapout(&other));
	ASSERT_EQ(0, mockgpu_bo_copy(&self->bo, 0, &other, 0, other.size));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 11));
	EXPECT_STREQ("vram", first_buffer(_metadata, self->driver.fd).placement);
	ASSERT_EQ(0, mockgpu_bo_revoke(&other));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&self->bo, 0, &other, 0, other.size));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&other, 0, &self->bo, 0, other.size));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* Number of dma-bufs on the whole machine. */
static int dmabuf_count(void)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "re");
	char line[256];
	int count = -1;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "Total ", 6))
			count = strtol(line + 6, NULL, 10);
	fclose(file);
	return count;
}

static void share_once(struct __test_metadata *_metadata, int fd, int client, size_t size)
{
	struct mockgpu_bo bo, again;
	void *map;
	int dmabuf;

	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_NONCOMPOUND, 1, 0, size, &bo));
	dmabuf = mockgpu_bo_export(&bo);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, mockgpu_bo_import(client, dmabuf, &again));
	map = map_fd(_metadata, dmabuf, size);
	*(volatile char *)map = 1;
	ASSERT_EQ(0, mockgpu_bo_move(&again, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(1, *(volatile char *)map);
	EXPECT_EQ(0, munmap(map, size));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, close(dmabuf));
	EXPECT_EQ(0, mockgpu_bo_destroy(&again));
}

TEST_F(dmabuf, a_thousand_rounds_leave_nothing)
{
	int client = mockgpu_open(NULL, 0), before = dmabuf_count(), i, tries;

	ASSERT_LE(0, client);
	ASSERT_LE(1, before)
		TH_LOG("debugfs does not tell how many dma-bufs there are");
	for (i = 0; i < 1000; i++)
		share_once(_metadata, self->driver.fd, client, 3 * self->page);
	driver_expect_usage(_metadata, &self->driver, 1, 32);
	for (tries = 0; tries < 100 && dmabuf_count() > before; tries++)
		usleep(10000);
	EXPECT_EQ(before, dmabuf_count());
	EXPECT_EQ(0, close(client));
}

static int copy_raw(int fd, struct drm_mockgpu_bo_copy args)
{
	return drmIoctl(fd, DRM_IOCTL_MOCKGPU_BO_COPY, &args) ? -errno : 0;
}

TEST_F(dmabuf, a_bad_copy_is_refused)
{
	struct drm_mockgpu_bo_copy good = { .src = self->bo.handle, .size = self->page }, bad;
	int fd = self->driver.fd, bit;
	struct mockgpu_bo other;

	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, 2 * self->page, &other));
	good.dst = other.handle;
	EXPECT_EQ(0, copy_raw(fd, good));
	for (bit = 0; bit < 32; bit++) {
		bad = good;
		bad.flags = 1u << bit;
		EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
		bad = good;
		bad.reserved = 1u << bit;
		EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	}
	bad = good;
	bad.size = 0;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad.size = 2 * self->page + 1;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad.size = ~0ull;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad = good;
	bad.dst_offset = self->page + 1;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad.dst_offset = ~0ull - self->page + 1;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad = good;
	bad.src_offset = self->bo.size;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad = good;
	bad.dst = bad.src;
	EXPECT_EQ(-EINVAL, copy_raw(fd, bad));
	bad = good;
	bad.dst = 0;
	EXPECT_EQ(-ENOENT, copy_raw(fd, bad));
	bad = good;
	bad.src = ~0u;
	EXPECT_EQ(-ENOENT, copy_raw(fd, bad));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* Buffers of other exporters, imported. */
FIXTURE(foreign) {
	struct driver driver;
	size_t size;
	struct mockgpu_bo bo;
	int fd;
	void *map;
};

FIXTURE_VARIANT(foreign) {
	int (*create)(size_t size);
};

FIXTURE_VARIANT_ADD(foreign, vgem) {
	.create = exporter_vgem,
};

FIXTURE_VARIANT_ADD(foreign, udmabuf) {
	.create = exporter_udmabuf,
};

FIXTURE_VARIANT_ADD(foreign, heap) {
	.create = exporter_heap,
};

FIXTURE_SETUP(foreign)
{
	driver_setup(_metadata, &self->driver);
	self->size = PAGES * self->driver.page;
	self->fd = variant->create(self->size);
	if (self->fd == -ENOENT)
		SKIP(return, "this kernel has no such exporter");
	ASSERT_LE(0, self->fd);
	self->map = map_fd(_metadata, self->fd, self->size);
	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->fd, &self->bo));
}

FIXTURE_TEARDOWN(foreign)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	if (self->map)
		EXPECT_EQ(0, munmap(self->map, self->size));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(foreign, it_is_a_buffer_without_pages_of_ours)
{
	struct mockgpu_buffer buffer = first_buffer(_metadata, self->driver.fd);
	struct drm_mockgpu_page page;

	EXPECT_EQ(MOCKGPU_KIND_IMPORT, self->bo.kind);
	EXPECT_EQ(self->size, self->bo.size);
	EXPECT_STREQ("import", buffer.kind);
	EXPECT_EQ(self->size, buffer.size);
	driver_expect_usage(_metadata, &self->driver, 1, 0);
	EXPECT_EQ(-ENODATA, mockgpu_bo_pages(&self->bo, 0, 1, &page));
	EXPECT_EQ(-ENODATA, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(-ENODATA, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 0));
	EXPECT_EQ(0, mockgpu_bo_zap(&self->bo));
}

TEST_F(foreign, it_is_not_ours_to_move)
{
	uint32_t place;

	for (place = 0; place < MOCKGPU_PLACEMENT_COUNT; place++)
		EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, place, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(-EINVAL, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(-ENOENT, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	EXPECT_EQ(-EINVAL, mockgpu_bo_set_caching(&self->bo, MOCKGPU_CACHING_WC));
	EXPECT_EQ(-EINVAL, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-EINVAL, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_SINGLE, 0));
}

TEST_F(foreign, our_mapping_is_the_exporters)
{
	size_t page = self->driver.page;
	uint64_t offset;
	void *part;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->map, self->size, 10);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->size, 10));
	pattern_fill(self->bo.map, self->size, 11);
	EXPECT_EQ(0, pattern_differences(self->map, self->size, 11));

	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
	part = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, self->bo.fd, offset);
	ASSERT_NE(MAP_FAILED, part);
	EXPECT_EQ(0, memcmp(part, self->map, 2 * page));
	EXPECT_EQ(0, munmap(part, 2 * page));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->size + page, PROT_READ, MAP_SHARED, self->bo.fd,
				   offset));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(foreign, the_device_reads_and_writes_it)
{
	struct mockgpu_buffer buffer;
	struct mockgpu_bo own;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 2, 0,
				       self->size, &own));
	ASSERT_EQ(0, mockgpu_bo_map(&own, NULL));
	pattern_fill(self->map, self->size, 12);
	ASSERT_EQ(0, mockgpu_bo_copy(&own, 0, &self->bo, 0, self->size));
	EXPECT_EQ(0, pattern_differences(own.map, self->size, 12));
	pattern_fill(own.map, self->size, 13);
	ASSERT_EQ(0, mockgpu_bo_copy(&self->bo, 0, &own, 0, self->size));
	EXPECT_EQ(0, pattern_differences(self->map, self->size, 13));

	/* The access above made the import get addresses for the device. */
	buffer = first_buffer(_metadata, self->driver.fd);
	EXPECT_STREQ("gtt", buffer.placement);
	EXPECT_EQ(1, buffer.populated);
	EXPECT_LE(1, buffer.segments);
	EXPECT_GE(PAGES, buffer.segments);
	EXPECT_NE(0, buffer.address);
	EXPECT_EQ(0, mockgpu_bo_destroy(&own));
}

TEST_F(foreign, our_export_of_it_is_the_exporters_dmabuf)
{
	int fd = mockgpu_bo_export(&self->bo);

	ASSERT_LE(0, fd);
	EXPECT_EQ(inode(_metadata, self->fd), inode(_metadata, fd));
	EXPECT_EQ(0, close(fd));
}

TEST_F(foreign, a_second_import_is_the_same_handle_in_one_client_only)
{
	int client = mockgpu_open(NULL, 0);
	struct mockgpu_bo again, other;

	ASSERT_LE(0, client);
	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->fd, &again));
	EXPECT_EQ(self->bo.handle, again.handle);
	ASSERT_EQ(0, mockgpu_bo_import(client, self->fd, &other));
	driver_expect_usage(_metadata, &self->driver, 2, 0);
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	driver_expect_usage(_metadata, &self->driver, 1, 0);
	EXPECT_EQ(0, close(client));
}

TEST_F(foreign, our_handle_keeps_the_memory)
{
	pattern_fill(self->map, self->size, 14);
	ASSERT_EQ(0, munmap(self->map, self->size));
	self->map = NULL;
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->size, 14));
}

TEST_F(foreign, a_mapping_keeps_the_memory_without_our_handle)
{
	uint32_t handle = self->bo.handle;

	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->size, 15);
	ASSERT_EQ(0, drmCloseBufferHandle(self->driver.fd, handle));
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	driver_expect_usage(_metadata, &self->driver, 0, 0);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->size, 15));
	EXPECT_EQ(0, pattern_differences(self->map, self->size, 15));
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	self->bo.handle = 0;
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
