// SPDX-License-Identifier: GPL-2.0-only
/* A small VMM on KVM, see vmm.h. <arch>.c has the architecture-specific part. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arch.h"
#include "vmm_arch.h"

#define VMM_KVM_PATH "/dev/kvm"

/* The only version there is, Documentation/virt/kvm/api.rst 4.1. */
#define VMM_KVM_API_VERSION 12

const char *vmm_unusable(void)
{
	static char text[128];
	int fd = open(VMM_KVM_PATH, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0 && errno == EACCES)
		return "no rights on " VMM_KVM_PATH ": run it as root or join the group kvm";
	if (fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return "no " VMM_KVM_PATH ": " ARCH_NO_KVM;
	if (fd < 0) {
		snprintf(text, sizeof(text), "cannot open " VMM_KVM_PATH ": %s",
			 strerror(errno));
		return text;
	}
	version = ioctl(fd, KVM_GET_API_VERSION, 0);
	close(fd);
	if (version == VMM_KVM_API_VERSION)
		return NULL;
	snprintf(text, sizeof(text), VMM_KVM_PATH " has API version %d, not %d",
		 version, VMM_KVM_API_VERSION);
	return text;
}

void *vmm_ram(struct vmm *vm)
{
	return vm->ram;
}

struct guest_gpu *vmm_gpu(struct vmm *vm)
{
	return (void *)(vm->ram + VMM_GPU_GPA);
}

int vmm_slot_set(struct vmm *vm, unsigned int slot, uint64_t gpa, void *hva,
		 uint64_t size, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int vmm_slot_delete(struct vmm *vm, unsigned int slot)
{
	return vmm_slot_set(vm, slot, 0, NULL, 0, 0);
}

int vmm_vcpu_ioctl(struct vmm_vcpu *vcpu, unsigned long request, void *arg)
{
	int ret = ioctl(vcpu->fd, request, arg);

	return ret < 0 ? -errno : ret;
}

int vmm_ioctl(struct vmm *vm, unsigned long request, void *arg)
{
	int ret = ioctl(vm->fd, request, arg);

	return ret < 0 ? -errno : ret;
}

void *vmm_vcpu_map(struct vmm_vcpu *vcpu, unsigned int page, size_t size)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
			 page * (off_t)getpagesize());

	return map == MAP_FAILED ? NULL : map;
}

struct vmm *vmm_vcpu_vm(const struct vmm_vcpu *vcpu)
{
	return vcpu->vm;
}

static int vmm_vcpu_init(struct vmm *vm, unsigned int index)
{
	struct vmm_vcpu *vcpu = &vm->vcpu[index];

	vcpu->vm = vm;
	vcpu->index = index;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, index);
	if (vcpu->fd < 0)
		return -errno;
	vm->vcpu_count++;
	vcpu->run = vmm_vcpu_map(vcpu, 0, vm->run_size);
	if (!vcpu->run)
		return -errno;
	return vmm_arch_vcpu_init(vcpu);
}

int vmm_vcpu_set_state(struct vmm_vcpu *vcpu, uint32_t state)
{
	struct kvm_mp_state mp = { .mp_state = state };

	return vmm_vcpu_ioctl(vcpu, KVM_SET_MP_STATE, &mp);
}

