/* SPDX-License-Identifier: GPL-2.0-only */
/* Valid commands of a guest, and damage to them, for the fuzz targets. */
#ifndef VGPU_FUZZ_COMMANDS_H
#define VGPU_FUZZ_COMMANDS_H

#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_gpu.h>

#include "vgpu/cross_domain.h"
#include "vgpu/protocol.h"

/**
 * struct fuzz_message - one command in the input
 * @type: which command, modulo their number
 * @ids: low 4 bits the resource, then 2 bits the context, then a flag that the command ends
 *	with the damage, and one that the damage follows the command
 * @pages: size or offset of a blob
 * @at: offset of the damage in the command
 * @len: bytes of damage that follow
 */
struct fuzz_message {
	uint8_t type;
	uint8_t ids;
	uint8_t pages;
	uint8_t at;
	uint8_t len;
};

/* A command of a valid type, with room for damage behind it. */
union fuzz_command {
	struct virtio_gpu_ctrl_hdr hdr;
	struct virtio_gpu_ctx_create ctx_create;
	struct virtio_gpu_resource_create_blob create;
	struct virtio_gpu_resource_map_blob map;
	struct virtio_gpu_resource_unref resource;
	struct {
		struct virtio_gpu_cmd_submit submit;
		struct vgpu_cmd_pattern pattern;
	} pattern;
	struct {
		struct virtio_gpu_cmd_submit submit;
		struct vgpu_cmd_ring ring;
	} ring;
	struct {
		struct virtio_gpu_cmd_submit submit;
		struct cross_domain_init init;
	} init;
	struct {
		struct virtio_gpu_cmd_submit submit;
		struct cross_domain_get_image_requirements ask;
	} ask;
	struct {
		struct virtio_gpu_resource_create_blob create;
		struct virtio_gpu_mem_entry entry[2];
	} own;
	uint8_t bytes[512];
};

/**
 * fuzz_command_make() - make a command
 * @command: out
 * @message: what the input says
 * @damage: its @len bytes that are added to the command, or follow it
 *
 * Return: its size in bytes.
 */
size_t fuzz_command_make(union fuzz_command *command, const struct fuzz_message *message,
			 const uint8_t *damage);

/*
 * A guest at work: context 1 has a mapped HOST3D blob and a GUEST blob; context 2, a
 * cross-domain context, has an image and its ring.
 */
#define FUZZ_AT_WORK 11
extern const struct fuzz_message fuzz_at_work[FUZZ_AT_WORK];

#endif /* VGPU_FUZZ_COMMANDS_H */
