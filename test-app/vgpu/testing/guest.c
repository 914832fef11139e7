// SPDX-License-Identifier: GPL-2.0-only
/* A guest of the device model in this process's memory, see guest.h. */

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <linux/virtio_mmio.h>

#include "vgpu/protocol.h"
#include "guest.h"

#define SLOTS 8

/* Mark pages as mapped or unmapped; abort if they already are. */
static void window_take(struct vgpu_guest *guest, const struct vgpu_blob *blob,
			uint64_t offset, bool take)
{
	uint64_t page, size = vgpu_blob_size(blob);

	if (offset % VGPU_MEM_ALIGN || offset > VGPU_GUEST_WINDOW ||
	    size > VGPU_GUEST_WINDOW - offset)
		abort();
	for (page = offset / VGPU_MEM_ALIGN; page < (offset + size) / VGPU_MEM_ALIGN;
	     page++) {
		if (guest->taken[page] == take)
			abort();
		guest->taken[page] = take;
	}
}

static int window_map(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	struct vgpu_guest *guest = opaque;
	int ret = guest->map_error;

	guest->map_error = 0;
	if (!ret)
		ret = vgpu_blob_map(blob, guest->method,
				    guest->arena ? guest->window + offset : NULL);
	if (!ret)
		window_take(guest, blob, offset, true);
	return ret;
}

static int window_unmap(void *opaque, struct vgpu_blob *blob, uint64_t offset)
{
	struct vgpu_guest *guest = opaque;
	int ret = guest->map_error;

	guest->map_error = 0;
	if (!ret)
		ret = vgpu_blob_unmap(blob);
	if (!ret)
		window_take(guest, blob, offset, false);
	return ret;
}

static struct vring_avail *avail_of(const struct vgpu_guest *guest)
{
	return vgpu_guest_at(guest, VGPU_GUEST_AVAIL);
}

static void interrupt(void *opaque, unsigned int queue)
{
	struct vgpu_guest *guest = opaque;

	(void)queue;
	guest->interrupts++;
	if (guest->refill) {
		guest->refill--;
		guest->avail_idx += VGPU_GUEST_QUEUE;
		avail_of(guest)->idx = htole16(guest->avail_idx);
	}
	if (guest->mmio)
		vgpu_mmio_interrupt(guest->mmio);
}

static const struct vgpu_ops ops = { window_map, window_unmap, interrupt };

