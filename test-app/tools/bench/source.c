// SPDX-License-Identifier: GPL-2.0-only
/* The sources of memory that are compared. */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/memfd.h>

#include "bench.h"
#include "exporter.h"

/* Order of 2 MiB with 4 KiB pages. */
#define BENCH_ORDER 9

static int bench_make_bo(int drm, struct bench_buffer *buffer,
			 const struct drm_mockgpu_bo_create *want)
{
	int ret = mockgpu_bo_make(drm, want, &buffer->bo);

	if (ret)
		return ret;
	ret = mockgpu_bo_map(&buffer->bo, NULL);
	buffer->map = buffer->bo.map;
	if (ret)
		mockgpu_bo_destroy(&buffer->bo);
	return ret;
}

static int bench_make_ttm(int drm, struct bench_buffer *buffer)
{
	return bench_make_bo(drm, buffer, &(struct drm_mockgpu_bo_create) {
		.size = buffer->size,
		.kind = MOCKGPU_KIND_TTM,
		.fault_mode = MOCKGPU_FAULT_PREFAULT,
	});
}

static int bench_make_noncompound(int drm, struct bench_buffer *buffer)
{
	return bench_make_bo(drm, buffer, &(struct drm_mockgpu_bo_create) {
		.size = buffer->size,
		.kind = MOCKGPU_KIND_NONCOMPOUND,
		.order = BENCH_ORDER,
		.fault_mode = MOCKGPU_FAULT_PREFAULT,
	});
}

static int bench_make_huge(int drm, struct bench_buffer *buffer)
{
	return bench_make_bo(drm, buffer, &(struct drm_mockgpu_bo_create) {
		.size = buffer->size,
		.kind = MOCKGPU_KIND_NONCOMPOUND,
		.order = BENCH_ORDER,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	});
}

/* @fd is a file, or the -errno of opening it. */
static int bench_map(struct bench_buffer *buffer, int fd)
{
	int ret;

	if (fd < 0)
		return fd;
	buffer->fd = fd;
	buffer->map = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (buffer->map != MAP_FAILED)
		return 0;
	ret = -errno;
	close(fd);
	return ret;
}

static int bench_make_udmabuf(int drm, struct bench_buffer *buffer)
{
	(void)drm;
	return bench_map(buffer, exporter_udmabuf(buffer->size));
}

static int bench_make_heap(int drm, struct bench_buffer *buffer)
{
	(void)drm;
	return bench_map(buffer, exporter_heap(buffer->size));
}

/* The only source that allocates its pages on touch. */
static int bench_make_memfd(int drm, struct bench_buffer *buffer)
{
	int fd = memfd_create("mockgpu-bench", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	int ret;

	(void)drm;
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, buffer->size)) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return bench_map(buffer, fd);
}

const struct bench_source bench_sources[] = {
	{ "ttm", "pages of TTM's pool, 64 KiB mapped per fault", true, bench_make_ttm },
	{ "noncompound", "blocks of 2 MiB, 64 KiB mapped per fault", true, bench_make_noncompound },
	{ "noncompound-huge", "blocks of 2 MiB, 2 MiB mapped per fault", true, bench_make_huge },
	{ "udmabuf", "udmabuf over a memfd", false, bench_make_udmabuf },
	{ "heap", "the dma-buf system heap", false, bench_make_heap },
	{ "memfd-huge", "a memfd with huge pages of 2 MiB", false, bench_make_memfd },
};

const unsigned int bench_source_count = ARRAY_SIZE(bench_sources);
_Static_assert(ARRAY_SIZE(bench_sources) <= BENCH_SOURCES_MAX, "BENCH_SOURCES_MAX in bench.h");
