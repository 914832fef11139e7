// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody looks at the VMM with top, a monitoring agent or a debugger while its vCPUs run in a
 * driver's buffer: /proc/PID/numa_maps, smaps, pagemap and clear_refs walk the page table and
 * meet 4 KiB and 2 MiB entries of VM_PFNMAP memory (mm/pagewalk.c, fs/proc/task_mmu.c), while the
 * driver zaps them and vCPUs bring them back. Seen by users as a kernel BUG with 1 GiB entries of
 * a vfio BAR: "Avoid pagewalk hugepage-split race with VFIO DMA set", Max Boone, 9 March 2026.
 */

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "live.h"

/* Times that each file is read, at least, and zaps meanwhile. */
#define WALKS 20
#define ZAPS 300
#define VCPUS 2

/*
 * @live: the buffer, which vCPUs run in
 * @walks: complete walks over all files
 * @missed: files that did not show the mapping
 * @stop: the walker should end
 */
FIXTURE(walk) {
	struct live live;
	unsigned int walks;
	unsigned int missed;
	bool stop;
};

FIXTURE_VARIANT(walk) {
	struct drm_mockgpu_bo_create want;
};

FIXTURE_VARIANT_ADD(walk, noncompound) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4 },
};

FIXTURE_VARIANT_ADD(walk, split) {
	.want = { .size = 32 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
};

FIXTURE_VARIANT_ADD(walk, huge) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
};

FIXTURE_VARIANT_ADD(walk, vram_huge) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = MOCKGPU_FAULT_HUGE },
};

FIXTURE_SETUP(walk)
{
	live_setup_mapped(_metadata, &self->live, &variant->want, VCPUS);
}

FIXTURE_TEARDOWN(walk)
{
	live_teardown(_metadata, &self->live);
}

/* Read a file of mappings to its end. Return: whether a line begins with this address. */
static bool read_mappings(const char *path, const void *address)
{
	FILE *file = fopen(path, "re");
	char line[1024], start[32];
	bool found = false;

	if (!file)
		return false;
	snprintf(start, sizeof(start), "%lx", (unsigned long)address);
	while (fgets(line, sizeof(line), file))
		found |= !strncmp(line, start, strlen(start));
	fclose(file);
	return found;
}

/* The kernel shows no page of such memory; that it walks there is what counts. */
static bool read_pagemap(const void *address, size_t pages)
{
	const size_t size = pages * sizeof(uint64_t);
	uint64_t *entries = malloc(size);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool done = entries && fd >= 0 &&
		pread(fd, entries, size, (uintptr_t)address / 4096 * sizeof(uint64_t)) ==
		(ssize_t)size;

	close(fd);
	free(entries);
	return done;
}

static bool clear_pages(const char *what)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, what, 1) == 1;

	close(fd);
	return done;
}

/* Return: how many of the files could not be walked, or did not show the mapping. */
static unsigned int walk_all(const struct live *live)
{
	const void *map = live->bo.map;
	unsigned int missed = 0;

	missed += !read_mappings("/proc/self/smaps", map);
	missed += !read_mappings("/proc/self/numa_maps", map);
	missed += !read_pagemap(map, live->pages);
	/* 1: all pages, 4: soft-dirty bits (CONFIG_MEM_SOFT_DIRTY) */
	missed += !clear_pages("1");
	missed += !clear_pages("4");
	return missed;
}

static void *walk_on(void *data)
{
	struct _test_data_walk *self = data;

	while (!__atomic_load_n(&self->stop, __ATOMIC_ACQUIRE)) {
		self->missed += walk_all(&self->live);
		__atomic_add_fetch(&self->walks, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* Make every page table entry, with the CPU's access. */
static void touch(struct __test_metadata *_metadata, struct live *live)
{
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
}

/* A walk splits or removes no entry: neither the CPU nor KVM comes back to the driver. */
TEST_F(walk, costs_no_entry)
{
	struct live *live = &self->live;
	struct drm_mockgpu_bo_query before, after;
	unsigned int i;

	live_start(_metadata, live, false);
	touch(_metadata, live);
	live_wait(_metadata, live);
	before = bo_query(_metadata, &live->bo);
	for (i = 0; i < WALKS; i++)
		ASSERT_EQ(0, walk_all(live));
	touch(_metadata, live);
	live_wait(_metadata, live);
	after = bo_query(_metadata, &live->bo);
	EXPECT_EQ(before.faults, after.faults);
	EXPECT_LT(0, after.faults);
	live_stop(_metadata, live);
}

/* The driver removes the entries meanwhile, and the vCPUs bring them back. */
TEST_F(walk, beside_zaps_and_faults)
{
	struct live *live = &self->live;
	pthread_t walker;
	unsigned int i;

	live_start(_metadata, live, true);
	ASSERT_EQ(0, pthread_create(&walker, NULL, walk_on, self));
	for (i = 0; i < ZAPS || __atomic_load_n(&self->walks, __ATOMIC_ACQUIRE) < WALKS; i++) {
		ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
		if (i % 16 == 15)
			live_wait(_metadata, live);
	}
	__atomic_store_n(&self->stop, true, __ATOMIC_RELEASE);
	pthread_join(walker, NULL);
	EXPECT_EQ(0, self->missed);
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, i);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return live_run(argc, argv);
}
