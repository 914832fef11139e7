// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that are memory of this process: the device sees what the process sees, whatever the
 * kernel does with the pages, and never touches a page that the process no longer has.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "balloon.h"
#include "bo.h"
#include "clock.h"
#include "driver.h"
#include "engine.h"
#include "meminfo.h"
#include "pattern.h"
#include "sync.h"
#include "sysfs.h"

/* Not a multiple of a block. */
#define PAGES 70
#define HUGE_SIZE (2ul << 20)
/* What a test may have at once: its own, and their copies. */
#define HUGE_PAGES 8
#define OVERCOMMIT "/proc/sys/vm/nr_overcommit_hugepages"
/* Environment: the program only waits. */
#define PAUSE "USERPTR_TEST_PAUSE"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/**
 * struct rig - a buffer of this process's memory, and a usual one of the same size
 * @driver: the driver's client
 * @size: bytes of both
 * @memory: the memory
 * @file: what it maps, or -1
 * @user: it as a buffer
 * @bo: the other one, mapped
 * @shared: a child has the same memory
 * @limit: what OVERCOMMIT was
 * @limit_set: it has changed
 */
struct rig {
	struct driver driver;
	size_t size;
	char *memory;
	int file;
	struct mockgpu_bo user;
	struct mockgpu_bo bo;
	bool shared;
	unsigned long limit;
	bool limit_set;
};

/* Aligned to a huge page, for those who can use that. */
static char *map_at(size_t size, int prot, int flags, int file)
{
	char *all, *at;

	all = mmap(NULL, size + HUGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		return MAP_FAILED;
	at = (char *)(((uintptr_t)all + HUGE_SIZE - 1) & -HUGE_SIZE);
	munmap(all, size + HUGE_SIZE);
	return mmap(at, size, prot, flags | MAP_FIXED, file, 0);
}

static void rig_open(struct __test_metadata *_metadata, struct rig *rig)
{
	rig->file = -1;
	driver_setup(_metadata, &rig->driver);
}

/* The memory is there. Return: false for a kernel that cannot make it a buffer. */
static bool rig_make(struct __test_metadata *_metadata, struct rig *rig, uint32_t flags)
{
	int ret = mockgpu_bo_userptr(rig->driver.fd, rig->memory, rig->size, flags, &rig->user);

	if (ret == -EOPNOTSUPP)
		SKIP(return false, "this kernel has no HMM (CONFIG_HMM_MIRROR)");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, mockgpu_bo_create(rig->driver.fd, MOCKGPU_KIND_TTM, 0, 0, rig->size,
				       &rig->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&rig->bo, NULL));
	return true;
}

static void rig_close(struct __test_metadata *_metadata, struct rig *rig)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&rig->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&rig->user));
	if (rig->memory)
		EXPECT_EQ(0, munmap(rig->memory, rig->size));
	if (rig->file >= 0)
		EXPECT_EQ(0, close(rig->file));
	if (rig->limit_set)
		EXPECT_EQ(0, sysfs_write_number(OVERCOMMIT, rig->limit));
	EXPECT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	driver_teardown(_metadata, &rig->driver);
}

static int device_reads(const struct rig *rig)
{
	return mockgpu_bo_copy(&rig->bo, 0, &rig->user, 0, rig->size);
}

static int device_writes(const struct rig *rig)
{
	return mockgpu_bo_copy(&rig->user, 0, &rig->bo, 0, rig->size);
}

/* What the device reads is what the process sees, and what it writes is what the process sees. */
static void expect_same(struct __test_metadata *_metadata, struct rig *rig, uint64_t seed)
{
	memset(rig->bo.map, 0x77, rig->size);
	EXPECT_EQ(0, device_reads(rig));
	EXPECT_EQ(0, memcmp(rig->bo.map, rig->memory, rig->size));
	pattern_fill(rig->bo.map, rig->size, seed);
	EXPECT_EQ(0, device_writes(rig));
	EXPECT_EQ(0, pattern_differences(rig->memory, rig->size, seed));
}

/* The kernel is asked once, and again only after a change. */
static void expect_no_more_faults(struct __test_metadata *_metadata, const struct rig *rig)
{
	const struct drm_mockgpu_bo_query query = bo_query(_metadata, &rig->user);

	EXPECT_LE(1, query.user_faults);
	EXPECT_GE(1 + query.invalidations, query.user_faults);
}

/* All that memory can be. */
FIXTURE(memory) {
	struct rig rig;
};

FIXTURE_VARIANT(memory) {
	const char *name;
	size_t size;
	int flags;
	bool is_file;
	bool is_huge;
};

FIXTURE_VARIANT_ADD(memory, anonymous) {
	.flags = MAP_PRIVATE | MAP_ANONYMOUS,
};

FIXTURE_VARIANT_ADD(memory, anonymous_huge) {
	.flags = MAP_PRIVATE | MAP_ANONYMOUS,
	.size = HUGE_SIZE,
	.is_huge = true,
};

FIXTURE_VARIANT_ADD(memory, anonymous_shared) {
	.flags = MAP_SHARED | MAP_ANONYMOUS,
};

FIXTURE_VARIANT_ADD(memory, file_shared) {
	.flags = MAP_SHARED,
	.is_file = true,
};

FIXTURE_VARIANT_ADD(memory, file_private) {
	.flags = MAP_PRIVATE,
	.is_file = true,
};

FIXTURE_VARIANT_ADD(memory, hugetlb) {
	.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
	.size = HUGE_SIZE,
};