static int vmm_ram_init(struct vmm *vm)
{
	void *ram = mmap(NULL, VMM_RAM_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (ram == MAP_FAILED)
		return -errno;
	vm->ram = ram;
	/* So that statistics about large entries only count what a test maps. */
	madvise(ram, VMM_RAM_SIZE, MADV_NOHUGEPAGE);
	memcpy(vm->ram + VMM_PAYLOAD_GPA, vmm_payload,
	       vmm_payload_end - vmm_payload);
	vm->payload = (const void *)(vm->ram + VMM_PAYLOAD_GPA);
	if (vm->payload->magic != GUEST_MAGIC)
		return -ENOEXEC;
	return vmm_slot_set(vm, VMM_RAM_SLOT, 0, vm->ram, VMM_RAM_SIZE, 0);
}

int vmm_check(struct vmm *vm, uint32_t capability)
{
	int ret = ioctl(vm->fd, KVM_CHECK_EXTENSION, capability);

	return ret < 0 ? 0 : ret;
}

int vmm_enable(struct vmm *vm, uint32_t capability, uint64_t arg)
{
	struct kvm_enable_cap enable = { .cap = capability, .args = { arg } };

	return ioctl(vm->fd, KVM_ENABLE_CAP, &enable) ? -errno : 0;
}

static int vmm_init(struct vmm *vm, unsigned int vcpus, const struct vmm_options *options)
{
	unsigned long type;
	unsigned int i;
	int ret;

	vm->kvm = open(VMM_KVM_PATH, O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -errno;
	ret = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (ret < 0)
		return -errno;
	vm->run_size = ret;
	ret = vmm_arch_vm_type(vm->kvm, options, &type);
	if (ret)
		return ret;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, type);
	if (vm->fd < 0)
		return -errno;
	ret = vmm_ram_init(vm);
	if (!ret)
		ret = vmm_arch_vm_init(vm);
	/* KVM requires these before the first vCPU. */
	if (!ret && options->irqchip)
		ret = vmm_ioctl(vm, KVM_CREATE_IRQCHIP, NULL);
	if (!ret && options->dirty_ring)
		ret = vmm_enable(vm, KVM_CAP_DIRTY_LOG_RING, options->dirty_ring);
	if (!ret && options->mte)
		ret = vmm_enable(vm, KVM_CAP_ARM_MTE, 0);
	for (i = 0; !ret && i < vcpus; i++)
		ret = vmm_vcpu_init(vm, i);
	for (i = 0; !ret && options->irqchip && i < vcpus; i++)
		ret = vmm_vcpu_set_state(&vm->vcpu[i], KVM_MP_STATE_RUNNABLE);
	return ret;
}

int vmm_create_with(struct vmm **vm, unsigned int vcpus, const struct vmm_options *options)
{
	struct vmm *new;
	int ret;

	if (!vcpus || vcpus > VMM_MAX_VCPUS)
		return -EINVAL;
	new = calloc(1, sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->kvm = -1;
	new->fd = -1;
	ret = vmm_init(new, vcpus, options);
	if (ret) {
		vmm_destroy(new);
		return ret;
	}
	*vm = new;
	return 0;
}

int vmm_create(struct vmm **vm, unsigned int vcpus)
{
	const struct vmm_options options = {};

	return vmm_create_with(vm, vcpus, &options);
}

int vmm_keep_one(void)
{
	static struct vmm *kept;

	return kept ? 0 : vmm_create(&kept, 1);
}

void vmm_keep_irqchip(void)
{
	const struct vmm_options options = { .irqchip = true };
	static struct vmm *kept;

	if (!kept)
		vmm_create_with(&kept, 1, &options);
}

void vmm_destroy(struct vmm *vm)
{
	unsigned int i;

	if (!vm)
		return;
	for (i = 0; i < vm->vcpu_count; i++) {
		if (vm->vcpu[i].run)
			munmap(vm->vcpu[i].run, vm->run_size);
		close(vm->vcpu[i].fd);
	}
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	if (vm->ram)
		munmap(vm->ram, VMM_RAM_SIZE);
	while (vm->mmio) {
		struct vmm_mmio *mmio = vm->mmio;

		vm->mmio = mmio->next;
		free(mmio);
	}
	free(vm);
}

int vmm_mmio_add(struct vmm *vm, uint64_t gpa, uint64_t size,
		 const struct vmm_mmio_ops *ops, void *opaque)
{
	struct vmm_mmio *mmio;

	for (mmio = vm->mmio; mmio; mmio = mmio->next) {
		if (gpa < mmio->gpa + mmio->size && mmio->gpa < gpa + size)
			return -EEXIST;
	}
	mmio = malloc(sizeof(*mmio));
	if (!mmio)
		return -ENOMEM;
	*mmio = (struct vmm_mmio){ gpa, size, ops, opaque, vm->mmio };
	vm->mmio = mmio;
	return 0;
}

static bool vmm_mmio_handle(struct vmm *vm, struct kvm_run *run)
{
	uint64_t gpa = run->mmio.phys_addr;
	unsigned int size = run->mmio.len;
	struct vmm_mmio *mmio;
	uint64_t value = 0;

	for (mmio = vm->mmio; mmio; mmio = mmio->next) {
		if (gpa >= mmio->gpa && gpa - mmio->gpa < mmio->size)
			break;
	}
	if (!mmio) {
		if (!run->mmio.is_write)
			memset(run->mmio.data, 0, sizeof(run->mmio.data));
		return false;
	}
	if (run->mmio.is_write) {
		memcpy(&value, run->mmio.data, size);
		mmio->ops->write(mmio->opaque, gpa - mmio->gpa, size, value);
	} else {
		value = mmio->ops->read(mmio->opaque, gpa - mmio->gpa, size);
		memcpy(run->mmio.data, &value, size);
	}
	return true;
}

struct vmm_vcpu *vmm_vcpu_get(struct vmm *vm, unsigned int index)
{
	return &vm->vcpu[index];
}

unsigned int vmm_vcpu_index(const struct vmm_vcpu *vcpu)
{
	return vcpu->index;
}

static uint64_t vmm_vcpu_work_gpa(const struct vmm_vcpu *vcpu)
{
	return VMM_WORK_GPA + vcpu->index * VMM_WORK_SIZE;
}

struct guest_work *vmm_vcpu_work(struct vmm_vcpu *vcpu)
{
	return (void *)(vcpu->vm->ram + vmm_vcpu_work_gpa(vcpu));
}

/*
 * KVM completes the instruction of a port or MMIO access at the start of the next KVM_RUN
 * (Documentation/virt/kvm/api.rst, 5). This must happen before the registers change.
 */
static void vmm_vcpu_finish_io(struct vmm_vcpu *vcpu)
{
	vcpu->run->immediate_exit = 1;
	ioctl(vcpu->fd, KVM_RUN, 0);
	vcpu->run->immediate_exit = 0;
	vcpu->io_pending = false;
}

static int vmm_vcpu_enter(struct vmm_vcpu *vcpu, uint64_t pc, uint64_t arg)
{
	uint64_t stack = VMM_STACK_GPA + (vcpu->index + 1) * VMM_STACK_SIZE;

	vcpu->run->immediate_exit = 0;
	if (vcpu->io_pending)
		vmm_vcpu_finish_io(vcpu);
	return vmm_arch_vcpu_enter(vcpu, pc, stack, arg);
}

int vmm_vcpu_start(struct vmm_vcpu *vcpu)
{
	return vmm_vcpu_enter(vcpu, vcpu->vm->payload->start, vmm_vcpu_work_gpa(vcpu));
}

int vmm_vcpu_resume(struct vmm_vcpu *vcpu)
{
	return vmm_vcpu_enter(vcpu, vcpu->vm->payload->resume, vmm_vcpu_work_gpa(vcpu));
}

int vmm_vcpu_start_gpu(struct vmm_vcpu *vcpu)
{
	return vmm_vcpu_enter(vcpu, vcpu->vm->payload->gpu, VMM_GPU_GPA);
}

enum vmm_exit vmm_vcpu_run(struct vmm_vcpu *vcpu)
{
	for (;;) {
		vcpu->run_errno = ioctl(vcpu->fd, KVM_RUN, 0) ? errno : 0;
		vcpu->io_pending = !vcpu->run_errno;
		if (vcpu->run_errno == EINTR && vcpu->run->immediate_exit)
			return VMM_EXIT_OTHER;
		if (vcpu->run_errno == EINTR || vcpu->run_errno == EAGAIN)
			continue;
		if (vcpu->run_errno == EFAULT)
			return VMM_EXIT_EFAULT;
		if (vmm_arch_is_unemulated(vcpu))
			return VMM_EXIT_UNEMULATED;
		if (vcpu->run_errno)
			return VMM_EXIT_OTHER;
		if (vmm_arch_is_doorbell(vcpu->run))
			return VMM_EXIT_DOORBELL;
		if (vmm_arch_is_crash(vcpu->run) || vcpu->run->exit_reason != KVM_EXIT_MMIO)
			return VMM_EXIT_OTHER;
		if (!vmm_mmio_handle(vcpu->vm, vcpu->run))
			return VMM_EXIT_MMIO;
	}
}

int vmm_vcpu_pre_fault(struct vmm_vcpu *vcpu, uint64_t gpa, uint64_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };

	/* When a signal arrives, KVM advances @gpa and @size by what it has done. */
	while (ioctl(vcpu->fd, KVM_PRE_FAULT_MEMORY, &range)) {
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	return 0;
}

void vmm_vcpu_interrupt(struct vmm_vcpu *vcpu)
{
	__atomic_store_n(&vcpu->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
}

const char *vmm_vcpu_strexit(struct vmm_vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;

	if (vcpu->run_errno)
		snprintf(vcpu->text, sizeof(vcpu->text), "KVM_RUN: %s, exit reason %u",
			 strerror(vcpu->run_errno), run->exit_reason);
	else if (vmm_arch_is_doorbell(run))
		snprintf(vcpu->text, sizeof(vcpu->text), "the guest rang the doorbell");
	else if (vmm_arch_is_crash(run))
		snprintf(vcpu->text, sizeof(vcpu->text), "the guest " ARCH_CRASH);
	else if (run->exit_reason == KVM_EXIT_MMIO)
		snprintf(vcpu->text, sizeof(vcpu->text),
			 "MMIO %s of %u bytes at GPA 0x%llx, where no device is",
			 run->mmio.is_write ? "write" : "read", run->mmio.len,
			 (unsigned long long)run->mmio.phys_addr);
	else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR)
		snprintf(vcpu->text, sizeof(vcpu->text), "KVM internal error, suberror %u",
			 run->internal.suberror);
	else
		snprintf(vcpu->text, sizeof(vcpu->text), "KVM exit reason %u", run->exit_reason);
	return vcpu->text;
}

const struct kvm_run *vmm_vcpu_kvm_run(const struct vmm_vcpu *vcpu)
{
	return vcpu->run;
}

void *vmm_vcpu_io(struct vmm_vcpu *vcpu)
{
	return (char *)vcpu->run + vcpu->run->io.data_offset;
}
