// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of every page kind in a guest: the guest touches each page, in several access
 * orders, with a read or a write first, through aligned and skewed memslots.
 * lib/verdict/judge.c decides what is ok, known or a bug.
 *
 * One harness test is one buffer in one VM; it prints a machine-readable line for each of its
 * cases (case.h).
 *
 * Environment: MOCKGPU_SEED, a number, repeats a run with the seed it printed; MOCKGPU_MMU,
 * the lab's mode of KVM's MMU; MOCKGPU_LONG=1 runs all cases of all buffers. Without it, half
 * of the cases run for controls, for blocks of order 9, and in modes other than tdp; a
 * quarter for order 10, and in other modes for order 9; and in legacy and shadow the largest
 * controls do not run.
 */

#include <sys/random.h>
#include <sys/mman.h>
#include <time.h>

#include "kselftest_harness.h"

#include "buffer.h"
#include "case.h"
#include "exercise.h"
#include "failure.h"
#include "kmsg.h"
#include "program.h"
#include "vmm.h"

/*
 * A machine that has run for a while may have no free block of such an order: that is not the
 * driver's fault.
 */
#define SCARCE_ORDER 9

/* Tests that take longer than this report their progress. */
#define PROGRESS_AFTER_SECONDS 2

static uint64_t test_seed;
static time_t test_start;

FIXTURE(kvm_map) {
	int drm;
	int kmsg;
	struct exercise exercise;
};

FIXTURE_VARIANT(kvm_map) {
	uint32_t kind;
	uint32_t order;
	size_t pages;
};

/*
 * Several blocks each. Orders 9 and 10 have one block and the beginning of another, since
 * under emulation a refused page takes 1 ms in each case; ttm gets blocks of orders 9, 6, 1
 * and 0.
 */
FIXTURE_VARIANT_ADD(kvm_map, ttm) { MOCKGPU_KIND_TTM, 0, 512 + 64 + 2 + 1 };

FIXTURE_VARIANT_ADD(kvm_map, noncompound_o0) { MOCKGPU_KIND_NONCOMPOUND, 0, 16 };
FIXTURE_VARIANT_ADD(kvm_map, noncompound_o1) { MOCKGPU_KIND_NONCOMPOUND, 1, 16 };
FIXTURE_VARIANT_ADD(kvm_map, noncompound_o4) { MOCKGPU_KIND_NONCOMPOUND, 4, 64 };
FIXTURE_VARIANT_ADD(kvm_map, noncompound_o9) { MOCKGPU_KIND_NONCOMPOUND, 9, 512 + 16 };
FIXTURE_VARIANT_ADD(kvm_map, noncompound_o10) { MOCKGPU_KIND_NONCOMPOUND, 10, 1024 + 16 };

FIXTURE_VARIANT_ADD(kvm_map, compound_o0) { MOCKGPU_KIND_COMPOUND, 0, 16 };
FIXTURE_VARIANT_ADD(kvm_map, compound_o1) { MOCKGPU_KIND_COMPOUND, 1, 16 };
FIXTURE_VARIANT_ADD(kvm_map, compound_o4) { MOCKGPU_KIND_COMPOUND, 4, 64 };
FIXTURE_VARIANT_ADD(kvm_map, compound_o9) { MOCKGPU_KIND_COMPOUND, 9, 512 + 16 };
FIXTURE_VARIANT_ADD(kvm_map, compound_o10) { MOCKGPU_KIND_COMPOUND, 10, 1024 + 16 };

FIXTURE_VARIANT_ADD(kvm_map, split_o0) { MOCKGPU_KIND_SPLIT, 0, 16 };
FIXTURE_VARIANT_ADD(kvm_map, split_o1) { MOCKGPU_KIND_SPLIT, 1, 16 };
FIXTURE_VARIANT_ADD(kvm_map, split_o4) { MOCKGPU_KIND_SPLIT, 4, 64 };
FIXTURE_VARIANT_ADD(kvm_map, split_o9) { MOCKGPU_KIND_SPLIT, 9, 512 + 16 };
FIXTURE_VARIANT_ADD(kvm_map, split_o10) { MOCKGPU_KIND_SPLIT, 10, 1024 + 16 };

