/* SPDX-License-Identifier: MIT */
/*
 * How an image lies in a buffer: planes, strides and offsets. Everything is
 * linear, as virtio-gpu's cross-domain clients and CPU users want it.
 */
#ifndef MOCKGPU_IMAGE_LAYOUT_H
#define MOCKGPU_IMAGE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <gbm.h>

/* Largest width and height in pixels, those of amdgpu's display and 3D engines. */
#define LAYOUT_MAX_EXTENT 16384

/* Strides are a multiple of this many bytes, as amdgpu's linear surfaces. */
#define LAYOUT_STRIDE_ALIGNMENT 256

/**
 * struct layout_plane - one plane
 * @stride: bytes from one row to the next
 * @offset: bytes from the start of the buffer
 * @row: bytes of a row that hold pixels
 * @rows: rows
 * @cpp: bytes of a pixel
 * @hsub: pixels of the image to one of this plane, horizontally
 * @vsub: the same, vertically
 */
struct layout_plane {
	uint32_t stride;
	uint32_t offset;
	uint32_t row;
	uint32_t rows;
	uint32_t cpp;
	uint32_t hsub;
	uint32_t vsub;
};

/**
 * struct layout - an image
 * @width: pixels
 * @height: pixels
 * @format: DRM fourcc code
 * @planes: how many, 1 to 3
 * @plane: the planes
 * @size: bytes of all planes
 */
struct layout {
	uint32_t width;
	uint32_t height;
	uint32_t format;
	unsigned int planes;
	struct layout_plane plane[GBM_MAX_PLANES];
	uint64_t size;
};

/**
 * layout_planes() - tell how many planes a format has
 * @format: DRM fourcc code, or one of enum gbm_bo_format
 *
 * Return: 1 to 3; 0 for a format that is not known.
 */
unsigned int layout_planes(uint32_t format);

/**
 * layout_format() - get the DRM fourcc code of a format
 * @format: DRM fourcc code, or one of enum gbm_bo_format, which mean the same
 *	but have numbers of their own
 *
 * Return: the code.
 */
uint32_t layout_format(uint32_t format);

/**
 * layout_init() - lay out an image of our own
 * @layout: out
 * @width: pixels, 1 to LAYOUT_MAX_EXTENT
 * @height: pixels, 1 to LAYOUT_MAX_EXTENT
 * @format: as for layout_planes()
 *
 * Return: 0; -EINVAL for a bad extent or an unknown format.
 */
int layout_init(struct layout *layout, uint32_t width, uint32_t height, uint32_t format);

/**
 * layout_import() - take over the strides and offsets of somebody else
 * @layout: from layout_init()
 * @strides: bytes, one for each plane
 * @offsets: bytes, one for each plane
 * @size: bytes of the buffer; every plane must lie in it
 *
 * Return: 0; -EINVAL.
 */
int layout_import(struct layout *layout, const int *strides, const int *offsets, uint64_t size);

/**
 * layout_pixel() - find a pixel
 * @layout: the image
 * @plane: the plane
 * @x: pixels of the image from its left edge
 * @y: pixels of the image from its top
 *
 * Return: bytes from the start of the buffer.
 */
uint64_t layout_pixel(const struct layout *layout, unsigned int plane, uint32_t x, uint32_t y);

#endif /* MOCKGPU_IMAGE_LAYOUT_H */
