// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM that the CPU cannot access (module parameter vram_visible): a page fault moves a buffer
 * from there, as in amdgpu with a small BAR.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "reload_fixture.h"

#define MIB (1ull << 20)
#define VRAM (16 * MIB)
#define VISIBLE (4 * MIB)
#define PARAMETERS "devices=2 vram_size=16777216 vram_visible=4194304"

/* Not a multiple of a block. */
#define PAGES 70

FIXTURE(visible) {
	struct driver driver;
	struct mockgpu_bo bo;
	struct mockgpu_bo source;
};

static int make(int fd, uint64_t size, uint32_t flags, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = size, .placement = MOCKGPU_PLACEMENT_VRAM, .flags = flags,
	};
	int ret = mockgpu_bo_make(fd, &want, bo);

	return ret ? ret : mockgpu_bo_map(bo, NULL);
}

FIXTURE_SETUP(visible)
{
	ASSERT_EQ(0, module_want(PARAMETERS));
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, make(self->driver.fd, PAGES * self->driver.page, 0, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_TTM, 0, 0, self->bo.size,
				       &self->source));
	ASSERT_EQ(0, mockgpu_bo_map(&self->source, NULL));
	pattern_fill(self->source.map, self->source.size, 1);
	/* The GPU writes where the CPU cannot. */
	ASSERT_EQ(0, mockgpu_bo_copy(&self->bo, 0, &self->source, 0, self->bo.size));
}

FIXTURE_TEARDOWN(visible)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->source));
	driver_teardown(_metadata, &self->driver);
}

static int hide(const struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_MOVE_INVISIBLE);
}

static void expect_contents(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	EXPECT_EQ(0, pattern_differences(bo->map, bo->size, 1));
	EXPECT_EQ(0, bo_elsewhere(_metadata, bo, 1));
}

TEST_F(visible, the_device_tells_how_much)
{
	uint64_t value = 0;

	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_SIZE, &value));
	EXPECT_EQ(VRAM, value);
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_VISIBLE, &value));
	EXPECT_EQ(VISIBLE, value);
}

/* By whatever the CPU does: one move for all of its pages. */
TEST_F(visible, a_touch_brings_it)
{
	unsigned int write;

	for (write = 0; write < 2; write++) {
		const uint32_t moves = bo_query(_metadata, &self->bo).moves;

		bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
		EXPECT_EQ(0, pattern_touch((char *)self->bo.map + 5 * self->driver.page, write));
		bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, 0);
		EXPECT_EQ(PAGES - 1, bo_missing(_metadata, &self->bo));
		pattern_fill(self->bo.map, self->bo.size, 1);
		expect_contents(_metadata, &self->bo);
		EXPECT_EQ(moves + 1, bo_query(_metadata, &self->bo).moves);
		ASSERT_EQ(0, hide(&self->bo));
	}
}

/* What the CPU does to it otherwise, its kernel included, moves nothing. */
TEST_F(visible, a_debugger_and_the_gpu_reach_it)
{
	const uint32_t moves = bo_query(_metadata, &self->bo).moves;

	pattern_fill(self->source.map, self->source.size, 2);
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));
	EXPECT_EQ(0, mockgpu_bo_copy(&self->source, 0, &self->bo, 0, self->bo.size));
	EXPECT_EQ(0, pattern_differences(self->source.map, self->source.size, 1));
	EXPECT_EQ(moves, bo_query(_metadata, &self->bo).moves);
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	expect_contents(_metadata, &self->bo);
}

/* As a system call and KVM do it. */
TEST_F(visible, the_kernel_brings_it)
{
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	EXPECT_EQ(100, write(fds[1], (char *)self->bo.map + self->driver.page, 100));
	EXPECT_EQ(0, close(fds[0]) | close(fds[1]));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, 0);
	expect_contents(_metadata, &self->bo);
}

