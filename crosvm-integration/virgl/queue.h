/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of the device's control queue. The queue and the commands are in this
 * process's memory, and a guest physical address of the device is an address of this process.
 */
#ifndef MOCKGPU_VIRGL_QUEUE_H
#define MOCKGPU_VIRGL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <linux/virtio_gpu.h>
#include <linux/virtio_ring.h>

struct vgpu;

#define QUEUE_SIZE 2048
/* A command takes up to three descriptors: its structure, its data, the answer. */
#define QUEUE_SLOT 3
#define QUEUE_SLOTS (QUEUE_SIZE / QUEUE_SLOT)

/**
 * struct queue_slot - a command
 * @link: in struct queue.free or struct queue.signaled, unless the device has it
 * @hdr: its header, of a fence
 * @answer: the device's answer
 */
struct queue_slot {
	TAILQ_ENTRY(queue_slot) link;
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_ctrl_hdr answer;
};

TAILQ_HEAD(queue_slots, queue_slot);

/**
 * struct queue - a control queue
 * @dev: the device
 * @ring: the descriptors, and the two rings behind them
 * @used_idx: index of the next used element
 * @free: commands that can be used
 * @signaled: fences that the device has given back, in that order
 * @slots: all commands; number i has the descriptors from i * QUEUE_SLOT on
 */
struct queue {
	struct vgpu *dev;
	struct vring ring;
	uint16_t used_idx;
	struct queue_slots free;
	struct queue_slots signaled;
	struct queue_slot slots[QUEUE_SLOTS];
};

/**
 * queue_init() - create a queue and have the device use it
 * @queue: out
 * @dev: the device, whose memory is that of this process
 *
 * Return: 0; -ENOMEM; an error of vgpu_queue_start().
 */
int queue_init(struct queue *queue, struct vgpu *dev);

/**
 * queue_restart() - begin again after vgpu_reset(), without any command or fence
 * @queue: the queue
 *
 * Return: 0; an error of vgpu_queue_start().
 */
int queue_restart(struct queue *queue);

/**
 * queue_fini() - undo queue_init()
 * @queue: the queue, whose device no longer uses it; or all zero
 */
void queue_fini(struct queue *queue);

/**
 * queue_run() - run a command
 * @queue: the queue
 * @command: its structure, which begins with struct virtio_gpu_ctrl_hdr
 * @size: bytes of it
 * @data: what follows it, or NULL
 * @data_size: bytes of that
 *
 * Return: 0; a negative errno for the device's answer; -EIO without one.
 */
int queue_run(struct queue *queue, const void *command, size_t size, const void *data,
	      size_t data_size);

/**
 * queue_fence() - add a fence to a ring of a context
 * @queue: the queue
 * @ctx_id: the context
 * @ring_idx: the ring
 * @fence_id: its number
 *
 * It appears in @signaled when the device signals it, which may be at once.
 *
 * Return: 0; a negative errno: there will be no such fence.
 */
int queue_fence(struct queue *queue, uint32_t ctx_id, uint32_t ring_idx, uint64_t fence_id);

/**
 * queue_signaled() - take the next fence that is signaled
 * @queue: the queue
 * @hdr: out: its context, ring and number
 *
 * Return: whether there was one.
 */
bool queue_signaled(struct queue *queue, struct virtio_gpu_ctrl_hdr *hdr);

#endif /* MOCKGPU_VIRGL_QUEUE_H */