FIXTURE_SETUP(memory)
{
	struct rig *rig = &self->rig;

	rig_open(_metadata, rig);
	rig->size = variant->size ? variant->size : PAGES * rig->driver.page;
	if (variant->flags & MAP_HUGETLB) {
		if (sysfs_read_number(OVERCOMMIT, &rig->limit) ||
		    sysfs_write_number(OVERCOMMIT, rig->limit + HUGE_PAGES))
			SKIP(return, "this kernel has no huge pages, or they are not for us");
		rig->limit_set = true;
	}
	if (variant->is_file) {
		rig->file = memfd_create("userptr", MFD_CLOEXEC);
		ASSERT_LE(0, rig->file);
		ASSERT_EQ(0, ftruncate(rig->file, rig->size));
	}
	rig->memory = map_at(rig->size, PROT_READ | PROT_WRITE, variant->flags, rig->file);
	ASSERT_NE(MAP_FAILED, rig->memory);
	if (variant->is_huge)
		ASSERT_EQ(0, madvise(rig->memory, rig->size, MADV_HUGEPAGE));
	rig_make(_metadata, rig, 0);
}

FIXTURE_TEARDOWN(memory)
{
	rig_close(_metadata, &self->rig);
}

TEST_F(memory, the_device_reads_and_writes_it)
{
	struct rig *rig = &self->rig;

	pattern_fill(rig->memory, rig->size, 1);
	EXPECT_EQ(0, device_reads(rig));
	EXPECT_EQ(0, pattern_differences(rig->bo.map, rig->size, 1));
	expect_same(_metadata, rig, 2);
	expect_same(_metadata, rig, 3);
	expect_no_more_faults(_metadata, rig);
}

/* Nobody has touched it: the device is the first. */
TEST_F(memory, the_device_may_come_first)
{
	struct rig *rig = &self->rig;

	pattern_fill(rig->bo.map, rig->size, 1);
	EXPECT_EQ(0, device_writes(rig));
	EXPECT_EQ(0, pattern_differences(rig->memory, rig->size, 1));
	expect_same(_metadata, rig, 2);
}

TEST_F(memory, offsets_need_not_be_aligned)
{
	struct rig *rig = &self->rig;
	const size_t from = 1001, to = 7 * rig->driver.page - 13, n = 3 * rig->driver.page + 17;

	pattern_fill(rig->memory, rig->size, 1);
	memset(rig->bo.map, 0, rig->size);
	ASSERT_EQ(0, mockgpu_bo_copy(&rig->bo, to, &rig->user, from, n));
	EXPECT_EQ(0, memcmp((char *)rig->bo.map + to, rig->memory + from, n));
	EXPECT_EQ(0, peek((char *)rig->bo.map + to - 1));
	EXPECT_EQ(0, peek((char *)rig->bo.map + to + n));
	memset(rig->bo.map, 0x5a, rig->size);
	ASSERT_EQ(0, mockgpu_bo_copy(&rig->user, to, &rig->bo, from, n));
	EXPECT_EQ(0, memcmp(rig->memory + to, (char *)rig->bo.map + from, n));
	EXPECT_EQ((char)(pattern_value((to - 1) / 8, 1) >> (to - 1) % 8 * 8),
		  peek(rig->memory + to - 1));
}

TEST_F(memory, the_engine_fills_it)
{
	struct rig *rig = &self->rig;
	size_t i, wrong = 0;

	pattern_fill(rig->memory, rig->size, 1);
	ASSERT_EQ(0, mockgpu_bo_fill(&rig->user, 0xa5, NULL));
	ASSERT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	for (i = 0; i < rig->size; i++)
		wrong += rig->memory[i] != (char)0xa5;
	EXPECT_EQ(0, wrong);
	expect_same(_metadata, rig, 2);
}

/* Each changes the pages, and leaves memory there. Return: 0, or -errno where it cannot be. */
static int advise(struct rig *rig, int advice)
{
	return madvise(rig->memory, rig->size, advice) ? -errno : 0;
}

static int change_dontneed(struct rig *rig)
{
	return advise(rig, MADV_DONTNEED);
}

static int change_pageout(struct rig *rig)
{
	return advise(rig, MADV_PAGEOUT);
}

static int change_collapse(struct rig *rig)
{
	return advise(rig, MADV_COLLAPSE);
}

static int change_protection(struct rig *rig)
{
	return mprotect(rig->memory, rig->size, PROT_READ) ||
	       mprotect(rig->memory, rig->size, PROT_READ | PROT_WRITE) ? -errno : 0;
}

