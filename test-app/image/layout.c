// SPDX-License-Identifier: MIT
/* Layouts of images, see layout.h. */

#include <errno.h>
#include <stddef.h>

#include <drm_fourcc.h>

#include "layout.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes per pixel in each plane, and the subsampling of the planes after the first. */
struct format {
	uint32_t code;
	uint8_t planes;
	uint8_t cpp[3];
	uint8_t hsub;
	uint8_t vsub;
};

#define PACKED(name, bytes) { DRM_FORMAT_##name, 1, { bytes }, 1, 1 }
#define TWO_PLANES(name, horizontal, vertical) \
	{ DRM_FORMAT_##name, 2, { 1, 2 }, horizontal, vertical }
#define THREE_PLANES(name, horizontal, vertical) \
	{ DRM_FORMAT_##name, 3, { 1, 1, 1 }, horizontal, vertical }

/* The formats that rutabaga's gralloc and Wayland compositors use. */
static const struct format formats[] = {
	PACKED(R8, 1), PACKED(R16, 2), PACKED(GR88, 2), PACKED(GR1616, 4),
	PACKED(RGB565, 2), PACKED(BGR565, 2), PACKED(RGB888, 3), PACKED(BGR888, 3),
	PACKED(XRGB8888, 4), PACKED(XBGR8888, 4), PACKED(RGBX8888, 4), PACKED(BGRX8888, 4),
	PACKED(ARGB8888, 4), PACKED(ABGR8888, 4), PACKED(RGBA8888, 4), PACKED(BGRA8888, 4),
	PACKED(XRGB2101010, 4), PACKED(XBGR2101010, 4),
	PACKED(ARGB2101010, 4), PACKED(ABGR2101010, 4),
	PACKED(XBGR16161616, 8), PACKED(ABGR16161616, 8),
	PACKED(XBGR16161616F, 8), PACKED(ABGR16161616F, 8),
	TWO_PLANES(NV12, 2, 2), TWO_PLANES(NV21, 2, 2),
	TWO_PLANES(NV16, 2, 1), TWO_PLANES(NV61, 2, 1),
	THREE_PLANES(YUV420, 2, 2), THREE_PLANES(YVU420, 2, 2),
	THREE_PLANES(YUV422, 2, 1), THREE_PLANES(YVU422, 2, 1),
	THREE_PLANES(YUV444, 1, 1), THREE_PLANES(YVU444, 1, 1),
};

static const struct format *find_format(uint32_t code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (formats[i].code == code)
			return &formats[i];
	return NULL;
}

unsigned int image_format_planes(uint32_t format)
{
	const struct format *found = find_format(format);

	return found ? found->planes : 0;
}

static uint32_t divide_up(uint32_t value, uint32_t by)
{
	return (value + by - 1) / by;
}

int image_layout_init(struct image_layout *layout, uint32_t width, uint32_t height,
		      uint32_t format)
{
	const struct format *found = find_format(format);
	unsigned int i;

	if (!found || !width || !height ||
	    width > IMAGE_MAX_EXTENT || height > IMAGE_MAX_EXTENT)
		return -EINVAL;
	*layout = (struct image_layout){
		.width = width,
		.height = height,
		.format = found->code,
		.planes = found->planes,
	};
	for (i = 0; i < layout->planes; i++) {
		struct image_plane *plane = &layout->plane[i];

		plane->cpp = found->cpp[i];
		plane->hsub = i ? found->hsub : 1;
		plane->vsub = i ? found->vsub : 1;
		plane->row = divide_up(width, plane->hsub) * plane->cpp;
		plane->rows = divide_up(height, plane->vsub);
		plane->stride = divide_up(plane->row, IMAGE_STRIDE_ALIGNMENT) *
				IMAGE_STRIDE_ALIGNMENT;
		plane->offset = layout->size;
		layout->size += (uint64_t)plane->stride * plane->rows;
	}
	return 0;
}

int image_layout_import(struct image_layout *layout, const int *strides, const int *offsets,
			uint64_t size)
{
	unsigned int i;

	for (i = 0; i < layout->planes; i++) {
		struct image_plane *plane = &layout->plane[i];

		if (strides[i] < 0 || offsets[i] < 0 || (uint32_t)strides[i] < plane->row)
			return -EINVAL;
		plane->stride = strides[i];
		plane->offset = offsets[i];
		/* The last row need not be padded. */
		if (plane->offset + (uint64_t)plane->stride * (plane->rows - 1) + plane->row > size)
			return -EINVAL;
	}
	layout->size = size;
	return 0;
}

uint64_t image_layout_pixel(const struct image_layout *layout, unsigned int plane, uint32_t x,
			    uint32_t y)
{
	const struct image_plane *of = &layout->plane[plane];

	return of->offset + (uint64_t)(y / of->vsub) * of->stride + x / of->hsub * of->cpp;
}
