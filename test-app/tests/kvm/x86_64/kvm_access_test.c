// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own reads and writes of guest memory that is in a buffer: not the guest but KVM (or the
 * CPU, for the guest's page tables) accesses it.
 *
 * There are two ways. User access (kvm_write_guest() and similar) uses the host's page table,
 * and with it the driver's fault handler: that works with any page. A pfn that KVM keeps
 * mapped for itself (struct gfn_to_pfn_cache, virt/kvm/pfncache.c) needs the same as a guest's
 * mapping, so a kernel before 6.13 refuses the same pages; and KVM must drop it when the
 * driver takes the page away.
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>
#include <asm/kvm_para.h>

#include "access.h"
#include "array.h"
#include "code.h"
#include "interrupts.h"
#include "x86host.h"

/* Offsets in the page; steal time must be aligned to 64 bytes. */
#define ACCESS_OFFSET 0x240

/*
 * Struct pvclock_vcpu_time_info of Documentation/virt/kvm/x86/msr.rst, which is not in the
 * kernel's headers for user space.
 */
struct pvclock {
	uint32_t version;
	uint32_t pad0;
	uint64_t tsc_timestamp;
	uint64_t system_time;
	uint32_t tsc_to_system_mul;
	int8_t tsc_shift;
	uint8_t flags;
	uint8_t pad[2];
};

_Static_assert(sizeof(struct pvclock) == 32, "not what KVM writes");

#define PVCLOCK_GUEST_STOPPED (1 << 1)

/* The guest reads its own page there, in the VMM's memory below the payload. */
#define PROBE_GPA 0x1000ull
#define PML4_SPAN (1ull << 39)
#define PTE_ACCESSED (1ull << 5)

ACCESS_FIXTURE(access)

/* An offset within a tail page. */
FIXTURE_VARIANT_ADD(access, split) { { .kind = MOCKGPU_KIND_SPLIT }, ACCESS_BLOCK + 1 };

static void expect_clock(struct __test_metadata *_metadata, const struct pvclock *clock)
{
	EXPECT_NE(0, clock->version);
	EXPECT_EQ(0, clock->version % 2);
	EXPECT_NE(0, clock->system_time);
	EXPECT_NE(0, clock->tsc_to_system_mul);
}

/* Through a pfn that KVM keeps: kvm_setup_guest_pvclock() in arch/x86/kvm/x86.c. */
TEST_F(access, kvm_clock)
{
	struct access *access = &self->access;
	struct vmm_vcpu *vcpu = access_vcpu(access);
	struct pvclock *clock = access_at(access, ACCESS_OFFSET), before, zero = {};

	/* The error of the first attempt is ignored: kvm_write_system_time(). */
	ASSERT_EQ(0, access_set_msr(access, MSR_KVM_SYSTEM_TIME_NEW,
				    access_gpa(access, ACCESS_OFFSET) | KVM_MSR_ENABLED));
	access_enter(_metadata, access);
	if (access->refusable && !memcmp(clock, &zero, sizeof(zero))) {
		access_enter(_metadata, access);
		EXPECT_EQ(0, memcmp(clock, &zero, sizeof(zero)));
		verdict_known(_metadata, "known before 6.13: kvm-clock silently never written");
		return;
	}
	expect_clock(_metadata, clock);
	EXPECT_EQ(0, clock->flags & PVCLOCK_GUEST_STOPPED);
	before = *clock;
	access_move(_metadata, access);
	EXPECT_EQ(0, memcmp(&before, clock, sizeof(before)));
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_KVMCLOCK_CTRL, NULL));
	access_enter(_metadata, access);
	expect_clock(_metadata, clock);
	EXPECT_LT(before.version, clock->version);
	/* The time is unchanged if all vCPUs share one master clock. */
	EXPECT_LE(before.system_time, clock->system_time);
	EXPECT_EQ(PVCLOCK_GUEST_STOPPED, clock->flags & PVCLOCK_GUEST_STOPPED);
	access_expect_canary_untouched(_metadata, access);
}

/* The version is incremented each time the vCPU is loaded: record_steal_time(). */
static void expect_steal_time(struct __test_metadata *_metadata, struct access *access,
			      struct kvm_steal_time *steal)
{
	uint32_t before = steal->version;

	access_enter(_metadata, access);
	EXPECT_LT(before, steal->version);
	EXPECT_EQ(0, steal->version % 2);
}

