// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest in VRAM of a PCI BAR that has struct pages, of ZONE_DEVICE (module parameter bar_pages),
 * mapped as ever, with VM_PFNMAP.
 *
 * KVM up to 6.12 takes a reference to such a page while it handles a fault
 * (kvm_is_zone_device_page() in virt/kvm/kvm_main.c), although PG_reserved is set; where the count
 * is 0, as on amdgpu's xGMI boards, it warns, once, and goes on without. KVM from 6.13 on takes
 * none.
 */

#include <pthread.h>
#include <signal.h>

#include "kselftest_harness.h"

#include "live.h"
#include "pass.h"
#include "zone.h"

#define PAGES 32
#define SIZE (PAGES * GUEST_PAGE_SIZE)

/* Where a program in a cell tells which of the kernel's reports are expected: lab/sh/outcome.sh */
#define PROVOKED "/run/mockgpu/provoked"
#define CLEAR_WARN_ONCE "/sys/kernel/debug/clear_warn_once"

/**
 * struct zoned - a buffer in such memory, and a guest
 * @live: both
 * @type: enum mockgpu_bar_pages
 * @leaks: zone_leaks() before
 * @lost: zone_lost() before
 * @ready: the test was not skipped
 */
struct zoned {
	struct live live;
	uint32_t type;
	size_t leaks;
	size_t lost;
	bool ready;
};

/* KVM that counts warns of pages without a count. */
static bool warns(const struct zoned *zoned)
{
	return judge_refusal_known() && zoned->type == MOCKGPU_BAR_PAGES_COHERENT;
}

/* 6.1 has that function inside of its caller. */
static bool is_the_warning(const char *line)
{
	return strstr(line, "WARNING: ") && strstr(line, "virt/kvm/kvm_main.c:") &&
	       (strstr(line, " kvm_is_zone_device_page+0x") ||
		strstr(line, " kvm_pfn_to_refcounted_page+0x"));
}

/* Tell the lab of these very lines. A machine that is no cell has no such folder. */
static void tell_provoked(struct __test_metadata *_metadata)
{
	FILE *file = fopen(PROVOKED, "ae");
	char *log = klog_read(), *line, *rest = log;

	ASSERT_NE(NULL, log);
	while (file && (line = strsep(&rest, "\n"))) {
		/* "<4>[   12.345678] WARNING: ...": the log has a level, dmesg prints none. */
		if (is_the_warning(line) && strchr(line, '>'))
			fprintf(file, "%s\n", strchr(line, '>') + 1);
	}
	if (file)
		EXPECT_EQ(0, fclose(file));
	free(log);
}

/* Take what the kernel complained of. Return: how often it gave the known warning, and no other. */
static int take_warnings(struct __test_metadata *_metadata, struct zoned *zoned)
{
	char first[256];
	int count = kmsg_complaints(zoned->live.driver.kmsg, first, sizeof(first));

	if (!count)
		return 0;
	EXPECT_TRUE(warns(zoned) && count == 1 && is_the_warning(first))
		TH_LOG("%d complaints, the first is: %s", count, first);
	if (warns(zoned) && is_the_warning(first))
		tell_provoked(_metadata);
	return count;
}

/* Return: false if the test was skipped. */
static bool zoned_setup(struct __test_metadata *_metadata, struct zoned *zoned,
			const struct zone *zone, const struct drm_mockgpu_bo_create *want,
			unsigned int vcpus)
{
	zoned->type = zone->type;
	if (!zone_load(_metadata, zone))
		SKIP(return false, ZONE_NONE);
	zoned->leaks = zone_leaks(_metadata);
	zoned->lost = zone_lost(_metadata);
	zoned->ready = live_setup(_metadata, &zoned->live, want, vcpus);
	return zoned->ready;
}

static void zoned_teardown(struct __test_metadata *_metadata, struct zoned *zoned)
{
	unsigned int i;

	for (i = 0; i < zoned->live.vcpus; i++)
		runner_end(&zoned->live.runner[i]);
	if (zoned->ready)
		take_warnings(_metadata, zoned);
	live_teardown(_metadata, &zoned->live);
	EXPECT_EQ(zoned->leaks, zone_leaks(_metadata));
	EXPECT_EQ(zoned->lost, zone_lost(_metadata));
}

static void expect_unchanged(struct __test_metadata *_metadata, struct live *live,
			     const char *when)
{
	struct drm_mockgpu_bo_compare compare = {};

	EXPECT_EQ(0, mockgpu_bo_compare(&live->bo, &compare));
	EXPECT_EQ(0, compare.changed)
		TH_LOG("%s: page %llu: count %u, flags %#x, before %u, %#x", when,
		       (unsigned long long)compare.first, compare.after.count,
		       compare.after.flags, compare.before.count, compare.before.flags);
}

