// SPDX-License-Identifier: GPL-2.0-only
/*
 * device-dax: ZONE_DEVICE pages that get_user_pages() finds, so that KVM treats them as any
 * memory of a process. The reports that KVM hung the end of such a device by a reference which it
 * did not put (2019, "KVM: MMU: Do not treat ZONE_DEVICE pages as being reserved") are the reason
 * for kvm_is_zone_device_page(). Today the end waits for no reference: memunmap_pages() drops
 * those that the pages were made with and no other, and with one more, of a pipe (vmsplice()), 7.3
 * was seen to end as fast. So this shows that nothing hangs; zone_guest_test shows that KVM leaves
 * no reference behind.
 *
 * Needs memory that the kernel was told to take for persistent: memmap=64M!1G. lab/dax boots so.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "command.h"
#include "hostmap.h"
#include "kvmstat.h"
#include "live.h"
#include "pass.h"
#include "program.h"
#include "quiet.h"
#include "sysfs.h"

#define ND "/sys/bus/nd/"
#define DAX "/sys/bus/dax/drivers/device_dax/"
#define NODE "/dev/dax0.0"
#define PAGES 512
#define SIZE (PAGES * GUEST_PAGE_SIZE)

/* How long the end of the device may take, in seconds. */
#define END_MAX 20

/* As "ndctl create-namespace -f -e namespace0.0 -m devdax -M mem -a 2M". */
static int configure(void)
{
	static const char *const modules[] = {
		"modprobe", "-q", "-a", "nd_e820", "nd_pmem", "dax_pmem", "device_dax", NULL,
	};
	static const struct {
		const char *file;
		const char *value;
	} steps[] = {
		{ ND "devices/dax0.0/mode", "ram" },
		{ ND "devices/dax0.0/align", "2097152" },
		{ ND "devices/dax0.0/uuid", "4a6f2b1e-3c5d-4e7f-8a9b-0c1d2e3f4a5b" },
		{ ND "devices/dax0.0/namespace", "namespace0.0" },
		{ ND "drivers/dax_pmem/bind", "dax0.0" },
	};
	size_t i;
	int ret;

	if (!access(NODE, F_OK))
		return 0;
	if (command_run(modules))
		return -ENOENT;
	/* It may be bound as a disk, /dev/pmem0. */
	sysfs_write(ND "drivers/nd_pmem/unbind", "namespace0.0");
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ret = sysfs_write(steps[i].file, steps[i].value);
		if (ret) {
			ksft_print_msg("%s: %s\n", steps[i].file, strerror(-ret));
			return ret;
		}
	}
	return access(NODE, F_OK) ? -errno : 0;
}

FIXTURE(dax) {
	int kmsg;
	int fd;
	struct live live;
	struct pass pass;
};

static void map(struct __test_metadata *_metadata, struct _test_data_dax *self)
{
	char *at = hostmap_reserve(SIZE);

	ASSERT_NE(NULL, at);
	self->fd = open(NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->live.bo.map = mmap(at, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				 self->fd, 0);
	ASSERT_EQ(at, self->live.bo.map);
}

FIXTURE_SETUP(dax)
{
	struct live *live = &self->live;

	self->kmsg = quiet_begin(_metadata);
	if (access(DAX "dax0.0", F_OK))
		ASSERT_EQ(0, sysfs_write(DAX "bind", "dax0.0"));
	live->vcpus = 2;
	live->pages = PAGES;
	map(_metadata, self);
	guest_fill(live->bo.map, PAGES, LIVE_SEED);
	ASSERT_EQ(0, vmm_create(&live->vm, live->vcpus));
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, live->bo.map, SIZE, 0));
	self->pass = (struct pass){ .pages = PAGES, .seed = LIVE_SEED };
}

FIXTURE_TEARDOWN(dax)
{
	unsigned int i;

	for (i = 0; i < self->live.vcpus; i++)
		runner_end(&self->live.runner[i]);
	vmm_destroy(self->live.vm);
	if (self->live.bo.map)
		EXPECT_EQ(0, munmap(self->live.bo.map, SIZE));
	if (self->fd >= 0)
		EXPECT_EQ(0, close(self->fd));
	quiet_end(_metadata, self->kmsg);
}

