// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzz target: a front-end of vhost-gpu, with its guest. The input is a list of steps: messages
 * as front-ends send them, damaged as the input says, and what a front-end and a guest can do
 * beside them: use the queue, change or truncate memory, answer late or wrongly, go away.
 *
 * All of it runs in one thread, so an input always does the same: the session calls poll(), which
 * comes here (-Wl,--wrap), takes the next step and returns what is ready by now. A change of the
 * guest's memory between two reads of the device comes from a wrapped vgpu_mem_read().
 *
 * After every input no descriptor and no mapping may be left. Before that a front-end without
 * faults must see answers in the order of its requests, and blobs that never overlap in the
 * host-visible region. A mapping of the guest's memory has inaccessible pages around it.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

#include "vgpu/testing/commands.h"
#include "vgpu/testing/fuzz.h"
#include "vgpu/testing/guest.h"
#include "fuzz_wrap.h"
#include "server.h"
#include "vhost_gpu.h"

#define PAGE 4096
#define STEPS_MAX 64
/* Polls after the last step: for how long the session may be busy, and when it must have ended. */
#define PATIENCE 32
#define POLLS_MAX 2000
#define BYTES_MAX (1u << 20)
#define BLOBS_MAX 16
/* Regions of memory that are added one by one, and blobs: few, so that they are soon used up. */
#define MEM_SLOTS 6
/* The smallest buffer that the kernel grants, so that a deaf front-end fills it soon. */
#define ANSWERS_MAX 4608
/* The address that the front-end claims for GPA 0, and where it lists a blob. */
#define USER_BASE 0x7f0000000000ull
#define EXPORT_GPA 0x400000000ull
#define SLOT_BYTES (VGPU_GUEST_COMMAND_MAX / 8)

/**
 * struct step - one step in the input
 * @what: index into steps[], modulo their number
 * @arg: of a message: the queue, 2 bits, and the flags below; of a command: its type
 * @fd: of a message with OTHER_FDS: the first one, as other_fd() has it; of a command: its ids
 * @value: a variant, per step
 * @at: offset of the damage
 * @len: bytes of damage that follow, see damage_len()
 */
struct step {
	uint8_t what;
	uint8_t arg;
	uint8_t fd;
	uint8_t value;
	uint8_t at;
	uint8_t len;
};

#define QUEUE_OF(step) ((step)->arg & 3u)
/* It asks for no answer; it ends after the damage; it is sent in two pieces. */
#define UNANSWERED 0x04
#define CUT_OFF 0x08
#define IN_PIECES 0x10
/* It has other descriptors than it should; how many. */
#define OTHER_FDS 0x20
#define FDS_OF(step) ((step)->arg >> 6)

/* So that half of the steps are sound, and an input has room for many. */
static uint8_t damage_len(uint8_t len)
{
	return len & 0x80 ? 0 : len & 31;
}

enum odd_fd {
	ODD_NULL,
	ODD_PIPE_OUT,
	ODD_PIPE_IN,
	ODD_READ_ONLY,
	ODD_EMPTY,
	ODD_DATAGRAM,
	ODD_DATAGRAM_PEER,
	ODD_FDS,
};

/**
 * struct front_end - the front-end with its guest
 * @socket: its connection
 * @channel: of the backend's requests
 * @ram: the guest's memory
 * @kick: by queue
 * @call: of all queues, also to tell errors
 * @signals: ends the session
 * @blob: the last blob that the backend sent
 * @odd: descriptors that no front-end sends
 * @avail_idx: index of the guest's available ring
 * @hold: requests of the backend that are not answered at once
 * @pending: the request that is not answered; its header.request is 0 for none
 * @taken: pages of the host-visible region that have a blob
 * @asked: requests in the order of their sending
 * @asks: number of them
 * @answered: those up to here are answered, or will not be
 * @deaf: it does not read answers
 * @lost: it has done something that it must not do, and cannot rely on the backend any more
 * @over: the input has no more steps
 * @polls: polls since then
 * @gone: it has closed its connection
 * @data: the rest of the input
 * @size: bytes of it
 * @steps: taken from @data
 * @begun: steps of at_work[] that were taken
 * @begin: how many are wanted
 * @race: damage to what the device reads: @race_after reads from now
 * @race_after: see there
 */
