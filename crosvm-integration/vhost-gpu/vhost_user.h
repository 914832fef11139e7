/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vhost-user messages: QEMU's docs/interop/vhost-user.rst, as QEMU 11.1 and
 * crosvm use them. This is only the part that a backend for virtio-gpu needs. Debian has no
 * library for backends (libvhost-user is only part of QEMU's source).
 *
 * All members are in the machine's byte order.
 */
#ifndef MOCKGPU_VHOST_USER_H
#define MOCKGPU_VHOST_USER_H

#include <stdint.h>

#include <linux/vhost_types.h>

/* The device feature that means that there are protocol features. */
#define VHOST_USER_F_PROTOCOL_FEATURES 30

enum vhost_user_protocol_feature {
	VHOST_USER_PROTOCOL_F_MQ = 0,
	VHOST_USER_PROTOCOL_F_REPLY_ACK = 3,
	VHOST_USER_PROTOCOL_F_BACKEND_REQ = 5,
	VHOST_USER_PROTOCOL_F_CONFIG = 9,
	VHOST_USER_PROTOCOL_F_BACKEND_SEND_FD = 10,
	VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS = 15,
	VHOST_USER_PROTOCOL_F_SHARED_OBJECT = 18,
	VHOST_USER_PROTOCOL_F_SHMEM = 22,
};

enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_RESET_OWNER = 4,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_SET_VRING_ERR = 14,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_GET_SHARED_OBJECT = 41,
	VHOST_USER_GET_SHMEM_CONFIG = 44,
};

/* Requests of the backend, on the channel of VHOST_USER_SET_BACKEND_REQ_FD. */
enum vhost_user_backend_request {
	VHOST_USER_BACKEND_SHARED_OBJECT_REMOVE = 7,
	VHOST_USER_BACKEND_SHMEM_MAP = 9,
	VHOST_USER_BACKEND_SHMEM_UNMAP = 10,
};

#define VHOST_USER_VERSION 1u
#define VHOST_USER_VERSION_MASK 3u
#define VHOST_USER_REPLY (1u << 2)
#define VHOST_USER_NEED_REPLY (1u << 3)

/* Regions in one SET_MEM_TABLE; the most that QEMU can have (VHOST_USER_MAX_RAM_SLOTS). */
#define VHOST_USER_REGIONS 8
#define VHOST_USER_MEM_SLOTS_MAX 512
#define VHOST_USER_CONFIG_MAX 256
#define VHOST_USER_SHMEM_REGIONS 256

/* In the u64 of SET_VRING_KICK, _CALL and _ERR: the queue, and "no descriptor". */
#define VHOST_USER_VRING_MASK 0xffu
#define VHOST_USER_VRING_NO_FD (1u << 8)

struct vhost_user_region {
	uint64_t gpa;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct vhost_user_memory {
	uint32_t regions;
	uint32_t pad;
	struct vhost_user_region region[VHOST_USER_REGIONS];
};

struct vhost_user_mem_reg {
	uint64_t pad;
	struct vhost_user_region region;
};

struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t data[VHOST_USER_CONFIG_MAX];
};

struct vhost_user_shmem_config {
	uint32_t regions;
	uint32_t pad;
	uint64_t size[VHOST_USER_SHMEM_REGIONS];
};

/* Flag of SHMEM_MAP; without it the mapping is read-only. */
#define VHOST_USER_MMAP_READ_WRITE 1

struct vhost_user_mmap {
	uint8_t shmid;
	uint8_t pad[7];
	uint64_t fd_offset;
	uint64_t shm_offset;
	uint64_t len;
	uint64_t flags;
};

struct vhost_user_object {
	uint8_t uuid[16];
};

struct vhost_user_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

/**
 * struct vhost_user_message - a message with its payload and descriptors
 * @header: request, flags such as VHOST_USER_REPLY, size of the payload
 * @payload: the payload, followed by zeros
 * @fds: number of descriptors
 * @fd: the descriptors; -1 for none
 */
struct vhost_user_message {
	struct vhost_user_header header;
	union {
		uint64_t u64;
		struct vhost_vring_state state;
		struct vhost_vring_addr addr;
		struct vhost_user_memory memory;
		struct vhost_user_mem_reg mem_reg;
		struct vhost_user_config config;
		struct vhost_user_shmem_config shmem;
		struct vhost_user_mmap mmap;
		struct vhost_user_object object;
	} payload;
	unsigned int fds;
	int fd[VHOST_USER_REGIONS];
};

/**
 * vhost_user_receive() - read a message
 * @socket: the socket
 * @message: out; the caller owns its descriptors, see vhost_user_close_fds()
 *
 * Return: 1; 0 at the end of the stream; -EPROTO for an invalid message; -errno, for
 * example -EAGAIN when the socket's time limit expires.
 */
int vhost_user_receive(int socket, struct vhost_user_message *message);

/**
 * vhost_user_send() - write a message
 * @socket: the socket
 * @message: header and payload
 * @fd: a descriptor to send with it, or -1; the caller keeps it
 *
 * Return: 0 or -errno.
 */
int vhost_user_send(int socket, const struct vhost_user_message *message, int fd);

/**
 * vhost_user_take_fd() - take the first descriptor of a message
 * @message: the message
 *
 * Return: the descriptor, which the caller now owns, or -1.
 */
int vhost_user_take_fd(struct vhost_user_message *message);

/**
 * vhost_user_close_fds() - close the remaining descriptors of a message
 * @message: the message
 */
void vhost_user_close_fds(struct vhost_user_message *message);

#endif /* MOCKGPU_VHOST_USER_H */
