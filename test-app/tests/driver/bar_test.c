// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in a PCI BAR (module parameter vram=bar): what its pages are, and the end of its device:
 * taken from the driver or from the bus, or deaf. What all VRAM has in common, other programs
 * test on it too: the rows of lab/plan that end in -bar.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "bar.h"
#include "numbers.h"

#define PAGES 16

FIXTURE(bar) {
	struct driver driver;
	struct mockgpu_bo bo;
};

static void make(struct __test_metadata *_metadata, int fd, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * (uint64_t)getpagesize(), .placement = MOCKGPU_PLACEMENT_VRAM,
	};

	ASSERT_EQ(0, mockgpu_bo_make(fd, &want, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
}

FIXTURE_SETUP(bar)
{
	ASSERT_EQ(0, module_want("vram=bar"));
	driver_setup(_metadata, &self->driver);
	make(_metadata, self->driver.fd, &self->bo);
}

FIXTURE_TEARDOWN(bar)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(bar, it_is_a_pci_device)
{
	uint64_t source = 0, caching = 0;
	drmDevicePtr device;

	ASSERT_EQ(0, drmGetDevice2(self->driver.fd, 0, &device));
	ASSERT_EQ(DRM_BUS_PCI, device->bustype);
	EXPECT_EQ(VENDOR, device->deviceinfo.pci->vendor_id);
	EXPECT_EQ(DEVICE, device->deviceinfo.pci->device_id);
	drmFreeDevice(&device);
	EXPECT_TRUE(is_bound());
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_SOURCE, &source));
	EXPECT_EQ(MOCKGPU_VRAM_BAR, source);
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_CACHING, &caching));
	EXPECT_EQ(MOCKGPU_CACHING_WC, caching);
}

TEST_F(bar, its_pages_have_numbers_and_nothing_else)
{
	uint64_t first, last;

	bar_range(_metadata, &first, &last);
	numbers_only(_metadata, self->driver.fd, &self->bo, first, last);
}

TEST_F(bar, a_new_buffer_is_zero)
{
	const uint64_t pfn = numbers_leave(_metadata, &self->bo);

	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	make(_metadata, self->driver.fd, &self->bo);
	numbers_are_clean(_metadata, &self->bo, pfn);
}

/* Whether all bytes are what the bus returns without a device: 1 bits on a PC, 0 in QEMU's. */
static bool is_nothing(const char *at, size_t size)
{
	const char first = peek(at);
	size_t i;

	for (i = 0; i < size; i++)
		if (peek(at + i) != first)
			return false;
	return !first || first == (char)0xff;
}

/* The device ignores its own memory: nobody oopses, and nothing is lost. */
TEST_F(bar, decoding_is_off_for_a_while)
{
	char bytes[8] = {};
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, mem);
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_FALSE(is_nothing(self->bo.map, self->bo.size));
	set_decoding(_metadata, false);
	EXPECT_TRUE(is_nothing(self->bo.map, self->bo.size));
	poke(self->bo.map, 1);
	EXPECT_EQ(sizeof(bytes), pread(mem, bytes, sizeof(bytes), (uintptr_t)self->bo.map));
	EXPECT_TRUE(is_nothing(bytes, sizeof(bytes)));
	set_decoding(_metadata, true);
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	set_decoding(_metadata, false);
	EXPECT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_TRUE(is_nothing(self->bo.map, self->bo.size));
	set_decoding(_metadata, true);
	EXPECT_EQ(0, close(mem));
}

/* The device has gone: as after any unplug. */
static void expect_gone(struct __test_metadata *_metadata, struct _test_data_bar *self)
{
	struct drm_mockgpu_bo_query query;

	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 0));
	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 1));
	EXPECT_EQ(-ENODEV, mockgpu_bo_query(&self->bo, &query));
	EXPECT_EQ(-ENODEV, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(-1, access(MOCKGPU_NODE, F_OK));
	EXPECT_GT(0, mockgpu_open(NULL, 0));
}

/* Close what was open; the handle goes with its file. */
static void let_go(struct __test_metadata *_metadata, struct _test_data_bar *self)
{
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	self->bo.handle = 0;
	EXPECT_EQ(0, close(self->driver.fd));
}

/* The device is back, and works. */
static void come_back(struct __test_metadata *_metadata, struct _test_data_bar *self)
{
	self->driver.fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->driver.fd);
	EXPECT_EQ(0, access(MOCKGPU_NODE, F_OK));
	make(_metadata, self->driver.fd, &self->bo);
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 2));
}

TEST_F(bar, it_is_unbound_and_bound_again)
{
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	expect_gone(_metadata, self);
	/* The old device still has its mapping of the BAR. */
	EXPECT_EQ(-ENODEV, sysfs_write(DRIVER "bind", slot));
	EXPECT_FALSE(is_bound());
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	come_back(_metadata, self);
}

TEST_F(bar, it_is_removed_and_found_again)
{
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, tell_device("remove", "1"));
	expect_gone(_metadata, self);
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write("/sys/bus/pci/rescan", "1"));
	ASSERT_TRUE(is_bound());
	come_back(_metadata, self);
}

/* A file and a mapping of /dev/mockgpu are all that is left of a device: it waits for neither. */
TEST_F(bar, it_is_unbound_while_its_node_is_mapped)
{
	uint64_t size;
	int node = mockgpu_node_open(O_RDWR, &size, NULL, 0);
	char *map;

	ASSERT_LE(0, node);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, node, 0);
	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(map, size, 1);
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	EXPECT_EQ(SIGBUS, pattern_touch(map, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ, MAP_SHARED, node, 0));
	EXPECT_EQ(0, munmap(map, size));
	EXPECT_EQ(0, close(node));
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	come_back(_metadata, self);
}

/* Neither a long delay nor a file that holds the engine holds up the end of the device. */
TEST_F(bar, it_is_unbound_while_a_move_takes_time)
{
	struct pollfd moved = { .fd = mockgpu_bo_export(&self->bo), .events = POLLOUT };
	double start;
	int hold;

	ASSERT_LE(0, moved.fd);
	driver_move_delay(_metadata, &self->driver, MOCKGPU_FAULT_DELAY_MAX);
	ASSERT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	hold = mockgpu_hold(self->driver.fd);
	ASSERT_LE(0, hold);
	EXPECT_EQ(0, poll(&moved, 1, 100));
	start = clock_now();
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	EXPECT_GT(5, clock_now() - start);
	EXPECT_EQ(1, poll(&moved, 1, 5000));
	expect_gone(_metadata, self);
	EXPECT_EQ(0, close(moved.fd));
	EXPECT_EQ(0, close(hold));
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	come_back(_metadata, self);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with vram=bar\n");
	return bar_run(argc, argv);
}
