// SPDX-License-Identifier: GPL-2.0-only
/*
 * VRAM without struct pages that fails (memory_failure()) under a guest, as in poison_test. There
 * is nothing to mark, so who is told depends on the driver: one that registers its range with
 * register_pfn_address_space() (6.19, here with memory_failure=Y) has the kernel look for those
 * who map the page. No driver is told, so KVM and everybody else keep their entries.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "bar.h"
#include "live.h"
#include "poison.h"

#define PAGES 16
/* The one that fails. */
#define PAGE 9

FIXTURE(bar) {
	struct live live;
	char *page;
	uint64_t pfn;
};

FIXTURE_VARIANT(bar) {
	const char *parameters;
	bool told;
};

FIXTURE_VARIANT_ADD(bar, unregistered) {
	.parameters = "vram=bar",
};

FIXTURE_VARIANT_ADD(bar, registered) {
	.parameters = "vram=bar memory_failure=Y",
	.told = true,
};

/* What SIGBUS has said, in this process. */
static struct {
	volatile sig_atomic_t count;
	int code;
	void *address;
} told;

static void be_told(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	(void)context;
	told.code = info->si_code;
	told.address = info->si_addr;
	told.count++;
}

static void handle_sigbus(struct __test_metadata *_metadata)
{
	const struct sigaction action = {
		.sa_sigaction = be_told, .sa_flags = SA_SIGINFO | SA_RESTART,
	};

	ASSERT_EQ(0, sigaction(SIGBUS, &action, NULL));
}

FIXTURE_SETUP(bar)
{
	const struct drm_mockgpu_bo_create want = {
		.size = PAGES << 12, .placement = MOCKGPU_PLACEMENT_VRAM,
	};
	struct mockgpu_entry entry;
	int ret;

	if (access(HARD_OFFLINE, W_OK))
		SKIP(return, "this kernel cannot poison pages (CONFIG_MEMORY_FAILURE)");
	if (!module_file())
		SKIP(return, "MOCKGPU_MODULE does not name the module to load with vram=bar");
	if (!find_slot())
		SKIP(return, "this machine has no PCI device 1af4:1110 (ivshmem-plain)");
	ret = module_want(variant->parameters);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel asks no driver who maps a page (6.19)");
	ASSERT_EQ(0, ret);
	if (!live_setup(_metadata, &self->live, &want, 1))
		return;
	live_vm(_metadata, &self->live);
	handle_sigbus(_metadata);
	self->page = (char *)self->live.bo.map + PAGE * GUEST_PAGE_SIZE;
	EXPECT_TRUE(live_maps(_metadata, &self->live));
	ASSERT_EQ(0, mockgpu_entry_get(self->live.driver.fd, self->page, &entry));
	ASSERT_TRUE(entry.present);
	self->pfn = entry.pfn;
}

FIXTURE_TEARDOWN(bar)
{
	live_teardown(_metadata, &self->live);
}

/*
 * The kernel calls the page recovered when a driver has registered it, whoever was told. Else it is
 * ENXIO, or EBUSY of memory_failure_pfn() (6.19).
 */
static void expect_result(struct __test_metadata *_metadata, bool registered, int ret)
{
	if (registered) {
		EXPECT_EQ(0, ret);
	} else {
		EXPECT_TRUE(ret == -ENXIO || ret == -EBUSY)
			TH_LOG("%d", ret);
	}
}

