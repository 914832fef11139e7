// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices adjacent to a buffer that KVM serves without the VMM: ioeventfd and coalesced MMIO. The
 * memslot is a single page, the devices' addresses start where it ends and end where it
 * starts; neither may get an access to the other. Also a memslot that is created over such a
 * device, and deleted.
 */

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "access.h"
#include "code.h"

#define WORD ((int32_t)sizeof(uint64_t))
#define ZONE 0x100
#define VALUE 0x1122334455667788ull

CODE(code_store1, "movb %al, (%rdi)\n" CODE_DOORBELL);

ACCESS_FIXTURE(beside)

/* The slot of that one page. */
static int one_page(struct access *access)
{
	int ret = vmm_slot_delete(access->live.vm, LIVE_SLOT);

	return ret ? ret : vmm_slot_set(access->live.vm, LIVE_SLOT, access_gpa(access, 0),
					access_at(access, 0), GUEST_PAGE_SIZE, 0);
}

/* Let the guest write @value at @offset in the page, with @code to its end or another exit. */
static enum vmm_exit store(struct __test_metadata *_metadata, struct access *access,
			   int32_t offset, uint64_t value)
{
	const struct kvm_regs regs = { .rdi = access_gpa(access, offset), .rax = value };

	code_enter(_metadata, access_vcpu(access), &regs);
	return vmm_vcpu_run(access_vcpu(access));
}

static int event_at(struct __test_metadata *_metadata, struct access *access, int32_t offset,
		    uint32_t size)
{
	struct kvm_ioeventfd device = {
		.addr = access_gpa(access, offset), .len = size,
		.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
	};

	EXPECT_LE(0, device.fd);
	EXPECT_EQ(0, vmm_ioctl(access->live.vm, KVM_IOEVENTFD, &device));
	return device.fd;
}

/* How often it was signalled since the last call. */
static uint64_t events(int fd)
{
	eventfd_t count;

	return eventfd_read(fd, &count) ? 0 : count;
}

static uint64_t word_at(struct access *access, int32_t offset)
{
	uint64_t word;

	memcpy(&word, access_at(access, offset), sizeof(word));
	return word;
}

/* In vram, and nowhere else. A refused access writes nothing. */
static void expect_in_vram(struct __test_metadata *_metadata, struct access *access,
			   int32_t offset, uint64_t value)
{
	const enum vmm_exit right = access->refusable ? VMM_EXIT_EFAULT : VMM_EXIT_DOORBELL;
	const uint64_t before = word_at(access, offset);

	EXPECT_EQ(right, store(_metadata, access, offset, value));
	EXPECT_EQ(access->refusable ? before : value, word_at(access, offset));
}

static void expect_mmio(struct __test_metadata *_metadata, struct access *access,
			enum vmm_exit reason, int32_t offset, uint32_t size)
{
	const struct kvm_run *run = vmm_vcpu_kvm_run(access_vcpu(access));

	EXPECT_EQ(VMM_EXIT_MMIO, reason);
	EXPECT_EQ(1, run->mmio.is_write);
	EXPECT_EQ(access_gpa(access, offset), run->mmio.phys_addr);
	EXPECT_EQ(size, run->mmio.len);
}

static void expect_events(struct __test_metadata *_metadata, struct access *access, int below,
			  int above, uint64_t value)
{
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, -WORD, value));
	EXPECT_EQ(1, events(below));
	EXPECT_EQ(0, events(above));
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, GUEST_PAGE_SIZE, value));
	EXPECT_EQ(0, events(below));
	EXPECT_EQ(1, events(above));
	expect_in_vram(_metadata, access, 0, value);
	expect_in_vram(_metadata, access, GUEST_PAGE_SIZE - WORD, value);
	EXPECT_EQ(0, events(below));
	EXPECT_EQ(0, events(above));
}

TEST_F(beside, ioeventfd)
{
	struct access *access = &self->access;
	int below, above;

	ASSERT_EQ(0, one_page(access));
	below = event_at(_metadata, access, -WORD, WORD);
	above = event_at(_metadata, access, GUEST_PAGE_SIZE, WORD);
	code_load(access->live.vm, code_store8);
	expect_events(_metadata, access, below, above, VALUE);
	access_move(_metadata, access);
	expect_events(_metadata, access, below, above, VALUE + 1);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_events(_metadata, access, below, above, VALUE + 2);
	access_expect_canary_untouched(_metadata, access);
	if (access->refusable)
		verdict_known(_metadata, "known before 6.13: EFAULT in a buffer, events beside it");
}