static int change_mapping(struct rig *rig)
{
	return mmap(rig->memory, rig->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ? -errno : 0;
}

/* The old pages go elsewhere, and stay as they are, unless they are the file's. */
static int change_place(struct rig *rig)
{
	char *there = mremap(rig->memory, rig->size, rig->size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);

	if (there == MAP_FAILED)
		return -errno;
	memset(rig->bo.map, 0xbe, rig->size);
	if (device_writes(rig) || (!rig->shared && pattern_differences(there, rig->size, 9)))
		return -EILSEQ;
	return munmap(there, rig->size) ? -errno : 0;
}

/* A child has the pages, too, and nobody may change them for it. */
static int change_fork(struct rig *rig)
{
	int to_child[2], status;
	char byte = 0;
	pid_t child;

	if (pipe(to_child))
		return -errno;
	child = fork();
	if (!child) {
		close(to_child[1]);
		if (read(to_child[0], &byte, 1) != 1)
			_exit(1);
		/* What it was before, or what is shared. */
		_exit(pattern_differences(rig->memory, rig->size, byte) ? 2 : 0);
	}
	memset(rig->bo.map, 0xbe, rig->size);
	pattern_fill(rig->bo.map, rig->size, 8);
	if (device_writes(rig) || pattern_differences(rig->memory, rig->size, 8))
		return -EILSEQ;
	byte = rig->shared ? 8 : 9;
	if (write(to_child[1], &byte, 1) != 1 || waitpid(child, &status, 0) != child || status)
		return -ECHILD;
	close(to_child[0]);
	close(to_child[1]);
	return 0;
}

static int change_file(struct rig *rig)
{
	if (rig->file < 0)
		return -EBADF;
	return ftruncate(rig->file, 0) || ftruncate(rig->file, rig->size) ? -errno : 0;
}

static const struct {
	const char *name;
	int (*change)(struct rig *rig);
} changes[] = {
	{ "MADV_DONTNEED", change_dontneed },
	{ "MADV_PAGEOUT", change_pageout },
	{ "MADV_COLLAPSE", change_collapse },
	{ "mprotect()", change_protection },
	{ "mremap()", change_place },
	{ "ftruncate()", change_file },
	{ "fork()", change_fork },
	/* Last: it is no longer what the variant says. */
	{ "mmap()", change_mapping },
};

/* Whether the kernel has to announce a change. */
static bool is_announced(const struct rig *rig, int (*change)(struct rig *rig))
{
	/* Reclaim may leave the pages, and a collapse find them in order. */
	if (change == change_pageout || change == change_collapse)
		return false;
	/* fork() copies nothing of what is shared. */
	return change != change_fork || !rig->shared;
}

/* Whether an error says that this kind of memory, or kernel, does not know such a change. */
static bool is_no_change(int ret)
{
	return ret == -EINVAL || ret == -EBADF || ret == -EAGAIN || ret == -EBUSY ||
	       ret == -ENOMEM;
}

TEST_F(memory, it_follows_every_change)
{
	struct rig *rig = &self->rig;
	unsigned int i, done = 0;
	uint32_t before;
	int ret;

	rig->shared = variant->flags & MAP_SHARED;
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		pattern_fill(rig->memory, rig->size, 9);
		ASSERT_EQ(0, device_reads(rig));
		EXPECT_EQ(0, pattern_differences(rig->bo.map, rig->size, 9));
		before = bo_query(_metadata, &rig->user).invalidations;
		ret = changes[i].change(rig);
		if (ret) {
			EXPECT_TRUE(is_no_change(ret))
				TH_LOG("%s: %s", changes[i].name, strerror(-ret));
			continue;
		}
		done++;
		if (is_announced(rig, changes[i].change))
			EXPECT_LT(before, bo_query(_metadata, &rig->user).invalidations)
				TH_LOG("%s", changes[i].name);
		expect_same(_metadata, rig, 10 + i);
	}
	EXPECT_LE(4, done);
	expect_no_more_faults(_metadata, rig);
}

/* The same while it has nothing, or may not: an error, until it is there again. */
TEST_F(memory, without_memory_it_fails)
{
	struct rig *rig = &self->rig;

	pattern_fill(rig->memory, rig->size, 1);
	ASSERT_EQ(0, device_reads(rig));
	ASSERT_EQ(0, mprotect(rig->memory, rig->size, PROT_NONE));
	EXPECT_EQ(-EFAULT, device_reads(rig));
	EXPECT_EQ(-EFAULT, device_writes(rig));
	EXPECT_EQ(-EFAULT, mockgpu_bo_fill(&rig->user, 1, NULL));
	/* It was not made to be read only. */
	ASSERT_EQ(0, mprotect(rig->memory, rig->size, PROT_READ));
	EXPECT_EQ(-EFAULT, device_reads(rig));
	EXPECT_EQ(0, pattern_differences(rig->memory, rig->size, 1));
	ASSERT_EQ(0, mprotect(rig->memory, rig->size, PROT_READ | PROT_WRITE));
	expect_same(_metadata, rig, 2);
	ASSERT_EQ(0, munmap(rig->memory, rig->size));
	EXPECT_EQ(-EFAULT, device_reads(rig));
	EXPECT_EQ(-EFAULT, device_writes(rig));
	EXPECT_EQ(0, change_mapping(rig));
	expect_same(_metadata, rig, 3);
}

/* Anonymous memory, for what does not depend on what it is. */
FIXTURE(userptr) {
	struct rig rig;
};

