// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a guest ended because it accesses MMIO just after an exception of its own? See
 * vectoring-type.md. x86-64, on an AMD CPU or QEMU's emulation of one.
 *
 *	vectoring-type
 *
 * Exit status: 0 no, 1 yes, 2 cannot tell.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define SIZE 0x8000
#define CODE 0x1000
#define HANDLER 0x2000
#define STACK 0x3000
/* Of the interrupt vector table, which is at 0 in real mode. */
#define VECTOR_BP (3 * 4)

/* mov %al, SIZE, where there is no memory; hlt */
static const unsigned char access_only[] = { 0xa2, 0x00, 0x80, 0xf4 };
/* int3; the same */
static const unsigned char exception_first[] = { 0xcc, 0xa2, 0x00, 0x80, 0xf4 };

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(2);
	}
	return result;
}

static char *make_memory(int vm, const unsigned char *code, size_t size)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.memory_size = SIZE, .userspace_addr = (unsigned long)memory,
	};

	check(memory == MAP_FAILED ? -1 : 0, "mmap");
	memcpy(memory + CODE, code, size);
	memory[HANDLER] = 0xcf; /* iret */
	memory[VECTOR_BP + 1] = HANDLER >> 8;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	return memory;
}

static void start(int vcpu)
{
	struct kvm_regs regs = { .rip = CODE, .rsp = STACK, .rflags = 2 };
	struct kvm_sregs sregs;

	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

/* Return: whether the guest was ended, rather than its access let out as MMIO. */
static int run(const char *name, int kvm, const unsigned char *code, size_t size)
{
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	struct kvm_run *state = mmap(NULL, check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size"),
				     PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	char *memory = make_memory(vm, code, size);

	check(state == MAP_FAILED ? -1 : 0, "mmap");
	/* Once to map the code, the vectors and the stack: an exit in between hides the fault. */
	start(vcpu);
	memory[CODE + size - 4] = 0xf4;
	check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	memory[CODE + size - 4] = 0xa2;
	start(vcpu);
	check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	if (state->exit_reason == KVM_EXIT_MMIO) {
		printf("%s: MMIO, as it should be\n", name);
		return 0;
	}
	printf("%s: exit reason %u", name, state->exit_reason);
	if (state->exit_reason != KVM_EXIT_INTERNAL_ERROR) {
		printf("\n");
		exit(2);
	}
	printf(" (internal error), suberror %u\n", state->internal.suberror);
	return 1;
}

int main(void)
{
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");

	if (run("an access", kvm, access_only, sizeof(access_only)))
		return 2;
	return run("an access after an exception", kvm, exception_first, sizeof(exception_first));
}
