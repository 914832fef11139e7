// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs whose guest can tag its memory (KVM_CAP_ARM_MTE): for them KVM accepts only VMAs that
 * may have tags, and a driver's may not: arch_calc_vm_flag_bits() in
 * arch/arm64/include/asm/mman.h sets VM_MTE_ALLOWED for anonymous memory, and shmem and
 * hugetlbfs for theirs. So no known kernel gives such a guest a driver's buffer, whatever the kind
 * of its pages: the memslot is refused (kvm_arch_prepare_memory_region()), and memory mapped into
 * an existing one gives EFAULT (user_mem_abort()). A kernel that accepts it is ok.
 */

#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "arm64.h"
#include "array.h"
#include "bo.h"
#include "buffer.h"
#include "driver.h"
#include "hostmap.h"
#include "pass.h"
#include "program.h"
#include "release.h"
#include "unchanged.h"
#include "verdict.h"
#include "vmm.h"

#define SLOT 1
#define ORDER 4
#define PAGES 64

FIXTURE(mte) {
	struct driver driver;
	struct vmm *vm;
	struct vmm *without;
	struct mockgpu_bo bo;
	struct drm_mockgpu_page *before;
	void *room;
	struct pass pass;
};

FIXTURE_SETUP(mte)
{
	const struct vmm_options options = { .mte = true };

	driver_setup(_metadata, &self->driver);
	self->room = hostmap_reserve(PAGES * GUEST_PAGE_SIZE);
	ASSERT_NE(NULL, self->room);
	ASSERT_EQ(0, vmm_create(&self->without, 1));
	if (!vmm_check(self->without, KVM_CAP_ARM_MTE)) {
		EXPECT_EQ(-EINVAL, vmm_create_with(&self->vm, 1, &options));
		SKIP(return, "no MTE: not this CPU, or not with pKVM (lab/run -m vhe has it)");
	}
	ASSERT_EQ(0, vmm_create_with(&self->vm, 1, &options));
}

FIXTURE_TEARDOWN(mte)
{
	vmm_destroy(self->vm);
	vmm_destroy(self->without);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	free(self->before);
	munmap(self->room, PAGES * GUEST_PAGE_SIZE);
	driver_teardown(_metadata, &self->driver);
}