FIXTURE_SETUP(userptr)
{
	struct rig *rig = &self->rig;

	rig_open(_metadata, rig);
	rig->size = PAGES * rig->driver.page;
	rig->memory = map_at(rig->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	ASSERT_NE(MAP_FAILED, rig->memory);
	rig_make(_metadata, rig, 0);
}

FIXTURE_TEARDOWN(userptr)
{
	rig_close(_metadata, &self->rig);
}

/* In the middle, at the end, and both: of one page each. */
TEST_F(userptr, all_of_it_must_be_there)
{
	struct rig *rig = &self->rig;
	const size_t page = rig->driver.page;
	const size_t holes[] = { 0, 33 * page, rig->size - page };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(holes); i++) {
		ASSERT_EQ(0, munmap(rig->memory + holes[i], page));
		EXPECT_EQ(-EFAULT, device_reads(rig));
		/* Of a part of it, too. */
		EXPECT_EQ(-EFAULT, mockgpu_bo_copy(&rig->bo, 0, &rig->user, 10 * page, page));
		ASSERT_NE(MAP_FAILED, mmap(rig->memory + holes[i], page, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
		expect_same(_metadata, rig, i);
	}
}

/* With KASAN and lockdep a round takes a hundred times as long: so many, but not for ever. */
#define ROUNDS 10000
#define ROUNDS_LEAST 200

TEST_F(userptr, many_rounds_leave_nothing_behind)
{
	const double end = clock_now() + 20;
	struct rig *rig = &self->rig;
	const struct mockgpu_usage before = driver_usage(_metadata, rig->driver.fd);
	const size_t page = rig->driver.page;
	size_t wrong = 0, errors = 0;
	const uint64_t free_before = meminfo_kib(_metadata, "MemFree");
	uint64_t i, rounds = 0;

	for (i = 1; i <= ROUNDS && (i <= ROUNDS_LEAST || clock_now() < end); i++, rounds++) {
		volatile uint64_t *word = (uint64_t *)(rig->memory + i % PAGES * page);
		uint64_t *there = (uint64_t *)((char *)rig->bo.map + i % PAGES * page);

		errors += !!madvise(rig->memory, rig->size, MADV_DONTNEED);
		*word = i;
		errors += !!mockgpu_bo_copy(&rig->bo, i % PAGES * page, &rig->user,
					    i % PAGES * page, 8);
		wrong += *there != i;
		*there = ~i;
		errors += !!madvise(rig->memory, rig->size, MADV_DONTNEED);
		errors += !!mockgpu_bo_copy(&rig->user, i % PAGES * page, &rig->bo,
					    i % PAGES * page, 8);
		wrong += *word != ~i;
	}
	EXPECT_EQ(0, errors);
	EXPECT_EQ(0, wrong);
	EXPECT_LE(2 * rounds, bo_query(_metadata, &rig->user).invalidations);
	EXPECT_EQ(before.charged, driver_usage(_metadata, rig->driver.fd).charged);
	/*
	 * Less than a page for every fourth round. After few of them it says nothing: KASAN keeps
	 * what is freed for a while.
	 */
	if (rounds == ROUNDS)
		EXPECT_LE(free_before, meminfo_kib(_metadata, "MemFree") + rounds);
}

/* Take away the memory. */
static int unmap_it(struct mockgpu_bo *bo)
{
	return munmap(bo->map, bo->size) ? -errno : 0;
}

static int discard_it(struct mockgpu_bo *bo)
{
	return madvise(bo->map, bo->size, MADV_DONTNEED) ? -errno : 0;
}

/*
 * Work that takes its time. What is @signals, if anything, signals at its end.
 */
static int work(const struct rig *rig, uint32_t flags, uint32_t delay,
		const struct drm_mockgpu_sync *signals)
{
	const struct drm_mockgpu_submit_bo use = {
		.handle = rig->user.handle,
		.flags = flags,
		.value = flags & MOCKGPU_SUBMIT_FILL ? 0xa5 : 0,
	};
	const struct drm_mockgpu_submit args = {
		.bos = (uintptr_t)&use, .bo_count = 1,
		.signals = (uintptr_t)signals, .signal_count = !!signals,
		.delay = delay,
	};

	return mockgpu_submit(rig->driver.fd, &args);
}

/* The kernel takes nothing away that the GPU uses, be it only to read. */
TEST_F(userptr, a_change_waits_for_the_gpu)
{
	static int (*const takes[])(struct mockgpu_bo *bo) = { discard_it, unmap_it };
	static const uint32_t flags[] = { MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL, 0 };
	struct rig *rig = &self->rig;
	struct mockgpu_bo there = { .map = rig->memory, .size = rig->size };
	struct drm_mockgpu_sync sync = {};
	unsigned int i;
	double begin;

	ASSERT_EQ(0, drmSyncobjCreate(rig->driver.fd, 0, &sync.handle));
	for (i = 0; i < ARRAY_SIZE(takes) * ARRAY_SIZE(flags); i++) {
		sync.point++;
		pattern_fill(rig->memory, rig->size, 1);
		begin = clock_now();
		ASSERT_EQ(0, work(rig, flags[i / ARRAY_SIZE(takes)], 300000, &sync));
		EXPECT_EQ(-ETIME, sync_wait(rig->driver.fd, sync, 0));
		ASSERT_EQ(0, takes[i % ARRAY_SIZE(takes)](&there));
		EXPECT_LE(0.3, clock_now() - begin);
		EXPECT_EQ(0, sync_wait(rig->driver.fd, sync, 0));
		EXPECT_EQ(0, driver_usage(_metadata, rig->driver.fd).jobs);
		/* Where it was unmapped. */
		EXPECT_EQ(0, change_mapping(rig));
		EXPECT_TRUE(pattern_is_zero(rig->memory, rig->size));
	}
	EXPECT_EQ(0, drmSyncobjDestroy(rig->driver.fd, sync.handle));
}

/* Who holds the engine may be who unmaps: nothing would ever go on. */
TEST_F(userptr, a_change_does_not_wait_for_who_holds_the_engine)
{
	struct rig *rig = &self->rig;
	struct drm_mockgpu_sync sync = {};
	int hold;

	ASSERT_EQ(0, drmSyncobjCreate(rig->driver.fd, 0, &sync.handle));
	hold = mockgpu_hold(rig->driver.fd);
	ASSERT_LE(0, hold);
	ASSERT_EQ(0, work(rig, MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL, 0, &sync));
	clock_pause(A_WHILE);
	EXPECT_EQ(-ETIME, sync_wait(rig->driver.fd, sync, 0));
	EXPECT_EQ(0, madvise(rig->memory, rig->size, MADV_DONTNEED));
	EXPECT_EQ(0, sync_wait(rig->driver.fd, sync, 0));
	/* Others are held as before. */
	sync.point = 1;
	ASSERT_EQ(0, mockgpu_bo_fill(&rig->bo, 1, &sync));
	clock_pause(A_WHILE);
	EXPECT_EQ(-ETIME, sync_wait(rig->driver.fd, sync, 0));
	engine_release(_metadata, &hold);
	EXPECT_EQ(0, drmSyncobjDestroy(rig->driver.fd, sync.handle));
}

/* The handle is closed while the engine works on the memory, which is then taken away. */
TEST_F(userptr, its_handle_may_go_first)
{
	struct rig *rig = &self->rig;
	struct drm_mockgpu_sync sync = {};
	double begin = clock_now();

	ASSERT_EQ(0, drmSyncobjCreate(rig->driver.fd, 0, &sync.handle));
	ASSERT_EQ(0, work(rig, MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL, 300000, &sync));
	ASSERT_EQ(0, mockgpu_bo_destroy(&rig->user));
	ASSERT_EQ(0, madvise(rig->memory, rig->size, MADV_DONTNEED));
	EXPECT_LE(0.3, clock_now() - begin);
	EXPECT_EQ(0, sync_wait(rig->driver.fd, sync, 0));
	EXPECT_TRUE(pattern_is_zero(rig->memory, rig->size));
	EXPECT_EQ(0, drmSyncobjDestroy(rig->driver.fd, sync.handle));
}

/* Whatever the device writes while its pages go, it never writes to a page of another. */
TEST_F(userptr, no_stale_page_is_written)
{
	const double seconds = getenv("MOCKGPU_LONG") ? 60 : 4;
	struct rig *rig = &self->rig;
	struct balloon balloon = { .memory = rig->memory, .size = rig->size };
	const double end = clock_now() + seconds;
	unsigned long copies = 0, errors = 0;
	pthread_t thread;

	memset(rig->bo.map, 0xee, rig->size);
	ASSERT_EQ(0, pthread_create(&thread, NULL, balloon_run, &balloon));
	while (clock_now() < end) {
		errors += !!device_writes(rig);
		if (++copies % 3 == 0)
			errors += !!mockgpu_bo_fill(&rig->user, 0xee, NULL);
	}
	balloon.stop = 1;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, errors);
	EXPECT_EQ(0, balloon.touched);
	EXPECT_LT(10, copies);
	EXPECT_LT(10, balloon.rounds);
	ASSERT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	expect_same(_metadata, rig, 1);
}

/* Two buffers of one memory, and of memories that overlap by a page. */
TEST_F(userptr, memory_may_be_two_buffers)
{
	struct rig *rig = &self->rig;
	const size_t page = rig->driver.page, half = rig->size / 2;
	struct mockgpu_bo other;

	ASSERT_EQ(0, mockgpu_bo_userptr(rig->driver.fd, rig->memory + half - page, half, 0,
					&other));
	pattern_fill(rig->memory, rig->size, 1);
	ASSERT_EQ(0, mockgpu_bo_copy(&other, 0, &rig->user, 0, page));
	EXPECT_EQ(0, memcmp(rig->memory + half - page, rig->memory, page));
	/* To the very page it reads. */
	ASSERT_EQ(0, mockgpu_bo_copy(&other, 0, &rig->user, half - page, page));
	EXPECT_EQ(0, memcmp(rig->memory + half - page, rig->memory, page));
	ASSERT_EQ(0, madvise(rig->memory, rig->size, MADV_DONTNEED));
	ASSERT_EQ(0, mockgpu_bo_copy(&rig->user, 0, &other, 0, half));
	EXPECT_TRUE(pattern_is_zero(rig->memory, rig->size));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
}

/* Who gets the handle gets the memory of who made the buffer. */
TEST_F(userptr, a_child_uses_its_parents_memory)
{
	struct rig *rig = &self->rig;
	int status;
	pid_t child;

	pattern_fill(rig->memory, rig->size, 1);
	ASSERT_EQ(0, device_reads(rig));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		memset(rig->memory, 0x22, rig->size);
		if (device_reads(rig) || pattern_differences(rig->bo.map, rig->size, 1))
			_exit(1);
		pattern_fill(rig->bo.map, rig->size, 2);
		if (device_writes(rig))
			_exit(2);
		_exit(rig->memory[0] == 0x22 && rig->memory[rig->size - 1] == 0x22 ? 0 : 3);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, pattern_differences(rig->memory, rig->size, 2));
}

