// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking of a buffer finds every page that the guest writes to, and no other: by the
 * bitmap, with manual clearing, and by the ring; also with 2 MiB entries, which KVM must split
 * (Documentation/virt/kvm/locking.rst, "Fast page fault") and may merge again. arm64 refuses
 * KVM_MEM_LOG_DIRTY_PAGES for such memory with EINVAL (kvm_arch_prepare_memory_region()).
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "dirty.h"
#include "kvmstat.h"
#include "live.h"

#define RING_BYTES 65536
#define MAX_PAGES 1024
#define MAX_WORDS (MAX_PAGES / 64)
#define LOAD_ROUNDS 24

FIXTURE(dirty) {
	struct live live;
	uint64_t bitmap[MAX_WORDS];
};

FIXTURE_VARIANT(dirty) {
	struct drm_mockgpu_bo_create want;
	uint64_t large;
};

FIXTURE_VARIANT_ADD(dirty, split) {
	.want = { .size = 192 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 4 },
};

FIXTURE_VARIANT_ADD(dirty, noncompound) {
	.want = { .size = 192 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 4 },
};

FIXTURE_VARIANT_ADD(dirty, huge) {
	.want = { .size = 1024 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .fault_mode = MOCKGPU_FAULT_HUGE },
	.large = 2,
};

FIXTURE_VARIANT_ADD(dirty, vram_huge) {
	.want = { .size = 1024 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 9,
		  .placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = MOCKGPU_FAULT_HUGE },
	.large = 2,
};

FIXTURE_SETUP(dirty)
{
	live_setup_mapped(_metadata, &self->live, &variant->want, 2);
}

FIXTURE_TEARDOWN(dirty)
{
	live_teardown(_metadata, &self->live);
}

static int set_flags(struct live *live, uint32_t flags)
{
	return vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, live->bo.size, flags);
}

/* Let the guest touch every @step-th page from @first on. */
static void touch_some(struct __test_metadata *_metadata, struct live *live, enum guest_op op,
		       uint32_t first, uint32_t step)
{
	static uint32_t sequence[MAX_PAGES];
	static uint8_t result[MAX_PAGES];
	struct touch touch = {
		.op = op, .gpa = LIVE_GPA, .seed = LIVE_SEED, .sequence = sequence,
		.result = result,
	};
	uint32_t page;

	for (page = first; page < live->pages; page += step)
		sequence[touch.accesses++] = page;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch));
	EXPECT_EQ(0, touch.wrong_words);
	EXPECT_EQ(0, touch.spurious);
	for (page = 0; page < touch.accesses; page++)
		EXPECT_EQ(GUEST_MAPPED, result[sequence[page]]);
}

static bool is_set(const uint64_t *bitmap, uint32_t page)
{
	return bitmap[page / 64] >> page % 64 & 1;
}

/* Count the pages with a wrong bit: it must be set for every @step-th from @first on. */
static size_t wrong_bits(const uint64_t *bitmap, uint32_t pages, uint32_t first, uint32_t step)
{
	size_t wrong = 0;
	uint32_t page;

	for (page = 0; page < pages; page++)
		wrong += is_set(bitmap, page) !=
			 (step && page >= first && !((page - first) % step));
	return wrong;
}

static size_t get_and_count_wrong(struct __test_metadata *_metadata, struct _test_data_dirty *self,
				  uint32_t first, uint32_t step)
{
	memset(self->bitmap, 0xff, sizeof(self->bitmap));
	EXPECT_EQ(0, dirty_log_get(self->live.vm, LIVE_SLOT, self->bitmap));
	return wrong_bits(self->bitmap, self->live.pages, first, step);
}

static uint64_t large_pages(struct __test_metadata *_metadata, struct live *live)
{
	uint64_t value = 0;

	EXPECT_EQ(0, kvmstat_vm(live->vm, "pages_2m", &value));
	return value;
}

