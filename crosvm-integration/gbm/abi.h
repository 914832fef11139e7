/* SPDX-License-Identifier: MIT */
/*
 * What a libgbm keeps of its objects. Mesa's says so in gbm_backend_abi.h, which
 * comes with libgbm-dev from 26 on. Our own libgbm.so.1 must not need it, has
 * fewer members, and the same names for them, so that object.c serves both.
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
