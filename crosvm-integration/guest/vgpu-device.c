// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest: the device's configuration, blobs of guest memory, timelines, and invalid
 * requests. It touches no memory of the host, so it passes on every host kernel.
 */

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include <drm/virtgpu_drm.h>
#include <xf86drm.h>

#include "../../test-app/guest/protocol.h"
#include "cross_domain.h"
#include "patience.h"
#include "virtgpu.h"

#define PAGE GUEST_PAGE_SIZE
#define SEED 0x5eedull

FIXTURE(device) {
	int fd;
};

FIXTURE_SETUP(device)
{
	self->fd = virtgpu_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
}

TEST_F(device, params)
{
	EXPECT_EQ(1, virtgpu_param(self->fd, VIRTGPU_PARAM_3D_FEATURES));
	EXPECT_EQ(1, virtgpu_param(self->fd, VIRTGPU_PARAM_RESOURCE_BLOB));
	EXPECT_EQ(1, virtgpu_param(self->fd, VIRTGPU_PARAM_HOST_VISIBLE));
	EXPECT_EQ(1, virtgpu_param(self->fd, VIRTGPU_PARAM_CROSS_DEVICE));
	EXPECT_EQ(1, virtgpu_param(self->fd, VIRTGPU_PARAM_CONTEXT_INIT));
	EXPECT_EQ(1 << VIRTIO_GPU_CAPSET_CROSS_DOMAIN,
		  virtgpu_param(self->fd, VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs));
}

TEST_F(device, capset)
{
	struct cross_domain_caps caps = { 0 };
	struct drm_virtgpu_get_caps args = {
		.cap_set_id = VIRTIO_GPU_CAPSET_CROSS_DOMAIN,
		.addr = (uintptr_t)&caps,
		.size = sizeof(caps),
	};

	ASSERT_EQ(0, drmIoctl(self->fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &args));
	EXPECT_EQ(1, caps.version);
	EXPECT_EQ(1, caps.supports_dmabuf);
}

/* Pages of the guest that the host reads and writes without a copy. */
TEST_F(device, guest_blob)
{
	const uint64_t pages = 64;
	struct virtgpu_blob blob, report;
	const struct vgpu_report *result;
	uint64_t *words, page;
	size_t i;

	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, PAGE, &report));
	ASSERT_EQ(0, virtgpu_blob_map(&report));
	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, pages * PAGE,
					 &blob));
	ASSERT_EQ(0, virtgpu_blob_map(&blob));
	words = blob.map;
	ASSERT_EQ(0, virtgpu_fill(&blob, SEED, 0, pages));
	for (page = 0; page < pages; page++) {
		for (i = 0; i < GUEST_WORDS; i++)
			EXPECT_EQ(guest_value(SEED, page, guest_words[i]),
				  words[page * PAGE / 8 + guest_words[i]]);
	}
	words[17 * PAGE / 8 + 64] = 0xbad;
	result = virtgpu_check(&blob, &report, SEED, 0, pages);
	ASSERT_NE(NULL, result);
	EXPECT_EQ(pages, result->pages);
	EXPECT_EQ(1, result->wrong_words);
	EXPECT_EQ(17, result->wrong_page);
	EXPECT_EQ(64, result->wrong_word);
	EXPECT_EQ(0xbad, result->seen);
	virtgpu_blob_destroy(&blob);
	virtgpu_blob_destroy(&report);
}

TEST_F(device, bad_blobs)
{
	static const uint64_t bad[] = {
		VGPU_SOURCE_HEAP + 1,
		1ull << 40,
		VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, 99, 0, 0),
		VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, 1, 11, 0),
	};
	struct virtgpu_blob blob;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_EQ(0, virtgpu_vram_create(self->fd, bad[i], PAGE, &blob));
		EXPECT_EQ(-EINVAL, virtgpu_blob_map(&blob));
		virtgpu_blob_destroy(&blob);
	}
	/* Without the mappable flag. */
	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_HOST3D, 0,
					 VGPU_BLOB_ID_MEMFD, PAGE, &blob));
	EXPECT_EQ(-EINVAL, virtgpu_blob_map(&blob));
	virtgpu_blob_destroy(&blob);
}

/* Fits into the window of vhost-gpu, and is larger than a guest's blobs may be. */
TEST_F(device, a_large_blob)
{
	struct virtgpu_blob blob;

	ASSERT_EQ(0, virtgpu_vram_create(self->fd, VGPU_BLOB_ID_MEMFD, 1ull << 32, &blob));
	EXPECT_EQ(-EINVAL, virtgpu_blob_map(&blob));
	virtgpu_blob_destroy(&blob);
}

TEST_F(device, uuid)
{
	struct virtgpu_blob blob;
	int dmabuf;

	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_HOST3D,
					 VIRTGPU_BLOB_FLAG_USE_SHAREABLE |
					 VIRTGPU_BLOB_FLAG_USE_CROSS_DEVICE,
					 VGPU_BLOB_ID_MEMFD, PAGE, &blob));
	EXPECT_EQ(0, drmPrimeHandleToFD(self->fd, blob.handle, DRM_CLOEXEC, &dmabuf));
	close(dmabuf);
	virtgpu_blob_destroy(&blob);
}

