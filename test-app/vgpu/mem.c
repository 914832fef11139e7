// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory as a device sees it, see mem.h. */

#include <errno.h>
#include <string.h>

#include "mem.h"

static const struct vgpu_mem_region *region_of(const struct vgpu_mem *mem,
					       uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < mem->count; i++) {
		if (gpa - mem->region[i].gpa < mem->region[i].size)
			return &mem->region[i];
	}
	return NULL;
}

int vgpu_mem_add(struct vgpu_mem *mem, uint64_t gpa, void *hva, uint64_t size)
{
	unsigned int i;

	if (!size || gpa > UINT64_MAX - (size - 1))
		return -EINVAL;
	/* What is aligned for the guest must be for the host's atomic accesses. */
	if (gpa % VGPU_MEM_ALIGN || (uintptr_t)hva % VGPU_MEM_ALIGN)
		return -EINVAL;
	for (i = 0; i < mem->count; i++) {
		const struct vgpu_mem_region *other = &mem->region[i];

		if (gpa - other->gpa < other->size || other->gpa - gpa < size)
			return -EEXIST;
	}
	if (mem->count == VGPU_MEM_REGIONS)
		return -ENOSPC;
	mem->region[mem->count++] = (struct vgpu_mem_region){ gpa, size, hva };
	return 0;
}

void *vgpu_mem_at(const struct vgpu_mem *mem, uint64_t gpa, uint64_t size)
{
	const struct vgpu_mem_region *region = region_of(mem, gpa);

	if (!region || size > region->size - (gpa - region->gpa))
		return NULL;
	return region->hva + (gpa - region->gpa);
}

/*
 * The host's address of the next piece of a range, the part of it that lies in
 * one region; NULL when there is none. @piece gets its bytes.
 */
static char *piece_of(const struct vgpu_mem *mem, uint64_t gpa, uint64_t size,
		      uint64_t *piece)
{
	const struct vgpu_mem_region *region = region_of(mem, gpa);
	uint64_t offset;

	if (!region)
		return NULL;
	offset = gpa - region->gpa;
	*piece = region->size - offset < size ? region->size - offset : size;
	return region->hva + offset;
}

bool vgpu_mem_has(const struct vgpu_mem *mem, uint64_t gpa, uint64_t size)
{
	uint64_t piece;

	for (; size; gpa += piece, size -= piece) {
		if (!piece_of(mem, gpa, size, &piece))
			return false;
	}
	return true;
}

int vgpu_mem_read(const struct vgpu_mem *mem, uint64_t gpa, void *data,
		  size_t size)
{
	uint64_t piece;

	for (; size; gpa += piece, size -= piece) {
		const char *hva = piece_of(mem, gpa, size, &piece);

		if (!hva)
			return -EFAULT;
		memcpy(data, hva, piece);
		data = (char *)data + piece;
	}
	return 0;
}

int vgpu_mem_write(const struct vgpu_mem *mem, uint64_t gpa, const void *data,
		   size_t size)
{
	uint64_t piece;

	for (; size; gpa += piece, size -= piece) {
		char *hva = piece_of(mem, gpa, size, &piece);

		if (!hva)
			return -EFAULT;
		memcpy(hva, data, piece);
		data = (const char *)data + piece;
	}
	return 0;
}
