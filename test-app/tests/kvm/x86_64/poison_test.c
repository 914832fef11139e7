// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that fails (memory_failure()) under a guest: a page of a buffer gets PG_hwpoison while
 * KVM has it mapped. Who is told, who can still access it, and who gets the page next?
 *
 * Each test poisons a page by its number, as a machine check would, but the contents stay good.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "canary.h"
#include "live.h"
#include "poison.h"
#include "sysfs.h"

#define UNPOISON "/sys/kernel/debug/hwpoison/unpoison-pfn"

/* In /proc/kpageflags: include/uapi/linux/kernel-page-flags.h. */
#define KPF_HWPOISON (1ull << 19)

/* Buffers that look for the page after its buffer is gone. */
#define HEIRS 8

/*
 * @live: a buffer that a guest has mapped
 * @page: index of the page that fails
 * @pfn: its number
 * @before: pages of the buffer that have failed before: only VRAM cannot be healed
 * @maps: the guest can access every page
 */
FIXTURE(poison) {
	struct live live;
	uint32_t page;
	uint64_t pfn;
	size_t before;
	bool maps;
};

/*
 * @want: the buffer
 * @page: which page fails
 * @known: that the page has another owner after its buffer is gone, and why; or NULL
 */
FIXTURE_VARIANT(poison) {
	struct drm_mockgpu_bo_create want;
	uint32_t page;
	const char *known;
};

FIXTURE_VARIANT_ADD(poison, split) {
	.want = { .size = 16 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 3 },
	.page = 1,
};

FIXTURE_VARIANT_ADD(poison, noncompound_head) {
	.want = { .size = 16 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 3 },
};

FIXTURE_VARIANT_ADD(poison, noncompound_tail) {
	.want = { .size = 16 << 12, .kind = MOCKGPU_KIND_NONCOMPOUND, .order = 3 },
	.page = 1,
};

FIXTURE_VARIANT_ADD(poison, compound_tail) {
	.want = { .size = 16 << 12, .kind = MOCKGPU_KIND_COMPOUND, .order = 3 },
	.page = 1,
};

FIXTURE_VARIANT_ADD(poison, ttm_tail) {
	.want = { .size = 8 << 12, .kind = MOCKGPU_KIND_TTM },
	.page = 1,
	.known = "a block that TTM frees comes back with its bad page",
};

/* In GTT it has pages that every kernel maps. */
FIXTURE_VARIANT_ADD(poison, vram) {
	.want = { .size = 16 << 12, .kind = MOCKGPU_KIND_SPLIT, .order = 3,
		  .placement = MOCKGPU_PLACEMENT_VRAM },
	.page = 1,
	.known = "no driver learns that memory fails",
};

static bool is_poisoned(struct __test_metadata *_metadata, uint64_t pfn)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(sizeof(flags), pread(fd, &flags, sizeof(flags), pfn * sizeof(flags)));
	close(fd);
	return flags & KPF_HWPOISON;
}

static size_t count_poisoned(struct __test_metadata *_metadata, const struct mockgpu_bo *bo)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, bo);
	size_t i, count = 0;

	for (i = 0; i < bo_npages(bo); i++)
		count += is_poisoned(_metadata, pages[i].pfn);
	free(pages);
	return count;
}

FIXTURE_SETUP(poison)
{
	struct live *live = &self->live;
	struct drm_mockgpu_page *pages;
	cpu_set_t allowed;

	if (access(HARD_OFFLINE, W_OK))
		SKIP(return, "this kernel cannot poison pages (CONFIG_MEMORY_FAILURE)");
	/* What a CPU frees it allocates next. */
	ASSERT_EQ(0, sched_getaffinity(0, sizeof(allowed), &allowed));
	canary_next_cpu(_metadata, &allowed, -1);
	if (!live_setup(_metadata, live, &variant->want, 1))
		return;
	live_vm(_metadata, live);
	self->maps = live_maps(_metadata, live);
	pages = bo_pages(_metadata, &live->bo);
	self->page = variant->page;
	while (self->page < live->pages - 1 && is_poisoned(_metadata, pages[self->page].pfn))
		self->page++;
	self->pfn = pages[self->page].pfn;
	free(pages);
	self->before = count_poisoned(_metadata, &live->bo);
}

/* So that the rest of the run has the page back, where the kernel can do that. */
static void unpoison(uint64_t pfn)
{
	int ret = access(UNPOISON, W_OK) ? -errno : sysfs_write_number(UNPOISON, pfn);

	if (ret)
		ksft_print_msg("page %#llx stays poisoned (%d)\n", (unsigned long long)pfn, ret);
}

FIXTURE_TEARDOWN(poison)
{
	/* Only then is the buffer gone. */
	live_teardown(_metadata, &self->live);
	if (is_poisoned(_metadata, self->pfn))
		unpoison(self->pfn);
}

