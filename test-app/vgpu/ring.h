/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device's side of a split virtqueue: virtio 1.3, 2.7.
 *
 * Everything in the ring is the guest's and is checked before use: indices,
 * lengths, addresses, the length of chains and of indirect tables. A ring that
 * breaks the rules is not used again until it is set anew. Nothing here is
 * locked: one thread at a time.
 */
#ifndef MOCKGPU_VGPU_RING_H
#define MOCKGPU_VGPU_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include "mem.h"

/*
 * The longest queue there can be (virtio 1.3, 2.7), which crosvm offers its guests for
 * a vhost-user device, and the longest chain taken, indirect or not.
 */
#define VGPU_RING_MAX 32768

/**
 * struct vgpu_ring - a virtqueue
 * @num: descriptors, a power of 2
 * @last_avail: index of the next chain to take
 * @used_idx: index of the next chain to give back
 * @desc: guest physical address of the descriptor table
 * @avail: guest physical address of the available ring
 * @used: guest physical address of the used ring
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 * @ready: set and not broken
 * @last: what was written to the used ring last, of the ring before too
 * @error: what broke it, -errno; 0: nothing did since it was set
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
 * @gpa: guest physical address; not checked yet, the copying functions do that
 * @len: bytes
 */
struct vgpu_segment {
	uint64_t gpa;
	uint32_t len;
};

/**
 * struct vgpu_chain - a chain of descriptors
 * @head: its first descriptor's index, by which it is given back
 * @out: descriptors the device may read, the first of @segment
 * @in: descriptors the device may write, behind them
 * @out_bytes: bytes in the first
 * @in_bytes: bytes in the latter
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
 * vgpu_ring_set() - begin to use a virtqueue
 * @ring: the ring, all zero or one that was in use; overwritten
 * @mem: guest memory
 * @num: descriptors
 * @desc: guest physical address of the descriptor table, a multiple of 16
 * @avail: guest physical address of the available ring, a multiple of 2
 * @used: guest physical address of the used ring, a multiple of 4
 * @last_avail: where to go on, 0 for a new queue
 * @indirect: VIRTIO_RING_F_INDIRECT_DESC was negotiated
 *
 * Return: 0; -EINVAL for a bad size or alignment; -EFAULT for a ring outside of
 * guest memory. @ring is not ready then.
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
 * Return: 1; 0 when there is none; -EPROTO for a ring or chain that breaks the
 * rules and -EFAULT for one outside of guest memory, after which @ring is not
 * ready; -ESHUTDOWN for one that is not ready.
 */
int vgpu_ring_pop(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		  struct vgpu_chain *chain);

/**
 * vgpu_ring_push() - give a chain back
 * @ring: the ring; nothing happens to one that is not ready
 * @mem: guest memory
 * @head: of the chain
 * @len: bytes written to it
 *
 * Return: 0; -EFAULT when the ring is not in guest memory any more, after which it
 * is not ready.
 */
int vgpu_ring_push(struct vgpu_ring *ring, const struct vgpu_mem *mem,
		   uint16_t head, uint32_t len);

/**
 * vgpu_ring_is_untouched() - ask whether the used ring ends as it was left
 * @ring: the ring, in use or not
 * @mem: guest memory
 *
 * Return: true when it still ends with what vgpu_ring_push() wrote there last.
 */
bool vgpu_ring_is_untouched(const struct vgpu_ring *ring, const struct vgpu_mem *mem);

/**
 * vgpu_ring_wants_interrupt() - ask whether the guest wants to be told
 * @ring: the ring
 * @mem: guest memory
 *
 * Return: true when it does.
 */
bool vgpu_ring_wants_interrupt(const struct vgpu_ring *ring,
			       const struct vgpu_mem *mem);

/**
 * vgpu_chain_read() - copy from what the device may read of a chain
 * @chain: the chain
 * @mem: guest memory
 * @data: to
 * @size: bytes, up to @chain->out_bytes
 *
 * Return: 0; -EFAULT for a descriptor outside of guest memory; -EINVAL for a
 * chain that is too short.
 */
int vgpu_chain_read(const struct vgpu_chain *chain, const struct vgpu_mem *mem,
		    void *data, size_t size);

/**
 * vgpu_segments_write() - copy to descriptors
 * @segment: the descriptors
 * @count: how many
 * @mem: guest memory
 * @data: from
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
 * @segment: the descriptors that the answer goes to
 * @segments: how many
 * @data: the answer
 * @size: bytes of it
 *
 * A driver that left no room for it, or not in its memory, gets none.
 */
void vgpu_ring_answer(struct vgpu_ring *ring, const struct vgpu_mem *mem, uint16_t head,
		      const struct vgpu_segment *segment, unsigned int segments,
		      const void *data, size_t size);

#endif /* MOCKGPU_VGPU_RING_H */
