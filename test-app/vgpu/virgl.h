/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * virglrenderer maps blobs: no GPU, no GL, no context; a resource per blob. The library
 * exists once per process, and so does the state here. Not locked: one thread at a time in
 * the whole process.
 */
#ifndef MOCKGPU_VGPU_VIRGL_H
#define MOCKGPU_VGPU_VIRGL_H

#include <stdbool.h>
#include <stdint.h>

/**
 * vgpu_virgl_can_map() - tell whether the program was built with a virglrenderer that
 *	can map
 * @fixed: at a given address
 *
 * Return: true when it was.
 */
bool vgpu_virgl_can_map(bool fixed);

/**
 * vgpu_virgl_import() - import a buffer as a resource of virglrenderer
 * @resource: out: the resource, not 0
 * @fd: the buffer; still owned by the caller
 * @dmabuf: it is a dma-buf, not a memfd
 * @size: bytes
 *
 * Return: 0; -EOPNOTSUPP when the program was built without virglrenderer; an error of
 * virglrenderer.
 */
int vgpu_virgl_import(uint32_t *resource, int fd, bool dmabuf, uint64_t size);

/**
 * vgpu_virgl_release() - release a resource
 * @resource: from vgpu_virgl_import(), not mapped
 */
void vgpu_virgl_release(uint32_t resource);

/**
 * vgpu_virgl_map() - virgl_renderer_resource_map()
 * @resource: the resource
 * @map: out: its address
 *
 * Return: 0 or an error of virglrenderer.
 */
int vgpu_virgl_map(uint32_t resource, void **map);

/**
 * vgpu_virgl_unmap() - virgl_renderer_resource_unmap()
 * @resource: the resource, mapped by vgpu_virgl_map()
 *
 * Return: 0 or an error of virglrenderer.
 */
int vgpu_virgl_unmap(uint32_t resource);

/**
 * vgpu_virgl_map_fixed() - virgl_renderer_resource_map_fixed()
 * @resource: the resource
 * @at: address; replaces any other mapping there, and the caller unmaps it
 *
 * Return: 0; -EOPNOTSUPP when the program was built with a virglrenderer older than 1.3; an
 * error of virglrenderer.
 */
int vgpu_virgl_map_fixed(uint32_t resource, void *at);

#endif /* MOCKGPU_VGPU_VIRGL_H */
