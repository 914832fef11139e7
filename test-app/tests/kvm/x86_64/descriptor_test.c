// SPDX-License-Identifier: GPL-2.0-only
/*
 * The guest's descriptor tables, task state and interrupt stack in a buffer, all in one page: the
 * CPU accesses them while it delivers an exception or an interrupt, and an access that KVM
 * must serve first interrupts the delivery. The event must neither be lost nor be delivered
 * twice, even if KVM refuses the page for a while.
 *
 * KVM reinjects what the CPU was about to deliver: svm_complete_interrupts() in
 * arch/x86/kvm/svm/svm.c.
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "access.h"
#include "code.h"
#include "interrupts.h"

#define UD_VECTOR 6
#define SOFT_VECTOR 0x20
#define IRQ_VECTOR 0x21

/*
 * Handlers count their events: RBX exceptions, RCX software interrupts, RDX interrupts. The
 * first one skips the UD2.
 */
CODE(code_on_ud, "incq %rbx; addq $2, (%rsp); iretq");
CODE(code_on_soft, "incq %rcx; iretq");
CODE(code_on_irq, "incq %rdx; iretq");

CODE(code_ud, "ud2\n" CODE_DOORBELL);
CODE(code_soft, "int $0x20\n" CODE_DOORBELL);
CODE(code_irq, CODE_DOORBELL);

ACCESS_FIXTURE(descriptor)

static void use_tables(struct __test_metadata *_metadata, struct access *access)
{
	const struct interrupts page = { access_at(access, 0), access_gpa(access, 0) };

	interrupts_build(&page);
	interrupts_handle(&page, access->live.vm, UD_VECTOR, code_on_ud);
	interrupts_handle(&page, access->live.vm, SOFT_VECTOR, code_on_soft);
	interrupts_handle(&page, access->live.vm, IRQ_VECTOR, code_on_irq);
	interrupts_use(_metadata, &page, access_vcpu(access));
}

/* The expected counts, all reached by the time of the doorbell. */
struct event {
	const char *begin;
	const char *end;
	struct kvm_regs after;
	bool irq;
};

static void begin_event(struct __test_metadata *_metadata, struct access *access,
			const struct event *event)
{
	const struct kvm_regs regs = { .rflags = event->irq ? X86_RFLAGS_IF : 0 };
	struct kvm_interrupt irq = { IRQ_VECTOR };

	code_copy((char *)vmm_ram(access->live.vm) + CODE_GPA, event->begin, event->end);
	code_enter(_metadata, access_vcpu(access), &regs);
	if (event->irq)
		ASSERT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_INTERRUPT, &irq));
}

/* The handler ran once, and the code continued after the event. */
static void expect_event(struct __test_metadata *_metadata, struct access *access,
			 const struct event *event)
{
	struct kvm_regs regs;

	code_expect_end(_metadata, access_vcpu(access));
	ASSERT_EQ(0, vmm_vcpu_ioctl(access_vcpu(access), KVM_GET_REGS, &regs));
	EXPECT_EQ(event->after.rbx, regs.rbx);
	EXPECT_EQ(event->after.rcx, regs.rcx);
	EXPECT_EQ(event->after.rdx, regs.rdx);
}

/*
 * A kernel that refuses the page: EFAULT, as often as it is tried. When other memory with the
 * same bytes is there, the event is delivered, once.
 */
static void expect_refusal(struct __test_metadata *_metadata, struct access *access,
			   const struct event *event)
{
	struct live *live = &access->live;
	char *copy = mmap(NULL, live->bo.size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, copy);
	EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(access_vcpu(access)))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(access_vcpu(access)))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	memcpy(copy, live->bo.map, live->bo.size);
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	ASSERT_EQ(0, vmm_slot_set(live->vm, LIVE_SLOT, LIVE_GPA, copy, live->bo.size, 0));
	expect_event(_metadata, access, event);
	ASSERT_EQ(0, vmm_slot_delete(live->vm, LIVE_SLOT));
	munmap(copy, live->bo.size);
	verdict_known(_metadata, "known before 6.13: EFAULT, the event came when the page did");
}

/* With the tables unmapped by KVM each time: at first, after a move, after a zap. */
static void try_event(struct __test_metadata *_metadata, struct access *access,
		      const struct event *event)
{
	use_tables(_metadata, access);
	begin_event(_metadata, access, event);
	if (access->refusable) {
		expect_refusal(_metadata, access, event);
		return;
	}
	expect_event(_metadata, access, event);
	access_move(_metadata, access);
	begin_event(_metadata, access, event);
	expect_event(_metadata, access, event);
	access_expect_canary_untouched(_metadata, access);
	ASSERT_EQ(0, mockgpu_bo_zap(&access->live.bo));
	begin_event(_metadata, access, event);
	expect_event(_metadata, access, event);
}

TEST_F(descriptor, exception)
{
	const struct event event = { code_ud, code_ud_end, .after = { .rbx = 1 } };

	try_event(_metadata, &self->access, &event);
}

TEST_F(descriptor, software_interrupt)
{
	const struct event event = { code_soft, code_soft_end, .after = { .rcx = 1 } };

	try_event(_metadata, &self->access, &event);
}

TEST_F(descriptor, interrupt)
{
	const struct event event = {
		code_irq, code_irq_end, .after = { .rdx = 1 }, .irq = true,
	};

	try_event(_metadata, &self->access, &event);
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
