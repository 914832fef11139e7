// SPDX-License-Identifier: GPL-2.0-only
/* The device's side of a split virtqueue, see ring.h. */

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <linux/virtio_ring.h>

#include "ring.h"

static size_t avail_size(const struct vgpu_ring *ring)
{
	return sizeof(struct vring_avail) + ring->num * sizeof(uint16_t);
}

static size_t used_size(const struct vgpu_ring *ring)
{
	return sizeof(struct vring_used) +
	       ring->num * sizeof(struct vring_used_elem);
}

/* The rings' words. Each use looks the address up again: the memory may be gone by then. */
static uint64_t avail_at(const struct vgpu_ring *ring, uint16_t index)
{
	return ring->avail + offsetof(struct vring_avail, ring) +
	       index % ring->num * sizeof(uint16_t);
}

static uint64_t used_at(const struct vgpu_ring *ring, uint16_t index)
{
	return ring->used + offsetof(struct vring_used, ring) +
	       index % ring->num * sizeof(struct vring_used_elem);
}

static uint64_t avail_idx_of(const struct vgpu_ring *ring)
{
	return ring->avail + offsetof(struct vring_avail, idx);
}

static uint64_t used_idx_of(const struct vgpu_ring *ring)
{
	return ring->used + offsetof(struct vring_used, idx);
}

int vgpu_ring_set(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		  uint16_t num, uint64_t desc, uint64_t avail, uint64_t used,
		  uint16_t last_avail, bool indirect)
{
	*ring = (struct vgpu_ring){
		.num = num, .desc = desc, .avail = avail, .used = used,
		.last_avail = last_avail, .indirect = indirect, .last = ring->last,
	};
	if (!num || num > VGPU_RING_MAX || num & (num - 1))
		return -EINVAL;
	if (desc % VRING_DESC_ALIGN_SIZE || avail % VRING_AVAIL_ALIGN_SIZE ||
	    used % VRING_USED_ALIGN_SIZE)
		return -EINVAL;
	if (!vgpu_mem_at(mem, desc, num * sizeof(struct vring_desc)) ||
	    !vgpu_mem_at(mem, avail, avail_size(ring)) ||
	    !vgpu_mem_at(mem, used, used_size(ring)) ||
	    vgpu_mem_load16(mem, used_idx_of(ring), &ring->used_idx))
		return -EFAULT;
	ring->ready = true;
	return 0;
}

/* A table of descriptors: the queue's own or an indirect one. */
struct table {
	uint64_t gpa;
	uint32_t count;
};

static int desc_read(const struct table *table, const struct vgpu_mem *mem,
		     uint16_t index, struct vring_desc *desc)
{
	struct vring_desc raw;

	if (index >= table->count)
		return -EPROTO;
	if (vgpu_mem_read(mem, table->gpa + index * sizeof(raw), &raw, sizeof(raw)))
		return -EFAULT;
	desc->addr = le64toh(raw.addr);
	desc->len = le32toh(raw.len);
	desc->flags = le16toh(raw.flags);
	desc->next = le16toh(raw.next);
	return 0;
}

static int chain_add(struct vgpu_chain *chain, const struct vring_desc *desc)
{
	unsigned int count = chain->out + chain->in;
	bool writable = desc->flags & VRING_DESC_F_WRITE;

	/* Virtio 1.3, 2.7.4.2: device-readable descriptors come first. */
	if (count == VGPU_RING_MAX || (!writable && chain->in))
		return -EPROTO;
	chain->segment[count] = (struct vgpu_segment){ desc->addr, desc->len };
	if (writable) {
		chain->in++;
		chain->in_bytes += desc->len;
	} else {
		chain->out++;
		chain->out_bytes += desc->len;
	}
	return 0;
}

/* Virtio 1.3, 2.7.5.3.1: no NEXT with INDIRECT, and no indirect table in another. */
static int enter_indirect(const struct vgpu_ring *ring, struct table *table,
			  const struct vring_desc *desc)
{
	if (!ring->indirect || desc->flags & VRING_DESC_F_NEXT)
		return -EPROTO;
	if (!desc->len || desc->len % sizeof(struct vring_desc) ||
	    desc->len / sizeof(struct vring_desc) > VGPU_RING_MAX)
		return -EPROTO;
	table->gpa = desc->addr;
	table->count = desc->len / sizeof(struct vring_desc);
	return 0;
}

/* A circular chain ends at the table's size. */
static int chain_walk(const struct vgpu_ring *ring, const struct vgpu_mem *mem,
		      struct vgpu_chain *chain)
{
	struct table table = { ring->desc, ring->num };
	uint16_t index = chain->head;
	bool indirect = false;
	uint32_t steps = 0;
	int ret;

