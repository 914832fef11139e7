// SPDX-License-Identifier: GPL-2.0-only
/*
 * In a Linux guest whose device offers VIRTIO_GPU_F_BLOB_ALIGNMENT: blobs of sizes that are no
 * multiple of it are refused, and those that are work. A driver before Linux 7.2 does not know the
 * feature, and has blobs of any size.
 */

#include <fcntl.h>

#include "kselftest_harness.h"

#include <drm/virtgpu_drm.h>

#include "mockgpu_drm.h"
#include "parts/pages.h"
#include "patience.h"
#include "virtgpu.h"

#ifndef VIRTGPU_PARAM_BLOB_ALIGNMENT
#define VIRTGPU_PARAM_BLOB_ALIGNMENT 9
#endif

#define PAGE GUEST_PAGE_SIZE
#define BLOBS 8
#define NONCOMPOUND VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_NONCOMPOUND, 9, 0)

FIXTURE(align) {
	int fd;
	bool known;
	struct virtgpu_blob report;
};

FIXTURE_VARIANT(align) {
	uint64_t size;
};

FIXTURE_VARIANT_ADD(align, of_16k) { 16 << 10 };
FIXTURE_VARIANT_ADD(align, of_64k) { 64 << 10 };

FIXTURE_SETUP(align)
{
	int alignment;

	self->fd = virtgpu_open();
	ASSERT_LE(0, self->fd);
	alignment = virtgpu_param(self->fd, VIRTGPU_PARAM_BLOB_ALIGNMENT);
	self->known = alignment != -EINVAL;
	ksft_print_msg("the guest's driver says: %d\n", alignment);
	if (self->known)
		ASSERT_EQ(variant->size, alignment);
	ASSERT_EQ(0, virtgpu_blob_create(self->fd, VIRTGPU_BLOB_MEM_GUEST,
					 VIRTGPU_BLOB_FLAG_USE_MAPPABLE, 0, variant->size,
					 &self->report));
	ASSERT_EQ(0, virtgpu_blob_map(&self->report));
}

FIXTURE_TEARDOWN(align)
{
	virtgpu_blob_destroy(&self->report);
	close(self->fd);
}

/* How it goes with a blob of that size, by the driver that has to refuse it. */
static int try_size(int fd, uint32_t mem, uint64_t blob_id, uint64_t size)
{
	struct virtgpu_blob blob;
	int ret;

	ret = virtgpu_blob_create(fd, mem, VIRTGPU_BLOB_FLAG_USE_MAPPABLE, blob_id, size, &blob);
	if (!ret)
		ret = virtgpu_blob_map(&blob);
	virtgpu_blob_destroy(&blob);
	return ret;
}

TEST_F(align, sizes)
{
	const uint64_t wrong[] = { PAGE, variant->size / 2, variant->size + PAGE };
	struct virtgpu_blob blob[BLOBS];
	size_t i, pages, all = 0;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(self->known ? -EINVAL : 0,
			  try_size(self->fd, VIRTGPU_BLOB_MEM_HOST3D, NONCOMPOUND, wrong[i]))
			TH_LOG("%llu bytes", (unsigned long long)wrong[i]);
		EXPECT_EQ(self->known ? -EINVAL : 0,
			  try_size(self->fd, VIRTGPU_BLOB_MEM_GUEST, 0, wrong[i]))
			TH_LOG("%llu bytes of the guest", (unsigned long long)wrong[i]);
	}
	for (i = 0; i < BLOBS; i++) {
		pages = (i + 1) * variant->size / PAGE;
		ASSERT_EQ(0, virtgpu_vram_create(self->fd, NONCOMPOUND, pages * PAGE, &blob[i]));
		ASSERT_EQ(0, virtgpu_blob_map(&blob[i]));
		pages_write(blob[i].map, pages, i);
		all += pages_touched;
	}
	for (i = 0; i < BLOBS; i++) {
		EXPECT_EQ(0, pages_read(blob[i].map, blob[i].size / PAGE, i));
		EXPECT_TRUE(pages_seen(&blob[i], &self->report, i));
		virtgpu_blob_destroy(&blob[i]);
	}
	report_touched(all);
}

TEST_HARNESS_MAIN