FIXTURE_VARIANT_ADD(kvm_map, reserved_o0) { MOCKGPU_KIND_RESERVED, 0, 16 };
FIXTURE_VARIANT_ADD(kvm_map, reserved_o1) { MOCKGPU_KIND_RESERVED, 1, 16 };
FIXTURE_VARIANT_ADD(kvm_map, reserved_o4) { MOCKGPU_KIND_RESERVED, 4, 64 };
FIXTURE_VARIANT_ADD(kvm_map, reserved_o9) { MOCKGPU_KIND_RESERVED, 9, 512 + 16 };
FIXTURE_VARIANT_ADD(kvm_map, reserved_o10) { MOCKGPU_KIND_RESERVED, 10, 1024 + 16 };

/* Each case is one of two first accesses, four access orders and two alignments. */
#define KVM_MAP_CASES (2 * EXERCISE_ORDERS * 2)

static void test_say_progress(const char *name)
{
	time_t seconds = time(NULL) - test_start;

	if (seconds >= PROGRESS_AFTER_SECONDS)
		fprintf(stderr, "kvm_map_test: %s, %lld s\n", name, (long long)seconds);
}

static void test_name_buffer(uint32_t kind, uint32_t order, char *name, size_t size)
{
	if (kind == MOCKGPU_KIND_TTM)
		snprintf(name, size, "%s", mockgpu_kind_name(kind));
	else
		snprintf(name, size, "%s-o%u", mockgpu_kind_name(kind), order);
}

static void test_print_skipped(uint32_t kind, uint32_t order, size_t pages)
{
	const struct judgement judgement = { .verdict = JUDGE_SKIP, .total = pages };
	char name[32];

	test_name_buffer(kind, order, name, sizeof(name));
	case_print(name, &judgement);
}

/* Kinds that no kernel is known to refuse: all of their pages are counted or reserved. */
static bool test_is_control(uint32_t kind)
{
	return kind == MOCKGPU_KIND_SPLIT || kind == MOCKGPU_KIND_RESERVED;
}

static bool test_is_mmu(const char *name)
{
	const char *mmu = getenv("MOCKGPU_MMU");

	return mmu && !strcmp(mmu, name);
}

FIXTURE_SETUP(kvm_map)
{
	int ret;

	if ((test_is_mmu("legacy") || test_is_mmu("shadow")) && variant->order == 10 &&
	    test_is_control(variant->kind) && !test_is_long())
		SKIP(return, "a control that is tried in tdp mode, and here with MOCKGPU_LONG=1");
	self->drm = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->drm);
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
	ret = exercise_init(&self->exercise, self->drm, variant->kind, variant->order,
			    variant->pages, NULL, self->kmsg);
	if (ret == -ENOMEM && variant->order >= SCARCE_ORDER) {
		test_print_skipped(variant->kind, variant->order, variant->pages);
		SKIP(return, "%s", self->exercise.error);
	}
	ASSERT_EQ(0, ret)
		TH_LOG("%s", self->exercise.error);
	self->exercise.explain = failure_explain;
}

FIXTURE_TEARDOWN(kvm_map)
{
	exercise_fini(&self->exercise);
	close(self->kmsg);
	close(self->drm);
}

static void test_name_case(const struct mockgpu_bo *bo, const struct exercise_case *what,
			   char *name, size_t size)
{
	char buffer[32];

	test_name_buffer(bo->kind, bo->order, buffer, sizeof(buffer));
	snprintf(name, size, "%s-%s-%s-%s", buffer,
		 what->first == GUEST_READ ? "read" : "write",
		 exercise_order_name(what->access_order), what->skewed ? "skewed" : "aligned");
}

