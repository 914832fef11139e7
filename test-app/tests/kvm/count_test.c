// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reference counts and flags of the pages at each step in the life of a guest: while mapped,
 * after a zap, without the memslot, without the VM, and after the VMM was killed with its
 * vCPUs running. The count is the same at each of them. From 6.13 on so are the flags; before
 * that KVM marks the pages it holds, see lib/verdict/judge.c. The guest's first accesses come
 * in a different sequence each time (live_maps()).
 */

#include <signal.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "live.h"
#include "unchanged.h"

#define KILLS 6

FIXTURE(count) {
	struct live live;
	struct drm_mockgpu_page *before;
};

FIXTURE_VARIANT(count) {
	struct drm_mockgpu_bo_create want;
};

FIXTURE_VARIANT_ADD(count, ttm) {
	.want = { .size = 70 << 12, .kind = MOCKGPU_KIND_TTM },
};

FIXTURE_VARIANT_ADD(count, ttm_page_mapping) {
	.want = { .size = 70 << 12, .kind = MOCKGPU_KIND_TTM, .flags = MOCKGPU_BO_PAGE_MAPPING },
};

FIXTURE_VARIANT_ADD(count, noncompound) {
	.want = { .size = 40 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4 },
};

FIXTURE_VARIANT_ADD(count, compound) {
	.want = { .size = 40 << 12, .kind = MOCKGPU_KIND_COMPOUND, .order = 4 },
};

