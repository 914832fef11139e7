// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers that are backed up: on request (MOCKGPU_SWAPOUT_BACKUP), and by the shrinker when memory
 * is short (module parameter shrinker=1), as xe's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "reload.h"
#include "swap.h"
#include "sysfs.h"
#include "uses.h"

#define MIB (1ul << 20)
#define ROUNDS 3
/* So large that restoring it takes a while. */
#define LARGE (8 * MIB)

FIXTURE(backup) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_VARIANT(backup) {
	struct drm_mockgpu_bo_create want;
	const char *parameters;
};

FIXTURE_VARIANT_ADD(backup, cached) {
	.want = { .fault_mode = MOCKGPU_FAULT_PREFAULT },
	.parameters = "devices=1",
};

FIXTURE_VARIANT_ADD(backup, wc) {
	.want = { .caching = MOCKGPU_CACHING_WC, .flags = MOCKGPU_BO_PAGE_MAPPING },
	.parameters = "devices=1",
};

FIXTURE_VARIANT_ADD(backup, uc_from_vram) {
	.want = { .caching = MOCKGPU_CACHING_UC, .placement = MOCKGPU_PLACEMENT_VRAM },
	.parameters = "devices=1",
};

/* It can be backed up from the start. */
FIXTURE_VARIANT_ADD(backup, with_a_shrinker) {
	.want = { .flags = MOCKGPU_BO_PAGE_MAPPING },
	.parameters = "shrinker=1",
};

FIXTURE_SETUP(backup)
{
	struct drm_mockgpu_bo_create want = variant->want;

	ASSERT_EQ(0, module_want(variant->parameters));
	driver_setup(_metadata, &self->driver);
	/* Blocks of some orders. */
	want.size = (1024 + 64 + 3) * self->driver.page;
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
}

FIXTURE_TEARDOWN(backup)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static void expect_out(struct __test_metadata *_metadata, const struct driver *driver,
		       const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_page page;

	bo_expect_at(_metadata, bo, MOCKGPU_PLACEMENT_SYSTEM, MOCKGPU_BO_SWAPPED);
	EXPECT_EQ(-ENODATA, mockgpu_bo_pages(bo, 0, 1, &page));
	EXPECT_EQ(driver->before.populated, driver_usage(_metadata, driver->fd).populated);
}

/* The blocks that the driver tells of are those that its pages show. */
static void expect_blocks(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, bo);
	size_t npages = bo_npages(bo), i, wrong = 0, heads = 0;

	for (i = 0; i < npages; i++) {
		const bool head = !pages[i].index;

		heads += head;
		wrong += pages[i].count != head ||
			 !!(pages[i].flags & MOCKGPU_PAGE_HEAD) != head ||
			 pages[i].flags & MOCKGPU_PAGE_COMPOUND ||
			 i - pages[i].index + (1ul << pages[i].order) > npages ||
			 pages[i - pages[i].index].pfn + pages[i].index != pages[i].pfn;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, heads);
	EXPECT_GT(npages, heads);
	free(pages);
}

TEST_F(backup, the_contents_survive)
{
	const struct mockgpu_usage before = driver_usage(_metadata, self->driver.fd);
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
		expect_out(_metadata, &self->driver, &self->bo);
		EXPECT_EQ(round + 1, bo_query(_metadata, &self->bo).swapouts);
		EXPECT_EQ(bo_npages(&self->bo) * (round + 1),
			  driver_usage(_metadata, self->driver.fd).backed_up - before.backed_up);
		/* Nothing more happens to it. */
		ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
		EXPECT_EQ(round + 1, bo_query(_metadata, &self->bo).swapouts);
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, round + 1));
		bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0);
		expect_blocks(_metadata, &self->bo);
		EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, round + 1));
		pattern_fill(self->bo.map, self->bo.size, round + 2);
	}
}