/* Nobody is evicted for a touch: it goes to GTT when the visible part is full. */
TEST_F(visible, without_room_it_goes_to_gtt)
{
	struct mockgpu_bo full = {};

	ASSERT_EQ(0, make(self->driver.fd, VISIBLE, MOCKGPU_BO_CPU_ACCESS, &full));
	bo_expect_at(_metadata, &full, MOCKGPU_PLACEMENT_VRAM, 0);
	expect_contents(_metadata, &self->bo);
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_GTT, 0);
	bo_expect_at(_metadata, &full, MOCKGPU_PLACEMENT_VRAM, 0);
	EXPECT_TRUE(pattern_is_zero(full.map, full.size));
	EXPECT_EQ(0, mockgpu_bo_destroy(&full));
}

/* One page out of reach is enough, and its own place is no room for it. */
TEST_F(visible, one_across_the_border_is_not_visible)
{
	struct mockgpu_bo rest = {}, across = {};

	ASSERT_EQ(0, make(self->driver.fd, VRAM - VISIBLE - 4 * MIB, 0, &rest));
	ASSERT_EQ(0, make(self->driver.fd, VISIBLE, 0, &across));
	bo_expect_at(_metadata, &across, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	EXPECT_TRUE(pattern_is_zero(across.map, across.size));
	bo_expect_at(_metadata, &across, MOCKGPU_PLACEMENT_GTT, 0);
	EXPECT_EQ(0, mockgpu_bo_destroy(&across));
	EXPECT_EQ(0, mockgpu_bo_destroy(&rest));
}

TEST_F(visible, one_that_is_larger_goes_to_gtt)
{
	struct mockgpu_bo large = {};

	ASSERT_EQ(0, make(self->driver.fd, VISIBLE + self->driver.page, 0, &large));
	bo_expect_at(_metadata, &large, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	EXPECT_TRUE(pattern_is_zero(large.map, large.size));
	bo_expect_at(_metadata, &large, MOCKGPU_PLACEMENT_GTT, 0);
	/* It counts as one that the CPU needs, which can never be in VRAM. */
	EXPECT_EQ(-E2BIG, mockgpu_bo_move(&large, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, hide(&large));
	bo_expect_at(_metadata, &large, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	EXPECT_EQ(0, mockgpu_bo_destroy(&large));
	EXPECT_EQ(-E2BIG, make(self->driver.fd, VISIBLE + self->driver.page,
			       MOCKGPU_BO_CPU_ACCESS, &large));
	EXPECT_EQ(0, make(self->driver.fd, VRAM - VISIBLE + self->driver.page, 0, &large));
	EXPECT_EQ(-E2BIG, hide(&large));
	EXPECT_EQ(0, mockgpu_bo_destroy(&large));
}

TEST_F(visible, a_pinned_one_is_out_of_reach)
{
	const uint32_t state = MOCKGPU_BO_INVISIBLE | MOCKGPU_BO_PINNED;
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 0));
	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 1));
	EXPECT_EQ(-1, write(fds[1], self->bo.map, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-EBUSY, hide(&self->bo));
	EXPECT_EQ(-EBUSY, mockgpu_bo_inject_foreign(&self->source, 0, &self->bo, 0));
	/* Only the GPU itself reaches it. */
	EXPECT_EQ(0, mockgpu_bo_copy(&self->source, 0, &self->bo, 0, self->bo.size));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, state);
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	expect_contents(_metadata, &self->bo);
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, 0);
	EXPECT_EQ(0, close(fds[0]) | close(fds[1]));
}

/* Another device has no way to it either. */
TEST_F(visible, an_importer_brings_it)
{
	struct mockgpu_bo import = {}, own = {};
	int peer = mockgpu_open_peer(), dmabuf = mockgpu_bo_export(&self->bo);

	ASSERT_LE(0, peer);
	ASSERT_LE(0, dmabuf);
	ASSERT_EQ(0, mockgpu_bo_import(peer, dmabuf, &import));
	ASSERT_EQ(0, mockgpu_bo_create(peer, MOCKGPU_KIND_TTM, 0, 0, self->bo.size, &own));
	ASSERT_EQ(0, mockgpu_bo_map(&own, NULL));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_PIN));
	EXPECT_EQ(-EBUSY, mockgpu_bo_copy(&own, 0, &import, 0, own.size));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo, MOCKGPU_UNPIN));
	EXPECT_EQ(0, mockgpu_bo_copy(&own, 0, &import, 0, own.size));
	EXPECT_EQ(0, pattern_differences(own.map, own.size, 1));
	/* An older kernel pins it for the importer. */
	EXPECT_EQ(0, bo_query(_metadata, &self->bo).state & MOCKGPU_BO_INVISIBLE);
	EXPECT_EQ(0, mockgpu_bo_destroy(&own));
	EXPECT_EQ(0, mockgpu_bo_destroy(&import));
	EXPECT_EQ(0, close(dmabuf) | close(peer));
}