struct front_end {
	int socket;
	int channel;
	int ram[VGPU_GUEST_REGIONS];
	int kick[VGPU_QUEUES];
	int call;
	int signals;
	int blob;
	int odd[ODD_FDS];
	uint16_t avail_idx;
	unsigned int hold;
	struct vhost_user_message pending;
	bool taken[VGPU_GUEST_WINDOW / PAGE];
	uint32_t asked[2 * STEPS_MAX];
	unsigned int asks;
	unsigned int answered;
	bool deaf;
	bool lost;
	bool over;
	unsigned int polls;
	bool gone;
	const uint8_t *data;
	size_t size;
	unsigned int steps;
	unsigned int begun;
	unsigned int begin;
	struct step race;
	const uint8_t *race_damage;
	unsigned int race_after;
};

static struct front_end front;
/* Mappings of the session. */
static unsigned int mappings;

const char *const server_name = "fuzz_vhost_user";

/* The guest's memory. It is written through its files: a mapping could be truncated. */

static const uint64_t ram_gpa[VGPU_GUEST_REGIONS] = {
	VGPU_GUEST_LOW, VGPU_GUEST_MIDDLE, VGPU_GUEST_HIGH,
};

static void ram_write(uint64_t gpa, const void *data, size_t size)
{
	unsigned int i;

	for (i = 0; i < VGPU_GUEST_REGIONS; i++) {
		if (gpa - ram_gpa[i] >= VGPU_GUEST_REGION)
			continue;
		if (size > ram_gpa[i] + VGPU_GUEST_REGION - gpa)
			size = ram_gpa[i] + VGPU_GUEST_REGION - gpa;
		if (pwrite(front.ram[i], data, size, gpa - ram_gpa[i]) != (ssize_t)size)
			abort();
	}
}

static void command_put(const struct step *step, const uint8_t *damage)
{
	const struct fuzz_message message = {
		step->arg, step->fd, step->value, step->at, step->len,
	};
	unsigned int slot = front.avail_idx % 8;
	uint64_t gpa = VGPU_GUEST_COMMAND + slot * SLOT_BYTES;
	union fuzz_command command;
	uint32_t size = fuzz_command_make(&command, &message, damage);
	const struct vring_desc desc[] = {
		{ gpa, size, VRING_DESC_F_NEXT, 2 * slot + 1 },
		{ VGPU_GUEST_ANSWER + slot * (VGPU_GUEST_ANSWER_MAX / 8),
		  VGPU_GUEST_ANSWER_MAX / 8, VRING_DESC_F_WRITE, 0 },
	};
	const uint16_t head = 2 * slot;

	ram_write(gpa, &command, size);
	ram_write(VGPU_GUEST_DESC + head * sizeof(*desc), desc, sizeof(desc));
	ram_write(VGPU_GUEST_AVAIL + 4 + front.avail_idx % VGPU_GUEST_QUEUE * sizeof(head), &head,
		  sizeof(head));
	front.avail_idx++;
	ram_write(VGPU_GUEST_AVAIL + 2, &front.avail_idx, sizeof(front.avail_idx));
}

/* Messages: each returns the size of its payload. */

static uint32_t make_plain(struct vhost_user_message *message, const struct step *step)
{
	static const uint32_t requests[] = {
		VHOST_USER_GET_FEATURES, VHOST_USER_GET_PROTOCOL_FEATURES,
		VHOST_USER_GET_QUEUE_NUM, VHOST_USER_SET_OWNER, VHOST_USER_RESET_OWNER,
		VHOST_USER_GET_SHMEM_CONFIG, VHOST_USER_GET_MAX_MEM_SLOTS,
	};

	message->header.request = requests[step->value % 7];
	return 0;
}

