/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guests of the device model use beyond the virtio specification: the blob_id of a
 * HOST3D blob, and the commands of SUBMIT_3D in a context without a capset
 * (context_init 0). Shared by the device and the guests' programs.
 *
 * All members are little-endian.
 */
#ifndef MOCKGPU_VGPU_PROTOCOL_H
#define MOCKGPU_VGPU_PROTOCOL_H

#include <stdint.h>

/**
 * enum vgpu_source - where the memory of a HOST3D blob comes from
 * @VGPU_SOURCE_MEMFD: control: a memfd, which every kernel can map
 * @VGPU_SOURCE_MOCKGPU: a dma-buf of the mockgpu driver
 * @VGPU_SOURCE_UDMABUF: a dma-buf of udmabuf, over a memfd
 * @VGPU_SOURCE_HEAP: a dma-buf of the system heap
 */
enum vgpu_source {
	VGPU_SOURCE_MEMFD = 0,
	VGPU_SOURCE_MOCKGPU = 1,
	VGPU_SOURCE_UDMABUF = 2,
	VGPU_SOURCE_HEAP = 3,
};

/*
 * blob_id in a context without a capset: bits 0 to 7 are the source, then 8 bits each of
 * kind, order, caching, placement and fault mode (only modes without an argument), as in
 * struct drm_mockgpu_bo_create, all 0 for other sources. The other bits must be 0. Every
 * RESOURCE_CREATE_BLOB creates a new zeroed buffer.
 */
#define VGPU_BLOB_ID(source, kind, order, caching)			\
	((uint64_t)(source) | (uint64_t)(kind) << 8 |			\
	 (uint64_t)(order) << 16 | (uint64_t)(caching) << 24)
#define VGPU_BLOB_ID_PLACED(placement) ((uint64_t)(placement) << 32)
#define VGPU_BLOB_ID_FAULTING(mode) ((uint64_t)(mode) << 40)
#define VGPU_BLOB_ID_MEMFD VGPU_BLOB_ID(VGPU_SOURCE_MEMFD, 0, 0, 0)
#define VGPU_BLOB_ID_UDMABUF VGPU_BLOB_ID(VGPU_SOURCE_UDMABUF, 0, 0, 0)
#define VGPU_BLOB_ID_HEAP VGPU_BLOB_ID(VGPU_SOURCE_HEAP, 0, 0, 0)
#define VGPU_BLOB_ID_SOURCE(id) ((uint8_t)(id))
#define VGPU_BLOB_ID_KIND(id) ((uint8_t)((id) >> 8))
#define VGPU_BLOB_ID_ORDER(id) ((uint8_t)((id) >> 16))
#define VGPU_BLOB_ID_CACHING(id) ((uint8_t)((id) >> 24))
#define VGPU_BLOB_ID_PLACEMENT(id) ((uint8_t)((id) >> 32))
#define VGPU_BLOB_ID_FAULT(id) ((uint8_t)((id) >> 40))
#define VGPU_BLOB_ID_BITS 48

/**
 * enum vgpu_op - a command of SUBMIT_3D
 * @VGPU_OP_FILL: struct vgpu_cmd_pattern: the host writes the checked words of pages,
 *	guest_words[] of guest/protocol.h with guest_value()
 * @VGPU_OP_CHECK: struct vgpu_cmd_pattern: the host reads and compares them, and writes
 *	struct vgpu_report
 * @VGPU_OP_HOLD: struct vgpu_cmd_ring: hold the fences of that ring of the context, from
 *	this submission's own fence on, if it has one
 * @VGPU_OP_RELEASE: struct vgpu_cmd_ring: stop holding them
 *
 * A submission is a sequence of commands. The first bad one ends it with an error; the
 * effects of the commands before it stay.
 */
enum vgpu_op {
	VGPU_OP_FILL = 1,
	VGPU_OP_CHECK = 2,
	VGPU_OP_HOLD = 3,
	VGPU_OP_RELEASE = 4,
};

/**
 * struct vgpu_cmd_header - starts every command
 * @op: enum vgpu_op
 * @size: bytes of the command including this header, exactly those of its structure
 */
struct vgpu_cmd_header {
	uint32_t op;
	uint32_t size;
};

/**
 * struct vgpu_cmd_pattern - have the host touch pages
 * @header: VGPU_OP_FILL or VGPU_OP_CHECK
 * @resource_id: of the blob, attached to the context
 * @report_id: VGPU_OP_CHECK: resource that gets struct vgpu_report at offset 0, attached
 *	to the context; VGPU_OP_FILL: 0
 * @seed: for guest_value()
 * @first: first page
 * @pages: how many, not 0
 */
struct vgpu_cmd_pattern {
	struct vgpu_cmd_header header;
	uint32_t resource_id;
	uint32_t report_id;
	uint64_t seed;
	uint64_t first;
	uint64_t pages;
};

/**
 * struct vgpu_cmd_ring - hold or release a ring's fences
 * @header: VGPU_OP_HOLD or VGPU_OP_RELEASE
 * @ring_idx: the ring; for VGPU_OP_HOLD that of the submission itself if it is fenced
 * @reserved: must be 0
 */
struct vgpu_cmd_ring {
	struct vgpu_cmd_header header;
	uint32_t ring_idx;
	uint32_t reserved;
};

/**
 * struct vgpu_report - result of VGPU_OP_CHECK
 * @pages: pages checked
 * @wrong_words: words that differ; the other members describe the first of them
 * @wrong_page: its page
 * @wrong_word: its word in the page
 * @right: expected value
 * @seen: actual value
 */
struct vgpu_report {
	uint64_t pages;
	uint64_t wrong_words;
	uint64_t wrong_page;
	uint64_t wrong_word;
	uint64_t right;
	uint64_t seen;
};

#endif /* MOCKGPU_VGPU_PROTOCOL_H */
