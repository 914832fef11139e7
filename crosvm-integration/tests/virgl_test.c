// SPDX-License-Identifier: GPL-2.0-only
/*
 * Our libvirglrenderer.so.1, called as QEMU's virtio-gpu-gl calls it: contexts, blobs of mockgpu
 * and of the guest's pages, fences, images, and requests that it must refuse.
 */

#include <dlfcn.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include <linux/virtio_gpu.h>
#include <virglrenderer.h>

#include "driver.h"
#include "guest/protocol.h"
#include "protocol.h"

/* Of hw-display-virtio-gpu-gl.so, QEMU 11.1; the last one of builds with virglrenderer 1.3. */
static const char *const qemu_symbols[] = {
	"cleanup", "context_create", "context_create_fence", "context_create_with_flags",
	"context_destroy", "create_fence", "ctx_attach_resource", "ctx_detach_resource",
	"fill_caps", "force_ctx_0", "get_cap_set", "get_cursor_data", "init", "poll", "reset",
	"resource_attach_iov", "resource_create", "resource_create_blob", "resource_detach_iov",
	"resource_get_info", "resource_get_info_ext", "resource_get_map_info", "resource_map",
	"resource_unmap", "resource_unref", "submit_cmd", "transfer_read_iov",
	"transfer_write_iov", "resource_map_fixed",
};

#define PAGES 64ull
#define SIZE (PAGES * GUEST_PAGE_SIZE)
#define SEED 0x5eedull
#define CONTEXT 1
#define NONCOMPOUND VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 6, 0)

/* What the callbacks were told, and how often. */
struct told {
	unsigned int fences;
	uint32_t fence;
	unsigned int context_fences;
	uint32_t ring_idx;
	uint64_t context_fence;
};

FIXTURE(virgl) {
	struct driver driver;
	struct told told;
};

static void write_fence(void *cookie, uint32_t fence)
{
	struct told *told = cookie;

	told->fences++;
	told->fence = fence;
}

static void write_context_fence(void *cookie, uint32_t ctx_id, uint32_t ring_idx, uint64_t fence_id)
{
	struct told *told = cookie;

	told->context_fences += ctx_id == CONTEXT;
	told->ring_idx = ring_idx;
	told->context_fence = fence_id;
}

static struct virgl_renderer_callbacks callbacks = {
	.version = 4,
	.write_fence = write_fence,
	.write_context_fence = write_context_fence,
};

FIXTURE_SETUP(virgl)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, virgl_renderer_init(&self->told, 0, &callbacks));
	ASSERT_EQ(0, virgl_renderer_context_create(CONTEXT, 4, "test"));
}

FIXTURE_TEARDOWN(virgl)
{
	virgl_renderer_cleanup(&self->told);
	driver_teardown(_metadata, &self->driver);
}

static int blob_create(uint32_t id, uint64_t blob_id, uint64_t size)
{
	const struct virgl_renderer_resource_create_blob_args args = {
		.res_handle = id,
		.ctx_id = CONTEXT,
		.blob_mem = VIRGL_RENDERER_BLOB_MEM_HOST3D,
		.blob_flags = VIRGL_RENDERER_BLOB_FLAG_USE_MAPPABLE,
		.blob_id = blob_id,
		.size = size,
	};
	int ret = virgl_renderer_resource_create_blob(&args);

	if (!ret)
		virgl_renderer_ctx_attach_resource(CONTEXT, id);
	return ret;
}

static int pages_create(uint32_t id, const struct iovec *iov, unsigned int count, uint64_t size)
{
	const struct virgl_renderer_resource_create_blob_args args = {
		.res_handle = id,
		.ctx_id = CONTEXT,
		.blob_mem = VIRGL_RENDERER_BLOB_MEM_GUEST,
		.size = size,
		.iovecs = iov,
		.num_iovs = count,
	};
	int ret = virgl_renderer_resource_create_blob(&args);

	if (!ret)
		virgl_renderer_ctx_attach_resource(CONTEXT, id);
	return ret;
}

static int pattern(uint32_t op, uint32_t id, uint32_t report_id)
{
	struct vgpu_cmd_pattern command = {
		.header = { op, sizeof(command) },
		.resource_id = id,
		.report_id = report_id,
		.seed = SEED,
		.pages = PAGES,
	};

	return virgl_renderer_submit_cmd(&command, CONTEXT, sizeof(command) / 4);
}

static int ring(uint32_t op, uint32_t ring_idx)
{
	struct vgpu_cmd_ring command = { { op, sizeof(command) }, ring_idx, 0 };

	return virgl_renderer_submit_cmd(&command, CONTEXT, sizeof(command) / 4);
}

