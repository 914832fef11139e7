// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in the dmem cgroup controller (6.14, CONFIG_CGROUP_DMEM): who is charged, what a group at
 * its limit gets, and a guest whose VRAM goes because its group's limit is lowered.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "live.h"
#include "sysfs.h"
#include "undo.h"

#define MIB (1ul << 20)
#define BUFFER (2 * MIB)
#define LIMIT (4 * MIB)

static struct {
	char root[64];
	char path[96];
	bool mounted;
} group;

static int group_write(const char *folder, const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return sysfs_write(path, text);
}

/* The number in a line "drm/DEVICE/vram NUMBER" of a file of the group, for the first device. */
static unsigned long long group_read(struct __test_metadata *_metadata, const char *file)
{
	unsigned long long value = ~0ull;
	char path[192], line[256];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", group.path, file);
	stream = fopen(path, "re");
	ASSERT_NE(NULL, stream);
	while (fgets(line, sizeof(line), stream))
		if (sscanf(line, "drm/mockgpu/vram %llu", &value) == 1)
			break;
	fclose(stream);
	return value;
}

static int group_limit(unsigned long bytes)
{
	char text[64];

	snprintf(text, sizeof(text), "drm/mockgpu/vram %lu", bytes);
	return group_write(group.path, "dmem.max", text);
}

static void group_put_back(const void *data)
{
	(void)data;
	rmdir(group.path);
	if (group.mounted && !umount2(group.root, MNT_DETACH))
		rmdir(group.root);
}

/* Return: NULL, or why there is no such group. */
static const char *group_begin(void)
{
	char list[256];

	snprintf(group.root, sizeof(group.root), "/sys/fs/cgroup");
	if (access("/sys/fs/cgroup/cgroup.controllers", R_OK)) {
		snprintf(group.root, sizeof(group.root), "/tmp/mockgpu-dmem-XXXXXX");
		if (!mkdtemp(group.root) || mount("cgroup2", group.root, "cgroup2", 0, NULL))
			return "no cgroups of version 2 can be mounted";
		group.mounted = true;
	}
	snprintf(group.path, sizeof(group.path), "%s/cgroup.controllers", group.root);
	if (sysfs_read(group.path, list, sizeof(list)) < 0 || !strstr(list, "dmem"))
		return "this kernel has no CONFIG_CGROUP_DMEM";
	snprintf(group.path, sizeof(group.path), "%s/mockgpu-%d", group.root, getpid());
	if (undo_at_end(group_put_back, NULL) ||
	    group_write(group.root, "cgroup.subtree_control", "+dmem") ||
	    mkdir(group.path, 0755))
		return "no such cgroup can be made";
	return NULL;
}

FIXTURE(dmem) {
	struct driver driver;
	struct mockgpu_bo outside;
	struct mockgpu_bo bo[3];
};

static int make(int fd, unsigned long size, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = size, .placement = MOCKGPU_PLACEMENT_VRAM, .kind = MOCKGPU_KIND_SPLIT,
	};

	return vm_buffer_make(fd, &want, bo);
}

FIXTURE_SETUP(dmem)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, make(self->driver.fd, BUFFER, &self->outside));
	ASSERT_EQ(0, group_limit(LIMIT));
	ASSERT_EQ(0, group_write(group.path, "cgroup.procs", "0"));
}

FIXTURE_TEARDOWN(dmem)
{
	size_t i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo[i]));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->outside));
	EXPECT_EQ(0, group_read(_metadata, "dmem.current"));
	EXPECT_EQ(0, group_write(group.root, "cgroup.procs", "0"));
	driver_teardown(_metadata, &self->driver);
}

static void expect_in(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
		      uint32_t placement)
{
	EXPECT_EQ(placement, bo_query(_metadata, bo).placement);
}

/* Its own buffers go to GTT, nobody else's. */
TEST_F(dmem, a_group_at_its_limit_evicts_itself)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, make(self->driver.fd, BUFFER, &self->bo[i]));
		EXPECT_EQ((i + 1) * BUFFER, group_read(_metadata, "dmem.current"));
	}
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo[0], NULL));
	guest_fill(self->bo[0].map, BUFFER / GUEST_PAGE_SIZE, 1);
	ASSERT_EQ(0, make(self->driver.fd, BUFFER, &self->bo[2]));
	EXPECT_EQ(LIMIT, group_read(_metadata, "dmem.current"));
	expect_in(_metadata, &self->bo[0], MOCKGPU_PLACEMENT_GTT);
	expect_in(_metadata, &self->bo[1], MOCKGPU_PLACEMENT_VRAM);
	expect_in(_metadata, &self->bo[2], MOCKGPU_PLACEMENT_VRAM);
	expect_in(_metadata, &self->outside, MOCKGPU_PLACEMENT_VRAM);
	EXPECT_EQ(0, guest_differences(self->bo[0].map, BUFFER / GUEST_PAGE_SIZE, 1));
}

