/* SPDX-License-Identifier: MIT */
/*
 * How an image lies in a buffer: planes, strides and offsets. Every image is
 * linear (DRM_FORMAT_MOD_LINEAR), as cross-domain clients of virtio-gpu and CPU
 * users want it. Shared by the device model and libgbm, and MIT like the latter.
 */
#ifndef MOCKGPU_IMAGE_LAYOUT_H
#define MOCKGPU_IMAGE_LAYOUT_H

#include <stdint.h>

/* Most planes of an image, as in GBM and in the cross-domain protocol. */
#define IMAGE_MAX_PLANES 4

/* Largest width and height in pixels, those of amdgpu's display and 3D engines. */
#define IMAGE_MAX_EXTENT 16384

/* Strides are a multiple of this many bytes, like those of amdgpu's linear surfaces. */
#define IMAGE_STRIDE_ALIGNMENT 256

/**
 * struct image_plane - one plane
 * @stride: bytes from one row to the next
 * @offset: bytes from the start of the buffer
 * @row: bytes of a row that hold pixels
 * @rows: rows
 * @cpp: bytes of a pixel
 * @hsub: pixels of the image to one of this plane, horizontally
 * @vsub: the same, vertically
 */
struct image_plane {
	uint32_t stride;
	uint32_t offset;
	uint32_t row;
	uint32_t rows;
	uint32_t cpp;
	uint32_t hsub;
	uint32_t vsub;
};

/**
 * struct image_layout - the layout of an image
 * @width: pixels
 * @height: pixels
 * @format: DRM fourcc code
 * @planes: how many, 1 to 3
 * @plane: the planes
 * @size: bytes of all planes
 */
struct image_layout {
	uint32_t width;
	uint32_t height;
	uint32_t format;
	unsigned int planes;
	struct image_plane plane[IMAGE_MAX_PLANES];
	uint64_t size;
};

/**
 * image_format_planes() - tell how many planes a format has
 * @format: DRM fourcc code
 *
 * Return: 1 to 3; 0 for an unknown format.
 */
unsigned int image_format_planes(uint32_t format);

/**
 * image_layout_init() - lay out a new image
 * @layout: out
 * @width: pixels, 1 to LAYOUT_MAX_EXTENT
 * @height: pixels, 1 to LAYOUT_MAX_EXTENT
 * @format: DRM fourcc code
 *
 * Return: 0; -EINVAL for a bad extent or an unknown format.
 */
int image_layout_init(struct image_layout *layout, uint32_t width, uint32_t height,
		      uint32_t format);

/**
 * image_layout_import() - use the strides and offsets of an imported image
 * @layout: from image_layout_init()
 * @strides: bytes, one for each plane
 * @offsets: bytes, one for each plane
 * @size: bytes of the buffer; every plane must lie in it
 *
 * Return: 0; -EINVAL for a stride shorter than a row, or a plane outside of the buffer.
 */
int image_layout_import(struct image_layout *layout, const int *strides, const int *offsets,
			uint64_t size);

/**
 * image_layout_pixel() - get the offset of a pixel
 * @layout: the image
 * @plane: the plane
 * @x: pixels of the image from its left edge
 * @y: pixels of the image from its top
 *
 * Return: bytes from the start of the buffer.
 */
uint64_t image_layout_pixel(const struct image_layout *layout, unsigned int plane, uint32_t x,
			    uint32_t y);

#endif /* MOCKGPU_IMAGE_LAYOUT_H */