/* From then on the other way is this way. */
TEST_F(backup, once_is_for_ever)
{
	uint64_t before;

	ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	before = driver_usage(_metadata, self->driver.fd).backed_up;
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	expect_out(_metadata, &self->driver, &self->bo);
	EXPECT_EQ(before + bo_npages(&self->bo),
		  driver_usage(_metadata, self->driver.fd).backed_up);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	EXPECT_EQ(before + 2 * bo_npages(&self->bo),
		  driver_usage(_metadata, self->driver.fd).backed_up);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

static int is_right(const void *map, size_t size)
{
	return !pattern_differences(map, size, 1);
}

/* What may happen to a buffer that is out, or that a signal has left half way back. */
static int touch_it(struct mockgpu_bo *bo)
{
	return use_by_touch(bo, is_right);
}

static int read_it(struct mockgpu_bo *bo)
{
	char copy[64] = "x", right[64];
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC), ret = 0;

	if (pread(mem, copy, sizeof(copy), (uintptr_t)bo->map) != sizeof(copy))
		ret = errno == EIO && !ARCH_GIVES_ACCESS ? 0 : -errno;
	else if (memcpy(right, bo->map, sizeof(right)), memcmp(copy, right, sizeof(copy)))
		ret = -EILSEQ;
	close(mem);
	return ret;
}

static int move_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int renew_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int back_it_up(struct mockgpu_bo *bo)
{
	return mockgpu_bo_backup(bo);
}

static int swap_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_swapout(bo);
}

static int pin_it(struct mockgpu_bo *bo)
{
	int ret = mockgpu_bo_pin(bo, MOCKGPU_PIN);

	return ret ? ret : mockgpu_bo_pin(bo, MOCKGPU_UNPIN);
}

static int recache_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_CACHED);
}

static int copy_it(struct mockgpu_bo *bo)
{
	return use_by_copy(bo, is_right);
}

static int export_it(struct mockgpu_bo *bo)
{
	return use_by_export(bo, is_right);
}

static int end_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_destroy(bo);
}

static int revoke_it(struct mockgpu_bo *bo)
{
	int ret = mockgpu_bo_revoke(bo);

	return ret ? ret : mockgpu_bo_destroy(bo);
}

static int (*const uses[])(struct mockgpu_bo *bo) = {
	touch_it, read_it, move_it, renew_it, back_it_up, swap_it, pin_it, recache_it, copy_it,
	export_it, end_it, revoke_it,
};

TEST_F(backup, every_use_finds_its_contents)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		struct mockgpu_bo bo;

		ASSERT_EQ(0, mockgpu_bo_clone(&self->bo, &bo));
		ASSERT_EQ(0, mockgpu_bo_backup(&bo));
		EXPECT_EQ(0, uses[i](&bo))
			TH_LOG("use %zu", i);
		if (bo.map)
			EXPECT_EQ(0, touch_it(&bo))
				TH_LOG("use %zu", i);
		ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
		driver_expect_usage(_metadata, &self->driver, 1, bo_npages(&self->bo));
	}
}

/* More steps than it has. */
#define STEPS_MAX 100

/* Out, and back by a touch, with the first step of the driver failing, then the second, ... */
TEST_F(backup, each_step_fails)
{
	unsigned long nth, left = 0;
	struct mockgpu_bo bo;
	char point[32];

	for (nth = 1; nth < STEPS_MAX && !left; nth++) {
		int ret, touched = 0;

		ASSERT_EQ(0, mockgpu_bo_clone(&self->bo, &bo));
		ASSERT_EQ(0, mockgpu_fail_set(self->driver.fd, nth));
		ret = mockgpu_bo_backup(&bo);
		if (!ret)
			touched = pattern_touch(bo.map, 0);
		ASSERT_EQ(0, mockgpu_fail_get(self->driver.fd, &left, point, sizeof(point)));
		ASSERT_EQ(0, mockgpu_fail_set(self->driver.fd, 0));
		/* libdrm calls again after "lock", and a page fault only has a signal. */
		EXPECT_TRUE(left || !strcmp(point, "lock") || ret == -ENOMEM || touched == SIGBUS)
			TH_LOG("step %lu, %s: %d", nth, point, ret);
		EXPECT_EQ(0, touch_it(&bo))
			TH_LOG("step %lu, %s: %d", nth, point, ret);
		ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
		driver_expect_usage(_metadata, &self->driver, 1, bo_npages(&self->bo));
		driver_expect_quiet(_metadata, &self->driver);
	}
	EXPECT_NE(0, left);
	/* The backup, the heads and the file, at least. */
	EXPECT_LT(5, nth);
}

