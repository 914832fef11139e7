// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's second stage on riscv64, the G stage, with a driver's memory: what it makes of vm_pgoff,
 * which memslots it accepts, what it does with entries for reading only, and what is left of a
 * VM's tables.
 */

#include "kselftest_harness.h"

#include <linux/kvm.h>
#include <sys/mman.h>

#include "array.h"
#include "behaviour.h"
#include "bo.h"
#include "buffer.h"
#include "driver.h"
#include "meminfo.h"
#include "pass.h"
#include "program.h"
#include "touch.h"
#include "verdict.h"
#include "vmm.h"

#define SLOT 1
#define PAGES 16
#define ORDER 4
#define SIZE (PAGES * GUEST_PAGE_SIZE)

/* Where DRM's offsets start: DRM_FILE_PAGE_OFFSET_START in drm_vma_manager.h. */
#define FIRST_OFFSET (1ull << 32)
/* How many blocks to try for one at such a physical address. */
#define BLOCKS_MAX 512

/* Enough VMs to tell what they leave behind from what else the kernel allocates. */
#define VMS 1000

FIXTURE(gstage) {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct pass pass;
};

FIXTURE_SETUP(gstage)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
}

FIXTURE_TEARDOWN(gstage)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* Let the guest touch all pages. Return: how many ended with @wanted. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_gstage *self,
		   enum guest_op op, uint64_t seed, enum guest_result wanted)
{
	self->pass.pages = PAGES;
	self->pass.seed = seed;
	return pass_all(_metadata, self->vm, &self->pass, op, wanted);
}

/**
 * struct rooms - buffers of this test
 * @block: blocks of pages, until one lies where an offset can be
 * @blocks: how many
 * @at: the physical address of the last
 * @pad: takes the offsets before that
 */
struct rooms {
	struct mockgpu_bo block[BLOCKS_MAX];
	size_t blocks;
	uint64_t at;
	struct mockgpu_bo pad;
};

/* Find pages of our own whose physical address can be an offset of DRM's. */
static bool find_own(struct __test_metadata *_metadata, int drm, struct rooms *rooms)
{
	struct drm_mockgpu_page page;

	while (rooms->blocks < BLOCKS_MAX) {
		struct mockgpu_bo *bo = &rooms->block[rooms->blocks++];

		ASSERT_EQ(0, vm_buffer_make_anywhere(drm, &(struct drm_mockgpu_bo_create) {
			.size = SIZE, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = ORDER,
		}, bo));
		ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
		ASSERT_EQ(1, mockgpu_bo_pages(bo, 0, 1, &page));
		rooms->at = page.pfn * GUEST_PAGE_SIZE;
		if (rooms->at > FIRST_OFFSET)
			return true;
	}
	return false;
}

static void free_rooms(struct __test_metadata *_metadata, struct rooms *rooms)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&rooms->pad));
	while (rooms->blocks)
		EXPECT_EQ(0, mockgpu_bo_destroy(&rooms->block[--rooms->blocks]));
}

/*
 * A buffer whose offset is the physical address of other pages of ours. Offsets are given out
 * from the lowest on, so a pad takes those below. Return: false if some other client has them.
 */
static bool place(struct __test_metadata *_metadata, struct _test_data_gstage *self,
		  struct rooms *rooms)
{
	struct drm_mockgpu_bo_create want = { .size = SIZE, .kind = MOCKGPU_KIND_SPLIT };
	uint64_t next;

	ASSERT_EQ(0, vm_buffer_make_anywhere(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &next));
	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	want.size = rooms->at - next;
	if (rooms->at > next)
		ASSERT_EQ(0, vm_buffer_make_anywhere(self->driver.fd, &want, &rooms->pad));
	want.size = SIZE;
	ASSERT_EQ(0, vm_buffer_make_anywhere(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &next));
	return next == rooms->at;
}

/*
 * A memslot over a mapping whose offset is the physical address of other pages: the guest must
 * have the mapping's. See BEHAVIOUR_GUESSES.
 */
TEST_F(gstage, an_offset_is_no_address)
{
	struct rooms rooms = {};
	struct mockgpu_bo *own;
	size_t good, other;

	if (!find_own(_metadata, self->driver.fd, &rooms) || !place(_metadata, self, &rooms)) {
		free_rooms(_metadata, &rooms);
		SKIP(return, "no page of this test's has an address that can be an offset");
	}
	own = &rooms.block[rooms.blocks - 1];
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	guest_fill(self->bo.map, PAGES, 1);
	guest_fill(own->map, PAGES, 2);
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, SIZE, 0));
	good = pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED);
	other = good == PAGES ? 0 : pass(_metadata, self, GUEST_READ, 2, GUEST_MAPPED);
	EXPECT_EQ(PAGES, good + other);
	if (!other) {
		EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_WRITE, 3, GUEST_MAPPED));
		EXPECT_EQ(0, guest_differences(self->bo.map, PAGES, 3));
		EXPECT_EQ(0, guest_differences(own->map, PAGES, 2));
	}
	EXPECT_EQ(0, vmm_slot_delete(self->vm, SLOT));
	free_rooms(_metadata, &rooms);
	if (other)
		verdict_seen(_metadata, behaviour_known(BEHAVIOUR_GUESSES),
			     "known of this kernel: the guest reads %zu other pages", other);
}

