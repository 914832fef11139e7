// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device is unplugged while everything is in use. What was open stays open and returns
 * errors, memory that others hold stays theirs, and once all is closed the module can be
 * unloaded. Each test loads the module anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <linux/dma-buf.h>
#include <xf86drm.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "driver.h"
#include "exporter.h"
#include "pattern.h"
#include "quiet.h"
#include "reload.h"
#include "sync.h"
#include "verdict.h"

#define PAGES 16

/* @objects: TTM buffer objects of the whole machine, before the test */
FIXTURE(unplug) {
	int kmsg;
	int fd;
	int peer;
	size_t page;
	struct mockgpu_bo bo;
	int dmabuf;
	int objects;
};

FIXTURE_SETUP(unplug)
{
	if (mockgpu_ttm_objects() < 0)
		SKIP(return, "TTM's debugfs cannot be read: mount debugfs, run as root");
	ASSERT_EQ(0, module_reload("devices=2"));
	self->page = getpagesize();
	self->objects = mockgpu_ttm_objects();
	ASSERT_LE(0, self->objects);
	self->kmsg = quiet_begin(_metadata);
	self->fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->fd);
	self->peer = mockgpu_open_peer();
	ASSERT_LE(0, self->peer);
	ASSERT_EQ(0, mockgpu_bo_create(self->fd, MOCKGPU_KIND_NONCOMPOUND, 3, 0,
				       PAGES * self->page, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	self->dmabuf = mockgpu_bo_export(&self->bo);
	ASSERT_LE(0, self->dmabuf);
}

static void expect_nothing_left(struct __test_metadata *_metadata, int objects)
{
	unsigned int tries;

	for (tries = 0; tries < 100 && mockgpu_ttm_objects() > objects; tries++)
		clock_pause(10);
	EXPECT_EQ(objects, mockgpu_ttm_objects());
}

/* The end of each test: nothing is in use any more, so the module can be unloaded. */
FIXTURE_TEARDOWN(unplug)
{
	/* The handle goes with its file: on an unplugged device it cannot be closed. */
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	EXPECT_EQ(0, close(self->dmabuf));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->peer));
	expect_nothing_left(_metadata, self->objects);
	EXPECT_EQ(0, module_unload_wait());
	quiet_end(_metadata, self->kmsg);
}

TEST_F(unplug, every_mapping_is_gone)
{
	int node = open(MOCKGPU_NODE, O_RDWR), mem = open("/proc/self/mem", O_RDWR);
	void *maps[3] = { self->bo.map };
	unsigned int i, page;
	char byte;

	ASSERT_LE(0, node);
	ASSERT_LE(0, mem);
	maps[1] = mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, maps[1]);
	maps[2] = mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	ASSERT_NE(MAP_FAILED, maps[2]);
	for (i = 0; i < ARRAY_SIZE(maps); i++)
		pattern_fill(maps[i], self->bo.size, i);
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		for (page = 0; page < PAGES; page++) {
			char *at = (char *)maps[i] + page * self->page;

			EXPECT_EQ(SIGBUS, pattern_touch(at, 0))
				TH_LOG("mapping %u, page %u", i, page);
			EXPECT_EQ(SIGBUS, pattern_touch(at, 1));
			/* Nor for a debugger. */
			EXPECT_EQ(-1, pread(mem, &byte, 1, (uintptr_t)at));
			EXPECT_EQ(-1, pwrite(mem, &byte, 1, (uintptr_t)at));
		}
	}
	EXPECT_EQ(0, munmap(maps[1], self->bo.size));
	EXPECT_EQ(0, munmap(maps[2], self->bo.size));
	EXPECT_EQ(0, close(mem));
	EXPECT_EQ(0, close(node));
}

/*
 * As amdgpu and xe (ttm_bo_vm_dummy_page()): no SIGBUS, but one page of zeros for all of a
 * mapping, without the contents of any buffer, and another for every mapping.
 */