static uint32_t make_features(struct vhost_user_message *message, const struct step *step)
{
	message->header.request = VHOST_USER_SET_FEATURES;
	message->payload.u64 = ~0ull;
	if (step->value & 1)
		message->payload.u64 &= ~BIT64(VHOST_USER_F_PROTOCOL_FEATURES);
	return sizeof(message->payload.u64);
}

static uint32_t make_protocol(struct vhost_user_message *message, const struct step *step)
{
	message->header.request = VHOST_USER_SET_PROTOCOL_FEATURES;
	message->payload.u64 = step->value ? step->value : ~0ull;
	front.lost = front.lost || step->value;
	return sizeof(message->payload.u64);
}

static void region_add(struct vhost_user_message *message, uint64_t gpa, int fd)
{
	struct vhost_user_memory *memory = &message->payload.memory;

	memory->region[memory->regions++] = (struct vhost_user_region){
		gpa, VGPU_GUEST_REGION, USER_BASE + gpa, 0,
	};
	message->fd[message->fds++] = fd;
}

/* @value: leave out these regions; 8: list a blob, too. */
static uint32_t make_memory(struct vhost_user_message *message, const struct step *step)
{
	unsigned int i;

	message->header.request = VHOST_USER_SET_MEM_TABLE;
	for (i = 0; i < VGPU_GUEST_REGIONS; i++) {
		if (!(step->value & 1 << i))
			region_add(message, ram_gpa[i], front.ram[i]);
	}
	if (step->value & 8 && front.blob >= 0)
		region_add(message, EXPORT_GPA, front.blob);
	return 8 + message->payload.memory.regions * sizeof(struct vhost_user_region);
}

/* @value: 1 removes a region, 2 and 4 say which one or a blob; 8 removes it with a descriptor. */
static uint32_t make_region(struct vhost_user_message *message, const struct step *step)
{
	struct vhost_user_region *region = &message->payload.mem_reg.region;
	unsigned int which = step->value >> 1 & 3;
	bool is_blob = which == VGPU_GUEST_REGIONS;
	uint64_t gpa = is_blob ? EXPORT_GPA : ram_gpa[which];

	message->header.request =
		step->value & 1 ? VHOST_USER_REM_MEM_REG : VHOST_USER_ADD_MEM_REG;
	*region = (struct vhost_user_region){ gpa, VGPU_GUEST_REGION, USER_BASE + gpa, 0 };
	message->fd[0] = is_blob ? front.blob : front.ram[which];
	message->fds = message->fd[0] >= 0 && (step->value & 9) != 1;
	return sizeof(message->payload.mem_reg);
}

/* NUM, BASE, ENABLE and the stop; for @value 0 as they should be. */
static uint32_t make_state(struct vhost_user_message *message, const struct step *step)
{
	static const uint32_t requests[] = {
		VHOST_USER_SET_VRING_NUM, VHOST_USER_SET_VRING_BASE, VHOST_USER_SET_VRING_ENABLE,
		VHOST_USER_GET_VRING_BASE,
	};
	const uint32_t nums[] = { VGPU_GUEST_QUEUE, front.avail_idx, 1, 0 };
	unsigned int which = step->value & 3;

	message->header.request = requests[which];
	message->payload.state.index = QUEUE_OF(step);
	message->payload.state.num = step->value >> 2 ? (step->value >> 2) - 1u : nums[which];
	return sizeof(message->payload.state);
}

static uint32_t make_addr(struct vhost_user_message *message, const struct step *step)
{
	message->header.request = VHOST_USER_SET_VRING_ADDR;
	message->payload.addr = (struct vhost_vring_addr){
		.index = QUEUE_OF(step),
		.desc_user_addr = USER_BASE + VGPU_GUEST_DESC,
		.avail_user_addr = USER_BASE + VGPU_GUEST_AVAIL,
		.used_user_addr = USER_BASE + VGPU_GUEST_USED,
	};
	return sizeof(message->payload.addr);
}

