/* SPDX-License-Identifier: MIT */
/*
 * Images that are no blobs: pixels in this process's memory, which a guest writes and reads by
 * transfers. A guest's console and its cursor are such images. Two-dimensional, with four bytes a
 * pixel and one level.
 *
 * Functions that return int return 0 or a negative errno.
 */
#ifndef MOCKGPU_VIRGL_IMAGE_H
#define MOCKGPU_VIRGL_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include <virglrenderer.h>

struct image;

/**
 * struct image_box - a part of an image, as struct virgl_box, which no header has
 * @x: pixels from the left edge
 * @y: pixels from the top
 * @z: 0
 * @w: pixels
 * @h: pixels
 * @d: 1
 */
struct image_box {
	uint32_t x;
	uint32_t y;
	uint32_t z;
	uint32_t w;
	uint32_t h;
	uint32_t d;
};

/**
 * image_create() - create a zeroed image
 * @image: out
 * @args: what the VMM asks for
 *
 * Return: 0; -EINVAL for an image that is not as the top of this file says, or larger than
 * 64 MiB; -ENOMEM.
 */
int image_create(struct image **image, const struct virgl_renderer_resource_create_args *args);

/**
 * image_destroy() - destroy it
 * @image: the image, or NULL
 */
void image_destroy(struct image *image);

/**
 * image_info() - describe an image
 * @image: the image
 * @info: out: its format, size, flags and stride
 */
void image_info(const struct image *image, struct virgl_renderer_resource_info *info);

/**
 * image_transfer() - copy a part between an image and the guest's pages
 * @image: the image
 * @box: the part
 * @stride: bytes from row to row in the guest's pages; 0: those of the image
 * @offset: of the part's first pixel in the guest's pages, in bytes
 * @iov: the guest's pages
 * @iovs: their number
 * @write: to the image
 *
 * Return: 0; -EINVAL for a part that is not in the image or not in the guest's pages.
 */
int image_transfer(struct image *image, const struct image_box *box, uint32_t stride,
		   uint64_t offset, const struct iovec *iov, unsigned int iovs, bool write);

/**
 * image_copy() - copy all pixels
 * @image: the image
 * @width: out: pixels
 * @height: out: pixels
 *
 * Return: the copy, which the caller frees, or NULL.
 */
void *image_copy(const struct image *image, uint32_t *width, uint32_t *height);

#endif /* MOCKGPU_VIRGL_IMAGE_H */
