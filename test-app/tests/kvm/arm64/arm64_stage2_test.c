// SPDX-License-Identifier: GPL-2.0-only
/*
 * What arm64's stage 2 does with VM_PFNMAP memory and x86 does not: many kernels guess
 * blocks, dirty logging is refused, some CPUs refuse cacheable memory, and a first write may
 * need an emulation that does not exist. What both do is in the programs that run on both.
 *
 * The expectations follow what this kernel was seen to do (behaviour.h); its release only
 * tells whether that is known.
 */

#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "arm64.h"
#include "armhost.h"
#include "array.h"
#include "behaviour.h"
#include "bo.h"
#include "buffer.h"
#include "dirty.h"
#include "driver.h"
#include "hostmap.h"
#include "pass.h"
#include "program.h"
#include "sequence.h"
#include "touch.h"
#include "verdict.h"
#include "vmm.h"

#define SLOT 1
#define BLOCK_PAGES 512
#define PADS 32

FIXTURE(stage2) {
	struct driver driver;
	struct armhost host;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct mockgpu_bo other;
	struct mockgpu_bo pad[PADS];
	bool head_first;
	uint32_t sequence[BLOCK_PAGES];
	uint8_t result[BLOCK_PAGES];
};

FIXTURE_SETUP(stage2)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, armhost_look(self->vm, &self->host));
}

FIXTURE_TEARDOWN(stage2)
{
	unsigned int i;

	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->other));
	for (i = 0; i < PADS; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->pad[i]));
	driver_teardown(_metadata, &self->driver);
}

static struct drm_mockgpu_bo_create wanted(uint32_t kind, uint32_t order, size_t pages)
{
	return (struct drm_mockgpu_bo_create){
		.size = pages * GUEST_PAGE_SIZE, .kind = kind, .order = order,
	};
}

static void map_bo(struct __test_metadata *_metadata, struct mockgpu_bo *bo)
{
	void *at = hostmap_reserve(bo->size);

	ASSERT_NE(NULL, at);
	ASSERT_EQ(0, mockgpu_bo_map(bo, at));
}

static void make_bo(struct __test_metadata *_metadata, struct _test_data_stage2 *self,
		    struct mockgpu_bo *bo, uint32_t kind, uint32_t order, size_t pages)
{
	const struct drm_mockgpu_bo_create want = wanted(kind, order, pages);

	ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &want, bo));
	map_bo(_metadata, bo);
}

/*
 * A buffer whose offset is a multiple of 2 MiB, as a process's first buffer has it: there KVM
 * guesses. Pads fill the room before it. Return: false if no such offset was free.
 */
static bool make_hit(struct __test_metadata *_metadata, struct _test_data_stage2 *self,
		     uint32_t kind, uint32_t order)
{
	const struct drm_mockgpu_bo_create want = wanted(kind, order, BLOCK_PAGES);
	uint64_t offset = 0;
	unsigned int i;

	for (i = 0; i < PADS; i++) {
		struct drm_mockgpu_bo_create pad = {};

		ASSERT_EQ(0, vm_buffer_make_anywhere(self->driver.fd, &want, &self->bo));
		ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
		if (offset % VM_BUFFER_BLOCK == 0) {
			map_bo(_metadata, &self->bo);
			return true;
		}
		ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
		pad.size = VM_BUFFER_BLOCK - offset % VM_BUFFER_BLOCK;
		ASSERT_EQ(0, vm_buffer_make_anywhere(self->driver.fd, &pad, &self->pad[i]));
	}
	return false;
}

static char *page_at(const struct mockgpu_bo *bo, size_t page)
{
	return (char *)bo->map + page * GUEST_PAGE_SIZE;
}

static void fill(const struct mockgpu_bo *bo, size_t first, uint64_t seed)
{
	for (; first < bo_npages(bo); first++)
		guest_fill_page(page_at(bo, first), seed, first);
}

