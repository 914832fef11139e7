// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the module, with somebody at the door: each step is made to fail, which leaves
 * nothing behind and nobody with a file of a module that is gone; and a device that is
 * unplugged at its first moment goes as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "arch.h"
#include "array.h"
#include "debugfs.h"
#include "kmsg.h"
#include "mockgpu.h"
#include "reload.h"

/* More than loading has. */
#define STEPS_MAX 500

/* Nodes that a DRM device may get: as many as the lab's kernels have devices, and more. */
#define NODES 8

/**
 * struct door - a thread that tries files until it gets one or is told to stop
 * @thread: the thread
 * @path: what it tries
 * @count: of these
 * @flags: for open()
 * @stop: set to end it
 * @fd: what it got, or -1
 * @written: what write() of a byte there gave at once, if it is for writing only
 */
struct door {
	pthread_t thread;
	char path[2 * NODES + 1][64];
	unsigned int count;
	int flags;
	int stop;
	int fd;
	ssize_t written;
};

static void *try_files(void *arg)
{
	struct door *door = arg;
	unsigned int i;

	while (door->fd < 0 && !__atomic_load_n(&door->stop, __ATOMIC_RELAXED))
		for (i = 0; i < door->count && door->fd < 0; i++)
			door->fd = open(door->path[i], door->flags | O_CLOEXEC);
	if (door->fd >= 0 && door->flags == O_WRONLY)
		door->written = write(door->fd, "1", 1);
	return NULL;
}

/* What is there already is not the driver's. */
static void door_add(struct door *door, const char *path)
{
	if (access(path, F_OK))
		strcpy(door->path[door->count++], path);
}

static void door_start(struct __test_metadata *_metadata, struct door *door)
{
	door->fd = -1;
	door->stop = 0;
	ASSERT_LT(0, door->count);
	ASSERT_EQ(0, pthread_create(&door->thread, NULL, try_files, door));
}

static void door_stop(struct __test_metadata *_metadata, struct door *door)
{
	__atomic_store_n(&door->stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(door->thread, NULL));
}

FIXTURE(load) {
	struct door door;
	int kmsg;
};

FIXTURE_SETUP(load)
{
	self->door = (struct door) { .flags = O_RDWR };
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
	ASSERT_EQ(0, module_is_loaded() ? module_unload() : 0);
}

FIXTURE_TEARDOWN(load)
{
	char first[256];

	EXPECT_EQ(0, module_unload_wait());
	EXPECT_EQ(0, kmsg_complaints(self->kmsg, first, sizeof(first)))
		TH_LOG("the kernel log says: %s", first);
	EXPECT_EQ(0, close(self->kmsg));
}

static void add_nodes(struct door *door)
{
	char path[64];
	int i;

	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", 128 + i);
		door_add(door, path);
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		door_add(door, path);
	}
	door_add(door, MOCKGPU_NODE);
}

/* Return: what module_load() gave; when it failed nobody has got in. */
static int load(struct __test_metadata *_metadata, struct door *door, const char *parameters)
{
	int ret;

	door_start(_metadata, door);
	ret = module_load(parameters);
	door_stop(_metadata, door);
	if (ret) {
		EXPECT_EQ(-1, door->fd)
			TH_LOG("%s: somebody has a file of a module that is gone", parameters);
	}
	if (door->fd >= 0)
		EXPECT_EQ(0, close(door->fd));
	return ret;
}

/* Loaded, but what failed is left out: the second of the devices or the plain node. */
static void expect_left_out(struct __test_metadata *_metadata, const char *point,
			    unsigned int devices)
{
	int peer = mockgpu_open_peer();

	if (!strcmp(point, "node")) {
		EXPECT_EQ(devices == 2, peer >= 0);
		EXPECT_EQ(-1, access(MOCKGPU_NODE, F_OK));
	} else {
		EXPECT_STREQ("register", point);
		EXPECT_EQ(-ENODEV, peer);
		EXPECT_EQ(0, access(MOCKGPU_NODE, F_OK));
	}
	if (peer >= 0)
		EXPECT_EQ(0, close(peer));
}

