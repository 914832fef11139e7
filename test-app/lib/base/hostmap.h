/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * This process's own mappings: reserve room for one, tell whether an address has a
 * page table entry, and read the flags of its VMA.
 */
#ifndef MOCKGPU_TEST_HOSTMAP_H
#define MOCKGPU_TEST_HOSTMAP_H

#include <stdbool.h>
#include <stddef.h>

/* Large entries can map addresses that are congruent modulo this. */
#define HOSTMAP_ALIGNMENT (2ull << 20)

/**
 * hostmap_reserve() - reserve an aligned address range for a mapping
 * @size: bytes, a multiple of the page size
 *
 * Return: an address aligned to HOSTMAP_ALIGNMENT, where nothing is accessible yet and
 * which MAP_FIXED may replace; NULL without room. Release it with munmap() of @size
 * bytes.
 */
void *hostmap_reserve(size_t size);

/**
 * hostmap_is_present() - tell whether an address has a page table entry
 * @address: a readable address of the calling process
 *
 * Reads a byte there and checks whether that took a page fault, so the entry exists
 * afterwards in any case. /proc/self/pagemap cannot tell: it reports VM_PFNMAP as a
 * hole (walk_page_test() in mm/pagewalk.c).
 *
 * Return: true when there was an entry.
 */
bool hostmap_is_present(const void *address);

/**
 * hostmap_is_hidden() - tell whether a range is empty: all of it is private anonymous
 *	memory that nobody may access
 * @address: page aligned
 * @size: bytes, a multiple of the page size, not 0
 *
 * Return: true when it is; false when it is not, or when parts are not mapped.
 */
bool hostmap_is_hidden(const void *address, size_t size);

/**
 * hostmap_vma_flags() - get the flags of the VMA at an address
 * @address: any address
 * @flags: out: line "VmFlags" of /proc/self/smaps, for example
 *	"rd wr sh mr mw me ms pf io de dd"
 * @size: bytes at @flags, at least 1; a longer line is truncated
 *
 * The two-letter names are those of Documentation/filesystems/proc.rst.
 *
 * Return: 0; -ENOENT where nothing is mapped; -errno.
 */
int hostmap_vma_flags(const void *address, char *flags, size_t size);

#endif /* MOCKGPU_TEST_HOSTMAP_H */
