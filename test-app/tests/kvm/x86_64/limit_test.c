// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extreme and odd sizes: hundreds of buffers and memslots, the largest buffer, sizes that do
 * not fill a block, memslots that start and end within 2 MiB entries, NUMA policies, memory
 * pressure and limits.
 */

#include <sys/mman.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>
#include <linux/mempolicy.h>

#include "array.h"
#include "hostmap.h"
#include "kvmstat.h"
#include "live.h"

#define GIB (1ull << 30)
#define BLOCK 512

FIXTURE(limit) {
	struct live live;
};

FIXTURE_SETUP(limit)
{
	driver_setup(_metadata, &self->live.driver);
	ASSERT_EQ(0, vmm_create(&self->live.vm, 1));
}

FIXTURE_TEARDOWN(limit)
{
	live_teardown(_metadata, &self->live);
}

/* Count the pages @first, @first + @step, ... of @base that the guest finds correct. */
static size_t reached(struct __test_metadata *_metadata, struct live *live, uint64_t base,
		      uint32_t first, uint32_t step, size_t count)
{
	const size_t last = first + step * (count - 1);
	uint32_t *sequence = calloc(count, sizeof(*sequence));
	uint8_t *result = calloc(last + 1, sizeof(*result));
	struct touch touch = {
		.op = GUEST_READ, .gpa = base, .seed = LIVE_SEED, .sequence = sequence,
		.accesses = count, .result = result,
	};
	size_t i, good = 0;

	ASSERT_NE(NULL, sequence);
	ASSERT_NE(NULL, result);
	for (i = 0; i < count; i++)
		sequence[i] = first + step * i;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch))
		TH_LOG("the guest ended: %s", vmm_vcpu_strexit(vmm_vcpu_get(live->vm, 0)));
	for (i = 0; i < count; i++)
		good += result[sequence[i]] == GUEST_MAPPED;
	free(sequence);
	free(result);
	return good;
}

/* There is nothing at the page after the end of a memslot. */
static void expect_nothing(struct __test_metadata *_metadata, struct live *live, uint64_t gpa)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(live->vm, 0);
	const uint32_t page = 0;
	uint8_t result;
	struct touch touch = {
		.op = GUEST_READ, .gpa = gpa, .sequence = &page, .accesses = 1,
		.result = &result,
	};

	EXPECT_EQ(-EIO, touch_run(vcpu, &touch));
	EXPECT_EQ(KVM_EXIT_MMIO, vmm_vcpu_kvm_run(vcpu)->exit_reason);
}

#define MANY 512
#define MANY_PAGES 2
#define MANY_STRIDE 16
#define MANY_BYTES (MANY_PAGES * GUEST_PAGE_SIZE)

/* Each in a memslot of its own, with gaps between them. */
static void make_many(struct __test_metadata *_metadata, struct live *live,
		      struct mockgpu_bo *many, void *room)
{
	uint32_t i, page;

	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, vm_buffer_create(live->driver.fd, MOCKGPU_KIND_SPLIT, 1,
					      MOCKGPU_CACHING_CACHED, MANY_BYTES, &many[i]));
		ASSERT_EQ(0, mockgpu_bo_map(&many[i], (char *)room + i * MANY_BYTES));
		for (page = 0; page < MANY_PAGES; page++)
			guest_fill_page((char *)many[i].map + page * GUEST_PAGE_SIZE, LIVE_SEED,
					i * MANY_STRIDE + page);
		ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT + i,
					  LIVE_GPA + i * MANY_STRIDE * GUEST_PAGE_SIZE,
					  many[i].map, MANY_BYTES, 0));
	}
}

