// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that is passed through to the guest beside buffers of a GPU: all of a guest's memory is
 * to be mapped for such a device, the blobs too (vfio_listener_region_add() in QEMU). VFIO's
 * type1 pins pages; of a VM_PFNMAP mapping it takes reserved and missing pages as they are, and
 * refuses all others (vaddr_get_pfns() in drivers/vfio/vfio_iommu_type1.c).
 *
 * It has no MMU notifier, so a move is not followed: docs/findings/vfio-stale.md.
 *
 * Needs a PCI device "edu" behind an IOMMU: lab/vfio-beside.
 */
#include <errno.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "bar.h"
#include "canary.h"
#include "live.h"
#include "pass.h"
#include "vfio.h"

#define PAGES 16
/* In the 28 bits of the device. */
#define IOVA_OWN 0x100000ull
#define IOVA_BUFFER 0x200000ull
/* Pages of the test's own: the device copies from the first and to the second. */
#define OWN_SIZE (2 * GUEST_PAGE_SIZE)

static const char *edu;

FIXTURE(vfio) {
	struct live live;
	struct vfio vfio;
	struct mockgpu_bo canary;
	char *own;
	int mapped;
};

/* @takes: VFIO maps such a buffer */
FIXTURE_VARIANT(vfio) {
	const char *parameters;
	struct drm_mockgpu_bo_create want;
	bool takes;
};

FIXTURE_VARIANT_ADD(vfio, ttm) {
	.parameters = "vram=ram",
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_TTM },
};

FIXTURE_VARIANT_ADD(vfio, split) {
	.parameters = "vram=ram",
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 2 },
};

FIXTURE_VARIANT_ADD(vfio, vram) {
	.parameters = "vram=ram",
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 2,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
	.takes = true,
};

FIXTURE_VARIANT_ADD(vfio, bar) {
	.parameters = "vram=bar",
	.want = { .size = PAGES << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 2,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
	.takes = true,
};

FIXTURE_SETUP(vfio)
{
	ASSERT_EQ(0, module_want(variant->parameters));
	if (!live_setup(_metadata, &self->live, &variant->want, 1))
		return;
	live_vm(_metadata, &self->live);
	vfio_open(_metadata, &self->vfio, edu);
	self->own = mmap(NULL, OWN_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			 0);
	ASSERT_NE(MAP_FAILED, self->own);
	ASSERT_EQ(0, vfio_map(&self->vfio, IOVA_OWN, self->own, OWN_SIZE));
	self->mapped = vfio_map(&self->vfio, IOVA_BUFFER, self->live.bo.map, self->live.bo.size);
}

FIXTURE_TEARDOWN(vfio)
{
	vfio_close(_metadata, &self->vfio);
	EXPECT_EQ(0, munmap(self->own, OWN_SIZE));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->canary));
	live_teardown(_metadata, &self->live);
}

/* The device writes what belongs in a page of the buffer. */
static void write_page(struct __test_metadata *_metadata, struct _test_data_vfio *self,
		       uint32_t page, uint64_t seed)
{
	guest_fill_page(self->own, seed, page);
	edu_copy(_metadata, &self->vfio, IOVA_OWN,
		 IOVA_BUFFER + page * (uint64_t)GUEST_PAGE_SIZE);
}

/* What the device reads there. Return: how many words differ. */
static uint32_t read_differences(struct __test_metadata *_metadata, struct _test_data_vfio *self,
				 uint32_t page, uint64_t seed)
{
	edu_copy(_metadata, &self->vfio, IOVA_BUFFER + page * (uint64_t)GUEST_PAGE_SIZE,
		 IOVA_OWN + GUEST_PAGE_SIZE);
	return guest_page_differences(self->own + GUEST_PAGE_SIZE, seed, page);
}

static char *page_of(const struct mockgpu_bo *bo, uint32_t page)
{
	return (char *)bo->map + page * GUEST_PAGE_SIZE;
}