TEST_F(dirty, the_bitmap_has_every_write)
{
	struct live *live = &self->live;

	EXPECT_EQ(-ENOENT, dirty_log_get(live->vm, LIVE_SLOT, self->bitmap));
	ASSERT_EQ(0, set_flags(live, KVM_MEM_LOG_DIRTY_PAGES));
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 0, 0));
	touch_some(_metadata, live, GUEST_READ, 0, 1);
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 0, 0));
	touch_some(_metadata, live, GUEST_WRITE, 1, 3);
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 1, 3));
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 0, 0));
	touch_some(_metadata, live, GUEST_WRITE, 0, 1);
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 0, 1));
	/* After a move the pages are different, and tracked like the old ones. */
	ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES));
	touch_some(_metadata, live, GUEST_WRITE, 5, 7);
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 5, 7));
	ASSERT_EQ(0, set_flags(live, 0));
	EXPECT_EQ(-ENOENT, dirty_log_get(live->vm, LIVE_SLOT, self->bitmap));
	touch_some(_metadata, live, GUEST_READ, 0, 1);
}

TEST_F(dirty, what_is_not_cleared_stays)
{
	struct live *live = &self->live;
	uint64_t half[MAX_WORDS];

	ASSERT_EQ(0, dirty_log_manual(live->vm));
	ASSERT_EQ(0, set_flags(live, KVM_MEM_LOG_DIRTY_PAGES));
	touch_some(_metadata, live, GUEST_WRITE, 2, 4);
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 2, 4));
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 2, 4));
	/* The first 64 pages; later writes to them are found again. */
	memcpy(half, self->bitmap, sizeof(half));
	ASSERT_EQ(0, dirty_log_clear(live->vm, LIVE_SLOT, 0, 64, half));
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 66, 4));
	touch_some(_metadata, live, GUEST_WRITE, 2, 4);
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 2, 4));
}

/**
 * enum ring_order - how the entries of a ring lie
 * @AS_WRITTEN: in the order of the writes
 * @BACKWARDS: what was logged between two exits of the guest is in the reverse order
 * @WRONG: neither: an entry is missing, or one too many
 */
enum ring_order {
	AS_WRITTEN,
	BACKWARDS,
	WRONG,
};

/* The writes were to every @step-th page from @first on. */
static enum ring_order ring_order(const uint64_t *pages, int64_t count, uint64_t first,
				  uint64_t step)
{
	enum ring_order order = AS_WRITTEN;
	int64_t begin, end, i;

	for (begin = 0; begin < count; begin = end) {
		end = (int64_t)((pages[begin] - first) / step) + 1;
		if (end <= begin || end > count)
			return WRONG;
		for (i = begin; i < end; i++)
			if (pages[i] != first + step * (uint64_t)(end - 1 - (i - begin)))
				return WRONG;
		if (end > begin + 1)
			order = BACKWARDS;
	}
	return order;
}

TEST(how_a_ring_lies)
{
	static const uint64_t right[] = { 1, 4, 7, 10 }, back[] = { 10, 7, 4, 1 },
			      parts[] = { 4, 1, 7, 10 }, twice[] = { 1, 4, 4, 10 },
			      jump[] = { 7, 1, 4, 10 }, other[] = { 1, 4, 8, 10 };

	EXPECT_EQ(AS_WRITTEN, ring_order(right, 4, 1, 3));
	EXPECT_EQ(BACKWARDS, ring_order(back, 4, 1, 3));
	EXPECT_EQ(BACKWARDS, ring_order(parts, 4, 1, 3));
	EXPECT_EQ(WRONG, ring_order(twice, 4, 1, 3));
	EXPECT_EQ(WRONG, ring_order(jump, 4, 1, 3));
	EXPECT_EQ(WRONG, ring_order(other, 4, 1, 3));
	EXPECT_EQ(WRONG, ring_order(back, 3, 1, 3));
}

