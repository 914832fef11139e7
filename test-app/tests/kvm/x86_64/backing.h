/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that does not come from mockgpu, as a control: what else VMMs give to guests.
 */
#ifndef MOCKGPU_TEST_BACKING_H
#define MOCKGPU_TEST_BACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostmap.h"
#include "mockgpu_test.h"
#include "vmm.h"

/**
 * enum backing_type - the source of the memory
 *
 * @BACKING_MEMFD: shmem
 * @BACKING_HUGETLB: a memfd of 2 MiB pages, reserved for it
 * @BACKING_UDMABUF: a dma-buf over a memfd; VM_PFNMAP
 * @BACKING_UDMABUF_HUGE: the same over a memfd of 2 MiB pages, as QEMU's blob=true makes of a
 *	guest's RAM in hugetlb: compound pages, VM_PFNMAP
 * @BACKING_HEAP: a dma-buf of the system heap: compound pages, VM_PFNMAP
 * @BACKING_GMEM_MAPPED: guest_memfd, with its mapping as an ordinary memslot (6.18)
 * @BACKING_GMEM: guest_memfd, as a guest_memfd memslot (6.18): KVM gets pages from the file,
 *	not from the mapping
 */
enum backing_type {
	BACKING_MEMFD,
	BACKING_HUGETLB,
	BACKING_UDMABUF,
	BACKING_UDMABUF_HUGE,
	BACKING_HEAP,
	BACKING_GMEM_MAPPED,
	BACKING_GMEM,
};

/**
 * struct backing - a piece of such memory
 *
 * @type: its source
 * @fd: its file, a dma-buf or a memfd
 * @size: bytes
 * @map: where it is mapped in full, aligned to HOSTMAP_ALIGNMENT
 */
struct backing {
	enum backing_type type;
	int fd;
	size_t size;
	char *map;
	/* private: */
	struct vmm *vm;
	unsigned long reserve;
	bool reserved;
};

/**
 * backing_keep_huge_pages() - have the pool of 2 MiB pages restored when the process ends
 *
 * backing_close() restores it too, but a test that crashes does not get there. Must be called
 * before any thread is created.
 *
 * Return: 0 or -errno.
 */
int backing_keep_huge_pages(void);

/**
 * backing_open() - allocate memory
 * @backing: out; to be ended with backing_close() whatever is returned
 * @type: its source
 * @vm: the VM that will use it
 * @size: bytes, a multiple of 2 MiB for BACKING_HUGETLB
 *
 * Return: 0; -ENOENT, -EOPNOTSUPP or -EINVAL if this kernel has no such memory; -ENOMEM,
 * also without free 2 MiB pages; -errno.
 */
int backing_open(struct backing *backing, enum backing_type type, struct vmm *vm, size_t size);

/**
 * backing_close() - free it
 * @backing: from backing_open()
 */
void backing_close(struct backing *backing);

/**
 * backing_map() - map it at @backing->map, again if it already is
 * @backing: the memory
 *
 * Return: 0 or -errno.
 */
int backing_map(struct backing *backing);

/**
 * backing_punch() - free all pages: the next access allocates new ones, filled with zeros
 * @backing: the memory
 *
 * Return: 0; -EOPNOTSUPP or -EINVAL for a dma-buf, which cannot do it; -errno.
 */
int backing_punch(struct backing *backing);

/**
 * backing_is_punchable() - tell whether backing_punch() can work
 * @backing: the memory
 *
 * Return: true when it is not a dma-buf.
 */
bool backing_is_punchable(const struct backing *backing);

/**
 * backing_slot_set() - vmm_slot_set() for all of it
 * @backing: the memory
 * @slot: number of the memslot
 * @gpa: guest physical address
 * @flags: as for vmm_slot_set()
 *
 * Return: as vmm_slot_set(); -EINVAL for any change of a memslot of BACKING_GMEM.
 */
int backing_slot_set(struct backing *backing, unsigned int slot, uint64_t gpa, uint32_t flags);

/**
 * backing_look() - query the pages that are mapped now, after touching each of them
 * @backing: the memory
 * @pages: out: pfn, and what makes KVM refuse it before 6.13: count (only whether there is
 *	one) and MOCKGPU_PAGE_HEAD or _TAIL; a page that KVM gets by get_user_pages() has
 *	none of these
 *
 * Return: 0 or -errno: it needs CAP_SYS_ADMIN and /proc/kpageflags.
 */
int backing_look(struct backing *backing, struct drm_mockgpu_page *pages);

#endif /* MOCKGPU_TEST_BACKING_H */
