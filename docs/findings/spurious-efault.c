// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does KVM_RUN fail with EFAULT because a fault handler returned without an entry, as TTM's does
 * when a signal is pending? See spurious-efault.md. x86-64, with mockgpu loaded.
 *
 *	cc -O2 -I uapi $(pkg-config --cflags libdrm) ...
 *	spurious-efault [NODE]		by default /dev/dri/renderD128
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

#include "mockgpu_drm.h"

#define CODE 0x1000
#define DATA 0x10000
#define PAGE 4096
#define PAGES 16

/* Reads a byte of each page of the segment at DATA:
 * mov $0x1000, %ax; mov %ax, %ds; xor %bx, %bx; 1: mov (%bx), %al; add $0x1000, %bx; jnz 1b; hlt
 */
static const unsigned char code[] = {
	0xb8, 0x00, 0x10, 0x8e, 0xd8, 0x31, 0xdb,
	0x8a, 0x07, 0x81, 0xc3, 0x00, 0x10, 0x75, 0xf8, 0xf4,
};

static int check(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(2);
	}
	return result;
}

static void *map(size_t size, int flags, int fd, off_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	check(memory == MAP_FAILED ? -1 : 0, "mmap");
	return memory;
}

/* Every second fault on its mappings is VM_FAULT_NOPAGE without an entry. */
static void *map_buffer(const char *node)
{
	struct drm_mockgpu_bo_create create = {
		.size = PAGES * PAGE, .kind = MOCKGPU_KIND_SPLIT,
		.fault_mode = MOCKGPU_FAULT_NOPAGE, .fault_arg = 2,
	};
	struct drm_mockgpu_bo_mmap_offset where = { 0 };
	int fd = check(open(node, O_RDWR | O_CLOEXEC), node);

	check(ioctl(fd, DRM_IOCTL_MOCKGPU_BO_CREATE, &create), "MOCKGPU_BO_CREATE");
	where.handle = create.handle;
	check(ioctl(fd, DRM_IOCTL_MOCKGPU_BO_MMAP_OFFSET, &where), "MOCKGPU_BO_MMAP_OFFSET");
	return map(PAGES * PAGE, MAP_SHARED, fd, where.offset);
}

static void add_slot(int vm, int slot, unsigned long gpa, void *memory, size_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = gpa, .memory_size = size,
		.userspace_addr = (unsigned long)memory,
	};

	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

int main(int argc, char **argv)
{
	const char *node = argc > 1 ? argv[1] : "/dev/dri/renderD128";
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	size_t size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *state = map(size, MAP_SHARED, vcpu, 0);
	struct kvm_regs regs = { .rflags = 2 };
	struct kvm_sregs sregs;
	void *text = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int efaults = 0;

	memcpy(text, code, sizeof(code));
	add_slot(vm, 0, CODE, text, PAGE);
	add_slot(vm, 1, DATA, map_buffer(node), PAGES * PAGE);
	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = CODE;
	sregs.cs.selector = CODE >> 4;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	while (ioctl(vcpu, KVM_RUN, 0)) {
		if (errno != EFAULT || ++efaults > 2 * PAGES) {
			perror("KVM_RUN");
			return 2;
		}
	}
	if (state->exit_reason != KVM_EXIT_HLT) {
		printf("exit reason %u\n", state->exit_reason);
		return 2;
	}
	printf("%d of %d pages: EFAULT, and the next KVM_RUN succeeds\n", efaults, PAGES);
	return efaults > 0;
}
