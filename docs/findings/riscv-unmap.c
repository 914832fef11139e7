// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the kernel warn when a part of a guest's 2 MiB of memory goes? See riscv-unmap.md. riscv64,
 * as root. The warning ends a host with panic_on_warn.
 *
 * Exit status: 0 no, 1 yes, 2 cannot tell.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>

#define CODE 0x1000
#define DATA 0x40000000ul
#define DONE 0x10000000ul
#define PAGE 4096ul
#define LARGE (2ul << 20)
#define WARNING "Skip unmap range"

/* ld a2, 0(a0); sd zero, 0(a1): reads a word, and then stores where nothing is. */
static const uint32_t code[] = { 0x00053603, 0x0005b023 };

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(2);
	}
	return result;
}

static void *map(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(at == MAP_FAILED ? -1 : 0, "mmap");
	return at;
}

static void add_slot(int vm, int slot, unsigned long gpa, void *at, size_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (unsigned long)at,
	};

	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

static void set(int vcpu, size_t offset, uint64_t value)
{
	struct kvm_one_reg reg = {
		.id = KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE | offset / 8,
		.addr = (unsigned long)&value,
	};

	check(ioctl(vcpu, KVM_SET_ONE_REG, &reg), "KVM_SET_ONE_REG");
}

/* Let the guest read a word of its memory. */
static void run(int vcpu, const struct kvm_run *state)
{
	set(vcpu, offsetof(struct kvm_riscv_core, regs.pc), CODE);
	set(vcpu, offsetof(struct kvm_riscv_core, regs.a0), DATA);
	set(vcpu, offsetof(struct kvm_riscv_core, regs.a1), DONE);
	set(vcpu, offsetof(struct kvm_riscv_core, mode), KVM_RISCV_MODE_S);
	check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	if (state->exit_reason != KVM_EXIT_MMIO || state->mmio.phys_addr != DONE) {
		printf("the guest ended with exit reason %u\n", state->exit_reason);
		exit(2);
	}
}

static int warnings(void)
{
	int size = check(klogctl(10, NULL, 0), "klogctl"), count = 0;
	char *log = malloc(size + 1), *found;

	check(log ? 0 : -1, "malloc");
	log[check(klogctl(3, log, size), "klogctl")] = '\0';
	for (found = log; (found = strstr(found, WARNING)); found++)
		count++;
	free(log);
	return count;
}

int main(void)
{
	int vm = check(ioctl(check(open("/dev/kvm", O_RDWR), "/dev/kvm"), KVM_CREATE_VM, 0), "VM");
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU"), before, after;
	struct kvm_run *state = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	char *memory = map(2 * LARGE);
	void *text = map(PAGE);

	memory += -(uintptr_t)memory % LARGE;
	check(madvise(memory, LARGE, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	memset(memory, 1, LARGE);
	memcpy(text, code, sizeof(code));
	add_slot(vm, 0, CODE, text, PAGE);
	add_slot(vm, 1, DATA, memory, LARGE);
	run(vcpu, state);

	before = warnings();
	check(madvise(memory + PAGE, PAGE, MADV_DONTNEED), "MADV_DONTNEED");
	after = warnings();
	printf("%d warnings\n", after - before);
	return after != before;
}
