// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's buffer in VRAM that is scattered in blocks of 4 KiB, 64 KiB and 2 MiB, as amdgpu's and
 * xe's may be: neighbours in the guest are no neighbours in VRAM. KVM must map each page by
 * itself, and 2 MiB only where the host's entry is one, also while the blocks change.
 */
#include <stdio.h>

#include "kselftest_harness.h"

#include "kvmstat.h"
#include "live.h"
#include "reload.h"

#define MIB (1ull << 20)
/* Room for it three times: with the engine TTM frees what it had somewhat later. */
#define VRAM (24 * MIB)
/* Pages of 2 MiB, for which a buffer has blocks of one size, see enum mockgpu_vram_manager. */
#define PART 512u
/* Each kind of part, and a bit more. */
#define PAGES (3 * PART + 37)

FIXTURE(scatter) {
	struct live live;
};

/*
 * @block: vram_block in bytes; @large: entries of 2 MiB that the buffer can have; @delay: how
 * long a move takes, in microseconds, while the call has returned; 0: at once
 */
FIXTURE_VARIANT(scatter) {
	unsigned int block;
	uint32_t mode;
	uint64_t large;
	unsigned int vcpus;
	unsigned long delay;
};

FIXTURE_VARIANT_ADD(scatter, block_4k_1) {
	.block = 4096, .mode = MOCKGPU_FAULT_SINGLE, .vcpus = 1,
};

FIXTURE_VARIANT_ADD(scatter, block_64k_prefault_4) {
	.block = 65536, .mode = MOCKGPU_FAULT_PREFAULT, .vcpus = 4,
};

FIXTURE_VARIANT_ADD(scatter, block_4k_huge_2) {
	.block = 4096, .mode = MOCKGPU_FAULT_HUGE, .large = 1, .vcpus = 2,
};

FIXTURE_VARIANT_ADD(scatter, block_2m_huge_2) {
	.block = 2097152, .mode = MOCKGPU_FAULT_HUGE, .large = 3, .vcpus = 2,
};

FIXTURE_VARIANT_ADD(scatter, block_4k_huge_later_2) {
	.block = 4096, .mode = MOCKGPU_FAULT_HUGE, .large = 1, .vcpus = 2, .delay = 300,
};

FIXTURE_SETUP(scatter)
{
	/* Where it goes when it leaves VRAM is a kind of page that every kernel maps. */
	const struct drm_mockgpu_bo_create want = {
		.size = (uint64_t)PAGES * GUEST_PAGE_SIZE, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		.placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = variant->mode,
	};
	char parameters[128];

	snprintf(parameters, sizeof(parameters), "vram_size=%llu vram_manager=buddy vram_block=%u",
		 VRAM, variant->block);
	ASSERT_EQ(0, module_want(parameters));
	live_setup_mapped(_metadata, &self->live, &want, variant->vcpus);
	driver_move_delay(_metadata, &self->live.driver, variant->delay);
}

FIXTURE_TEARDOWN(scatter)
{
	live_teardown(_metadata, &self->live);
}

/* Entries of 2 MiB that KVM has, or @none where it does not count them. */
static uint64_t large_entries(struct live *live, uint64_t none)
{
	uint64_t value = 0;

	return kvmstat_vm(live->vm, "pages_2m", &value) ? none : value;
}

/*
 * The guest finds every page, large where the block is; and no level survives a move. In GTT all
 * blocks are large, but a range that had small entries keeps them.
 */
TEST_F(scatter, kvm_follows_the_blocks)
{
	struct live *live = &self->live;
	unsigned int round;

	for (round = 0; round < 3; round++) {
		EXPECT_LT(2, bo_query(_metadata, &live->bo).vram_runs);
		EXPECT_EQ(variant->large, large_entries(live, variant->large));
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
		EXPECT_EQ(0, large_entries(live, 0));
		EXPECT_TRUE(live_maps(_metadata, live));
		EXPECT_EQ(variant->large, large_entries(live, variant->large));
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		EXPECT_EQ(0, large_entries(live, 0));
		EXPECT_TRUE(live_maps(_metadata, live));
	}
	EXPECT_EQ(variant->large, large_entries(live, variant->large));
}

#define MOVES 40
#define MOVES_LONG 1000

/* So that it does not find the same blocks again. */
static void make_plug(struct __test_metadata *_metadata, struct live *live, unsigned int round,
		      struct mockgpu_bo *plug)
{
	const struct drm_mockgpu_bo_create want = {
		.size = (1 + round * 7 % 61) * 17ull * GUEST_PAGE_SIZE,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, plug));
}

/* To other blocks, time and again, under vCPUs that never stop. Nobody may find a wrong word. */
TEST_F(scatter, its_blocks_change_all_the_time)
{
	const uint32_t wanted = test_is_long() ? MOVES_LONG : MOVES;
	struct live *live = &self->live;
	uint32_t round;

	live_start(_metadata, live, true);
	for (round = 0; round < wanted / 2; round++) {
		struct mockgpu_bo plug = {};

		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
		make_plug(_metadata, live, round, &plug);
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		if (round % 4 == 3)
			live_wait(_metadata, live);
		EXPECT_EQ(0, mockgpu_bo_destroy(&plug));
	}
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, wanted);
}

/* Another buffer needs so much room that TTM evicts it, into which the vCPUs run on. */
TEST_F(scatter, an_eviction_takes_its_blocks)
{
	const struct drm_mockgpu_bo_create want = {
		.size = VRAM, .placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct live *live = &self->live;
	struct mockgpu_bo all = {};
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, &all));
		bo_expect_at(_metadata, &live->bo, MOCKGPU_PLACEMENT_GTT, 0);
		ASSERT_EQ(0, mockgpu_bo_fill(&all, 0xee, NULL));
		live_wait(_metadata, live);
		EXPECT_EQ(0, mockgpu_bo_destroy(&all));
		ASSERT_EQ(0, mockgpu_wait_idle(live->driver.fd));
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
