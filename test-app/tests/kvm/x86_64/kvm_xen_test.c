// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM shares with a Xen guest, in a buffer: shared_info, vcpu_info and the runstate area.
 *
 * KVM keeps a pfn of each (struct gfn_to_pfn_cache, virt/kvm/pfncache.c) and writes there
 * through its own mapping of all memory. A kernel before 6.13 refuses what it does not map for
 * a guest either, here with an error of the ioctl. KVM must drop a cache when the driver takes
 * the page away, and look the page up again for the next write.
 *
 * Events are not sent to a vCPU whose vcpu_info is gone: that needs a static key, see
 * vmm_keep_one().
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "access.h"

/* struct shared_info and struct vcpu_info of Xen's public headers, 64 bits. */
#define SHARED_PENDING 0x800
#define SHARED_WALLCLOCK 0xc00
#define VCPU_UPCALL_PENDING 0
#define VCPU_PENDING_SEL 8
#define VCPU_TIME 32

#define VCPU_INFO_OFFSET 0x240
#define EVENT_WORD(port) ((port) / 64)

struct wallclock {
	uint32_t version;
	uint32_t sec;
	uint32_t nsec;
	uint32_t sec_hi;
};

/* struct vcpu_runstate_info */
struct runstate {
	uint32_t state;
	uint32_t pad;
	uint64_t entry_time;
	uint64_t time[4];
};

/* The state is on the previous page; the last three times are on the page. */
#define RUNSTATE_OFFSET (-20)
#define RUNSTATE_BLOCKED 2
#define RUNSTATE_OFFLINE 3

ACCESS_FIXTURE(xen)

static uint64_t word_at(struct access *access, int32_t offset)
{
	uint64_t word;

	memcpy(&word, access_at(access, offset), sizeof(word));
	return word;
}

static bool has_hva(struct access *access)
{
	return vmm_check(access->live.vm, KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_SHARED_INFO_HVA;
}

static int set_attribute(struct access *access, const struct kvm_xen_hvm_attr *attribute)
{
	return vmm_ioctl(access->live.vm, KVM_XEN_HVM_SET_ATTR, (void *)attribute);
}

static int set_vcpu_attribute(struct access *access, const struct kvm_xen_vcpu_attr *attribute)
{
	return vmm_vcpu_ioctl(access_vcpu(access), KVM_XEN_VCPU_SET_ATTR, (void *)attribute);
}

static int set_long_mode(struct access *access)
{
	const struct kvm_xen_hvm_attr attribute = {
		.type = KVM_XEN_ATTR_TYPE_LONG_MODE, .u.long_mode = 1,
	};

	return set_attribute(access, &attribute);
}

static int set_runstate(struct access *access, uint32_t state)
{
	const struct kvm_xen_vcpu_attr attribute = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_CURRENT, .u.runstate.state = state,
	};

	return set_vcpu_attribute(access, &attribute);
}

/* The error, and nothing is written: the page is unchanged. */
static void expect_refusal(struct __test_metadata *_metadata, struct access *access, int ret)
{
	static const char zeroes[GUEST_PAGE_SIZE];

	EXPECT_EQ(-EFAULT, ret);
	EXPECT_EQ(0, memcmp(zeroes, access_at(access, 0), sizeof(zeroes)));
	verdict_known(_metadata, "known before 6.13: EFAULT of KVM_XEN_*_SET_ATTR");
}

/* Port @port becomes pending in the page that the guest has now. */
static void expect_event(struct __test_metadata *_metadata, struct access *access, uint32_t port)
{
	struct kvm_irq_routing_xen_evtchn event = {
		.port = port, .priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
	};
	const int32_t at = SHARED_PENDING + EVENT_WORD(port) * (int32_t)sizeof(uint64_t);

	EXPECT_EQ(0, word_at(access, at));
	EXPECT_EQ(0, vmm_ioctl(access->live.vm, KVM_XEN_HVM_EVTCHN_SEND, &event));
	EXPECT_EQ(1ull << port % 64, word_at(access, at));
}

static void try_shared_info(struct __test_metadata *_metadata, struct access *access,
			    const struct kvm_xen_hvm_attr *attribute)
{
	struct wallclock *clock = access_at(access, SHARED_WALLCLOCK);
	int ret;

	ASSERT_EQ(0, set_long_mode(access));
	ret = set_attribute(access, attribute);
	if (access->refusable) {
		expect_refusal(_metadata, access, ret);
		return;
	}
	ASSERT_EQ(0, ret);
	EXPECT_EQ(2, clock->version);
	EXPECT_LT(0, clock->sec);
	expect_event(_metadata, access, 5);
	access_move(_metadata, access);
	EXPECT_EQ(1ull << 5, word_at(access, SHARED_PENDING));
	expect_event(_metadata, access, 64 + 6);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_event(_metadata, access, 128 + 7);
	ASSERT_EQ(0, mockgpu_bo_swapout(&access->live.bo));
	expect_event(_metadata, access, 192 + 8);
}

TEST_F(xen, shared_info)
{
	const struct kvm_xen_hvm_attr attribute = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = access_gpa(&self->access, 0) / GUEST_PAGE_SIZE,
	};

	try_shared_info(_metadata, &self->access, &attribute);
}