static char *the_page(const struct live *live, uint32_t page)
{
	return (char *)live->bo.map + (size_t)page * GUEST_PAGE_SIZE;
}

/*
 * The kernel finds who maps a page by its rmap, which PFN mappings have not, and looks at no
 * page that is not on an LRU list: nobody is told, and everybody goes on.
 */
TEST_F(poison, nobody_is_told)
{
	struct live *live = &self->live;
	struct mockgpu_entry entry;

	if (!self->maps)
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	EXPECT_EQ(-EBUSY, poison(self->pfn));
	EXPECT_TRUE(is_poisoned(_metadata, self->pfn));
	EXPECT_EQ(-EHWPOISON, poison(self->pfn));
	EXPECT_EQ(self->before + 1, count_poisoned(_metadata, &live->bo));
	/* The guest goes on in its entry, and the VMM in its own. */
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	EXPECT_EQ(0, live_efaults(live));
	EXPECT_EQ(0, mockgpu_entry_get(live->driver.fd, the_page(live, self->page), &entry));
	EXPECT_TRUE(entry.present);
	EXPECT_EQ(self->pfn, entry.pfn);
	EXPECT_EQ(0, pattern_touch(the_page(live, self->page), 0));
}

/* Neither TTM's fault handler nor KVM's looks at the flag. */
TEST_F(poison, a_new_fault_maps_it_again)
{
	struct live *live = &self->live;
	struct mockgpu_entry entry;

	if (!self->maps)
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
	ASSERT_EQ(-EBUSY, poison(self->pfn));
	ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
	EXPECT_TRUE(live_maps(_metadata, live));
	EXPECT_EQ(0, pattern_touch(the_page(live, self->page), 1));
	EXPECT_EQ(0, mockgpu_entry_get(live->driver.fd, the_page(live, self->page), &entry));
	EXPECT_EQ(self->pfn, entry.pfn);
}

/* By address it cannot be done: PFN mappings have no pages. */
TEST_F(poison, madvise_refuses)
{
	struct live *live = &self->live;

	if (!self->maps)
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
	EXPECT_EQ(-1, madvise(the_page(live, self->page), GUEST_PAGE_SIZE, MADV_HWPOISON));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_FALSE(is_poisoned(_metadata, self->pfn));
	EXPECT_TRUE(live_maps(_metadata, live));
}

/* A move reads the page, as a GPU's copy engine would, and leaves it behind. */
TEST_F(poison, a_move_takes_the_contents_elsewhere)
{
	struct live *live = &self->live;

	if (!self->maps)
		SKIP(return, "known before 6.13: such pages cannot be mapped, see kvm_map_test");
	ASSERT_EQ(-EBUSY, poison(self->pfn));
	ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT,
				     variant->want.placement == MOCKGPU_PLACEMENT_VRAM ? 0 :
				     MOCKGPU_MOVE_NEW_PAGES));
	EXPECT_EQ(0, count_poisoned(_metadata, &live->bo));
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	EXPECT_TRUE(live_maps(_metadata, live));
	EXPECT_TRUE(is_poisoned(_metadata, self->pfn));
}

/* Return: bad pages in new buffers like the one that is gone. */
static size_t count_inherited(struct __test_metadata *_metadata, struct live *live,
			      const struct drm_mockgpu_bo_create *want)
{
	struct mockgpu_bo heirs[HEIRS] = {};
	size_t i, count = 0;

	for (i = 0; i < HEIRS; i++) {
		ASSERT_EQ(0, vm_buffer_make(live->driver.fd, want, &heirs[i]));
		count += count_poisoned(_metadata, &heirs[i]);
	}
	for (i = 0; i < HEIRS; i++)
		EXPECT_EQ(0, mockgpu_bo_destroy(&heirs[i]));
	return count;
}

/*
 * The page allocator keeps a bad page only if it is freed by itself. In a block it comes back,
 * as check_new_pages() looks on kernels with CONFIG_DEBUG_VM only. So the driver frees the pages
 * of its own blocks one by one, and keeps a compound block.
 */
TEST_F(poison, it_has_no_heirs)
{
	struct live *live = &self->live;
	size_t count;

	ASSERT_EQ(-EBUSY, poison(self->pfn));
	vmm_destroy(live->vm);
	live->vm = NULL;
	ASSERT_EQ(0, mockgpu_bo_destroy(&live->bo));
	count = count_inherited(_metadata, live, &variant->want);
	EXPECT_TRUE(is_poisoned(_metadata, self->pfn));
	if (!variant->known) {
		EXPECT_EQ(0, count);
	} else if (count) {
		EXPECT_EQ(self->before + 1, count);
		verdict_known(_metadata, "known: %s", variant->known);
	}
}

int main(int argc, char **argv)
{
	/* For UNPOISON; without it the pages stay as they are. */
	if (system("modprobe -q hwpoison-inject"))
		ksft_print_msg("no hwpoison-inject: bad pages stay bad\n");
	return live_run(argc, argv);
}