/* The last case in a VM is judged again when the VM is gone. */
static struct judgement test_try_case(struct exercise *exercise, const struct exercise_case *what,
				      bool last)
{
	struct judgement judgement;

	if (exercise_run(exercise, what))
		return judge_not_tried(exercise->error, exercise->pages);
	judgement = judge(&exercise->evidence);
	if (judgement.verdict == JUDGE_NOT_OK || !last)
		return judgement;
	if (exercise_end_vm(exercise))
		return judge_not_tried(exercise->error, exercise->pages);
	return judge(&exercise->evidence);
}

static struct exercise_case test_case(unsigned int i)
{
	return (struct exercise_case){
		.access_order = i % EXERCISE_ORDERS,
		.first = i / EXERCISE_ORDERS % 2 ? GUEST_WRITE : GUEST_READ,
		.skewed = i / EXERCISE_ORDERS / 2,
		.seed = guest_value(test_seed, i, 0),
	};
}

/*
 * The half that still has every combination of access order, first access and alignment in
 * pairs; of that, the half that still has every access order, and every pair of first access
 * and alignment.
 */
static bool test_is_tried(const struct mockgpu_bo *bo, const struct exercise_case *what)
{
	const bool tdp = !getenv("MOCKGPU_MMU") || test_is_mmu("tdp");
	const bool large = bo->order >= SCARCE_ORDER || bo->kind == MOCKGPU_KIND_TTM;
	const bool write = what->first == GUEST_WRITE;
	const bool half = (what->access_order + write + what->skewed) % 2 == 1;

	if (test_is_long() || (tdp && !large && !test_is_control(bo->kind)))
		return true;
	if ((tdp && bo->order <= SCARCE_ORDER) || !large)
		return half;
	return half && what->access_order / 2 == write;
}

/* Run all cases in one VM; the worst judgement is returned for all of them. */
static struct judgement test_try_cases(struct exercise *exercise)
{
	struct judgement worst = { .verdict = JUDGE_OK };
	unsigned int i, tried = 0;

	for (i = 0; i < KVM_MAP_CASES && exercise->vm; i++) {
		struct exercise_case what = test_case(i);
		struct judgement judgement;
		char name[96];

		if (!test_is_tried(&exercise->bo, &what))
			continue;
		judgement = test_try_case(exercise, &what, i == KVM_MAP_CASES - 1);
		test_name_case(&exercise->bo, &what, name, sizeof(name));
		case_print(name, &judgement);
		/* The pages are the same in every case, so the verdict must be too. */
		if (tried++ && judgement.verdict < JUDGE_NOT_OK && worst.verdict < JUDGE_NOT_OK &&
		    judgement.verdict != worst.verdict) {
			judgement.verdict = JUDGE_NOT_OK;
			snprintf(judgement.text, sizeof(judgement.text),
				 "%s maps other pages than the cases before", name);
		}
		if (judgement.verdict > worst.verdict)
			worst = judgement;
	}
	return tried ? worst : judge_not_tried("no case was tried", exercise->pages);
}

TEST_F(kvm_map, every_case)
{
	struct judgement judgement;
	char name[32];

	test_name_buffer(variant->kind, variant->order, name, sizeof(name));
	test_say_progress(name);
	judgement = test_try_cases(&self->exercise);
	case_conclude(_metadata, &judgement);
}

int main(int argc, char **argv)
{
	const char *seed = getenv("MOCKGPU_SEED");

	program_needs_kvm(vm_buffer_unusable());
	test_start = time(NULL);
	if (seed)
		test_seed = strtoull(seed, NULL, 0);
	else if (getrandom(&test_seed, sizeof(test_seed), 0) < 0)
		test_seed = test_start;
	ksft_print_msg("MOCKGPU_SEED=%#llx\n", (unsigned long long)test_seed);
	return test_harness_run(argc, argv);
}
