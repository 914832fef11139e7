/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for the driver's tests: a client of the render node, and the check after each
 * test that the driver holds what it held before and that the kernel did not complain.
 * Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_DRIVER_H
#define MOCKGPU_TEST_DRIVER_H

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arch.h"
#include "clock.h"
#include "debugfs.h"
#include "mockgpu.h"
#include "quiet.h"

/**
 * struct driver - the state of a test
 * @fd: the render node
 * @page: page size in bytes
 * @kmsg: from quiet_begin()
 * @before: what the driver held
 * @delay: what driver_move_delay() has set
 */
struct driver {
	int fd;
	size_t page;
	int kmsg;
	struct mockgpu_usage before;
	unsigned long delay;
};

/* Read or write one byte of a mapping, for real and right here. */
static inline char peek(const void *at)
{
	return __atomic_load_n((const char *)at, __ATOMIC_RELAXED);
}

static inline void poke(void *at, char value)
{
	__atomic_store_n((char *)at, value, __ATOMIC_RELAXED);
}

static inline void driver_setup(struct __test_metadata *_metadata, struct driver *driver)
{
	char why[256];

	driver->page = getpagesize();
	driver->kmsg = quiet_begin(_metadata);
	driver->fd = mockgpu_open(why, sizeof(why));
	ASSERT_LE(0, driver->fd)
		TH_LOG("%s", why);
	ASSERT_EQ(0, mockgpu_usage_get(driver->fd, &driver->before));
}

/* Until the end of the test a move takes that many microseconds, or none. */
static inline void driver_move_delay(struct __test_metadata *_metadata, struct driver *driver,
				     unsigned long delay)
{
	driver->delay = delay;
	ASSERT_EQ(0, mockgpu_move_delay_set(delay));
}

/* What the driver holds now. */
static inline struct mockgpu_usage driver_usage(struct __test_metadata *_metadata, int fd)
{
	struct mockgpu_usage usage = {};

	EXPECT_EQ(0, mockgpu_usage_get(fd, &usage));
	return usage;
}

/*
 * Whether VRAM can have large entries: off x86 their type is that of the VMA, which is cached, so a
 * BAR has none, and takes a fault for each page.
 */
static inline bool driver_has_large_vram(struct __test_metadata *_metadata, int fd)
{
	uint64_t caching = 0;

	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_CACHING, &caching));
	return ARCH_KEEPS_TYPES || caching == MOCKGPU_CACHING_CACHED;
}

/* Let the engine go on that mockgpu_hold() holds. */
static inline void engine_release(struct __test_metadata *_metadata, int *hold)
{
	EXPECT_EQ(0, close(*hold));
	*hold = -1;
}

/* TTM may free from a workqueue: it gets a second. Return: 0 or -errno. */
static inline int driver_usage_settle(int fd, const struct mockgpu_usage *wanted,
				      struct mockgpu_usage *usage)
{
	int tries, ret = 0;

	for (tries = 0; tries < 100; tries++) {
		ret = mockgpu_usage_get(fd, usage);
		if (ret)
			break;
		if (usage->buffers == wanted->buffers && usage->pages == wanted->pages)
			break;
		clock_pause(10);
	}
	return ret;
}

static inline void driver_expect_usage(struct __test_metadata *_metadata,
				       const struct driver *driver,
				       uint64_t buffers, uint64_t pages)
{
	struct mockgpu_usage usage = {};
	const struct mockgpu_usage wanted = {
		.buffers = driver->before.buffers + buffers,
		.pages = driver->before.pages + pages,
	};

	EXPECT_EQ(0, driver_usage_settle(driver->fd, &wanted, &usage));
	EXPECT_EQ(wanted.buffers, usage.buffers);
	EXPECT_EQ(wanted.pages, usage.pages);
}

static inline void driver_expect_quiet(struct __test_metadata *_metadata,
				       const struct driver *driver)
{
	quiet_check(_metadata, driver->kmsg);
}

/* The end of a test, whose buffers are destroyed and whose mappings are gone. */
static inline void driver_teardown(struct __test_metadata *_metadata, struct driver *driver)
{
	struct mockgpu_usage usage = {};

	if (driver->delay) {
		EXPECT_EQ(0, mockgpu_wait_idle(driver->fd));
		driver_move_delay(_metadata, driver, 0);
	}
	driver_expect_usage(_metadata, driver, 0, 0);
	EXPECT_EQ(0, mockgpu_usage_get(driver->fd, &usage));
	EXPECT_EQ(driver->before.populated, usage.populated);
	EXPECT_EQ(driver->before.backable, usage.backable);
	EXPECT_EQ(driver->before.purgeable, usage.purgeable);
	EXPECT_EQ(driver->before.vram, usage.vram);
	driver_expect_quiet(_metadata, driver);
	EXPECT_EQ(0, close(driver->fd));
	EXPECT_EQ(0, close(driver->kmsg));
}

/**
 * driver_run - main() of a program of driver tests
 * @argc: of main()
 * @argv: of main()
 *
 * Return: as test_harness_run(); skips the whole program if there is no driver to test.
 */
static inline int driver_run(int argc, char **argv)
{
	struct mockgpu_usage usage;
	char why[256];
	int fd, ret;

	fd = mockgpu_open(why, sizeof(why));
	if (fd < 0)
		ksft_exit_skip("%s\n", why);
	ret = mockgpu_usage_get(fd, &usage);
	close(fd);
	if (ret)
		ksft_exit_skip("no debugfs of mockgpu (%s): mount debugfs, run as root\n",
			       strerror(-ret));
	return test_harness_run(argc, argv);
}

#endif /* MOCKGPU_TEST_DRIVER_H */
