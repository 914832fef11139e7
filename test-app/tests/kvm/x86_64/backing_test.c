// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controls: other memory that VMMs give to guests, with the same checks as mockgpu's. What
 * fails here too is not about a driver's PFN mappings.
 *
 * KVM up to 6.12 refuses the tails of the system heap, as with any VM_PFNMAP mapping of
 * compound pages; /proc/kpageflags tells which pages are tails.
 */

#include <fcntl.h>
#include <glob.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include <linux/if_packet.h>
#include <linux/kvm.h>

#include "array.h"
#include "backing.h"
#include "case.h"
#include "command.h"
#include "dirty.h"
#include "failure.h"
#include "hostmap.h"
#include "kvmstat.h"
#include "live.h"
#include "pass.h"
#include "canary.h"
#include "exercise.h"
#include "quiet.h"
#include "sysfs.h"

#define PAGES_MAX 512
#define ODD_PAGES 16
#define ODD_SIZE (ODD_PAGES * GUEST_PAGE_SIZE)
#define ROUNDS 2

FIXTURE(backing) {
	int kmsg;
	struct live live;
	struct backing backing;
	struct drm_mockgpu_page pages[PAGES_MAX];
};

FIXTURE_VARIANT(backing) {
	const char *name;
	enum backing_type type;
	size_t pages;
};

FIXTURE_VARIANT_ADD(backing, memfd) { "memfd", BACKING_MEMFD, 40 };
FIXTURE_VARIANT_ADD(backing, hugetlb) { "hugetlb", BACKING_HUGETLB, 512 };
FIXTURE_VARIANT_ADD(backing, udmabuf) { "udmabuf", BACKING_UDMABUF, 40 };
FIXTURE_VARIANT_ADD(backing, udmabuf_huge) { "udmabuf-hugetlb", BACKING_UDMABUF_HUGE, 512 };
FIXTURE_VARIANT_ADD(backing, heap) { "heap", BACKING_HEAP, 40 };
FIXTURE_VARIANT_ADD(backing, gmem_mapped) { "gmem-mapped", BACKING_GMEM_MAPPED, 40 };
FIXTURE_VARIANT_ADD(backing, gmem) { "gmem", BACKING_GMEM, 40 };

FIXTURE_SETUP(backing)
{
	struct live *live = &self->live;
	int ret;

	self->kmsg = quiet_begin(_metadata);
	live->vcpus = 2;
	live->pages = variant->pages;
	ASSERT_EQ(0, vmm_create(&live->vm, live->vcpus));
	ret = backing_open(&self->backing, variant->type, live->vm,
			   variant->pages * GUEST_PAGE_SIZE);
	if (ret == -ENOENT || ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no such memory: %s", strerror(-ret));
	if (ret == -ENOMEM && self->backing.reserved)
		SKIP(return, "no free pages of 2 MiB");
	ASSERT_EQ(0, ret);
	/* What live.h needs: no buffer, but memory. */
	live->bo.map = self->backing.map;
	guest_fill(live->bo.map, live->pages, LIVE_SEED);
	ASSERT_EQ(0, backing_look(&self->backing, self->pages));
}

FIXTURE_TEARDOWN(backing)
{
	unsigned int i;

	for (i = 0; i < self->live.vcpus; i++)
		runner_end(&self->live.runner[i]);
	backing_close(&self->backing);
	vmm_destroy(self->live.vm);
	quiet_end(_metadata, self->kmsg);
}

static int attach(struct exercise *exercise, const struct exercise_case *what)
{
	(void)exercise;
	return backing_slot_set(what->opaque, LIVE_SLOT, exercise_gpa(what), 0);
}

static int detach(struct exercise *exercise, const struct exercise_case *what)
{
	(void)what;
	return vmm_slot_delete(exercise->vm, LIVE_SLOT);
}

static const struct exercise_attach_ops attach_ops = { attach, detach };

TEST_F(backing, every_page_maps)
{
	static const enum guest_op firsts[] = { GUEST_READ, GUEST_WRITE, GUEST_EXECUTE };
	struct judgement worst = { .verdict = JUDGE_OK }, judgement;
	struct exercise exercise;
	size_t i;

	ASSERT_EQ(0, exercise_init_memory(&exercise, self->backing.map, self->pages, variant->pages,
					  self->live.vm, self->kmsg));
	exercise.explain = failure_explain;
	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		const struct exercise_case what = {
			.first = firsts[i], .skewed = i == 1, .seed = i,
			.access_order = i == 1 ? EXERCISE_RANDOM : EXERCISE_TAILS_FIRST,
			.attach_ops = &attach_ops, .opaque = &self->backing,
		};

		if (exercise_run(&exercise, &what))
			judgement = judge_not_tried(exercise.error, variant->pages);
		else
			judgement = judge(&exercise.evidence);
		if (!i || judgement.verdict > worst.verdict)
			worst = judgement;
	}
	exercise_fini(&exercise);
	case_print(variant->name, &worst);
	case_conclude(_metadata, &worst);
}

