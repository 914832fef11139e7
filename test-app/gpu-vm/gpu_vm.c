// SPDX-License-Identifier: GPL-2.0-only
/* A VM with a virtio-gpu device, see gpu_vm.h. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "vgpu/protocol.h"
#include "hostmap.h"
#include "gpu_vm.h"

/* Limit for the host memory of one guest. */
#define GPU_VM_BYTES_MAX (1ull << 30)

static uint64_t gpu_vm_mmio_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct gpu_vm *gpu_vm = opaque;
	uint64_t value;

	pthread_mutex_lock(&gpu_vm->lock);
	value = vgpu_mmio_read(&gpu_vm->mmio, offset, size);
	pthread_mutex_unlock(&gpu_vm->lock);
	return value;
}

static void gpu_vm_mmio_write(void *opaque, uint64_t offset, unsigned int size, uint64_t value)
{
	struct gpu_vm *gpu_vm = opaque;

	pthread_mutex_lock(&gpu_vm->lock);
	vgpu_mmio_write(&gpu_vm->mmio, offset, size, value);
	pthread_mutex_unlock(&gpu_vm->lock);
}

static const struct vmm_mmio_ops gpu_vm_mmio_ops = { gpu_vm_mmio_read, gpu_vm_mmio_write };

static int gpu_vm_slot_find(const struct gpu_vm *gpu_vm, bool used, uint64_t offset)
{
	int i;

	for (i = 0; i < GPU_VM_SLOTS; i++) {
		if (gpu_vm->slot_used[i] == used && (!used || gpu_vm->slot_offset[i] == offset))
			return i;
	}
	return -ENOMEM;
}

static int gpu_vm_slot_add(struct gpu_vm *gpu_vm, const struct vgpu_blob *blob, uint64_t offset)
{
	int ret, slot = gpu_vm_slot_find(gpu_vm, false, 0);

	if (slot < 0)
		return slot;
	ret = vmm_slot_set(gpu_vm->vm, GPU_VM_SLOT + slot, GPU_VM_GPA + offset,
			   vgpu_blob_mapped(blob), vgpu_blob_size(blob), 0);
	if (ret)
		return ret;
	gpu_vm->slot_used[slot] = true;
	gpu_vm->slot_offset[slot] = offset;
	return 0;
}

static int gpu_vm_slot_remove(struct gpu_vm *gpu_vm, uint64_t offset)
{
	int ret, slot = gpu_vm_slot_find(gpu_vm, true, offset);

	if (slot < 0)
		return 0;
	ret = vmm_slot_delete(gpu_vm->vm, GPU_VM_SLOT + slot);
	if (!ret)
		gpu_vm->slot_used[slot] = false;
	return ret;
}

static int gpu_vm_window_map(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	struct gpu_vm *gpu_vm = opaque;
	int ret;

	ret = vgpu_blob_map(blob, gpu_vm->method, gpu_vm->arena ? gpu_vm->arena + offset : NULL);
	if (ret || gpu_vm->arena)
		return ret;
	ret = gpu_vm_slot_add(gpu_vm, blob, offset);
	if (ret)
		vgpu_blob_unmap(blob);
	return ret;
}

int gpu_vm_withdraw(struct gpu_vm *gpu_vm, struct vgpu_blob *blob, uint64_t offset)
{
	int ret = 0;

	/* The memslot first: the guest must not see what gets mapped there next. */
	if (!gpu_vm->arena && !(gpu_vm->forget & GPU_VM_FORGET_SLOT))
		ret = gpu_vm_slot_remove(gpu_vm, offset);
	if (!ret && !(gpu_vm->forget & GPU_VM_FORGET_MAP))
		ret = vgpu_blob_unmap(blob);
	return ret;
}

static int gpu_vm_window_unmap(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	return gpu_vm_withdraw(opaque, blob, offset);
}

static void gpu_vm_interrupt(void *opaque, unsigned int queue)
{
	struct gpu_vm *gpu_vm = opaque;

	(void)queue;
	vgpu_mmio_interrupt(&gpu_vm->mmio);
}

static const struct vgpu_ops gpu_vm_ops = {
	gpu_vm_window_map, gpu_vm_window_unmap, gpu_vm_interrupt,
};

static int gpu_vm_init_arena(struct gpu_vm *gpu_vm)
{
	int ret;

	gpu_vm->arena = hostmap_reserve(GPU_VM_SIZE);
	if (!gpu_vm->arena)
		return -ENOMEM;
	ret = vmm_slot_set(gpu_vm->vm, GPU_VM_SLOT, GPU_VM_GPA, gpu_vm->arena, GPU_VM_SIZE, 0);
	/* ARCH_RESERVE is for the memslot. A touch of a page without a blob must not bring one. */
	if (!ret && mprotect(gpu_vm->arena, GPU_VM_SIZE, PROT_NONE))
		ret = -errno;
	return ret;
}

