// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions that KVM emulates with an operand in a buffer: those with the other operand in a
 * device (there is no memslot), and INS and OUTS.
 *
 * The emulator accesses guest memory by user access (emulator_read_write_onepage() in
 * arch/x86/kvm/x86.c), which works with any page, on every kernel. But first the CPU executes
 * the instruction as far as it can: if the operand that it accesses first is in a page that a
 * kernel before 6.13 refuses to map, KVM_RUN ends with EFAULT and nothing is emulated.
 */

#include <string.h>

#include "kselftest_harness.h"

#include <linux/kvm.h>

#include "access.h"
#include "code.h"
#include "kvmstat.h"

#define DEVICE_GPA VMM_MMIO_GPA
#define DEVICE_SEED 0xde51ce

/* 8-byte words of a string instruction; the first are on the previous page, one is on both. */
#define WORDS 8
#define STRADDLE (-20)

#define PORT 0xf6
#define BYTES 24

CODE(code_movs, "rep movsq\n" CODE_DOORBELL);
CODE(code_push_pop, "pushq (%rsi); popq 8(%rsi);" CODE_DOORBELL);
CODE(code_ins, "rep insb\n" CODE_DOORBELL);
CODE(code_outs, "rep outsb\n" CODE_DOORBELL);
CODE(code_read, "movq (%rsi), %rax; addq $1, %rax; movq %rax, (%rdi);" CODE_DOORBELL);

/**
 * struct device - answers reads with a sequence, and records writes
 * @_metadata: the test's
 * @access: what to move
 * @move_at: number of the access at which the buffer moves, 0 for none
 * @accesses: how many there were
 * @written: what was written
 */
struct device {
	struct __test_metadata *_metadata;
	struct access *access;
	uint32_t move_at;
	uint32_t accesses;
	uint64_t written[WORDS];
};

static uint64_t device_value(uint32_t number)
{
	return guest_value(DEVICE_SEED, 0, number);
}

static void device_count(struct device *device)
{
	if (++device->accesses == device->move_at)
		access_move(device->_metadata, device->access);
}

static uint64_t device_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct device *device = opaque;

	(void)size;
	device_count(device);
	return device_value(offset / sizeof(uint64_t));
}

static void device_write(void *opaque, uint64_t offset, unsigned int size, uint64_t value)
{
	struct device *device = opaque;

	(void)size;
	if (offset / sizeof(uint64_t) < WORDS)
		device->written[offset / sizeof(uint64_t)] = value;
	device_count(device);
}

static const struct vmm_mmio_ops device_ops = { device_read, device_write };

ACCESS_FIXTURE(emulate)

static void device_add(struct __test_metadata *_metadata, struct device *device,
		       struct access *access)
{
	device->_metadata = _metadata;
	device->access = access;
	ASSERT_EQ(0, vmm_mmio_add(access->live.vm, DEVICE_GPA, GUEST_PAGE_SIZE, &device_ops,
				  device));
}

static uint64_t emulated(struct __test_metadata *_metadata, struct access *access)
{
	uint64_t value = 0;

	EXPECT_EQ(0, kvmstat_vcpu(access_vcpu(access), "insn_emulation", &value));
	return value;
}

/* What KVM does with a page that it does not map, after it emulated @before instructions. */
static void expect_refusal(struct __test_metadata *_metadata, struct access *access,
			   uint64_t before)
{
	EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(access_vcpu(access)));
	EXPECT_EQ(VMM_EXIT_EFAULT, vmm_vcpu_run(access_vcpu(access)));
	EXPECT_EQ(before, emulated(_metadata, access));
	verdict_known(_metadata, "known before 6.13: EFAULT at the CPU's own read of the operand");
}

/* From the device: KVM writes after the move, to the new pages. */
TEST_F(emulate, movs_to_vram)
{
	struct access *access = &self->access;
	struct device device = { .move_at = WORDS / 2 };
	const struct kvm_regs regs = {
		.rsi = DEVICE_GPA, .rdi = access_gpa(access, STRADDLE), .rcx = WORDS,
	};
	uint64_t seen[WORDS];
	uint32_t i;

	device_add(_metadata, &device, access);
	code_load(access->live.vm, code_movs);
	code_enter(_metadata, access_vcpu(access), &regs);
	code_expect_end(_metadata, access_vcpu(access));
	EXPECT_EQ(WORDS, device.accesses);
	EXPECT_LT(0, emulated(_metadata, access));
	memcpy(seen, access_at(access, STRADDLE), sizeof(seen));
	for (i = 0; i < WORDS; i++)
		EXPECT_EQ(device_value(i), seen[i]);
	access_expect_canary_untouched(_metadata, access);
}

