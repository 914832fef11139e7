// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every way into a guest: page kinds, mapping paths to user space, fault modes, the guest's
 * first access, the layout of memslots over the mapping, and KVM_PRE_FAULT_MEMORY. vgem's
 * import of a mockgpu dma-buf is not a mapping path: drm_gem_dumb_map_offset() refuses
 * imports. Which pages map depends on the kind alone; lib/verdict/judge.c decides.
 *
 * One harness test is one kind in one fault mode. The short form combines each kind, mode,
 * layout and first access with one of the mapping paths; MOCKGPU_LONG=1 runs all combinations.
 */

#include <sys/mman.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "arch.h"
#include "array.h"
#include "behaviour.h"
#include "buffer.h"
#include "case.h"
#include "exercise.h"
#include "failure.h"
#include "hostmap.h"
#include "kmsg.h"
#include "kvmstat.h"
#include "program.h"
#include "touch.h"
#include "verdict.h"

#define SLOT 1
#define ROOM (4ull << 20)
#define PAGES_MAX 1024

enum mapping_path { PATH_GEM, PATH_DMABUF, PATHS };

static const char *const path_name[] = { "gem", "dmabuf" };

static const enum guest_op firsts[] = { GUEST_READ, GUEST_WRITE, GUEST_EXECUTE };
static const char *const first_name[] = { "read", "write", "execute" };

FIXTURE(mapping) {
	int drm;
	int kmsg;
	struct vmm *vm;
	struct mockgpu_bo bo;
	struct mockgpu_bo other;
	char *room;
	size_t size;
};

FIXTURE_VARIANT(mapping) {
	const char *name;
	struct drm_mockgpu_bo_create want;
};

#define VARIANT(_name, _kind, _order, _pages, _mode)				\
FIXTURE_VARIANT_ADD(mapping, _name) {						\
	.name = #_name,								\
	.want = { .size = (_pages) << 12, .kind = MOCKGPU_KIND_##_kind,		\
		  .order = _order, .fault_mode = MOCKGPU_FAULT_##_mode },	\
}

VARIANT(ttm, TTM, 0, 37, SINGLE);
VARIANT(ttm_prefault, TTM, 0, 37, PREFAULT);
VARIANT(ttm_huge, TTM, 0, 512 + 37, HUGE);
VARIANT(noncompound, NONCOMPOUND, 4, 40, SINGLE);
VARIANT(noncompound_prefault, NONCOMPOUND, 4, 40, PREFAULT);
/* Large entries, followed by small ones. */
VARIANT(noncompound_huge, NONCOMPOUND, 9, 512 + 40, HUGE);
VARIANT(compound, COMPOUND, 4, 40, SINGLE);
VARIANT(compound_prefault, COMPOUND, 4, 40, PREFAULT);
VARIANT(split, SPLIT, 4, 40, SINGLE);
VARIANT(split_prefault, SPLIT, 4, 40, PREFAULT);
VARIANT(split_huge, SPLIT, 9, 512 + 40, HUGE);
VARIANT(reserved, RESERVED, 4, 40, SINGLE);
VARIANT(reserved_prefault, RESERVED, 4, 40, PREFAULT);

FIXTURE_SETUP(mapping)
{
	int ret;

	self->drm = mockgpu_open(NULL, 0);
	ASSERT_LE(0, self->drm);
	self->kmsg = kmsg_open();
	ASSERT_LE(0, self->kmsg);
	self->size = variant->want.size;
	if (behaviour_unsafe_buffer(&variant->want))
		SKIP(return, "%s", behaviour_unsafe_buffer(&variant->want));
	ret = vm_buffer_make(self->drm, &variant->want, &self->bo);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no huge PFN mappings");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, vm_buffer_make(self->drm, &variant->want, &self->other));
	self->room = hostmap_reserve(ROOM);
	ASSERT_NE(NULL, self->room);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
}

FIXTURE_TEARDOWN(mapping)
{
	vmm_destroy(self->vm);
	if (self->room)
		munmap(self->room, ROOM);
	self->bo.map = NULL;
	self->other.map = NULL;
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->other));
	close(self->kmsg);
	close(self->drm);
}

