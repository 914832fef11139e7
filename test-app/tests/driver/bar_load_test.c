// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the module with vram=bar: what is refused, and what other parameters do to the device
 * with the BAR and to its end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "kselftest_harness.h"

#include "bar.h"
#include "command.h"
#include "pattern.h"
#include "reload_fixture.h"

#define PAGES 16

/* Loading fails with that, and leaves nothing: neither a module nor a claim on the device. */
static void expect_refusal(struct __test_metadata *_metadata, int error, const char *parameters)
{
	reload_refused(_metadata, error, parameters);
	EXPECT_FALSE(is_bound());
}

TEST_F(load, parameters_that_make_no_sense)
{
	expect_refusal(_metadata, -EINVAL, "vram=bus");
	expect_refusal(_metadata, -EINVAL, "memory_failure=Y");
	expect_refusal(_metadata, -EINVAL, "vram=bar,bar devices=2");
	expect_refusal(_metadata, -EINVAL, "vram=ram,bar devices=1");
	expect_refusal(_metadata, -EINVAL, "vram=bar vram_size=8796093022208");
	expect_refusal(_metadata, -EINVAL, "vram=bar vram_size=2097153");
}

/*
 * What the device has on top of one without a bus: its BAR, and since 6.19 who is told when that
 * fails. Device, TTM, GTT, VRAM, BAR, registration, node.
 */
TEST_F(load, each_step_fails)
{
	int ret = module_load("vram=bar memory_failure=Y");

	if (ret == -EOPNOTSUPP) {
		EXPECT_LE(12, reload_steps(_metadata, "vram=bar vram_size=4194304"));
		return;
	}
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, module_unload_wait());
	EXPECT_LE(13, reload_steps(_metadata, "vram=bar vram_size=4194304 memory_failure=Y"));
}

TEST_F(load, there_is_no_device)
{
	ASSERT_EQ(0, tell_device("remove", "1"));
	expect_refusal(_metadata, -ENODEV, "vram=bar");
	ASSERT_EQ(0, sysfs_write("/sys/bus/pci/rescan", "1"));
	EXPECT_EQ(0, module_load("vram=bar"));
	EXPECT_TRUE(is_bound());
}

#define STUB "/sys/bus/pci/drivers/pci-stub/"

TEST_F(load, another_driver_has_the_device)
{
	static const char *const stub[] = { "modprobe", "-q", "pci-stub", NULL };

	if (command_run(stub) || access(STUB, F_OK))
		SKIP(return, "this kernel has no pci-stub");
	ASSERT_EQ(0, tell_device("driver_override", "pci-stub"));
	ASSERT_EQ(0, sysfs_write(STUB "bind", slot));
	EXPECT_EQ(-EBUSY, module_load("vram=bar"));
	EXPECT_FALSE(module_is_loaded());
	EXPECT_EQ(0, sysfs_write(STUB "unbind", slot));
	ASSERT_EQ(0, tell_device("driver_override", "\n"));
	EXPECT_EQ(0, module_load("vram=bar"));
}

/* Somebody has enabled the device, so loading does not, and then made it deaf. */
TEST_F(load, decoding_is_off)
{
	ASSERT_EQ(0, tell_device("enable", "1"));
	set_decoding(_metadata, false);
	expect_refusal(_metadata, -EIO, "vram=bar");
	set_decoding(_metadata, true);
	ASSERT_EQ(0, tell_device("enable", "0"));
	EXPECT_EQ(0, module_load("vram=bar"));
}

TEST_F(load, one_device_has_a_bar_and_the_other_a_carve_out)
{
	uint64_t first = 0, second = 0;
	int fd, peer;

	ASSERT_EQ(0, module_load("devices=2 vram=ram,bar"));
	fd = mockgpu_open(NULL, 0);
	peer = mockgpu_open_peer();
	ASSERT_LE(0, fd);
	ASSERT_LE(0, peer);
	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_SOURCE, &first));
	EXPECT_EQ(0, mockgpu_get_param(peer, MOCKGPU_PARAM_VRAM_SOURCE, &second));
	EXPECT_EQ(MOCKGPU_VRAM_RAM, first);
	EXPECT_EQ(MOCKGPU_VRAM_BAR, second);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(peer));
}