/* A child makes a buffer of its own memory, in a file that both have, and then @end. */
static struct mockgpu_bo child_buffer(struct __test_metadata *_metadata, struct rig *rig,
				      void (*end)(struct rig *rig), pid_t *child)
{
	struct mockgpu_bo bo = { .fd = rig->driver.fd, .size = rig->size };
	int from_child[2], to_child[2];
	char byte = 0;

	ASSERT_EQ(0, pipe2(from_child, O_CLOEXEC));
	ASSERT_EQ(0, pipe(to_child));
	*child = fork();
	ASSERT_LE(0, *child);
	if (!*child) {
		memset(rig->memory, 0x33, rig->size);
		if (mockgpu_bo_userptr(rig->driver.fd, rig->memory, rig->size, 0, &bo) ||
		    write(from_child[1], &bo.handle, sizeof(bo.handle)) != sizeof(bo.handle) ||
		    read(to_child[0], &byte, 1) != 1)
			_exit(1);
		end(rig);
		_exit(2);
	}
	close(from_child[1]);
	EXPECT_EQ((ssize_t)sizeof(bo.handle), read(from_child[0], &bo.handle, sizeof(bo.handle)));
	EXPECT_EQ(0, mockgpu_bo_copy(&rig->bo, 0, &bo, 0, rig->size));
	EXPECT_EQ(0x33, peek(rig->bo.map));
	EXPECT_EQ(1, write(to_child[1], &byte, 1));
	/* It ends when the child has called execve() or has ended. */
	EXPECT_EQ(0, read(from_child[0], &byte, 1));
	EXPECT_EQ(0, close(from_child[0]) | close(to_child[0]) | close(to_child[1]));
	return bo;
}

static void end_by_exec(struct rig *rig)
{
	(void)rig;
	if (!setenv(PAUSE, "1", 1))
		execl("/proc/self/exe", "userptr_test", NULL);
}

static void end_by_kill(struct rig *rig)
{
	(void)rig;
	raise(SIGKILL);
}

/* With the engine held, by a file of its own, and work on its memory: nothing holds it up. */
static void end_by_kill_in_work(struct rig *rig)
{
	const int fd = mockgpu_open(NULL, 0);
	struct mockgpu_bo bo;

	if (fd < 0 || mockgpu_hold(fd) < 0 ||
	    mockgpu_bo_userptr(fd, rig->memory, rig->size, 0, &bo) ||
	    mockgpu_bo_fill(&bo, 1, NULL))
		_exit(3);
	raise(SIGKILL);
}