/* Count the pages from @first on that hold exactly that, as the host sees them. */
static size_t pages_with(const struct mockgpu_bo *bo, size_t first, uint64_t seed)
{
	size_t count = 0;

	for (; first < bo_npages(bo); first++)
		count += !guest_page_differences(page_at(bo, first), seed, first);
	return count;
}

/* Count the pages that ended with @wanted. */
static size_t count_of(const struct _test_data_stage2 *self, enum guest_result wanted)
{
	size_t i, count = 0;

	for (i = 0; i < bo_npages(&self->bo); i++)
		count += self->result[i] == wanted;
	return count;
}

/* A different sequence each time. */
static void plan_sequence(struct _test_data_stage2 *self)
{
	const uint32_t first = self->head_first;
	uint32_t i;

	for (i = 0; i < bo_npages(&self->bo); i++)
		self->sequence[i] = i;
	sequence_shuffle(self->sequence + first, bo_npages(&self->bo) - first);
}

/* One pass over the buffer at @gpa. Return: how many pages ended with @wanted. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_stage2 *self,
		   uint64_t gpa, enum guest_op op, uint64_t seed, enum guest_result wanted)
{
	struct touch touch = {
		.op = op, .gpa = gpa, .seed = seed, .sequence = self->sequence,
		.accesses = bo_npages(&self->bo), .result = self->result,
	};

	plan_sequence(self);
	return touch_pass(_metadata, self->vm, &touch, bo_npages(&self->bo), wanted);
}

/* Create the memslot, in the way that is left where KVM refuses it. */
static int set_slot(struct _test_data_stage2 *self, uint64_t gpa, uint32_t flags)
{
	if (self->host.refuses)
		return arm64_slot_behind(self->vm, SLOT, gpa, &self->bo, flags);
	return vmm_slot_set(self->vm, SLOT, gpa, self->bo.map, self->bo.size, flags);
}

/* The guest has the buffer at @gpa, except for @refused pages, which give EFAULT. */
static void expect_block(struct __test_metadata *_metadata, struct _test_data_stage2 *self,
			 uint64_t gpa, size_t refused)
{
	const size_t mapped = BLOCK_PAGES - refused;

	fill(&self->bo, 0, 1);
	ASSERT_EQ(0, set_slot(self, gpa, 0));
	EXPECT_EQ(refused, pass(_metadata, self, gpa, GUEST_READ, 1, GUEST_EFAULT));
	EXPECT_EQ(mapped, count_of(self, GUEST_MAPPED));
	EXPECT_EQ(mapped, pass(_metadata, self, gpa, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(mapped, pages_with(&self->bo, 0, 2));
	EXPECT_EQ(refused, pages_with(&self->bo, 0, 1));
	ASSERT_EQ(0, vmm_slot_delete(self->vm, SLOT));
}

/*
 * A contiguous block. There a guess is right, and hides what KVM before 6.13 does with pages
 * that have no reference count, because it checks the first page only.
 */
TEST_F(stage2, a_block_in_a_row)
{
	const size_t refused = behaviour_excused(BEHAVIOUR_REFUSES_TAILS) ? BLOCK_PAGES - 1 : 0;
	const size_t hidden = behaviour_seen(BEHAVIOUR_GUESSES) > 0 ? refused : 0;

	if (!make_hit(_metadata, self, MOCKGPU_KIND_NONCOMPOUND, 9))
		SKIP(return, "no buffer got an offset of a multiple of 2 MiB in %d tries", PADS);
	expect_block(_metadata, self, VMM_BUFFER_GPA, refused - hidden);
	/* Skewed, so there are no blocks in stage 2. */
	expect_block(_metadata, self, VMM_BUFFER_GPA + GUEST_PAGE_SIZE, refused);
	if (refused)
		verdict_known(_metadata, "known before 6.13: %zu pages are EFAULT, skewed %zu",
			      refused - hidden, refused);
}

/* A 2 MiB entry in the host's page table: one fault for all, at the guest's first access. */
TEST_F(stage2, a_huge_entry)
{
	int ret;

	/* Where tails are refused, the head must come first. */
	self->head_first = behaviour_excused(BEHAVIOUR_REFUSES_TAILS);
	if (!make_hit(_metadata, self, MOCKGPU_KIND_NONCOMPOUND, 9))
		SKIP(return, "no buffer got an offset of a multiple of 2 MiB in %d tries", PADS);
	ret = mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_HUGE, 0);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, set_slot(self, VMM_BUFFER_GPA, 0));
	EXPECT_EQ(BLOCK_PAGES, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).faults);
	EXPECT_EQ(BLOCK_PAGES, pages_with(&self->bo, 0, 2));
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).faults);
}