TEST_F(backup, what_cannot_be)
{
	struct drm_mockgpu_bo_swapout args = { .handle = self->bo.handle };
	const int fd = self->driver.fd;
	struct mockgpu_bo other;
	uint32_t kind;

	for (args.flags = 2; args.flags; args.flags <<= 1) {
		ASSERT_EQ(-1, ioctl(fd, DRM_IOCTL_MOCKGPU_BO_SWAPOUT, &args));
		EXPECT_EQ(EINVAL, errno);
	}
	for (kind = MOCKGPU_KIND_NONCOMPOUND; kind < MOCKGPU_KIND_COUNT; kind++) {
		ASSERT_EQ(0, mockgpu_bo_create(fd, kind, 3, 0, 24 * self->driver.page, &other));
		EXPECT_EQ(-EINVAL, mockgpu_bo_backup(&other));
		bo_expect_at(_metadata, &other, MOCKGPU_PLACEMENT_GTT, 0);
		EXPECT_EQ(0, mockgpu_bo_swapout(&other));
		bo_expect_at(_metadata, &other, MOCKGPU_PLACEMENT_SYSTEM, MOCKGPU_BO_SWAPPED);
		ASSERT_EQ(0, mockgpu_bo_destroy(&other));
	}
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(-EBUSY, mockgpu_bo_backup(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_backup(&self->bo));
}

TEST_F(backup, without_swap_space)
{
	if (!swap_is_ours)
		SKIP(return, "the host has swap space of its own");
	ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
	/* What is backed up comes back even so. */
	ASSERT_EQ(0, swap_off());
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(-ENOSPC, mockgpu_bo_backup(&self->bo));
	EXPECT_EQ(-ENOSPC, mockgpu_bo_swapout(&self->bo));
	ASSERT_EQ(0, swap_on());
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_SYSTEM, 0);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, mockgpu_bo_backup(&self->bo));
}

FIXTURE(signals) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_SETUP(signals)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0, LARGE, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
}

FIXTURE_TEARDOWN(signals)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static volatile sig_atomic_t signals_seen;

static void count_signal(int number)
{
	(void)number;
	signals_seen++;
}

/* A signal in each @us microseconds, 0 for none any more. */
static void signal_every(struct __test_metadata *_metadata, unsigned int us)
{
	const struct itimerval timer = { { 0, us }, { 0, us } };
	const struct sigaction action = { .sa_handler = us ? count_signal : SIG_IGN };

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
}

static uint64_t interrupted(struct __test_metadata *_metadata, const struct driver *driver)
{
	return driver_usage(_metadata, driver->fd).interrupted;
}

/* TTM says that they may interrupt it, but up to 7.3 none does: docs/findings/ttm-backup.md. */
TEST_F(signals, they_do_no_harm)
{
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
		signal_every(_metadata, 500);
		EXPECT_EQ(0, round % 2 ? mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0) :
					 pattern_touch(self->bo.map, false));
		signal_every(_metadata, 0);
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
		expect_blocks(_metadata, &self->bo);
	}
	EXPECT_LT(0, signals_seen);
}

TEST_F(signals, nor_does_sigkill)
{
	unsigned int us;

	for (us = 100; us < 50000; us *= 2) {
		int status;
		pid_t child;

		ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
		child = fork();
		ASSERT_LE(0, child);
		if (!child) {
			peek(self->bo.map);
			_exit(0);
		}
		usleep(us);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	}
}

/* TTM's own fault injection: a backup or a restore stops, as if memory ran out or a signal came. */
#define INJECT "/sys/kernel/debug/ttm/backup_fault_inject/"

FIXTURE(half_way) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_VARIANT(half_way) {
	uint32_t caching;
};

FIXTURE_VARIANT_ADD(half_way, cached) {
	.caching = MOCKGPU_CACHING_CACHED,
};

FIXTURE_VARIANT_ADD(half_way, wc) {
	.caching = MOCKGPU_CACHING_WC,
};