FIXTURE(zone) {
	struct zoned zoned;
	struct pass pass;
};

FIXTURE_VARIANT(zone) {
	struct zone zone;
	struct drm_mockgpu_bo_create want;
};

/* In GTT every page has a count, so that KVM up to 6.12 takes them, too. */
#define SMALL { .size = SIZE, .kind = MOCKGPU_KIND_SPLIT, .order = 4, \
		.placement = MOCKGPU_PLACEMENT_VRAM }
#define LARGE { .size = 2 << 20, .kind = MOCKGPU_KIND_SPLIT, .order = 9, \
		.placement = MOCKGPU_PLACEMENT_VRAM, .fault_mode = MOCKGPU_FAULT_HUGE }

FIXTURE_VARIANT_ADD(zone, generic) { .zone = ZONE_GENERIC, .want = SMALL };
FIXTURE_VARIANT_ADD(zone, generic_huge) { .zone = ZONE_GENERIC, .want = LARGE };
FIXTURE_VARIANT_ADD(zone, p2pdma) { .zone = ZONE_P2PDMA, .want = SMALL };
FIXTURE_VARIANT_ADD(zone, coherent) { .zone = ZONE_COHERENT, .want = SMALL };
FIXTURE_VARIANT_ADD(zone, coherent_huge) { .zone = ZONE_COHERENT, .want = LARGE };

FIXTURE_SETUP(zone)
{
	struct live *live = &self->zoned.live;

	if (!zoned_setup(_metadata, &self->zoned, &variant->zone, &variant->want, 2))
		return;
	ASSERT_EQ(0, mockgpu_bo_snapshot(&live->bo));
	live_vm(_metadata, live);
	self->pass = (struct pass){ .pages = live->pages, .seed = LIVE_SEED };
}

FIXTURE_TEARDOWN(zone)
{
	zoned_teardown(_metadata, &self->zoned);
}

/* Without entries of KVM's or the host's. Return: how many pages the guest reached. */
static size_t touch_first(struct __test_metadata *_metadata, struct _test_data_zone *self,
			  enum guest_op op)
{
	size_t mapped;

	EXPECT_EQ(0, mockgpu_bo_zap(&self->zoned.live.bo));
	mapped = pass_all(_metadata, self->zoned.live.vm, &self->pass, op, GUEST_MAPPED);
	EXPECT_EQ(0, self->pass.touch.wrong_words);
	return mapped;
}

TEST_F(zone, every_page_maps_and_no_count_stays)
{
	static const enum guest_op firsts[] = { GUEST_READ, GUEST_WRITE };
	struct live *live = &self->zoned.live;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		EXPECT_EQ(live->pages, touch_first(_metadata, self, firsts[i]));
		expect_unchanged(_metadata, live, "while mapped");
	}
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	expect_unchanged(_metadata, live, "without the memslot");
	vmm_destroy(live->vm);
	live->vm = NULL;
	expect_unchanged(_metadata, live, "without the VM");
}

/* The check itself must fail: a reference too many, and one too few. */
TEST_F(zone, a_count_that_stays_is_seen)
{
	struct live *live = &self->zoned.live;
	struct drm_mockgpu_bo_compare compare = {};

	EXPECT_EQ(live->pages, touch_first(_metadata, self, GUEST_WRITE));
	ASSERT_EQ(0, mockgpu_bo_inject(&live->bo, MOCKGPU_INJECT_REF_GET, 7));
	EXPECT_EQ(0, mockgpu_bo_compare(&live->bo, &compare));
	EXPECT_EQ(1, compare.changed);
	EXPECT_EQ(7, compare.first);
	EXPECT_EQ(0, mockgpu_bo_snapshot(&live->bo));
	ASSERT_EQ(0, mockgpu_bo_inject(&live->bo, MOCKGPU_INJECT_REF_PUT, 7));
	EXPECT_EQ(0, mockgpu_bo_compare(&live->bo, &compare));
	EXPECT_EQ(1, compare.changed);
	EXPECT_EQ(compare.before.count, compare.after.count + 1);
}

/*
 * amdgpu registers its aperture on xGMI boards so (kgd2kfd_init_zone_device()) and TTM maps it
 * with VM_PFNMAP: the first guest there gets the machine a warning, once a boot.
 */