/* By user access. */
TEST_F(access, steal_time)
{
	struct access *access = &self->access;
	struct kvm_steal_time *steal = access_at(access, ACCESS_OFFSET);

	ASSERT_EQ(0, access_set_msr(access, MSR_KVM_STEAL_TIME,
				    access_gpa(access, ACCESS_OFFSET) | KVM_MSR_ENABLED));
	expect_steal_time(_metadata, access, steal);
	access_move(_metadata, access);
	expect_steal_time(_metadata, access, steal);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_steal_time(_metadata, access, steal);
}

/* The result of a read through entry @entry of the topmost page table. */
static enum guest_result walk(struct __test_metadata *_metadata, struct access *access,
			      uint32_t entry)
{
	const uint32_t sequence[] = { 0 };
	uint8_t result[1] = { GUEST_PENDING };
	struct touch touch = {
		.op = GUEST_READ, .gpa = entry * PML4_SPAN + PROBE_GPA, .seed = LIVE_SEED,
		.sequence = sequence, .accesses = 1, .result = result,
	};

	EXPECT_EQ(0, touch_run(access_vcpu(access), &touch))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	return result[0];
}

/* An entry of the topmost table that no walk has seen: the host creates it, the guest uses it. */
static void expect_walk(struct __test_metadata *_metadata, struct access *access, uint64_t *pml4,
			uint32_t entry)
{
	pml4[entry] = pml4[0] & ~PTE_ACCESSED;
	EXPECT_EQ(GUEST_MAPPED, walk(_metadata, access, entry));
	EXPECT_EQ(PTE_ACCESSED, pml4[entry] & PTE_ACCESSED);
}

/*
 * The topmost table in a buffer. With two-dimensional paging the CPU walks it, which needs a
 * mapping; with shadow paging KVM does, by user access: walk_addr_generic() in
 * arch/x86/kvm/mmu/paging_tmpl.h. Both set the accessed bit.
 */
TEST_F(access, page_table)
{
	struct access *access = &self->access;
	struct vmm_vcpu *vcpu = access_vcpu(access);
	uint64_t *pml4 = access_at(access, 0);
	struct kvm_sregs sregs;

	guest_fill((char *)vmm_ram(access->live.vm) + PROBE_GPA, 1, LIVE_SEED);
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_GET_SREGS, &sregs));
	memcpy(pml4, (char *)vmm_ram(access->live.vm) + sregs.cr3, GUEST_PAGE_SIZE);
	pml4[0] &= ~PTE_ACCESSED;
	sregs.cr3 = access_gpa(access, 0);
	ASSERT_EQ(0, vmm_vcpu_ioctl(vcpu, KVM_SET_SREGS, &sregs));
	ASSERT_EQ(0, vmm_vcpu_start(vcpu));
	memset(vmm_vcpu_work(vcpu), 0, sizeof(struct guest_work));
	if (access->refusable && vmm_vcpu_run(vcpu) == VMM_EXIT_EFAULT) {
		/* Not even the payload's first instruction runs. */
		EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(vcpu));
		EXPECT_EQ(0, pml4[0] & PTE_ACCESSED);
		verdict_known(_metadata, "known before 6.13: no walk of a page table there");
		return;
	}
	EXPECT_EQ(GUEST_MAPPED, walk(_metadata, access, 0));
	EXPECT_EQ(PTE_ACCESSED, pml4[0] & PTE_ACCESSED);
	expect_walk(_metadata, access, pml4, 1);
	access_move(_metadata, access);
	expect_walk(_metadata, access, pml4, 2);
	access_expect_canary_untouched(_metadata, access);
}

/* Tables in the VMM's memory that lead to one in the buffer, for addresses of one PML4 entry. */
#define PDPT_GPA 0x4000ull
#define PD_GPA 0x5000ull
#define WALKED_GVA PML4_SPAN
#define PTE_FLAGS 7ull
#define VALUE 0x1122334455667788ull
/* Where the VMM has no memory. */
#define HOLE_GPA 0xe0000000ull

static void host_changes(struct __test_metadata *_metadata, struct access *access, uint32_t entry,
			 uint64_t value)
{
	(void)_metadata;
	((volatile uint64_t *)access_at(access, 0))[entry] = value;
}

/* The device copies a page over the table, with all other entries as they are. */
static void device_changes(struct __test_metadata *_metadata, struct access *access,
			   uint32_t entry, uint64_t value)
{
	const struct drm_mockgpu_bo_create want = { .size = GUEST_PAGE_SIZE,
						    .kind = MOCKGPU_KIND_SPLIT };
	struct mockgpu_bo from;

	ASSERT_EQ(0, vm_buffer_make(access->live.driver.fd, &want, &from));
	ASSERT_EQ(0, mockgpu_bo_map(&from, NULL));
	memcpy(from.map, access_at(access, 0), GUEST_PAGE_SIZE);
	((uint64_t *)from.map)[entry] = value;
	EXPECT_EQ(0, mockgpu_bo_copy(&access->live.bo, access->page * (uint64_t)GUEST_PAGE_SIZE,
				     &from, 0, GUEST_PAGE_SIZE));
	EXPECT_EQ(0, mockgpu_bo_destroy(&from));
}