/* Return: whether a step of this loading was to fail. */
static bool loading_was_to_fail(struct __test_metadata *_metadata, unsigned int devices)
{
	int fd = mockgpu_open(NULL, 0);
	unsigned long left = 0;
	char point[32] = "";

	EXPECT_LE(0, fd);
	EXPECT_EQ(0, mockgpu_fail_get(fd, &left, point, sizeof(point)));
	EXPECT_EQ(0, close(fd));
	if (left)
		return false;
	expect_left_out(_metadata, point, devices);
	EXPECT_EQ(0, module_unload());
	return true;
}

static void *open_node(void *arg)
{
	int *fd = arg;

	*fd = open(MOCKGPU_NODE, O_RDWR | O_CLOEXEC);
	return NULL;
}

/* One step is left, and an opening of the plain node is one, but not by another thread. */
static void expect_only_the_loader_counts(struct __test_metadata *_metadata)
{
	pthread_t other;
	int fd = -1;

	ASSERT_EQ(0, pthread_create(&other, NULL, open_node, &fd));
	ASSERT_EQ(0, pthread_join(other, NULL));
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, close(fd));
	open_node(&fd);
	EXPECT_EQ(-1, fd);
	EXPECT_EQ(ENOMEM, errno);
}

/* Nothing is left, and nobody has got in: see load(). */
TEST_F(load, each_step_fails)
{
	const unsigned int devices = test_is_long() ? 2 : 1;
	char parameters[64], first[256];
	unsigned int nth, without = 0;
	int ret;

	add_nodes(&self->door);
	for (nth = 1; nth < STEPS_MAX; nth++) {
		snprintf(parameters, sizeof(parameters),
			 "devices=%u vram_size=4194304 fail_load=%u", devices, nth);
		ret = load(_metadata, &self->door, parameters);
		if (!ret && !loading_was_to_fail(_metadata, devices))
			break;
		without += !ret;
		EXPECT_TRUE(!ret || ret == -ENOMEM);
		EXPECT_FALSE(module_is_loaded());
		EXPECT_EQ(-1, access(MOCKGPU_NODE, F_OK));
		EXPECT_EQ(-1, access("/sys/devices/faux/mockgpu", F_OK));
		EXPECT_EQ(-1, access("/sys/devices/platform/mockgpu", F_OK));
		EXPECT_EQ(0, kmsg_complaints(self->kmsg, first, sizeof(first)))
			TH_LOG("step %u: %s", nth, first);
	}
	ASSERT_EQ(0, ret);
	expect_only_the_loader_counts(_metadata);
	/* The plain node and the second device are left out. */
	EXPECT_EQ(devices, without);
	/*
	 * Of each device: parent, device, TTM, GTT, VRAM, registration; and one plain
	 * node. VRAM's memory type is set on x86 only.
	 */
	EXPECT_LE(devices * (13 + ARCH_KEEPS_TYPES) + 1, nth - 1);
}

TEST_F(load, nobody_gets_in_where_a_parameter_is_bad)
{
	static const char * const bad[] = {
		"node_size=1", "node_size=0", "node_order=11", "devices=3", "devices=0",
		"vram_size=1", "devices=2 vram_size=2097153", "devices=2 node_size=4095",
	};
	size_t i;

	add_nodes(&self->door);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, load(_metadata, &self->door, bad[i]))
			TH_LOG("%s", bad[i]);
		EXPECT_FALSE(module_is_loaded());
	}
}

TEST_F(load, a_device_may_be_unplugged_at_once)
{
	char path[64];
	unsigned int round;
	int i;

	self->door.flags = O_WRONLY;
	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%d/unplug", 128 + i);
		door_add(&self->door, path);
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%d/unplug", i);
		door_add(&self->door, path);
	}
	for (round = 0; round < 5; round++) {
		door_start(_metadata, &self->door);
		ASSERT_EQ(0, module_load("vram_size=0"));
		/* It goes on until it has the file, which comes with the device. */
		ASSERT_EQ(0, pthread_join(self->door.thread, NULL));
		EXPECT_EQ(1, self->door.written);
		EXPECT_EQ(0, close(self->door.fd));
		EXPECT_EQ(-1, access(MOCKGPU_NODE, F_OK));
		EXPECT_GT(0, mockgpu_open(NULL, 0));
		ASSERT_EQ(0, module_unload());
	}
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load\n");
	return test_harness_run(argc, argv);
}
