// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory pressure while a guest has a buffer: a process takes more than it may, the kernel
 * drops what it can, TTM swaps buffers out. And memory cgroups: which group is charged for the
 * pages of a buffer?
 */

#include <errno.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "array.h"
#include "clock.h"
#include "live.h"
#include "sysfs.h"
#include "undo.h"

#define MIB (1ull << 20)
#define GROUP_LIMIT (16 * MIB)
#define GROUP_MAX "16777216"
/* Half of it. */
#define HOG_HIGH "8388608"
#define ROUNDS 2

/*
 * The memory cgroups of this process, version 2, in the system's hierarchy or in one of its
 * own. Changes there are undone when the process ends.
 */
static struct {
	char root[64];
	char path[96];		/* the test's group, created and removed by each test */
	bool mounted;
	bool enabled;		/* the root's children had no memory controller before */
} group;

FIXTURE(pressure) {
	struct live live;
};

static int group_write(const char *folder, const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return sysfs_write(path, text);
}

/* Read the only number in a file. Return: 0 or -errno. */
static int group_read(const char *file, uint64_t *value)
{
	char path[192];
	unsigned long number;
	int ret;

	snprintf(path, sizeof(path), "%s/%s", group.path, file);
	ret = sysfs_read_number(path, &number);
	*value = ret ? 0 : number;
	return ret;
}

/* How often the group was reclaimed from because it was above "high"; -errno. */
static long long group_reclaims(void)
{
	char path[192], line[64];
	long long count = -ENOENT;
	FILE *file;

	snprintf(path, sizeof(path), "%s/memory.events", group.path);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (count < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "high %lld", &count) != 1)
			count = -ENOENT;
	fclose(file);
	return count;
}

/* Find the system's hierarchy, or mount one of our own. Return: 0 or -errno. */
static int group_find_root(void)
{
	int err;

	snprintf(group.root, sizeof(group.root), "/sys/fs/cgroup");
	if (!access("/sys/fs/cgroup/cgroup.controllers", R_OK))
		return 0;
	snprintf(group.root, sizeof(group.root), "/tmp/mockgpu-cgroup-XXXXXX");
	if (!mkdtemp(group.root))
		return -errno;
	if (!mount("cgroup2", group.root, "cgroup2", 0, NULL)) {
		group.mounted = true;
		return 0;
	}
	err = -errno;
	rmdir(group.root);
	return err;
}

/* A process of the group may still be exiting. */
static void group_remove(void)
{
	int tries;

	for (tries = 0; tries < 1000 && rmdir(group.path) && errno == EBUSY; tries++)
		clock_pause(10);
}

static void group_put_back(const void *data)
{
	(void)data;
	group_remove();
	if (group.enabled)
		group_write(group.root, "cgroup.subtree_control", "-memory");
	if (group.mounted && !umount2(group.root, MNT_DETACH))
		rmdir(group.root);
}

/* Whether a list in a file of the root has this word. */
static bool group_root_has(const char *file, const char *controller)
{
	char path[128], list[256], *word;

	snprintf(path, sizeof(path), "%s/%s", group.root, file);
	if (sysfs_read(path, list, sizeof(list)))
		return false;
	for (word = strtok(list, " "); word; word = strtok(NULL, " "))
		if (!strcmp(word, controller))
			return true;
	return false;
}

/* What the groups of this process need. Without it the tests are skipped. */
static void group_begin(void)
{
	if (group_find_root())
		return;
	snprintf(group.path, sizeof(group.path), "%s/mockgpu-%d", group.root, getpid());
	group.enabled = !group_root_has("cgroup.subtree_control", "memory");
	if (undo_at_end(group_put_back, NULL))
		ksft_exit_fail_msg("cannot see to it that the cgroups are put back\n");
	if (group.enabled)
		group_write(group.root, "cgroup.subtree_control", "+memory");
}

/* Runs in a child that is in the group. */
static pid_t group_fork(void)
{
	pid_t child = fork();

	if (!child && group_write(group.path, "cgroup.procs", "0"))
		_exit(99);
	return child;
}

FIXTURE_SETUP(pressure)
{
	driver_setup(_metadata, &self->live.driver);
	if (!group_root_has("cgroup.subtree_control", "memory"))
		SKIP(return, "no memory cgroups of version 2 here");
	ASSERT_EQ(0, mkdir(group.path, 0755));
	ASSERT_EQ(0, group_write(group.path, "memory.max", GROUP_MAX));
}

FIXTURE_TEARDOWN(pressure)
{
	group_remove();
	live_teardown(_metadata, &self->live);
}