/*
 * Single pages. The first one is page @first of a block of the test's own, which has as many
 * pages after it as KVM could take for the rest of the buffer.
 */
static bool make_scattered(struct __test_metadata *_metadata, struct _test_data_stage2 *self,
			   uint32_t first)
{
	const uint32_t order = first ? 10 : 9;

	make_bo(_metadata, self, &self->other, MOCKGPU_KIND_NONCOMPOUND, order, 1 << order);
	if (!make_hit(_metadata, self, MOCKGPU_KIND_SPLIT, 0))
		return false;
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&self->bo, 0, &self->other, first));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	fill(&self->bo, 0, 1);
	return true;
}

/*
 * Pages that are not contiguous. The first is the head of a block of the test's own, so that
 * what KVM takes for the rest of the buffer is the test's own too.
 */
TEST_F(stage2, scattered_pages)
{
	const size_t rest = BLOCK_PAGES - 1;
	size_t strange;

	if (!make_scattered(_metadata, self, 0))
		SKIP(return, "no buffer got an offset of a multiple of 2 MiB in %d tries", PADS);
	fill(&self->other, 0, 2);
	ASSERT_EQ(0, set_slot(self, VMM_BUFFER_GPA, 0));

	strange = pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 2, GUEST_MAPPED);
	if (strange == 1) {
		/* Of the other buffer only the injected page is there. */
		EXPECT_EQ(1, strange);
		EXPECT_EQ(rest, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 1, GUEST_MAPPED));
		EXPECT_EQ(BLOCK_PAGES, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 3,
					    GUEST_MAPPED));
		EXPECT_EQ(rest, pages_with(&self->bo, 1, 3));
		EXPECT_EQ(rest, pages_with(&self->other, 1, 2));
		return;
	}
	/* All of it, silently, and the guest's writes go there as well. */
	EXPECT_EQ(BLOCK_PAGES, strange);
	EXPECT_EQ(BLOCK_PAGES, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 3, GUEST_MAPPED));
	EXPECT_EQ(rest, pages_with(&self->bo, 1, 1));
	EXPECT_EQ(rest, pages_with(&self->other, 1, 3));
	verdict_seen(_metadata, behaviour_known(BEHAVIOUR_GUESSES),
		     "known of this kernel: the guest has %zu pages that are not mapped", rest);
}

/*
 * The same where the first page has no reference count. A kernel that refuses such pages
 * refuses this one; or, if it guesses and checks the first page only, all of them.
 */