/* Somebody who is not the guest changes an entry of the table. */
static void (*const changes[])(struct __test_metadata *_metadata, struct access *access,
			       uint32_t entry, uint64_t value) = { host_changes, device_changes };

/* The word of another page of the buffer, and the entry for that page: heads map everywhere. */
static uint64_t *word_of(const struct access *access, uint32_t page)
{
	return live_word(access->live.bo.map, page, 0);
}

static uint64_t entry_of(uint32_t page)
{
	return (LIVE_GPA + page * (uint64_t)GUEST_PAGE_SIZE) | PTE_FLAGS;
}

static enum vmm_exit enter(struct __test_metadata *_metadata, struct access *access,
			   uint32_t entry)
{
	const struct kvm_regs regs = {
		.rdi = WALKED_GVA + entry * (uint64_t)GUEST_PAGE_SIZE, .rax = VALUE,
	};

	code_enter(_metadata, access_vcpu(access), &regs);
	return vmm_vcpu_run(access_vcpu(access));
}

/* A read gives KVM an entry of its own, which is read-only since the memslot logs writes. */
static void read_by(struct __test_metadata *_metadata, struct access *access, uint32_t entry)
{
	code_load(access->live.vm, code_load8);
	EXPECT_EQ(VMM_EXIT_DOORBELL, enter(_metadata, access, entry));
	code_load(access->live.vm, code_store8);
}

static void build_tables(struct __test_metadata *_metadata, struct access *access)
{
	char *ram = vmm_ram(access->live.vm);
	struct kvm_sregs sregs;

	ASSERT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_SREGS, &sregs));
	((uint64_t *)(ram + sregs.cr3))[WALKED_GVA / PML4_SPAN] = PDPT_GPA | PTE_FLAGS;
	memset(ram + PDPT_GPA, 0, 2 * GUEST_PAGE_SIZE);
	*(uint64_t *)(ram + PDPT_GPA) = PD_GPA | PTE_FLAGS;
	*(uint64_t *)(ram + PD_GPA) = access_gpa(access, 0) | PTE_FLAGS;
	ASSERT_EQ(0, vmm_slot_set(access->live.vm, LIVE_SLOT, LIVE_GPA, access->live.bo.map,
				  access->live.bo.size, KVM_MEM_LOG_DIRTY_PAGES));
}

/*
 * With shadow paging KVM guards a guest's page table against writes of the guest only. Whoever
 * else writes to it, as a GPU to a blob, KVM notices at its next walk, where it finds its own
 * entry for what was there before: CVE-2026-23401 (the new one is MMIO) and CVE-2026-23402
 * (another page), both a WARN in mmu_set_spte() or mark_mmio_spte() of arch/x86/kvm/mmu/mmu.c.
 */
TEST_F(access, an_entry_changes_that_was_walked)
{
	struct access *access = &self->access;
	const uint32_t page = 0, other = 2 * ACCESS_BLOCK;
	const struct kvm_run *run = vmm_vcpu_kvm_run(access_vcpu(access));
	uint32_t i;

	if (x86host_has_tdp())
		SKIP(return, "KVM walks the guest's tables with shadow paging only");
	build_tables(_metadata, access);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		const uint32_t entry = 2 * i;

		*word_of(access, page) = *word_of(access, other) = 0;
		changes[i](_metadata, access, entry, entry_of(page));
		read_by(_metadata, access, entry);
		changes[i](_metadata, access, entry, HOLE_GPA | PTE_FLAGS);
		EXPECT_EQ(VMM_EXIT_MMIO, enter(_metadata, access, entry));
		EXPECT_EQ(1, run->mmio.is_write);
		EXPECT_EQ(HOLE_GPA, run->mmio.phys_addr);
		EXPECT_EQ(sizeof(uint64_t), run->mmio.len);
		EXPECT_EQ(0, *word_of(access, page));

		changes[i](_metadata, access, entry + 1, entry_of(page));
		read_by(_metadata, access, entry + 1);
		changes[i](_metadata, access, entry + 1, entry_of(other));
		EXPECT_EQ(VMM_EXIT_DOORBELL, enter(_metadata, access, entry + 1));
		EXPECT_EQ(0, *word_of(access, page));
		EXPECT_EQ(VALUE, *word_of(access, other));
	}
}