static uint32_t make_vring_fd(struct vhost_user_message *message, const struct step *step)
{
	static const uint32_t requests[] = {
		VHOST_USER_SET_VRING_KICK, VHOST_USER_SET_VRING_CALL, VHOST_USER_SET_VRING_ERR,
	};
	unsigned int which = (step->value & 3) % 3;

	message->header.request = requests[which];
	message->payload.u64 = QUEUE_OF(step);
	if (step->value & 4) {
		message->payload.u64 |= VHOST_USER_VRING_NO_FD;
	} else {
		message->fd[0] = which ? front.call : front.kick[QUEUE_OF(step) % VGPU_QUEUES];
		message->fds = 1;
	}
	return sizeof(message->payload.u64);
}

/* The caller closes the backend's end. */
static uint32_t make_channel(struct vhost_user_message *message, const struct step *step)
{
	int pair[2];

	(void)step;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
		abort();
	if (front.channel >= 0) {
		front.lost = true;
		close(front.channel);
	}
	front.channel = pair[0];
	message->header.request = VHOST_USER_SET_BACKEND_REQ_FD;
	message->fd[0] = pair[1];
	message->fds = 1;
	return 0;
}

static uint32_t make_config(struct vhost_user_message *message, const struct step *step)
{
	message->header.request = step->value & 1 ? VHOST_USER_SET_CONFIG : VHOST_USER_GET_CONFIG;
	message->payload.config.size = step->value;
	return 12 + step->value;
}

static uint32_t make_object(struct vhost_user_message *message, const struct step *step)
{
	(void)step;
	message->header.request = VHOST_USER_GET_SHARED_OBJECT;
	return sizeof(message->payload.object);
}

/* With a payload of up to 4080 bytes, which is more than any message has. */
static uint32_t make_long(struct vhost_user_message *message, const struct step *step)
{
	make_plain(message, step);
	return step->value * 16;
}

static int other_fd(uint8_t which)
{
	const int fds[] = {
		front.socket, front.channel, front.ram[0], front.ram[2], front.kick[0],
		front.call, front.blob,
	};
	const unsigned int count = sizeof(fds) / sizeof(fds[0]);
	int fd;

	which %= count + ODD_FDS;
	fd = which < count ? fds[which] : front.odd[which - count];
	return fd < 0 ? front.odd[ODD_NULL] : fd;
}

#define SEND_FDS_MAX (VHOST_USER_REGIONS + 1)

