// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load the module while somebody tries to open its nodes. Each step of loading is made to
 * fail, which must leave nothing behind and nobody with a file of a module that is gone.
 * And a device that is unplugged at its first moment must go as a whole.
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
#include "quiet.h"
#include "reload.h"

/* More steps than loading has. */
#define STEPS_MAX 500

/* Nodes a DRM device may get: as many as the lab's kernels have devices, and more. */
#define NODES 8

/**
 * struct opener - a thread that tries to open files until it gets one or is told to stop
 * @thread: the thread
 * @path: the files it tries
 * @count: how many
 * @flags: for open()
 * @stop: set to end it
 * @fd: what it got, or -1
 * @written: return value of writing a byte to it, if it is write-only
 */
struct opener {
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
	struct opener *opener = arg;
	unsigned int i;

	while (opener->fd < 0 && !__atomic_load_n(&opener->stop, __ATOMIC_RELAXED))
		for (i = 0; i < opener->count && opener->fd < 0; i++)
			opener->fd = open(opener->path[i], opener->flags | O_CLOEXEC);
	if (opener->fd >= 0 && opener->flags == O_WRONLY)
		opener->written = write(opener->fd, "1", 1);
	return NULL;
}

/* A file that already exists does not belong to the driver. */
static void opener_add(struct opener *opener, const char *path)
{
	if (access(path, F_OK))
		strcpy(opener->path[opener->count++], path);
}

static void opener_start(struct __test_metadata *_metadata, struct opener *opener)
{
	opener->fd = -1;
	opener->stop = 0;
	ASSERT_LT(0, opener->count);
	ASSERT_EQ(0, pthread_create(&opener->thread, NULL, try_files, opener));
}

static void opener_stop(struct __test_metadata *_metadata, struct opener *opener)
{
	__atomic_store_n(&opener->stop, 1, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(opener->thread, NULL));
}

FIXTURE(load) {
	struct opener opener;
	int kmsg;
};

FIXTURE_SETUP(load)
{
	self->opener = (struct opener) { .flags = O_RDWR };
	self->kmsg = quiet_begin(_metadata);
	ASSERT_EQ(0, module_is_loaded() ? module_unload() : 0);
}

FIXTURE_TEARDOWN(load)
{
	EXPECT_EQ(0, module_unload_wait());
	quiet_end(_metadata, self->kmsg);
}

static void add_nodes(struct opener *opener)
{
	char path[64];
	int i;

	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/dev/dri/renderD%d", 128 + i);
		opener_add(opener, path);
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		opener_add(opener, path);
	}
	opener_add(opener, MOCKGPU_NODE);
}

/* Return: as module_load(); after a failure nobody may have a file. */
static int load(struct __test_metadata *_metadata, struct opener *opener, const char *parameters)
{
	int ret;

	opener_start(_metadata, opener);
	ret = module_load(parameters);
	opener_stop(_metadata, opener);
	if (ret) {
		EXPECT_EQ(-1, opener->fd)
			TH_LOG("%s: somebody has a file of a module that is gone", parameters);
	}
	if (opener->fd >= 0)
		EXPECT_EQ(0, close(opener->fd));
	return ret;
}

/* Loaded, but without what failed: the second device or the plain node. */
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

/* Return: whether a step of this load was still to fail. */
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

/* One step is left. Opening the plain node counts as one, but not from another thread. */
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

/* Nothing is left behind, and nobody has a file: see load(). */
TEST_F(load, each_step_fails)
{
	const unsigned int devices = test_is_long() ? 2 : 1;
	/* It has a step more. */
	const char *manager = test_is_long() ? "buddy" : "range";
	char parameters[96], first[256];
	unsigned int nth, without = 0;
	int ret;

	add_nodes(&self->opener);
	for (nth = 1; nth < STEPS_MAX; nth++) {
		snprintf(parameters, sizeof(parameters),
			 "devices=%u vram_size=4194304 vram_manager=%s fail_load=%u",
			 devices, manager, nth);
		ret = load(_metadata, &self->opener, parameters);
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
	/* The module loads without the plain node or without the second device. */
	EXPECT_EQ(devices, without);
	/*
	 * For each device: parent, device, TTM, GTT, VRAM, registration; and one plain node.
	 * VRAM's memory type is only set on x86.
	 */
	EXPECT_LE(devices * (13 + ARCH_KEEPS_TYPES) + 1, nth - 1);
}

TEST_F(load, nobody_gets_in_where_a_parameter_is_bad)
{
	static const char * const bad[] = {
		"node_size=1", "node_size=0", "node_order=11", "devices=3", "devices=0",
		"shrinker=x", "dma_pool=2",
		"vram_size=1", "devices=2 vram_size=2097153", "devices=2 node_size=4095",
		"vram_manager=none", "vram_block=4096", "vram_manager=range vram_block=4096",
		"vram_manager=buddy vram_block=6144", "vram_manager=buddy vram_block=2048",
		"devices=2 vram_manager=buddy vram_block=4194304",
		"bar_pages=generic", "bar_pages=fsdax", "memory_failure=Y",
	};
	size_t i;

	add_nodes(&self->opener);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, load(_metadata, &self->opener, bad[i]))
			TH_LOG("%s", bad[i]);
		EXPECT_FALSE(module_is_loaded());
	}
}

TEST_F(load, a_device_may_be_unplugged_at_once)
{
	char path[64];
	unsigned int round;
	int i;

	self->opener.flags = O_WRONLY;
	for (i = 0; i < NODES; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%d/unplug", 128 + i);
		opener_add(&self->opener, path);
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%d/unplug", i);
		opener_add(&self->opener, path);
	}
	for (round = 0; round < 5; round++) {
		opener_start(_metadata, &self->opener);
		ASSERT_EQ(0, module_load("vram_size=0"));
		/* The thread tries until it has the file, which appears with the device. */
		ASSERT_EQ(0, pthread_join(self->opener.thread, NULL));
		EXPECT_EQ(1, self->opener.written);
		EXPECT_EQ(0, close(self->opener.fd));
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
