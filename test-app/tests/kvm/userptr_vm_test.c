// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's memory as a buffer of the GPU, as a native context makes of it: the same range has
 * KVM's MMU notifier and the driver's. Whatever the VMM does with the memory, guest and device see
 * the same, and neither a page that is gone.
 *
 * The kernel tells interval notifiers first, mn_itree_invalidate() before
 * mn_hlist_invalidate_range_start() in mm/mmu_notifier.c: while the driver makes a change wait for
 * the GPU, KVM does not know of it, and its vCPUs go on with the page that is still there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "balloon.h"
#include "behaviour.h"
#include "clock.h"
#include "live.h"
#include "pass.h"
#include "pattern.h"
#include "sync.h"

#define VCPUS 2
#define ROUNDS 6
/* With which no word is 0, as discarded memory is. */
#define SEED(seed) ((uint64_t)(seed) << 32)
/* A word that no guest touches. */
#define DEVICE_WORD 500

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/*
 * @live: the guest; its buffer is user memory, mapped where the memory is
 * @other: a usual buffer, for the device's other side
 */
FIXTURE(vm) {
	struct live live;
	struct mockgpu_bo other;
	struct pass pass;
};

FIXTURE_VARIANT(vm) {
	uint32_t pages;
	bool is_file;
	bool is_huge;
};

FIXTURE_VARIANT_ADD(vm, anonymous) {
	.pages = 70,
};

FIXTURE_VARIANT_ADD(vm, huge) {
	.pages = 512,
	.is_huge = true,
};

FIXTURE_VARIANT_ADD(vm, memfd) {
	.pages = 70,
	.is_file = true,
};

static void *guest_memory(struct __test_metadata *_metadata, size_t size, bool is_file)
{
	int file = is_file ? memfd_create("guest", MFD_CLOEXEC) : -1;
	char *at = hostmap_reserve(size);

	ASSERT_NE(NULL, at);
	if (is_file)
		ASSERT_EQ(0, ftruncate(file, size));
	ASSERT_EQ(at, mmap(at, size, PROT_READ | PROT_WRITE, MAP_FIXED |
			   (is_file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), file, 0));
	if (is_file)
		EXPECT_EQ(0, close(file));
	return at;
}

FIXTURE_SETUP(vm)
{
	struct live *live = &self->live;
	const size_t size = variant->pages * GUEST_PAGE_SIZE;
	const struct drm_mockgpu_bo_create other = { .size = size };
	void *memory;
	int ret;

	driver_setup(_metadata, &live->driver);
	memory = guest_memory(_metadata, size, variant->is_file);
	ret = mockgpu_bo_userptr(live->driver.fd, memory, size, 0, &live->bo);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no HMM (CONFIG_HMM_MIRROR)");
	ASSERT_EQ(0, ret);
	if (variant->is_huge)
		ASSERT_EQ(0, madvise(memory, size, MADV_HUGEPAGE));
	live->bo.map = memory;
	live->pages = variant->pages;
	live->vcpus = VCPUS;
	self->pass = (struct pass){ .pages = variant->pages, .seed = LIVE_SEED };
	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &other, &self->other));
	ASSERT_EQ(0, mockgpu_bo_map(&self->other, NULL));
	live_vm(_metadata, live);
}

FIXTURE_TEARDOWN(vm)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->other));
	live_teardown(_metadata, &self->live);
}

static int device_reads(struct _test_data_vm *self)
{
	return mockgpu_bo_copy(&self->other, 0, &self->live.bo, 0, self->other.size);
}

/* All pages, with the words of @seed. */
static void device_writes(struct __test_metadata *_metadata, struct _test_data_vm *self,
			  uint64_t seed)
{
	guest_fill(self->other.map, self->live.pages, SEED(seed));
	ASSERT_EQ(0, mockgpu_bo_copy(&self->live.bo, 0, &self->other, 0, self->other.size));
}

static void expect_guest_reads(struct __test_metadata *_metadata, struct _test_data_vm *self,
			       uint64_t seed)
{
	self->pass.seed = SEED(seed);
	EXPECT_EQ(self->live.pages, pass_all(_metadata, self->live.vm, &self->pass, GUEST_READ,
					     GUEST_MAPPED));
	EXPECT_EQ(0, self->pass.touch.wrong_words);
}

