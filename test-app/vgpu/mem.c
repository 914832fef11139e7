// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory as a device sees it, see mem.h. */

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>

#include "fault_guard.h"
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
	/* Addresses aligned for the guest must be aligned for the host's atomic accesses. */
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

int vgpu_mem_remove(struct vgpu_mem *mem, uint64_t gpa)
{
	unsigned int i;

	for (i = 0; i < mem->count; i++) {
		if (mem->region[i].gpa != gpa)
			continue;
		mem->region[i] = mem->region[--mem->count];
		return 0;
	}
	return -ENOENT;
}

void *vgpu_mem_at(const struct vgpu_mem *mem, uint64_t gpa, uint64_t size)
{
	const struct vgpu_mem_region *region = region_of(mem, gpa);

	if (!region || size > region->size - (gpa - region->gpa))
		return NULL;
	return region->hva + (gpa - region->gpa);
}

/*
 * Get the host address of the next piece of a range, the part that lies in one region;
 * NULL without one. @piece gets its size in bytes.
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

		if (!hva || fault_guard_read(data, hva, piece))
			return -EFAULT;
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

		if (!hva || fault_guard_write(hva, data, piece))
			return -EFAULT;
		data = (const char *)data + piece;
	}
	return 0;
}

struct word {
	_Atomic uint16_t *at;
	uint16_t value;
};

static void load16(void *arg)
{
	struct word *word = arg;

	word->value = le16toh(atomic_load_explicit(word->at, memory_order_acquire));
}

static void store16(void *arg)
{
	struct word *word = arg;

	atomic_store_explicit(word->at, htole16(word->value), memory_order_release);
}

static int word_run(const struct vgpu_mem *mem, uint64_t gpa, struct word *word,
		    void (*run)(void *arg))
{
	word->at = vgpu_mem_at(mem, gpa, sizeof(word->value));
	if (!word->at || gpa % sizeof(word->value) ||
	    fault_guard_range(run, word, word->at, sizeof(word->value)))
		return -EFAULT;
	return 0;
}

int vgpu_mem_load16(const struct vgpu_mem *mem, uint64_t gpa, uint16_t *value)
{
	struct word word;
	int ret = word_run(mem, gpa, &word, load16);

	if (!ret)
		*value = word.value;
	return ret;
}

int vgpu_mem_store16(const struct vgpu_mem *mem, uint64_t gpa, uint16_t value)
{
	struct word word = { .value = value };

	return word_run(mem, gpa, &word, store16);
}