/* The BAR as its next owner sees it. */
static char *map_bar(struct __test_metadata *_metadata, size_t size)
{
	char path[200];
	void *map;
	int fd;

	snprintf(path, sizeof(path), DEVICES "%s/resource%d_wc", slot, BAR);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	return map;
}

/* Let @waits wait for the fences that @source has. Return: 0 or -errno. */
static int make_wait(int waits, int source)
{
	struct dma_buf_export_sync_file fences = { .flags = DMA_BUF_SYNC_RW };
	struct dma_buf_import_sync_file more = { .flags = DMA_BUF_SYNC_WRITE };
	int ret = 0;

	if (ioctl(source, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &fences))
		return -errno;
	more.fd = fences.fd;
	if (ioctl(waits, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &more))
		ret = -errno;
	close(fences.fd);
	return ret;
}

static void make_in_gtt(struct __test_metadata *_metadata, int fd, struct mockgpu_bo *bo,
			int *dmabuf)
{
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mockgpu_bo_create(fd, MOCKGPU_KIND_TTM, 0, 0, PAGES * getpagesize(), bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
	pattern_fill(bo->map, bo->size, 1);
	*dmabuf = mockgpu_bo_export(bo);
	ASSERT_LE(0, *dmabuf);
}

/*
 * The engine has not copied to VRAM yet when the device is unbound, since it waits for another
 * GPU. When it goes on somebody else has the BAR.
 */
TEST_F(load, a_late_move_stays_out_of_the_bar)
{
	struct pollfd moved = { .events = POLLOUT };
	struct mockgpu_bo bo, other;
	int fd, peer, source, hold;
	char *bar;

	ASSERT_EQ(0, module_load("devices=2 vram=bar,ram"));
	ASSERT_EQ(0, mockgpu_move_delay_set(1));
	fd = mockgpu_open(NULL, 0);
	make_in_gtt(_metadata, fd, &bo, &moved.fd);
	peer = mockgpu_open_peer();
	make_in_gtt(_metadata, peer, &other, &source);
	hold = mockgpu_hold(peer);
	ASSERT_LE(0, hold);
	ASSERT_EQ(0, mockgpu_bo_move(&other, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, make_wait(moved.fd, source));
	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));

	bar = map_bar(_metadata, bo.size);
	pattern_fill(bar, bo.size, 2);
	EXPECT_EQ(0, poll(&moved, 1, 100));
	EXPECT_EQ(0, close(hold));
	EXPECT_EQ(1, poll(&moved, 1, 10000));
	EXPECT_EQ(0, pattern_differences(bar, bo.size, 2));
	EXPECT_EQ(0, munmap(bar, bo.size));
	EXPECT_EQ(0, mockgpu_bo_unmap(&bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	EXPECT_EQ(0, close(moved.fd) | close(source) | close(fd) | close(peer));
}

/* A device with a BAR need not use it; nothing of it is left to wait for after the end. */
TEST_F(load, a_bar_without_vram)
{
	const struct drm_mockgpu_bo_create want = {
		.size = getpagesize(), .placement = MOCKGPU_PLACEMENT_VRAM,
	};
	uint64_t source = MOCKGPU_VRAM_BAR;
	struct mockgpu_bo bo, other;
	int fd, dmabuf, again;

	ASSERT_EQ(0, module_load("vram=bar vram_size=0"));
	EXPECT_TRUE(is_bound());
	fd = mockgpu_open(NULL, 0);
	make_in_gtt(_metadata, fd, &bo, &dmabuf);
	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_SOURCE, &source));
	EXPECT_EQ(MOCKGPU_VRAM_NONE, source);
	EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_make(fd, &want, &other));
	EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	EXPECT_EQ(SIGBUS, pattern_touch(bo.map, 0));
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	again = mockgpu_open(NULL, 0);
	ASSERT_LE(0, again);
	EXPECT_EQ(0, mockgpu_bo_create(again, MOCKGPU_KIND_TTM, 0, 0, want.size, &other));
	EXPECT_EQ(0, mockgpu_bo_destroy(&other));
	EXPECT_EQ(0, mockgpu_bo_unmap(&bo));
	EXPECT_EQ(0, close(dmabuf) | close(fd) | close(again));
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with vram=bar\n");
	return bar_run(argc, argv);
}