TEST_F(unplug, a_dummy_page_in_its_place)
{
	volatile uint64_t *map = self->bo.map, *other;
	const size_t step = self->page / sizeof(*map);
	size_t i;

	other = mmap(NULL, self->bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, other);
	ASSERT_EQ(0, mockgpu_unplug_dummy_set(true));
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_TRUE(pattern_is_zero(self->bo.map, self->bo.size));
	map[3 * step + 5] = 42;
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(42, map[i * step + 5]);
	EXPECT_TRUE(pattern_is_zero((void *)other, self->bo.size));
	EXPECT_EQ(0, munmap((void *)other, self->bo.size));
	EXPECT_EQ(0, mockgpu_unplug_dummy_set(false));
}

#define CHILDREN 200

/* What a child that touches the mapping finds there: a page frame number, or 0. */
static uint64_t child_finds(struct __test_metadata *_metadata, int peer, const void *map)
{
	struct mockgpu_entry entry = {};
	int fds[2], status = -1;
	uint64_t pfn = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(fds));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (peek(map) || mockgpu_entry_get(peer, map, &entry))
			_exit(1);
		_exit(write(fds[1], &entry.pfn, sizeof(entry.pfn)) != sizeof(entry.pfn));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(sizeof(pfn), read(fds[0], &pfn, sizeof(pfn)));
	EXPECT_EQ(0, close(fds[0]) | close(fds[1]));
	return pfn;
}

/*
 * TTM keeps the page until the device is released, not until the mapping is gone. A process that
 * has not touched its mapping can have children that do, one after the other. Pages that were
 * freed with them would be handed out again.
 */
TEST_F(unplug, dummy_pages_of_the_dead_stay)
{
	uint64_t pfn[CHILDREN];
	size_t i, j, again = 0;

	ASSERT_EQ(0, mockgpu_unplug_dummy_set(true));
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	for (i = 0; i < CHILDREN; i++) {
		pfn[i] = child_finds(_metadata, self->peer, self->bo.map);
		for (j = 0; j < i && pfn[j] != pfn[i]; j++)
			;
		again += j < i;
	}
	EXPECT_EQ(0, mockgpu_unplug_dummy_set(false));
	ksft_print_msg("%zu of %u processes found a page of one before\n", again, CHILDREN);
	if (!again)
		verdict_known(_metadata, "known: the pages of %u processes stay (dummy-page.md)",
			      CHILDREN);
}

TEST_F(unplug, every_call_says_there_is_no_device)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
	struct drm_mockgpu_bo_query query;
	struct drm_mockgpu_page pages[1];
	int node = open(MOCKGPU_NODE, O_RDWR);
	struct mockgpu_bo bo;
	uint64_t offset;
	uint32_t handle;

	ASSERT_LE(0, node);
	ASSERT_EQ(0, mockgpu_bo_offset(&self->bo, &offset));
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_EQ(-ENODEV, mockgpu_bo_create(self->fd, MOCKGPU_KIND_TTM, 0, 0, self->page, &bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_query(&self->bo, &query));
	EXPECT_EQ(-ENODEV, mockgpu_bo_pages(&self->bo, 0, 1, pages));
	EXPECT_EQ(-ENODEV, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_offset(&self->bo, &offset));
	EXPECT_EQ(-ENODEV, mockgpu_bo_export(&self->bo));
	EXPECT_EQ(-1, drmPrimeFDToHandle(self->fd, self->dmabuf, &handle));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, offset));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->dmabuf, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, node, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, ioctl(self->dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(self->bo.size, lseek(self->dmabuf, 0, SEEK_END));
	EXPECT_EQ(0, close(node));
	EXPECT_EQ(-1, drmCloseBufferHandle(self->fd, self->bo.handle));
	EXPECT_EQ(ENODEV, errno);
}

