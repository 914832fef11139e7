// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GPU writes to a buffer that a guest has mapped. A vCPU never waits for it, not even in a
 * page fault, as no CPU does: it sees what was there before until the GPU is done, and all of
 * what the GPU wrote once the fence has signaled, also if the buffer moves in between.
 */

#include "kselftest_harness.h"

#include "behaviour.h"
#include "bo.h"
#include "buffer.h"
#include "driver.h"
#include "pass.h"
#include "program.h"
#include "sync.h"

#define SLOT 1
#define PAGES 70
#define ROUNDS 24
#define SEED 1

/* @sync: a timeline, with the last point that was submitted */
FIXTURE(submit) {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct drm_mockgpu_sync sync;
	struct pass pass;
};

FIXTURE_VARIANT(submit) {
	struct drm_mockgpu_bo_create want;
};

FIXTURE_VARIANT_ADD(submit, split) {
	.want = { .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
};

FIXTURE_VARIANT_ADD(submit, vram) {
	.want = { .kind = MOCKGPU_KIND_SPLIT, .order = 4, .placement = MOCKGPU_PLACEMENT_VRAM,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
};

FIXTURE_SETUP(submit)
{
	struct drm_mockgpu_bo_create want = variant->want;

	want.size = PAGES * GUEST_PAGE_SIZE;
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	guest_fill(self->bo.map, PAGES, SEED);
	self->pass = (struct pass){ .pages = PAGES, .seed = SEED };
	ASSERT_EQ(0, drmSyncobjCreate(self->driver.fd, 0, &self->sync.handle));
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, want.size, 0));
	driver_move_delay(_metadata, &self->driver, 1);
}

FIXTURE_TEARDOWN(submit)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, drmSyncobjDestroy(self->driver.fd, self->sync.handle));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* The guest reads every page. Return: how many ended with @wanted. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_submit *self,
		   enum guest_result wanted)
{
	return pass_all(_metadata, self->vm, &self->pass, GUEST_READ, wanted);
}

/* The GPU will set all bytes to @value. */
static void fill(struct __test_metadata *_metadata, struct _test_data_submit *self, uint8_t value)
{
	self->sync.point++;
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, value, &self->sync));
}

static void wait_for_gpu(struct __test_metadata *_metadata, struct _test_data_submit *self)
{
	ASSERT_EQ(0, sync_wait(self->driver.fd, self->sync, SYNC_IN_TIME));
}

/* All of the guest's words are of bytes @value. */
static void expect_filled(struct __test_metadata *_metadata, struct _test_data_submit *self,
			  uint8_t value)
{
	const uint64_t *words = self->bo.map;
	size_t i, wrong = 0;

	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_WRONG));
	EXPECT_EQ(value * 0x0101010101010101ull, self->pass.touch.wrong_value);
	EXPECT_EQ(PAGES * ARRAY_SIZE(guest_words), self->pass.touch.wrong_words);
	for (i = 0; i < self->bo.size / sizeof(*words); i++)
		wrong += words[i] != value * 0x0101010101010101ull;
	EXPECT_EQ(0, wrong);
}

static void move_to(struct __test_metadata *_metadata, struct _test_data_submit *self,
		    uint32_t placement)
{
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, placement, placement == MOCKGPU_PLACEMENT_GTT ?
				     MOCKGPU_MOVE_NEW_PAGES : 0));
}

/* In place, before a move, and behind one. */
TEST_F(submit, the_guest_sees_what_the_gpu_wrote)
{
	uint8_t value;

	ASSERT_EQ(PAGES, pass(_metadata, self, GUEST_MAPPED));
	for (value = 1; value <= ROUNDS; value++) {
		if (value % 3 == 1)
			move_to(_metadata, self, value % 2 ? MOCKGPU_PLACEMENT_VRAM :
							     MOCKGPU_PLACEMENT_GTT);
		fill(_metadata, self, value);
		if (value % 3 == 2)
			move_to(_metadata, self, value % 2 ? MOCKGPU_PLACEMENT_VRAM :
							     MOCKGPU_PLACEMENT_GTT);
		wait_for_gpu(_metadata, self);
		expect_filled(_metadata, self, value);
	}
}

/* KVM has no page of it, and gets each by a fault. */
TEST_F(submit, a_vcpu_does_not_wait_for_work)
{
	int hold = mockgpu_hold(self->driver.fd);

	ASSERT_LE(0, hold);
	fill(_metadata, self, 0xa5);
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_MAPPED));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_MAPPED));
	EXPECT_EQ(0, self->pass.touch.wrong_words);
	EXPECT_EQ(2, driver_usage(_metadata, self->driver.fd).jobs);
	EXPECT_EQ(0, close(hold));
	wait_for_gpu(_metadata, self);
	expect_filled(_metadata, self, 0xa5);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return driver_run(argc, argv);
}
