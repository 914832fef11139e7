// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest: a client of a cross-domain context (capset 5) without a channel. It queries
 * the requirements of an image, has it created, maps it, fills it and reads it back through a
 * dma-buf.
 *
 * It works with crosvm and with the device model: it uses nothing that only the model has.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <termios.h>

#include "kselftest_harness.h"

#include <drm/virtgpu_drm.h>
#include <drm_fourcc.h>
#include <xf86drm.h>

#include "cross_domain.h"
#include "patience.h"
#include "virtgpu.h"
#include "access_order.h"

#define PAGE 4096
#define WIDTH 640
#define HEIGHT 360

FIXTURE(cross_domain) {
	int fd;
	struct virtgpu_blob ring;
	struct cross_domain_image_requirements *reply;
};

FIXTURE_SETUP(cross_domain)
{
	struct cross_domain_init init = {
		.hdr.cmd = CROSS_DOMAIN_CMD_INIT,
		.hdr.cmd_size = sizeof(init),
	};

	/* Flush the test's name: its first access may end the VMM. */
	tcdrain(STDOUT_FILENO);
	self->fd = virtgpu_open();
	ASSERT_LE(0, self->fd);
	if (!(virtgpu_param(self->fd, VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs) &
	      1 << VIRTIO_GPU_CAPSET_CROSS_DOMAIN))
		SKIP(return, "the device has no cross-domain contexts");
	ASSERT_EQ(0, virtgpu_context(self->fd, VIRTIO_GPU_CAPSET_CROSS_DOMAIN, 1));
	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, PAGE, &self->ring));
	ASSERT_EQ(0, virtgpu_blob_map(&self->ring));
	self->reply = self->ring.map;
	init.query_ring_id = self->ring.res;
	ASSERT_EQ(0, virtgpu_submit(self->fd, &init, sizeof(init), -1, NULL, NULL));
}

FIXTURE_TEARDOWN(cross_domain)
{
	virtgpu_blob_destroy(&self->ring);
	close(self->fd);
}

/* Send the query and wait; 0 or -errno. Without an answer the reply does not change. */
static int image_ask(int fd, const struct virtgpu_blob *ring, uint32_t format)
{
	struct cross_domain_get_image_requirements ask = {
		.hdr.cmd = CROSS_DOMAIN_CMD_GET_IMAGE_REQUIREMENTS,
		.hdr.cmd_size = sizeof(ask),
		.hdr.ring_idx = CROSS_DOMAIN_QUERY_RING,
		.width = WIDTH,
		.height = HEIGHT,
		.drm_format = format,
		.flags = CROSS_DOMAIN_USE_LINEAR | CROSS_DOMAIN_USE_SW_READ_OFTEN |
			 CROSS_DOMAIN_USE_SW_WRITE_OFTEN,
	};
	int ret;

	memset(ring->map, 0, sizeof(struct cross_domain_image_requirements));
	ret = virtgpu_submit(fd, &ask, sizeof(ask), CROSS_DOMAIN_QUERY_RING, ring, NULL);
	return ret ? ret : virtgpu_wait(ring);
}

static uint32_t pixel(uint32_t x, uint32_t y)
{
	return (y << 16 | x) * 2654435761u;
}

static uint32_t *line_of(void *map, const struct cross_domain_image_requirements *reply,
			 uint32_t y)
{
	return (uint32_t *)((char *)map + reply->offsets[0] +
			    (size_t)y * reply->strides[0]);
}

/* Fill the image. Return: how many of its pages were touched. */
static size_t draw(void *map, const struct cross_domain_image_requirements *reply)
{
	uintptr_t page, last = 0;
	size_t pages = 0;
	uint32_t x, y;

	for (y = 0; y < HEIGHT; y++) {
		for (x = 0; x < WIDTH; x++) {
			line_of(map, reply, y)[x] = pixel(x, y);
			page = (uintptr_t)(line_of(map, reply, y) + x) / PAGE;
			pages += page != last;
			last = page;
		}
	}
	return pages;
}

