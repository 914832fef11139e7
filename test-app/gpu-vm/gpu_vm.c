// SPDX-License-Identifier: GPL-2.0-only
/* A VM with a virtio-gpu device, see gpu_vm.h. */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "vgpu/protocol.h"
#include "hostmap.h"
#include "gpu_vm.h"

/* Limit for the host memory of one guest. */
#define VRAM_BYTES_MAX (1ull << 30)

static uint64_t vram_mmio_read(void *opaque, uint64_t offset, unsigned int size)
{
	struct vram *vram = opaque;
	uint64_t value;

	pthread_mutex_lock(&vram->lock);
	value = vgpu_mmio_read(&vram->mmio, offset, size);
	pthread_mutex_unlock(&vram->lock);
	return value;
}

static void vram_mmio_write(void *opaque, uint64_t offset, unsigned int size, uint64_t value)
{
	struct vram *vram = opaque;

	pthread_mutex_lock(&vram->lock);
	vgpu_mmio_write(&vram->mmio, offset, size, value);
	pthread_mutex_unlock(&vram->lock);
}

static const struct vmm_mmio_ops vram_mmio_ops = { vram_mmio_read, vram_mmio_write };

static int vram_slot_find(const struct vram *vram, bool used, uint64_t offset)
{
	int i;

	for (i = 0; i < VRAM_SLOTS; i++) {
		if (vram->slot_used[i] == used && (!used || vram->slot_offset[i] == offset))
			return i;
	}
	return -ENOMEM;
}

static int vram_slot_add(struct vram *vram, const struct vgpu_blob *blob, uint64_t offset)
{
	int ret, slot = vram_slot_find(vram, false, 0);

	if (slot < 0)
		return slot;
	ret = vmm_slot_set(vram->vm, VRAM_SLOT + slot, VRAM_GPA + offset,
			   vgpu_blob_mapped(blob), vgpu_blob_size(blob), 0);
	if (ret)
		return ret;
	vram->slot_used[slot] = true;
	vram->slot_offset[slot] = offset;
	return 0;
}

static int vram_slot_remove(struct vram *vram, uint64_t offset)
{
	int ret, slot = vram_slot_find(vram, true, offset);

	if (slot < 0)
		return 0;
	ret = vmm_slot_delete(vram->vm, VRAM_SLOT + slot);
	if (!ret)
		vram->slot_used[slot] = false;
	return ret;
}

static int vram_window_map(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	struct vram *vram = opaque;
	int ret;

	ret = vgpu_blob_map(blob, vram->route, vram->arena ? vram->arena + offset : NULL);
	if (ret || vram->arena)
		return ret;
	ret = vram_slot_add(vram, blob, offset);
	if (ret)
		vgpu_blob_unmap(blob);
	return ret;
}

int vram_withdraw(struct vram *vram, struct vgpu_blob *blob, uint64_t offset)
{
	int ret = 0;

	/* The memslot first: the guest must not see what gets mapped there next. */
	if (!vram->arena && !(vram->forget & VRAM_FORGET_SLOT))
		ret = vram_slot_remove(vram, offset);
	if (!ret && !(vram->forget & VRAM_FORGET_MAP))
		ret = vgpu_blob_unmap(blob);
	return ret;
}

static int vram_window_unmap(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	return vram_withdraw(opaque, blob, offset);
}

static void vram_interrupt(void *opaque, unsigned int queue)
{
	struct vram *vram = opaque;

	(void)queue;
	vgpu_mmio_interrupt(&vram->mmio);
}

static const struct vgpu_ops vram_ops = { vram_window_map, vram_window_unmap, vram_interrupt };

static int vram_init_arena(struct vram *vram)
{
	vram->arena = hostmap_reserve(VRAM_SIZE);
	if (!vram->arena)
		return -ENOMEM;
	return vmm_slot_set(vram->vm, VRAM_SLOT, VRAM_GPA, vram->arena, VRAM_SIZE, 0);
}

