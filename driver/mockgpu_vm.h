/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * User mappings: page faults in the modes of enum mockgpu_fault_mode, huge entries
 * (mockgpu_vm_huge.c) and access by debuggers.
 *
 * Locking: the core holds mmap_lock or the VMA's lock, the handlers take the buffer's.
 * A mapping holds a reference to the buffer.
 * Errors: what VM_FAULT_* and the fault modes of the uapi header say.
 */
#ifndef MOCKGPU_VM_H
#define MOCKGPU_VM_H

#include "mockgpu_types.h"

struct vm_area_struct;
struct vm_fault;
struct vm_operations_struct;

/**
 * struct mockgpu_fault_config - how page faults on a buffer are handled
 * @mode: enum mockgpu_fault_mode
 * @arg: its argument
 */
struct mockgpu_fault_config {
	u32 mode;
	u32 arg;
};

/**
 * mockgpu_bo_fault - get how page faults on a buffer are handled
 * @bo: the buffer; needs no lock
 *
 * Mode and argument share one word, so nobody sees one of them with the predecessor
 * of the other.
 *
 * Return: both.
 */
static inline struct mockgpu_fault_config mockgpu_bo_fault(const struct mockgpu_bo *bo)
{
	u64 fault = READ_ONCE(bo->fault);

	return (struct mockgpu_fault_config) {
		.mode = lower_32_bits(fault),
		.arg = upper_32_bits(fault),
	};
}

/**
 * mockgpu_bo_set_fault - set how page faults on a buffer are handled
 * @bo: the buffer, locked or not published yet
 * @config: mode and argument that mockgpu_fault_check() has accepted
 */
static inline void mockgpu_bo_set_fault(struct mockgpu_bo *bo,
					struct mockgpu_fault_config config)
{
	WRITE_ONCE(bo->fault, (u64)config.arg << 32 | config.mode);
}

/* Whether entries of 1 GiB may map a buffer. Constant, so it needs no lock. */
static inline bool mockgpu_bo_has_pud(const struct mockgpu_bo *bo)
{
	return bo->desc.flags & MOCKGPU_BO_HUGE_PUD;
}

extern const struct vm_operations_struct mockgpu_vm_ops;
const struct vm_operations_struct *mockgpu_bo_vm_ops(struct mockgpu_bo *bo);
int mockgpu_fault_check(u32 mode, u32 arg);
int mockgpu_bo_set_fault_ioctl(struct drm_device *drm, void *data,
			       struct drm_file *file);

/* mockgpu_vm_huge.c, with MOCKGPU_HAVE_HUGE_PFNMAP only */
vm_fault_t mockgpu_huge_fault(struct vm_fault *vmf, unsigned int order);
int mockgpu_huge_may_split(struct vm_area_struct *vma, unsigned long address);
unsigned long mockgpu_get_unmapped_area(struct file *file, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags);

#ifdef MOCKGPU_HAVE_KUNIT
bool mockgpu_fault_fails(struct mockgpu_bo *bo, vm_fault_t *ret);
bool mockgpu_huge_pfn(struct mockgpu_bo *bo, unsigned long first, unsigned int order,
		      unsigned long *pfn);
#endif

#endif /* MOCKGPU_VM_H */