TEST_F(userptr, it_ends_with_its_process)
{
	static void (*const ends[])(struct rig *rig) = {
		end_by_exec, end_by_kill, end_by_kill_in_work,
	};
	struct rig *rig = &self->rig;
	struct mockgpu_bo bo;
	unsigned int i, tries;
	pid_t child;
	int ret;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		bo = child_buffer(_metadata, rig, ends[i], &child);
		/* The one that has called execve() still runs. */
		EXPECT_EQ(ends[i] == end_by_exec ? 0 : child,
			  waitpid(child, NULL, ends[i] == end_by_exec ? WNOHANG : 0));
		/* The old memory goes after the files that close. */
		for (tries = 0; tries < 1000; tries++) {
			ret = mockgpu_bo_copy(&rig->bo, 0, &bo, 0, rig->size);
			if (ret)
				break;
			clock_pause(1);
		}
		EXPECT_EQ(-ESRCH, ret);
		EXPECT_EQ(-ESRCH, mockgpu_bo_fill(&bo, 1, NULL));
		if (ends[i] == end_by_exec) {
			EXPECT_EQ(0, kill(child, SIGKILL));
			EXPECT_EQ(child, waitpid(child, NULL, 0));
		}
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
		EXPECT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	}
	expect_same(_metadata, rig, 1);
}

#ifndef __NR_process_mrelease
#define __NR_process_mrelease 448
#endif

/*
 * A child whose memory the GPU works on for a second, and that gives it away after it has set
 * @gives, which it shares.
 */
static pid_t child_that_waits(const struct rig *rig, volatile char *gives)
{
	struct rig own = {};
	pid_t child = fork();

	if (child)
		return child;
	own.driver.fd = mockgpu_open(NULL, 0);
	memset(rig->memory, 0x33, rig->size);
	if (mockgpu_bo_userptr(own.driver.fd, rig->memory, rig->size, 0, &own.user) ||
	    work(&own, MOCKGPU_SUBMIT_WRITE | MOCKGPU_SUBMIT_FILL,
		 MOCKGPU_SUBMIT_DELAY_MAX, NULL))
		_exit(1);
	*gives = 1;
	_exit(2 + !!madvise(rig->memory, rig->size, MADV_DONTNEED));
}

/* Whether a process waits for something that no signal ends. */
static bool is_stuck(pid_t child)
{
	char path[40], line[200] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = 0;
	fclose(file);
	return strstr(line, ") D ");
}

/*
 * The OOM reaper, and process_mrelease() in the same way, takes the memory of a process that has
 * been killed and does not end. It must not wait, and must not have what the GPU works on.
 */
TEST_F(userptr, the_oom_reaper_leaves_it_while_the_gpu_works)
{
	struct rig *rig = &self->rig;
	volatile char *gives = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int tries;
	int pidfd, status = 0;
	pid_t child;

	ASSERT_NE(MAP_FAILED, gives);
	child = child_that_waits(rig, gives);
	pidfd = syscall(SYS_pidfd_open, child, 0);
	ASSERT_LE(0, pidfd);
	for (tries = 0; tries < 10000 && !(*gives && is_stuck(child)); tries++)
		clock_pause(1);
	EXPECT_TRUE(is_stuck(child));
	EXPECT_EQ(0, kill(child, SIGKILL));
	EXPECT_EQ(-1, syscall(__NR_process_mrelease, pidfd, 0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_TRUE(is_stuck(child));
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status))
		TH_LOG("it ended with status %#x", status);
	EXPECT_EQ(0, munmap((void *)gives, getpagesize()));
	EXPECT_EQ(0, close(pidfd));
	EXPECT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	expect_same(_metadata, rig, 1);
}

TEST_F(userptr, it_can_neither_be_mapped_nor_shared_nor_moved)
{
	struct rig *rig = &self->rig;
	struct mockgpu_bo *bo = &rig->user;
	struct drm_mockgpu_page page;
	uint64_t offset, i;

	EXPECT_EQ(-EPERM, mockgpu_bo_offset(bo, &offset));
	EXPECT_EQ(-EPERM, mockgpu_bo_export(bo));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_SYSTEM, 0));
	EXPECT_EQ(-EINVAL, mockgpu_bo_swapout(bo));
	EXPECT_EQ(-EINVAL, mockgpu_bo_revoke(bo));
	EXPECT_EQ(-EINVAL, mockgpu_bo_pin(bo, MOCKGPU_PIN));
	EXPECT_EQ(-EINVAL, mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_WC));
	EXPECT_EQ(-EINVAL, mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_PREFAULT, 0));
	EXPECT_EQ(-ENODATA, mockgpu_bo_pages(bo, 0, 1, &page));
	EXPECT_EQ(-ENODATA, mockgpu_bo_snapshot(bo));
	EXPECT_EQ(-EINVAL, mockgpu_bo_copy(bo, 0, bo, 0, rig->driver.page));
	bo_expect_at(_metadata, bo, MOCKGPU_PLACEMENT_GTT, 0);
	EXPECT_EQ(MOCKGPU_KIND_USERPTR, bo_query(_metadata, bo).kind);
	EXPECT_EQ(rig->size, bo_query(_metadata, bo).size);
	EXPECT_EQ(MOCKGPU_CACHING_CACHED, bo_query(_metadata, bo).entry_caching);
	/* Offsets can be guessed: near that of the other one. */
	ASSERT_EQ(0, mockgpu_bo_offset(&rig->bo, &offset));
	for (i = offset - 2 * rig->size; i <= offset + 2 * rig->size; i += rig->driver.page) {
		void *map;

		if (i == offset)
			continue;
		map = mmap(NULL, rig->size, PROT_READ, MAP_SHARED, rig->driver.fd, i);
		EXPECT_EQ(MAP_FAILED, map);
	}
	expect_same(_metadata, rig, 1);
}