/* By host virtual address; whether the guest has the page does not matter. */
TEST_F(xen, shared_info_hva)
{
	const struct kvm_xen_hvm_attr attribute = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA,
		.u.shared_info.hva = (uintptr_t)access_at(&self->access, 0),
	};

	if (!has_hva(&self->access))
		SKIP(return, "this kernel has no shared_info by address (6.9)");
	ASSERT_EQ(0, vmm_slot_delete(self->access.live.vm, LIVE_SLOT));
	try_shared_info(_metadata, &self->access, &attribute);
}

/* KVM has written the time again; the version shows it. */
static void expect_time(struct __test_metadata *_metadata, struct access *access)
{
	const uint32_t *version = access_at(access, VCPU_INFO_OFFSET + VCPU_TIME);
	const uint32_t before = *version;
	struct kvm_clock_data clock = {};

	ASSERT_EQ(0, vmm_ioctl(access->live.vm, KVM_SET_CLOCK, &clock));
	access_enter(_metadata, access);
	EXPECT_LT(before, *version);
	EXPECT_EQ(0, *version % 2);
}

static void try_vcpu_info(struct __test_metadata *_metadata, struct access *access,
			  const struct kvm_xen_vcpu_attr *attribute)
{
	int ret;

	ASSERT_EQ(0, set_long_mode(access));
	ret = set_vcpu_attribute(access, attribute);
	if (access->refusable) {
		expect_refusal(_metadata, access, ret);
		return;
	}
	ASSERT_EQ(0, ret);
	expect_time(_metadata, access);
	access_move(_metadata, access);
	expect_time(_metadata, access);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_time(_metadata, access);
}

TEST_F(xen, vcpu_info)
{
	const struct kvm_xen_vcpu_attr attribute = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		.u.gpa = access_gpa(&self->access, VCPU_INFO_OFFSET),
	};

	try_vcpu_info(_metadata, &self->access, &attribute);
}

TEST_F(xen, vcpu_info_hva)
{
	const struct kvm_xen_vcpu_attr attribute = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA,
		.u.hva = (uintptr_t)access_at(&self->access, VCPU_INFO_OFFSET),
	};

	if (!has_hva(&self->access))
		SKIP(return, "this kernel has no vcpu_info by address (6.9)");
	try_vcpu_info(_metadata, &self->access, &attribute);
}

/* An event for a vCPU: its bits are set in both. */
TEST_F(xen, event)
{
	struct access *access = &self->access;
	const struct kvm_xen_vcpu_attr vcpu_info = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		.u.gpa = access_gpa(access, 0),
	};
	const struct kvm_xen_hvm_attr shared_info = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = access_gpa(access, 0) / GUEST_PAGE_SIZE,
	};

	ASSERT_EQ(0, set_long_mode(access));
	if (access->refusable) {
		expect_refusal(_metadata, access, set_vcpu_attribute(access, &vcpu_info));
		return;
	}
	ASSERT_EQ(0, set_attribute(access, &shared_info));
	ASSERT_EQ(0, set_vcpu_attribute(access, &vcpu_info));
	expect_event(_metadata, access, 5);
	EXPECT_EQ(1, word_at(access, VCPU_PENDING_SEL));
	EXPECT_EQ(1, word_at(access, VCPU_UPCALL_PENDING) & 0xff);
}

/* Both parts of the area agree, in pages that the guest has now. */
static void expect_runstate(struct __test_metadata *_metadata, struct access *access,
			    int32_t offset, uint32_t state)
{
	struct runstate area;
	uint64_t sum = 0;
	uint32_t i;

	EXPECT_EQ(0, set_runstate(access, state));
	memcpy(&area, access_at(access, offset), sizeof(area));
	for (i = 0; i < 4; i++)
		sum += area.time[i];
	EXPECT_EQ(state, area.state);
	EXPECT_LT(0, area.entry_time);
	EXPECT_EQ(area.entry_time, sum);
}

static int set_runstate_area(struct access *access, int32_t offset)
{
	const struct kvm_xen_vcpu_attr attribute = {
		.type = KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		.u.gpa = access_gpa(access, offset),
	};

	return set_vcpu_attribute(access, &attribute);
}

/* Across two pages, with two caches, if a kernel has both; otherwise in one. */
TEST_F(xen, runstate)
{
	struct access *access = &self->access;
	int32_t offset = RUNSTATE_OFFSET;
	int ret;

	ASSERT_EQ(0, set_long_mode(access));
	ret = set_runstate_area(access, offset);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "this kernel has no scheduler statistics");
	if (access->refusable || access_is_refusable(_metadata, access, access->page - 1)) {
		expect_refusal(_metadata, access, ret);
		offset = 0;
		ret = set_runstate_area(access, offset);
	}
	if (access->refusable) {
		expect_refusal(_metadata, access, ret);
		return;
	}
	ASSERT_EQ(0, ret);
	expect_runstate(_metadata, access, offset, RUNSTATE_BLOCKED);
	access_move(_metadata, access);
	expect_runstate(_metadata, access, offset, RUNSTATE_OFFLINE);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_runstate(_metadata, access, offset, RUNSTATE_BLOCKED);
}

static bool xen_is_there(void)
{
	struct vmm *vm;
	bool there;

	if (vmm_create(&vm, 1))
		return false;
	there = vmm_check(vm, KVM_CAP_XEN_HVM) & KVM_XEN_HVM_CONFIG_EVTCHN_SEND;
	vmm_destroy(vm);
	return there;
}

int main(int argc, char **argv)
{
	if (vmm_unusable() || vmm_keep_one() || !xen_is_there())
		ksft_exit_skip("this kernel's KVM has no Xen events (CONFIG_KVM_XEN)\n");
	return live_run(argc, argv);
}