static void guest_writes(struct __test_metadata *_metadata, struct _test_data_vm *self,
			 uint64_t seed)
{
	self->pass.seed = SEED(seed);
	ASSERT_EQ(self->live.pages, pass_all(_metadata, self->live.vm, &self->pass, GUEST_WRITE,
					     GUEST_MAPPED));
}

static void expect_device_reads(struct __test_metadata *_metadata, struct _test_data_vm *self,
				uint64_t seed)
{
	memset(self->other.map, 0x77, self->other.size);
	ASSERT_EQ(0, device_reads(self));
	EXPECT_EQ(0, guest_differences(self->other.map, self->live.pages,
				       SEED(seed)));
}

/* Both find nothing but zeros. */
static void expect_zeros(struct __test_metadata *_metadata, struct _test_data_vm *self)
{
	memset(self->other.map, 0x77, self->other.size);
	ASSERT_EQ(0, device_reads(self));
	EXPECT_TRUE(pattern_is_zero(self->other.map, self->other.size));
	EXPECT_EQ(self->live.pages, pass_all(_metadata, self->live.vm, &self->pass, GUEST_READ,
					     GUEST_WRONG));
	EXPECT_EQ(0, self->pass.touch.wrong_value);
	EXPECT_EQ(self->live.pages * GUEST_WORDS, self->pass.touch.wrong_words);
}

TEST_F(vm, guest_and_device_have_the_same_memory)
{
	uint64_t seed;

	for (seed = 1; seed <= ROUNDS; seed++) {
		device_writes(_metadata, self, 2 * seed);
		expect_guest_reads(_metadata, self, 2 * seed);
		guest_writes(_metadata, self, 2 * seed + 1);
		expect_device_reads(_metadata, self, 2 * seed + 1);
	}
}

/* What a balloon gives back: a hole in a file, or pages that nobody has. */
static int discard(struct mockgpu_bo *bo, bool is_file)
{
	return madvise(bo->map, bo->size, is_file ? MADV_REMOVE : MADV_DONTNEED) ? -errno : 0;
}

/* After it neither sees the old page, and both the new one, whoever comes first. */
TEST_F(vm, a_balloon_takes_it_from_both)
{
	struct mockgpu_bo *bo = &self->live.bo;
	uint64_t seed;

	for (seed = 1; seed <= ROUNDS; seed++) {
		guest_writes(_metadata, self, 4 * seed);
		expect_device_reads(_metadata, self, 4 * seed);
		ASSERT_EQ(0, discard(bo, variant->is_file));
		expect_zeros(_metadata, self);
		device_writes(_metadata, self, 4 * seed + 1);
		expect_guest_reads(_metadata, self, 4 * seed + 1);
		ASSERT_EQ(0, discard(bo, variant->is_file));
		device_writes(_metadata, self, 4 * seed + 2);
		expect_guest_reads(_metadata, self, 4 * seed + 2);
		ASSERT_EQ(0, discard(bo, variant->is_file));
		guest_writes(_metadata, self, 4 * seed + 3);
		expect_device_reads(_metadata, self, 4 * seed + 3);
	}
	EXPECT_LE(3 * ROUNDS, bo_query(_metadata, bo).invalidations);
}

/*
 * The device reads what is not there yet, by a buffer that it must not write: the kernel's zero
 * page. The guest's first write, and that of the device by the other buffer, go to another page.
 */
TEST_F(vm, the_first_write_comes_after_a_read)
{
	struct live *live = &self->live;
	struct mockgpu_bo reader, writable = live->bo;

	ASSERT_EQ(0, mockgpu_bo_userptr(live->driver.fd, live->bo.map, live->bo.size,
					MOCKGPU_USERPTR_READ_ONLY, &reader));
	reader.map = live->bo.map;
	live->bo = reader;
	expect_zeros(_metadata, self);
	guest_writes(_metadata, self, 1);
	expect_device_reads(_metadata, self, 1);
	ASSERT_EQ(0, discard(&live->bo, variant->is_file));
	expect_zeros(_metadata, self);
	live->bo = writable;
	device_writes(_metadata, self, 2);
	expect_guest_reads(_metadata, self, 2);
	live->bo = reader;
	expect_device_reads(_metadata, self, 2);
	live->bo = writable;
	reader.map = NULL;
	EXPECT_EQ(0, mockgpu_bo_destroy(&reader));
}