/* Create the memslot. Return: whether the guest can have all of it. */
static bool gets_in(struct __test_metadata *_metadata, struct _test_data_backing *self)
{
	EXPECT_EQ(0, backing_slot_set(&self->backing, LIVE_SLOT, LIVE_GPA, 0));
	/* Only the heap's tails may be refused, and only where that is known. */
	return live_maps(_metadata, &self->live);
}

/* The vCPUs run in all of it. */
static void start(struct __test_metadata *_metadata, struct _test_data_backing *self, bool again)
{
	ASSERT_TRUE(gets_in(_metadata, self));
	live_clear(&self->live);
	live_start(_metadata, &self->live, again);
}

static bool is_refused(const struct _test_data_backing *self)
{
	size_t i;

	for (i = 0; i < self->live.pages; i++) {
		if (judge_page_refusable(&self->pages[i]) &&
		    behaviour_excused(BEHAVIOUR_REFUSES_TAILS))
			return true;
	}
	return false;
}

static const char refused[] = "known before 6.13: KVM refuses its tails, see every_page_maps";

/* Entries go, pages stay: the same as a driver's zap. */
TEST_F(backing, the_host_drops_its_entries)
{
	struct live *live = &self->live;
	char flags[96] = "";
	bool pfnmap;
	unsigned int i;

	if (is_refused(self))
		SKIP(return, "%s", refused);
	ASSERT_EQ(0, hostmap_vma_flags(live->bo.map, flags, sizeof(flags)));
	pfnmap = strstr(flags, "pf");
	start(_metadata, self, true);
	for (i = 0; i < ROUNDS; i++) {
		/* can_madvise_lru_vma() in mm/internal.h: not with VM_PFNMAP. */
		ASSERT_EQ(pfnmap ? -1 : 0,
			  madvise(live->bo.map, self->backing.size, MADV_DONTNEED));
		live_wait(_metadata, live);
		/* This works for every file: map it again over its mapping. */
		ASSERT_EQ(0, backing_map(&self->backing));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	/* Each change is over before the next: no vCPU has to retry for long. */
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

/* A vCPU that needs a page there ends with EFAULT, unless KVM gets the pages from the file. */
TEST_F(backing, the_mapping_goes)
{
	struct live *live = &self->live;
	unsigned int i;

	if (is_refused(self))
		SKIP(return, "%s", refused);
	start(_metadata, self, false);
	live_wait(_metadata, live);
	ASSERT_NE(MAP_FAILED, mmap(live->bo.map, self->backing.size, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	if (variant->type == BACKING_GMEM)
		live_wait(_metadata, live);
	else
		live_wait_for_the_end(live);
	ASSERT_EQ(0, backing_map(&self->backing));
	if (variant->type == BACKING_GMEM) {
		live_stop(_metadata, live);
		return;
	}
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(0, runner_end(&live->runner[i]));
		EXPECT_EQ(VMM_EXIT_EFAULT, live->runner[i].reason);
	}
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
}

static size_t nonzero_words(const struct live *live)
{
	size_t i, count = 0;

	for (i = 0; i < live->pages; i++)
		count += *live_word(live->bo.map, i, 0) != 0;
	return count;
}

/* The next owner of freed pages fills them with canaries, and must find them again. */
static void expect_canaries_live(struct __test_metadata *_metadata,
				 struct _test_data_backing *self)
{
	struct live *live = &self->live;
	struct backing canary;
	unsigned int i;

	ASSERT_EQ(0, backing_open(&canary, self->backing.type == BACKING_HUGETLB ?
				  BACKING_HUGETLB : BACKING_MEMFD, live->vm, self->backing.size));
	guest_fill(canary.map, live->pages, CANARY_SEED);
	live_wait(_metadata, live);
	EXPECT_EQ(0, guest_differences(canary.map, live->pages, CANARY_SEED));
	for (i = 0; i < live->vcpus; i++)
		EXPECT_EQ(0, live_lane_differences(canary.map, live->pages, i, 0));
	backing_close(&canary);
}

static uint64_t end_all(struct __test_metadata *_metadata, struct live *live)
{
	uint64_t wrong = 0;
	unsigned int i;

	for (i = 0; i < live->vcpus; i++) {
		wrong += runner_end(&live->runner[i]);
		EXPECT_EQ(VMM_EXIT_DOORBELL, live->runner[i].reason);
	}
	return wrong;
}

/*
 * Pages go: the guest gets new ones at once, full of zeros, and none of the old. Not for a
 * mapping of guest_memfd under running vCPUs: a user space fault does not wait for the end of
 * the punch (kvm_gmem_fault_user_mapping() takes no invalidate_lock), so new pages may go as
 * well, possibly forever.
 */
TEST_F(backing, the_pages_go)
{
	struct live *live = &self->live;
	const bool paused = variant->type == BACKING_GMEM_MAPPED;
	uint64_t wrong = 0;
	unsigned int round;

	if (is_refused(self))
		SKIP(return, "%s", refused);
	if (!backing_is_punchable(&self->backing)) {
		EXPECT_NE(0, backing_punch(&self->backing));
		SKIP(return, "the pages of such a dma-buf cannot go");
	}
	start(_metadata, self, true);
	for (round = 0; round < ROUNDS; round++) {
		live_wait(_metadata, live);
		if (paused)
			wrong += end_all(_metadata, live);
		ASSERT_EQ(0, backing_punch(&self->backing));
		if (paused)
			live_start(_metadata, live, true);
		expect_canaries_live(_metadata, self);
		EXPECT_EQ(0, nonzero_words(live));
	}
	wrong += end_all(_metadata, live);
	/* Each page once a round, except for a vCPU between its read and its write. */
	EXPECT_GE(paused ? 0 : ROUNDS * live->vcpus * live->pages, wrong);
	EXPECT_LE(paused ? 0 : ROUNDS * live->vcpus * (live->pages - 1), wrong);
	live_conclude(_metadata, live, LIVE_MAX_CONSECUTIVE);
}

/*
 * Whether a memslot has its memory from guest_memfd is settled when it is made:
 * kvm_set_memory_region() in virt/kvm/kvm_main.c. Before 6.19 the flag could be taken from a live
 * memslot, which left it with a file that it no longer knew of. Before 6.8 there is no call that
 * could set it.
 */
TEST_F(backing, a_live_slot_keeps_its_source)
{
	struct live *live = &self->live;
	struct backing file = self->backing;
	int has_call;

	if (is_refused(self))
		SKIP(return, "%s", refused);
	start(_metadata, self, false);
	live_wait(_metadata, live);
	has_call = vmm_check(live->vm, KVM_CAP_USER_MEMORY2);
	/* The other kind of slot, with everything else as it is. */
	file.type = variant->type == BACKING_GMEM ? BACKING_MEMFD : BACKING_GMEM;
	EXPECT_EQ(has_call ? -EINVAL : -ENOTTY, backing_slot_set(&file, LIVE_SLOT, LIVE_GPA, 0));
	live_wait(_metadata, live);
	live_stop(_metadata, live);
	EXPECT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
}

/* The bitmap has every write and nothing else, with or without 2 MiB entries. */
TEST_F(backing, dirty_pages_are_logged)
{
	struct live *live = &self->live;
	uint64_t bitmap[PAGES_MAX / 64] = {};
	uint32_t sequence[PAGES_MAX];
	uint8_t result[PAGES_MAX];
	struct touch touch = {
		.op = GUEST_WRITE, .gpa = LIVE_GPA, .seed = LIVE_SEED, .sequence = sequence,
		.result = result,
	};
	uint64_t large = ~0ull;
	uint32_t page;
	size_t wrong = 0;

	if (is_refused(self))
		SKIP(return, "%s", refused);
	if (variant->type == BACKING_GMEM) {
		/* check_memory_region_flags() in virt/kvm/kvm_main.c */
		EXPECT_EQ(-EINVAL, backing_slot_set(&self->backing, LIVE_SLOT, LIVE_GPA,
						    KVM_MEM_LOG_DIRTY_PAGES));
		return;
	}
	/* KVM uses 2 MiB entries exactly where the host does. */
	ASSERT_TRUE(gets_in(_metadata, self));
	EXPECT_EQ(0, kvmstat_vm(live->vm, "pages_2m", &large));
	EXPECT_EQ(variant->type == BACKING_HUGETLB, large);
	ASSERT_EQ(0, backing_slot_set(&self->backing, LIVE_SLOT, LIVE_GPA,
				      KVM_MEM_LOG_DIRTY_PAGES));
	ASSERT_EQ(0, dirty_log_get(live->vm, LIVE_SLOT, bitmap));
	for (page = 1; page < live->pages; page += 3)
		sequence[touch.accesses++] = page;
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(live->vm, 0), &touch));
	EXPECT_EQ(0, dirty_log_get(live->vm, LIVE_SLOT, bitmap));
	for (page = 0; page < live->pages; page++)
		wrong += (bitmap[page / 64] >> page % 64 & 1) != (page % 3 == 1);
	EXPECT_EQ(0, wrong);
}

/* A guest that may be given memory which KVM treats in a way of its own. */
FIXTURE(odd) {
	int kmsg;
	struct vmm *vm;
	int fd;
	char *map;
	struct pass pass;
};

FIXTURE_SETUP(odd)
{
	self->fd = -1;
	self->pass = (struct pass){ .pages = ODD_PAGES, .seed = LIVE_SEED };
	self->kmsg = quiet_begin(_metadata);
	ASSERT_EQ(0, vmm_create(&self->vm, 1));
}

FIXTURE_TEARDOWN(odd)
{
	vmm_destroy(self->vm);
	if (self->map)
		EXPECT_EQ(0, munmap(self->map, ODD_SIZE));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	quiet_end(_metadata, self->kmsg);
}

/* Map the file, and give that to the guest. */
static void odd_slot(struct __test_metadata *_metadata, struct _test_data_odd *self)
{
	self->map = mmap(NULL, ODD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, vmm_slot_set(self->vm, LIVE_SLOT, LIVE_GPA, self->map, ODD_SIZE, 0));
	guest_fill(self->map, ODD_PAGES, LIVE_SEED);
}

/* The guest touches every page. Return: how many ended with @wanted. */
static size_t odd_pass(struct __test_metadata *_metadata, struct _test_data_odd *self,
		       enum guest_op op, enum guest_result wanted)
{
	return pass_all(_metadata, self->vm, &self->pass, op, wanted);
}

/*
 * VM_MIXEDMAP: a driver's pages by vm_insert_page(), with counts, here compound ones. They are
 * not VM_PFNMAP, so get_user_pages() finds them, in every kernel.
 */
TEST_F(odd, a_packet_sockets_ring_maps)
{
	const struct tpacket_req ring = {
		.tp_block_size = 4 * GUEST_PAGE_SIZE, .tp_block_nr = ODD_PAGES / 4,
		.tp_frame_size = GUEST_PAGE_SIZE, .tp_frame_nr = ODD_PAGES,
	};
	char flags[96] = "";

	self->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, setsockopt(self->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)));
	odd_slot(_metadata, self);
	ASSERT_EQ(0, hostmap_vma_flags(self->map, flags, sizeof(flags)));
	EXPECT_NE(NULL, strstr(flags, "mm"));
	EXPECT_EQ(NULL, strstr(flags, "pf"));
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_READ, GUEST_MAPPED));
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_WRITE, GUEST_MAPPED));
	/* The entries go, and nobody can bring them back: no fault handler. */
	ASSERT_EQ(0, madvise(self->map, ODD_SIZE, MADV_DONTNEED));
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_READ, GUEST_EFAULT));
}

