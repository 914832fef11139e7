// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries of 1 GiB over a BAR, as vfio-pci has them since 6.12: what makes one and what takes it
 * away on the host, and which level KVM chooses for the guest (host_pfn_mapping_level() in
 * arch/x86/kvm/mmu/mmu.c follows the host's entry, within what the memslot's alignment allows).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "bar.h"
#include "bo.h"
#include "canary.h"
#include "dirty.h"
#include "kvmstat.h"
#include "live.h"
#include "reload.h"

#define GIB (1ull << 30)
#define MIB2 (2ull << 20)
#define GIB_PAGES (GIB / GUEST_PAGE_SIZE)
/* One entry of 1 GiB, and one of 2 MiB that begins where it ends. */
#define SIZE (GIB + MIB2)
#define PAGES (SIZE / GUEST_PAGE_SIZE)
/* 1 GiB and 64 MiB. */
#define PARAMETERS "vram=bar vram_size=1140850688"
#define ZAPS 50

/* Both ends, both sides of a block of 2 MiB, and what is between; the last is in the tail. */
static const uint32_t pages[] = {
	GIB_PAGES - 1, 300, 0, 511, 512, 131071, 131072, 77777, 200000, 262142, 1, PAGES - 1,
};

#define SAMPLES ARRAY_SIZE(pages)

/* One buffer for all tests, since to clear it takes seconds under emulation; not mapped. */
static struct mockgpu_bo the_bo;
static int the_client = -1;

/**
 * struct _test_data_pud - a mapping of the buffer, and a guest without it
 * @driver: the driver's client
 * @vm: the VM
 * @bo: the buffer, with a mapping of this test's
 */
FIXTURE(pud) {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
};

static char *page_at(const struct mockgpu_bo *bo, uint32_t page)
{
	return (char *)bo->map + (size_t)page * GUEST_PAGE_SIZE;
}

FIXTURE_SETUP(pud)
{
	size_t i;

	driver_setup(_metadata, &self->driver);
	self->bo = the_bo;
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_HUGE, 0));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	for (i = 0; i < SAMPLES; i++)
		guest_fill_page(page_at(&self->bo, pages[i]), LIVE_SEED, pages[i]);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
}

FIXTURE_TEARDOWN(pud)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static uint64_t faults(struct __test_metadata *_metadata, struct _test_data_pud *self)
{
	return bo_query(_metadata, &self->bo).faults;
}

/* Return: how many words of the samples are not what they were filled with. */
static uint32_t sample_differences(const struct mockgpu_bo *bo)
{
	uint32_t wrong = 0;
	size_t i;

	for (i = 0; i < SAMPLES; i++)
		wrong += guest_page_differences(page_at(bo, pages[i]), LIVE_SEED, pages[i]);
	return wrong;
}

/* Read all samples here. Return: how many faults that took. */
static uint64_t read_here(struct __test_metadata *_metadata, struct _test_data_pud *self)
{
	const uint64_t before = faults(_metadata, self);

	EXPECT_EQ(0, sample_differences(&self->bo));
	return faults(_metadata, self) - before;
}

/* The last page first: one entry for the GiB, and one for the tail. */
TEST_F(pud, one_fault_maps_a_gib)
{
	const uint64_t before = faults(_metadata, self);

	EXPECT_EQ(0, (uintptr_t)self->bo.map % GIB);
	peek(page_at(&self->bo, GIB_PAGES - 1));
	EXPECT_EQ(before + 1, faults(_metadata, self));
	EXPECT_EQ(1, read_here(_metadata, self));
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	poke(page_at(&self->bo, 5), 1);
	EXPECT_EQ(before + 3, faults(_metadata, self));
	EXPECT_EQ(1, read_here(_metadata, self));
	EXPECT_EQ(0, bo_query(_metadata, &self->bo).upgrades);
}

/* Where the whole GiB cannot be had, 2 MiB can. */
TEST_F(pud, an_address_that_is_not_aligned)
{
	char *at = hostmap_reserve(SIZE + 2 * MIB2);

	ASSERT_NE(NULL, at);
	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, (uintptr_t)at % GIB ? at : at + MIB2));
	/* 12 samples in 8 blocks. */
	EXPECT_EQ(8, read_here(_metadata, self));
}

