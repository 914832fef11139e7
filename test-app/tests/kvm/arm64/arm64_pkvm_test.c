// SPDX-License-Identifier: GPL-2.0-only
/*
 * pKVM, kvm-arm.mode=protected: the hypervisor at EL2 decides who owns which page. The host
 * shares pages with guests that are not protected and takes them back; all other programs do
 * that when they run in this mode. Protected guests, new in 7.1, are tested here: their memory
 * is taken away from the host, which only works for anonymous memory. pkvm_mem_abort() in
 * arch/arm64/kvm/mmu.c pins it (FOLL_LONGTERM), and mm refuses that for VM_PFNMAP without
 * asking the driver.
 */

#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "arm64.h"
#include "armhost.h"
#include "bo.h"
#include "buffer.h"
#include "driver.h"
#include "pattern.h"
#include "program.h"
#include "verdict.h"
#include "vmm.h"

#define SLOT 1
#define PAGES 64

FIXTURE(pkvm) {
	struct driver driver;
	struct vmm *vm;
	struct mockgpu_bo bo;
	char *plain;
};

FIXTURE_SETUP(pkvm)
{
	const struct vmm_options options = { .protected_guest = true };
	struct armhost host;
	int ret;

	driver_setup(_metadata, &self->driver);
	ASSERT_EQ(0, armhost_look(NULL, &host));
	self->plain = mmap(NULL, PAGES * GUEST_PAGE_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->plain);
	ret = vmm_create_with(&self->vm, 1, &options);
	if (!strcmp(host.mode, "vhe") || !strcmp(host.mode, "nvhe")) {
		EXPECT_EQ(-EINVAL, ret);
		SKIP(return, "the mode is %s: protected guests are refused, as they should be",
		     host.mode);
	}
	if (ret == -EINVAL)
		SKIP(return, "KVM of this kernel has no protected guests");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(pkvm)
{
	vmm_destroy(self->vm);
	EXPECT_EQ(0, mockgpu_bo_destroy(&self->bo));
	EXPECT_EQ(0, munmap(self->plain, PAGES * GUEST_PAGE_SIZE));
	driver_teardown(_metadata, &self->driver);
}

/* From the first run on the work list belongs to the guest alone: only the exit is seen. */
static void plan(struct __test_metadata *_metadata, struct _test_data_pkvm *self)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);
	struct guest_work *work = vmm_vcpu_work(vcpu);
	uint32_t i;

	memset(work, 0, sizeof(*work));
	work->gpa = VMM_BUFFER_GPA;
	work->op = GUEST_WRITE;
	work->count = PAGES;
	for (i = 0; i < PAGES; i++)
		work->page[i] = i;
	ASSERT_EQ(0, vmm_vcpu_start(vcpu));
}

static enum vmm_exit run(struct __test_metadata *_metadata, struct _test_data_pkvm *self)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(self->vm, 0);
	enum vmm_exit reason = vmm_vcpu_run(vcpu);

	ksft_print_msg("exit: %s\n", vmm_vcpu_strexit(vcpu));
	(void)_metadata;
	return reason;
}

/* The host owns all of it again. */
static void expect_usable(struct __test_metadata *_metadata, char *at)
{
	size_t i;

	memset(at, 0x5a, PAGES * GUEST_PAGE_SIZE);
	for (i = 0; i < PAGES * GUEST_PAGE_SIZE; i++)
		ASSERT_EQ(0x5a, at[i]);
}

TEST_F(pkvm, a_protected_guest_has_anonymous_memory)
{
	size_t page;

	ASSERT_EQ(0, vmm_slot_set(self->vm, SLOT, VMM_BUFFER_GPA, self->plain,
				  PAGES * GUEST_PAGE_SIZE, 0));
	plan(_metadata, self);
	EXPECT_EQ(VMM_EXIT_DOORBELL, run(_metadata, self));
	/* Each of its pages belongs to the guest alone, as long as the guest exists. */
	for (page = 0; page < PAGES; page++)
		EXPECT_EQ(SIGSEGV, pattern_touch(self->plain + page * GUEST_PAGE_SIZE, 1));
	vmm_destroy(self->vm);
	self->vm = NULL;
	expect_usable(_metadata, self->plain);
}

TEST_F(pkvm, a_protected_guest_has_no_vram)
{
	enum vmm_exit reason;
	uint64_t faults;
	int i;

	ASSERT_EQ(0, vm_buffer_create(self->driver.fd, MOCKGPU_KIND_SPLIT, 4,
				      MOCKGPU_CACHING_CACHED, PAGES * GUEST_PAGE_SIZE, &self->bo));
	ASSERT_EQ(0, mockgpu_bo_map(&self->bo, NULL));
	ASSERT_EQ(0, arm64_slot_behind(self->vm, SLOT, VMM_BUFFER_GPA, &self->bo, 0));
	plan(_metadata, self);
	faults = bo_query(_metadata, &self->bo).faults;
	reason = run(_metadata, self);
	if (reason == VMM_EXIT_DOORBELL) {
		ksft_print_msg("this kernel gives it the buffer, as none is known to\n");
		return;
	}
	EXPECT_EQ(VMM_EXIT_EFAULT, reason);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(VMM_EXIT_EFAULT, run(_metadata, self));
	EXPECT_EQ(faults, bo_query(_metadata, &self->bo).faults);
	expect_usable(_metadata, self->bo.map);
	/* Nor when the host has the entries. */
	faults = bo_query(_metadata, &self->bo).faults;
	EXPECT_EQ(VMM_EXIT_EFAULT, run(_metadata, self));
	EXPECT_EQ(faults, bo_query(_metadata, &self->bo).faults);
	vmm_destroy(self->vm);
	self->vm = NULL;
	expect_usable(_metadata, self->bo.map);
	verdict_known(_metadata, "known: a protected guest cannot have such a buffer");
}

int main(int argc, char **argv)
{
	program_needs_kvm(vm_buffer_unusable());
	return driver_run(argc, argv);
}