static void *discard_anonymous(void *arg)
{
	return (void *)(intptr_t)discard(arg, false);
}

static void *discard_file(void *arg)
{
	return (void *)(intptr_t)discard(arg, true);
}

/*
 * The GPU works on the memory when the VMM takes it away: that waits. vCPUs do not: they have the
 * old page until it goes.
 */
TEST_F(vm, a_balloon_waits_for_the_gpu)
{
	struct live *live = &self->live;
	const struct drm_mockgpu_submit_bo use = { .handle = live->bo.handle };
	struct drm_mockgpu_sync sync = {};
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)&use, .bo_count = 1,
		.signals = (uintptr_t)&sync, .signal_count = 1,
		.delay = MOCKGPU_SUBMIT_DELAY_MAX,
	};
	pthread_t thread;
	void *ret = NULL;

	ASSERT_EQ(0, drmSyncobjCreate(live->driver.fd, 0, &sync.handle));
	guest_writes(_metadata, self, 1);
	ASSERT_EQ(0, mockgpu_submit(live->driver.fd, &args));
	ASSERT_EQ(0, pthread_create(&thread, NULL,
				    variant->is_file ? discard_file : discard_anonymous,
				    &live->bo));
	clock_pause(100);
	expect_guest_reads(_metadata, self, 1);
	/* Unless the pass took longer than the work. */
	EXPECT_EQ(-ETIME, sync_wait(live->driver.fd, sync, 0));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(NULL, ret);
	EXPECT_EQ(0, sync_wait(live->driver.fd, sync, 0));
	expect_zeros(_metadata, self);
	EXPECT_EQ(0, drmSyncobjDestroy(live->driver.fd, sync.handle));
}

/* Each leaves the contents. Return: 0, or -errno where there is no such change. */
static int change_protection(struct live *live)
{
	return mprotect(live->bo.map, live->bo.size, PROT_READ) ||
	       mprotect(live->bo.map, live->bo.size, PROT_READ | PROT_WRITE) ? -errno : 0;
}

static int change_pageout(struct live *live)
{
	return madvise(live->bo.map, live->bo.size, MADV_PAGEOUT) ? -errno : 0;
}

static int change_collapse(struct live *live)
{
	return madvise(live->bo.map, live->bo.size, MADV_COLLAPSE) ? -errno : 0;
}

static int change_fork(struct live *live)
{
	pid_t child = fork();

	(void)live;
	if (!child)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child ? 0 : -errno;
}

static const struct {
	const char *name;
	int (*change)(struct live *live);
} changes[] = {
	{ "mprotect()", change_protection },
	{ "MADV_PAGEOUT", change_pageout },
	{ "MADV_COLLAPSE", change_collapse },
	{ "fork()", change_fork },
};

/* Word DEVICE_WORD of each page, by the device. */
static void device_counts(struct __test_metadata *_metadata, struct _test_data_vm *self,
			  uint64_t value)
{
	struct live *live = &self->live;
	uint32_t page;

	for (page = 0; page < live->pages; page += 7) {
		const uint64_t at = page * (uint64_t)GUEST_PAGE_SIZE + DEVICE_WORD * 8;
		uint64_t *there = live_word(self->other.map, page, DEVICE_WORD);

		*there = value;
		ASSERT_EQ(0, mockgpu_bo_copy(&live->bo, at, &self->other, at, 8));
		*there = 0;
		ASSERT_EQ(0, mockgpu_bo_copy(&self->other, at, &live->bo, at, 8));
		EXPECT_EQ(value, *there);
		EXPECT_EQ(value, *live_word(live->bo.map, page, DEVICE_WORD));
	}
}

