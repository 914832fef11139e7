// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries that are read-only at first and are made writable by the first write: a driver with
 * pfn_mkwrite (drm_gem_shmem since 7.1) or, for 2 MiB, with a huge_fault that does the same.
 *
 * Known in every kernel up to 7.3 at least: when KVM finds such an entry for a guest's write,
 * it does not let the driver upgrade it. hva_to_pfn_remapped() in virt/kvm/kvm_main.c returns
 * KVM_PFN_ERR_RO_FAULT, on which x86 emulates the instruction, once for each entry: the
 * emulator's own write to the user address upgrades it. An instruction that the emulator does
 * not know ends KVM_RUN with KVM_EXIT_INTERNAL_ERROR. Reported as AsahiLinux/linux#560, #563
 * and libkrun#803 (arm64, where it is EFAULT). A kernel that lets the driver upgrade is ok.
 */

#include <stdbool.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "buffer.h"
#include "hostmap.h"
#include "kvmstat.h"
#include "mockgpu.h"
#include "program.h"
#include "quiet.h"
#include "touch.h"
#include "verdict.h"

#define SLOT 1
/* More than any variant touches. */
#define SEQUENCE_MAX 64
/* Enough to end a guest that KVM lets retry forever. */
#define SECONDS 60

FIXTURE(read_only) {
	int drm;
	int kmsg;
	struct vmm *vm;
	struct mockgpu_bo bo;
	char *plain;		/* a mapping that is writable at once */
	char *memory;		/* the mapping that the guest gets */
	uint32_t sequence[SEQUENCE_MAX];
	uint8_t result[1024];
	struct touch touch;
};

/*
 * The guest touches pages that are @stride apart and lie in @entries host entries, if these
 * are read-only at first; @by_write of them are even when a write faults them in. The pages are
 * of a kind that every kernel maps, so nothing else refuses them.
 */
FIXTURE_VARIANT(read_only) {
	uint32_t mode;
	uint32_t order;
	size_t pages;
	size_t stride;
	uint64_t entries;
	uint64_t by_write;
};

FIXTURE_VARIANT_ADD(read_only, control) { MOCKGPU_FAULT_SINGLE, 4, 32, 1, 0, 0 };
FIXTURE_VARIANT_ADD(read_only, ptes) { MOCKGPU_FAULT_READ_ONLY, 4, 32, 1, 32, 32 };
FIXTURE_VARIANT_ADD(read_only, pmds) { MOCKGPU_FAULT_HUGE_READ_ONLY, 9, 1024, 64, 2, 0 };

static void map(struct __test_metadata *_metadata, struct mockgpu_bo *bo, char **at)
{
	*at = hostmap_reserve(bo->size);
	ASSERT_NE(NULL, *at);
	bo->map = NULL;
	ASSERT_EQ(0, mockgpu_bo_map(bo, *at));
}

FIXTURE_SETUP(read_only)
{
	const struct drm_mockgpu_bo_create like = {
		.kind = MOCKGPU_KIND_SPLIT, .fault_mode = variant->mode,
	};
	const char *unsafe = behaviour_unsafe_buffer(&like);
	size_t i;
	int ret;

	self->drm = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->drm);
	self->kmsg = quiet_begin(_metadata);
	if (unsafe)
		SKIP(return, "%s", unsafe);
	ASSERT_EQ(0, vm_buffer_create(self->drm, MOCKGPU_KIND_SPLIT, variant->order,
				      MOCKGPU_CACHING_CACHED,
				      variant->pages * GUEST_PAGE_SIZE, &self->bo));
	map(_metadata, &self->bo, &self->plain);
	/* How a mapping upgrades is decided when it is created. */
	ret = mockgpu_bo_set_fault(&self->bo, variant->mode, 0);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	map(_metadata, &self->bo, &self->memory);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->memory, self->bo.size, 0));
	self->touch = (struct touch){
		.gpa = VMM_BUFFER_GPA, .sequence = self->sequence,
		.accesses = variant->pages / variant->stride, .result = self->result,
	};
	for (i = 0; i < self->touch.accesses; i++)
		self->sequence[i] = i * variant->stride;
}

