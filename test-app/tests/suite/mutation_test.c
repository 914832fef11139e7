// SPDX-License-Identifier: GPL-2.0-only
/*
 * The suite's self-test: each test damages one thing while a buffer is exercised in a guest,
 * and expects the judge of kvm_map_test to say "not ok" for exactly that reason and that page.
 * Then the damage is undone and all is as before. mutation_warn_test does the same to the
 * kernel log.
 */

#include <sys/mman.h>

#include "kselftest_harness.h"

#include "arch.h"
#include "buffer.h"
#include "exercise.h"
#include "kmsg.h"
#include "program.h"
#include "vmm.h"

#define TEST_PAGES 64
#define TEST_ORDER 4
#define TEST_BLOCK (1u << TEST_ORDER)
#define TEST_SEED 0xdecade

/* The page to damage: the head of a block, which maps on every kernel. */
#define TEST_PAGE (2 * TEST_BLOCK)
#define TEST_WORD 511

FIXTURE(mutation) {
	int drm;
	int kmsg;
	enum judge_verdict healthy;
	struct exercise exercise;
};

FIXTURE_VARIANT(mutation) {
	uint32_t kind;
};

/* A kind that older kernels refuse in part, and one that maps everywhere. */
FIXTURE_VARIANT_ADD(mutation, noncompound) {
	.kind = MOCKGPU_KIND_NONCOMPOUND,
};

FIXTURE_VARIANT_ADD(mutation, split) {
	.kind = MOCKGPU_KIND_SPLIT,
};

/* Damage, and its result. */
struct damage {
	enum exercise_stage stage;
	int (*make)(struct exercise *exercise, struct damage *damage);
	unsigned int made;
	struct mockgpu_bo other;
};

static int test_hook(struct exercise *exercise, enum exercise_stage stage, void *opaque)
{
	struct damage *damage = opaque;

	if (stage != damage->stage)
		return 0;
	damage->made++;
	return damage->make(exercise, damage);
}

static struct judgement test_judge(struct __test_metadata *_metadata, struct exercise *exercise,
				   enum guest_op first, struct damage *damage)
{
	const struct exercise_case what = {
		.first = first,
		.access_order = EXERCISE_RANDOM,
		.seed = TEST_SEED,
		.hook = damage ? test_hook : NULL,
		.opaque = damage,
	};

	EXPECT_EQ(0, exercise_run(exercise, &what))
		TH_LOG("%s", exercise->error);
	if (damage)
		EXPECT_EQ(1, damage->made);
	return judge(&exercise->evidence);
}

static void test_expect_healthy(struct __test_metadata *_metadata, struct exercise *exercise,
				enum judge_verdict healthy)
{
	unsigned int first;

	for (first = GUEST_READ; first <= GUEST_WRITE; first++) {
		struct judgement judgement;

		judgement = test_judge(_metadata, exercise, first, NULL);
		EXPECT_EQ(healthy, judgement.verdict)
			TH_LOG("%s", judgement.text);
	}
}

static void test_expect_damage(struct __test_metadata *_metadata,
			       const struct judgement *judgement, enum judge_reason reason)
{
	EXPECT_EQ(JUDGE_NOT_OK, judgement->verdict);
	EXPECT_EQ(reason, judgement->reason)
		TH_LOG("%s", judgement->text);
	EXPECT_EQ(TEST_PAGE, judgement->page)
		TH_LOG("%s", judgement->text);
}

FIXTURE_SETUP(mutation)
{
	self->drm = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->drm);
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
	ASSERT_EQ(0, exercise_init(&self->exercise, self->drm, variant->kind, TEST_ORDER,
				   TEST_PAGES, NULL, self->kmsg))
		TH_LOG("%s", self->exercise.error);
	self->healthy = test_judge(_metadata, &self->exercise, GUEST_READ, NULL).verdict;
	ASSERT_NE(JUDGE_NOT_OK, self->healthy);
	if (variant->kind == MOCKGPU_KIND_SPLIT)
		ASSERT_EQ(JUDGE_OK, self->healthy);
}

