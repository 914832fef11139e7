/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the files of a session, see session.h. */
#ifndef MOCKGPU_VHOST_GPU_H
#define MOCKGPU_VHOST_GPU_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <unistd.h>

#include "session.h"
#include "vgpu.h"
#include "vhost_user.h"

#define BIT64(bit) (1ull << (bit))

/**
 * struct queue - a queue as the front-end describes it
 * @num: descriptors
 * @addr: the rings, as addresses of the front-end
 * @base: the first index
 * @kick: signalled by the guest for new requests; -1 if the queue is stopped
 * @call: signalled for the guest when requests are done; -1 for none
 * @err: signalled when the queue is broken; -1 for none
 * @enabled: enabled by SET_VRING_ENABLE
 * @start: it must start as soon as no command is running
 * @more: the device stopped before the queue was empty
 */
struct queue {
	uint16_t num;
	struct vhost_vring_addr addr;
	uint16_t base;
	int kick;
	int call;
	int err;
	bool enabled;
	bool start;
	bool more;
};

/**
 * struct export - a blob in the front-end's host-visible region
 * @link: in struct session.exports
 * @offset: its offset in the region
 * @device: device number of its file
 * @inode: inode number of its file
 */
struct export {
	LIST_ENTRY(export) link;
	uint64_t offset;
	dev_t device;
	ino_t inode;
};

/**
 * struct mapping - a region of the guest's memory, or a blob that the front-end lists with it
 * @region: as the front-end describes it
 * @hva: its address in this process; NULL for a blob
 */
struct mapping {
	struct vhost_user_region region;
	void *hva;
};

LIST_HEAD(exports, export);

/**
 * struct session - a front-end
 * @socket: its connection
 * @channel: socket for requests of the backend; -1 for none
 * @config: parameters
 * @dev: the guest's device
 * @features: accepted protocol features
 * @mappings: number of regions of the guest's memory
 * @mapping: regions of the guest's memory
 * @queue: the queues
 * @exports: blobs in the host-visible region
 * @stops: how many times a queue was stopped
 * @resetting: the guest's device is being reset
 * @ended: the session is over
 */
struct session {
	int socket;
	int channel;
	const struct session_config *config;
	struct vgpu *dev;
	uint64_t features;
	unsigned int mappings;
	struct mapping mapping[VHOST_USER_MEM_SLOTS_MAX];
	struct queue queue[VGPU_QUEUES];
	struct exports exports;
	unsigned int stops;
	bool resetting;
	bool ended;
};

/*
 * Handlers of the front-end's requests, by file: 0 or -errno. Those of requests that get
 * something send the answer unless they fail.
 */
/* memory.c */
int vhost_set_mem_table(struct session *session, struct vhost_user_message *message);
int vhost_get_max_mem_slots(struct session *session, struct vhost_user_message *message);
int vhost_add_mem_reg(struct session *session, struct vhost_user_message *message);
int vhost_rem_mem_reg(struct session *session, struct vhost_user_message *message);
/* queues.c */
int vhost_set_vring_num(struct session *session, struct vhost_user_message *message);
int vhost_set_vring_base(struct session *session, struct vhost_user_message *message);
int vhost_set_vring_addr(struct session *session, struct vhost_user_message *message);
int vhost_set_vring_enable(struct session *session, struct vhost_user_message *message);
int vhost_set_vring_kick(struct session *session, struct vhost_user_message *message);
int vhost_set_vring_call(struct session *session, struct vhost_user_message *message);
int vhost_set_vring_err(struct session *session, struct vhost_user_message *message);
int vhost_get_vring_base(struct session *session, struct vhost_user_message *message);

/* front_end.c: receive a request and run it; may end the session. */
void vhost_serve(struct session *session);
/* complain.c: print one line about the front-end or its guest. */
__attribute__((format(printf, 1, 2))) void vhost_complain(const char *format, ...);

/* memory.c: unmap the guest's memory. */
void vhost_memory_clear(struct session *session);
/* memory.c: tell whether the front-end can have one more blob in its table. */
bool vhost_memory_has_room(const struct session *session);
/* memory.c: get the guest physical address of the front-end's address @user_addr. */
int vhost_gpa_of(const struct session *session, uint64_t user_addr, uint64_t *gpa);

/* queues.c: start a queue that was told to start. */
void vhost_queue_start(struct session *session, unsigned int index);
/* queues.c: run the requests in a queue, if it is enabled. */
void vhost_queue_run(struct session *session, unsigned int index, bool kicked);
/* queues.c: close the descriptors of a queue. */
void vhost_queue_close(struct session *session, unsigned int index);

/* window.c: struct vgpu_ops. */
int vhost_window_map(void *opaque, struct vgpu_blob *blob, uint64_t offset);
int vhost_window_unmap(void *opaque, struct vgpu_blob *blob, uint64_t offset);

static inline bool vhost_has_feature(const struct session *session, unsigned int bit)
{
	return session->features & BIT64(bit);
}

/* Answer @message with the first @size bytes of its payload. */
static inline int vhost_reply(struct session *session, struct vhost_user_message *message,
			      uint32_t size)
{
	message->header.flags = VHOST_USER_VERSION | VHOST_USER_REPLY;
	message->header.size = size;
	return vhost_user_send(session->socket, message, -1);
}

static inline void vhost_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#endif /* MOCKGPU_VHOST_GPU_H */
