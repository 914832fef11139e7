// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in a PCI BAR (module parameter vram=bar): what its pages are, and the end of its device:
 * taken from the driver or from the bus, or deaf. What all VRAM has in common, other programs
 * test on it too: the rows of lab/plan that end in -bar.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "bo.h"
#include "reload.h"
#include "sysfs.h"

#define DEVICES "/sys/bus/pci/devices/"
#define DRIVER "/sys/bus/pci/drivers/mockgpu/"
#define VENDOR 0x1af4
#define DEVICE 0x1110
#define BAR 2
#define PAGES 16
#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2

/* The PCI device, as "0000:00:1e.0"; found once, since a test removes it for a while. */
static char slot[64];

static bool find_slot(void)
{
	glob_t found;
	size_t i;

	if (glob(DEVICES "*", 0, NULL, &found))
		return false;
	for (i = 0; i < found.gl_pathc; i++) {
		char path[300], value[32];

		snprintf(path, sizeof(path), "%s/device", found.gl_pathv[i]);
		if (!sysfs_read(path, value, sizeof(value)) && strtoul(value, NULL, 0) == DEVICE)
			snprintf(slot, sizeof(slot), "%s", strrchr(found.gl_pathv[i], '/') + 1);
	}
	globfree(&found);
	return slot[0];
}

/* Write to a file of the PCI device. Return: 0 or -errno. */
static int tell_device(const char *file, const char *value)
{
	char path[200];

	snprintf(path, sizeof(path), DEVICES "%s/%s", slot, file);
	return sysfs_write(path, value);
}

static bool is_bound(void)
{
	char path[200];

	snprintf(path, sizeof(path), DRIVER "%s", slot);
	return !access(path, F_OK);
}

/* The addresses of the BAR, both included. */
static void bar_range(struct __test_metadata *_metadata, uint64_t *first, uint64_t *last)
{
	char path[200], line[200], *end;
	unsigned int i;
	FILE *file;

	snprintf(path, sizeof(path), DEVICES "%s/resource", slot);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	for (i = 0; i <= BAR; i++)
		ASSERT_NE(NULL, fgets(line, sizeof(line), file));
	fclose(file);
	*first = strtoull(line, &end, 16);
	*last = strtoull(end, NULL, 16);
	ASSERT_LT(*first, *last);
}

/* Switch the device's memory decoding on or off, behind the back of the kernel. */
static void set_decoding(struct __test_metadata *_metadata, bool on)
{
	char path[200];
	uint16_t command;
	int fd;

	snprintf(path, sizeof(path), DEVICES "%s/config", slot);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2, pread(fd, &command, 2, PCI_COMMAND));
	command = on ? command | PCI_COMMAND_MEMORY : command & ~PCI_COMMAND_MEMORY;
	ASSERT_EQ(2, pwrite(fd, &command, 2, PCI_COMMAND));
	close(fd);
}

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
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &self->bo);
	struct drm_mockgpu_bo_compare compare;
	struct mockgpu_entry entry;
	uint64_t first, last, i;

	bar_range(_metadata, &first, &last);
	for (i = 0; i < PAGES; i++) {
		const uint64_t address = pages[i].pfn * getpagesize();
		const uint32_t where = pages[i].index ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD;

		EXPECT_LE(first, address);
		EXPECT_GE(last, address);
		EXPECT_EQ(pages[0].pfn + i, pages[i].pfn);
		EXPECT_EQ(0, pages[i].count);
		EXPECT_EQ(where | MOCKGPU_PAGE_NO_STRUCT, pages[i].flags);
		poke((char *)self->bo.map + i * getpagesize(), 1);
		ASSERT_EQ(0, mockgpu_entry_get(self->driver.fd,
					       (char *)self->bo.map + i * getpagesize(), &entry));
		EXPECT_EQ(pages[i].pfn, entry.pfn);
	}
	EXPECT_EQ(-EOPNOTSUPP, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 0));
	EXPECT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(0, compare.changed);
	free(pages);
}

/* Nobody sees what another buffer left there. */
TEST_F(bar, a_new_buffer_is_zero)
{
	struct drm_mockgpu_page before, after;
	size_t i;

	memset(self->bo.map, 0x5a, self->bo.size);
	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, 0, 1, &before));
	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	make(_metadata, self->driver.fd, &self->bo);
	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, 0, 1, &after));
	EXPECT_EQ(before.pfn, after.pfn);
	for (i = 0; i < self->bo.size; i++)
		if (((char *)self->bo.map)[i])
			break;
	EXPECT_EQ(self->bo.size, i);
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

/* Where the module is loaded anew, and refuses. */
FIXTURE(load) {
	int kmsg;
};

FIXTURE_SETUP(load)
{
	ASSERT_EQ(0, module_unload_wait());
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
}

FIXTURE_TEARDOWN(load)
{
	char first[256];

	EXPECT_EQ(0, kmsg_complaints(self->kmsg, first, sizeof(first)))
		TH_LOG("the kernel log says: %s", first);
	EXPECT_EQ(0, close(self->kmsg));
}

/* Loading fails with that, and leaves nothing: neither a module nor a claim on the device. */
static void expect_refusal(struct __test_metadata *_metadata, int error, const char *parameters)
{
	EXPECT_EQ(error, module_load(parameters))
		TH_LOG("%s", parameters);
	EXPECT_FALSE(module_is_loaded());
	EXPECT_FALSE(is_bound());
	EXPECT_EQ(-1, access(MOCKGPU_NODE, F_OK));
}

TEST_F(load, parameters_that_make_no_sense)
{
	expect_refusal(_metadata, -EINVAL, "vram=bus");
	expect_refusal(_metadata, -EINVAL, "vram=bar,bar devices=2");
	expect_refusal(_metadata, -EINVAL, "vram=ram,bar devices=1");
	expect_refusal(_metadata, -EINVAL, "vram=bar vram_size=8796093022208");
	expect_refusal(_metadata, -EINVAL, "vram=bar vram_size=2097153");
}

TEST_F(load, there_is_no_device)
{
	ASSERT_EQ(0, tell_device("remove", "1"));
	expect_refusal(_metadata, -ENODEV, "vram=bar");
	ASSERT_EQ(0, sysfs_write("/sys/bus/pci/rescan", "1"));
	EXPECT_EQ(0, module_load("vram=bar"));
	EXPECT_TRUE(is_bound());
}

static int run(const char *const argv[])
{
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return child < 0 || waitpid(child, &status, 0) < 0 ? -1 : status;
}

#define STUB "/sys/bus/pci/drivers/pci-stub/"

TEST_F(load, another_driver_has_the_device)
{
	static const char *const stub[] = { "modprobe", "-q", "pci-stub", NULL };

	if (run(stub) || access(STUB, F_OK))
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

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with vram=bar\n");
	if (!find_slot())
		ksft_exit_skip("this machine has no PCI device 1af4:1110 (ivshmem-plain)\n");
	return driver_run(argc, argv);
}