/* Each member that is wrong, alone. */
TEST_F(userptr, bad_input)
{
	struct rig *rig = &self->rig;
	const uint64_t at = (uintptr_t)rig->memory, page = rig->driver.page;
	const uint64_t pages_max = driver_usage(_metadata, rig->driver.fd).pages_max;
	const struct {
		int ret;
		struct drm_mockgpu_bo_userptr args;
	} bad[] = {
		{ EINVAL, { at, 0, 0, 0, 0 } },
		{ EINVAL, { at, page / 2, 0, 0, 0 } },
		{ EINVAL, { at, page + 1, 0, 0, 0 } },
		{ EINVAL, { at + 1, page, 0, 0, 0 } },
		{ EINVAL, { at + page / 2, page, 0, 0, 0 } },
		{ EINVAL, { at, page, 4, 0, 0 } },
		{ EINVAL, { at, page, ~0u, 0, 0 } },
		{ EINVAL, { at, page, 0, 1, 0 } },
		{ EINVAL, { at, page, 0, 0, 1 } },
		{ E2BIG, { at, (pages_max + 1) * page, 0, 0, 0 } },
		{ E2BIG, { at, -page, 0, 0, 0 } },
		{ EFAULT, { -page, page, 0, 0, 0 } },
		/* Higher bits may be a tag. */
		{ EFAULT, { 1ull << 55, page, 0, 0, 0 } },
		/* Where no page can be, but an address: asked for at once. */
		{ EFAULT, { 0, page, MOCKGPU_USERPTR_VALIDATE, 0, 0 } },
	};
	const struct mockgpu_usage before = driver_usage(_metadata, rig->driver.fd);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct drm_mockgpu_bo_userptr args = bad[i].args;
		int ret = drmIoctl(rig->driver.fd, DRM_IOCTL_MOCKGPU_BO_USERPTR, &args);

		EXPECT_EQ(-1, ret);
		EXPECT_EQ(bad[i].ret, errno)
			TH_LOG("case %u", i);
	}
	driver_expect_usage(_metadata, &rig->driver, before.buffers - rig->driver.before.buffers,
			    before.pages - rig->driver.before.pages);
}

/* For the kernel memory that describes it: 16 bytes a page and the objects. */
TEST_F(userptr, it_is_charged_for_what_it_costs)
{
	struct rig *rig = &self->rig;
	const struct mockgpu_usage before = driver_usage(_metadata, rig->driver.fd);
	const uint64_t pages = 4 * rig->driver.page;
	struct mockgpu_usage after;
	struct mockgpu_bo bo;

	/* Memory that is not there. */
	ASSERT_EQ(0, mockgpu_bo_userptr(rig->driver.fd, rig->memory, pages * rig->driver.page, 0,
					&bo));
	after = driver_usage(_metadata, rig->driver.fd);
	EXPECT_EQ(before.pages, after.pages);
	EXPECT_EQ(before.populated, after.populated);
	EXPECT_EQ(before.charged + 16 * 4 + 1, after.charged);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, driver_usage_settle(rig->driver.fd, &before, &after));
	EXPECT_EQ(before.charged, after.charged);
}

