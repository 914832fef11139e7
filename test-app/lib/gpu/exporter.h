/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-bufs of other exporters, for imports, and vgem, as an importer of ours.
 *
 * Functions that return int return a file descriptor, or a negative errno: -ENOENT if
 * the kernel has no such exporter.
 */
#ifndef MOCKGPU_EXPORTER_H
#define MOCKGPU_EXPORTER_H

#include <stddef.h>

/**
 * exporter_vgem_open - open vgem's primary node; loads the module if needed
 *
 * Return: see above.
 */
int exporter_vgem_open(void);

/**
 * exporter_vgem - create a dma-buf of vgem: write-combined shmem pages
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_vgem(size_t size);

/**
 * exporter_udmabuf - create a dma-buf of udmabuf, over a memfd
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_udmabuf(size_t size);

/**
 * exporter_udmabuf_of - the same over a memfd of some kind
 * @size: bytes, a multiple of the size of the memfd's pages
 * @memfd_flags: of memfd_create(), for example MFD_HUGETLB
 *
 * Return: see above.
 */
int exporter_udmabuf_of(size_t size, unsigned int memfd_flags);

/**
 * exporter_heap - create a dma-buf of the system heap: compound pages
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_heap(size_t size);

/**
 * exporter_heap_of - create a dma-buf of a heap
 * @name: of the heap, in /dev/dma_heap
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_heap_of(const char *name, size_t size);

#endif /* MOCKGPU_EXPORTER_H */