FIXTURE_VARIANT_ADD(count, split) {
	.want = { .size = 40 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
};

FIXTURE_VARIANT_ADD(count, reserved) {
	.want = { .size = 40 << 12, .kind = MOCKGPU_KIND_RESERVED, .order = 4 },
};

FIXTURE_VARIANT_ADD(count, huge) {
	.want = { .size = 512 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
};

FIXTURE_SETUP(count)
{
	if (live_setup(_metadata, &self->live, &variant->want, 2))
		self->before = bo_pages(_metadata, &self->live.bo);
}

FIXTURE_TEARDOWN(count)
{
	free(self->before);
	live_teardown(_metadata, &self->live);
}

/* Count the pages that have changed, and describe the first of them. */
static size_t changed(struct __test_metadata *_metadata, struct _test_data_count *self,
		      char *first, size_t size)
{
	struct drm_mockgpu_page *now = bo_pages(_metadata, &self->live.bo);
	size_t count = 0;
	uint32_t page;

	for (page = 0; page < self->live.pages; page++) {
		const struct drm_mockgpu_page *was = &self->before[page];

		if (unchanged_page(was, &now[page]))
			continue;
		if (!count++)
			snprintf(first, size, "page %u: count %u, flags %#x, before %u, %#x", page,
				 now[page].count, now[page].flags, was->count, was->flags);
	}
	free(now);
	return count;
}

static void expect_unchanged(struct __test_metadata *_metadata, struct _test_data_count *self,
			     const char *when)
{
	char first[96];

	EXPECT_EQ(0, changed(_metadata, self, first, sizeof(first)))
		TH_LOG("%s: %s", when, first);
}

/* The check itself must fail. */
TEST_F(count, a_raised_count_is_seen)
{
	char first[96];

	ASSERT_EQ(0, mockgpu_bo_inject(&self->live.bo, MOCKGPU_INJECT_REF_GET, 17));
	EXPECT_EQ(1, changed(_metadata, self, first, sizeof(first)));
	ASSERT_EQ(0, mockgpu_bo_inject(&self->live.bo, MOCKGPU_INJECT_REF_PUT, 17));
	expect_unchanged(_metadata, self, "when it was put back");
}

TEST_F(count, at_each_step)
{
	struct live *live = &self->live;

	live_vm(_metadata, live);
	live_maps(_metadata, live);
	expect_unchanged(_metadata, self, "while mapped");
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	expect_unchanged(_metadata, self, "after a zap");
	live_maps(_metadata, live);
	ASSERT_EQ(0, munmap(live->bo.map, live->bo.size));
	expect_unchanged(_metadata, self, "without the mapping");
	ASSERT_EQ(live->bo.map, mmap(live->bo.map, live->bo.size, PROT_NONE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	expect_unchanged(_metadata, self, "without the memslot");
	vmm_destroy(live->vm);
	live->vm = NULL;
	expect_unchanged(_metadata, self, "without the VM");
}

/* A VMM of its own, which works until it is killed. */
static void vmm_run(struct __test_metadata *_metadata, struct live *live, int ready)
{
	live_vm(_metadata, live);
	live_maps(_metadata, live);
	live_clear(live);
	live_start(_metadata, live, true);
	if (write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

TEST_F(count, after_the_vmm_was_killed)
{
	struct live *live = &self->live;
	unsigned int i;

	for (i = 0; i < KILLS; i++) {
		int ready[2], status;
		char byte;
		pid_t vmm;

		ASSERT_EQ(0, pipe(ready));
		vmm = fork();
		ASSERT_LE(0, vmm);
		if (!vmm)
			vmm_run(_metadata, live, ready[1]);
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		close(ready[0]);
		clock_pause(3);
		ASSERT_EQ(0, kill(vmm, SIGKILL));
		ASSERT_EQ(vmm, waitpid(vmm, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		expect_unchanged(_metadata, self, "after the VMM was killed");
	}
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
}

#define ENTRY_PAGES 512

/**
 * struct entry - a 2 MiB entry over pages that each have a reference count
 * @live: the buffer and the guest
 * @before: its pages before the guest had it
 * @now: and after
 * @touched: the only page that the guest touches, not the first one
 */
FIXTURE(entry) {
	struct live live;
	struct drm_mockgpu_page *before;
	struct drm_mockgpu_page *now;
	uint32_t touched;
};

FIXTURE_SETUP(entry)
{
	const struct drm_mockgpu_bo_create want = {
		.size = ENTRY_PAGES << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		.fault_mode = MOCKGPU_FAULT_HUGE,
	};
	struct live *live = &self->live;
	uint32_t order[ENTRY_PAGES - 1], i;
	int ret;

	driver_setup(_metadata, &live->driver);
	live->vcpus = 1;
	ret = live_make(_metadata, live, &want);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	/* The host has filled all of it. */
	if (bo_query(_metadata, &live->bo).faults != 1)
		SKIP(return, "no 2 MiB entries: transparent_hugepage/enabled must say always here");
	for (i = 0; i < ENTRY_PAGES - 1; i++)
		order[i] = i + 1;
	sequence_shuffle(order, ENTRY_PAGES - 1);
	self->touched = order[0];
	/* A reference to spare: without it the page would be freed. */
	ASSERT_EQ(0, mockgpu_bo_inject(&live->bo, MOCKGPU_INJECT_REF_GET, 0));
	self->before = bo_pages(_metadata, &live->bo);
	live_vm(_metadata, live);
}

FIXTURE_TEARDOWN(entry)
{
	free(self->before);
	free(self->now);
	live_teardown(_metadata, &self->live);
}

static size_t entry_changes(const struct _test_data_entry *self)
{
	size_t page, count = 0;

	for (page = 0; page < ENTRY_PAGES; page++)
		count += self->now[page].count != self->before[page].count;
	return count;
}

/*
 * KVM looks up the touched page and takes a reference to it, goes back to the first page of
 * the entry, which it maps, and puts a reference. In some kernels that is a reference to the
 * page it has by then instead of the one it took.
 */
TEST_F(entry, the_first_touch_puts_what_it_took)
{
	struct live *live = &self->live;
	uint8_t result[ENTRY_PAGES];
	struct touch touch = {
		.op = GUEST_READ, .gpa = LIVE_GPA, .seed = LIVE_SEED,
		.sequence = &self->touched, .accesses = 1, .result = result,
	};
	uint32_t touched;

	EXPECT_EQ(2, self->before[0].count);
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch));
	EXPECT_EQ(GUEST_MAPPED, result[self->touched]);
	self->now = bo_pages(_metadata, &live->bo);
	if (!entry_changes(self))
		return;
	/* Exactly this pattern, and no other page. */
	touched = self->touched;
	EXPECT_EQ(2, entry_changes(self));
	EXPECT_EQ(self->before[0].count - 1, self->now[0].count);
	EXPECT_EQ(self->before[touched].count + 1, self->now[touched].count);
	verdict_seen(_metadata, behaviour_known(BEHAVIOUR_PUTS_WRONG_REFERENCE),
		     "known of 6.12 on arm64: page %u has a reference more, page 0 one less",
		     touched);
}

/* The checks that protect the other tests must know. */
TEST_F(entry, what_was_seen_of_this_kernel_agrees)
{
	struct live *live = &self->live;
	uint8_t result[ENTRY_PAGES];
	struct touch touch = {
		.op = GUEST_WRITE, .gpa = LIVE_GPA, .seed = LIVE_SEED,
		.sequence = &self->touched, .accesses = 1, .result = result,
	};

	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch));
	self->now = bo_pages(_metadata, &live->bo);
	EXPECT_EQ(behaviour_seen(BEHAVIOUR_PUTS_WRONG_REFERENCE), entry_changes(self) != 0);
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