FIXTURE_TEARDOWN(read_only)
{
	vmm_destroy(self->vm);
	if (self->plain)
		munmap(self->plain, self->bo.size);
	if (self->memory)
		munmap(self->memory, self->bo.size);
	self->bo.map = NULL;
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	quiet_end(_metadata, self->kmsg);
	close(self->drm);
}

static uint64_t *word_at(char *map, uint32_t page, uint32_t word)
{
	return (uint64_t *)(map + (size_t)page * GUEST_PAGE_SIZE) + word;
}

/* What the pages of the sequence hold, through the mapping that does not change them. */
static void fill(struct _test_data_read_only *self, uint64_t seed)
{
	size_t i;

	for (i = 0; i < self->touch.accesses; i++)
		guest_fill_page(word_at(self->plain, self->sequence[i], 0), seed,
				self->sequence[i]);
}

static size_t differences(struct _test_data_read_only *self, uint64_t seed)
{
	size_t i, wrong = 0;

	for (i = 0; i < self->touch.accesses; i++)
		wrong += guest_page_differences(word_at(self->plain, self->sequence[i], 0), seed,
						self->sequence[i]);
	return wrong;
}

/* One pass over the sequence: how many of its pages ended with @wanted. */
static size_t pass(struct __test_metadata *_metadata, struct _test_data_read_only *self,
		   enum guest_op op, uint64_t seed, enum guest_result wanted)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);
	size_t i, count = 0;

	memset(self->result, GUEST_PENDING, sizeof(self->result));
	self->touch.op = op;
	self->touch.seed = seed;
	EXPECT_EQ(0, touch_run(vcpu, &self->touch))
		TH_LOG("the guest ended with: %s", vmm_vcpu_strexit(vcpu));
	EXPECT_EQ(0, self->touch.wrong_words);
	EXPECT_EQ(0, self->touch.spurious);
	for (i = 0; i < self->touch.accesses; i++)
		count += self->result[self->sequence[i]] == wanted;
	return count;
}

static uint64_t emulated(struct __test_metadata *_metadata, struct _test_data_read_only *self)
{
	uint64_t value = 0;

	EXPECT_EQ(0, kvmstat_vcpu(vmm_vcpu_get(self->vm, 0), "pf_emulate", &value));
	return value;
}

static uint32_t upgrades(struct __test_metadata *_metadata, struct _test_data_read_only *self)
{
	struct drm_mockgpu_bo_query query = {};

	EXPECT_EQ(0, mockgpu_bo_query(&self->bo, &query));
	return query.upgrades;
}

/* Writes by an instruction that KVM can emulate: the data must be correct in any case. */
static void write_emulatably(struct __test_metadata *_metadata, struct _test_data_read_only *self,
			     uint64_t entries)
{
	uint64_t before = emulated(_metadata, self), count;

	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_WRITE, 2, GUEST_MAPPED));
	EXPECT_EQ(0, differences(self, 2));
	EXPECT_EQ(entries, upgrades(_metadata, self));
	count = emulated(_metadata, self) - before;
	/* Once upgraded, an entry is like any other. */
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_STORE, 3, GUEST_MAPPED));
	EXPECT_EQ(0, differences(self, 3));
	EXPECT_EQ(before + count, emulated(_metadata, self));
	if (!count)
		return;
	EXPECT_EQ(entries, count);
	verdict_known(_metadata, "known: the first write to each of %llu entries was emulated",
		      (unsigned long long)count);
}