/* Take more than allowed, over and over: the kernel must reclaim. */
static void hog(void)
{
	const size_t size = 2 * GROUP_LIMIT;
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	/* It must not outlive a test that ends early. */
	if (map == MAP_FAILED || prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(98);
	for (;;) {
		for (i = 0; i < size; i += 4096)
			map[i] = 1;
		madvise(map, size, MADV_DONTNEED);
	}
}

/* Wait until it is there and is reclaimed from, which may take some time. */
static void wait_for_hog(struct __test_metadata *_metadata)
{
	const long long before = group_reclaims();
	uint64_t current = 0;
	int tries;

	ASSERT_LE(0, before);
	for (tries = 0; tries < 6000; tries++) {
		ASSERT_EQ(0, group_read("memory.current", &current));
		if (current >= GROUP_LIMIT / 2 && group_reclaims() > before)
			return;
		clock_pause(10);
	}
	ASSERT_TRUE(false)
		TH_LOG("%llu bytes, %lld reclaims after a minute", (unsigned long long)current,
		       group_reclaims());
}

#define TT_SHRINK "/sys/kernel/debug/ttm/tt_shrink"
#define SHRINKS 16

/*
 * All shrinkers, and one buffer that TTM chooses: this is the only one. It is swapped out
 * unless somebody has it locked at that moment.
 */
static void press(struct __test_metadata *_metadata, struct live *live)
{
	const uint32_t before = bo_query(_metadata, &live->bo).swapouts;
	char text[64];
	int tries;

	ASSERT_EQ(0, sysfs_write("/proc/sys/vm/drop_caches", "3"));
	for (tries = 0; tries < SHRINKS; tries++) {
		/* The read triggers it. */
		ASSERT_EQ(0, sysfs_read(TT_SHRINK, text, sizeof(text)));
		if (bo_query(_metadata, &live->bo).swapouts > before)
			return;
	}
	ASSERT_TRUE(false)
		TH_LOG("TTM did not swap the buffer out, its shrinker says %s", text);
}

TEST_F(pressure, while_vcpus_run)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 128 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 2,
	};
	struct live *live = &self->live;
	unsigned int round;
	int status;
	pid_t child;

	if (access(TT_SHRINK, R_OK))
		SKIP(return, "no " TT_SHRINK ": mount debugfs");
	live->vcpus = 2;
	ASSERT_EQ(0, live_make(_metadata, live, &want));
	live_vm(_metadata, live);
	/* Above "high" there is endless reclaim; above "max" it would be killed. */
	ASSERT_EQ(0, group_write(group.path, "memory.high", HOG_HIGH));
	ASSERT_EQ(0, group_write(group.path, "memory.max", "max"));
	live_start(_metadata, live, true);
	for (round = 0; round < ROUNDS; round++) {
		child = group_fork();
		if (!child)
			hog();
		ASSERT_LT(0, child);
		wait_for_hog(_metadata);
		press(_metadata, live);
		live_wait(_metadata, live);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		live_wait(_metadata, live);
		EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	EXPECT_LE(ROUNDS, bo_query(_metadata, &live->bo).swapouts);
}

/* What the group is charged for, in a child: before, with a buffer, with memory as well. */
struct charge {
	int error;
	uint64_t before;
	uint64_t with_buffer;
	uint64_t with_memory;
};

/* What counts as a process's memory and is charged as such. */
#define PLAIN_MEMORY (4 * MIB)

static int charge_measure(struct charge *charge, const struct drm_mockgpu_bo_create *want)
{
	static char memory[PLAIN_MEMORY];
	struct mockgpu_bo bo;
	int ret, drm = mockgpu_open(NULL, 0);
	size_t i;

	if (drm < 0)
		return drm;
	ret = group_read("memory.current", &charge->before);
	if (!ret)
		ret = vm_buffer_make(drm, want, &bo);
	if (!ret)
		ret = group_read("memory.current", &charge->with_buffer);
	for (i = 0; i < sizeof(memory); i += 4096)
		poke(memory + i, 1);
	return ret ? ret : group_read("memory.current", &charge->with_memory);
}

static struct charge charge_of(struct __test_metadata *_metadata,
			       const struct drm_mockgpu_bo_create *want)
{
	struct charge charge = {};
	int pipe_fds[2], status = -1;
	pid_t child;

	ASSERT_EQ(0, pipe(pipe_fds));
	child = group_fork();
	if (!child) {
		charge.error = charge_measure(&charge, want);
		_exit(write(pipe_fds[1], &charge, sizeof(charge)) != sizeof(charge));
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	close(pipe_fds[1]);
	ASSERT_EQ(sizeof(charge), read(pipe_fds[0], &charge, sizeof(charge)));
	close(pipe_fds[0]);
	return charge;
}

/*
 * A buffer is not charged to its creator's cgroup, in no kernel up to 7.3: neither TTM's pool
 * nor the driver allocates with __GFP_ACCOUNT. So a limit does not apply to it, and its creator
 * is not killed.
 */
TEST_F(pressure, a_limit_of_the_creator)
{
	const struct drm_mockgpu_bo_create wants[] = {
		{ .size = 4 * GROUP_LIMIT, .kind = MOCKGPU_KIND_TTM },
		{ .size = 4 * GROUP_LIMIT, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wants); i++) {
		struct charge charge = charge_of(_metadata, &wants[i]);

		EXPECT_EQ(0, charge.error);
		ksft_print_msg("%s: KiB before %llu, with the buffer %llu, with memory %llu\n",
			       mockgpu_kind_name(wants[i].kind),
			       (unsigned long long)charge.before >> 10,
			       (unsigned long long)charge.with_buffer >> 10,
			       (unsigned long long)charge.with_memory >> 10);
		EXPECT_GT(GROUP_LIMIT, charge.with_buffer);
		/* The memory for the numbers does count. */
		EXPECT_LE(charge.with_buffer + PLAIN_MEMORY / 2, charge.with_memory);
	}
}

int main(int argc, char **argv)
{
	group_begin();
	return live_run(argc, argv);
}
