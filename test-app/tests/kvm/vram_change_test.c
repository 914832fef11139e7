// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to VRAM behind a guest's back: a reset of the GPU, in which it loses its contents
 * and no mapping goes; D3, in which all mappings go and nothing is lost; and discarding, in which
 * a buffer loses its place to another one and has to lose its mappings with it.
 */

#include "kselftest_harness.h"

#include "behaviour.h"
#include "bo.h"
#include "buffer.h"
#include "driver.h"
#include "live.h"
#include "pass.h"
#include "program.h"

#define SLOT 1
#define PAGES 70
#define SEED 1
/* Sleeps of the device under vCPUs that never stop. */
#define SLEEPS 20

FIXTURE(vram) {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct pass pass;
};

FIXTURE_SETUP(vram)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * GUEST_PAGE_SIZE,
		.kind = MOCKGPU_KIND_SPLIT,
		.order = 2,
		.placement = MOCKGPU_PLACEMENT_VRAM,
		.flags = MOCKGPU_BO_DISCARDABLE,
	};

	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	guest_fill(self->bo.map, PAGES, SEED);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, want.size, 0));
	self->pass = (struct pass){ .pages = PAGES, .seed = SEED };
	/* KVM has all of them. */
	ASSERT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_READ, GUEST_MAPPED));
}

FIXTURE_TEARDOWN(vram)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* Nobody tells the guest, nor KVM: the same pages, with other contents. */
TEST_F(vram, a_reset_changes_what_the_guest_reads)
{
	const uint64_t faults = bo_query(_metadata, &self->bo).faults;

	ASSERT_EQ(0, mockgpu_reset(self->driver.fd));
	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_READ, GUEST_WRONG));
	EXPECT_EQ(0, self->pass.touch.wrong_value);
	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_WRITE, GUEST_MAPPED));
	EXPECT_EQ(0, guest_differences(self->bo.map, PAGES, SEED));
	EXPECT_EQ(faults, bo_query(_metadata, &self->bo).faults);
}

/* The guest's next touch of a page wakes the device. */
TEST_F(vram, a_guest_wakes_the_device)
{
	const uint64_t faults = bo_query(_metadata, &self->bo).faults;
	const uint64_t wakes = driver_usage(_metadata, self->driver.fd).wakes;

	ASSERT_EQ(0, mockgpu_d3(self->driver.fd));
	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_READ, GUEST_MAPPED));
	EXPECT_EQ(0, self->pass.touch.wrong_words);
	EXPECT_EQ(faults + PAGES, bo_query(_metadata, &self->bo).faults);
	EXPECT_EQ(wakes + 1, driver_usage(_metadata, self->driver.fd).wakes);
}

/*
 * Others need all of VRAM. The guest must find zeros in pages of its own, and nothing of theirs: by
 * TTM alone it would keep the pages that they have now (docs/findings/discarded-buffer.md).
 */
TEST_F(vram, a_discarded_buffer_is_another)
{
	struct drm_mockgpu_bo_create want = { .placement = MOCKGPU_PLACEMENT_VRAM };
	struct mockgpu_bo all = {};

	want.size = self->driver.before.vram_max * GUEST_PAGE_SIZE;
	ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &want, &all));
	ASSERT_EQ(0, mockgpu_bo_fill(&all, 0x5a, NULL));
	ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).discards);
	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_READ, GUEST_WRONG));
	EXPECT_EQ(0, self->pass.touch.wrong_value);
	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_WRITE, GUEST_MAPPED));
	EXPECT_EQ(0, guest_differences(self->bo.map, PAGES, SEED));
	bo_expect_at(_metadata, &all, MOCKGPU_PLACEMENT_VRAM, 0);
	EXPECT_EQ(0, mockgpu_bo_destroy(&all));
}

/* Under vCPUs that count in the buffer all the time. */
FIXTURE(sleepy) {
	struct live live;
};

FIXTURE_VARIANT(sleepy) {
	struct drm_mockgpu_bo_create want;
	unsigned int vcpus;
};

FIXTURE_VARIANT_ADD(sleepy, small_1) {
	.want = { .size = 32 << 12, .placement = MOCKGPU_PLACEMENT_VRAM },
	.vcpus = 1,
};

FIXTURE_VARIANT_ADD(sleepy, small_4) {
	.want = { .size = 32 << 12, .placement = MOCKGPU_PLACEMENT_VRAM,
		  .fault_mode = MOCKGPU_FAULT_PREFAULT },
	.vcpus = 4,
};

FIXTURE_VARIANT_ADD(sleepy, large_2) {
	.want = { .size = 2 << 20, .placement = MOCKGPU_PLACEMENT_VRAM,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
	.vcpus = 2,
};

FIXTURE_SETUP(sleepy)
{
	live_setup_mapped(_metadata, &self->live, &variant->want, variant->vcpus);
}

FIXTURE_TEARDOWN(sleepy)
{
	live_teardown(_metadata, &self->live);
}

TEST_F(sleepy, vcpus_wake_it_again_and_again)
{
	struct live *live = &self->live;
	const uint64_t wakes = driver_usage(_metadata, live->driver.fd).wakes;
	unsigned int i;

	live_start(_metadata, live, true);
	for (i = 0; i < SLEEPS; i++) {
		ASSERT_EQ(0, mockgpu_d3(live->driver.fd));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	EXPECT_EQ(wakes + SLEEPS, driver_usage(_metadata, live->driver.fd).wakes);
	live_conclude_storm(_metadata, live, SLEEPS);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