/* And by one that it cannot emulate. A kernel that can do it has asked the driver. */
static void write_unemulatably(struct __test_metadata *_metadata, struct _test_data_read_only *self,
			       uint64_t seed, uint64_t entries)
{
	size_t refused, i;

	refused = pass(_metadata, self, GUEST_STORE, 2, GUEST_UNEMULATED);
	if (!refused) {
		EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 2, GUEST_MAPPED));
		EXPECT_EQ(0, differences(self, 2));
		EXPECT_EQ(entries, upgrades(_metadata, self));
		return;
	}
	/* All of them; nothing was written, and a retry does not help. */
	EXPECT_EQ(self->touch.accesses, refused);
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_STORE, 2, GUEST_UNEMULATED));
	EXPECT_EQ(0, differences(self, seed));
	EXPECT_EQ(0, upgrades(_metadata, self));
	/* A write by the host does help. */
	for (i = 0; i < self->touch.accesses; i++)
		*(volatile uint64_t *)word_at(self->memory, self->sequence[i], 0) = 0;
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_STORE, 2, GUEST_MAPPED));
	EXPECT_EQ(0, differences(self, 2));
	verdict_known(_metadata, "known: KVM cannot emulate the first write to any of %zu pages",
		      refused);
}

/* A read by the host creates the entries, as when a VMM looks at its buffer. */
static void peek(struct _test_data_read_only *self)
{
	size_t i;

	for (i = 0; i < self->touch.accesses; i++)
		*(volatile uint64_t *)word_at(self->memory, self->sequence[i], 0);
}

TEST_F_TIMEOUT(read_only, write_first, SECONDS)
{
	write_emulatably(_metadata, self, variant->by_write);
}

TEST_F_TIMEOUT(read_only, host_reads_then_guest_writes, SECONDS)
{
	peek(self);
	EXPECT_EQ(0, upgrades(_metadata, self));
	write_emulatably(_metadata, self, variant->entries);
}

TEST_F_TIMEOUT(read_only, host_reads_then_guest_writes_by_an_unknown_instruction, SECONDS)
{
	fill(self, 1);
	peek(self);
	write_unemulatably(_metadata, self, 1, variant->entries);
}

TEST_F_TIMEOUT(read_only, write_first_by_an_unknown_instruction, SECONDS)
{
	fill(self, 1);
	write_unemulatably(_metadata, self, 1, variant->by_write);
}

TEST_F_TIMEOUT(read_only, read_then_write, SECONDS)
{
	fill(self, 1);
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED));
	EXPECT_EQ(0, upgrades(_metadata, self));
	write_emulatably(_metadata, self, variant->entries);
}

TEST_F_TIMEOUT(read_only, read_then_write_by_an_unknown_instruction, SECONDS)
{
	fill(self, 1);
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED));
	write_unemulatably(_metadata, self, 1, variant->entries);
}

/* A write by the host that changes nothing, as VMMs do it as a workaround (libkrun#803). */
static void prefault(struct _test_data_read_only *self)
{
	size_t i;

	for (i = 0; i < self->touch.accesses; i++)
		__atomic_fetch_add(word_at(self->memory, self->sequence[i], 0), 0,
				   __ATOMIC_RELAXED);
}

/* It helps until the driver zaps the buffer, for an eviction or a suspend, and no longer. */
TEST_F_TIMEOUT(read_only, prefaulted_and_then_zapped, SECONDS)
{
	uint64_t before = emulated(_metadata, self), count;

	fill(self, 1);
	prefault(self);
	EXPECT_EQ(variant->by_write, upgrades(_metadata, self));
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_STORE, 2, GUEST_MAPPED));
	EXPECT_EQ(0, differences(self, 2));
	EXPECT_EQ(before, emulated(_metadata, self));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_WRITE, 3, GUEST_MAPPED));
	EXPECT_EQ(0, differences(self, 3));
	EXPECT_EQ(2 * variant->by_write, upgrades(_metadata, self));
	count = emulated(_metadata, self) - before;
	if (!count)
		return;
	EXPECT_EQ(variant->by_write, count);
	verdict_known(_metadata, "known: after a zap each of %llu writes was emulated again",
		      (unsigned long long)count);
}