/* Make memory a buffer, and have the device read it. Return: the errors, which must be the same. */
static int try(struct __test_metadata *_metadata, struct rig *rig, void *at, size_t size,
	       uint32_t flags)
{
	struct mockgpu_bo bo;
	int ret;

	ASSERT_EQ(0, mockgpu_bo_userptr(rig->driver.fd, at, size, flags, &bo));
	ret = mockgpu_bo_copy(&rig->bo, 0, &bo, 0, size);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(ret, mockgpu_bo_userptr(rig->driver.fd, at, size,
					  flags | MOCKGPU_USERPTR_VALIDATE, &bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	return ret;
}

/* Memory without struct pages, or with some that are not for everybody. */
TEST_F(userptr, the_memory_of_a_gpu_is_refused)
{
	const struct drm_mockgpu_bo_create wants[] = {
		{ .size = self->rig.size, .kind = MOCKGPU_KIND_SPLIT, .order = 2 },
		{ .size = self->rig.size, .placement = MOCKGPU_PLACEMENT_VRAM },
	};
	struct rig *rig = &self->rig;
	struct mockgpu_bo bo;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wants); i++) {
		ASSERT_EQ(0, mockgpu_bo_make(rig->driver.fd, &wants[i], &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		pattern_fill(bo.map, bo.size, 1);
		EXPECT_EQ(-EFAULT, try(_metadata, rig, bo.map, bo.size, 0));
		EXPECT_EQ(-EFAULT, try(_metadata, rig, bo.map, bo.size,
				       MOCKGPU_USERPTR_READ_ONLY));
		EXPECT_EQ(0, pattern_differences(bo.map, bo.size, 1));
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	}
}

/* Kernels up to 6.4 have it only on request, secretmem.enable. */
TEST_F(userptr, secret_memory_is_refused)
{
	struct rig *rig = &self->rig;
	int file = syscall(SYS_memfd_secret, 0);
	char *secret;

	if (file < 0)
		SKIP(return, "this kernel has no memfd_secret(), or not switched on");
	ASSERT_EQ(0, ftruncate(file, rig->driver.page));
	secret = mmap(NULL, rig->driver.page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT_NE(MAP_FAILED, secret);
	EXPECT_EQ(-EFAULT, try(_metadata, rig, secret, rig->driver.page, 0));
	memset(secret, 1, rig->driver.page);
	EXPECT_EQ(-EFAULT, try(_metadata, rig, secret, rig->driver.page, 0));
	EXPECT_EQ(-EFAULT, try(_metadata, rig, secret, rig->driver.page,
			       MOCKGPU_USERPTR_READ_ONLY));
	EXPECT_EQ(0, munmap(secret, rig->driver.page));
	EXPECT_EQ(0, close(file));
}

TEST_F(userptr, what_is_read_only_stays_so)
{
	const uint32_t read_only = MOCKGPU_USERPTR_READ_ONLY;
	struct rig *rig = &self->rig;
	struct drm_mockgpu_submit_bo use = { .flags = MOCKGPU_SUBMIT_WRITE };
	const struct drm_mockgpu_submit args = { .bos = (uintptr_t)&use, .bo_count = 1 };
	struct mockgpu_bo bo;

	pattern_fill(rig->memory, rig->size, 1);
	ASSERT_EQ(0, mprotect(rig->memory, rig->size, PROT_READ));
	EXPECT_EQ(-EFAULT, try(_metadata, rig, rig->memory, rig->size, 0));
	EXPECT_EQ(0, try(_metadata, rig, rig->memory, rig->size, read_only));
	EXPECT_EQ(0, pattern_differences(rig->bo.map, rig->size, 1));
	ASSERT_EQ(0, mprotect(rig->memory, rig->size, PROT_READ | PROT_WRITE));
	/* Of what may be written, too. */
	ASSERT_EQ(0, mockgpu_bo_userptr(rig->driver.fd, rig->memory, rig->size, read_only, &bo));
	use.handle = bo.handle;
	EXPECT_EQ(-EACCES, mockgpu_bo_copy(&bo, 0, &rig->bo, 0, rig->size));
	EXPECT_EQ(-EACCES, mockgpu_bo_fill(&bo, 1, NULL));
	EXPECT_EQ(-EACCES, mockgpu_submit(rig->driver.fd, &args));
	use.flags = 0;
	EXPECT_EQ(0, mockgpu_submit(rig->driver.fd, &args));
	ASSERT_EQ(0, mockgpu_wait_idle(rig->driver.fd));
	EXPECT_EQ(0, pattern_differences(rig->memory, rig->size, 1));
	/* The kernel's zero page, for all pages. */
	ASSERT_EQ(0, madvise(rig->memory, rig->size, MADV_DONTNEED));
	memset(rig->bo.map, 1, rig->size);
	ASSERT_EQ(0, mockgpu_bo_copy(&rig->bo, 0, &bo, 0, rig->size));
	EXPECT_TRUE(pattern_is_zero(rig->bo.map, rig->size));
	/* And the first write brings another. */
	pattern_fill(rig->memory, rig->size, 2);
	ASSERT_EQ(0, mockgpu_bo_copy(&rig->bo, 0, &bo, 0, rig->size));
	EXPECT_EQ(0, pattern_differences(rig->bo.map, rig->size, 2));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
}

/*
 * A page of shared memory that was only read may have an entry that is writable and clean. Reclaim
 * drops such a page, unless who writes to it without that entry says so.
 */
TEST_F(userptr, what_the_device_writes_survives_reclaim)
{
	struct rig *rig = &self->rig;
	size_t i;

	ASSERT_EQ(0, munmap(rig->memory, rig->size));
	rig->file = memfd_create("userptr", MFD_CLOEXEC);
	ASSERT_LE(0, rig->file);
	ASSERT_EQ(0, ftruncate(rig->file, rig->size));
	ASSERT_EQ(rig->memory, mmap(rig->memory, rig->size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_FIXED, rig->file, 0));
	for (i = 0; i < rig->size; i += rig->driver.page)
		EXPECT_EQ(0, peek(rig->memory + i));
	pattern_fill(rig->bo.map, rig->size, 1);
	ASSERT_EQ(0, device_writes(rig));
	EXPECT_EQ(0, advise(rig, MADV_PAGEOUT));
	EXPECT_EQ(0, pattern_differences(rig->memory, rig->size, 1));
}

/* Answer @fd's faults with pages of 0x44 until it is closed. */
static void *answer_faults(void *arg)
{
	const int fd = *(int *)arg;
	const size_t size = getpagesize();
	char *page = aligned_alloc(size, size);
	struct uffd_msg message;

	memset(page, 0x44, size);
	while (read(fd, &message, sizeof(message)) == sizeof(message)) {
		struct uffdio_copy copy = {
			.dst = message.arg.pagefault.address & -size,
			.src = (uintptr_t)page,
			.len = size,
		};

		ioctl(fd, UFFDIO_COPY, &copy);
	}
	free(page);
	return NULL;
}

/* As memory that a VM has yet to receive: the device's use brings it, or fails, before 7.3. */
TEST_F(userptr, memory_that_user_space_has_to_bring)
{
	struct rig *rig = &self->rig;
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register all = {
		.range = { (uintptr_t)rig->memory, rig->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;
	size_t i;
	int ret;

	if (fd < 0)
		SKIP(return, "this kernel has no userfaultfd");
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	ASSERT_EQ(0, madvise(rig->memory, rig->size, MADV_DONTNEED));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &all));
	ASSERT_EQ(0, pthread_create(&thread, NULL, answer_faults, &fd));
	ret = device_reads(rig);
	TH_LOG("the device's use: %s", ret ? strerror(-ret) : "waits");
	EXPECT_TRUE(ret == -EFAULT || !ret);
	/* The process's own use brings it everywhere. */
	for (i = 0; i < rig->size; i += rig->driver.page)
		EXPECT_EQ(0x44, peek(rig->memory + i));
	EXPECT_EQ(0, device_reads(rig));
	EXPECT_EQ(0, memcmp(rig->bo.map, rig->memory, rig->size));
	ASSERT_EQ(0, pthread_cancel(thread));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, close(fd));
}

int main(int argc, char **argv)
{
	if (getenv(PAUSE))
		pause();
	return driver_run(argc, argv);
}