TEST_F(stage2, scattered_pages_behind_a_tail)
{
	const bool guesses = behaviour_seen(BEHAVIOUR_GUESSES) > 0;
	size_t refused = 0, strange = 0;

	if (!make_scattered(_metadata, self, 1))
		SKIP(return, "no buffer got an offset of a multiple of 2 MiB in %d tries", PADS);
	fill(&self->other, 2, 2);
	if (behaviour_excused(BEHAVIOUR_REFUSES_TAILS))
		refused = guesses ? BLOCK_PAGES : 1;
	else if (guesses)
		strange = BLOCK_PAGES - 1;
	ASSERT_EQ(0, set_slot(self, VMM_BUFFER_GPA, 0));
	EXPECT_EQ(refused, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 1, GUEST_EFAULT));
	EXPECT_EQ(strange, count_of(self, GUEST_WRONG));
	EXPECT_EQ(BLOCK_PAGES - refused - strange, count_of(self, GUEST_MAPPED));
	EXPECT_EQ(BLOCK_PAGES, pages_with(&self->bo, 0, 1));
	if (strange)
		verdict_seen(_metadata, behaviour_known(BEHAVIOUR_GUESSES),
			     "known of this kernel: the guest has %zu pages that are not mapped",
			     strange);
	else if (refused)
		verdict_known(_metadata, "known before 6.13: EFAULT, %zu of %d pages", refused,
			      BLOCK_PAGES);
}

/* A kernel that supports more than those known: the log must have what the guest wrote. */
static void expect_logged(struct __test_metadata *_metadata, struct _test_data_stage2 *self)
{
	uint64_t bitmap = 0;

	fill(&self->bo, 0, 1);
	EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 1, GUEST_MAPPED));
	EXPECT_EQ(0, dirty_log_get(self->vm, SLOT, &bitmap));
	EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(64, pages_with(&self->bo, 0, 2));
	EXPECT_EQ(0, dirty_log_get(self->vm, SLOT, &bitmap));
	EXPECT_EQ(~0ull, bitmap);
}

/* Refused by design, for a new slot and for an existing one, which does not change. */
TEST_F(stage2, dirty_logging_is_refused)
{
	void *plain;
	int ret;

	make_bo(_metadata, self, &self->bo, MOCKGPU_KIND_SPLIT, 4, 64);
	fill(&self->bo, 0, 1);
	ret = vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, self->bo.size,
			   KVM_MEM_LOG_DIRTY_PAGES);
	if (!ret) {
		expect_logged(_metadata, self);
		return;
	}
	EXPECT_EQ(-EINVAL, ret);
	ASSERT_EQ(0, set_slot(self, VMM_BUFFER_GPA, 0));
	EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 1, GUEST_MAPPED));
	EXPECT_EQ(-EINVAL, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map,
					self->bo.size, KVM_MEM_LOG_DIRTY_PAGES));
	EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(64, pages_with(&self->bo, 0, 2));
	/* Anonymous memory is accepted. */
	plain = mmap(NULL, GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	ASSERT_NE(MAP_FAILED, plain);
	EXPECT_EQ(0, vmm_slot_set(self->vm, SLOT + 1, VMM_BUFFER_GPA + VM_BUFFER_BLOCK, plain,
				  GUEST_PAGE_SIZE, KVM_MEM_LOG_DIRTY_PAGES));
	EXPECT_EQ(0, vmm_slot_delete(self->vm, SLOT + 1));
	EXPECT_EQ(0, munmap(plain, GUEST_PAGE_SIZE));
}

/* The guest's write to one page, which must not reach it. */
static enum vmm_exit lost_write(struct __test_metadata *_metadata,
				struct _test_data_stage2 *self, uint32_t page)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);

	EXPECT_EQ(0, touch_start_page(vcpu, GUEST_WRITE, VMM_BUFFER_GPA, page, 4));
	return vmm_vcpu_run(vcpu);
}

/* KVM_MEM_READONLY: a write is an MMIO exit; reads work as always. */
TEST_F(stage2, read_only_slot)
{
	const size_t pages = 64, order = 4;
	const size_t refused = behaviour_excused(BEHAVIOUR_REFUSES_TAILS) ?
			       pages - (pages >> order) : 0;
	uint32_t page;

	make_bo(_metadata, self, &self->bo, MOCKGPU_KIND_NONCOMPOUND, order, pages);
	fill(&self->bo, 0, 1);
	ASSERT_EQ(0, set_slot(self, VMM_BUFFER_GPA, KVM_MEM_READONLY));
	for (page = 0; page < pages; page++)
		EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, page));
	EXPECT_EQ(refused, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 1, GUEST_EFAULT));
	EXPECT_EQ(pages - refused, count_of(self, GUEST_MAPPED));
	for (page = 0; page < pages; page++)
		EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, page));
	EXPECT_EQ(pages, pages_with(&self->bo, 0, 1));
	if (refused)
		verdict_known(_metadata, "known before 6.13: %zu of %zu pages cannot be read",
			      refused, pages);
}

