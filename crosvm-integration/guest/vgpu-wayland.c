// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest of crosvm: a client of a cross-domain context's channel, with buffer-gpu
 * --protocol wayland at its other end. It receives a descriptor as a blob, maps the blob and
 * touches all of it, in the order of access_order.h.
 */

#include <fcntl.h>
#include <poll.h>
#include <termios.h>

#include "kselftest_harness.h"

#include <drm/virtgpu_drm.h>
#include <xf86drm.h>

#include "cross_domain.h"
#include "patience.h"
#include "virtgpu.h"
#include "access_order.h"

#define PAGE 4096
#define WORDS (PAGE / sizeof(uint64_t))

FIXTURE(wayland) {
	int fd;
	struct virtgpu_blob query;
	struct virtgpu_blob channel;
};

static bool has_channel(int fd)
{
	struct cross_domain_caps caps = { 0 };
	struct drm_virtgpu_get_caps args = {
		.cap_set_id = VIRTIO_GPU_CAPSET_CROSS_DOMAIN,
		.addr = (uintptr_t)&caps,
		.size = sizeof(caps),
	};

	return !drmIoctl(fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &args) &&
	       caps.supported_channels & 1 << CROSS_DOMAIN_CHANNEL_TYPE_WAYLAND;
}

static int ring_create(int fd, struct virtgpu_blob *ring)
{
	int ret = virtgpu_blob_create(fd, VIRTGPU_BLOB_MEM_GUEST,
				      VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, PAGE, ring);

	return ret ? ret : virtgpu_blob_map(ring);
}

FIXTURE_SETUP(wayland)
{
	struct cross_domain_init init = {
		.hdr.cmd = CROSS_DOMAIN_CMD_INIT,
		.hdr.cmd_size = sizeof(init),
		.channel_type = CROSS_DOMAIN_CHANNEL_TYPE_WAYLAND,
	};

	/* Flush the test's name: its first access may end the VMM. */
	tcdrain(STDOUT_FILENO);
	self->fd = virtgpu_open();
	ASSERT_LE(0, self->fd);
	if (!has_channel(self->fd))
		SKIP(return, "the device's cross-domain contexts have no Wayland channel");
	ASSERT_EQ(0, virtgpu_context(self->fd, VIRTIO_GPU_CAPSET_CROSS_DOMAIN, 2));
	ASSERT_EQ(0, ring_create(self->fd, &self->query));
	ASSERT_EQ(0, ring_create(self->fd, &self->channel));
	init.query_ring_id = self->query.res;
	init.channel_ring_id = self->channel.res;
	ASSERT_EQ(0, virtgpu_submit(self->fd, &init, sizeof(init), -1, NULL, NULL));
}

FIXTURE_TEARDOWN(wayland)
{
	virtgpu_blob_destroy(&self->channel);
	virtgpu_blob_destroy(&self->query);
	close(self->fd);
}

/* Wait for data in the channel's resource; 0 or -errno. */
static int channel_wait(int fd)
{
	struct cross_domain_poll ask = {
		.hdr.cmd = CROSS_DOMAIN_CMD_POLL,
		.hdr.cmd_size = sizeof(ask),
		.hdr.ring_idx = CROSS_DOMAIN_CHANNEL_RING,
	};
	struct pollfd fence = { .events = POLLIN };
	int ret = virtgpu_submit(fd, &ask, sizeof(ask), CROSS_DOMAIN_CHANNEL_RING, NULL,
				 &fence.fd);

	if (ret)
		return ret;
	ret = poll(&fence, 1, PATIENCE_MS) == 1 ? 0 : -ETIMEDOUT;
	close(fence.fd);
	return ret;
}

/*
 * How many descriptors each array has room for. The types follow the identifiers: where a
 * shorter array ends, the type of the first descriptor is not 0.
 */
static size_t room_of(const struct cross_domain_receive *message)
{
	return message->arrays[4] == CROSS_DOMAIN_ID_TYPE_VIRTGPU_BLOB ? 4 : 28;
}

static size_t wrong_pages(const uint64_t *words, size_t pages, uint64_t value)
{
	size_t step, wrong = 0;

	for (step = 0; step < pages; step++) {
		size_t page = page_in_order(step, pages);
		uint64_t right = value ? value ^ page : 0;

		wrong += ((volatile const uint64_t *)words)[page * WORDS] != right;
	}
	return wrong;
}

/* Write to every page. Return: the number of pages. */
static size_t write_pages(uint64_t *words, size_t pages, uint64_t value)
{
	size_t step;

	for (step = 0; step < pages; step++) {
		size_t page = page_in_order(step, pages);

		((volatile uint64_t *)words)[page * WORDS] = value ^ page;
	}
	return step;
}

TEST_F(wayland, received)
{
	const struct cross_domain_receive *message = self->channel.map;
	struct virtgpu_blob blob;
	size_t room, touched;
	uint64_t size;

	ASSERT_EQ(0, channel_wait(self->fd));
	ASSERT_EQ(CROSS_DOMAIN_CMD_RECEIVE, message->hdr.cmd);
	ASSERT_EQ(1, message->num_identifiers);
	ASSERT_EQ(sizeof(size), message->opaque_data_size);
	room = room_of(message);
	memcpy(&size, message->arrays + 3 * room, sizeof(size));
	ASSERT_EQ(CROSS_DOMAIN_ID_TYPE_VIRTGPU_BLOB, message->arrays[room]);
	ASSERT_EQ(size, message->arrays[2 * room]);
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, message->arrays[0], size, &blob));
	ASSERT_EQ(0, virtgpu_blob_map(&blob));
	EXPECT_EQ(0, wrong_pages(blob.map, size / PAGE, 0));
	touched = write_pages(blob.map, size / PAGE, 0x5eed);
	EXPECT_EQ(0, wrong_pages(blob.map, size / PAGE, 0x5eed));
	virtgpu_blob_destroy(&blob);
	report_touched(touched);
}

TEST_HARNESS_MAIN