static void send_bytes(int socket, const void *data, size_t size, const int *fds,
		       unsigned int count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(SEND_FDS_MAX * sizeof(int))];
	} control = {};
	struct iovec iov = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (count) {
		msg.msg_control = control.room;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(*fds));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(*fds));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(*fds));
	}
	sendmsg(socket, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Other descriptors than the message should have: none, one, two or too many. */
static unsigned int fds_of(const struct vhost_user_message *message, const struct step *step,
			   int *fds)
{
	static const unsigned int counts[] = { 0, 1, 2, SEND_FDS_MAX };
	unsigned int i, count = counts[FDS_OF(step)];

	if (!(step->arg & OTHER_FDS)) {
		memcpy(fds, message->fd, sizeof(message->fd));
		return message->fds;
	}
	front.lost = true;
	for (i = 0; i < count; i++)
		fds[i] = other_fd(step->fd + i);
	return count;
}

static void damage_bytes(void *data, size_t size, const struct step *step, const uint8_t *damage)
{
	size_t i;

	front.lost = front.lost || step->len;
	for (i = 0; i < step->len && step->at + i < size; i++)
		((uint8_t *)data)[step->at + i] ^= damage[i];
}

/* The bytes of a message as they are sent: without the padding of its structure. */
struct wire {
	struct vhost_user_header header;
	char payload[PAGE];
};

static size_t wire_of(struct wire *wire, const struct vhost_user_message *message)
{
	size_t size = message->header.size;

	*wire = (struct wire){ .header = message->header };
	memcpy(wire->payload, &message->payload,
	       size < sizeof(message->payload) ? size : sizeof(message->payload));
	return sizeof(wire->header) + size;
}

static void message_send(const struct vhost_user_message *message, const struct step *step,
			 const uint8_t *damage)
{
	struct wire wire;
	size_t first = 0, size = wire_of(&wire, message);
	int fds[SEND_FDS_MAX];
	unsigned int count = fds_of(message, step, fds);

	damage_bytes(&wire, size, step, damage);
	if (step->arg & CUT_OFF && step->at < size) {
		front.lost = true;
		size = step->at;
	}
	if (step->arg & IN_PIECES && step->at < size)
		first = step->at;
	front.asked[front.asks++] = message->header.request;
	if (first)
		send_bytes(front.socket, &wire, first, NULL, 0);
	if (size > first)
		send_bytes(front.socket, (char *)&wire + first, size - first, fds, count);
}

/* Everything else that a front-end and its guest do. */

static void do_command(const struct step *step, const uint8_t *damage)
{
	command_put(step, damage);
	eventfd_write(front.kick[VGPU_QUEUE_CONTROL], 1);
}

static void do_kick(const struct step *step, const uint8_t *damage)
{
	(void)damage;
	eventfd_write(front.kick[step->value % VGPU_QUEUES], 1);
}

static void do_write(const struct step *step, const uint8_t *damage)
{
	static const uint64_t places[] = {
		VGPU_GUEST_DESC, VGPU_GUEST_AVAIL, VGPU_GUEST_USED, VGPU_GUEST_COMMAND,
		VGPU_GUEST_MIDDLE - 128, VGPU_GUEST_HIGH,
	};

	ram_write(places[step->value % 6] + step->at, damage, step->len);
}

static void do_driver(const struct step *step, const uint8_t *damage)
{
	static const char zeros[PAGE];

	(void)step;
	(void)damage;
	ram_write(VGPU_GUEST_DESC, zeros, PAGE);
	ram_write(VGPU_GUEST_AVAIL, zeros, PAGE);
	ram_write(VGPU_GUEST_USED, zeros, PAGE);
	front.avail_idx = 0;
}

/* To @at pages, 255 for all. */
static void do_truncate(const struct step *step, const uint8_t *damage)
{
	off_t size = step->at == 255 ? (off_t)VGPU_GUEST_REGION : step->at * PAGE;

	(void)damage;
	if (ftruncate(front.ram[step->value % VGPU_GUEST_REGIONS], size))
		abort();
}

/* The device will find @damage where it has just read, at its second look. */
static void do_race(const struct step *step, const uint8_t *damage)
{
	front.race = *step;
	front.race_damage = damage;
	front.race_after = step->value & 15;
}

static void do_garbage(const struct step *step, const uint8_t *damage)
{
	front.lost = true;
	send_bytes(step->value & 1 && front.channel >= 0 ? front.channel : front.socket, damage,
		   step->len, NULL, 0);
}

static void do_deaf(const struct step *step, const uint8_t *damage)
{
	(void)damage;
	front.lost = true;
	front.deaf = step->value & 1;
}

static void do_hold(const struct step *step, const uint8_t *damage)
{
	(void)damage;
	front.hold = step->value & 3;
}

/* A blob takes or leaves its pages of the host-visible region. */
static void window_take(const struct vhost_user_mmap *mmap, bool take)
{
	uint64_t page;

	if (front.lost)
		return;
	for (page = 0; page < mmap->len / PAGE; page++) {
		bool *taken = &front.taken[mmap->shm_offset / PAGE + page];

		if (*taken == take)
			abort();
		*taken = take;
	}
}

static void answer(uint64_t value, const struct step *step, const uint8_t *damage)
{
	struct vhost_user_message reply = {
		.header = {
			front.pending.header.request, VHOST_USER_VERSION | VHOST_USER_REPLY,
			sizeof(reply.payload.u64)
		},
		.payload.u64 = value,
	};
	struct wire wire;
	size_t size = wire_of(&wire, &reply);

	damage_bytes(&wire, size, step, damage);
	if (!value && front.pending.header.request == VHOST_USER_BACKEND_SHMEM_MAP)
		window_take(&front.pending.payload.mmap, true);
	if (!value && front.pending.header.request == VHOST_USER_BACKEND_SHMEM_UNMAP)
		window_take(&front.pending.payload.mmap, false);
	/* A device that is reset forgets a blob although the front-end keeps it. */
	if (value && front.pending.header.request == VHOST_USER_BACKEND_SHMEM_UNMAP)
		front.lost = true;
	send_bytes(front.channel, &wire, size, NULL, 0);
	front.pending.header.request = 0;
}

/* @value 0 accepts, 1 refuses. */
static void do_answer(const struct step *step, const uint8_t *damage)
{
	if (front.pending.header.request && front.channel >= 0)
		answer(step->value & 1, step, damage);
}

/* 0 to 3: the channel, the connection, a signal, or only the sending half of the connection. */
static void do_close(const struct step *step, const uint8_t *damage)
{
	(void)damage;
	front.lost = true;
	switch (step->value & 3) {
	case 0:
		vhost_close_fd(&front.channel);
		break;
	case 1:
		shutdown(front.socket, SHUT_RDWR);
		break;
	case 2:
		eventfd_write(front.signals, 1);
		break;
	case 3:
		shutdown(front.socket, SHUT_WR);
		break;
	}
}

/* A new kind goes to the end: the kept inputs have the numbers. */
enum step_kind {
	PLAIN, FEATURES, PROTOCOL, MEMORY, STATE, ADDR, VRING_FD, CHANNEL, CONFIG, OBJECT,
	COMMAND, PUT, KICK, WRITE, DRIVER, TRUNCATE, RACE, GARBAGE, DEAF, HOLD, ANSWER, CLOSE,
	LONG, REGION,
	KINDS,
};

static uint32_t (*const messages[KINDS])(struct vhost_user_message *message,
					 const struct step *step) = {
	[PLAIN] = make_plain, [FEATURES] = make_features, [PROTOCOL] = make_protocol,
	[MEMORY] = make_memory, [STATE] = make_state, [ADDR] = make_addr,
	[VRING_FD] = make_vring_fd, [CHANNEL] = make_channel, [CONFIG] = make_config,
	[OBJECT] = make_object, [LONG] = make_long,
	[REGION] = make_region,
};

static void (*const steps[KINDS])(const struct step *step, const uint8_t *damage) = {
	[COMMAND] = do_command, [PUT] = command_put, [KICK] = do_kick, [WRITE] = do_write,
	[DRIVER] = do_driver, [TRUNCATE] = do_truncate, [RACE] = do_race,
	[GARBAGE] = do_garbage, [DEAF] = do_deaf, [HOLD] = do_hold, [ANSWER] = do_answer,
	[CLOSE] = do_close,
};

/* What QEMU sends up to a queue that runs, in its order; fuzz_at_work[] follows. */
static const struct step at_work[] = {
	{ .what = PLAIN, .value = 0 },
	{ .what = PLAIN, .value = 1 },
	{ .what = PROTOCOL },
	{ .what = PLAIN, .value = 2 },
	{ .what = CHANNEL },
	{ .what = PLAIN, .value = 3 },
	{ .what = PLAIN, .value = 5 },
	{ .what = CONFIG, .value = 16 },
	{ .what = FEATURES },
	{ .what = MEMORY },
	{ .what = STATE, .value = 0 },
	{ .what = STATE, .value = 1 },
	{ .what = ADDR },
	{ .what = VRING_FD, .value = 2 },
	{ .what = VRING_FD, .value = 1 },
	{ .what = VRING_FD, .value = 0 },
	{ .what = STATE, .value = 2 },
};

#define SET_UP (sizeof(at_work) / sizeof(at_work[0]))

static void step_take(const struct step *step, const uint8_t *damage)
{
	enum step_kind kind = step->what % KINDS;
	struct vhost_user_message message = { .header.flags = VHOST_USER_VERSION };

	fuzz_done++;
	if (steps[kind]) {
		steps[kind](step, damage);
		return;
	}
	if (!(step->arg & UNANSWERED))
		message.header.flags |= VHOST_USER_NEED_REPLY;
	message.header.size = messages[kind](&message, step);
	message_send(&message, step, damage);
	if (kind == CHANNEL)
		close(message.fd[0]);
}

static struct step step_at_work(unsigned int index)
{
	const struct fuzz_message *message;

	if (index < SET_UP)
		return at_work[index];
	message = &fuzz_at_work[index - SET_UP];
	return (struct step){ COMMAND, message->type, message->ids, message->pages, 0, 0 };
}

/* Return: false at the end of the input. */
static bool step_next(void)
{
	const uint8_t *damage;
	struct step step;

	if (front.begun < front.begin) {
		step = step_at_work(front.begun++);
		step_take(&step, NULL);
		return true;
	}
	if (front.steps++ == STEPS_MAX || front.size < sizeof(step))
		return false;
	memcpy(&step, front.data, sizeof(step));
	damage = front.data + sizeof(step);
	step.len = damage_len(step.len);
	if (step.len > front.size - sizeof(step))
		step.len = front.size - sizeof(step);
	front.data += sizeof(step) + step.len;
	front.size -= sizeof(step) + step.len;
	step_take(&step, damage);
	return true;
}

/* An answer must belong to a request after those that were answered. */
static void answer_check(const struct vhost_user_message *message)
{
	if (front.lost)
		return;
	if (message->header.flags != (VHOST_USER_VERSION | VHOST_USER_REPLY) || message->fds)
		abort();
	while (front.answered < front.asks &&
	       front.asked[front.answered] != message->header.request)
		front.answered++;
	if (front.answered++ >= front.asks)
		abort();
}

static void answers_read(void)
{
	struct vhost_user_message message;

	while (!front.deaf && vhost_user_receive(front.socket, &message) > 0) {
		answer_check(&message);
		vhost_user_close_fds(&message);
	}
}

/* A request of the backend for the host-visible region. */
static void request_check(const struct vhost_user_message *message)
{
	const struct vhost_user_mmap *mmap = &message->payload.mmap;
	bool map = message->header.request == VHOST_USER_BACKEND_SHMEM_MAP;

	if (front.lost)
		return;
	if (message->header.flags != (VHOST_USER_VERSION | VHOST_USER_NEED_REPLY) ||
	    message->fds != map || front.pending.header.request)
		abort();
	if (message->header.request == VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE)
		return;
	if ((!map && message->header.request != VHOST_USER_BACKEND_SHMEM_UNMAP) ||
	    message->header.size != sizeof(*mmap) || mmap->fd_offset || !mmap->len ||
	    mmap->shmid != VIRTIO_GPU_SHM_ID_HOST_VISIBLE || mmap->shm_offset % PAGE ||
	    mmap->len % PAGE || mmap->shm_offset > VGPU_GUEST_WINDOW ||
	    mmap->len > VGPU_GUEST_WINDOW - mmap->shm_offset)
		abort();
}

static void requests_read(void)
{
	const struct step honest = {};
	struct vhost_user_message message;

	while (front.channel >= 0 && vhost_user_receive(front.channel, &message) > 0) {
		request_check(&message);
		if (message.fds) {
			vhost_close_fd(&front.blob);
			front.blob = vhost_user_take_fd(&message);
		}
		vhost_user_close_fds(&message);
		front.pending = message;
		if (front.hold)
			front.hold--;
		else
			/* QEMU has no shared objects, and says so. */
			answer(message.header.request == VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE,
			       &honest, NULL);
	}
}

static void front_end_leave(void)
{
	front.gone = true;
	shutdown(front.socket, SHUT_RDWR);
	vhost_close_fd(&front.channel);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	int ready;

	(void)timeout;
	answers_read();
	requests_read();
	front.over = front.over || !step_next();
	ready = __real_poll(fds, count, 0);
	/* The session must end when its front-end has gone. */
	if (front.over && front.polls++ == POLLS_MAX)
		abort();
	if (!front.over || front.gone || (ready && front.polls < PATIENCE))
		return ready;
	front_end_leave();
	return __real_poll(fds, count, 0);
}

int __wrap_vgpu_mem_read(const struct vgpu_mem *mem, uint64_t gpa, void *data, size_t size)
{
	int ret = __real_vgpu_mem_read(mem, gpa, data, size);

	if (front.race.len && !front.race_after--) {
		ram_write(gpa + front.race.at, front.race_damage, front.race.len);
		front.race.len = 0;
	}
	return ret;
}

static size_t with_guard_pages(size_t size)
{
	return (size + PAGE - 1) / PAGE * PAGE + 2 * PAGE;
}

/* The session maps files wherever there is room. */
void *__wrap_mmap(void *at, size_t size, int prot, int flags, int fd, off_t offset)
{
	char *room;

	if (at || fd < 0)
		abort();
	if (size > SIZE_MAX - 3 * PAGE) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	room = __real_mmap(NULL, with_guard_pages(size), PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return room;
	at = __real_mmap(room + PAGE, size, prot, flags | MAP_FIXED, fd, offset);
	if (at == MAP_FAILED) {
		int err = errno;

		__real_munmap(room, with_guard_pages(size));
		errno = err;
		return at;
	}
	mappings++;
	return at;
}

int __wrap_munmap(void *map, size_t size)
{
	mappings--;
	return __real_munmap((char *)map - PAGE, with_guard_pages(size));
}

static int memory_file(off_t size)
{
	int fd = memfd_create("ram", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		abort();
	return fd;
}

static void odd_fds_open(void)
{
	int pair[2];

	front.odd[ODD_NULL] = open("/dev/null", O_RDWR);
	if (pipe2(pair, O_NONBLOCK))
		abort();
	front.odd[ODD_PIPE_OUT] = pair[0];
	front.odd[ODD_PIPE_IN] = pair[1];
	front.odd[ODD_READ_ONLY] = open("/proc/self/maps", O_RDONLY);
	front.odd[ODD_EMPTY] = memory_file(0);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair))
		abort();
	front.odd[ODD_DATAGRAM] = pair[0];
	front.odd[ODD_DATAGRAM_PEER] = pair[1];
}

/* Return: the backend's end of the connection. */
static int front_end_init(const uint8_t *data, size_t size)
{
	const int answers = ANSWERS_MAX;
	int pair[2];
	unsigned int i;

	front = (struct front_end){ .channel = -1, .blob = -1, .data = data, .size = size };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) ||
	    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &answers, sizeof(answers)))
		abort();
	front.socket = pair[0];
	for (i = 0; i < VGPU_GUEST_REGIONS; i++)
		front.ram[i] = memory_file(VGPU_GUEST_REGION);
	for (i = 0; i < VGPU_QUEUES; i++)
		front.kick[i] = eventfd(0, EFD_NONBLOCK);
	front.call = eventfd(0, EFD_NONBLOCK);
	front.signals = eventfd(0, EFD_NONBLOCK);
	odd_fds_open();
	return pair[1];
}