/* A process that does not map the page lets it fail. Return: as poison(). */
static int poison_from_outside(struct __test_metadata *_metadata, struct live *live, uint64_t pfn)
{
	pid_t child = fork();
	int status;

	if (!child) {
		munmap(live->bo.map, live->bo.size);
		_exit(-poison(pfn));
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* The VMM still has its entry, and the guest goes on in KVM's. */
static void expect_entries(struct __test_metadata *_metadata, struct live *live,
			   const char *page, uint64_t pfn)
{
	struct mockgpu_entry entry;

	live_wait(_metadata, live);
	live_stop(_metadata, live);
	EXPECT_EQ(0, live_efaults(live));
	EXPECT_EQ(0, mockgpu_entry_get(live->driver.fd, page, &entry));
	EXPECT_TRUE(entry.present);
	EXPECT_EQ(pfn, entry.pfn);
}

/* As for a machine check in the VMM itself: it cannot have asked for less. */
TEST_F(bar, the_vmm_meets_it)
{
	struct live *live = &self->live;

	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	expect_result(_metadata, variant->told, poison(self->pfn));
	EXPECT_EQ(variant->told, told.count);
	if (variant->told) {
		EXPECT_EQ(BUS_MCEERR_AR, told.code);
		EXPECT_EQ(self->page, told.address);
	}
	expect_entries(_metadata, live, self->page, self->pfn);
}

/* QEMU does so (kvm_arch_init_vcpu() and others), to pass it on to the guest. */
TEST_F(bar, a_vmm_that_wants_to_know_early)
{
	struct live *live = &self->live;

	ASSERT_EQ(0, prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	expect_result(_metadata, variant->told,
		      poison_from_outside(_metadata, live, self->pfn));
	EXPECT_EQ(variant->told, told.count);
	if (variant->told) {
		EXPECT_EQ(BUS_MCEERR_AO, told.code);
		EXPECT_EQ(self->page, told.address);
	}
	expect_entries(_metadata, live, self->page, self->pfn);
}

/*
 * All others are to learn of it when they touch the page. With a struct page they would, since
 * memory_failure() unmaps it. Here it does not: docs/findings/failing-bar.md.
 */
TEST_F(bar, a_vmm_by_default)
{
	struct live *live = &self->live;

	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	expect_result(_metadata, variant->told,
		      poison_from_outside(_metadata, live, self->pfn));
	live_wait(_metadata, live);
	EXPECT_EQ(0, pattern_touch(self->page, 0));
	expect_entries(_metadata, live, self->page, self->pfn);
	EXPECT_GE(variant->told, told.count);
	EXPECT_EQ(told.count ? self->page : NULL, told.address);
	if (variant->told && !told.count)
		verdict_known(_metadata, "known: who has not asked to be told early is not told");
}

/* A page that a process does not map is none of its business, though it maps others. */
TEST_F(bar, a_process_that_maps_the_rest)
{
	struct live *live = &self->live;
	int from[2], to[2], status;
	pid_t child;
	char byte = 0;

	ASSERT_EQ(0, pipe(from));
	ASSERT_EQ(0, pipe(to));
	child = fork();
	if (!child) {
		munmap(self->page, (PAGES - PAGE) * GUEST_PAGE_SIZE);
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
		_exit(write(from[1], &byte, 1) != 1 || read(to[0], &byte, 1) != 1 || told.count);
	}
	ASSERT_LT(0, child);
	ASSERT_EQ(1, read(from[0], &byte, 1));
	expect_result(_metadata, variant->told,
		      poison_from_outside(_metadata, live, self->pfn));
	ASSERT_EQ(1, write(to[1], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* What has left the page does not care for it any more, be it moved, discarded or revoked. */
static void expect_nobody_told(struct __test_metadata *_metadata, bool registered, uint64_t pfn)
{
	expect_result(_metadata, registered, poison(pfn));
	EXPECT_EQ(0, told.count);
}

TEST_F(bar, the_buffer_has_moved)
{
	struct live *live = &self->live;

	ASSERT_EQ(0, mockgpu_bo_move(&live->bo, MOCKGPU_PLACEMENT_GTT, 0));
	expect_nobody_told(_metadata, variant->told, self->pfn);
	EXPECT_EQ(0, guest_differences(live->bo.map, live->pages, LIVE_SEED));
}

TEST_F(bar, the_buffer_is_revoked)
{
	ASSERT_EQ(0, mockgpu_bo_revoke(&self->live.bo));
	expect_nobody_told(_metadata, variant->told, self->pfn);
}

/* Close what was open, of which the handle is a part, and find the device again. */
static void come_back(struct __test_metadata *_metadata, struct live *live)
{
	vmm_destroy(live->vm);
	live->vm = NULL;
	EXPECT_EQ(0, mockgpu_bo_unmap(&live->bo));
	live->bo.handle = 0;
	EXPECT_EQ(0, close(live->driver.fd));
	ASSERT_EQ(0, sysfs_write(DRIVER "bind", slot));
	live->driver.fd = mockgpu_open(NULL, 0);
	ASSERT_LE(0, live->driver.fd);
}

/* The range is the driver's no more. */
TEST_F(bar, the_device_is_gone)
{
	ASSERT_EQ(0, sysfs_write(DRIVER "unbind", slot));
	expect_nobody_told(_metadata, false, self->pfn);
	come_back(_metadata, &self->live);
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
