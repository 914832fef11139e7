// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody may do with a buffer who was only handed its dma-buf, and what with one
 * that was exported for reading.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <xf86drm.h>

#include "kselftest_harness.h"

#include "array.h"
#include "bo.h"
#include "driver.h"
#include "pattern.h"
#include "reload.h"

#define PAGES 8
#define NOBODY 65534

/* What is for the maker of a buffer only; each is taken back or does no harm again. */
static int set_fault(struct mockgpu_bo *bo)
{
	return mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_SIGBUS, 1);
}

static int set_no_fault(struct mockgpu_bo *bo)
{
	return mockgpu_bo_set_fault(bo, MOCKGPU_FAULT_SINGLE, 0);
}

static int set_caching(struct mockgpu_bo *bo)
{
	return mockgpu_bo_set_caching(bo, MOCKGPU_CACHING_WC);
}

static int pin(struct mockgpu_bo *bo)
{
	return mockgpu_bo_pin(bo, MOCKGPU_PIN);
}

static int unpin(struct mockgpu_bo *bo)
{
	return mockgpu_bo_pin(bo, MOCKGPU_UNPIN);
}

static int revoke_it(struct mockgpu_bo *bo)
{
	return mockgpu_bo_revoke(bo);
}

struct operation {
	const char *name;
	int (*run)(struct mockgpu_bo *bo);
};

static const struct operation makers[] = {
	{ "SET_FAULT", set_fault }, { "SET_FAULT back", set_no_fault },
	{ "SET_CACHING", set_caching }, { "PIN", pin }, { "UNPIN", unpin },
	{ "REVOKE", revoke_it },
};

static int query(struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_query query;

	return mockgpu_bo_query(bo, &query);
}

static int zap(struct mockgpu_bo *bo)
{
	return mockgpu_bo_zap(bo);
}

static int move_vram(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_VRAM, 0);
}

static int move_new(struct mockgpu_bo *bo)
{
	return mockgpu_bo_move(bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int swapout(struct mockgpu_bo *bo)
{
	return mockgpu_bo_swapout(bo);
}

static const struct operation everybodys[] = {
	{ "QUERY", query }, { "ZAP", zap }, { "MOVE to VRAM", move_vram },
	{ "MOVE to new pages", move_new }, { "SWAPOUT", swapout },
};

/*
 * @client: another opening of the device
 * @shared: the buffer of the driver's opening, in @client
 */
FIXTURE(share) {
	struct driver driver;
	struct mockgpu_bo bo;
	int dmabuf;
	int client;
	struct mockgpu_bo shared;
};

FIXTURE_SETUP(share)
{
	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 0, 0,
				       PAGES * self->driver.page, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, self->bo.size, 1);
	self->dmabuf = mockgpu_bo_export(&self->bo);
	ASSERT_LE(0, self->dmabuf);
	self->client = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, mockgpu_bo_import(self->client, self->dmabuf, &self->shared));
}

FIXTURE_TEARDOWN(share)
{
	EXPECT_EQ(0, seteuid(0));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->shared));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, close(self->client));
	EXPECT_EQ(0, close(self->dmabuf));
	driver_teardown(_metadata, &self->driver);
}

static void expect_all(struct __test_metadata *_metadata, const struct operation *operation,
		       size_t count, struct mockgpu_bo *bo, uid_t uid, int wanted)
{
	size_t i;

	/* seteuid() away from 0 clears the effective capabilities. */
	ASSERT_EQ(0, seteuid(uid));
	for (i = 0; i < count; i++) {
		EXPECT_EQ(wanted, operation[i].run(bo))
			TH_LOG("%s", operation[i].name);
	}
	ASSERT_EQ(0, seteuid(0));
}

TEST_F(share, a_recipient_cannot_take_it_from_the_others)
{
	expect_all(_metadata, makers, ARRAY_SIZE(makers), &self->shared, NOBODY, -EPERM);
	/* And nothing has happened. */
	ASSERT_EQ(0, mockgpu_bo_zap(&self->bo));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
	EXPECT_EQ(0, bo_query(_metadata, &self->bo).state);
	EXPECT_EQ(MOCKGPU_CACHING_CACHED, bo_query(_metadata, &self->bo).caching);
}

