// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: the control queue. The input is a list of messages, each of them a valid
 * command, damaged as the input says. If the first byte is odd, they start from the state
 * of a guest at work.
 *
 * After every input the device must release all it took: that is checked here. The
 * address, leak and undefined-behaviour sanitizers and the transport of guest.c check the
 * rest.
 */

#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "commands.h"
#include "fuzz.h"

#define FUZZ_BYTES_MAX (1ull << 20)
#define FUZZ_MESSAGES_MAX 64

static void check_empty(struct vgpu_guest *guest, unsigned int fds)
{
	struct vgpu_counts counts;

	vgpu_reset(guest->dev);
	counts = vgpu_counts(guest->dev);
	if (counts.resources || counts.mapped || counts.contexts || counts.held ||
	    counts.bytes || fuzz_fds() != fds)
		abort();
}

static void send(struct vgpu_guest *guest, unsigned int slot,
		 const struct fuzz_message *message, const uint8_t *damage)
{
	union fuzz_command command;
	size_t size = fuzz_command_make(&command, message, damage);

	vgpu_guest_send(guest, slot, &command, size);
	fuzz_done++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vgpu_guest guest;
	unsigned int fds = fuzz_fds();
	unsigned int i;

	if (vgpu_guest_init(&guest, -1, FUZZ_BYTES_MAX))
		abort();
	guest.arena = true;
	for (i = 0; size && *data & 1 && i < FUZZ_AT_WORK; i++)
		send(&guest, i % 8, &fuzz_at_work[i], NULL);
	for (i = 0; i < FUZZ_MESSAGES_MAX && size >= 1 + sizeof(struct fuzz_message); i++) {
		struct fuzz_message message;

		memcpy(&message, data + 1, sizeof(message));
		data += sizeof(message);
		size -= sizeof(message);
		if (message.len > size - 1)
			message.len = size - 1;
		send(&guest, i % 8, &message, data + 1);
		data += message.len;
		size -= message.len;
	}
	check_empty(&guest, fds);
	vgpu_guest_exit(&guest);
	return 0;
}