TEST_F(zone, kvm_warns_of_pages_without_a_count)
{
	struct zoned *zoned = &self->zoned;
	int seen;

	take_warnings(_metadata, zoned);
	ASSERT_EQ(0, sysfs_write(CLEAR_WARN_ONCE, "1"));
	EXPECT_EQ(zoned->live.pages, touch_first(_metadata, self, GUEST_READ));
	EXPECT_EQ(zoned->live.pages, touch_first(_metadata, self, GUEST_WRITE));
	expect_unchanged(_metadata, &zoned->live, "while mapped");
	seen = take_warnings(_metadata, zoned);
	EXPECT_EQ(warns(zoned), seen);
	if (seen)
		verdict_known(_metadata,
			      "known before 6.13: WARN_ON_ONCE in kvm_is_zone_device_page()");
}

#define MOVES 60
#define MOVES_LONG 2000

/* All of VRAM has its counts again: the driver looks when the device goes. */
static void expect_counts_at_the_end(struct __test_metadata *_metadata, struct zoned *zoned)
{
	struct live *live = &zoned->live;

	vmm_destroy(live->vm);
	live->vm = NULL;
	EXPECT_EQ(0, mockgpu_bo_unmap(&live->bo));
	live->bo.handle = 0;
	EXPECT_EQ(0, close(live->driver.fd));
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	EXPECT_EQ(zoned->leaks, zone_leaks(_metadata));
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	live->driver.fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, live->driver.fd);
}

TEST_F(zone, it_moves_between_the_bar_and_gtt)
{
	static const uint32_t to[] = { MOCKGPU_PLACEMENT_GTT, MOCKGPU_PLACEMENT_VRAM };
	struct live *live = &self->zoned.live;
	unsigned int i, count = test_is_long() ? MOVES_LONG : MOVES;

	live_clear(live);
	live_start(_metadata, live, true);
	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, mockgpu_bo_move(&live->bo, to[i % 2], 0));
		if (i % 6 == 5)
			live_wait(_metadata, live);
	}
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	live_conclude_storm(_metadata, live, count);
	expect_counts_at_the_end(_metadata, &self->zoned);
}

TEST_F(zone, its_device_goes_under_running_vcpus)
{
	struct zoned *zoned = &self->zoned;
	struct live *live = &zoned->live;
	unsigned int i;

	live_clear(live);
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(0, runner_end(&live->runner[i]));
		EXPECT_EQ(VMM_EXIT_EFAULT, live->runner[i].reason);
	}
	EXPECT_EQ(zoned->leaks, zone_leaks(_metadata));
	EXPECT_EQ(SIGBUS, pattern_touch(live->bo.map, 0));
	ASSERT_EQ(0, mockgpu_bo_unmap(&live->bo));
	live->bo.handle = 0;
	EXPECT_EQ(0, close(live->driver.fd));
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	live->driver.fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, live->driver.fd);
}

/**
 * struct watcher - a thread that looks at the counts while vCPUs fault
 * @looks: how often it has looked at all pages
 * @raised: how often a count was higher
 * @lowered: how often one was lower
 * @stop: set to end it
 * @bo: the buffer
 * @usual: the count of its pages
 * @thread: the thread
 */
struct watcher {
	_Atomic uint64_t looks;
	_Atomic uint64_t raised;
	_Atomic uint64_t lowered;
	_Atomic bool stop;
	struct mockgpu_bo *bo;
	uint32_t usual;
	pthread_t thread;
};

static void *watch(void *opaque)
{
	struct drm_mockgpu_page pages[PAGES];
	struct watcher *watcher = opaque;
	int64_t i, got;

	while (!watcher->stop) {
		got = mockgpu_bo_pages(watcher->bo, 0, PAGES, pages);
		for (i = 0; i < got; i++) {
			watcher->raised += pages[i].count > watcher->usual;
			watcher->lowered += pages[i].count < watcher->usual;
		}
		watcher->looks += got == PAGES;
	}
	return NULL;
}

FIXTURE(count) {
	struct zoned zoned;
	struct watcher watcher;
};

FIXTURE_VARIANT(count) {
	struct zone zone;
};

FIXTURE_VARIANT_ADD(count, generic) { .zone = ZONE_GENERIC };
FIXTURE_VARIANT_ADD(count, p2pdma) { .zone = ZONE_P2PDMA };
FIXTURE_VARIANT_ADD(count, coherent) { .zone = ZONE_COHERENT };

FIXTURE_SETUP(count)
{
	const struct drm_mockgpu_bo_create want = SMALL;
	struct live *live = &self->zoned.live;
	struct drm_mockgpu_page page;

	if (!zoned_setup(_metadata, &self->zoned, &variant->zone, &want, 1))
		return;
	ASSERT_EQ(1, mockgpu_bo_pages(&live->bo, 0, 1, &page));
	self->watcher = (struct watcher){ .bo = &live->bo, .usual = page.count };
	ASSERT_EQ(0, mockgpu_bo_snapshot(&live->bo));
	live_vm(_metadata, live);
}