/*
 * Since 6.17 memory with a cacheable VMA is accepted only with FEAT_S2FWB and CTR_EL0.DIC,
 * which the capability reports. TTM's VMAs are always cacheable, even that of a
 * write-combined buffer: only its entries are not.
 */
TEST_F(stage2, cacheable_memory_and_the_cpu)
{
	static const uint32_t cachings[] = { MOCKGPU_CACHING_CACHED, MOCKGPU_CACHING_WC };
	struct drm_mockgpu_bo_create want = wanted(MOCKGPU_KIND_SPLIT, 4, 64);
	size_t i;

	if (!strcmp(self->host.mode, "?"))
		ksft_print_msg("the kernel log does not tell FWB\n");
	else if (self->host.refuses || self->host.cacheable)
		EXPECT_EQ(self->host.fwb && self->host.dic, self->host.cacheable);
	for (i = 0; i < ARRAY_SIZE(cachings); i++) {
		want.caching = cachings[i];
		ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &want, &self->bo));
		map_bo(_metadata, &self->bo);
		fill(&self->bo, 0, 1);
		EXPECT_EQ(self->host.refuses ? -EINVAL : 0,
			  vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->bo.map, self->bo.size,
				       0));
		/* After a refusal the host has lost nothing. */
		EXPECT_EQ(64, pages_with(&self->bo, 0, 1));
		if (self->host.refuses)
			EXPECT_EQ(0, set_slot(self, VMM_BUFFER_GPA, 0));
		EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_READ, 1, GUEST_MAPPED));
		EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 2, GUEST_MAPPED));
		EXPECT_EQ(64, pages_with(&self->bo, 0, 2));
		EXPECT_EQ(0, vmm_slot_delete(self->vm, SLOT));
		ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	}
	if (self->host.refuses)
		verdict_seen(_metadata, behaviour_known(BEHAVIOUR_REFUSES_CACHEABLE),
			     "known since 6.17: EINVAL on this CPU (FWB %d, DIC %d)",
			     self->host.fwb, self->host.dic);
}

/*
 * An entry that is read-only at first, see read_only_first_test: arm64 cannot emulate, so the
 * guest's first write is EFAULT until the host has written.
 */
TEST_F(stage2, the_first_write_to_a_read_only_entry)
{
	size_t refused, page;

	make_bo(_metadata, self, &self->bo, MOCKGPU_KIND_SPLIT, 4, 64);
	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_READ_ONLY, 0));
	map_bo(_metadata, &self->bo);
	ASSERT_EQ(0, set_slot(self, VMM_BUFFER_GPA, 0));
	refused = pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 1, GUEST_EFAULT);
	EXPECT_EQ(64 - refused, count_of(self, GUEST_MAPPED));
	EXPECT_EQ(64 - refused, pages_with(&self->bo, 0, 1));
	if (!refused)
		return;
	/* All of them or none: either KVM lets the driver upgrade an entry, or it does not. */
	EXPECT_EQ(64, refused);
	for (page = 0; page < 64; page++)
		*(volatile uint64_t *)page_at(&self->bo, page) = 0;
	EXPECT_EQ(64, pass(_metadata, self, VMM_BUFFER_GPA, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(64, pages_with(&self->bo, 0, 2));
	verdict_known(_metadata, "known: the guest's first write to each of %zu entries is EFAULT",
		      refused);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return driver_run(argc, argv);
}