FIXTURE_SETUP(half_way)
{
	const struct drm_mockgpu_bo_create want = {
		.size = (1024 + 64 + 3) * getpagesize(),
		.caching = variant->caching,
		.flags = MOCKGPU_BO_PAGE_MAPPING,
	};

	driver_setup(_metadata, &self->driver);
	if (access(INJECT "probability", W_OK))
		SKIP(return, "this kernel has no CONFIG_FAULT_INJECTION_DEBUG_FS");
	ASSERT_EQ(0, sysfs_write(INJECT "verbose", "0"));
	ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	/* It can be backed up from here on. */
	ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
	ASSERT_EQ(0, touch_it(&self->bo));
}

FIXTURE_TEARDOWN(half_way)
{
	sysfs_write(INJECT "probability", "0");
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

/* Let TTM's n-th step fail, and no other; or, with @always, each n-th. */
static void inject(struct __test_metadata *_metadata, unsigned int nth, bool always)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", nth);
	ASSERT_EQ(0, sysfs_write(INJECT "interval", text));
	ASSERT_EQ(0, sysfs_write(INJECT "times", always ? "-1" : "1"));
	ASSERT_EQ(0, sysfs_write(INJECT "probability", nth ? "100" : "0"));
}

/* Bring it back, up to a page in the middle. libdrm would call again. */
static void stop_half_way(struct __test_metadata *_metadata, const struct driver *driver,
			  const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_move args = {
		.handle = bo->handle, .placement = MOCKGPU_PLACEMENT_GTT,
	};
	const uint64_t before = interrupted(_metadata, driver);

	inject(_metadata, 700, false);
	ASSERT_EQ(-1, ioctl(bo->fd, DRM_IOCTL_MOCKGPU_BO_MOVE, &args));
	EXPECT_EQ(EINTR, errno);
	inject(_metadata, 0, false);
	EXPECT_EQ(before + 1, interrupted(_metadata, driver));
	bo_expect_at(_metadata, bo, MOCKGPU_PLACEMENT_SYSTEM, MOCKGPU_BO_SWAPPED);
}

TEST_F(half_way, a_restore_goes_on)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		struct mockgpu_bo bo;

		ASSERT_EQ(0, mockgpu_bo_clone(&self->bo, &bo));
		ASSERT_EQ(0, mockgpu_bo_set_caching(&bo, variant->caching));
		ASSERT_EQ(0, mockgpu_bo_backup(&bo));
		stop_half_way(_metadata, &self->driver, &bo);
		EXPECT_EQ(0, uses[i](&bo))
			TH_LOG("use %zu", i);
		if (bo.map) {
			EXPECT_EQ(0, touch_it(&bo))
				TH_LOG("use %zu", i);
			EXPECT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_GTT, 0));
			expect_blocks(_metadata, &bo);
		}
		ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
		driver_expect_usage(_metadata, &self->driver, 1, bo_npages(&self->bo));
	}
}

/* In each attempt it gets further, with no signal to end it. */
TEST_F(half_way, a_page_fault_tries_again)
{
	const uint64_t before = interrupted(_metadata, &self->driver);

	ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
	inject(_metadata, 100, true);
	EXPECT_EQ(0, touch_it(&self->bo));
	inject(_metadata, 0, false);
	EXPECT_LE(before + bo_npages(&self->bo) / 100, interrupted(_metadata, &self->driver));
	expect_blocks(_metadata, &self->bo);
}

/* Not even a page fault that gets nowhere keeps a process alive. */
TEST_F(half_way, sigkill_ends_it)
{
	int status;
	pid_t child;

	ASSERT_EQ(0, mockgpu_bo_backup(&self->bo));
	stop_half_way(_metadata, &self->driver, &self->bo);
	inject(_metadata, 1, true);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* An access from the kernel, which asks for no signal before it tries again. */
		if (write(open("/dev/null", O_WRONLY), self->bo.map, 1) != 1)
			_exit(1);
		peek(self->bo.map);
		_exit(0);
	}
	usleep(100000);
	EXPECT_EQ(0, waitpid(child, &status, WNOHANG));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	inject(_metadata, 0, false);
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_SYSTEM, MOCKGPU_BO_SWAPPED);
	EXPECT_EQ(0, touch_it(&self->bo));
}