/*
 * Pages without a direct map, which get_user_pages() refuses (check_vma_flags() in mm/gup.c):
 * the guest gets none, and KVM must not try to reach them by itself, which would be an oops.
 */
TEST_F(odd, secret_memory_is_refused)
{
	self->fd = syscall(SYS_memfd_secret, O_CLOEXEC);
	if (self->fd < 0 && errno == ENOSYS)
		SKIP(return, "this kernel has no secret memory (secretmem.enable)");
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, ODD_SIZE));
	odd_slot(_metadata, self);
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_READ, GUEST_EFAULT));
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_WRITE, GUEST_EFAULT));
	EXPECT_EQ(0, guest_differences(self->map, ODD_PAGES, LIVE_SEED));
}

/* Open the sg node of the disk that scsi_debug makes up. Return: it or -1. */
static int scsi_debug_open(void)
{
	char path[300], model[32];
	glob_t found;
	int fd = -1;
	size_t i;

	if (glob("/sys/class/scsi_generic/sg*", 0, NULL, &found))
		return -1;
	for (i = 0; i < found.gl_pathc && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/device/model", found.gl_pathv[i]);
		if (sysfs_read(path, model, sizeof(model)) ||
		    strncmp(model, "scsi_debug", strlen("scsi_debug")))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", strrchr(found.gl_pathv[i], '/') + 1);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	globfree(&found);
	return fd;
}

/* Blocks of 32 KiB, unless somebody has changed a parameter of sg. */
static unsigned long scsi_block_pages(void)
{
	unsigned long bytes = 0;

	if (sysfs_read_number("/sys/module/sg/parameters/scatter_elem_sz", &bytes))
		return 0;
	return bytes / GUEST_PAGE_SIZE;
}

/*
 * VM_IO without VM_PFNMAP: the fault handler of sg returns pages with a count, of compound blocks.
 * get_user_pages_fast() finds them where there is an entry. Where there is none get_user_pages()
 * refuses VM_IO, so that KVM has the page faulted in and reads the entry (hva_to_pfn_remapped() in
 * virt/kvm/kvm_main.c), and up to 6.12 refuses the tails: once, since the next try finds the entry.
 */
TEST_F(odd, a_scsi_devices_buffer_maps)
{
	static const char *const load[] = { "modprobe", "-q", "-a", "scsi_debug", "sg", NULL };
	static const char *const unload[] = { "modprobe", "-q", "-r", "scsi_debug", NULL };
	struct pass *pass = &self->pass;
	int size = ODD_SIZE;
	char flags[96] = "";

	if (command_run(load))
		SKIP(return, "this kernel has no such memory: scsi_debug");
	self->fd = scsi_debug_open();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ioctl(self->fd, SG_SET_RESERVED_SIZE, &size));
	ASSERT_LT(0, scsi_block_pages());
	odd_slot(_metadata, self);
	ASSERT_EQ(0, hostmap_vma_flags(self->map, flags, sizeof(flags)));
	EXPECT_NE(NULL, strstr(flags, "io"));
	EXPECT_EQ(NULL, strstr(flags, "pf"));
	EXPECT_EQ(NULL, strstr(flags, "mm"));
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_READ, GUEST_MAPPED));
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_WRITE, GUEST_MAPPED));
	ASSERT_EQ(0, madvise(self->map, ODD_SIZE, MADV_DONTNEED));
	EXPECT_EQ(0, touch_run(vmm_vcpu_get(self->vm, 0), &pass->touch));
	EXPECT_EQ(behaviour_excused(BEHAVIOUR_REFUSES_TAILS) ?
		  ODD_PAGES - ODD_PAGES / scsi_block_pages() : 0, pass->touch.spurious);
	EXPECT_EQ(ODD_PAGES, odd_pass(_metadata, self, GUEST_READ, GUEST_MAPPED));
	EXPECT_EQ(0, guest_differences(self->map, ODD_PAGES, LIVE_SEED));
	/* No page is left to anybody: the device goes. */
	ASSERT_EQ(0, vmm_slot_delete(self->vm, LIVE_SLOT));
	ASSERT_EQ(0, munmap(self->map, ODD_SIZE));
	self->map = NULL;
	ASSERT_EQ(0, close(self->fd));
	self->fd = -1;
	EXPECT_EQ(0, command_run(unload));
}

int main(int argc, char **argv)
{
	if (backing_keep_huge_pages())
		ksft_exit_fail_msg("cannot see to it that the pool of 2 MiB pages is put back\n");
	return live_run(argc, argv);
}