static size_t wrong_pixels(void *map, const struct cross_domain_image_requirements *reply)
{
	size_t wrong = 0;
	uint32_t x, y;

	for (y = 0; y < HEIGHT; y++) {
		for (x = 0; x < WIDTH; x++)
			wrong += line_of(map, reply, y)[x] != pixel(x, y);
	}
	return wrong;
}

TEST_F(cross_domain, requirements)
{
	const struct cross_domain_image_requirements *reply = self->reply;

	ASSERT_EQ(0, image_ask(self->fd, &self->ring, DRM_FORMAT_XRGB8888));
	EXPECT_LE(WIDTH * 4, reply->strides[0]);
	EXPECT_LE(reply->offsets[0] + (uint64_t)reply->strides[0] * HEIGHT, reply->size);
	EXPECT_EQ(0, reply->size % PAGE);
	EXPECT_EQ(DRM_FORMAT_MOD_LINEAR, reply->modifier);
	EXPECT_NE(0, reply->blob_id);
	EXPECT_TRUE(reply->map_info >= 1 && reply->map_info <= 3);
}

TEST_F(cross_domain, image)
{
	struct cross_domain_image_requirements reply;
	struct virtgpu_blob image;
	size_t touched;
	void *shared;
	int dmabuf;

	ASSERT_EQ(0, image_ask(self->fd, &self->ring, DRM_FORMAT_XRGB8888));
	reply = *self->reply;
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, reply.blob_id, reply.size, &image));
	ASSERT_EQ(0, virtgpu_blob_map(&image));
	touched = draw(image.map, &reply);
	ASSERT_EQ(0, drmPrimeHandleToFD(self->fd, image.handle, DRM_CLOEXEC | DRM_RDWR,
					&dmabuf));
	virtgpu_blob_destroy(&image);
	shared = mmap(NULL, reply.size, PROT_READ, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, shared);
	EXPECT_EQ(0, wrong_pixels(shared, &reply));
	munmap(shared, reply.size);
	close(dmabuf);
	report_touched(touched);
}

TEST_F(cross_domain, images_differ)
{
	struct cross_domain_image_requirements reply;
	struct virtgpu_blob first, second;
	size_t i, touched, wrong = 0;

	ASSERT_EQ(0, image_ask(self->fd, &self->ring, DRM_FORMAT_XRGB8888));
	reply = *self->reply;
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, reply.blob_id, reply.size, &first));
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, reply.blob_id, reply.size, &second));
	ASSERT_EQ(0, virtgpu_blob_map(&first));
	ASSERT_EQ(0, virtgpu_blob_map(&second));
	touched = draw(first.map, &reply);
	for (i = 0; i < reply.size; i += PAGE) {
		wrong += ((char *)second.map)[i] != 0;
		touched++;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, wrong_pixels(first.map, &reply));
	virtgpu_blob_destroy(&first);
	virtgpu_blob_destroy(&second);
	report_touched(touched);
}

TEST_F(cross_domain, wrong_sizes_and_names_are_refused)
{
	struct virtgpu_blob image;

	ASSERT_EQ(0, image_ask(self->fd, &self->ring, DRM_FORMAT_XRGB8888));
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, self->reply->blob_id,
					 self->reply->size + PAGE, &image));
	EXPECT_EQ(-EINVAL, virtgpu_blob_map(&image));
	virtgpu_blob_destroy(&image);
	ASSERT_EQ(0, virtgpu_vram_create(self->fd, 0x7ffffffe, self->reply->size, &image));
	EXPECT_EQ(-EINVAL, virtgpu_blob_map(&image));
	virtgpu_blob_destroy(&image);
}

TEST_F(cross_domain, an_unknown_format_is_refused)
{
	ASSERT_EQ(0, image_ask(self->fd, &self->ring, 0x21212121));
	EXPECT_EQ(0, self->reply->size);
}

TEST_HARNESS_MAIN
