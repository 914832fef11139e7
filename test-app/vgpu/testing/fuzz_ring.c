// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: the ring walk. The input damages a valid queue: where the rings are and
 * what is in them, descriptors, indices, indirect tables, in memory with holes.
 *
 * The oracles are those of fuzz_control.c.
 */

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "fuzz.h"

/**
 * struct input - the start of the input; the rest is placed after the rings, where
 *	descriptors and tables may point
 * @num: number of descriptors of the queue
 * @last_avail: where to start
 * @rings: 1, 2, 4, 16: the input chooses @desc, @avail, @used, @num; 8: the rest of the
 *	input is a table of descriptors
 * @notify: how often to notify the device, minus one
 * @pad: not used
 * @desc: addresses
 * @avail: addresses
 * @used: addresses
 * @desc_table: contents of the table
 * @avail_ring: contents of the ring, with flags and index
 */
struct input {
	uint16_t num;
	uint16_t last_avail;
	uint8_t rings;
	uint8_t notify;
	uint16_t pad;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
	struct vring_desc desc_table[16];
	uint16_t avail_ring[2 + 16];
};

#define FUZZ_REST_MAX 0x8000
/* An address as place() reads it: index into its places, and an offset in bytes. */
#define PLACE(index, bytes) ((index) | (bytes) << 2)

/*
 * Three messages: one as drivers send it, one with pieces that lie in two regions each,
 * and one with an indirect table, which follows the structure.
 */
static const struct input good = {
	.desc_table = {
		{ PLACE(1, 0x800), 512, VRING_DESC_F_NEXT, 1 },
		{ PLACE(1, 0xa00), 512, VRING_DESC_F_WRITE, 0 },
		{ PLACE(2, 0), 512, VRING_DESC_F_NEXT, 3 },
		{ PLACE(2, 0), 512, VRING_DESC_F_WRITE, 0 },
		{ PLACE(1, 0), 4 * sizeof(struct vring_desc), VRING_DESC_F_INDIRECT, 0 },
	},
	/* Flags, index, heads. */
	.avail_ring = { 0, 3, 0, 2, 4 },
};

/* The low bits choose a descriptor's place, so it often is a valid one. */
static void place(struct vring_desc *desc)
{
	static const uint64_t places[] = {
		VGPU_GUEST_LOW, VGPU_GUEST_FREE, VGPU_GUEST_MIDDLE - 8, VGPU_GUEST_HIGH,
	};

	if (desc->flags & 0x8000)
		return;
	desc->addr = places[desc->addr & 3] + (desc->addr >> 2 & 0xfff);
	desc->len &= 0xffff;
	desc->next &= 15;
}

static void fill(struct vgpu_guest *guest, struct input *input, const uint8_t *rest,
		 size_t size)
{
	struct vring_desc *table = vgpu_guest_at(guest, VGPU_GUEST_FREE);
	unsigned int i;

	for (i = 0; i < 16; i++)
		place(&input->desc_table[i]);
	memcpy(vgpu_guest_at(guest, VGPU_GUEST_DESC), input->desc_table,
	       sizeof(input->desc_table));
	memcpy(vgpu_guest_at(guest, VGPU_GUEST_AVAIL), input->avail_ring,
	       sizeof(input->avail_ring));
	if (size > FUZZ_REST_MAX)
		size = FUZZ_REST_MAX;
	memcpy(table, rest, size);
	for (i = 0; i < size / sizeof(*table) && input->rings & 8; i++)
		place(&table[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vgpu_guest guest;
	struct input input = good;
	size_t head = size < sizeof(input) ? size : sizeof(input);
	unsigned int i;

	for (i = 0; i < head; i++)
		((uint8_t *)&input)[i] ^= data[i];
	if (vgpu_guest_init(&guest, -1, VGPU_GUEST_BYTES_MAX))
		abort();
	fill(&guest, &input, data + head, size - head);
	vgpu_queue_start(guest.dev, VGPU_QUEUE_CONTROL,
			 input.rings & 16 ? input.num : VGPU_GUEST_QUEUE,
			 input.rings & 1 ? input.desc : VGPU_GUEST_DESC,
			 input.rings & 2 ? input.avail : VGPU_GUEST_AVAIL,
			 input.rings & 4 ? input.used : VGPU_GUEST_USED,
			 input.last_avail);
	for (i = 0; i <= input.notify; i++, fuzz_done++)
		vgpu_queue_notify(guest.dev, VGPU_QUEUE_CONTROL);
	vgpu_guest_exit(&guest);
	return 0;
}