/* vCPUs and the device write to the same pages, and lose nothing while those change. */
TEST_F(vm, nothing_is_lost_while_the_pages_change)
{
	struct live *live = &self->live;
	unsigned int i, round;
	int ret;

	guest_fill(live->bo.map, live->pages, LIVE_SEED);
	live_clear(live);
	live_start(_metadata, live, true);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < ARRAY_SIZE(changes); i++) {
			ret = changes[i].change(live);
			/* As EINVAL on kernels without it, or EAGAIN. */
			if (ret && round == 0)
				TH_LOG("%s: %s", changes[i].name, strerror(-ret));
			device_counts(_metadata, self, 1 + round * 16 + i);
			live_wait(_metadata, live);
		}
	}
	live_stop(_metadata, live);
	EXPECT_LT(ROUNDS, bo_query(_metadata, &live->bo).invalidations);
}

/* Neither vCPUs nor the device write to a page that the balloon has given to somebody else. */
TEST_F(vm, no_stale_page_is_written)
{
	const double end = clock_now() + (getenv("MOCKGPU_LONG") ? 60 : 5);
	struct live *live = &self->live;
	struct balloon balloon = { .memory = live->bo.map, .size = live->bo.size };
	unsigned long copies = 0, errors = 0;
	pthread_t thread;
	unsigned int i;

	memset(self->other.map, 0xee, self->other.size);
	live_start(_metadata, live, true);
	ASSERT_EQ(0, pthread_create(&thread, NULL, balloon_run, &balloon));
	for (; clock_now() < end; copies++)
		errors += !!mockgpu_bo_copy(&live->bo, 0, &self->other, 0, self->other.size);
	balloon.stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	/* What they read was wrong: the memory is new all the time. */
	for (i = 0; i < live->vcpus; i++) {
		runner_end(&live->runner[i]);
		EXPECT_EQ(VMM_EXIT_DOORBELL, live->runner[i].reason);
		EXPECT_EQ(0, live->runner[i].efaults);
	}
	EXPECT_EQ(0, errors);
	EXPECT_EQ(0, balloon.touched);
	EXPECT_LT(5, copies);
	EXPECT_LT(5, balloon.rounds);
	device_writes(_metadata, self, 1);
	expect_guest_reads(_metadata, self, 1);
}

/* The other way round, a GPU's memory in a guest: it is not for the GPU as user memory. */
TEST_F(vm, the_memory_of_a_gpu_is_refused)
{
	struct live *live = &self->live;
	const struct drm_mockgpu_bo_create want = {
		.size = live->bo.size, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};
	const uint64_t gpa = LIVE_GPA + (64ull << 20);
	struct mockgpu_bo vram, user;
	struct touch touch = {
		.gpa = gpa, .op = GUEST_READ, .seed = 3, .accesses = live->pages,
		.result = self->pass.result,
	};

	ASSERT_EQ(0, vm_buffer_make(live->driver.fd, &want, &vram));
	ASSERT_EQ(0, mockgpu_bo_map(&vram, NULL));
	guest_fill(vram.map, live->pages, 3);
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT + 1, gpa, vram.map, vram.size, 0));
	EXPECT_EQ(live->pages, touch_pass(_metadata, live->vm, &touch, live->pages,
					  GUEST_MAPPED));
	ASSERT_EQ(0, mockgpu_bo_userptr(live->driver.fd, vram.map, vram.size, 0, &user));
	EXPECT_EQ(-EFAULT, mockgpu_bo_copy(&self->other, 0, &user, 0, user.size));
	EXPECT_EQ(-EFAULT, mockgpu_bo_copy(&user, 0, &self->other, 0, user.size));
	EXPECT_EQ(-EFAULT, mockgpu_bo_fill(&user, 1, NULL));
	EXPECT_EQ(live->pages, touch_pass(_metadata, live->vm, &touch, live->pages,
					  GUEST_MAPPED));
	EXPECT_EQ(0, mockgpu_bo_destroy(&user));
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT + 1));
	EXPECT_EQ(0, mockgpu_bo_destroy(&vram));
}

int main(int argc, char **argv)
{
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
