// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in a PCI BAR that has struct pages, of ZONE_DEVICE (module parameter bar_pages): their
 * counts, flags and memory type, the end of their device with and without a reference left, and
 * what loading refuses. What KVM does with them: zone_guest_test.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "arch.h"
#include "array.h"
#include "zone.h"

#define PAGES 16

FIXTURE(zone) {
	struct driver driver;
	struct mockgpu_bo bo;
	size_t leaks;
	size_t lost;
};

FIXTURE_VARIANT(zone) {
	struct zone zone;
};

FIXTURE_VARIANT_ADD(zone, generic) { .zone = ZONE_GENERIC };
FIXTURE_VARIANT_ADD(zone, p2pdma) { .zone = ZONE_P2PDMA };
FIXTURE_VARIANT_ADD(zone, coherent) { .zone = ZONE_COHERENT };

static void make(struct __test_metadata *_metadata, int fd, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * (uint64_t)getpagesize(), .placement = MOCKGPU_PLACEMENT_VRAM,
	};

	ASSERT_EQ(0, mockgpu_bo_make(fd, &want, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
}

FIXTURE_SETUP(zone)
{
	if (!zone_load(_metadata, &variant->zone))
		SKIP(return, ZONE_NONE);
	driver_setup(_metadata, &self->driver);
	self->leaks = zone_leaks(_metadata);
	self->lost = zone_lost(_metadata);
	make(_metadata, self->driver.fd, &self->bo);
}

FIXTURE_TEARDOWN(zone)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
	EXPECT_EQ(self->leaks, zone_leaks(_metadata));
	EXPECT_EQ(self->lost, zone_lost(_metadata));
}

TEST_F(zone, the_device_says_so)
{
	uint64_t value = 0;

	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_BAR_PAGES, &value));
	EXPECT_EQ(variant->zone.type, value);
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_SOURCE, &value));
	EXPECT_EQ(MOCKGPU_VRAM_BAR, value);
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_CACHING, &value));
	EXPECT_EQ(variant->zone.caching, value);
	EXPECT_EQ(variant->zone.caching, bo_query(_metadata, &self->bo).entry_caching);
}

TEST_F(zone, its_pages_are_device_pages)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &self->bo);
	uint64_t first, last, i;

	bar_range(_metadata, &first, &last);
	for (i = 0; i < PAGES; i++) {
		const uint64_t address = pages[i].pfn * getpagesize();

		EXPECT_LE(first, address);
		EXPECT_GE(last, address);
		EXPECT_EQ(pages[0].pfn + i, pages[i].pfn);
		EXPECT_EQ((pages[i].index ? MOCKGPU_PAGE_TAIL : MOCKGPU_PAGE_HEAD) |
			  MOCKGPU_PAGE_RESERVED | MOCKGPU_PAGE_DEVICE, pages[i].flags);
		zone_expect_count(_metadata, &variant->zone, pages[i].count);
		EXPECT_EQ(pages[0].count, pages[i].count);
	}
	free(pages);
}

/* The mapping is as ever: of page frame numbers, and of the type that the driver tells. */
TEST_F(zone, its_entries_are_special)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &self->bo);
	struct mockgpu_entry entry;
	size_t i;

	pattern_fill(self->bo.map, self->bo.size, 1);
	for (i = 0; i < PAGES; i++) {
		ASSERT_EQ(0, mockgpu_entry_get(self->driver.fd,
					       (char *)self->bo.map + i * getpagesize(), &entry));
		EXPECT_TRUE(entry.present);
		EXPECT_TRUE(entry.special);
		EXPECT_EQ(pages[i].pfn, entry.pfn);
		if (ARCH_KEEPS_TYPES)
			EXPECT_STREQ(variant->zone.entry, mockgpu_entry_caching(&entry));
	}
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 1));
	free(pages);
}

TEST_F(zone, its_contents_move)
{
	struct drm_mockgpu_page before, after;

	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, 0, 1, &before));
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_GTT, 0));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, 0, 1, &after));
	EXPECT_FALSE(after.flags & MOCKGPU_PAGE_DEVICE);
	EXPECT_EQ(0, mockgpu_bo_move(&self->bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(1, mockgpu_bo_pages(&self->bo, 0, 1, &after));
	EXPECT_EQ(before.count, after.count);
	EXPECT_EQ(before.flags & ~(MOCKGPU_PAGE_HEAD | MOCKGPU_PAGE_TAIL),
		  after.flags & ~(MOCKGPU_PAGE_HEAD | MOCKGPU_PAGE_TAIL));
}

/* The check that tests of KVM rely on. */
TEST_F(zone, a_raised_count_is_seen)
{
	struct drm_mockgpu_bo_compare compare;

	EXPECT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 3));
	EXPECT_EQ(0, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(1, compare.changed);
	EXPECT_EQ(3, compare.first);
	EXPECT_EQ(compare.before.count + 1, compare.after.count);
	ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 3));
	EXPECT_EQ(0, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(0, compare.changed);
}

