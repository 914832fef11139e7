// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host-visible memory of the app's own VMM: a guest's driver creates HOST3D blobs, maps them into
 * the host-visible region, touches every page and destroys them, with blobs of every page kind,
 * both memslot layouts and both methods, and with the driver moving them underneath.
 * lib/verdict/judge.c decides what is ok, known or a bug.
 *
 * A test of `vram` is one kind of blob in one VM (case.h).
 *
 * Environment: MOCKGPU_LONG=1 runs every access order and both alignments, moves blobs under
 * every method, and uses larger numbers.
 */

#include <sys/mman.h>

#include "kselftest_harness.h"

#include "array.h"
#include "buffer.h"
#include "program.h"
#include "gpu_vm_setup.h"

#define SEED 0x76726d00ull

FIXTURE(vram) {
	struct driver driver;
	struct gpu_vm gpu_vm;
	struct exercise exercise;
};

FIXTURE_VARIANT(vram) {
	enum gpu_vm_layout layout;
	enum vgpu_map_method method;
	const char *name;
	uint64_t blob_id;
	size_t pages;
};

/* Every kind in both layouts, mapped by both methods. */
#define KIND_IN(layout_, method_, suffix, text, id, npages)			\
	FIXTURE_VARIANT_ADD(vram, suffix) {					\
		.layout = layout_, .method = method_, .name = text,		\
		.blob_id = id, .pages = npages,					\
	}
#define KIND(kind, text, id, npages)						\
	KIND_IN(GPU_VM_SLOTTED, VGPU_MAP_BY_MMAP, kind##_slot_mmap,		\
		"vram-slot-" text, id, npages);					\
	KIND_IN(GPU_VM_ARENA, VGPU_MAP_BY_MMAP, kind##_arena_mmap,			\
		"vram-arena-" text, id, npages);				\
	KIND_IN(GPU_VM_SLOTTED, VGPU_MAP_BY_VIRGL, kind##_slot_virgl,		\
		"vram-slot-" text, id, npages);					\
	KIND_AT(kind, text, id, npages)
/* Not every virglrenderer can do that, see virglrenderer_maps_at_a_given_address. */
#ifdef VGPU_HAVE_VIRGL_MAP_FIXED
#define KIND_AT(kind, text, id, npages)						\
	KIND_IN(GPU_VM_ARENA, VGPU_MAP_BY_VIRGL, kind##_arena_virgl,		\
		"vram-arena-" text, id, npages)
#else
#define KIND_AT(...) struct nothing
#endif

/* ttm gets blocks of orders 5, 1 and 0. */
KIND(ttm, "ttm", OF_KIND(TTM, 0), 32 + 2 + 1);
KIND(noncompound, "noncompound-o4", OF_KIND(NONCOMPOUND, 4), 40);
KIND(compound, "compound-o4", OF_KIND(COMPOUND, 4), 40);
KIND(split, "split-o4", OF_KIND(SPLIT, 4), 40);
KIND(reserved, "reserved-o4", OF_KIND(RESERVED, 4), 40);
KIND(in_vram, "gpu_vm", OF_KIND(SPLIT, 0) | IN_VRAM, 40);
KIND(memfd, "memfd", VGPU_BLOB_ID_MEMFD, 40);

FIXTURE_SETUP(vram)
{
	const char *unusable = vgpu_map_method_unusable(variant->method, false);

	if (unusable)
		SKIP(return, "%s", unusable);
	driver_setup(_metadata, &self->driver);
	vm_setup(_metadata, &self->gpu_vm, self->driver.fd, variant->layout, variant->method);
	ASSERT_EQ(OK, gpu_vm_create_blob(&self->gpu_vm, ID, variant->blob_id,
					 variant->pages * PAGE));
	ASSERT_EQ(0, exercise_of_blob(&self->exercise, &self->gpu_vm, variant->blob_id,
				      self->driver.kmsg));
}

FIXTURE_TEARDOWN(vram)
{
	exercise_fini(&self->exercise);
	vm_teardown(_metadata, &self->gpu_vm);
	driver_teardown(_metadata, &self->driver);
}

static void keep_worst(struct judgement *worst, const struct judgement *judgement)
{
	if (!worst->total || judgement->verdict > worst->verdict)
		*worst = *judgement;
}

TEST_F(vram, every_page_in_both_directions)
{
	struct judgement worst = { .verdict = JUDGE_OK };
	unsigned int i, cases = 2 * EXERCISE_ORDERS * 2;

	for (i = 0; i < cases; i++) {
		const struct exercise_case what = {
			.first = i % 2 ? GUEST_WRITE : GUEST_READ,
			.access_order = i / 2 % EXERCISE_ORDERS,
			.skewed = i / 2 / EXERCISE_ORDERS,
			.seed = SEED + i,
			.opaque = &self->gpu_vm,
			.attach_ops = &blob_attach_ops,
		};
		struct judgement judgement;

		/* The first and the last: heads read first, random written first. */
		if (!test_is_long() && i && i != cases - 1)
			continue;
		judgement = try_case(&self->exercise, &what);
		keep_worst(&worst, &judgement);
		EXPECT_TRUE(gpu_vm_is_empty(&self->gpu_vm));
	}
	case_print(variant->name, &worst);
	case_conclude(_metadata, &worst);
}

static struct mockgpu_bo *exercise_bo(struct gpu_vm *gpu_vm)
{
	return vgpu_blob_bo(vgpu_blob_find(gpu_vm->gpu, ID));
}