static int fence(uint32_t ring_idx, uint64_t fence_id)
{
	return virgl_renderer_context_create_fence(CONTEXT, VIRGL_RENDERER_FENCE_FLAG_MERGEABLE,
						   ring_idx, fence_id);
}

TEST(exports_what_qemu_takes)
{
	void *library = dlopen("libvirglrenderer.so.1", RTLD_NOW | RTLD_NOLOAD);
	char name[64];
	size_t i;

	ASSERT_NE(NULL, library);
	for (i = 0; i < ARRAY_SIZE(qemu_symbols); i++) {
		snprintf(name, sizeof(name), "virgl_renderer_%s", qemu_symbols[i]);
		EXPECT_NE(NULL, dlsym(library, name))
			TH_LOG("%s is missing", name);
	}
	/* It must not be the real one. */
	EXPECT_EQ(NULL, dlsym(library, "virgl_renderer_resource_import_eglimage"));
}

/* QEMU maps what virgl_renderer_resource_map() gives it into the guest. */
TEST_F(virgl, a_blob_is_a_buffer_of_mockgpu)
{
	struct virgl_renderer_resource_info info;
	uint32_t map_info = 0;
	uint64_t size = 0;
	void *map = NULL;

	ASSERT_EQ(0, blob_create(1, NONCOMPOUND, SIZE));
	driver_expect_usage(_metadata, &self->driver, 1, PAGES);
	ASSERT_EQ(0, virgl_renderer_resource_get_info(1, &info));
	EXPECT_LE(0, info.fd);
	EXPECT_EQ(SIZE, lseek(info.fd, 0, SEEK_END));
	ASSERT_EQ(0, virgl_renderer_resource_map(1, &map, &size));
	EXPECT_EQ(SIZE, size);
	EXPECT_EQ(0, virgl_renderer_resource_get_map_info(1, &map_info));
	EXPECT_EQ(VIRGL_RENDERER_MAP_CACHE_CACHED, map_info);
	EXPECT_EQ(0, pattern(VGPU_OP_FILL, 1, 0));
	EXPECT_EQ(0, guest_differences(map, PAGES, SEED));
	EXPECT_EQ(-EINVAL, virgl_renderer_resource_map(1, &map, &size));
	EXPECT_EQ(0, virgl_renderer_resource_unmap(1));
	EXPECT_EQ(-EINVAL, virgl_renderer_resource_unmap(1));
	virgl_renderer_resource_unref(1);
	driver_expect_usage(_metadata, &self->driver, 0, 0);
}

/* The guest's pages are the VMM's memory, and the array of them goes back to it. */
TEST_F(virgl, a_blob_of_the_guests_pages)
{
	static char memory[2][SIZE] __attribute__((aligned(4096)));
	static struct vgpu_report report;
	struct iovec iov[] = { { memory[0], 5 * 4096 }, { memory[1], SIZE - 5 * 4096 } };
	struct iovec reported = { &report, sizeof(report) };
	struct iovec *back = NULL;
	int count = 0;

	ASSERT_EQ(0, pages_create(1, iov, 2, SIZE));
	ASSERT_EQ(0, pages_create(2, &reported, 1, sizeof(report)));
	EXPECT_EQ(0, pattern(VGPU_OP_FILL, 1, 0));
	EXPECT_EQ(0, guest_differences(memory[0], 5, SEED));
	EXPECT_EQ(0, guest_page_differences(memory[1], SEED, 5));
	memory[1][8]++;
	EXPECT_EQ(0, pattern(VGPU_OP_CHECK, 1, 2));
	EXPECT_EQ(PAGES, report.pages);
	EXPECT_EQ(1, report.wrong_words);
	EXPECT_EQ(5, report.wrong_page);
	virgl_renderer_resource_detach_iov(1, &back, &count);
	EXPECT_EQ(&iov[0], back);
	EXPECT_EQ(2, count);
	virgl_renderer_resource_unref(1);
	EXPECT_EQ(-EINVAL, pattern(VGPU_OP_FILL, 1, 0));
}

/* QEMU puts a command among those that wait after it has asked for the fence. */
TEST_F(virgl, fences_are_told_by_poll_only)
{
	ASSERT_EQ(0, virgl_renderer_create_fence(7, 0));
	ASSERT_EQ(0, fence(2, 1ull << 32));
	EXPECT_EQ(0, self->told.fences + self->told.context_fences);
	virgl_renderer_poll();
	EXPECT_EQ(1, self->told.fences);
	EXPECT_EQ(7, self->told.fence);
	EXPECT_EQ(1, self->told.context_fences);
	EXPECT_EQ(2, self->told.ring_idx);
	EXPECT_EQ(1ull << 32, self->told.context_fence);
	virgl_renderer_poll();
	EXPECT_EQ(1, self->told.fences);
	EXPECT_EQ(1, self->told.context_fences);
}

