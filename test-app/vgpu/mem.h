/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory as a device sees it: a table of regions, each a range of guest physical
 * addresses (GPA) and the host's mapping of it.
 *
 * The guest chooses every address and length that is looked up here, so all of them are
 * checked. It may change the contents at any moment, so a value is copied once and the
 * copy is checked. Whoever shares the memory may take it away at any moment too, by
 * truncating its file: that is an error like a bad address, once fault_guard_init() was
 * called. Nothing here is locked: use it from one thread at a time.
 */
#ifndef MOCKGPU_VGPU_MEM_H
#define MOCKGPU_VGPU_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VGPU_MEM_REGIONS 512

/* Alignment of a region's guest and host addresses. */
#define VGPU_MEM_ALIGN 4096

/**
 * struct vgpu_mem_region - one range of guest memory
 * @gpa: first guest physical address
 * @size: bytes, not 0
 * @hva: where the host has it mapped, readable and writable
 */
struct vgpu_mem_region {
	uint64_t gpa;
	uint64_t size;
	char *hva;
};

/**
 * struct vgpu_mem - all of the guest's memory; all zero means empty
 * @count: number of regions
 * @region: unordered, without overlap
 */
struct vgpu_mem {
	unsigned int count;
	struct vgpu_mem_region region[VGPU_MEM_REGIONS];
};

/**
 * vgpu_mem_add() - add a region
 * @mem: the table
 * @gpa: first guest physical address
 * @hva: where the host has it mapped; must stay mapped while it is in the table
 * @size: bytes
 *
 * Return: 0; -EINVAL for a @size of 0 or past the end of the address space, or an address
 * that is not a multiple of VGPU_MEM_ALIGN; -EEXIST for an overlap; -ENOSPC for more than
 * VGPU_MEM_REGIONS.
 */
int vgpu_mem_add(struct vgpu_mem *mem, uint64_t gpa, void *hva, uint64_t size);

/**
 * vgpu_mem_remove() - remove a region
 * @mem: the table
 * @gpa: its first guest physical address
 *
 * Return: 0; -ENOENT when no region begins there.
 */
int vgpu_mem_remove(struct vgpu_mem *mem, uint64_t gpa);

/**
 * vgpu_mem_at() - look up a range that must lie in one region
 * @mem: the table
 * @gpa: guest physical address
 * @size: bytes
 *
 * Return: the host's address, or NULL when not all of it is guest memory. Access it only
 * if that memory cannot be taken away.
 */
void *vgpu_mem_at(const struct vgpu_mem *mem, uint64_t gpa, uint64_t size);

/**
 * vgpu_mem_has() - tell whether all of a range is guest memory
 * @mem: the table
 * @gpa: guest physical address; the range may cross from region to region
 * @size: bytes
 *
 * Return: true when it is.
 */
bool vgpu_mem_has(const struct vgpu_mem *mem, uint64_t gpa, uint64_t size);

/**
 * vgpu_mem_read() - copy from the guest
 * @mem: the table
 * @gpa: guest physical address; the range may cross from region to region
 * @data: destination
 * @size: bytes
 *
 * Return: 0; -EFAULT when part of it is not guest memory or is gone, with @data undefined.
 */
int vgpu_mem_read(const struct vgpu_mem *mem, uint64_t gpa, void *data,
		  size_t size);

/**
 * vgpu_mem_write() - copy to the guest
 * @mem: the table
 * @gpa: guest physical address; the range may cross from region to region
 * @data: source
 * @size: bytes
 *
 * Return: 0; -EFAULT when part of it is not guest memory or is gone; the rest may have
 * been written.
 */
int vgpu_mem_write(const struct vgpu_mem *mem, uint64_t gpa, const void *data,
		   size_t size);

/**
 * vgpu_mem_load16() - read a little-endian word in one access
 * @mem: the table
 * @gpa: guest physical address, a multiple of 2
 * @value: out; in host byte order
 *
 * Loads after it see what the guest wrote before (acquire).
 *
 * Return: 0; -EFAULT outside of guest memory.
 */
int vgpu_mem_load16(const struct vgpu_mem *mem, uint64_t gpa, uint16_t *value);

/**
 * vgpu_mem_store16() - write a little-endian word in one access
 * @mem: the table
 * @gpa: guest physical address, a multiple of 2
 * @value: in host byte order
 *
 * A guest that sees the value also sees what was written before it (release).
 *
 * Return: 0; -EFAULT outside of guest memory.
 */
int vgpu_mem_store16(const struct vgpu_mem *mem, uint64_t gpa, uint16_t value);

#endif /* MOCKGPU_VGPU_MEM_H */