/* Work that the engine has not done: its fence says so, and nobody waits for ever. */
TEST_F(unplug, pending_work_ends_with_an_error)
{
	struct drm_mockgpu_sync sync = {};
	int hold = mockgpu_hold(self->fd);
	struct pollfd end = { .events = POLLIN };

	ASSERT_LE(0, hold);
	ASSERT_EQ(0, drmSyncobjCreate(self->fd, 0, &sync.handle));
	ASSERT_EQ(0, mockgpu_bo_fill(&self->bo, 0xa5, &sync));
	ASSERT_EQ(0, drmSyncobjExportSyncFile(self->fd, sync.handle, &end.fd));
	EXPECT_EQ(0, sync_file_status(end.fd));
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_EQ(1, poll(&end, 1, 30000));
	EXPECT_EQ(-ENODEV, sync_file_status(end.fd));
	EXPECT_EQ(0, close(end.fd));
	EXPECT_EQ(0, close(hold));
}

TEST_F(unplug, its_nodes_are_gone)
{
	char why[256];
	int other;

	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_EQ(-1, open(MOCKGPU_NODE, O_RDWR));
	EXPECT_EQ(ENOENT, errno);
	/* The second device is left. */
	other = mockgpu_open(why, sizeof(why));
	EXPECT_LE(0, other);
	EXPECT_EQ(-ENODEV, mockgpu_open_peer());
	EXPECT_EQ(-ENOENT, mockgpu_debugfs_open(self->fd, "buffers", O_RDONLY));
	EXPECT_EQ(0, close(other));
}

TEST_F(unplug, it_can_be_done_again)
{
	int first = mockgpu_debugfs_open(self->fd, "unplug", O_WRONLY);
	int second = mockgpu_debugfs_open(self->fd, "unplug", O_WRONLY);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	EXPECT_EQ(1, write(first, "1", 1));
	EXPECT_EQ(1, write(second, "1", 1));
	EXPECT_EQ(1, write(first, "1", 1));
	EXPECT_EQ(0, close(first));
	EXPECT_EQ(0, close(second));
}

static void make_own(struct __test_metadata *_metadata, int fd, size_t size, struct mockgpu_bo *own)
{
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, size, own));
	ASSERT_EQ(0, mockgpu_bo_map(own, NULL));
}

/* Whether or not it has used the buffer before, which maps it for the device. */
static void expect_peer_to_lose_it(struct __test_metadata *_metadata, int fd, int peer, int dmabuf,
				   size_t size, int used)
{
	struct mockgpu_bo import, own;

	make_own(_metadata, peer, size, &own);
	ASSERT_EQ(0, mockgpu_bo_import(peer, dmabuf, &import));
	if (used)
		ASSERT_EQ(0, mockgpu_bo_copy(&own, 0, &import, 0, size));
	ASSERT_EQ(0, mockgpu_unplug(fd));
	EXPECT_EQ(-ENODEV, mockgpu_bo_copy(&own, 0, &import, 0, size));
	EXPECT_EQ(-ENODEV, mockgpu_bo_map(&import, NULL));
	/* The peer is not affected. */
	pattern_fill(own.map, size, 2);
	EXPECT_EQ(0, pattern_differences(own.map, size, 2));
	EXPECT_EQ(0, mockgpu_bo_destroy(&import));
	EXPECT_EQ(0, mockgpu_bo_destroy(&own));
}

TEST_F(unplug, a_peer_that_used_a_buffer_loses_it)
{
	expect_peer_to_lose_it(_metadata, self->fd, self->peer, self->dmabuf, self->bo.size, 1);
}

TEST_F(unplug, a_peer_cannot_begin_to_use_a_buffer)
{
	expect_peer_to_lose_it(_metadata, self->fd, self->peer, self->dmabuf, self->bo.size, 0);
}

TEST_F(unplug, an_importer_that_is_pulled_lets_go)
{
	struct mockgpu_bo import, own;
	struct mockgpu_buffer buffer;
	int tries;

	make_own(_metadata, self->peer, self->bo.size, &own);
	ASSERT_EQ(0, mockgpu_bo_import(self->peer, self->dmabuf, &import));
	ASSERT_EQ(0, mockgpu_bo_copy(&own, 0, &import, 0, own.size));
	ASSERT_EQ(0, mockgpu_unplug(self->peer));
	/* The exporter is not affected. */
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(SIGBUS, pattern_touch(own.map, 0));
	EXPECT_EQ(0, mockgpu_bo_unmap(&own));
	ASSERT_EQ(0, close(self->peer));
	for (tries = 0; tries < 100; tries++) {
		ASSERT_EQ(1, mockgpu_buffers_get(self->fd, &buffer, 1));
		if (!buffer.attached)
			break;
		usleep(10000);
	}
	EXPECT_EQ(0, buffer.attached);
	EXPECT_EQ(0, buffer.pins);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	self->peer = open("/dev/null", O_RDWR);
}

