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

static unsigned long slab_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long kib = 0;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Slab: %lu", &kib) == 1)
			break;
	fclose(file);
	return kib << 10;
}

TEST_F(charge, it_covers_what_the_kernel_keeps)
{
	const struct driver *driver = &self->driver;
	unsigned long before = slab_bytes(), taken;
	uint64_t charged;
	unsigned int i;

	for (i = 0; i < 5000; i++)
		ASSERT_EQ(0, create_and_revoke(self->client, driver->page));
	taken = slab_bytes() - before;
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

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