/* The device has gone, and with it the struct pages. */
static void expect_gone(struct __test_metadata *_metadata, struct _test_data_zone *self)
{
	struct drm_mockgpu_bo_compare compare;
	struct drm_mockgpu_page page;

	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 0));
	EXPECT_EQ(-ENODEV, mockgpu_bo_pages(&self->bo, 0, 1, &page));
	EXPECT_EQ(-ENODEV, mockgpu_bo_snapshot(&self->bo));
	EXPECT_EQ(-ENODEV, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(-ENODEV, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 0));
	EXPECT_EQ(-ENODEV, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_PUT, 0));
}

static void let_go(struct __test_metadata *_metadata, struct _test_data_zone *self)
{
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	self->bo.handle = 0;
	EXPECT_EQ(0, close(self->driver.fd));
}

static void come_back(struct __test_metadata *_metadata, struct _test_data_zone *self,
		      const struct zone *zone)
{
	struct drm_mockgpu_page *pages;
	size_t i;

	self->driver.fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->driver.fd);
	make(_metadata, self->driver.fd, &self->bo);
	pattern_fill(self->bo.map, self->bo.size, 2);
	EXPECT_EQ(0, bo_elsewhere(_metadata, &self->bo, 2));
	pages = bo_pages(_metadata, &self->bo);
	for (i = 0; i < PAGES; i++) {
		EXPECT_TRUE(pages[i].flags & MOCKGPU_PAGE_DEVICE);
		zone_expect_count(_metadata, zone, pages[i].count);
	}
	free(pages);
}

TEST_F(zone, it_is_unbound_while_mapped)
{
	struct drm_mockgpu_bo_compare compare;

	EXPECT_EQ(0, mockgpu_bo_snapshot(&self->bo));
	pattern_fill(self->bo.map, self->bo.size, 1);
	EXPECT_EQ(0, mockgpu_bo_compare(&self->bo, &compare));
	EXPECT_EQ(0, compare.changed);
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	expect_gone(_metadata, self);
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	come_back(_metadata, self, &variant->zone);
}

TEST_F(zone, it_is_removed_while_mapped)
{
	pattern_fill(self->bo.map, self->bo.size, 1);
	ASSERT_EQ(0, tell_device("remove", "1"));
	expect_gone(_metadata, self);
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write("/sys/bus/pci/rescan", "1"));
	ASSERT_TRUE(is_bound());
	come_back(_metadata, self, &variant->zone);
}

/* The end waits for it, but not for ever, and tells. */
TEST_F(zone, a_reference_is_left_at_the_end)
{
	double start = clock_now();

	ASSERT_EQ(0, mockgpu_bo_inject(&self->bo, MOCKGPU_INJECT_REF_GET, 5));
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	EXPECT_LT(0.4, clock_now() - start);
	EXPECT_GT(20, clock_now() - start);
	EXPECT_EQ(self->leaks + 1, zone_leaks(_metadata));
	self->leaks++;
	expect_gone(_metadata, self);
	let_go(_metadata, self);
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	come_back(_metadata, self, &variant->zone);
}

FIXTURE(load) {
	int kmsg;
};

FIXTURE_SETUP(load)
{
	self->kmsg = reload_begin(_metadata);
}

FIXTURE_TEARDOWN(load)
{
	EXPECT_EQ(0, module_unload_wait());
	quiet_end(_metadata, self->kmsg);
}

TEST_F(load, parameters_that_make_no_sense)
{
	reload_refused(_metadata, -EINVAL, "vram=bar bar_pages=private");
	reload_refused(_metadata, -EINVAL, "vram=bar bar_pages=");
	reload_refused(_metadata, -EINVAL, "vram=ram bar_pages=fsdax");
	reload_refused(_metadata, -EINVAL, "vram=ram bar_pages=generic");
}

