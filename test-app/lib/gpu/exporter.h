/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma-bufs of other exporters, to be imported, and vgem, to import ours.
 *
 * Functions that return int give a file descriptor, or a negative errno: -ENOENT
 * where the kernel has no such exporter.
 */
#ifndef MOCKGPU_EXPORTER_H
#define MOCKGPU_EXPORTER_H

#include <stddef.h>

/**
 * exporter_vgem_open - open vgem's primary node; the module is loaded if need be
 *
 * Return: see above.
 */
int exporter_vgem_open(void);

/**
 * exporter_vgem - a dma-buf of vgem: write-combined shmem pages
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_vgem(size_t size);

/**
 * exporter_udmabuf - a dma-buf of udmabuf, over a memfd
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_udmabuf(size_t size);

/**
 * exporter_heap - a dma-buf of the system heap: compound pages
 * @size: bytes, a multiple of the page size
 *
 * Return: see above.
 */
int exporter_heap(size_t size);

#endif /* MOCKGPU_EXPORTER_H */