/* Make it inaccessible again, as far as a memslot over it allows that. */
static int hide(void *at, size_t size)
{
	void *map = mmap(at, size, ARCH_RESERVE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return map == MAP_FAILED ? -errno : 0;
}

static int map_by_path(enum mapping_path path, struct mockgpu_bo *bo, void *at)
{
	int fd, ret = 0;

	if (path == PATH_GEM) {
		bo->map = NULL;
		return mockgpu_bo_map(bo, at);
	}
	fd = mockgpu_bo_export(bo);
	if (fd < 0)
		return fd;
	if (mmap(at, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		ret = -errno;
	close(fd);
	return ret;
}

static int detach_slot(struct exercise *exercise, const struct exercise_case *what)
{
	(void)what;
	return vmm_slot_delete(exercise->vm, SLOT);
}

/* A slot that ends with the buffer. */
static int attach_own(struct exercise *exercise, const struct exercise_case *what)
{
	return vmm_slot_set(exercise->vm, SLOT, exercise_gpa(what), exercise->memory,
			    exercise->pages * GUEST_PAGE_SIZE, 0);
}

/* A slot that extends past the buffer, to where nothing or another buffer is. */
static int attach_room(struct exercise *exercise, const struct exercise_case *what)
{
	return vmm_slot_set(exercise->vm, SLOT, exercise_gpa(what), exercise->memory, ROOM, 0);
}

/* An arena whose pages the guest had before the buffer is mapped over them. */
static int attach_arena(struct exercise *exercise, const struct exercise_case *what)
{
	const size_t size = exercise->pages * GUEST_PAGE_SIZE;
	enum mapping_path path = *(const enum mapping_path *)what->opaque;
	static uint8_t result[PAGES_MAX];
	struct touch touch = {
		.op = GUEST_WRITE, .gpa = exercise_gpa(what), .accesses = exercise->pages,
		.result = result,
	};
	int ret;

	if (mmap(exercise->memory, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	ret = attach_room(exercise, what);
	if (!ret)
		ret = touch_run(vmm_vcpu_get(exercise->vm, 0), &touch);
	return ret ? ret : map_by_path(path, &exercise->bo, exercise->memory);
}

static const struct layout {
	const char *name;
	bool skewed;
	bool other;
	struct exercise_attach_ops attach_ops;
} layouts[] = {
	{ "own", false, false, { attach_own, detach_slot } },
	{ "skewed", true, false, { attach_own, detach_slot } },
	{ "larger", false, false, { attach_room, detach_slot } },
	{ "several", false, true, { attach_room, detach_slot } },
	{ "arena", false, false, { attach_arena, detach_slot } },
};

struct mapping_case {
	enum mapping_path path;
	const struct layout *layout;
	size_t first;
};

static struct judgement try_case(struct _test_data_mapping *self,
				 const struct mapping_case *mapping, unsigned int number)
{
	const struct exercise_case what = {
		.first = firsts[mapping->first],
		.access_order = number % EXERCISE_ORDERS,
		.skewed = mapping->layout->skewed,
		.seed = guest_value(number, 0, 0),
		.opaque = (void *)&mapping->path,
		.attach_ops = &mapping->layout->attach_ops,
	};
	struct judgement judgement;
	struct exercise exercise;
	int ret;

	ret = map_by_path(mapping->path, &self->bo, self->room);
	if (!ret && mapping->layout->other)
		ret = map_by_path(mapping->path, &self->other, self->room + self->size);
	if (ret)
		return judge_not_tried("the buffer cannot be mapped", self->size / GUEST_PAGE_SIZE);
	ret = exercise_init_bo(&exercise, &self->bo, self->room, self->vm, self->kmsg);
	exercise.explain = failure_explain;
	if (!ret)
		ret = exercise_run(&exercise, &what);
	judgement = ret ? judge_not_tried(exercise.error, exercise.pages) :
			  judge(&exercise.evidence);
	exercise_fini(&exercise);
	hide(self->room, ROOM);
	return judgement;
}

static bool has_large_entries(const struct drm_mockgpu_bo_create *want)
{
	return want->fault_mode == MOCKGPU_FAULT_HUGE;
}

static const char large_entries[] =
	"before 6.13 what a large entry maps is up to the page touched first, see large_entry";

/*
 * Why the verdict on a buffer's pages would be about large entries, or NULL: before 6.13 the
 * access order decides there what the guest can have of a buffer without reference counts.
 */
static const char *large_entries_matter(const struct drm_mockgpu_bo_create *want)
{
	if (!has_large_entries(want) || want->kind == MOCKGPU_KIND_SPLIT ||
	    !behaviour_excused(BEHAVIOUR_REFUSES_TAILS))
		return NULL;
	return large_entries;
}

/* The same, or that KVM does not leave the same marks on all pages. */
static const char *large_entries_differ(const struct drm_mockgpu_bo_create *want)
{
	const char *why = large_entries_matter(want);

	if (!why && has_large_entries(want) && behaviour_excused(BEHAVIOUR_REFUSES_TAILS))
		why = "before 6.13 KVM marks only the page of a large entry that was touched first";
	return why;
}

/* One combination of mapping path, layout and first access, by their number. */
static void number_case(size_t number, struct mapping_case *mapping, size_t *layout)
{
	mapping->first = number % ARRAY_SIZE(firsts);
	*layout = number / ARRAY_SIZE(firsts) % ARRAY_SIZE(layouts);
	mapping->layout = &layouts[*layout];
	mapping->path = number / ARRAY_SIZE(firsts) / ARRAY_SIZE(layouts);
}

TEST_F(mapping, every_case)
{
	const size_t cases = PATHS * ARRAY_SIZE(layouts) * ARRAY_SIZE(firsts);
	struct judgement worst = { .verdict = JUDGE_OK }, judgement;
	const char *why = large_entries_differ(&variant->want);
	unsigned int tried = 0;
	struct mapping_case mapping;
	size_t number, layout;
	char name[96];

	if (why)
		SKIP(return, "%s", why);
	for (number = 0; number < cases; number++) {
		number_case(number, &mapping, &layout);
		if (!test_is_long() && mapping.path != (layout + mapping.first) % PATHS)
			continue;
		judgement = try_case(self, &mapping, tried++);
		snprintf(name, sizeof(name), "mapping-%s-%s-%s-%s", variant->name,
			 path_name[mapping.path], mapping.layout->name, first_name[mapping.first]);
		case_print(name, &judgement);
		if (judgement.verdict > worst.verdict)
			worst = judgement;
	}
	case_conclude(_metadata, &worst);
}

/* Let the guest read some pages in turn. Return: how many of them did not map. */
static size_t refused_of(struct __test_metadata *_metadata, struct _test_data_mapping *self,
			 uint32_t first, size_t count)
{
	uint32_t sequence[8];
	static uint8_t result[PAGES_MAX];
	struct touch touch = {
		.op = GUEST_WRITE, .gpa = VMM_BUFFER_GPA, .sequence = sequence, .result = result,
	};
	size_t i, refused = 0;

	for (i = 0; i < count; i++)
		sequence[touch.accesses++] = first + i;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &touch));
	for (i = 0; i < count; i++)
		refused += result[sequence[i]] == GUEST_EFAULT;
	return refused;
}

/*
 * Up to 6.12 KVM takes a reference to the one page that is touched, and then maps what the
 * host's entry maps: tails give EFAULT until the head was touched, and map after that. A test
 * that starts with the first page does not notice.
 */
TEST_F(mapping, large_entry)
{
	const bool refusable = variant->want.kind != MOCKGPU_KIND_SPLIT;
	size_t refused;

	if (!has_large_entries(&variant->want))
		SKIP(return, "there are no large entries");
	ASSERT_EQ(0, map_by_path(PATH_GEM, &self->bo, self->room));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->room, self->size, 0));
	refused = refused_of(_metadata, self, 1, 8);
	EXPECT_EQ(0, refused_of(_metadata, self, 0, 1));
	EXPECT_EQ(0, refused_of(_metadata, self, 1, 8));
	if (!refused)
		return;
	EXPECT_TRUE(refusable && behaviour_excused(BEHAVIOUR_REFUSES_TAILS));
	EXPECT_EQ(8, refused);
	verdict_known(_metadata, "known before 6.13: tails give EFAULT until the head is mapped");
}

/*
 * KVM_PRE_FAULT_MEMORY returns the result of a guest's read without a guest, page by page
 * (Documentation/virt/kvm/api.rst 4.143; x86 with two-dimensional paging).
 */
TEST_F(mapping, pre_fault_memory)
{
	const size_t pages = self->size / GUEST_PAGE_SIZE;
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);
	static struct drm_mockgpu_page page[PAGES_MAX];
	static uint32_t sequence[PAGES_MAX];
	static uint8_t result[PAGES_MAX];
	struct touch touch = {
		.op = GUEST_WRITE, .gpa = VMM_BUFFER_GPA, .sequence = sequence, .result = result,
	};
	uint64_t before = 0, after = 0;
	const char *why = large_entries_matter(&variant->want);
	size_t i, mapped, refusable = 0, refused = 0;

	if (why)
		SKIP(return, "%s", why);
	if (!vmm_check(self->vm, KVM_CAP_PRE_FAULT_MEMORY))
		SKIP(return, "KVM has no KVM_PRE_FAULT_MEMORY here");
	ASSERT_EQ(pages, mockgpu_bo_pages(&self->bo, 0, pages, page));
	ASSERT_EQ(0, map_by_path(PATH_GEM, &self->bo, self->room));
	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->room, self->size, 0));
	for (i = 0; i < pages; i++) {
		const bool may = judge_page_refusable(&page[i]) &&
				 behaviour_excused(BEHAVIOUR_REFUSES_TAILS);
		int ret = vmm_vcpu_pre_fault(vcpu, VMM_BUFFER_GPA + i * GUEST_PAGE_SIZE,
					     GUEST_PAGE_SIZE);

		if (!i && ret == -EOPNOTSUPP)
			SKIP(return, "there is no KVM_PRE_FAULT_MEMORY with shadow paging");
		refusable += may;
		if (ret == -EFAULT && may)
			refused++;
		else
			EXPECT_EQ(0, ret)
				TH_LOG("page %zu", i);
		if (!ret)
			sequence[touch.accesses++] = i;
	}
	/* The payload's own pages are mapped after its first steps. */
	mapped = touch.accesses;
	touch.accesses = 1;
	EXPECT_EQ(0, touch_run(vcpu, &touch));
	touch.accesses = mapped;
	/* A page that was mapped ahead takes no fault any more, not even for a write. */
	EXPECT_EQ(0, kvmstat_vcpu(vcpu, "pf_taken", &before));
	EXPECT_EQ(0, touch_run(vcpu, &touch));
	EXPECT_EQ(0, kvmstat_vcpu(vcpu, "pf_taken", &after));
	for (i = 0; i < touch.accesses; i++)
		EXPECT_EQ(GUEST_MAPPED, result[sequence[i]]);
	EXPECT_EQ(before, after);
	EXPECT_EQ(refusable, refused);
	if (refused)
		verdict_known(_metadata, "known before 6.13: %zu of %zu pages give EFAULT",
			      refused, pages);
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	program_needs_kvm(behaviour_unsafe());
	return test_harness_run(argc, argv);
}