TEST_F(limit, many_buffers_in_many_slots)
{
	struct live *live = &self->live;
	static struct mockgpu_bo many[MANY];
	const size_t bytes = MANY * MANY_BYTES;
	void *room = hostmap_reserve(bytes);
	uint32_t page, i;

	ASSERT_NE(NULL, room);
	ASSERT_LE(MANY + 1, vmm_check(live->vm, KVM_CAP_NR_MEMSLOTS));
	make_many(_metadata, live, many, room);
	for (page = 0; page < MANY_PAGES; page++)
		EXPECT_EQ(MANY, reached(_metadata, live, LIVE_GPA, page, MANY_STRIDE, MANY));
	expect_nothing(_metadata, live, LIVE_GPA + MANY_BYTES);
	/* Every second one is removed, the others do not change. */
	for (i = 0; i < MANY; i += 2)
		EXPECT_EQ(0, mockgpu_bo_revoke(&many[i]));
	EXPECT_EQ(MANY / 2, reached(_metadata, live, LIVE_GPA, 1, MANY_STRIDE, MANY));
	for (i = 0; i < MANY; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&many[i]));
}

/* Touch the largest buffer that fits here, up to @wanted bytes, in some places. */
static void expect_large_works(struct __test_metadata *_metadata, struct live *live,
			       uint64_t bytes)
{
	const uint32_t step = 1021, pages = bytes / GUEST_PAGE_SIZE;
	const size_t count = (pages - 1) / step + 1;
	uint32_t i;

	for (i = 0; i < count; i++)
		guest_fill_page(live_word(live->bo.map, i * step, 0), LIVE_SEED, i * step);
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, bytes, 0));
	EXPECT_EQ(count, reached(_metadata, live, LIVE_GPA, 0, step, count));
	/* The very last page, and nothing after it. */
	peek(live_word(live->bo.map, pages - 1, 0));
	expect_nothing(_metadata, live, LIVE_GPA + bytes);
	EXPECT_EQ(0, mockgpu_bo_zap(&live->bo));
	EXPECT_EQ(count, reached(_metadata, live, LIVE_GPA, 0, step, count));
}

/*
 * 4 GiB if that is at most the half of memory that the driver allows; in the short form less,
 * since all of it is allocated and cleared.
 */
TEST_F(limit, the_largest_buffer)
{
	struct live *live = &self->live;
	struct drm_mockgpu_bo_create want = { .kind = MOCKGPU_KIND_SPLIT, .order = 9 };
	const uint64_t most = live->driver.before.pages_max / BLOCK * BLOCK * GUEST_PAGE_SIZE;
	const uint64_t wanted = getenv("MOCKGPU_LONG") ? 4 * GIB : GIB / 8;
	int ret;

	want.size = (live->driver.before.pages_max + 1) * GUEST_PAGE_SIZE;
	ASSERT_EQ(-E2BIG, vm_buffer_make(live->driver.fd, &want, &live->bo));
	want.size = wanted < most ? wanted : most;
	/* Half of memory may be free, but not in blocks. */
	ret = vm_buffer_make(live->driver.fd, &want, &live->bo);
	while (ret == -ENOMEM && want.size > GIB / 8) {
		want.size = want.size / 2 / VM_BUFFER_BLOCK * VM_BUFFER_BLOCK;
		ret = vm_buffer_make(live->driver.fd, &want, &live->bo);
	}
	ASSERT_EQ(0, ret);
	ksft_print_msg("%llu MiB\n", (unsigned long long)want.size >> 20);
	live->bo.map = NULL;
	ASSERT_EQ(0, mockgpu_bo_map(&live->bo, hostmap_reserve(want.size)));
	expect_large_works(_metadata, live, want.size);
	/* What is charged for both together does not fit. */
	want.size = most;
	EXPECT_EQ(-ENOMEM, vm_buffer_make(live->driver.fd, &want, &(struct mockgpu_bo){}));
}

/* Complete blocks, of which only the first pages belong to the buffer. */
TEST_F(limit, odd_page_counts)
{
	static const uint32_t counts[] = { 1, 3, 15, 17, 511, 513 };
	struct live *live = &self->live;
	struct drm_mockgpu_bo_create want = { .kind = MOCKGPU_KIND_SPLIT, .order = 4 };
	const bool refused = behaviour_excused(BEHAVIOUR_REFUSES_TAILS);
	size_t i, good;

	for (i = 0; i < 2 * ARRAY_SIZE(counts); i++) {
		if (i == ARRAY_SIZE(counts))
			want.kind = MOCKGPU_KIND_NONCOMPOUND;
		want.size = counts[i % ARRAY_SIZE(counts)] * GUEST_PAGE_SIZE;
		ASSERT_EQ(0, live_make(_metadata, live, &want));
		ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map,
					  live->bo.size, 0));
		/* Of non-compound blocks only the heads, where tails are refused. */
		good = refused && want.kind == MOCKGPU_KIND_NONCOMPOUND ?
		       (live->pages - 1) / 16 + 1 : live->pages;
		EXPECT_EQ(good, reached(_metadata, live, LIVE_GPA, 0, 1, live->pages));
		expect_nothing(_metadata, live, LIVE_GPA + live->bo.size);
		ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
		ASSERT_EQ(0, mockgpu_bo_destroy(&live->bo));
	}
}