static int vram_init_device(struct vram *vram, int drm_fd)
{
	const struct vgpu_config config = {
		.ops = &vram_ops,
		.opaque = vram,
		.drm_fd = drm_fd,
		.window = VRAM_SIZE,
		.bytes_max = VRAM_BYTES_MAX,
		.blobs_max = VGPU_RESOURCES_MAX,
		.image_blob_id = VGPU_BLOB_ID_MEMFD,
	};
	int ret = vgpu_create(&vram->gpu, &config);

	if (!ret)
		ret = vgpu_mem_add(vgpu_mem(vram->gpu), 0, vmm_ram(vram->vm), VMM_RAM_SIZE);
	if (ret)
		return ret;
	vgpu_mmio_init(&vram->mmio, vram->gpu, VRAM_GPA, VRAM_SIZE);
	return vmm_mmio_add(vram->vm, VMM_MMIO_GPA, VGPU_MMIO_SIZE, &vram_mmio_ops, vram);
}

static int vram_init_driver(struct vram *vram)
{
	struct guest_gpu_command init = { .op = GUEST_GPU_INIT };
	int ret;

	/* First with interrupts, to see that they arrive; then without, which is faster. */
	ret = vram_run(vram, &init, 1);
	vmm_gpu(vram->vm)->quiet = 1;
	if (!ret)
		ret = vram_run(vram, &init, 1);
	if (ret)
		return ret;
	return init.answer == VIRTIO_GPU_RESP_OK_NODATA ? 0 : -EIO;
}

int vram_init(struct vram *vram, int drm_fd, enum vram_layout layout, enum vgpu_route route,
	      unsigned int vcpus)
{
	int ret;

	memset(vram, 0, sizeof(*vram));
	vram->layout = layout;
	vram->route = route;
	pthread_mutex_init(&vram->lock, NULL);
	ret = vmm_create(&vram->vm, vcpus);
	if (!ret && layout == VRAM_ARENA)
		ret = vram_init_arena(vram);
	if (!ret)
		ret = vram_init_device(vram, drm_fd);
	return ret ? ret : vram_init_driver(vram);
}

void vram_fini(struct vram *vram)
{
	vgpu_destroy(vram->gpu);
	vmm_destroy(vram->vm);
	if (vram->arena)
		munmap(vram->arena, VRAM_SIZE);
	pthread_mutex_destroy(&vram->lock);
}

int vram_run(struct vram *vram, struct guest_gpu_command *command, unsigned int count)
{
	struct vmm_vcpu *vcpu = vmm_vcpu_get(vram->vm, 0);
	struct guest_gpu *gpu = vmm_gpu(vram->vm);
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
	vram->fault = gpu->fault;
	return ret || !vram->fault ? ret : -EIO;
}

static uint32_t vram_run_one(struct vram *vram, struct guest_gpu_command command)
{
	return vram_run(vram, &command, 1) ? 0 : command.answer;
}

uint32_t vram_create_blob(struct vram *vram, uint32_t id, uint64_t blob_id, uint64_t size)
{
	return vram_run_one(vram, (struct guest_gpu_command){
		.op = GUEST_GPU_CREATE, .id = id, .blob_id = blob_id, .size = size,
	});
}

uint32_t vram_map_blob(struct vram *vram, uint32_t id, uint64_t offset)
{
	return vram_run_one(vram, (struct guest_gpu_command){
		.op = GUEST_GPU_MAP, .id = id, .offset = offset,
	});
}

uint32_t vram_unmap_blob(struct vram *vram, uint32_t id)
{
	return vram_run_one(vram, (struct guest_gpu_command){ .op = GUEST_GPU_UNMAP, .id = id });
}

uint32_t vram_unref(struct vram *vram, uint32_t id)
{
	return vram_run_one(vram, (struct guest_gpu_command){ .op = GUEST_GPU_UNREF, .id = id });
}

bool vram_is_empty(struct vram *vram)
{
	const unsigned int probe = VRAM_SLOT + VRAM_SLOTS;

	if (vram->arena)
		return hostmap_is_hidden(vram->arena, VRAM_SIZE);
	/* Nothing is accessed through it: any address of the right size will do. */
	if (vmm_slot_set(vram->vm, probe, VRAM_GPA, (void *)VRAM_GPA, VRAM_SIZE, 0))
		return false;
	return !vmm_slot_delete(vram->vm, probe);
}