/* Half of the pages stay: one block of the largest order goes, two stay. */
TEST_F_TIMEOUT(half_way, a_backup_in_part, 300)
{
	const struct drm_mockgpu_bo_create want = {
		.size = (3ul << MOCKGPU_MAX_ORDER) * self->driver.page,
		.caching = variant->caching,
		.flags = MOCKGPU_BO_PAGE_MAPPING,
	};
	int (*const some[])(struct mockgpu_bo *bo) = { touch_it, move_it, end_it, revoke_it };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(some); i++) {
		struct mockgpu_bo bo;
		uint64_t before;
		int ret;

		ASSERT_EQ(0, mockgpu_bo_make(self->driver.fd, &want, &bo));
		ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
		ASSERT_EQ(0, mockgpu_bo_backup(&bo));
		pattern_fill(bo.map, bo.size, 1);
		before = driver_usage(_metadata, self->driver.fd).backed_up;
		inject(_metadata, 1, false);
		ret = mockgpu_bo_backup(&bo);
		inject(_metadata, 0, false);
		ASSERT_EQ(0, ret);
		bo_expect_at(_metadata, &bo, MOCKGPU_PLACEMENT_SYSTEM, MOCKGPU_BO_SWAPPED);
		EXPECT_LT(before, driver_usage(_metadata, self->driver.fd).backed_up);
		EXPECT_GT(before + bo_npages(&bo),
			  driver_usage(_metadata, self->driver.fd).backed_up);
		EXPECT_EQ(0, some[i](&bo))
			TH_LOG("use %zu", i);
		if (bo.map)
			EXPECT_EQ(0, touch_it(&bo))
				TH_LOG("use %zu", i);
		ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
		driver_expect_usage(_metadata, &self->driver, 1, bo_npages(&self->bo));
	}
}

/* In the middle of a block there is no memory for a page: what was copied is freed by itself. */
TEST_F(half_way, a_block_is_split)
{
	unsigned int step;

	for (step = 2; step < 60; step += 19) {
		const uint64_t before = driver_usage(_metadata, self->driver.fd).backed_up;

		int ret;

		/*
		 * The kernel counts on from earlier steps: if it is the very first that fails,
		 * half of the pages are less than the first block, and nothing happens.
		 */
		inject(_metadata, step, false);
		ret = mockgpu_bo_backup(&self->bo);
		if (ret == -ENOMEM) {
			inject(_metadata, step, false);
			ret = mockgpu_bo_backup(&self->bo);
		}
		inject(_metadata, 0, false);
		ASSERT_EQ(0, ret);
		EXPECT_EQ(before + bo_npages(&self->bo),
			  driver_usage(_metadata, self->driver.fd).backed_up);
		EXPECT_EQ(0, touch_it(&self->bo));
		expect_blocks(_metadata, &self->bo);
	}
}

/* Half of one block is nothing. It stays, and of its memory type. */
TEST_F(half_way, a_backup_that_fails)
{
	struct mockgpu_entry entry;
	struct mockgpu_bo bo;

	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, variant->caching,
				       2 * self->driver.page, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	pattern_fill(bo.map, bo.size, 1);
	ASSERT_EQ(0, mockgpu_bo_backup(&bo));
	ASSERT_EQ(0, touch_it(&bo));
	inject(_metadata, 1, false);
	EXPECT_EQ(-ENOMEM, mockgpu_bo_backup(&bo));
	inject(_metadata, 0, false);
	bo_expect_at(_metadata, &bo, MOCKGPU_PLACEMENT_SYSTEM, 0);
	EXPECT_EQ(0, touch_it(&bo));
	expect_blocks(_metadata, &bo);
	ASSERT_EQ(0, mockgpu_entry_get(self->driver.fd, bo.map, &entry));
	EXPECT_TRUE(entry.present);
	if (variant->caching == MOCKGPU_CACHING_WC)
		EXPECT_STREQ("write-combining", mockgpu_entry_caching(&entry));
	ASSERT_EQ(0, mockgpu_bo_destroy(&bo));
}

FIXTURE(shrinker) {
	struct driver driver;
	struct mockgpu_bo bo[3];
	struct mockgpu_bo own;
	struct mockgpu_bo unneeded;
};

#define SHRINKER_PAGES 300