TEST_F(visible, one_that_lends_a_page_is_visible)
{
	ASSERT_EQ(0, mockgpu_bo_inject_foreign(&self->source, 3, &self->bo, 4));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_PINNED);
	ASSERT_EQ(0, mockgpu_bo_zap(&self->source));
	EXPECT_EQ(peek((char *)self->bo.map + 4 * self->driver.page),
		  peek((char *)self->source.map + 3 * self->driver.page));
}

/* It leaves its page table entries behind, and the next touch brings it again. */
TEST_F(visible, it_can_be_sent_back)
{
	struct drm_mockgpu_page *before, *after;
	unsigned int round;

	expect_contents(_metadata, &self->bo);
	for (round = 0; round < 10; round++) {
		before = bo_pages(_metadata, &self->bo);
		ASSERT_EQ(0, hide(&self->bo));
		bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
		after = bo_pages(_metadata, &self->bo);
		EXPECT_EQ(0, bo_common(before, after, PAGES));
		free(before);
		free(after);
		expect_contents(_metadata, &self->bo);
		bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, 0);
	}
	/* From GTT and from where TTM swaps out it goes, too. */
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, hide(&self->bo));
	expect_contents(_metadata, &self->bo);
	ASSERT_EQ(0, mockgpu_bo_swapout(&self->bo));
	ASSERT_EQ(0, hide(&self->bo));
	expect_contents(_metadata, &self->bo);
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT,
					   MOCKGPU_MOVE_INVISIBLE));
	EXPECT_EQ(-EINVAL, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM,
					   MOCKGPU_MOVE_INVISIBLE | MOCKGPU_MOVE_NEW_PAGES));
}

static bool is_right(const struct mockgpu_bo *bo)
{
	return !pattern_differences(bo->map, bo->size, 1);
}

TEST_F(visible, every_process_follows)
{
	bo_expect_in_child(_metadata, &self->bo, hide, is_right);
}

/* Who makes room in the visible part: nobody that the CPU needs, if there is another. */
TEST_F(visible, eviction_prefers_the_rest_of_vram)
{
	struct mockgpu_bo rest = {}, two = {}, wanted = {};

	/* One that is visible by chance, since the rest was full. */
	ASSERT_EQ(0, make(self->driver.fd, VRAM - VISIBLE - 2 * MIB, 0, &rest));
	ASSERT_EQ(0, make(self->driver.fd, 4 * MIB, 0, &two));
	bo_expect_at(_metadata, &two, MOCKGPU_PLACEMENT_VRAM, 0);
	ASSERT_EQ(0, mockgpu_bo_destroy(&rest));
	ASSERT_EQ(0, make(self->driver.fd, VISIBLE, MOCKGPU_BO_CPU_ACCESS, &wanted));
	bo_expect_at(_metadata, &wanted, MOCKGPU_PLACEMENT_VRAM, 0);
	bo_expect_at(_metadata, &two, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
	EXPECT_TRUE(pattern_is_zero(wanted.map, wanted.size));
	expect_contents(_metadata, &self->bo);
	EXPECT_EQ(0, mockgpu_bo_destroy(&two));
	EXPECT_EQ(0, mockgpu_bo_destroy(&wanted));
}

/* One that the CPU needs goes to GTT, where the CPU reaches it. */
TEST_F(visible, eviction_of_one_that_the_cpu_needs)
{
	struct mockgpu_bo wanted = {};

	expect_contents(_metadata, &self->bo);
	ASSERT_EQ(0, make(self->driver.fd, VISIBLE, MOCKGPU_BO_CPU_ACCESS, &wanted));
	bo_expect_at(_metadata, &wanted, MOCKGPU_PLACEMENT_VRAM, 0);
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_GTT, 0);
	expect_contents(_metadata, &self->bo);
	EXPECT_EQ(0, mockgpu_bo_destroy(&wanted));
}