TEST_F(share, a_recipient_uses_it_as_its_own)
{
	struct mockgpu_bo own;

	ASSERT_EQ(0, mockgpu_bo_map(&self->shared, NULL));
	expect_all(_metadata, everybodys, ARRAY_SIZE(everybodys), &self->shared, NOBODY, 0);
	EXPECT_EQ(0, pattern_differences(self->shared.map, self->shared.size, 1));
	ASSERT_EQ(0, mockgpu_bo_create(self->client, MOCKGPU_KIND_TTM, 0, 0, self->bo.size, &own));
	ASSERT_EQ(0, mockgpu_bo_map(&own, NULL));
	pattern_fill(own.map, own.size, 2);
	ASSERT_EQ(0, mockgpu_bo_copy(&self->shared, 0, &own, 0, own.size));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 2));
	EXPECT_EQ(0, mockgpu_bo_destroy(&own));
}

TEST_F(share, its_maker_may_do_all)
{
	expect_all(_metadata, makers, ARRAY_SIZE(makers), &self->bo, NOBODY, 0);
	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 0));
}

TEST_F(share, its_maker_may_do_all_to_what_comes_back)
{
	struct mockgpu_bo back;

	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->dmabuf, &back));
	expect_all(_metadata, makers, ARRAY_SIZE(makers), &back, NOBODY, 0);
	EXPECT_EQ(0, mockgpu_bo_destroy(&back));
}

TEST_F(share, root_may_do_all)
{
	expect_all(_metadata, makers, ARRAY_SIZE(makers), &self->shared, 0, 0);
	EXPECT_EQ(SIGBUS, pattern_touch(self->bo.map, 0));
}

/* A file that is closed has no heir, wherever the kernel puts the next one. */
TEST_F(share, nobody_inherits_from_the_maker)
{
	struct mockgpu_bo bo, other;
	int maker, client, dmabuf, i;

	for (i = 0; i < 20; i++) {
		maker = mockgpu_open(NULL, 0);
		ASSERT_LE(0, maker);
		ASSERT_EQ(0, mockgpu_bo_create(maker, 0, 0, 0, self->driver.page, &bo));
		dmabuf = mockgpu_bo_export(&bo);
		ASSERT_LE(0, dmabuf);
		ASSERT_EQ(0, close(maker));
		client = mockgpu_open(NULL, 0);
		ASSERT_LE(0, client);
		ASSERT_EQ(0, mockgpu_bo_import(client, dmabuf, &other));
		expect_all(_metadata, makers, ARRAY_SIZE(makers), &other, NOBODY, -EPERM);
		EXPECT_EQ(0, close(client));
		EXPECT_EQ(0, close(dmabuf));
	}
}

/*
 * @driver: of the first device
 * @client: who is handed the dma-buf
 * @bo: a buffer of the first device, exported for reading as @dmabuf
 * @import: that in @client
 * @own: a buffer of @client
 */
FIXTURE(for_reading) {
	struct driver driver;
	int client;
	struct mockgpu_bo bo;
	int dmabuf;
	struct mockgpu_bo import;
	struct mockgpu_bo own;
};

FIXTURE_VARIANT(for_reading) {
	int (*open)(void);
};

static int open_again(void)
{
	return mockgpu_open(NULL, 0);
}

FIXTURE_VARIANT_ADD(for_reading, on_the_same_device) {
	.open = open_again,
};

FIXTURE_VARIANT_ADD(for_reading, on_another_device) {
	.open = mockgpu_open_peer,
};