/* The guest's write to one page; it must not reach it. */
static enum vmm_exit lost_write(struct __test_metadata *_metadata,
				struct _test_data_read_only *self, uint32_t page)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);
	enum vmm_exit reason;

	EXPECT_EQ(0, touch_start_page(vcpu, GUEST_WRITE, VMM_BUFFER_GPA, page, 4));
	reason = vmm_vcpu_run(vcpu);
	if (reason == VMM_EXIT_MMIO) {
		EXPECT_TRUE(vmm_vcpu_kvm_run(vcpu)->mmio.is_write);
		EXPECT_EQ(VMM_BUFFER_GPA + page * (uint64_t)GUEST_PAGE_SIZE,
			  vmm_vcpu_kvm_run(vcpu)->mmio.phys_addr);
	}
	return reason;
}

/* KVM_MEM_READONLY: a write is an MMIO exit and never becomes an upgrade. */
TEST_F_TIMEOUT(read_only, read_only_slot, SECONDS)
{
	size_t i;

	fill(self, 1);
	ASSERT_EQ(0, vmm_slot_delete(self->vm, SLOT));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->memory, self->bo.size,
				  KVM_MEM_READONLY));
	for (i = 0; i < self->touch.accesses; i += 3)
		EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, self->sequence[i]));
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED));
	for (i = 0; i < self->touch.accesses; i += 3)
		EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, self->sequence[i]));
	EXPECT_EQ(0, differences(self, 1));
	EXPECT_EQ(0, upgrades(_metadata, self));
}

/*
 * Without write permission in the VMM's own mapping there is nothing to upgrade: EFAULT if KVM
 * must fault in the page, and if there is already an entry, an emulation whose own write fails,
 * for which KVM asks user space as for MMIO.
 */
TEST_F_TIMEOUT(read_only, mprotect_in_between, SECONDS)
{
	size_t i;

	fill(self, 1);
	ASSERT_EQ(0, mprotect(self->memory, self->bo.size, PROT_READ));
	for (i = 0; i < self->touch.accesses; i++)
		EXPECT_EQ(VMM_EXIT_EFAULT, lost_write(_metadata, self, self->sequence[i]));
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED));
	for (i = 0; i < self->touch.accesses; i++)
		EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, self->sequence[i]));
	EXPECT_EQ(0, differences(self, 1));
	EXPECT_EQ(0, upgrades(_metadata, self));

	/* With the permission restored all is as at the start, and it can be removed again. */
	ASSERT_EQ(0, mprotect(self->memory, self->bo.size, PROT_READ | PROT_WRITE));
	write_emulatably(_metadata, self, variant->entries);
	ASSERT_EQ(0, mprotect(self->memory, self->bo.size, PROT_READ));
	for (i = 0; i < self->touch.accesses; i++)
		EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, self->sequence[i]));
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 3, GUEST_MAPPED));
	EXPECT_EQ(0, differences(self, 3));
}

/*
 * No access at all. Without an entry KVM asks mm, which refuses. An existing entry KVM uses as
 * it is: follow_pfnmap_start() in mm/memory.c checks pte_present(), which is true for
 * PROT_NONE, and hva_to_pfn_remapped() checks the write permission only. So the guest can still
 * read what its VMM may not read any more; anonymous memory is refused. See docs/findings.
 */
TEST_F_TIMEOUT(read_only, no_access_in_between, SECONDS)
{
	size_t mapped;

	fill(self, 1);
	ASSERT_EQ(0, mprotect(self->memory, self->bo.size, PROT_NONE));
	EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 1, GUEST_EFAULT));
	ASSERT_EQ(0, mprotect(self->memory, self->bo.size, PROT_READ | PROT_WRITE));
	peek(self);
	ASSERT_EQ(0, mprotect(self->memory, self->bo.size, PROT_NONE));
	mapped = pass(_metadata, self, GUEST_READ, 1, GUEST_MAPPED);
	if (!mapped) {
		EXPECT_EQ(self->touch.accesses, pass(_metadata, self, GUEST_READ, 1, GUEST_EFAULT));
		return;
	}
	EXPECT_EQ(self->touch.accesses, mapped);
	EXPECT_EQ(VMM_EXIT_MMIO, lost_write(_metadata, self, self->sequence[0]));
	EXPECT_EQ(0, differences(self, 1));
	verdict_known(_metadata, "known: the guest reads all %zu pages through PROT_NONE", mapped);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return test_harness_run(argc, argv);
}
