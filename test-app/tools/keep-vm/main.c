// SPDX-License-Identifier: GPL-2.0-only
/*
 * mockgpu-keep-vm: hold empty KVM virtual machines until killed.
 *
 * The lab starts it in each cell. KVM patches kernel code when the first virtual
 * machine comes and when the last one goes (the static key preempt_notifier_key,
 * virt/kvm/kvm_main.c); under QEMU's emulation another CPU can then run into the
 * breakpoint of the patching and the kernel dies of "Oops: int3". With one
 * machine kept that happens once, at the start. Another one is kept for those with an
 * interrupt controller in the kernel.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm.h"

int main(int argc, char **argv)
{
	int ret;

	if (argc > 1) {
		fprintf(stderr, "usage: %s: hold KVM virtual machines until killed\n", argv[0]);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	ret = vmm_keep_one();
	if (ret) {
		fprintf(stderr, "%s: cannot make a virtual machine: %s\n", argv[0], strerror(-ret));
		return 1;
	}
	vmm_keep_irqchip();
	pause();
	return 0;
}