/* KVM takes such memory for a device's and refuses to log its dirty pages. */
TEST_F(gstage, dirty_pages_of_a_drivers_memory_are_logged)
{
	int ret;

	ASSERT_EQ(0, vm_buffer_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 0,
				      MOCKGPU_CACHING_CACHED, SIZE, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	ret = vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, SIZE,
			   KVM_MEM_LOG_DIRTY_PAGES);
	if (!ret)
		return;
	EXPECT_EQ(-EINVAL, ret);
	/* The check of the mappings was for this flag and for such memory only. */
	EXPECT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, SIZE, 0));
	verdict_known(_metadata, "known: a memslot that logs dirty pages is refused");
}

/*
 * kvm_arch_prepare_memory_region() looks at the mappings that are there: what may not be written
 * is refused for a writable memslot, a hole is not.
 */
TEST_F(gstage, a_writable_memslot_needs_mappings_that_are)
{
	static const struct {
		int protection;
		uint32_t flags;
		int ret;
	} cases[] = {
		{ PROT_READ | PROT_WRITE, 0, 0 },
		{ PROT_READ | PROT_WRITE, KVM_MEM_READONLY, 0 },
		{ PROT_READ, 0, -EPERM },
		{ PROT_READ, KVM_MEM_READONLY, 0 },
		{ PROT_NONE, 0, -EPERM },
		{ PROT_NONE, KVM_MEM_READONLY, 0 },
	};
	size_t i;
	char *at;

	at = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, at);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_EQ(0, mprotect(at, SIZE, cases[i].protection));
		EXPECT_EQ(cases[i].ret, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, at, SIZE,
						     cases[i].flags))
			TH_LOG("case %zu", i);
		if (!cases[i].ret)
			EXPECT_EQ(0, vmm_slot_delete(self->vm, SLOT));
	}
	ASSERT_EQ(0, munmap(at, SIZE));
	EXPECT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, at, SIZE, 0));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_READ, 1, GUEST_EFAULT));
}

/* The guest reads first, so the entry is read-only; its write must bring another fault. */
TEST_F(gstage, a_write_after_a_read)
{
	size_t good, refused;

	/* Only the test of the offset has its buffers where such a KVM harms nobody. */
	if (behaviour_unsafe())
		SKIP(return, "%s", behaviour_unsafe());
	ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &(struct drm_mockgpu_bo_create) {
		.size = SIZE, .kind = MOCKGPU_KIND_SPLIT, .fault_mode = MOCKGPU_FAULT_READ_ONLY,
	}, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	guest_fill(self->bo.map, PAGES, 1);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, SIZE, 0));
	EXPECT_EQ(PAGES, pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED));
	good = pass(_metadata, self, GUEST_WRITE, 2, GUEST_MAPPED);
	if (good == PAGES) {
		EXPECT_EQ(0, guest_differences(self->bo.map, PAGES, 2));
		return;
	}
	refused = pass(_metadata, self, GUEST_WRITE, 2, GUEST_EFAULT);
	EXPECT_EQ(PAGES, good + refused);
	verdict_known(_metadata,
		      "known: %zu of %u writes after a read give EFAULT (read-only-first.md)",
		      refused, PAGES);
}

static size_t free_pages(struct __test_metadata *_metadata)
{
	return meminfo_kib(_metadata, "MemFree") * 1024 / GUEST_PAGE_SIZE;
}

static void one_vm(struct __test_metadata *_metadata, void *map)
{
	uint32_t page = 0;
	uint8_t result;
	struct touch touch = {
		.op = GUEST_READ, .gpa = VMM_BUFFER_GPA, .seed = 1, .sequence = &page,
		.accesses = 1, .result = &result,
	};
	struct vmm *vm;

	ASSERT_EQ(0, vmm_create(&vm, 1));
	ASSERT_EQ(0, vmm_slot_set(vm, SLOT, VMM_BUFFER_GPA, map, SIZE, 0));
	ASSERT_EQ(0, touch_run(vmm_vcpu_get(vm, 0), &touch));
	ASSERT_EQ(GUEST_MAPPED, result);
	vmm_destroy(vm);
}

/*
 * Nothing frees the tables below the root: kvm_riscv_gstage_free_pgd() in arch/riscv/kvm/mmu.c.
 * A VM with one range of addresses has one table at each level.
 */
TEST_F_TIMEOUT(gstage, a_vm_leaves_no_tables_behind, 600)
{
	size_t i, before, after;
	double lost;

	if (!getenv("MOCKGPU_LONG"))
		SKIP(return, "takes minutes: MOCKGPU_LONG=1");
	if (behaviour_unsafe())
		SKIP(return, "%s", behaviour_unsafe());
	ASSERT_EQ(0, vm_buffer_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 0,
				      MOCKGPU_CACHING_CACHED, SIZE, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	guest_fill(self->bo.map, PAGES, 1);
	for (i = 0; i < 20; i++)
		one_vm(_metadata, self->bo.map);
	before = free_pages(_metadata);
	for (i = 0; i < VMS; i++)
		one_vm(_metadata, self->bo.map);
	after = free_pages(_metadata);
	lost = before > after ? (double)(before - after) / VMS : 0;
	ksft_print_msg("%.1f pages lost for each of %u VMs\n", lost, VMS);
	if (lost < 0.5)
		return;
	/* At least the lowest table, at most two at each of five levels below a root of Sv57x4. */
	EXPECT_GT(10, lost);
	verdict_known(_metadata, "known: %.1f pages of a VM's tables are lost (riscv-tables.md)",
		      lost);
}

int main(int argc, char **argv)
{
	program_has_kvm(vmm_unusable());
	return driver_run(argc, argv);
}
