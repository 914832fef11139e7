// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMM's x86-64 part: a vCPU starts in long mode, in ring 0, with every GPA below
 * VMM_GPA_END mapped at the same virtual address by 2 MiB entries. There is no IDT: an
 * exception becomes a triple fault, which is KVM_EXIT_SHUTDOWN.
 *
 * Interrupts are on, though nothing sends any: with interrupts off in a guest Bochs lets the
 * host have none either (docs/findings/emulated-vmx.md).
 *
 * The bits are those of the "Intel 64 and IA-32 Architectures Software Developer's
 * Manual", volume 3, 2.5 (control registers) and 4.5 (4-level paging).
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "guest/arch.h"
#include "vmm_arch.h"

#define X86_CR0_PE (1ull << 0)
#define X86_CR0_MP (1ull << 1)
#define X86_CR0_ET (1ull << 4)
#define X86_CR0_NE (1ull << 5)
#define X86_CR0_WP (1ull << 16)
#define X86_CR0_PG (1ull << 31)
#define X86_CR4_PAE (1ull << 5)
#define X86_EFER_LME (1ull << 8)
#define X86_EFER_LMA (1ull << 10)
#define X86_RFLAGS_FIXED (1ull << 1)
#define X86_RFLAGS_IF (1ull << 9)

#define X86_PTE_PRESENT (1ull << 0)
#define X86_PTE_WRITE (1ull << 1)
#define X86_PTE_ACCESSED (1ull << 5)
#define X86_PTE_DIRTY (1ull << 6)
#define X86_PTE_LARGE (1ull << 7)

#define X86_TABLE_SIZE 0x1000ull
#define X86_TABLE_ENTRIES 512
#define X86_LARGE_SIZE (2ull << 20)
#define X86_GIB (1ull << 30)

#define X86_PML4_GPA VMM_ARCH_GPA
#define X86_PDPT_GPA (X86_PML4_GPA + X86_TABLE_SIZE)
#define X86_PD_GPA (X86_PDPT_GPA + X86_TABLE_SIZE)
#define X86_PD_COUNT (VMM_GPA_END / X86_GIB)

_Static_assert(X86_PD_GPA + X86_PD_COUNT * X86_TABLE_SIZE <= VMM_STACK_GPA,
	       "page tables run into the stacks");

/*
 * Three pages below 4 GiB that KVM on Intel may use itself, KVM_SET_TSS_ADDR in
 * Documentation/virt/kvm/api.rst. No memslot may be there.
 */
#define X86_TSS_GPA 0xfffbd000

/* More entries than any kernel returns so far. */
#define X86_CPUID_ENTRIES 256

static void vmm_x86_build_tables(struct vmm *vm)
{
	/*
	 * The accessed and dirty bits are set from the start, so the guest's page walks never
	 * write. With shadow paging each such write would cost an exit.
	 */
	const uint64_t table = X86_PTE_PRESENT | X86_PTE_WRITE | X86_PTE_ACCESSED;
	const uint64_t leaf = table | X86_PTE_DIRTY | X86_PTE_LARGE;
	uint64_t *pml4 = (void *)(vm->ram + X86_PML4_GPA);
	uint64_t *pdpt = (void *)(vm->ram + X86_PDPT_GPA);
	uint64_t *pd = (void *)(vm->ram + X86_PD_GPA);
	uint64_t i;

	pml4[0] = X86_PDPT_GPA | table;
	for (i = 0; i < X86_PD_COUNT; i++)
		pdpt[i] = (X86_PD_GPA + i * X86_TABLE_SIZE) | table;
	for (i = 0; i < X86_PD_COUNT * X86_TABLE_ENTRIES; i++)
		pd[i] = i * X86_LARGE_SIZE | leaf;
}

int vmm_arch_vm_type(int kvm, const struct vmm_options *options, unsigned long *type)
{
	(void)kvm;
	*type = 0;
	return options->protected_guest ? -EINVAL : 0;
}

int vmm_arch_vm_init(struct vmm *vm)
{
	vmm_x86_build_tables(vm);
	return ioctl(vm->fd, KVM_SET_TSS_ADDR, X86_TSS_GPA) ? -errno : 0;
}

static int vmm_x86_set_cpuid(struct vmm_vcpu *vcpu)
{
	struct kvm_cpuid2 *cpuid;
	int ret = 0;

	cpuid = calloc(1, sizeof(*cpuid) +
		       X86_CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return -ENOMEM;
	cpuid->nent = X86_CPUID_ENTRIES;
	if (ioctl(vcpu->vm->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) ||
	    ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid))
		ret = -errno;
	free(cpuid);
	return ret;
}

static int vmm_x86_set_long_mode(struct vmm_vcpu *vcpu)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1,
		.s = 1, .l = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1,
		.s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs = code;
	sregs.ds = data;
	sregs.es = data;
	sregs.fs = data;
	sregs.gs = data;
	sregs.ss = data;
	sregs.cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE |
		    X86_CR0_WP | X86_CR0_PG;
	sregs.cr3 = X86_PML4_GPA;
	sregs.cr4 = X86_CR4_PAE;
	sregs.efer = X86_EFER_LME | X86_EFER_LMA;
	return ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

int vmm_arch_vcpu_init(struct vmm_vcpu *vcpu)
{
	int ret = vmm_x86_set_cpuid(vcpu);

	return ret ? ret : vmm_x86_set_long_mode(vcpu);
}

int vmm_arch_vcpu_enter(struct vmm_vcpu *vcpu, uint64_t pc, uint64_t stack,
			uint64_t arg)
{
	struct kvm_regs regs = {
		.rip = pc,
		/* As after a call, which has pushed a return address. */
		.rsp = stack - sizeof(uint64_t),
		.rdi = arg,
		.rflags = X86_RFLAGS_FIXED | X86_RFLAGS_IF,
	};

	return ioctl(vcpu->fd, KVM_SET_REGS, &regs) ? -errno : 0;
}

bool vmm_arch_is_doorbell(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_IO &&
	       run->io.direction == KVM_EXIT_IO_OUT &&
	       run->io.port == GUEST_DOORBELL_PORT;
}

bool vmm_arch_is_crash(const struct kvm_run *run)
{
	return run->exit_reason == KVM_EXIT_SHUTDOWN;
}

bool vmm_arch_is_unemulated(const struct vmm_vcpu *vcpu)
{
	return !vcpu->run_errno && vcpu->run->exit_reason == KVM_EXIT_INTERNAL_ERROR &&
	       vcpu->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION;
}