/* End the device. It must not wait for anybody. */
static void expect_end(struct __test_metadata *_metadata)
{
	const double start = clock_now();

	alarm(4 * END_MAX);
	EXPECT_EQ(0, sysfs_write(DAX "unbind", "dax0.0"));
	alarm(0);
	EXPECT_GT(END_MAX, clock_now() - start);
	EXPECT_EQ(-1, access(DAX "dax0.0", F_OK));
}

/* And begin it again: persistent memory keeps its contents. */
static void expect_contents(struct __test_metadata *_metadata, struct _test_data_dax *self)
{
	EXPECT_EQ(0, sysfs_write(DAX "bind", "dax0.0"));
	map(_metadata, self);
	EXPECT_EQ(0, guest_differences(self->live.bo.map, PAGES, LIVE_SEED));
}

static void let_go(struct __test_metadata *_metadata, struct _test_data_dax *self)
{
	EXPECT_EQ(0, munmap(self->live.bo.map, SIZE));
	self->live.bo.map = NULL;
	EXPECT_EQ(0, close(self->fd));
	self->fd = -1;
}

TEST_F(dax, every_page_maps_and_the_device_ends)
{
	static const enum guest_op firsts[] = { GUEST_READ, GUEST_WRITE };
	struct live *live = &self->live;
	uint64_t large = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(firsts); i++) {
		EXPECT_EQ(PAGES, pass_all(_metadata, live->vm, &self->pass, firsts[i],
					  GUEST_MAPPED));
		EXPECT_EQ(0, self->pass.touch.wrong_words);
	}
	/* The host has an entry of 2 MiB there, and so has KVM. */
	EXPECT_EQ(0, kvmstat_vm(live->vm, "pages_2m", &large));
	EXPECT_EQ(1, large);
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	vmm_destroy(live->vm);
	live->vm = NULL;
	let_go(_metadata, self);
	expect_end(_metadata);
	expect_contents(_metadata, self);
}

TEST_F(dax, the_device_ends_under_running_vcpus)
{
	struct live *live = &self->live;
	unsigned int i;

	live_clear(live);
	live_start(_metadata, live, false);
	live_wait(_metadata, live);
	expect_end(_metadata);
	live_wait_for_the_end(live);
	for (i = 0; i < live->vcpus; i++) {
		EXPECT_EQ(0, runner_end(&live->runner[i]));
		EXPECT_EQ(VMM_EXIT_EFAULT, live->runner[i].reason);
	}
	vmm_destroy(live->vm);
	live->vm = NULL;
	let_go(_metadata, self);
	expect_contents(_metadata, self);
}

/* KVM's mapping goes with the host's, and comes back with it. */
TEST_F(dax, the_host_drops_its_entries)
{
	struct live *live = &self->live;
	unsigned int i;

	live_clear(live);
	live_start(_metadata, live, true);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, madvise(live->bo.map, SIZE, MADV_DONTNEED));
		live_wait(_metadata, live);
	}
	live_stop(_metadata, live);
	vmm_destroy(live->vm);
	live->vm = NULL;
	let_go(_metadata, self);
	expect_end(_metadata);
	expect_contents(_metadata, self);
}

static bool has_memory(void)
{
	char line[256];
	FILE *file = fopen("/proc/iomem", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "Persistent Memory (legacy)");
	if (file)
		fclose(file);
	return found;
}

int main(int argc, char **argv)
{
	int ret;

	if (!has_memory())
		ksft_exit_skip("no memory is taken for persistent (memmap=64M!1G, as lab/dax)\n");
	program_has_kvm(NULL);
	ret = configure();
	if (ret)
		ksft_exit_fail_msg("no device-dax can be made: %s\n", strerror(-ret));
	return test_harness_run(argc, argv);
}
