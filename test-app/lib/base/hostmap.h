/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This process's own mappings: room for one, whether an address has an entry in the
 * page table, and the flags of the VMA it lies in.
 */
#ifndef MOCKGPU_TEST_HOSTMAP_H
#define MOCKGPU_TEST_HOSTMAP_H

#include <stdbool.h>
#include <stddef.h>

/* Addresses congruent modulo this can be mapped by large entries. */
#define HOSTMAP_ALIGNMENT (2ull << 20)

/**
 * hostmap_reserve() - find room for a mapping at an aligned address
 * @size: bytes, a multiple of the page size
 *
 * Return: an address aligned to HOSTMAP_ALIGNMENT, where nothing is accessible
 * yet and which MAP_FIXED may replace; NULL without room. To be given back with
 * munmap() of @size bytes.
 */
void *hostmap_reserve(size_t size);

/**
 * hostmap_is_present() - tell whether the page table has an entry for an address
 * @address: a readable address, in the thread's own process
 *
 * Reads a byte there and looks whether that took a page fault; so there is an
 * entry afterwards in any case. /proc/self/pagemap cannot tell: it takes VM_PFNMAP
 * for holes (walk_page_test() in mm/pagewalk.c).
 *
 * Return: true when there was one.
 */
bool hostmap_is_present(const void *address);

/**
 * hostmap_is_hidden() - tell whether a range holds nothing: all of it is private
 *	anonymous memory that nobody may access
 * @address: page aligned
 * @size: bytes, a multiple of the page size, not 0
 *
 * Return: true when it is; false when it is not, or parts are not mapped at all.
 */
bool hostmap_is_hidden(const void *address, size_t size);

/**
 * hostmap_vma_flags() - get the flags of the VMA an address lies in
 * @address: any address
 * @flags: the line "VmFlags" of /proc/self/smaps is stored here, for example
 *	"rd wr sh mr mw me ms pf io de dd"
 * @size: bytes at @flags, at least 1; a longer line is cut
 *
 * The two-letter names are those of Documentation/filesystems/proc.rst.
 *
 * Return: 0; -ENOENT where nothing is mapped; -errno.
 */
int hostmap_vma_flags(const void *address, char *flags, size_t size);

#endif /* MOCKGPU_TEST_HOSTMAP_H */