FIXTURE_SETUP(for_reading)
{
	const size_t size = PAGES * getpagesize();

	if (!module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module to load with devices=2");
	ASSERT_EQ(0, module_want("devices=2"));
	driver_setup(_metadata, &self->driver);
	self->client = variant->open();
	ASSERT_LE(0, self->client);
	ASSERT_EQ(0, mockgpu_bo_create(self->driver.fd, MOCKGPU_KIND_NONCOMPOUND, 2, 0, size,
				       &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	pattern_fill(self->bo.map, size, 1);
	ASSERT_EQ(0, drmPrimeHandleToFD(self->bo.fd, self->bo.handle, DRM_CLOEXEC,
					&self->dmabuf));
	ASSERT_EQ(0, mockgpu_bo_import(self->client, self->dmabuf, &self->import));
	ASSERT_EQ(0, mockgpu_bo_create(self->client, MOCKGPU_KIND_TTM, 0, 0, size, &self->own));
	ASSERT_EQ(0, mockgpu_bo_map(&self->own, NULL));
}

FIXTURE_TEARDOWN(for_reading)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->own));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->import));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, close(self->dmabuf));
	EXPECT_EQ(0, close(self->client));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(for_reading, it_is_imported_and_not_ours_to_change)
{
	EXPECT_EQ(MOCKGPU_KIND_IMPORT, self->import.kind);
	EXPECT_EQ(self->bo.size, self->import.size);
	EXPECT_EQ(-EINVAL, mockgpu_bo_revoke(&self->import));
	EXPECT_EQ(-EINVAL, set_fault(&self->import));
	EXPECT_EQ(-EINVAL, pin(&self->import));
	EXPECT_EQ(-EINVAL, move_vram(&self->import));
	EXPECT_EQ(0, pattern_differences(self->bo.map, self->bo.size, 1));
}

TEST_F(for_reading, the_exporter_has_its_own_handle)
{
	struct mockgpu_bo again;

	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, self->dmabuf, &again));
	EXPECT_EQ(self->bo.handle, again.handle);
}

TEST_F(for_reading, it_cannot_be_mapped_for_writing)
{
	const size_t size = self->bo.size;
	uint64_t offset;
	char byte = 0x5a;
	void *map;
	int mem;

	ASSERT_EQ(0, mockgpu_bo_offset(&self->import, &offset));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
				   self->client, offset));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, size, PROT_WRITE, MAP_SHARED, self->client, offset));
	EXPECT_EQ(EACCES, errno);
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, self->client, offset);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, pattern_differences(map, size, 1));
	EXPECT_EQ(-1, mprotect(map, size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, mem);
	EXPECT_GT(1, pwrite(mem, &byte, 1, (uintptr_t)map));
	EXPECT_EQ(0, close(mem));
	EXPECT_EQ(0, munmap(map, size));
	EXPECT_EQ(0, pattern_differences(self->bo.map, size, 1));
}

TEST_F(for_reading, the_device_reads_it_but_does_not_write)
{
	const size_t size = self->bo.size;

	EXPECT_EQ(0, mockgpu_bo_copy(&self->own, 0, &self->import, 0, size));
	EXPECT_EQ(0, pattern_differences(self->own.map, size, 1));
	pattern_fill(self->own.map, size, 2);
	EXPECT_EQ(-EACCES, mockgpu_bo_copy(&self->import, 0, &self->own, 0, size));
	EXPECT_EQ(0, pattern_differences(self->bo.map, size, 1));
}

/* The importer shares the exporter's lock and device, which must not mix anything up. */
TEST_F(for_reading, it_follows_every_move)
{
	static int (*const moves[])(struct mockgpu_bo *bo) = {
		move_new, move_vram, swapout, move_new, move_vram, move_new,
	};
	const size_t size = self->bo.size;
	struct mockgpu_buffer buffers[3];
	uint64_t offset;
	void *map;
	size_t i;

	ASSERT_EQ(0, mockgpu_bo_offset(&self->import, &offset));
	map = mmap(NULL, size, PROT_READ, MAP_SHARED, self->client, offset);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		pattern_fill(self->bo.map, size, 10 + i);
		EXPECT_EQ(0, mockgpu_bo_copy(&self->own, 0, &self->import, 0, size));
		EXPECT_EQ(0, pattern_differences(self->own.map, size, 10 + i));
		ASSERT_LE(1, mockgpu_buffers_get(self->driver.fd, buffers, ARRAY_SIZE(buffers)));
		/* Where the kernel does not tell importers, it has pinned the buffer. */
		EXPECT_EQ(buffers[0].pins ? -EBUSY : 0, moves[i](&self->bo));
		EXPECT_EQ(0, pattern_differences(map, size, 10 + i));
	}
	EXPECT_EQ(0, munmap(map, size));
}

int main(int argc, char **argv)
{
	return driver_run(argc, argv);
}