static void *map_anonymous(size_t size, int prot)
{
	void *map = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			 -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* With inaccessible guard pages around it, so an overrun does not hit other memory. */
static void *map_with_guard_pages(size_t size)
{
	char *map = map_anonymous(size + 2 * VGPU_MEM_ALIGN, PROT_NONE);

	if (!map)
		return NULL;
	if (mprotect(map + VGPU_MEM_ALIGN, size, PROT_READ | PROT_WRITE)) {
		munmap(map, size + 2 * VGPU_MEM_ALIGN);
		return NULL;
	}
	return map + VGPU_MEM_ALIGN;
}

static void unmap_with_guard_pages(void *map, size_t size)
{
	munmap((char *)map - VGPU_MEM_ALIGN, size + 2 * VGPU_MEM_ALIGN);
}

static int ram_init(struct vgpu_guest *guest)
{
	static const uint64_t gpa[VGPU_GUEST_REGIONS] = {
		VGPU_GUEST_LOW, VGPU_GUEST_MIDDLE, VGPU_GUEST_HIGH,
	};
	int i, ret;

	for (i = 0; i < VGPU_GUEST_REGIONS; i++) {
		guest->ram[i] = map_with_guard_pages(VGPU_GUEST_REGION);
		if (!guest->ram[i])
			return -errno;
		ret = vgpu_mem_add(vgpu_mem(guest->dev), gpa[i], guest->ram[i],
				   VGPU_GUEST_REGION);
		if (ret)
			return ret;
	}
	return 0;
}

int vgpu_guest_init(struct vgpu_guest *guest, int drm_fd, uint64_t bytes_max)
{
	return vgpu_guest_init_images(guest, drm_fd, bytes_max, VGPU_BLOB_ID_MEMFD);
}

int vgpu_guest_init_images(struct vgpu_guest *guest, int drm_fd, uint64_t bytes_max,
			   uint64_t image_blob_id)
{
	struct vgpu_config config = {
		.ops = &ops,
		.opaque = guest,
		.drm_fd = drm_fd,
		.window = VGPU_GUEST_WINDOW,
		.bytes_max = bytes_max,
		.blobs_max = VGPU_RESOURCES_MAX,
		.image_blob_id = image_blob_id,
	};
	int ret;

	*guest = (struct vgpu_guest){ .dev = NULL };
	guest->window = map_anonymous(VGPU_GUEST_WINDOW, PROT_NONE);
	if (!guest->window)
		return -errno;
	ret = vgpu_create(&guest->dev, &config);
	if (!ret)
		ret = ram_init(guest);
	if (ret)
		return ret;
	vgpu_features_set(guest->dev, vgpu_features(guest->dev));
	return vgpu_guest_queue_reset(guest);
}

void vgpu_guest_exit(struct vgpu_guest *guest)
{
	int i;

	vgpu_destroy(guest->dev);
	for (i = 0; i < VGPU_GUEST_REGIONS; i++) {
		if (guest->ram[i])
			unmap_with_guard_pages(guest->ram[i], VGPU_GUEST_REGION);
	}
	munmap(guest->window, VGPU_GUEST_WINDOW);
}

void *vgpu_guest_at(const struct vgpu_guest *guest, uint64_t gpa)
{
	return vgpu_mem_at(vgpu_mem(guest->dev), gpa, 1);
}

static struct vring_used *used_of(const struct vgpu_guest *guest)
{
	return vgpu_guest_at(guest, VGPU_GUEST_USED);
}

int vgpu_guest_queue_reset(struct vgpu_guest *guest)
{
	memset(avail_of(guest), 0, 0x1000);
	memset(used_of(guest), 0, 0x1000);
	guest->avail_idx = 0;
	guest->used_idx = 0;
	return vgpu_queue_start(guest->dev, VGPU_QUEUE_CONTROL, VGPU_GUEST_QUEUE,
				VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED, 0);
}

void vgpu_guest_desc(struct vgpu_guest *guest, uint16_t index, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next)
{
	struct vring_desc *table = vgpu_guest_at(guest, VGPU_GUEST_DESC);

	table[index] = (struct vring_desc){
		htole64(addr), htole32(len), htole16(flags), htole16(next),
	};
}

int vgpu_guest_kick(struct vgpu_guest *guest, uint16_t head)
{
	struct vring_avail *avail = avail_of(guest);

	avail->ring[guest->avail_idx++ % VGPU_GUEST_QUEUE] = htole16(head);
	avail->idx = htole16(guest->avail_idx);
	if (guest->mmio) {
		vgpu_mmio_write(guest->mmio, VIRTIO_MMIO_QUEUE_NOTIFY, sizeof(uint32_t),
				VGPU_QUEUE_CONTROL);
		return 0;
	}
	return vgpu_queue_notify(guest->dev, VGPU_QUEUE_CONTROL);
}

int vgpu_guest_used(struct vgpu_guest *guest, uint32_t *head, uint32_t *len)
{
	struct vring_used *used = used_of(guest);
	const struct vring_used_elem *element;

	if (le16toh(used->idx) == guest->used_idx)
		return -EAGAIN;
	element = &used->ring[guest->used_idx++ % VGPU_GUEST_QUEUE];
	*head = le32toh(element->id);
	*len = le32toh(element->len);
	return 0;
}

static uint64_t answer_gpa(unsigned int slot)
{
	return VGPU_GUEST_ANSWER + slot * (VGPU_GUEST_ANSWER_MAX / SLOTS);
}

const void *vgpu_guest_answer(const struct vgpu_guest *guest, unsigned int slot)
{
	return vgpu_guest_at(guest, answer_gpa(slot));
}

int vgpu_guest_send(struct vgpu_guest *guest, unsigned int slot,
		    const void *command, size_t size)
{
	uint64_t gpa = VGPU_GUEST_COMMAND + slot * (VGPU_GUEST_COMMAND_MAX / SLOTS);

	memcpy(vgpu_guest_at(guest, gpa), command, size);
	memset(vgpu_guest_at(guest, answer_gpa(slot)), 0, VGPU_GUEST_ANSWER_MAX / SLOTS);
	vgpu_guest_desc(guest, 2 * slot, gpa, size, VRING_DESC_F_NEXT, 2 * slot + 1);
	vgpu_guest_desc(guest, 2 * slot + 1, answer_gpa(slot),
			VGPU_GUEST_ANSWER_MAX / SLOTS, VRING_DESC_F_WRITE, 0);
	return vgpu_guest_kick(guest, 2 * slot);
}

uint32_t vgpu_guest_run(struct vgpu_guest *guest, const void *command,
			size_t size, void *answer, size_t answer_size)
{
	const struct virtio_gpu_ctrl_hdr *hdr = vgpu_guest_answer(guest, 0);
	uint32_t head, len;

	if (vgpu_guest_send(guest, 0, command, size) ||
	    vgpu_guest_used(guest, &head, &len) || head || len < sizeof(*hdr))
		return 0;
	if (answer)
		memcpy(answer, hdr, answer_size);
	return le32toh(hdr->type);
}

static struct virtio_gpu_ctrl_hdr header(uint32_t type, uint32_t ctx_id)
{
	return (struct virtio_gpu_ctrl_hdr){
		.type = htole32(type), .ctx_id = htole32(ctx_id),
	};
}

uint32_t vgpu_guest_ctx(struct vgpu_guest *guest, uint32_t type, uint32_t ctx_id,
			uint32_t capset)
{
	struct virtio_gpu_ctx_create command = {
		.hdr = header(type, ctx_id),
		.context_init = htole32(capset),
	};

	return vgpu_guest_run(guest, &command, sizeof(command), NULL, 0);
}

static struct virtio_gpu_resource_create_blob create(uint32_t ctx_id, uint32_t id,
						     uint32_t mem, uint64_t size)
{
	return (struct virtio_gpu_resource_create_blob){
		.hdr = header(VIRTIO_GPU_CMD_RESOURCE_CREATE_BLOB, ctx_id),
		.resource_id = htole32(id),
		.blob_mem = htole32(mem),
		.blob_flags = htole32(VIRTIO_GPU_BLOB_FLAG_USE_MAPPABLE),
		.size = htole64(size),
	};
}

uint32_t vgpu_guest_host3d(struct vgpu_guest *guest, uint32_t ctx_id, uint32_t id,
			   uint64_t blob_id, uint64_t size)
{
	struct virtio_gpu_resource_create_blob command =
		create(ctx_id, id, VIRTIO_GPU_BLOB_MEM_HOST3D, size);

	command.blob_id = htole64(blob_id);
	return vgpu_guest_run(guest, &command, sizeof(command), NULL, 0);
}

uint32_t vgpu_guest_own(struct vgpu_guest *guest, uint32_t id,
			const struct virtio_gpu_mem_entry *entry, uint32_t entries,
			uint64_t size)
{
	struct {
		struct virtio_gpu_resource_create_blob create;
		struct virtio_gpu_mem_entry entry[16];
	} command = { create(0, id, VIRTIO_GPU_BLOB_MEM_GUEST, size), { { 0 } } };

	command.create.nr_entries = htole32(entries);
	memcpy(command.entry, entry, entries * sizeof(*entry));
	return vgpu_guest_run(guest, &command,
			      sizeof(command.create) + entries * sizeof(*entry),
			      NULL, 0);
}

uint32_t vgpu_guest_resource(struct vgpu_guest *guest, uint32_t type,
			     uint32_t ctx_id, uint32_t id)
{
	struct virtio_gpu_resource_unref command = {
		.hdr = header(type, ctx_id),
		.resource_id = htole32(id),
	};

	return vgpu_guest_run(guest, &command, sizeof(command), NULL, 0);
}

uint32_t vgpu_guest_map(struct vgpu_guest *guest, uint32_t id, uint64_t offset)
{
	struct virtio_gpu_resource_map_blob command = {
		.hdr = header(VIRTIO_GPU_CMD_RESOURCE_MAP_BLOB, 0),
		.resource_id = htole32(id),
		.offset = htole64(offset),
	};

	return vgpu_guest_run(guest, &command, sizeof(command), NULL, 0);
}

uint32_t vgpu_guest_submit(struct vgpu_guest *guest, uint32_t ctx_id,
			   const void *data, uint32_t size)
{
	struct {
		struct virtio_gpu_cmd_submit submit;
		char data[4096];
	} command = {
		{ .hdr = header(VIRTIO_GPU_CMD_SUBMIT_3D, ctx_id), .size = htole32(size) },
		{ 0 },
	};

	memcpy(command.data, data, size);
	return vgpu_guest_run(guest, &command, sizeof(command.submit) + size, NULL, 0);
}
