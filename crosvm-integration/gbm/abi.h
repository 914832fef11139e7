/* SPDX-License-Identifier: MIT */
/*
 * The objects of a libgbm. Mesa's are in gbm_backend_abi.h, which is part of libgbm-dev from 26
 * on. Our own libgbm.so.1 must not need that header: its objects have fewer members, with the
 * same names, so that object.c works with both.
 */
#ifndef MOCKGPU_GBM_ABI_H
#define MOCKGPU_GBM_ABI_H

#ifdef MOCKGPU_GBM_BACKEND
#include <gbm_backend_abi.h>
#else
#include <gbm.h>

struct gbm_device {
	struct {
		int fd;
	} v0;
};

struct gbm_bo {
	struct gbm_device *gbm;
	struct {
		uint32_t width;
		uint32_t height;
		uint32_t stride;
		uint32_t format;
		union gbm_bo_handle handle;
		void *user_data;
		void (*destroy_user_data)(struct gbm_bo *bo, void *data);
	} v0;
};

struct gbm_surface {
	struct gbm_device *gbm;
	struct {
		uint32_t width;
		uint32_t height;
		uint32_t format;
		uint32_t flags;
	} v0;
};
#endif

#endif /* MOCKGPU_GBM_ABI_H */
