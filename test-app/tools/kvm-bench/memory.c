// SPDX-License-Identifier: GPL-2.0-only
/* The memory that is compared. */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/memfd.h>

#include "behaviour.h"
#include "buffer.h"
#include "hostmap.h"
#include "kvm_bench.h"

/* Order of 2 MiB with 4 KiB pages. */
#define KVM_BENCH_ORDER 9

const struct kvm_bench_source kvm_bench_sources[KVM_BENCH_SOURCES_MAX] = {
	[KVM_BENCH_MEMFD_HUGE] = {
		.name = "memfd-huge", .what = "a memfd with huge pages of 2 MiB (hugetlb)",
		.memfd = true, .flags = MFD_HUGETLB | MFD_HUGE_2MB,
	},
	[KVM_BENCH_MEMFD] = {
		.name = "memfd", .what = "a memfd with pages of 4 KiB", .memfd = true,
	},
	[KVM_BENCH_SPLIT] = {
		.name = "split", .what = "VM_PFNMAP, pages with a reference count, 4 KiB entries",
		.kind = MOCKGPU_KIND_SPLIT, .order = KVM_BENCH_ORDER,
		.fault_mode = MOCKGPU_FAULT_PREFAULT,
	},
	[KVM_BENCH_TTM] = {
		.name = "ttm", .what = "VM_PFNMAP, pages of TTM's pool, 4 KiB entries",
		.kind = MOCKGPU_KIND_TTM, .fault_mode = MOCKGPU_FAULT_PREFAULT,
	},
	[KVM_BENCH_NONCOMPOUND_HUGE] = {
		.name = "noncompound-huge", .what = "VM_PFNMAP, blocks of 2 MiB, 2 MiB entries",
		.kind = MOCKGPU_KIND_NONCOMPOUND, .order = KVM_BENCH_ORDER,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	},
};

static int memory_map_memfd(const struct kvm_bench_source *source,
			    struct kvm_bench_memory *memory)
{
	memory->fd = memfd_create("mockgpu-kvm-bench", MFD_CLOEXEC | source->flags);
	if (memory->fd < 0 || ftruncate(memory->fd, memory->size) ||
	    mmap(memory->map, memory->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 memory->fd, 0) == MAP_FAILED)
		return -errno;
	return 0;
}

static int memory_map_bo(int drm, const struct kvm_bench_source *source,
			 struct kvm_bench_memory *memory)
{
	const struct drm_mockgpu_bo_create want = {
		.size = memory->size, .kind = source->kind, .order = source->order,
		.fault_mode = source->fault_mode,
	};
	int ret;

	if (behaviour_unsafe_buffer(&want))
		return -EOPNOTSUPP;
	ret = vm_buffer_make(drm, &want, &memory->bo);
	return ret ? ret : mockgpu_bo_map(&memory->bo, memory->map);
}

/**
 * kvm_bench_memory_make() - get memory
 * @drm: from mockgpu_open()
 * @source: from where
 * @size: bytes, whole pages of the source
 * @memory: out; undo with kvm_bench_memory_free()
 *
 * Return: see above; -EOPNOTSUPP for memory that no guest may be given here.
 */
int kvm_bench_memory_make(int drm, const struct kvm_bench_source *source, uint64_t size,
			  struct kvm_bench_memory *memory)
{
	int ret;

	*memory = (struct kvm_bench_memory){ .fd = -1, .size = size };
	memory->map = hostmap_reserve(size);
	if (!memory->map)
		return -ENOMEM;
	ret = source->memfd ? memory_map_memfd(source, memory) :
			      memory_map_bo(drm, source, memory);
	if (ret)
		kvm_bench_memory_free(memory);
	return ret;
}

/** kvm_bench_memory_populate() - write to each page, so that this process has it mapped */
void kvm_bench_memory_populate(const struct kvm_bench_memory *memory)
{
	uint64_t at;

	for (at = 0; at < memory->size; at += GUEST_PAGE_SIZE)
		((volatile char *)memory->map)[at] = 1;
}

/**
 * kvm_bench_memory_zap() - take the page table entries away, here and from guests
 * @memory: the memory, which keeps its pages
 *
 * What a driver does when a buffer moves, and for a memfd what comes closest to it.
 *
 * Return: see above.
 */
int kvm_bench_memory_zap(const struct kvm_bench_memory *memory)
{
	if (memory->fd < 0)
		return mockgpu_bo_zap(&memory->bo);
	return madvise(memory->map, memory->size, MADV_DONTNEED) ? -errno : 0;
}

/** kvm_bench_memory_free() - give the memory back */
void kvm_bench_memory_free(struct kvm_bench_memory *memory)
{
	mockgpu_bo_destroy(&memory->bo);
	if (memory->map)
		munmap(memory->map, memory->size);
	if (memory->fd >= 0)
		close(memory->fd);
	*memory = (struct kvm_bench_memory){ .fd = -1 };
}