FIXTURE_TEARDOWN(count)
{
	zoned_teardown(_metadata, &self->zoned);
}

/* So many looks must be enough to see a reference, or to say that there is none. */
#define LOOKS 3000
#define LOOKS_MAX 300000

/*
 * A vCPU faults on every page again and again. KVM that counts has a reference to a page for a
 * moment of each fault, which somebody who looks often enough must see.
 */
TEST_F(count, a_reference_is_taken_and_put)
{
	struct live *live = &self->zoned.live;
	struct watcher *watcher = &self->watcher;
	const bool counts = judge_refusal_known() && watcher->usual;
	uint64_t zaps;

	live_clear(live);
	live_start(_metadata, live, true);
	ASSERT_EQ(0, pthread_create(&watcher->thread, NULL, watch, watcher));
	for (zaps = 0; watcher->looks < (counts ? LOOKS_MAX : LOOKS); zaps++) {
		if (counts && watcher->raised)
			break;
		ASSERT_EQ(0, mockgpu_bo_zap(&live->bo));
		clock_pause(1);
	}
	watcher->stop = true;
	ASSERT_EQ(0, pthread_join(watcher->thread, NULL));
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	ksft_print_msg("%llu raised counts in %llu looks at %u pages, %llu zaps\n",
		       (unsigned long long)watcher->raised, (unsigned long long)watcher->looks,
		       PAGES, (unsigned long long)zaps);
	EXPECT_EQ(counts, watcher->raised != 0);
	EXPECT_EQ(0, watcher->lowered);
	expect_unchanged(_metadata, live, "at the end");
	live_known(_metadata, live);
}

/*
 * The pool's other part, which sysfs maps with vm_insert_page(): VM_MIXEDMAP, no VM_PFNMAP, and
 * get_user_pages() refuses such pages to whoever does not ask for them (FOLL_PCI_P2PDMA).
 */
FIXTURE(pool) {
	struct driver driver;
	struct vmm *vm;
	int fd;
	char *map;
	struct pass pass;
};

FIXTURE_SETUP(pool)
{
	const struct zone zone = ZONE_P2PDMA;
	char path[200];

	self->fd = -1;
	if (!zone_load(_metadata, &zone))
		SKIP(return, ZONE_NONE);
	driver_setup(_metadata, &self->driver);
	snprintf(path, sizeof(path), DEVICES "%s/p2pmem/allocate", slot);
	self->fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
	ASSERT_EQ(0, vmm_slot_set(self->vm, LIVE_SLOT, LIVE_GPA, self->map, SIZE, 0));
	guest_fill(self->map, PAGES, LIVE_SEED);
	self->pass = (struct pass){ .pages = PAGES, .seed = LIVE_SEED };
}

FIXTURE_TEARDOWN(pool)
{
	vmm_destroy(self->vm);
	if (self->map)
		EXPECT_EQ(0, munmap(self->map, SIZE));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	driver_teardown(_metadata, &self->driver);
}

TEST_F(pool, gives_a_guest_nothing)
{
	unsigned long size = 0, available = 0;
	uint64_t vram = 0;
	char path[200];

	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_READ, GUEST_EFAULT));
	EXPECT_EQ(PAGES, pass_all(_metadata, self->vm, &self->pass, GUEST_WRITE, GUEST_EFAULT));
	EXPECT_EQ(0, guest_differences(self->map, PAGES, LIVE_SEED));
	ASSERT_EQ(0, vmm_slot_delete(self->vm, LIVE_SLOT));
	ASSERT_EQ(0, munmap(self->map, SIZE));
	self->map = NULL;
	/* No page is held back. */
	snprintf(path, sizeof(path), DEVICES "%s/p2pmem/size", slot);
	EXPECT_EQ(0, sysfs_read_number(path, &size));
	snprintf(path, sizeof(path), DEVICES "%s/p2pmem/available", slot);
	EXPECT_EQ(0, sysfs_read_number(path, &available));
	EXPECT_EQ(0, mockgpu_get_param(self->driver.fd, MOCKGPU_PARAM_VRAM_SIZE, &vram));
	EXPECT_EQ(size - vram, available);
}

int main(int argc, char **argv)
{
	if (!module_file())
		ksft_exit_skip("MOCKGPU_MODULE does not name the module to load with vram=bar\n");
	if (!find_slot())
		ksft_exit_skip("this machine has no PCI device 1af4:1110 (ivshmem-plain)\n");
	return live_run(argc, argv);
}