TEST_F(virgl, a_held_ring_delays_its_own_fences)
{
	ASSERT_EQ(0, ring(VGPU_OP_HOLD, 2));
	ASSERT_EQ(0, fence(2, 1));
	ASSERT_EQ(0, fence(2, 2));
	ASSERT_EQ(0, fence(3, 3));
	virgl_renderer_poll();
	EXPECT_EQ(1, self->told.context_fences);
	EXPECT_EQ(3, self->told.context_fence);
	ASSERT_EQ(0, ring(VGPU_OP_RELEASE, 2));
	virgl_renderer_poll();
	EXPECT_EQ(3, self->told.context_fences);
	EXPECT_EQ(2, self->told.context_fence);
	/* A context takes its held fences with it. */
	ASSERT_EQ(0, ring(VGPU_OP_HOLD, 1));
	ASSERT_EQ(0, fence(1, 4));
	virgl_renderer_context_destroy(CONTEXT);
	virgl_renderer_poll();
	EXPECT_EQ(4, self->told.context_fences);
	EXPECT_EQ(4, self->told.context_fence);
}

TEST(a_vmm_that_does_not_poll_is_told_at_once)
{
	struct told told = {};

	ASSERT_EQ(0, virgl_renderer_init(&told, VIRGL_RENDERER_THREAD_SYNC |
					 VIRGL_RENDERER_ASYNC_FENCE_CB, &callbacks));
	ASSERT_EQ(0, virgl_renderer_context_create(CONTEXT, 0, NULL));
	ASSERT_EQ(0, virgl_renderer_create_fence(7, 0));
	EXPECT_EQ(1, told.fences);
	ASSERT_EQ(0, ring(VGPU_OP_HOLD, 2));
	ASSERT_EQ(0, fence(2, 1));
	EXPECT_EQ(0, told.context_fences);
	ASSERT_EQ(0, ring(VGPU_OP_RELEASE, 2));
	EXPECT_EQ(1, told.context_fences);
	virgl_renderer_cleanup(&told);
}

/* More than the control queue has room for, and it is free again afterwards. */
TEST_F(virgl, too_many_fences_are_refused)
{
	unsigned int round, i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 2048 && !fence(0, i); i++)
			;
		EXPECT_LE(256, i);
		EXPECT_GT(2048, i);
		EXPECT_EQ(-ENOMEM, fence(0, i));
		self->told.context_fences = 0;
		virgl_renderer_poll();
		EXPECT_EQ(i, self->told.context_fences);
	}
}

static int image_create(uint32_t id, uint32_t format, uint32_t width, uint32_t height)
{
	struct virgl_renderer_resource_create_args args = {
		.handle = id, .target = 2, .format = format, .bind = 1 << 1, .width = width,
		.height = height, .depth = 1, .array_size = 1, .flags = 1,
	};

	return virgl_renderer_resource_create(&args, NULL, 0);
}

struct box {
	uint32_t x, y, z, w, h, d;
};

static int transfer(uint32_t id, struct box box, uint64_t offset, bool write)
{
	struct virgl_box *at = (struct virgl_box *)&box;

	return write ? virgl_renderer_transfer_write_iov(id, 0, 0, 0, 0, at, offset, NULL, 0) :
		       virgl_renderer_transfer_read_iov(id, 0, 0, 0, 0, at, offset, NULL, 0);
}