/* Without VRAM there is nothing to have pages. */
TEST_F(load, no_vram)
{
	uint64_t value = 1;
	int fd;

	ASSERT_EQ(0, module_load("vram=bar vram_size=0 bar_pages=generic"));
	fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_BAR_PAGES, &value));
	EXPECT_EQ(MOCKGPU_BAR_PAGES_NONE, value);
	EXPECT_EQ(0, close(fd));
}

#define STEPS_MAX 100

/* Nothing is left behind, whichever step of loading fails. */
static void expect_steps(struct __test_metadata *_metadata, const char *pages)
{
	char parameters[120], point[32] = "";
	unsigned long left = 0;
	unsigned int nth;
	int ret, fd;

	for (nth = 1; nth < STEPS_MAX && !left; nth++) {
		snprintf(parameters, sizeof(parameters),
			 "vram=bar vram_size=4194304 bar_pages=%s fail_load=%u", pages, nth);
		ret = module_load(parameters);
		if (ret) {
			EXPECT_EQ(-ENOMEM, ret);
			EXPECT_FALSE(module_is_loaded());
			EXPECT_FALSE(is_bound());
			continue;
		}
		fd = mockgpu_open(NULL, 0);
		EXPECT_LE(0, fd);
		EXPECT_EQ(0, mockgpu_fail_get(fd, &left, point, sizeof(point)));
		EXPECT_EQ(0, close(fd));
		EXPECT_EQ(0, module_unload());
	}
	EXPECT_LT(0, left);
	EXPECT_LT(10, nth);
}

TEST_F(load, each_step_fails)
{
	const size_t leaks = zone_leaks(_metadata);
	const struct zone p2pdma = ZONE_P2PDMA;

	expect_steps(_metadata, "coherent");
	if (zone_load(_metadata, &p2pdma)) {
		ASSERT_EQ(0, module_unload());
		expect_steps(_metadata, "p2pdma");
	}
	EXPECT_EQ(leaks, zone_leaks(_metadata));
}

/*
 * The rest of the pool of peer-to-peer memory: whoever has root maps it, and VRAM is no part of
 * it.
 */
FIXTURE(pool) {
	struct driver driver;
	struct mockgpu_bo bo;
};

FIXTURE_SETUP(pool)
{
	const struct zone zone = ZONE_P2PDMA;

	if (!zone_load(_metadata, &zone))
		SKIP(return, ZONE_NONE);
	driver_setup(_metadata, &self->driver);
	make(_metadata, self->driver.fd, &self->bo);
}

FIXTURE_TEARDOWN(pool)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

static unsigned long pool_number(struct __test_metadata *_metadata, const char *file)
{
	unsigned long number = 0;
	char path[200];

	snprintf(path, sizeof(path), DEVICES "%s/p2pmem/%s", slot, file);
	EXPECT_EQ(0, sysfs_read_number(path, &number));
	return number;
}

TEST_F(pool, has_what_vram_leaves)
{
	uint64_t vram = 0;

	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_SIZE, &vram));
	EXPECT_EQ(pool_number(_metadata, "size"), pool_number(_metadata, "available") + vram);
	EXPECT_EQ(0, pool_number(_metadata, "published"));
}

TEST_F(pool, is_mapped_without_vram)
{
	const unsigned long available = pool_number(_metadata, "available");
	char path[200];
	char *map;
	int fd;

	pattern_fill(self->bo.map, self->bo.size, 1);
	snprintf(path, sizeof(path), DEVICES "%s/p2pmem/allocate", slot);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	map = mmap(NULL, available, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 0x5a, 64 * getpagesize());
	EXPECT_EQ(0, pool_number(_metadata, "available"));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, munmap(map, available));
	EXPECT_EQ(available, pool_number(_metadata, "available"));
	EXPECT_EQ(0, close(fd));
}

/* Unbinding takes that mapping away, too. */
TEST_F(pool, ends_while_mapped)
{
	char path[200];
	char *map;
	int fd;

	snprintf(path, sizeof(path), DEVICES "%s/p2pmem/allocate", slot);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	map = mmap(NULL, PAGES * getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	memset(map, 0x5a, PAGES * getpagesize());
	EXPECT_EQ(0, mockgpu_bo_unmap(&self->bo));
	self->bo.handle = 0;
	EXPECT_EQ(0, close(self->driver.fd));
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	EXPECT_EQ(SIGBUS, pattern_touch(map, 0));
	EXPECT_EQ(0, munmap(map, PAGES * getpagesize()));
	EXPECT_EQ(0, close(fd));
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	self->driver.fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->driver.fd);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with vram=bar\n");
	return bar_run(argc, argv);
}