static bool is_signaled(int fence, int milliseconds)
{
	struct pollfd fd = { .fd = fence, .events = POLLIN };

	return poll(&fd, 1, milliseconds) == 1;
}

/* A waiting ring delays its own fences and not those of other rings. */
TEST_F(device, rings)
{
	struct vgpu_cmd_ring hold = {
		.header = { VGPU_OP_HOLD, sizeof(hold) }, .ring_idx = 2,
	};
	struct vgpu_cmd_ring release = {
		.header = { VGPU_OP_RELEASE, sizeof(release) }, .ring_idx = 2,
	};
	int held, behind, other, last;

	ASSERT_EQ(0, virtgpu_context(self->fd, 0, 4));
	ASSERT_EQ(0, virtgpu_submit(self->fd, &hold, sizeof(hold), 2, NULL, &held));
	ASSERT_EQ(0, virtgpu_submit(self->fd, &hold, sizeof(hold), 2, NULL, &behind));
	ASSERT_EQ(0, virtgpu_submit(self->fd, &hold, 0, 3, NULL, &other));
	EXPECT_TRUE(is_signaled(other, PATIENCE_MS));
	EXPECT_FALSE(is_signaled(held, 100));
	EXPECT_FALSE(is_signaled(behind, 0));
	ASSERT_EQ(0, virtgpu_submit(self->fd, &release, sizeof(release), 1, NULL, &last));
	EXPECT_TRUE(is_signaled(last, PATIENCE_MS));
	EXPECT_TRUE(is_signaled(held, PATIENCE_MS));
	EXPECT_TRUE(is_signaled(behind, PATIENCE_MS));
	close(held);
	close(behind);
	close(other);
	close(last);
}

/* In a process of its own: hold ring 1 until the parent says so. Return: what went wrong, or 0. */
static int hold_for_parent(int to_parent, int from_parent)
{
	struct vgpu_cmd_ring ring = {
		.header = { VGPU_OP_HOLD, sizeof(ring) }, .ring_idx = 1,
	};
	int held, last, fd = virtgpu_open();
	char byte = 0;

	if (fd < 0 || virtgpu_context(fd, 0, 2) ||
	    virtgpu_submit(fd, &ring, sizeof(ring), 1, NULL, &held) || is_signaled(held, 100))
		return __LINE__;
	if (write(to_parent, &byte, 1) != 1 || read(from_parent, &byte, 1) != 1)
		return __LINE__;
	/* The parent's fences have not signaled this one. */
	if (is_signaled(held, 0))
		return __LINE__;
	ring.header.op = VGPU_OP_RELEASE;
	if (virtgpu_submit(fd, &ring, sizeof(ring), 0, NULL, &last))
		return __LINE__;
	return is_signaled(last, PATIENCE_MS) && is_signaled(held, PATIENCE_MS) ? 0 : __LINE__;
}

/* Timelines of the same number in two processes do not wait for each other. */
TEST_F(device, rings_of_two_processes)
{
	struct vgpu_cmd_ring hold = {
		.header = { VGPU_OP_HOLD, sizeof(hold) }, .ring_idx = 1,
	};
	int from_child[2], to_child[2], other, held, status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(from_child));
	ASSERT_EQ(0, pipe(to_child));
	pid = fork();
	if (!pid)
		_exit(hold_for_parent(from_child[1], to_child[0]) ? 1 : 0);
	ASSERT_LT(0, pid);
	ASSERT_EQ(1, read(from_child[0], &byte, 1));
	ASSERT_EQ(0, virtgpu_context(self->fd, 0, 2));
	ASSERT_EQ(0, virtgpu_submit(self->fd, &hold, 0, 1, NULL, &other));
	EXPECT_TRUE(is_signaled(other, PATIENCE_MS));
	/* Now both hold theirs, and the child's end must not be ours. */
	ASSERT_EQ(0, virtgpu_submit(self->fd, &hold, sizeof(hold), 1, NULL, &held));
	ASSERT_EQ(1, write(to_child[1], &byte, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_FALSE(is_signaled(held, 100));
	hold.header.op = VGPU_OP_RELEASE;
	ASSERT_EQ(0, virtgpu_submit(self->fd, &hold, sizeof(hold), 0, NULL, NULL));
	EXPECT_TRUE(is_signaled(held, PATIENCE_MS));
	close(held);
	close(other);
}

/* Closing a file with a waiting ring must signal the ring's fences. */
TEST_F(device, rings_end_with_their_context)
{
	struct vgpu_cmd_ring hold = { .header = { VGPU_OP_HOLD, sizeof(hold) } };
	int fence, fd = virtgpu_open();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, virtgpu_context(fd, 0, 1));
	ASSERT_EQ(0, virtgpu_submit(fd, &hold, sizeof(hold), 0, NULL, &fence));
	EXPECT_FALSE(is_signaled(fence, 100));
	close(fd);
	EXPECT_TRUE(is_signaled(fence, PATIENCE_MS));
	close(fence);
}

TEST_HARNESS_MAIN