/* In mode HUGE the entry is large at once. */
TEST_F(visible, a_large_entry_comes_with_it)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 2 * MIB, .placement = MOCKGPU_PLACEMENT_VRAM,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	};
	const bool large = driver_has_large_vram(_metadata, self->driver.fd);
	struct mockgpu_entry entry;
	struct mockgpu_bo huge;
	int ret = mockgpu_bo_make(self->driver.fd, &want, &huge);
	unsigned int round;

	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, mockgpu_bo_map(&huge, NULL));
	for (round = 0; round < 2; round++) {
		bo_expect_at(_metadata, &huge, MOCKGPU_PLACEMENT_VRAM, MOCKGPU_BO_INVISIBLE);
		peek(huge.map);
		bo_expect_at(_metadata, &huge, MOCKGPU_PLACEMENT_VRAM, 0);
		EXPECT_EQ(0, mockgpu_entry_get(self->driver.fd, huge.map, &entry));
		EXPECT_EQ(large, entry.large);
		EXPECT_EQ(round + 1, bo_query(_metadata, &huge).faults);
		ASSERT_EQ(0, hide(&huge));
	}
	ASSERT_EQ(0, mockgpu_bo_pin(&huge, MOCKGPU_PIN));
	EXPECT_EQ(SIGBUS, pattern_touch(huge.map, 0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&huge));
}

/* A step of the move fails: SIGBUS, nothing is lost, and the next touch works. */
TEST_F(visible, a_move_that_fails)
{
	unsigned long nth;
	int ret;

	for (nth = 1; nth < 20; nth++) {
		ASSERT_EQ(0, hide(&self->bo));
		ASSERT_EQ(0, mockgpu_fail_set(self->driver.fd, nth));
		ret = pattern_touch(self->bo.map, 0);
		ASSERT_EQ(0, mockgpu_fail_set(self->driver.fd, 0));
		expect_contents(_metadata, &self->bo);
		if (!ret)
			break;
		EXPECT_EQ(SIGBUS, ret);
	}
	/* The fault itself, the choice of a place, and what TTM asks for. */
	EXPECT_LE(3, nth);
	EXPECT_GT(20, nth);
}

static void *touch(void *arg)
{
	struct mockgpu_bo *bo = arg;

	return (void *)(uintptr_t)peek(bo->map);
}

/*
 * The engine takes its time: the touch waits for it, and sees what was there. TTM holds the
 * reservation meanwhile, so nobody may ask where the buffer is.
 */
TEST_F(visible, the_touch_waits_for_the_engine)
{
	pthread_t thread;
	void *value;
	int hold;

	driver_move_delay(_metadata, &self->driver, 1);
	hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, hold);
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch, &self->bo));
	clock_pause(200);
	EXPECT_EQ(EBUSY, pthread_tryjoin_np(thread, &value));
	EXPECT_EQ(0, close(hold));
	ASSERT_EQ(0, pthread_join(thread, &value));
	bo_expect_at(_metadata, &self->bo, MOCKGPU_PLACEMENT_VRAM, 0);
	EXPECT_EQ(peek(self->source.map), (char)(uintptr_t)value);
	expect_contents(_metadata, &self->bo);
}

TEST_F(visible, a_touch_that_waits_can_be_killed)
{
	int hold, status = 0;
	pid_t child;

	driver_move_delay(_metadata, &self->driver, 1);
	hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, hold);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(peek(self->bo.map));
	clock_pause(200);
	ASSERT_EQ(0, waitpid(child, &status, WNOHANG));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, close(hold));
	expect_contents(_metadata, &self->bo);
}

#define TOUCHERS 4

/**
 * struct toucher - a thread that looks at all of a buffer until it is told to stop
 * @bo: the buffer
 * @stop: whether to stop
 * @rounds: out: how often it has looked
 * @wrong: out: words that were not the pattern
 */