static int gpu_vm_init_device(struct gpu_vm *gpu_vm, int drm_fd)
{
	const struct vgpu_config config = {
		.ops = &gpu_vm_ops,
		.opaque = gpu_vm,
		.drm_fd = drm_fd,
		.window = GPU_VM_SIZE,
		.bytes_max = GPU_VM_BYTES_MAX,
		.blobs_max = VGPU_RESOURCES_MAX,
		.image_blob_id = VGPU_BLOB_ID_MEMFD,
	};
	int ret = vgpu_create(&gpu_vm->gpu, &config);

	if (!ret)
		ret = vgpu_mem_add(vgpu_mem(gpu_vm->gpu), 0, vmm_ram(gpu_vm->vm), VMM_RAM_SIZE);
	if (ret)
		return ret;
	vgpu_mmio_init(&gpu_vm->mmio, gpu_vm->gpu, GPU_VM_GPA, GPU_VM_SIZE);
	return vmm_mmio_add(gpu_vm->vm, VMM_MMIO_GPA, VGPU_MMIO_SIZE, &gpu_vm_mmio_ops, gpu_vm);
}

static int gpu_vm_init_driver(struct gpu_vm *gpu_vm)
{
	struct guest_gpu_command init = { .op = GUEST_GPU_INIT };
	int ret;

	/* First with interrupts, to see that they arrive; then without, which is faster. */
	ret = gpu_vm_run(gpu_vm, &init, 1);
	vmm_gpu(gpu_vm->vm)->quiet = 1;
	if (!ret)
		ret = gpu_vm_run(gpu_vm, &init, 1);
	if (ret)
		return ret;
	return init.answer == VIRTIO_GPU_RESP_OK_NODATA ? 0 : -EIO;
}

int gpu_vm_init(struct gpu_vm *gpu_vm, int drm_fd, enum gpu_vm_layout layout,
		enum vgpu_map_method method, unsigned int vcpus)
{
	int ret;

	memset(gpu_vm, 0, sizeof(*gpu_vm));
	gpu_vm->layout = layout;
	gpu_vm->method = method;
	pthread_mutex_init(&gpu_vm->lock, NULL);
	ret = vmm_create(&gpu_vm->vm, vcpus);
	if (!ret && layout == GPU_VM_ARENA)
		ret = gpu_vm_init_arena(gpu_vm);
	if (!ret)
		ret = gpu_vm_init_device(gpu_vm, drm_fd);
	return ret ? ret : gpu_vm_init_driver(gpu_vm);
}

void gpu_vm_fini(struct gpu_vm *gpu_vm)
{
	vgpu_destroy(gpu_vm->gpu);
	vmm_destroy(gpu_vm->vm);
	if (gpu_vm->arena)
		munmap(gpu_vm->arena, GPU_VM_SIZE);
	pthread_mutex_destroy(&gpu_vm->lock);
}

int gpu_vm_run(struct gpu_vm *gpu_vm, struct guest_gpu_command *command, unsigned int count)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(gpu_vm->vm, 0);
	struct guest_gpu *gpu = vmm_gpu(gpu_vm->vm);
	unsigned int i;
	int ret;

	if (count > GUEST_GPU_COMMANDS)
		return -EINVAL;
	gpu->mmio = VMM_MMIO_GPA;
	gpu->count = count;
	gpu->fault = GUEST_GPU_NO_ANSWER;
	for (i = 0; i < count; i++) {
		gpu->command[i] = command[i];
		gpu->command[i].answer = 0;
	}
	ret = vmm_vcpu_start_gpu(vcpu);
	if (!ret && vmm_vcpu_run(vcpu) != VMM_EXIT_DOORBELL)
		ret = -EIO;
	memcpy(command, gpu->command, count * sizeof(*command));
	gpu_vm->fault = gpu->fault;
	return ret || !gpu_vm->fault ? ret : -EIO;
}

static uint32_t gpu_vm_run_one(struct gpu_vm *gpu_vm, struct guest_gpu_command command)
{
	return gpu_vm_run(gpu_vm, &command, 1) ? 0 : command.answer;
}

uint32_t gpu_vm_create_blob(struct gpu_vm *gpu_vm, uint32_t id, uint64_t blob_id, uint64_t size)
{
	return gpu_vm_run_one(gpu_vm, (struct guest_gpu_command){
		.op = GUEST_GPU_CREATE, .id = id, .blob_id = blob_id, .size = size,
	});
}

uint32_t gpu_vm_map_blob(struct gpu_vm *gpu_vm, uint32_t id, uint64_t offset)
{
	return gpu_vm_run_one(gpu_vm, (struct guest_gpu_command){
		.op = GUEST_GPU_MAP, .id = id, .offset = offset,
	});
}

uint32_t gpu_vm_unmap_blob(struct gpu_vm *gpu_vm, uint32_t id)
{
	return gpu_vm_run_one(gpu_vm,
			      (struct guest_gpu_command){ .op = GUEST_GPU_UNMAP, .id = id });
}

uint32_t gpu_vm_unref(struct gpu_vm *gpu_vm, uint32_t id)
{
	return gpu_vm_run_one(gpu_vm,
			      (struct guest_gpu_command){ .op = GUEST_GPU_UNREF, .id = id });
}

bool gpu_vm_is_empty(struct gpu_vm *gpu_vm)
{
	const unsigned int probe = GPU_VM_SLOT + GPU_VM_SLOTS;

	if (gpu_vm->arena)
		return hostmap_is_hidden(gpu_vm->arena, GPU_VM_SIZE);
	/* Nothing is accessed through it: any address of the right size will do. */
	if (vmm_slot_set(gpu_vm->vm, probe, GPU_VM_GPA, (void *)GPU_VM_GPA, GPU_VM_SIZE, 0))
		return false;
	return !vmm_slot_delete(gpu_vm->vm, probe);
}