/* To the device: KVM reads after the move, from the new pages. */
TEST_F(emulate, movs_from_vram)
{
	struct access *access = &self->access;
	struct device device = { .move_at = WORDS / 2 };
	const struct kvm_regs regs = {
		.rsi = access_gpa(access, 0), .rdi = DEVICE_GPA, .rcx = WORDS,
	};
	uint64_t *words = access_at(access, 0);
	uint32_t i;

	for (i = 0; i < WORDS; i++)
		words[i] = device_value(i);
	device_add(_metadata, &device, access);
	code_load(access->live.vm, code_movs);
	code_enter(_metadata, access_vcpu(access), &regs);
	if (access->refusable) {
		expect_refusal(_metadata, access, 0);
		EXPECT_EQ(0, device.accesses);
		return;
	}
	code_expect_end(_metadata, access_vcpu(access));
	EXPECT_EQ(WORDS, device.accesses);
	for (i = 0; i < WORDS; i++)
		EXPECT_EQ(device_value(i), device.written[i]);
	access_expect_canary_untouched(_metadata, access);
}

/* The stack in a buffer: what comes from the device goes back to it. */
TEST_F(emulate, push_and_pop)
{
	struct access *access = &self->access;
	struct device device = { .move_at = 1 };
	const struct kvm_regs regs = { .rsi = DEVICE_GPA, .rsp = access_gpa(access, 0x100) };
	const uint64_t *top = access_at(access, 0x100 - sizeof(uint64_t));

	device_add(_metadata, &device, access);
	code_load(access->live.vm, code_push_pop);
	code_enter(_metadata, access_vcpu(access), &regs);
	if (access->refusable) {
		/* PUSH is emulated; POP is not, as the CPU reads the stack first. */
		expect_refusal(_metadata, access, 1);
		EXPECT_EQ(1, device.accesses);
		EXPECT_EQ(device_value(0), *top);
		return;
	}
	code_expect_end(_metadata, access_vcpu(access));
	EXPECT_EQ(2, device.accesses);
	EXPECT_EQ(device_value(0), *top);
	EXPECT_EQ(device_value(0), device.written[1]);
	access_expect_canary_untouched(_metadata, access);
}

/**
 * struct port - a port that returns a sequence of bytes, and records what it gets
 * @count: bytes so far
 * @seen: what it got
 */
struct port {
	uint32_t count;
	uint8_t seen[BYTES];
};

static uint8_t port_byte(uint32_t number)
{
	return device_value(number);
}

static void port_transfer(struct port *port, struct vmm_vcpu *vcpu)
{
	const struct kvm_run *run = vmm_vcpu_kvm_run(vcpu);
	uint8_t *bytes = vmm_vcpu_io(vcpu);
	uint32_t i;

	for (i = 0; i < run->io.size * run->io.count && port->count < BYTES; i++) {
		if (run->io.direction == KVM_EXIT_IO_IN)
			bytes[i] = port_byte(port->count++);
		else
			port->seen[port->count++] = bytes[i];
	}
}

static enum vmm_exit port_run(struct port *port, struct vmm_vcpu *vcpu)
{
	const struct kvm_run *run = vmm_vcpu_kvm_run(vcpu);
	enum vmm_exit reason = vmm_vcpu_run(vcpu);

	if (reason == VMM_EXIT_OTHER && run->exit_reason == KVM_EXIT_IO && run->io.port == PORT)
		port_transfer(port, vcpu);
	return reason;
}

static void port_run_to_end(struct __test_metadata *_metadata, struct port *port,
			    struct vmm_vcpu *vcpu)
{
	enum vmm_exit reason;

	do {
		reason = port_run(port, vcpu);
	} while (reason == VMM_EXIT_OTHER &&
		 vmm_vcpu_kvm_run(vcpu)->exit_reason == KVM_EXIT_IO && port->count <= BYTES);
	EXPECT_EQ(VMM_EXIT_DOORBELL, reason)
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
	EXPECT_EQ(BYTES, port->count);
}