	for (;;) {
		struct vring_desc desc;

		if (steps++ == table.count)
			return -EPROTO;
		ret = desc_read(&table, mem, index, &desc);
		if (ret)
			return ret;
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			ret = indirect ? -EPROTO : enter_indirect(ring, &table, &desc);
			if (ret)
				return ret;
			indirect = true;
			index = 0;
			steps = 0;
			continue;
		}
		ret = chain_add(chain, &desc);
		if (ret || !(desc.flags & VRING_DESC_F_NEXT))
			return ret;
		index = desc.next;
	}
}

static int ring_break(struct vgpu_ring *ring, int err)
{
	ring->ready = false;
	ring->error = err;
	return err;
}

int vgpu_ring_pop(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		  struct vgpu_chain *chain)
{
	uint16_t avail_idx, waiting;
	int ret;

	if (!ring->ready)
		return -ESHUTDOWN;
	if (vgpu_mem_load16(mem, avail_idx_of(ring), &avail_idx))
		return ring_break(ring, -EFAULT);
	waiting = avail_idx - ring->last_avail;
	if (waiting > ring->num)
		return ring_break(ring, -EPROTO);
	if (!waiting)
		return 0;
	if (vgpu_mem_load16(mem, avail_at(ring, ring->last_avail), &chain->head))
		return ring_break(ring, -EFAULT);
	chain->out = 0;
	chain->in = 0;
	chain->out_bytes = 0;
	chain->in_bytes = 0;
	ret = chain_walk(ring, mem, chain);
	if (ret)
		return ring_break(ring, ret);
	ring->last_avail++;
	return 1;
}

int vgpu_ring_push(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		   uint16_t head, uint32_t len)
{
	if (!ring->ready)
		return 0;
	ring->last = (struct vring_used_elem){ htole32(head), htole32(len) };
	if (vgpu_mem_write(mem, used_at(ring, ring->used_idx), &ring->last, sizeof(ring->last)) ||
	    vgpu_mem_store16(mem, used_idx_of(ring), ++ring->used_idx))
		return ring_break(ring, -EFAULT);
	return 0;
}

bool vgpu_ring_is_untouched(const struct vgpu_ring *ring, const struct vgpu_mem *mem)
{
	struct vring_used_elem element;

	/* Nothing was ever written, or nothing but zeros. */
	if (!ring->num || !ring->last.len)
		return false;
	return !vgpu_mem_read(mem, used_at(ring, ring->used_idx - 1), &element,
			      sizeof(element)) &&
	       !memcmp(&element, &ring->last, sizeof(element));
}

bool vgpu_ring_wants_interrupt(const struct vgpu_ring *ring,
			       const struct vgpu_mem *mem)
{
	uint16_t flags;

	/* The used index must be visible before the flags are read: virtio 1.3, 2.7.7.2. */
	atomic_thread_fence(memory_order_seq_cst);
	return ring->ready && !vgpu_mem_load16(mem, ring->avail, &flags) &&
	       !(flags & VRING_AVAIL_F_NO_INTERRUPT);
}

int vgpu_chain_read(const struct vgpu_chain *chain, const struct vgpu_mem *mem,
		    void *data, size_t size)
{
	unsigned int i;

	for (i = 0; i < chain->out && size; i++) {
		const struct vgpu_segment *segment = &chain->segment[i];
		size_t piece = segment->len < size ? segment->len : size;

		if (vgpu_mem_read(mem, segment->gpa, data, piece))
			return -EFAULT;
		data = (char *)data + piece;
		size -= piece;
	}
	return size ? -EINVAL : 0;
}

int vgpu_segments_write(const struct vgpu_segment *segment, unsigned int count,
			const struct vgpu_mem *mem, const void *data,
			size_t size)
{
	unsigned int i;

	for (i = 0; i < count && size; i++) {
		size_t piece = segment[i].len < size ? segment[i].len : size;

		if (vgpu_mem_write(mem, segment[i].gpa, data, piece))
			return -EFAULT;
		data = (const char *)data + piece;
		size -= piece;
	}
	return size ? -EINVAL : 0;
}

void vgpu_ring_answer(struct vgpu_ring *ring, const struct vgpu_mem *mem, uint16_t head,
		      const struct vgpu_segment *segment, unsigned int segments,
		      const void *data, size_t size)
{
	if (vgpu_segments_write(segment, segments, mem, data, size))
		size = 0;
	vgpu_ring_push(ring, mem, head, size);
}
