// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's guess at blocks (buffer.h) at its worst: a mapping that starts at a multiple of
 * 1 GiB, in a memslot that is larger. get_vma_page_shift() takes the first address of the
 * VMA for a whole GiB, because ALIGN() of an aligned address is that address, which lies
 * before the VMA's end. So the guest gets the GiB of physical memory after the first page.
 * This test's guest touches only the first 4 MiB of that, which belong to a buffer of the
 * test's own.
 */

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "armhost.h"
#include "array.h"
#include "behaviour.h"
#include "bo.h"
#include "buffer.h"
#include "driver.h"
#include "hostmap.h"
#include "pass.h"
#include "program.h"
#include "verdict.h"
#include "vmm.h"

#define SLOT 1
#define GIB (1ull << 30)
#define PAGES 512
/* The largest block of the page allocator: PAGES, and as many past the mapping. */
#define OWN_ORDER 10
#define OWN_PAGES (1 << OWN_ORDER)

FIXTURE(guess) {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct mockgpu_bo own;
	uint32_t sequence[OWN_PAGES];
	uint8_t result[OWN_PAGES];
};

FIXTURE_SETUP(guess)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * GUEST_PAGE_SIZE, .kind = MOCKGPU_KIND_SPLIT,
	};
	struct armhost host;
	uint64_t offset;
	char *room;

	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, armhost_look(self->vm, &host));
	/* Without FWB older kernels flush all they map: the whole GiB. */
	if (host.refuses || !host.fwb)
		SKIP(return, "the CPU lacks what cacheable memory needs, or the log does not tell");
	ASSERT_EQ(0, vm_buffer_make_anywhere(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
	if (offset % GIB)
		SKIP(return, "the first buffer got no offset of a multiple of 1 GiB");
	room = hostmap_reserve(2 * GIB);
	ASSERT_NE(NULL, room);
	room += (GIB - (uintptr_t)room % GIB) % GIB;
	ASSERT_EQ(0, vm_buffer_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, OWN_ORDER,
				      MOCKGPU_CACHING_CACHED, OWN_PAGES * GUEST_PAGE_SIZE,
				      &self->own));
	ASSERT_EQ(0, mockgpu_bo_map(&self->own, NULL));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, room));
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&self->bo, 0, &self->own, 0));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, room, GIB, 0));
}

FIXTURE_TEARDOWN(guess)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->own));
	driver_teardown(_metadata, &self->driver);
}

static void fill(const struct mockgpu_bo *bo, uint64_t seed)
{
	guest_fill(bo->map, bo_npages(bo), seed);
}

/* Let the guest read @count pages from @first on. Return: how many ended with @wanted. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_guess *self,
		   uint32_t first, uint32_t count, uint64_t seed, enum guest_result wanted)
{
	struct touch touch = {
		.op = GUEST_READ, .gpa = VMM_BUFFER_GPA, .seed = seed, .sequence = self->sequence,
		.accesses = count, .result = self->result,
	};
	size_t i;

	for (i = 0; i < count; i++)
		self->sequence[i] = first + i;
	return touch_pass(_metadata, self->vm, &touch, ARRAY_SIZE(self->result), wanted);
}

/* There is nothing past the end of the mapping; an access must be EFAULT. */
TEST_F(guess, nothing_beyond_the_mapping)
{
	const size_t beyond = OWN_PAGES - PAGES;
	size_t reached;

	fill(&self->bo, 1);
	fill(&self->own, 2);
	/* Page 0 determines how much is mapped. */
	EXPECT_EQ(1, pass(_metadata, self, 0, 1, 2, GUEST_MAPPED));
	reached = pass(_metadata, self, PAGES, beyond, 2, GUEST_MAPPED);
	if (!reached) {
		EXPECT_EQ(beyond, pass(_metadata, self, PAGES, beyond, 2, GUEST_EFAULT));
		EXPECT_EQ(PAGES - 1, pass(_metadata, self, 1, PAGES - 1, 1, GUEST_MAPPED));
		return;
	}
	EXPECT_EQ(beyond, reached);
	EXPECT_EQ(PAGES - 1, pass(_metadata, self, 1, PAGES - 1, 2, GUEST_MAPPED));
	verdict_seen(_metadata, behaviour_known(BEHAVIOUR_GUESSES),
		     "known of this kernel: the guest reads %zu pages beyond the mapping", reached);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return driver_run(argc, argv);
}