TEST_F(dmem, what_is_larger_than_the_limit)
{
	const struct drm_mockgpu_bo_create in_gtt = {
		.size = LIMIT + BUFFER, .kind = MOCKGPU_KIND_SPLIT,
	};
	struct mockgpu_bo large;

	EXPECT_EQ(-ENOMEM, make(self->driver.fd, LIMIT + BUFFER, &large));
	EXPECT_EQ(0, group_read(_metadata, "dmem.current"));
	/* In GTT it may be, but from there it cannot move. */
	ASSERT_EQ(0, vm_buffer_make(self->driver.fd, &in_gtt, &self->bo[0]));
	EXPECT_EQ(-ENOMEM, mockgpu_bo_move(&self->bo[0], MOCKGPU_PLACEMENT_VRAM, 0));
	expect_in(_metadata, &self->bo[0], MOCKGPU_PLACEMENT_GTT);
}

TEST_F(dmem, pinned_buffers_fill_it)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, make(self->driver.fd, BUFFER, &self->bo[i]));
		ASSERT_EQ(0, mockgpu_bo_pin(&self->bo[i], MOCKGPU_PIN));
	}
	EXPECT_EQ(-ENOMEM, make(self->driver.fd, BUFFER, &self->bo[2]));
	/* Who moves it is charged, not who made it: then that has no room either. */
	ASSERT_EQ(0, mockgpu_bo_move(&self->outside, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(-ENOMEM, mockgpu_bo_move(&self->outside, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, mockgpu_bo_pin(&self->bo[0], MOCKGPU_UNPIN));
	ASSERT_EQ(0, mockgpu_bo_move(&self->outside, MOCKGPU_PLACEMENT_VRAM, 0));
	expect_in(_metadata, &self->bo[0], MOCKGPU_PLACEMENT_GTT);
}

FIXTURE(guest) {
	struct live live;
};

FIXTURE_SETUP(guest)
{
	const struct drm_mockgpu_bo_create want = {
		.size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
		.placement = MOCKGPU_PLACEMENT_VRAM,
	};

	ASSERT_EQ(0, group_limit(LIMIT));
	ASSERT_EQ(0, group_write(group.path, "cgroup.procs", "0"));
	live_setup_mapped(_metadata, &self->live, &want, 2);
}

FIXTURE_TEARDOWN(guest)
{
	live_teardown(_metadata, &self->live);
	EXPECT_EQ(0, group_write(group.root, "cgroup.procs", "0"));
	EXPECT_EQ(0, group_read(_metadata, "dmem.current"));
}

/* Since 7.3 at once, before when somebody wants VRAM. */
TEST_F(guest, the_limit_is_lowered_under_a_guest)
{
	struct live *live = &self->live;
	unsigned int round, evicted = 0;

	live_start(_metadata, live, true);
	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, group_limit(MIB));
		live_wait(_metadata, live);
		EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
		evicted += bo_query(_metadata, &live->bo).placement == MOCKGPU_PLACEMENT_GTT;
		ASSERT_EQ(0, group_limit(LIMIT));
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	ksft_print_msg("%u of %u times it was evicted at once\n", evicted, round);
	EXPECT_TRUE(!evicted || evicted == round);
}

/* Another buffer of the group takes its place. */
TEST_F(guest, another_buffer_takes_its_place)
{
	struct live *live = &self->live;
	struct mockgpu_bo other;
	unsigned int round;

	live_start(_metadata, live, true);
	for (round = 0; round < 4; round++) {
		ASSERT_EQ(0, make(live->driver.fd, LIMIT, &other));
		EXPECT_EQ(MOCKGPU_PLACEMENT_GTT, bo_query(_metadata, &live->bo).placement);
		live_wait(_metadata, live);
		ASSERT_EQ(0, mockgpu_bo_destroy(&other));
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_VRAM, 0));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

int main(int argc, char **argv)
{
	const char *why = group_begin();

	if (why)
		ksft_exit_skip("%s\n", why);
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