FIXTURE_TEARDOWN(mutation)
{
	exercise_fini(&self->exercise);
	close(self->kmsg);
	close(self->drm);
}

static int test_flip_word(struct exercise *exercise, struct damage *damage)
{
	(void)damage;
	((uint64_t *)(exercise->memory + TEST_PAGE * GUEST_PAGE_SIZE))[TEST_WORD] ^= 1;
	return 0;
}

TEST_F(mutation, a_wrong_word_in_the_guest_is_seen)
{
	struct damage damage = { .stage = EXERCISE_PREPARED, .make = test_flip_word };
	struct judgement judgement;

	judgement = test_judge(_metadata, &self->exercise, GUEST_READ, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_WRONG_DATA);
	EXPECT_EQ(1, self->exercise.evidence.guest_wrong.words);
	EXPECT_EQ(TEST_WORD, self->exercise.evidence.guest_wrong.word);
	EXPECT_EQ(0, self->exercise.evidence.host_wrong.words);
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

TEST_F(mutation, a_wrong_word_in_the_host_is_seen)
{
	struct damage damage = { .stage = EXERCISE_TOUCHED, .make = test_flip_word };
	struct judgement judgement;

	judgement = test_judge(_metadata, &self->exercise, GUEST_WRITE, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_WRONG_DATA);
	EXPECT_EQ(1, self->exercise.evidence.host_wrong.words);
	EXPECT_EQ(TEST_WORD, self->exercise.evidence.host_wrong.word);
	EXPECT_EQ(0, self->exercise.evidence.guest_wrong.words);
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

static int test_raise_count(struct exercise *exercise, struct damage *damage)
{
	(void)damage;
	return mockgpu_bo_inject(&exercise->bo, MOCKGPU_INJECT_REF_GET, TEST_PAGE);
}

static int test_drop_count(struct exercise *exercise, struct damage *damage)
{
	(void)damage;
	return mockgpu_bo_inject(&exercise->bo, MOCKGPU_INJECT_REF_PUT, TEST_PAGE);
}

static void test_lower_count(struct __test_metadata *_metadata, struct exercise *exercise)
{
	EXPECT_EQ(0, test_drop_count(exercise, NULL));
}

TEST_F(mutation, a_raised_count_is_seen_while_mapped)
{
	struct damage damage = { .stage = EXERCISE_TOUCHED, .make = test_raise_count };
	struct judgement judgement;

	judgement = test_judge(_metadata, &self->exercise, GUEST_READ, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_COUNT);
	EXPECT_NE(NULL, strstr(judgement.text, "while mapped"));
	test_lower_count(_metadata, &self->exercise);
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

/* One reference too few, of a page that had one more to begin with: nothing is freed. */
TEST_F(mutation, a_dropped_count_is_seen_while_mapped)
{
	struct damage damage = { .stage = EXERCISE_TOUCHED, .make = test_drop_count };
	struct judgement judgement;

	ASSERT_EQ(0, test_raise_count(&self->exercise, NULL));
	judgement = test_judge(_metadata, &self->exercise, GUEST_READ, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_COUNT);
	EXPECT_NE(NULL, strstr(judgement.text, "while mapped"));
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

TEST_F(mutation, a_raised_count_is_seen_without_the_memslot)
{
	struct damage damage = { .stage = EXERCISE_REMOVED, .make = test_raise_count };
	struct judgement judgement;

	judgement = test_judge(_metadata, &self->exercise, GUEST_WRITE, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_COUNT);
	EXPECT_NE(NULL, strstr(judgement.text, "without the memslot"));
	test_lower_count(_metadata, &self->exercise);
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

TEST_F(mutation, a_raised_count_is_seen_without_the_vm)
{
	struct judgement judgement;

	judgement = test_judge(_metadata, &self->exercise, GUEST_WRITE, NULL);
	EXPECT_EQ(self->healthy, judgement.verdict);
	ASSERT_EQ(0, test_raise_count(&self->exercise, NULL));
	ASSERT_EQ(0, exercise_end_vm(&self->exercise));
	judgement = judge(&self->exercise.evidence);
	test_expect_damage(_metadata, &judgement, JUDGE_COUNT);
	EXPECT_NE(NULL, strstr(judgement.text, "without the VM"));
	test_lower_count(_metadata, &self->exercise);
}

/* The other buffer is empty: its page has none of the data. */
static int test_insert_foreign_page(struct exercise *exercise, struct damage *damage)
{
	int ret = mockgpu_bo_inject_foreign(&exercise->bo, TEST_PAGE, &damage->other, 0);

	return ret ? ret : mockgpu_bo_zap(&exercise->bo);
}

TEST_F(mutation, a_page_of_another_buffer_is_seen)
{
	struct damage damage = { .stage = EXERCISE_PREPARED, .make = test_insert_foreign_page };
	struct judgement judgement;

	ASSERT_EQ(0, vm_buffer_create(self->drm, MOCKGPU_KIND_SPLIT, 0,
				      MOCKGPU_CACHING_CACHED, GUEST_PAGE_SIZE,
				      &damage.other));
	judgement = test_judge(_metadata, &self->exercise, GUEST_READ, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_WRONG_DATA);
	EXPECT_EQ(GUEST_WORDS, self->exercise.evidence.guest_wrong.words);
	EXPECT_EQ(0, self->exercise.evidence.guest_wrong.seen);

	/* A buffer keeps its foreign page until it is destroyed. */
	exercise_fini(&self->exercise);
	EXPECT_EQ(0, mockgpu_bo_destroy(&damage.other));
	ASSERT_EQ(0, exercise_init(&self->exercise, self->drm, variant->kind, TEST_ORDER,
				   TEST_PAGES, NULL, self->kmsg));
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

static int test_unmap_page(struct exercise *exercise, struct damage *damage)
{
	(void)damage;
	return munmap(exercise->memory + TEST_PAGE * GUEST_PAGE_SIZE, GUEST_PAGE_SIZE) ? -errno : 0;
}

TEST_F(mutation, a_page_that_cannot_be_mapped_is_seen)
{
	struct damage damage = { .stage = EXERCISE_PREPARED, .make = test_unmap_page };
	struct judgement judgement;
	uint64_t offset;

	/* In this case the host itself does not touch pages that were refused. */
	judgement = test_judge(_metadata, &self->exercise, GUEST_WRITE, &damage);
	test_expect_damage(_metadata, &judgement, JUDGE_REFUSED);
	ASSERT_EQ(0, mockgpu_bo_offset(&self->exercise.bo, &offset));
	ASSERT_NE(MAP_FAILED, mmap(self->exercise.memory, TEST_PAGES * GUEST_PAGE_SIZE,
				   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				   self->drm, offset));
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

/*
 * One page that the VMM may not write to. A read makes sure that there is an entry. riscv64
 * refuses a memslot over such a page, but lets it become one.
 */
static int test_make_read_only(struct exercise *exercise, struct damage *damage)
{
	char *page = exercise->memory + TEST_PAGE * GUEST_PAGE_SIZE;

	(void)damage;
	(void)*(volatile uint64_t *)page;
	return mprotect(page, GUEST_PAGE_SIZE, PROT_READ) ? -errno : 0;
}

/* KVM would have to emulate the write, and cannot: see read_only_first_test. */
TEST_F(mutation, a_page_that_is_not_reached_is_seen)
{
	struct damage damage = { .stage = EXERCISE_ATTACHED, .make = test_make_read_only };
	struct judgement judgement;

	judgement = test_judge(_metadata, &self->exercise, GUEST_STORE, &damage);
	test_expect_damage(_metadata, &judgement, ARCH_NO_STORE);
	EXPECT_GT(judgement.total, judgement.mapped);
	self->exercise.bo.map = NULL;
	ASSERT_EQ(0, mockgpu_bo_map(&self->exercise.bo, self->exercise.memory));
	test_expect_healthy(_metadata, &self->exercise, self->healthy);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return test_harness_run(argc, argv);
}