static void make(struct __test_metadata *_metadata, int fd,
		 const struct drm_mockgpu_bo_create *want, struct mockgpu_bo *bo)
{
	ASSERT_EQ(0, mockgpu_bo_make(fd, want, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	pattern_fill(bo->map, bo->size, 1);
}

FIXTURE_SETUP(shrinker)
{
	struct drm_mockgpu_bo_create want = { .kind = MOCKGPU_KIND_TTM };
	size_t i;

	ASSERT_EQ(0, module_want("shrinker=1"));
	driver_setup(_metadata, &self->driver);
	want.size = SHRINKER_PAGES * self->driver.page;
	for (i = 0; i < ARRAY_SIZE(self->bo); i++)
		make(_metadata, self->driver.fd, &want, &self->bo[i]);
	want.flags = MOCKGPU_BO_DISCARDABLE;
	make(_metadata, self->driver.fd, &want, &self->unneeded);
	want.flags = 0;
	want.kind = MOCKGPU_KIND_NONCOMPOUND;
	want.order = 2;
	make(_metadata, self->driver.fd, &want, &self->own);
}

FIXTURE_TEARDOWN(shrinker)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(self->bo); i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo[i]));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->unneeded));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->own));
	driver_teardown(_metadata, &self->driver);
}

/* How many of the three are backed up. */
static size_t count_out(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	size_t i, count = 0;

	for (i = 0; i < 3; i++)
		count += bo_query(_metadata, &bo[i]).state == MOCKGPU_BO_SWAPPED;
	return count;
}

static void expect_contents(struct __test_metadata *_metadata, struct _test_data_shrinker *self)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(self->bo); i++) {
		EXPECT_EQ(0, pattern_differences(self->bo[i].map, self->bo[i].size, 1));
		expect_blocks(_metadata, &self->bo[i]);
	}
	EXPECT_EQ(0, pattern_differences(self->own.map, self->own.size, 1));
}

/* "Now": in this process, or in the kernel's own reclaim. */
TEST_F(shrinker, takes_what_it_may)
{
	const struct mockgpu_usage before = driver_usage(_metadata, self->driver.fd);
	struct mockgpu_usage usage;

	EXPECT_EQ(3 * SHRINKER_PAGES, before.backable);
	EXPECT_EQ(SHRINKER_PAGES, before.purgeable);
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo[1], MOCKGPU_PIN));
	ASSERT_EQ(0, sysfs_write("/proc/sys/vm/drop_caches", "2"));
	usage = driver_usage(_metadata, self->driver.fd);
	EXPECT_LT(before.scans, usage.scans);
	EXPECT_EQ(2 * SHRINKER_PAGES, usage.backed_up - before.backed_up);
	EXPECT_EQ(SHRINKER_PAGES, usage.purged - before.purged);
	EXPECT_EQ(SHRINKER_PAGES, usage.backable);
	EXPECT_EQ(0, usage.purgeable);
	/* The pinned one and the one of the driver's own pages are left. */
	EXPECT_EQ(self->driver.before.populated + 2 * SHRINKER_PAGES, usage.populated);
	EXPECT_EQ(2, count_out(_metadata, self->bo));
	bo_expect_at(_metadata, &self->bo[1], MOCKGPU_PLACEMENT_GTT, MOCKGPU_BO_PINNED);
	bo_expect_at(_metadata, &self->own, MOCKGPU_PLACEMENT_GTT, 0);
	bo_expect_at(_metadata, &self->unneeded, MOCKGPU_PLACEMENT_SYSTEM, 0);
	EXPECT_EQ(1, bo_query(_metadata, &self->unneeded).discards);
	expect_contents(_metadata, self);
	EXPECT_TRUE(pattern_is_zero(self->unneeded.map, self->unneeded.size));
	expect_blocks(_metadata, &self->unneeded);
	usage = driver_usage(_metadata, self->driver.fd);
	EXPECT_EQ(before.backable, usage.backable);
	EXPECT_EQ(before.purgeable, usage.purgeable);
}