/* A vCPU with an APIC. */
ACCESS_FIXTURE(apic, .irqchip = true)

#define APIC_EOI_GPA 0xfee000b0ull
#define APIC_SPIV 0xf0
#define APIC_SPIV_ENABLED (1 << 8)
#define MSI_ADDRESS 0xfee00000u
#define IRQ_VECTOR 0x21
#define INTERRUPTS_GPA 0x3000ull

#define PV_EOI_OFFSET 0x80
#define PV_EOI_UNTOUCHED 0xfe
#define PV_EOI_TRIES 2000

/*
 * On an interrupt the guest checks whether bit 0 is set (RSI) and clears it, or else writes to
 * the APIC (RDI). RDX counts interrupts, RCX writes.
 */
CODE(code_pv_eoi, "incq %rdx; btrl $0, (%rsi); jc 1f; incq %rcx; movl $0, (%rdi); 1: iretq");
/* And one that does neither. */
CODE(code_no_eoi, "incq %rdx\n" CODE_DOORBELL);
CODE(code_interrupted, CODE_DOORBELL);

static void enable_apic(struct __test_metadata *_metadata, struct access *access)
{
	const struct interrupts page = {
		(char *)vmm_ram(access->live.vm) + INTERRUPTS_GPA, INTERRUPTS_GPA,
	};
	struct kvm_lapic_state lapic;
	uint32_t spiv;

	ASSERT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_LAPIC, &lapic));
	memcpy(&spiv, lapic.regs + APIC_SPIV, sizeof(spiv));
	spiv |= APIC_SPIV_ENABLED;
	memcpy(lapic.regs + APIC_SPIV, &spiv, sizeof(spiv));
	ASSERT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_SET_LAPIC, &lapic));
	interrupts_build(&page);
	if (access->refusable)
		interrupts_handle(&page, access->live.vm, IRQ_VECTOR, code_no_eoi);
	else
		interrupts_handle(&page, access->live.vm, IRQ_VECTOR, code_pv_eoi);
	interrupts_use(_metadata, &page, access_vcpu(access));
	code_load(access->live.vm, code_interrupted);
}

/* Inject an interrupt: at the doorbell its handler has run. */
static struct kvm_regs interrupt(struct __test_metadata *_metadata, struct access *access)
{
	const struct kvm_regs regs = {
		.rflags = X86_RFLAGS_IF, .rsi = access_gpa(access, PV_EOI_OFFSET),
		.rdi = APIC_EOI_GPA,
	};
	struct kvm_msi msi = { .address_lo = MSI_ADDRESS, .data = IRQ_VECTOR };
	struct kvm_regs after = {};

	code_enter(_metadata, access_vcpu(access), &regs);
	EXPECT_EQ(1, vmm_ioctl(access->live.vm, KVM_SIGNAL_MSI, &msi));
	code_expect_end(_metadata, access_vcpu(access));
	EXPECT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &after));
	EXPECT_EQ(1, after.rdx);
	return after;
}

/*
 * KVM tells the guest through a buffer that it need not write to the APIC. KVM cancels that at
 * each exit, be it for the page that must be mapped again or for the host's own timer, so not
 * every guest sees it; but one of many does.
 */
static void expect_pv_eoi(struct __test_metadata *_metadata, struct access *access)
{
	struct kvm_regs after;
	uint32_t tries = 0;

	do {
		after = interrupt(_metadata, access);
	} while (after.rdx == 1 && after.rcx && ++tries < PV_EOI_TRIES);
	EXPECT_EQ(0, after.rcx)
		TH_LOG("%u guests did not see the flag", tries);
}

/* By user access: pv_eoi_put_user() in arch/x86/kvm/lapic.c, at each entry and exit. */
TEST_F(apic, pv_eoi)
{
	struct access *access = &self->access;
	uint8_t *flag = access_at(access, PV_EOI_OFFSET);

	enable_apic(_metadata, access);
	ASSERT_EQ(0, access_set_msr(access, MSR_KVM_PV_EOI_EN,
				    access_gpa(access, PV_EOI_OFFSET) | KVM_MSR_ENABLED));
	*flag = PV_EOI_UNTOUCHED;
	if (access->refusable) {
		/* The guest could not look, but KVM has set the flag, and cleared it again. */
		interrupt(_metadata, access);
		EXPECT_EQ(0, *flag);
		return;
	}
	expect_pv_eoi(_metadata, access);
	EXPECT_EQ(0, *flag);
	access_move(_metadata, access);
	expect_pv_eoi(_metadata, access);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	expect_pv_eoi(_metadata, access);
}

int main(int argc, char **argv)
{
	vmm_keep_irqchip();
	return live_run(argc, argv);
}