struct toucher {
	const struct mockgpu_bo *bo;
	const bool *stop;
	size_t rounds;
	size_t wrong;
};

static void *look(void *arg)
{
	struct toucher *toucher = arg;

	while (!__atomic_load_n(toucher->stop, __ATOMIC_RELAXED)) {
		toucher->wrong += pattern_differences(toucher->bo->map, toucher->bo->size, 1);
		toucher->rounds++;
	}
	return NULL;
}

/* Sent away all the time, while threads bring it back: so many moves. */
#define MOVES 100

static void storm(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	const uint32_t moves = bo_query(_metadata, bo).moves;
	struct toucher toucher[TOUCHERS] = {};
	pthread_t thread[TOUCHERS];
	bool stop = false;
	unsigned int i;

	for (i = 0; i < TOUCHERS; i++) {
		toucher[i] = (struct toucher){ .bo = bo, .stop = &stop };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, look, &toucher[i]));
	}
	/* Only one that was brought back moves. */
	while (bo_query(_metadata, bo).moves - moves < MOVES)
		ASSERT_EQ(0, hide(bo));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < TOUCHERS; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(0, toucher[i].wrong);
		EXPECT_LT(0, toucher[i].rounds);
	}
}

TEST_F(visible, threads_that_touch_it_all_the_time)
{
	storm(_metadata, &self->bo);
	driver_move_delay(_metadata, &self->driver, 100);
	storm(_metadata, &self->bo);
}

/**
 * struct copier - a thread that has the GPU copy a buffer until it is told to stop
 * @from: the buffer
 * @to: where to
 * @stop: whether to stop
 * @ret: out: 0, or why a copy failed
 */
struct copier {
	const struct mockgpu_bo *from;
	const struct mockgpu_bo *to;
	const bool *stop;
	int ret;
};

static void *copy(void *arg)
{
	struct copier *copier = arg;

	while (!copier->ret && !__atomic_load_n(copier->stop, __ATOMIC_RELAXED))
		copier->ret = mockgpu_bo_copy(copier->to, 0, copier->from, 0, copier->to->size);
	return NULL;
}

/* A copy by the GPU pins it where it is for a moment: the touch waits for that. */
TEST_F(visible, a_touch_while_the_gpu_copies)
{
	const uint32_t moves = bo_query(_metadata, &self->bo).moves;
	bool stop = false;
	struct copier copier = { .from = &self->bo, .to = &self->source, .stop = &stop };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, copy, &copier));
	while (bo_query(_metadata, &self->bo).moves - moves < MOVES) {
		int ret = hide(&self->bo);

		ASSERT_TRUE(!ret || ret == -EBUSY);
		ASSERT_EQ(0, pattern_touch(self->bo.map, 0));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, copier.ret);
	expect_contents(_metadata, &self->bo);
}

TEST_F(load, sizes_that_make_no_sense)
{
	static const char *const parameters[] = {
		"vram_visible=1", "vram_visible=2097153", "vram_visible=69206016",
		"vram_visible=18446744073709551615", "vram_size=0 vram_visible=2097152",
		"vram_size=4194304 vram_visible=6291456",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++)
		reload_refused(_metadata, -EINVAL, parameters[i]);
}

/* By default, and by name, all of it is visible; there is nowhere to hide. */
TEST_F(load, all_of_it)
{
	static const char *const parameters[] = { "vram_visible=0", "vram_visible=67108864" };
	struct mockgpu_bo bo = {};
	uint64_t value = 0;
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		ASSERT_EQ(0, module_reload(parameters[i]));
		fd = mockgpu_open(NULL, 0);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_VISIBLE, &value));
		EXPECT_EQ(64 * MIB, value);
		ASSERT_EQ(0, make(fd, 64 * MIB, MOCKGPU_BO_CPU_ACCESS, &bo));
		bo_expect_at(_metadata, &bo, MOCKGPU_PLACEMENT_VRAM, 0);
		EXPECT_EQ(-EOPNOTSUPP, hide(&bo));
		EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
		EXPECT_EQ(0, close(fd));
	}
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	return driver_run(argc, argv);
}