/* One byte on this side of the border, one on the other; and a word across it. */
TEST_F(beside, border)
{
	struct access *access = &self->access;
	const int32_t end = GUEST_PAGE_SIZE;
	char *last = access_at(access, end - 1);
	uint64_t next;
	int below, above, half;

	ASSERT_EQ(0, one_page(access));
	next = word_at(access, end);
	below = event_at(_metadata, access, -WORD, WORD);
	above = event_at(_metadata, access, end, WORD);
	half = event_at(_metadata, access, end, WORD / 2);
	code_load(access->live.vm, code_store1);
	expect_mmio(_metadata, access, store(_metadata, access, -1, 0x5a), -1, 1);
	expect_mmio(_metadata, access, store(_metadata, access, end, 0x5a), end, 1);
	if (access->refusable) {
		EXPECT_EQ(VMM_EXIT_EFAULT, store(_metadata, access, end - 1, 0x5a));
		EXPECT_EQ(0, *last);
		EXPECT_EQ(0, events(below) + events(above) + events(half));
		verdict_known(_metadata, "known before 6.13: EFAULT in a buffer, MMIO beside it");
		return;
	}
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, end - 1, 0x5a));
	EXPECT_EQ(0x5a, *last);
	EXPECT_EQ(0, events(below) + events(above) + events(half));
	code_load(access->live.vm, code_store8);
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, end - WORD / 2, VALUE));
	EXPECT_EQ(VALUE << 32, word_at(access, end - WORD) & 0xffffffff00000000ull);
	EXPECT_EQ(1, events(half));
	EXPECT_EQ(0, events(below) + events(above));
	/* The host has the next page there, the guest has nothing. */
	EXPECT_EQ(next, word_at(access, end));
}

/* KVM_RUN by a thread that has never run this vCPU, and that is gone afterwards. */
static void *run_elsewhere(void *vcpu)
{
	return (void *)(intptr_t)vmm_vcpu_run(vcpu);
}

static enum vmm_exit go_on_elsewhere(struct __test_metadata *_metadata, struct access *access)
{
	pthread_t thread;
	void *reason = NULL;

	EXPECT_EQ(0, pthread_create(&thread, NULL, run_elsewhere, access_vcpu(access)));
	EXPECT_EQ(0, pthread_join(thread, &reason));
	return (intptr_t)reason;
}

/* The exit for one half of an access over the end of a page, where there is no memory. */
static void expect_half(struct __test_metadata *_metadata, struct access *access,
			enum vmm_exit reason, int32_t offset, bool is_write, uint32_t value)
{
	/* Not const: it takes the answer to a read. */
	struct kvm_run *run = (struct kvm_run *)vmm_vcpu_kvm_run(access_vcpu(access));

	EXPECT_EQ(VMM_EXIT_MMIO, reason);
	EXPECT_EQ(is_write, run->mmio.is_write);
	EXPECT_EQ(access_gpa(access, offset), run->mmio.phys_addr);
	EXPECT_EQ(WORD / 2, (int32_t)run->mmio.len);
	if (!is_write) {
		memcpy(run->mmio.data, &value, sizeof(value));
		return;
	}
	EXPECT_EQ(0, memcmp(run->mmio.data, &value, sizeof(value)));
}

/*
 * An access over two pages of which neither has memory, as in a host-visible window between blobs:
 * two exits for one instruction. KVM keeps what is left of it meanwhile, and another thread may
 * call KVM_RUN for the rest: CVE-2026-31588 was a pointer to the first one's stack in between
 * (complete_emulated_mmio() in arch/x86/kvm/x86.c).
 */
TEST_F(beside, an_access_over_two_empty_pages)
{
	struct access *access = &self->access;
	const int32_t end = GUEST_PAGE_SIZE, low = end - WORD / 2;
	struct vmm *vm = access->live.vm;
	struct kvm_regs regs = { .rdi = access_gpa(access, low) };
	enum vmm_exit reason;

	ASSERT_EQ(0, vmm_slot_delete(vm, LIVE_SLOT));
	code_load(vm, code_store8);
	reason = store(_metadata, access, low, VALUE);
	expect_half(_metadata, access, reason, low, true, (uint32_t)VALUE);
	reason = go_on_elsewhere(_metadata, access);
	expect_half(_metadata, access, reason, end, true, VALUE >> 32);
	EXPECT_EQ(VMM_EXIT_DOORBELL, go_on_elsewhere(_metadata, access));

	code_load(vm, code_load8);
	code_enter(_metadata, access_vcpu(access), &regs);
	reason = vmm_vcpu_run(access_vcpu(access));
	expect_half(_metadata, access, reason, low, false, (uint32_t)VALUE);
	reason = go_on_elsewhere(_metadata, access);
	expect_half(_metadata, access, reason, end, false, VALUE >> 32);
	EXPECT_EQ(VMM_EXIT_DOORBELL, go_on_elsewhere(_metadata, access));
	EXPECT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &regs));
	EXPECT_EQ(VALUE, regs.rax);

	/* Memory that comes between the two exits is too late for the second half. */
	code_load(vm, code_store8);
	reason = store(_metadata, access, low, VALUE);
	expect_half(_metadata, access, reason, low, true, (uint32_t)VALUE);
	ASSERT_EQ(0, vmm_slot_set(vm, LIVE_SLOT, access_gpa(access, end), access_at(access, end),
				  GUEST_PAGE_SIZE, 0));
	reason = go_on_elsewhere(_metadata, access);
	expect_half(_metadata, access, reason, end, true, VALUE >> 32);
	EXPECT_EQ(VMM_EXIT_DOORBELL, go_on_elsewhere(_metadata, access));
	EXPECT_EQ(0, word_at(access, end));
}

