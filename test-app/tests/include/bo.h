/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests of one mapped buffer: its state, its pages, and whether the mapping
 * shows them, here and in a child. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_BO_H
#define MOCKGPU_TEST_BO_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch.h"
#include "driver.h"
#include "mockgpu.h"
#include "pattern.h"

static inline struct drm_mockgpu_bo_query bo_query(struct __test_metadata *_metadata,
						   const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_bo_query query = {};

	EXPECT_EQ(0, mockgpu_bo_query(bo, &query));
	return query;
}

/* Where a buffer is, and its MOCKGPU_BO_* bits. */
static inline void bo_expect_at(struct __test_metadata *_metadata, const struct mockgpu_bo *bo,
				uint32_t placement, uint32_t state)
{
	const struct drm_mockgpu_bo_query query = bo_query(_metadata, bo);

	EXPECT_EQ(placement, query.placement);
	EXPECT_EQ(state, query.state);
}

static inline size_t bo_npages(const struct mockgpu_bo *bo)
{
	return bo->size / getpagesize();
}

/* Tell whether VRAM has struct pages: a carve-out has them, a PCI BAR has not. */
static inline bool bo_vram_has_pages(struct __test_metadata *_metadata, int fd)
{
	uint64_t source = MOCKGPU_VRAM_NONE;

	EXPECT_EQ(0, mockgpu_get_param(fd, MOCKGPU_PARAM_VRAM_SOURCE, &source));
	return source == MOCKGPU_VRAM_RAM;
}

/* All pages of @bo, to be freed with free(). */
static inline struct drm_mockgpu_page *bo_pages(struct __test_metadata *_metadata,
						const struct mockgpu_bo *bo)
{
	size_t npages = bo_npages(bo);
	struct drm_mockgpu_page *pages = calloc(npages, sizeof(*pages));

	ASSERT_NE(NULL, pages);
	EXPECT_EQ(npages, mockgpu_bo_pages(bo, 0, npages, pages));
	return pages;
}

/* Count the pages of the mapping without a page table entry; now all have one. */
static inline size_t bo_missing(struct __test_metadata *_metadata,
				const struct mockgpu_bo *bo)
{
	uint64_t before = bo_query(_metadata, bo).faults;
	size_t i;

	for (i = 0; i < bo_npages(bo); i++)
		peek((char *)bo->map + i * getpagesize());
	return bo_query(_metadata, bo).faults - before;
}

/* What a test skips with where bo_has_access() fails. */
#define BO_NO_ACCESS "this kernel gives a debugger no access to a driver's memory"

/* Tell whether /proc/PID/mem reaches a mapping of @bo, which has to be in order. */
static inline bool bo_has_access(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	uint64_t word;
	ssize_t got;
	int mem;

	if (ARCH_GIVES_ACCESS)
		return true;
	mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, mem);
	got = pread(mem, &word, sizeof(word), (uintptr_t)bo->map);
	if (got < 0)
		ASSERT_EQ(EIO, errno);
	ASSERT_EQ(0, close(mem));
	return got >= 0;
}

/*
 * Count the words of @bo's pages, as the kernel finds them, that are not what pattern_fill()
 * wrote to the mapping: 0 when the mapping shows these very pages. A debugger's access goes
 * through the driver, not through the page table. Without such an access nothing is compared.
 */
static inline size_t bo_elsewhere(struct __test_metadata *_metadata,
				  const struct mockgpu_bo *bo, uint64_t seed)
{
	void *copy;
	size_t wrong;
	int mem;

	if (!bo_has_access(_metadata, bo))
		return 0;
	copy = malloc(bo->size);
	mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ASSERT_NE(NULL, copy);
	ASSERT_LE(0, mem);
	EXPECT_EQ(bo->size, pread(mem, copy, bo->size, (uintptr_t)bo->map));
	wrong = pattern_differences(copy, bo->size, seed);
	EXPECT_EQ(0, close(mem));
	free(copy);
	return wrong;
}

static inline int bo_compare_pfn(const void *a, const void *b)
{
	const struct drm_mockgpu_page *left = a, *right = b;

	return (left->pfn > right->pfn) - (left->pfn < right->pfn);
}

/* Count the page frame numbers in both lists of @npages; sorts @before. */
static inline size_t bo_common(struct drm_mockgpu_page *before,
			       const struct drm_mockgpu_page *after, size_t npages)
{
	size_t i, count = 0;

	qsort(before, npages, sizeof(*before), bo_compare_pfn);
	for (i = 0; i < npages; i++)
		count += !!bsearch(&after[i], before, npages, sizeof(*before), bo_compare_pfn);
	return count;
}

/*
 * A child that has all of @bo mapped, with the pattern of seed 1, must find there what
 * @expected says after @change was called here.
 */
static inline void bo_expect_in_child(struct __test_metadata *_metadata,
				      const struct mockgpu_bo *bo,
				      int (*change)(const struct mockgpu_bo *bo),
				      bool (*expected)(const struct mockgpu_bo *bo))
{
	int to_child[2], from_child[2], status;
	char byte = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(to_child));
	ASSERT_EQ(0, pipe(from_child));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (pattern_differences(bo->map, bo->size, 1) ||
		    write(from_child[1], &byte, 1) != 1 || read(to_child[0], &byte, 1) != 1)
			_exit(1);
		_exit(expected(bo) ? 0 : 2);
	}
	ASSERT_EQ(1, read(from_child[0], &byte, 1));
	ASSERT_EQ(0, change(bo));
	ASSERT_EQ(1, write(to_child[1], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, close(to_child[0]) | close(to_child[1]));
	EXPECT_EQ(0, close(from_child[0]) | close(from_child[1]));
}

#endif /* MOCKGPU_TEST_BO_H */