/* 2 MiB entries only for complete blocks of the memslot; the rest of the host's is not used. */
static void expect_part(struct __test_metadata *_metadata, struct live *live, uint32_t from,
			uint32_t pages, uint64_t large)
{
	const uint64_t gpa = LIVE_GPA + from * GUEST_PAGE_SIZE;
	uint64_t now = 0;

	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, gpa,
				  (char *)live->bo.map + from * GUEST_PAGE_SIZE,
				  pages * GUEST_PAGE_SIZE, 0));
	EXPECT_EQ(pages, reached(_metadata, live, LIVE_GPA, from, 1, pages));
	EXPECT_EQ(0, kvmstat_vm(live->vm, "pages_2m", &now));
	EXPECT_EQ(large, now);
	expect_nothing(_metadata, live, gpa + pages * GUEST_PAGE_SIZE);
	if (from)
		expect_nothing(_metadata, live, gpa - GUEST_PAGE_SIZE);
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
}

TEST_F(limit, a_slot_ends_inside_a_block)
{
	struct live *live = &self->live;
	const struct drm_mockgpu_bo_create want = {
		.size = 3 * BLOCK * GUEST_PAGE_SIZE, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	};
	const char *unsafe = behaviour_unsafe_buffer(&want);
	int ret;

	if (unsafe)
		SKIP(return, "%s", unsafe);
	ret = live_make(_metadata, live, &want);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	expect_part(_metadata, live, 0, 2 * BLOCK, 2);
	expect_part(_metadata, live, 0, BLOCK + 100, 1);
	expect_part(_metadata, live, 100, BLOCK, 0);
	expect_part(_metadata, live, 100, 2 * BLOCK, 1);
	expect_part(_metadata, live, 0, BLOCK - 1, 0);
}

/* A policy is accepted without effect: the pages belong to the driver and stay. */
TEST_F(limit, a_numa_policy)
{
	static const int flags[] = {
		0, MPOL_MF_MOVE, MPOL_MF_STRICT, MPOL_MF_STRICT | MPOL_MF_MOVE,
	};
	struct live *live = &self->live;
	const struct drm_mockgpu_bo_create want = {
		.size = 32 * GUEST_PAGE_SIZE, .kind = MOCKGPU_KIND_SPLIT, .order = 4,
	};
	struct drm_mockgpu_bo_compare compare;
	unsigned long nodes = 1;
	uint64_t faults;
	size_t i;
	int ret;

	ASSERT_EQ(0, live_make(_metadata, live, &want));
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, live->bo.size, 0));
	EXPECT_EQ(live->pages, reached(_metadata, live, LIVE_GPA, 0, 1, live->pages));
	ASSERT_EQ(0, mockgpu_bo_snapshot(&live->bo));
	faults = bo_query(_metadata, &live->bo).faults;
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		ret = syscall(SYS_mbind, live->bo.map, live->bo.size, MPOL_BIND, &nodes, 64,
			      flags[i]) ? -errno : 0;
		if (ret == -ENOSYS)
			SKIP(return, "this kernel has no NUMA policies");
		EXPECT_EQ(0, ret)
			TH_LOG("mbind() with flags %d", flags[i]);
		EXPECT_EQ(live->pages, reached(_metadata, live, LIVE_GPA, 0, 1, live->pages));
	}
	/* No host entry was removed, no page moved. */
	EXPECT_EQ(faults, bo_query(_metadata, &live->bo).faults);
	EXPECT_EQ(0, mockgpu_bo_compare(&live->bo, &compare));
	EXPECT_EQ(0, compare.changed);
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