/* What a guest's console and cursor need. */
TEST_F(virgl, images)
{
	uint32_t pixels[8 * 4], *copy, width = 0, height = 0;
	struct iovec iov[] = { { pixels, 40 }, { (char *)pixels + 40, sizeof(pixels) - 40 } };
	struct virgl_renderer_resource_info_ext info;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pixels); i++)
		pixels[i] = 1000 + i;
	ASSERT_EQ(0, image_create(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 8, 4));
	ASSERT_EQ(0, virgl_renderer_resource_attach_iov(1, iov, 2));
	ASSERT_EQ(0, virgl_renderer_resource_get_info_ext(1, &info));
	EXPECT_EQ(8, info.base.width);
	EXPECT_EQ(4, info.base.height);
	EXPECT_EQ(-1, info.base.fd);
	/* Two rows of three pixels, from the second row's third pixel on. */
	EXPECT_EQ(0, transfer(1, (struct box){ 2, 1, 0, 3, 2, 1 }, (8 + 2) * 4, true));
	copy = virgl_renderer_get_cursor_data(1, &width, &height);
	ASSERT_NE(NULL, copy);
	EXPECT_EQ(8, width);
	EXPECT_EQ(4, height);
	for (i = 0; i < ARRAY_SIZE(pixels); i++) {
		bool inside = i % 8 >= 2 && i % 8 < 5 && i / 8 >= 1 && i / 8 < 3;

		EXPECT_EQ(inside ? 1000 + i : 0, copy[i]);
	}
	free(copy);
	EXPECT_EQ(0, transfer(1, (struct box){ 0, 0, 0, 8, 4, 1 }, 0, false));
	EXPECT_EQ(0, pixels[0]);
	EXPECT_EQ(1010, pixels[10]);
	/* Not in the image, and not in the guest's pages. */
	EXPECT_EQ(-EINVAL, transfer(1, (struct box){ 2, 0, 0, 7, 1, 1 }, 0, true));
	EXPECT_EQ(-EINVAL, transfer(1, (struct box){ 0, -1, 0, 1, 2, 1 }, 0, true));
	EXPECT_EQ(-EINVAL, transfer(1, (struct box){ 0, 0, 0, 8, 4, 1 }, 4, true));
	EXPECT_EQ(-EINVAL, image_create(1, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 8, 4));
	EXPECT_EQ(-EINVAL, image_create(2, 0, 8, 4));
	EXPECT_EQ(-EINVAL, image_create(2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 1 << 16, 1 << 16));
	EXPECT_EQ(-EINVAL, image_create(2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 0, 1));
}

TEST_F(virgl, bad_requests_are_refused)
{
	uint64_t size;
	void *map;

	EXPECT_EQ(-EINVAL, blob_create(0, NONCOMPOUND, SIZE));
	EXPECT_EQ(-EINVAL, blob_create(1, NONCOMPOUND, SIZE + 1));
	EXPECT_EQ(-EINVAL, blob_create(1, VGPU_SOURCE_HEAP + 1, SIZE));
	EXPECT_EQ(-ENOMEM, blob_create(1, NONCOMPOUND, 1ull << 32));
	EXPECT_EQ(-EINVAL, virgl_renderer_resource_map(1, &map, &size));
	ASSERT_EQ(0, blob_create(1, NONCOMPOUND, SIZE));
	EXPECT_EQ(-EINVAL, blob_create(1, NONCOMPOUND, SIZE));
	EXPECT_EQ(-EINVAL, pages_create(2, NULL, 0, SIZE));
	EXPECT_EQ(-EINVAL, virgl_renderer_context_create(CONTEXT, 0, NULL));
	EXPECT_EQ(-EINVAL, virgl_renderer_context_create(2, 65, "x"));
	EXPECT_EQ(-EINVAL, virgl_renderer_context_create_with_flags(2, 4, 0, NULL));
	EXPECT_EQ(-EINVAL, virgl_renderer_submit_cmd(NULL, CONTEXT, 1));
	EXPECT_EQ(-EINVAL, ring(VGPU_OP_HOLD, 64));
	EXPECT_EQ(-EINVAL, fence(64, 1));
	EXPECT_EQ(-EINVAL, virgl_renderer_context_create_fence(9, 0, 0, 1));
	virgl_renderer_poll();
	EXPECT_EQ(0, self->told.context_fences);
	EXPECT_EQ(-EBUSY, virgl_renderer_init(&size, 0, &callbacks));
}

/* A guest that reboots: QEMU unmaps first, but need not. */
TEST_F(virgl, a_reset_frees_all)
{
	uint64_t size;
	void *map;

	ASSERT_EQ(0, blob_create(1, NONCOMPOUND, SIZE));
	ASSERT_EQ(0, virgl_renderer_resource_map(1, &map, &size));
	ASSERT_EQ(0, image_create(2, VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM, 8, 4));
	ASSERT_EQ(0, ring(VGPU_OP_HOLD, 2));
	ASSERT_EQ(0, fence(2, 1));
	ASSERT_EQ(0, virgl_renderer_create_fence(7, 0));
	virgl_renderer_reset();
	driver_expect_usage(_metadata, &self->driver, 0, 0);
	ASSERT_EQ(0, virgl_renderer_init(&self->told, 0, &callbacks));
	virgl_renderer_poll();
	EXPECT_EQ(0, self->told.fences + self->told.context_fences);
	ASSERT_EQ(0, virgl_renderer_context_create(CONTEXT, 4, "test"));
	ASSERT_EQ(0, blob_create(1, NONCOMPOUND, SIZE));
	ASSERT_EQ(0, pattern(VGPU_OP_FILL, 1, 0));
	ASSERT_EQ(0, fence(2, 1));
	virgl_renderer_poll();
	EXPECT_EQ(1, self->told.context_fences);
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