/* fork() copies the entries of such a mapping: the child takes no fault. */
TEST_F(pud, a_child_has_the_same_entries)
{
	uint64_t before;
	int status;
	pid_t child;

	EXPECT_EQ(2, read_here(_metadata, self));
	before = faults(_metadata, self);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(!!sample_differences(&self->bo));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(before, faults(_metadata, self));
	EXPECT_EQ(0, read_here(_metadata, self));
}

/*
 * The kernel would take the entry for a table (docs/findings/pud-split.md). Between the GiB and the
 * rest it may.
 */
TEST_F(pud, no_part_can_be_split_off)
{
	char *at = page_at(&self->bo, 20), *tail = page_at(&self->bo, GIB_PAGES);

	EXPECT_EQ(2, read_here(_metadata, self));
	EXPECT_EQ(-1, mprotect(at, GUEST_PAGE_SIZE, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, munmap(at, MIB2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, munmap(page_at(&self->bo, 512), MIB2));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, madvise(at, GUEST_PAGE_SIZE, MADV_DONTFORK));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(at, GUEST_PAGE_SIZE, PROT_READ,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, read_here(_metadata, self));
	/* That opens a VMA, for which the driver takes all entries. */
	EXPECT_EQ(0, mprotect(tail, MIB2, PROT_READ));
	EXPECT_EQ(2, read_here(_metadata, self));
	EXPECT_EQ(0, mprotect(tail, MIB2, PROT_READ | PROT_WRITE));
}

/* All of it: the entry stays, and follows. */
TEST_F(pud, mprotect_of_all_of_it)
{
	EXPECT_EQ(2, read_here(_metadata, self));
	ASSERT_EQ(0, mprotect(self->bo.map, SIZE, PROT_READ));
	EXPECT_EQ(0, read_here(_metadata, self));
	ASSERT_EQ(0, mprotect(self->bo.map, SIZE, PROT_READ | PROT_WRITE));
	poke(page_at(&self->bo, 5), 1);
	EXPECT_EQ(0, read_here(_metadata, self));
}

/*
 * The kernel would forget the entry and the TLB; the driver takes the entry before. Of a part it
 * refuses. Two addresses: where nothing is mapped any more nothing may be read.
 */
TEST_F(pud, mremap_moves_all_of_it_or_nothing)
{
	char *room = hostmap_reserve(4 * GIB), *at, *old = self->bo.map;
	int status;
	pid_t child;

	ASSERT_NE(NULL, room);
	at = (char *)(((uintptr_t)room + GIB - 1) & ~(GIB - 1));
	EXPECT_EQ(2, read_here(_metadata, self));
	EXPECT_EQ(MAP_FAILED, mremap(old, MIB2, MIB2, MREMAP_MAYMOVE | MREMAP_FIXED, at));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, read_here(_metadata, self));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		self->bo.map = mremap(old, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, at);
		if (self->bo.map != at || sample_differences(&self->bo))
			_exit(1);
		peek(old + 5 * GUEST_PAGE_SIZE);
		_exit(2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		TH_LOG("status %#x", status);
	ASSERT_EQ(0, munmap(room, 4 * GIB));
}

/* As with 2 MiB: a read makes a read-only entry, and the first write makes that writable. */
TEST_F(pud, read_only_first)
{
	ASSERT_EQ(0, mockgpu_bo_set_fault(&self->bo, MOCKGPU_FAULT_HUGE_READ_ONLY, 0));
	ASSERT_EQ(0, mockgpu_bo_unmap(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	EXPECT_EQ(2, read_here(_metadata, self));
	EXPECT_EQ(0, bo_query(_metadata, &self->bo).upgrades);
	poke(page_at(&self->bo, 5), 1);
	poke(page_at(&self->bo, 100000), 1);
	EXPECT_EQ(1, bo_query(_metadata, &self->bo).upgrades);
	EXPECT_EQ(0, read_here(_metadata, self));
}

static uint64_t stat_of(struct __test_metadata *_metadata, struct vmm *vm, const char *name)
{
	uint64_t value = 0;

	EXPECT_EQ(0, kvmstat_vm(vm, name, &value));
	return value;
}

static void expect_levels(struct __test_metadata *_metadata, struct vmm *vm, uint64_t large,
			  uint64_t medium)
{
	EXPECT_EQ(large, stat_of(_metadata, vm, "pages_1g"));
	EXPECT_EQ(medium, stat_of(_metadata, vm, "pages_2m"));
}

/* The guest touches the samples from @first on. */
static void touch_samples(struct __test_metadata *_metadata, struct vmm *vm, enum guest_op op,
			  uint64_t gpa, size_t first, size_t count)
{
	static uint8_t result[PAGES];
	struct touch touch = {
		.op = op, .gpa = gpa, .seed = LIVE_SEED, .sequence = pages + first,
		.accesses = count, .result = result,
	};
	size_t i;

	for (i = first; i < first + count; i++)
		result[pages[i]] = GUEST_PENDING;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(vm, 0), &touch));
	EXPECT_EQ(0, touch.wrong_words);
	EXPECT_EQ(0, touch.spurious);
	for (i = first; i < first + count; i++)
		EXPECT_EQ(GUEST_MAPPED, result[pages[i]]);
}

static int set_slot(struct _test_data_pud *self, uint64_t gpa, uint32_t flags)
{
	return vmm_slot_set(self->vm, LIVE_SLOT, gpa, self->bo.map, SIZE, flags);
}

TEST_F(pud, the_guest_has_one_entry_for_a_gib)
{
	const uint64_t before = faults(_metadata, self);

	ASSERT_EQ(0, set_slot(self, LIVE_GPA, 0));
	touch_samples(_metadata, self->vm, GUEST_READ, LIVE_GPA, 0, 1);
	expect_levels(_metadata, self->vm, 1, 0);
	touch_samples(_metadata, self->vm, GUEST_READ, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
	EXPECT_EQ(before + 2, faults(_metadata, self));
	EXPECT_EQ(0, sample_differences(&self->bo));
	/* A zap takes KVM's entries, too. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	expect_levels(_metadata, self->vm, 0, 0);
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
}

/* Addresses of host and guest must agree modulo the size of an entry. */
TEST_F(pud, the_slot_must_be_aligned_as_well)
{
	uint64_t gpa = LIVE_GPA + MIB2;

	ASSERT_EQ(0, set_slot(self, gpa, 0));
	touch_samples(_metadata, self->vm, GUEST_READ, gpa, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 0, 8);
	ASSERT_EQ(0, vmm_slot_delete(self->vm, LIVE_SLOT));
	gpa = LIVE_GPA + GUEST_PAGE_SIZE;
	ASSERT_EQ(0, set_slot(self, gpa, 0));
	touch_samples(_metadata, self->vm, GUEST_READ, gpa, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 0, 0);
	/* The host's entry is that of 1 GiB all the time. */
	EXPECT_EQ(0, read_here(_metadata, self));
}

static bool is_sample(uint32_t page, size_t first, size_t count)
{
	size_t i;

	for (i = first; i < first + count; i++)
		if (pages[i] == page)
			return true;
	return false;
}

/* Every page that the guest wrote, and no other, out of 262656. */
static void expect_dirty(struct __test_metadata *_metadata, struct vmm *vm, size_t first,
			 size_t count)
{
	static uint64_t bitmap[PAGES / 64];
	size_t wrong = 0;
	uint32_t page;

	memset(bitmap, 0xff, sizeof(bitmap));
	ASSERT_EQ(0, dirty_log_get(vm, LIVE_SLOT, bitmap));
	for (page = 0; page < PAGES; page++)
		wrong += (bitmap[page / 64] >> page % 64 & 1) != is_sample(page, first, count);
	EXPECT_EQ(0, wrong);
}

/* Logging splits the entry page by page, and the end of logging lets it come back. */
TEST_F(pud, dirty_logging_splits_it)
{
	ASSERT_EQ(0, set_slot(self, LIVE_GPA, 0));
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
	ASSERT_EQ(0, set_slot(self, LIVE_GPA, KVM_MEM_LOG_DIRTY_PAGES));
	expect_dirty(_metadata, self->vm, 0, 0);
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 3, 5);
	expect_dirty(_metadata, self->vm, 3, 5);
	touch_samples(_metadata, self->vm, GUEST_READ, LIVE_GPA, 0, SAMPLES);
	expect_dirty(_metadata, self->vm, 0, 0);
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, SAMPLES - 3, 3);
	expect_dirty(_metadata, self->vm, SAMPLES - 3, 3);
	EXPECT_EQ(0, stat_of(_metadata, self->vm, "pages_1g"));
	ASSERT_EQ(0, set_slot(self, LIVE_GPA, 0));
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
}

/* The right to write goes and comes back: KVM follows, at its own level. */
TEST_F(pud, mprotect_under_the_guest)
{
	ASSERT_EQ(0, set_slot(self, LIVE_GPA, 0));
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 0, SAMPLES);
	ASSERT_EQ(0, mprotect(self->bo.map, SIZE, PROT_READ));
	expect_levels(_metadata, self->vm, 0, 0);
	touch_samples(_metadata, self->vm, GUEST_READ, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
	ASSERT_EQ(0, mprotect(self->bo.map, SIZE, PROT_READ | PROT_WRITE));
	touch_samples(_metadata, self->vm, GUEST_WRITE, LIVE_GPA, 0, SAMPLES);
	expect_levels(_metadata, self->vm, 1, 1);
}

/* Zapped without a pause under a vCPU that counts in the last pages. */
TEST_F(pud, zaps_under_a_running_vcpu)
{
	const uint32_t first = GIB_PAGES - 32;
	struct runner runner = { .again = true };
	unsigned int zap;

	guest_fill(page_at(&self->bo, first), 64, LIVE_SEED);
	for (zap = 0; zap < 64; zap++)
		*live_word(self->bo.map, first + zap, guest_lane_word(0)) = 0;
	ASSERT_EQ(0, set_slot(self, LIVE_GPA, 0));
	ASSERT_EQ(0, runner_start(&runner, vmm_vcpu_get(self->vm, 0),
				  LIVE_GPA + first * (uint64_t)GUEST_PAGE_SIZE, 64));
	for (zap = 0; zap < ZAPS; zap++) {
		/* One of them began after the zap. */
		ASSERT_EQ(0, runner_wait(&runner, 2));
		EXPECT_EQ(1, stat_of(_metadata, self->vm, "pages_1g"));
		EXPECT_EQ(0, mockgpu_bo_zap(&self->bo));
	}
	EXPECT_EQ(0, runner_end(&runner));
	EXPECT_EQ(VMM_EXIT_DOORBELL, runner.reason);
	EXPECT_EQ(0, live_lane_differences(page_at(&self->bo, first), 64, 0,
					   vmm_vcpu_work(vmm_vcpu_get(self->vm, 0))->rounds));
	EXPECT_EQ(0, guest_differences(page_at(&self->bo, first), 64, LIVE_SEED));
}

static uint64_t first_pfn(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_page page = {};

	EXPECT_EQ(1, mockgpu_bo_pages(bo, 0, 1, &page));
	return page.pfn;
}

/* A vCPU that still had an entry of 1 GiB would read or change a canary. */
static void leave_to_a_canary(struct __test_metadata *_metadata, struct live *live)
{
	const uint64_t first = first_pfn(_metadata, &live->bo);
	struct mockgpu_bo canary = {};
	unsigned int i;

	live_wait(_metadata, live);
	EXPECT_EQ(1, stat_of(_metadata, live->vm, "pages_1g"));
	ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
	canary_make(_metadata, live, &canary);
	EXPECT_EQ(first, first_pfn(_metadata, &canary));
	live_wait(_metadata, live);
	EXPECT_EQ(0, stat_of(_metadata, live->vm, "pages_1g"));
	EXPECT_EQ(0, guest_differences(canary.map, live->pages, CANARY_SEED));
	for (i = 0; i < live->vcpus; i++)
		EXPECT_EQ(0, live_lane_differences(canary.map, live->pages, i, 0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&canary));
}

/*
 * What a move leaves behind in the BAR belongs to another buffer at once. Each round needs a new
 * mapping, since in GTT it gets a table, under which there is no entry of 1 GiB any more.
 */
TEST_F_TIMEOUT(pud, what_a_move_leaves_is_never_reached, 120)
{
	const unsigned int rounds = (test_is_long() ? 10 : 1) * test_times();
	/* For its threads, which a failed assertion leaves behind. */
	static struct live live;
	unsigned int round;

	live = (struct live){
		.driver = self->driver, .bo = self->bo, .pages = 64, .vcpus = 2,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	vmm_destroy(self->vm);
	self->vm = NULL;
	ASSERT_EQ(0, vmm_create(&self->vm, live.vcpus));
	live.vm = self->vm;
	for (round = 0; round < rounds; round++) {
		guest_fill(live.bo.map, live.pages, LIVE_SEED);
		live_clear(&live);
		ASSERT_EQ(0, vmm_slot_set(live.vm, LIVE_SLOT, LIVE_GPA, live.bo.map, SIZE, 0));
		live_start(_metadata, &live, true);
		leave_to_a_canary(_metadata, &live);
		live_stop(_metadata, &live);
		ASSERT_EQ(0, vmm_slot_delete(live.vm, LIVE_SLOT));
		ASSERT_EQ(0, mockgpu_bo_unmap(&live.bo));
		ASSERT_EQ(0, mockgpu_bo_move(&live.bo, MOCKGPU_PLACEMENT_VRAM, 0));
		ASSERT_EQ(0, mockgpu_bo_map(&live.bo, NULL));
		self->bo = live.bo;
	}
	live_conclude(_metadata, &live, LIVE_MAX_CONSECUTIVE);
}

/* Such a buffer may be split up by a bug of the kernel, so not everybody may have one. */
TEST_F(pud, they_need_cap_sys_admin)
{
	const struct drm_mockgpu_bo_create want = {
		.size = GUEST_PAGE_SIZE, .flags = MOCKGPU_BO_HUGE_PUD,
	};
	struct mockgpu_bo bo;

	ASSERT_EQ(0, seteuid(65534));
	EXPECT_EQ(-EPERM, vm_buffer_make(self->driver.fd, &want, &bo));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, vm_buffer_make(self->driver.fd, &want, &bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

/* The last one: nobody gets the buffer back. */
TEST_F(pud, revoked_under_the_guest)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);

	ASSERT_EQ(0, set_slot(self, LIVE_GPA, 0));
	touch_samples(_metadata, self->vm, GUEST_READ, LIVE_GPA, 0, SAMPLES);
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	expect_levels(_metadata, self->vm, 0, 0);
	ASSERT_EQ(0, touch_start_page(vcpu, GUEST_READ, LIVE_GPA, pages[0], LIVE_SEED));
	EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(vcpu));
	ASSERT_EQ(0, mockgpu_usage_get(self->driver.fd, &self->driver.before));
	EXPECT_EQ(0, self->driver.before.vram);
}

/* Return: why this program cannot run here, or NULL. */
static const char *unusable(void)
{
	const struct drm_mockgpu_bo_create want = {
		.size = GUEST_PAGE_SIZE, .flags = MOCKGPU_BO_HUGE_PUD,
	};
	struct mockgpu_bo bo;
	int fd, ret;

	if (!module_file())
		return "MOCKGPU_MODULE does not name the module to load anew";
	if (!find_slot())
		return "this machine has no PCI device 1af4:1110 (ivshmem-plain)";
	fd = mockgpu_open(NULL, 0);
	if (fd < 0)
		return "no mockgpu device";
	ret = vm_buffer_make(fd, &want, &bo);
	mockgpu_bo_destroy(&bo);
	close(fd);
	return ret == -EOPNOTSUPP ? "this kernel has no huge PFN mappings of 1 GiB" : NULL;
}

/* The harness ends with exit(), before main() could do it. */
static void destroy_the_bo(void)
{
	mockgpu_bo_destroy(&the_bo);
	close(the_client);
}

int main(int argc, char **argv)
{
	const struct drm_mockgpu_bo_create want = {
		.size = SIZE, .placement = MOCKGPU_PLACEMENT_VRAM,
		/* In GTT it has pages that every kernel maps. */
		.kind = MOCKGPU_KIND_SPLIT, .order = 9,
		.fault_mode = MOCKGPU_FAULT_HUGE, .flags = MOCKGPU_BO_HUGE_PUD,
	};
	const char *why = unusable();
	int ret;

	if (why)
		ksft_exit_skip("%s\n", why);
	program_needs_kvm(vm_buffer_unusable());
	ret = module_want(PARAMETERS);
	if (ret)
		ksft_exit_fail_msg("mockgpu does not load with %s: %s\n", PARAMETERS,
				   strerror(-ret));
	if (atexit(destroy_the_bo))
		abort();
	the_client = mockgpu_open(NULL, 0);
	ret = the_client < 0 ? the_client : vm_buffer_make(the_client, &want, &the_bo);
	if (ret == -E2BIG)
		ksft_exit_skip("this machine has too little memory for buffers of 1026 MiB\n");
	if (ret)
		ksft_exit_fail_msg("no buffer of 1026 MiB in a BAR: %s\n", strerror(-ret));
	return driver_run(argc, argv);
}