/* An address that belongs to a device, then to memory, then to a device again. */
TEST_F(beside, slot_over_a_device)
{
	struct access *access = &self->access;
	struct vmm *vm = access->live.vm;
	int event;

	ASSERT_EQ(0, vmm_slot_delete(vm, LIVE_SLOT));
	event = event_at(_metadata, access, 0, WORD);
	code_load(vm, code_store8);
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, 0, VALUE));
	EXPECT_EQ(1, events(event));
	EXPECT_EQ(0, word_at(access, 0));
	ASSERT_EQ(0, vmm_slot_set(vm, LIVE_SLOT, LIVE_GPA, access->live.bo.map,
				  access->live.bo.size, 0));
	expect_in_vram(_metadata, access, 0, VALUE + 1);
	EXPECT_EQ(0, events(event));
	access_move(_metadata, access);
	expect_in_vram(_metadata, access, 0, VALUE + 2);
	EXPECT_EQ(0, events(event));
	ASSERT_EQ(0, vmm_slot_delete(vm, LIVE_SLOT));
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, 0, VALUE + 3));
	EXPECT_EQ(1, events(event));
	EXPECT_EQ(access->refusable ? 0 : VALUE + 2, word_at(access, 0));
	access_expect_canary_untouched(_metadata, access);
	if (access->refusable)
		verdict_known(_metadata, "known before 6.13: EFAULT while the slot is there");
}

/* Each write adds one entry to the ring, and nothing else does. */
static void expect_coalesced(struct __test_metadata *_metadata, struct access *access,
			     struct kvm_coalesced_mmio_ring *ring, int32_t offset, uint64_t value)
{
	const struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[ring->first];
	uint64_t seen;

	ASSERT_EQ(ring->first, ring->last);
	EXPECT_EQ(VMM_EXIT_DOORBELL, store(_metadata, access, offset, value));
	EXPECT_EQ(ring->first + 1, ring->last);
	memcpy(&seen, entry->data, sizeof(seen));
	EXPECT_EQ(access_gpa(access, offset), entry->phys_addr);
	EXPECT_EQ(WORD, (int32_t)entry->len);
	EXPECT_EQ(value, seen);
	ring->first = ring->last;
}

TEST_F(beside, coalesced_mmio)
{
	struct access *access = &self->access;
	struct kvm_coalesced_mmio_zone below = { .addr = access_gpa(access, -ZONE), .size = ZONE };
	struct kvm_coalesced_mmio_zone above = {
		.addr = access_gpa(access, GUEST_PAGE_SIZE), .size = ZONE,
	};
	struct kvm_coalesced_mmio_ring *ring;
	uint32_t round;

	ASSERT_EQ(0, one_page(access));
	ASSERT_EQ(0, vmm_ioctl(access->live.vm, KVM_REGISTER_COALESCED_MMIO, &below));
	ASSERT_EQ(0, vmm_ioctl(access->live.vm, KVM_REGISTER_COALESCED_MMIO, &above));
	ring = (void *)((char *)vmm_vcpu_kvm_run(access_vcpu(access)) +
			vmm_check(access->live.vm, KVM_CAP_COALESCED_MMIO) * getpagesize());
	code_load(access->live.vm, code_store8);
	for (round = 0; round < 2; round++) {
		expect_coalesced(_metadata, access, ring, -WORD, VALUE + round);
		expect_coalesced(_metadata, access, ring, GUEST_PAGE_SIZE, VALUE + round);
		expect_in_vram(_metadata, access, 0, VALUE + round);
		expect_in_vram(_metadata, access, GUEST_PAGE_SIZE - WORD, VALUE + round);
		EXPECT_EQ(ring->first, ring->last);
		if (!round)
			access_move(_metadata, access);
	}
	access_expect_canary_untouched(_metadata, access);
	if (access->refusable)
		verdict_known(_metadata, "known before 6.13: EFAULT in a buffer, the ring works");
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
