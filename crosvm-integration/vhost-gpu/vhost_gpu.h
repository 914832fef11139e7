/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of a session share, see session.h. */
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
 * @addr: the rings, as addresses of the front-end's
 * @base: where to begin
 * @kick: the guest has something for us; -1 when the queue is stopped
 * @call: we have something for the guest; -1: it does not want to know
 * @err: the queue broke; -1: the front-end does not want to know
 * @enabled: by SET_VRING_ENABLE
 * @start: it is to begin, as soon as no command is being run
 * @more: the device stopped with something left
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
 * @offset: where
 * @device: which file it is
 * @inode: which file it is
 */
struct export {
	LIST_ENTRY(export) link;
	uint64_t offset;
	dev_t device;
	ino_t inode;
};

/**
 * struct mapping - a region of the guest's memory
 * @region: as the front-end describes it
 * @hva: where it is here
 */
struct mapping {
	struct vhost_user_region region;
	void *hva;
};

LIST_HEAD(exports, export);

/**
 * struct session - a front-end
 * @socket: its connection
 * @channel: for requests of ours, -1: there is none
 * @config: what its guest gets
 * @dev: the guest's device
 * @features: accepted features of the protocol
 * @mappings: regions of the guest's memory
 * @mapping: regions of the guest's memory
 * @queue: the queues
 * @exports: what is in the host-visible region
 * @stops: how often a queue was stopped
 * @resetting: the guest's device is being reset
 * @ended: there is nothing more to do
 */
struct session {
	int socket;
	int channel;
	const struct session_config *config;
	struct vgpu *dev;
	uint64_t features;
	unsigned int mappings;
	struct mapping mapping[VHOST_USER_REGIONS];
	struct queue queue[VGPU_QUEUES];
	struct exports exports;
	unsigned int stops;
	bool resetting;
	bool ended;
};

/*
 * Requests of the front-end: 0 or -errno. Those that get something answer by
 * themselves unless they fail. In the file that is named.
 */
/* memory.c */
int vhost_set_mem_table(struct session *session, struct vhost_user_message *message);
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
/* complain.c: one line about the front-end or its guest. */
__attribute__((format(printf, 1, 2))) void vhost_complain(const char *format, ...);

/* memory.c: forget the guest's memory. */
void vhost_memory_clear(struct session *session);
/* memory.c: the guest physical address of what the front-end has at @user_addr. */
int vhost_gpa_of(const struct session *session, uint64_t user_addr, uint64_t *gpa);

/* queues.c: begin to use a queue that is to begin. */
void vhost_queue_start(struct session *session, unsigned int index);
/* queues.c: run what is in a queue, if it is enabled. */
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
