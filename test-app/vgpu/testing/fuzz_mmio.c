// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: the registers of virtio-mmio. The input is a sequence of accesses to a
 * device whose rings are initially empty. Guest addresses in writes mostly point to guest
 * memory, and accesses can write to that memory too.
 *
 * The oracles are those of fuzz_control.c, and the promises of the register file: only
 * defined status bits, and no more queues ready than exist.
 */

#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_mmio.h>

#include "guest.h"
#include "fuzz.h"

/**
 * struct access - one access in the input
 * @what: bits 0 and 1: 0 reads, 1 writes a register, 2 does all that a driver must do
 *	before it runs, 3 writes @value to the guest's memory; bit 2: @value is a guest
 *	address; bits 3 to 6: size, 0 means 4
 * @reg: offset in units of 4 bytes
 * @pad: not used
 * @value: what is written
 */
struct access {
	uint8_t what;
	uint8_t reg;
	uint16_t pad;
	uint32_t value;
};

#define ACCESSES_MAX 512

static void set_up(struct vgpu_mmio *mmio)
{
	const uint32_t steps[][2] = {
		{ VIRTIO_MMIO_STATUS, 0 },
		{ VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, vgpu_features(mmio->dev) },
		{ VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1 },
		{ VIRTIO_MMIO_DRIVER_FEATURES, vgpu_features(mmio->dev) >> 32 },
		{ VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_FEATURES_OK },
		{ VIRTIO_MMIO_QUEUE_SEL, VGPU_QUEUE_CONTROL },
		{ VIRTIO_MMIO_QUEUE_NUM, VGPU_GUEST_QUEUE },
		{ VIRTIO_MMIO_QUEUE_DESC_LOW, VGPU_GUEST_DESC },
		{ VIRTIO_MMIO_QUEUE_AVAIL_LOW, VGPU_GUEST_AVAIL },
		{ VIRTIO_MMIO_QUEUE_USED_LOW, VGPU_GUEST_USED },
		{ VIRTIO_MMIO_QUEUE_READY, 1 },
		{ VIRTIO_MMIO_STATUS, VIRTIO_CONFIG_S_DRIVER_OK },
	};
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		vgpu_mmio_write(mmio, steps[i][0], 4, steps[i][1]);
}

/* The first 64 KiB of RAM hold the rings and what is around them. */
static uint32_t place(uint32_t value)
{
	return VGPU_GUEST_LOW + (value & 0xffff);
}

static void check(const struct vgpu_mmio *mmio)
{
	if (mmio->status & ~0xcfu)
		abort();
	if (mmio->status & VIRTIO_CONFIG_S_DRIVER_OK &&
	    !(mmio->status & VIRTIO_CONFIG_S_FEATURES_OK))
		abort();
	if (mmio->interrupt & ~(VIRTIO_MMIO_INT_VRING | VIRTIO_MMIO_INT_CONFIG))
		abort();
}

static void run(struct vgpu_guest *guest, const struct access *access)
{
	unsigned int size = access->what >> 3 & 15;
	uint32_t value = access->what & 4 ? place(access->value) : access->value;

	switch (access->what & 3) {
	case 0:
		vgpu_mmio_read(guest->mmio, access->reg * 4u + (access->value & 3), size);
		break;
	case 1:
		vgpu_mmio_write(guest->mmio, access->reg * 4u, size ? size : 4, value);
		break;
	case 2:
		set_up(guest->mmio);
		break;
	case 3:
		memcpy(vgpu_guest_at(guest, place(access->reg * 0x101u) & ~3u), &value,
		       sizeof(value));
		break;
	}
	check(guest->mmio);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i, count = size / sizeof(struct access);
	struct vgpu_guest guest;
	struct vgpu_mmio mmio;
	struct access access;

	if (vgpu_guest_init(&guest, -1, VGPU_GUEST_BYTES_MAX))
		abort();
	vgpu_reset(guest.dev);
	vgpu_features_set(guest.dev, 0);
	vgpu_mmio_init(&mmio, guest.dev, VGPU_GUEST_HIGH, VGPU_GUEST_WINDOW);
	guest.mmio = &mmio;
	for (i = 0; i < count && i < ACCESSES_MAX; i++, fuzz_done++) {
		memcpy(&access, data + i * sizeof(access), sizeof(access));
		run(&guest, &access);
	}
	vgpu_guest_exit(&guest);
	return 0;
}