/* The port's data is written after the buffer was swapped out, which brings it back. */
TEST_F(emulate, ins)
{
	struct access *access = &self->access;
	const struct kvm_regs regs = {
		.rdx = PORT, .rdi = access_gpa(access, STRADDLE), .rcx = BYTES,
	};
	uint64_t *other = access_at(access, BYTES);
	struct port port = {};
	uint8_t seen[BYTES];
	uint32_t i;

	*other = DEVICE_SEED;
	code_load(access->live.vm, code_ins);
	code_enter(_metadata, access_vcpu(access), &regs);
	EXPECT_EQ(VMM_EXIT_OTHER, port_run(&port, access_vcpu(access)))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	ASSERT_EQ(0, mockgpu_bo_swapout(&access->live.bo));
	port_run_to_end(_metadata, &port, access_vcpu(access));
	memcpy(seen, access_at(access, STRADDLE), BYTES);
	for (i = 0; i < BYTES; i++)
		EXPECT_EQ(port_byte(i), seen[i]);
	EXPECT_EQ(DEVICE_SEED, *other);
}

/* KVM intercepts the instruction before the CPU reads its operand. */
TEST_F(emulate, outs)
{
	struct access *access = &self->access;
	const struct kvm_regs regs = {
		.rdx = PORT, .rsi = access_gpa(access, STRADDLE), .rcx = BYTES,
	};
	uint8_t *bytes = access_at(access, STRADDLE);
	struct port port = {};
	uint32_t i;

	for (i = 0; i < BYTES; i++)
		bytes[i] = port_byte(i);
	code_load(access->live.vm, code_outs);
	code_enter(_metadata, access_vcpu(access), &regs);
	EXPECT_EQ(VMM_EXIT_OTHER, port_run(&port, access_vcpu(access)))
		TH_LOG("%s", vmm_vcpu_strexit(access_vcpu(access)));
	access_move(_metadata, access);
	port_run_to_end(_metadata, &port, access_vcpu(access));
	for (i = 0; i < BYTES; i++)
		EXPECT_EQ(port_byte(i), port.seen[i]);
	access_expect_canary_untouched(_metadata, access);
}

/* The instruction itself in a buffer: KVM fetches it, the second one from the new page. */
TEST_F(emulate, instruction_in_vram)
{
	struct access *access = &self->access;
	struct device device = { .move_at = 1 };
	const struct kvm_regs regs = {
		.rip = access_gpa(access, 0), .rsi = DEVICE_GPA, .rdi = DEVICE_GPA,
	};

	device_add(_metadata, &device, access);
	code_copy(access_at(access, 0), code_read, code_read_end);
	code_enter_at(_metadata, access_vcpu(access), &regs);
	if (access->refusable) {
		expect_refusal(_metadata, access, 0);
		return;
	}
	code_expect_end(_metadata, access_vcpu(access));
	EXPECT_EQ(2, device.accesses);
	EXPECT_EQ(device_value(0) + 1, device.written[0]);
	access_expect_canary_untouched(_metadata, access);
}

/*
 * The page is gone: where the CPU would get EFAULT, the emulator treats the address as a
 * device's, as wherever user access fails: emulator_read_write_onepage().
 */
TEST_F(emulate, revoked)
{
	struct access *access = &self->access;
	struct vmm_vcpu *vcpu = access_vcpu(access);
	const struct kvm_run *run = vmm_vcpu_kvm_run(vcpu);
	struct device device = {};
	const struct kvm_regs movs = {
		.rsi = DEVICE_GPA, .rdi = access_gpa(access, 0), .rcx = 1,
	};
	const struct kvm_regs outs = { .rdx = PORT, .rsi = access_gpa(access, 0), .rcx = 1 };

	device_add(_metadata, &device, access);
	ASSERT_EQ(0, mockgpu_bo_revoke(&access->live.bo));
	code_load(access->live.vm, code_movs);
	code_enter(_metadata, vcpu, &movs);
	EXPECT_EQ(VMM_EXIT_MMIO, vmm_vcpu_run(vcpu))
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
	EXPECT_EQ(1, run->mmio.is_write);
	EXPECT_EQ(access_gpa(access, 0), run->mmio.phys_addr);
	EXPECT_EQ(1, device.accesses);
	code_load(access->live.vm, code_outs);
	code_enter(_metadata, vcpu, &outs);
	EXPECT_EQ(VMM_EXIT_MMIO, vmm_vcpu_run(vcpu))
		TH_LOG("%s", vmm_vcpu_strexit(vcpu));
	EXPECT_EQ(0, run->mmio.is_write);
	EXPECT_EQ(access_gpa(access, 0), run->mmio.phys_addr);
}

int main(int argc, char **argv)
{
	return live_run(argc, argv);
}
