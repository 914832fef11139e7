// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a guest's first write to a page emulated, because the driver's page table entry is read-only
 * until the CPU writes? See read-only-first.md. x86-64, with vgem loaded, whose memory is that of
 * drm_gem_shmem: its entries are so from Linux 7.1 on.
 *
 *	cc -O2 $(pkg-config --cflags libdrm) ...
 *	read-only-first [NODE]		a DRM node with dumb buffers (default: vgem's)
 *
 * Exit status: 0 no, 1 yes, 2 cannot tell.
 */
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE 0x1000
#define DATA 0x10000
#define PAGE 4096

/* KVM's emulator does not know FISTP:
 * mov $0x1000, %ax; mov %ax, %ds; fninit; fld1; fistp 0; hlt
 */
static const unsigned char code[] = {
	0xb8, 0x00, 0x10, 0x8e, 0xd8, 0xdb, 0xe3, 0xd9, 0xe8, 0xdf, 0x1e, 0x00, 0x00, 0xf4,
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

static int open_vgem(void)
{
	int i;

	for (i = 0; i < 16; i++) {
		char path[32], name[8] = "";
		struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && !ioctl(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, "vgem"))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	fprintf(stderr, "no node of vgem: run 'modprobe vgem', or name a node\n");
	exit(2);
}

static char *map_buffer(int fd)
{
	struct drm_mode_create_dumb create = { .width = PAGE / 4, .height = 1, .bpp = 32 };
	struct drm_mode_map_dumb where = { 0 };

	check(ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create), "DRM_IOCTL_MODE_CREATE_DUMB");
	where.handle = create.handle;
	check(ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &where), "DRM_IOCTL_MODE_MAP_DUMB");
	return map(PAGE, MAP_SHARED, fd, where.offset);
}

static void add_slot(int vm, int slot, unsigned long gpa, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = gpa, .memory_size = PAGE,
		.userspace_addr = (unsigned long)memory,
	};

	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

/* Return: whether the guest's write succeeded; prints how it ended. */
static int run(const char *when, int vcpu, const struct kvm_run *state, const char *data)
{
	struct kvm_regs regs = { .rflags = 2 };

	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	if (ioctl(vcpu, KVM_RUN, 0)) {
		printf("%s: KVM_RUN: %s\n", when, strerror(errno));
		return 0;
	}
	printf("%s: exit reason %u", when, state->exit_reason);
	if (state->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		printf(", suberror %u", state->internal.suberror);
	printf("%s\n", data[0] == 1 ? ", written" : "");
	return state->exit_reason == KVM_EXIT_HLT && data[0] == 1;
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? check(open(argv[1], O_RDWR | O_CLOEXEC), argv[1]) : open_vgem();
	volatile char *data = map_buffer(fd);
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	int vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	size_t size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *state = map(size, MAP_SHARED, vcpu, 0);
	char *text = map(PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kvm_sregs sregs;
	int first, later;

	memcpy(text, code, sizeof(code));
	add_slot(vm, 0, CODE, text);
	add_slot(vm, 1, DATA, (void *)data);
	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = CODE;
	sregs.cs.selector = CODE >> 4;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");

	/* The read makes the entry; the write below makes it writable. */
	(void)data[0];
	first = run("before the host has written", vcpu, state, (char *)data);
	data[0] = 0;
	later = run("after the host has written", vcpu, state, (char *)data);
	if (!later)
		return 2;
	return !first;
}