TEST_F(dirty, the_ring_has_every_write)
{
	const struct vmm_options options = { .dirty_ring = RING_BYTES };
	struct live *live = &self->live;
	uint64_t pages[MAX_PAGES + 1];
	enum ring_order order, later;
	struct dirty_ring ring;
	int64_t count;
	int ret;

	vmm_destroy(live->vm);
	live->vm = NULL;
	ret = vmm_create_with(&live->vm, 1, &options);
	live->vcpus = 1;
	if (ret == -EINVAL)
		SKIP(return, "KVM has no dirty ring here");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, dirty_ring_open(&ring, vmm_vcpu_get(live->vm, 0), RING_BYTES));
	/* A first access counts as a write if KVM maps the page writable at once. */
	ASSERT_EQ(0, set_flags(live, 0));
	touch_some(_metadata, live, GUEST_READ, 0, 1);
	ASSERT_EQ(0, set_flags(live, KVM_MEM_LOG_DIRTY_PAGES));
	touch_some(_metadata, live, GUEST_READ, 0, 1);
	EXPECT_EQ(0, dirty_ring_take(&ring, LIVE_SLOT, pages, MAX_PAGES + 1));
	touch_some(_metadata, live, GUEST_WRITE, 1, 3);
	count = dirty_ring_take(&ring, LIVE_SLOT, pages, MAX_PAGES + 1);
	EXPECT_EQ((live->pages + 1) / 3, count);
	order = ring_order(pages, count, 1, 3);
	/* Pages whose entries were taken are found again. */
	touch_some(_metadata, live, GUEST_WRITE, 4, 3);
	count = dirty_ring_take(&ring, LIVE_SLOT, pages, MAX_PAGES + 1);
	EXPECT_EQ((live->pages + 1) / 3 - 1, count);
	later = ring_order(pages, count, 4, 3);
	dirty_ring_close(&ring);
	EXPECT_NE(WRONG, order);
	EXPECT_NE(WRONG, later);
	if (order == BACKWARDS || later == BACKWARDS)
		verdict_seen(_metadata, behaviour_known(BEHAVIOUR_LOGS_BACKWARDS),
			     "known before 6.14: PML's log is read backwards");
}

/* What a live migration does: only pages in the bitmap are copied. */
static void copy_dirty(struct __test_metadata *_metadata, struct _test_data_dirty *self, char *copy)
{
	struct live *live = &self->live;
	uint32_t page;

	EXPECT_EQ(0, dirty_log_get(live->vm, LIVE_SLOT, self->bitmap));
	for (page = 0; page < live->pages; page++)
		if (is_set(self->bitmap, page))
			memcpy(copy + (size_t)page * GUEST_PAGE_SIZE,
			       live_word(live->bo.map, page, 0), GUEST_PAGE_SIZE);
}

TEST_F(dirty, a_copy_under_load_is_complete)
{
	struct live *live = &self->live;
	char *copy = malloc(live->bo.size);
	unsigned int round;

	ASSERT_NE(NULL, copy);
	live_start(_metadata, live, true);
	live_wait(_metadata, live);
	for (round = 0; round < LOAD_ROUNDS; round++) {
		/* Off and on again, halfway: it must start from the beginning. */
		if (round % 8 == 0) {
			ASSERT_EQ(0, set_flags(live, 0));
			ASSERT_EQ(0, set_flags(live, KVM_MEM_LOG_DIRTY_PAGES));
			memcpy(copy, live->bo.map, live->bo.size);
		}
		if (round % 8 == 5)
			ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT,
						     MOCKGPU_MOVE_NEW_PAGES));
		copy_dirty(_metadata, self, copy);
	}
	live_stop(_metadata, live);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
	copy_dirty(_metadata, self, copy);
	EXPECT_EQ(0, memcmp(copy, live->bo.map, live->bo.size));
	free(copy);
}

TEST_F(dirty, large_entries_are_split_and_come_back)
{
	struct live *live = &self->live;

	if (!variant->large)
		SKIP(return, "there are no large entries");
	EXPECT_EQ(variant->large, large_pages(_metadata, live));
	ASSERT_EQ(0, set_flags(live, KVM_MEM_LOG_DIRTY_PAGES));
	touch_some(_metadata, live, GUEST_WRITE, 0, 1);
	EXPECT_EQ(0, large_pages(_metadata, live));
	EXPECT_EQ(0, get_and_count_wrong(_metadata, self, 0, 1));
	ASSERT_EQ(0, set_flags(live, 0));
	touch_some(_metadata, live, GUEST_READ, 0, 1);
	EXPECT_EQ(variant->large, large_pages(_metadata, live));
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
