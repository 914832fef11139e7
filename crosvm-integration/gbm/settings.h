/* SPDX-License-Identifier: MIT */
/*
 * The kind of new buffers, which is set by environment variables because GBM has no
 * parameter for it:
 *
 *   MOCKGPU_GBM_KIND       ttm (default), noncompound, compound, split, reserved
 *   MOCKGPU_GBM_ORDER      block order, 0 to MOCKGPU_MAX_ORDER, of a kind other
 *                          than ttm (default: SETTINGS_ORDER)
 *   MOCKGPU_GBM_CACHING    cached (default), wc, uc
 *   MOCKGPU_GBM_PLACEMENT  gtt (default), vram
 *
 * They are read when a device is created, and ignored in a program that runs with more
 * privileges than its user.
 */
#ifndef MOCKGPU_GBM_SETTINGS_H
#define MOCKGPU_GBM_SETTINGS_H

#include "mockgpu_drm.h"

/* 2 MiB, the block size that amdgpu uses when memory allows it. */
#define SETTINGS_ORDER 9

/**
 * settings_read() - read the environment
 * @create: kind, order, caching and placement are set, all else is 0
 *
 * Return: 0; -EINVAL for an invalid value, after one line on standard error.
 */
int settings_read(struct drm_mockgpu_bo_create *create);

#endif /* MOCKGPU_GBM_SETTINGS_H */
