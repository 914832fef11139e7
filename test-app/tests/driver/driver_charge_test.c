// SPDX-License-Identifier: GPL-2.0-only
/*
 * What buffers are charged for: their pages and the kernel's metadata about them, until the
 * very end. Nobody gets more of the kernel's memory than that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "driver.h"
#include "exporter.h"
#include "meminfo.h"

FIXTURE(charge) {
	struct driver driver;
	int client;
};

/* The buffers belong to @client and all go with it. */
FIXTURE_SETUP(charge)
{
	driver_setup(_metadata, &self->driver);
	self->client = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->client);
}

FIXTURE_TEARDOWN(charge)
{
	struct mockgpu_usage usage = {};

	if (self->client >= 0)
		EXPECT_EQ(0, close(self->client));
	driver_teardown(_metadata, &self->driver);
	/* Teardown has closed the file. */
	self->driver.fd = mockgpu_open(NULL, 0);
	EXPECT_EQ(0, mockgpu_usage_get(self->driver.fd, &usage));
	EXPECT_EQ(self->driver.before.charged, usage.charged);
	EXPECT_EQ(0, close(self->driver.fd));
}

static struct mockgpu_usage usage(struct __test_metadata *_metadata, const struct driver *driver)
{
	struct mockgpu_usage usage = {};

	EXPECT_EQ(0, mockgpu_usage_get(driver->fd, &usage));
	return usage;
}

static int create_and_revoke(int fd, uint64_t size)
{
	struct mockgpu_bo bo;
	int ret;

	ret = mockgpu_bo_create(fd, MOCKGPU_KIND_NONCOMPOUND, 0, 0, size, &bo);
	return ret ? ret : mockgpu_bo_revoke(&bo);
}

TEST_F(charge, a_revoked_buffer_is_not_for_nothing)
{
	const struct driver *driver = &self->driver;
	unsigned int i;

	for (i = 0; i < 100; i++)
		ASSERT_EQ(0, create_and_revoke(self->client, driver->page));
	driver_expect_usage(_metadata, driver, 100, 0);
	EXPECT_LE(driver->before.charged + 100, usage(_metadata, driver).charged);
	EXPECT_EQ(0, close(self->client));
	self->client = -1;
	driver_expect_usage(_metadata, driver, 0, 0);
	EXPECT_EQ(driver->before.charged, usage(_metadata, driver).charged);
}

/* The list of its pages exists as long as the buffer does, even without pages. */
TEST_F(charge, a_large_one_costs_more)
{
	const struct driver *driver = &self->driver;
	const uint64_t pages = 4096;

	ASSERT_EQ(0, create_and_revoke(self->client, pages * driver->page));
	EXPECT_LE(driver->before.charged + pages * sizeof(void *) / driver->page,
		  usage(_metadata, driver).charged);
}

/* Fill up in large pieces, then page by page. */
TEST_F(charge, revoked_buffers_end_at_the_limit)
{
	const struct driver *driver = &self->driver;
	const uint64_t chunk = 16384;
	uint64_t left = driver->before.pages_max;
	struct mockgpu_bo bo;
	unsigned int i;

	if (left / chunk >= 64)
		SKIP(return, "this machine has too much memory to fill it up");
	while (!mockgpu_bo_create(self->client, MOCKGPU_KIND_NONCOMPOUND, 9, 0,
				  chunk * driver->page, &bo))
		left -= chunk;
	for (i = 0; i <= left; i++)
		if (create_and_revoke(self->client, driver->page))
			break;
	EXPECT_GT(left, i);
	EXPECT_EQ(-ENOMEM, create_and_revoke(self->client, driver->page));
	EXPECT_GE(driver->before.pages_max, usage(_metadata, driver).charged);
	ksft_print_msg("%u revoked buffers where %llu pages were left\n", i,
		       (unsigned long long)left);
}

TEST_F(charge, it_covers_what_the_kernel_keeps)
{
	const struct driver *driver = &self->driver;
	unsigned long before = meminfo_kib(_metadata, "Slab") * 1024, taken;
	uint64_t charged;
	unsigned int i;

	for (i = 0; i < 5000; i++)
		ASSERT_EQ(0, create_and_revoke(self->client, driver->page));
	taken = meminfo_kib(_metadata, "Slab") * 1024 - before;
	charged = (usage(_metadata, driver).charged - driver->before.charged) * driver->page;
	ksft_print_msg("%u revoked buffers: Slab %ld KiB more, charged %llu KiB\n", i,
		       (long)taken >> 10, (unsigned long long)charged >> 10);
	EXPECT_GE(charged, taken);
}

TEST_F(charge, imports_are_charged)
{
	const struct driver *driver = &self->driver;
	const uint64_t pages = 256;
	int fd = exporter_udmabuf(pages * driver->page);
	struct mockgpu_usage now;
	struct mockgpu_bo bo;

	if (fd < 0)
		fd = exporter_vgem(pages * driver->page);
	if (fd == -ENOENT)
		SKIP(return, "this kernel has no other exporter");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mockgpu_bo_import(self->client, fd, &bo));
	now = usage(_metadata, driver);
	EXPECT_EQ(driver->before.pages, now.pages);
	EXPECT_LE(driver->before.charged + 1 + pages * 8 / driver->page, now.charged);
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, close(fd));
}

static uint64_t charged(struct __test_metadata *_metadata, const struct driver *driver)
{
	return usage(_metadata, driver).charged;
}

/* The pages that a move has left, until the engine has copied them. */
TEST_F(charge, pages_that_wait_for_the_engine)
{
	struct driver *driver = &self->driver;
	struct mockgpu_bo bo;
	uint64_t before;
	int hold, tries;

	driver_move_delay(_metadata, driver, 1);
	ASSERT_EQ(0, mockgpu_bo_create(self->client, MOCKGPU_KIND_NONCOMPOUND, 4, 0,
				       150 * driver->page, &bo));
	before = charged(_metadata, driver);
	hold = mockgpu_hold(driver->fd);
	ASSERT_LE(0, hold);
	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(before + 160, charged(_metadata, driver));
	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_GTT, 0));
	ASSERT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(before + 2 * 160, charged(_metadata, driver));
	EXPECT_EQ(0, close(hold));
	for (tries = 0; tries < 500 && charged(_metadata, driver) != before; tries++)
		clock_pause(10);
	EXPECT_EQ(before, charged(_metadata, driver));
}

/* Without room for them it does not wait: the CPU copies. */
TEST_F(charge, a_move_that_must_not_wait)
{
	struct driver *driver = &self->driver;
	uint64_t chunk, size = driver->page * 150;
	struct mockgpu_bo bo, filler;
	int hold;

	if (driver->before.pages_max / 16384 >= 64)
		SKIP(return, "this machine has too much memory to fill it up");
	driver_move_delay(_metadata, driver, 1);
	ASSERT_EQ(0, mockgpu_bo_create(self->client, MOCKGPU_KIND_TTM, 0, 0, size, &bo));
	for (chunk = 16384; chunk >= 64; chunk /= 4)
		while (!mockgpu_bo_create(self->client, MOCKGPU_KIND_NONCOMPOUND, 6, 0,
					  chunk * driver->page, &filler))
			;
	hold = mockgpu_hold(driver->fd);
	ASSERT_LE(0, hold);
	EXPECT_EQ(0, mockgpu_bo_move(&bo, MOCKGPU_PLACEMENT_VRAM, 0));
	EXPECT_EQ(0, usage(_metadata, driver).jobs);
	EXPECT_EQ(0, close(hold));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
