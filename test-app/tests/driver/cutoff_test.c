// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM in RAM that was cut off from the kernel (module parameter vram=cutoff): what its pages
 * are, and which addresses are refused. What all VRAM has in common, other programs test on it
 * too: the rows of lab/plan that end in -cutoff.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "cutoff.h"
#include "driver.h"
#include "numbers.h"
#include "reload_fixture.h"

#define PAGES 16
#define SIZE (64ull << 20)

static uint64_t base;

FIXTURE(cutoff) {
	struct driver driver;
	struct mockgpu_bo bo;
};

/* What loads it, with more parameters. */
static const char *with(const char *more)
{
	static char parameters[200];

	snprintf(parameters, sizeof(parameters), "vram=cutoff vram_base=%#llx %s",
		 (unsigned long long)base, more);
	return parameters;
}

static void make(struct __test_metadata *_metadata, int fd, struct mockgpu_bo *bo)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES * (uint64_t)getpagesize(), .placement = MOCKGPU_PLACEMENT_VRAM,
	};

	ASSERT_EQ(0, mockgpu_bo_make(fd, &want, bo));
	ASSERT_EQ(0, mockgpu_bo_map(bo, NULL));
}

FIXTURE_SETUP(cutoff)
{
	ASSERT_EQ(0, module_want(with("")));
	driver_setup(_metadata, &self->driver);
	make(_metadata, self->driver.fd, &self->bo);
}

FIXTURE_TEARDOWN(cutoff)
{
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(cutoff, its_pages_have_numbers_and_nothing_else)
{
	uint64_t source = 0, caching = 0;

	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_SOURCE, &source));
	EXPECT_EQ(MOCKGPU_VRAM_CUTOFF, source);
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_CACHING, &caching));
	EXPECT_EQ(MOCKGPU_CACHING_WC, caching);
	numbers_only(_metadata, self->driver.fd, &self->bo, base, base + SIZE - 1);
}

TEST_F(cutoff, a_new_buffer_is_zero)
{
	const uint64_t pfn = numbers_leave(_metadata, &self->bo);

	ASSERT_EQ(0, mockgpu_bo_destroy(&self->bo));
	make(_metadata, self->driver.fd, &self->bo);
	numbers_are_clean(_metadata, &self->bo, pfn);
}

TEST_F(load, parameters_that_make_no_sense)
{
	reload_refused(_metadata, -EINVAL, "vram=cutoff");
	reload_refused(_metadata, -EINVAL, "vram=ram vram_base=0x20000000");
	reload_refused(_metadata, -EINVAL, "vram=cutoff vram_base=0x20001000");
	reload_refused(_metadata, -EINVAL, "devices=2 vram=cutoff,cutoff vram_base=0x20000000");
	reload_refused(_metadata, -EINVAL, with("bar_pages=generic"));
	reload_refused(_metadata, -EINVAL, with("memory_failure=Y"));
	reload_refused(_metadata, -EINVAL, with("vram_size=2097153"));
}

/* The first address of the last resource in /proc/iomem that has the name, 0 if none has. */
static uint64_t resource(struct __test_metadata *_metadata, const char *name)
{
	FILE *file = fopen("/proc/iomem", "re");
	uint64_t last = 0;
	char line[200];

	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, name))
			last = strtoull(line, NULL, 16);
	fclose(file);
	return last;
}

/* RAM of the kernel, a region of a driver, nothing at all, and no address. */
TEST_F(load, what_is_not_the_users_to_give)
{
	/* The region of the driver of PCI's configuration space: its name has changed. */
	const uint64_t ecam = resource(_metadata, "ECAM") ?: resource(_metadata, "MMCONFIG");
	char parameters[100];

	ASSERT_NE(0, ecam);
	snprintf(parameters, sizeof(parameters), "vram=cutoff vram_size=2097152 vram_base=%#llx",
		 (unsigned long long)(resource(_metadata, "System RAM") + 0x1fffff) & ~0x1fffffull);
	reload_refused(_metadata, -EBUSY, parameters);
	snprintf(parameters, sizeof(parameters), "vram=cutoff vram_size=2097152 vram_base=%#llx",
		 (unsigned long long)ecam & ~0x1fffffull);
	reload_refused(_metadata, -EBUSY, parameters);
	reload_refused(_metadata, -EIO, "vram=cutoff vram_base=0x6000000000");
	reload_refused(_metadata, -EBUSY, "vram=cutoff vram_base=0xffffffffffe00000");
	snprintf(parameters, sizeof(parameters), "vram=cutoff vram_size=268435456 vram_base=%#llx",
		 (unsigned long long)base);
	reload_refused(_metadata, ARCH_KEEPS_TYPES ? -EBUSY : -EIO, parameters);
	EXPECT_EQ(0, module_load(with("")));
}

TEST_F(load, each_step_fails)
{
	EXPECT_LE(12, reload_steps(_metadata, with("vram_size=4194304")));
}

TEST_F(load, the_other_device_has_a_carve_out)
{
	uint64_t first = 0, second = 0;
	int fd, peer;

	ASSERT_EQ(0, module_load(with("devices=2")));
	fd = mockgpu_open(NULL, 0);
	peer = mockgpu_open_peer();
	ASSERT_LE(0, fd);
	ASSERT_LE(0, peer);
	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_SOURCE, &first));
	EXPECT_EQ(0, mockgpu_get_param(peer, MOCKGPU_PARAM_VRAM_SOURCE, &second));
	EXPECT_EQ(MOCKGPU_VRAM_CUTOFF, first);
	EXPECT_EQ(MOCKGPU_VRAM_RAM, second);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, close(peer));
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load\n");
	base = cutoff_base();
	if (!base)
		ksft_exit_skip("no RAM is cut off from this kernel (lab.cutoff=)\n");
	return driver_run(argc, argv);
}