static void close_all(int *fds, unsigned int count)
{
	while (count--)
		vhost_close_fd(&fds[count]);
}

static void front_end_exit(void)
{
	close_all(&front.socket, 1);
	close_all(&front.channel, 1);
	close_all(front.ram, VGPU_GUEST_REGIONS);
	close_all(front.kick, VGPU_QUEUES);
	close_all(&front.call, 1);
	close_all(&front.signals, 1);
	close_all(&front.blob, 1);
	close_all(front.odd, ODD_FDS);
}

/* The first byte: how far the front-end has got when the input's steps begin. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int fds = fuzz_fds();
	struct session_config config = {
		.drm_fd = -1,
		.window = VGPU_GUEST_WINDOW,
		.bytes_max = BYTES_MAX,
		.blobs_max = BLOBS_MAX,
		.mem_slots = MEM_SLOTS,
		.image_blob_id = VGPU_BLOB_ID_MEMFD,
	};
	int socket;

	if (!size)
		return 0;
	socket = front_end_init(data + 1, size - 1);
	front.begin = *data & 0x80 ? SET_UP + FUZZ_AT_WORK : *data % (SET_UP + FUZZ_AT_WORK + 1);
	config.signals = front.signals;
	if (session_run(socket, &config))
		abort();
	close(socket);
	front_end_exit();
	if (fuzz_fds() != fds || mappings)
		abort();
	return 0;
}