static int change_zap(struct exercise *exercise, void *opaque)
{
	(void)exercise;
	return mockgpu_bo_zap(exercise_bo(opaque));
}

static int change_pages(struct exercise *exercise, void *opaque)
{
	(void)exercise;
	return mockgpu_bo_move(exercise_bo(opaque), MOCKGPU_PLACEMENT_GTT, MOCKGPU_MOVE_NEW_PAGES);
}

static int change_swapout(struct exercise *exercise, void *opaque)
{
	(void)exercise;
	return mockgpu_bo_swapout(exercise_bo(opaque));
}

static int change_caching(struct exercise *exercise, void *opaque)
{
	struct mockgpu_bo *bo = exercise_bo(opaque);

	(void)exercise;
	return mockgpu_bo_set_caching(bo, bo->caching == MOCKGPU_CACHING_CACHED ?
				      MOCKGPU_CACHING_WC : MOCKGPU_CACHING_CACHED);
}

static int change_vram_and_back(struct exercise *exercise, void *opaque)
{
	int ret = mockgpu_bo_move(exercise_bo(opaque), MOCKGPU_PLACEMENT_VRAM, 0);

	(void)exercise;
	return ret ? ret : mockgpu_bo_move(exercise_bo(opaque), MOCKGPU_PLACEMENT_GTT, 0);
}

/* Between VRAM, where KVM takes no reference, and pages that all have one. */
static int change_placement(struct exercise *exercise, void *opaque)
{
	struct mockgpu_bo *bo = exercise_bo(opaque);
	struct drm_mockgpu_bo_query query;
	int ret = mockgpu_bo_query(bo, &query);

	(void)exercise;
	return ret ? ret : mockgpu_bo_move(bo, query.placement == MOCKGPU_PLACEMENT_VRAM ?
					   MOCKGPU_PLACEMENT_GTT : MOCKGPU_PLACEMENT_VRAM, 0);
}

/* The equivalent for a memfd: the VMM's page table entries are removed. */
static int change_entries(struct exercise *exercise, void *opaque)
{
	struct vgpu_blob *blob = vgpu_blob_find(((struct gpu_vm *)opaque)->gpu, ID);

	(void)exercise;
	return madvise(vgpu_blob_mapped(blob), vgpu_blob_size(blob), MADV_DONTNEED) ? -errno : 0;
}

static const struct {
	const char *name;
	int (*make)(struct exercise *exercise, void *opaque);
	enum place place;
} changes[] = {
	{ "new pages", change_pages, IN_GTT_PAGES },
	{ "zap", change_zap, IN_GTT_PAGES },
	{ "swapout", change_swapout, IN_GTT_PAGES },
	{ "caching", change_caching, IN_GTT_PAGES },
	{ "VRAM and back", change_vram_and_back, IN_GTT_PAGES },
	{ "caching back", change_caching, IN_GTT_PAGES },
	{ "VRAM to GTT", change_placement, IN_VRAM_PAGES },
	{ "GTT to VRAM", change_placement, IN_VRAM_PAGES },
	{ "zap in VRAM", change_zap, IN_VRAM_PAGES },
	{ "swapout from VRAM", change_swapout, IN_VRAM_PAGES },
	{ "madvise", change_entries, IN_MEMFD },
};

TEST_F(vram, moves_while_the_guest_has_it)
{
	struct judgement worst = { .verdict = JUDGE_OK };
	size_t i, tried = 0;

	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct exercise_case what = {
			.first = GUEST_READ,
			.access_order = EXERCISE_HEADS_FIRST,
			.seed = SEED + i,
			.opaque = &self->gpu_vm,
			.attach_ops = &blob_attach_ops,
			.change = changes[i].make,
		};
		struct judgement judgement;

		if (changes[i].place != place_of(variant->blob_id))
			continue;
		tried++;
		judgement = try_case(&self->exercise, &what);
		EXPECT_NE(JUDGE_NOT_OK, judgement.verdict)
			TH_LOG("%s: %s", changes[i].name, judgement.text);
		keep_worst(&worst, &judgement);
		/* The result is the same whoever called mmap(). */
		if (variant->method != VGPU_MAP_BY_MMAP && !test_is_long())
			break;
	}
	EXPECT_NE(0, tried);
	case_conclude(_metadata, &worst);
}

/* Where it can, there are variants of it above and below; this test says so. */
TEST(virglrenderer_maps_at_a_given_address)
{
	const char *unusable = vgpu_map_method_unusable(VGPU_MAP_BY_VIRGL, true);
	struct driver driver;
	struct gpu_vm gpu_vm;

	if (unusable)
		SKIP(return, "%s", unusable);
	driver_setup(_metadata, &driver);
	vm_setup(_metadata, &gpu_vm, driver.fd, GPU_VM_ARENA, VGPU_MAP_BY_VIRGL);
	EXPECT_EQ(OK, gpu_vm_create_blob(&gpu_vm, ID, VGPU_BLOB_ID_MEMFD, PAGE));
	EXPECT_EQ(OK_MAP, gpu_vm_map_blob(&gpu_vm, ID, 0));
	EXPECT_EQ(OK, gpu_vm_unmap_blob(&gpu_vm, ID));
	vm_teardown(_metadata, &gpu_vm);
	driver_teardown(_metadata, &driver);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return driver_run(argc, argv);
}
