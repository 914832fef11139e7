// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory pressure while a guest has a buffer: a process takes more than it should have, the
 * kernel drops what it can, TTM swaps buffers out. And memory cgroups: whose pages are
 * those of a buffer?
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "live.h"
#include "sysfs.h"

#define MIB (1ull << 20)
#define GROUP_LIMIT (16 * MIB)
/* Half of it. */
#define HOG_HIGH "8388608"
#define ROUNDS 2

/* A memory cgroup of version 2. */
struct group {
	char root[64];
	char path[96];
	bool mounted;
};

FIXTURE(pressure) {
	struct live live;
	struct group group;
};

static int group_write(const char *folder, const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return sysfs_write(path, text);
}

static uint64_t group_read(const struct group *group, const char *file)
{
	char path[192];
	unsigned long value;

	snprintf(path, sizeof(path), "%s/%s", group->path, file);
	return sysfs_read_number(path, &value) ? 0 : value;
}

/* Where the system has the hierarchy, or a place of our own. 0 or -errno. */
static int group_find_root(struct group *group)
{
	snprintf(group->root, sizeof(group->root), "/sys/fs/cgroup");
	if (!access("/sys/fs/cgroup/cgroup.controllers", R_OK))
		return 0;
	snprintf(group->root, sizeof(group->root), "/tmp/mockgpu-cgroup-XXXXXX");
	if (!mkdtemp(group->root))
		return -errno;
	if (mount("cgroup2", group->root, "cgroup2", 0, NULL)) {
		int err = -errno;

		rmdir(group->root);
		group->root[0] = '\0';
		return err;
	}
	group->mounted = true;
	return 0;
}

/* An empty group with that limit; 0 or -errno. */
static int group_make(struct group *group, uint64_t limit)
{
	char text[32];
	int ret = group_find_root(group);

	if (ret)
		return ret;
	group_write(group->root, "cgroup.subtree_control", "+memory");
	snprintf(group->path, sizeof(group->path), "%s/mockgpu-%d", group->root, getpid());
	if (mkdir(group->path, 0755))
		return -errno;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)limit);
	return group_write(group->path, "memory.max", text);
}

static void group_end(struct group *group)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int tries;

	/* Who was in there may still be on the way out. */
	for (tries = 0; tries < 1000 && rmdir(group->path) && errno == EBUSY; tries++)
		nanosleep(&pause, NULL);
	if (group->mounted && !umount2(group->root, MNT_DETACH))
		rmdir(group->root);
}

/* In a child that is in the group. */
static pid_t group_fork(const struct group *group)
{
	pid_t child = fork();

	if (!child && group_write(group->path, "cgroup.procs", "0"))
		_exit(99);
	return child;
}

FIXTURE_SETUP(pressure)
{
	driver_setup(_metadata, &self->live.driver);
	if (group_make(&self->group, GROUP_LIMIT))
		SKIP(return, "no memory cgroups of version 2 here");
}

FIXTURE_TEARDOWN(pressure)
{
	group_end(&self->group);
	live_teardown(_metadata, &self->live);
}

/* Takes more than it should have, over and over: the kernel looks for what it can free. */
static void hog(void)
{
	const size_t size = 2 * GROUP_LIMIT;
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	/* Not longer than a test that ends early. */
	if (map == MAP_FAILED || prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(98);
	for (;;) {
		for (i = 0; i < size; i += 4096)
			map[i] = 1;
		madvise(map, size, MADV_DONTNEED);
	}
}

/* It may be slow to get there. */
static void wait_for_hog(const struct group *group)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int tries;

	for (tries = 0; tries < 1000; tries++) {
		if (group_read(group, "memory.current") >= GROUP_LIMIT / 2)
			break;
		nanosleep(&pause, NULL);
	}
}

/* All shrinkers, and one buffer that TTM chooses: there is no other than this one. */
static void press(void)
{
	char text[256];
	int fd = open("/sys/kernel/debug/ttm/tt_shrink", O_RDONLY | O_CLOEXEC);

	sysfs_write("/proc/sys/vm/drop_caches", "3");
	if (fd >= 0) {
		if (read(fd, text, sizeof(text)) < 0)
			perror("tt_shrink");
		close(fd);
	}
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

	live->vcpus = 2;
	ASSERT_EQ(0, live_make(_metadata, live, &want));
	live_vm(_metadata, live);
	/* Above "high" there is reclaim without an end; above "max" it would be killed. */
	ASSERT_EQ(0, group_write(self->group.path, "memory.high", HOG_HIGH));
	ASSERT_EQ(0, group_write(self->group.path, "memory.max", "max"));
	live_start(_metadata, live, true);
	for (round = 0; round < ROUNDS; round++) {
		child = group_fork(&self->group);
		if (!child)
			hog();
		ASSERT_LT(0, child);
		wait_for_hog(&self->group);
		press();
		live_wait(_metadata, live);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		live_wait(_metadata, live);
		EXPECT_EQ(0, live_differences(live->bo.map, live->pages, LIVE_SEED));
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_STUBBORN);
	ksft_print_msg("swapped out %u times\n", bo_query(_metadata, &live->bo).swapouts);
}

/* What a child in the group makes, and how much of it counts. */
static void make_in_group(const struct group *group, uint32_t kind, uint32_t order, int report)
{
	struct drm_mockgpu_bo_create want = {
		.size = 4 * GROUP_LIMIT, .kind = kind, .order = order,
	};
	uint64_t answer[3] = { group_read(group, "memory.current") };
	struct mockgpu_bo bo;
	int drm = mockgpu_open(NULL, 0);

	answer[1] = -mockgpu_bo_make(drm, &want, &bo);
	answer[2] = group_read(group, "memory.current");
	if (write(report, answer, sizeof(answer)) != sizeof(answer))
		_exit(97);
	_exit(0);
}

/*
 * A buffer is not charged to the cgroup of its creator, in no kernel up to 7.3: neither
 * TTM's pool nor the driver allocates with __GFP_ACCOUNT. So a limit does not hold for it,
 * and a creator is not killed.
 */
TEST_F(pressure, a_limit_of_the_creator)
{
	static const struct {
		uint32_t kind;
		uint32_t order;
	} kinds[] = { { MOCKGPU_KIND_TTM, 0 }, { MOCKGPU_KIND_NONCOMPOUND, 4 } };
	uint64_t answer[3];
	int pipe_fds[2], status;
	size_t i;

	for (i = 0; i < 2; i++) {
		pid_t child;

		ASSERT_EQ(0, pipe(pipe_fds));
		child = group_fork(&self->group);
		if (!child)
			make_in_group(&self->group, kinds[i].kind, kinds[i].order, pipe_fds[1]);
		ASSERT_LT(0, child);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(0, status);
		close(pipe_fds[1]);
		ASSERT_EQ(sizeof(answer), read(pipe_fds[0], answer, sizeof(answer)));
		close(pipe_fds[0]);
		EXPECT_EQ(0, answer[1]);
		ksft_print_msg("%s: %llu KiB before, %llu KiB with the buffer\n",
			       mockgpu_kind_name(kinds[i].kind),
			       (unsigned long long)answer[0] >> 10,
			       (unsigned long long)answer[2] >> 10);
		EXPECT_GT(GROUP_LIMIT, answer[2]);
	}
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
