// SPDX-License-Identifier: MIT
/* Images that are no blobs, see image.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_gpu.h>

#include "image.h"

#define PIXEL 4
#define BYTES_MAX (64u << 20)
/* PIPE_TEXTURE_2D, which is what the VMM makes of RESOURCE_CREATE_2D. */
#define TARGET_2D 2

struct image {
	uint32_t format;
	uint32_t width;
	uint32_t height;
	uint32_t flags;
	char pixels[];
};

/* The formats of RESOURCE_CREATE_2D: all have four bytes. */
static bool format_is_known(uint32_t format)
{
	switch (format) {
	case VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM:
	case VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM:
	case VIRTIO_GPU_FORMAT_A8R8G8B8_UNORM:
	case VIRTIO_GPU_FORMAT_X8R8G8B8_UNORM:
	case VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM:
	case VIRTIO_GPU_FORMAT_X8B8G8R8_UNORM:
	case VIRTIO_GPU_FORMAT_A8B8G8R8_UNORM:
	case VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM:
		return true;
	default:
		return false;
	}
}

int image_create(struct image **image, const struct virgl_renderer_resource_create_args *args)
{
	uint64_t bytes;

	if (args->target != TARGET_2D || args->depth != 1 || args->array_size != 1 ||
	    args->last_level || args->nr_samples || !format_is_known(args->format) ||
	    !args->width || !args->height)
		return -EINVAL;
	if (args->width > BYTES_MAX / PIXEL / args->height)
		return -EINVAL;
	bytes = (uint64_t)args->width * args->height * PIXEL;
	*image = calloc(1, sizeof(**image) + bytes);
	if (!*image)
		return -ENOMEM;
	(*image)->format = args->format;
	(*image)->width = args->width;
	(*image)->height = args->height;
	(*image)->flags = args->flags;
	return 0;
}

void image_destroy(struct image *image)
{
	free(image);
}

void image_info(const struct image *image, struct virgl_renderer_resource_info *info)
{
	info->virgl_format = image->format;
	info->width = image->width;
	info->height = image->height;
	info->depth = 1;
	info->flags = image->flags;
	info->stride = image->width * PIXEL;
}

/* Copy between @row and the guest's pages from @offset on. Return: whether all of it is there. */
static bool copy_row(char *row, size_t size, uint64_t offset, const struct iovec *iov,
		     unsigned int iovs, bool write)
{
	unsigned int i;

	for (i = 0; size && i < iovs; i++) {
		size_t piece = iov[i].iov_len;
		char *at;

		if (offset >= piece) {
			offset -= piece;
			continue;
		}
		at = (char *)iov[i].iov_base + offset;
		piece -= offset;
		if (piece > size)
			piece = size;
		if (write)
			memcpy(row, at, piece);
		else
			memcpy(at, row, piece);
		row += piece;
		size -= piece;
		offset = 0;
	}
	return !size;
}

int image_transfer(struct image *image, const struct image_box *box, uint32_t stride,
		   uint64_t offset, const struct iovec *iov, unsigned int iovs, bool write)
{
	uint32_t y;

	if (box->z || box->d != 1 || box->x > image->width || box->w > image->width - box->x ||
	    box->y > image->height || box->h > image->height - box->y)
		return -EINVAL;
	if (!stride)
		stride = image->width * PIXEL;
	for (y = 0; y < box->h; y++) {
		char *row = image->pixels + ((size_t)(box->y + y) * image->width + box->x) * PIXEL;

		if (!copy_row(row, (size_t)box->w * PIXEL, offset + (uint64_t)y * stride, iov, iovs,
			      write))
			return -EINVAL;
	}
	return 0;
}

void *image_copy(const struct image *image, uint32_t *width, uint32_t *height)
{
	size_t bytes = (size_t)image->width * image->height * PIXEL;
	void *copy = malloc(bytes);

	if (!copy)
		return NULL;
	*width = image->width;
	*height = image->height;
	return memcpy(copy, image->pixels, bytes);
}
