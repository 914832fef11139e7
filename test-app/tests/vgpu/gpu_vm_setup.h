/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for tests of a VM with a virtio-gpu device: set-up and teardown, one of its blobs as
 * an exercise, and kinds of blobs. Include it after kselftest_harness.h.
 */
#ifndef MOCKGPU_TEST_GPU_VM_SETUP_H
#define MOCKGPU_TEST_GPU_VM_SETUP_H

#include <stdlib.h>

#include "vgpu/protocol.h"
#include "gpu-vm/gpu_vm.h"
#include "case.h"
#include "driver.h"
#include "exercise.h"
#include "failure.h"

#define PAGE GUEST_PAGE_SIZE

#define OK VIRTIO_GPU_RESP_OK_NODATA
#define OK_MAP VIRTIO_GPU_RESP_OK_MAP_INFO

/* The blob of tests that have one. */
#define ID 1

static inline void vm_setup(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm, int drm_fd,
			    enum gpu_vm_layout layout, enum vgpu_map_method method)
{
	ASSERT_EQ(0, gpu_vm_init(gpu_vm, drm_fd, layout, method, 2))
		TH_LOG("the guest's driver: %u", gpu_vm->fault);
}

/* Whatever the test left, the device destroys. */
static inline void vm_teardown(struct __test_metadata *_metadata, struct gpu_vm *gpu_vm)
{
	struct vgpu_counts counts;

	vgpu_reset(gpu_vm->gpu);
	counts = vgpu_counts(gpu_vm->gpu);
	EXPECT_EQ(0, counts.resources);
	EXPECT_EQ(0, counts.mapped);
	EXPECT_EQ(0, counts.bytes);
	EXPECT_TRUE(gpu_vm_is_empty(gpu_vm));
	gpu_vm_fini(gpu_vm);
}

#define OF_KIND(kind, order) VGPU_BLOB_ID(VGPU_SOURCE_MOCKGPU, MOCKGPU_KIND_##kind, order, 0)
#define IN_VRAM VGPU_BLOB_ID_PLACED(MOCKGPU_PLACEMENT_VRAM)

/* What a blob is made of. */
enum place { IN_GTT_PAGES, IN_VRAM_PAGES, IN_MEMFD };

static inline enum place place_of(uint64_t blob_id)
{
	if (blob_id == VGPU_BLOB_ID_MEMFD)
		return IN_MEMFD;
	return VGPU_BLOB_ID_PLACEMENT(blob_id) ? IN_VRAM_PAGES : IN_GTT_PAGES;
}

/* The driver can query a blob's pages only if they are system pages. */
static inline int exercise_of_blob(struct exercise *exercise, struct gpu_vm *gpu_vm,
				   uint64_t blob_id, int kmsg)
{
	struct vgpu_blob *blob = vgpu_blob_find(gpu_vm->gpu, ID);
	size_t i, pages = vgpu_blob_size(blob) / PAGE;
	void *memory = vgpu_blob_access(blob);
	struct drm_mockgpu_page *blocks;
	int ret;

	if (!memory)
		return -ENOMEM;
	if (place_of(blob_id) == IN_GTT_PAGES)
		return exercise_init_bo(exercise, vgpu_blob_bo(blob), memory, gpu_vm->vm, kmsg);
	blocks = calloc(pages, sizeof(*blocks));
	if (!blocks)
		return -ENOMEM;
	for (i = 0; i < pages; i++)
		blocks[i].count = 1;
	ret = exercise_init_memory(exercise, memory, blocks, pages, gpu_vm->vm, kmsg);
	free(blocks);
	return ret;
}

static inline int blob_attach(struct exercise *exercise, const struct exercise_case *what)
{
	uint64_t offset = exercise_gpa(what) - GPU_VM_GPA;

	(void)exercise;
	return gpu_vm_map_blob(what->opaque, ID, offset) == OK_MAP ? 0 : -EPROTO;
}

static inline int blob_detach(struct exercise *exercise, const struct exercise_case *what)
{
	(void)exercise;
	return gpu_vm_unmap_blob(what->opaque, ID) == OK ? 0 : -EPROTO;
}

static const struct exercise_attach_ops blob_attach_ops = { blob_attach, blob_detach };

static inline struct judgement try_case(struct exercise *exercise, const struct exercise_case *what)
{
	exercise->explain = failure_explain;
	if (exercise_run(exercise, what))
		return judge_not_tried(exercise->error, exercise->pages);
	return judge(&exercise->evidence);
}

#endif /* MOCKGPU_TEST_GPU_VM_SETUP_H */
