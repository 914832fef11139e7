// SPDX-License-Identifier: GPL-2.0-only
/* What the probe reports about a mapping, on memory with a known state. */

#include "kselftest_harness.h"

#include "hostmap.h"
#include "mockgpu.h"

#define TEST_SIZE 0x4000

FIXTURE(hostmap) {
	char *memory;
	char flags[128];
};

FIXTURE_SETUP(hostmap)
{
	self->memory = mmap(NULL, TEST_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
}

FIXTURE_TEARDOWN(hostmap)
{
	munmap(self->memory, TEST_SIZE);
}

TEST_F(hostmap, an_entry_comes_with_the_first_touch)
{
	EXPECT_FALSE(hostmap_is_present(self->memory));
	EXPECT_TRUE(hostmap_is_present(self->memory));
	ASSERT_EQ(0, madvise(self->memory, TEST_SIZE, MADV_DONTNEED));
	EXPECT_FALSE(hostmap_is_present(self->memory));
}

TEST_F(hostmap, flags_are_those_of_the_vma)
{
	ASSERT_EQ(0, hostmap_vma_flags(self->memory + TEST_SIZE - 1, self->flags,
				       sizeof(self->flags)));
	EXPECT_EQ(0, strncmp(self->flags, "rd wr ", 6));
	ASSERT_EQ(0, mprotect(self->memory, TEST_SIZE, PROT_READ));
	ASSERT_EQ(0, hostmap_vma_flags(self->memory, self->flags, sizeof(self->flags)));
	EXPECT_EQ(0, strncmp(self->flags, "rd mr ", 6));
	ASSERT_EQ(0, munmap(self->memory, TEST_SIZE));
	EXPECT_EQ(-ENOENT, hostmap_vma_flags(self->memory, self->flags, sizeof(self->flags)));
}

TEST_F(hostmap, a_zapped_buffer_has_no_entry)
{
	struct mockgpu_bo bo;
	char why[256];
	int drm;

	drm = mockgpu_open(why, sizeof(why));
	if (drm < 0)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, mockgpu_bo_create(drm, MOCKGPU_KIND_NONCOMPOUND, 0,
				       MOCKGPU_CACHING_CACHED, TEST_SIZE, &bo));
	ASSERT_EQ(0, mockgpu_bo_map(&bo, NULL));
	EXPECT_FALSE(hostmap_is_present(bo.map));
	EXPECT_TRUE(hostmap_is_present(bo.map));
	ASSERT_EQ(0, mockgpu_bo_zap(&bo));
	EXPECT_FALSE(hostmap_is_present(bo.map));
	ASSERT_EQ(0, hostmap_vma_flags(bo.map, self->flags, sizeof(self->flags)));
	EXPECT_NE(NULL, strstr(self->flags, " pf io "));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	close(drm);
}

TEST_HARNESS_MAIN