/* The control: the device works, and ordinary memory is pinned. */
TEST_F(vfio, ordinary_memory)
{
	char *second = self->own + GUEST_PAGE_SIZE;

	guest_fill_page(self->own, 1, 0);
	edu_copy(_metadata, &self->vfio, IOVA_OWN, IOVA_OWN + GUEST_PAGE_SIZE);
	EXPECT_EQ(0, guest_page_differences(second, 1, 0));
	/* What is not mapped, the device cannot reach. */
	EXPECT_EQ(OWN_SIZE, vfio_unmap(&self->vfio, IOVA_OWN, OWN_SIZE));
	guest_fill_page(self->own, 2, 0);
	edu_copy(_metadata, &self->vfio, IOVA_OWN, IOVA_OWN + GUEST_PAGE_SIZE);
	EXPECT_EQ(0, guest_page_differences(second, 1, 0));
}

TEST_F(vfio, what_it_maps)
{
	struct live *live = &self->live;

	EXPECT_EQ(variant->takes ? 0 : -EFAULT, self->mapped);
	EXPECT_EQ(self->mapped ? 0 : live->bo.size,
		  vfio_unmap(&self->vfio, IOVA_BUFFER, live->bo.size));
	/* Neither changes what the guest has. */
	live_maps(_metadata, live);
}

/* The device, the guest and the VMM see the same memory. */
TEST_F(vfio, the_guest_sees_what_it_writes)
{
	struct live *live = &self->live;
	struct pass pass = { .pages = PAGES, .seed = LIVE_SEED + 1 };
	uint32_t page;

	if (self->mapped)
		SKIP(return, "known: VFIO does not map memory of this kind");
	for (page = 0; page < 2; page++)
		write_page(_metadata, self, page, LIVE_SEED + 1);
	for (; page < PAGES; page++)
		guest_fill_page(page_of(&live->bo, page), LIVE_SEED + 1, page);
	EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, &pass, GUEST_READ, GUEST_MAPPED));
	pass.seed++;
	EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, &pass, GUEST_WRITE, GUEST_MAPPED));
	EXPECT_EQ(0, read_differences(_metadata, self, 3, LIVE_SEED + 2));
	EXPECT_EQ(0, guest_differences(live->bo.map, PAGES, LIVE_SEED + 2));
}

/* The buffer moves, the guest follows, and another buffer gets the memory. */
TEST_F(vfio, the_buffer_moves)
{
	struct live *live = &self->live;
	uint32_t written;

	if (self->mapped)
		SKIP(return, "known: VFIO does not map memory of this kind");
	EXPECT_EQ(PAGES, canary_take_pages(_metadata, live, &self->canary));
	EXPECT_TRUE(live_maps(_metadata, live));
	write_page(_metadata, self, 5, LIVE_SEED + 1);
	/* Now the device has written either to the buffer, or nowhere, or to who has its pages. */
	EXPECT_EQ(0, guest_differences(live->bo.map, PAGES, LIVE_SEED));
	written = guest_page_differences(page_of(&self->canary, 5), CANARY_SEED, 5);
	if (!written)
		return;
	EXPECT_EQ(0, guest_page_differences(page_of(&self->canary, 5), LIVE_SEED + 1, 5));
	EXPECT_EQ(0, read_differences(_metadata, self, 6, CANARY_SEED));
	verdict_known(_metadata, "known: the device accesses who got the pages (vfio-stale.md)");
}

int main(int argc, char **argv)
{
	const char *why;

	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load\n");
	if (!find_slot())
		ksft_exit_skip("this machine has no PCI device 1af4:1110 (ivshmem-plain)\n");
	edu = edu_find();
	if (!edu)
		ksft_exit_skip("this machine has no PCI device 1234:11e8 (edu): lab/vfio-beside\n");
	why = edu_bind(edu);
	if (why)
		ksft_exit_skip("%s\n", why);
	return live_run(argc, argv);
}