/* Count the pages of the memslot that end with @wanted at the guest's first access. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_mte *self,
		   struct vmm *vm, enum guest_op op, uint64_t seed, enum guest_result wanted)
{
	self->pass.pages = PAGES;
	self->pass.seed = seed;
	return pass_all(_metadata, vm, &self->pass, op, wanted);
}

static int set_slot(struct vmm *vm, void *at)
{
	return vmm_slot_set(vm, SLOT, VMM_BUFFER_GPA, at, PAGES * GUEST_PAGE_SIZE, 0);
}

/* The guest writes all of the memory and reads it back. */
static void expect_usable(struct __test_metadata *_metadata, struct _test_data_mte *self,
			  struct vmm *vm)
{
	EXPECT_EQ(PAGES, pass(_metadata, self, vm, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(PAGES, pass(_metadata, self, vm, GUEST_READ, 2, GUEST_MAPPED));
}

static void map_memory(struct __test_metadata *_metadata, struct _test_data_mte *self, int type)
{
	ASSERT_EQ(self->room, mmap(self->room, PAGES * GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE,
				   type | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
}

static void make_vram(struct __test_metadata *_metadata, struct _test_data_mte *self,
		      uint32_t kind, uint32_t caching)
{
	ASSERT_EQ(0, vm_buffer_create(self->driver.fd, kind, ORDER, caching,
				      PAGES * GUEST_PAGE_SIZE, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, self->room));
	pattern_fill(self->bo.map, self->bo.size, 1);
	free(self->before);
	self->before = bo_pages(_metadata, &self->bo);
}

/* KVM has left nothing behind, and the memory is unchanged. */
static void expect_untouched(struct __test_metadata *_metadata, struct _test_data_mte *self)
{
	struct drm_mockgpu_page *now = bo_pages(_metadata, &self->bo);
	size_t page, changed = 0;

	for (page = 0; page < PAGES; page++)
		changed += !unchanged_page(&self->before[page], &now[page]);
	EXPECT_EQ(0, changed);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	free(now);
}

TEST_F(mte, private_memory_is_taken)
{
	map_memory(_metadata, self, MAP_PRIVATE);
	ASSERT_EQ(0, set_slot(self->vm, self->room));
	expect_usable(_metadata, self, self->vm);
}

/* What a VMM shares with its device processes; supported since 6.2 (d89585fbb308). */
TEST_F(mte, shared_memory_is_taken)
{
	int ret;

	map_memory(_metadata, self, MAP_SHARED);
	ret = set_slot(self->vm, self->room);
	if (ret == -EINVAL && release_is_before(6, 2)) {
		verdict_known(_metadata, "known before 6.2: no shared memory with MTE");
		return;
	}
	ASSERT_EQ(0, ret);
	expect_usable(_metadata, self, self->vm);
}

/* Either refused without any effect, or accepted and usable. */
static bool vram_is_taken(struct __test_metadata *_metadata, struct _test_data_mte *self)
{
	const int ret = set_slot(self->vm, self->room);

	if (ret) {
		EXPECT_EQ(-EINVAL, ret);
		expect_untouched(_metadata, self);
		return false;
	}
	expect_usable(_metadata, self, self->vm);
	EXPECT_EQ(0, vmm_slot_delete(self->vm, SLOT));
	return true;
}

TEST_F(mte, vram_is_refused)
{
	static const uint32_t kinds[] = { MOCKGPU_KIND_SPLIT, MOCKGPU_KIND_NONCOMPOUND };
	size_t i, taken = 0;
	uint32_t caching;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		for (caching = 0; caching < MOCKGPU_CACHING_COUNT; caching++) {
			make_vram(_metadata, self, kinds[i], caching);
			taken += vram_is_taken(_metadata, self);
			ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
		}
	}
	/* Of two VMs only the one with MTE cannot have it. */
	make_vram(_metadata, self, MOCKGPU_KIND_SPLIT, MOCKGPU_CACHING_CACHED);
	taken += vram_is_taken(_metadata, self);
	ASSERT_EQ(0, set_slot(self->without, self->room));
	expect_usable(_metadata, self, self->without);
	/* Page kinds and memory types make no difference to a VMA. */
	EXPECT_EQ(taken ? ARRAY_SIZE(kinds) * MOCKGPU_CACHING_COUNT + 1 : 0, taken);
	if (!taken)
		verdict_known(_metadata, "known: a VM with MTE cannot have such a buffer");
}

/* An arena into which buffers are mapped, as in VMMs: the memslot exists before. */
TEST_F(mte, vram_in_an_arena_is_efault)
{
	static const uint32_t kinds[] = { MOCKGPU_KIND_SPLIT, MOCKGPU_KIND_NONCOMPOUND };
	size_t i, refused = 0;

	map_memory(_metadata, self, MAP_PRIVATE);
	ASSERT_EQ(0, set_slot(self->vm, self->room));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		make_vram(_metadata, self, kinds[i], MOCKGPU_CACHING_CACHED);
		refused += pass(_metadata, self, self->vm, GUEST_READ, 1, GUEST_EFAULT);
		if (refused) {
			EXPECT_EQ(PAGES, pass(_metadata, self, self->vm, GUEST_WRITE, 3,
					      GUEST_EFAULT));
			expect_untouched(_metadata, self);
		} else {
			expect_usable(_metadata, self, self->vm);
		}
		/* The guest can go on once the arena is memory again. */
		ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
		map_memory(_metadata, self, MAP_PRIVATE);
		expect_usable(_metadata, self, self->vm);
	}
	EXPECT_EQ(refused ? ARRAY_SIZE(kinds) * PAGES : 0, refused);
	if (refused)
		verdict_known(_metadata, "known: all %d pages are EFAULT in a VM with MTE", PAGES);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return driver_run(argc, argv);
}
