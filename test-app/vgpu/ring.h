/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's side of a split virtqueue: virtio 1.3, 2.7.
 *
 * Everything in the ring comes from the guest and is checked before use: indices, lengths,
 * addresses, the length of chains and of indirect tables. A ring that breaks the rules is
 * not used until it is set again. Nothing here is locked: use it from one thread at a time.
 */
#ifndef MOCKGPU_VGPU_RING_H
#define MOCKGPU_VGPU_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include "mem.h"

/*
 * The longest queue allowed (virtio 1.3, 2.7), which crosvm offers its guests for a
 * vhost-user device, and the longest chain accepted, indirect or not.
 */
#define VGPU_RING_MAX 32768

/**
 * struct vgpu_ring - a virtqueue
 * @num: number of descriptors, a power of 2
 * @last_avail: index of the next chain to take
 * @used_idx: index of the next chain to give back
 * @desc: guest physical address of the descriptor table
 * @avail: guest physical address of the available ring
 * @used: guest physical address of the used ring
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 * @ready: set and not broken
 * @last: what was last written to the used ring, even before vgpu_ring_set()
 * @error: what broke it, -errno; 0 if nothing has since vgpu_ring_set()
 */
struct vgpu_ring {
	uint16_t num;
	uint16_t last_avail;
	uint16_t used_idx;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	bool indirect;
	bool ready;
	struct vring_used_elem last;
	int error;
};

/**
 * struct vgpu_segment - one descriptor of a chain
 * @gpa: guest physical address; not checked yet, the functions that copy do that
 * @len: bytes
 */
struct vgpu_segment {
	uint64_t gpa;
	uint32_t len;
};

/**
 * struct vgpu_chain - a chain of descriptors
 * @head: index of its first descriptor, which identifies it when it is given back
 * @out: descriptors the device may read, first in @segment
 * @in: descriptors the device may write, after them
 * @out_bytes: bytes of the former
 * @in_bytes: bytes of the latter
 * @segment: the descriptors
 */
struct vgpu_chain {
	uint16_t head;
	unsigned int out;
	unsigned int in;
	uint64_t out_bytes;
	uint64_t in_bytes;
	struct vgpu_segment segment[VGPU_RING_MAX];
};

/**
 * vgpu_ring_set() - start to use a virtqueue
 * @ring: the ring, all zero or used before; overwritten
 * @mem: guest memory
 * @num: number of descriptors
 * @desc: guest physical address of the descriptor table, a multiple of 16
 * @avail: guest physical address of the available ring, a multiple of 2
 * @used: guest physical address of the used ring, a multiple of 4
 * @last_avail: where to continue, 0 for a new queue
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 *
 * Return: 0; -EINVAL for a bad size or alignment; -EFAULT for a ring outside of guest
 * memory. On error @ring is not ready.
 */
int vgpu_ring_set(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		  uint16_t num, uint64_t desc, uint64_t avail, uint64_t used,
		  uint16_t last_avail, bool indirect);

/**
 * vgpu_ring_pop() - take the next available chain
 * @ring: the ring
 * @mem: guest memory
 * @chain: out
 *
 * Return: 1; 0 when there is none; -EPROTO for a ring or chain that breaks the rules and
 * -EFAULT for one outside of guest memory, after which @ring is not ready; -ESHUTDOWN when
 * @ring is not ready.
 */
int vgpu_ring_pop(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		  struct vgpu_chain *chain);

/**
 * vgpu_ring_push() - give a chain back
 * @ring: the ring; nothing is done if it is not ready
 * @mem: guest memory
 * @head: of the chain
 * @len: bytes written to it
 *
 * Return: 0; -EFAULT when the ring is not in guest memory any more, after which it is not
 * ready.
 */
int vgpu_ring_push(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		   uint16_t head, uint32_t len);

/**
 * vgpu_ring_is_untouched() - tell whether nobody else has written to the used ring
 * @ring: the ring, in use or not
 * @mem: guest memory
 *
 * Return: true when it still ends with what vgpu_ring_push() last wrote there.
 */
bool vgpu_ring_is_untouched(const struct vgpu_ring *ring, const struct vgpu_mem *mem);

/**
 * vgpu_ring_wants_interrupt() - tell whether the guest wants an interrupt
 * @ring: the ring
 * @mem: guest memory
 *
 * Return: true when it does.
 */
bool vgpu_ring_wants_interrupt(const struct vgpu_ring *ring,
			       const struct vgpu_mem *mem);

/**
 * vgpu_chain_read() - copy from the device-readable part of a chain
 * @chain: the chain
 * @mem: guest memory
 * @data: destination
 * @size: bytes, up to @chain->out_bytes
 *
 * Return: 0; -EFAULT for a descriptor outside of guest memory; -EINVAL for a chain that is
 * too short.
 */
int vgpu_chain_read(const struct vgpu_chain *chain, const struct vgpu_mem *mem,
		    void *data, size_t size);

/**
 * vgpu_segments_write() - copy to descriptors
 * @segment: the descriptors
 * @count: how many
 * @mem: guest memory
 * @data: source
 * @size: bytes
 *
 * Return: as vgpu_chain_read().
 */
int vgpu_segments_write(const struct vgpu_segment *segment, unsigned int count,
			const struct vgpu_mem *mem, const void *data,
			size_t size);

/**
 * vgpu_ring_answer() - give a chain back with an answer
 * @ring: the queue
 * @mem: guest memory
 * @head: as for vgpu_ring_push()
 * @segment: descriptors to write the answer to
 * @segments: how many
 * @data: the answer
 * @size: its size in bytes
 *
 * Without room for the answer, or with room outside of guest memory, the driver gets none.
 */
void vgpu_ring_answer(struct vgpu_ring *ring, const struct vgpu_mem *mem, uint16_t head,
		      const struct vgpu_segment *segment, unsigned int segments,
		      const void *data, size_t size);

#endif /* MOCKGPU_VGPU_RING_H */
