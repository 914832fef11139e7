/* SPDX-License-Identifier: MIT */
/*
 * The part of minigbm, ChromeOS's libgbm, that Mesa's gbm.h does not have, as far as
 * crosvm's gralloc (rutabaga_gfx 0.1.80, feature "gbm") and similar programs use it.
 *
 * From GBM_BO_USE_TEXTURING on the bits of minigbm and Mesa have different meanings.
 */
#ifndef MOCKGPU_MINIGBM_H
#define MOCKGPU_MINIGBM_H

#include <gbm.h>

#define MINIGBM_USE_TEXTURING		(1u << 5)
#define MINIGBM_USE_CAMERA_WRITE	(1u << 6)
#define MINIGBM_USE_CAMERA_READ		(1u << 7)
#define MINIGBM_USE_PROTECTED		(1u << 8)
#define MINIGBM_USE_SW_READ_OFTEN	(1u << 9)
#define MINIGBM_USE_SW_READ_RARELY	(1u << 10)
#define MINIGBM_USE_SW_WRITE_OFTEN	(1u << 11)
#define MINIGBM_USE_SW_WRITE_RARELY	(1u << 12)
#define MINIGBM_USE_HW_VIDEO_DECODER	(1u << 13)
#define MINIGBM_USE_HW_VIDEO_ENCODER	(1u << 14)

/** MINIGBM_USAGE - the bits that minigbm's drivers accept, without protected memory */
#define MINIGBM_USAGE (GBM_BO_USE_SCANOUT | GBM_BO_USE_CURSOR | GBM_BO_USE_RENDERING |	\
		       GBM_BO_USE_WRITE | GBM_BO_USE_LINEAR | MINIGBM_USE_TEXTURING |	\
		       MINIGBM_USE_CAMERA_WRITE | MINIGBM_USE_CAMERA_READ |		\
		       MINIGBM_USE_SW_READ_OFTEN | MINIGBM_USE_SW_READ_RARELY |		\
		       MINIGBM_USE_SW_WRITE_OFTEN | MINIGBM_USE_SW_WRITE_RARELY |	\
		       MINIGBM_USE_HW_VIDEO_DECODER | MINIGBM_USE_HW_VIDEO_ENCODER)

/**
 * enum gbm_bo_map_cache_mode - memory type of a CPU mapping
 *
 * The numbers are those of VIRTIO_GPU_MAP_CACHE_*.
 *
 * @GBM_BO_MAP_CACHE_CACHED: write-back
 * @GBM_BO_MAP_CACHE_WC: write-combined; also used for uncached buffers, because there
 *	is no third value
 */
enum gbm_bo_map_cache_mode {
	GBM_BO_MAP_CACHE_CACHED = 1,
	GBM_BO_MAP_CACHE_WC = 3,
};

/**
 * minigbm_create_default_device() - open a render node and create a device
 * @out_fd: out: the render node, which the caller must close after the device
 *
 * Uses the first node of mockgpu, whatever other GPUs there are.
 *
 * Return: the device; NULL with errno, ENODEV without mockgpu.
 */
struct gbm_device *minigbm_create_default_device(int *out_fd);

/**
 * gbm_bo_get_map_info() - get the memory type of a buffer
 * @bo: the buffer object
 *
 * Return: the memory type.
 */
enum gbm_bo_map_cache_mode gbm_bo_get_map_info(struct gbm_bo *bo);

/**
 * gbm_bo_get_plane_size() - get the size of a plane
 * @bo: the buffer object
 * @plane: the plane
 *
 * Return: bytes from its first row to the end of its last row; 0 without such a plane.
 */
uint32_t gbm_bo_get_plane_size(struct gbm_bo *bo, size_t plane);

/**
 * gbm_bo_get_plane_fd() - minigbm's name of gbm_bo_get_fd_for_plane()
 * @bo: the buffer object
 * @plane: the plane
 *
 * Return: as gbm_bo_get_fd_for_plane().
 */
int gbm_bo_get_plane_fd(struct gbm_bo *bo, size_t plane);

/**
 * gbm_bo_map2() - gbm_bo_map() of any plane
 * @bo: the buffer object
 * @x: pixels of the image, even if the plane is subsampled
 * @y: the same
 * @width: the same
 * @height: the same
 * @flags: GBM_BO_TRANSFER_*
 * @stride: out: bytes from row to row
 * @map_data: out: for gbm_bo_unmap()
 * @plane: the plane
 *
 * Return: the first pixel; NULL with errno on any error, whereas minigbm returns
 * MAP_FAILED for some.
 */
void *gbm_bo_map2(struct gbm_bo *bo, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
		  uint32_t flags, uint32_t *stride, void **map_data, int plane);

#endif /* MOCKGPU_MINIGBM_H */
