/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is itself a hypervisor, and its own guest, L2: what does not depend on the CPU's
 * vendor (svm.h, vmx.h). Everything in L2 that L1 does not intercept works as in any guest: the
 * doorbell ends KVM_RUN, and setting the vCPU to some code sets L2. Include it after
 * kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_NESTED_H
#define MOCKGPU_TEST_NESTED_H

#include <string.h>

#include <linux/kvm.h>

#include "access.h"
#include "code.h"
#include "interrupts.h"
#include "kvmstat.h"

/* Pages of the VMM's memory below the payload. */
#define NESTED_PROBE_GPA 0x1000ull
#define NESTED_INTERRUPTS_GPA 0x3000ull
#define NESTED_CONTROL_GPA 0x4000ull	/* the hypervisor's own state */
#define NESTED_STATE_GPA 0x5000ull	/* that of L2 */
#define NESTED_PML4_GPA 0x6000ull
#define NESTED_PDPT_GPA 0x7000ull
#define NESTED_PD_GPA 0x8000ull
#define NESTED_VRAM_PD_GPA 0x9000ull

#define GP_VECTOR 13

/* What nested_rdmsr reads. */
#define MSR_KERNEL_GS_BASE 0xc0000102

/* On a general protection fault: RBX counts. */
CODE(nested_on_gp, "incq %rbx\n" CODE_DOORBELL);
/* L2: its first instruction, and how it exits. */
#define NESTED_LEVEL2_GPA (CODE_GPA + 0x100)
#define NESTED_LEAVE_GPA (CODE_GPA + 0x140)
#define NESTED_RDMSR_GPA (CODE_GPA + 0x180)
CODE(nested_level2, "1:" CODE_DOORBELL "jmp 1b");
CODE(nested_rdmsr, "rdmsr\n" CODE_DOORBELL);

static inline void *nested_ram(const struct access *access, uint64_t gpa)
{
	return (char *)vmm_ram(access->live.vm) + gpa;
}

/* What L1 has for exceptions, and the code of L2. */
static inline void nested_load(struct __test_metadata *_metadata, struct access *access,
			       const char *leave, const char *leave_end)
{
	const struct interrupts page = {
		nested_ram(access, NESTED_INTERRUPTS_GPA), NESTED_INTERRUPTS_GPA,
	};

	interrupts_build(&page);
	interrupts_handle(&page, access->live.vm, GP_VECTOR, nested_on_gp);
	interrupts_use(_metadata, &page, access_vcpu(access));
	code_copy(nested_ram(access, NESTED_LEVEL2_GPA), nested_level2, nested_level2_end);
	code_copy(nested_ram(access, NESTED_LEAVE_GPA), leave, leave_end);
	code_copy(nested_ram(access, NESTED_RDMSR_GPA), nested_rdmsr, nested_rdmsr_end);
}

/* An entry of L2's nested page tables that leads to another table, accessible in any way. */
#define NESTED_TABLE 0x7ull
#define NESTED_GIB (1ull << 30)

/*
 * L2 gets nested page tables for the memory L1 has, in the VMM's memory and in a buffer, by
 * entries of 2 MiB with the bits @leaf. The second level from the top, with an entry for each
 * GiB, is at @pdpt.
 */
static inline void nested_build_tables(struct access *access, uint64_t *pdpt, uint64_t pdpt_gpa,
				       uint64_t leaf)
{
	uint64_t *pml4 = nested_ram(access, NESTED_PML4_GPA);
	uint64_t *ram = nested_ram(access, NESTED_PD_GPA);
	uint64_t *buffer = nested_ram(access, NESTED_VRAM_PD_GPA);

	pml4[0] = pdpt_gpa | NESTED_TABLE;
	pdpt[0] = NESTED_PD_GPA | NESTED_TABLE;
	pdpt[LIVE_GPA / NESTED_GIB] = NESTED_VRAM_PD_GPA | NESTED_TABLE;
	ram[0] = leaf;
	buffer[0] = LIVE_GPA | leaf;
}

static inline bool nested_in_level2(struct __test_metadata *_metadata, struct access *access)
{
	uint64_t guest_mode = 0;

	EXPECT_EQ(0, kvmstat_vcpu(access_vcpu(access), "guest_mode", &guest_mode));
	return guest_mode;
}

/* L2 continues at @gpa, until an exit to L1 or to the VMM. */
static inline enum vmm_exit nested_continue(struct __test_metadata *_metadata,
					    struct access *access, uint64_t gpa)
{
	const struct kvm_regs regs = { .rip = gpa, .rcx = MSR_KERNEL_GS_BASE };

	code_enter_at(_metadata, access_vcpu(access), &regs);
	return vmm_vcpu_run(access_vcpu(access));
}

static inline uint32_t nested_page_count(struct __test_metadata *_metadata,
					 const struct access *access)
{
	struct drm_mockgpu_page *pages = bo_pages(_metadata, &access->live.bo);
	uint32_t count = pages[access->page].count;

	free(pages);
	return count;
}

/* L2 touches one page, at its own GPA @gpa. */
static inline enum guest_result nested_touch(struct __test_metadata *_metadata,
					     struct access *access, enum guest_op op,
					     uint64_t gpa, uint64_t seed)
{
	const uint32_t sequence[] = { 0 };
	uint8_t result[1] = { GUEST_PENDING };
	struct touch touch = {
		.op = op, .gpa = gpa, .seed = seed, .sequence = sequence, .accesses = 1,
		.result = result,
	};

	EXPECT_EQ(0, touch_run(access_vcpu(access), &touch))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_TRUE(nested_in_level2(_metadata, access));
	return result[0];
}

/*
 * L2, which runs, uses the memory of a buffer that was filled with LIVE_SEED, while that moves.
 * Return: whether L2 still runs; it does not where KVM is known to refuse the page.
 */
static inline bool nested_memory_follows(struct __test_metadata *_metadata, struct access *access)
{
	const uint64_t gpa = access_gpa(access, 0);

	if (access->refusable) {
		EXPECT_EQ(GUEST_EFAULT,
			  nested_touch(_metadata, access, GUEST_READ, gpa, LIVE_SEED));
		verdict_known(_metadata, "known before 6.13: EFAULT as in L1");
		return false;
	}
	EXPECT_EQ(GUEST_MAPPED, nested_touch(_metadata, access, GUEST_READ, gpa, LIVE_SEED));
	access_move(_metadata, access);
	EXPECT_EQ(GUEST_MAPPED, nested_touch(_metadata, access, GUEST_READ, gpa, LIVE_SEED));
	EXPECT_EQ(GUEST_MAPPED, nested_touch(_metadata, access, GUEST_WRITE, gpa, LIVE_SEED + 1));
	EXPECT_EQ(0, guest_differences(access_at(access, 0), 1, LIVE_SEED + 1));
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	EXPECT_EQ(GUEST_MAPPED, nested_touch(_metadata, access, GUEST_READ, gpa, LIVE_SEED + 1));
	access_expect_canary_untouched(_metadata, access);
	return true;
}

#endif /* MOCKGPU_TEST_NESTED_H */