/* What is not needed goes first, then what was used last, and no more than asked for. */
TEST_F(shrinker, takes_no_more_than_asked)
{
	size_t i;

	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, 1));
	EXPECT_EQ(0, count_out(_metadata, self->bo));
	EXPECT_EQ(1, bo_query(_metadata, &self->unneeded).discards);
	for (i = 0; i < ARRAY_SIZE(self->bo); i++) {
		ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, 1));
		EXPECT_EQ(i + 1, count_out(_metadata, self->bo));
		EXPECT_EQ(MOCKGPU_BO_SWAPPED, bo_query(_metadata, &self->bo[i]).state);
	}
	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, 1));
	expect_contents(_metadata, self);
}

TEST_F(shrinker, leaves_what_the_gpu_uses)
{
	int hold = mockgpu_hold(self->driver.fd);

	ASSERT_LE(0, hold);
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo[0], 0x5a, NULL));
	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, ~0ul >> 1));
	EXPECT_EQ(2, count_out(_metadata, self->bo));
	EXPECT_EQ(0, bo_query(_metadata, &self->bo[0]).state);
	engine_release(_metadata, &hold);
	ASSERT_EQ(0, mockgpu_wait_idle(self->driver.fd));
	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, ~0ul >> 1));
	EXPECT_EQ(3, count_out(_metadata, self->bo));
	EXPECT_EQ(0x5a, peek(self->bo[0].map));
	pattern_fill(self->bo[0].map, self->bo[0].size, 1);
	expect_contents(_metadata, self);
}

TEST_F(shrinker, without_swap_space_it_discards_only)
{
	if (!swap_is_ours)
		SKIP(return, "the host has swap space of its own");
	ASSERT_EQ(0, swap_off());
	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, ~0ul >> 1));
	ASSERT_EQ(0, swap_on());
	EXPECT_EQ(0, count_out(_metadata, self->bo));
	EXPECT_EQ(1, bo_query(_metadata, &self->unneeded).discards);
}

/* A buffer that is purged goes everywhere, too. */
TEST_F(shrinker, what_is_purged_can_be_used)
{
	struct mockgpu_bo *bo = &self->unneeded;

	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, 1));
	ASSERT_EQ(0, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_TRUE(pattern_is_zero(bo->map, bo->size));
	ASSERT_EQ(0, mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, 0));
	pattern_fill(bo->map, bo->size, 2);
	/* By request its contents survive. */
	ASSERT_EQ(0, mockgpu_bo_backup(bo));
	EXPECT_EQ(0, pattern_differences(bo->map, bo->size, 2));
	ASSERT_EQ(0, mockgpu_shrink(self->driver.fd, 1));
	EXPECT_EQ(2, bo_query(_metadata, bo).discards);
	ASSERT_EQ(0, mockgpu_bo_backup(bo));
	ASSERT_EQ(0, mockgpu_bo_revoke(bo));
}

/* With each step of loading failing in turn. */
TEST(loading_is_undone)
{
	int kmsg = reload_begin(_metadata);
	unsigned int nth;
	char text[64];
	int ret = -1;

	for (nth = 1; nth < STEPS_MAX && ret; nth++) {
		snprintf(text, sizeof(text), "shrinker=1 vram_size=4194304 fail_load=%u", nth);
		ret = module_load(text);
	}
	EXPECT_EQ(0, ret);
	EXPECT_LT(10, nth);
	ASSERT_EQ(0, module_unload());
	quiet_end(_metadata, kmsg);
}

/* Take memory until the shrinker has been asked for some. */
static void take_memory(int fd, uint64_t scans)
{
	const size_t step = 4 * MIB;
	struct mockgpu_usage usage;
	int adjust = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (write(adjust, "1000", 4) != 4)
		_exit(1);
	for (;;) {
		char *at = mmap(NULL, step, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (at == MAP_FAILED)
			_exit(2);
		if (mockgpu_usage_get(fd, &usage) || usage.scans > scans)
			_exit(usage.scans > scans ? 0 : 3);
	}
}

TEST_F_TIMEOUT(shrinker, memory_runs_short, 300)
{
	const uint64_t before = driver_usage(_metadata, self->driver.fd).scans;
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		take_memory(self->driver.fd, before);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	/* It may be killed for lack of memory, after the shrinker was asked. */
	EXPECT_TRUE(!status || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	EXPECT_LT(before, driver_usage(_metadata, self->driver.fd).scans);
	expect_contents(_metadata, self);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	swap_begin();
	return driver_run(argc, argv);
}
