// SPDX-License-Identifier: GPL-2.0-only
/*
 * mockgpu-keep-vm: hold empty KVM virtual machines until killed.
 *
 * The lab starts it in each cell. KVM patches kernel code when the first virtual machine is
 * created and when the last one is destroyed (the static key preempt_notifier_key,
 * virt/kvm/kvm_main.c). Under QEMU's emulation another CPU can hit the breakpoint that the
 * patching uses, and the kernel dies with "Oops: int3". While one virtual machine exists KVM
 * patches only once, at the start. A second one does the same for the static keys of virtual
 * machines with an interrupt controller in the kernel.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mockgpu_version.h"
#include "option.h"
#include "vmm.h"

const char *argp_program_version = "mockgpu-keep-vm " MOCKGPU_VERSION;

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.doc = "Holds empty KVM virtual machines until it is killed.\n"
		       "\vExit status: 1 cannot create one, 2 wrong usage.",
	};
	int ret;

	option_parse(&argp, argc, argv, 0, NULL);
	ret = vmm_keep_one();
	if (ret) {
		fprintf(stderr, "mockgpu-keep-vm: cannot create a virtual machine: %s\n",
			strerror(-ret));
		return 1;
	}
	vmm_keep_irqchip();
	pause();
	return 0;
}
