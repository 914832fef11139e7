// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does a guest still read memory that its VMM has made PROT_NONE? See prot-none.md. x86-64.
 *
 *	prot-none [FILE]	FILE: a device with a VM_PFNMAP mapping, by default /dev/mockgpu
 *
 * Exit status: 0 no, 1 yes, 2 cannot tell.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define CODE 0x1000
#define DATA 0x10000
#define PAGE 4096
#define VALUE 0x5a

/* mov $0x1000, %ax; mov %ax, %ds; mov 0, %al; hlt: reads the byte at DATA. */
static const unsigned char code[] = { 0xb8, 0x00, 0x10, 0x8e, 0xd8, 0xa0, 0x00, 0x00, 0xf4 };

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(2);
	}
	return result;
}

static void *map(int fd)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	check(page == MAP_FAILED ? -1 : 0, "mmap");
	return page;
}

static void add_slot(int vm, int slot, unsigned long gpa, void *page)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = PAGE,
		.userspace_addr = (unsigned long)page,
	};

	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

/* Return: whether the guest read it. */
static int run(const char *name, int kvm, char *data)
{
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	struct kvm_run *state = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
				     PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	struct kvm_regs regs = { .rip = 0, .rflags = 2 };
	struct kvm_sregs sregs;
	void *text = map(-1);

	memcpy(text, code, sizeof(code));
	add_slot(vm, 0, CODE, text);
	add_slot(vm, 1, DATA, data);
	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = CODE;
	sregs.cs.selector = CODE >> 4;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");

	/* The host's own access makes the page table entry, which PROT_NONE then keeps. */
	data[0] = VALUE;
	check(mprotect(data, PAGE, PROT_NONE), "mprotect");
	if (ioctl(vcpu, KVM_RUN, 0)) {
		printf("%s: KVM_RUN: %s\n", name, strerror(errno));
		return errno == EFAULT ? 0 : check(-1, "KVM_RUN");
	}
	check(ioctl(vcpu, KVM_GET_REGS, &regs), "KVM_GET_REGS");
	if (state->exit_reason == KVM_EXIT_HLT && (regs.rax & 0xff) == VALUE) {
		printf("%s: the guest read it\n", name);
		return 1;
	}
	printf("%s: exit reason %u\n", name, state->exit_reason);
	exit(2);
}

int main(int argc, char **argv)
{
	int kvm = check(open("/dev/kvm", O_RDWR), "/dev/kvm");
	const char *device = argc > 1 ? argv[1] : "/dev/mockgpu";

	if (run("anonymous memory", kvm, map(-1)))
		return 2;
	return run(device, kvm, map(check(open(device, O_RDWR), device)));
}