TEST_F(unplug, vgem_keeps_its_import)
{
	int vgem = exporter_vgem_open();
	uint32_t handle;

	if (vgem == -ENOENT)
		SKIP(return, "this kernel has no vgem");
	ASSERT_EQ(0, drmPrimeFDToHandle(vgem, self->dmabuf, &handle));
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	EXPECT_EQ(0, close(self->dmabuf));
	self->dmabuf = open("/dev/null", O_RDWR);
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, drmCloseBufferHandle(vgem, handle));
	EXPECT_EQ(0, close(vgem));
}

TEST_F(unplug, the_module_stays_until_all_is_closed)
{
	int map_only = open(MOCKGPU_NODE, O_RDWR);
	void *map;

	ASSERT_LE(0, map_only);
	map = mmap(NULL, self->page, PROT_READ, MAP_SHARED, map_only, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, close(map_only));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	ASSERT_EQ(0, mockgpu_unplug(self->peer));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());

	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	EXPECT_EQ(0, close(self->fd));
	EXPECT_EQ(0, close(self->peer));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, close(self->dmabuf));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, munmap(map, self->page));
	expect_nothing_left(_metadata, self->objects);
	EXPECT_EQ(0, module_unload());
	EXPECT_FALSE(module_is_loaded());
	self->fd = open("/dev/null", O_RDWR);
	self->peer = open("/dev/null", O_RDWR);
	self->dmabuf = open("/dev/null", O_RDWR);
}

/* One of several threads that use the device until it is unplugged. */
struct user {
	pthread_t thread;
	int fd;
	int zero;
	size_t page;
	unsigned long rounds;
	int last;
};

/* Accessed by the kernel, which returns EFAULT where the CPU would raise SIGBUS. */
static int use_once(struct user *user)
{
	struct mockgpu_bo bo;
	int dmabuf, ret;

	ret = mockgpu_bo_create(user->fd, MOCKGPU_KIND_NONCOMPOUND, 1, 0, 4 * user->page, &bo);
	if (ret)
		return ret;
	dmabuf = mockgpu_bo_export(&bo);
	ret = mockgpu_bo_map(&bo, NULL);
	if (!ret && read(user->zero, bo.map, bo.size) != (ssize_t)bo.size)
		ret = -EFAULT;
	if (dmabuf >= 0)
		close(dmabuf);
	mockgpu_bo_unmap(&bo);
	mockgpu_bo_destroy(&bo);
	return ret;
}

static void *use(void *argument)
{
	struct user *user = argument;

	for (;;) {
		user->last = use_once(user);
		if (user->last)
			return NULL;
		__atomic_add_fetch(&user->rounds, 1, __ATOMIC_RELAXED);
	}
}

TEST_F(unplug, all_who_are_using_it_come_to_an_end)
{
	struct user users[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(users); i++) {
		users[i] = (struct user){
			.fd = self->fd,
			.zero = open("/dev/zero", O_RDONLY),
			.page = self->page,
		};
		ASSERT_LE(0, users[i].zero);
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, use, &users[i]));
	}
	for (i = 0; i < ARRAY_SIZE(users); i++)
		while (__atomic_load_n(&users[i].rounds, __ATOMIC_RELAXED) < 20)
			usleep(1000);
	ASSERT_EQ(0, mockgpu_unplug(self->fd));
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		ASSERT_EQ(0, pthread_join(users[i].thread, NULL));
		EXPECT_TRUE(users[i].last == -ENODEV || users[i].last == -EFAULT)
			TH_LOG("a user ended with %d", users[i].last);
		EXPECT_EQ(0, close(users[i].zero));
	}
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load anew\n");
	return driver_run(argc, argv);
}
